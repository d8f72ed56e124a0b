# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Invented applications in the form of a campaign's extract, for trials and benchmarks of any size.

The pack says how they are distributed (states, facts, channels, bad rows), in ``sample.toml``; the names
are those of ``assets/names``. None of these people exist. The same campaign, count and seed give the same
bytes everywhere: all chance comes from one ``random()``, whose sequence Python keeps between versions.
"""

import csv
import gzip
import io
import unicodedata
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from random import Random
from string import Formatter
from typing import Annotated, Generic, Literal, TextIO, TypeVar

from msgspec import Meta
from stdnum.it import codicefiscale

from videoguide.assets import assets_folder
from videoguide.errors import InputError, PackError, system_reason
from videoguide.packs.campaigns import Campaign, Data, read_data

Dice = Callable[[], float]
Cells = dict[str, str]
Weight = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Weights = Annotated[Mapping[str, Weight], Meta(min_length=1)]

IDS_PER_SEED = 1_000_000  # so that samples of different seeds have different applications
RECENT_ROWS = 1_000  # rows that a later one may repeat
EVENNESS = 32  # of the names' frequencies: the 30 commonest names cover about 40 %, as in the population
WEIGHTED_FIELDS = ("filed_in", "sex", "applicant", "channel", "patronato", "consent", "on_app_io")
CONSONANTS, VOWELS = "BCDFGHJKLMNPQRSTVWXYZ", "AEIOU"
MONTHS = "ABCDEHLMPRST"
PLAIN_LETTERS = str.maketrans({"Ł": "L", "Đ": "D", "Ø": "O", "Æ": "AE", "İ": "I", "ß": "SS"})
OMOCODIA = str.maketrans("0123456789", "LMNPQRSTUV")


class FactSpread(Data, frozen=True):
    """The weights of a fact's values, and for a list those of its length."""

    which: Weights
    how_many: Mapping[str, Weight] = {}


class Situation(Data, frozen=True):
    """A state that an application may be in, with random ``facts`` and ``fixed`` ones."""

    weight: Weight
    status: str
    facts: tuple[str, ...] = ()
    fixed: Mapping[str, str] = {}


class Bad(Data, frozen=True):
    """A kind of row that cannot be trusted, and how its ``field`` is damaged.

    Its text becomes ``text``, one of its characters becomes ``letter``, or its last letter becomes the next one.
    """

    field: str
    share: Share
    text: str = ""
    letter: str = ""
    last_turned: bool = False


class Shares(Data, frozen=True):
    """The share of a sample's rows, 0 to 1, that have each of these traits."""

    sex: Share
    email: Share
    mobile: Share
    capitals: Share
    stray_blanks: Share
    omocodia: Share


class Sample(Data, frozen=True):
    """The contents of ``sample.toml``, whose comments say what each entry means."""

    id: str
    extracted_on: date
    delimiter: str
    mobile: str
    email: str
    other_columns: Mapping[str, str]
    shares: Shares
    again: Mapping[Literal["person", "same", "newer", "older"], Share]
    weights: Mapping[str, Weights]
    born: Mapping[str, tuple[int, int]]
    facts: Mapping[str, FactSpread]
    situations: tuple[Situation, ...]
    bad: tuple[Bad, ...]


class People(Data, frozen=True):
    """The contents of a file of ``assets/names``; the comment in the first file says what each entry means."""

    share: Weight
    compound: Share
    joined_by: str
    born: tuple[str, ...]
    women: tuple[str, ...]
    men: tuple[str, ...]


def write_sample(campaign: Campaign, count: int, seed: int, out: Path) -> None:
    """Write an extract of ``count`` invented rows, in gzip if the name of ``out`` ends in ``.gz``.

    The rows of a smaller count are the first ones of a larger count. Raises InputError for a count below 1
    or a place that cannot be written (then nothing is left there), PackError if ``sample.toml`` is wrong.
    """
    if count < 1:
        raise InputError(f"count {count}; ammesso: almeno 1 riga")
    invention = _Invention(campaign, seed)
    with _replacing(out) as text:
        writer = csv.writer(text, delimiter=invention.sample.delimiter, lineterminator="\r\n")
        writer.writerow(invention.header)
        writer.writerows(invention.rows(count))


