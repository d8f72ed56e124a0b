# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Sentences -> one segment's sound: spoken, spaced, at the right loudness, with the time of each sentence.

Each sentence is spoken separately and kept in the store (kind ``speech``), so a new first name
takes one new sentence of speech and a changed pause takes none.
"""

import lzma
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from videoguide.errors import VoiceError
from videoguide.speech.loudness import TARGET_LUFS, levelled, loudness
from videoguide.speech.pronunciation import Lexicon, Spoken, spoken
from videoguide.speech.sentences import Sentence, SentenceTime
from videoguide.speech.voices.base import Voice
from videoguide.store import Store, key_of
from videoguide.timing import AAC_FRAME_SAMPLES, frames_on_grid, frames_to_samples, ms_to_samples

SPEECH = "speech"
"""The store's kind for spoken sentences."""

LEAD_IN_MS, TAIL_MS = 280, 640
"""The silence before a scene's first sentence and after its last one: time for the picture to begin and to fade out."""
SHORTEST_EDGE_MS = 22
"""The shortest silence at both ends: more than 1,024 samples, which makes segments joinable without loss."""

FADE_SAMPLES = ms_to_samples(5)
_FORM = b"speech1\n"

assert ms_to_samples(SHORTEST_EDGE_MS) >= AAC_FRAME_SAMPLES


@dataclass(frozen=True)
class Timing:
    """When each sentence of a segment is heard, and the segment's length in pictures: a multiple of 8."""

    sentences: tuple[SentenceTime, ...]
    frames: int


@dataclass(frozen=True, eq=False)
class Narration(Timing):
    """A segment's sound: float32 mono 48 kHz, shape (frames * 1920,), and when each sentence is heard."""

    samples: NDArray[np.float32]


def narrate(
    sentences: Sequence[Sentence],
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
    Without sentences the segment is silent and as long as both ends together, filled up to the grid.
    Raises VoiceError, StoreError.
    """
    sounds = [speech(spoken(sentence.text, lexicon), voice, store) for sentence in sentences]
    timing = _timing(sentences, list(map(len, sounds)), lead_in_ms, tail_ms)
    samples = np.zeros(frames_to_samples(timing.frames), dtype=np.float32)
    for time, sound in zip(timing.sentences, sounds, strict=True):
        samples[time.start_sample : time.end_sample] = _faded(_even(sound))
    return Narration(timing.sentences, timing.frames, levelled(samples))


def timing(
    sentences: Sequence[Sentence],
    voice: Voice,
    lexicon: Lexicon,
    store: Store,
    *,
    lead_in_ms: int = LEAD_IN_MS,
    tail_ms: int = TAIL_MS,
) -> Timing:
    """When each sentence of :func:`narrate` is heard; the sentences are spoken and stored, but not mixed."""
    lengths_samples = [len(speech(spoken(sentence.text, lexicon), voice, store)) for sentence in sentences]
    return _timing(sentences, lengths_samples, lead_in_ms, tail_ms)


def _timing(sentences: Sequence[Sentence], lengths_samples: Sequence[int], lead_in_ms: int, tail_ms: int) -> Timing:
    """The times of sentences whose sounds have these lengths."""
    at_sample = ms_to_samples(max(lead_in_ms, SHORTEST_EDGE_MS))
    times: list[SentenceTime] = []
    for sentence, length_samples in zip(sentences, lengths_samples, strict=True):
        times.append(SentenceTime(sentence.id, at_sample, at_sample + length_samples))
        at_sample += length_samples + ms_to_samples(sentence.pause_ms)
    end_sample = times[-1].end_sample if times else at_sample
    end_sample = max(end_sample + ms_to_samples(max(tail_ms, SHORTEST_EDGE_MS)), at_sample)
    return Timing(tuple(times), frames_on_grid(end_sample))


def speech(words: Spoken, voice: Voice, store: Store) -> NDArray[np.float32]:
    """One sentence's sound as the voice gives it: from the store if it is whole there, else spoken and stored.

    The samples are the same in both cases: 16 bits, scaled to the sentence's peak.
    """
    key = speech_key(words, voice)
    file = store.find(SPEECH, key)
    if file is not None:
        stored_sound = unpacked(file.read_bytes())
        if stored_sound is not None:
            return stored_sound
        store.remove(SPEECH, key)
    packed = _packed(voice.speak(words.text, words.pronunciations))
    store.put(SPEECH, key, [packed])
    sound = unpacked(packed)
    if sound is None:
        raise VoiceError(voice.id, "una frase detta non si può comprimere")
    return sound


def speech_key(words: Spoken, voice: Voice) -> str:
    """The store's key of a sentence's speech."""
    return key_of(
        {
            "form": _FORM.decode().strip(),
            "voice": voice.id,
            "version": voice.version,
            "text": words.text,
            "pronunciations": dict(words.pronunciations),
        }
    )


def speech_keys(sentences: Iterable[Sentence], voice: Voice, lexicon: Lexicon) -> list[str]:
    """The store's keys of the speech of these sentences, in their order."""
    return [speech_key(spoken(sentence.text, lexicon), voice) for sentence in sentences]


def _packed(sound: NDArray[np.float32]) -> bytes:
    """The form's mark, then xz (with a checksum) of the peak as float32 and the third differences of 16-bit samples."""
    peak = np.float32(np.abs(sound).max(initial=0.0) or 1.0)
    values = np.round(sound / peak * 32767).astype("<i2")
    for _ in range(3):
        values = np.diff(values, prepend=np.int16(0))  # wraps around in 16 bits, and back when unpacked
    folded = ((values << 1) ^ (values >> 15)).astype("<u2")  # small numbers, either sign: first byte mostly zero
    planes = folded.view(np.uint8).reshape(-1, 2).T.tobytes()
    return _FORM + lzma.compress(peak.astype("<f4").tobytes() + planes, check=lzma.CHECK_CRC64, preset=1)


def unpacked(data: bytes) -> NDArray[np.float32] | None:
    """The sound that ``_packed`` packed, or None when the bytes have another form, are truncated or damaged."""
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
    """A sentence brought to the common loudness, so that none is louder than its neighbours."""
    measured_lufs = loudness(sound)
    if measured_lufs == -np.inf:
        return sound
    return sound * np.float32(10 ** ((TARGET_LUFS - measured_lufs) / 20))


def _faded(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """A sound faded in and out over 5 ms, from zero and to zero; over less in a sound shorter than 10 ms."""
    length = min(FADE_SAMPLES, len(sound) // 2)
    ramp = np.linspace(0, 1, length, endpoint=False, dtype=np.float32)
    faded = sound.copy()
    faded[:length] *= ramp
    faded[len(faded) - length :] *= ramp[::-1]
    return faded
