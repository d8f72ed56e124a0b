# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Cells: what is read as meant, and what could mean two things and is therefore not read."""

from datetime import date
from pathlib import Path

import pytest

from tests.support.extracts import row, write_extract
from videoguide.intake.applications import Application, read_applications
from videoguide.intake.cells import parse_count, parse_date, parse_fiscal_code, present, sex_of
from videoguide.packs.campaigns import Campaign

YEARS = range(2022, 2027)
FEBRUARY = date(2023, 2, 14)


@pytest.mark.parametrize(
    "cell",
    [
        *("14/02/2023", "14/2/2023", "14-02-2023", "14.02.2023", "14 02 2023", "14/02/23", "14.2.23"),
        *("2023-02-14", "2023/02/14", "2023.2.14", "20230214"),
        *("14/02/2023 00:00:00", "14/02/2023 00:00", "14/02/2023 12:00:00 AM", "2023-02-14T10:30:00"),
        *("2023-02-14 23:59:59.999", "2023-02-14T00:00:00Z", "2023-02-13T23:00:00Z", "2023-02-14T01:00:00+01:00"),
        *("44971", "44971.0", "44971,5", "14-FEB-23", "14-FEB-2023", "14 feb 2023", "14-febbraio-2023", "14.Feb.23"),
    ],
)
def test_a_date_is_read_in_the_forms_that_exports_use(cell: str) -> None:
    assert parse_date(cell, "%d/%m/%Y", YEARS) == FEBRUARY


@pytest.mark.parametrize(
    "cell",
    [
        *("02/14/2023", "14/02-2023", "14/02/203", "14/02/2", "31/02/2023", "30-FEB-23", "14-FOO-23"),
        *("2023-2-30", "2023-13-01", "202302", "2023021", "14022023", "14/02/19", "14/02/31"),
        *("10000", "60000", "99999", "4497", "449711", "ieri", "", "14/02/2023 pomeriggio", "14/02/2023 25:00:00Z"),
        *("١٤/٠٢/٢٠٢٣", "########", "0", "1.0"),
        *("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59Z", "14/02/2023 11:30 PM+00:00"),
    ],
)
def test_what_is_no_date_or_could_be_another_is_not_read(cell: str) -> None:
    assert parse_date(cell, "%d/%m/%Y", YEARS) is None


def test_another_packs_form_goes_first() -> None:
    assert parse_date("2023-02-14", "%Y-%m-%d", YEARS) == parse_date("14/02/2023", "%Y-%m-%d", YEARS) == FEBRUARY


@pytest.mark.parametrize(("cell", "count"), [("1", 1), ("1.0", 1), ("1,0", 1), ("2.00", 2), ("01", 1), ("0", 0)])
def test_a_count_may_have_decimals_that_say_nothing(cell: str, count: int) -> None:
    assert parse_count(cell) == count


@pytest.mark.parametrize("cell", ["1.5", "1.000", "1,000", "-1", "+1", "1e0", "uno", "", ".0", "1.", "²", "١"])
def test_what_is_no_count_or_could_be_a_thousand_is_not_read(cell: str) -> None:
    assert parse_count(cell) is None


@pytest.mark.parametrize("cell", ["NULL", "null", "NaN", "None", "N/A", "n.d.", "\\N", "<NA>", "NaT", "-", " nil ", ""])
def test_words_for_nothing_are_nothing(cell: str) -> None:
    assert present(["x", cell]) == ["x", ""]


@pytest.mark.parametrize("cell", ["0", "NO", "N", "no", "NADA", "Nilla", "#N/D", "?"])
def test_other_words_are_something(cell: str) -> None:
    assert present([cell, " y "]) == [cell, "y"]


class TestFiscalCodes:
    @pytest.mark.parametrize("cell", ["91000000124", " 91000000124", "9100000012-4", "91000003458"])
    def test_a_provisional_code_is_eleven_digits_with_a_check_digit(self, cell: str) -> None:
        assert parse_fiscal_code(cell) == cell.strip().replace("-", "")
        assert sex_of("91000000124") == ""

    @pytest.mark.parametrize(
        "cell", ["91000000125", "9100000012", "910000001240", "00743110157", "9,1E+10", "00000000000"]
    )
    def test_a_wrong_one_or_a_vat_number_is_none(self, cell: str) -> None:
        assert parse_fiscal_code(cell) == ""


def accepted(tmp_path: Path, pack: Campaign, **changes: str) -> Application:
    (outcome,) = read_applications(write_extract(tmp_path / "x.csv", [row(**changes)]), pack)
    assert isinstance(outcome, Application), outcome
    return outcome


@pytest.mark.parametrize(
    "cell", ["SI", "Si", "Sì", "SÌ", "SI'", "si ", "\u00a0SI", "S", "Y", "yes", "1", "1.0", "TRUE", "vero"]
)
def test_yes_has_many_spellings(tmp_path: Path, pack: Campaign, cell: str) -> None:
    assert accepted(tmp_path, pack, ADESIONE_PROATTIVI=cell, SU_APP_IO=cell).consent
    assert accepted(tmp_path, pack, SU_APP_IO=cell).on_app_io


@pytest.mark.parametrize("cell", ["NO", "No", "n", "0", "0.0", "false", "FALSO"])
def test_no_has_many_spellings(tmp_path: Path, pack: Campaign, cell: str) -> None:
    assert not accepted(tmp_path, pack, ADESIONE_PROATTIVI=cell).consent


@pytest.mark.parametrize(
    "cell",
    ["In evidenza al cittadino", "IN EVIDENZA  AL CITTADINO", "IN_EVIDENZA_AL_CITTADINO", "in evidenza al cittadino."],
)
def test_a_status_may_differ_in_case_and_signs(tmp_path: Path, pack: Campaign, cell: str) -> None:
    assert accepted(tmp_path, pack, STATO_DOMANDA=cell).status == "citizen-action"


@pytest.mark.parametrize(
    "cell",
    [
        "PROVV_AFFIDO|CERT_DISABILITA",
        "PROVV_AFFIDO, CERT_DISABILITA",
        "Provv. affido;Cert. disabilità",
        "PROVV_AFFIDO/CERT_DISABILITA",
    ],
)
def test_documents_may_be_joined_by_other_signs(tmp_path: Path, pack: Campaign, cell: str) -> None:
    assert accepted(tmp_path, pack, DOCUMENTI_RICHIESTI=cell).facts["documents"] == (
        "custody-ruling",
        "disability-certificate",
    )


@pytest.mark.parametrize(
    ("cell", "sex"), [("f", "F"), ("Femmina", "F"), ("M", "M"), ("maschio", "M"), ("", "F"), ("NULL", "F")]
)
def test_a_sex_may_be_a_word(tmp_path: Path, pack: Campaign, cell: str, sex: str) -> None:
    assert accepted(tmp_path, pack, SESSO=cell).sex == sex