@contextmanager
def _replacing(out: Path) -> Iterator[TextIO]:
    """A text file that becomes the file ``out`` once it is whole."""
    part = out.with_name(f"{out.name}.part")
    try:
        try:
            with part.open("wb") as raw:
                compressed = gzip.GzipFile("", "wb", 6, raw, mtime=0) if out.suffix == ".gz" else None
                with io.TextIOWrapper(compressed or raw, "utf-8-sig", newline="") as text:
                    yield text
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{out}: non si può scrivere: {system_reason(error)}") from error


_T = TypeVar("_T")


class _Spread(Generic[_T]):
    """Values with their weights, to pick from at random."""

    def __init__(self, weighted: Iterable[tuple[_T, float]]) -> None:
        pairs = list(weighted)
        self.values = [value for value, _ in pairs]
        self.bounds = list(accumulate(weight for _, weight in pairs))

    def pick(self, dice: Dice) -> _T:
        return self.values[bisect(self.bounds, dice() * self.bounds[-1], 0, len(self.bounds) - 1)]


def _one_of(values: Sequence[_T], dice: Dice) -> _T:
    return values[int(dice() * len(values))]


class _Names:
    """The first names of one people, the commonest first."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.spreads = {"F": self._by_rank(people.women), "M": self._by_rank(people.men)}

    @staticmethod
    def _by_rank(names: Sequence[str]) -> _Spread[str]:
        return _Spread((name, 1 / (rank + EVENNESS) ** 3) for rank, name in enumerate(names, 1))

    def pick(self, sex: str, at_most: int, dice: Dice) -> str:
        spread = self.spreads[sex]
        name = spread.pick(dice)
        if dice() >= self.people.compound or not name.isalpha():
            return name
        second = _one_of(spread.values, dice)
        both = f"{name}{self.people.joined_by}{second}"
        return name if second == name or not second.isalpha() or len(both) > at_most else both


@dataclass(frozen=True)
class _Record:
    """A row that a later one may repeat."""

    person: Cells
    application: Cells
    filed_on: date


class _Invention:
    """Rows of an extract, drawn one after the other."""

    def __init__(self, campaign: Campaign, seed: int) -> None:
        self.extract = campaign.extract
        self.sample = sample = read_data(campaign.folder / "sample.toml", Sample)
        _check(campaign, sample)
        self.header = (*self.extract.columns.values(), *sample.other_columns)
        self.fields = (*self.extract.columns, *sample.other_columns)
        self.name_letters = campaign.description.limits.name_letters
        self.first_number = seed % 100 * IDS_PER_SEED
        self.dice = Random(seed).random

        folder = assets_folder() / "names"
        names = [_Names(read_data(file, People)) for file in sorted(folder.glob("*.toml"))]
        self.names = _Spread((group, group.people.share) for group in names)
        self.spreads = {field: _Spread(weights.items()) for field, weights in sample.weights.items()}
        self.situations = _Spread((situation, situation.weight) for situation in sample.situations)
        self.facts = {
            fact: (_Spread((spread.how_many or {"1": 1}).items()), _Spread(spread.which.items()))
            for fact, spread in sample.facts.items()
        }
        self.empty_facts = {
            fact_id: "0" if fact.type == "count" else "" for fact_id, fact in campaign.description.facts.items()
        }
        kinds: list[tuple[str | Bad, float]] = [*sample.again.items(), *((bad, bad.share) for bad in sample.bad)]
        self.kinds = _Spread([("new", 1 - sum(share for _, share in kinds)), *kinds])

    def rows(self, count: int) -> Iterator[list[str]]:
        """``count`` rows, with their cells in the order of ``header``."""
        recent: list[_Record] = []
        for number in range(self.first_number + 1, self.first_number + 1 + count):
            kind = self.kinds.pick(self.dice)
            if isinstance(kind, Bad):
                record = self._new(number, self._person(number))
                cells = self._damaged(record, kind)
            elif kind == "new" or not recent:
                record = self._new(number, self._person(number))
                cells = {**record.person, **record.application}
                self._remember(record, recent)
            else:  # each row is repeated at most once, so that no two rows of one day contradict each other
                earlier = recent.pop(int(self.dice() * len(recent)))
                record = self._again(kind, earlier, number)
                cells = {**record.person, **record.application}
            yield [cells[field] for field in self.fields]

    def _remember(self, record: _Record, recent: list[_Record]) -> None:
        if len(recent) < RECENT_ROWS:
            recent.append(record)
        else:
            recent[int(self.dice() * RECENT_ROWS)] = record

    def _new(self, number: int, person: Cells) -> _Record:
        """A new application of a person."""
        year = int(self.spreads["filed_in"].pick(self.dice))
        extracted_on = self.sample.extracted_on
        filed_on = self._day(date(year, 1, 1), min(date(year, 12, 31), extracted_on - timedelta(1)))
        channel = self.spreads["channel"].pick(self.dice)
        by_patronato = self.extract.values["channel"][channel] == "patronato"
        application = {
            "id": self.sample.id.format(year=year, number=number),
            "filed_on": self._written(filed_on),
            "channel": channel,
            "patronato": self.spreads["patronato"].pick(self.dice) if by_patronato else "",
            **self._situation(filed_on, extracted_on),
            **{column: text.format(year=year, number=number) for column, text in self.sample.other_columns.items()},
        }
        return _Record(person, application, filed_on)

    def _again(self, kind: str, earlier: _Record, number: int) -> _Record:
        """Another row about the person or the application of an earlier row."""
        if kind == "same":
            return earlier
        if kind == "person":
            return self._new(number, earlier.person)
        day = self.sample.extracted_on + timedelta(1 if kind == "newer" else -1)
        situation = self._situation(earlier.filed_on, day)
        return _Record(earlier.person, {**earlier.application, **situation}, earlier.filed_on)

    def _situation(self, filed_on: date, extracted_on: date) -> Cells:
        situation = self.situations.pick(self.dice)
        return {
            "status": situation.status,
            "status_since": self._written(self._day(filed_on, extracted_on)),
            "extracted_on": self._written(extracted_on),
            **self.empty_facts,
            **{fact: self._fact(fact) for fact in situation.facts},
            **situation.fixed,
        }

    def _fact(self, fact: str) -> str:
        how_many, which = self.facts[fact]
        length = min(int(how_many.pick(self.dice)), len(which.values))
        values: dict[str, None] = {}
        while len(values) < length:
            values[which.pick(self.dice)] = None
        return self.extract.joined_by.join(values)

    def _person(self, number: int) -> Cells:
        dice, shares = self.dice, self.sample.shares
        spelling = self.spreads["sex"].pick(dice)
        sex = self.extract.values["sex"][spelling]
        names = self.names.pick(dice)
        name = names.pick(sex, self.name_letters, dice)
        applicant = self.spreads["applicant"].pick(dice)
        first_year, last_year = self.sample.born[applicant]
        born = self._day(date(first_year, 1, 1), date(last_year, 12, 31))
        surname = "".join(_one_of(CONSONANTS, dice) for _ in range(3))
        place = _one_of(names.people.born, dice)
        if dice() < shares.omocodia:
            place = place[:-1] + place[-1].translate(OMOCODIA)
        return {
            "first_name": self._carelessly(name),
            "fiscal_code": _fiscal_code(surname, name, sex, born, place),
            "sex": spelling if dice() < shares.sex else "",
            "applicant": applicant,
            "email": self.sample.email.format(number=number) if dice() < shares.email else "",
            "mobile": self.sample.mobile.format(number=number) if dice() < shares.mobile else "",
            "consent": self.spreads["consent"].pick(dice),
            "on_app_io": self.spreads["on_app_io"].pick(dice),
        }

    def _carelessly(self, name: str) -> str:
        chance = self.dice() - self.sample.shares.capitals
        if chance < 0:
            return name.upper()
        return f" {name.replace(' ', '  ')} " if chance < self.sample.shares.stray_blanks else name

    def _damaged(self, record: _Record, bad: Bad) -> Cells:
        cells = {**record.person, **record.application}
        text = cells[bad.field].strip()
        if bad.last_turned:
            cells[bad.field] = text[:-1] + chr((ord(text[-1]) - ord("A") + 1) % 26 + ord("A"))
        elif bad.letter:
            place = int(self.dice() * len(text))
            cells[bad.field] = text[:place] + bad.letter + text[place + 1 :]
        else:
            cells[bad.field] = bad.text
        return cells

    def _day(self, first: date, last: date) -> date:
        return first + timedelta(int(self.dice() * ((last - first).days + 1)))

    def _written(self, day: date) -> str:
        return _written_date(day, self.extract.date)


@lru_cache(maxsize=4096)
def _written_date(day: date, form: str) -> str:
    return day.strftime(form)


def _fiscal_code(surname: str, first_name: str, sex: str, born: date, place: str) -> str:
    """A fiscal code by the rules (D.M. 23/12/1976); ``surname`` is three letters, ``place`` a cadastral code."""
    day = born.day + (40 if sex == "F" else 0)
    code = f"{surname}{_name_letters(first_name)}{born.year % 100:02}{MONTHS[born.month - 1]}{day:02}{place}"
    return code + str(codicefiscale.calc_check_digit(code))


@lru_cache(maxsize=65_536)
def _name_letters(first_name: str) -> str:
    """A first name's three letters: consonants (of four or more the first, third and fourth), then vowels, then X."""
    letters = unicodedata.normalize("NFKD", first_name.upper().translate(PLAIN_LETTERS))
    consonants = [letter for letter in letters if letter in CONSONANTS]
    if len(consonants) > 3:
        del consonants[1]
    return "".join([*consonants, *(letter for letter in letters if letter in VOWELS), *"XXX"])[:3]


