"""Daily tallies of what became of a campaign's guides, so that figures of any size are read in no time.

Two million events cannot be added up while somebody waits. So each day is counted once for each *audience*, the
guides of the same cases, channel and documents, and figures are sums of such rows. A day is counted again until a
whole day after its end, because a page that was opened late goes on telling; a day with a changed rating is
counted again whenever that happens. Guides that are deleted for good stay in the days that were counted before.
Days are the institute's.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from videoguide.campaigns import Campaign
from videoguide.database import (
    ApplicationRecord,
    Audience,
    ButtonTally,
    CampaignRecord,
    Counted,
    Database,
    Delivery,
    GuideRecord,
    Member,
    Press,
    Rating,
    Tally,
    View,
    now,
)
from videoguide.errors import StoreError
from videoguide.extracts import INSTITUTE_TIME
from videoguide.monitoring import QUARTERS, STARS
from videoguide.register import RESERVED_AREA, SOLVED

DOCUMENT = "document"
"""The option that a campaign's fact has whose entries are its documents."""

SETTLES = timedelta(days=1)
"""So long after its end a day may still change."""
OVERLAP = timedelta(minutes=2)
"""More than an event takes from its moment to its commit, and than two machines' clocks differ."""
BATCH = 20_000

Key = tuple[str, str, str]
"""Cases, channel and documents of an audience."""
Query = Any
"""A select: its type would spell out every column."""


@dataclass(frozen=True)
class Span:
    """A day of the institute's: its moments are from ``start`` to just before ``end``."""

    day: date

    @property
    def start(self) -> datetime:
        return datetime.combine(self.day, time(), INSTITUTE_TIME).astimezone(UTC)

    @property
    def end(self) -> datetime:
        return Span(self.day + timedelta(days=1)).start

    def holds(self, moment: Any) -> ColumnElement[bool]:
        """The condition that a column's moment is in this day."""
        return and_(moment >= self.start, moment < self.end)


def day_of(moment: datetime) -> date:
    """The institute's day of a moment."""
    return moment.astimezone(INSTITUTE_TIME).date()


def documents_fact(campaign: Campaign) -> str:
    """Id of the fact that holds the campaign's documents, or nothing."""
    return next((fact_id for fact_id, fact in campaign.description.facts.items() if fact.option == DOCUMENT), "")


def counted_until(database: Database, campaign: str) -> datetime | None:
    """Until when the campaign has been counted; None if never. Raises StoreError."""
    with database.session() as session:
        counted = session.get(Counted, campaign)
        return counted.until if counted else None


def count(database: Database, campaign: Campaign, at_most: timedelta = timedelta(0)) -> datetime | None:
    """Bring the tallies up to date unless they are younger than ``at_most``; returns until when they tell.

    None for a campaign that has never been rendered. Day after day, so that what was stopped goes on from there; nobody
    who watches meanwhile waits for more than a day's rows to be written. Raises StoreError.
    """
    moment = now()
    until = counted_until(database, campaign.id)
    if until is not None and timedelta(0) <= moment - until < at_most:
        return until
    with database.session() as session:
        if session.get(CampaignRecord, campaign.id) is None:
            return None
    begun = until or _begin(database, campaign.id)
    if begun is None:
        return moment
    since = begun - OVERLAP
    _join(database, campaign, since)
    first, last = day_of(since - SETTLES), day_of(moment)
    for day in _rated_anew(database, since):
        if day < first:
            _count_day(database, campaign.id, Span(day), None, _RATED)
    for number in range((last - first).days + 1):
        span = Span(first + timedelta(days=number))
        _count_day(database, campaign.id, span, min(moment, max(begun, span.end)))
    _whole.pop((database.address, campaign.id), None)  # moments are whole seconds: two countings may have the same
    return moment


def _rated_anew(database: Database, since: datetime) -> list[date]:
    """Days of the ratings that were changed since then."""
    with database.session() as session:
        changed = select(col(Rating.rated_at)).where(col(Rating.changed_at) >= since)
        return sorted({day_of(rated) for rated in session.execute(changed).scalars()})


