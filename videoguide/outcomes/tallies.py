# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Daily tallies of what became of a campaign's guides, so that figures of any size are read in no time.

Two million events cannot be added up while somebody waits. So each day is counted once for each *audience*, the
guides of the same cases, channel and documents, and figures are sums of such rows. A day is counted again until a
whole day after its end, because a page that was opened late keeps reporting; when a rating is changed, its day is
counted again, too. Guides that are deleted for good remain in the days counted before. Days are those of the
institute's time zone.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from videoguide.errors import StoreError
from videoguide.packs.campaigns import SOLVED, Campaign, joined_ids
from videoguide.records.database import (
    ApplicationRecord,
    Audience,
    ButtonTally,
    CampaignRecord,
    Counted,
    Database,
    Delivery,
    EndingTally,
    GuideRecord,
    Member,
    Press,
    Rating,
    Tally,
    View,
    now,
)
from videoguide.records.monitoring import QUARTERS, RATINGS
from videoguide.records.register import RESERVED_AREA
from videoguide.wording import INSTITUTE_TIME

DOCUMENT = "document"
"""The option of the campaign's fact whose entries are its documents."""

SETTLES = timedelta(days=1)
"""How long after its end a day may still change."""
OVERLAP = timedelta(minutes=2)
"""Longer than an event takes from its moment to its commit, and more than the clocks of two machines differ."""
BATCH = 20_000
"""How many guides are given their audience in a transaction."""


class AudienceKey(NamedTuple):
    """What the guides of an audience have in common; cases and documents are ids joined by ``+``."""

    cases: str
    channel: str
    documents: str


Query = Any
"""A select: its type would spell out every column."""


@dataclass(frozen=True)
class InstituteDay:
    """A day in the institute's time zone: its moments are from ``start`` to just before ``end``."""

    day: date

    @property
    def start(self) -> datetime:
        """The day's first moment, in UTC."""
        return datetime.combine(self.day, time(), INSTITUTE_TIME).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """The next day's first moment, in UTC."""
        return InstituteDay(self.day + timedelta(days=1)).start

    def holds(self, moment: Any) -> ColumnElement[bool]:
        """The condition that a column's moment is on this day."""
        return and_(moment >= self.start, moment < self.end)


def day_of(moment: datetime) -> date:
    """The day of a moment in the institute's time zone."""
    return moment.astimezone(INSTITUTE_TIME).date()


def documents_fact(campaign: Campaign) -> str:
    """Id of the fact that holds the campaign's documents, or nothing."""
    return next((fact_id for fact_id, fact in campaign.description.facts.items() if fact.option == DOCUMENT), "")


def counted_until(database: Database, campaign: str) -> datetime | None:
    """The moment until which the campaign has been counted; None if it never was. Raises StoreError."""
    with database.session() as session:
        counted = session.get(Counted, campaign)
        return counted.until if counted else None


def count(database: Database, campaign: Campaign, max_age: timedelta = timedelta(0)) -> datetime | None:
    """Bring the tallies up to date unless they are younger than ``max_age``; returns until when they count.

    None for a campaign that has never been rendered. Counts day after day, so that a count that was stopped goes on
    from there, and people who watch guides meanwhile wait for one day's rows to be written at most. Raises StoreError.
    """
    moment = now()
    until = counted_until(database, campaign.id)
    if until is not None and until > moment + OVERLAP:
        until = _last_counted(database, campaign.id)  # a clock was ahead when it was counted
    if until is not None and timedelta(0) <= moment - until < max_age:
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
    for rated_on in _rated_again(database, since):
        if rated_on < first:
            _count_day(database, campaign.id, InstituteDay(rated_on), None, _RATED)
    for number in range((last - first).days + 1):
        day = InstituteDay(first + timedelta(days=number))
        _count_day(database, campaign.id, day, min(moment, max(begun, day.end)))
    _all_days.pop((database.address, campaign.id), None)  # moments are whole seconds: two counts may have the same
    return moment


def _last_counted(database: Database, campaign: str) -> datetime | None:
    """The beginning of the last day, up to today, that has counts; all days before it have been counted for good."""
    query = (
        select(func.max(col(Tally.day)))
        .join(Audience, col(Audience.id) == col(Tally.audience_id))
        .where(col(Audience.campaign_id) == campaign, col(Tally.day) <= day_of(now()))
    )
    with database.session() as session:
        last: date | None = session.execute(query).scalar()
    return InstituteDay(last).start if last else None


