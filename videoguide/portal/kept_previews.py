"""Previews in the database: kept for a while under a random id, which other staff can be given."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlmodel import col, delete, select

from videoguide.applications import Application
from videoguide.campaigns import Campaign
from videoguide.database import ApplicationRecord, Database, Preview, now
from videoguide.errors import InputError
from videoguide.guides import Guide, keep_outline, read_guide
from videoguide.previews import Asked, Planned, nameless, plan, plan_as_delivered
from videoguide.register import keys_of
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
    asked: Asked | None = None,
    application_id: int | None = None,
) -> str:
    """Keep a preview; returns its id. Raises StoreError."""
    forget_expired(database)
    moment = datetime.now(UTC)  # to the microsecond: pieces that are older were there before
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
    """A preview that has not expired; None also where its application's person is not known any more."""
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
    """The preview made of what is planned now: a voice or the application may have changed since. Raises StoreError."""
    pieces = _pieces(store, planned)
    if all(getattr(preview, name) == keys for name, keys in pieces.items()):
        return preview
    with database.session() as session:
        kept = session.get_one(Preview, preview.id)
        kept.sqlmodel_update(pieces)
    return kept


def forget_expired(database: Database) -> int:
    """Delete what has expired; returns how many. Raises StoreError."""
    with database.session() as session:
        return session.execute(delete(Preview).where(col(Preview.expires_at) <= now())).rowcount  # type: ignore[attr-defined,no-any-return]


def guide_of(preview: Preview, store: Store) -> Guide:
    """The guide of a preview. Raises StoreError while a piece of it is not there."""
    return read_guide(store, preview.outline.hex(), [key.hex() for key in keys_of(preview.segments)])


def plan_of(
    preview: Preview, database: Database, campaign: Campaign, settings: Settings, *, named: bool = True
) -> Planned:
    """What a preview is made of; ``campaign`` is the pack in the preview's version. A real application's name may be
    left out.

    Raises InputError when its application gets no guide any more; PackError, StoreError.
    """
    if preview.asked is None:
        with database.session() as session:
            record = session.get_one(ApplicationRecord, preview.application_id)
        found = _application(record, campaign)
        return plan_as_delivered(found if named else nameless(found), campaign, settings)
    return plan_asked(Asked.from_plain(preview.asked), campaign, settings)


def plan_asked(asked: Asked, campaign: Campaign, settings: Settings) -> Planned:
    """What somebody asks for. Raises InputError, VoiceError, PackError."""
    chosen = replace(settings, voice=asked.voice or settings.voice)
    return plan(asked.application(campaign), asked.cases, campaign, chosen)


def application(database: Database, campaign: Campaign, number: str) -> tuple[int, Application]:
    """A real application by its number, and its record's id. Raises InputError, which never repeats the number."""
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
    return record.id, _application(record, campaign)


def _application(record: ApplicationRecord, campaign: Campaign) -> Application:
    """An application as its record tells it; a guide does not depend on what the record leaves out."""
    known = campaign.description.facts
    facts = {
        fact: tuple(value) if isinstance(value, list) else value
        for fact, value in (record.facts or {}).items()
        if fact in known
    }
    return Application(
        id=record.number,
        fiscal_code="",
        first_name=record.first_name,
        spoken_name=record.first_name,
        sex=record.sex,  # type: ignore[arg-type]
        applicant=record.applicant,
        filed_on=record.filed_on or record.extracted_on,
        channel=record.channel,
        patronato=record.patronato,
        status=record.status,
        status_since=None,
        consent=True,  # without it there would be no guide
        facts=facts,
        email="",
        mobile="",
        on_app_io=False,
        extracted_on=record.extracted_on,
    )


def _pieces(store: Store, planned: Planned) -> dict[str, bytes]:
    """The keys that a preview keeps; the outline is put into the store at once."""
    return {
        "outline": bytes.fromhex(keep_outline(store, planned.outline)),
        "segments": b"".join(map(bytes.fromhex, planned.keys)),
    }
