# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What an identity provider that hangs does to everybody else.

    python benchmarks/hanging_provider.py [--before CHECKOUT] [--report FILE]

starts the real portal as a process of its own with an identity provider that takes connections and never answers, sends
it 60 logins at once, and asks for a citizen's page of guides meanwhile; it writes the section "An identity provider
that hangs" of docs/benchmarks.md. ``--before``: also with the portal of another checkout.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx2
import report

HOST = "127.0.0.1"
LOGINS = 60
PATIENCE_SECONDS = 60
PAGES = 20
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Outcome:
    """How long the page took in seconds, None for those that did not come in time; and each login."""

    pages: Sequence[float | None]
    logins: Sequence[float | None]


def main() -> None:
    """Measure, and write the section."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--before", type=Path, help="another checkout to measure as well")
    parser.add_argument("--report", type=Path, default=report.FILE)
    parser.add_argument("--portal", nargs=2, metavar=("FOLDER", "ISSUER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.portal:
        serve(Path(given.portal[0]), given.portal[1])
        return
    rows = [row("now", measured(ROOT))]
    if given.before:
        rows.insert(0, row("before", measured(given.before)))
    head = ("portal", "page answered", "half within", "slowest", "logins told within 1 s", "the last login told after")
    text = f"""## An identity provider that hangs

`python benchmarks/hanging_provider.py` — {report.setting("fastapi", "uvicorn")}

{LOGINS} logins at once while the provider takes connections and never answers; then a citizen who is logged in asks
{PAGES} times, one after the other, for the page of their guides, for {PATIENCE_SECONDS} s at most in all.

{report.table(head, rows)}
"""
    report.write_section(given.report, "hanging-provider", text)
    print(text)


def row(name: str, outcome: Outcome) -> Sequence[str]:
    """A row of the table."""
    pages = sorted(seconds for seconds in outcome.pages if seconds is not None)
    logins = [seconds for seconds in outcome.logins if seconds is not None]
    late = f"over {PATIENCE_SECONDS} s"
    return (
        name,
        f"{len(pages)} of {PAGES}",
        report.shown(statistics.median(pages)) if pages else late,
        report.shown(pages[-1]) if len(pages) == PAGES else late,
        f"{sum(seconds < 1 for seconds in logins)} of {LOGINS}",
        report.shown(max(logins)) if len(logins) == LOGINS else late,
    )


def measured(checkout: Path) -> Outcome:
    """What becomes of logins and pages in the portal of a checkout."""
    provider = socket.create_server((HOST, 0), backlog=256)  # the system takes the connections; nobody answers
    issuer = f"http://{HOST}:{provider.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(Path(__file__).resolve()), "--portal", folder, issuer]
        environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
        portal = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
        )
        try:
            assert portal.stdout
            url, cookie = portal.stdout.readline().split()
            return beset(url, cookie)
        finally:
            portal.kill()
            portal.communicate()
            provider.close()


def beset(url: str, cookie: str) -> Outcome:
    """Logins all at once, and pages one after the other."""
    end = time.monotonic() + PATIENCE_SECONDS

    def timed(path: str, headers: dict[str, str] | None = None) -> float | None:
        begun = time.monotonic()
        try:
            httpx2.get(url + path, headers=headers, timeout=max(0.1, end - begun))
        except httpx2.TimeoutException:
            return None
        return time.monotonic() - begun

    timed("/guide", {"Cookie": cookie})  # the first of a process makes templates
    with ThreadPoolExecutor(LOGINS) as crowd:
        logins = [crowd.submit(timed, "/login/start") for _ in range(LOGINS)]
        time.sleep(0.5)
        pages = [timed("/guide", {"Cookie": cookie}) for _ in range(PAGES)]
        return Outcome(pages, [login.result() for login in logins])


def serve(folder: Path, issuer: str) -> None:
    """The portal of the checkout that comes first on the path; prints its address and the cookie of a citizen."""
    from videoguide import settings
    from videoguide.portal.app import create_app
    from videoguide.portal.configuration import PortalSettings
    from videoguide.portal.server import create_server
    from videoguide.portal.sessions import CITIZEN

    listener = socket.create_server((HOST, 0), backlog=256)
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    store = folder / "store"
    store.mkdir()
    values = {"portal_url": url, "portal_login_rate": "1000", "login_issuer": issuer, "login_client": "videoguide"}
    chosen = settings.load({}, database=f"sqlite:///{folder}/portal.db", store=str(store))
    app = create_app(chosen, PortalSettings.of(values))
    sessions = app.state.portal.sessions
    print(url, f"{sessions.cookie.name}={sessions.begin(CITIZEN, fiscal_code='PZZGLI75D41A944G')}", flush=True)
    create_server(app, HOST, 0).run(sockets=[listener])


if __name__ == "__main__":
    main()
