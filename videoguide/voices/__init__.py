"""Voices: what speaks the sentences. ``VOICES`` is the whole list; importing it costs nothing."""

from pathlib import Path

from videoguide.errors import UnknownChoice
from videoguide.voices.base import Voice
from videoguide.voices.espeak import EspeakVoice
from videoguide.voices.gtts import GttsVoice
from videoguide.voices.kokoro import KokoroNicola, KokoroSara
from videoguide.voices.silent import SilentVoice

__all__ = ["DEFAULT_VOICE", "SAYABLE", "VOICES", "Voice", "voice"]

DEFAULT_VOICE = "kokoro"
SAYABLE = "Ciao."
"""What any voice that works can say."""

VOICES: dict[str, type[Voice]] = {
    "kokoro": KokoroSara,
    "kokoro-nicola": KokoroNicola,
    "espeak": EspeakVoice,
    "gtts": GttsVoice,
    "silent": SilentVoice,
}


def voice(id: str, *, assets: Path, models: Path, threads: int | None = None) -> Voice:
    """The voice with this id; cheap, nothing is loaded before it speaks.

    ``assets`` is the folder that holds ``voices/``; ``models`` one that may be written to and
    keeps the joined speech model; ``threads`` how many to compute with (None: as many as cores).
    Raises UnknownChoice with the list of ids.
    """
    try:
        return VOICES[id].make(assets, models, threads)
    except KeyError:
        raise UnknownChoice("voce", id, VOICES) from None
