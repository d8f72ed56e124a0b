# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Previews: any guide of a campaign, made for staff while they wait, then shown in the citizens' own player.

The script is written here, which takes no time. Segments are made by the desk's processes, and only while somebody
has the preview's page open: the page listens to ``/progress``, and closing the last tab gives up what is not begun.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from videoguide.errors import Busy, InputError, PackError, StoreError, VideoGuideError, VoiceError
from videoguide.guide.guides import Guide
from videoguide.media.payload import SEGMENTS
from videoguide.packs.campaigns import Campaign
from videoguide.portal.answers import Refusal, show
from videoguide.portal.media import FILES, prepared
from videoguide.portal.sessions import Visitor
from videoguide.portal.staff import kept_previews, preview_form
from videoguide.portal.staff.home import Editor, Pack, Viewer, moment, note, pack, page_links
from videoguide.portal.staff.preview_views import FormPart, MakingPage, ReadyPage, SceneLine, SceneState
from videoguide.portal.state import Portal, portal_of
from videoguide.portal.streams import Events, safe_words_of, stream, words_of
from videoguide.proof import previews
from videoguide.proof.previews import Planned, PreviewRequest
from videoguide.records import versions
from videoguide.records.database import Preview
from videoguide.runs.desk import Desk, Piece
from videoguide.runs.workers import Workshop, ensure_segments

UNUSABLE = (InputError, PackError, VoiceError, Busy)
"""Why there is no preview of what a form asks for."""

router = APIRouter(include_in_schema=False)


async def fields(request: Request) -> FormData:
    """The fields of a form."""
    return await request.form()


Fields = Annotated[FormData, Depends(fields)]


@router.get("/staff/{campaign}/preview")
async def form(request: Request, campaign: str, visitor: Viewer) -> Response:
    """The form; ``?from=`` fills it in as for that preview.

    Somebody who may send the form will probably do so, and the desk gets ready. Raises Refusal where there is no such
    campaign or preview, PackError, StoreError.
    """
    portal = portal_of(request)
    loaded = await run_in_threadpool(pack, request, campaign)
    if visitor.may("editor"):
        portal.desk.warm_up(partial(previews.warm_up, loaded.folder, portal.settings))
    return await run_in_threadpool(_form, portal, loaded, visitor, request.query_params.get("from", ""))


def _form(portal: Portal, campaign: Campaign, visitor: Visitor, before: str) -> Response:
    asked = previews.example(campaign, portal.settings)
    if before:
        preview = _kept(portal, before)
        if preview.campaign_id != campaign.id or preview.asked is None:
            raise Refusal("not_found")
        asked = PreviewRequest.from_plain(preview.asked)
    return _show_form(portal, campaign, visitor, asked)


@router.post("/staff/{campaign}/preview")
def ask(request: Request, campaign: Pack, visitor: Editor, fields: Fields) -> Response:
    """A preview of what the form asks for. Raises StoreError."""
    portal = portal_of(request)
    asked = preview_form.read(fields, campaign)
    try:
        preview_form.prove(asked, campaign, previews.voices_here(campaign, portal.settings))
        return _keep_asked(portal, campaign, visitor, asked)
    except UNUSABLE as error:
        return _show_form(portal, campaign, visitor, asked, error, "form")


@router.post("/staff/{campaign}/preview/sample")
def ask_for_profile(request: Request, campaign: Pack, visitor: Editor, fields: Fields) -> Response:
    """A preview for a person of the campaign's sample. Raises StoreError."""
    portal = portal_of(request)
    number = preview_form.text(fields, "profile")
    try:
        profiles = {str(at): profile for at, profile in enumerate(previews.sample_profiles(campaign))}
        if number not in profiles:
            raise InputError("scegli un profilo dall’elenco")
        return _keep_asked(portal, campaign, visitor, profiles[number])
    except UNUSABLE as error:
        example = previews.example(campaign, portal.settings)
        return _show_form(portal, campaign, visitor, example, error, "sample")


