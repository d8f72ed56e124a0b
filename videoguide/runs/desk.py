# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Work that somebody at a screen waits for.

Pieces are made by worker processes, handed over as they are done, and abandoned when nobody waits for them any more.

A desk belongs to one event loop: everything here is called from it, and nothing is locked. Several people's work
proceeds side by side, each with a few pieces in progress at a time; a piece that two of them want is made once.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from videoguide.errors import VideoGuideError
from videoguide.runs.workers import OpenExecutor, local_processes

IDLE_SECONDS = 600
"""How long idle processes are kept: each may hold a speech model of half a gigabyte."""


@dataclass(frozen=True)
class Piece:
    """Something to be made.

    ``job`` makes it, in any process, and leaves the result where others look for it; ``key`` identifies it.
    """

    key: str
    job: Callable[[], Any]


@dataclass
class _InProgress:
    future: Future[Any]
    waiting: int = 0


class Desk:
    """A few worker processes, started for the first piece of work and ended after a while without any."""

    def __init__(self, workers: int, open_executor: OpenExecutor = local_processes) -> None:
        self.workers = workers
        self._open = open_executor
        self._processes: ExitStack | None = None
        self._executor: Executor | None = None
        self._in_progress: dict[str, _InProgress] = {}
        self._idle_timer: asyncio.TimerHandle | None = None

    async def make(self, pieces: Iterable[Piece]) -> AsyncGenerator[tuple[Piece, Any], None]:
        """Make pieces; gives each, with what its job returns, as it is done.

        Closing the generator (``aclose``) abandons the pieces that are not begun, unless somebody else wants them.

        Raises what a job raises, and VideoGuideError when a process has died.
        """
        waiting = iter(pieces)
        mine: dict[asyncio.Future[Any], tuple[Piece, _InProgress]] = {}
        try:
            while True:
                for piece in islice(waiting, self.workers - len(mine)):
                    work = self._begin(piece)
                    wrapped = asyncio.wrap_future(work.future)
                    wrapped.add_done_callback(_retrieve_error)
                    shielded = asyncio.shield(wrapped)
                    shielded.add_done_callback(_retrieve_error)
                    mine[shielded] = piece, work
                if not mine:
                    return
                done, _ = await asyncio.wait(mine, return_when=asyncio.FIRST_COMPLETED)
                for future in done:
                    piece, work = mine.pop(future)
                    self._leave(piece, work)
                    yield piece, self._result(future)
        finally:
            for future, (piece, work) in mine.items():
                self._leave(piece, work)
                future.cancel()

    def warm_up(self, job: Callable[[], Any]) -> None:
        """Have the processes ready, with what ``job`` loads into them, before somebody waits for them."""
        if self._executor is None:
            for _ in range(self.workers):
                self._submit(job)

    def close(self) -> None:
        """End the processes; work in progress is lost."""
        if self._idle_timer:
            self._idle_timer.cancel()
        processes = self._processes
        self._processes = self._executor = None
        self._in_progress.clear()
        if processes:
            with suppress(VideoGuideError):
                processes.__exit__(_Closed, _Closed(), None)

    def _begin(self, piece: Piece) -> _InProgress:
        for key in [key for key, work in self._in_progress.items() if work.future.done() and not work.waiting]:
            del self._in_progress[key]
        work = self._in_progress.get(piece.key)
        if work is None or work.future.done():
            work = self._in_progress[piece.key] = _InProgress(self._submit(piece.job))
        work.waiting += 1
        return work

    def _leave(self, piece: Piece, work: _InProgress) -> None:
        work.waiting -= 1
        if not work.waiting:
            work.future.cancel()  # does nothing to work that has begun: it is finished and kept
        if work.future.done() and self._in_progress.get(piece.key) is work:
            del self._in_progress[piece.key]

    def _result(self, done: "asyncio.Future[Any]") -> Any:
        try:
            return done.result()
        except BrokenExecutor as error:
            self.close()
            raise VideoGuideError("un processo si è fermato; prova di nuovo") from error

    def _submit(self, job: Callable[[], Any]) -> "Future[Any]":
        if self._idle_timer:
            self._idle_timer.cancel()
        self._idle_timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._close_if_idle)
        try:
            return self._workers().submit(job)
        except BrokenExecutor:
            self.close()
            return self._workers().submit(job)

    def _close_if_idle(self) -> None:
        if any(not work.future.done() for work in self._in_progress.values()):
            self._idle_timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._close_if_idle)
        else:
            self.close()

    def _workers(self) -> Executor:
        if self._executor is None:
            self._processes = ExitStack()
            self._executor = self._processes.enter_context(self._open(self.workers))
        return self._executor


def _retrieve_error(done: "asyncio.Future[Any]") -> None:
    """Take note of an error for which nobody waits any more, so that asyncio does not complain about it."""
    if not done.cancelled():
        done.exception()


class _Closed(BaseException):
    """Makes the pool end its processes at once."""
