# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A command and all the processes that it starts, watched from outside: time, processor time, memory.

Reads Linux's /proc; nothing else keeps count of children that come and go.
"""

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

EVERY_S = 0.05
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Moment(NamedTuple):
    """What the clocks showed at one moment, in seconds.

    Seconds since the start; processor seconds that the tree has used, that its threads have stood ready to run
    while others had the cores, and that the machine has idled.
    """

    at: float
    used: float
    ready: float
    idle: float


@dataclass(frozen=True)
class Watched:
    """What one command took.

    ``peak_bytes`` is the most memory that its processes held at one moment: the sum of their resident sets, so that a
    page which two of them share counts twice.
    """

    seconds: float
    peak_bytes: int
    moments: tuple[Moment, ...]

    @property
    def used(self) -> float:
        """Processor seconds of the whole tree."""
        return self.moments[-1].used

    def cores(self, start: float, end: float) -> tuple[float, float, float]:
        """How many cores the tree kept busy, how many more it had work for, and how many lay idle.

        From ``start`` to ``end``, in seconds.
        """
        at = [moment.at for moment in self.moments]
        used, ready, idle = (
            float(np.diff(np.interp([start, end], at, [getattr(moment, what) for moment in self.moments]))[0])
            for what in ("used", "ready", "idle")
        )
        return used / (end - start), ready / (end - start), idle / (end - start)


def watch(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Watched:
    """Run a command to its end. Raises SystemExit with what it said on standard error when it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    idle = _idle()
    moments, peak = [Moment(0, 0, 0, 0)], 0
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, env=environment
        )
        while _runs(process):
            tree = list(_tree(process.pid))
            peak = max(peak, sum(map(_resident, tree)))
            used, ready = sum(map(_used, tree)), sum(map(_ready, tree))
            moments.append(Moment(time.perf_counter() - start, used, ready, _idle() - idle))
        seconds = time.perf_counter() - start
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)}: {said.read().decode(errors='replace').strip()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Watched(seconds, peak, (*moments, Moment(seconds, used, moments[-1].ready, _idle() - idle)))


def _runs(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(EVERY_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(task).split():
            yield from _tree(int(child))


def _resident(pid: int) -> int:
    fields = _read(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * _PAGE if fields else 0


def _used(pid: int) -> float:
    """Processor seconds of a process, and of those of its children that have ended."""
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICK


def _ready(pid: int) -> float:
    """Seconds that a process's threads have stood ready to run and had no core."""
    files = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(fields[1]) for file in files if len(fields := _read(file).split()) == 3) / 1e9


def _idle() -> float:
    """Seconds that all cores together have had nothing to do, or waited for a disk."""
    fields = _read(Path("/proc/stat")).split(None, 6)
    return (int(fields[4]) + int(fields[5])) / _TICK


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # it has ended meanwhile
        return ""
