# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What people write beside their ratings, page by page; nothing says whose it is."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlmodel import Session, col

from videoguide.errors import InputError
from videoguide.outcomes.figures import Selection
from videoguide.outcomes.privacy import FEWEST, Hidden, protected
from videoguide.outcomes.tallies import InstituteDay, day_of, guides_made
from videoguide.packs.campaigns import Campaign, joined_ids, split_ids
from videoguide.records.database import Audience, Database, Member, Rating

PAGE = 50
"""Comments on a page."""
PAGES = 100_000
"""The last page of comments that may be requested, far more than there are."""
WORDS_CHARACTERS = 100
"""How long the words to search for may be."""


@dataclass(frozen=True)
class Comment:
    """A comment on a guide, with its rating, the day and the guide's cases; nothing says whose it is."""

    day: date
    rating: int
    text: str
    cases: tuple[str, ...]


def comments(
    database: Database, campaign: Campaign, selection: Selection | None = None, *, words: str = "", page: int = 1
) -> tuple[list[Comment], bool]:
    """One page of comments that contain ``words``, newest first, and whether there is a next page.

    There are none for a selection of fewer than 5 guides, and cases are left out if fewer than 5 guides have the same.
    Raises UnknownChoice or InputError, StoreError.
    """
    selection = selection or Selection()
    selection.check(campaign)
    if page not in range(1, PAGES + 1):
        raise InputError(f"pagina {page}; ammesse: da 1 a {PAGES}")
    if len(words) > WORDS_CHARACTERS or "\0" in words:
        raise InputError(f"parole da cercare; ammessi: al massimo {WORDS_CHARACTERS} caratteri")
    with database.session() as session:
        audiences, made = guides_made(session, campaign.id)

        def guides(selection: Selection) -> int:
            return sum(number for audience, number in made.items() if selection.includes(audiences[audience]))

        if isinstance(protected(guides(selection), [guides(wider) for wider in selection.wider]), Hidden):
            return [], False
        guides_by_cases: Counter[str] = Counter()
        for audience, number in made.items():
            guides_by_cases[audiences[audience].cases] += number
        selected = {audience for audience, key in audiences.items() if selection.includes(key)}
        listed = _listed(session, selected, selection.first, selection.last, words, (page - 1) * PAGE, PAGE + 1)
    shown = [
        comment if guides_by_cases[joined_ids(comment.cases)] >= FEWEST else replace(comment, cases=())
        for comment in listed[:PAGE]
    ]
    return shown, len(listed) > PAGE


def _listed(
    session: Session,
    audiences: Collection[int],
    first: date | None,
    last: date | None,
    words: str,
    skip: int,
    size: int,
) -> list[Comment]:
    """Comments that contain these words, newest first: at most ``size`` of them after the first ``skip``."""
    query = (
        select(col(Rating.rated_at), col(Rating.stars), col(Rating.comment), col(Audience.cases))
        .join(Member, col(Member.guide_id) == col(Rating.guide_id))
        .join(Audience, col(Audience.id) == col(Member.audience_id))
        .where(col(Rating.comment) != "", col(Member.audience_id).in_(audiences))
        .order_by(col(Rating.rated_at).desc(), col(Rating.guide_id))
        .offset(skip)
        .limit(size)
    )
    if first is not None:
        query = query.where(col(Rating.rated_at) >= InstituteDay(first).start)
    if last is not None:
        query = query.where(col(Rating.rated_at) < InstituteDay(last).end)
    if words:
        query = query.where(col(Rating.comment).icontains(words, autoescape=True))
    rows = session.execute(query)
    return [Comment(day_of(rated_at), rating, text, split_ids(cases)) for rated_at, rating, text, cases in rows]
