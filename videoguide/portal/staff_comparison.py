"""What is different between two versions of a pack: scene by scene, and entry by entry of its files."""

import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from videoguide import proofs
from videoguide.campaigns import KEPT_ART
from videoguide.errors import StoreError, system_reason
from videoguide.portal.staff_check import entries_of, picture_of
from videoguide.portal.staff_check_views import ComparisonPage, Entry, FileChange, Marked, SceneChange, Side
from videoguide.proofs import Bench, Overview, Pair
from videoguide.script import FilledScene
from videoguide.store import digest_of

Lines = tuple[tuple[Marked, ...], ...]

REWORDED = ("Parole cambiate", "Parole e immagine cambiate")

_WORD = re.compile(r"\n|[^\s]+[^\S\n]*")
_NAMES = ("id", "scene", "reason")
"""What an entry of a list is called by, where it has a name of its own."""


@dataclass(frozen=True)
class Change:
    """A pair that differs, and in how many others the same words change in the same way."""

    pair: Pair
    what: str
    alike: int = 0


def compared(page: ComparisonPage, campaign: str, old: Bench, new: Bench) -> ComparisonPage:
    """The page with all that is known of the two. Raises StoreError, PackError."""
    page = replace(page, files=tuple(_files_changed(old.pack, new.pack)))
    was, now = proofs.find_overview(old), proofs.find_overview(new)
    if was is None or now is None:
        return replace(page, progress_url=f"{page.url}/progress")
    found = changes(was, now)
    changed = {_scene(was, now, change.pair) for change in found}
    chapters = {scene.scene: scene.chapter for scene in (*was.survey.scenes, *now.survey.scenes)}
    same = tuple(chapter for scene, chapter in chapters.items() if scene not in changed)
    missing = any(True for _ in undrawn([old, new], [was, now]))
    return replace(
        page,
        ready=True,
        summary=_summary(found, len(same)),
        changes=tuple(_shown(campaign, old, was, now, change) for change in found),
        same=same,
        progress_url=f"{page.url}/progress" if missing else "",
    )


def undrawn(benches: Sequence[Bench], overviews: Sequence[Overview]) -> Iterator[tuple[Bench, Overview, int]]:
    """Scenes of the comparison that have no picture yet."""
    wanted: dict[str, tuple[Bench, Overview, int]] = {}
    for change in changes(overviews[0], overviews[1]):
        for bench, overview, number in zip(benches, overviews, (change.pair.old, change.pair.new), strict=True):
            if number is not None:
                wanted.setdefault(overview.keys[number], (bench, overview, number))
    return (one for key, one in wanted.items() if proofs.find_proof(benches[0].store, key) is None)


