# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Removes the pieces of the store that nothing needs any more."""

import time
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

from videoguide.guide.guides import OUTLINES
from videoguide.media.payload import SEGMENTS
from videoguide.records.database import Database
from videoguide.runs import pairing
from videoguide.runs.pieces import Removed, needed, remove_pieces, speech_of
from videoguide.runs.quiet import no_run, skip_check
from videoguide.speech.narration import SPEECH
from videoguide.store import Store


def prune(store: Store, database: Database, *, keep_days: int = 1, dry_run: bool = False) -> list[Removed]:
    """Remove segments, outlines and speech that no guide or preview needs and that are ``keep_days`` days old.

    The days protect what a preview has just made. Layers stay: they hold nothing about a person, there are about as
    many as a pack has drawings, and nothing tells which of them the next segment will need. Raises InputError for a
    store that is another database's, Busy while a render or a backup is going on, StoreError.
    """
    pairing.join(store, database)
    until = time.time() - timedelta(days=keep_days).total_seconds()
    with nullcontext(skip_check) if dry_run else no_run(database, store=store) as check:
        if not dry_run:
            store.sweep()
        outlines, segments = needed(database)
        segments |= {key for key in store.keys(SEGMENTS) if not _is_older(store.path(SEGMENTS, key), until)}
        kept = {OUTLINES: outlines, SEGMENTS: segments, SPEECH: speech_of(store, segments)}
        return [
            remove_pieces(
                store,
                kind,
                (key for key in store.keys(kind) if key not in kept[kind] and _is_older(store.path(kind, key), until)),
                check,
                dry_run,
            )
            for kind in (SPEECH, SEGMENTS, OUTLINES)
        ]


def _is_older(path: Path, until: float) -> bool:
    try:
        return path.stat().st_mtime <= until
    except FileNotFoundError:
        return False
