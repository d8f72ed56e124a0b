# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What is different between two versions of a pack: scene by scene, and entry by entry of its files."""

import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from videoguide.errors import StoreError, system_reason
from videoguide.guide.script import FilledScene
from videoguide.packs.campaigns import ART, FONTS, LEXICON, PAGES, SHARED, kept_name
from videoguide.portal.staff.check import entries_of, picture_of
from videoguide.portal.staff.check_views import ComparisonPage, EntryChange, FileChange, Marked, SceneChange, Side
from videoguide.proof import proofs
from videoguide.proof.proofs import Bench, Overview, Pair
from videoguide.store import digest_of

Lines = tuple[tuple[Marked, ...], ...]

REWORDED = ("Parole cambiate", "Parole e immagine cambiate")

_WORD = re.compile(r"\n|[^\s]+[^\S\n]*")
_NAMES = ("id", "scene", "reason")
"""The fields that name an entry of a list."""


@dataclass(frozen=True)
class Change:
    """A pair of scenes that differ, and in how many other pairs the words change in the same way."""

    pair: Pair
    what: str
    alike: int = 0


def compared(page: ComparisonPage, campaign: str, old: Bench, new: Bench) -> ComparisonPage:
    """The page with everything that differs in the two versions, as far as their scenes have been listed.

    Raises StoreError, PackError.
    """
    page = replace(page, files=tuple(_files_changed(old.pack, new.pack)))
    before, after = proofs.find_overview(old), proofs.find_overview(new)
    if before is None or after is None:
        return replace(page, progress_url=f"{page.url}/progress")
    scene_changes = changes(before, after)
    changed = {_scene(before, after, change.pair) for change in scene_changes}
    chapters = {scene.scene: scene.chapter for scene in (*before.survey.scenes, *after.survey.scenes)}
    same = tuple(chapter for scene, chapter in chapters.items() if scene not in changed)
    is_drawn = next(undrawn([old, new], [before, after]), None) is None
    return replace(
        page,
        ready=True,
        summary=_summary(scene_changes, len(same)),
        changes=tuple(_shown(campaign, old, before, after, change) for change in scene_changes),
        same=same,
        progress_url="" if is_drawn else f"{page.url}/progress",
    )


def undrawn(benches: Sequence[Bench], overviews: Sequence[Overview]) -> Iterator[tuple[Bench, Overview, int]]:
    """The scenes of a comparison that have no picture yet. Raises StoreError."""
    wanted: dict[str, tuple[Bench, Overview, int]] = {}
    for change in changes(overviews[0], overviews[1]):
        for bench, overview, index in zip(benches, overviews, (change.pair.old, change.pair.new), strict=True):
            if index is not None:
                wanted.setdefault(overview.keys[index], (bench, overview, index))
    return (scene for key, scene in wanted.items() if proofs.find_proof(benches[0].store, key) is None)


@lru_cache(maxsize=8)
def changes(old: Overview, new: Overview) -> tuple[Change, ...]:
    """The pairs of scenes that differ, in the guide's order.

    All different looks are among them. Of the fillings that look alike, each way in which words change is there once.
    """
    pairs = [pair for pair in proofs.pairs(old, new) if _differ(old, new, pair)]
    looks = {pair for pair in pairs if pair.old in old.variants or pair.new in new.variants}
    ways = Counter(_way(old, new, pair) for pair in pairs)
    chosen: dict[tuple[object, ...], Pair] = {}
    for pair in sorted(pairs, key=lambda pair: pair not in looks):
        way = _way(old, new, pair)
        look = (_look(old, pair.old), _look(new, pair.new))
        if pair in looks and look[0] != look[1]:
            chosen.setdefault((*way, *look), pair)
        elif not any(key[: len(way)] == way for key in chosen):
            chosen[way] = pair
    kept = set(chosen.values())
    return tuple(
        Change(pair, what := _what(old, new, pair), ways[_way(old, new, pair)] - 1 if what in REWORDED else 0)
        for pair in pairs
        if pair in kept
    )


