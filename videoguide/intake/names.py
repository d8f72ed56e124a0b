# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A first name as registers hold it -> the name as its owner would write it, or none.

What registers do to names: capitals without accents, an apostrophe in place of an accent, text that was encoded twice,
HTML, a word such as XXX where the name is unknown. What is sure is put right; what would be a guess is left as it came,
and only the voice, by the lexicon, says it as it is meant. The rules and their reasons are in ``docs/names.md``.
"""

import html
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from videoguide.assets import assets_folder
from videoguide.errors import FirstNameError
from videoguide.speech.pronunciation import Lexicon, unaccented

LOST = "?\ufffd"  # what exports write instead of a character that their encoding lacks
BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # invisible letters and signs

_NO_NAMES = frozenset(
    """
    nd nn nc np nr sn ns fnu lnu null none undefined unknown noname test prova nome cognome
    senza nessuno nessuna sconosciuto sconosciuta sconosc ignoto ignota anonimo anonima vuoto mancante manca assente
    omissis neonato neonata vacante
    nodata nessunnome nessundato senzanome senzadati senzaprenome nomesconosciuto nomeignoto nomeassente
    nonnoto nonnota nonindicato nonindicata nondichiarato nondichiarata nondisponibile nonpervenuto nonpresente
    nonrilevato nonspecificato nonspecificata noninserito noncomunicato nonconosciuto nonapplicabile nondefinito
    nonvalorizzato nontrasmesso nondato dadefinire dainserire dacompletare daspecificare dacomunicare
    """.split()  # noqa: SIM905 - a list of ninety words is read more easily like this
)
"""What registers write where they know no name, without blanks and signs."""

_PARTICLES = frozenset(
    ("al", "bin", "bint", "da", "das", "de", "del", "della", "delle", "dei", "der", "di", "do", "dos", "e", "ed", "el")
) | frozenset(("ibn", "la", "las", "los", "ul", "ur", "van", "von", "y"))
"""Words inside a name that are written small: "Abd el-Rahman", "Maria del Carmen"."""
_ELISIONS = frozenset(("d", "l", "n", "m", "s", "o", "c", "k", "all", "dall", "dell", "nell", "sull", "sant"))
"""What stands before an apostrophe that joins two words, both with a capital: "D'Angela", "Dell'Orto", "N'Diaye"."""
_ROMAN = re.compile("(?!(?:VI|XI|V|X)$)(?:X{0,3})(?:IX|IV|V?I{0,3})")  # Vi and Xi are names
_STRESSED = "àáâãèéêëìíîïòóôõùúûýÿ"
"""Vowels with an accent that makes no other letter of them."""
_ACCENTED = {"a": "à", "e": "è", "i": "ì", "o": "ò", "u": "ù"}

_APOSTROPHES = str.maketrans({**dict.fromkeys("`´′ʹʼʻ＇", "'"), "ʿ": "‘", "ʾ": "’"})
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
_ENCODINGS = ("cp1252", "cp1254", "cp1250", "iso8859-15", "mac_roman", "cp850", "cp437")


@dataclass(frozen=True)
class _Spellings:
    """Accented names of a lexicon by their plain spelling, both in small letters.

    ``in_capitals`` has those that are sure where a name in capitals has no accent at all, ``with_apostrophe`` those
    that an apostrophe in place of the accent makes sure.
    """

    in_capitals: Mapping[str, str]
    with_apostrophe: Mapping[str, str]


@lru_cache(maxsize=65_536)
def tidy_name(text: str, at_most: int, lexicon: Lexicon) -> str:
    """The first name in a cell of a register, for voice and picture.

    In capitals, a name whose accents are sure is given them, by the accented spellings of ``lexicon``. A name of more
    than ``at_most`` characters is shortened to its first two names, or to one. Raises FirstNameError, which says why,
    where there is no name that can be said: the guide then has the neutral greeting.

    >>> tidy_name("  MARIA   GRAZIA ", 40, Lexicon())
    'Maria Grazia'
    >>> tidy_name("NOE'", 40, Lexicon()), tidy_name("ABD EL-RAHMAN", 40, Lexicon())
    ('Noè', 'Abd el-Rahman')
    """
    name = _cleaned(text)
    words = list(_words(name, _spellings(lexicon)))
    if not words or _is_no_name(text, "".join(words)):
        raise FirstNameError("non è un nome" if words else "è vuoto")
    return _shortened(" ".join(words), at_most)


def visible(text: str) -> str:
    """Text in composed form, blanks folded; raises FirstNameError for lost, control or invisible characters."""
    text = unicodedata.normalize("NFC", text)
    for character in text:
        if character in LOST:
            raise FirstNameError("contiene un carattere perso per strada ('?')")
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") or _is_invisible(character):
            raise FirstNameError(f"contiene un carattere di controllo o invisibile (U+{ord(character):04X})")
    return " ".join(text.split())


def _is_invisible(character: str) -> bool:
    """Whether a character is blank, or only selects a variant of the one before it (U+FE00 … and U+E0100 …)."""
    return character in BLANK or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


# --- from bytes gone astray to characters -------------------------------------------------------


def damage(text: str) -> str:
    """Why a name was damaged on its way here, so that its whole row cannot be trusted; nothing for any other text."""
    try:
        _sound(text)
    except FirstNameError as error:
        return error.reason
    return ""


@lru_cache(maxsize=65_536)
def _sound(text: str) -> str:
    """The text with one form for each character, without what no eye sees. Raises FirstNameError for a damaged one."""
    text = decoded(unescaped(text)).translate(_APOSTROPHES).translate(_DASHES)
    text = unicodedata.normalize("NFKC", text)
    seen = (" " if unicodedata.category(sign) == "Zs" or sign in BLANK else sign for sign in text)
    text = "".join(sign for sign in seen if unicodedata.category(sign) != "Cf" and not _is_invisible(sign))
    text = visible(re.sub(r"(?<=[iıj])\u0307", "", text))  # what is left of a small İ
    if re.search(r"[Ãã](?=[^\W\d_])(?![oeis])", text, re.IGNORECASE):  # half of a letter that was encoded twice
        raise FirstNameError("contiene un carattere perso per strada ('?')")
    return text


def _cleaned(text: str) -> str:
    """The text of a cell as names, divided by blanks or hyphens."""
    text = re.sub(r"\s*[(\[{].*", "", _sound(text))  # "ANNA (DETTA NINA)"
    text = re.sub(r"[/,;|\\&+_:\"«»“”„*#]", " ", text)
    text = re.sub(r"\s*-[\s-]*", "-", text)
    text = re.sub(r"(?<=\w\w) [B-DF-HJ-NP-TV-Z]\.?$", "", " ".join(text.split()))  # another name's initial
    text = text.strip("-. ")
    if re.search(r"[\u0300-\u036f]{2}", text) or not re.fullmatch(r"(?:[^\W\d_]|[ '’‘.·\u0300-\u036f-])*", text):
        raise FirstNameError("contiene segni che un nome non ha")
    return text


def unescaped(text: str) -> str:
    """Text with its HTML entities as characters, also where somebody has turned them into capitals or escaped twice.

    >>> unescaped("Nicol&ograve;"), unescaped("NICOL&amp;OGRAVE;")
    ('Nicolò', 'NICOLò')
    """
    for _ in range(2):
        text = html.unescape(re.sub(r"&#?\w+;", lambda match: html.unescape(match[0].lower()), text))
    return text


def decoded(text: str) -> str:
    """Text that was read in a wrong encoding, once or twice, as it was meant; any other as it is.

    UTF-8 that was read as Windows-1252 and the like consists of signs that, written back, are valid UTF-8; no true
    name is that. The library ftfy knows the same in running text, where it has to be careful: it leaves "NICOLÃ’".

    >>> decoded("CanicattÃ²"), decoded("NICOLÃ’"), decoded("Conceição")
    ('Canicattò', 'NICOLÒ', 'Conceição')
    """
    for encoding in () if text.isascii() else _ENCODINGS:
        words, times = text, 0
        while times < 3 and (reread := _reread(words, encoding)):
            words, times = reread, times + 1
        if times and re.fullmatch(r"(?:[A-Za-z\u00c0-\u024f\u0300-\u036f\u1e00-\u1eff]|[ '’‘.,/-])*", words):
            return words
    return "".join(_of_windows(sign) for sign in text)


def _reread(text: str, encoding: str) -> str:
    """The text as UTF-8, had it been read in this encoding; empty where it cannot have been, or holds nothing else."""
    try:
        # a byte for which the encoding has no sign is read as the control character of its number
        data = b"".join(bytes([ord(sign)]) if "\x80" <= sign <= "\x9f" else sign.encode(encoding) for sign in text)
        words = data.decode("utf-8")
    except UnicodeError:
        return ""
    return "" if words == text else words


def _of_windows(sign: str) -> str:
    """A control character from U+0080 on as what Windows-1252 has in its place."""
    if not "\x80" <= sign <= "\x9f":
        return sign
    return bytes([ord(sign)]).decode("cp1252", errors="ignore") or sign


# --- from characters to a name ------------------------------------------------------------------


def _words(name: str, spellings: _Spellings) -> Iterator[str]:
    """The names in a text, each as it is written."""
    name = re.sub(r"(?<!\S)['’‘]+(?!\S)", " ", name)  # MARIA ' TERESA
    name = re.sub(r"(?<!\S)['’‘]([^ '’‘]+)['’‘](?!\S)", r"\1", name)  # in quotes
    name = re.sub(rf"(?i)(?<![^\W_])({'|'.join(_ELISIONS)})(['’‘]) (?=[^\W_])", r"\1\2", name)  # D' ANGELO
    words = re.sub(r"([^ '’‘-]+)(['’‘])(?=[^\W_]{3})", lambda match: _parted(match, spellings), name).split()
    plain_letters = [letter for letter in name if letter.isascii() and letter.isalpha()]
    capitals = all(map(str.isupper, plain_letters or filter(str.isalpha, name)))
    small = all(map(str.islower, filter(str.isalpha, name)))
    for place, word in enumerate(words):
        yield _written(word, spellings, capitals=capitals, small=small, first=not place, last=place == len(words) - 1)


def _parted(match: re.Match[str], spellings: _Spellings) -> str:
    """An apostrophe between letters that is an accent, where the blank was lost: "NICOLO'MARIA"."""
    lacks_blank = match[1].lower() not in _ELISIONS and match[1].lower() in spellings.with_apostrophe
    return f"{match[0]} " if lacks_blank else match[0]


def _written(word: str, spellings: _Spellings, *, capitals: bool, small: bool, first: bool, last: bool) -> str:
    """A word between blanks as it is written: its capitals, its accents."""
    if capitals and last and not first and _ROMAN.fullmatch(word):
        return word
    shouted = capitals or small or (word.isupper() and sum(map(str.isalpha, word)) > 2)
    parts = re.split("(-)", word)
    for at, part in enumerate(parts):
        if part == "-":
            continue
        inner = not (first and at == 0) and not (last and at == len(parts) - 1)
        if shouted and inner and part.lower() in _PARTICLES:
            parts[at] = part.lower()
        else:
            parts[at] = _accented(part, spellings, shouted=shouted, capitals=shouted and not small, last=last)
    return "".join(parts)


def _accented(part: str, spellings: _Spellings, *, shouted: bool, capitals: bool, last: bool) -> str:
    """A part without hyphens: accents in place of apostrophes, and those that capitals have dropped where sure."""
    bare = re.sub("['’‘]", "", part)
    forms = spellings.with_apostrophe if bare != part else spellings.in_capitals if capitals else {}
    if accented := forms.get(unaccented(bare)):
        return _capitalised(accented)
    stem = part.rstrip("'’‘")
    if stem != part and stem and (last or len(stem) > 2):  # "DE' MEDICI" keeps it
        part = stem + _accent_of(stem)
        if part != stem:
            part = part[:-2] + part[-1]
    return _cased(part) if shouted else part


def _accent_of(stem: str) -> str:
    """The accented vowel that an apostrophe at the end of a name stands for; nothing where it stands for none.

    Men's names in -o, names in -a and those in the lists of names have no accent there: the apostrophe is a slip.
    """
    vowel = stem[-1].lower()
    if vowel not in "eiu" or unaccented(stem) in _usual_names():
        return ""
    accented = _ACCENTED[vowel]
    return accented.upper() if stem[-1].isupper() else accented


def _capitalised(word: str) -> str:
    return word[:1].upper() + word[1:]


def _cased(part: str) -> str:
    """A part in capitals or small letters with its capital, and another after an apostrophe that joins two words."""
    pieces = re.split("(['’‘])", part)
    small = re.split("(['’‘])", _small(part))
    for at in range(0, len(pieces), 2):
        if at == 0 or not pieces[at - 2] or pieces[at - 2].lower() in _ELISIONS:
            small[at] = pieces[at][:1].upper()[:1] + small[at][1:]
    return "".join(small)


def _small(text: str) -> str:
    """Small letters; a Turkish I, which stands beside İ or Ğ, loses its dot or keeps it."""
    if re.search("[İĞğ]", text):
        text = text.replace("I", "ı")
    return text.replace("İ", "i").lower()


@lru_cache(maxsize=16)
def _spellings(lexicon: Lexicon) -> _Spellings:
    accented = {unaccented(word): word for word in lexicon.entries if word != unaccented(word)}
    sure = {plain: word for plain, word in lexicon.unaccented.items() if _is_sure(plain, word)}
    return _Spellings(in_capitals=sure, with_apostrophe=accented)


def _is_sure(plain: str, word: str) -> bool:
    """Whether a name that came as ``plain`` is to be shown as ``word``.

    Accents that only mark the stress or keep two vowels apart are dropped by whoever writes in capitals, and their
    owner writes them: José, Aïcha. Another letter of the alphabet (ł, ş, ü) that became its nearest in Italian is in
    the owner's Italian papers as it came: Malgorzata, Ayse. But with two such letters it is no spelling of anything:
    Çağrı, Đorđe.
    """
    if len(plain) != len(word) or plain in _usual_names():
        return False
    changed = [letter for letter, base in zip(word, plain, strict=True) if letter != base]
    return sum(letter not in _STRESSED for letter in changed) != 1


@lru_cache(maxsize=1)
def _usual_names() -> frozenset[str]:
    """Names, in small letters without accents, that are usual in Italy as they stand."""
    lists = [tomllib.loads(file.read_text("utf-8")) for file in sorted((assets_folder() / "names").glob("*.toml"))]
    names = [name for people in lists for name in (*people["women"], *people["men"]) if name.isascii()]
    return frozenset(word.lower() for name in names for word in re.split("[ -]", name))


def _shortened(name: str, at_most: int) -> str:
    """The name, or its first two names, or its first, whichever is not too long."""
    if len(name) <= at_most:
        return name
    words = name.split()
    names = [place for place, word in enumerate(words, 1) if word not in _PARTICLES]  # where a name ends
    for shorter in (*(" ".join(words[:end]) for end in names[1::-1]), words[0].split("-")[0]):
        if len(shorter) <= at_most:
            return shorter
    raise FirstNameError(f"ha {len(name)} caratteri; ammessi: {at_most}")


def _is_no_name(text: str, words: str) -> bool:
    """Whether a register says with this that it knows no name; one letter, once or many times, says so as well."""
    letters = "".join(filter(str.isalpha, unaccented(words)))
    if letters in ("na", "nan"):  # also Chinese names
        return re.search("[./]", text) is not None or text.strip() in ("nan", "NaN")
    return letters in _NO_NAMES or (len(set(letters)) < 2 and letters.isascii() and letters != "o")  # O is a name
