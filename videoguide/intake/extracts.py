# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Files -> rows: an extract's cells as text, in the pack's order of columns, whatever the file's format.

CSV in UTF-8 (with or without BOM) or Windows-1252, comma or semicolon, plain or in gzip; or
Parquet, whose typed cells are written as the CSV would have them. A file is read once to its end
before its first row is yielded, so that a damaged file gives no rows; then it is read as a stream.
The module ``applications`` knows what the cells mean.
"""

import codecs
import csv
import gzip
import io
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from itertools import chain, count
from operator import itemgetter
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from videoguide.errors import InputError, system_reason
from videoguide.packs.campaigns import Campaign, Extract
from videoguide.wording import INSTITUTE_TIME

if TYPE_CHECKING:
    from arro3.core import Array

PARQUET = b"PAR1"  # the first and the last four bytes of such a file
GZIP = b"\x1f\x8b"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
BINARY_PROBE_BYTES = 64  # shorter than any header; a file that is not text has a zero byte by then
LINE_CHARACTERS = 1 << 20  # longer lines are cut: a file without line ends must not fill the memory
BLOCK_BYTES = 1 << 18
BATCH_ROWS = 4096


class Row(NamedTuple):
    """One record.

    ``number`` is the one that a spreadsheet shows: the header is 1, and each record after it counts as one row, even if
    it is blank or one of its cells has line breaks. ``cells`` are those of the pack's columns, in the pack's order; a
    row with a ``flaw`` has none.
    """

    number: int
    cells: Sequence[str]
    flaw: str = ""


def read_rows(file: Path, campaign: Campaign) -> Iterator[Row]:
    """The rows of an extract of ``campaign``, in its order, without blank ones, as a stream.

    Raises InputError, at once, for a file that is not such an extract, is damaged or has no rows.
    """
    with _reading(file):
        if not S_ISREG(file.stat().st_mode):  # it is read twice, which a pipe cannot be
            raise InputError(f"{file}: non si può leggere: non è un file")
        with file.open("rb") as raw:
            start = raw.read(len(PARQUET))
    rows = (_parquet_rows if start == PARQUET else _csv_rows)(file, campaign)
    first = next(rows, None)
    if first is None:
        raise InputError(f"{file}: ha l’intestazione e nessuna riga")
    return chain([first], rows)


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Turn errors of reading the bytes into an InputError."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{file}: non si può leggere: {system_reason(error)}") from error
    except (EOFError, zlib.error) as error:
        raise InputError(f"{file}: non si può leggere: {error}") from error


def _places(file: Path, header: Sequence[str], campaign: Campaign) -> list[int]:
    """The positions of the pack's columns in the header."""
    columns = list(campaign.extract.columns.values())
    if not any(header):
        raise InputError(f"{file}: è vuoto; atteso un estratto con le colonne {', '.join(columns)}")
    if missing := [column for column in columns if column not in header]:
        raise InputError(f"{file}: non è un estratto di {campaign.id}: mancano le colonne {', '.join(missing)}")
    if repeated := [column for column in columns if header.count(column) > 1]:
        raise InputError(f"{file}: non è un estratto di {campaign.id}: colonne ripetute: {', '.join(repeated)}")
    return [header.index(column) for column in columns]


# ---------------------------------------------------------------- CSV


def _csv_rows(file: Path, campaign: Campaign) -> Iterator[Row]:
    encoding = _encoding(file)
    # a byte that the encoding does not know becomes a lost character, for which its row is rejected
    with _reading(file), _bytes(file) as raw, io.TextIOWrapper(raw, encoding, errors="replace", newline="") as text:
        lines = iter(partial(text.readline, LINE_CHARACTERS), "")
        first = next(filter(str.strip, lines), "")
        delimiter = ";" if first.count(";") >= first.count(",") else ","
        records = _records(chain([first], lines), delimiter)
        header = [column.strip() for column in next(records, ())]
        places = _places(file, header, campaign)
        pick, width, shortest = itemgetter(*places), len(header), max(places) + 1
        for number, record in enumerate(records, 2):
            if not any(map(str.strip, record)):
                continue
            if len(record) < shortest:
                yield Row(number, (), "la riga è troppo corta")
            elif any(map(str.strip, record[width:])):
                yield Row(number, (), "la riga ha più celle dell’intestazione")
            else:
                yield Row(number, pick(record))


