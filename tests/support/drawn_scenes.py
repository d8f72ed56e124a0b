# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Scenes drawn by arithmetic, so that tests of encoding and joining know every pixel and sample."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from videoguide.media.payload import SegmentFile
from videoguide.timing import frames_to_samples

BARCODE_BITS, BARCODE_CELL = 10, 16
BLUE = (0, 102, 204)


@dataclass(frozen=True)
class DrawnScene:
    """A scene without a drawing: a patterned card on which a blue tile moves and a barcode counts.

    The barcode along the top edge spells ``first_number`` + the number of the last picture that changed, so
    that a test can read from any decoder or screen which picture it is looking at.
    """

    frames: int = 48
    moving: tuple[tuple[int, int], ...] = ((0, 10),)
    seed: int = 0
    width: int = 320
    height: int = 180
    first_number: int = 0
    beep_at: int | None = None

    def changes(self, n: int) -> bool:
        return n == 0 or any(start <= n < end for start, end in self.moving)

    def frame(self, n: int) -> NDArray[np.uint8]:
        n = max(m for m in range(n + 1) if self.changes(m))
        tiles = np.random.default_rng(self.seed).integers(40, 256, (self.height // 20 + 1, self.width // 20 + 1, 3))
        picture = tiles.astype(np.uint8).repeat(20, 0).repeat(20, 1)[: self.height, : self.width].copy()
        left = 4 * n % (self.width - 64)
        picture[self.height // 3 : self.height // 3 + 48, left : left + 64] = BLUE
        for bit in range(BARCODE_BITS):
            lit = (self.first_number + n) >> bit & 1
            picture[:BARCODE_CELL, bit * BARCODE_CELL : (bit + 1) * BARCODE_CELL] = 255 * lit
        if self.beep_at is not None:
            picture[-48:] = 255 if n == self.beep_at else 0
        return picture

    def sound(self) -> NDArray[np.float32]:
        """A tone by the seed, or 1 kHz while picture ``beep_at`` is shown; silent at both ends."""
        samples = np.zeros(frames_to_samples(self.frames), np.float32)
        start, end = 1024 + 240, samples.size - 1024 - 240
        if self.beep_at is not None:
            start, end = frames_to_samples(self.beep_at), frames_to_samples(self.beep_at + 1)
        time = np.arange(end - start) / 48_000
        tone = 0.4 * np.sin(2 * np.pi * (1000 if self.beep_at is not None else 220 + 110 * self.seed) * time)
        if self.beep_at is None:
            tone *= np.minimum(1, np.minimum(time, time[::-1]) / 0.005)
        samples[start:end] = tone
        return samples


def barcode(luma: NDArray[np.uint8]) -> int:
    """The number that a decoded picture's barcode spells."""
    row = luma[BARCODE_CELL // 2]
    return sum(1 << bit for bit in range(BARCODE_BITS) if row[bit * BARCODE_CELL + BARCODE_CELL // 2] > 128)


def payload_of(segment: SegmentFile) -> bytes:
    """The bytes of a segment file that a guide takes over."""
    return segment.path.read_bytes()[: segment.tables.payload_bytes]
