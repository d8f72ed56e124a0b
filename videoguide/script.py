"""Application + cases + campaign -> Script: the filled scenes in their order, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass

Value = str | int | bool | tuple["Value", ...] | Mapping[str, "Value"]


@dataclass(frozen=True)
class Sentence:
    """One spoken sentence.

    ``id`` is unique in its scene and the anchor of its timeline; ``text`` is Italian as written
    (captions, transcript); ``pause_ms`` is the silence after it.
    """

    id: str
    text: str
    pause_ms: int
