# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Reporting the progress of long work to whoever listens, and measuring how long it takes."""

import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager

Tell = Callable[[str, int, int], None]
"""Called after each piece of work: what was just done, how many pieces are done, of how many (0: not known)."""


def silently(what: str, done: int, total: int) -> None:
    """Report to nobody."""


@contextmanager
def timed(spent_seconds: MutableMapping[str, float], what: str) -> Iterator[None]:
    """Add the seconds that the block takes to ``spent_seconds[what]``."""
    started = time.perf_counter()
    try:
        yield
    finally:
        spent_seconds[what] = spent_seconds.get(what, 0.0) + time.perf_counter() - started