def _begin(database: Database, campaign: str) -> datetime | None:
    """Note that nothing is counted yet; returns the first guide's moment, None where there is none."""
    earliest = (
        select(func.min(GuideRecord.made_at))
        .join(ApplicationRecord, col(ApplicationRecord.id) == GuideRecord.application_id)
        .where(col(ApplicationRecord.campaign_id) == campaign, col(GuideRecord.draft).is_(False))
    )
    with database.session() as session:
        since: datetime | None = session.execute(earliest).scalar_one()
    if since is None:
        return None
    try:
        with database.session() as session:
            session.add(Counted(campaign_id=campaign, until=since))
    except StoreError as error:
        if not isinstance(error.__cause__, IntegrityError):  # then somebody else has just begun
            raise
    return since


def _mark(session: Session, campaign: str, until: datetime | None) -> None:
    """The first statement of what is written: of several who count, the others wait for its end."""
    mark = update(Counted).where(col(Counted.campaign_id) == campaign)
    session.execute(mark.values(until=until) if until else mark.values(campaign_id=campaign))


# --- who belongs where -----------------------------------------------------------------------------------


def _join(database: Database, campaign: Campaign, since: datetime) -> None:
    """Give every guide that was made since then its audience, some thousands in a transaction."""
    fact = documents_fact(campaign)
    new = (
        select(col(GuideRecord.id), col(GuideRecord.cases), col(GuideRecord.channel), col(ApplicationRecord.facts))
        .select_from(GuideRecord)
        .join(ApplicationRecord, col(ApplicationRecord.id) == col(GuideRecord.application_id))
        .where(
            col(ApplicationRecord.campaign_id) == campaign.id,
            col(GuideRecord.draft).is_(False),
            col(GuideRecord.made_at) >= since - SETTLES,
            ~exists().where(col(Member.guide_id) == col(GuideRecord.id)),
        )
        .limit(BATCH)
    )
    while True:
        with database.session() as session:
            _mark(session, campaign.id, None)
            rows = session.execute(new).all()
            if not rows:
                return
            asked = {guide: (cases, channel, "+".join(_entries(facts, fact))) for guide, cases, channel, facts in rows}
            audiences = _audiences(session, campaign.id, set(asked.values()))
            session.execute(
                insert(Member), [{"guide_id": guide, "audience_id": audiences[key]} for guide, key in asked.items()]
            )


def _entries(facts: Mapping[str, Any] | None, fact: str) -> list[str]:
    held = (facts or {}).get(fact) or []
    return sorted([held] if isinstance(held, str) else held)


def _audiences(session: Session, campaign: str, keys: set[Key]) -> dict[Key, int]:
    """Ids of these audiences; new ones are added."""
    known = _known(session, campaign)
    if missing := sorted(keys - known.keys()):
        names = ("campaign_id", "cases", "channel", "documents")
        session.execute(insert(Audience), [dict(zip(names, (campaign, *key), strict=True)) for key in missing])
        known = _known(session, campaign)
    return known


def _known(session: Session, campaign: str) -> dict[Key, int]:
    query = select(col(Audience.cases), col(Audience.channel), col(Audience.documents), col(Audience.id))
    rows = session.execute(query.where(col(Audience.campaign_id) == campaign))
    return {(cases, channel, documents): one for cases, channel, documents, one in rows if one is not None}


# --- one day ---------------------------------------------------------------------------------------------


def _total(condition: Any) -> ColumnElement[int]:
    """How many rows the condition holds for."""
    return func.sum(case((condition, 1), else_=0))


def _with_audience(query: Query, guide: Any, campaign: str) -> Query:
    """The query's rows of this campaign, by audience."""
    return (
        query.join(Member, col(Member.guide_id) == guide)
        .join(Audience, col(Audience.id) == col(Member.audience_id))
        .where(col(Audience.campaign_id) == campaign)
        .group_by(col(Member.audience_id))
    )


def _made(campaign: str, span: Span) -> Query:
    query = select(col(Member.audience_id), func.count().label("made")).select_from(GuideRecord)
    return _with_audience(query.where(span.holds(GuideRecord.made_at)), GuideRecord.id, campaign)


def _delivered(campaign: str, span: Span) -> Query:
    query = select(col(Member.audience_id), func.count().label("delivered")).select_from(Delivery)
    query = query.where(span.holds(Delivery.at), col(Delivery.medium) == RESERVED_AREA)
    return _with_audience(query, Delivery.guide_id, campaign)


