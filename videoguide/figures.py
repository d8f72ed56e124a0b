"""How a campaign goes, in numbers: totals and breakdowns by case, channel, document and day.

People are counted by their guides: a guide is one person's. What is counted, on the day it happened:

- ``made``, ``delivered``: guides; ``views``: openings, those of the same half hour being one;
- ``viewers``, ``reached_25`` … ``reached_100``, ``followed``: guides that were opened, played so far or left by the
  end card's link for the first time. So they add up over days, and nobody counts twice;
- ``shown``, ``pressed``, ``answered``: views in which a button was shown, was pressed, was both. The rate of presses
  is answered / shown: a window may be opened from the page, too, without any button having been shown;
- ``ratings`` and stars: on the day of a guide's first rating, as it is now. Everybody who opens a guide is asked
  below it, so the share is ratings / viewers;
- ``solved_viewed``, ``solved_unviewed``: guides withdrawn because their reason had vanished, after having been opened
  and without. Against who opened it and who did not they hint at whether guides help; they do not prove it.

Fewer than 5 persons are never broken down. In a breakdown, rows of fewer than 5 guides are put together as "altri"
(with the next smallest row if they are still too few); a count from 1 to 4 says "meno di 5", and the next smallest of
its column "non indicato", so that no subtraction from the total gives it back; a total of less than 5 is not broken
down at all. Under filters a count is shown only if it and what each filter takes away are 0 or at least 5. Rates of
hidden counts are hidden. The whole campaign's counts are exact. Who compares many periods may still learn more.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from functools import cached_property

from videoguide import tallies
from videoguide.campaigns import Campaign
from videoguide.database import Database, now
from videoguide.display import CHANNELS
from videoguide.errors import InputError, UnknownChoice
from videoguide.monitoring import STARS
from videoguide.tallies import BUTTON_COUNTS, COUNTS, STARS_COUNTS, Comment, Counts, Sums, documents_fact

FEWEST = 5
"""So many persons may be told apart from the others."""
PAGE = 50
"""Comments on a page."""
PAGES = 100_000
"""So many pages of them may be asked for, far more than there are."""
WORDS_CHARACTERS = 100
"""How long words that are searched for may be."""
YEARS = range(2000, 2100)
"""Years that may be asked for: beyond, moments cannot be told in every time zone."""


class Hidden(Enum):
    """Instead of a number: what is said in its place."""

    FEW = "meno di 5"
    KEPT_BACK = "non indicato"


KEPT_BACK = Hidden.KEPT_BACK
Count = int | Hidden
Rate = float | Hidden | None
"""None where there is nothing to divide by."""

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
MEAN = "mean"
"""The one rate that is no share: from 1 to 5."""
OF_ALL_DAYS = ("opened", "finished", "rated", "helped", "unhelped")
"""Shares that a period does not have: who opens a guide in May need not have got it in May."""

STARS_TITLES = ("1 stella", *(f"{number} stelle" for number in STARS[1:]))


@dataclass(frozen=True)
class Selection:
    """What figures are asked for; nothing given is all of it. ``first`` and ``last`` are days, both included."""

    case: str = ""
    channel: str = ""
    document: str = ""
    first: date | None = None
    last: date | None = None

    @classmethod
    def of(
        cls, *, case: str = "", channel: str = "", document: str = "", first: str = "", last: str = ""
    ) -> "Selection":
        """What is typed as a selection, days as ``2024-05-31``. Raises InputError for what is no day."""
        return cls(case, channel, document, _day(first), _day(last))

    def check(self, campaign: Campaign) -> None:
        """Raises UnknownChoice, or InputError for a period that ends before it begins."""
        if self.case:
            campaign.case(self.case)
        if self.channel and self.channel not in campaign.description.channels:
            raise UnknownChoice("canale", self.channel, campaign.description.channels)
        if self.document:
            fact = documents_fact(campaign)
            entries = campaign.catalogue[campaign.description.facts[fact].catalogue] if fact else {}
            if self.document not in entries:
                raise UnknownChoice("documento", self.document, entries)
        if self.first and self.last and self.first > self.last:
            raise InputError(
                f"il periodo finisce ({_shown_day(self.last)}) prima di cominciare ({_shown_day(self.first)})"
            )

    def takes(self, audience: tallies.Key) -> bool:
        """Whether the audience's guides are asked for."""
        cases, channel, documents = audience
        return (
            (not self.case or self.case in cases.split("+"))
            and (not self.channel or self.channel == channel)
            and (not self.document or self.document in documents.split("+"))
        )

    @property
    def is_all(self) -> bool:
        return self == Selection()

    @property
    def has_period(self) -> bool:
        return bool(self.first or self.last)

    @cached_property
    def wider(self) -> "list[Selection]":
        """The same without one of its filters each, and without any."""
        less = {
            replace(self, case=""),
            replace(self, channel=""),
            replace(self, document=""),
            replace(self, first=None, last=None),
            Selection(),
        }
        return list(less - {self})


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
class Row:
    """The figures of one group. ``counts`` by the ids of TITLES, ``rates`` by those of RATE_TITLES."""

    id: str
    title: str
    counts: Mapping[str, Count]
    rates: Mapping[str, Rate]


