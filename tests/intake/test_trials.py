# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Files as offices and their programs send them: each is read as it is meant, or refused for its true reason.

``data/trials`` holds extracts bent as public trackers of registers, spreadsheets and exporters describe it;
``data/exports`` what openpyxl, XlsxWriter, xlwt, odfpy, pandas, polars, DuckDB and pyarrow wrote of three people.
What they give is in ``golden/trials.txt``, to be read by people.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.support.golden_texts import CompareText
from tests.support.places import DATA
from videoguide.errors import InputError
from videoguide.intake.applications import Application, interpreted, read_applications
from videoguide.intake.distinct import TWO_PEOPLE, take_in
from videoguide.intake.extracts import open_extract
from videoguide.packs.campaigns import Campaign

TRIALS = sorted((DATA / "trials").iterdir())
EXPORTS = sorted((DATA / "exports").iterdir())
REFUSED = {"03-ms-dos-cp850.csv", "locked.xlsx", "two-extracts.xlsx"}


def given(file: Path, campaign: Campaign) -> Iterator[str]:
    """What a file gives, line by line: its form, then each of its rows."""
    try:
        form, rows = open_extract(file, campaign)
    except InputError as error:
        yield f"refused: {error.message.removeprefix(str(file))}"
        return
    where = form.sheet or " ".join(filter(None, (form.encoding, repr(form.separator) if form.separator else "")))
    lines = []
    for number, outcome in interpreted(rows, campaign):
        if not isinstance(outcome, Application):
            lines.append(f"{number}: rejected, {outcome.column}: {outcome.reason}")
            continue
        facts = " ".join(str(value) for value in outcome.facts.values() if value)
        lines.append(
            f"{number}: {outcome.id} {outcome.fiscal_code[:3]}… {outcome.spoken_name!r} {outcome.sex or '-'} "
            f"{outcome.filed_on} {outcome.channel} {outcome.status} {facts} "
            f"{'consents' if outcome.consent else 'does not consent'} {outcome.extracted_on}"
        )
    again = f", again in {form.headers_again}" if form.headers_again else ""
    yield f"{form.kind} {where}, header in {form.header_row}{again}".replace("  ", " ")
    yield from lines


def test_every_file_gives_what_somebody_has_read(pack: Campaign, text_as_golden: CompareText) -> None:
    text = ""
    for file in (*TRIALS, *EXPORTS):
        text += "\n".join((f"== {file.name}", *given(file, pack))) + "\n\n"
    text_as_golden("trials.txt", text)


@pytest.mark.parametrize("file", [file for file in EXPORTS if file.name not in REFUSED], ids=lambda file: file.name)
def test_three_people_are_the_same_three_whoever_wrote_the_file(pack: Campaign, file: Path) -> None:
    people = sorted(
        (outcome for outcome in read_applications(file, pack) if isinstance(outcome, Application)),
        key=lambda application: application.id,
    )
    assert [(person.id, person.spoken_name, person.sex, person.consent) for person in people] == [
        ("AUU202200000001", "Giulia", "F", True),
        ("AUU202200000002", "Nicolò", "F", True),
        ("AUU202200000003", "Zoë", "F", False),
    ]
    assert [person.facts for person in people] == [
        {"documents": ("custody-ruling",), "adult_children": 0, "iban_anomaly": ""},
        {"documents": (), "adult_children": 2, "iban_anomaly": ""},
        {"documents": (), "adult_children": 0, "iban_anomaly": "unverifiable"},
    ]
    assert [person.filed_on for person in people] == [date(2022, 2, 27), date(2022, 2, 27), date(2022, 3, 1)]
    assert {person.extracted_on for person in people} == {date(2023, 6, 6)}
    assert [person.status_since for person in people] == [date(2023, 2, 1), None, None]
    assert people[2].fiscal_code == "91000000124", "a provisional code, which a spreadsheet keeps as a number"


def test_only_what_would_be_read_wrongly_is_refused(pack: Campaign) -> None:
    refused = {file.name for file in (*TRIALS, *EXPORTS) if next(given(file, pack)).startswith("refused")}
    assert refused == REFUSED


@pytest.mark.parametrize("name", ["16-provisional-numeric-code.csv", "17-one-id-two-people.csv"])
def test_a_number_of_two_people_is_trusted_in_none_of_its_rows(pack: Campaign, tmp_path: Path, name: str) -> None:
    rejected = tmp_path / "rejected.csv"
    with take_in(DATA / "trials" / name, pack, rejected) as intake:
        assert len(intake) == 0
    assert TWO_PEOPLE in rejected.read_text(encoding="utf-8")