def _rated_again(database: Database, since: datetime) -> list[date]:
    """The days of the ratings that have been changed since."""
    with database.session() as session:
        changed = select(col(Rating.rated_at)).where(col(Rating.changed_at) >= since)
        return sorted({day_of(rated) for rated in session.execute(changed).scalars()})


def _begin(database: Database, campaign: str) -> datetime | None:
    """Record that counting begins; returns the moment of the first guide, or None where there is none."""
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
        if not isinstance(error.__cause__, IntegrityError):  # otherwise somebody else has just begun
            raise
    return since


def _mark(session: Session, campaign: str, until: datetime | None) -> None:
    """The first statement of a transaction that writes: if several count at once, the others wait for its end."""
    mark = update(Counted).where(col(Counted.campaign_id) == campaign)
    session.execute(mark.values(until=until) if until else mark.values(campaign_id=campaign))


# --- who belongs where -----------------------------------------------------------------------------------


def _join(database: Database, campaign: Campaign, since: datetime) -> None:
    """Give every guide made since then its audience, a batch in each transaction."""
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
            keys = {
                guide: AudienceKey(cases, channel, joined_ids(_entries(facts, fact)))
                for guide, cases, channel, facts in rows
            }
            audiences = _audiences(session, campaign.id, set(keys.values()))
            session.execute(
                insert(Member), [{"guide_id": guide, "audience_id": audiences[key]} for guide, key in keys.items()]
            )


def _entries(facts: Mapping[str, Any] | None, fact: str) -> list[str]:
    entries = (facts or {}).get(fact) or []
    return sorted([entries] if isinstance(entries, str) else entries)


def _audiences(session: Session, campaign: str, keys: set[AudienceKey]) -> dict[AudienceKey, int]:
    """Ids of the campaign's audiences, after adding those of these keys that are new."""
    ids = _audience_ids(session, campaign)
    if missing := sorted(keys - ids.keys()):
        session.execute(insert(Audience), [{"campaign_id": campaign, **key._asdict()} for key in missing])
        ids = _audience_ids(session, campaign)
    return ids


def _audience_ids(session: Session, campaign: str) -> dict[AudienceKey, int]:
    query = select(col(Audience.cases), col(Audience.channel), col(Audience.documents), col(Audience.id))
    rows = session.execute(query.where(col(Audience.campaign_id) == campaign))
    return {
        AudienceKey(cases, channel, documents): audience_id
        for cases, channel, documents, audience_id in rows
        if audience_id is not None
    }


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


def _made(campaign: str, day: InstituteDay) -> Query:
    query = select(col(Member.audience_id), func.count().label("made")).select_from(GuideRecord)
    return _with_audience(query.where(day.holds(GuideRecord.made_at)), GuideRecord.id, campaign)


def _delivered(campaign: str, day: InstituteDay) -> Query:
    query = select(col(Member.audience_id), func.count().label("delivered")).select_from(Delivery)
    query = query.where(day.holds(Delivery.at), col(Delivery.medium) == RESERVED_AREA)
    return _with_audience(query, Delivery.guide_id, campaign)


def _viewed(campaign: str, day: InstituteDay) -> Query:
    """Openings on the day; and the guides first opened, first played so far, or first left by the link, on that day."""
    todays = select(col(View.guide_id)).where(day.holds(View.opened_at))
    earlier: Any = {
        "partition_by": col(View.guide_id),
        "order_by": (col(View.opened_at), col(View.id)),
        "rows": (None, -1),
    }
    views = (
        select(
            col(View.guide_id),
            col(View.opened_at),
            col(View.reached),
            col(View.followed),
            func.coalesce(func.max(View.reached).over(**earlier), -1).label("before"),
            func.coalesce(func.max(View.followed).over(**earlier), "").label("followed_before"),
        )
        .where(col(View.guide_id).in_(todays), col(View.opened_at) < day.end)
        .subquery()
    )
    view = views.c
    reached = (
        _total(and_(view.reached >= int(quarter), view.before < int(quarter))).label(f"reached_{quarter}")
        for quarter in QUARTERS
    )
    query = select(
        col(Member.audience_id),
        func.count().label("views"),
        _total(view.before < 0).label("viewers"),
        *reached,
        _total(and_(view.followed != "", view.followed_before == "")).label("followed"),
    ).select_from(views)
    return _with_audience(query.where(day.holds(view.opened_at)), view.guide_id, campaign)


