# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Connections to the database: how they are set up, how long a program waits for one, and why there is none."""

import threading
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from videoguide.errors import StoreError

AWAY = "il database non risponde"
PAUSE_SECONDS = 0.1
"""Between two attempts to reach a server that has just gone."""

CONNECT_SECONDS = 3
SILENT_MS = 10_000
"""How long the network may keep silent about what was sent to a server."""

_LIBPQ = {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": SILENT_MS}
_LIBPQ_DRIVERS = {"psycopg", "psycopg2"}


@dataclass(frozen=True)
class Patience:
    """How long a program waits for its database.

    ``busy_ms``: on SQLite, until another writer has finished. ``away_seconds``: until a server that does not answer is
    back. ``pool_seconds``: for a connection, while all ``connections`` of the process are in use.
    """

    busy_ms: int
    away_seconds: float
    pool_seconds: float
    connections: int


RUNS = Patience(busy_ms=30_000, away_seconds=0, pool_seconds=30, connections=15)
"""A run of hours waits for another one's transaction rather than stop."""

PEOPLE = Patience(busy_ms=2_000, away_seconds=10, pool_seconds=5, connections=40)
"""Somebody waits for a page. A transaction of ours takes well below a second, so two are plenty for its lock; a server
that is restarted is back within ten. Reading never waits for a lock, and so SQLite gets a connection a thread: those
who wait to write leave one to those who read."""

_SERVERS_CONNECTIONS = 15
"""A server serves other processes too, and few of them wait for a lock."""


def engine_options(url: URL, patience: Patience) -> dict[str, Any]:
    """What ``create_engine`` is told beside the address; what the address says itself wins."""
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite and url.database in (None, "", ":memory:"):
        return {}
    most = patience.connections if is_sqlite else min(patience.connections, _SERVERS_CONNECTIONS)
    options: dict[str, Any] = {"pool_size": 5, "max_overflow": most - 5, "pool_timeout": patience.pool_seconds}
    if not is_sqlite:
        options["pool_pre_ping"] = True  # a server that was restarted has forgotten the connections of before
    if url.get_driver_name() in _LIBPQ_DRIVERS:
        options["connect_args"] = {name: value for name, value in _LIBPQ.items() if name not in url.query}
    return options


def set_up(engine: Engine, patience: Patience) -> None:
    """Have every new connection to SQLite set up; other databases need nothing."""
    if engine.dialect.name != "sqlite":
        return
    # secure_delete: deleted data is overwritten, as it may be about a person
    pragmas = (
        f"busy_timeout={patience.busy_ms}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "secure_delete=ON",
    )

    def connected(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine, "connect", connected)


class Reach:
    """The way to a database server, which may be away for a while. Safe to use from several threads.

    Whoever needs a connection while the server is away waits for it, up to ``away_seconds`` after it was missed
    first. Then one caller at a time goes on trying, and all others learn at once that it is away: they would only
    queue up.
    """

    def __init__(self, engine: Engine, shown: str, away_seconds: float) -> None:
        self._engine, self._shown, self._away_seconds = engine, shown, away_seconds
        self._is_server = engine.dialect.name != "sqlite"
        self._missed_at: float | None = None
        self._trying = threading.Lock()

    def connection(self, *, patient: bool = True) -> Connection:
        """A connection; without patience, of a server that is there now. Raises StoreError, SQLAlchemyError."""
        while True:
            if not self._is_given_up():
                if (connection := self._try(raising=not patient)) is not None:
                    return connection
                time.sleep(PAUSE_SECONDS)
            elif self._trying.acquire(blocking=False):
                try:
                    connection = self._try(raising=True)
                    assert connection is not None
                    return connection
                finally:
                    self._trying.release()
            else:
                raise StoreError(self._shown, AWAY)

    def _is_given_up(self) -> bool:
        missed_at = self._missed_at
        return missed_at is not None and time.monotonic() - missed_at >= self._away_seconds

    def _try(self, *, raising: bool) -> Connection | None:
        try:
            connection = self._engine.connect()
        except OperationalError as error:
            if not self._is_server:
                raise
            self._missed_at = self._missed_at or time.monotonic()
            if raising:
                raise StoreError(self._shown, AWAY) from error
            return None
        self._missed_at = None
        return connection


def was_cut(error: BaseException | None) -> bool:
    """Whether a statement failed because the connection to the server broke."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def reason(error: SQLAlchemyError) -> str:
    """Why the database refuses, without the statement and its values, which are personal data."""
    if was_cut(error):
        return "la connessione si è interrotta"
    message = str(getattr(error, "orig", "")).lower()
    for sign, words in _REASONS.items():
        if sign in message:
            return words
    return type(error).__name__


_REASONS = {
    "database or disk is full": "lo spazio sul disco è finito",
    "no space": "lo spazio sul disco è finito",
    "locked": "è occupato",
    "readonly": "è in sola lettura",
    "read-only": "è in sola lettura",
    "disk i/o error": "il disco non risponde come deve",
}
