# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What is in the store, and whether it is whole."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from videoguide.errors import StoreError, system_reason
from videoguide.guide.guides import OUTLINES
from videoguide.locks import only_run
from videoguide.media import payload
from videoguide.media.payload import SEGMENTS
from videoguide.picture.layers import LAYERS
from videoguide.progress import Tell, silently
from videoguide.records.database import Database, GuideRecord
from videoguide.runs.pieces import guide_keys, needed, speech_of
from videoguide.speech.narration import SPEECH
from videoguide.store import Store, key_of


@dataclass(frozen=True)
class Stock:
    """Pieces of one kind in the store; ``used`` by guides and previews, or None for kinds whose use is not recorded."""

    kind: str
    pieces: int
    size_bytes: int
    used: int | None


def stats(store: Store, database: Database) -> list[Stock]:
    """What the store holds, by kind. Raises StoreError."""
    outlines, segments = needed(database)
    used = {OUTLINES: outlines, SEGMENTS: segments, SPEECH: speech_of(store, segments)}
    stocks = []
    for kind in sorted(folder.name for folder in store.root.glob("*") if folder.is_dir()):
        sizes_bytes = dict(_sizes_bytes(store, kind))
        count = sum(key in used[kind] for key in sizes_bytes) if kind in used else None
        stocks.append(Stock(kind, len(sizes_bytes), sum(sizes_bytes.values()), count))
    return stocks


def _sizes_bytes(store: Store, kind: str) -> Iterator[tuple[str, int]]:
    for key in store.keys(kind):
        with suppress(FileNotFoundError):
            piece = store.path(kind, key)
            parts = (part for part in piece.rglob("*") if part.is_file()) if piece.is_dir() else (piece,)
            yield key, sum(part.stat().st_size for part in parts)


@dataclass(frozen=True)
class Damage:
    """A piece that cannot be used, and why."""

    kind: str
    key: str
    reason: str


@dataclass(frozen=True)
class Verified:
    """How many pieces were checked, which of them are damaged, and how many guides need a damaged one."""

    checked: int
    damaged: tuple[Damage, ...]
    guides: int


def verify(store: Store, database: Database, tell: Tell = silently) -> Verified:
    """Check every byte of every piece whose kind can be checked; nothing is changed. Raises StoreError."""
    pieces = [(kind, key) for kind in _CHECKS for key in store.keys(kind)]
    damaged = []
    for done, (kind, key) in enumerate(pieces, 1):
        if reason := _CHECKS[kind](store, key):
            damaged.append(Damage(kind, key, reason))
        tell(kind, done, len(pieces))
    damaged_pieces = {(damage.kind, damage.key) for damage in damaged}
    needing = (
        (OUTLINES, keys.outline) in damaged_pieces or any((SEGMENTS, key) in damaged_pieces for key in keys.segments)
        for keys in guide_keys(database, GuideRecord)
    )
    return Verified(len(pieces), tuple(damaged), sum(needing) if damaged else 0)


def remove_damaged(store: Store, damaged: Iterable[Damage]) -> int:
    """Remove the pieces that are still damaged; returns how many. The next render remakes what it needs.

    Raises Busy while a backup is going on, StoreError.
    """
    with only_run(store.root):
        return sum(
            bool(_CHECKS[damage.kind](store, damage.key)) and store.remove(damage.kind, damage.key)
            for damage in damaged
        )


def _check_segment(store: Store, key: str) -> str:
    try:
        payload.verify(store.path(SEGMENTS, key))
    except StoreError as error:
        return error.reason
    return ""


def _check_outline(store: Store, key: str) -> str:
    """An outline's key is the hash of all that it holds."""
    try:
        whole = key_of(json.loads(store.path(OUTLINES, key).read_bytes())) == key
    except OSError as error:
        return f"non si può leggere: {system_reason(error)}"
    except ValueError:
        whole = False
    return "" if whole else "danneggiato: non è lo schema di una guida"


def _check_speech(store: Store, key: str) -> str:
    from videoguide.speech.narration import unpacked

    try:
        whole = unpacked(store.path(SPEECH, key).read_bytes()) is not None
    except OSError as error:
        return f"non si può leggere: {system_reason(error)}"
    return "" if whole else "danneggiato: non è una frase detta"


def _check_layer(store: Store, key: str) -> str:
    from videoguide.picture.drawing import stored_layer

    return "" if stored_layer(store, key) else "danneggiato: non è un disegno"


_CHECKS: Mapping[str, Callable[[Store, str], str]] = {
    SEGMENTS: _check_segment,
    SPEECH: _check_speech,
    OUTLINES: _check_outline,
    LAYERS: _check_layer,
}
