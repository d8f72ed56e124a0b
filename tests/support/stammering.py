# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A voice that fails, at some words or at all, and workers without room: for tests, in processes they start as well."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest.mock import patch

from tests.support.places import DATA, ROOT
from videoguide.errors import VoiceError
from videoguide.speech.voices import VOICES
from videoguide.speech.voices.base import Samples
from videoguide.speech.voices.silent import SilentVoice

UNSAYABLE = "TEST_UNSAYABLE"
"""The environment variable with the words that cannot be said, one a line; ``*`` for all."""
ROOM = "TEST_WORKERS_ROOM"
"""The environment variable with the bytes that no file of a worker may exceed, as on a full disk."""
HOOKED = os.pathsep.join([str(DATA / "hooks"), str(ROOT)])
"""The path on which processes find all this."""


class StammeringVoice(SilentVoice):
    id = "stammering"

    def speak(self, text: str, pronunciations: Mapping[str, str]) -> Samples:
        words = os.environ.get(UNSAYABLE, "").split("\n")
        if "*" in words or any(word and word in text for word in words):
            raise VoiceError(self.id, "non riesce a dirlo")
        return super().speak(text, pronunciations)


@contextmanager
def stammering(*words: str) -> Iterator[None]:
    """The voice ``stammering`` is there and cannot say these words, in this process and in those it starts."""
    environ = {UNSAYABLE: "\n".join(words), "PYTHONPATH": HOOKED}
    with patch.dict(VOICES, {StammeringVoice.id: StammeringVoice}), patch.dict(os.environ, environ):
        yield
