# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""One suite for all voices, then what each has of its own."""

import base64
import io
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import requests

from tests.support.places import ASSETS
from videoguide.errors import UnknownChoice, VoiceError
from videoguide.speech.voices import DEFAULT_VOICE, VOICES, Voice, voice
from videoguide.speech.voices import kokoro as kokoro_module
from videoguide.speech.voices.kokoro import ALPHABET, TOKENS, KokoroSara, in_alphabet, joined_model, phonemes
from videoguide.speech.voices.silent import MS_PER_CHARACTER, SilentVoice
from videoguide.speech.voices.sound import resampled, trimmed
from videoguide.timing import SAMPLE_RATE_HZ

SENTENCE = "Ciao Giuliana, la tua domanda è stata accolta."

slow = pytest.mark.slow
each_voice = pytest.mark.parametrize(
    "voice_id", [pytest.param(id, marks=slow if id.startswith("kokoro") else ()) for id in VOICES]
)


def mp3_of(sound: np.ndarray) -> bytes:
    """24 kHz MP3 as the online service would send it."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "f32le", "-ar", "24000", "-i", "pipe:0"]
    encoded = subprocess.run([*command, "-f", "mp3", "pipe:1"], input=sound.tobytes(), capture_output=True, check=True)
    return encoded.stdout


class FakeService(requests.adapters.BaseAdapter):
    """Stands at the HTTP border: answers as Google's service does, or fails, and keeps what it was sent."""

    def __init__(self, mp3: bytes = b"", status: int = 200, broken: bool = False) -> None:
        super().__init__()
        self.mp3, self.status, self.broken = mp3, status, broken
        self.sent: list[str] = []

    def send(self, request: requests.PreparedRequest, **options: object) -> requests.Response:  # type: ignore[override]
        self.sent.append(str(request.body))
        if self.broken:
            raise requests.ConnectionError("no route to translate.google.com for Giuliana")
        response = requests.Response()
        response.status_code, response.request, response.url = self.status, request, str(request.url)
        sound = base64.b64encode(self.mp3).decode()
        response.raw = io.BytesIO(f'[["wrb.fr","jQ1olc","[\\"{sound}\\"]",null]]'.encode())
        return response

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> FakeService:
    time = np.arange(24_000) / 24_000
    fake = FakeService(mp3_of((np.sin(2 * np.pi * 220 * time) * 0.5).astype("<f4")))
    monkeypatch.setattr(requests.Session, "get_adapter", lambda session, url: fake)
    return fake


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def speaker(voice_id: str, models: Path, service: FakeService) -> Iterator[Voice]:
    yield voice(voice_id, assets=ASSETS, models=models, threads=2)


# --- what every voice must do ---------------------------------------------------------------


@each_voice
def test_speech_is_mono_48_khz_float32_within_full_scale(speaker: Voice) -> None:
    samples = speaker.speak(SENTENCE, {})
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() < 2  # levelled later; never absurd
    assert SAMPLE_RATE_HZ * 0.5 < len(samples) < SAMPLE_RATE_HZ * 8


@each_voice
def test_same_sentence_gives_same_samples(speaker: Voice) -> None:
    first = speaker.speak(SENTENCE, {})
    speaker.speak("Un'altra frase, nel mezzo.", {})
    assert np.array_equal(first, speaker.speak(SENTENCE, {}))


@each_voice
def test_no_silence_is_left_at_the_ends(speaker: Voice) -> None:
    samples = speaker.speak(SENTENCE, {})
    assert len(trimmed(samples)) > len(samples) - SAMPLE_RATE_HZ // 20


@each_voice
def test_pronunciation_is_accepted_by_every_voice(speaker: Voice) -> None:
    assert len(speaker.speak("Ciao Xhensila.", {"Xhensila": "d͡ʒenˈsila"})) > 0


@each_voice
@pytest.mark.parametrize(
    "name", ["<b>Anna</b>", "D'Angela", "Łukasz", "Đorđe", "小美", "{{ name }}", "[[x]]", "(", "\\"]
)
def test_a_name_with_markup_or_foreign_letters_breaks_nothing(speaker: Voice, name: str) -> None:
    samples = speaker.speak(f"Ciao {name}, ci siamo.", {name: "ˈanna"} if name.isalpha() else {})
    assert len(samples) > 0
    assert np.isfinite(samples).all()


