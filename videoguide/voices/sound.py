"""Two things every voice does to what its engine gives: bring it to 48 kHz, and cut the silence off its ends."""

from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from videoguide.timing import SAMPLE_RATE_HZ

_SILENCE_DB = -50
_WINDOW = SAMPLE_RATE_HZ // 200  # 5 ms
_MARGIN = SAMPLE_RATE_HZ // 50  # 20 ms kept around the speech: soft attacks and the last vowel's decay
_PADDING = 0.05  # seconds of zeros around the signal, so that its two ends do not ring into each other


def resampled(samples: NDArray[Any], from_hz: int, to_hz: int = SAMPLE_RATE_HZ) -> NDArray[np.float32]:
    """Mono ``samples``, shape (n,), at another rate: by the Fourier transform, exact ratio, no delay."""
    if from_hz == to_hz:
        return samples.astype(np.float32)
    common = gcd(from_hz, to_hz)
    step_in, step_out = from_hz // common, to_hz // common
    before = -(-int(from_hz * _PADDING) // step_in)
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
    """The part of 48 kHz ``samples`` between its first and last sound, with 20 ms kept on both sides.

    Sound is a 5 ms window within 50 dB of the loudest one. Silence throughout comes back whole.
    """
    windows = samples[: len(samples) // _WINDOW * _WINDOW].reshape(-1, _WINDOW)
    power = np.mean(np.square(windows, dtype=np.float64), axis=1)
    if not len(power) or not power.max():
        return samples
    (loud,) = np.nonzero(power > power.max() * 10 ** (_SILENCE_DB / 10))
    start = max(0, int(loud[0]) * _WINDOW - _MARGIN)
    return samples[start : (int(loud[-1]) + 1) * _WINDOW + _MARGIN]
