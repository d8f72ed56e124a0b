# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Rows of an extract -> Application: validated, frozen, without a database.

The campaign pack defines the columns and the spellings of values (``extract.toml``). Rows are read
as a stream. A row that cannot be trusted becomes a Rejection with its number, column and reason;
neither a rejection nor an error repeats a personal value.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal

from stdnum.exceptions import ValidationError
from stdnum.it import codicefiscale

from videoguide.errors import FirstNameError, InputError
from videoguide.intake.extracts import Row, read_rows
from videoguide.intake.names import damage, tidy_name, visible
from videoguide.packs.campaigns import LEXICON, Campaign
from videoguide.speech.pronunciation import load_lexicon
from videoguide.wording import INSTITUTE_TIME

Sex = Literal["F", "M", ""]
FactValue = str | int | tuple[str, ...]

PATRONATO_CHARACTERS = 40
ID_CHARACTERS = 64
LAST_BIRTH_DAY = 71  # 31, and 40 more for a woman

_FISCAL_CODE = re.compile(r"[A-Z]{6}[0-9L-NP-V]{2}[A-EHLMPR-T][0-9L-NP-V]{2}[A-Z][0-9L-NP-V]{3}[A-Z]")
_OMOCODIA = str.maketrans("LMNPQRSTUV", "0123456789")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,253}")
_MOBILE = re.compile(r"\+?[0-9][0-9 ./-]{3,24}")


@dataclass(frozen=True)
class Application:
    """One application as it was in the extract of the day ``extracted_on``.

    ``first_name`` is as in the extract, ``spoken_name`` tidied for voice and picture, or empty. ``facts`` holds the
    campaign's own fields by fact id: the id of a catalogue entry, several ids, or a count.
    """

    id: str
    fiscal_code: str
    first_name: str
    spoken_name: str
    sex: Sex
    applicant: str
    filed_on: date
    channel: str
    patronato: str
    status: str
    status_since: date | None
    consent: bool
    facts: Mapping[str, FactValue]
    email: str
    mobile: str
    on_app_io: bool
    extracted_on: date


@dataclass(frozen=True)
class Rejection:
    """A rejected row: its number, the name of the column, the reason.

    The header is row 1; a record counts as one row, even if it has several lines.
    """

    row: int
    column: str
    reason: str


class _Reject(Exception):
    def __init__(self, field: str, reason: str) -> None:
        self.field, self.reason = field, reason


def tidy_fiscal_code(text: str) -> str:
    """A person's fiscal code in its compact form, omocodia variants included; raises InputError for other text."""
    try:
        return _fiscal_code(text.strip())
    except _Reject as error:
        raise InputError(f"codice fiscale: {error.reason}") from error


def is_corrected_code(old_code: str, old_name: str, new_code: str, new_name: str) -> bool:
    """Whether two fiscal codes can be one person's, before and after a correction; names as spoken.

    What registers correct is the surname's letters, the place of birth, and digits that were replaced by letters to
    tell two people apart (omocodia): first name, date of birth and sex stay. So a code counts as corrected where the
    first name, its three letters, and the date and sex (characters 4 to 11) are the same. Two people who share all of
    that and were given one application's number are far rarer than a correction; without a first name, or with a code
    of another form, nothing can be told, and the codes count as two people's.

    >>> is_corrected_code("RSSGLI85T50A562S", "Giulia", "RSSGLI85T50H501G", "Giulia")
    True
    >>> is_corrected_code("RSSGLI85T50A562S", "Giulia", "RSSGLI85T10A562O", "Giulia")
    False
    """
    if not old_name or old_name.casefold() != new_name.casefold() or len(old_code) != 16 or len(new_code) != 16:
        return False
    return _name_and_birth(old_code) == _name_and_birth(new_code)


def _name_and_birth(code: str) -> str:
    """The letters of the first name, the date of birth and the sex, with the digits of omocodia undone."""
    return code[3:6] + "".join(
        character.translate(_OMOCODIA) if place in (0, 1, 3, 4) else character
        for place, character in enumerate(code[6:11])
    )


def tidy_patronato(name: str) -> str:
    """A patronato's name, blanks folded, which may be empty; raises InputError for one that cannot be shown."""
    folded = " ".join(name.split())
    try:
        length = len(visible(folded))
    except FirstNameError as error:
        raise InputError(f"patronato: {error.reason}") from error
    if length > PATRONATO_CHARACTERS:
        raise InputError(f"patronato: ha {length} caratteri; ammessi: {PATRONATO_CHARACTERS}")
    return folded


def read_applications(file: Path, campaign: Campaign) -> Iterator[Application | Rejection]:
    """The applications and rejections of an extract, in its order, as a stream.

    CSV in UTF-8 (with or without BOM) or Windows-1252, comma or semicolon, plain or in gzip; or Parquet.
    Raises InputError, before anything is yielded, for a file that is not such an extract.
    """
    return (outcome for _, outcome in read_numbered(file, campaign))


def read_numbered(file: Path, campaign: Campaign) -> Iterator[tuple[int, Application | Rejection]]:
    """The same as :func:`read_applications`, each with the number of its row. Raises InputError likewise."""
    read = _RowReader(campaign).read
    return ((row.number, read(row)) for row in read_rows(file, campaign))


