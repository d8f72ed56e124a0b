"""Rows of people, applications and guides, put straight into a database, for tests of what is delivered."""

from datetime import date, datetime, timedelta

from sqlmodel import Session, select

from videoguide.database import (
    ApplicationRecord,
    CampaignRecord,
    Database,
    GuideRecord,
    Recipient,
    now,
)
from videoguide.guides import Guide, keep_outline
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
        outline = bytes.fromhex(keep_outline(store, guide.outline)) if guide and store else bytes(32)
        segments = b"".join(bytes.fromhex(segment.key) for segment in guide.segments) if guide else bytes(64)
        session.add(
            GuideRecord(
                id=id,
                application_id=application.id or 0,
                state=bytes(32),
                cases="+".join(guide.outline.cases) if guide else "missing-receipt",
                channel=guide.outline.channel if guide else "citizen",
                outline=outline,
                segments=segments,
                made_at=moment,
                expires_at=moment + expires_in,
                withdrawn_at=moment if because else None,
                withdrawn_because=because,
            )
        )
    return id


def _recipient(session: Session, person: str) -> int:
    known = session.exec(select(Recipient).where(Recipient.fiscal_code == person)).first()
    if known is None:
        known = Recipient(fiscal_code=person)
        session.add(known)
        session.flush()
    return known.id or 0
