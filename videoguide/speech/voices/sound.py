# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What voices do with the sound of their engines: bring it to 48 kHz, and cut the silence off its ends."""

from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from videoguide.timing import SAMPLE_RATE_HZ

_SILENCE_DB = -50
_WINDOW_SAMPLES = SAMPLE_RATE_HZ // 200  # 5 ms
_MARGIN_SAMPLES = SAMPLE_RATE_HZ // 50  # 20 ms kept around the speech: soft attacks and the last vowel's decay
_PADDING_SECONDS = 0.05  # zeros around the signal, so that its two ends do not ring into each other


def resampled(samples: NDArray[Any], from_hz: int, to_hz: int = SAMPLE_RATE_HZ) -> NDArray[np.float32]:
    """Mono ``samples``, shape (n,), at another rate: by Fourier transform, at the exact ratio, without delay."""
    if from_hz == to_hz:
        return samples.astype(np.float32)
    common = gcd(from_hz, to_hz)
    step_in, step_out = from_hz // common, to_hz // common
    before = -(-int(from_hz * _PADDING_SECONDS) // step_in)
    steps = -(-(2 * before * step_in + len(samples)) // step_in)
    padded = np.zeros(steps * step_in)
    padded[before * step_in : before * step_in + len(samples)] = samples
    bins = np.fft.rfft(padded)
    size = steps * step_out
    kept = min(len(bins), size // 2 + 1)
    whole = np.fft.irfft(bins[:kept], size) * (size / len(padded))
    length = -(-len(samples) * step_out // step_in)
    return whole[before * step_out : before * step_out + length].astype(np.float32)


def trimmed(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The part of 48 kHz ``samples`` between the first and the last sound, with 20 ms kept on both sides.

    A 5 ms window counts as sound if it is within 50 dB of the loudest one. Pure silence is returned whole.
    """
    windows = samples[: len(samples) // _WINDOW_SAMPLES * _WINDOW_SAMPLES].reshape(-1, _WINDOW_SAMPLES)
    power = np.mean(np.square(windows, dtype=np.float64), axis=1)
    if not len(power) or not power.max():
        return samples
    (loud,) = np.nonzero(power > power.max() * 10 ** (_SILENCE_DB / 10))
    start = max(0, int(loud[0]) * _WINDOW_SAMPLES - _MARGIN_SAMPLES)
    return samples[start : (int(loud[-1]) + 1) * _WINDOW_SAMPLES + _MARGIN_SAMPLES]
