# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""eSpeak NG through its C interface: a fast robotic draft voice, and the phonemes that Kokoro speaks.

The library comes from the wheel ``espeakng-loader``. It keeps its state in static variables, and
speaking changes that state: the same sentence sounds a little different the second time. So each
sentence is spoken by a fresh copy of the library (about 30 ms); several can live in one process.
"""

import ctypes
import shutil
from _ctypes import dlclose
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any

from videoguide.errors import VoiceError
from videoguide.speech.voices.base import Samples, Voice, installed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: sound goes to the callback, inside the call
_DONT_EXIT = 0x8000
_UTF8 = 1
_IPA_TIED = 0x02 | 0x80 | ord("^") << 8  # IPA, and "^" inside phonemes of several letters
_POSITION_CHARACTER = 1

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Espeak:
    """A copy of the library with its own state, set to Italian; to be closed after use."""

    def __init__(self) -> None:
        try:
            import espeakng_loader

            with TemporaryDirectory(prefix="espeak-") as folder:
                # the dynamic loader loads each file only once: hence a new file
                file = shutil.copy(espeakng_loader.get_library_path(), folder)
                self._lib: Any = ctypes.CDLL(file)
            data = espeakng_loader.get_data_path()
        except (ImportError, OSError, RuntimeError) as error:
            raise VoiceError("espeak", f"il pacchetto espeakng-loader manca o non si può usare ({error})") from error
        self._lib.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._lib.espeak_TextToPhonemes.argtypes = (ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int)
        self._lib.espeak_Synth.argtypes = (
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int),
            *(ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),
        )
        self._lock = Lock()
        self._waves: list[NDArray[np.int16]] = []
        self._callback = _Callback(self._keep)  # referenced here, as the library holds only a pointer
        self.rate_hz: int = self._lib.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _DONT_EXIT)
        if self.rate_hz <= 0 or self._lib.espeak_SetVoiceByName(b"it") != 0:
            raise VoiceError("espeak", "eSpeak NG non parte, o non ha l’italiano")
        self._lib.espeak_SetSynthCallback(self._callback)

    def close(self) -> None:
        """Free the copy, which cannot be used afterwards."""
        self._lib.espeak_Terminate()
        dlclose(self._lib._handle)

    def phonemes(self, text: str) -> str:
        """The IPA of Italian ``text``, with stress marks and "^" inside affricates and diphthongs.

        Punctuation is lost and clauses are joined with a blank: call it for one clause at a time.
        """
        buffer = ctypes.create_string_buffer(text.encode())
        rest = ctypes.c_void_p(ctypes.addressof(buffer))
        clauses = []
        with self._lock:
            while rest.value:
                clauses.append(self._lib.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA_TIED).decode())
        return " ".join(clauses).strip()

    def samples(self, text: str) -> "NDArray[np.int16]":
        """``text`` spoken, mono at ``rate_hz``; markup in the text is read as text."""
        import numpy as np

        data = text.encode()
        with self._lock:
            failed = self._lib.espeak_Synth(data, len(data) + 1, 0, _POSITION_CHARACTER, 0, _UTF8, None, None)
            waves, self._waves = self._waves, []
        if failed:
            raise VoiceError("espeak", f"eSpeak NG ha rifiutato una frase (codice {failed})")
        return np.concatenate(waves) if waves else np.zeros(0, dtype=np.int16)

    def _keep(self, wave: Any, samples: int, events: Any) -> int:
        import numpy as np

        if wave and samples:
            self._waves.append(np.ctypeslib.as_array(wave, shape=(samples,)).copy())
        return 0


@cache
def library() -> Espeak:
    """The process's copy for phonemes, which do not depend on earlier calls; never closed."""
    return Espeak()


class EspeakVoice(Voice):
    """eSpeak NG's own Italian voice."""

    id = "espeak"
    description = "Sintesi rapida e metallica (eSpeak NG), senza rete: per bozze."

    @property
    def version(self) -> str:
        """The version of this class, and that of the library."""
        return f"1; {installed('espeakng-loader')}"

    def speak(self, text: str, pronunciations: Mapping[str, str]) -> Samples:
        """The text as eSpeak reads it; it takes no IPA."""
        from videoguide.speech.voices.sound import resampled, trimmed

        with closing(Espeak()) as fresh:
            samples = fresh.samples(text)
        if not samples.any():
            raise VoiceError(self.id, "nella frase non c’è niente da dire")
        return trimmed(resampled(samples / 32768, fresh.rate_hz))
