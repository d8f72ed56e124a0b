"""A voice that says nothing, at once: for tests and for trying pictures. A real voice, not a mock."""

from collections.abc import Mapping

from videoguide.timing import ms_to_samples
from videoguide.voices.base import Samples, Voice

MS_PER_CHARACTER = 58
SHORTEST_MS = 200


class SilentVoice(Voice):
    """Digital silence as long as the default voice would take: 58 ms a character, at least 0.2 s."""

    id = "silent"
    description = "Silenzio della durata giusta: per prove e bozze, istantanea."

    @property
    def version(self) -> str:
        return f"1; {MS_PER_CHARACTER} ms a character"

    def speak(self, text: str, pronunciations: Mapping[str, str]) -> Samples:
        """Zeros; exact in samples, so that timings are reproducible to the sample."""
        import numpy as np

        return np.zeros(ms_to_samples(max(SHORTEST_MS, MS_PER_CHARACTER * len(text))), dtype=np.float32)
