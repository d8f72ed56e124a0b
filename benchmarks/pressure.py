# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What people get of the portal while others, or its database, or its disk, are in the way.

    python benchmarks/pressure.py [--before CHECKOUT] [--report FILE]

starts ``videoguide serve`` as a process of its own with as many open files as a process gets by default (1,024), puts
it under each kind of pressure, and asks for the guide's page meanwhile, each time on a new connection. ``--before``
does the same with the program of another checkout, whose tables must be the same. Writes the section "The portal under
pressure" of docs/benchmarks.md.
"""

import argparse
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import report

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.databases import PostgreSQL, postgresql_server, write_lock
from tests.support.portal_processes import MINE, PortalProcess, portal_process
from videoguide import settings
from videoguide.guide.guides import Guide
from videoguide.guide.script import write_script
from videoguide.guide.segments import open_studio
from videoguide.packs import campaigns
from videoguide.proof.previews import invented_application, make_guide

PAGE = f"/guide/{MINE}"
HELD, SILENT, FILES = 300, 1100, (1024, 1024)
PATIENCE_SECONDS = 40


@dataclass
class Asked:
    """What became of the pages that were asked for."""

    seconds: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    lines: int = 0
    megabytes: float = 0

    def row(self) -> tuple[str, str, str, str, str]:
        """Answered, half within, slowest, log lines, memory."""
        return (
            f"{self.statuses.count(200)} of {len(self.seconds)}",
            report.shown(statistics.median(self.seconds)),
            report.shown(max(self.seconds)),
            f"{self.lines}",
            f"{self.megabytes:.0f} MB",
        )


def ask(portal: PortalProcess, asked: Asked) -> None:
    """Ask for the page once."""
    started = time.perf_counter()
    with suppress(httpx2.HTTPError), portal.citizen() as citizen:
        asked.statuses.append(citizen.get(PAGE, timeout=PATIENCE_SECONDS).status_code)
    asked.seconds.append(time.perf_counter() - started)


@contextmanager
def silent(portal: PortalProcess) -> Iterator[Callable[[], None]]:
    """Connections that say nothing."""
    with ExitStack() as held:
        for _ in range(SILENT):
            held.enter_context(portal.connect())
        yield lambda: None


@contextmanager
def trickling(portal: PortalProcess) -> Iterator[Callable[[], None]]:
    """Requests that come a byte at a time."""
    with ExitStack() as held:
        connections = [held.enter_context(portal.connect(b"GET /")) for _ in range(HELD)]

        def go_on() -> None:
            for connection in connections:
                with suppress(OSError):
                    connection.send(b"x")

        yield go_on


@contextmanager
def reading(portal: PortalProcess) -> Iterator[Callable[[], None]]:
    """Films that are read a byte at a time."""
    with ExitStack() as held:
        asking = portal.request(f"{PAGE}/video.mp4")
        readers = [held.enter_context(portal.connect(asking, receive_bytes=2048)) for _ in range(HELD)]

        def go_on() -> None:
            for reader in readers:
                reader.recv(1)

        yield go_on


@contextmanager
def locked(portal: PortalProcess) -> Iterator[Callable[[], None]]:
    """A SQLite database whose write lock another process holds."""
    with write_lock(portal.log.with_name("portal.db")):
        yield lambda: None


@contextmanager
def full(portal: PortalProcess) -> Iterator[Callable[[], None]]:
    """A disk, or a quota, on which no file may grow, the log included."""
    resource.prlimit(portal.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    yield lambda: None


Pressure = Callable[[PortalProcess], AbstractContextManager[Callable[[], None]]]

KINDS: dict[str, tuple[Pressure, int]] = {
    f"{SILENT:,} silent connections": (silent, 3),
    f"{HELD} requests, a byte at a time": (trickling, 20),
    f"{HELD} films, a byte at a time": (reading, 20),
    "SQLite locked by another process": (locked, 3),
    "disk full": (full, 20),
}
"""Each kind of pressure, and how many pages are asked for meanwhile."""


def under(kind: str, portal: PortalProcess) -> Asked:
    """Pages that are asked for one after the other while it lasts."""
    pressure, pages = KINDS[kind]
    asked = Asked()
    with portal.citizen() as citizen:
        citizen.get("/guide")  # the first request imports; the guide itself nobody has viewed yet
    before = _lines(portal)
    with pressure(portal) as go_on:
        for _ in range(pages):
            go_on()
            ask(portal, asked)
        asked.megabytes = _megabytes(portal.process.pid)
    asked.lines = _lines(portal) - before
    return asked


def while_restarted(server: PostgreSQL, mode: str, portal: PortalProcess) -> Asked:
    """Pages that eight people ask for on and on while PostgreSQL is restarted."""
    asked, over = Asked(), threading.Event()
    with portal.citizen() as citizen:
        citizen.get("/guide")  # the first request imports; the guide itself nobody has viewed yet

    def one_person() -> None:
        while not over.is_set():
            ask(portal, asked)

    people = [threading.Thread(target=one_person) for _ in range(8)]
    before = _lines(portal)
    for person in people:
        person.start()
    time.sleep(1)
    server.restart(mode)
    time.sleep(1)
    over.set()
    for person in people:
        person.join()
    asked.lines, asked.megabytes = _lines(portal) - before, _megabytes(portal.process.pid)
    return asked


def _lines(portal: PortalProcess) -> int:
    """Lines of the log that are not one line for a request."""
    return sum('"event": "request"' not in line for line in portal.log.read_text().splitlines())


def _megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1000


def measure(folder: Path, guide: Guide, tree: Path) -> dict[str, Asked]:
    """Everything, each kind of pressure on a portal of its own."""
    results: dict[str, Asked] = {}
    folder.mkdir()

    def portal(number: int, database: str = "") -> AbstractContextManager[PortalProcess]:
        place = folder / str(number)
        place.mkdir()
        return portal_process(place, guide, store=folder.parent / "store", database=database, files=FILES, tree=tree)

    for number, kind in enumerate(KINDS):
        with portal(number) as running:
            results[kind] = under(kind, running)
    with postgresql_server() as server:
        for number, mode in enumerate(("fast", "immediate"), len(KINDS)):
            with portal(number, server()) as running:
                results[f"PostgreSQL restarted ({mode})"] = while_restarted(server, mode, running)
    return results


def a_guide(bench_settings: settings.Settings) -> Guide:
    """A guide of some megabytes: the sample's, and again and again."""
    pack = campaigns.load(bench_settings.scenes, "assegno-unico")
    application = invented_application(
        pack, cases=["missing-documents"], first_name="Giulia", sex="F", facts={"documents": ("custody-ruling",)}
    )
    guide = make_guide(write_script(application, ["missing-documents"], pack), open_studio(pack, bench_settings)).guide
    return Guide(guide.outline, guide.segments * 8)