class _RowReader:
    """Turns rows into applications; what depends only on the pack is looked up once."""

    def __init__(self, campaign: Campaign) -> None:
        self.extract = campaign.extract
        self.fields = tuple(campaign.extract.columns)
        self.first_name_place = self.fields.index("first_name")
        self.values = campaign.extract.values
        self.facts = campaign.description.facts
        self.name_letters = campaign.description.limits.name_letters
        self.lexicon = load_lexicon(campaign.shared(LEXICON))
        self.first_year = min(campaign.description.years)
        self.latest_day = datetime.now(INSTITUTE_TIME).date() + timedelta(days=1)  # a machine's clock may be behind

    def read(self, row: Row) -> Application | Rejection:
        columns = self.extract.columns
        if row.flaw:
            return Rejection(row.number, columns["id"], row.flaw)
        try:
            return self._application(row.cells)
        except _Reject as reject:
            return Rejection(row.number, columns[reject.field], reject.reason)

    def _application(self, cells: Sequence[str]) -> Application:
        cell = dict(zip(self.fields, map(str.strip, cells), strict=True))
        first_name = cells[self.first_name_place]
        application_id = _id(cell["id"])
        fiscal_code = _fiscal_code(cell["fiscal_code"])
        return Application(
            id=application_id,
            fiscal_code=fiscal_code,
            first_name=first_name,
            spoken_name=self._name(first_name),
            sex=self._sex(cell["sex"], fiscal_code),
            applicant=self._value("applicant", cell["applicant"]),
            filed_on=self._date("filed_on", cell["filed_on"]),
            channel=self._value("channel", cell["channel"]),
            patronato=_patronato(cell["patronato"]),
            status=self._value("status", cell["status"]),
            status_since=self._date("status_since", cell["status_since"]) if cell["status_since"] else None,
            consent=self._value("consent", cell["consent"]) == "yes",
            facts={fact: self._fact(fact, cell[fact]) for fact in self.facts},
            email=_contact(cell["email"], _EMAIL),
            mobile=_contact(cell["mobile"], _MOBILE),
            on_app_io=self.values["on_app_io"].get(cell["on_app_io"]) == "yes",
            extracted_on=self._extract_day(cell["extracted_on"]),
        )

    def _name(self, cell: str) -> str:
        """The name to say and show; nothing where the register holds none: the guide then has the neutral greeting."""
        if reason := damage(cell):
            raise _Reject("first_name", reason)
        try:
            return tidy_name(cell, self.name_letters, self.lexicon)
        except FirstNameError:
            return ""

    def _value(self, field: str, spelling: str) -> str:
        values = self.values[field]
        if spelling not in values:
            raise _Reject(field, f"valore sconosciuto; ammessi: {', '.join(values)}")
        return values[spelling]

    def _sex(self, cell: str, fiscal_code: str) -> Sex:
        if cell:
            return self._value("sex", cell)  # type: ignore[return-value]
        return "F" if _day(fiscal_code[9:11]) > 40 else "M"

    def _extract_day(self, cell: str) -> date:
        """The extract's day: one that is still to come, or too early for the campaign, would decide what is newer."""
        day = self._date("extracted_on", cell)
        if day > self.latest_day:
            raise _Reject("extracted_on", "è un giorno che deve ancora venire; ammesso: fino a domani")
        if day.year < self.first_year:
            raise _Reject("extracted_on", f"è prima della campagna; ammesso: dal {self.first_year}")
        return day

    def _date(self, field: str, cell: str) -> date:
        day = _parse_date(cell, self.extract.date)
        if day is None:
            raise _Reject(field, f"non è una data nella forma {self.extract.date}")
        return day

    def _fact(self, field: str, cell: str) -> FactValue:
        fact = self.facts[field]
        if fact.type == "count":
            if not cell:
                return 0
            if not (cell.isascii() and cell.isdigit() and len(cell) < 10 and int(cell) <= fact.at_most):
                raise _Reject(field, f"non è un numero da 0 a {fact.at_most}")
            return int(cell)
        if fact.type == "entry":
            return self._value(field, cell) if cell else ""
        spellings = [spelling.strip() for spelling in cell.split(self.extract.joined_by)] if cell else []
        return tuple(dict.fromkeys(self._value(field, spelling) for spelling in spellings))


def _patronato(cell: str) -> str:
    """The patronato's name, or nothing if it cannot be shown: the guide then names none."""
    try:
        return tidy_patronato(cell)
    except InputError:
        return ""


@lru_cache(maxsize=4096)
def _parse_date(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()
    except ValueError:
        return None


def _id(cell: str) -> str:
    if not cell:
        raise _Reject("id", "è vuoto")
    if len(cell) > ID_CHARACTERS or not cell.isprintable():
        raise _Reject("id", f"non è un numero di domanda: più di {ID_CHARACTERS} caratteri, o uno non stampabile")
    return cell


def _fiscal_code(cell: str) -> str:
    """A person's fiscal code in its compact form, checksum and birth date checked; omocodia variants are included."""
    code = cell if _FISCAL_CODE.fullmatch(cell) else str(codicefiscale.compact(cell))
    # the library's own validate() does the same in four times the time, half of the time of all reading
    if not (
        _FISCAL_CODE.fullmatch(code)
        and _is_birth_date(code[6:11])
        and codicefiscale.calc_check_digit(code[:15]) == code[15]
    ):
        raise _Reject("fiscal_code", "non è un codice fiscale valido")
    return code


@lru_cache(maxsize=65_536)
def _is_birth_date(part: str) -> bool:
    try:
        codicefiscale.get_birth_date(f"AAAAAA{part}A000A")
    except ValidationError:
        return False
    return _day(part[3:]) <= LAST_BIRTH_DAY


def _day(digits: str) -> int:
    """The day of birth, plus 40 for a woman; its digits may be written as letters (D.M. 23/12/1976: L=0 … V=9)."""
    return int(digits.translate(_OMOCODIA))


def _contact(cell: str, form: re.Pattern[str]) -> str:
    """An address or number, or nothing if the cell cannot be one: then no notice is sent that way."""
    return cell if form.fullmatch(cell) and cell.isprintable() else ""
