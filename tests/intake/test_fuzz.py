# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A hundred thousand true rows, damaged: none breaks the reading, and none is accepted as something it does not say.

What an accepted row says is checked the other way round: from the value, all the texts that may stand for it.
"""

import csv
import io
import random
import re
import unicodedata
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from stdnum import luhn
from stdnum.it import codicefiscale

from videoguide.errors import InputError
from videoguide.intake.applications import Application, Rejection, interpreted
from videoguide.intake.extracts import open_extract
from videoguide.intake.samples import write_sample
from videoguide.packs.campaigns import Campaign

FILES, ROWS = 100, 1000
CODE, FILED, DOCUMENTS, EXTRACTED = 1, 5, 10, 17
"""Places in a row of an invented extract."""
SCRAPS = (
    *(
        "",
        " ",
        "\t",
        "\u00a0",
        "\0",
        "\x1a",
        "\ufeff",
        "\ufffd",
        "?",
        "'",
        '"',
        '\\"',
        '""',
        ";",
        ",",
        "|",
        "\n",
        "\r\n",
    ),
    *("NULL", "NaN", "N/D", "-", "0", "1.0", "1,5", "9" * 40, "2,02E+14", '="1"', "=1+1", "SI'", "Sì", "true", "X"),
    *(
        "31/02/2023",
        "2023-02-14",
        "14/02/23",
        "44971",
        "14-FEB-23",
        "00/00/0000",
        "06/06/2203",
        "02/14/2023",
        "20230214",
    ),
    *(
        "PROVV_AFFIDO|CERT_DISABILITA",
        "PROVV_AFFIDO|",
        "CERT",
        "91000000124",
        "91000000125",
        "<b>",
        "{{ x }}",
        "é",
        "Ã¨",
    ),
    *("İ", "\u0301", "\u202e", "\U0001f600", "Ω", "李", "\x85", "\u2028", "١"),
)


def id_of(place: int) -> str:
    """A number that no damage turns into another row's."""
    return f"N{place}-{zlib.crc32(b'%d' % place):08x}"


def damaged(cells: list[str], chance: random.Random) -> str:
    """A row with one to three of its places changed."""
    cells = list(cells)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        place = chance.choice((CODE, FILED, DOCUMENTS, EXTRACTED, chance.randrange(len(cells))))
        cell = cells[place]
        at = chance.randrange(len(cell) + 1)
        cells[place] = chance.choice(
            (
                lambda cell=cell, at=at: cell[:at] + chance.choice(SCRAPS) + cell[at:],
                lambda cell=cell, at=at: cell[:at] + cell[at + 1 :],
                lambda cell=cell, at=at: cell[:at] + chance.choice("0123456789ABCXYZ/-. ") + cell[at + 1 :],
                lambda cell=cell, at=at: cell[:at],
                lambda cell=cell, at=at: cell[at:] + cell[:at],
                lambda: chance.choice(SCRAPS),
                lambda cell=cell: chance.choice((str.lower, str.title, str.swapcase))(cell),
                lambda cell=cell: chance.choice(('"{}"', '="{}"', " {} ", "'{}'", "{}.", "{} 00:00:00")).format(cell),
                lambda: cells[chance.randrange(len(cells))],
            )
        )()
    line = ";".join(cells)
    return chance.choice((*[line] * 12, line[: chance.randrange(len(line))], line.upper()))


