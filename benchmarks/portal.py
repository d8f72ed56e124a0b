# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""How the portal bears many people at once: pages, ranges and events of 200 viewers on one process.

    python benchmarks/portal.py [--viewers 200] [--seconds 40] [--size 640x360] [--report FILE]

starts the real portal as a process of its own, on a database of as many people as viewers, each with a guide whose
first segment nobody shares, and writes the section "The portal" of docs/benchmarks.md. The viewers are the other
process, with sockets and no library, so that as little as possible of the machine goes to them.
"""

import argparse
import asyncio
import json
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import report

from videoguide import settings
from videoguide.guide.guides import Guide, keep_outline, write_guide
from videoguide.guide.script import write_script
from videoguide.guide.segments import open_studio
from videoguide.intake.applications import FactValue
from videoguide.media.payload import SEGMENTS
from videoguide.packs import campaigns
from videoguide.portal.sessions import CITIZEN, Sessions
from videoguide.proof.previews import invented_application, make_guide
from videoguide.records.database import ApplicationRecord, CampaignRecord, Database, GuideRecord, Recipient, now
from videoguide.runs import pairing
from videoguide.settings import Settings
from videoguide.store import Store

CAMPAIGN, CASE, DOCUMENT = "assegno-unico", "missing-documents", "custody-ruling"
HOST = "127.0.0.1"
PAGE_TARGET_MS = 200
SHARE_TARGET = 0.5
PIECE = 256 * 1024
"""What a player asks for at a time."""
TRACKS = ("captions.vtt", "chapters.vtt", "buttons.vtt", "poster.jpg")
PLAIN = "/plain.mp4"
HIGH = {"portal_session_rate": "1000000", "portal_address_rate": "1000000"}
READERS, READ_SECONDS = 4, 1.0


@dataclass
class Figures:
    """All that was measured: milliseconds by kind of request, and bytes a second by way."""

    milliseconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    at_once: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    rates: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    requests: int = 0
    seconds: float = 0
    server_cpu: float = 0
    film_bytes: int = 0


class Connection:
    """One HTTP connection of one viewer, kept alive."""

    def __init__(self, port: int, cookie: str, figures: Figures) -> None:
        self.port, self.cookie, self.figures = port, cookie, figures

    async def __aenter__(self) -> "Connection":
        self.reader, self.writer = await asyncio.open_connection(HOST, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def ask(
        self,
        kind: str,
        method: str,
        path: str,
        wanted: int,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> bytes:
        """The answer's body; its time is noted under ``kind``, and any status but ``wanted`` as an error."""
        lines = {"Host": f"{HOST}:{self.port}", "Cookie": self.cookie, "Accept": "text/html", **(headers or {})}
        if body:
            lines |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        started = time.perf_counter()
        self.writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", answer)
        content = await self.reader.readexactly(int(length[1])) if length else b""
        self.figures.milliseconds[kind].append((time.perf_counter() - started) * 1000)
        self.figures.requests += 1
        if (status := int(answer.split(None, 2)[1])) != wanted:
            self.figures.errors[f"{kind} {status}"] += 1
        return content


@dataclass(frozen=True)
class Viewer:
    """One person of the database, logged in."""

    guide: str
    cookie: str


