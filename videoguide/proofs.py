"""The proof of a pack, kept scene by scene in the store: what is said, how it looks, what ``check`` finds.

A proof is found again as long as nothing that goes into its scene has changed, in this version of the pack or in
another; so looking again after a small change costs little, and two versions can be laid side by side.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

from videoguide import check, sheets
from videoguide.campaigns import Campaign
from videoguide.check import FilledGuide, Finding, Survey
from videoguide.errors import PackError, StoreError, system_reason
from videoguide.script import Button, FilledScene, Sentence, Value
from videoguide.segments import POSTER_BEFORE_END, Studio, open_studio, plain
from videoguide.settings import Settings
from videoguide.store import Store, key_of

PROOFS, OVERVIEWS = "proofs", "overviews"
"""The store's kinds of a scene's proof and of what there is to be proved in a version of a pack."""
PROOF_VERSION = 1
"""Raise it when the same scene gives another proof: what ``check`` allows, how its picture is taken."""
VOICE, SIZE = "silent", (640, 360)


@dataclass(frozen=True)
class Bench:
    """Where a pack is proved: the folder of a kept version, which nobody changes any more, and the settings."""

    pack: Path
    settings: Settings

    @property
    def store(self) -> Store:
        return Store(self.settings.store)

    @property
    def overview_key(self) -> str:
        return key_of([PROOF_VERSION, self.pack.name])


@dataclass(frozen=True, eq=False)
class Overview:
    """What there is to be proved: ``keys`` are the proofs of all scenes, ``looks`` tell which look alike, ``variants``
    are the numbers of the scenes that look different, in the guide's order."""

    survey: Survey
    keys: tuple[str, ...]
    looks: tuple[str, ...]
    variants: tuple[int, ...]


@dataclass(frozen=True)
class Proof:
    """What was seen of a scene: how long it lasts in seconds, 0 if it cannot be drawn, and what is wrong with it."""

    seconds: float
    findings: tuple[Finding, ...]


# --- jobs for worker processes ---------------------------------------------------------------------------


