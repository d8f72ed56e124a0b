# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Italian as written -> Italian as spoken: numbers, dates and amounts in words, and the lexicon.

Only text processing, imported in milliseconds, so that the key of a sentence's speech, and of the
segment around it, can be computed without a voice.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from unicodedata import combining, normalize

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
    """Entries by the written word, in lower case; ``Lexicon()`` is empty.

    A word is recognised without its accents as well, and as machine-readable papers spell it.
    """

    entries: Mapping[str, LexiconEntry] = field(default_factory=dict)

    @cached_property
    def unaccented(self) -> Mapping[str, str]:
        """The accented words of the lexicon by each other way to spell them.

        A way that is a word of the lexicon itself, or that two words share, is left out.
        """
        ways = [(way, word) for word in self.entries for way in _other_ways(word)]
        shared = Counter(way for way, _ in ways)
        return {way: word for way, word in ways if shared[way] == 1 and way not in self.entries}

    def entry(self, word: str) -> LexiconEntry | None:
        """The entry of a word that one of the patterns has matched.

        Without its accents only a name is recognised, by its capital: "Rene" is René, "rene" is the kidney.
        """
        key = _key(word)
        if key in self.entries:
            return self.entries[key]
        accented = self.unaccented.get(key) or self.unaccented.get(unaccented(word))
        return self.entries[accented] if accented and word[0].isupper() else None

    @cached_property
    def of_letters(self) -> re.Pattern[str]:
        """A pattern for the whole words of letters alone in NFC text, the longest first."""
        return _pattern(word for word in (*self.entries, *self.unaccented) if word.isalpha())

    @cached_property
    def with_signs(self) -> re.Pattern[str]:
        """The same for entries with a blank, a point, a digit or another sign."""
        return _pattern(word for word in (*self.entries, *self.unaccented) if not word.isalpha())


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern for whole words, whatever their capitals; without words it matches nothing."""
    any_word = "|".join(map(re.escape, sorted(words, key=lambda word: (-len(word), word)))) or "(?!)"
    return re.compile(rf"(?<![^\W_])({any_word})(?![^\W_])", re.IGNORECASE)


def load_lexicon(file: Path) -> Lexicon:
    """The lexicon of a TOML file: tables of ``"word" = {say = "…", ipa = "…"}``; the tables' names do not matter.

    It is read again only after a change. Raises PackError, which names the file and the word: not TOML, an unknown
    key, an empty value, a repeated word.
    """
    try:
        changed_ns = file.stat().st_mtime_ns
    except OSError as error:
        raise PackError(file, f"non si può leggere: {system_reason(error)}") from error
    return _read_lexicon(file, changed_ns)


@lru_cache(maxsize=4)
def _read_lexicon(file: Path, _changed_at_ns: int) -> Lexicon:
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
        entry = lexicon.entry(match[0])
        if entry is None:
            return match[0]
        word = _readable(entry.say or match[0])
        if entry.ipa:
            pronunciations[word] = entry.ipa
        return word

    # entries with signs first, which would else be read as something: "50&PIÙ", "e/o", "art."
    text = lexicon.with_signs.sub(said, _plain(text))
    text = lexicon.of_letters.sub(said, in_words(text))
    return Spoken(_tidy(_readable(text)), pronunciations)


_BASE_LETTERS = str.maketrans(
    {"ł": "l", "đ": "d", "ð": "d", "ø": "o", "ı": "i", "ħ": "h", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ə": "e"}
)
_TWO_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "đ": "dj", "ñ": "nn"})
"""How passports and typewriters replace letters that they lack (ICAO 9303, part 3, section 6)."""


def unaccented(word: str) -> str:
    """A word in small letters without accents, other letters as the nearest that Italians write.

    >>> unaccented("Łukasz"), unaccented("ÇAĞRI"), unaccented("İbrahim")
    ('lukasz', 'cagri', 'ibrahim')
    """
    letters = normalize("NFD", _key(word).translate(_BASE_LETTERS))
    return "".join(letter for letter in letters if not combining(letter))


def _other_ways(word: str) -> set[str]:
    return {unaccented(word), unaccented(word.translate(_TWO_LETTERS))} - {word}


def _key(word: str) -> str:
    return normalize("NFC", word).replace("İ", "i").lower()


def _plain(text: str) -> str:
    """Text with one form for each character: composed accents, plain blanks, straight apostrophes."""
    return re.sub(r"\s+", " ", normalize("NFC", text).translate({0x2019: "'", 0x2018: "'", 0x00AD: None}))


_READ_LIKE = {"š": "ş", "ś": "ş", "ž": "ş", "ż": "ş", "ź": "ş", "ț": "z", "ţ": "z", "ł": "w", "ğ": ""}
"""Letters that Italian voices would read as if they had no sign, and nearer ones: they know ş as in "sci"."""
_READABLE = str.maketrans(_READ_LIKE | {letter.upper(): near.upper() for letter, near in _READ_LIKE.items()})


def _readable(text: str) -> str:
    """Text whose foreign letters an Italian voice reads as nearly as it can.

    Those from U+1E00 on, Vietnamese above all, eSpeak would spell out with their names: they lose their accents.
    """
    if text.isascii():
        return text
    text = re.sub("[\u1e00-\u1eff]", lambda match: normalize("NFKD", match[0])[0], text.translate(_READABLE))
    text = re.sub("[čć](?![ei])", "ci", text)
    return re.sub("[\u0300-\u036f]", "", text)


def _tidy(text: str) -> str:
    """Text without double blanks, blanks before punctuation, or brackets: an aside is spoken between commas."""
    text = re.sub(r"\s*\(\s*", ", ", text)
    text = re.sub(r"\s*\)(?=\s*[.,;:!?…])", "", text)
    text = re.sub(r"\s*\)", ",", text)
    text = re.sub(r"[^\w\s.,;:!?…—«»“”\"'-]|_", " ", text)
    text = re.sub(r"\s+(?=[.,;:!?…])", "", re.sub(r"\s+", " ", text))
    return text.strip(" ,;:-")
