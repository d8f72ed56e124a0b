# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Sentences -> a segment's sound: grid, silence, times, loudness, store."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.places import ASSETS
from videoguide.errors import VoiceError
from videoguide.speech.loudness import CEILING_DBTP, TARGET_LUFS, levelled, limited, loudness, true_peak
from videoguide.speech.narration import (
    FADE_SAMPLES,
    LEAD_IN_MS,
    SPEECH,
    TAIL_MS,
    Narration,
    Timing,
    narrate,
    speech,
    speech_key,
    speech_keys,
    timing,
)
from videoguide.speech.pronunciation import Lexicon, LexiconEntry, Spoken
from videoguide.speech.sentences import Sentence, SentenceTime
from videoguide.speech.voices import Voice, voice
from videoguide.speech.voices.silent import SilentVoice
from videoguide.store import Store
from videoguide.timing import AAC_FRAME_SAMPLES, GRID_FRAMES, SAMPLE_RATE_HZ, frames_to_samples, ms_to_samples

Sound = NDArray[np.float32]

SENTENCES = (
    Sentence("hello", "Ciao Giuliana, benvenuta nella tua guida.", 400),
    Sentence("topic", "Parliamo della tua domanda di Assegno unico.", 500),
    Sentence("short", "Sì.", 300),
)


class HummingVoice(Voice):
    """Hums as long as the silent voice is silent: syllables of a low tone with overtones; counts its sentences."""

    id = "silent"
    description = "Ronza, per le prove."

    def __init__(self, amplitude: float = 0.2, version: str = "hum 1") -> None:
        self.amplitude = amplitude
        self.spoken: list[tuple[str, Mapping[str, str]]] = []
        self._version = version

    @property
    def version(self) -> str:
        return self._version

    def speak(self, text: str, pronunciations: Mapping[str, str]) -> Sound:
        self.spoken.append((text, dict(pronunciations)))
        time = np.arange(len(SilentVoice().speak(text, {}))) / SAMPLE_RATE_HZ
        tone = sum(np.sin(2 * np.pi * 130 * n * time + n) / n for n in range(1, 20))
        return (self.amplitude * tone * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time))).astype(np.float32)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def hum() -> HummingVoice:
    return HummingVoice()


# --- where the sentences are ----------------------------------------------------------------


def test_times_are_exact_to_the_sample(store: Store) -> None:
    narration = narrate(SENTENCES, SilentVoice(), Lexicon(), store)
    lengths = [len(SilentVoice().speak(sentence.text, {})) for sentence in SENTENCES]
    first = ms_to_samples(LEAD_IN_MS)
    second = first + lengths[0] + ms_to_samples(400)
    third = second + lengths[1] + ms_to_samples(500)
    assert narration.sentences == (
        SentenceTime("hello", first, first + lengths[0]),
        SentenceTime("topic", second, second + lengths[1]),
        SentenceTime("short", third, third + lengths[2]),
    )
    assert len(narration.samples) - narration.sentences[-1].end_sample >= ms_to_samples(TAIL_MS)
    assert len(narration.samples) - narration.sentences[-1].end_sample < ms_to_samples(TAIL_MS + 320)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_sound_is_float32_on_the_grid(store: Store, hum: HummingVoice, count: int) -> None:
    narration = narrate(SENTENCES[:count], hum, Lexicon(), store)
    assert narration.samples.dtype == np.float32
    assert narration.frames % GRID_FRAMES == 0
    assert narration.samples.shape == (frames_to_samples(narration.frames),)
    assert len(narration.sentences) == count


@pytest.mark.parametrize(("lead_in_ms", "tail_ms"), [(LEAD_IN_MS, TAIL_MS), (0, 0)])
def test_both_ends_are_zeros_longer_than_an_aac_frame(
    store: Store, hum: HummingVoice, lead_in_ms: int, tail_ms: int
) -> None:
    narration = narrate(SENTENCES[:1], hum, Lexicon(), store, lead_in_ms=lead_in_ms, tail_ms=tail_ms)
    assert not narration.samples[:AAC_FRAME_SAMPLES].any()
    assert not narration.samples[-AAC_FRAME_SAMPLES:].any()
    assert narration.samples.any()


def test_between_sentences_there_is_nothing(store: Store, hum: HummingVoice) -> None:
    narration = narrate(SENTENCES, hum, Lexicon(), store)
    heard = np.zeros(len(narration.samples), dtype=bool)
    for time in narration.sentences:
        heard[time.start_sample : time.end_sample] = True
    assert not narration.samples[~heard].any()