def make_overview(bench: Bench) -> None:
    """Fill all guides of a pack, and keep what there is to be proved. Raises PackError, StoreError."""
    studio = _studio(bench)
    surveyed = check.survey(studio.campaign)
    keys = [_key(scene, studio) for scene in surveyed.scenes]
    looks = sheets.looks(surveyed, studio)
    written = json.dumps(
        {
            "guides": [astuple(guide) for guide in surveyed.guides],
            "scenes": [_frozen(scene) for scene in surveyed.scenes],
            "findings": [astuple(finding) for finding in surveyed.findings],
            "keys": keys,
            "looks": looks,
            "variants": sheets.variants(surveyed, looks, studio.campaign),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    bench.store.put(OVERVIEWS, bench.overview_key, [written.encode()])


def make_proof(bench: Bench, key: str, scene: FilledScene) -> Proof:
    """Look at a scene, take its picture, and keep both. Raises StoreError."""
    from videoguide import pictures

    look = check.look_at(scene, _studio(bench))
    proof = Proof(look.seconds, look.findings)
    head = json.dumps([proof.seconds, [astuple(finding) for finding in proof.findings]])
    picture = pictures.poster(look.drawn, look.drawn.frames - POSTER_BEFORE_END) if look.drawn else b""
    bench.store.put(PROOFS, key, [head.encode(), b"\n", picture])
    return proof


# --- what is kept ----------------------------------------------------------------------------------------


def find_overview(bench: Bench) -> Overview | None:
    """What there is to be proved in a pack, if that is known already. Raises StoreError."""
    path = bench.store.find(OVERVIEWS, bench.overview_key)
    return _overview(path) if path else None


def find_proof(store: Store, key: str) -> Proof | None:
    """A proof, if it has been made and is whole. Raises StoreError."""
    path = store.find(PROOFS, key)
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            seconds, findings = json.loads(file.readline())
    except OSError as error:
        raise _unreadable(path, error) from error
    except ValueError:  # damaged: to be made again
        return None
    return Proof(seconds, tuple(Finding(*finding) for finding in findings))


def find_picture(store: Store, key: str) -> bytes:
    """A proof's picture as JPEG of 640x360; empty where there is none. Raises StoreError."""
    path = store.find(PROOFS, key)
    try:
        return path.read_bytes().partition(b"\n")[2] if path else b""
    except OSError as error:
        raise _unreadable(path or key, error) from error


def missing(bench: Bench, overview: Overview) -> Iterator[int]:
    """The scenes that have no proof yet: first those that look different."""
    store, seen = bench.store, set[str]()
    for number in dict.fromkeys(chain(overview.variants, range(len(overview.keys)))):
        key = overview.keys[number]
        if key not in seen and find_proof(store, key) is None:
            yield number
        seen.add(key)


# --- two versions side by side ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """A scene with its filling as it was and as it is, as numbers in either version's survey; None where the same
    guide does not have it."""

    old: int | None
    new: int | None


@lru_cache(maxsize=8)
def pairs(old: Overview, new: Overview) -> tuple[Pair, ...]:
    """Which scene has become which, told by the guides that have them; in the new version's order.

    The same guide is the one for the same cases, channel and facts, whatever it says. Scenes of guides that only one
    version has are said to be new or gone unless another guide has them.
    """
    before = {_whose(guide): guide.scenes for guide in old.survey.guides}
    both = {(before[_whose(guide)], guide.scenes) for guide in new.survey.guides if _whose(guide) in before}
    found: dict[Pair, None] = {}
    for was, now in ((_placed(old, was), _placed(new, now)) for was, now in both):
        found |= dict.fromkeys(Pair(was.get(place), now.get(place)) for place in was.keys() | now.keys())
    known_old, known_new = {pair.old for pair in found}, {pair.new for pair in found}
    found |= dict.fromkeys(Pair(number, None) for number in range(len(old.keys)) if number not in known_old)
    found |= dict.fromkeys(Pair(None, number) for number in range(len(new.keys)) if number not in known_new)
    order = list(dict.fromkeys(scene.scene for scene in (*new.survey.scenes, *old.survey.scenes)))

    def place(pair: Pair) -> tuple[int, int, int]:
        overview, number = (old, pair.old) if pair.new is None else (new, pair.new)
        scene = overview.survey.scenes[number or 0]
        return order.index(scene.scene), number or 0, -1 if pair.old is None else pair.old

    return tuple(sorted(found, key=place))


def _whose(guide: FilledGuide) -> tuple[str, str, str]:
    return guide.cases, guide.channel, guide.about


def _placed(overview: Overview, scenes: tuple[int, ...]) -> Mapping[tuple[str, int], int]:
    """A guide's scenes by name; one that comes again is told apart."""
    placed: dict[tuple[str, int], int] = {}
    for number in scenes:
        name, again = overview.survey.scenes[number].scene, 0
        while (name, again) in placed:
            again += 1
        placed[name, again] = number
    return placed


# --- how it is kept --------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _studio(bench: Bench) -> Studio:
    """A worker's own studio, opened once."""
    return open_studio(Campaign(bench.pack), replace(bench.settings, voice=VOICE, size=SIZE), threads=1)


def _key(scene: FilledScene, studio: Studio) -> str:
    """The segment's key, or what there is of it where the drawing is not whole."""
    pack = studio.campaign
    try:
        segment = studio.key(scene)
    except PackError:
        segment = key_of([pack.folder.name, scene.scene, plain(scene.values)])
    return key_of([PROOF_VERSION, segment, pack.description.limits.gulpease])


def _unreadable(path: Path | str, error: OSError) -> StoreError:
    return StoreError(path, f"non si può leggere: {system_reason(error)}")


@lru_cache(maxsize=4)
def _overview(path: Path) -> Overview:
    try:
        kept = json.loads(path.read_bytes())
        guides = tuple(
            FilledGuide(cases, channel, about, few, tuple(scenes))
            for cases, channel, about, few, scenes in kept["guides"]
        )
        findings = tuple(Finding(*finding) for finding in kept["findings"])
        surveyed = Survey(guides, tuple(map(_thawed, kept["scenes"])), findings)
        return Overview(surveyed, tuple(kept["keys"]), tuple(kept["looks"]), tuple(kept["variants"]))
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ValueError, TypeError, KeyError) as error:
        with suppress(OSError):
            path.unlink()
        raise StoreError(path, "era danneggiato ed è stato tolto: prova di nuovo") from error


def _frozen(scene: FilledScene) -> list[Any]:
    return [
        *(scene.scene, scene.chapter, plain(scene.values)),
        [astuple(sentence) for sentence in scene.sentences],
        [astuple(button) for button in scene.buttons],
    ]


def _thawed(data: list[Any]) -> FilledScene:
    scene, chapter, values, sentences, buttons = data
    return FilledScene(
        scene,
        chapter,
        {name: _value(value) for name, value in values.items()},
        tuple(Sentence(*sentence) for sentence in sentences),
        tuple(
            Button(button, label, sentence, window, link, tuple(area) if area else None)
            for button, label, sentence, window, link, area in buttons
        ),
    )


def _value(value: Any) -> Value:
    """A value of a scene as it was before JSON made lists of tuples."""
    if isinstance(value, list):
        return tuple(map(_value, value))
    return {name: _value(one) for name, one in value.items()} if isinstance(value, dict) else value
