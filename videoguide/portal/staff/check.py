# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A whole pack as staff see it: every scene in every variant as a picture, and what ``check`` finds.

What has been proved once stays in the store; the rest is made by the desk's processes while the page is open.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from videoguide.errors import Busy, PackError, VideoGuideError
from videoguide.guide.script import FilledScene
from videoguide.packs import campaigns
from videoguide.packs.campaigns import Campaign
from videoguide.portal.answers import RETRY_SOON, Refusal, show
from videoguide.portal.staff.check_views import CheckPage, Figure, Problem, SceneFigures, ScenePicture
from videoguide.portal.staff.home import BUSY, Editor, Viewer, note, pack, page_links
from videoguide.portal.state import Portal, portal_of
from videoguide.portal.streams import Events, stream, words_of
from videoguide.proof import check, proofs
from videoguide.proof.proofs import Bench, Overview, Proof
from videoguide.records import versions
from videoguide.records.versions import Version
from videoguide.runs.desk import Desk, Piece
from videoguide.wording import number

NAMED_ENTRIES = 3
"""How many entries of a catalogue are named below a picture."""

_KEY = re.compile("[0-9a-f]{64}")
_DECIMAL = re.compile(r"\b(\d+)\.(\d+)\b")

router = APIRouter(include_in_schema=False)


@router.get("/staff/{campaign}/check")
def page(request: Request, campaign: str, visitor: Viewer, run: str = "") -> Response:
    """What has been proved of the pack as it is now; with ``?run=1`` the rest is made while the page is open.

    Raises Refusal where there is no such campaign, StoreError.
    """
    portal = portal_of(request)
    empty = CheckPage(
        csrf=visitor.csrf,
        page_links=page_links(campaign, "check"),
        url=f"/staff/{campaign}/check",
        may_check=visitor.may("editor"),
    )
    try:
        version, bench, kept = opened(portal, request, campaign)
        page = _with_proofs(empty, bench, kept)
    except PackError as error:
        return show(replace(empty, broken=words_of(error)))
    except Busy:
        return show(replace(empty, busy=BUSY), status=503, headers=RETRY_SOON)
    is_running = bool(run) and page.may_check and not page.summary
    return show(
        replace(
            page,
            campaign_title=kept.description.title,
            version=version.short,
            state_words=versions.STATES[version.state],
            progress_url=f"{page.url}/progress" if is_running else "",
        )
    )


@router.post("/staff/{campaign}/check")
def begin(request: Request, campaign: str, visitor: Editor) -> Response:
    """Ask for everything to be checked; the work is done while the page that follows is open.

    Raises Refusal where there is no such campaign, StoreError.
    """
    portal = portal_of(request)
    try:
        version, _, _ = opened(portal, request, campaign)
    except (PackError, Busy):
        return RedirectResponse(f"/staff/{campaign}/check", 303)
    note(portal, visitor, "check", campaign=campaign, about=version.version)
    return RedirectResponse(f"/staff/{campaign}/check?run=1", 303)


@router.get("/staff/{campaign}/check/progress")
async def progress(request: Request, campaign: str, visitor: Editor) -> Response:
    """Prove what is not proved yet; a stream of events says how far it is. Raises Refusal."""
    portal = portal_of(request)
    if campaign not in await run_in_threadpool(campaigns.campaigns, portal.settings.scenes):
        raise Refusal("not_found")
    return stream(request, prove(portal.desk, lambda: [opened(portal, request, campaign)[1]], _everything))


@router.api_route("/staff/{campaign}/check/{key}.jpg", methods=["GET", "HEAD"])
def picture(request: Request, campaign: str, key: str, visitor: Viewer) -> Response:
    """A proof's picture, which never changes under its key. Raises Refusal where there is none."""
    content = proofs.find_picture(portal_of(request).store, key) if _KEY.fullmatch(key) else b""
    if not content:
        raise Refusal("not_found")
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400, immutable"})


# --- also for the comparison of versions -----------------------------------------------------------------


def opened(portal: Portal, request: Request, campaign: str) -> tuple[Version, Bench, Campaign]:
    """The pack as it is now, kept where nobody changes it any more. Raises Refusal, PackError, Busy, StoreError."""
    version = versions.keep(portal.database, portal.store, pack(request, campaign))
    return version, *bench_of(portal, version.version)


def bench_of(portal: Portal, version: str) -> tuple[Bench, Campaign]:
    """Where a kept version is proved, and its pack. Raises StoreError when it is not there, PackError."""
    kept = versions.kept_pack(portal.store, version)
    return Bench(kept.folder, portal.settings), kept


def conclusion(bench: Bench, kept: Campaign) -> check.Checked | None:
    """The result of the check of all scenes; None before all of them have been looked at."""
    overview = proofs.find_overview(bench)
    if overview is None:
        return None
    scene_proofs = [proofs.find_proof(bench.store, key) for key in overview.keys]
    results = [(proof.seconds, proof.findings) for proof in scene_proofs if proof]
    return check.conclude(overview.survey, results, kept) if len(results) == len(scene_proofs) else None


def picture_of(campaign: str, key: str, scene: FilledScene, proof: Proof | None) -> ScenePicture:
    """A scene as the pages show it."""
    state = "waiting" if proof is None else "ready" if proof.seconds else "broken"
    return ScenePicture(
        key, tuple(sentence.text for sentence in scene.sentences), f"/staff/{campaign}/check/{key}.jpg", state
    )


