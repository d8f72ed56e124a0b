# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Rows of an extract -> Application: validated, frozen, without a database.

The campaign pack defines the columns and the spellings of values (``extract.toml``). Rows are read
as a stream. A row that cannot be trusted becomes a Rejection with its number, column and reason;
neither a rejection nor an error repeats a personal value.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal

from videoguide.errors import FirstNameError, InputError
from videoguide.intake import cells
from videoguide.intake.extracts import Row, open_extract
from videoguide.intake.names import damage, tidy_name, visible
from videoguide.packs.campaigns import LEXICON, Campaign
from videoguide.speech.pronunciation import load_lexicon
from videoguide.wording import INSTITUTE_TIME

Sex = Literal["F", "M", ""]
FactValue = str | int | tuple[str, ...]

PATRONATO_CHARACTERS = 40
ID_CHARACTERS = 64
FIRST_YEAR = 1900
"""Dates before are mistyped, or stand for no date."""

_ROUNDED = re.compile(r"[0-9]+([.,][0-9]+)?E[+-]?[0-9]+", re.IGNORECASE)
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
    return cells.name_and_birth(old_code) == cells.name_and_birth(new_code)


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

    CSV, plain, in gzip or in zip; Excel and OpenDocument workbooks; Parquet. Raises InputError, before anything is
    yielded, for a file that is not such an extract.
    """
    return (outcome for _, outcome in interpreted(open_extract(file, campaign).rows, campaign))


def latest_day() -> date:
    """The last day that an extract may be of: tomorrow, as a machine's clock may be behind."""
    return datetime.now(INSTITUTE_TIME).date() + timedelta(days=1)


def interpreted(rows: Iterable[Row], campaign: Campaign) -> Iterator[tuple[int, Application | Rejection]]:
    """What the rows of an extract mean, each with its number."""
    read = _RowReader(campaign).read
    return ((row.number, read(row)) for row in rows)