def _viewed(campaign: str, span: Span) -> Query:
    """Openings of the day; and the guides for which it was the first one, or the first that came so far."""
    todays = select(col(View.guide_id)).where(span.holds(View.opened_at))
    earlier: Any = {
        "partition_by": col(View.guide_id),
        "order_by": (col(View.opened_at), col(View.id)),
        "rows": (None, -1),
    }
    seen = (
        select(
            col(View.guide_id),
            col(View.opened_at),
            col(View.reached),
            col(View.followed),
            func.coalesce(func.max(View.reached).over(**earlier), -1).label("before"),
            func.coalesce(func.max(View.followed).over(**earlier), "").label("followed_before"),
        )
        .where(col(View.guide_id).in_(todays), col(View.opened_at) < span.end)
        .subquery()
    )
    one = seen.c
    reached = (
        _total(and_(one.reached >= int(quarter), one.before < int(quarter))).label(f"reached_{quarter}")
        for quarter in QUARTERS
    )
    query = select(
        col(Member.audience_id),
        func.count().label("views"),
        _total(one.before < 0).label("viewers"),
        *reached,
        _total(and_(one.followed != "", one.followed_before == "")).label("followed"),
    ).select_from(seen)
    return _with_audience(query.where(span.holds(one.opened_at)), one.guide_id, campaign)


def _rated(campaign: str, span: Span) -> Query:
    stars = (_total(col(Rating.stars) == number).label(f"stars_{number}") for number in STARS)
    query = select(col(Member.audience_id), *stars).select_from(Rating).where(span.holds(Rating.rated_at))
    return _with_audience(query, Rating.guide_id, campaign)


def _solved(campaign: str, span: Span) -> Query:
    """Guides whose reason vanished on the day, by whether they had been opened before."""
    viewed = exists().where(
        col(View.guide_id) == col(GuideRecord.id), col(View.opened_at) <= col(GuideRecord.withdrawn_at)
    )
    query = select(
        col(Member.audience_id), _total(viewed).label("solved_viewed"), _total(~viewed).label("solved_unviewed")
    ).select_from(GuideRecord)
    query = query.where(span.holds(GuideRecord.withdrawn_at), col(GuideRecord.withdrawn_because) == SOLVED)
    return _with_audience(query, GuideRecord.id, campaign)


def _pressed(campaign: str, span: Span) -> Query:
    shown, pressed = col(Press.shown_at).is_not(None), col(Press.pressed_at).is_not(None)
    query = (
        select(
            col(Member.audience_id),
            col(Press.button),
            _total(shown).label("shown"),
            _total(pressed).label("pressed"),
            _total(and_(shown, pressed)).label("answered"),
        )
        .select_from(View)
        .join(Press, col(Press.view_id) == col(View.id))
        .where(span.holds(View.opened_at))
    )
    return _with_audience(query, View.guide_id, campaign).group_by(col(Press.button))


_RATED = (_rated,)
_ALL = (_made, _delivered, _viewed, _rated, _solved)
COUNTS = tuple(name for name in Tally.model_fields if name not in ("audience_id", "day"))
STARS_COUNTS = tuple(f"stars_{number}" for number in STARS)
BUTTON_COUNTS = ("shown", "pressed", "answered")


def _count_day(
    database: Database, campaign: str, span: Span, until: datetime | None, sources: Sequence[Any] = _ALL
) -> None:
    """Count the day from these sources, and put it in the place of what was counted before, which takes no time.

    Of two who do it at once the slower may write what is older by then, but notes that it is, and it is done again.
    """
    is_whole = sources is _ALL
    here = select(col(Audience.id)).where(col(Audience.campaign_id) == campaign)
    mine = col(Tally.day) == span.day, col(Tally.audience_id).in_(here)
    rows: dict[int, dict[str, Any]] = {}
    with database.session() as session:
        if not is_whole:
            old = session.execute(select(Tally).where(*mine)).scalars()
            rows = {one.audience_id: one.model_dump() | dict.fromkeys(STARS_COUNTS, 0) for one in old}
        for source in sources:
            for told in session.execute(source(campaign, span)).mappings():
                empty = {"audience_id": told["audience_id"], "day": span.day, **dict.fromkeys(COUNTS, 0)}
                rows.setdefault(told["audience_id"], empty).update(told)
        pressed = [dict(told) for told in session.execute(_pressed(campaign, span)).mappings()] if is_whole else []
    with database.session() as session:
        _mark(session, campaign, until)
        session.execute(delete(Tally).where(*mine))
        if rows:
            session.execute(insert(Tally), list(rows.values()))
        if is_whole:
            session.execute(
                delete(ButtonTally).where(col(ButtonTally.day) == span.day, col(ButtonTally.audience_id).in_(here))
            )
        if pressed:
            session.execute(insert(ButtonTally), [{"day": span.day, **row} for row in pressed])