def test_every_sentence_fades_in_and_out(store: Store, hum: HummingVoice) -> None:
    narration = narrate(SENTENCES, hum, Lexicon(), store)
    for time in narration.sentences:
        sound = narration.samples[time.start_sample : time.end_sample]
        assert sound[0] == sound[-1] == 0
        assert np.abs(sound[: FADE_SAMPLES // 10]).max() < np.abs(sound).max() / 5
        assert np.abs(sound[-FADE_SAMPLES // 10 :]).max() < np.abs(sound).max() / 5


@pytest.mark.parametrize("pauses", [(), (300,), (300, 0, 2_000)])
def test_the_times_alone_are_those_of_the_sound(store: Store, hum: HummingVoice, pauses: tuple[int, ...]) -> None:
    sentences = [Sentence(f"s{number}", "Una frase di prova.", pause) for number, pause in enumerate(pauses)]
    narration = narrate(sentences, hum, Lexicon(), store)
    assert timing(sentences, hum, Lexicon(), store) == Timing(narration.sentences, narration.frames)
    assert len(narration.samples) == frames_to_samples(narration.frames)


def test_a_long_last_pause_is_kept(store: Store) -> None:
    narration = narrate([Sentence("a", "Ciao.", 3000)], SilentVoice(), Lexicon(), store, tail_ms=500)
    assert len(narration.samples) >= narration.sentences[0].end_sample + ms_to_samples(3000)


# --- the words ------------------------------------------------------------------------------


def test_the_voice_gets_the_spoken_form(store: Store, hum: HummingVoice) -> None:
    lexicon = Lexicon({"chiara": LexiconEntry(ipa="ˈkjaːra"), "cie": LexiconEntry(say="ci-i-e")})
    narrate([Sentence("a", "Chiara ha 18 anni e la CIE.", 0)], hum, lexicon, store)
    assert hum.spoken == [("Chiara ha diciotto anni e la ci-i-e.", {"Chiara": "ˈkjaːra"})]


# --- the store ------------------------------------------------------------------------------


def test_speech_made_and_speech_found_are_the_same_samples(store: Store, hum: HummingVoice) -> None:
    made = narrate(SENTENCES, hum, Lexicon(), store)
    stored = narrate(SENTENCES, hum, Lexicon(), store)
    assert len(hum.spoken) == len(SENTENCES)
    assert np.array_equal(made.samples, stored.samples)
    assert made.sentences == stored.sentences


def test_a_new_name_costs_one_sentence_of_speech(store: Store, hum: HummingVoice) -> None:
    narrate(SENTENCES, hum, Lexicon(), store)
    other = Sentence("hello", "Ciao Mario, benvenuto nella tua guida.", 400)
    narrate((other, *SENTENCES[1:]), hum, Lexicon(), store)
    assert [text for text, _ in hum.spoken[3:]] == [other.text]


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-20], lambda data: b"", lambda data: data[:99] + b"!" + data[100:]]
)
def test_damaged_speech_is_spoken_again(store: Store, hum: HummingVoice, damage: object) -> None:
    sentence = Spoken("Ciao.")
    good = speech(sentence, hum, store)
    file = store.path(SPEECH, speech_key(sentence, hum))
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]
    assert np.array_equal(speech(sentence, hum, store), good)
    assert len(hum.spoken) == 2
    assert np.array_equal(speech(sentence, hum, store), good)
    assert len(hum.spoken) == 2


def test_key_tells_apart_voice_version_words_and_pronunciations() -> None:
    keys = {
        speech_key(Spoken("Ciao."), SilentVoice()),
        speech_key(Spoken("Ciao."), HummingVoice()),
        speech_key(Spoken("Ciao."), HummingVoice(version="hum 2")),
        speech_key(Spoken("Ciao!"), HummingVoice()),
        speech_key(Spoken("Ciao.", {"Ciao": "ˈʧaːo"}), HummingVoice()),
    }
    assert len(keys) == 5


def test_speech_of_a_name_can_be_forgotten_by_its_key(store: Store, hum: HummingVoice) -> None:
    narrate(SENTENCES, hum, Lexicon(), store)
    keys = speech_keys(SENTENCES, hum, Lexicon())
    assert sorted(store.keys(SPEECH)) == sorted(keys)
    assert store.remove(SPEECH, keys[0])
    assert sorted(store.keys(SPEECH)) == sorted(keys[1:])


def test_stored_speech_is_smaller_than_plain_16_bits_and_true_to_them(store: Store, hum: HummingVoice) -> None:
    sentence = Spoken("Una frase abbastanza lunga da occupare qualche secondo di suono.")
    sound = speech(sentence, hum, store)
    raw = hum.speak(sentence.text, {})
    assert np.abs(sound - raw).max() <= np.abs(raw).max() / 65_000
    assert store.path(SPEECH, speech_key(sentence, hum)).stat().st_size < len(raw) * 2 * 0.7


def test_a_voice_that_fails_leaves_nothing_behind(store: Store) -> None:
    class Failing(HummingVoice):
        def speak(self, text: str, pronunciations: Mapping[str, str]) -> Sound:
            raise VoiceError("silent", "no")

    with pytest.raises(VoiceError):
        narrate(SENTENCES, Failing(), Lexicon(), store)
    assert not list(store.keys(SPEECH))


# --- loudness -------------------------------------------------------------------------------


@pytest.mark.parametrize("amplitude", [0.001, 0.05, 0.2, 0.9, 3.0])
def test_segment_is_at_minus_16_lufs_whatever_the_voice_gives(store: Store, amplitude: float) -> None:
    narration = narrate(SENTENCES, HummingVoice(amplitude), Lexicon(), store)
    assert loudness(narration.samples) == pytest.approx(TARGET_LUFS, abs=1)
    assert true_peak(narration.samples) <= -1


