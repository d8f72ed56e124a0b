# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Previews in the database: kept for a while under a random id, which staff can give to others."""

import secrets
from datetime import UTC, datetime, timedelta

from sqlmodel import col, delete, select

from videoguide.errors import InputError
from videoguide.guide.guides import Guide, keep_outline, read_guide
from videoguide.guide.keys import GuideKeys
from videoguide.intake.applications import Application
from videoguide.packs.campaigns import Campaign
from videoguide.proof.previews import Planned, PreviewRequest, nameless, plan_as_delivered
from videoguide.records.applications import application_of
from videoguide.records.database import ApplicationRecord, Database, Preview, now
from videoguide.settings import Settings
from videoguide.store import Store

KEPT_DAYS = 30


def keep(
    database: Database,
    store: Store,
    planned: Planned,
    *,
    version: str,
    who: str,
    asked: PreviewRequest | None = None,
    application_id: int | None = None,
) -> str:
    """Keep a preview of what was asked for, or of an application; returns its id. Raises StoreError."""
    forget_expired(database)
    moment = datetime.now(UTC)  # to the microsecond: a segment that is older is reused
    preview = Preview(
        id=secrets.token_hex(16),
        campaign_id=planned.script.campaign,
        version=version,
        asked=asked.plain() if asked else None,
        application_id=application_id,
        made_by=who[:255],
        made_at=moment,
        expires_at=moment + timedelta(days=KEPT_DAYS),
        **_pieces(store, planned),
    )
    with database.session() as session:
        session.add(preview)
    return preview.id


def find(database: Database, id: str) -> Preview | None:
    """A preview that has not expired; None also if the person of its application was deleted. Raises StoreError."""
    with database.session() as session:
        preview = session.get(Preview, id)
        if preview is None or preview.expires_at <= now():
            return None
        if preview.application_id is not None:
            record = session.get(ApplicationRecord, preview.application_id)
            if record is None or record.recipient_id is None:
                return None
    return preview


def renew(database: Database, store: Store, preview: Preview, planned: Planned) -> Preview:
    """The preview, made of what is planned now: its voice or application may have changed since. Raises StoreError."""
    pieces = _pieces(store, planned)
    if all(getattr(preview, name) == keys for name, keys in pieces.items()):
        return preview
    with database.session() as session:
        kept = session.get_one(Preview, preview.id)
        kept.sqlmodel_update(pieces)
    return kept


def forget_expired(database: Database) -> int:
    """Delete the previews that have expired; returns how many. Raises StoreError."""
    with database.session() as session:
        return session.execute(delete(Preview).where(col(Preview.expires_at) <= now())).rowcount  # type: ignore[attr-defined,no-any-return]


def guide_of(preview: Preview, store: Store) -> Guide:
    """The guide of a preview. Raises StoreError while a piece of it is not there."""
    return read_guide(store, GuideKeys.unpacked(preview.outline, preview.segments))


def plan_of(
    preview: Preview, database: Database, campaign: Campaign, settings: Settings, *, named: bool = True
) -> Planned:
    """What a preview is made of; ``campaign`` is the pack in the preview's version.

    For a real application the name can be left out. Raises InputError if that application gets no guide any more;
    PackError, StoreError.
    """
    if preview.asked is None:
        with database.session() as session:
            record = session.get_one(ApplicationRecord, preview.application_id)
        application = application_of(record, campaign)
        return plan_as_delivered(application if named else nameless(application), campaign, settings)
    return PreviewRequest.from_plain(preview.asked).plan(campaign, settings)


def find_record(database: Database, campaign: str, number: str) -> int | None:
    """The id of the record of an application with this number, whatever its state. Raises StoreError."""
    query = select(ApplicationRecord.id).where(
        ApplicationRecord.campaign_id == campaign, ApplicationRecord.number == number
    )
    with database.session() as session:
        return session.exec(query).first()


def find_application(database: Database, campaign: Campaign, number: str) -> tuple[int, Application]:
    """The id of the record of a real application, and the application, by its number.

    Raises InputError, which never repeats the number; StoreError.
    """
    query = select(ApplicationRecord).where(
        ApplicationRecord.campaign_id == campaign.id, ApplicationRecord.number == number
    )
    with database.session() as session:
        record = session.exec(query).first()
    if record is None or record.id is None:
        raise InputError("in questa campagna non c’è una domanda con questo numero")
    if record.left_out:
        raise InputError(f"questa domanda non ha una guida: {campaign.titles.get(record.left_out, record.left_out)}")
    if record.recipient_id is None or record.filed_on is None:
        raise InputError("di questa domanda non ci sono più i dati")
    return record.id, application_of(record, campaign)


def _pieces(store: Store, planned: Planned) -> dict[str, bytes]:
    """The keys that a preview keeps; its outline is put into the store here."""
    keep_outline(store, planned.outline)
    return planned.keys.packed()