def summary(after: dict[str, Asked], before: dict[str, Asked], given: str) -> str:
    """The section, in Markdown."""
    rows = []
    for kind, asked in after.items():
        if kind in before:
            rows.append((f"{kind}: before", *before[kind].row()))
        rows.append((f"{kind}: now" if before else kind, *asked.row()))
    return f"""## The portal under pressure

`python benchmarks/pressure.py{given}` — {report.setting("fastapi", "uvicorn", "sqlalchemy")}

One process that may open {FILES[0]:,} files. The guide’s page, each time on a new connection, while others or the
database are in the way; who waits for {PATIENCE_SECONDS} s goes away unanswered. Lines are those of the log beside the
one for each request; memory is the process’s.

{report.table(("pressure", "pages answered", "half within", "all within", "log lines", "memory"), rows)}"""


def main() -> None:
    """Measure, print, and write the section."""
    parser = argparse.ArgumentParser(description="Puts the portal under pressure; writes docs/benchmarks.md.")
    parser.add_argument("--before", type=Path, help="another checkout to compare with")
    parser.add_argument("--report", type=Path, default=report.FILE, help="Markdown file (docs/benchmarks.md)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pressure-") as name:
        folder = Path(name)
        guide = a_guide(settings.load({}, store=str(folder / "store"), voice="silent", size="640x360"))
        after = measure(folder / "now", guide, Path(__file__).resolve().parents[1])
        before = measure(folder / "before", guide, options.before.resolve()) if options.before else {}
    text = summary(after, before, " --before CHECKOUT" if before else "")
    print(text)
    report.write_section(options.report, "pressure", text)


if __name__ == "__main__":
    main()
