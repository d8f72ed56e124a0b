# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""How long the figures of a campaign take with 200,000 guides and 2,000,000 events; writes docs/benchmarks.md.

The traffic is invented by ``tests/support/invented_traffic.py``: a wave of guides, then a trickle over four months.
Pages are asked for over HTTP, of a real portal; and what they call is measured alone, too. Before each round of pages
all is counted again, as the portal does each minute: one page of each round finds nothing kept from the one before.
"""

import argparse
import io
import math
import random
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import report

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.databases import postgresql_server
from tests.support.invented_traffic import enter, invent
from videoguide import assets, settings
from videoguide.outcomes import tallies
from videoguide.outcomes.charts import NARROW, charts
from videoguide.outcomes.comments import comments
from videoguide.outcomes.figures import Figures, Selection, figures
from videoguide.packs import campaigns
from videoguide.packs.campaigns import Campaign
from videoguide.portal.app import create_app
from videoguide.portal.configuration import PortalSettings
from videoguide.portal.logs import Log
from videoguide.portal.server import create_server
from videoguide.records.database import Database, now

TARGET_MS = 300
YOUNG_ENOUGH = timedelta(days=1)
CAMPAIGN = "assegno-unico"
WORDS = ("documento", "niente del genere")


@dataclass
class Times:
    """Seconds that things took on one kind of database."""

    database: str
    guides: int = 0
    events: int = 0
    megabytes: float = 0
    first_count: float = 0
    later_counts: list[float] = field(default_factory=list)
    pages: dict[str, list[float]] = field(default_factory=dict)
    """Over HTTP."""
    calls: dict[str, list[float]] = field(default_factory=dict)
    """What the pages call, alone."""

    def call(self, page: str, database: Database, campaign: Campaign, filters: dict[str, str]) -> None:
        """Measure what a page calls."""
        given = {"from": "first", "to": "last"}
        selection = Selection.of(**{given.get(name, name): value for name, value in filters.items() if name != "words"})
        if page == "comments":
            words = filters.get("words", "")
            self._add("comments", lambda: comments(database, campaign, selection, words=words))
            return
        results: list[Figures] = []
        self._add("figures", lambda: results.append(figures(database, campaign, selection, max_age=YOUNG_ENOUGH)))
        self._add("charts, wide and narrow", lambda: (charts(results[0]), charts(results[0], NARROW)))

    def _add(self, what: str, work: Callable[[], object]) -> None:
        self.calls.setdefault(what, []).append(timed(work))


def asked(campaign: Campaign, chance: random.Random) -> list[tuple[str, str, dict[str, str]]]:
    """One round of what staff ask for, in any order: in words, the page, and the filters."""
    first = date.today() - timedelta(days=chance.randrange(20, 110))
    case, channel = chance.choice(list(campaign.cases)), chance.choice(campaign.description.channels)
    fact = campaign.description.facts[tallies.documents_fact(campaign)]
    document = chance.choice(list(campaign.catalogue[fact.catalogue]))
    several = {"case": case, "channel": channel, "from": first.isoformat()}
    kinds = [
        ("the whole campaign", "figures", {}),
        ("a case", "figures", {"case": case}),
        ("a document", "figures", {"document": document}),
        ("three weeks", "figures", {"from": first.isoformat(), "to": (first + timedelta(days=20)).isoformat()}),
        ("a case, a channel and a period", "figures", several),
        ("comments", "comments", several if chance.random() < 0.5 else {}),
        ("comments with words", "comments", {"words": chance.choice(WORDS)}),
    ]
    chance.shuffle(kinds)
    return kinds


@contextmanager
def serving(address: str, folder: Path) -> Iterator[httpx2.Client]:
    """The browser of a member of staff, at a real portal over the database."""
    given = settings.load({}, database=address, store=str(folder))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        rules = PortalSettings.of({"portal_url": url, "portal_session_rate": "100000", "portal_idle_minutes": "600"})
        app = create_app(given, rules, log=Log(io.StringIO()))
        running = create_server(app, "127.0.0.1", 0)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        sessions = app.state.portal.sessions
        cookie = f"{sessions.cookie.name}={sessions.begin('viewer', subject='anna')}"
        try:
            with httpx2.Client(base_url=url, headers={"Accept": "text/html", "Cookie": cookie}, timeout=60) as browser:
                yield browser
        finally:
            running.should_exit = True
            thread.join()


def timed(work: Callable[[], object]) -> float:
    """Seconds that a piece of work took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(address: str, campaign: Campaign, options: argparse.Namespace) -> Times:
    """Fill the database, count, and ask."""
    with Database(address) as database:
        times = Times("SQLite" if address.startswith("sqlite") else "PostgreSQL")
        for traffic in invent(campaign, options.guides, options.seed, now()):
            enter(database, campaign, traffic)
            times.guides, times.events = times.guides + len(traffic.guides), times.events + traffic.events
        times.megabytes = _megabytes(database)
        times.first_count = timed(lambda: tallies.count(database, campaign))
        times.later_counts = [timed(lambda: tallies.count(database, campaign)) for _ in range(options.rounds)]
        chance = random.Random(options.seed)
        with tempfile.TemporaryDirectory(dir=options.folder) as store, serving(address, Path(store)) as browser:
            for _ in range(options.rounds):
                tallies.count(database, campaign)
                for what, page, filters in asked(campaign, chance):
                    path = f"/staff/{campaign.id}/{page}?{urlencode(filters)}"
                    times.pages.setdefault(what, []).append(timed(partial(_open, browser, path)))
        for _ in range(options.rounds):
            tallies.count(database, campaign)
            for _, page, filters in asked(campaign, chance):
                times.call(page, database, campaign, filters)
    return times


