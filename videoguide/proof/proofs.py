# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The proof of a pack, kept scene by scene in the store: how long a scene lasts, how it looks, what ``check`` finds.

A proof is reused as long as nothing that goes into its scene has changed, in this version of the pack or in another.
So looking again after a small change costs little, and two versions can be laid side by side.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from videoguide.errors import PackError, StoreError, system_reason
from videoguide.guide.script import FilledScene, Value
from videoguide.guide.segments import POSTER_BEFORE_END_FRAMES, Studio, open_studio, plain
from videoguide.media.payload import Button
from videoguide.packs.campaigns import Campaign
from videoguide.proof import check, sheets
from videoguide.proof.check import FilledGuide, Finding, Survey
from videoguide.settings import Settings
from videoguide.speech.sentences import Sentence
from videoguide.store import Store, key_of

PROOFS, OVERVIEWS = "proofs", "overviews"
"""The store's kinds of a scene's proof, and of the overview of a version of a pack."""
PROOF_VERSION = 1
"""To be raised when the same scene gives another proof: what ``check`` allows, how its picture is taken."""
VOICE, SIZE_PX = "silent", (640, 360)


@dataclass(frozen=True)
class Bench:
    """Where a pack is proved: the folder of a kept version, which nobody edits, and the settings."""

    pack: Path
    settings: Settings

    @property
    def store(self) -> Store:
        """The store that holds the proofs."""
        return Store(self.settings.store)

    @property
    def overview_key(self) -> str:
        """The key under which the overview is kept."""
        return key_of([PROOF_VERSION, self.pack.name])


@dataclass(frozen=True, eq=False)
class Overview:
    """What is to be proved in a version of a pack.

    ``keys`` are those of the proofs of all scenes; scenes that look alike have the same hash in ``looks``;
    ``variants`` are the numbers of the scenes that look different, in the order of the pack's scenes.
    """

    survey: Survey
    keys: tuple[str, ...]
    looks: tuple[str, ...]
    variants: tuple[int, ...]


@dataclass(frozen=True)
class Proof:
    """What is kept of a scene: how many seconds it lasts (0 if it cannot be drawn), and what is wrong with it."""

    seconds: float
    findings: tuple[Finding, ...]


# --- jobs for worker processes ---------------------------------------------------------------------------


def make_overview(bench: Bench) -> None:
    """Fill all guides of a pack, and keep the overview. Raises PackError, StoreError."""
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
    """Look at a scene, take its picture, and keep the proof and the picture. Raises StoreError."""
    from videoguide.picture import pictures

    look = check.look_at(scene, _studio(bench))
    proof = Proof(look.seconds, look.findings)
    head = json.dumps([proof.seconds, [astuple(finding) for finding in proof.findings]])
    picture = pictures.poster(look.drawing, look.drawing.frames - POSTER_BEFORE_END_FRAMES) if look.drawing else b""
    bench.store.put(PROOFS, key, [head.encode(), b"\n", picture])
    return proof


# --- what is kept ----------------------------------------------------------------------------------------


def find_overview(bench: Bench) -> Overview | None:
    """The overview of a pack, if it has been made. Raises StoreError."""
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
    """Numbers of the scenes that have no proof yet, those that look different first."""
    store, seen = bench.store, set[str]()
    for number in dict.fromkeys(chain(overview.variants, range(len(overview.keys)))):
        key = overview.keys[number]
        if key not in seen and find_proof(store, key) is None:
            yield number
        seen.add(key)


# --- two versions side by side ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """A filled scene as it was and as it is, as numbers in the two versions' surveys.

    None where the same guide does not have it in that version.
    """

    old: int | None
    new: int | None


@lru_cache(maxsize=8)
def pairs(old: Overview, new: Overview) -> tuple[Pair, ...]:
    """Which scene of one version has become which of the other, in the new version's order.

    Scenes are paired by the guides that both versions have: those for the same cases, channel and details, whatever
    they say. A scene that is in none of them is new or gone.
    """
    old_guides = {_identity(guide): guide.scenes for guide in old.survey.guides}
    in_both = {
        (old_guides[_identity(guide)], guide.scenes) for guide in new.survey.guides if _identity(guide) in old_guides
    }
    paired: dict[Pair, None] = {}
    for old_scenes, new_scenes in in_both:
        was, now = _placed(old, old_scenes), _placed(new, new_scenes)
        paired |= dict.fromkeys(Pair(was.get(place), now.get(place)) for place in was.keys() | now.keys())
    paired_old, paired_new = {pair.old for pair in paired}, {pair.new for pair in paired}
    paired |= dict.fromkeys(Pair(number, None) for number in range(len(old.keys)) if number not in paired_old)
    paired |= dict.fromkeys(Pair(None, number) for number in range(len(new.keys)) if number not in paired_new)
    order = list(dict.fromkeys(scene.scene for scene in (*new.survey.scenes, *old.survey.scenes)))

    def place(pair: Pair) -> tuple[int, int, int]:
        overview, number = (old, pair.old) if pair.new is None else (new, pair.new)
        scene = overview.survey.scenes[number or 0]
        return order.index(scene.scene), number or 0, -1 if pair.old is None else pair.old

    return tuple(sorted(paired, key=place))


def _identity(guide: FilledGuide) -> tuple[str, str, str]:
    return guide.cases, guide.channel, guide.details


def _placed(overview: Overview, scenes: tuple[int, ...]) -> Mapping[tuple[str, int], int]:
    """A guide's scenes by name and by how often the name came before."""
    placed: dict[tuple[str, int], int] = {}
    for number in scenes:
        name, repetition = overview.survey.scenes[number].scene, 0
        while (name, repetition) in placed:
            repetition += 1
        placed[name, repetition] = number
    return placed


# --- how it is kept --------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _studio(bench: Bench) -> Studio:
    """A worker's own studio, opened once."""
    return open_studio(Campaign(bench.pack), replace(bench.settings, voice=VOICE, size=SIZE_PX), threads=1)


def _key(scene: FilledScene, studio: Studio) -> str:
    """The key of a scene's proof: the segment's key goes into it, or where that fails the scene's values."""
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
            FilledGuide(cases, channel, details, representative, tuple(scenes))
            for cases, channel, details, representative, scenes in kept["guides"]
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
        [msgspec.structs.astuple(button) for button in scene.buttons],
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
    """A scene's value as it was before JSON turned tuples into lists."""
    if isinstance(value, list):
        return tuple(map(_value, value))
    return {name: _value(item) for name, item in value.items()} if isinstance(value, dict) else value