@router.post("/staff/{campaign}/preview/application")
def ask_for_application(request: Request, campaign: Pack, visitor: Editor, fields: Fields) -> Response:
    """A preview of the guide for a real application, whose number is in the form and never in an address.

    Raises StoreError.
    """
    portal = portal_of(request)
    number = preview_form.text(fields, "number")
    try:
        record, application = kept_previews.find_application(portal.database, campaign, number)
        planned = previews.plan_as_delivered(application, campaign, portal.settings)
        return _keep(portal, campaign, visitor, planned, "preview-application", application_id=record)
    except UNUSABLE as error:
        if number:
            # of a number that nobody here has, nothing is kept: it may be anybody's
            record_id = kept_previews.find_record(portal.database, campaign.id, number)
            note(portal, visitor, "lookup-failed", campaign=campaign.id, application=record_id)
        example = previews.example(campaign, portal.settings)
        return _show_form(portal, campaign, visitor, example, error, "application")


def _keep_asked(portal: Portal, campaign: Campaign, visitor: Visitor, asked: PreviewRequest) -> Response:
    planned = asked.plan(campaign, portal.settings)
    return _keep(portal, campaign, visitor, planned, "preview", asked=asked)


def _keep(portal: Portal, campaign: Campaign, visitor: Visitor, planned: Planned, action: str, **what: Any) -> Response:
    version = versions.keep(portal.database, portal.store, campaign).version
    id = kept_previews.keep(portal.database, portal.store, planned, version=version, who=visitor.subject, **what)
    note(portal, visitor, action, campaign=campaign.id, about=id, application=what.get("application_id"))
    return RedirectResponse(address(id), 303)


@router.get("/staff/previews/{preview}")
def look(request: Request, preview: str, visitor: Viewer) -> Response:
    """A preview: to watch once all of it is there, before that its script and how far it is.

    Raises Refusal where there is no such preview, StoreError.
    """
    portal = portal_of(request)
    kept = _kept(portal, preview)
    if kept.asked is None:
        _note(portal, visitor, "preview-open", kept)
    try:
        guide = kept_previews.guide_of(kept, portal.store)
    except StoreError:  # a piece is missing: not made yet, or pruned since
        return show(_making_page(portal, kept, visitor))
    return show(_ready_page(portal, kept, visitor, guide))


@router.get("/staff/previews/{preview}/progress")
async def progress(request: Request, preview: str, visitor: Viewer) -> Response:
    """Make what is missing of a preview; a stream of events says how far it is.

    Raises Refusal where there is no such preview, StoreError.
    """
    portal = portal_of(request)
    making = await run_in_threadpool(lambda: Making.of(portal, _kept(portal, preview)))
    return stream(request, making.events(portal.desk))


@router.post("/staff/previews/{preview}/make")
async def make(request: Request, preview: str, visitor: Viewer) -> Response:
    """Make what is missing of a preview for a page without scripts: the answer comes when all is there.

    Raises Refusal where there is no such preview, StoreError.
    """
    portal = portal_of(request)
    kept = await run_in_threadpool(_kept, portal, preview)
    making = await run_in_threadpool(Making.of, portal, kept)
    try:
        async with aclosing(making.events(portal.desk)) as events:
            async for _ in events:
                if await request.is_disconnected():
                    break
    except Exception as error:
        page = await run_in_threadpool(_making_page, portal, kept, visitor)
        return show(replace(page, problem=safe_words_of(request, error)), status=422)
    return RedirectResponse(address(preview), 303)


@router.api_route("/staff/previews/{preview}/{file}", methods=["GET", "HEAD"])
def give(request: Request, preview: str, file: str, visitor: Viewer) -> Response:
    """A file of a preview's guide. Raises Refusal where there is no such preview or file, StoreError."""
    portal = portal_of(request)
    kept = _kept(portal, preview)
    if file not in FILES:
        raise Refusal("not_found")
    guide = kept_previews.guide_of(kept, portal.store)
    if request.method == "GET":
        if kept.asked is None:
            _note(portal, visitor, "preview-file", kept, file, once=True)
        if file == "download.mp4":
            _note(portal, visitor, "preview-download", kept, once=True)
    return FILES[file](request, prepared(kept.outline.hex(), guide))


