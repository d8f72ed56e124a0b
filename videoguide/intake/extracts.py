# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Files -> rows: an extract's cells as text, in the pack's order of columns, whatever the file's format.

CSV, plain, in gzip or in zip; Excel and OpenDocument workbooks; Parquet. Typed cells are written as the CSV would have
them. A file is read once to its end before its first row is given, so that a damaged file gives no rows; then it is
read as a stream. What its cells mean is known to the module ``applications``.
"""

import gzip
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from itertools import chain, islice
from math import isinf, isnan
from operator import itemgetter
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import IO, Any, NamedTuple, cast

from videoguide.errors import InputError, system_reason
from videoguide.intake.encodings import byte_lines, examine
from videoguide.intake.headers import HEADER_ROWS, FileForm, Header
from videoguide.intake.parquet import MAGIC as PARQUET
from videoguide.intake.parquet import ParquetTable
from videoguide.intake.tables import SEPARATORS, Dialect, declared_separator, header_among, unguarded
from videoguide.intake.workbooks import open_sheets
from videoguide.packs.campaigns import Campaign, Extract
from videoguide.wording import INSTITUTE_TIME

GZIP, ZIP, OLE = b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How files begin: packed ones, and Excel's before 2007 (and locked ones of today)."""
BLOCK_BYTES = 1 << 18
SPREADSHEET_DIGITS = 15
"""The digits of a number that a spreadsheet keeps (IEEE 754 double precision); of longer ones it loses the last."""

_REFUSED = {
    b"\x89PNG": "un’immagine",
    b"%PDF": "un PDF",
    b"{\\rtf": "un documento RTF",
    b"BZh": "compresso con bzip2",
    b"\xfd7zXZ": "compresso con xz",
    b"\x28\xb5\x2f\xfd": "compresso con zstd",
    b"7z\xbc\xaf": "compresso con 7-Zip",
    b"Rar!": "compresso con RAR",
}
_REFUSED_TEXT = {
    "<?xml": "XML",
    "<!doctype": "una pagina HTML",
    "<html": "una pagina HTML",
    "<table": "HTML",
    "{": "JSON",
}
_OF_A_MAC = re.compile(r"^__MACOSX/|(^|/)\.DS_Store$")  # what it adds to an archive unseen
_ALLOWED = "ammessi: CSV (anche in gzip o zip), Excel, Parquet"


class Row(NamedTuple):
    """One record.

    ``number`` is the one that a spreadsheet shows: the first line with text is 1, and each record after it counts as
    one row, even if it is blank or one of its cells has line breaks. ``cells`` are those of the pack's columns, in the
    pack's order; a row with a ``flaw`` has none.
    """

    number: int
    cells: Sequence[str]
    flaw: str = ""


class ExtractFile(NamedTuple):
    """An opened extract: its form, and its rows as a stream, without blank ones and headers."""

    form: FileForm
    rows: Iterator[Row]


def open_extract(file: Path, campaign: Campaign) -> ExtractFile:
    """The form and the rows of an extract of ``campaign``, in its order.

    Raises InputError, at once, for a file that is not such an extract, is damaged or has no rows.
    """
    with _reading(file):
        mode = file.stat().st_mode
        if not (S_ISREG(mode) or S_ISDIR(mode)):  # it is read twice, which a pipe cannot be
            raise InputError(f"{file}: non si può leggere: non è un file")
        start = b""
        if S_ISREG(mode):
            with file.open("rb") as raw:
                start = raw.read(16)
    if S_ISDIR(mode) or start.startswith(PARQUET):
        opened = _open_parquet(file, campaign)
    elif start.startswith(OLE) or (start.startswith(ZIP) and _is_workbook(file)):
        opened = _open_workbook(file, campaign)
    else:
        opened = _open_csv(file, campaign)
    first = next(opened.rows, None)
    if first is None:
        raise InputError(f"{file}: ha l’intestazione e nessuna riga")
    return ExtractFile(opened.form, chain([first], opened.rows))


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Turn errors of reading the bytes into an InputError."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{file}: non si può leggere: {system_reason(error)}") from error
    except (EOFError, zlib.error) as error:
        raise InputError(f"{file}: non si può leggere: {error}") from error
    except zipfile.BadZipFile as error:
        raise InputError(f"{file}: è uno zip danneggiato") from error
    except NotImplementedError as error:  # zipfile's, for a packing that it does not know
        raise InputError(f"{file}: è uno zip compresso in un modo che non si legge; si estrae prima") from error


