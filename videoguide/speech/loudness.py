# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Measures loudness (ITU-R BS.1770-4), and brings speech to −16 LUFS under a true-peak ceiling.

With numpy alone: the K-weighting is applied to the spectrum, which saves the import of a signal
library (0.6 s) when a new name is spoken. The tests compare the results with pyloudnorm's.
"""

from math import inf, log10

import numpy as np
from numpy.typing import NDArray

from videoguide.timing import SAMPLE_RATE_HZ, ms_to_samples

TARGET_LUFS = -16.0
CEILING_DBTP = -1.2
"""Below the promised −1 dBTP, as a lossy codec adds a little."""

Sound = NDArray[np.float32]

# BS.1770's two filters at 48 kHz: (numerator, denominator)
_HEAD = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
_LOW_CUT = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
_BLOCK_SAMPLES = ms_to_samples(400)
_HOP_SAMPLES = ms_to_samples(100)
_SILENCE_LUFS = -70.0

_OVERSAMPLING = 4
_STEP_SAMPLES = ms_to_samples(1)  # the limiter's grid
_REACH_STEPS = 8  # how long before and after a peak the limiter acts


def loudness(samples: Sound) -> float:
    """Integrated loudness in LUFS of 48 kHz mono ``samples``, shape (n,); −inf for silence.

    Sound shorter than one block of 0.4 s is filled up with silence to a whole block.
    """
    size_samples = max(len(samples), _BLOCK_SAMPLES)
    padded_samples = size_samples + SAMPLE_RATE_HZ // 5  # the filters' ringing must not wrap around
    delay = np.exp(-2j * np.pi * np.fft.rfftfreq(padded_samples))
    weight = np.ones_like(delay)
    for numerator, denominator in (_HEAD, _LOW_CUT):
        weight *= np.polyval(numerator[::-1], delay) / np.polyval(denominator[::-1], delay)
    weighted = np.fft.irfft(np.fft.rfft(samples, padded_samples) * weight, padded_samples)[:size_samples]
    energy = np.concatenate(([0.0], np.cumsum(np.square(weighted))))
    starts = np.arange(0, size_samples - _BLOCK_SAMPLES + 1, _HOP_SAMPLES)
    power = (energy[starts + _BLOCK_SAMPLES] - energy[starts]) / _BLOCK_SAMPLES
    power = power[power > _power(_SILENCE_LUFS)]
    if not len(power):
        return -inf
    power = power[power > np.mean(power) / 10]  # the relative gate, 10 LU below
    return _lufs(float(np.mean(power)))


def true_peak(samples: Sound) -> float:
    """The highest peak in dBTP, also between the samples (4 x oversampling); −inf for silence."""
    peak = float(_peaks(samples).max(initial=0.0))
    return 20 * log10(peak) if peak > 0 else -inf


def levelled(samples: Sound, lufs: float = TARGET_LUFS, ceiling_dbtp: float = CEILING_DBTP) -> Sound:
    """``samples`` at ``lufs``, with peaks limited without clicks; silence is returned as it is, zeros stay zeros."""
    measured_lufs = loudness(samples)
    if measured_lufs == -inf:
        return samples
    gain_db = lufs - measured_lufs
    for _ in range(4):
        levelled = limited(samples * np.float32(10 ** (gain_db / 20)), ceiling_dbtp)
        missing_db = lufs - loudness(levelled)
        if abs(missing_db) < 0.1:
            break
        gain_db += missing_db
    return levelled


def limited(samples: Sound, ceiling_dbtp: float = CEILING_DBTP) -> Sound:
    """``samples`` turned down smoothly, 8 ms before and after, wherever a true peak exceeds the ceiling."""
    ceiling = 10 ** (ceiling_dbtp / 20)
    peaks = _peaks(samples)
    if peaks.max(initial=0.0) <= ceiling:
        return samples
    steps = -(-len(samples) // _STEP_SAMPLES)
    highest = np.zeros(steps * _STEP_SAMPLES)
    highest[: len(peaks)] = peaks
    highest = highest.reshape(steps, _STEP_SAMPLES).max(axis=1)
    allowed_gain = np.minimum(1.0, ceiling / np.maximum(highest, 1e-12))
    # The lowest gain around each step, then a moving average: smooth, and never above the allowed gain.
    lowest_gain = np.pad(allowed_gain, _REACH_STEPS * 2, constant_values=1.0)
    lowest_gain = np.lib.stride_tricks.sliding_window_view(lowest_gain, _REACH_STEPS * 2 + 1).min(axis=1)
    window = np.hanning(_REACH_STEPS * 2 + 1)[1:-1]
    smooth_gain = np.convolve(lowest_gain, window / window.sum(), mode="same")[_REACH_STEPS:-_REACH_STEPS]
    step_centres = np.arange(steps) * _STEP_SAMPLES + (_STEP_SAMPLES - 1) / 2
    gain = np.interp(np.arange(len(samples)), step_centres, smooth_gain)
    return (samples * gain).astype(np.float32)


def _peaks(samples: Sound) -> NDArray[np.float64]:
    """The largest absolute value at each sample and the three places after it, shape (n,)."""
    taps = np.arange(-12, 12)
    window = np.kaiser(2 * 12 * _OVERSAMPLING + 1, 8.0)
    peaks = np.abs(samples.astype(np.float64))
    for phase in range(1, _OVERSAMPLING):
        offset = taps + phase / _OVERSAMPLING
        kernel = np.sinc(offset) * window[np.round((offset + 12) * _OVERSAMPLING).astype(int)]
        between = np.convolve(samples, kernel)[12 : 12 + len(samples)]
        peaks = np.maximum(peaks, np.abs(between))
    return peaks


def _lufs(power: float) -> float:
    return 10 * log10(power) - 0.691


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))
