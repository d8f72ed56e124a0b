# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Written Italian -> spoken Italian, and the lexicon."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import ROOT
from videoguide.errors import PackError
from videoguide.speech.pronunciation import Lexicon, LexiconEntry, Spoken, load_lexicon, spoken

LEXICON_FILE = ROOT / "assets" / "lexicon.toml"


def table(name: str) -> list[tuple[str, str]]:
    """The rows of a table of two columns in the tests' data, without its heading."""
    lines = (ROOT / "tests" / "data" / name).read_text(encoding="utf-8").splitlines()[1:]
    return [(written, words) for written, _, words in (line.partition("\t") for line in lines)]


SPOKEN = table("spoken.tsv")

SOME = Lexicon(
    {
        "cie": LexiconEntry(say="ci-i-e"),
        "50&più enasco": LexiconEntry(say="cinquanta e più enàsco"),
        "enasco": LexiconEntry(say="enàsco"),
        "chiara": LexiconEntry(ipa="ˈkjaːra"),
        "jürgen": LexiconEntry(say="Iurghen", ipa="ˈjyrɡen"),
    }
)


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load_lexicon(LEXICON_FILE)


@pytest.mark.parametrize(("written", "words"), SPOKEN)
def test_what_is_written_is_said_as_in_the_table(lexicon: Lexicon, written: str, words: str) -> None:
    assert spoken(written, lexicon).text == words


@pytest.mark.parametrize(("written", "words"), SPOKEN)
def test_what_is_said_holds_no_digit_and_is_said_alike_inside_a_sentence(
    lexicon: Lexicon, written: str, words: str
) -> None:
    sentence = spoken(f"Guarda: {written}; e poi basta.", lexicon).text
    assert sentence == f"Guarda: {words}; e poi basta." and not re.search(r"\d", sentence)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("Usa la CIE (carta d’identità).", "Usa la ci-i-e, carta d'identità."),
        ("la cie, la Cie", "la ci-i-e, la ci-i-e"),
        ("società, specie, CIELO", "società, specie, CIELO"),
        ("con 50&PIÙ ENASCO o ENASCO", "con cinquanta e più enàsco o enàsco"),
        ("con 50&PIU\u0300 ENASCO", "con cinquanta e più enàsco"),
        ("dell’ENASCO", "dell'enàsco"),
    ],
)
def test_lexicon_words_match_whole_words_in_any_case_the_longest_first(written: str, words: str) -> None:
    assert spoken(written, SOME).text == words


def test_ipa_is_given_for_the_word_as_it_stands_in_the_text() -> None:
    assert spoken("Ciao CHIARA e Jürgen.", SOME) == Spoken(
        "Ciao CHIARA e Iurghen.", {"CHIARA": "ˈkjaːra", "Iurghen": "ˈjyrɡen"}
    )
    assert spoken("Ciao Anna.", SOME) == Spoken("Ciao Anna.", {})


@pytest.mark.parametrize("name", ["Giuliana", "Xhensila", "D'Angela", "Maria Grazia", "Thi-Hoa", "Jürgen", "O'Neil"])
def test_unknown_names_go_through_untouched(name: str) -> None:
    assert spoken(f"Ciao {name}, ci siamo.", Lexicon()).text == f"Ciao {name}, ci siamo."


@pytest.mark.parametrize(
    "odd", ["<b>", "{{x}}", "\\d+", "[[a]]", "(", ")", "😀", "\u200b", "\x00", "%s", "^$.*", "²", "½", "٣", "", "&amp;"]
)
def test_nothing_odd_in_a_name_can_break_the_text_around_it(odd: str) -> None:
    words = spoken(f"Ciao {odd}Anna{odd}, ci siamo.", SOME).text
    assert words.startswith("Ciao")
    assert words.endswith("ci siamo.")
    assert "Anna" in words
    assert not set("<>{}[]()\\^$*%&|~#_\x00\u200b") & set(words)


def test_accents_in_two_characters_are_said_like_accents_in_one() -> None:
    assert spoken("Nicolo\u0300", Lexicon()) == spoken("Nicolò", Lexicon())


def test_saying_the_spoken_text_again_changes_nothing() -> None:
    once = spoken("Hai 18 anni (circa), 8.000 euro e la CIE.", SOME)
    assert spoken(once.text, SOME).text == once.text


# --- the lexicon's file ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("acronym", "words"),
    [("SPID", "spid"), ("IBAN", "ìban"), ("MyINPS", "mai inps"), ("CIE", "ci-i-e")],
)
def test_acronyms_are_said_the_italian_way(lexicon: Lexicon, acronym: str, words: str) -> None:
    assert spoken(acronym, lexicon).text == words


def test_every_patronato_of_the_extract_has_an_entry(lexicon: Lexicon) -> None:
    for name in ("ACLI", "INCA", "INAS", "ITAL", "EPACA", "ENASCO", "50&PIÙ ENASCO", "SIAS", "INAPA", "Labor"):
        assert name.lower() in lexicon.entries


def test_every_ipa_of_the_lexicon_is_in_the_models_alphabet(lexicon: Lexicon) -> None:
    from videoguide.speech.voices.kokoro import in_alphabet

    for word, entry in lexicon.entries.items():
        if entry.ipa:
            phonemes = in_alphabet(entry.ipa)
            assert len(phonemes) >= len(entry.ipa.replace("\u0361", "")) - entry.ipa.count("\u0361"), word


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ("[names", "non è TOML"),
        ('[names]\nAnna = "ana"', 'una voce ha "say", "ipa" o tutti e due'),
        ("[names]\nAnna = {}", 'una voce ha "say", "ipa" o tutti e due'),
        ('[names]\nAnna = { respell = "ana" }', 'una voce ha "say", "ipa" o tutti e due'),
        ('[names]\nAnna = { say = " " }', "sono parole, non vuote"),
        ("[names]\nAnna = { say = 3 }", "sono parole, non vuote"),
        ('[names]\nAnna = { say = "a" }\n[more]\nANNA = { say = "b" }', r"\(more, ANNA\): questa parola c’è due volte"),
        ("version = 3", "una voce ha"),
    ],
)
def test_a_wrong_lexicon_is_refused_with_file_and_word(tmp_path: Path, toml: str, reason: str) -> None:
    file = tmp_path / "lexicon.toml"
    file.write_text(toml, encoding="utf-8")
    with pytest.raises(PackError, match=rf"lexicon\.toml.*{reason}"):
        load_lexicon(file)


def test_a_lexicon_is_read_again_only_after_a_change(tmp_path: Path) -> None:
    file = tmp_path / "lexicon.toml"
    file.write_text('[names]\n"Ciro" = { say = "Ciro" }\n', encoding="utf-8")
    before = load_lexicon(file)
    assert load_lexicon(file) is before, "every application of an extract asks for it"
    file.write_text('[names]\n"Pamela" = { say = "Pàmela" }\n', encoding="utf-8")
    os.utime(file, (0, 0))  # whatever the clock of the file system
    assert "pamela" in load_lexicon(file).entries


def test_a_missing_lexicon_is_a_pack_error(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="non si può leggere"):
        load_lexicon(tmp_path / "none.toml")


# --- speed ----------------------------------------------------------------------------------


def test_the_spoken_form_is_known_without_any_heavy_import() -> None:
    code = (
        "import sys; from pathlib import Path; from videoguide.speech.pronunciation import load_lexicon, spoken\n"
        f"spoken('Ciao Chiara, usa SPID.', load_lexicon(Path({str(LEXICON_FILE)!r})))\n"
        "print({'numpy', 'ctypes', 'jinja2', 'msgspec', 'importlib.metadata'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
