"""Sentences -> one segment's sound: spoken, spaced, at the right loudness, with the times of each sentence.

Each sentence is spoken on its own and kept in the store (kind ``speech``), so a new first name
costs one sentence of speech and a changed pause costs none.
"""

import lzma
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from videoguide.errors import VoiceError
from videoguide.loudness import TARGET_LUFS, levelled, loudness
from videoguide.pronunciation import Lexicon, Spoken, spoken
from videoguide.store import Store, key_of
from videoguide.timing import AAC_FRAME_SAMPLES, frames_on_grid, ms_to_samples, samples_of
from videoguide.voices.base import Voice

if TYPE_CHECKING:  # only its fields are used; the module would bring the template engine along
    from videoguide.script import Sentence

SPEECH = "speech"
"""The store's kind of a spoken sentence."""

LEAD_IN_MS = 280
TAIL_MS = 640
SHORTEST_EDGE_MS = 22
"""More than 1,024 samples: the silence at both ends that makes segments joinable without loss."""

FADE_SAMPLES = ms_to_samples(5)
_FORM = b"speech1\n"

assert ms_to_samples(SHORTEST_EDGE_MS) >= AAC_FRAME_SAMPLES


@dataclass(frozen=True)
class SentenceTime:
    """When a sentence is heard: ``start`` its first sample (48 kHz) in the segment, ``end`` one past its last."""

    id: str
    start: int
    end: int


@dataclass(frozen=True)
class Timing:
    """When each sentence of a segment is heard, and for how many pictures all of it lasts: a multiple of 8."""

    sentences: tuple[SentenceTime, ...]
    frames: int


@dataclass(frozen=True, eq=False)
class Narration(Timing):
    """A segment's sound: float32 mono 48 kHz, shape (frames * 1920,), and when each sentence is heard."""

    samples: NDArray[np.float32]


def narrate(
    sentences: Sequence["Sentence"],
    voice: Voice,
    lexicon: Lexicon,
    store: Store,
    *,
    lead_in_ms: int = LEAD_IN_MS,
    tail_ms: int = TAIL_MS,
) -> Narration:
    """The sentences one after the other, each with its pause, on the 0.32 s grid at −16 LUFS.

    Silence: ``lead_in_ms`` before the first sentence; after the last one ``tail_ms`` or its own
    pause, whichever is longer, filled up to the grid. Both ends are at least 22 ms of zeros.
    Without sentences the segment is silent and as long as both ends.
    Raises VoiceError, StoreError.
    """
    spoken_sentences = [speech(spoken(sentence.text, lexicon), voice, store) for sentence in sentences]
    placed = _placed(sentences, list(map(len, spoken_sentences)), lead_in_ms, tail_ms)
    samples = np.zeros(samples_of(placed.frames), dtype=np.float32)
    for time, sound in zip(placed.sentences, spoken_sentences, strict=True):
        samples[time.start : time.end] = _faded(_even(sound))
    return Narration(placed.sentences, placed.frames, levelled(samples))


def timing(
    sentences: Sequence["Sentence"],
    voice: Voice,
    lexicon: Lexicon,
    store: Store,
    *,
    lead_in_ms: int = LEAD_IN_MS,
    tail_ms: int = TAIL_MS,
) -> Timing:
    """When each sentence of :func:`narrate` is heard: what it says is spoken, but not mixed."""
    lengths = [len(speech(spoken(sentence.text, lexicon), voice, store)) for sentence in sentences]
    return _placed(sentences, lengths, lead_in_ms, tail_ms)


def _placed(sentences: Sequence["Sentence"], lengths: Sequence[int], lead_in_ms: int, tail_ms: int) -> Timing:
    """The times of sentences of so many samples."""
    place = ms_to_samples(max(lead_in_ms, SHORTEST_EDGE_MS))
    times: list[SentenceTime] = []
    for sentence, length in zip(sentences, lengths, strict=True):
        times.append(SentenceTime(sentence.id, place, place + length))
        place += length + ms_to_samples(sentence.pause_ms)
    end = times[-1].end if times else place
    end = max(end + ms_to_samples(max(tail_ms, SHORTEST_EDGE_MS)), place)
    return Timing(tuple(times), frames_on_grid(end))


