"""A person's guides in the reserved area: whose they are, whether they may still be watched.

Nobody sees more than their own: every question is asked with the fiscal code of who is logged in. What has
expired, what another guide has replaced and what is somebody else's cannot be told from what never was.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlmodel import col

from videoguide.database import ApplicationRecord, Database, GuideRecord, Rating, Recipient, View, now
from videoguide.guides import Guide, read_guide
from videoguide.register import SOLVED, keys_of
from videoguide.store import Store


@dataclass(frozen=True)
class Stars:
    """What the person said of a guide: 1 to 5, and words of their own."""

    stars: int
    comment: str


@dataclass(frozen=True)
class Delivered:
    """A guide as its person may see it. ``is_solved``: its reason has vanished since it was made."""

    id: str
    campaign: str
    cases: tuple[str, ...]
    made_at: datetime
    is_solved: bool
    is_seen: bool
    rating: Stars | None
    outline: bytes
    segments: bytes

    def guide(self, store: Store) -> Guide:
        """All of it. Raises StoreError when a piece is missing or damaged."""
        return read_guide(store, self.outline.hex(), [key.hex() for key in keys_of(self.segments)])


def guides_of(database: Database, fiscal_code: str) -> list[Delivered]:
    """The person's guides that can be watched, newest first. Raises StoreError."""
    return [one for one in _ask(database, fiscal_code) if not one.is_solved]


def guide_of(database: Database, fiscal_code: str, guide: str) -> Delivered | None:
    """That guide of the person's, also one whose reason has vanished; None for everything else. Raises StoreError."""
    return next(iter(_ask(database, fiscal_code, guide)), None)


_SEEN = (
    select(func.count())
    .select_from(View)
    .where(col(View.guide_id) == col(GuideRecord.id), col(View.played_at).is_not(None))
).scalar_subquery()
_GUIDES = (
    select(
        col(GuideRecord.id),
        col(ApplicationRecord.campaign_id),
        col(GuideRecord.cases),
        col(GuideRecord.made_at),
        col(GuideRecord.withdrawn_because),
        _SEEN,
        col(Rating.stars),
        col(Rating.comment),
        col(GuideRecord.outline),
        col(GuideRecord.segments),
    )
    .select_from(GuideRecord)
    .join(ApplicationRecord, col(GuideRecord.application_id) == col(ApplicationRecord.id))
    .join(Recipient, col(ApplicationRecord.recipient_id) == col(Recipient.id))
    .outerjoin(Rating, col(Rating.guide_id) == col(GuideRecord.id))
    .where(
        col(Recipient.fiscal_code) == bindparam("person"),
        col(GuideRecord.expires_at) > bindparam("moment"),
        col(GuideRecord.draft).is_(False),
        col(GuideRecord.withdrawn_because).in_(["", SOLVED]),
    )
    .order_by(col(GuideRecord.made_at).desc(), col(GuideRecord.id))
)
_GUIDE = _GUIDES.where(col(GuideRecord.id) == bindparam("guide"))
"""Asked at every range of a film: put together once."""


def _ask(database: Database, fiscal_code: str, guide: str | None = None) -> Iterable[Delivered]:
    asked = {"person": fiscal_code, "moment": now()}
    with database.session() as session:
        rows = session.execute(_GUIDES, asked) if guide is None else session.execute(_GUIDE, {**asked, "guide": guide})
        return [
            Delivered(
                id=found,
                campaign=campaign,
                cases=tuple(cases.split("+")),
                made_at=made_at,
                is_solved=bool(because),
                is_seen=bool(views),
                rating=Stars(stars, comment) if stars else None,
                outline=outline,
                segments=segments,
            )
            for found, campaign, cases, made_at, because, views, stars, comment, outline, segments in rows
        ]
