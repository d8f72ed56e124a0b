# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""First names as registers hold them: what is shown, and how the voice says it."""

import random
import re
import tomllib
import unicodedata

import pytest

from tests.support.places import DATA, ROOT
from videoguide.assets import assets_folder
from videoguide.errors import FirstNameError
from videoguide.intake.names import damage, decoded, tidy_name, unescaped, visible
from videoguide.picture.typography import typesetter
from videoguide.speech.pronunciation import Lexicon, load_lexicon, spoken, unaccented
from videoguide.speech.voices.kokoro import phonemes

LEXICON = load_lexicon(ROOT / "assets" / "lexicon.toml")
TABLE = [line.split("\t") for line in (DATA / "names.tsv").read_text(encoding="utf-8").splitlines()[1:]]
AT_MOST = 36
HEARD = {"sh": "ʃ", "zh": "ʒ", "Pà": "pˈa", "-nè-": "nˈɛ", "Iù-": "jˈu", "-è": "ˈe"}
"""What the table says in brackets of how a name is heard, as the phonemes of the default voice."""
LISTED = [
    name
    for file in sorted((assets_folder() / "names").glob("*.toml"))
    for people in [tomllib.loads(file.read_text(encoding="utf-8"))]
    for name in (*people["women"], *people["men"])
]


def shown(register: str) -> str:
    """The name that is shown, or nothing: then the greeting is neutral."""
    try:
        return tidy_name(register, AT_MOST, LEXICON)
    except FirstNameError:
        return ""


def heard(name: str) -> str:
    """The phonemes of a name in its greeting."""
    words = spoken(f"Ciao {name}, benvenuta.", LEXICON)
    return phonemes(words.text, words.pronunciations).removeprefix("ʧˈao ").removesuffix(", benvenˈuta.")


@pytest.mark.parametrize(("register", "expected"), TABLE)
def test_every_line_of_the_table_is_shown_and_heard_as_it_says(register: str, expected: str) -> None:
    if expected == "(neutral greeting)":
        assert shown(register) == ""
        return
    names = expected.partition("«")[2].rstrip("»") or expected.removesuffix(" or refused")
    name, _, sound = names.partition(" (")
    assert shown(register) == name
    assert HEARD.get(sound.rstrip(")"), "") in heard(name)


@pytest.mark.parametrize(
    ("register", "name"),
    [
        # capitals, small letters, blanks
        ("  MARIA   GRAZIA ", "Maria Grazia"),
        ("maria\u00a0grazia", "Maria Grazia"),
        ("anna-maria", "Anna-Maria"),
        ("MARIA Grazia", "Maria Grazia"),
        ("DeAnna", "DeAnna"),
        ("Jo", "Jo"),
        ("O", "O"),
        ("RENéE", "Renée"),
        ("nicolÒ", "nicolÒ"),
        ("NICCOLO\u0300", "Niccolò"),
        ("ștefan", "Ștefan"),
        ("ＡＮＮＡ", "Anna"),
        ("ﬁlippo", "Filippo"),
        # apostrophes that are accents, that are none, that are a slip
        ("SALOME'", "Salomè"),
        ("GIOSUE`", "Giosuè"),
        ("NICOLO’", "Nicolò"),
        ("Nicolo´", "Nicolò"),
        ("nicolo' maria", "Nicolò Maria"),
        ("NICOLO'MARIA", "Nicolò Maria"),
        ("DESIRE'", "Desiré"),
        ("RENE'E", "Renée"),
        ("JOSE'LUIS", "José Luis"),
        ("ZOE'", "Zoé"),
        ("TOBIE'", "Tobiè"),
        ("ANDREA'", "Andrea"),
        ("NICOLA'", "Nicola"),
        ("CIRO'", "Ciro"),
        ("MICHELE'", "Michele"),
        ("MARIA CONCETTA'", "Maria Concetta"),
        ("MARIA ' TERESA", "Maria Teresa"),
        ("'MARIA'", "Maria"),
        ('"MARIA"', "Maria"),
        ("d'angela", "D'Angela"),
        ("D' ANGELO", "D'Angelo"),
        ("DELL'ANNA", "Dell'Anna"),
        ("DELL' ORTO", "Dell'Orto"),
        ("O'NEILL", "O'Neill"),
        ("N'DIAYE", "N'Diaye"),
        ("DE' MEDICI", "De' Medici"),
        ("ISMA'IL", "Isma'il"),
        ("ʿALĪ", "‘Alī"),
        # accents that capitals have dropped
        ("NICOLO", "Nicolò"),
        ("Nicolo", "Nicolo"),
        ("CELINE", "Céline"),
        ("ANDRE", "André"),
        ("RENE", "René"),
        ("SEYMA", "Seyma"),
        ("JUERGEN", "Juergen"),
        ("JOZEF", "Jozef"),
        ("HELENE", "Helene"),
        ("SOFIA", "Sofia"),
        ("STEFAN", "Stefan"),
        ("HUONG", "Huong"),
        # Turkish
        ("ŞERİFE", "Şerife"),
        ("İBRAHİM", "İbrahim"),
        ("Şeri\u0307fe", "Şerife"),
        ("ÇAĞRI", "Çağrı"),
        ("ÇIĞDEM", "Çiğdem"),
        # several names, and what is none
        ("ANNA/MARIA", "Anna Maria"),
        ("ROSA + MARIA", "Rosa Maria"),
        ("MARIO (DETTO PINO)", "Mario"),
        ("MARIA C.", "Maria"),
        ("ANNA -", "Anna"),
        ("GIOVANNI XXIII", "Giovanni XXIII"),
        ("THI VI", "Thi Vi"),
        ("LI NA", "Li Na"),
        ("MARIA DEL CARMEN", "Maria del Carmen"),
        ("EL MEHDI", "El Mehdi"),
        ("ABD-EL-KADER", "Abd-el-Kader"),
        # encodings
        ("CanicattÃ²", "Canicattò"),
        ("NICOLÃ’", "Nicolò"),
        ("NOÃˆ", "Noè"),
        ("NICOLÃƒâ€™", "Nicolò"),
        ("Nicol√≤", "Nicolò"),
        ("Nicol├▓", "Nicolò"),
        ("Dâ€™Amico", "D’Amico"),
        ("D\x92AMICO", "D’Amico"),
        ("NICOL&OGRAVE;", "Nicolò"),
        ("Nicol&#242;", "Nicolò"),
        ("Nicol&amp;ograve;", "Nicolò"),
        ("Ann\u200ba", "Anna"),
        ("An\u00adna", "Anna"),
        ("\u202eanna", "Anna"),
        ("\ufeffAnna", "Anna"),
        ("Anna\u3164", "Anna"),
        # too long
        ("WARNAKULASURIYA MARIA ANTONY FERNANDO SAHAN", "Warnakulasuriya Maria"),
        ("MARIA DE LOS DOLORES INMACULADA CONCEPCION", "Maria de los Dolores"),
        ("FERDINANDOMARIA MASSIMILIANOEMANUELEALESSANDRO", "Ferdinandomaria"),
    ],
)
def test_names_are_shown_as_their_owners_write_them_where_that_is_sure(register: str, name: str) -> None:
    assert shown(register) == name


