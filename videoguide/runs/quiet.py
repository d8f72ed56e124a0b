# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Makes sure that no run is going on while pieces are removed.

A run relies on segments that it has found in the store but not yet recorded. So whatever removes pieces locks the
output folders of runs, and checks before each batch that no run has begun meanwhile.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlmodel import col

from videoguide.errors import Busy
from videoguide.locks import only_run
from videoguide.records.database import Database, Run, now
from videoguide.store import Store

RUN_LASTS = timedelta(days=1)
"""How long a run without an end counts as going on, where its output folder is missing and so cannot tell."""

RunCheck = Callable[[], None]
"""Raises Busy when a run has begun."""


@contextmanager
def no_run(database: Database, outputs: Iterable[Path] = (), *, store: Store | None = None) -> Iterator[RunCheck]:
    """Hold off runs on these output folders, and make sure that there is none elsewhere; no backup of the store, too.

    Gives a function to be called before each batch of work, which raises Busy when a run has begun meanwhile. A run
    that was killed has no end either, but no longer locks its folder. Raises Busy when a run is going on.
    """

    def check() -> None:
        for number, started_at, _ in _open_runs(database):
            if number not in stopped:
                raise Busy(
                    f"un render è in corso dalle {started_at:%H:%M} UTC del {started_at:%d/%m/%Y}; "
                    "aspetta che finisca e rilancia il comando"
                )

    with ExitStack() as held:
        if store:
            held.enter_context(only_run(store.root))
        stopped: set[int] = set()
        unended = list(_open_runs(database))
        for place in sorted({*outputs, *(output for _, _, output in unended)}):
            if place.is_dir():
                held.enter_context(only_run(place))
        for number, started_at, output in unended:
            if output.is_dir() or now() - started_at > RUN_LASTS:
                stopped.add(number)
        check()
        yield check


def _open_runs(database: Database) -> list[tuple[int, datetime, Path]]:
    query = select(col(Run.id), col(Run.started_at), col(Run.output)).where(col(Run.ended_at).is_(None))
    with database.session() as session:
        return [(number or 0, started_at, Path(output)) for number, started_at, output in session.execute(query)]


def skip_check() -> None:
    """The check for work that changes nothing, and so disturbs no run."""
