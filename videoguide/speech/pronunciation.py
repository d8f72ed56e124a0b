# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Italian as written -> Italian as spoken: numbers, dates and amounts in words, and the lexicon.

Only text processing, imported in milliseconds, so that the key of a sentence's speech, and of the
segment around it, can be computed without a voice. num2words is imported when a digit first occurs.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from unicodedata import normalize

from videoguide.errors import PackError, system_reason

MONTHS = (
    *("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno"),
    *("luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"),
)


@dataclass(frozen=True)
class Spoken:
    """What a voice is asked to say, all of which is part of the speech's key.

    ``pronunciations`` maps words or phrases that occur in ``text`` to IPA.
    """

    text: str
    pronunciations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LexiconEntry:
    """How a word is pronounced: ``say`` in Italian spelling, for every voice; ``ipa`` for voices that take phonemes."""

    say: str | None = None
    ipa: str | None = None


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Entries by the written word, in lower case; ``Lexicon()`` is empty."""

    entries: Mapping[str, LexiconEntry] = field(default_factory=dict)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """A pattern for whole words of the lexicon in NFC text, the longest first; without words it matches nothing."""
        words = sorted(self.entries, key=lambda word: (-len(word), word))
        any_word = "|".join(re.escape(word) for word in words) or "(?!)"
        return re.compile(rf"(?<![^\W_])({any_word})(?![^\W_])", re.IGNORECASE)


def load_lexicon(file: Path) -> Lexicon:
    """The lexicon of a TOML file: tables of ``"word" = {say = "…", ipa = "…"}``; the tables' names do not matter.

    Raises PackError, which names the file and the word: not TOML, an unknown key, an empty value, a repeated word.
    """
    import tomllib

    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise PackError(file, f"non si può leggere: {system_reason(error)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PackError(file, f"non è TOML: {error}") from error
    entries: dict[str, LexiconEntry] = {}
    for table, words in tables.items():
        for word, data in words.items() if isinstance(words, dict) else [("", words)]:
            where = f"{table}, {word}" if word else table
            if not isinstance(data, dict) or not data or not data.keys() <= {"say", "ipa"}:
                raise PackError(file, 'una voce ha "say", "ipa" o tutti e due', where=where)
            if not all(isinstance(value, str) and value.strip() for value in data.values()):
                raise PackError(file, '"say" e "ipa" sono parole, non vuote', where=where)
            if _key(word) in entries:
                raise PackError(file, "questa parola c’è due volte", where=where)
            entries[_key(word)] = LexiconEntry(**data)
    return Lexicon(entries)


@lru_cache(maxsize=4096)  # guides share their sentences
def spoken(text: str, lexicon: Lexicon) -> Spoken:
    """``text`` as it is to be spoken, without what cannot be spoken; never raises.

    >>> spoken("Hai 18 anni e 8.000 euro dal 01/06/2023.", Lexicon()).text
    'Hai diciotto anni e ottomila euro dal primo giugno duemilaventitré.'
    >>> spoken("Usa la CIE.", Lexicon({"cie": LexiconEntry(say="ci-i-e")})).text
    'Usa la ci-i-e.'
    """
    parts, pronunciations = [], {}
    for n, piece in enumerate(lexicon.pattern.split(_plain(text))):
        if n % 2 == 0:
            parts.append(in_words(piece))
            continue
        entry = lexicon.entries[_key(piece)]
        word = entry.say or piece
        parts.append(word)
        if entry.ipa:
            pronunciations[word] = entry.ipa
    return Spoken(_tidy("".join(parts)), pronunciations)


def _key(word: str) -> str:
    return normalize("NFC", word).lower()


def _plain(text: str) -> str:
    """Text with one form for each character: composed accents, plain blanks, straight apostrophes."""
    return re.sub(r"\s+", " ", normalize("NFC", text).translate({0x2019: "'", 0x2018: "'", 0x00AD: None}))


def _tidy(text: str) -> str:
    """Text without double blanks, blanks before punctuation, or brackets: an aside is spoken between commas."""
    text = re.sub(r"\s*\(\s*", ", ", text)
    text = re.sub(r"\s*\)(?=\s*[.,;:!?…])", "", text)
    text = re.sub(r"\s*\)", ",", text)
    text = re.sub(r"[^\w\s.,;:!?…—«»“”\"'-]|_", " ", text)
    text = re.sub(r"\s+(?=[.,;:!?…])", "", re.sub(r"\s+", " ", text))
    return text.strip(" ,;:-")


# --- numbers, dates, amounts, symbols -------------------------------------------------------

_NUMBER = r"\d{1,3}(?:\.\d{3})+(?!\d)|\d+"


def in_words(text: str) -> str:
    """Italian text with its numbers, dates, times, euro amounts, ordinals and symbols in words.

    >>> in_words("il 50% di 1.250,50 €")
    'il cinquanta per cento di milleduecentocinquanta euro e cinquanta centesimi'
    """
    text = re.sub(r"(?:https?://)?\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:/[a-z0-9-]+)*", _address, text)
    if any(character.isdigit() for character in text):
        text = _digits_in_words(text)
    for symbol, word in (("%", " per cento"), ("€", " euro"), ("&", " e "), ("@", " chiocciola "), ("+", " più ")):
        text = text.replace(symbol, word)
    text = re.sub(r"(?<=\w)/(?=\w)", " o ", text)
    return re.sub(r" {2,}", " ", text)


def _address(match: re.Match[str]) -> str:
    """An address in words: "inps.it/auu" -> "inps punto it barra auu"."""
    return match[0].split("://")[-1].replace(".", " punto ").replace("/", " barra ")


def _digits_in_words(text: str) -> str:
    text = re.sub(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b", _date, text)
    text = re.sub(r"\b(\d{1,2})[:.](\d{2})\b(?![.,]?\d)", _time, text)
    text = re.sub(rf"€ ?({_NUMBER})(?:,(\d\d))?\b", r"\1,\2 euro", text).replace(", euro", " euro")
    text = re.sub(rf"\b({_NUMBER})(?:,(\d\d))? ?(?:euro\b|€)", _euro, text)
    text = re.sub(r"\b(\d{1,4}) ?([°ºª])", _ordinal, text)
    text = re.sub(rf"\b1 (?=(?:{'|'.join(MONTHS)})\b)", "primo ", text)
    text = re.sub(r"\bn\. ?(?=\d)", "numero ", text)
    text = re.sub(r"(?<=\d) ?[-–] ?(?=\d)", " a ", text)
    text = re.sub(r"(?<![.,\d])(?:\d{3}(?: \d{3})+|0\d+|\d{7,})(?![.,]?\d)", _digit_by_digit, text)
    text = re.sub(rf"\b({_NUMBER}),(\d+)\b", lambda m: f"{_cardinal(m[1])} virgola {_cardinal(m[2])}", text)
    text = re.sub(r"\b1 (?=[a-zàèéìòù]+)(\w*)", _with_article, text)
    text = re.sub(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)", " ", text)  # 3D
    return re.sub(_NUMBER, lambda m: _cardinal(m[0]), text)


def _cardinal(digits: str) -> str:
    from num2words import num2words

    words = str(num2words(int(digits.replace(".", "")), lang="it"))
    return words[:-1] + "é" if words.endswith("tre") and words != "tre" else words  # ventitré is written with é


def _ordinal(match: re.Match[str]) -> str:
    from num2words import num2words

    word = str(num2words(int(match[1]), lang="it", to="ordinal"))
    return word[:-1] + "a" if match[2] == "ª" else word


def _date(match: re.Match[str]) -> str:
    day, month = int(match[1]), int(match[2])
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return match[0].replace("/", " ")
    return f"{'primo' if day == 1 else _cardinal(match[1])} {MONTHS[month - 1]} {_cardinal(match[3])}"


def _time(match: re.Match[str]) -> str:
    hours, minutes = int(match[1]), int(match[2])
    if hours > 23 or minutes > 59:
        return match[0]
    return _cardinal(match[1]) + (f" e {_cardinal(match[2])}" if minutes else "")


def _euro(match: re.Match[str]) -> str:
    cents = int(match[2] or 0)
    whole = "un" if match[1] == "1" else _cardinal(match[1])
    return f"{whole} euro" + (f" e {_cardinal(match[2])} centesimi" if cents else "")


def _digit_by_digit(match: re.Match[str]) -> str:
    groups = match[0].split()
    return ", ".join(" ".join(_cardinal(digit) for digit in group) for group in groups)


def _with_article(match: re.Match[str]) -> str:
    """A noun counted once, with its article: "1 anno" -> "un anno", "1 domanda" -> "una domanda"."""
    noun = match[1]
    if noun.endswith("a") and not noun.endswith(("ema", "amma")):
        return f"una {noun}"
    return f"{'uno' if re.match(r'z|s[^aeiou]|gn|ps', noun) else 'un'} {noun}"
