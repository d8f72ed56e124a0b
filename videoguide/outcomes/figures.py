# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""How a campaign goes, in numbers: totals and breakdowns by case, channel, document and day.

People are counted by their guides: each guide belongs to one person. What is counted, on the day it happened:

- ``made``, ``delivered``: guides; ``views``: openings, where openings within half an hour count as one;
- ``viewers``, ``reached_25`` … ``reached_100``, ``followed``: guides that were opened, were played so far, or had the
  end card's link followed, for the first time. So they add up over days, and nobody counts twice;
- ``shown``, ``pressed``, ``answered``: views in which a button was shown, was pressed, or both. The rate of presses is
  answered / shown, because a window can also be opened from the page without its button having been shown;
- ``ratings``, in all and from 1 to 5: guides with a rating, on the day of the first one, by their present rating.
  Everybody who opens a guide is asked for a rating below it, so the share is ratings / viewers;
- ``endings``: guides withdrawn, by the reason;
- ``solved_viewed``, ``solved_unviewed``: guides withdrawn because their reason had vanished, after they had been opened
  or without. Compared with those who did and did not open theirs, they suggest whether guides help; they do not prove
  it.

:mod:`videoguide.outcomes.privacy` decides what may be shown of a few people.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from videoguide.errors import InputError, UnknownChoice
from videoguide.outcomes import tallies
from videoguide.outcomes.privacy import FEWEST, Count, Hidden, Rate, hide, protected, rate
from videoguide.outcomes.tallies import (
    BUTTON_COUNTS,
    COUNTS,
    ENDING_COUNTS,
    RATING_COUNTS,
    AudienceKey,
    Counts,
    Sums,
    documents_fact,
)
from videoguide.packs.campaigns import CHANGED, HANDED_OVER, SOLVED, Campaign, split_ids
from videoguide.records.database import Database, now
from videoguide.records.monitoring import RATINGS
from videoguide.wording import CHANNELS

YEARS = range(2000, 2100)
"""Years that may be requested: near the ends of the calendar, moments cannot be converted between time zones."""

TITLES = {
    "made": "Guide fatte",
    "delivered": "Consegnate",
    "viewers": "Persone che l’hanno aperta",
    "views": "Aperture",
    "reached_25": "Arrivate al 25 %",
    "reached_50": "Arrivate al 50 %",
    "reached_75": "Arrivate al 75 %",
    "reached_100": "Arrivate alla fine",
    "followed": "Hanno seguito il collegamento finale",
    "shown": "Pulsanti mostrati",
    "pressed": "Pulsanti premuti",
    "answered": "Pulsanti premuti dopo averli visti",
    "ratings": "Valutazioni",
    "solved_viewed": "Risolte dopo averla vista",
    "solved_unviewed": "Risolte senza averla vista",
}
"""Every count that is shown, and its title; in this order."""

RATE_TITLES = {
    "opened": "Guide aperte su consegnate",
    "finished": "Arrivate alla fine su aperte",
    "answered_rate": "Pulsanti premuti su mostrati",
    "mean": "Media delle valutazioni",
    "rated": "Valutazioni su persone che l’hanno aperta",
    "helped": "Risolte tra chi l’ha vista",
    "unhelped": "Risolte tra chi non l’ha vista",
}
ENDING_TITLES = {
    SOLVED: "Non resta niente da fare",
    CHANGED: "Sostituita da un’altra guida",
    HANDED_OVER: "Numero passato a un’altra persona",
}
"""Reasons of the program's own for which a guide is withdrawn; the others are the pack's."""
MEAN = "mean"
"""The only rate that is not a share: it goes from 1 to 5."""
OF_ALL_DAYS = ("opened", "finished", "rated", "helped", "unhelped")
"""Shares that a period does not have: people who open a guide in May need not have got it in May."""

RATING_NAMES = ("1 stella", *(f"{rating} stelle" for rating in RATINGS[1:]))
"""What a rating from 1 to 5 is called in tables and charts."""


