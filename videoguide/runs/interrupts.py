# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Ctrl-C and SIGTERM end a run, but not while it holds a lock of the pool of workers.

A signal handler runs between any two steps of the main thread. If it raised while the pool's own lock is held, the
lock would never be released, and the run would wait for ever for workers that have ended. So an interrupt that comes
inside :class:`deferred` is raised at its end.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_depth = 0
_pending = False


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGINT and SIGTERM raise KeyboardInterrupt in this block, once: a second one is ignored. Main thread only."""
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class deferred:
    """Put off an interrupt to the end of the block; only the main thread can be interrupted."""

    def __enter__(self) -> None:
        global _depth
        if threading.current_thread() is threading.main_thread():
            _depth += 1

    def __exit__(self, *_: object) -> None:
        global _depth
        if threading.current_thread() is threading.main_thread():
            _depth -= 1
            if _pending and not _depth:
                _raise()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    global _pending
    for number in (signal.SIGINT, signal.SIGTERM):  # once is enough: nothing must disturb the unwinding
        signal.signal(number, signal.SIG_IGN)
    _pending = True
    if not _depth:
        _raise()


def _raise() -> NoReturn:
    global _pending
    _pending = False
    raise KeyboardInterrupt
