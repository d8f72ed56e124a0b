"""What worker processes do for a run: segments and files, asked for with plain data.

Every job carries all that it needs, and its results go to a store that bears two writers of one key, so any
``concurrent.futures.Executor`` can do them: the local pool of processes below, or a cluster's.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from multiprocessing import active_children, connection, get_context, parent_process
from pathlib import Path
from typing import TypeVar

from videoguide import campaigns, guides, payload
from videoguide.errors import InputError, StoreError, VideoGuideError, VoiceError
from videoguide.progress import timed
from videoguide.script import FilledScene
from videoguide.segments import Studio, open_studio
from videoguide.settings import Settings
from videoguide.store import TEMPORARY_PREFIX, Store
from videoguide.voices import SAYABLE

_T = TypeVar("_T")
_R = TypeVar("_R")

UNWINDING_SECONDS = 5
"""So long a job that is told to end has time to leave nothing half; then the system ends its process."""

OpenExecutor = Callable[[int], AbstractContextManager[Executor]]
"""Opens an executor of so many workers."""


@dataclass(frozen=True)
class Workshop:
    """Where work is done: the campaign pack's folder, the settings, threads a process may use (None: all), and whether
    drafts are made."""

    pack: Path
    settings: Settings
    threads: int | None
    draft: bool = False


@dataclass(frozen=True)
class Ensured:
    """A segment that is there now; or why its words can be neither spoken nor drawn (``reason``)."""

    key: bytes
    made: bool = False
    damaged: bool = False
    reason: str = ""


_at_work = False
"""Whether this process is doing a job."""


@contextmanager
def _unwound() -> Iterator[None]:
    """A job that SIGTERM ends by unwinding it, so that nothing half is left, and then the process with it."""
    global _at_work
    _at_work = True
    try:
        yield
    except SystemExit:
        os._exit(1)  # the pool would go on with the next job
    finally:
        _at_work = False


@dataclass(frozen=True)
class Crew:
    """Who does a run's work, where, and how many jobs are given out ahead."""

    executor: Executor
    workshop: Workshop
    ahead: int

    def do(self, jobs: Iterable[tuple[_T, Callable[[], _R]]]) -> Iterator[tuple[_T, _R]]:
        """Do jobs, each with a label of its own; gives labels and results as they are done.

        Raises what a job raises; the others are then left to the executor.
        """
        doing: dict[Future[_R], _T] = {}
        waiting = iter(jobs)
        while True:
            for label, job in islice(waiting, self.ahead - len(doing)):
                doing[self.executor.submit(job)] = label
            if not doing:
                return
            done, _ = wait(doing, return_when=FIRST_COMPLETED)
            for future in done:
                yield doing.pop(future), future.result()


@_unwound()
def ensure_segments(
    workshop: Workshop, scenes: Sequence[tuple[bytes, FilledScene]]
) -> tuple[list[Ensured], dict[str, float]]:
    """Find each scene's segment whole, every byte of it, or make it; and the seconds that it took, by kind of work.

    Raises PackError, StoreError; VoiceError and InputError only where no person's own word is to blame.
    """
    spent: dict[str, float] = {}
    return [_ensure(_studio(workshop), key, scene, spent) for key, scene in scenes], spent


def _ensure(studio: Studio, key: bytes, scene: FilledScene, spent: MutableMapping[str, float]) -> Ensured:
    path = studio.store.find(payload.SEGMENTS, key.hex())
    if path is not None:
        with timed(spent, "checking"), suppress(StoreError):
            payload.verify(path)
            return Ensured(key)
    try:
        studio.make(scene, spent)
    except (InputError, VoiceError) as error:
        if not scene.own_words:
            raise
        if isinstance(error, VoiceError):
            studio.voice.speak(SAYABLE, {})  # when it cannot say this either, nobody's name is to blame
        return Ensured(key, reason=error.message)
    return Ensured(key, made=True, damaged=path is not None)


@_unwound()
def write_guides(workshop: Workshop, wanted: Sequence[tuple[bytes, Sequence[bytes], Path]]) -> int:
    """Write guides, each an outline's key, its segments' keys and the MP4's place; returns bytes of the MP4s.

    Raises StoreError.
    """
    store = Store(workshop.settings.store)
    written = 0
    for outline, segments, file in wanted:
        for left in file.parent.glob(f"{TEMPORARY_PREFIX}*"):  # by a killed run: no other is at work here
            with suppress(OSError):
                left.unlink()
        guide = guides.read_guide(store, outline.hex(), [key.hex() for key in segments])
        guides.write_guide(guide, file)
        written += guide.bytes
    return written


@contextmanager
def local_processes(workers: int) -> Iterator[Executor]:
    """A pool of processes on this machine; they end with their parent, however it ends."""
    with ProcessPoolExecutor(workers, get_context("spawn"), _follow_parent) as executor:
        try:
            _start(executor, workers)
            yield executor
        except BrokenExecutor as error:
            raise VideoGuideError("un processo si è fermato; rilancia il comando: quello che è finito resta") from error
        except BaseException:
            for process in active_children():
                process.terminate()
            executor.shutdown(cancel_futures=True)
            raise


def _start(executor: Executor, workers: int) -> None:
    """Start the processes while interrupts are blocked: they inherit that, and leave Ctrl-C to their parent."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        for _ in range(workers):
            executor.submit(os.getpid)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow_parent() -> None:
    """End when the parent says so, and do not outlive it when it is killed."""
    signal.signal(signal.SIGTERM, _end)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end(_signal: int, _frame: object) -> None:
    if not _at_work:
        os._exit(1)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: what unwinds is not to be disturbed
    # the exception may be lost in a callback, or in the pool, whose queue a killed worker may have left locked
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(UNWINDING_SECONDS)
    raise SystemExit(1)


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


@lru_cache(maxsize=4)
def _studio(workshop: Workshop) -> Studio:
    """A worker's own studio, opened once."""
    campaign = campaigns.Campaign(workshop.pack)
    return open_studio(campaign, workshop.settings, threads=workshop.threads, draft=workshop.draft)
