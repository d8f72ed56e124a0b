# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Excel and OpenDocument workbooks -> rows of typed cells.

python-calamine reads .xlsx, .xlsb, .xls and .ods, by what they are and not by their names: one small wheel around a
well-kept Rust library (MIT), some twenty times as fast as openpyxl.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import time, timedelta
from pathlib import Path
from typing import NamedTuple

from videoguide.errors import InputError


class Sheet(NamedTuple):
    """A sheet's name, and its rows from its first row on, blank ones too."""

    name: str
    rows: Iterator[Sequence[object]]


@contextmanager
def open_sheets(file: Path) -> Iterator[Iterator[Sheet]]:
    """The sheets of a workbook that people see. Raises InputError for a damaged or locked one."""
    import python_calamine as calamine  # imported here, as few runs need it

    try:
        with calamine.load_workbook(file) as workbook:
            visible = [
                sheet.name
                for sheet in workbook.sheets_metadata
                if sheet.visible == calamine.SheetVisibleEnum.Visible and sheet.typ == calamine.SheetTypeEnum.WorkSheet
            ]
            yield (_sheet(workbook.get_sheet_by_name(name)) for name in visible)
    except calamine.PasswordError as error:
        raise InputError(f"{file}: è protetto da una password; si salva di nuovo senza") from error
    except (calamine.CalamineError, calamine.ZipError, calamine.XmlError) as error:
        raise InputError(f"{file}: è un foglio di calcolo danneggiato") from error


def _sheet(sheet: "object") -> Sheet:
    return Sheet(sheet.name, _rows(sheet))  # type: ignore[attr-defined]


def _rows(sheet: "object") -> Iterator[Sequence[object]]:
    for cells in sheet.iter_rows():  # type: ignore[attr-defined]
        # no cell of an extract is a time; as columns have no type here, it spoils only its row
        yield [str(cell) if isinstance(cell, time | timedelta) else cell for cell in cells]