def _check(campaign: Campaign, sample: Sample) -> None:
    """Check that the sample names only what the extract has, and that its weights and shares can be used.

    Raises PackError at the first fault.
    """
    extract, facts, weights = campaign.extract, campaign.description.facts, sample.weights

    def fault(where: str, reason: str) -> PackError:
        return PackError(campaign.folder / "sample.toml", reason, where=where)

    def require(names: Iterable[str], allowed: Iterable[str], where: str) -> None:
        if unknown := [name for name in names if name not in allowed]:
            raise fault(where, f"valore sconosciuto: {', '.join(unknown)}; ammessi: {', '.join(allowed)}")

    if set(weights) != set(WEIGHTED_FIELDS):
        raise fault("weights", f"deve avere {', '.join(WEIGHTED_FIELDS)} e nient’altro")
    for column in WEIGHTED_FIELDS:
        require(weights[column], extract.values.get(column, weights[column]), f"weights.{column}")
    require(weights["applicant"], sample.born, "born")
    last_year = (sample.extracted_on - timedelta(1)).year
    if not all(year.isdecimal() and 1900 < int(year) <= last_year for year in weights["filed_in"]):
        raise fault("weights.filed_in", f"non è un anno; ammesso: fino al {last_year}")
    require(sample.facts, facts, "facts")
    for fact, spread in sample.facts.items():
        require(spread.which, extract.values.get(fact, spread.which), f"facts.{fact}")
    for situation in sample.situations:
        require([situation.status], extract.values["status"], "situations")
        require(situation.facts, sample.facts, "situations")
        require(situation.fixed, facts, "situations")
    for template in (sample.id, *sample.other_columns.values()):
        require(_places(template), ("year", "number"), "id, other_columns")
    for template in (sample.email, sample.mobile):
        require(_places(template), ("number",), "email, mobile")
    require([bad.field for bad in sample.bad], extract.columns, "bad")
    if sum(bad.share for bad in sample.bad) + sum(sample.again.values()) > 1:
        raise fault("bad", "le quote delle righe sbagliate e di quelle ripetute insieme superano 1")


def _places(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name is not None]
