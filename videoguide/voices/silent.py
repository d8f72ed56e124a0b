"""A voice that says nothing, at once: for tests and for trying pictures. A real voice, not a mock."""

from collections.abc import Mapping

from videoguide.timing import SAMPLE_RATE_HZ
from videoguide.voices.base import Samples, Voice

CHARACTERS_PER_SECOND = 18
SHORTEST_MS = 200


class SilentVoice(Voice):
    """Digital silence as long as the default voice would take: 18 characters a second, at least 0.2 s."""

    id = "silent"
    description = "Silenzio della durata giusta: per prove e bozze, istantanea."

    @property
    def version(self) -> str:
        return f"1; {CHARACTERS_PER_SECOND} characters a second"

    def speak(self, text: str, pronunciations: Mapping[str, str]) -> Samples:
        """Zeros; exact in samples, so that timings are reproducible to the sample."""
        import numpy as np

        shortest = SHORTEST_MS * SAMPLE_RATE_HZ // 1000
        return np.zeros(max(shortest, len(text) * SAMPLE_RATE_HZ // CHARACTERS_PER_SECOND), dtype=np.float32)