def speech(said: Spoken, voice: Voice, store: Store) -> NDArray[np.float32]:
    """One sentence's sound as the voice gives it, from the store if it is there whole, else spoken and stored.

    Made or found, the samples are the same: 16 bits of the sentence's own peak.
    """
    key = speech_key(said, voice)
    file = store.find(SPEECH, key)
    if file is not None:
        found = unpacked(file.read_bytes())
        if found is not None:
            return found
        store.remove(SPEECH, key)
    packed = _packed(voice.speak(said.text, said.pronunciations))
    store.put(SPEECH, key, [packed])
    made = unpacked(packed)
    if made is None:
        raise VoiceError(voice.id, "una frase detta non si può comprimere")
    return made


def speech_key(said: Spoken, voice: Voice) -> str:
    """The store's key of a sentence's speech; for looking it up, and for forgetting it."""
    return key_of(
        {
            "form": _FORM.decode().strip(),
            "voice": voice.id,
            "version": voice.version,
            "text": said.text,
            "pronunciations": dict(said.pronunciations),
        }
    )


def speech_keys(sentences: Iterable["Sentence"], voice: Voice, lexicon: Lexicon) -> list[str]:
    """The store's keys of the sentences' speech, in their order."""
    return [speech_key(spoken(sentence.text, lexicon), voice) for sentence in sentences]


def _packed(sound: NDArray[np.float32]) -> bytes:
    """Form mark, then xz (with its checksum) of: peak as float32, third differences of 16-bit samples as two planes."""
    peak = np.float32(np.abs(sound).max(initial=0.0) or 1.0)
    values = np.round(sound / peak * 32767).astype("<i2")
    for _ in range(3):
        values = np.diff(values, prepend=np.int16(0))  # wraps around in 16 bits, and back when unpacked
    folded = ((values << 1) ^ (values >> 15)).astype("<u2")  # small numbers, either sign: first byte mostly zero
    planes = folded.view(np.uint8).reshape(-1, 2).T.tobytes()
    return _FORM + lzma.compress(peak.astype("<f4").tobytes() + planes, check=lzma.CHECK_CRC64, preset=1)


def unpacked(data: bytes) -> NDArray[np.float32] | None:
    """The sound of ``_packed``, or None when the bytes are of another form, cut short or changed."""
    if not data.startswith(_FORM):
        return None
    try:
        plain = lzma.decompress(data[len(_FORM) :])
    except lzma.LZMAError:
        return None
    peak = np.frombuffer(plain[:4], dtype="<f4")[0]
    folded = np.ascontiguousarray(np.frombuffer(plain[4:], dtype=np.uint8).reshape(2, -1).T).view("<u2").ravel()
    values = ((folded >> 1) ^ -(folded & 1)).astype("<i2")
    for _ in range(3):
        values = np.cumsum(values, dtype=np.int16)
    return values.astype(np.float32) * np.float32(peak / 32767)


def _even(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """A sentence turned to the common loudness, so that none stands out from its neighbours."""
    measured = loudness(sound)
    if measured == -np.inf:
        return sound
    return sound * np.float32(10 ** ((TARGET_LUFS - measured) / 20))


def _faded(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """5 ms in, 5 ms out, starting and ending at zero (shorter in a sound of under 10 ms)."""
    length = min(FADE_SAMPLES, len(sound) // 2)
    ramp = np.linspace(0, 1, length, endpoint=False, dtype=np.float32)
    faded = sound.copy()
    faded[:length] *= ramp
    faded[len(faded) - length :] *= ramp[::-1]
    return faded