async def watch(
    viewer: Viewer, port: int, figures: Figures, *, until: float, lasts: float, size: int, chance: random.Random
) -> None:
    """Open the page, play all of the film and tell of it, again and again; the first time somewhere in between."""
    path = f"/guide/{viewer.guide}"
    await asyncio.sleep(chance.uniform(0, lasts))
    async with Connection(port, viewer.cookie, figures) as connection:
        while time.perf_counter() < until:
            page = (await connection.ask("page", "GET", path, 200)).decode()
            for track in TRACKS:
                await connection.ask("track", "GET", f"{path}/{track}", 200)
            fields = {"csrf": _inside(page, "csrf"), "view": _inside(page, "view")}
            events = iter(
                [("played", ""), ("shown", "which-documents"), ("pressed", "which-documents")]
                + [("reached", quarter) for quarter in ("25", "50", "75", "100")]
                + [("followed", "service")]
            )
            starts = range(0, size, PIECE)
            steps = max(8, len(starts))
            for step in range(steps):
                await asyncio.sleep(lasts / steps * chance.uniform(0.5, 1.5))
                if step < len(starts):
                    last = min(starts[step] + PIECE, size) - 1
                    asked = {"Range": f"bytes={starts[step]}-{last}", "Accept": "*/*"}
                    await connection.ask("range", "GET", f"{path}/video.mp4", 206, asked)
                if event := next(events, None):
                    body = json.dumps({**fields, "kind": event[0], "value": event[1]}).encode()
                    await connection.ask("event", "POST", f"{path}/events", 204, body=body)


async def all_at_once(viewers: Sequence[Viewer], port: int) -> Figures:
    """Every viewer's page in the same moment."""
    figures = Figures()

    async def one(viewer: Viewer) -> None:
        async with Connection(port, viewer.cookie, figures) as connection:
            await connection.ask("page", "GET", f"/guide/{viewer.guide}", 200)

    await asyncio.gather(*map(one, viewers))
    return figures


async def read_all(path: str, cookie: str, port: int, size: int, piece: int) -> float:
    """Bytes a second of a few readers who take a film as fast as they can, ``piece`` bytes at a time."""
    figures = Figures()
    taken = 0

    async def one() -> None:
        nonlocal taken
        async with Connection(port, cookie, figures) as connection:
            while time.perf_counter() < until:
                for start in range(0, size, piece):
                    last = min(start + piece, size) - 1
                    asked = {"Range": f"bytes={start}-{last}", "Accept": "*/*"}
                    taken += len(await connection.ask("range", "GET", path, 206, asked))

    started = time.perf_counter()
    until = started + READ_SECONDS
    await asyncio.gather(*(one() for _ in range(READERS)))
    if figures.errors:
        raise SystemExit(f"errors while reading: {dict(figures.errors)}")
    return taken / (time.perf_counter() - started)


async def measure(options: argparse.Namespace, viewers: Sequence[Viewer], server: "Server", size: int) -> Figures:
    """Everything, in one run on one server."""
    figures = Figures(film_bytes=size)
    await all_at_once(viewers[:20], server.port)  # the first fill caches
    before, started = server.cpu_seconds(), time.perf_counter()
    chance = random.Random(7)
    until = started + options.seconds
    pace: Any = {"until": until, "lasts": options.watch, "size": size, "chance": chance}
    await asyncio.gather(*(watch(viewer, server.port, figures, **pace) for viewer in viewers))
    figures.seconds = time.perf_counter() - started
    figures.server_cpu = server.cpu_seconds() - before
    burst = await all_at_once(viewers, server.port)
    figures.at_once, figures.errors = burst.milliseconds["page"], figures.errors + burst.errors
    film = f"/guide/{viewers[0].guide}/video.mp4"
    for _ in range(options.rounds):
        for name, piece in (("whole", size), ("pieces", PIECE)):
            for way, path in (("ours", film), ("plain", PLAIN)):
                rate = await read_all(path, viewers[0].cookie, server.port, size, piece)
                figures.rates[f"{way} {name}"].append(rate)
    return figures