def _rated(campaign: str, day: InstituteDay) -> Query:
    totals = (_total(col(Rating.stars) == rating).label(f"stars_{rating}") for rating in RATINGS)
    query = select(col(Member.audience_id), *totals).select_from(Rating).where(day.holds(Rating.rated_at))
    return _with_audience(query, Rating.guide_id, campaign)


def _solved(campaign: str, day: InstituteDay) -> Query:
    """Guides whose reason vanished on the day, by whether they had been opened before."""
    viewed = exists().where(
        col(View.guide_id) == col(GuideRecord.id), col(View.opened_at) <= col(GuideRecord.withdrawn_at)
    )
    query = select(
        col(Member.audience_id), _total(viewed).label("solved_viewed"), _total(~viewed).label("solved_unviewed")
    ).select_from(GuideRecord)
    query = query.where(day.holds(GuideRecord.withdrawn_at), col(GuideRecord.withdrawn_because) == SOLVED)
    return _with_audience(query, GuideRecord.id, campaign)


def _pressed(campaign: str, day: InstituteDay) -> Query:
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
        .where(day.holds(View.opened_at))
    )
    return _with_audience(query, View.guide_id, campaign).group_by(col(Press.button))


def _ended(campaign: str, day: InstituteDay) -> Query:
    """Guides withdrawn on the day, by the reason."""
    reason = col(GuideRecord.withdrawn_because)
    counted: Query = select(col(Member.audience_id), reason.label("reason"), func.count().label("withdrawn"))
    query = counted.select_from(GuideRecord).where(day.holds(GuideRecord.withdrawn_at), reason != "")
    return _with_audience(query, GuideRecord.id, campaign).group_by(reason)


_RATED = (_rated,)
_ALL = (_made, _delivered, _viewed, _rated, _solved)
COUNTS = tuple(name for name in Tally.model_fields if name not in ("audience_id", "day"))
RATING_COUNTS = tuple(f"stars_{rating}" for rating in RATINGS)
"""How many people gave each rating, from 1 to 5."""
BUTTON_COUNTS = ("shown", "pressed", "answered")
ENDING_COUNTS = ("withdrawn",)
_PARTS = ((ButtonTally, _pressed), (EndingTally, _ended))
"""The tables that break a day's tallies down further, and what is counted in them."""


def _count_day(
    database: Database, campaign: str, day: InstituteDay, until: datetime | None, sources: Sequence[Any] = _ALL
) -> None:
    """Count the day from these sources, then write the result in the place of the last one, which takes no time.

    If two do it at once, the slower may write older numbers; but it also writes the older ``until``, so that the day
    is counted again.
    """
    has_all_sources = sources is _ALL
    audiences = select(col(Audience.id)).where(col(Audience.campaign_id) == campaign)
    is_tally = col(Tally.day) == day.day, col(Tally.audience_id).in_(audiences)
    tallies: dict[int, dict[str, Any]] = {}
    with database.session() as session:
        if not has_all_sources:
            old = session.execute(select(Tally).where(*is_tally)).scalars()
            tallies = {tally.audience_id: tally.model_dump() | dict.fromkeys(RATING_COUNTS, 0) for tally in old}
        for source in sources:
            for row in session.execute(source(campaign, day)).mappings():
                empty = {"audience_id": row["audience_id"], "day": day.day, **dict.fromkeys(COUNTS, 0)}
                tallies.setdefault(row["audience_id"], empty).update(row)
        parts = [
            (table, [dict(row) for row in session.execute(source(campaign, day)).mappings()])
            for table, source in (_PARTS if has_all_sources else ())
        ]
    with database.session() as session:
        _mark(session, campaign, until)
        session.execute(delete(Tally).where(*is_tally))
        if tallies:
            session.execute(insert(Tally), list(tallies.values()))
        for table, rows in parts:
            session.execute(delete(table).where(col(table.day) == day.day, col(table.audience_id).in_(audiences)))
            if rows:
                session.execute(insert(table), [{"day": day.day, **row} for row in rows])