@pytest.mark.parametrize(
    ("register", "reason"),
    [
        ("", "è vuoto"),
        (" \u00a0 ", "è vuoto"),
        (".", "è vuoto"),
        ("***", "è vuoto"),
        ("-----", "è vuoto"),
        ("{{ 7*7 }}", "è vuoto"),
        ("XXX", "non è un nome"),
        ("xxxxxxxx", "non è un nome"),
        ("A", "non è un nome"),
        ("N.D.", "non è un nome"),
        ("N/A", "non è un nome"),
        ("n. n.", "non è un nome"),
        ("NaN", "non è un nome"),
        ("NULL", "non è un nome"),
        ("SENZA NOME", "non è un nome"),
        ("Non dichiarato", "non è un nome"),
        ("SCONOSCIUTA", "non è un nome"),
        ("(nessuno)", "è vuoto"),
        ("ANNA1", "contiene segni che un nome non ha"),
        ("<b>Anna</b>", "contiene segni che un nome non ha"),
        ("Anna😀", "contiene segni che un nome non ha"),
        ("Z\u0300\u0301\u0302\u0300\u0301a", "contiene segni che un nome non ha"),
        ("Wolfeschlegelsteinhausenbergerdorffer", "ha 37 caratteri; ammessi: 36"),
    ],
)
def test_what_is_no_name_gives_the_neutral_greeting_and_is_no_damage(register: str, reason: str) -> None:
    with pytest.raises(FirstNameError) as caught:
        tidy_name(register, AT_MOST, LEXICON)
    assert caught.value.reason == reason and damage(register) == ""


@pytest.mark.parametrize(
    ("register", "reason"),
    [
        ("?ukasz", "perso per strada"),
        ("Anna?", "perso per strada"),
        ("Ann\ufffd", "perso per strada"),
        ("MARÃA", "perso per strada"),
        ("An\0na", r"controllo o invisibile \(U\+0000\)"),
        ("An\tna", r"U\+0009"),
        ("An\nna", r"U\+000A"),
        ("Anna\x7f", r"U\+007F"),
        ("Anna\u2028", r"U\+2028"),
        ("Anna\ud800", r"U\+D800"),
        ("Anna\ue000", r"U\+E000"),
    ],
)
def test_damage_on_the_way_is_told_without_repeating_the_name(register: str, reason: str) -> None:
    assert re.search(reason, damage(register)) and register not in damage(register)
    with pytest.raises(FirstNameError, match=reason):
        tidy_name(register, AT_MOST, LEXICON)


@pytest.mark.parametrize("name", LISTED)
def test_listed_names_stay_as_they_are_and_come_back_from_capitals(name: str) -> None:
    assert tidy_name(name, AT_MOST, LEXICON) == tidy_name(name, AT_MOST, Lexicon()) == name
    if not re.search("[ıİ]", name):  # Python's capitals of these are not Turkey's
        assert shown(name.upper()).lower() == name.lower()
    assert decoded(name) == name and decoded(name.upper()) == name.upper()