class _RowReader:
    """Turns rows into applications; what depends only on the pack is looked up once."""

    def __init__(self, campaign: Campaign) -> None:
        self.extract = campaign.extract
        self.fields = tuple(campaign.extract.columns)
        self.first_name_place = self.fields.index("first_name")
        self.facts = campaign.description.facts
        self.name_letters = campaign.description.limits.name_letters
        self.spellings = {field: _Spellings(field, values) for field, values in campaign.extract.values.items()}
        self.joint = _joint(campaign)
        self.lexicon = load_lexicon(campaign.shared(LEXICON))
        self.first_year = min(campaign.description.years)
        self.latest_day = latest_day()
        self.years = range(self.first_year, self.latest_day.year + 1)

    def read(self, row: Row) -> Application | Rejection:
        columns = self.extract.columns
        if row.flaw:
            return Rejection(row.number, columns["id"], row.flaw)
        try:
            return self._application(row.cells)
        except _Reject as reject:
            return Rejection(row.number, columns[reject.field], reject.reason)

    def _application(self, record: Sequence[str]) -> Application:
        cell = dict(zip(self.fields, cells.present(record), strict=True))
        first_name = record[self.first_name_place]
        application_id = _id(cell["id"])
        fiscal_code = _fiscal_code(cell["fiscal_code"])
        return Application(
            id=application_id,
            fiscal_code=fiscal_code,
            first_name=first_name,
            spoken_name=self._name(first_name),
            sex=self._value("sex", cell["sex"]) if cell["sex"] else cells.sex_of(fiscal_code),  # type: ignore[arg-type]
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
            on_app_io=self.spellings["on_app_io"].value(cell["on_app_io"]) == "yes",
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
        spellings = self.spellings[field]
        value = spellings.value(spelling)
        if value is None:
            raise _Reject(field, f"valore sconosciuto; ammessi: {', '.join(spellings.exact)}")
        return value

    def _extract_day(self, cell: str) -> date:
        """The extract's day, which decides what is newer: one too early for the campaign is wrong."""
        day = self._date("extracted_on", cell)
        if day.year < self.first_year:
            raise _Reject("extracted_on", f"è prima della campagna; ammesso: dal {self.first_year}")
        return day

    def _date(self, field: str, cell: str) -> date:
        day = cells.parse_date(cell, self.extract.date, self.years)
        if day is None:
            raise _Reject(field, f"non è una data; ammesso: {cells.form_in_words(self.extract.date)}")
        if day.year < FIRST_YEAR:
            raise _Reject(field, f"è una data troppo lontana; ammesso: dal {FIRST_YEAR}")
        if day > self.latest_day:
            raise _Reject(field, "è un giorno che deve ancora venire; ammesso: fino a domani")
        return day

    def _fact(self, field: str, cell: str) -> FactValue:
        fact = self.facts[field]
        if fact.type == "count":
            count = cells.parse_count(cell) if cell else 0
            if count is None or count > fact.at_most:
                raise _Reject(field, f"non è un numero da 0 a {fact.at_most}")
            return count
        if fact.type == "entry":
            return self._value(field, cell) if cell else ""
        spellings = [spelling.strip() for spelling in self.joint.split(cell)] if cell else []
        return tuple(dict.fromkeys(self._value(field, spelling) for spelling in spellings))


class _Spellings:
    """How an extract spells the values of a field: ``exact`` as its pack says, else as all exports may."""

    def __init__(self, field: str, exact: Mapping[str, str]) -> None:
        self.exact = exact
        loose: dict[str, set[str]] = {}
        for spelling, value in exact.items():
            loose.setdefault(cells.folded(spelling), set()).add(value)
        is_yes_or_no = set(exact.values()) <= {"yes", "no"}
        general = cells.GENERAL_SPELLINGS.get("consent" if is_yes_or_no else field, {})
        values = set(exact.values())
        self.loose = {word: value for word, value in general.items() if value in values}
        # a spelling that two values share without its signs is none of them
        self.loose |= {word: value for word, (value, *others) in loose.items() if not others}

    def value(self, spelling: str) -> str | None:
        """The value, or None where nobody spells it so."""
        return self.exact.get(spelling) or self.loose.get(cells.folded(spelling))


def _joint(campaign: Campaign) -> re.Pattern[str]:
    """What stands between the entries of a list: the pack's sign, or another that no entry has in its spelling."""
    facts, values = campaign.description.facts, campaign.extract.values
    spellings = "".join(spelling for fact in facts for spelling in values.get(fact, ()))
    signs = {sign for sign in ",;/+\n" if sign not in spellings}
    return re.compile("|".join(map(re.escape, sorted({campaign.extract.joined_by, *signs}))))


def _patronato(cell: str) -> str:
    """The patronato's name, or nothing if it cannot be shown: the guide then names none."""
    try:
        return tidy_patronato(cell)
    except InputError:
        return ""


def _id(cell: str) -> str:
    if not cell:
        raise _Reject("id", "è vuoto")
    if len(cell) > ID_CHARACTERS or not cell.isprintable() or "\ufffd" in cell:
        raise _Reject("id", f"non è un numero di domanda: più di {ID_CHARACTERS} caratteri, o uno non stampabile")
    if _ROUNDED.fullmatch(cell):
        raise _Reject("id", "un foglio di calcolo lo ha arrotondato e ha perso le ultime cifre; si esporta come testo")
    return cell


def _fiscal_code(cell: str) -> str:
    code = cells.parse_fiscal_code(cell)
    if not code:
        raise _Reject("fiscal_code", "non è un codice fiscale valido")
    return code


def _contact(cell: str, form: re.Pattern[str]) -> str:
    """An address or number, or nothing if the cell cannot be one: then no notice is sent that way."""
    return cell if form.fullmatch(cell) and cell.isprintable() else ""
