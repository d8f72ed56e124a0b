# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What the text of a cell means: dates, counts, words of a list, fiscal codes, in the spellings that exports use.

Only spellings that can mean one thing are read: what could mean two is not guessed.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache

from stdnum import luhn
from stdnum.exceptions import ValidationError
from stdnum.it import codicefiscale

from videoguide.wording import INSTITUTE_TIME

LAST_BIRTH_DAY = 71  # 31, and 40 more for a woman

_FISCAL_CODE = re.compile(r"[A-Z]{6}[0-9L-NP-V]{2}[A-EHLMPR-T][0-9L-NP-V]{2}[A-Z][0-9L-NP-V]{3}[A-Z]")
_PROVISIONAL_CODE = re.compile(r"[89][0-9]{10}")  # the others are VAT numbers, of businesses
_OMOCODIA = str.maketrans("LMNPQRSTUV", "0123456789")

_NULL = ("null", "(null)", "<null>", "nil", "none", "nan", "na", "n/a", "n.a.", "nd", "n.d.", "n/d", "nat", "<na>")
_NULLS = frozenset(
    [form for word in _NULL for form in (word, word.upper(), word.title())]
    + ["NaN", "NaT", "\\N", "-", "--", "---", "00/00/0000", "0000-00-00"]
)
"""What databases and spreadsheets write where there is nothing."""

GENERAL_SPELLINGS: Mapping[str, Mapping[str, str]] = {
    "consent": {
        **dict.fromkeys(("si", "s", "yes", "y", "true", "vero", "1", "10"), "yes"),
        **dict.fromkeys(("no", "n", "false", "falso", "0", "00"), "no"),
    },
    "sex": {
        **dict.fromkeys(("f", "femmina", "femminile", "donna"), "F"),
        **dict.fromkeys(("m", "maschio", "maschile", "uomo"), "M"),
    },
}
"""Spellings that every extract may use for the values of a field, as :func:`folded`; "10" is "1.0"."""

_COUNT = re.compile(r"([0-9]{1,9})(?:[.,]0{1,2})?")  # ".000" could be a thousand

_TIME = (
    r"(?:[T ]+(?P<time>[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2}(?:[.,][0-9]+)?)?)"
    r"(?P<half> ?[AP]M)?(?P<zone> ?(?:Z|[+-][0-9]{2}:?[0-9]{2}))?)?"
)
_YEAR_FIRST = re.compile(r"(?P<year>[0-9]{4})(?P<sign>[-/.]?)(?P<month>[0-9]{1,2})(?P=sign)(?P<day>[0-9]{1,2})" + _TIME)
_DAY_FIRST = re.compile(
    r"(?P<day>[0-9]{1,2})(?P<sign>[-/. ])(?P<month>[0-9]{1,2}|[A-Z]{3,9})(?P=sign)(?P<year>[0-9]{4}|[0-9]{2})" + _TIME,
    re.IGNORECASE,
)
_SERIAL = re.compile(r"([0-9]{5})(?:[.,][0-9]+)?")
_SERIAL_ZERO = date(1899, 12, 30)
"""Day 0 of the serial numbers of spreadsheets (ECMA-376-1, 18.17.4.1), whose year 1900 has a leap day too many."""
_ITALIAN_MONTHS = ("gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic")
_ENGLISH_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: month for names in (_ITALIAN_MONTHS, _ENGLISH_MONTHS) for month, name in enumerate(names, 1)}


def present(record: Iterable[str]) -> list[str]:
    """The cells without blanks around them; nothing for what exports write where there is nothing."""
    texts = list(map(str.strip, record))
    return texts if _NULLS.isdisjoint(texts) else ["" if text in _NULLS else text for text in texts]


@lru_cache(maxsize=65_536)
def folded(text: str) -> str:
    """A word without what differs from one export to the other: case, accents, blanks, underscores and full stops.

    >>> folded("In_evidenza al cittadino.") == folded("IN EVIDENZA  AL CITTADINO")
    True
    """
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text.casefold())))


def parse_count(cell: str) -> int | None:
    """A count, which exports may write as 1.0 or 1,00; None for anything else."""
    match = _COUNT.fullmatch(cell) if cell.isascii() else None
    return int(match[1]) if match else None


