# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Google's online voice, through the package ``gtts``: the words leave the machine, which a campaign must allow."""

import io
import subprocess
from collections.abc import Callable, Mapping

from videoguide.errors import VoiceError
from videoguide.speech.voices.base import Samples, Voice, installed

RATE_HZ = 24_000


def fetch_mp3(text: str) -> bytes:
    """``text`` as MP3 from the service; raises VoiceError when there is no network or the service refuses."""
    from gtts import gTTS, gTTSError

    mp3 = io.BytesIO()
    try:
        gTTS(text, lang="it", lang_check=False).write_to_fp(mp3)
    except (gTTSError, OSError, AssertionError) as error:
        # not the error's own words: they may contain the address, and with it the sentence
        raise VoiceError("gtts", f"il servizio in rete non si raggiunge ({type(error).__name__})") from error
    return mp3.getvalue()


class GttsVoice(Voice):
    """Google Translate's Italian voice; ``fetch`` gets the MP3 of a text (tests replace it)."""

    id = "gtts"
    description = "Voce in rete di Google: il testo esce da questo computer, la campagna deve permetterlo."
    online = True

    def __init__(self, fetch: Callable[[str], bytes] = fetch_mp3) -> None:
        self._fetch = fetch

    @property
    def version(self) -> str:
        """The version of this class, and that of the library; the service's own is not known."""
        return f"1; {installed('gtts')}"

    def speak(self, text: str, pronunciations: Mapping[str, str]) -> Samples:
        """The text as the service reads it; it takes no IPA."""
        import imageio_ffmpeg
        import numpy as np

        from videoguide.speech.voices.sound import resampled, trimmed

        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "pipe:0", "-ac", "1", "-ar", str(RATE_HZ)]
        decoded = subprocess.run([*command, "-f", "s16le", "pipe:1"], input=self._fetch(text), capture_output=True)
        samples = np.frombuffer(decoded.stdout, dtype="<i2")
        if decoded.returncode or not samples.any():
            raise VoiceError(self.id, "il servizio in rete non ha mandato un suono che si possa decodificare")
        return trimmed(resampled(samples / 32768, RATE_HZ))
