# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The interface of a voice. To add one, write a module with a subclass and add a line to ``VOICES``.

The parametrised suite in ``tests/speech/test_voices.py`` then checks it against the rules stated here.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    """Sound: float32 in −1 … 1, mono, 48 kHz, shape (samples,)."""
else:
    Samples = Any


class Voice(ABC):
    """Something that speaks Italian.

    A voice object is cheap to make and to pickle: it holds plain data, and loads libraries and
    models at the first ``speak``, once per process. The same input gives the same samples, in
    every process and with any number of threads, as long as ``version`` is the same.
    """

    id: ClassVar[str]
    description: ClassVar[str]
    """One line in Italian, for the staff."""
    online: ClassVar[bool] = False
    """True if the words leave this machine; a campaign must allow that."""

    @classmethod
    def make(cls, assets: Path, models: Path, threads: int | None) -> "Voice":
        """The voice, made from the arguments of ``voice()``; a voice that needs files or threads overrides this."""
        return cls()

    @property
    @abstractmethod
    def version(self) -> str:
        """A text that changes whenever the samples may change; part of cache keys, imports nothing heavy."""

    @abstractmethod
    def speak(self, text: str, pronunciations: Mapping[str, str]) -> Samples:
        """One sentence as sound, without silence at its ends; never empty.

        ``pronunciations`` maps words or phrases, as they occur in ``text``, to IPA; a voice that
        works with phonemes uses them, others ignore them. Raises VoiceError.
        """


@cache
def installed(*packages: str) -> str:
    """The names and versions of pip packages, without importing them: ``gtts 2.5.4``; a missing one is "absent"."""

    def of(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "absent"

    return ", ".join(f"{package} {of(package)}" for package in packages)
