# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""CSVs as they are really written: separators, titles, quotes, joined files."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from tests.support.extracts import GOOD, row, text_of
from videoguide.errors import InputError
from videoguide.intake.applications import Application, Rejection, interpreted
from videoguide.intake.extracts import open_extract
from videoguide.intake.headers import FileForm
from videoguide.intake.tables import declared_separator, unguarded
from videoguide.packs.campaigns import Campaign

HEADER, ONE = text_of([row()]).splitlines(keepends=True)


def read(tmp_path: Path, content: str | bytes, campaign: Campaign) -> tuple[FileForm, list[Application | Rejection]]:
    file = tmp_path / "extract"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    form, rows = open_extract(file, campaign)
    return form, [outcome for _, outcome in interpreted(rows, campaign)]


def good(tmp_path: Path, content: str | bytes, campaign: Campaign) -> tuple[FileForm, list[Application]]:
    form, outcomes = read(tmp_path, content, campaign)
    assert [outcome for outcome in outcomes if isinstance(outcome, Rejection)] == []
    return form, [outcome for outcome in outcomes if isinstance(outcome, Application)]


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@pytest.mark.parametrize("declares", ["", "sep={}\r\n", '"sep={}"\r\n', "SEP={}\r\n"])
def test_each_separator_is_seen_and_may_be_declared(
    tmp_path: Path, pack: Campaign, separator: str, declares: str
) -> None:
    text = text_of([row(DOCUMENTI_RICHIESTI="PROVV_AFFIDO|CERT_DISABILITA")], separator)
    form, (person,) = good(tmp_path, declares.format(separator) + text, pack)
    assert form.separator == separator and form.header_row == 1
    assert person.facts["documents"] == ("custody-ruling", "disability-certificate")


def test_a_separator_that_nobody_uses_can_be_declared(tmp_path: Path, pack: Campaign) -> None:
    assert len(good(tmp_path, "sep=^\n" + text_of([row()], "^"), pack)[1]) == 1


@pytest.mark.parametrize(
    "title",
    [
        "Estratto domande AUU al 06/06/2023\r\n",
        "Estratto domande AUU;;;;\r\n;;;;\r\n\r\n",
        'INPS;"Direzione centrale"\r\nestratto, del; 06/06/2023\r\n',
    ],
    ids=["title", "title and blanks", "several"],
)
def test_titles_above_the_header_are_passed_over_and_rows_keep_their_number(
    tmp_path: Path, pack: Campaign, title: str
) -> None:
    lines = title.count("\n")
    form, outcomes = read(tmp_path, title + text_of([row(), row(NOME="Dar?o")]), pack)
    assert form.header_row == lines + 1
    assert isinstance(outcomes[0], Application)
    assert isinstance(outcomes[1], Rejection) and outcomes[1].row == lines + 3


@pytest.mark.parametrize(
    "change",
    [
        str.lower,
        str.title,
        lambda header: header.replace("_", " "),
        lambda header: header.replace("_", "-").lower(),
        lambda header: header.replace(";", " ; "),
        lambda header: ";".join(f'"{name.strip()}"' for name in header.split(";")) + "\r\n",
        lambda header: ";".join(f"'{name.strip()}'" for name in header.split(";")) + "\r\n",
        lambda header: header.replace("ID_DOMANDA", "\u00a0ID_DOMANDA"),
    ],
    ids=["small", "title", "blanks", "hyphens", "spaced", "quoted", "single quotes", "no-break space"],
)
def test_a_header_in_another_spelling_is_the_same_header(tmp_path: Path, pack: Campaign, change) -> None:  # type: ignore[no-untyped-def]
    form, (person,) = good(tmp_path, change(HEADER) + ONE, pack)
    assert person.id == GOOD["ID_DOMANDA"]
    assert form.columns.keys() == pack.extract.columns.keys() and form.other_columns != []


def test_a_column_that_comes_in_two_spellings_is_refused(tmp_path: Path, pack: Campaign) -> None:
    with pytest.raises(InputError, match=r"colonne ripetute: NOME$"):
        read(tmp_path, HEADER.rstrip() + ";nome\r\n" + ONE.rstrip() + ";Ada\r\n", pack)


def test_a_header_too_far_down_is_none(tmp_path: Path, pack: Campaign) -> None:
    with pytest.raises(InputError, match="nelle prime 30 righe non c’è un’intestazione"):
        read(tmp_path, "titolo\n" * 31 + HEADER + ONE, pack)


def test_rows_without_header_say_that_there_is_none(tmp_path: Path, pack: Campaign) -> None:
    with pytest.raises(InputError, match="nelle prime 30 righe non c’è un’intestazione"):
        read(tmp_path, ONE * 3, pack)


def test_files_that_were_joined_are_read_to_the_end_and_their_headers_said(tmp_path: Path, pack: Campaign) -> None:
    second = text_of([row(ID_DOMANDA="A2")])
    form, people = good(tmp_path, HEADER + ONE + "\x1a\ufeff" + second + second.replace("A2", "A3"), pack)
    assert [person.id for person in people] == [GOOD["ID_DOMANDA"], "A2", "A3"]
    assert form.headers_again == [3, 5]