def _open(browser: httpx2.Client, path: str) -> None:
    browser.get(path).raise_for_status()


def _megabytes(database: Database) -> float:
    asks = "SELECT pg_database_size(current_database())"
    if database.engine.dialect.name == "sqlite":
        asks = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    with database.engine.connect() as connection:
        return float(connection.exec_driver_sql(asks).scalar_one()) / 1e6


@contextmanager
def addresses(options: argparse.Namespace) -> Iterator[list[str]]:
    """A database of each kind that is asked for, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="figures-", dir=options.folder) as name, ExitStack() as stack:
        databases = [f"sqlite:///{name}/figures.db"]
        if not options.only_sqlite:
            databases.append(stack.enter_context(postgresql_server())())
        yield databases


def percentile(seconds: Sequence[float], share: float) -> float:
    """The time that ``share`` (0 to 1) of them do not exceed."""
    return sorted(seconds)[math.ceil(share * len(seconds)) - 1]


def told(measured: Sequence[Times], options: argparse.Namespace) -> str:
    """The section, in Markdown."""
    rows, sizes, worst = [], [], []
    for times in measured:
        for what, seconds in (
            *sorted(times.pages.items()),
            *((f"{call} alone", some) for call, some in times.calls.items()),
        ):
            shares = (report.shown(percentile(seconds, share)) for share in (0.5, 0.95))
            rows.append((f"{times.database}: {what}", str(len(seconds)), *shares, report.shown(max(seconds))))
        counts = report.shown(times.first_count), report.shown(statistics.median(times.later_counts))
        sizes.append((times.database, f"{times.megabytes:,.0f} MB", *counts))
        slowest = max(percentile(seconds, 0.95) for seconds in times.pages.values())
        worst.append(f"{report.shown(slowest)} on {times.database}")
    return f"""## The figures of a campaign

`python benchmarks/figures.py{options.given}` — {report.setting("sqlalchemy", "pygal")}

{measured[0].guides:,} guides and {measured[0].events:,} events (views, presses, ratings) over four months. A page is
what staff see at once, asked of a running portal: all figures, every breakdown, three charts in two sizes; or fifty
comments. 95 % of the pages of each kind come within {" and ".join(worst)}; target: {TARGET_MS} ms.

{report.table(("page", "how many", "half within", "95 %", "all"), rows)}

Pages read daily tallies, which are counted from the events: once for all days, later today's and yesterday's again,
each minute by the portal itself and here before each round of pages.

{report.table(("database", "size", "all days", "today and yesterday"), sizes)}"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the figures' pages on each database that was asked for."""
    options = _options(arguments)
    campaign = campaigns.load(assets.packs_folder(), CAMPAIGN)
    with addresses(options) as databases:
        measured = [measure(address, campaign, options) for address in databases]
    text = told(measured, options)
    print(text)
    report.write_section(options.report, "figures", text)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the figures of a campaign; writes docs/benchmarks.md.")
    parser.add_argument("--guides", type=int, default=200_000, help="how many guides (200000)")
    parser.add_argument("--rounds", type=int, default=20, help="how often each page is asked for (20)")
    parser.add_argument("--seed", type=int, default=1, help="same number, same traffic (1)")
    parser.add_argument("--only-sqlite", action="store_true", help="without PostgreSQL")
    parser.add_argument("--folder", help="work below this folder (default: the system's)")
    parser.add_argument("--report", type=Path, default=report.FILE, help="Markdown file (docs/benchmarks.md)")
    options = parser.parse_args(words)
    changed = {name: getattr(options, name) for name in ("guides", "rounds", "seed")}
    options.given = "".join(
        f" --{name} {value}" for name, value in changed.items() if value != parser.get_default(name)
    ) + (" --only-sqlite" if options.only_sqlite else "")
    return options


if __name__ == "__main__":
    main()
