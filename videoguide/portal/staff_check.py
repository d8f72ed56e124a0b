"""The staff's look at a whole pack: every scene in every variant as a picture, and what ``check`` finds.

What has been proved once stays in the store; the rest is made by the desk's processes while somebody has the page open.
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

from videoguide import campaigns, check, proofs, versions
from videoguide.campaigns import Campaign
from videoguide.desk import Desk, Piece
from videoguide.display import number as written
from videoguide.errors import PackError, VideoGuideError
from videoguide.portal.answers import Refusal, show
from videoguide.portal.staff import Editor, Viewer, may, note, pack, steps
from videoguide.portal.staff_check_views import CheckPage, Figure, Picture, Problem, SceneFigures
from videoguide.portal.state import Portal, portal_of
from videoguide.portal.streams import Events, stream, words_of
from videoguide.proofs import Bench, Overview, Proof
from videoguide.script import FilledScene
from videoguide.versions import Version

NAMED_ENTRIES = 3
"""So many entries of a catalogue are named below a picture."""

_KEY = re.compile("[0-9a-f]{64}")
_DECIMAL = re.compile(r"\b(\d+)\.(\d+)\b")

router = APIRouter(include_in_schema=False)


@router.get("/staff/{campaign}/check")
def page(request: Request, campaign: str, visitor: Viewer, run: str = "") -> Response:
    """What is known of the pack as it is now; with ``?run=1`` the rest is made while the page is open."""
    portal = portal_of(request)
    nothing = CheckPage(
        csrf=visitor.csrf,
        steps=steps(campaign, "check"),
        url=f"/staff/{campaign}/check",
        may_check=may(visitor, "editor"),
    )
    try:
        version, bench, kept = opened(portal, request, campaign)
        known = _known(nothing, bench, kept)
    except PackError as error:
        return show(replace(nothing, broken=words_of(error)))
    working = bool(run) and known.may_check and not known.summary
    return show(
        replace(
            known,
            campaign_title=kept.description.title,
            version=version.short,
            state_words=versions.STATES[version.state],
            progress_url=f"{known.url}/progress" if working else "",
        )
    )


@router.post("/staff/{campaign}/check")
def begin(request: Request, campaign: str, visitor: Editor) -> Response:
    """Ask for everything to be checked; the page that follows has it done."""
    portal = portal_of(request)
    try:
        version, _, _ = opened(portal, request, campaign)
    except PackError:
        return RedirectResponse(f"/staff/{campaign}/check", 303)
    note(portal, visitor, "check", campaign=campaign, about=version.version)
    return RedirectResponse(f"/staff/{campaign}/check?run=1", 303)


@router.get("/staff/{campaign}/check/progress")
async def progress(request: Request, campaign: str, visitor: Editor) -> Response:
    """Prove what is not proved yet, and tell how it goes."""
    portal = portal_of(request)
    if campaign not in await run_in_threadpool(campaigns.campaigns, portal.settings.scenes):
        raise Refusal("not_found")
    return stream(request, prove(portal.desk, lambda: [opened(portal, request, campaign)[1]], _everything))


@router.api_route("/staff/{campaign}/check/{key}.jpg", methods=["GET", "HEAD"])
def picture(request: Request, campaign: str, key: str, visitor: Viewer) -> Response:
    """A proof's picture; another picture has another key."""
    found = proofs.find_picture(portal_of(request).store, key) if _KEY.fullmatch(key) else b""
    if not found:
        raise Refusal("not_found")
    return Response(found, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400, immutable"})


# --- also for the comparison of versions -----------------------------------------------------------------


def opened(portal: Portal, request: Request, campaign: str) -> tuple[Version, Bench, Campaign]:
    """The pack as it is now, kept where nobody changes it any more. Raises Refusal, PackError, StoreError."""
    version = versions.keep(portal.database, portal.store, pack(request, campaign))
    return version, *bench_of(portal, version.version)


def bench_of(portal: Portal, version: str) -> tuple[Bench, Campaign]:
    """Where a kept version is proved. Raises StoreError when it is not there, PackError."""
    kept = versions.kept_pack(portal.store, version)
    return Bench(kept.folder, portal.settings), kept


def conclusion(bench: Bench, kept: Campaign) -> check.Checked | None:
    """What a check of all scenes has found; None before all of them have been looked at."""
    overview = proofs.find_overview(bench)
    if overview is None:
        return None
    known = [proofs.find_proof(bench.store, key) for key in overview.keys]
    seen = [(proof.seconds, proof.findings) for proof in known if proof]
    return check.conclude(overview.survey, seen, kept) if len(seen) == len(known) else None


def picture_of(campaign: str, key: str, scene: FilledScene, proof: Proof | None) -> Picture:
    """A scene as the pages show it."""
    state = "waiting" if proof is None else "ready" if proof.seconds else "broken"
    return Picture(
        key, tuple(sentence.text for sentence in scene.sentences), f"/staff/{campaign}/check/{key}.jpg", state
    )


def entries_of(scene: FilledScene) -> str:
    """The entries of catalogues that fill a scene, in words: titles, as many as can be read at a glance."""
    found: dict[str, None] = {}
    for value in scene.values.values():
        for entry in value if isinstance(value, tuple) else (value,):
            if isinstance(entry, Mapping) and "id" in entry and isinstance(title := entry.get("title"), str):
                found[title] = None
    named, more = list(found)[:NAMED_ENTRIES], len(found) - NAMED_ENTRIES
    return "; ".join(named) + (f"; e {'un altro' if more == 1 else f'altri {more}'}" if more > 0 else "")


Wanted = Callable[[Sequence[Bench], Sequence[Overview]], Iterable[tuple[Bench, Overview, int]]]
"""From what there is to be proved in each version, which scenes shall be, in which order."""


async def prove(desk: Desk, open_benches: Callable[[], Sequence[Bench]], wanted: Wanted) -> Events:
    """Events while proofs are made: ``overview`` when it is known what there is to be done, ``proof`` for each,
    ``done`` at the end. Whoever closes this gives up what is not begun. Raises VideoGuideError.
    """
    benches = await run_in_threadpool(open_benches)
    unknown = [bench for bench in benches if not await run_in_threadpool(proofs.find_overview, bench)]
    surveys = [Piece(f"overview {bench.overview_key}", partial(proofs.make_overview, bench)) for bench in unknown]
    async with aclosing(desk.make(surveys)) as made:
        async for _ in made:
            pass
    overviews = [await run_in_threadpool(_overview, bench) for bench in benches]
    todo = await run_in_threadpool(lambda: list(wanted(benches, overviews)))
    yield "overview", {"new": bool(unknown), "total": len(todo)}
    pieces = (
        Piece(
            f"proof {overview.keys[number]}",
            partial(proofs.make_proof, bench, overview.keys[number], overview.survey.scenes[number]),
        )
        for bench, overview, number in todo
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
    found = proofs.find_overview(bench)
    if found is None:
        raise VideoGuideError("il controllo si è fermato; prova di nuovo")
    return found


def _everything(benches: Sequence[Bench], overviews: Sequence[Overview]) -> Iterator[tuple[Bench, Overview, int]]:
    for bench, overview in zip(benches, overviews, strict=True):
        yield from ((bench, overview, number) for number in proofs.missing(bench, overview))


def _known(page: CheckPage, bench: Bench, kept: Campaign) -> CheckPage:
    """The page with what is known of a pack. Raises PackError for words that are no template."""
    overview = proofs.find_overview(bench)
    if overview is None:
        return replace(page, problems=_problems(check.general(kept)))
    known = [proofs.find_proof(bench.store, key) for key in overview.keys]
    there = [proof for proof in known if proof]
    findings: Iterable[check.Finding]
    findings, summary = [*overview.survey.findings, *(finding for proof in there for finding in proof.findings)], ""
    if checked := conclusion(bench, kept):
        findings = checked.findings
        shortest, longest = checked.seconds
        summary = (
            f"{written(checked.guides)} guide, {written(len(checked.scenes))} scene diverse, "
            f"da {shortest:.0f} a {longest:.0f} s; problemi: {written(len(checked.findings))}"
        )
    scenes = _scenes(kept.id, overview, known)
    return replace(
        page,
        problems=_problems(dict.fromkeys(findings)),
        scenes=scenes,
        pictures=sum(len(scene.figures) for scene in scenes),
        summary=summary,
        done=len(there),
        total=len(known),
    )


def _scenes(campaign: str, overview: Overview, known: Sequence[Proof | None]) -> tuple[SceneFigures, ...]:
    """Every look of every scene, and those scenes beside that have a problem of their own."""
    shown: dict[str, list[int]] = {}
    told: set[check.Finding] = set()
    for number in overview.variants:
        shown.setdefault(overview.survey.scenes[number].scene, []).append(number)
        told.update(_findings(known[number]))
    for number, scene in enumerate(overview.survey.scenes):
        if not told.issuperset(own := _findings(known[number])):
            shown.setdefault(scene.scene, []).append(number)
            told.update(own)
    return tuple(
        SceneFigures(
            scene,
            overview.survey.scenes[numbers[0]].chapter,
            tuple(
                Figure(
                    picture_of(campaign, overview.keys[number], overview.survey.scenes[number], known[number]),
                    f"Variante {place} di {len(numbers)}" if len(numbers) > 1 else "Sempre uguale",
                    entries_of(overview.survey.scenes[number]),
                    tuple(map(_words, _findings(known[number]))),
                )
                for place, number in enumerate(numbers, 1)
            ),
        )
        for scene, numbers in shown.items()
    )


def _words(finding: check.Finding) -> str:
    """What is wrong, its numbers as Italian writes them."""
    return _DECIMAL.sub(r"\1,\2", finding.problem)


def _findings(proof: Proof | None) -> tuple[check.Finding, ...]:
    return proof.findings if proof else ()


def _problems(findings: Iterable[check.Finding]) -> tuple[Problem, ...]:
    return tuple(
        Problem(f"{finding.file}{f' ({finding.where})' if finding.where else ''}", _words(finding))
        for finding in findings
    )
