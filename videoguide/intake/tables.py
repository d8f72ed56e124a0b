# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Lines of text -> records of a CSV, however its quotes and separators came to be."""

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

SEPARATORS = ";,\t|"
"""In the order in which they are preferred where two fit equally well."""

_SEPARATOR_LINE = re.compile(r"\s*\"?sep=(.)\"?\s*", re.IGNORECASE)
"""What Excel reads as the separator of the lines below it, and shows to nobody."""
_GUARDED = re.compile(r'="(.*)"', re.DOTALL)
"""Text that Excel is kept from taking for a number: ="0012"."""


class Dialect(NamedTuple):
    """How the cells of a line are separated, and whether each whole line is one quoted cell."""

    separator: str
    whole_lines_quoted: bool = False

    def records(self, lines: Iterator[str]) -> Iterator[list[str]]:
        """The records of these lines, of which the first is the header.

        A stray quote cannot swallow the lines after it: where the quotes do not match, the line with the first of them
        is a record of its own, and reading continues with the next line.
        """
        records = _records(lines, self.separator)
        if not self.whole_lines_quoted:
            return records
        return (_cells(record[0], self.separator) if len(record) == 1 else record for record in records)


def declared_separator(line: str) -> str:
    """The separator that a first line ``sep=;`` declares, or nothing where it is no such line."""
    match = _SEPARATOR_LINE.fullmatch(line.rstrip("\r\n"))
    return match[1] if match else ""


def header_among(
    lines: Iterable[str], fit: Callable[[Sequence[str]], int], separators: str = SEPARATORS
) -> tuple[int, Dialect]:
    """The place of the line that fits best as a header, as ``fit`` counts its cells, and the dialect it is in."""
    best, place, dialect = 0, 0, Dialect(separators[0])
    for number, line in enumerate(lines):
        for separator in separators:
            cells = _cells(line, separator)
            if (fitting := fit(cells)) > best:
                best, place, dialect = fitting, number, Dialect(separator)
            if len(cells) == 1 and (fitting := fit(_cells(cells[0], separator))) > best:
                best, place, dialect = fitting, number, Dialect(separator, whole_lines_quoted=True)
    return place, dialect


def unguarded(cells: Sequence[str]) -> Sequence[str]:
    """Cells without the formulas that guard text in a spreadsheet."""
    if '="' not in "".join(cells):  # nearly always, and this is a tenth of the time of looking at each
        return cells
    return tuple(_unguarded(cell) for cell in cells)


def _unguarded(cell: str) -> str:
    match = _GUARDED.fullmatch(cell.strip())
    return match[1].replace('""', '"') if match else cell


def _records(lines: Iterator[str], separator: str) -> Iterator[list[str]]:
    record_lines: list[str] = []  # the lines of the record that is being read
    returned: deque[str] = deque()  # lines to be read again

    def following() -> Iterator[str]:
        while line := returned.popleft() if returned else next(lines, ""):
            record_lines.append(line)
            yield line

    width = 0
    reader = csv.reader(following(), delimiter=separator, strict=True)
    while True:
        try:
            record = next(reader)
            is_one_line = len(record_lines) == 1
            is_sound = is_one_line or (len(record) == (width or len(record)) and not _has_swallowed(record, separator))
        except StopIteration:
            return
        except csv.Error:
            is_sound = False
        if not is_sound:
            record = _cells(record_lines[0], separator)
            returned.extendleft(reversed(record_lines[1:]))
            reader = csv.reader(following(), delimiter=separator, strict=True)
        width = width or len(record)
        yield record
        record_lines.clear()


def _has_swallowed(record: Sequence[str], separator: str) -> bool:
    """Whether a cell of several lines has so many separators that it must be rows, not text."""
    return any(cell.count(separator) >= len(record) - 1 for cell in record)


def _cells(line: str, separator: str) -> list[str]:
    """The cells of one line, whose quotes need not match and may be escaped by a backslash."""
    forms: list[dict[str, object]] = [{}]
    if '\\"' in line:  # as databases export quotes
        forms.insert(0, {"escapechar": "\\", "doublequote": False, "strict": True})
    for form in forms:
        try:
            return next(csv.reader([line], delimiter=separator, **form), [])  # type: ignore[arg-type]
        except csv.Error:
            continue
    return line.split(separator, 1)[:1]  # a cell that is too long
