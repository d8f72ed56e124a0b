# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The versions of a pack: who has approved which, and what is different between two of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from videoguide.errors import Busy, PackError, StoreError, UnknownChoice
from videoguide.portal.answers import RETRY_SOON, Refusal, show
from videoguide.portal.sessions import Visitor
from videoguide.portal.staff.check import bench_of, conclusion, prove
from videoguide.portal.staff.check_views import ComparedVersion, ComparisonPage, VersionCard, VersionsPage
from videoguide.portal.staff.comparison import compared, undrawn
from videoguide.portal.staff.home import BUSY, Approver, Viewer, moment, pack, page_links
from videoguide.portal.state import Portal, portal_of
from videoguide.portal.streams import stream, words_of
from videoguide.records import audit, versions
from videoguide.records.versions import STATES, Version
from videoguide.wording import number

DONE = {"approved": "La versione è approvata.", "revoked": "L’approvazione è ritirata."}

router = APIRouter(include_in_schema=False)


# --- the list --------------------------------------------------------------------------------------------


@router.get("/staff/{campaign}/versions")
def page(request: Request, campaign: str, visitor: Viewer, done: str = "") -> Response:
    """All versions, newest first. Raises Refusal where there is no such campaign, StoreError."""
    return _list(request, campaign, visitor, message=DONE.get(done, ""))


@router.post("/staff/{campaign}/versions/{version}/approve")
def approve(
    request: Request, campaign: str, version: str, visitor: Approver, looked: Annotated[str, Form()] = ""
) -> Response:
    """Approve a version: the one in the pack's folder, or one that was approved before.

    Raises Refusal where there is no such campaign or version, StoreError.
    """
    portal = portal_of(request)
    current = _current_pack(portal, request, campaign).version
    wanted = _version(portal, campaign, version)
    if not looked:
        return _refused(request, campaign, visitor, "Per approvare devi confermare di aver guardato le scene.")
    if wanted.version != current and wanted.version not in audit.approved_versions(portal.database, campaign):
        return _refused(request, campaign, visitor, f"Il pacchetto non è più alla versione {wanted.short}: guarda qui.")
    versions.approve(portal.database, wanted, visitor.subject, role=visitor.role)
    return RedirectResponse(f"/staff/{campaign}/versions?done=approved", 303)


@router.post("/staff/{campaign}/versions/{version}/revoke")
def revoke(request: Request, campaign: str, version: str, visitor: Approver) -> Response:
    """Take an approval back. Raises Refusal where there is no such campaign or version, StoreError."""
    portal = portal_of(request)
    wanted = _version(portal, campaign, version)
    if wanted.approved_at is None:
        return _refused(request, campaign, visitor, f"La versione {wanted.short} non è approvata.")
    versions.revoke(portal.database, wanted, visitor.subject, role=visitor.role)
    return RedirectResponse(f"/staff/{campaign}/versions?done=revoked", 303)


def _list(
    request: Request, campaign: str, visitor: Visitor, *, message: str = "", problem: str = "", status: int = 200
) -> Response:
    portal = portal_of(request)
    current = _current_pack(portal, request, campaign)
    all_versions = versions.versions_of(portal.database, campaign)
    is_approver = visitor.may("approver")
    page = VersionsPage(
        csrf=visitor.csrf,
        page_links=page_links(campaign, "versions"),
        url=f"/staff/{campaign}/versions",
        campaign_title=current.title,
        check_url=f"/staff/{campaign}/check",
        check_words=_check_words(portal, current.version),
        broken=current.broken,
        busy=current.busy,
        message=message,
        problem=problem,
        is_approver=is_approver,
        versions=_cards(portal, campaign, all_versions, current.version, is_approver=is_approver),
    )
    in_folder = next((version for version in all_versions if version.version == current.version), None)
    page = _with_next_step(page, campaign, in_folder)
    return show(page, status=503, headers=RETRY_SOON) if page.busy and status == 200 else show(page, status=status)


def _with_next_step(page: VersionsPage, campaign: str, in_folder: Version | None) -> VersionsPage:
    """The page with the next command for the version that is in the pack's folder."""
    if in_folder is None:
        return page
    short, command = in_folder.short, f"videoguide render {campaign} estratto.csv -o guide"
    if in_folder.approved_at:
        words = f"Le prossime guide per i cittadini si fanno con la versione {short}:"
        return replace(page, next_step=words, command=command)
    words = f"La versione {short} non è approvata: per i cittadini non si fa nessuna guida. Una prova si può fare:"
    return replace(page, next_step=words, command=f"{command} --draft")