@dataclass(frozen=True)
class Making:
    """A preview that is being made: ``missing`` are the scenes, counted from 0, whose segments are not there.

    ``nameless`` gives the same without the name, which is the guide of a person whose name turns out to be too long or
    impossible to say.
    """

    planned: Planned
    workshop: Workshop
    missing: frozenset[int]
    nameless: "Callable[[], Making] | None" = None

    @classmethod
    def of(cls, portal: Portal, preview: Preview, *, named: bool = True) -> "Making":
        """What is missing of a preview, which is brought up to date. Raises Refusal if it cannot be, StoreError."""
        try:
            campaign = _kept_pack(portal, preview)
            planned = kept_previews.plan_of(preview, portal.database, campaign, portal.settings, named=named)
        except InputError as error:  # its application gets no guide any more
            raise Refusal("not_found") from error
        kept_previews.renew(portal.database, portal.store, preview, planned)
        studio = planned.studio
        missing = frozenset(at for at, scene in enumerate(planned.script.scenes) if studio.find(scene) is None)
        settings = replace(portal.settings, voice=studio.voice.id)
        nameless = partial(cls.of, portal, preview, named=False) if preview.asked is None and named else None
        return cls(planned, Workshop(campaign.folder, settings, None), missing, nameless)

    def pieces(self) -> list[Piece]:
        """The missing segments, each once, in the order in which they are seen."""
        pieces: dict[str, Piece] = {}
        for at in sorted(self.missing):
            key, scene = self.planned.keys.segments[at], self.planned.script.scenes[at]
            job = partial(ensure_segments, self.workshop, [(key, scene)])
            pieces.setdefault(key, Piece(key, job))
        return list(pieces.values())

    async def events(self, desk: Desk) -> Events:
        """Make what is missing, and report events about it.

        They are ``scenes`` (all those that are ``there``, counted from 0) and at the end ``ready``. Closing the
        generator gives up what has not been begun. Raises VideoGuideError.
        """
        try:
            async with aclosing(self._make(desk)) as made:
                async for there in made:
                    yield "scenes", {"there": sorted(there)}
        except InputError:
            if self.nameless is None:
                raise
            instead = await run_in_threadpool(self.nameless)
            async with aclosing(instead._make(desk)) as made:
                async for there in made:
                    yield "scenes", {"there": sorted(there)}
        yield "ready", {}

    async def _make(self, desk: Desk) -> AsyncGenerator[set[int], None]:
        """Give the scenes that are there, at first and whenever a segment has been made."""
        keys = self.planned.keys.segments
        there = {at for at in range(len(keys)) if at not in self.missing}
        yield there
        async with aclosing(desk.make(self.pieces())) as made:
            async for piece, (ensured, _) in made:
                if reason := next((segment.reason for segment in ensured if segment.reason), ""):
                    raise InputError(reason)
                there.update(at for at, key in enumerate(keys) if key == piece.key)
                yield there


def address(preview: str) -> str:
    """The path of a preview's page; its files are below."""
    return f"/staff/previews/{preview}"


def _kept(portal: Portal, preview_id: str) -> Preview:
    preview = kept_previews.find(portal.database, preview_id)
    if preview is None:
        raise Refusal("not_found")
    return preview


def _note(portal: Portal, visitor: Visitor, what: str, preview: Preview, file: str = "", *, once: bool = False) -> None:
    """Note what was done with a preview, so that the record still says of which application once it is deleted."""
    about = f"{preview.id}/{file}" if file else preview.id
    note(
        portal,
        visitor,
        what,
        campaign=preview.campaign_id,
        about=about,
        application=preview.application_id,
        once=once,
    )


