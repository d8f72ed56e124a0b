# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What worker processes do for a run: they make segments and files, from plain data.

Every job carries all that it needs, and its results go to a store that tolerates two writers of the same key. So any
``concurrent.futures.Executor`` can do the jobs: the local pool of processes below, or a cluster's.
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

from videoguide.errors import InputError, StoreError, VideoGuideError, VoiceError
from videoguide.guide import guides
from videoguide.guide.keys import GuideKeys
from videoguide.guide.script import FilledScene
from videoguide.guide.segments import Studio, open_studio
from videoguide.media import payload
from videoguide.packs import campaigns
from videoguide.packs.campaigns import PAGES, shared_by
from videoguide.progress import timed
from videoguide.runs.interrupts import deferred
from videoguide.settings import Settings
from videoguide.speech.voices import SAYABLE
from videoguide.store import TEMPORARY_PREFIX, Store

_T = TypeVar("_T")
_R = TypeVar("_R")

LOOK_SECONDS = 0.2
"""How long an interrupt may have to wait while no job is done."""
UNWINDING_SECONDS = 5
"""How long a job that must end may take to clean up; then the system ends its process."""

OpenExecutor = Callable[[int], AbstractContextManager[Executor]]
"""Opens an executor with this many workers."""


@dataclass(frozen=True)
class Workshop:
    """Where and how work is done.

    The campaign pack's folder, the settings, the threads that a process may use (None: all), and whether it makes
    drafts.
    """

    pack: Path
    settings: Settings
    threads: int | None
    draft: bool = False


@dataclass(frozen=True)
class Ensured:
    """A segment that is in the store now; or in ``reason``, why its words cannot be spoken or drawn."""

    key: str
    made: bool = False
    damaged: bool = False
    reason: str = ""


_at_work = False
"""Whether this process is doing a job."""


@contextmanager
def _unwound() -> Iterator[None]:
    """Lets SIGTERM unwind the job in the block, so that it leaves nothing half-made, and then end the process."""
    global _at_work
    _at_work = True
    try:
        yield
    except SystemExit:
        os._exit(1)  # otherwise the pool would go on with the next job
    finally:
        _at_work = False


@dataclass(frozen=True)
class Crew:
    """Who does a run's work, where, and how many jobs are submitted ahead."""

    executor: Executor
    workshop: Workshop
    ahead: int

    def do(self, jobs: Iterable[tuple[_T, Callable[[], _R]]]) -> Iterator[tuple[_T, _R]]:
        """Do labelled jobs; gives each label with the job's result as it is done.

        Raises what a job raises; the other jobs are then left to the executor.
        """
        submitted: dict[Future[_R], _T] = {}
        waiting = iter(jobs)
        while True:
            for label, job in islice(waiting, self.ahead - len(submitted)):
                with deferred():
                    submitted[self.executor.submit(job)] = label
            if not submitted:
                return
            with deferred():
                done, _ = wait(submitted, LOOK_SECONDS, FIRST_COMPLETED)
            for future in done:
                with deferred():
                    result = future.result()
                yield submitted.pop(future), result


@_unwound()
def ensure_segments(
    workshop: Workshop, scenes: Sequence[tuple[str, FilledScene]]
) -> tuple[list[Ensured], dict[str, float]]:
    """Check every byte of each scene's segment, or make it; returns also the seconds spent, by kind of work.

    Raises PackError, StoreError; VoiceError and InputError only where no person's own words are to blame.
    """
    work_seconds: dict[str, float] = {}
    return [_ensure(_studio(workshop), key, scene, work_seconds) for key, scene in scenes], work_seconds


def _ensure(studio: Studio, key: str, scene: FilledScene, work_seconds: MutableMapping[str, float]) -> Ensured:
    path = studio.store.find(payload.SEGMENTS, key)
    if path is not None:
        with timed(work_seconds, "checking"), suppress(StoreError):
            payload.verify(path)
            return Ensured(key)
    try:
        studio.make(scene, work_seconds, planned_key=key)
    except (InputError, VoiceError) as error:
        if not scene.own_words:
            raise
        if isinstance(error, VoiceError):
            studio.voice.speak(SAYABLE, {})  # if it cannot say this either, nobody's name is to blame
        return Ensured(key, reason=error.message)
    return Ensured(key, made=True, damaged=path is not None)


@_unwound()
def write_guides(workshop: Workshop, wanted: Sequence[tuple[GuideKeys, Path]]) -> int:
    """Write the files of guides, each given by its keys and the path of its MP4; returns the bytes of the MP4s.

    Raises StoreError.
    """
    store = Store(workshop.settings.store)
    written_bytes = 0
    for keys, file in wanted:
        for leftover in file.parent.glob(f"{TEMPORARY_PREFIX}*"):  # of a killed run: no other is at work here
            with suppress(OSError):
                leftover.unlink()
        guide = guides.read_guide(store, keys)
        guides.write_guide(guide, file, pages=shared_by(workshop.pack, PAGES))
        written_bytes += guide.size_bytes
    return written_bytes


@contextmanager
def local_processes(workers: int) -> Iterator[Executor]:
    """A pool of processes on this machine; they end with their parent, however that ends."""
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
    """Start the processes while interrupts are blocked: they inherit the block, and leave Ctrl-C to their parent."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with deferred():
            for _ in range(workers):
                executor.submit(os.getpid)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow_parent() -> None:
    """End when the parent says so, and with it when it is killed."""
    signal.signal(signal.SIGTERM, _end)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end(_signal: int, _frame: object) -> None:
    if not _at_work:
        os._exit(1)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: nothing must disturb the unwinding
    # the alarm: the exception may get lost in a callback, or the pool may block on a queue that a killed worker locked
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