def test_a_segment_of_one_short_word_is_at_minus_16_lufs(store: Store, hum: HummingVoice) -> None:
    narration = narrate([Sentence("a", "Sì", 0)], hum, Lexicon(), store)
    assert loudness(narration.samples) == pytest.approx(TARGET_LUFS, abs=1)


def test_silence_stays_silence(store: Store) -> None:
    assert not narrate(SENTENCES, SilentVoice(), Lexicon(), store).samples.any()
    assert loudness(np.zeros(100_000, dtype=np.float32)) == -np.inf
    assert true_peak(np.zeros(100, dtype=np.float32)) == -np.inf


def test_sentences_of_one_segment_are_equally_loud(store: Store) -> None:
    class Uneven(HummingVoice):
        def speak(self, text: str, pronunciations: Mapping[str, str]) -> Sound:
            return super().speak(text, pronunciations) * np.float32(1 + len(self.spoken))

    narration = narrate(SENTENCES[:2], Uneven(), Lexicon(), store)
    first, second = (loudness(narration.samples[time.start_sample : time.end_sample]) for time in narration.sentences)
    assert first == pytest.approx(second, abs=0.5)


def speech_like(seconds: float, seed: int) -> Sound:
    random = np.random.default_rng(seed)
    noise = random.standard_normal(int(seconds * SAMPLE_RATE_HZ))
    noise = np.convolve(noise, np.hanning(20) / 10, mode="same")
    syllables = np.repeat(random.random(int(seconds * 10) + 1) ** 2, SAMPLE_RATE_HZ // 10)[: len(noise)]
    return (noise * np.convolve(syllables, np.ones(2400) / 2400, mode="same")).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.41, 1.0, 7.3, 30.0])
@pytest.mark.parametrize("gain", [0.01, 0.3, 2.0])
def test_loudness_agrees_with_pyloudnorm(seconds: float, gain: float) -> None:
    pyloudnorm = pytest.importorskip("pyloudnorm")
    sound = speech_like(seconds, seed=3) * np.float32(gain)
    theirs = pyloudnorm.Meter(SAMPLE_RATE_HZ).integrated_loudness(sound.astype(np.float64))
    assert loudness(sound) == pytest.approx(theirs, abs=0.15)


def test_true_peak_sees_between_the_samples() -> None:
    time = np.arange(SAMPLE_RATE_HZ // 10)
    sound = np.sin(2 * np.pi * time / 4 + np.pi / 4).astype(np.float32)  # no sample above 0.71
    assert np.abs(sound).max() < 0.71
    assert true_peak(sound[100:-100]) == pytest.approx(0, abs=0.3)


def test_true_peak_agrees_with_finer_oversampling() -> None:
    signal = pytest.importorskip("scipy.signal")
    sound = speech_like(3, seed=5)
    theirs = 20 * np.log10(np.abs(signal.resample_poly(sound.astype(float), 16, 1)).max())
    assert true_peak(sound) == pytest.approx(theirs, abs=0.3)


def test_limiter_holds_the_ceiling_without_clicks() -> None:
    time = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    sound = (0.5 * np.sin(2 * np.pi * 200 * time)).astype(np.float32)
    sound[20_000:20_400] *= 6
    calm = limited(sound)
    assert true_peak(calm) <= CEILING_DBTP + 0.1
    gain = calm[np.abs(sound) > 0.01] / sound[np.abs(sound) > 0.01]
    assert gain.max() <= 1.0001
    assert np.abs(np.diff(gain)).max() < 0.02  # it glides
    assert np.array_equal(calm[:15_000], sound[:15_000])


def test_a_quiet_sound_passes_the_limiter_untouched() -> None:
    sound = speech_like(1, seed=1) * np.float32(0.01)
    assert limited(sound) is sound


@pytest.mark.parametrize("length", [0, 1, 2, 47, 48, 49, 400])
def test_very_short_sounds_are_levelled_without_trouble(length: int) -> None:
    sound = np.full(length, 0.5, dtype=np.float32)
    assert len(levelled(sound)) == length
    assert np.isfinite(levelled(sound)).all()


# --- a real voice ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("voice_id", ["kokoro", "kokoro-nicola", "espeak"])
def test_real_speech_is_level_and_sits_where_its_times_say(
    tmp_path_factory: pytest.TempPathFactory, store: Store, voice_id: str
) -> None:
    models = tmp_path_factory.getbasetemp() / "narration-models"
    real_voice = voice(voice_id, assets=ASSETS, models=models, threads=2)
    narration: Narration = narrate(SENTENCES, real_voice, Lexicon(), store)
    assert loudness(narration.samples) == pytest.approx(TARGET_LUFS, abs=1)
    assert true_peak(narration.samples) <= -1
    for time in narration.sentences:
        sound = narration.samples[time.start_sample : time.end_sample]
        quarter = SAMPLE_RATE_HZ // 10
        assert np.abs(sound[:quarter]).max() > 0.005
        assert np.abs(sound[-quarter:]).max() > 0.005