@each_voice
def test_a_voice_survives_pickling_even_after_it_spoke(speaker: Voice) -> None:
    if speaker.id == "gtts":
        pytest.skip("its samples depend on the service")
    before = speaker.speak("Ciao.", {})
    assert np.array_equal(before, pickle.loads(pickle.dumps(speaker)).speak("Ciao.", {}))


@each_voice
def test_every_voice_has_id_version_and_description(speaker: Voice, voice_id: str) -> None:
    assert speaker.id == voice_id
    assert speaker.version == type(speaker).make(ASSETS, Path("elsewhere"), 1).version
    assert "absent" not in speaker.version
    assert len(speaker.description) > 20
    assert speaker.online == (voice_id == "gtts")


# --- the list of voices ---------------------------------------------------------------------


def test_unknown_voice_lists_the_known_ones() -> None:
    with pytest.raises(
        UnknownChoice,
        match="valore sconosciuto per voce: 'sara'; ammessi: kokoro, kokoro-nicola, espeak, gtts, silent",
    ):
        voice("sara", assets=ASSETS, models=ASSETS)


def test_the_default_voice_is_offline() -> None:
    assert not VOICES[DEFAULT_VOICE].online


def test_naming_a_voice_and_its_version_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pathlib import Path; from videoguide.speech.voices import VOICES, voice\n"
        "[voice(id, assets=Path('a'), models=Path('m')).version for id in VOICES]\n"
        "print(sorted({'numpy', 'scipy', 'onnxruntime', 'gtts', 'requests', 'ctypes'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() in ("[]", "['ctypes']")


# --- silent ---------------------------------------------------------------------------------


def test_silence_is_as_long_as_the_text_would_take() -> None:
    assert len(SilentVoice().speak("x" * 50, {})) == 50 * MS_PER_CHARACTER * SAMPLE_RATE_HZ // 1000
    assert len(SilentVoice().speak("", {})) == SAMPLE_RATE_HZ // 5
    assert not SilentVoice().speak(SENTENCE, {}).any()


# --- kokoro ---------------------------------------------------------------------------------


def test_affricates_become_the_letters_the_model_was_trained_on() -> None:
    assert phonemes("Ciao, giro: pizza zaino.", {}) == "ʧˈao, ʤˈiro: pˈiʦːa ʣˈaɪno."


def test_punctuation_and_quotes_stay_where_they_were() -> None:
    assert phonemes("Premi «Modifica», poi vai!", {}) == "prˈɛmɪ “modˈifika”, pˈɔi vˈaj!"


def test_a_pronunciation_replaces_whole_words_only() -> None:
    ipa = phonemes("Anna e Annalisa", {"Anna": "t͡ʃˈika"})
    assert ipa.startswith("ʧˈika ")
    assert ipa.count("ʧˈika") == 1


def test_english_words_leave_no_language_marks() -> None:
    assert "(" not in phonemes("MyINPS account online", {})


def test_letters_outside_the_alphabet_are_dropped() -> None:
    assert in_alphabet("ħˈaŧa") == "ˈaa"


def test_alphabet_is_the_models_own() -> None:
    config = pytest.importorskip("kokoro_onnx.config")
    assert config.DEFAULT_VOCAB == TOKENS
    assert len(ALPHABET) == 178


@slow
def test_speech_does_not_depend_on_the_number_of_threads(models: Path) -> None:
    single, double = (KokoroSara(ASSETS, models, threads).speak(SENTENCE, {}) for threads in (1, 2))
    assert np.array_equal(single, double)


@slow
def test_model_is_joined_again_when_its_file_was_cut_short(tmp_path: Path) -> None:
    file = joined_model(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[:1000])
    assert joined_model(tmp_path).read_bytes() == whole
    assert [path.name for path in tmp_path.iterdir()] == [kokoro_module.MODEL_FILE]