@dataclass(frozen=True)
class Button:
    """One button: views in which it was shown, was pressed, and the rate of those who saw it."""

    id: str
    title: str
    shown: Count
    pressed: Count
    rate: Rate


@dataclass(frozen=True)
class Figures:
    """Everything about a campaign, or a selection of it, counted ``until`` then. ``stars`` has five counts."""

    campaign: str
    title: str
    selection: Selection
    until: datetime
    total: Row
    stars: tuple[Count, ...]
    buttons: tuple[Button, ...]
    cases: tuple[Row, ...]
    channels: tuple[Row, ...]
    documents: tuple[Row, ...]
    days: tuple[Row, ...]


def figures(
    database: Database,
    campaign: Campaign,
    selection: Selection | None = None,
    *,
    at_most: timedelta = timedelta(0),
) -> Figures:
    """The figures of what is selected, counted afresh if they are older than ``at_most``.

    Raises UnknownChoice or InputError for a wrong selection, StoreError.
    """
    asked = selection or Selection()
    asked.check(campaign)
    until = tallies.count(database, campaign, at_most) or now()
    with database.session() as session:
        whole = tallies.whole(database, session, campaign.id)
        some = tallies.sums(session, campaign.id, asked.first, asked.last) if asked.has_period else whole
        taken = _taken(some, asked)
        days = tallies.by_day(session, taken, asked.first, asked.last)
    total = _added(some, taken)
    wider = [_added(whole if not one.has_period else some, _taken(whole, one)) for one in asked.wider]
    shown = {name: _part(value, [one[name] for one in wider]) for name, value in total.items()}
    entries = campaign.catalogue.get(
        campaign.description.facts[fact].catalogue if (fact := documents_fact(campaign)) else "", {}
    )

    def broken(of: Callable[[tallies.Key], Iterable[str]], titles: Mapping[str, str]) -> tuple[Row, ...]:
        groups = _groups(some, whole, taken, of, titles)
        return _rows(
            [(one, title, _added(some, members)) for one, title, members in groups],
            total,
            shown,
            is_period=asked.has_period,
        )

    return Figures(
        campaign=campaign.id,
        title=campaign.description.title,
        selection=asked,
        until=until,
        total=_row("", "In tutto", shown, total, is_period=asked.has_period),
        stars=_distribution(total, shown, is_all=asked.is_all),
        buttons=_buttons(campaign, some, taken, whole, asked),
        cases=broken(
            lambda key: filter(None, key[0].split("+")), {one.id: one.title for one in campaign.cases.values()}
        ),
        channels=broken(lambda key: (key[1],), CHANNELS),
        documents=broken(
            lambda key: filter(None, key[2].split("+")), {one: entry["title"] for one, entry in entries.items()}
        ),
        days=_rows(
            [(day.isoformat(), _shown_day(day), _derived(row)) for day, row in _filled(days)],
            total,
            shown,
            is_period=True,
        ),
    )