@dataclass(frozen=True)
class Selection:
    """Which guides and days figures are about; empty fields do not restrict them.

    ``first`` and ``last`` are days, both included.
    """

    case: str = ""
    channel: str = ""
    document: str = ""
    first: date | None = None
    last: date | None = None

    @classmethod
    def of(
        cls, *, case: str = "", channel: str = "", document: str = "", first: str = "", last: str = ""
    ) -> "Selection":
        """The selection that was typed, with days as ``2024-05-31``. Raises InputError for what is not a day."""
        return cls(case, channel, document, _day(first), _day(last))

    def check(self, campaign: Campaign) -> None:
        """Raise UnknownChoice, or InputError for a period that ends before it begins."""
        if self.case:
            campaign.case(self.case)
        if self.channel and self.channel not in campaign.description.channels:
            raise UnknownChoice("canale", self.channel, campaign.description.channels)
        if self.document:
            entries = _documents(campaign)
            if self.document not in entries:
                raise UnknownChoice("documento", self.document, entries)
        if self.first and self.last and self.first > self.last:
            raise InputError(
                f"il periodo finisce ({_shown_day(self.last)}) prima di cominciare ({_shown_day(self.first)})"
            )

    def includes(self, audience: AudienceKey) -> bool:
        """Whether the audience's guides are selected."""
        return (
            (not self.case or self.case in split_ids(audience.cases))
            and (not self.channel or self.channel == audience.channel)
            and (not self.document or self.document in split_ids(audience.documents))
        )

    @property
    def is_all(self) -> bool:
        """Whether there is no filter."""
        return self == Selection()

    @property
    def has_period(self) -> bool:
        """Whether there is a first or a last day."""
        return bool(self.first or self.last)

    @cached_property
    def wider(self) -> "list[Selection]":
        """The selections with one of its filters less, and the one without any."""
        wider = {
            replace(self, case=""),
            replace(self, channel=""),
            replace(self, document=""),
            replace(self, first=None, last=None),
            Selection(),
        }
        return list(wider - {self})


def _documents(campaign: Campaign) -> Mapping[str, Mapping[str, str]]:
    """The catalogue of the campaign's documents; empty where it has none."""
    fact = documents_fact(campaign)
    return campaign.catalogue[campaign.description.facts[fact].catalogue] if fact else {}


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"giorno {text[:20]!r}; ammesso: anno-mese-giorno, per esempio 2024-05-31") from error
    if day.year not in YEARS:
        raise InputError(f"giorno {text[:20]!r}; ammesso: dal {YEARS[0]} al {YEARS[-1]}")
    return day


@dataclass(frozen=True)
class FiguresRow:
    """The figures of one group. ``counts`` by the ids of TITLES, ``rates`` by those of RATE_TITLES."""

    id: str
    title: str
    counts: Mapping[str, Count]
    rates: Mapping[str, Rate]


@dataclass(frozen=True)
class ButtonFigures:
    """One button: views in which it was shown and in which it was pressed, and the rate of presses when shown."""

    id: str
    title: str
    shown: Count
    pressed: Count
    rate: Rate


@dataclass(frozen=True)
class EndingFigures:
    """One reason for which guides were withdrawn, and how many were."""

    id: str
    title: str
    withdrawn: Count


@dataclass(frozen=True)
class Figures:
    """All figures of a campaign, or of a selection of it, counted until the moment ``until``.

    ``by_rating`` has five counts: how many people gave a rating of 1, 2 … 5.
    """

    campaign: str
    title: str
    selection: Selection
    until: datetime
    total: FiguresRow
    by_rating: tuple[Count, ...]
    buttons: tuple[ButtonFigures, ...]
    endings: tuple[EndingFigures, ...]
    cases: tuple[FiguresRow, ...]
    channels: tuple[FiguresRow, ...]
    documents: tuple[FiguresRow, ...]
    days: tuple[FiguresRow, ...]


def figures(
    database: Database,
    campaign: Campaign,
    selection: Selection | None = None,
    *,
    max_age: timedelta = timedelta(0),
) -> Figures:
    """The figures of the selection, counted again if they are older than ``max_age``.

    Raises UnknownChoice or InputError for a wrong selection, StoreError.
    """
    selection = selection or Selection()
    selection.check(campaign)
    is_period = selection.has_period
    until = tallies.count(database, campaign, max_age) or now()
    with database.session() as session:
        all_days = tallies.sums_of_all_days(database, session, campaign.id)
        period = tallies.sums(session, campaign.id, selection.first, selection.last) if is_period else all_days
        basis = _Basis(selection, all_days, period)
        days = tallies.by_day(session, basis.audiences, selection.first, selection.last)
    total = _added(period, basis.audiences)
    wider_totals = [_added(sums, audiences) for sums, audiences in basis.wider]
    shown = {name: protected(value, [wider[name] for wider in wider_totals]) for name, value in total.items()}

    def breakdown(
        groups_of: Callable[[AudienceKey], Iterable[str]], titles: Mapping[str, str]
    ) -> tuple[FiguresRow, ...]:
        groups = [
            (group.id, group.title, _added(period, group.audiences)) for group in _groups(basis, groups_of, titles)
        ]
        return _rows(groups, total, shown, is_period=is_period)

    return Figures(
        campaign=campaign.id,
        title=campaign.description.title,
        selection=selection,
        until=until,
        total=_row("", "In tutto", shown, total, is_period=is_period),
        by_rating=_distribution(total, shown, is_all=selection.is_all),
        buttons=_buttons(campaign, basis),
        endings=_endings(campaign, basis),
        cases=breakdown(
            lambda audience: split_ids(audience.cases), {case.id: case.title for case in campaign.cases.values()}
        ),
        channels=breakdown(lambda audience: (audience.channel,), CHANNELS),
        documents=breakdown(
            lambda audience: split_ids(audience.documents),
            {document: entry["title"] for document, entry in _documents(campaign).items()},
        ),
        days=_rows(
            [(day.isoformat(), _shown_day(day), _with_ratings(counts)) for day, counts in _without_gaps(days)],
            total,
            shown,
            is_period=True,
        ),
    )