def entries_of(scene: FilledScene) -> str:
    """The entries of catalogues that fill a scene, in words: as many of their titles as are read at a glance."""
    titles: dict[str, None] = {}
    for value in scene.values.values():
        for entry in value if isinstance(value, tuple) else (value,):
            if isinstance(entry, Mapping) and "id" in entry and isinstance(title := entry.get("title"), str):
                titles[title] = None
    named, more = list(titles)[:NAMED_ENTRIES], len(titles) - NAMED_ENTRIES
    return "; ".join(named) + (f"; e {'un altro' if more == 1 else f'altri {more}'}" if more > 0 else "")


Wanted = Callable[[Sequence[Bench], Sequence[Overview]], Iterable[tuple[Bench, Overview, int]]]
"""Chooses the scenes to prove among all those of each version, and their order."""


async def prove(desk: Desk, open_benches: Callable[[], Sequence[Bench]], wanted: Wanted) -> Events:
    """Make proofs, and report events about it.

    They are ``overview`` once the scenes have been listed, ``proof`` for each scene that is proved, and ``done`` at the
    end. Closing the generator gives up what has not been begun. Raises VideoGuideError.
    """
    benches = await run_in_threadpool(open_benches)
    unlisted = [bench for bench in benches if not await run_in_threadpool(proofs.find_overview, bench)]
    surveys = [Piece(f"overview {bench.overview_key}", partial(proofs.make_overview, bench)) for bench in unlisted]
    async with aclosing(desk.make(surveys)) as made:
        async for _ in made:
            pass
    overviews = [await run_in_threadpool(_overview, bench) for bench in benches]
    todo = await run_in_threadpool(lambda: list(wanted(benches, overviews)))
    yield "overview", {"new": bool(unlisted), "total": len(todo)}
    pieces = (
        Piece(
            f"proof {overview.keys[index]}",
            partial(proofs.make_proof, bench, overview.keys[index], overview.survey.scenes[index]),
        )
        for bench, overview, index in todo
    )
    done = 0
    async with aclosing(desk.make(pieces)) as made:
        async for piece, proof in made:
            done += 1
            yield (
                "proof",
                {
                    "key": piece.key.removeprefix("proof "),
                    "drawn": bool(proof.seconds),
                    "problems": [_words(finding) for finding in proof.findings],
                    "done": done,
                    "total": len(todo),
                },
            )
    yield "done", {}


# --- the contact sheet -----------------------------------------------------------------------------------


def _overview(bench: Bench) -> Overview:
    overview = proofs.find_overview(bench)
    if overview is None:
        raise VideoGuideError("il controllo si è fermato; prova di nuovo")
    return overview


def _everything(benches: Sequence[Bench], overviews: Sequence[Overview]) -> Iterator[tuple[Bench, Overview, int]]:
    for bench, overview in zip(benches, overviews, strict=True):
        yield from ((bench, overview, index) for index in proofs.missing(bench, overview))


def _with_proofs(page: CheckPage, bench: Bench, kept: Campaign) -> CheckPage:
    """The page with all that has been proved so far. Raises PackError for a text that is not a template."""
    overview = proofs.find_overview(bench)
    if overview is None:
        return replace(page, problems=_problems(check.general(kept)))
    scene_proofs = [proofs.find_proof(bench.store, key) for key in overview.keys]
    made = [proof for proof in scene_proofs if proof]
    findings: Iterable[check.Finding]
    findings, summary = [*overview.survey.findings, *(finding for proof in made for finding in proof.findings)], ""
    if checked := conclusion(bench, kept):
        findings = checked.findings
        shortest, longest = checked.seconds
        summary = (
            f"{number(checked.guides)} guide, {number(len(checked.scenes))} scene diverse, "
            f"da {shortest:.0f} a {longest:.0f} s; problemi: {number(len(checked.findings))}"
        )
    scenes = _scenes(kept.id, overview, scene_proofs)
    return replace(
        page,
        problems=_problems(dict.fromkeys(findings)),
        scenes=scenes,
        pictures=sum(len(scene.figures) for scene in scenes),
        summary=summary,
        done=len(made),
        total=len(scene_proofs),
    )


def _scenes(campaign: str, overview: Overview, scene_proofs: Sequence[Proof | None]) -> tuple[SceneFigures, ...]:
    """Every look of every scene, and besides them the scenes that have a problem of their own."""
    shown: dict[str, list[int]] = {}
    findings: set[check.Finding] = set()
    for index in overview.variants:
        shown.setdefault(overview.survey.scenes[index].scene, []).append(index)
        findings.update(_findings(scene_proofs[index]))
    for index, scene in enumerate(overview.survey.scenes):
        if not findings.issuperset(own := _findings(scene_proofs[index])):
            shown.setdefault(scene.scene, []).append(index)
            findings.update(own)
    return tuple(
        SceneFigures(
            scene,
            overview.survey.scenes[indices[0]].chapter,
            tuple(
                Figure(
                    picture_of(campaign, overview.keys[index], overview.survey.scenes[index], scene_proofs[index]),
                    f"Variante {place} di {len(indices)}" if len(indices) > 1 else "Sempre uguale",
                    entries_of(overview.survey.scenes[index]),
                    tuple(map(_words, _findings(scene_proofs[index]))),
                )
                for place, index in enumerate(indices, 1)
            ),
        )
        for scene, indices in shown.items()
    )


def _words(finding: check.Finding) -> str:
    """What is wrong, with its numbers as Italian writes them."""
    return _DECIMAL.sub(r"\1,\2", finding.problem)


def _findings(proof: Proof | None) -> tuple[check.Finding, ...]:
    return proof.findings if proof else ()


def _problems(findings: Iterable[check.Finding]) -> tuple[Problem, ...]:
    return tuple(
        Problem(f"{finding.file}{f' ({finding.where})' if finding.where else ''}", _words(finding))
        for finding in findings
    )
