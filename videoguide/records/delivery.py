# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A person's guides in the reserved area: whose they are, and whether they can still be watched.

Every query has the fiscal code of the person who is logged in, so nobody sees anybody else's guides. A guide that has
expired, has been replaced or is somebody else's cannot be told from one that never existed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlmodel import col

from videoguide.guide.guides import Guide, read_guide
from videoguide.guide.keys import GuideKeys
from videoguide.packs.campaigns import CHANGED, HANDED_OVER, split_ids
from videoguide.records.database import ApplicationRecord, Database, GuideRecord, Rating, Recipient, View, now
from videoguide.store import Store


@dataclass(frozen=True)
class GuideRating:
    """A person's rating of a guide, from 1 to 5, and their comment, which may be empty."""

    rating: int
    comment: str


@dataclass(frozen=True)
class Delivered:
    """A guide as its person may see it; ``ended`` is the reason if it cannot be watched any more."""

    id: str
    campaign: str
    cases: tuple[str, ...]
    made_at: datetime
    ended: str
    is_seen: bool
    rating: GuideRating | None
    keys: GuideKeys

    def guide(self, store: Store) -> Guide:
        """The guide itself. Raises StoreError when a piece is missing or damaged."""
        return read_guide(store, self.keys)


def guides_of(database: Database, fiscal_code: str) -> list[Delivered]:
    """The person's guides that can be watched, newest first. Raises StoreError."""
    return [guide for guide in _delivered(database, fiscal_code) if not guide.ended]


def guide_of(database: Database, fiscal_code: str, guide: str) -> Delivered | None:
    """The person's guide with this id, even if its reason has vanished; None if there is none. Raises StoreError."""
    return next(iter(_delivered(database, fiscal_code, guide)), None)


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
    .join(Recipient, col(GuideRecord.recipient_id) == col(Recipient.id))
    .outerjoin(Rating, col(Rating.guide_id) == col(GuideRecord.id))
    .where(
        col(Recipient.fiscal_code) == bindparam("person"),
        col(GuideRecord.expires_at) > bindparam("moment"),
        col(GuideRecord.draft).is_(False),
        col(GuideRecord.withdrawn_because).not_in([CHANGED, HANDED_OVER]),
    )
    .order_by(col(GuideRecord.made_at).desc(), col(GuideRecord.id))
)
_GUIDE = _GUIDES.where(col(GuideRecord.id) == bindparam("guide"))
"""Built once, as it is run for every byte range of a film."""


def _delivered(database: Database, fiscal_code: str, guide: str | None = None) -> Iterable[Delivered]:
    values = {"person": fiscal_code, "moment": now()} | ({} if guide is None else {"guide": guide})
    query = _GUIDES if guide is None else _GUIDE
    rows = database.repeatable(lambda session: session.execute(query, values).all())
    return [
        Delivered(
            id=guide_id,
            campaign=campaign,
            cases=split_ids(cases),
            made_at=made_at,
            ended=because,
            is_seen=bool(views),
            rating=GuideRating(rating, comment) if rating else None,
            keys=GuideKeys.unpacked(outline, segments),
        )
        for guide_id, campaign, cases, made_at, because, views, rating, comment, outline, segments in rows
    ]
