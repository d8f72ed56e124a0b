# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Invented traffic of any size: guides of nobody, and what nobody did with them; the same seed, the same traffic.

And what was done counted from the raw rows, one guide at a time, by nothing of the package's own.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlmodel import SQLModel

from videoguide.outcomes.figures import Selection
from videoguide.outcomes.tallies import documents_fact
from videoguide.packs.campaigns import Campaign
from videoguide.records.database import (
    ApplicationRecord,
    CampaignRecord,
    Database,
    Delivery,
    GuideRecord,
    Press,
    Rating,
    Recipient,
    View,
    now,
)

BATCH = 5000
SEGMENTS = bytes(12 * 32)
COMMENTS = (
    *("", "", "", "Chiara, ho risolto in dieci minuti.", "Non ho capito dove si allega il documento."),
    *(
        "Utile. Grazie!",
        '=HYPERLINK("http://example.org")',
        "<script>alert('ciao')</script> & \"così\"",
        "100 %_sicuro",
    ),
)
TABLES = (Recipient, ApplicationRecord, GuideRecord, Delivery, View, Press, Rating)


@dataclass
class Traffic:
    """Rows by table, as plain data: what is counted independently is counted from these."""

    rows: dict[type, list[dict[str, Any]]] = field(default_factory=lambda: {table: [] for table in TABLES})

    def __getitem__(self, table: type) -> list[dict[str, Any]]:
        return self.rows[table]

    @property
    def guides(self) -> list[dict[str, Any]]:
        return self.rows[GuideRecord]

    @property
    def events(self) -> int:
        return sum(len(self.rows[table]) for table in (View, Press, Rating))


@dataclass(frozen=True)
class Habits:
    """How likely people do what, and how often."""

    opens: float = 0.75
    again: float = 0.78
    """That a view is followed by another one."""
    presses: float = 0.25
    rates: float = 0.25
    days: int = 120


def invent(
    campaign: Campaign,
    guides: int,
    seed: int,
    until: datetime,
    habits: Habits = Habits(),
    first: int = 0,
) -> Iterator[Traffic]:
    """So many guides and all that became of them by ``until``, some thousands at a time; ids begin at ``first``."""
    chance = random.Random(seed)
    about = campaign.description
    fact = documents_fact(campaign)
    documents = sorted(campaign.catalogue[about.facts[fact].catalogue]) if fact else []
    cases = list(campaign.cases)
    cases = [*cases, *cases, "+".join(cases[:2])]
    buttons = sorted({button.id for scene in campaign.scenes.values() for button in scene.buttons})[:4]
    windows = [window for window in sorted(campaign.windows) if window not in buttons][:1]
    link = next(iter(about.links))
    start = until - timedelta(days=habits.days)
    traffic = Traffic()
    for number in range(first + 1, first + guides + 1):
        guide = f"{number:032x}"
        asked = chance.sample(documents, chance.choice((0, 0, 1, 1, 2))) if documents else []
        # a wave, then a trickle
        share = chance.random() * 0.02 if chance.random() < 0.6 else chance.random()
        made = start + share * (until - start)
        traffic[Recipient].append({"id": number, "fiscal_code": f"{number:016}"})
        traffic[ApplicationRecord].append(
            {
                "id": number,
                "campaign_id": about.id,
                "number": f"{number}",
                "extracted_on": date(2024, 4, 1),
                "recipient_id": number,
                "first_name": "Anna",
                "facts": {fact: asked} if asked else None,
            }
        )
        row = {
            "id": guide,
            "application_id": number,
            "state": bytes(32),
            "cases": chance.choice(cases),
            "channel": chance.choice((about.channels[0], *about.channels)),
            "outline": bytes(32),
            "segments": SEGMENTS,
            "made_at": _whole(made),
            "expires_at": _whole(made + timedelta(days=183)),
            "withdrawn_at": None,
            "withdrawn_because": "",
        }
        traffic[GuideRecord].append(row)
        traffic[Delivery].append({"guide_id": guide, "medium": "reserved-area", "at": _whole(made)})
        if chance.random() < 0.2:
            traffic[Delivery].append({"guide_id": guide, "medium": "sms", "at": _whole(made)})
        opened = made + timedelta(days=chance.expovariate(0.2))
        viewed = 0
        while opened < until and chance.random() < (habits.again if viewed else habits.opens):
            _view(traffic, chance, f"{viewed:04x}{number:028x}", guide, opened, buttons, windows, link, habits)
            viewed += 1
            last, opened = opened, opened + timedelta(hours=1) + timedelta(days=chance.expovariate(0.3))
        if viewed and chance.random() < habits.rates:
            changed = chance.random() < 0.1
            traffic[Rating].append(
                {
                    "guide_id": guide,
                    "stars": chance.choice((1, 2, 3, 4, 4, 5, 5, 5)),
                    "comment": chance.choice(COMMENTS),
                    "rated_at": _whole(last),
                    "changed_at": _whole(min(until, last + timedelta(days=3))) if changed else None,
                }
            )
        gone = made + timedelta(days=chance.uniform(1, 0.75 * habits.days))
        if gone < until and chance.random() < (0.5 if viewed else 0.25):
            row |= {"withdrawn_at": _whole(gone), "withdrawn_because": chance.choice(("solved", "solved", "changed"))}
        if len(traffic[GuideRecord]) == BATCH:
            yield traffic
            traffic = Traffic()
    if traffic[GuideRecord]:
        yield traffic