class Server:
    """The portal as a process of its own."""

    def __init__(self, folder: Path, bench_settings: Settings) -> None:
        with socket.create_server((HOST, 0)) as free:
            self.port: int = free.getsockname()[1]
        command = [
            sys.executable,
            __file__,
            "--serve",
            str(self.port),
            str(folder),
            bench_settings.database,
            str(bench_settings.store),
        ]
        self.log = (folder / "portal.log").open("w")
        self.process = subprocess.Popen(command, stderr=self.log)

    def __enter__(self) -> "Server":
        for _ in range(600):
            with socket.socket() as knock:
                if knock.connect_ex((HOST, self.port)) == 0:
                    return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise SystemExit(f"the portal did not start: {Path(self.log.name).read_text()}")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def cpu_seconds(self) -> float:
        """What the process has used so far; 0 where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0
        return (int(fields[11]) + int(fields[12])) / 100


def serve(port: int, folder: Path, database: str, store: str) -> None:
    """The real portal, with limits that nobody reaches and the same film as a plain static file."""
    from starlette.staticfiles import StaticFiles

    from videoguide.portal.app import create_app
    from videoguide.portal.configuration import PortalSettings
    from videoguide.portal.server import create_server

    bench_settings = settings.load({}, database=database, store=store)
    app = create_app(bench_settings, PortalSettings.of({"portal_url": f"http://{HOST}:{port}", **HIGH}))
    app.mount("/", StaticFiles(directory=folder / "plain"))
    create_server(app, HOST, port).run()


def prepare(folder: Path, bench_settings: Settings, people: int) -> tuple[list[Viewer], int]:
    """People with a guide each, who are logged in; and the size of a film in bytes."""
    pack = campaigns.load(bench_settings.scenes, CAMPAIGN)
    facts: dict[str, FactValue] = {"documents": (DOCUMENT,)}
    application = invented_application(pack, cases=[CASE], first_name="Giulia", sex="F", facts=facts)
    guide = make_guide(write_script(application, [CASE], pack), open_studio(pack, bench_settings)).guide
    (folder / "plain").mkdir()
    write_guide(guide, folder / "plain" / PLAIN[1:])
    store = Store(bench_settings.store)
    outline = bytes.fromhex(keep_outline(store, guide.outline))
    viewers = []
    with Database(bench_settings.database) as database:
        pairing.join_by_hand(store, database, forced=False)
        sessions = Sessions(database, idle=timedelta(hours=1), longest=timedelta(hours=1), secure=False)
        with database.session() as session:
            session.add(CampaignRecord(id=CAMPAIGN, title=guide.outline.title))
            session.flush()
            for number in range(people):
                person = Recipient(fiscal_code=f"RSSNNA85T50A{number:03}Y")
                session.add(person)
                session.flush()
                application_record = ApplicationRecord(
                    campaign_id=CAMPAIGN, number=str(number), extracted_on=date(2023, 6, 6), recipient_id=person.id
                )
                session.add(application_record)
                session.flush()
                record = GuideRecord(
                    id=f"{number:032x}",
                    application_id=application_record.id or 0,
                    recipient_id=person.id or 0,
                    state=bytes(32),
                    cases=CASE,
                    channel="citizen",
                    outline=outline,
                    segments=_own_segments(store, guide, number),
                    expires_at=now() + timedelta(days=1),
                )
                session.add(record)
        for number in range(people):
            token = sessions.begin(CITIZEN, fiscal_code=f"RSSNNA85T50A{number:03}Y")
            viewers.append(Viewer(f"{number:032x}", f"{sessions.cookie.name}={token}"))
    return viewers, guide.size_bytes


def _own_segments(store: Store, guide: Guide, number: int) -> bytes:
    """The guide's keys, the first one the person's own, as with a name that nobody shares."""
    first, *rest = guide.segments
    key = f"{number:064x}"
    path = store.path(SEGMENTS, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(first.path, path)
    return bytes.fromhex(key + "".join(segment.key for segment in rest))


def _inside(page: str, name: str) -> str:
    attribute = re.search(rf'data-{name}="([^"]+)"', page)
    if attribute is None:
        raise SystemExit(f"the page has no {name}")
    return attribute[1]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` (0 to 1) of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def summary(figures: Figures, options: argparse.Namespace) -> str:
    """The section, in Markdown."""
    rows = []
    for kind, words in {
        "page": "the guide’s page",
        "track": "captions, chapters, buttons, poster",
        "range": f"a range of {PIECE // 1024} KiB",
        "event": "an event",
    }.items():
        times = figures.milliseconds[kind]
        shown = [f"{percentile(times, share):.0f} ms" for share in (0.5, 0.95, 0.99)]
        rows.append((words, f"{len(times):,}", *shown, f"{max(times):.0f} ms"))
    rates = {name: statistics.median(values) / 1e6 for name, values in figures.rates.items()}
    ratios = {name: rates[f"ours {name}"] / rates[f"plain {name}"] for name in ("whole", "pieces")}
    p95 = percentile(figures.milliseconds["page"], 0.95)
    lengths = {"whole": "whole", "pieces": f"in ranges of {PIECE // 1024} KiB"}
    delivered = [
        (words, f"{rates[f'ours {name}']:.0f} MB/s", f"{rates[f'plain {name}']:.0f} MB/s", f"{ratios[name]:.2f}")
        for name, words in lengths.items()
    ]
    at_once, worst = percentile(figures.at_once, 0.5), max(figures.at_once)
    burden = f"{figures.requests / figures.seconds:.0f} requests a second, {figures.server_cpu / figures.seconds:.0%}"
    return f"""## The portal

