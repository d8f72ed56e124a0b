# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Bytes -> lines of text: what each file is written in, seen from its bytes alone."""

import codecs
import re
from collections.abc import Iterable

import pytest

from videoguide.errors import InputError
from videoguide.intake.encodings import LINE_BYTES, Encoding, byte_lines, examine

ITALIAN = ("Nicolò", "NICOLÒ", "Niccolò", "Noè", "NOÈ", "Mosè", "Desirée", "RENÉE", "José", "Zoë", "D’Amico", "Andrée")
CAPITALS = ("NICOLÒ", "NOÈ", "MOSÈ", "DESIRÉE", "GIOSUÈ", "SALOMÈ")


def file_of(names: Iterable[str], encoding: str) -> bytes:
    return "".join(f"AUU1;{name};WEB;IN EVIDENZA AL CITTADINO\r\n" for name in names).encode(encoding)


def read(*blocks: bytes) -> list[str]:
    encoding = examine(iter(blocks), "x.csv")
    return [encoding.text(line) for line in byte_lines(blocks, encoding)]


def names_of(*blocks: bytes) -> list[str]:
    return [line.split(";")[1] for line in read(*blocks)]


@pytest.mark.parametrize("names", [ITALIAN, CAPITALS], ids=["mixed", "capitals"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_every_encoding_that_is_read_gives_the_same_names(names: tuple[str, ...], encoding: str) -> None:
    assert names_of(file_of(names, encoding)) == list(names)


@pytest.mark.parametrize("name", ITALIAN)
def test_one_accent_in_windows_1252_is_enough_to_know_it(name: str) -> None:
    assert names_of(file_of(["Anna", name, "Carla"], "cp1252"))[1] == name


@pytest.mark.parametrize(
    "name", ["Côme", "CÔME", "François", "GONÇALO", "JOÃO", "Jürgen", "Iñaki", "NICOLò", "ZOë", "Søren"]
)
def test_names_from_elsewhere_in_windows_1252_are_no_other_code_page(name: str) -> None:
    assert names_of(file_of(["Anna", name], "cp1252"))[1] == name


@pytest.mark.parametrize("names", [ITALIAN, CAPITALS, ("Nicolò",), ("Renée",), ("NICOLÒ", "NOÈ")], ids=str)
@pytest.mark.parametrize(("encoding", "name"), [("cp850", "MS-DOS (cp850)"), ("mac_roman", "Macintosh (MacRoman)")])
def test_another_code_page_is_refused_by_its_name(names: tuple[str, ...], encoding: str, name: str) -> None:
    content = "".join(f"AUU1;{name};WEB\r\n" for name in names).encode(encoding, "replace")
    with pytest.raises(
        InputError, match=f"^x.csv: sembra scritto in {re.escape(name)}; ammessi: UTF-8, UTF-16, Windows-1252"
    ):
        read(content)


def test_two_files_that_were_joined_are_read_line_by_line() -> None:
    content = file_of(ITALIAN, "utf-8") + file_of(ITALIAN, "cp1252")
    assert names_of(content) == [*ITALIAN, *ITALIAN]
    assert str(examine(iter([content]), "x")) == "UTF-8 e Windows-1252, secondo la riga"


@pytest.mark.parametrize("damage", [b"Nicol\xc3", b"NICOL\xc3", b"Nicol\xb2", b"Ren\xe9e", b"D\xe2\x80Amico"])
def test_a_single_damaged_line_loses_its_character_and_is_not_guessed(damage: bytes) -> None:
    content = file_of(ITALIAN, "utf-8") + b"AUU1;" + damage + b";WEB\r\n"
    assert "\ufffd" in names_of(content)[-1]


def test_a_line_damaged_in_a_joined_file_is_not_taken_for_the_other_encoding() -> None:
    content = file_of(ITALIAN, "utf-8") + file_of(ITALIAN, "cp1252") + b"AUU1;NICOL\xc3;WEB\r\n"
    assert names_of(content)[-1] == "NICOL\ufffd"


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"a\r\nb\r\n\x1a", ["a\r\n", "b\r\n", ""]),
        (b"a\r\nb\x1a", ["a\r\n", "b"]),
        (b"a\r\nb" + bytes(700), ["a\r\n", "b"]),
        (b"a\r\nb\r\n" + bytes(700), ["a\r\n", "b\r\n", ""]),
        (codecs.BOM_UTF8 * 2 + b"a\r\nb", ["a\r\n", "b"]),
        (b"a\r\n" + codecs.BOM_UTF8 + b"b", ["a\r\n", "b"]),
        (b"a\r\n\x1a" + codecs.BOM_UTF8 + b"b", ["a\r\n", "b"]),
        (b"a\rb\rc", ["a\r", "b\r", "c"]),
        (b"a\x0bb\x0cc\x85", ["a\x0bb\x0cc\ufffd"]),
        (b"", []),
    ],
    ids=[
        "DOS",
        "DOS in line",
        "zeros in line",
        "zeros",
        "two marks",
        "mark within",
        "DOS and mark",
        "CR",
        "VT",
        "none",
    ],
)
def test_marks_and_padding_are_no_text(content: bytes, lines: list[str]) -> None:
    encoding = Encoding()
    assert [encoding.text(line) for line in byte_lines([content], encoding)] == lines


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_blocks_may_end_anywhere(size: int) -> None:
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        content = file_of(ITALIAN, encoding)
        blocks = [content[:80], *(content[at : at + size] for at in range(80, len(content), size))]
        assert names_of(*blocks) == list(ITALIAN)


def test_a_line_without_end_is_cut() -> None:
    lines = list(byte_lines([b"x" * (2 * LINE_BYTES + 5)], Encoding()))
    assert [len(line) for line in lines] == [LINE_BYTES, LINE_BYTES, 5]


@pytest.mark.parametrize("content", [b"\0\1\2\3" * 20, b"A\0\0\0B\0\0\0" * 9, b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff"])
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match=r"^x\.csv: non è un file di testo"):
        read(content)
