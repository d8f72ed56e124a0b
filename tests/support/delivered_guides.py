# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Rows of people, applications and guides, put straight into a database, for tests of what is delivered."""

from datetime import date, datetime, timedelta

from sqlmodel import Session, select

from videoguide.guide.guides import Guide, keep_outline
from videoguide.guide.keys import GuideKeys
from videoguide.records.database import (
    ApplicationRecord,
    CampaignRecord,
    Database,
    GuideRecord,
    Recipient,
    now,
)
from videoguide.store import Store

ANNA, BRUNO = "RSSNNA85T50A562Y", "VRDBRN80A01H501Z"
"""Two invented people; nothing here looks at the check letter."""


def deliver(
    database: Database,
    person: str = ANNA,
    *,
    id: str = "a" * 32,
    number: str = "1",
    guide: Guide | None = None,
    store: Store | None = None,
    made_at: datetime | None = None,
    expires_in: timedelta = timedelta(days=180),
    because: str = "",
) -> str:
    """Put a guide of a person's there; returns its id. Its segments are in the store already."""
    moment = made_at or now()
    campaign = guide.outline.campaign if guide else "bonus-libri"
    with database.session() as session:
        if session.get(CampaignRecord, campaign) is None:
            session.add(CampaignRecord(id=campaign, title="La tua guida"))
            session.flush()
        recipient = _recipient(session, person)
        application = ApplicationRecord(
            campaign_id=campaign,
            number=number,
            extracted_on=date(2024, 4, 1),
            recipient_id=recipient,
            first_name="Anna",
        )
        session.add(application)
        session.flush()
        keys = GuideKeys("0" * 64, ("0" * 64, "0" * 64))
        if guide and store:
            keys = GuideKeys(keep_outline(store, guide.outline), tuple(segment.key for segment in guide.segments))
        columns = keys.packed()
        session.add(
            GuideRecord(
                id=id,
                application_id=application.id or 0,
                recipient_id=recipient,
                state=bytes(32),
                cases="+".join(guide.outline.cases) if guide else "missing-receipt",
                channel=guide.outline.channel if guide else "citizen",
                outline=columns["outline"],
                segments=columns["segments"],
                made_at=moment,
                expires_at=moment + expires_in,
                withdrawn_at=moment if because else None,
                withdrawn_because=because,
            )
        )
    return id


def _recipient(session: Session, person: str) -> int:
    recipient = session.exec(select(Recipient).where(Recipient.fiscal_code == person)).first()
    if recipient is None:
        recipient = Recipient(fiscal_code=person)
        session.add(recipient)
        session.flush()
    return recipient.id or 0
