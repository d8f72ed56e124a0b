"""The citizen’s pages: the list of guides, a guide to watch, its text and audio, and what becomes of its forms.

Pages are sent uncompressed: they hold the session’s token, and the length of a compressed page tells of what is in it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Form
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from videoguide import campaigns, monitoring
from videoguide.delivery import Delivered, guide_of, guides_of
from videoguide.errors import InputError, PackError, StoreError, UnknownChoice
from videoguide.portal import views
from videoguide.portal.answers import Refusal, show, wants_json
from videoguide.portal.login import AFTER_LOGIN, require_citizen
from videoguide.portal.logs import route_of
from videoguide.portal.media import Here, Visit
from videoguide.portal.sessions import Visitor
from videoguide.portal.state import Portal, portal_of

SAVED = "Grazie! La tua valutazione è salvata. Puoi cambiarla quando vuoi."
NOT_SAVED = "Non è stato possibile salvare: scegli una risposta da 1 a 5, e scrivi al massimo 500 caratteri."

EXACTLY = ConfigDict(extra="forbid", strict=True)
"""For what programs send: these fields and no others, nothing taken for what it is not."""

Citizen = Annotated[Visitor, Depends(require_citizen)]

T = TypeVar("T")

router = APIRouter(include_in_schema=False)


@router.get("/")
def home() -> Response:
    return RedirectResponse(AFTER_LOGIN, 303)


@router.get("/guide")
def my_guides(request: Request, visitor: Citizen) -> Response:
    """The visitor's guides, newest first."""
    portal = portal_of(request)
    cards = whole(request, guides_of(portal.database, visitor.fiscal_code), card)
    return show(views.GuidesPage(cards=tuple(cards), csrf=visitor.csrf))


@router.get("/guide/{guide}")
def watch(request: Request, guide: str, visitor: Citizen) -> Response:
    """A guide of the visitor's; of one whose reason has vanished, that it has."""
    portal = portal_of(request)
    found = guide_of(portal.database, visitor.fiscal_code, guide)
    if found is None:
        raise Refusal("not_found")
    if found.is_solved:
        return show(gone(portal, found, visitor), status=410)
    message = SAVED if found.rating and "saved" in request.query_params else ""
    return show(guide_page(Visit(portal, visitor, found), message=message))


@router.get("/guide/{guide}/text")
def text(here: Here) -> Response:
    """The guide as text and audio."""
    root = address(here.found.id)
    return show(
        views.TextPage(
            title=here.guide.outline.title,
            csrf=here.visitor.csrf,
            manifest=here.guide.manifest(),
            guides_url=AFTER_LOGIN,
            poster_url=f"{root}/poster.jpg",
            audio_url=f"{root}/sound.m4a",
            guide_url=root,
        )
    )


@router.post("/guide/{guide}/rating")
def rate(
    request: Request, here: Here, rating: Annotated[str, Form()] = "", comment: Annotated[str, Form()] = ""
) -> Response:
    """Keep the visitor's rating; programs get JSON, a plain form goes back to the page."""
    stars = int(rating) if rating.isascii() and rating.isdecimal() and len(rating) < 3 else 0
    try:
        monitoring.rate(here.portal.database, here.found.id, stars, comment)
    except InputError as error:
        if wants_json(request):
            raise Refusal("invalid") from error
        draft = views.Rating(stars, comment[: views.COMMENT_CHARACTERS])  # nobody writes it twice
        return show(replace(guide_page(here, problem=NOT_SAVED), rating=draft), status=422)
    if wants_json(request):
        return JSONResponse({"saved": True})
    return RedirectResponse(f"{address(here.found.id)}?saved=1#valuta", 303)


class Event(BaseModel):
    """What a page tells of a guide while it is watched."""

    model_config = EXACTLY

    view: str = Field(max_length=32)
    kind: str = Field(max_length=16)
    value: str = Field(default="", max_length=64)
    csrf: str = Field(default="", max_length=64)


@router.post("/guide/{guide}/events", status_code=204)
def event(here: Here, event: Event) -> Response:
    """Note an event; what is known already changes nothing."""
    note(here, event)
    return Response(status_code=204)


def note(here: Visit, event: Event) -> None:
    """Note an event of a guide. Raises Refusal for one that no page of ours tells."""
    try:
        monitoring.note(here.portal.database, here.found.id, here.opened.guide, event.view, event.kind, event.value)
    except (InputError, UnknownChoice) as error:
        raise Refusal("invalid") from error


def address(guide: str) -> str:
    """The path of a guide's page; its files are below."""
    return f"{AFTER_LOGIN}/{guide}"


def whole(request: Request, guides: Iterable[Delivered], told: Callable[[Portal, Delivered], T]) -> list[T]:
    """Each guide as ``told`` tells it. One with a piece missing is left out, and logged: the others can be watched.

    Raises StoreError when no other is left.
    """
    portal = portal_of(request)
    found, broken = [], None
    for guide in guides:
        try:
            found.append(told(portal, guide))
        except StoreError as error:
            broken = error
            portal.log.unexpected(error, route=route_of(request.scope), request=request.state.request_id)
    if broken and not found:
        raise broken
    return found


def card(portal: Portal, found: Delivered) -> views.GuideCard:
    """A guide as the list shows it."""
    guide = found.guide(portal.store)
    return views.GuideCard(
        url=address(found.id),
        title=guide.outline.title,
        cases=case_titles(portal, found),
        made_on=found.made_at.date(),
        state="rated" if found.rating else "seen" if found.is_seen else "new",
        poster_url=f"{address(found.id)}/poster.jpg",
        duration_ms=guide.duration_ms,
    )


def guide_page(here: Visit, *, message: str = "", problem: str = "") -> views.GuidePage:
    """The page of a guide that is opened now."""
    found, guide, root = here.found, here.opened.guide, address(here.found.id)
    return views.GuidePage(
        title=guide.outline.title,
        csrf=here.visitor.csrf,
        manifest=guide.manifest(),
        guides_url=AFTER_LOGIN,
        poster_url=f"{root}/poster.jpg",
        cases=case_titles(here.portal, found),
        video_url=f"{root}/video.mp4",
        captions_url=f"{root}/captions.vtt",
        chapters_url=f"{root}/chapters.vtt",
        buttons_url=f"{root}/buttons.vtt",
        download_url=f"{root}/download.mp4",
        text_url=f"{root}/text",
        rating_url=f"{root}/rating",
        events_url=f"{root}/events",
        view_id=monitoring.open_view(here.portal.database, found.id),
        rating=views.Rating(found.rating.stars, found.rating.comment) if found.rating else None,
        message=message,
        problem=problem,
    )


def gone(portal: Portal, found: Delivered, visitor: Visitor) -> views.GonePage:
    """The page of a guide whose reason has vanished; also where the guide itself is not whole any more."""
    try:
        service = next(iter(found.guide(portal.store).outline.links.values()), None)
    except StoreError:
        service = None
    return views.GonePage(csrf=visitor.csrf, guides_url=AFTER_LOGIN, service=service)


def case_titles(portal: Portal, found: Delivered) -> tuple[str, ...]:
    """The guide's cases in plain words; none where its campaign's pack is not there any more."""
    try:
        titles = _case_titles(portal.settings.scenes, found.campaign)
    except (InputError, PackError):
        return ()
    return tuple(titles[case] for case in found.cases if case in titles)


@lru_cache(maxsize=64)
def _case_titles(folder: Path, campaign: str) -> Mapping[str, str]:
    return campaigns.load(folder, campaign).titles