def texts_of(day: date) -> Iterator[str]:
    """All the texts that may stand for a day, without time."""
    months = ("gen feb mar apr mag giu lug ago set ott nov dic", "jan feb mar apr may jun jul aug sep oct nov dec")
    for sign in "/-. ":
        for days in {f"{day.day}", f"{day.day:02}"}:
            for months_in_digits in {f"{day.month}", f"{day.month:02}"}:
                yield f"{days}{sign}{months_in_digits}{sign}{day.year}"
                yield f"{days}{sign}{months_in_digits}{sign}{day.year % 100:02}"
                yield f"{day.year}{sign}{months_in_digits}{sign}{days}"
            for names in months:
                yield f"{days}{sign}{names.split()[day.month - 1]}{sign}{day.year % 100:02}"
    yield f"{day:%Y%m%d}"
    yield str((day - date(1899, 12, 30)) // timedelta(days=1))


def says(cell: str, day: date) -> bool:
    text = re.sub(r"[T ]+[0-9]{1,2}[:.][0-9]{2}.*$", "", cell.strip().lower())
    return re.sub(r"[.,][0-9]+$", "", text) in set(texts_of(day)) or text in set(texts_of(day))


def folded(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text.casefold())))


def unpacked(cell: str) -> str:
    return re.sub(r'^\s*="(.*)"\s*$', r"\1", cell)


def check(application: Application, line: str, campaign: Campaign) -> None:
    """What was accepted is what the line says. The line itself is in no message: it is enough to know the seed."""
    records = csv.reader(io.StringIO(line, newline=""), delimiter=";")
    cells = next(
        [unpacked(cell) for cell in record] for record in records if record and application.id in unpacked(record[0])
    )
    code = application.fiscal_code
    assert codicefiscale.is_valid(code) if len(code) == 16 else luhn.is_valid(code), "a wrong fiscal code"
    assert code == codicefiscale.compact(cells[CODE]), "another's fiscal code"
    assert says(cells[FILED], application.filed_on), f"{cells[FILED]!r} is not {application.filed_on}"
    assert says(cells[EXTRACTED], application.extracted_on), f"{cells[EXTRACTED]!r} is not {application.extracted_on}"
    documents = {folded(spelling): value for spelling, value in campaign.extract.values["documents"].items()}
    asked = [
        documents.get(folded(spelling)) for spelling in re.split(r"[|,;/+\n]", cells[DOCUMENTS]) if spelling.strip()
    ]
    if application.facts["documents"]:
        assert set(application.facts["documents"]) == set(asked), f"{cells[DOCUMENTS]!r}"  # type: ignore[arg-type]
    else:
        assert not any(asked), f"{cells[DOCUMENTS]!r} is lost"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_damaged_rows_are_rejected_or_mean_what_they_say(pack: Campaign, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    write_sample(pack, ROWS, seed + 1, tmp_path / "sample.csv")
    with (tmp_path / "sample.csv").open(encoding="utf-8-sig", newline="") as text:
        header, *true_rows = csv.reader(text, delimiter=";")
    names = pack.extract.columns
    for place, field in (
        (CODE, "fiscal_code"),
        (FILED, "filed_on"),
        (DOCUMENTS, "documents"),
        (EXTRACTED, "extracted_on"),
    ):
        assert header[place] == names[field]
    places = {id_of(place): place for place in range(ROWS)}
    accepted = rejected = checked = 0
    for number in range(FILES // 4):
        lines = [damaged([id_of(place), *cells[1:]], chance) for place, cells in enumerate(true_rows)]
        encoding = chance.choice(("utf-8", "utf-8-sig", "utf-16", "utf-8"))
        content = "\r\n".join((";".join(header), *lines, "")).encode(encoding, "replace")
        if number % 5 == 4:  # bytes are damaged as well
            raw = bytearray(content)
            for _ in range(200):
                raw[chance.randrange(300, len(raw))] = chance.randrange(256)
            content = bytes(raw)
        (tmp_path / "x.csv").write_bytes(content)
        try:
            rows = open_extract(tmp_path / "x.csv", pack).rows
        except InputError as error:
            assert "\n" not in error.message
            continue
        for _, outcome in interpreted(rows, pack):
            if isinstance(outcome, Rejection):
                rejected += 1
                continue
            accepted += 1
            if number % 5 != 4 and outcome.id in places:
                check(outcome, lines[places[outcome.id]], pack)
                checked += 1
    assert checked > 4000, checked
    assert accepted > 5000 and rejected > 5000, (accepted, rejected)
