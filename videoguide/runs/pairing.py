# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A store and a database that belong together have the same id, and refuse each other's.

What no guide of *this* database needs is removed from the store; with another's store, that would be everything. An
installation from before there were ids is joined once, if the two show that they belong together.
"""

from itertools import islice

from videoguide.errors import InputError
from videoguide.guide.guides import OUTLINES
from videoguide.media.payload import SEGMENTS
from videoguide.modes import tighten
from videoguide.records import installation
from videoguide.records.database import Database, GuideRecord, redacted
from videoguide.records.versions import VERSIONS
from videoguide.runs.pieces import guide_keys, needed
from videoguide.store import Store

SAMPLE = 500
"""How many guides, and how many segments, are looked at."""
WHOLE_GUIDES = 0.9
"""How many of an older database's guides must be whole in a store that it takes over."""
NEEDED_SEGMENTS = 0.5
"""How many of that store's segments the database must need."""
UNFINISHED_FILE = "restoring"
"""In the store, while a backup is being restored."""


def join(store: Store, database: Database, *, unfinished: bool = False) -> None:
    """Make sure that store and database are of one installation, and make them so if the store is nobody's.

    A store without outlines and versions is nobody's, as every database has put some there. ``unfinished``: also where
    a backup is not completely restored. Raises InputError, which says what to do; StoreError.
    """
    mine = installation.identity(database)
    owner = store.owner()
    if not owner:
        older = mine.from_before and _belong_together(store, database)
        is_used = any(True for kind in (OUTLINES, VERSIONS) for _ in store.keys(kind))
        if is_used and not older and not store.owner():  # it may have been new, and somebody else quicker
            raise InputError(
                f"il magazzino {store.root} è pieno, e non si sa di quale database è: correggi VIDEOGUIDE_STORE o "
                f"VIDEOGUIDE_DATABASE; se è di {redacted(database.address)}: videoguide store join"
            )
        owner = _claim(store, database)
    if owner != mine.id:
        raise InputError(
            f"il magazzino {store.root} è di un altro database, non di {redacted(database.address)}: correggi "
            "VIDEOGUIDE_STORE o VIDEOGUIDE_DATABASE; se quel database non c’è più: videoguide store join --force"
        )
    if not unfinished and (store.root / UNFINISHED_FILE).exists():
        raise InputError(f"{store.root}: il ripristino non è finito: rilancia videoguide restore")


def join_by_hand(store: Store, database: Database, *, forced: bool) -> None:
    """Make the store the database's because somebody says so; ``forced`` takes it from another database.

    Raises InputError for a store that is another's, StoreError.
    """
    owner = _claim(store, database, forced=forced)
    if owner != installation.identity(database).id:
        join(store, database)  # says why not


def check(store: Store, database: Database) -> None:
    """Raise InputError if the two are known to be of two installations; nothing is changed. Raises StoreError."""
    owner = store.owner()
    if owner and owner != installation.identity(database).id:
        join(store, database)


def _claim(store: Store, database: Database, *, forced: bool = False) -> str:
    owner = store.claim(installation.identity(database).id, forced=forced)
    installation.settle_down(database)
    tighten(store.root)
    return owner


def _belong_together(store: Store, database: Database) -> bool:
    """Whether an older database's guides are made of this store's pieces, and most of those are there for them.

    Scenes that say no name are the same in every installation with the same campaign, so both are asked.
    """
    checked = whole = 0
    for keys in islice(guide_keys(database, GuideRecord), SAMPLE):
        checked += 1
        whole += all(store.find(SEGMENTS, key) for key in keys.segments)
    if not checked:
        return not any(True for _ in store.keys(OUTLINES))
    _, segments = needed(database)
    stored = list(islice(store.keys(SEGMENTS), SAMPLE))
    in_use = sum(key in segments for key in stored)
    return whole >= WHOLE_GUIDES * checked and in_use >= NEEDED_SEGMENTS * len(stored)
