"""CSV rows -> Application: validated, frozen, without a database.

The columns and the spellings of values are the campaign pack's (``extract.toml``). Rows are read
as a stream. A row that cannot be trusted comes back as a Rejection with its number, column and
reason; neither it nor any error repeats a personal value.
"""

import csv
import gzip
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Literal

from stdnum.exceptions import ValidationError
from stdnum.it import codicefiscale

from videoguide.campaigns import Campaign
from videoguide.errors import FirstNameError, InputError

Sex = Literal["F", "M", ""]
FactValue = str | int | tuple[str, ...]

LOST = "?\ufffd"  # what exports leave in place of a character they cannot write


@dataclass(frozen=True)
class Application:
    """One application as the extract of ``extracted_on`` tells it.

    ``first_name`` is as it came, ``spoken_name`` tidied for voice and picture. ``facts`` holds the
    campaign's own fields by fact id: ids of catalogue entries, or a count.
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
    """A row left aside: its number (the header is 1), the extract's column, the reason."""

    row: int
    column: str
    reason: str


class _Reject(Exception):
    def __init__(self, field: str, reason: str) -> None:
        self.field, self.reason = field, reason


@lru_cache(maxsize=65_536)
def tidy_name(name: str, at_most: int) -> str:
    """A first name for voice and picture: blanks folded, a name all in capitals or all in small
    letters written as names are ("GIULIA" -> "Giulia", "d'angela" -> "D'Angela").

    Markup or template syntax stays as it is: it is text. Raises FirstNameError for an empty name,
    one of more than ``at_most`` characters, or with lost, control or invisible characters.

    >>> tidy_name("  MARIA   GRAZIA ", 40)
    'Maria Grazia'
    """
    name = unicodedata.normalize("NFC", name)
    for character in name:
        kind = unicodedata.category(character)
        if character in LOST:
            raise FirstNameError("has a character that was lost on the way ('?')")
        if kind in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            raise FirstNameError(f"has a control or invisible character (U+{ord(character):04X})")
    name = " ".join(name.split())
    if not name:
        raise FirstNameError("is empty")
    if len(name) > at_most:
        raise FirstNameError(f"has {len(name)} characters; allowed: {at_most}")
    if name.isupper() or name.islower():
        name = re.sub(r"[^\W\d_]+", lambda word: word[0][:1].upper() + word[0][1:].lower(), name)
    return name


def read_applications(file: Path, campaign: Campaign) -> Iterator[Application | Rejection]:
    """Applications and rejections of an extract, in its order, as a stream.

    CSV in UTF-8 (with or without BOM) or Windows-1252, comma or semicolon, plain or in gzip.
    Raises InputError for a file that is not such an extract at all, before anything is yielded.
    """
    rows = _rows(file)
    header = next(rows, None)
    if header is None:
        raise InputError(f"{file}: is empty; expected an extract with the columns {_listed(campaign)}")
    missing = [column for column in campaign.extract.columns.values() if column not in header]
    if missing:
        raise InputError(f"{file}: is not an extract of {campaign.id}: missing columns {', '.join(missing)}")
    reader = _RowReader(header, campaign)
    return (reader.read(number, row) for number, row in enumerate(rows, 2) if row)


def _listed(campaign: Campaign) -> str:
    return ", ".join(campaign.extract.columns.values())