def marked(old: Sequence[str], new: Sequence[str]) -> tuple[Lines, Lines]:
    """The lines of both sides, with the words marked that were taken out or put in."""
    before, after = _WORD.findall("\n".join(old)), _WORD.findall("\n".join(new))
    left: list[Marked] = []
    right: list[Marked] = []
    for kind, i, j, k, m in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        left += [("same" if kind == "equal" else "del", word) for word in before[i:j]]
        right += [("same" if kind == "equal" else "ins", word) for word in after[k:m]]
    return _lines(left), _lines(right)


def _lines(words: Iterable[Marked]) -> Lines:
    lines: list[list[Marked]] = [[]]
    for kind, word in words:
        if word == "\n":
            lines.append([])
        elif lines[-1] and lines[-1][-1][0] == kind:
            lines[-1][-1] = kind, lines[-1][-1][1] + word
        else:
            lines[-1].append((kind, word))
    return tuple(tuple(line) for line in lines if line)


# --- scenes ----------------------------------------------------------------------------------------------


def _scene(old: Overview, new: Overview, pair: Pair) -> str:
    scene = _filled(new, pair.new) or _filled(old, pair.old)
    return scene.scene if scene else ""


def _filled(overview: Overview, index: int | None) -> FilledScene | None:
    return None if index is None else overview.survey.scenes[index]


def _look(overview: Overview, index: int | None) -> str:
    return "" if index is None else overview.looks[index]


def _differ(old: Overview, new: Overview, pair: Pair) -> bool:
    if pair.old is not None and pair.new is not None and old.keys[pair.old] == new.keys[pair.new]:
        return False
    words = [_words(_filled(old, pair.old)), _words(_filled(new, pair.new))]
    return words[0] != words[1] or _look(old, pair.old) != _look(new, pair.new)


def _words(scene: FilledScene | None) -> tuple[str, ...]:
    """All that a scene says and offers, line by line."""
    if scene is None:
        return ()
    buttons = (f"Pulsante: {button.label} ({button.window or button.link})" for button in scene.buttons)
    return (f"Capitolo: {scene.chapter}", *(sentence.text for sentence in scene.sentences), *buttons)


def _way(old: Overview, new: Overview, pair: Pair) -> tuple[object, ...]:
    """The way in which words change: what is taken out and put in, in which scene."""
    before, after = _filled(old, pair.old), _filled(new, pair.new)
    left, right = marked(_words(before), _words(after))
    taken = tuple(word for line in left for kind, word in line if kind == "del")
    put = tuple(word for line in right for kind, word in line if kind == "ins")
    if before is None or after is None:
        return _scene(old, new, pair), before is None, taken, put
    return _scene(old, new, pair), "words", taken, put


def _what(old: Overview, new: Overview, pair: Pair) -> str:
    name = _scene(old, new, pair)
    if pair.old is None:
        return "Variante nuova" if any(scene.scene == name for scene in old.survey.scenes) else "Scena nuova"
    if pair.new is None:
        return "Variante tolta" if any(scene.scene == name for scene in new.survey.scenes) else "Scena tolta"
    if _words(_filled(old, pair.old)) == _words(_filled(new, pair.new)):
        return "Immagine cambiata"
    return REWORDED[_look(old, pair.old) != _look(new, pair.new)]


def _summary(scene_changes: Sequence[Change], same: int) -> str:
    if not scene_changes:
        return "Le guide dicono e mostrano le stesse cose."
    counts = Counter(change.what for change in scene_changes)
    words = "; ".join(f"{what.lower()}: {count}" for what, count in counts.items())
    return f"{words[:1].upper()}{words[1:]}; scene uguali: {same}"