def _view(
    traffic: Traffic,
    chance: random.Random,
    view: str,
    guide: str,
    opened: datetime,
    buttons: Sequence[str],
    windows: Sequence[str],
    link: str,
    habits: Habits,
) -> None:
    reached = chance.choice((0, 25, 50, 75, 100, 100))
    moment = _whole(opened)
    followed = link if reached == 100 and chance.random() < 0.5 else ""
    played = moment if reached else None
    traffic[View].append(
        {
            "id": view,
            "guide_id": guide,
            "opened_at": moment,
            "played_at": played,
            "reached": reached,
            "followed": followed,
        }
    )
    row: Mapping[str, Any] = {"view_id": view, "shown_at": moment, "pressed_at": None}
    for at, button in enumerate(buttons):
        if reached > 25 * at:
            pressed = moment if chance.random() < habits.presses else None
            traffic[Press].append({**row, "button": button, "pressed_at": pressed})
    for window in windows:
        if window not in buttons and chance.random() < 0.05:
            traffic[Press].append({**row, "button": window, "shown_at": None, "pressed_at": moment})


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0).astimezone(UTC)


def enter_before(folder: Path, pack: Campaign, *parts: Traffic) -> Path:
    """Put traffic where a portal in this folder will find it, as it has been counting from the first guide on."""
    with Database(f"sqlite:///{folder}/portal.db") as database:
        for part in parts:
            enter(database, pack, part)
    return folder


def enter(database: Database, campaign: Campaign, traffic: Traffic) -> None:
    """Put the rows into the database."""
    with database.session() as session:
        if session.get(CampaignRecord, campaign.id) is None:
            session.add(CampaignRecord(id=campaign.id, title=campaign.description.title))
            session.flush()
        for table in TABLES:
            if traffic[table]:
                session.execute(insert(SQLModel.metadata.tables[str(table.__tablename__)]), traffic[table])


CALM = Habits(days=9, rates=0.6)
ROME = ZoneInfo("Europe/Rome")


def traffic(pack: Campaign, guides: int, seed: int = 5, until: datetime | None = None) -> Traffic:
    """All of it at once."""
    whole = Traffic()
    for part in invent(pack, guides, seed, until or now(), CALM):
        for table, rows in part.rows.items():
            whole[table].extend(rows)
    return whole


def rome(moment: datetime) -> date:
    return moment.astimezone(ROME).date()


def by_hand(events: Traffic, asked: Selection) -> Counter[str]:
    """Every count, from the raw rows, one guide at a time."""
    documents = {row["id"]: (row["facts"] or {}).get("documents", []) for row in events[ApplicationRecord]}
    views, presses, ratings = defaultdict(list), defaultdict(list), {}
    for row in events[View]:
        views[row["guide_id"]].append(row)
    for row in events[Press]:
        presses[row["view_id"]].append(row)
    for row in events[Rating]:
        ratings[row["guide_id"]] = row

    def on(moment: datetime) -> bool:
        return (asked.first or date.min) <= rome(moment) <= (asked.last or date.max)

    counts: Counter[str] = Counter()
    deliveries = {row["guide_id"]: row["at"] for row in events[Delivery] if row["medium"] == "reserved-area"}
    for guide in events[GuideRecord]:
        if asked.case and asked.case not in guide["cases"].split("+"):
            continue
        if asked.channel and asked.channel != guide["channel"]:
            continue
        if asked.document and asked.document not in documents[guide["application_id"]]:
            continue
        counts["made"] += on(guide["made_at"])
        counts["delivered"] += guide["id"] in deliveries and on(deliveries[guide["id"]])
        so_far, followed = -1, False
        for view in sorted(views[guide["id"]], key=lambda row: (row["opened_at"], row["id"])):
            if on(view["opened_at"]):
                counts["views"] += 1
                counts["viewers"] += so_far < 0
                for quarter in (25, 50, 75, 100):
                    counts[f"reached_{quarter}"] += so_far < quarter <= view["reached"]
                counts["followed"] += bool(view["followed"]) and not followed
                for press in presses[view["id"]]:
                    counts["shown"] += press["shown_at"] is not None
                    counts["pressed"] += press["pressed_at"] is not None
                    counts["answered"] += press["shown_at"] is not None and press["pressed_at"] is not None
            so_far, followed = max(so_far, view["reached"]), followed or bool(view["followed"])
        if (rated := ratings.get(guide["id"])) and on(rated["rated_at"]):
            counts["ratings"] += 1
            counts[f"stars_{rated['stars']}"] += 1
        if guide["withdrawn_because"] == "solved" and on(guide["withdrawn_at"]):
            seen = any(view["opened_at"] <= guide["withdrawn_at"] for view in views[guide["id"]])
            counts["solved_viewed" if seen else "solved_unviewed"] += 1
    return counts