# --- adding up -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Basis:
    """What the figures of a selection are made from: the sums of all days, and those of the selection's period."""

    selection: Selection
    all_days: Sums
    period: Sums

    @cached_property
    def audiences(self) -> set[int]:
        """The ids of the audiences that are selected."""
        return _selected(self.period, self.selection)

    @cached_property
    def wider(self) -> list[tuple[Sums, set[int]]]:
        """For each wider selection, the sums of its period and the ids of its audiences."""
        return [
            (self.period if wider.has_period else self.all_days, _selected(self.all_days, wider))
            for wider in self.selection.wider
        ]

    def guides(self, audiences: Iterable[int]) -> int:
        """How many guides were ever made for these audiences."""
        return sum(self.all_days.counts.get(audience, {}).get("made", 0) for audience in audiences)


def _selected(sums: Sums, selection: Selection) -> set[int]:
    return {audience for audience, key in sums.audiences.items() if selection.includes(key)}


def _added(sums: Sums, audiences: Collection[int]) -> dict[str, int]:
    """The counts of these audiences added up."""
    total = dict.fromkeys((*COUNTS, *BUTTON_COUNTS), 0)
    for audience in audiences:
        for name, value in sums.counts.get(audience, {}).items():
            total[name] += value
    for counts in _added_by(sums.buttons, audiences, BUTTON_COUNTS).values():
        for name, value in counts.items():
            total[name] += value
    return _with_ratings(total)


def _added_by(
    parts: Mapping[tuple[int, str], Counts], audiences: Collection[int], names: Collection[str]
) -> dict[str, dict[str, int]]:
    """The counts ``names`` of each button or reason, added up over these audiences."""
    totals: dict[str, dict[str, int]] = {}
    for (audience, part), counts in parts.items():
        if audience in audiences:
            total = totals.setdefault(part, dict.fromkeys(names, 0))
            for name, value in counts.items():
                total[name] += value
    return totals


def _with_ratings(counts: Counts) -> dict[str, int]:
    return {**counts, "ratings": sum(counts[name] for name in RATING_COUNTS)}


class _Group(NamedTuple):
    """One row of a breakdown: the audiences whose counts it adds up."""

    id: str
    title: str
    audiences: set[int]


def _groups(
    basis: _Basis, groups_of: Callable[[AudienceKey], Iterable[str]], titles: Mapping[str, str]
) -> list[_Group]:
    """The groups of a breakdown, in the order of ``titles``; those with too few guides are combined at the end."""
    audiences: dict[str, set[int]] = {}
    for audience in basis.audiences:
        for group in groups_of(basis.period.audiences[audience]):
            audiences.setdefault(group, set()).add(audience)
    others: set[int] = set()
    for group in sorted(audiences, key=lambda group: basis.guides(audiences[group])):  # the smallest first
        if basis.guides(audiences[group]) < FEWEST or 0 < basis.guides(others) < FEWEST:
            others |= audiences.pop(group)
    order = [group for group in titles if group in audiences] + sorted(audiences.keys() - titles.keys())
    groups = [_Group(group, titles.get(group, group), audiences[group]) for group in order]
    return [*groups, _Group("others", "Altri", others)] if others else groups


def _without_gaps(days: Mapping[date, Counts]) -> list[tuple[date, Counts]]:
    """Every day from the first to the last that has counts, with zeros where there are none."""
    if not days:
        return []
    first, last = min(days), max(days)
    empty = dict.fromkeys((*COUNTS, *BUTTON_COUNTS), 0)
    every_day = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [(day, days.get(day, empty)) for day in every_day]


def _shown_day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


# --- rows ------------------------------------------------------------------------------------------------


