# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The voices that speak the sentences; ``VOICES`` lists them all, and importing it loads no engine."""

from pathlib import Path

from videoguide.errors import UnknownChoice
from videoguide.speech.voices.base import Voice
from videoguide.speech.voices.espeak import EspeakVoice
from videoguide.speech.voices.gtts import GttsVoice
from videoguide.speech.voices.kokoro import KokoroNicola, KokoroSara
from videoguide.speech.voices.silent import SilentVoice

__all__ = ["DEFAULT_VOICE", "SAYABLE", "VOICES", "Voice", "voice"]

DEFAULT_VOICE = "kokoro"
SAYABLE = "Ciao."
"""Something that any working voice can say."""

VOICES: dict[str, type[Voice]] = {
    "kokoro": KokoroSara,
    "kokoro-nicola": KokoroNicola,
    "espeak": EspeakVoice,
    "gtts": GttsVoice,
    "silent": SilentVoice,
}


def voice(id: str, *, assets: Path, models: Path, threads: int | None = None) -> Voice:
    """The voice with this id; cheap, as nothing is loaded before it speaks.

    ``assets`` is the folder that holds ``voices/``; ``models`` is a writable folder, in which the joined
    speech model is kept; ``threads`` is the number of threads to compute with (None: one per core).
    Raises UnknownChoice, which lists the ids.
    """
    try:
        return VOICES[id].make(assets, models, threads)
    except KeyError:
        raise UnknownChoice("voce", id, VOICES) from None
