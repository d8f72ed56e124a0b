# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A portal where staff have previews made: the small campaign with a sample, silent and small, real processes."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
from sqlmodel import select

from tests.support.places import PACKS
from tests.support.portals import RunningPortal, listen, running_portal
from tests.support.tiny_runs import BRUNO, CARLA, extract
from videoguide.records.database import ApplicationRecord, CampaignRecord, Recipient

CAMPAIGN = "bonus-libri"
FORM = f"/staff/{CAMPAIGN}/preview"
UNCONCERNED = {"numero": "9", "nome": "Zeno", "stato": "pagata"}
SCENES = 4
"""So many scenes has the guide for both cases."""
WIDE = "WOMO" * 5 + "WOMo"
"""A name of as many letters as are allowed, which is too wide for the picture."""


@contextmanager
def preview_portal(folder: Path, store: Path | None = None, **values: str) -> Iterator[RunningPortal]:
    """A portal with the small campaign alone, a copy that a test may change, and its own store unless one is given."""
    packs = folder / "packs"
    shutil.copytree(PACKS / CAMPAIGN, packs / CAMPAIGN)
    extract(packs / CAMPAIGN / "sample.csv", {}, BRUNO, CARLA, UNCONCERNED)
    with running_portal(folder, values, store=store, scenes=packs) as running:
        yield running


def asking(**changes: Any) -> dict[str, Any]:
    """The form's fields for both cases, but for what is changed."""
    return {
        "first_name": "Anna",
        "sex": "F",
        "applicant": "parent",
        "case": ["missing-receipt", "missing-school"],
        "fact-receipts": ["books"],
        "fact-pupils": "1",
        "channel": "citizen",
        "year": "2024",
        "voice": "silent",
        **changes,
    }


def csrf_of(browser: httpx2.Client) -> str:
    page = browser.get(FORM).text
    return page.split('name="csrf" value="')[1].split('"')[0]


def ask(browser: httpx2.Client, **changes: Any) -> str:
    """Have a preview; returns its address."""
    answer = browser.post(FORM, data={"csrf": csrf_of(browser), **asking(**changes)})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def make(browser: httpx2.Client, **changes: Any) -> str:
    """Have a preview made; returns its address."""
    preview = ask(browser, **changes)
    assert listen(browser, preview)[-1] == ("ready", {})
    return preview


def states(page: str) -> list[str]:
    """What the page says of each scene."""
    return [part.split('"')[0] for part in page.split('data-state="')[1:]]


def deliver_application(running: RunningPortal, number: str = "77", **fields: Any) -> int:
    """Put a real person's application into the database; returns its record's id."""
    columns: dict[str, Any] = {
        "campaign_id": CAMPAIGN,
        "number": number,
        "extracted_on": date(2024, 4, 1),
        "first_name": "Ludovica",
        "sex": "F",
        "applicant": "parent",
        "filed_on": date(2024, 3, 1),
        "channel": "citizen",
        "status": "waiting",
        "facts": {"receipts": ["books"]},
        **fields,
    }
    with running.portal.database.session() as session:
        if session.get(CampaignRecord, CAMPAIGN) is None:
            session.add(CampaignRecord(id=CAMPAIGN, title="La tua guida"))
            session.flush()
        person = session.exec(select(Recipient)).first() or Recipient(fiscal_code="RSSLDV85T50A562X")
        session.add(person)
        session.flush()
        record = ApplicationRecord(**{"recipient_id": person.id, **columns})
        session.add(record)
        session.flush()
        assert record.id is not None
        return record.id