def test_a_joined_file_may_have_its_columns_in_another_order(tmp_path: Path, pack: Campaign) -> None:
    two = (HEADER.strip(), ONE.strip().replace("Giulia", "Ada"))
    turned = "\r\n".join(";".join(reversed(line.split(";"))) for line in two)
    _, people = good(tmp_path, HEADER + ONE + turned, pack)
    assert [person.first_name for person in people] == ["Giulia", "Ada"]


def test_rows_below_a_header_of_another_table_are_rejected(tmp_path: Path, pack: Campaign) -> None:
    _, outcomes = read(tmp_path, HEADER + ONE + HEADER.replace("STATO_DAL", "ALTRO") + ONE + HEADER + ONE, pack)
    assert [type(outcome) for outcome in outcomes] == [Application, Rejection, Application]
    assert isinstance(outcomes[1], Rejection) and "sotto l’intestazione alla riga 3" in outcomes[1].reason


def test_whole_lines_in_quotes_are_unpacked(tmp_path: Path, pack: Campaign) -> None:
    lines = text_of([row(NOME='Ada "Mia"')], ",").splitlines()
    quoted = "\r\n".join('"' + line.replace('"', '""') + '"' for line in lines)
    assert [person.first_name for person in good(tmp_path, quoted, pack)[1]] == ['Ada "Mia"']


def test_quotes_escaped_by_a_backslash_are_quotes(tmp_path: Path, pack: Campaign) -> None:
    text = HEADER + ONE.replace("Giulia", '"Maria \\"Mia\\""') + ONE
    assert [person.first_name for person in good(tmp_path, text, pack)[1]] == ['Maria "Mia"', "Giulia"]


def test_formulas_that_guard_text_are_taken_off(tmp_path: Path, pack: Campaign) -> None:
    text = HEADER + ONE.replace("Giulia", '="Giulia"').replace(GOOD["ID_DOMANDA"], '"=""0012"""')
    (person,) = good(tmp_path, text, pack)[1]
    assert (person.first_name, person.id) == ("Giulia", "0012")


def test_other_formulas_stay_what_they_are() -> None:
    assert unguarded(("=1+1", '="a"&"b', "x")) == ("=1+1", '="a"&"b', "x")
    assert unguarded(('="say ""hi"""', "x")) == ('say "hi"', "x")


@pytest.mark.parametrize(("line", "separator"), [("sep=;\r\n", ";"), ("sep=\t\n", "\t"), ("sep=", ""), ("sept=;", "")])
def test_a_declaration_is_one_sign(line: str, separator: str) -> None:
    assert declared_separator(line) == separator


class TestPacked:
    def packed(self, **members: bytes) -> bytes:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(name.replace("__", "/"), data)
        return content.getvalue()

    def test_the_only_file_of_a_zip_is_read_whatever_a_mac_adds(self, tmp_path: Path, pack: Campaign) -> None:
        members = {"estratto.csv": (HEADER + ONE).encode(), ".DS_Store": b"x"}
        assert len(good(tmp_path, self.packed(**members), pack)[1]) == 1

    def test_several_files_are_said(self, tmp_path: Path, pack: Campaign) -> None:
        with pytest.raises(InputError, match=r"è uno zip con 2 file; ammesso: uno solo, un CSV$"):
            read(tmp_path, self.packed(a=b"x", b=b"y"), pack)

    def test_something_packed_twice_is_said(self, tmp_path: Path, pack: Campaign) -> None:
        with pytest.raises(InputError, match="è uno zip con un file che non è CSV"):
            read(tmp_path, self.packed(a=gzip.compress(b"x")), pack)

    def test_a_damaged_zip_is_said(self, tmp_path: Path, pack: Campaign) -> None:
        content = bytearray(self.packed(a=(HEADER + ONE * 500).encode()))
        content[200:240] = bytes(40)
        with pytest.raises(InputError, match=r"zip danneggiato|non si può leggere"):
            read(tmp_path, bytes(content), pack)

    @pytest.mark.parametrize(
        ("content", "what"),
        [
            (b"<html><table><tr><td>ID_DOMANDA", "una pagina HTML"),
            (b"\xef\xbb\xbf<?xml version='1.0'?><Workbook>", "XML"),
            (b'{"ID_DOMANDA": "A1"}', "JSON"),
            (b"%PDF-1.7\n", "un PDF"),
            (b"7z\xbc\xaf\x27\x1c", "compresso con 7-Zip"),
            (b"\x28\xb5\x2f\xfd\x24", "compresso con zstd"),
        ],
    )
    def test_what_is_no_table_is_named(self, tmp_path: Path, pack: Campaign, content: bytes, what: str) -> None:
        with pytest.raises(InputError, match=f"è {what}; ammessi: CSV"):
            read(tmp_path, content, pack)
