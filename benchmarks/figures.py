"""How long the figures of a campaign take with 200,000 guides and 2,000,000 events; writes docs/benchmarks.md.

The traffic is invented by ``tests/invented_traffic.py``: a wave of guides, then a trickle over four months.
"""

import argparse
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import report

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from databases import postgresql
from invented_traffic import enter, invent

from videoguide import campaigns, settings, tallies
from videoguide.campaigns import Campaign
from videoguide.charts import charts
from videoguide.database import Database, now
from videoguide.figures import Selection, comments, figures

TARGET_MS = 300
YOUNG_ENOUGH = timedelta(days=1)
CAMPAIGN = "assegno-unico"
WORDS = ("", "", "", "documento", "niente del genere")


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


def selections(campaign: Campaign, chance: random.Random) -> Iterator[tuple[str, Selection]]:
    """What staff ask for, again and again: everything, one filter, several."""
    today = date.today()
    cases, channels = list(campaign.cases), campaign.description.channels
    documents = list(campaign.catalogue[campaign.description.facts[tallies.documents_fact(campaign)].catalogue])
    while True:
        first = today - timedelta(days=chance.randrange(20, 110))
        case, channel, document = chance.choice(cases), chance.choice(channels), chance.choice(documents)
        yield "the whole campaign", Selection()
        yield "a case", Selection(case=case)
        yield "a document", Selection(document=document)
        yield "three weeks", Selection(first=first, last=first + timedelta(days=20))
        yield "a case, a channel and a period", Selection(case=case, channel=channel, first=first)


def timed(work: Callable[[], object]) -> float:
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
        asked = selections(campaign, chance)
        for _ in range(5 * options.rounds):
            what, selection = next(asked)
            words = chance.choice(WORDS)

            def page(selection: Selection = selection, words: str = words) -> None:
                charts(figures(database, campaign, selection, at_most=YOUNG_ENOUGH))
                comments(database, campaign, selection, words=words)

            times.pages.setdefault(what, []).append(timed(page))
    return times


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
        found = [f"sqlite:///{name}/figures.db"]
        if not options.only_sqlite:
            server = contextmanager(postgresql.__wrapped__)
            found.append(stack.enter_context(server())())
        yield found


def percentile(seconds: Sequence[float], share: float) -> float:
    """The time that ``share`` (0 to 1) of them do not exceed."""
    return sorted(seconds)[math.ceil(share * len(seconds)) - 1]


def told(measured: Sequence[Times], options: argparse.Namespace) -> str:
    """The section, in Markdown."""
    rows = []
    for times in measured:
        for what, seconds in times.pages.items():
            shares = (report.shown(percentile(seconds, share)) for share in (0.5, 0.95))
            rows.append((f"{times.database}: {what}", str(len(seconds)), *shares, report.shown(max(seconds))))
    sizes = []
    worst = []
    for times in measured:
        later = statistics.median(times.later_counts)
        sizes.append(
            (times.database, f"{times.megabytes:,.0f} MB", report.shown(times.first_count), report.shown(later))
        )
        every = [one for seconds in times.pages.values() for one in seconds]
        worst.append(f"{report.shown(percentile(every, 0.95))} on {times.database}")
    return f"""## The figures of a campaign

`python benchmarks/figures.py{options.given}` — {report.setting("sqlalchemy", "pygal")}

{measured[0].guides:,} guides and {measured[0].events:,} events (views, presses, ratings) over four months. A page is
everything that staff see at once: all figures, every breakdown, three charts, fifty comments. 95 % of the pages of all
kinds come within {" and ".join(worst)}; target: {TARGET_MS} ms.

{report.table(("page", "how many", "half within", "95 %", "all"), rows)}

Pages read daily tallies, which are counted from the events: once for all days, later today's and yesterday's again.

{report.table(("database", "size", "all days", "today and yesterday"), sizes)}"""


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    campaign = campaigns.load(settings.packs_folder(), CAMPAIGN)
    with addresses(options) as found:
        measured = [measure(address, campaign, options) for address in found]
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