class _RowReader:
    """Turns rows into applications; what depends on the header and the pack is looked up once."""

    def __init__(self, header: list[str], campaign: Campaign) -> None:
        self.campaign = campaign
        extract = campaign.extract
        self.place = {field: header.index(column) for field, column in extract.columns.items()}
        self.width = max(self.place.values()) + 1
        self.values = extract.values
        self.facts = campaign.description.facts

    def read(self, number: int, row: list[str]) -> Application | Rejection:
        columns = self.campaign.extract.columns
        if len(row) < self.width:
            return Rejection(number, columns["id"], "the row is too short")
        try:
            return self._application({field: row[place].strip() for field, place in self.place.items()}, row)
        except _Reject as reject:
            return Rejection(number, columns[reject.field], reject.reason)

    def _application(self, cell: Mapping[str, str], row: list[str]) -> Application:
        if not cell["id"]:
            raise _Reject("id", "is empty")
        fiscal_code = cell["fiscal_code"].upper()
        if not _is_fiscal_code(fiscal_code):
            raise _Reject("fiscal_code", "is not a valid fiscal code")
        came = row[self.place["first_name"]]
        try:
            spoken = tidy_name(came, self.campaign.description.limits.name_letters)
        except FirstNameError as error:
            raise _Reject("first_name", error.reason) from error
        extracted_on = self._date("extracted_on", cell)
        return Application(
            id=cell["id"],
            fiscal_code=fiscal_code,
            first_name=came,
            spoken_name=spoken,
            sex=self._sex(cell, fiscal_code),
            applicant=self._value("applicant", cell["applicant"]),
            filed_on=self._date("filed_on", cell),
            channel=self._value("channel", cell["channel"]),
            patronato=cell["patronato"],
            status=self._value("status", cell["status"]),
            status_since=self._date("status_since", cell) if cell["status_since"] else None,
            consent=self._value("consent", cell["consent"]) == "yes",
            facts={fact: self._fact(fact, cell[fact]) for fact in self.facts},
            email=cell["email"],
            mobile=cell["mobile"],
            on_app_io=self.values["on_app_io"].get(cell["on_app_io"]) == "yes",
            extracted_on=extracted_on,
        )

    def _value(self, field: str, given: str) -> str:
        known = self.values[field]
        if given not in known:
            raise _Reject(field, f"unknown value; allowed: {', '.join(known)}")
        return known[given]

    def _sex(self, cell: Mapping[str, str], fiscal_code: str) -> Sex:
        if cell["sex"]:
            return self._value("sex", cell["sex"])  # type: ignore[return-value]
        return "F" if int(_digits(fiscal_code[9:11])) > 40 else "M"

    def _date(self, field: str, cell: Mapping[str, str]) -> date:
        found = _parse_date(cell[field], self.campaign.extract.date)
        if found is None:
            raise _Reject(field, f"is not a date of the form {self.campaign.extract.date}")
        return found

    def _fact(self, field: str, given: str) -> FactValue:
        fact = self.facts[field]
        if fact.type == "count":
            if not given:
                return 0
            if not (given.isascii() and given.isdigit() and int(given) <= fact.at_most):
                raise _Reject(field, f"is not a number from 0 to {fact.at_most}")
            return int(given)
        if fact.type == "entry":
            return self._value(field, given) if given else ""
        codes = [code.strip() for code in given.split(self.campaign.extract.joined_by)] if given else []
        return tuple(dict.fromkeys(self._value(field, code) for code in codes))


@lru_cache(maxsize=4096)
def _parse_date(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()
    except ValueError:
        return None


def _is_fiscal_code(code: str) -> bool:
    """Whether a person's fiscal code holds, omocodia variants included (checksum and date)."""
    try:
        return len(codicefiscale.validate(code)) == 16
    except ValidationError:
        return False


def _digits(omocodia: str) -> str:
    """Digits of a fiscal code's part whose digits may stand as letters (D.M. 23/12/1976: L=0 … V=9)."""
    return omocodia.translate(str.maketrans("LMNPQRSTUV", "0123456789"))


def _rows(file: Path) -> Iterator[list[str]]:
    """Rows of the CSV as lists of cells; encoding and delimiter found from the file itself."""
    encoding = _encoding(file)
    with _bytes(file) as raw, io.TextIOWrapper(raw, encoding=encoding, newline="") as text:
        first = text.readline()
        delimiter = ";" if first.count(";") >= first.count(",") else ","
        try:
            yield from csv.reader(_again(first, text), delimiter=delimiter)
        except (csv.Error, OSError, EOFError) as error:
            raise InputError(f"{file}: cannot be read as CSV: {error}") from error


def _again(first: str, rest: Iterable[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest


def _bytes(file: Path) -> BinaryIO:
    try:
        with file.open("rb") as probe:
            packed = probe.read(2) == b"\x1f\x8b"
        return gzip.open(file, "rb") if packed else file.open("rb")  # type: ignore[return-value]
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error


def _encoding(file: Path) -> str:
    """UTF-8 if the whole file decodes as such, else Windows-1252: one pass, constant memory."""
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with _bytes(file) as raw:
            read: Callable[[], bytes] = lambda: raw.read(1 << 20)  # noqa: E731
            for block in iter(read, b""):
                if b"\0" in block:
                    raise InputError(f"{file}: is not a text file")
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    except (OSError, EOFError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from error
    return "utf-8-sig"