@pytest.mark.parametrize("encoding", ["cp1252", "cp1254", "mac_roman", "cp850"])
def test_listed_names_come_back_from_up_to_three_wrong_encodings(encoding: str) -> None:
    for name in LISTED:
        wrong = name
        for _ in range(3):
            signs = (bytes([byte]).decode(encoding, errors="ignore") or chr(byte) for byte in wrong.encode())
            wrong = "".join(signs)
            assert decoded(wrong) == name


@pytest.mark.parametrize(
    ("written", "sounds"),
    [
        ("Lukasz", "wˈukaʃ"),
        ("LUKASZ", "wˈukaʃ"),
        ("Juergen", "jˈurɡen"),
        ("Seyma", "ʃejmˈa"),
        ("Wlodzimierz", "vwoʤˈimjeʃ"),
        ("Jose", "osˈe|ozˈe"),
        ("Tamara", "tˈama"),
        ("Enea", "enˈɛa"),
        ("Eufemia", "eʊfˈɛmia"),
        ("Amerigo", "amerˈiɡo"),
        ("Zoe", "ʣˈɔe"),
        ("Stefania", "stefˈania"),
        ("Giuseppe II", "ʤʊzˈɛpːe sekˈondo"),
        ("Elisabetta II", "sekˈonda"),
        ("Thị Ngọc", "tˈi ŋˈɔk"),
    ],
)
def test_names_are_said_as_they_are_meant(written: str, sounds: str) -> None:
    assert re.search(sounds, heard(written))


def test_no_letter_of_a_name_is_spelt_out() -> None:
    codes = (*range(0xC0, 0x180), *range(0x1CD, 0x21C), *range(0x1E00, 0x1F00))
    letters = [chr(code) for code in codes if code < 0x180 or unicodedata.decomposition(chr(code))]
    spelt_out = re.compile("tːeːra|akʧ")  # "lettera …", "… con accento"
    assert [letter for letter in letters if spelt_out.search(heard(f"M{letter}ma"))] == []


def test_without_its_accents_a_name_is_recognised_by_its_capital_alone() -> None:
    assert spoken("Ho male a un rene, disse Rene.", LEXICON).text == "Ho male a un rene, disse René."


def test_no_italian_name_is_said_as_a_foreign_one_without_accents() -> None:
    italian = tomllib.loads((assets_folder() / "names" / "italian.toml").read_text(encoding="utf-8"))
    names = {word.lower() for name in (*italian["women"], *italian["men"]) for word in name.split()}
    assert names & LEXICON.unaccented.keys() == set()


def test_length_counts_what_is_seen() -> None:
    assert tidy_name(" " * 50 + "Anna", 4, LEXICON) == "Anna"
    assert tidy_name("e\u0300a" * 5, 10, LEXICON) == "Èaèaèaèaèa"


def test_an_ampersand_alone_is_no_entity() -> None:
    assert unescaped("ROSA & ANNA") == "ROSA & ANNA"


def test_any_text_gives_a_name_that_can_be_shown_or_none() -> None:
    """Twenty thousand mutations of true names; what comes out is drawn in one family, or the font's lack is told."""
    dice = random.Random(11)
    setter = typesetter(assets_folder() / "fonts")
    signs = "ABCÈòÃ©©'’`´-–.,;/\\<>{}[]()&#%?*_\"  \t\n\0\u200b\u0307\u0301\ufffd\ud800İıßŁღ李é1٣ʿ😀"
    for _ in range(20_000):
        text = list(dice.choice(LISTED) if dice.random() < 0.7 else f"{dice.choice(LISTED)} {dice.choice(LISTED)}")
        for _ in range(dice.randint(0, 4)):
            place = dice.randrange(len(text) + 1)
            text[place : place + dice.randint(0, 1)] = dice.choice((dice.choice(signs), "&ograve;", "Ã²", "II"))
        register = "".join(text).upper() if dice.random() < 0.5 else "".join(text)
        name = shown(register)
        assert len(name) <= AT_MOST and name == unicodedata.normalize("NFC", name), repr(register)
        assert not re.search(r"[^\w\s\u0300-\u036f'’‘.·-]|[\d_]|^[\s-]|[\s-]$", name), repr(register)
        if name:
            assert visible(name) == name and shown(name) in (name, shown(name)), repr(register)
            assert setter.missing_glyphs(name) or len({setter.family(name)}) == 1
            assert not re.search(r"\d", spoken(f"Ciao {name}.", LEXICON).text)


def test_a_tidy_name_is_tidy_already() -> None:
    for register, _ in TABLE:
        name = shown(register)
        assert not name or shown(name) == name


def test_plain_spellings_are_small_letters_that_italians_write() -> None:
    plain = {unaccented(word) for word in LISTED}
    assert all(re.fullmatch(r"[a-z' -]+", word) for word in plain)
