# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Whether the portal can serve people, found out by doing it: reading and writing the database, reading the store."""

import asyncio
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from videoguide.errors import StoreError, system_reason
from videoguide.records.database import Database, LoginSession

LASTS_SECONDS = 1.0
"""How old an answer may be: however often somebody asks, the database is troubled once in that time."""

LEAST_FREE_BYTES = 1 << 20
"""With less, the store has no room for another scene."""

Status = Literal["ok", "reduced", "unavailable"]


@dataclass(frozen=True)
class Health:
    """Whether the database can be read, whether the store can, and what is wrong, for staff."""

    database: bool
    store: bool
    problems: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """``reduced``: guides can be watched, but something else does not work."""
        if not (self.database and self.store):
            return "unavailable"
        return "reduced" if self.problems else "ok"


class Readiness:
    """Looks when somebody asks, but not more often than an answer lasts, and in one thread however many ask."""

    def __init__(self, look: Callable[[], Health], *, lasts_seconds: float = LASTS_SECONDS) -> None:
        self._look, self._lasts_seconds = look, lasts_seconds
        self._looking: asyncio.Task[Health] | None = None
        self._looked_at = 0.0

    async def health(self) -> Health:
        """How things are, or were a moment ago."""
        looking = self._looking
        if looking is None or (looking.done() and time.monotonic() - self._looked_at >= self._lasts_seconds):
            looking = self._looking = asyncio.create_task(self._now())
        return await asyncio.shield(looking)  # one who hangs up does not take the answer from the others

    async def _now(self) -> Health:
        try:
            # not in the threads that serve pages: they may all be waiting for the very thing that is looked at
            return await asyncio.to_thread(self._look)
        finally:
            self._looked_at = time.monotonic()


def look(database: Database, store: Path) -> Health:
    """Read and write the database, read the store."""
    database_problem = _unreadable(database)
    writing_problem = "" if database_problem else _unwritable(database)
    store_problem = _unlistable(store)
    room_problem = "" if store_problem else _full(store)
    problems = (database_problem, writing_problem, store_problem, room_problem)
    return Health(not database_problem, not store_problem, tuple(problem for problem in problems if problem))


def _unreadable(database: Database) -> str:
    try:
        with database.session(patient=False) as session:
            session.get(LoginSession, "")
    except StoreError as error:
        return _sentence(error.reason)
    return ""


def _unwritable(database: Database) -> str:
    """A row is put there and taken away: only a commit that changes something finds a full disk."""
    try:
        with database.session(patient=False) as session:
            trace = LoginSession(token_hash=f"readyz-{secrets.token_hex(16)}")
            session.add(trace)
            session.flush()
            session.delete(trace)
    except StoreError as error:
        lost = "Le guide si vedono, ma non si può entrare e non si salvano né visioni né valutazioni."
        return f"{_sentence(error.reason)} {lost}"
    return ""


def _unlistable(store: Path) -> str:
    try:
        next(store.iterdir(), None)
    except OSError as error:
        return f"Il magazzino delle scene non si può leggere: {system_reason(error)}."
    return ""


def _full(store: Path) -> str:
    try:
        free = shutil.disk_usage(store).free
    except OSError as error:
        return f"Il magazzino delle scene non si può leggere: {system_reason(error)}."
    if free >= LEAST_FREE_BYTES:
        return ""
    return "Il magazzino delle scene non ha più posto: le guide si vedono, ma non se ne possono fare."


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