def _rows(
    groups: Sequence[tuple[str, str, Counts]], total: Counts, shown: Mapping[str, Count], *, is_period: bool
) -> tuple[FiguresRow, ...]:
    """The groups as rows; a count whose total is hidden is hidden in every row."""
    columns: dict[str, list[Count]] = {}
    for name in TITLES:
        count, values = shown[name], [counts[name] for _, _, counts in groups]
        columns[name] = [count] * len(groups) if isinstance(count, Hidden) else hide(values, total[name])
    return tuple(
        _row(group, title, {name: column[at] for name, column in columns.items()}, counts, is_period=is_period)
        for at, (group, title, counts) in enumerate(groups)
    )


def _row(group: str, title: str, shown: Mapping[str, Count], counts: Counts, *, is_period: bool) -> FiguresRow:
    """A row of these counts as ``shown``, with the rates that follow from them."""
    unviewed: Count = Hidden.KEPT_BACK
    made, viewers, ratings = shown["made"], shown["viewers"], shown["ratings"]
    if isinstance(made, int) and isinstance(viewers, int):
        unviewed = made - viewers
    points = sum(rating * counts[name] for rating, name in zip(RATINGS, RATING_COUNTS, strict=True))
    rates: dict[str, Rate] = {
        "opened": rate(viewers, shown["delivered"]),
        "finished": rate(shown["reached_100"], viewers),
        "answered_rate": rate(shown["answered"], shown["shown"]),
        MEAN: Hidden.KEPT_BACK if isinstance(ratings, Hidden) or 0 < ratings < FEWEST else rate(points, ratings),
        "rated": rate(shown["ratings"], viewers),
        "helped": rate(shown["solved_viewed"], viewers),
        "unhelped": rate(shown["solved_unviewed"], unviewed),
    }
    if is_period:
        rates |= dict.fromkeys(OF_ALL_DAYS)
    return FiguresRow(group, title, {name: shown[name] for name in TITLES}, rates)


def _distribution(total: Counts, shown: Mapping[str, Count], *, is_all: bool) -> tuple[Count, ...]:
    """How many people gave each rating; all hidden where there are fewer than 5 ratings."""
    counts, ratings = [total[name] for name in RATING_COUNTS], shown["ratings"]
    if isinstance(ratings, Hidden):
        return (ratings,) * len(counts)
    return tuple(counts) if is_all and not 0 < ratings < FEWEST else tuple(hide(counts, ratings))


def _buttons(campaign: Campaign, basis: _Basis) -> tuple[ButtonFigures, ...]:
    """The figures of each button, in the order of the campaign's windows and buttons."""
    titles = _button_titles(campaign)
    order = {button: at for at, button in enumerate(titles)}
    counts = _added_by(basis.period.buttons, basis.audiences, BUTTON_COUNTS)
    wider_counts = [_added_by(sums.buttons, audiences, BUTTON_COUNTS) for sums, audiences in basis.wider]
    rows = []
    for button in sorted(counts, key=lambda button: (order.get(button, len(order)), button)):
        shown, pressed, answered = (
            protected(counts[button][name], [wider[button][name] for wider in wider_counts]) for name in BUTTON_COUNTS
        )
        rows.append(ButtonFigures(button, titles.get(button, button), shown, pressed, rate(answered, shown)))
    return tuple(rows)


def _endings(campaign: Campaign, basis: _Basis) -> tuple[EndingFigures, ...]:
    """How many guides were withdrawn for each reason."""
    titles = ENDING_TITLES | {ending.reason: ending.title for ending in campaign.description.rules.endings}
    order = {reason: at for at, reason in enumerate(titles)}
    counts = _added_by(basis.period.endings, basis.audiences, ENDING_COUNTS)
    reasons = sorted(counts, key=lambda reason: (order.get(reason, len(order)), reason))
    values = [counts[reason]["withdrawn"] for reason in reasons]
    wider = (_added_by(sums.endings, audiences, ENDING_COUNTS) for sums, audiences in basis.wider)
    total = protected(sum(values), [sum(count["withdrawn"] for count in whole.values()) for whole in wider])
    shown = [total] * len(values) if isinstance(total, Hidden) else hide(values, total)
    return tuple(
        EndingFigures(reason, titles.get(reason, reason), count) for reason, count in zip(reasons, shown, strict=True)
    )


def _button_titles(campaign: Campaign) -> dict[str, str]:
    """Titles by button: that of the window or link which it opens. Windows opened from the page have their own ids."""
    windows = {window_id: window.title for window_id, window in campaign.windows.items()}
    links = {link_id: link.title for link_id, link in campaign.description.links.items()}
    buttons = [button for scene in campaign.scenes.values() for button in scene.buttons]
    return windows | {button.id: windows[button.window] if button.window else links[button.link] for button in buttons}
