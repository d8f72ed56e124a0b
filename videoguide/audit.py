"""What staff do, for those who must account for it: who, what, when, and to what; never a person's own data."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from videoguide.database import Audit, Database

ACTIONS = {
    "login": "È entrato",
    "preview": "Ha fatto un’anteprima",
    "preview-application": "Ha fatto l’anteprima di una domanda vera",
    "preview-open": "Ha aperto l’anteprima di una domanda vera",
    "preview-download": "Ha scaricato un’anteprima",
    "check": "Ha controllato il pacchetto",
    "approve": "Ha approvato una versione",
    "revoke": "Ha ritirato l’approvazione di una versione",
    "render": "Ha fatto le guide",
    "render-draft": "Ha fatto guide di prova",
    "purge-expired": "Ha cancellato le guide scadute",
    "purge-person": "Ha cancellato le guide di una persona",
    "figures-export": "Ha esportato i numeri",
    "comments": "Ha letto i commenti",
}
"""What is noted, and how staff read it."""
PAGE = 100


@dataclass(frozen=True)
class Entry:
    """One thing that was done. ``who`` is a subject of the identity provider, or a user of the command line (with an
    empty ``role``); ``about`` is an id of ours: a version, a preview, a run."""

    at: datetime
    who: str
    role: str
    what: str
    campaign: str
    about: str


def note(database: Database, who: str, what: str, *, role: str = "", campaign: str = "", about: str = "") -> None:
    """Note that somebody did something. Raises StoreError."""
    assert what in ACTIONS, what
    with database.session() as session:
        session.add(Audit(who=who[:255], role=role, what=what, campaign_id=campaign, about=about[:64]))


def entries(database: Database, page: int = 1) -> tuple[list[Entry], bool]:
    """One page of what was done, newest first, and whether there is another. Raises StoreError."""
    query = select(Audit).order_by(col(Audit.at).desc(), col(Audit.id).desc())
    with database.session() as session:
        rows = session.exec(query.offset((page - 1) * PAGE).limit(PAGE + 1)).all()
    found = [Entry(row.at, row.who, row.role, row.what, row.campaign_id, row.about) for row in rows]
    return found[:PAGE], len(found) > PAGE