# --- sums ------------------------------------------------------------------------------------------------

Counts = Mapping[str, int]


@dataclass(frozen=True)
class Sums:
    """The sums of a campaign's tallies over a period, by audience id; ``buttons`` and ``endings`` also by their id."""

    audiences: Mapping[int, AudienceKey]
    counts: Mapping[int, Counts]
    buttons: Mapping[tuple[int, str], Counts]
    endings: Mapping[tuple[int, str], Counts]


def sums(session: Session, campaign: str, first: date | None = None, last: date | None = None) -> Sums:
    """Every audience's counts from the day ``first`` to ``last``, both included."""
    audiences = {audience_id: key for key, audience_id in _audience_ids(session, campaign).items()}
    counts = _sums(session, Tally, [col(Tally.audience_id)], COUNTS, audiences, first, last)
    pressed_by = [col(ButtonTally.audience_id), col(ButtonTally.button)]
    pressed = _sums(session, ButtonTally, pressed_by, BUTTON_COUNTS, audiences, first, last)
    ended_by = [col(EndingTally.audience_id), col(EndingTally.reason)]
    ended = _sums(session, EndingTally, ended_by, ENDING_COUNTS, audiences, first, last)
    return Sums(
        audiences,
        {audience_id: counts_row for (audience_id,), counts_row in counts.items()},
        {(audience_id, button): counts_row for (audience_id, button), counts_row in pressed.items()},
        {(audience_id, reason): counts_row for (audience_id, reason), counts_row in ended.items()},
    )


_all_days: OrderedDict[tuple[str, str], tuple[datetime, Sums]] = OrderedDict()
"""The last few campaigns' sums of all days, by database and campaign, each with the moment it was counted until."""
CACHED_CAMPAIGNS = 16


def sums_of_all_days(database: Database, session: Session, campaign: str) -> Sums:
    """Every audience's counts of all days; cached until the next count, as every selection is compared with them."""
    counted = session.get(Counted, campaign)
    cached = _all_days.get((database.address, campaign))
    if counted and cached and cached[0] == counted.until:
        return cached[1]
    fresh = sums(session, campaign)
    if counted:
        _all_days[database.address, campaign] = counted.until, fresh
        while len(_all_days) > CACHED_CAMPAIGNS:
            with suppress(KeyError):  # another thread may have been quicker
                _all_days.popitem(last=False)
    return fresh


def guides_made(session: Session, campaign: str) -> tuple[Mapping[int, AudienceKey], Mapping[int, int]]:
    """The campaign's audiences by id, and how many guides were ever made for each."""
    audiences = {audience_id: key for key, audience_id in _audience_ids(session, campaign).items()}
    counts = _sums(session, Tally, [col(Tally.audience_id)], ["made"], audiences, None, None)
    return audiences, {audience_id: counts_row["made"] for (audience_id,), counts_row in counts.items()}


def by_day(
    session: Session, audiences: Collection[int], first: date | None = None, last: date | None = None
) -> dict[date, Counts]:
    """The counts of these audiences, day by day; days without any are left out."""
    counts = _sums(session, Tally, [col(Tally.day)], COUNTS, audiences, first, last)
    pressed = _sums(session, ButtonTally, [col(ButtonTally.day)], BUTTON_COUNTS, audiences, first, last)
    empty = dict.fromkeys((*COUNTS, *BUTTON_COUNTS), 0)
    return {key[0]: {**empty, **counts.get(key, {}), **pressed.get(key, {})} for key in sorted({*counts, *pressed})}


def _sums(
    session: Session,
    table: type[Tally] | type[ButtonTally] | type[EndingTally],
    keys: Sequence[Any],
    names: Sequence[str],
    audiences: Collection[int],
    first: date | None,
    last: date | None,
) -> dict[tuple[Any, ...], dict[str, int]]:
    """The sums of the columns ``names`` for each combination of ``keys``."""
    query = select(*keys, *(func.sum(getattr(table, name)) for name in names)).group_by(*keys)
    query = query.where(col(table.audience_id).in_(audiences))
    if first is not None:
        query = query.where(col(table.day) >= first)
    if last is not None:
        query = query.where(col(table.day) <= last)
    width = len(keys)
    return {tuple(row[:width]): dict(zip(names, map(int, row[width:]), strict=True)) for row in session.execute(query)}
