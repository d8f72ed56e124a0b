# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The citizen’s pages: the list of guides, a guide to watch, its text and audio, and the forms they send.

Pages are sent uncompressed: they hold the session’s token, and the length of a compressed page reveals what is in it.
"""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple, TypeVar

from fastapi import APIRouter, Depends, Form
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from videoguide.errors import InputError, PackError, StoreError
from videoguide.packs import campaigns
from videoguide.packs.campaigns import SOLVED
from videoguide.portal import views
from videoguide.portal.answers import RETRY_SOON, Refusal, show, wants_json
from videoguide.portal.login import AFTER_LOGIN, require_citizen
from videoguide.portal.logs import route_of
from videoguide.portal.media import CurrentVisit, Visit
from videoguide.portal.sessions import Visitor
from videoguide.portal.state import Portal, portal_of
from videoguide.records import monitoring
from videoguide.records.database import COMMENT_CHARACTERS
from videoguide.records.delivery import Delivered, guide_of, guides_of

NOT_SAVED = (
    f"Non è stato possibile salvare: scegli una risposta da {monitoring.RATINGS[0]} a {monitoring.RATINGS[-1]}, "
    f"e scrivi al massimo {COMMENT_CHARACTERS} caratteri."
)

EXACTLY = ConfigDict(extra="forbid", strict=True)
"""For what programs send: these fields and no others, and each of the type that is declared."""

Citizen = Annotated[Visitor, Depends(require_citizen)]

T = TypeVar("T")

router = APIRouter(include_in_schema=False)


@router.get("/")
def home() -> Response:
    """The way to the list of guides."""
    return RedirectResponse(AFTER_LOGIN, 303)


@router.get("/guide")
def my_guides(request: Request, visitor: Citizen) -> Response:
    """The visitor's guides, newest first. Raises StoreError."""
    portal = portal_of(request)
    cards = readable(request, guides_of(portal.database, visitor.fiscal_code), card)
    return show(views.GuidesPage(cards=tuple(cards), csrf=visitor.csrf))


@router.get("/guide/{guide}")
def watch(request: Request, guide: str, visitor: Citizen) -> Response:
    """A guide of the visitor's, or the page that says that it is not needed any more.

    Raises Refusal for every other guide, StoreError when a piece of it is missing.
    """
    portal = portal_of(request)
    delivered = guide_of(portal.database, visitor.fiscal_code, guide)
    if delivered is None:
        raise Refusal("not_found")
    if delivered.ended:
        return show(gone(portal, delivered, visitor), status=410)
    page = guide_page(Visit(portal, visitor, delivered))
    return show(replace(page, is_saved=delivered.rating is not None and "saved" in request.query_params))


@router.get("/guide/{guide}/text")
def text(visit: CurrentVisit) -> Response:
    """The guide as text and audio. Raises StoreError when a piece of it is missing."""
    root = address(visit.delivered.id)
    return show(
        views.TextPage(
            title=visit.guide.outline.title,
            csrf=visit.visitor.csrf,
            manifest=visit.guide.manifest(),
            guides_url=AFTER_LOGIN,
            poster_url=f"{root}/poster.jpg",
            audio_url=f"{root}/sound.m4a",
            guide_url=root,
        )
    )


class RatingRoute(APIRoute):
    """A route of the rating's form: where nothing can be saved, what was typed comes back, to be sent again later.

    It takes nothing from the database, which may be what is away.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler, and what happens where it fails."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except StoreError as error:
                if wants_json(request):
                    raise
                log = portal_of(request).log
                log.unexpected(error, seldom=True, route=route_of(request.scope), request=request.state.request_id)
                fields = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
                return show(unsaved(request.url.path, fields), status=503, headers=RETRY_SOON)

        return handled


def unsaved(path: str, fields: Mapping[str, str]) -> views.UnsavedPage:
    """The page of a rating that was not saved, from where it was sent to and what was sent."""
    return views.UnsavedPage(
        csrf=fields.get("csrf", ""),
        rating=number_of(fields.get("rating", "")),
        comment=fields.get("comment", "")[:COMMENT_CHARACTERS],
        comment_characters=COMMENT_CHARACTERS,
        rating_url=path,
        guide_url=path.removesuffix("/rating"),
    )


def number_of(rating: str) -> int:
    """The number that a form's rating is; 0 for any other text."""
    return int(rating) if rating.isascii() and rating.isdecimal() and len(rating) < 3 else 0


def rate(
    request: Request, visit: CurrentVisit, rating: Annotated[str, Form()] = "", comment: Annotated[str, Form()] = ""
) -> Response:
    """Keep the visitor's rating. A program gets JSON; a plain form leads back to the page.

    Raises Refusal for a rating that a program sends and that cannot be kept, StoreError.
    """
    number = number_of(rating)
    try:
        monitoring.rate(visit.portal.database, visit.delivered.id, number, comment)
    except InputError as error:
        if wants_json(request):
            raise Refusal("invalid") from error
        # what was written stays in the form: nobody writes it twice
        page = replace(guide_page(visit), rating=number, comment=comment[:COMMENT_CHARACTERS], problem=NOT_SAVED)
        return show(page, status=422)
    if wants_json(request):
        return JSONResponse({"saved": True})
    return RedirectResponse(f"{address(visit.delivered.id)}?saved=1#valuta", 303)


router.add_api_route("/guide/{guide}/rating", rate, methods=["POST"], route_class_override=RatingRoute)