`python benchmarks/portal.py{options.given}` — {report.setting("fastapi", "uvicorn", "sqlalchemy")}

{options.viewers} viewers at once on one process with SQLite, viewers and portal on the same machine. Each has a guide
of {figures.film_bytes / 1e6:.1f} MB ({options.size}), opens its page, reads all of it by ranges, reports eight events
in about {options.watch:.0f} s (a person takes a minute and a half), and begins again: {burden} of one core.
Errors: {sum(figures.errors.values())}.

{report.table(("request", "how many", "half within", "95 %", "99 %", "all"), rows)}

95 % of the pages come within {p95:.0f} ms; target: {PAGE_TARGET_MS} ms. All {options.viewers} pages asked for in the
same instant: half within {at_once:.0f} ms, the last after {worst:.0f} ms.

The same film from segments and as a plain static file on the same server, {READERS} readers, median of {options.rounds}
rounds. Only the film from segments asks who is logged in and whether the guide may still be watched.

{report.table(("MP4", "from segments", "plain file", f"ratio (target: {SHARE_TARGET})"), delivered)}"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the portal; with ``--serve`` be the portal that is measured."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["--serve"]:
        serve(int(words[1]), Path(words[2]), words[3], words[4])
        return
    options = _options(words)
    with tempfile.TemporaryDirectory(prefix="portal-", dir=options.folder) as name:
        folder = Path(name)
        database = f"sqlite:///{folder}/portal.db"
        bench_settings = settings.load(
            {}, database=database, store=str(folder / "store"), voice="silent", size=options.size
        )
        viewers, size = prepare(folder, bench_settings, options.viewers)
        with Server(folder, bench_settings) as server:
            figures = asyncio.run(measure(options, viewers, server, size))
    text = summary(figures, options)
    print(text)
    report.write_section(options.report, "portal", text)
    if figures.errors:
        raise SystemExit(f"errors: {dict(figures.errors)}")


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the portal under load; writes docs/benchmarks.md.")
    parser.add_argument("--viewers", type=int, default=200, help="people at once (200)")
    parser.add_argument("--seconds", type=float, default=40, help="how long they stay (40)")
    parser.add_argument("--watch", type=float, default=20, help="seconds in which a guide is watched (20)")
    parser.add_argument("--rounds", type=int, default=5, help="how often the film is read by each way (5)")
    parser.add_argument("--size", default="1280x720", help="WxH of the guide (1280x720)")
    parser.add_argument("--folder", help="work below this folder (default: the system's)")
    parser.add_argument("--report", type=Path, default=report.FILE, help="Markdown file (docs/benchmarks.md)")
    options = parser.parse_args(words)
    changed = {name: getattr(options, name) for name in ("viewers", "seconds", "watch", "rounds", "size")}
    options.given = "".join(
        f" --{name} {value}" for name, value in changed.items() if value != parser.get_default(name)
    )
    return options


if __name__ == "__main__":
    main()
