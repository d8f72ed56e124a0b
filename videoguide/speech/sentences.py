# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A spoken sentence and when it is heard: the data that scripts, sound and pictures share."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sentence:
    """One spoken sentence.

    ``id`` is unique in its scene, and drawings refer to it; ``text`` is Italian as written (captions,
    transcript); ``pause_ms`` is the silence after it, in milliseconds.
    """

    id: str
    text: str
    pause_ms: int


@dataclass(frozen=True)
class SentenceTime:
    """When a sentence is heard: its first sample (48 kHz) in the segment, and one past its last sample."""

    id: str
    start_sample: int
    end_sample: int
