# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Italian as written -> Italian as spoken: numbers, dates and amounts in words, and the lexicon.

Only text processing, imported in milliseconds, so that the key of a sentence's speech, and of the
segment around it, can be computed without a voice.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from unicodedata import normalize

from videoguide.errors import PackError, system_reason
from videoguide.speech.numbers import in_words


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
    def of_letters(self) -> re.Pattern[str]:
        """A pattern for the whole words of letters alone in NFC text, the longest first."""
        return _pattern(word for word in self.entries if word.isalpha())

    @cached_property
    def with_signs(self) -> re.Pattern[str]:
        """The same for entries with a blank, a point, a digit or another sign."""
        return _pattern(word for word in self.entries if not word.isalpha())


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern for whole words, whatever their capitals; without words it matches nothing."""
    any_word = "|".join(map(re.escape, sorted(words, key=lambda word: (-len(word), word)))) or "(?!)"
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
    pronunciations: dict[str, str] = {}

    def said(match: re.Match[str]) -> str:
        entry = lexicon.entries[_key(match[0])]
        word = entry.say or match[0]
        if entry.ipa:
            pronunciations[word] = entry.ipa
        return word

    # entries with signs first, which would else be read as something: "50&PIÙ", "e/o", "art."
    text = lexicon.with_signs.sub(said, _plain(text))
    text = lexicon.of_letters.sub(said, in_words(text))
    return Spoken(_tidy(text), pronunciations)


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