@lru_cache(maxsize=8)
def changes(old: Overview, new: Overview) -> tuple[Change, ...]:
    """The pairs of scenes that differ, in the guide's order.

    All different looks are among them. Of fillings that show other lists of the same entries there are those whose
    words change in a way that no other's do.
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
        elif not any(known[: len(way)] == way for known in chosen):
            chosen[way] = pair
    kept = set(chosen.values())
    return tuple(
        Change(pair, what := _what(old, new, pair), ways[_way(old, new, pair)] - 1 if what in REWORDED else 0)
        for pair in pairs
        if pair in kept
    )


def marked(old: Sequence[str], new: Sequence[str]) -> tuple[Lines, Lines]:
    """Lines of words on both sides, what was taken out and put in marked word by word."""
    was, now = _WORD.findall("\n".join(old)), _WORD.findall("\n".join(new))
    left: list[Marked] = []
    right: list[Marked] = []
    for kind, i, j, k, m in difflib.SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        left += [("same" if kind == "equal" else "del", word) for word in was[i:j]]
        right += [("same" if kind == "equal" else "ins", word) for word in now[k:m]]
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


def _filled(overview: Overview, number: int | None) -> FilledScene | None:
    return None if number is None else overview.survey.scenes[number]


def _look(overview: Overview, number: int | None) -> str:
    return "" if number is None else overview.looks[number]


def _differ(old: Overview, new: Overview, pair: Pair) -> bool:
    if pair.old is not None and pair.new is not None and old.keys[pair.old] == new.keys[pair.new]:
        return False
    words = [_words(_filled(old, pair.old)), _words(_filled(new, pair.new))]
    return words[0] != words[1] or _look(old, pair.old) != _look(new, pair.new)


def _words(scene: FilledScene | None) -> tuple[str, ...]:
    """All that a scene says and offers, a line each."""
    if scene is None:
        return ()
    buttons = (f"Pulsante: {button.label} ({button.window or button.link})" for button in scene.buttons)
    return (f"Capitolo: {scene.chapter}", *(sentence.text for sentence in scene.sentences), *buttons)


def _way(old: Overview, new: Overview, pair: Pair) -> tuple[object, ...]:
    """In which way words change: what is taken out and put in, in which scene."""
    was, now = _filled(old, pair.old), _filled(new, pair.new)
    left, right = marked(_words(was), _words(now))
    taken = tuple(word for line in left for kind, word in line if kind == "del")
    put = tuple(word for line in right for kind, word in line if kind == "ins")
    if was is None or now is None:
        return _scene(old, new, pair), was is None, taken, put
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


def _summary(found: Sequence[Change], same: int) -> str:
    if not found:
        return "Le guide dicono e mostrano le stesse cose."
    counted = Counter(change.what for change in found)
    parts = [f"{what.lower()}: {count}" for what, count in counted.items()]
    words = "; ".join(parts)
    return f"{words[:1].upper()}{words[1:]}; scene uguali: {same}"


def _shown(campaign: str, bench: Bench, old: Overview, new: Overview, change: Change) -> SceneChange:
    was, now = _filled(old, change.pair.old), _filled(new, change.pair.new)
    left, right = marked(*_told_apart(_words(was), _words(now)))
    scene = now or was
    assert scene is not None

    def side(overview: Overview, number: int | None, lines: Lines) -> Side | None:
        if number is None:
            return None
        key = overview.keys[number]
        found = proofs.find_proof(bench.store, key)
        return Side(picture_of(campaign, key, overview.survey.scenes[number], found), lines)

    return SceneChange(
        title=scene.chapter,
        scene=scene.scene,
        about=entries_of(scene),
        what=change.what,
        alike=change.alike,
        old=side(old, change.pair.old, left),
        new=side(new, change.pair.new, right),
    )


def _told_apart(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Without the chapter and the buttons that are the same."""
    own = {line for line in (*old, *new) if line.startswith(("Capitolo: ", "Pulsante: "))} & set(old) & set(new)
    return tuple(line for line in old if line not in own), tuple(line for line in new if line not in own)


# --- files -----------------------------------------------------------------------------------------------


def _files_changed(old: Path, new: Path) -> Iterator[FileChange]:
    """Files that are not the same: those with words entry by entry. Raises StoreError."""
    was, now = _files(old), _files(new)
    for name in sorted(was.keys() | now.keys(), key=lambda name: (name.startswith(KEPT_ART), "/" in name, name)):
        if name not in was or name not in now:
            yield FileChange(_called(name), "nuovo" if name in now else "tolto")
        elif digest_of(was[name]) != digest_of(now[name]):
            if name.endswith(".toml"):
                entries = tuple(_entries_changed(_entries(was[name]), _entries(now[name])))
                yield FileChange(_called(name), "cambiato" if entries else "cambiati solo commenti o spazi", entries)
            else:
                yield FileChange(_called(name), "disegno cambiato")


def _called(name: str) -> str:
    return f"{name.removeprefix(f'{KEPT_ART}/')} (disegni comuni)" if name.startswith(f"{KEPT_ART}/") else name


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def _entries(file: Path) -> dict[str, str]:
    """A TOML file as entries by where they are: ``links.service.url`` -> ``https://…``."""
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


def _entries_changed(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Entry]:
    for where in dict.fromkeys((*new, *old)):
        if old.get(where) != new.get(where):
            left, right = marked(old.get(where, "").splitlines(), new.get(where, "").splitlines())
            yield Entry(where, _joined(left), _joined(right))


def _joined(lines: Lines) -> tuple[Marked, ...]:
    return tuple(part for line in lines for part in line)
