"""The versions of a pack: who has approved which, and what is different between two of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form
from sqlmodel import col, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from videoguide import versions
from videoguide.database import Audit
from videoguide.display import number
from videoguide.errors import PackError, StoreError, UnknownChoice
from videoguide.portal.answers import Refusal, show
from videoguide.portal.sessions import Visitor
from videoguide.portal.staff import Approver, Viewer, may, moment, note, pack, steps
from videoguide.portal.staff_check import bench_of, conclusion, prove
from videoguide.portal.staff_check_views import ComparisonPage, Named, VersionCard, VersionsPage
from videoguide.portal.staff_comparison import compared, undrawn
from videoguide.portal.state import Portal, portal_of
from videoguide.portal.streams import stream, words_of
from videoguide.versions import STATES, Version

DONE = {"approved": "La versione è approvata.", "revoked": "L’approvazione è ritirata."}

router = APIRouter(include_in_schema=False)


# --- the list --------------------------------------------------------------------------------------------


@router.get("/staff/{campaign}/versions")
def page(request: Request, campaign: str, visitor: Viewer, done: str = "") -> Response:
    """All versions, newest first."""
    return _list(request, campaign, visitor, message=DONE.get(done, ""))


@router.post("/staff/{campaign}/versions/{version}/approve")
def approve(
    request: Request, campaign: str, version: str, visitor: Approver, looked: Annotated[str, Form()] = ""
) -> Response:
    """Approve a version: the pack's in the folder, or one that was approved before."""
    portal = portal_of(request)
    here = _here(portal, request, campaign).version
    wanted = _version(portal, campaign, version)
    if not looked:
        return _refused(request, campaign, visitor, "Per approvare devi confermare di aver guardato le scene.")
    if wanted.version != here and wanted.version not in _approved_before(portal, campaign):
        return _refused(request, campaign, visitor, f"Il pacchetto non è più alla versione {wanted.short}: guarda qui.")
    versions.approve(portal.database, wanted, visitor.subject)
    note(portal, visitor, "approve", campaign=campaign, about=wanted.version)
    return RedirectResponse(f"/staff/{campaign}/versions?done=approved", 303)


@router.post("/staff/{campaign}/versions/{version}/revoke")
def revoke(request: Request, campaign: str, version: str, visitor: Approver) -> Response:
    """Take an approval back."""
    portal = portal_of(request)
    wanted = _version(portal, campaign, version)
    if wanted.approved_at is None:
        return _refused(request, campaign, visitor, f"La versione {wanted.short} non è approvata.")
    versions.revoke(portal.database, wanted)
    note(portal, visitor, "revoke", campaign=campaign, about=wanted.version)
    return RedirectResponse(f"/staff/{campaign}/versions?done=revoked", 303)


def _list(
    request: Request, campaign: str, visitor: Visitor, *, message: str = "", problem: str = "", status: int = 200
) -> Response:
    portal = portal_of(request)
    here = _here(portal, request, campaign)
    known = versions.versions_of(portal.database, campaign)
    page = VersionsPage(
        csrf=visitor.csrf,
        steps=steps(campaign, "versions"),
        url=f"/staff/{campaign}/versions",
        campaign_title=here.title,
        check_url=f"/staff/{campaign}/check",
        check_words=_check_of(portal, here.version),
        broken=here.broken,
        message=message,
        problem=problem,
        is_approver=may(visitor, "approver"),
        versions=_cards(portal, campaign, known, here.version, may(visitor, "approver")),
    )
    present = next((one for one in known if one.version == here.version), None)
    return show(_with_next_step(page, campaign, present), status=status)


def _with_next_step(page: VersionsPage, campaign: str, here: Version | None) -> VersionsPage:
    """The page with what comes next on the command line."""
    if here is None:
        return page
    command = f"videoguide render {campaign} estratto.csv -o guide"
    if here.approved_at:
        words = f"Le prossime guide per i cittadini si fanno con la versione {here.short}:"
        return replace(page, next_step=words, command=command)
    words = f"La versione {here.short} non è approvata: per i cittadini non si fa nessuna guida. Una prova si può fare:"
    return replace(page, next_step=words, command=f"{command} --draft")


