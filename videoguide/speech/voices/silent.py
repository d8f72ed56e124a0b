# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A silent voice that takes no time, for tests and for trying pictures: a real voice, not a mock."""

from collections.abc import Mapping

from videoguide.speech.voices.base import Samples, Voice
from videoguide.timing import ms_to_samples

MS_PER_CHARACTER = 58
SHORTEST_MS = 200


class SilentVoice(Voice):
    """Digital silence about as long as the default voice's speech: 58 ms per character, at least 0.2 s."""

    id = "silent"
    description = "Silenzio della durata giusta: per prove e bozze, istantanea."

    @property
    def version(self) -> str:
        """The version of this class, and its pace."""
        return f"1; {MS_PER_CHARACTER} ms a character"

    def speak(self, text: str, pronunciations: Mapping[str, str]) -> Samples:
        """Zeros, their number exact, so that times can be reproduced to the sample."""
        import numpy as np

        return np.zeros(ms_to_samples(max(SHORTEST_MS, MS_PER_CHARACTER * len(text))), dtype=np.float32)