def _cards(
    portal: Portal, campaign: str, all_versions: Sequence[Version], in_folder: str, *, is_approver: bool
) -> tuple[VersionCard, ...]:
    approvable = {in_folder, *audit.approved_versions(portal.database, campaign)}
    guides = versions.guides_made(portal.database, campaign)
    base = _to_compare_with(all_versions)
    return tuple(
        VersionCard(
            version=version.version,
            short=version.short,
            state=version.state,
            state_words=STATES[version.state],
            since=moment(version.since),
            approved=f"da {version.approved_by}, {moment(version.approved_at)}" if version.approved_at else "",
            live=_period(version.live_since, version.live_until),
            guides=number(guides.get(version.version, 0)),
            here=version.version == in_folder,
            compare=tuple(_comparisons(campaign, version, base, all_versions)),
            may_approve=is_approver and version.approved_at is None and version.version in approvable,
            may_revoke=is_approver and version.approved_at is not None,
        )
        for version in all_versions
    )


def _check_words(portal: Portal, version: str) -> str:
    """The result of the check of a version in words; empty if there is no version."""
    if not version:
        return ""
    checked = conclusion(*bench_of(portal, version))
    if checked is None:
        return "non ancora finito"
    return f"problemi: {len(checked.findings)}" if checked.findings else "nessun problema"


def _to_compare_with(all_versions: Sequence[Version]) -> Version | None:
    """The version that others are best compared with: the one in use, else the one that was approved last."""
    live = [version for version in all_versions if version.state == "live"]
    approved = [version for version in all_versions if version.approved_at]
    approved.sort(key=lambda version: version.approved_at or version.since)
    return next(iter((*live, *reversed(approved))), None)


def _comparisons(
    campaign: str, version: Version, base: Version | None, all_versions: Sequence[Version]
) -> Iterator[tuple[str, str]]:
    """Addresses and words of the comparisons that a version's card offers."""
    earlier = all_versions[all_versions.index(version) + 1 :][:1]
    others = {base.version: f"con la versione {'in uso' if base.state == 'live' else 'approvata'}"} if base else {}
    for other in earlier:
        others.setdefault(other.version, "con la versione precedente")
    for other_version, words in others.items():
        if other_version != version.version:
            yield f"/staff/{campaign}/versions/{other_version[: versions.SHORT]}/{version.short}", words


def _period(since: datetime | None, until: datetime | None) -> str:
    if since is None:
        return ""
    return f"dal {moment(since)} al {moment(until)}" if until else f"dal {moment(since)}"


def _refused(request: Request, campaign: str, visitor: Visitor, problem: str) -> Response:
    return _list(request, campaign, visitor, problem=problem, status=422)


class _CurrentPack(NamedTuple):
    """What is in the pack's folder: its title and version, or in words why that cannot be said."""

    title: str = ""
    version: str = ""
    broken: str = ""
    busy: str = ""


def _current_pack(portal: Portal, request: Request, campaign: str) -> _CurrentPack:
    """The pack as it is now, which is kept for later. Raises Refusal, StoreError."""
    try:
        loaded = pack(request, campaign)
        version = versions.keep(portal.database, portal.store, loaded).version
    except PackError as error:
        return _CurrentPack(broken=words_of(error))
    except Busy:
        return _CurrentPack(busy=BUSY)
    return _CurrentPack(loaded.description.title, version)


def _version(portal: Portal, campaign: str, version: str) -> Version:
    try:
        return versions.find(portal.database, campaign, version)
    except UnknownChoice as error:
        raise Refusal("not_found") from error


# --- two versions ----------------------------------------------------------------------------------------


@router.get("/staff/{campaign}/versions/{old}/{new}")
def compare(request: Request, campaign: str, old: str, new: str, visitor: Viewer) -> Response:
    """Two versions side by side; what is not drawn yet is made while the page is open.

    Raises Refusal where there are no such versions, StoreError.
    """
    portal = portal_of(request)
    before, after = _version(portal, campaign, old), _version(portal, campaign, new)
    root = f"/staff/{campaign}/versions"
    empty = ComparisonPage(
        csrf=visitor.csrf,
        page_links=page_links(campaign, "versions"),
        url=f"{root}/{before.short}/{after.short}",
        versions_url=root,
        swap_url=f"{root}/{after.short}/{before.short}",
        old=_compared_version(before),
        new=_compared_version(after),
    )
    try:
        benches = [bench_of(portal, version.version)[0] for version in (before, after)]
        page = compared(empty, campaign, *benches)
    except (PackError, StoreError) as error:
        return show(replace(empty, broken=words_of(error)))
    return show(page)


@router.get("/staff/{campaign}/versions/{old}/{new}/progress")
async def progress(request: Request, campaign: str, old: str, new: str, visitor: Viewer) -> Response:
    """Draw what the comparison lacks; a stream of events says how far it is.

    Raises Refusal where there are no such versions, StoreError.
    """
    portal = portal_of(request)
    both = await run_in_threadpool(lambda: [_version(portal, campaign, name).version for name in (old, new)])
    return stream(request, prove(portal.desk, lambda: [bench_of(portal, version)[0] for version in both], undrawn))


def _compared_version(version: Version) -> ComparedVersion:
    return ComparedVersion(version.short, STATES[version.state], moment(version.since))
