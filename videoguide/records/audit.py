# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The audit trail of what staff do: who did what, when, and to what; never a person's own data."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select

from videoguide.records.database import Audit, Database, now

ACTIONS = {
    "login": "È entrato",
    "preview": "Ha fatto un’anteprima",
    "preview-application": "Ha fatto l’anteprima di una domanda vera",
    "preview-open": "Ha aperto l’anteprima di una domanda vera",
    "preview-file": "Ha aperto un file dell’anteprima di una domanda vera",
    "preview-download": "Ha scaricato un’anteprima",
    "lookup-failed": "Ha cercato una domanda senza poterla vedere",
    "check": "Ha controllato il pacchetto",
    "approve": "Ha approvato una versione",
    "revoke": "Ha ritirato l’approvazione di una versione",
    "render": "Ha fatto le guide",
    "render-draft": "Ha fatto guide di prova",
    "purge-expired": "Ha cancellato le guide scadute",
    "purge-person": "Ha cancellato le guide di una persona",
    "purge-restored": "Un ripristino ha cancellato di nuovo le guide di una persona",
    "backup": "Ha fatto una copia di sicurezza",
    "restore": "Ha ripristinato una copia di sicurezza",
    "store-join": "Ha unito un magazzino al database",
    "figures-export": "Ha esportato i numeri",
    "comments": "Ha letto i commenti",
}
"""The actions that are recorded, and how they are shown to staff."""
PAGE = 100
"""Entries on a page."""
VISIT_LASTS = timedelta(minutes=30)
"""Opening a page or a file again within this time belongs to the same visit."""

_visiting = threading.Lock()


@dataclass(frozen=True)
class AuditEntry:
    """One recorded action.

    ``who`` is a subject of the identity provider, or a user of the command line (with an empty ``role``); ``about`` is
    the id of a version, a preview or a run. ``application`` is the id of the application's record, not its number.
    """

    at: datetime
    who: str
    role: str
    what: str
    campaign: str
    about: str
    application: int | None = None


def note(
    database: Database,
    who: str,
    what: str,
    *,
    role: str = "",
    campaign: str = "",
    about: str = "",
    application: int | None = None,
) -> None:
    """Record an action, one of ACTIONS. Raises StoreError."""
    with database.session() as session:
        session.add(row_of(who, what, role=role, campaign=campaign, about=about, application=application))


def row_of(
    who: str, what: str, *, role: str = "", campaign: str = "", about: str = "", application: int | None = None
) -> Audit:
    """The row of an action, to be added in the transaction that carries it out."""
    assert what in ACTIONS, what
    return Audit(
        who=who[:255], role=role, what=what, campaign_id=campaign, about=about[:64], application_id=application
    )


def note_visit(
    database: Database,
    who: str,
    what: str,
    *,
    role: str = "",
    campaign: str = "",
    about: str = "",
    application: int | None = None,
) -> None:
    """Record that somebody opened a page or a file: once per visit, however often or in how many pieces they open it.

    Raises StoreError.
    """
    same_visit = select(Audit.id).where(
        col(Audit.at) > now() - VISIT_LASTS,
        col(Audit.who) == who[:255],
        col(Audit.what) == what,
        col(Audit.campaign_id) == campaign,
        col(Audit.about) == about[:64],
    )
    with _visiting:  # a player asks for several pieces of a film at once
        with database.session() as session:
            is_recorded = session.exec(same_visit.limit(1)).first() is not None
        if not is_recorded:
            note(database, who, what, role=role, campaign=campaign, about=about, application=application)


def approved_versions(database: Database, campaign: str) -> frozenset[str]:
    """The versions of a campaign that were ever approved, including those revoked since. Raises StoreError."""
    query = select(col(Audit.about)).where(col(Audit.what) == "approve", col(Audit.campaign_id) == campaign)
    with database.session() as session:
        return frozenset(session.exec(query))


def entries(database: Database, page: int = 1) -> tuple[list[AuditEntry], bool]:
    """One page of recorded actions, newest first, and whether there is a next page. Raises StoreError."""
    query = select(Audit).order_by(col(Audit.at).desc(), col(Audit.id).desc())
    with database.session() as session:
        rows = session.exec(query.offset((page - 1) * PAGE).limit(PAGE + 1)).all()
    shown = [
        AuditEntry(row.at, row.who, row.role, row.what, row.campaign_id, row.about, row.application_id)
        for row in rows[:PAGE]
    ]
    return shown, len(rows) > PAGE