def comments(
    database: Database, campaign: Campaign, selection: Selection | None = None, *, words: str = "", page: int = 1
) -> tuple[list[Comment], bool]:
    """One page of what people wrote, newest first, and whether there is another; only with ``words`` in it, if given.

    None are given of a selection of fewer than 5 guides, and no cases that fewer than 5 guides have together.
    Raises UnknownChoice or InputError, StoreError.
    """
    asked = selection or Selection()
    asked.check(campaign)
    if page not in range(1, PAGES + 1):
        raise InputError(f"pagina {page}; ammesse: da 1 a {PAGES}")
    if len(words) > WORDS_CHARACTERS or "\0" in words:
        raise InputError(f"parole da cercare; ammessi: al massimo {WORDS_CHARACTERS} caratteri")
    with database.session() as session:
        audiences, made = tallies.made(session, campaign.id)

        def guides(selection: Selection) -> int:
            return sum(number for one, number in made.items() if selection.takes(audiences[one]))

        if isinstance(_part(guides(asked), [guides(one) for one in asked.wider]), Hidden):
            return [], False
        together: dict[str, int] = {}
        for one, number in made.items():
            together[audiences[one][0]] = together.get(audiences[one][0], 0) + number
        taken = {one for one, audience in audiences.items() if asked.takes(audience)}
        found = tallies.comments(session, taken, asked.first, asked.last, words, (page - 1) * PAGE, PAGE + 1)
    told = [one if together.get("+".join(one.cases), 0) >= FEWEST else replace(one, cases=()) for one in found[:PAGE]]
    return told, len(found) > PAGE


# --- adding up -------------------------------------------------------------------------------------------


def _taken(sums: Sums, selection: Selection) -> set[int]:
    return {one for one, audience in sums.audiences.items() if selection.takes(audience)}


def _added(sums: Sums, audiences: Collection[int]) -> dict[str, int]:
    """All counts of these audiences together."""
    total = dict.fromkeys((*COUNTS, *BUTTON_COUNTS), 0)
    for one in audiences:
        for name, value in sums.counts.get(one, {}).items():
            total[name] += value
    for (one, _), row in sums.buttons.items():
        if one in audiences:
            for name, value in row.items():
                total[name] += value
    return _derived(total)


def _derived(counts: Counts) -> dict[str, int]:
    return {**counts, "ratings": sum(counts[name] for name in STARS_COUNTS)}


def _groups(
    some: Sums,
    whole: Sums,
    taken: Collection[int],
    of: Callable[[tallies.Key], Iterable[str]],
    titles: Mapping[str, str],
) -> list[tuple[str, str, set[int]]]:
    """The audiences of each group, groups of too few guides together; in the order of ``titles``."""
    members: dict[str, set[int]] = {}
    for one in taken:
        for group in of(some.audiences[one]):
            members.setdefault(group, set()).add(one)

    def guides(audiences: Iterable[int]) -> int:
        return sum(whole.counts.get(one, {}).get("made", 0) for one in audiences)

    others: set[int] = set()
    for group in sorted(members, key=lambda one: guides(members[one])):
        if guides(members[group]) < FEWEST or 0 < guides(others) < FEWEST:
            others |= members.pop(group)
    order = [one for one in titles if one in members] + sorted(members.keys() - titles.keys())
    rows = [(one, titles.get(one, one), members[one]) for one in order]
    return [*rows, ("others", "Altri", others)] if others else rows


def _filled(days: Mapping[date, Counts]) -> list[tuple[date, Counts]]:
    """Every day from the first to the last with anything."""
    if not days:
        return []
    first, last = min(days), max(days)
    empty = dict.fromkeys((*COUNTS, *BUTTON_COUNTS), 0)
    every = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [(day, days.get(day, empty)) for day in every]


def _shown_day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


# --- what may be shown -----------------------------------------------------------------------------------


def _part(value: int, wholes: Sequence[int]) -> Count:
    """A count of a selection, if it and what is left of each whole are 0 or enough."""
    if wholes and 0 < value < FEWEST:
        return Hidden.FEW
    if any(0 < whole - value < FEWEST for whole in wholes):
        return Hidden.KEPT_BACK
    return value