def _shown(campaign: str, bench: Bench, old: Overview, new: Overview, change: Change) -> SceneChange:
    before, after = _filled(old, change.pair.old), _filled(new, change.pair.new)
    left, right = marked(*_without_same(_words(before), _words(after)))
    scene = after or before
    assert scene is not None

    def side(overview: Overview, index: int | None, lines: Lines) -> Side | None:
        if index is None:
            return None
        key = overview.keys[index]
        proof = proofs.find_proof(bench.store, key)
        return Side(picture_of(campaign, key, overview.survey.scenes[index], proof), lines)

    return SceneChange(
        title=scene.chapter,
        scene=scene.scene,
        about=entries_of(scene),
        what=change.what,
        alike=change.alike,
        old=side(old, change.pair.old, left),
        new=side(new, change.pair.new, right),
    )


def _without_same(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines of both sides without the chapter and the buttons that are the same on both."""
    same = {line for line in old if line.startswith(("Capitolo: ", "Pulsante: "))} & set(new)
    return tuple(line for line in old if line not in same), tuple(line for line in new if line not in same)


# --- files -----------------------------------------------------------------------------------------------


def _files_changed(old: Path, new: Path) -> Iterator[FileChange]:
    """The files that are not the same, and of TOML files the entries. Raises StoreError."""
    shared = map(kept_name, SHARED)
    kept_by_both = {name for name in shared if (old / name).exists() and (new / name).exists()}
    before, after = _files(old, kept_by_both), _files(new, kept_by_both)
    for name in sorted(before.keys() | after.keys(), key=lambda name: (name.startswith("."), "/" in name, name)):
        if name not in before or name not in after:
            yield FileChange(_file_title(name), "nuovo" if name in after else "tolto")
        elif digest_of(before[name]) != digest_of(after[name]):
            if name.endswith(".toml"):
                entries = tuple(_entries_changed(_entries(before[name]), _entries(after[name])))
                what = "cambiato" if entries else "cambiati solo commenti o spazi"
                yield FileChange(_file_title(name), what, entries)
            else:
                yield FileChange(_file_title(name), "disegno cambiato" if name.endswith(".svg") else "cambiato")


SHARED_TITLES = {ART: "disegni comuni", FONTS: "caratteri", LEXICON: "lessico della pronuncia", PAGES: "pagine comuni"}
"""How staff read what all campaigns share."""


def _file_title(name: str) -> str:
    """A file as staff read it: for what all campaigns share, with words for what it is."""
    part, _, rest = name.partition("/")
    titles = {kept_name(shared): title for shared, title in SHARED_TITLES.items()}
    return f"{rest or part.removeprefix('.')} ({titles[part]})" if part in titles else name


def _files(folder: Path, shared: Collection[str]) -> dict[str, Path]:
    """Every file of a kept version by its name there; of what all campaigns share, only these parts."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path for name, path in files.items() if not name.startswith(".") or name.split("/")[0] in shared}


def _entries(file: Path) -> dict[str, str]:
    """The entries of a TOML file by their place: ``links.service.url`` -> ``https://…``."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise StoreError(file, f"non si può leggere: {system_reason(error)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StoreError(file, f"non è TOML in UTF-8: {error}") from error
    return dict(_flat(data, ""))


def _flat(data: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(data, Mapping):
        for name, value in data.items():
            yield from _flat(value, f"{where}.{name}" if where else name)
    elif isinstance(data, list) and any(isinstance(item, Mapping) for item in data):
        for number, item in enumerate(data, 1):
            named = next((item[name] for name in _NAMES if name in item), number)
            yield from _flat(item, f"{where}.{named}")
    elif isinstance(data, list):
        yield where, ", ".join(map(str, data))
    else:
        yield where, {True: "sì", False: "no"}[data] if isinstance(data, bool) else str(data)


def _entries_changed(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[EntryChange]:
    for where in dict.fromkeys((*new, *old)):
        if old.get(where) != new.get(where):
            left, right = marked(old.get(where, "").splitlines(), new.get(where, "").splitlines())
            yield EntryChange(where, _joined(left), _joined(right))


def _joined(lines: Lines) -> tuple[Marked, ...]:
    return tuple(part for line in lines for part in line)
