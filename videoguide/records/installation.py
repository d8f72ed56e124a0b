# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Which installation a database is of, and whether it is a demonstration's.

The id is in the database and in its store, which refuse each other's (``runs/pairing.py``). A copy of a database has
the id of the original.
"""

import hashlib
import hmac

from sqlmodel import col, delete, select, update

from videoguide.errors import InputError
from videoguide.records.database import (
    Audit,
    CampaignRecord,
    Database,
    Installation,
    LoginSession,
    Recipient,
    Run,
    now,
    redacted,
)


def identity(database: Database) -> Installation:
    """Which installation the database is of. Raises StoreError."""
    with database.session() as session:
        return session.exec(select(Installation)).one()


def settle_down(database: Database) -> None:
    """Note that the database has its store: it may not take over another one by itself. Raises StoreError."""
    with database.session() as session:
        session.exec(update(Installation).values(from_before=False))


def require_demo(database: Database) -> None:
    """Make an unused database a demonstration's; raises InputError for one that is in use for other things, StoreError.

    In a demonstration anybody logs in as anybody, and the packs are approved as they are.
    """
    with database.session() as session:
        installation = session.exec(select(Installation)).one()
        if installation.is_demo:
            return
        used = any(
            session.exec(select(col(first)).limit(1)).first() is not None
            for first in (CampaignRecord.id, Recipient.id, Run.id, Audit.id, LoginSession.token_hash)
        )
        if not used:
            installation.is_demo = True
            session.add(installation)
            return
    raise InputError(
        f"{redacted(database.address)}: questo database è vero, non di prova; per la dimostrazione dai a "
        "VIDEOGUIDE_DATABASE e VIDEOGUIDE_STORE un database e un magazzino nuovi, o toglili: ne fa di suoi"
    )


def refuse_demo(database: Database) -> None:
    """Raise InputError for a demonstration's database: people who logged in there without an identity; StoreError."""
    if identity(database).is_demo:
        raise InputError(
            f"{redacted(database.address)}: questo database è di una dimostrazione: si apre solo con serve --demo"
        )


def people(database: Database) -> list[str]:
    """The fiscal codes of all people with a guide. Raises StoreError."""
    with database.session() as session:
        return list(session.exec(select(Recipient.fiscal_code)))


def wake_up(database: Database) -> None:
    """End what was going on when a restored database was copied: sessions and runs. Raises StoreError."""
    with database.session() as session:
        session.exec(delete(LoginSession))
        session.exec(update(Run).where(col(Run.ended_at).is_(None)).values(ended_at=now()))


def hash_of_person(installation: Installation, fiscal_code: str) -> str:
    """A person's fiscal code as a hash (hex) that nobody can try codes on without the installation's secret."""
    return hmac.new(bytes.fromhex(installation.secret), fiscal_code.encode(), hashlib.sha256).hexdigest()
