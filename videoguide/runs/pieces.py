# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Which pieces of the store the guides and previews in the database are made of, and the removal of others.

A store belongs to one database: a piece that nothing in it needs is not needed at all.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice

from sqlalchemy import ColumnElement, select, true
from sqlmodel import col

from videoguide.errors import StoreError
from videoguide.guide.keys import GuideKeys
from videoguide.media import payload
from videoguide.media.payload import SEGMENTS
from videoguide.records.database import Database, GuideRecord, Preview
from videoguide.runs.quiet import RunCheck
from videoguide.store import Store

BATCH = 500
"""How many guides, or pieces, are deleted between two checks that no run has begun."""
ROWS_AT_A_TIME = 1000
ALL = true()


@dataclass(frozen=True)
class Removed:
    """How many pieces of one kind were removed, or would be."""

    kind: str
    pieces: int
    size_bytes: int


def remove_pieces(store: Store, kind: str, keys: Iterable[str], check: RunCheck, dry_run: bool) -> Removed:
    """Remove these pieces of a kind from the store; ``dry_run`` only counts. Calls ``check`` before each batch."""
    pieces = size_bytes = 0
    rest = iter(keys)
    while batch := list(islice(rest, BATCH)):
        if not dry_run:
            check()
        for key in batch:
            try:
                piece_bytes = store.path(kind, key).stat().st_size
            except FileNotFoundError:
                continue
            if dry_run or store.remove(kind, key):
                pieces, size_bytes = pieces + 1, size_bytes + piece_bytes
    return Removed(kind, pieces, size_bytes)


def needed(
    database: Database, guides: ColumnElement[bool] = ALL, previews: ColumnElement[bool] = ALL
) -> tuple[set[str], set[str]]:
    """Keys of the outlines and of the segments of guides and previews: of all, or of those with these conditions."""
    outlines: set[str] = set()
    segments: set[str] = set()
    for keys in chain(guide_keys(database, GuideRecord, guides), guide_keys(database, Preview, previews)):
        if keys.outline:  # a guide whose person was forgotten is made of nothing any more
            outlines.add(keys.outline)
        segments.update(keys.segments)
    return outlines, segments


def guide_keys(
    database: Database, table: type[GuideRecord] | type[Preview], which: ColumnElement[bool] = ALL
) -> Iterator[GuideKeys]:
    """The keys of each guide, or preview; only some are in memory at a time."""
    query = select(col(table.outline), col(table.segments)).where(which)
    with database.session() as session:
        for outline, segments in session.execute(query.execution_options(yield_per=ROWS_AT_A_TIME)):
            yield GuideKeys.unpacked(outline, segments)


def speech_of(store: Store, segments: Iterable[str]) -> set[str]:
    """Keys of the speech in these segments; segments that are missing or damaged are passed over."""
    speech: set[str] = set()
    for key in segments:
        with suppress(StoreError):
            speech.update(payload.read(store.path(SEGMENTS, key)).info.speech)
    return speech