class Event(BaseModel):
    """What a page reports of a guide while it is watched."""

    model_config = EXACTLY

    view: str = Field(max_length=32)
    kind: str = Field(max_length=16)
    value: str = Field(default="", max_length=64)
    csrf: str = Field(default="", max_length=64)


@router.post("/guide/{guide}/events", status_code=204)
def event(visit: CurrentVisit, event: Event) -> Response:
    """Note an event of a guide. Raises as ``note``."""
    note(visit, event)
    return Response(status_code=204)


def note(visit: Visit, event: Event) -> None:
    """Note an event of a guide.

    Raises Refusal for an event that no page of ours reports and where nothing can be saved, StoreError.
    """
    reported, guide = monitoring.ViewEvent(event.view, event.kind, event.value), visit.prepared.guide

    def noted() -> bool:
        monitoring.note(visit.portal.database, visit.delivered.id, guide, reported)
        return True

    try:
        is_saved = visit.portal.losses.attempt("event", noted, otherwise=False)
    except InputError as error:
        raise Refusal("invalid") from error
    if not is_saved:
        raise Refusal("unavailable", RETRY_SOON)


def address(guide_id: str) -> str:
    """The path of a guide's page; its files are below."""
    return f"{AFTER_LOGIN}/{guide_id}"


def readable(request: Request, guides: Iterable[Delivered], summary: Callable[[Portal, Delivered], T]) -> list[T]:
    """The summary of each guide that can be read. A guide with a piece missing is left out, and logged.

    Raises StoreError when there are guides, but none of them can be read.
    """
    portal = portal_of(request)
    summaries, failure = [], None
    for guide in guides:
        try:
            summaries.append(summary(portal, guide))
        except StoreError as error:
            failure = error
            portal.log.unexpected(error, route=route_of(request.scope), request=request.state.request_id)
    if failure and not summaries:
        raise failure
    return summaries


def card(portal: Portal, delivered: Delivered) -> views.GuideCard:
    """A guide as the list shows it. Raises StoreError when a piece of it is missing."""
    guide = delivered.guide(portal.store)
    return views.GuideCard(
        url=address(delivered.id),
        title=guide.outline.title,
        cases=case_titles(portal, delivered),
        made_on=delivered.made_at.date(),
        state="rated" if delivered.rating else "seen" if delivered.is_seen else "new",
        poster_url=f"{address(delivered.id)}/poster.jpg",
        duration_ms=guide.duration_ms,
    )


def open_view(visit: Visit) -> str:
    """Record that a guide is opened; returns the view's id, or nothing where that cannot be saved."""
    write = partial(monitoring.open_view, visit.portal.database, visit.delivered.id)
    return visit.portal.losses.attempt("view", write, otherwise="")


def guide_page(visit: Visit) -> views.GuidePage:
    """The page of a guide, which is opened now. Raises StoreError when a piece of it is missing."""
    delivered, guide, root = visit.delivered, visit.prepared.guide, address(visit.delivered.id)
    view_id = open_view(visit)
    return views.GuidePage(
        title=guide.outline.title,
        csrf=visit.visitor.csrf,
        manifest=guide.manifest(),
        guides_url=AFTER_LOGIN,
        poster_url=f"{root}/poster.jpg",
        cases=case_titles(visit.portal, delivered),
        video_url=f"{root}/video.mp4",
        captions_url=f"{root}/captions.vtt",
        chapters_url=f"{root}/chapters.vtt",
        buttons_url=f"{root}/buttons.vtt",
        download_url=f"{root}/download.mp4",
        text_url=f"{root}/text",
        rating_url=f"{root}/rating",
        events_url=f"{root}/events" if view_id else "",
        view_id=view_id,
        rating=delivered.rating.rating if delivered.rating else None,
        comment=delivered.rating.comment if delivered.rating else "",
        comment_characters=COMMENT_CHARACTERS,
    )


def gone(portal: Portal, delivered: Delivered, visitor: Visitor) -> views.GonePage:
    """The page of a guide that is not needed any more, also where a piece of the guide is missing."""
    try:
        service = next(iter(delivered.guide(portal.store).outline.links.values()), None)
    except StoreError:
        service = None
    words = (
        () if delivered.ended == SOLVED else _of_pack(portal, delivered.campaign).endings.get(delivered.ended, ENDED)
    )
    return views.GonePage(csrf=visitor.csrf, guides_url=AFTER_LOGIN, service=service, words=words)


def case_titles(portal: Portal, delivered: Delivered) -> tuple[str, ...]:
    """The guide's cases in plain words; none where the pack of its campaign is not there any more."""
    titles = _of_pack(portal, delivered.campaign).titles
    return tuple(titles[case] for case in delivered.cases if case in titles)


ENDED = ("La tua domanda è cambiata dopo che abbiamo preparato la guida.", "Nel servizio trovi a che punto è.")
"""What a person reads where the pack that says why the guide was withdrawn is not there any more."""


class _PackWords(NamedTuple):
    """A pack's titles of cases, and what it says where a guide is withdrawn, by reason."""

    titles: Mapping[str, str] = MappingProxyType({})
    endings: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def _of_pack(portal: Portal, campaign: str) -> _PackWords:
    """The words of a campaign's pack; none where it is not there any more."""
    try:
        return _pack_words(portal.settings.scenes, campaign)
    except (InputError, PackError):
        return _PackWords()


@lru_cache(maxsize=64)
def _pack_words(folder: Path, campaign: str) -> _PackWords:
    pack = campaigns.load(folder, campaign)
    return _PackWords(pack.titles, {ending.reason: ending.text for ending in pack.description.rules.endings})