def _records(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    """The CSV's records.

    A stray quote cannot swallow the lines after it: where the quotes do not match, the line with the first of them is a
    record of its own, and reading continues with the next line.
    """
    record_lines: list[str] = []  # the lines of the record that is being read
    returned: deque[str] = deque()  # lines to be read again

    def following() -> Iterator[str]:
        while line := returned.popleft() if returned else next(lines, ""):
            record_lines.append(line)
            yield line

    width = 0
    reader = csv.reader(following(), delimiter=delimiter, strict=True)
    while True:
        try:
            record = next(reader)
            one_line = len(record_lines) == 1
            sound = one_line or (len(record) == (width or len(record)) and not _swallowed(record, delimiter))
        except StopIteration:
            return
        except csv.Error:
            sound = False
        if not sound:
            record = _cells_of_line(record_lines[0], delimiter)
            returned.extendleft(reversed(record_lines[1:]))
            reader = csv.reader(following(), delimiter=delimiter, strict=True)
        width = width or len(record)
        yield record
        record_lines.clear()


def _swallowed(record: Sequence[str], delimiter: str) -> bool:
    """Whether a cell of several lines has so many delimiters that it must be rows, not text."""
    return any(cell.count(delimiter) >= len(record) - 1 for cell in record)


def _cells_of_line(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # a cell that is too long
        return line.split(delimiter, 1)[:1]


def _bytes(file: Path) -> BinaryIO:
    with file.open("rb") as probe:
        compressed = probe.read(len(GZIP)) == GZIP
    return gzip.open(file, "rb") if compressed else file.open("rb")  # type: ignore[return-value]


def _encoding(file: Path) -> str:
    """UTF-8 if the file begins with its mark, or if most of its non-ASCII characters are valid UTF-8.

    A single damaged byte does not make the file Windows-1252. Reads the file to its end.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    valid = invalid = 0
    with _reading(file), _bytes(file) as raw:
        start = raw.read(BINARY_PROBE_BYTES)
        if start.startswith(UTF_16):
            raise InputError(f"{file}: non è un file di testo in UTF-8 o Windows-1252, ma in UTF-16")
        if b"\0" in start:
            raise InputError(f"{file}: non è un file di testo; ammessi: CSV, CSV in gzip, Parquet")
        for block in chain([start], iter(partial(raw.read, BLOCK_BYTES), b""), [b""]):
            text = decoder.decode(block, final=not block)
            if not text.isascii():
                lost = text.count("\ufffd")
                invalid += lost
                valid += len(text) - lost - len(text.encode("ascii", "ignore"))
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return "utf-8" if invalid <= valid else "cp1252"


# ---------------------------------------------------------------- Parquet


def _parquet_rows(file: Path, campaign: Campaign) -> Iterator[Row]:
    from arro3.io import read_parquet  # imported here, as few runs need it

    extract = campaign.extract
    with _reading(file), _reading_parquet(file):
        _require_end(file)
        reader = read_parquet(file, batch_size=BATCH_ROWS)
        places = _places(file, [name.strip() for name in reader.schema.names], campaign)
        for _ in reader:  # to its end, to find damage before the first row is yielded
            pass
        columns = [
            (place, partial(_written, file, column, _answers(extract, field), extract))
            for place, (field, column) in zip(places, extract.columns.items(), strict=True)
        ]
        numbers = count(2)
        for batch in read_parquet(file, batch_size=BATCH_ROWS):
            cells = [_cells(batch.column(place), write) for place, write in columns]
            for record, number in zip(zip(*cells, strict=True), numbers, strict=False):
                if any(map(str.strip, record)):
                    yield Row(number, record)


@contextmanager
def _reading_parquet(file: Path) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        # the reader has no error classes: it raises Exception itself, or panics, which is no subclass of Exception
        if type(error) is Exception or type(error).__name__ == "PanicException":
            raise InputError(f"{file}: è un file Parquet danneggiato") from error
        raise


def _require_end(file: Path) -> None:
    with file.open("rb") as raw:
        raw.seek(-min(len(PARQUET), file.stat().st_size), io.SEEK_END)
        if raw.read() != PARQUET:
            raise InputError(f"{file}: è un file Parquet danneggiato: manca la fine")


def _cells(column: "Array", write: Callable[[object], str]) -> Iterable[str]:
    values: Iterable[object] = column.to_pylist()
    return [value if type(value) is str else write(value) for value in values]


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
        case float() | Decimal():
            return "" if value != value else str(int(value)) if value == value // 1 else str(value)
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
        value = value.astimezone(INSTITUTE_TIME)
    return value.strftime(form)