def _cards(
    portal: Portal, campaign: str, known: Sequence[Version], here: str, approver: bool
) -> tuple[VersionCard, ...]:
    before = _approved_before(portal, campaign)
    guides = versions.guides_made(portal.database, campaign)
    base = _to_compare_with(known)
    return tuple(
        VersionCard(
            version=one.version,
            short=one.short,
            state=one.state,
            state_words=STATES[one.state],
            since=moment(one.since),
            approved=f"da {one.approved_by}, {moment(one.approved_at)}" if one.approved_at else "",
            live=_period(one.live_since, one.live_until),
            guides=number(guides.get(one.version, 0)),
            here=one.version == here,
            compare=tuple(_comparisons(campaign, one, base, known)),
            may_approve=approver and one.approved_at is None and (one.version == here or one.version in before),
            may_revoke=approver and one.approved_at is not None,
        )
        for one in known
    )


def _check_of(portal: Portal, here: str) -> str:
    """How the check of the pack's present version ended, in words."""
    if not here:
        return ""
    checked = conclusion(*bench_of(portal, here))
    if checked is None:
        return "non ancora finito"
    return f"problemi: {len(checked.findings)}" if checked.findings else "nessun problema"


def _to_compare_with(known: Sequence[Version]) -> Version | None:
    """What another version is best held against: the one in use, else the one approved last."""
    live = [one for one in known if one.state == "live"]
    approved = sorted((one for one in known if one.approved_at), key=lambda one: one.approved_at or one.since)
    return next(iter((*live, *reversed(approved))), None)


def _comparisons(
    campaign: str, one: Version, base: Version | None, known: Sequence[Version]
) -> Iterator[tuple[str, str]]:
    earlier = known[known.index(one) + 1 :][:1]
    wanted = {base.version: f"con la versione {'in uso' if base.state == 'live' else 'approvata'}"} if base else {}
    for other in earlier:
        wanted.setdefault(other.version, "con la versione precedente")
    for version, words in wanted.items():
        if version != one.version:
            yield f"/staff/{campaign}/versions/{version[: versions.SHORT]}/{one.short}", words


def _period(since: datetime | None, until: datetime | None) -> str:
    if since is None:
        return ""
    return f"dal {moment(since)} al {moment(until)}" if until else f"dal {moment(since)}"


def _refused(request: Request, campaign: str, visitor: Visitor, problem: str) -> Response:
    return _list(request, campaign, visitor, problem=problem, status=422)


class _Here(NamedTuple):
    """What the pack's folder holds now: its title and version; or why it cannot be read."""

    title: str = ""
    version: str = ""
    broken: str = ""


def _here(portal: Portal, request: Request, campaign: str) -> _Here:
    """The pack, kept for later. Raises Refusal, StoreError."""
    try:
        loaded = pack(request, campaign)
        return _Here(loaded.description.title, versions.keep(portal.database, portal.store, loaded).version)
    except PackError as error:
        return _Here(broken=words_of(error))


def _version(portal: Portal, campaign: str, version: str) -> Version:
    try:
        return versions.find(portal.database, campaign, version)
    except UnknownChoice as error:
        raise Refusal("not_found") from error


def _approved_before(portal: Portal, campaign: str) -> frozenset[str]:
    """The versions that somebody has ever approved here."""
    query = select(col(Audit.about)).where(col(Audit.what) == "approve", col(Audit.campaign_id) == campaign)
    with portal.database.session() as session:
        return frozenset(session.exec(query))


# --- two of them -----------------------------------------------------------------------------------------


@router.get("/staff/{campaign}/versions/{old}/{new}")
def compare(request: Request, campaign: str, old: str, new: str, visitor: Viewer) -> Response:
    """Two versions side by side; what is not drawn yet is made while the page is open."""
    portal = portal_of(request)
    was, now = _version(portal, campaign, old), _version(portal, campaign, new)
    here = f"/staff/{campaign}/versions"
    empty = ComparisonPage(
        csrf=visitor.csrf,
        steps=steps(campaign, "versions"),
        url=f"{here}/{was.short}/{now.short}",
        versions_url=here,
        swap_url=f"{here}/{now.short}/{was.short}",
        old=_named(was),
        new=_named(now),
    )
    try:
        benches = [bench_of(portal, one.version)[0] for one in (was, now)]
        page = compared(empty, campaign, *benches)
    except (PackError, StoreError) as error:
        return show(replace(empty, broken=words_of(error)))
    return show(page)


@router.get("/staff/{campaign}/versions/{old}/{new}/progress")
async def progress(request: Request, campaign: str, old: str, new: str, visitor: Viewer) -> Response:
    """Draw what the comparison lacks, and tell how it goes."""
    portal = portal_of(request)

    both = await run_in_threadpool(lambda: [_version(portal, campaign, one).version for one in (old, new)])
    return stream(request, prove(portal.desk, lambda: [bench_of(portal, one)[0] for one in both], undrawn))


def _named(version: Version) -> Named:
    return Named(version.short, STATES[version.state], moment(version.since))