# ---------------------------------------------------------------- CSV


def _open_csv(file: Path, campaign: Campaign) -> ExtractFile:
    with _reading(file), _bytes(file) as raw:
        blocks = _blocks(raw)
        start = next(blocks, b"")
        for magic, what in _REFUSED.items():
            if start.startswith(magic):
                raise InputError(f"{file}: è {what}; {_ALLOWED}")
        encoding = examine(chain([start], blocks), str(file))
    header = Header(file, campaign)
    form = FileForm("CSV", str(encoding))

    def lines() -> Iterator[str]:
        with _reading(file), _bytes(file) as raw:
            yield from map(encoding.text, byte_lines(_blocks(raw), encoding))

    text = lines()
    first = next(filter(str.strip, text), "")
    if what := next((what for begin, what in _REFUSED_TEXT.items() if first.lstrip().lower().startswith(begin)), ""):
        raise InputError(f"{file}: è {what}; {_ALLOWED}")
    if separator := declared_separator(first):
        first = next(text, "")
    head = [first, *islice(text, HEADER_ROWS - 1)]
    place, dialect = header_among(head, header.fit, separator or SEPARATORS)
    form.separator, form.header_row = dialect.separator, place + 1
    rows = _csv_rows(chain(head[place:], text), dialect, header, form)
    next(rows)  # the header
    return ExtractFile(form, rows)


def _csv_rows(lines: Iterator[str], dialect: Dialect, header: Header, form: FileForm) -> Iterator[Row]:
    """The rows below the header, after one for the header itself, which is checked at once."""
    return _rows_below(dialect.records(lines), header, form, lambda record: any(map(str.strip, record)), unguarded)


def _rows_below(
    records: Iterator[Sequence[Any]],
    header: Header,
    form: FileForm,
    has_text: Callable[[Sequence[Any]], bool],
    written: Callable[[Sequence[Any]], Sequence[str]],
) -> Iterator[Row]:
    """The rows of records of which the first is the header, after one for it.

    Where a header comes again, as when files were joined, the rows below it have their columns where it says.
    ``has_text`` is whether any of the cells has; ``written`` gives cells, in the pack's order, as text.
    """
    names: Sequence[Any] = next(records, [])
    places = header.places(names)
    header.describe(form, names, places)
    pick, width, shortest = itemgetter(*places), len(names), max(places) + 1
    flaw = ""
    yield Row(form.header_row, ())
    for number, record in enumerate(records, form.header_row + 1):
        if not has_text(record):
            continue
        if header.is_again(record):
            form.headers_again.append(number)
            try:
                places, flaw = header.places(record), ""
            except InputError:
                flaw = f"sta sotto l’intestazione alla riga {number}, che ha altre colonne"
            else:
                pick, width, shortest = itemgetter(*places), len(record), max(places) + 1
        elif flaw:
            yield Row(number, (), flaw)
        elif len(record) < shortest:
            yield Row(number, (), "la riga è troppo corta")
        elif has_text(record[width:]):
            yield Row(number, (), "la riga ha più celle dell’intestazione")
        else:
            yield Row(number, written(pick(record)))