def test_missing_model_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kokoro_module, "MODEL_PARTS", ("no_such_model_1",))
    with pytest.raises(VoiceError, match="voce kokoro: il pacchetto no-such-model-1 non è installato"):
        joined_model(tmp_path)


def test_wrong_speaker_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "if_sara.bin").write_bytes(bytes(522_240))
    with pytest.raises(VoiceError, match=r"if_sara\.bin non è il file atteso"):
        KokoroSara(tmp_path, tmp_path).speak("Ciao.", {})


def test_too_long_a_sentence_is_refused_with_its_length(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match=r"una frase ha \d+ fonemi; ammessi: 510"):
        KokoroSara(ASSETS, tmp_path).speak("la tua domanda è ferma " * 40, {})


@pytest.mark.parametrize("voice_id", [pytest.param("kokoro", marks=slow), "espeak"])
def test_nothing_to_say_is_an_error(speaker: Voice) -> None:
    with pytest.raises(VoiceError, match="nella frase non c’è niente da dire"):
        speaker.speak(" … ", {})


# --- espeak ---------------------------------------------------------------------------------


def test_phonemizer_in_the_same_process_does_not_disturb_espeak(models: Path) -> None:
    backend = pytest.importorskip("phonemizer.backend")
    loader = pytest.importorskip("espeakng_loader")
    wrapper = pytest.importorskip("phonemizer.backend.espeak.wrapper").EspeakWrapper
    before = phonemes(SENTENCE, {})
    wrapper.set_library(loader.get_library_path())
    wrapper.set_data_path(loader.get_data_path())
    english = backend.EspeakBackend("en-us", with_stress=True)
    assert english.phonemize(["hello"])
    assert phonemes(SENTENCE, {}) == before


# --- gtts -----------------------------------------------------------------------------------


@pytest.fixture
def online(service: FakeService) -> Voice:
    return voice("gtts", assets=ASSETS, models=ASSETS)


def test_online_sound_is_decoded_to_48_khz(online: Voice, service: FakeService) -> None:
    samples = online.speak("Ciao.", {})
    assert 0.9 < len(samples) / SAMPLE_RATE_HZ < 1.1
    spectrum = np.abs(np.fft.rfft(samples))
    assert abs(np.argmax(spectrum) * SAMPLE_RATE_HZ / len(samples) - 220) < 2
    assert len(service.sent) == 1


@pytest.mark.parametrize("fault", [{"broken": True}, {"status": 429}, {"status": 500}])
def test_network_failure_is_one_line_without_the_sentence(
    online: Voice, service: FakeService, fault: dict[str, int]
) -> None:
    vars(service).update(fault)
    with pytest.raises(VoiceError, match=r"^voce gtts: il servizio in rete non si raggiunge") as caught:
        online.speak("Ciao Giuliana.", {})
    assert "Giuliana" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_answer_that_is_no_sound_is_an_error(online: Voice, service: FakeService) -> None:
    service.mp3 = b"<html>captcha</html>"
    with pytest.raises(VoiceError, match="non ha mandato un suono che si possa decodificare"):
        online.speak("Ciao.", {})


# --- sound ----------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 44_100, 48_000, 96_000])
def test_resampling_keeps_a_tone_in_place(rate: int) -> None:
    time = np.arange(rate // 2) / rate
    tone = np.sin(2 * np.pi * 440 * time) * np.hanning(len(time))
    wanted_time = np.arange(SAMPLE_RATE_HZ // 2) / SAMPLE_RATE_HZ
    envelope = np.interp(wanted_time, time, np.hanning(len(time)))
    wanted = np.sin(2 * np.pi * 440 * wanted_time) * envelope
    got = resampled(tone, rate)
    assert len(got) == len(wanted)
    assert np.abs(got - wanted).max() < 1e-3


def test_trimming_leaves_20_ms_around_the_sound() -> None:
    sound = np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)
    sound[12_000:24_000] = 0.5
    assert len(trimmed(sound)) == 12_000 + 2 * 960
    assert len(trimmed(np.zeros(10, dtype=np.float32))) == 10