# --- sums ------------------------------------------------------------------------------------------------

Counts = Mapping[str, int]


@dataclass(frozen=True)
class Sums:
    """The tallies of one campaign and period, by audience; buttons by audience and button."""

    audiences: Mapping[int, Key]
    counts: Mapping[int, Counts]
    buttons: Mapping[tuple[int, str], Counts]


def sums(session: Session, campaign: str, first: date | None = None, last: date | None = None) -> Sums:
    """Every audience's counts from the day ``first`` to ``last``, both included."""
    audiences = {one: key for key, one in _known(session, campaign).items()}
    counts = _sums(session, Tally, [col(Tally.audience_id)], COUNTS, audiences, first, last)
    keys = [col(ButtonTally.audience_id), col(ButtonTally.button)]
    pressed = _sums(session, ButtonTally, keys, BUTTON_COUNTS, audiences, first, last)
    return Sums(
        audiences, {key[0]: row for key, row in counts.items()}, {(a, b): row for (a, b), row in pressed.items()}
    )


_whole: dict[tuple[str, str], tuple[datetime, Sums]] = {}


def whole(database: Database, session: Session, campaign: str) -> Sums:
    """Every audience's counts of all days. Kept from one counting to the next: every selection is held against it."""
    counted = session.get(Counted, campaign)
    kept = _whole.get((database.address, campaign))
    if counted and kept and kept[0] == counted.until:
        return kept[1]
    found = sums(session, campaign)
    if counted:
        _whole[database.address, campaign] = counted.until, found
    return found


def made(session: Session, campaign: str) -> tuple[Mapping[int, Key], Mapping[int, int]]:
    """The campaign's audiences, and how many guides were ever made for each."""
    audiences = {one: key for key, one in _known(session, campaign).items()}
    counts = _sums(session, Tally, [col(Tally.audience_id)], ["made"], audiences, None, None)
    return audiences, {key[0]: row["made"] for key, row in counts.items()}


def by_day(
    session: Session, audiences: Collection[int], first: date | None = None, last: date | None = None
) -> dict[date, Counts]:
    """The counts of these audiences, day by day; days without any are left out."""
    counted = _sums(session, Tally, [col(Tally.day)], COUNTS, audiences, first, last)
    days = _sums(session, ButtonTally, [col(ButtonTally.day)], BUTTON_COUNTS, audiences, first, last)
    empty = dict.fromkeys((*COUNTS, *BUTTON_COUNTS), 0)
    return {key[0]: {**empty, **counted.get(key, {}), **days.get(key, {})} for key in sorted({*counted, *days})}


def _sums(
    session: Session,
    table: type[Tally] | type[ButtonTally],
    keys: Sequence[Any],
    names: Sequence[str],
    audiences: Collection[int],
    first: date | None,
    last: date | None,
) -> dict[tuple[Any, ...], dict[str, int]]:
    query = select(*keys, *(func.sum(getattr(table, name)) for name in names)).group_by(*keys)
    query = query.where(col(table.audience_id).in_(audiences))
    if first is not None:
        query = query.where(col(table.day) >= first)
    if last is not None:
        query = query.where(col(table.day) <= last)
    size = len(keys)
    return {tuple(row[:size]): dict(zip(names, map(int, row[size:]), strict=True)) for row in session.execute(query)}


# --- comments --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comment:
    """What somebody wrote of a guide, the day, and the guide's cases; whose it is cannot be asked."""

    day: date
    stars: int
    text: str
    cases: tuple[str, ...]


def comments(
    session: Session,
    audiences: Collection[int],
    first: date | None,
    last: date | None,
    words: str,
    skip: int,
    size: int,
) -> list[Comment]:
    """Comments with these words in them, newest first: ``size`` of them after the first ``skip``."""
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
        query = query.where(col(Rating.rated_at) >= Span(first).start)
    if last is not None:
        query = query.where(col(Rating.rated_at) < Span(last).end)
    if words:
        query = query.where(col(Rating.comment).icontains(words, autoescape=True))
    rows = session.execute(query)
    return [Comment(day_of(rated), stars, text, tuple(cases.split("+"))) for rated, stars, text, cases in rows]