def _kept_pack(portal: Portal, preview: Preview) -> Campaign:
    """The pack in the preview's version. Raises Refusal when it is not kept any more."""
    try:
        return versions.kept_pack(portal.store, preview.version)
    except StoreError as error:
        raise Refusal("not_found") from error


def _show_form(
    portal: Portal,
    campaign: Campaign,
    visitor: Visitor,
    asked: PreviewRequest,
    error: VideoGuideError | None = None,
    problem_in: FormPart = "",
) -> Response:
    page = preview_form.page(
        campaign,
        asked,
        previews.voices_here(campaign, portal.settings),
        csrf=visitor.csrf,
        page_links=page_links(campaign.id, "preview"),
        may_make=visitor.may("editor"),
        problem=words_of(error) if error else "",
        problem_in=problem_in,
    )
    return show(page, status=422 if error else 200)


def _making_page(portal: Portal, preview: Preview, visitor: Visitor) -> MakingPage:
    making = Making.of(portal, preview)
    scenes = tuple(
        SceneLine(
            number,
            scene.chapter,
            _state(portal, preview, key) if number - 1 not in making.missing else "missing",
            tuple(sentence.text for sentence in scene.sentences),
            tuple(button.label for button in scene.buttons),
        )
        for number, (scene, key) in enumerate(
            zip(making.planned.script.scenes, making.planned.keys.segments, strict=True), 1
        )
    )
    script, root = making.planned.script, address(preview.id)
    fields = _page_fields(portal, preview, visitor, script.cases, script.channel)
    return MakingPage(**fields, scenes=scenes, progress_url=f"{root}/progress", make_url=f"{root}/make")


def _ready_page(portal: Portal, preview: Preview, visitor: Visitor, guide: Guide) -> ReadyPage:
    root = address(preview.id)
    scenes = tuple(
        SceneLine(
            number,
            segment.info.chapter,
            _state(portal, preview, segment.key),
            tuple(sentence.text for sentence in segment.info.sentences),
            tuple(button.label for button in segment.info.buttons),
        )
        for number, segment in enumerate(guide.segments, 1)
    )
    about = guide.outline
    return ReadyPage(
        **_page_fields(portal, preview, visitor, about.cases, about.channel),
        scenes=scenes,
        manifest=prepared(preview.outline.hex(), guide).guide.manifest(),
        poster_url=f"{root}/poster.jpg",
        video_url=f"{root}/video.mp4",
        captions_url=f"{root}/captions.vtt",
        chapters_url=f"{root}/chapters.vtt",
        buttons_url=f"{root}/buttons.vtt",
        download_url=f"{root}/download.mp4",
        sound_url=f"{root}/sound.m4a",
    )


def _page_fields(
    portal: Portal, preview: Preview, visitor: Visitor, cases: Sequence[str], channel: str
) -> dict[str, Any]:
    """The fields that both pages of a preview have."""
    campaign = _kept_pack(portal, preview)
    form_url = f"/staff/{preview.campaign_id}/preview"
    version = versions.find(portal.database, preview.campaign_id, preview.version)
    return {
        "csrf": visitor.csrf,
        "page_links": page_links(preview.campaign_id, "preview"),
        "campaign_title": campaign.description.title,
        "form_url": form_url,
        "change_url": f"{form_url}?from={preview.id}" if preview.asked else "",
        "is_real": preview.asked is None,
        "about": (
            *(campaign.titles.get(case, case) for case in cases),
            preview_form.CHANNELS.get(channel, channel),
        ),
        "made_by": preview.made_by,
        "made_at": moment(preview.made_at),
        "expires_at": moment(preview.expires_at),
        "version": version.short,
        "version_words": versions.STATES[version.state],
    }


def _state(portal: Portal, preview: Preview, key: str) -> SceneState:
    """Whether a segment is older than the preview, or was made for it."""
    path = portal.store.find(SEGMENTS, key)
    return "reused" if path and path.stat().st_mtime < preview.made_at.timestamp() else "made"