@contextmanager
def _bytes(file: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, or of the only file that is packed in it."""
    with ExitStack() as stack:
        with file.open("rb") as probe:
            start = probe.read(len(ZIP))
        if start.startswith(GZIP):
            yield cast("IO[bytes]", stack.enter_context(gzip.open(file, "rb")))
        elif start == ZIP:
            archive = stack.enter_context(zipfile.ZipFile(file))
            yield stack.enter_context(archive.open(_only_member(file, archive)))
        else:
            yield stack.enter_context(file.open("rb"))


def _only_member(file: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not (member.is_dir() or _OF_A_MAC.search(member.filename))]
    if len(members) != 1:
        raise InputError(f"{file}: è uno zip con {len(members)} file; ammesso: uno solo, un CSV")
    (member,) = members
    if member.flag_bits & 1:
        raise InputError(f"{file}: è uno zip protetto da una password; si estrae prima")
    with archive.open(member) as raw:
        if raw.read(len(PARQUET)).startswith((ZIP, PARQUET, OLE[:4], GZIP)):
            raise InputError(f"{file}: è uno zip con un file che non è CSV; si estrae prima")
    return member


def _blocks(raw: IO[bytes]) -> Iterator[bytes]:
    return iter(partial(raw.read, BLOCK_BYTES), b"")


# ---------------------------------------------------------------- typed cells


def _open_parquet(file: Path, campaign: Campaign) -> ExtractFile:
    header = Header(file, campaign)
    with _reading(file):
        table = ParquetTable(file)
    places = header.places(table.names)
    form = FileForm("Parquet", header_row=0)
    header.describe(form, table.names, places)
    write = _Writer(file, campaign.extract)

    def rows() -> Iterator[Row]:
        with _reading(file):
            for number, cells in enumerate(table.rows(places), 2):
                record = write.record(cells)
                if any(map(str.strip, record)):
                    yield Row(number, record)

    return ExtractFile(form, rows())


def _is_workbook(file: Path) -> bool:
    with _reading(file), zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    return "[Content_Types].xml" in names or "content.xml" in names


def _open_workbook(file: Path, campaign: Campaign) -> ExtractFile:
    header = Header(file, campaign)
    headed: list[tuple[int, str]] = []  # how well each sheet fits, with its name
    with _reading(file), open_sheets(file) as sheets:
        for sheet in sheets:
            headed.append((max(map(header.fit, islice(sheet.rows, HEADER_ROWS)), default=0), sheet.name))
    best = max(headed, default=(0, ""))
    whole = [name for fit, name in headed if fit == len(header.keys)]
    if len(whole) > 1:
        raise InputError(f"{file}: ha più fogli con un estratto: {', '.join(whole)}; ammesso: uno solo")
    form = FileForm("foglio di calcolo", sheet=best[1])
    rows = _workbook_rows(file, header, form)
    next(rows)  # the header
    return ExtractFile(form, rows)


def _workbook_rows(file: Path, header: Header, form: FileForm) -> Iterator[Row]:
    """The rows below the header, after one for the header itself, which is checked at once."""
    with _reading(file), open_sheets(file) as sheets:
        records = next((sheet.rows for sheet in sheets if sheet.name == form.sheet), iter(()))
        head = list(islice(records, HEADER_ROWS))
        place = max(range(len(head)), key=lambda row: (header.fit(head[row]), -row), default=0)
        form.header_row = place + 1
        write = _Writer(file, header.campaign.extract)
        below = chain(head[place:], records)
        yield from _rows_below(below, header, form, lambda cells: any(map(_shows, cells)), write.record)


def _shows(cell: object) -> bool:
    """Whether a cell of a workbook has something in it."""
    return cell is not None and bool(str(cell).strip())


class _Writer:
    """Writes typed cells, in the pack's order of columns, as the CSV would have them."""

    def __init__(self, file: Path, extract: Extract) -> None:
        self.writers: list[Callable[[object], str]] = [
            partial(_written, file, column, _answers(extract, field), extract)
            for field, column in extract.columns.items()
        ]

    def record(self, cells: Iterable[object]) -> tuple[str, ...]:
        return tuple(
            cell if type(cell) is str else write(cell) for cell, write in zip(cells, self.writers, strict=True)
        )


def _answers(extract: Extract, field: str) -> tuple[str, str]:
    """The extract's spellings of no and yes in a column."""
    spellings = {meaning: spelling for spelling, meaning in extract.values.get(field, {}).items()}
    return spellings.get("no", "false"), spellings.get("yes", "true")


def _written(file: Path, column: str, answers: tuple[str, str], extract: Extract, value: object) -> str:
    """A typed cell as the CSV would have it."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return answers[value]
        case int():
            return str(value)
        case Decimal():
            return str(int(value)) if value.is_finite() and value == value.to_integral_value() else str(value)
        case float():
            if isnan(value):
                return ""
            if abs(value) >= 10**SPREADSHEET_DIGITS:
                return str(value) if isinf(value) else f"{value:E}"
            return str(int(value)) if value.is_integer() else str(value)
        case date():
            return _written_date(value, extract.date)
        case bytes():
            return value.decode(errors="replace")
        case list():
            write = partial(_written, file, column, answers, extract)
            return extract.joined_by.join(write(item) for item in value if item is not None)
        case _:
            raise InputError(
                f"{file}: la colonna {column} contiene valori di tipo {type(value).__name__}; "
                "ammessi: testo, numeri, date, sì o no, elenchi di questi"
            )


@lru_cache(maxsize=4096)
def _written_date(value: date, form: str) -> str:
    """A date, or the date of a moment in the institute's time zone."""
    if isinstance(value, datetime) and value.tzinfo:
        with suppress(OverflowError):  # at both ends of the calendar, which stand for no date
            value = value.astimezone(INSTITUTE_TIME)
    return value.strftime(form)