def hide(values: Sequence[int], total: int) -> list[Count]:
    """The counts of a breakdown, of which nobody can work out those that are hidden.

    >>> [one if isinstance(one, int) else one.value for one in hide([3, 40, 90, 0], 133)]
    ['meno di 5', 'non indicato', 90, 0]
    """
    if 0 < total < FEWEST:
        return [Hidden.FEW] * len(values)
    shown: list[Count] = [_part(value, [total]) for value in values]
    if Hidden.FEW in shown and Hidden.KEPT_BACK not in shown:
        left = [(one, at) for at, one in enumerate(shown) if isinstance(one, int) and one > 0]
        if not left:  # nothing to hide it behind
            return [KEPT_BACK] * len(values)
        shown[min(left)[1]] = Hidden.KEPT_BACK
    return shown


def _rows(
    groups: Sequence[tuple[str, str, Counts]], total: Counts, shown: Mapping[str, Count], *, is_period: bool
) -> tuple[Row, ...]:
    """The groups as rows; a total that is hidden is not broken down."""
    columns: dict[str, list[Count]] = {}
    for name in TITLES:
        count, values = shown[name], [counts[name] for _, _, counts in groups]
        columns[name] = [count] * len(groups) if isinstance(count, Hidden) else hide(values, total[name])
    return tuple(
        _row(one, title, {name: column[at] for name, column in columns.items()}, counts, is_period=is_period)
        for at, (one, title, counts) in enumerate(groups)
    )


def _row(group: str, title: str, shown: Mapping[str, Count], counts: Counts, *, is_period: bool) -> Row:
    """A row, with the rates that follow from its counts."""
    unviewed: Count = KEPT_BACK
    made, viewers, ratings = shown["made"], shown["viewers"], shown["ratings"]
    if isinstance(made, int) and isinstance(viewers, int):
        unviewed = made - viewers
    points = sum(number * counts[name] for number, name in zip(STARS, STARS_COUNTS, strict=True))
    rates: dict[str, Rate] = {
        "opened": _rate(viewers, shown["delivered"]),
        "finished": _rate(shown["reached_100"], viewers),
        "answered_rate": _rate(shown["answered"], shown["shown"]),
        MEAN: KEPT_BACK if isinstance(ratings, Hidden) or 0 < ratings < FEWEST else _rate(points, ratings),
        "rated": _rate(shown["ratings"], viewers),
        "helped": _rate(shown["solved_viewed"], viewers),
        "unhelped": _rate(shown["solved_unviewed"], unviewed),
    }
    if is_period:
        rates |= dict.fromkeys(OF_ALL_DAYS)
    return Row(group, title, {name: shown[name] for name in TITLES}, rates)


def _rate(part: Count, whole: Count) -> Rate:
    if isinstance(part, Hidden) or isinstance(whole, Hidden):
        return KEPT_BACK
    return part / whole if whole > 0 else None


def _distribution(total: Counts, shown: Mapping[str, Count], *, is_all: bool) -> tuple[Count, ...]:
    """How many gave one star, two …; of fewer than 5 ratings nothing."""
    stars, ratings = [total[name] for name in STARS_COUNTS], shown["ratings"]
    if isinstance(ratings, Hidden):
        return (ratings,) * len(stars)
    return tuple(stars) if is_all and not 0 < ratings < FEWEST else tuple(hide(stars, ratings))


def _buttons(
    campaign: Campaign, some: Sums, taken: Collection[int], whole: Sums, asked: Selection
) -> tuple[Button, ...]:
    titles = {
        button.id: campaign.windows[button.window].title
        if button.window
        else campaign.description.links[button.link].title
        for scene in campaign.scenes.values()
        for button in scene.buttons
    }
    titles = {**{one: window.title for one, window in campaign.windows.items()}, **titles}
    mine = _by_button(some, taken)
    wider = [_by_button(some if one.has_period else whole, _taken(whole, one)) for one in asked.wider]
    told = []
    for button in sorted(mine, key=lambda one: (list(titles).index(one) if one in titles else len(titles), one)):
        shown, pressed, answered = (
            _part(mine[button][name], [one[button][name] for one in wider]) for name in BUTTON_COUNTS
        )
        told.append(Button(button, titles.get(button, button), shown, pressed, _rate(answered, shown)))
    return tuple(told)


def _by_button(sums: Sums, audiences: Collection[int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (one, button), row in sums.buttons.items():
        if one in audiences:
            total = found.setdefault(button, dict.fromkeys(BUTTON_COUNTS, 0))
            for name, value in row.items():
                total[name] += value
    return found