def form_in_words(form: str) -> str:
    """A form of ``strptime`` as people in Italy write it.

    >>> form_in_words("%d/%m/%Y")
    'gg/mm/aaaa'
    """
    return form.replace("%d", "gg").replace("%m", "mm").replace("%Y", "aaaa")


@lru_cache(maxsize=4096)
def parse_date(cell: str, form: str, years: range) -> date | None:
    """The date in a cell, which has the form (of ``strptime``) or another that exports use; None for anything else.

    Besides the form: ISO 8601 with or without signs; the day first, as in Italy, with other signs or the month's name;
    each with a time of day, whose zone is heeded; and the serial numbers of spreadsheets. Serial numbers, and years of
    two digits, are only read where they give one of these ``years``: they could be something else.
    """
    if not cell.isascii():
        return None
    try:
        return datetime.strptime(cell, form).date()
    except ValueError:
        pass
    if match := _SERIAL.fullmatch(cell):
        day = _SERIAL_ZERO + timedelta(days=int(match[1]))
        return day if day.year in years else None
    match = _YEAR_FIRST.fullmatch(cell) or _DAY_FIRST.fullmatch(cell)
    if not match or (match["sign"] == "" and len(match["month"] + match["day"]) != 4):
        return None
    month = int(match["month"]) if match["month"].isdigit() else _MONTHS.get(match["month"][:3].lower(), 0)
    year = int(match["year"]) + (2000 if len(match["year"]) == 2 else 0)
    if len(match["year"]) == 2 and year not in years:
        return None
    try:
        day = date(year, month, int(match["day"]))
        if not match["zone"]:
            return day
        # no export writes both, and without the half of the day the zone could give another day
        return None if match["half"] else _in_institute_time(day, match["time"], match["zone"].strip())
    except (ValueError, OverflowError):  # the latter at both ends of the calendar, which stand for no date
        return None


def _in_institute_time(day: date, time: str, zone: str) -> date:
    hours, minutes = (int(part) for part in re.split("[:.]", time)[:2])
    moment = f"{day.isoformat()}T{hours:02}:{minutes:02}{zone.replace('Z', '+00:00')}"
    return datetime.fromisoformat(moment).astimezone(INSTITUTE_TIME).date()


def parse_fiscal_code(cell: str) -> str:
    """A person's fiscal code in its compact form, or nothing where the cell holds none.

    Checksum and birth date are checked; omocodia variants are included. So are the provisional codes of 11 digits that
    the tax agency gives people whose data are not complete: seven digits, three for the office, a check digit by Luhn's
    rule (D.M. 23 December 1976, art. 10).
    """
    # the library's own validate() does the same in four times the time, half of the time of all reading
    code = cell if _FISCAL_CODE.fullmatch(cell) else str(codicefiscale.compact(cell))
    if _PROVISIONAL_CODE.fullmatch(code):
        return code if luhn.is_valid(code) else ""
    is_valid = (
        _FISCAL_CODE.fullmatch(code)
        and _is_birth_date(code[6:11])
        and codicefiscale.calc_check_digit(code[:15]) == code[15]
    )
    return code if is_valid else ""


def sex_of(code: str) -> str:
    """F or M, as a fiscal code tells it; nothing for a provisional one, which does not."""
    if code.isdigit():
        return ""
    return "F" if _birth_day(code[9:11]) > 40 else "M"


def name_and_birth(code: str) -> str:
    """The part of a fiscal code of 16 characters that says first name, date of birth and sex, omocodia undone."""
    return code[3:6] + "".join(
        character.translate(_OMOCODIA) if place in (0, 1, 3, 4) else character
        for place, character in enumerate(code[6:11])
    )


@lru_cache(maxsize=65_536)
def _is_birth_date(part: str) -> bool:
    try:
        codicefiscale.get_birth_date(f"AAAAAA{part}A000A")
    except ValidationError:
        return False
    return _birth_day(part[3:]) <= LAST_BIRTH_DAY


def _birth_day(digits: str) -> int:
    """The day of birth, plus 40 for a woman; its digits may be written as letters (D.M. 23/12/1976: L=0 … V=9)."""
    return int(digits.translate(_OMOCODIA))
