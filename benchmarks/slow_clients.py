# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What clients that trickle their requests, or say nothing at all, do to everybody else.

    python benchmarks/slow_clients.py [--before CHECKOUT] [--report FILE]

starts the real portal as a process of its own that may open 1,024 files at first, as systems have it; opens 300
connections that send a request a byte at a time, then 1,100 that stay silent; asks for a citizen's page of guides
meanwhile, and counts the lines of the log. It writes the section "Slow and silent clients" of docs/benchmarks.md.
``--before``: also with the portal of another checkout.
"""

import argparse
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx2
import report

HOST = "127.0.0.1"
TRICKLING, SILENT = 300, 1100
PAGES = 20
PATIENCE_SECONDS = 2.0
SOFT_FILES, HARD_FILES = 1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
ROOT = Path(__file__).resolve().parent.parent
REQUEST = b"GET /guide HTTP/1.1\r\nHost: x\r\nX-Slow: "


def main() -> None:
    """Measure, and write the section."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--before", type=Path, help="another checkout to measure as well")
    parser.add_argument("--report", type=Path, default=report.FILE)
    parser.add_argument("--portal", metavar="FOLDER", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.portal:
        serve(Path(given.portal))
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (HARD_FILES, HARD_FILES))
    rows = [
        row
        for name, checkout in (("before", given.before), ("now", ROOT))
        if checkout
        for row in measured(name, checkout)
    ]
    head = (
        "portal",
        "beside it",
        "page answered",
        "half within",
        "slowest",
        "lines of log a second, without the pages'",
    )
    text = f"""## Slow and silent clients

`python benchmarks/slow_clients.py` — {report.setting("fastapi", "uvicorn")}

A citizen who is logged in asks {PAGES} times for the page of their guides, each time on a new connection, for
{PATIENCE_SECONDS:.0f} s at most; beside that, {TRICKLING} connections send a request a byte a second, then {SILENT:,}
more stay silent. The portal may open {SOFT_FILES:,} files at first, and more where it asks for them.

{report.table(head, rows)}
"""
    report.write_section(given.report, "slow-clients", text)
    print(text)


def measured(name: str, checkout: Path) -> Iterator[Sequence[str]]:
    """The rows of a checkout's portal."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as log:
        command = [sys.executable, str(Path(__file__).resolve()), "--portal", folder]
        portal = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(checkout.resolve())},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (SOFT_FILES, HARD_FILES)),
        )
        try:
            assert portal.stdout
            url, cookie = portal.stdout.readline().split()
            port = int(url.rpartition(":")[2])
            with ExitStack() as crowd:
                yield row(name, "nobody", url, cookie, Path(log.name))
                crowd.enter_context(trickling(port))
                yield row(name, f"{TRICKLING} that trickle", url, cookie, Path(log.name))
                for _ in range(SILENT):
                    with suppress(OSError):
                        crowd.enter_context(socket.create_connection((HOST, port), 1))
                time.sleep(1)
                yield row(name, f"and {SILENT:,} silent ones", url, cookie, Path(log.name))
        finally:
            portal.kill()
            portal.communicate()


def row(name: str, beside: str, url: str, cookie: str, log: Path) -> Sequence[str]:
    """Ask for the page again and again."""
    begun, lines = time.monotonic(), count(log)
    pages = sorted(seconds for seconds in (page(url, cookie) for _ in range(PAGES)) if seconds is not None)
    others = max(0, count(log) - lines - len(pages)) / (time.monotonic() - begun)
    late = f"over {report.shown(PATIENCE_SECONDS)}"
    return (
        name,
        beside,
        f"{len(pages)} of {PAGES}",
        report.shown(statistics.median(pages)) if pages else late,
        report.shown(pages[-1]) if len(pages) == PAGES else late,
        f"{others:.1f}",
    )


def count(log: Path) -> int:
    """The lines of the log."""
    return log.read_bytes().count(b"\n")


def page(url: str, cookie: str) -> float | None:
    """How long the page takes, in seconds; None where it does not come in time."""
    begun = time.monotonic()
    try:
        answer = httpx2.get(f"{url}/guide", headers={"Cookie": cookie}, timeout=PATIENCE_SECONDS)
    except httpx2.TransportError:
        return None
    return time.monotonic() - begun if answer.status_code == 200 else None


@contextmanager
def trickling(port: int) -> Iterator[None]:
    """Connections that send a byte a second, and come again when they are closed."""
    over = threading.Event()

    def trickle() -> None:
        sockets: list[socket.socket | None] = [None] * TRICKLING
        while not over.is_set():
            for place, connection in enumerate(sockets):
                try:
                    if connection is None:
                        sockets[place] = connection = socket.create_connection((HOST, port), 1)
                        connection.sendall(REQUEST)
                    else:
                        connection.sendall(b"x")
                except OSError:
                    sockets[place] = None
            over.wait(1)
        for connection in sockets:
            if connection:
                connection.close()

    thread = threading.Thread(target=trickle)
    thread.start()
    time.sleep(2)
    try:
        yield
    finally:
        over.set()
        thread.join()


def serve(folder: Path) -> None:
    """The portal of the checkout that comes first on the path; prints its address and the cookie of a citizen."""
    from videoguide import settings
    from videoguide.portal.app import create_app
    from videoguide.portal.configuration import PortalSettings
    from videoguide.portal.server import create_server
    from videoguide.portal.sessions import CITIZEN

    listener = socket.create_server((HOST, 0), backlog=2048)
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    store = folder / "store"
    store.mkdir()
    chosen = settings.load({}, database=f"sqlite:///{folder}/portal.db", store=str(store))
    app = create_app(chosen, PortalSettings.of({"portal_url": url, "portal_address_rate": "100000"}))
    sessions = app.state.portal.sessions
    print(url, f"{sessions.cookie.name}={sessions.begin(CITIZEN, fiscal_code='PZZGLI75D41A944G')}", flush=True)
    create_server(app, HOST, 0).run(sockets=[listener])


if __name__ == "__main__":
    main()
