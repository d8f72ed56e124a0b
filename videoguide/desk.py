"""Work that somebody at a screen waits for: pieces made by worker processes, told as they come, given up when nobody
waits any more.

Belongs to one event loop: everything here is called from it, and nothing is locked. Several people's work goes side by
side, each with a few pieces in hand at a time; a piece that two of them want is made once.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from videoguide.errors import VideoGuideError
from videoguide.workers import OpenExecutor, local_processes

IDLE_SECONDS = 600
"""So long the processes are kept when there is nothing to do: each may hold a speech model, half a gigabyte."""


@dataclass(frozen=True)
class Piece:
    """Something to be made: ``job`` does it, anywhere, and leaves it where it is looked for; ``key`` tells it from
    all others."""

    key: str
    job: Callable[[], Any]


@dataclass
class _Doing:
    future: Future[Any]
    waiting: int = 0


class Desk:
    """A few worker processes, there from the first piece of work until nobody has wanted any for a while."""

    def __init__(self, workers: int, open_executor: OpenExecutor = local_processes) -> None:
        self.workers = workers
        self._open = open_executor
        self._processes: ExitStack | None = None
        self._executor: Executor | None = None
        self._doing: dict[str, _Doing] = {}
        self._idle: asyncio.TimerHandle | None = None

    async def make(self, pieces: Iterable[Piece]) -> AsyncGenerator[tuple[Piece, Any], None]:
        """Make pieces; gives each, and what its job returns, as it is done. Whoever stops asking (``aclose``) gives up
        all that is not begun.

        Raises what a job raises, and VideoGuideError when a process has died.
        """
        waiting = iter(pieces)
        mine: dict[asyncio.Future[Any], tuple[Piece, _Doing]] = {}
        try:
            while True:
                for piece in islice(waiting, self.workers - len(mine)):
                    doing = self._begin(piece)
                    wrapped = asyncio.wrap_future(doing.future)
                    wrapped.add_done_callback(_seen)
                    shielded = asyncio.shield(wrapped)
                    shielded.add_done_callback(_seen)
                    mine[shielded] = piece, doing
                if not mine:
                    return
                done, _ = await asyncio.wait(mine, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    piece, doing = mine.pop(one)
                    self._leave(piece, doing)
                    yield piece, self._result(one)
        finally:
            for one, (piece, doing) in mine.items():
                self._leave(piece, doing)
                one.cancel()

    def warm_up(self, job: Callable[[], Any]) -> None:
        """Have a process ready, with what ``job`` loads into it, before somebody waits for it."""
        if self._executor is None:
            for _ in range(self.workers):
                self._submit(job)

    def close(self) -> None:
        """End the processes; what they are at is lost."""
        if self._idle:
            self._idle.cancel()
        processes, self._processes, self._executor = self._processes, None, None
        self._doing.clear()
        if processes:
            with suppress(VideoGuideError):
                processes.__exit__(_Closed, _Closed(), None)

    def _begin(self, piece: Piece) -> _Doing:
        self._doing = {key: one for key, one in self._doing.items() if one.waiting or not one.future.done()}
        doing = self._doing.get(piece.key)
        if doing is None or doing.future.done():
            doing = self._doing[piece.key] = _Doing(self._submit(piece.job))
        doing.waiting += 1
        return doing

    def _leave(self, piece: Piece, doing: _Doing) -> None:
        doing.waiting -= 1
        if not doing.waiting:
            doing.future.cancel()  # unless it has begun: then it is finished and kept
        if doing.future.done() and self._doing.get(piece.key) is doing:
            del self._doing[piece.key]

    def _result(self, done: "asyncio.Future[Any]") -> Any:
        try:
            return done.result()
        except BrokenExecutor as error:
            self.close()
            raise VideoGuideError("un processo si è fermato; prova di nuovo") from error

    def _submit(self, job: Callable[[], Any]) -> "Future[Any]":
        if self._idle:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._rest)
        try:
            return self._workers().submit(job)
        except BrokenExecutor:
            self.close()
            return self._workers().submit(job)

    def _rest(self) -> None:
        if any(not doing.future.done() for doing in self._doing.values()):
            self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._rest)
        else:
            self.close()

    def _workers(self) -> Executor:
        if self._executor is None:
            self._processes = ExitStack()
            self._executor = self._processes.enter_context(self._open(self.workers))
        return self._executor


def _seen(done: "asyncio.Future[Any]") -> None:
    """What has failed for nobody is nobody's failure."""
    if not done.cancelled():
        done.exception()


class _Closed(BaseException):
    """How the processes are told to end at once."""
