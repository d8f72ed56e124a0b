"""The interface of a voice. To add one: a module with a subclass here, a line in ``VOICES``, nothing else.

The parametrised suite in ``tests/test_voices.py`` then runs every rule stated here against it.
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
    models at the first ``speak``, once a process. The same input gives the same samples, in
    every process and with any number of threads, as long as ``version`` is the same.
    """

    id: ClassVar[str]
    description: ClassVar[str]
    """One line in Italian, for the staff."""
    online: ClassVar[bool] = False
    """True if what is spoken leaves this machine. A campaign must allow that; first names need more."""

    @classmethod
    def make(cls, assets: Path, models: Path, threads: int | None) -> "Voice":
        """The voice from what ``voice()`` is given; one that needs files or threads overrides this."""
        return cls()

    @property
    @abstractmethod
    def version(self) -> str:
        """Changes whenever the samples may change; part of cache keys. Imports nothing heavy."""

    @abstractmethod
    def speak(self, text: str, pronunciations: Mapping[str, str]) -> Samples:
        """One sentence as sound, without silence at its ends (never empty).

        ``pronunciations`` maps words or phrases, as they stand in ``text``, to IPA; a voice that
        works with phonemes says them so, another leaves them to its own reading of the text.
        Raises VoiceError.
        """


@cache
def installed(*packages: str) -> str:
    """Name and version of pip packages without importing them, e.g. ``gtts 2.5.4``; "absent" for a missing one."""

    def of(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "absent"

    return ", ".join(f"{package} {of(package)}" for package in packages)
