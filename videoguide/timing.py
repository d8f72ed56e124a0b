# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Frames, samples and milliseconds: ints only, and the one grid that makes segments joinable.

Every segment lasts a multiple of 0.32 s, the shortest time that is both a whole number of pictures
(8 at 25 fps) and a whole number of AAC frames (15 of 1,024 samples at 48 kHz).
"""

FPS = 25
SAMPLE_RATE_HZ = 48_000
AAC_FRAME_SAMPLES = 1024

GRID_FRAMES = 8
GRID_AAC_FRAMES = 15
GRID_SAMPLES = GRID_AAC_FRAMES * AAC_FRAME_SAMPLES
GRID_MS = 320

FRAME_MS = 1000 // FPS
FRAME_SAMPLES = SAMPLE_RATE_HZ // FPS

assert GRID_SAMPLES == GRID_FRAMES * FRAME_SAMPLES
assert GRID_MS == GRID_FRAMES * FRAME_MS


def frames_to_ms(frames: int) -> int:
    """Milliseconds of ``frames`` pictures; exact, as a picture lasts 40 ms.

    >>> frames_to_ms(8)
    320
    """
    return frames * FRAME_MS


def ms_to_samples(ms: int) -> int:
    """Samples of ``ms`` milliseconds; exact, as a millisecond is 48 samples."""
    return ms * (SAMPLE_RATE_HZ // 1000)


def samples_to_ms(samples: int) -> int:
    """Milliseconds of ``samples`` samples, rounded down."""
    return samples // (SAMPLE_RATE_HZ // 1000)


def frame_at(sample: int) -> int:
    """The number of the picture that is shown while ``sample`` is heard.

    >>> frame_at(1919), frame_at(1920)
    (0, 1)
    """
    return sample // FRAME_SAMPLES


def frames_on_grid(samples: int) -> int:
    """The fewest pictures, a multiple of 8, that last at least ``samples`` samples.

    >>> frames_on_grid(1), frames_on_grid(15_360), frames_on_grid(15_361)
    (8, 8, 16)
    """
    return -(-samples // GRID_SAMPLES) * GRID_FRAMES


def frames_to_samples(frames: int) -> int:
    """Samples that last exactly as long as ``frames`` pictures."""
    return frames * FRAME_SAMPLES
