# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""How numbers, times and spreadsheet cells are written for readers: in Italian, in the institute's time zone."""

from zoneinfo import ZoneInfo

INSTITUTE_TIME = ZoneInfo("Europe/Rome")
"""The time zone by which the institute counts its days."""

CHANNELS = {"citizen": "dal cittadino", "patronato": "dal patronato"}
"""Who filed the application, as column headings say it."""

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""The first characters that make a spreadsheet take a cell for a formula (OWASP, "CSV Injection")."""

_ITALIAN = str.maketrans(",.", ".,")


def number(value: float, decimals: int = 0) -> str:
    """A number as it is written in Italian.

    >>> number(1234567), number(1234.56, 1)
    ('1.234.567', '1.234,6')
    """
    return f"{value:,.{decimals}f}".translate(_ITALIAN)


def megabytes(size_bytes: int) -> str:
    """A number of bytes as megabytes.

    >>> megabytes(1_035_100_000)
    '1.035,1 MB'
    """
    return f"{number(size_bytes / 1e6, 1)} MB"


def spreadsheet_cell(text: str) -> str:
    """The text as a cell that a spreadsheet does not take for a formula.

    >>> spreadsheet_cell("=1+1"), spreadsheet_cell("Anna")
    ("'=1+1", 'Anna')
    """
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
