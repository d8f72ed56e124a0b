"""How loud a sound is (ITU-R BS.1770-4), and bringing speech to −16 LUFS under a true-peak ceiling.

numpy alone: the K-weighting is applied to the spectrum, which spares the import of a signal
library (0.6 s) on the way to a never-seen name. The tests hold it to pyloudnorm.
"""

from math import inf, log10

import numpy as np
from numpy.typing import NDArray

from videoguide.timing import SAMPLE_RATE_HZ, ms_to_samples

TARGET_LUFS = -16.0
CEILING_DBTP = -1.2
"""Under the −1 dBTP that is promised: a lossy codec adds a little."""

Sound = NDArray[np.float32]

# BS.1770's two filters at 48 kHz: (numerator, denominator)
_HEAD = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
_LOW_CUT = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
_BLOCK = ms_to_samples(400)
_HOP = ms_to_samples(100)
_SILENCE_LUFS = -70.0

_OVERSAMPLING = 4
_STEP = ms_to_samples(1)  # the limiter's grid
_REACH = 8  # and how many steps before and after a peak it moves


def loudness(samples: Sound) -> float:
    """Integrated loudness in LUFS of 48 kHz mono ``samples``, shape (n,); −inf for silence.

    Sound shorter than one block of 0.4 s is measured as that much, its end being silent.
    """
    size = max(len(samples), _BLOCK)
    padded = size + SAMPLE_RATE_HZ // 5  # the filters' ringing must not wrap around
    delay = np.exp(-2j * np.pi * np.fft.rfftfreq(padded))
    weight = np.ones_like(delay)
    for above, below in (_HEAD, _LOW_CUT):
        weight *= np.polyval(above[::-1], delay) / np.polyval(below[::-1], delay)
    weighted = np.fft.irfft(np.fft.rfft(samples, padded) * weight, padded)[:size]
    energy = np.concatenate(([0.0], np.cumsum(np.square(weighted))))
    starts = np.arange(0, size - _BLOCK + 1, _HOP)
    power = (energy[starts + _BLOCK] - energy[starts]) / _BLOCK
    power = power[power > _power(_SILENCE_LUFS)]
    if not len(power):
        return -inf
    power = power[power > np.mean(power) / 10]  # the relative gate, 10 LU under
    return _lufs(float(np.mean(power)))


def true_peak(samples: Sound) -> float:
    """The highest peak between the samples, too, in dBTP (4 x oversampling); −inf for silence."""
    peak = float(_peaks(samples).max(initial=0.0))
    return 20 * log10(peak) if peak > 0 else -inf


def levelled(samples: Sound, lufs: float = TARGET_LUFS, ceiling_dbtp: float = CEILING_DBTP) -> Sound:
    """``samples`` at ``lufs``, peaks limited without clicks; silence comes back as it is, zeros stay zeros."""
    measured = loudness(samples)
    if measured == -inf:
        return samples
    gain_db = lufs - measured
    for _ in range(4):
        levelled = limited(samples * np.float32(10 ** (gain_db / 20)), ceiling_dbtp)
        missing = lufs - loudness(levelled)
        if abs(missing) < 0.1:
            break
        gain_db += missing
    return levelled


def limited(samples: Sound, ceiling_dbtp: float = CEILING_DBTP) -> Sound:
    """``samples`` turned down smoothly, 8 ms before and after, wherever a true peak exceeds the ceiling."""
    ceiling = 10 ** (ceiling_dbtp / 20)
    peaks = _peaks(samples)
    if peaks.max(initial=0.0) <= ceiling:
        return samples
    steps = -(-len(samples) // _STEP)
    highest = np.zeros(steps * _STEP)
    highest[: len(peaks)] = peaks
    needed = np.minimum(1.0, ceiling / np.maximum(highest.reshape(steps, _STEP).max(axis=1), 1e-12))
    # The lowest gain around, then its moving average: smooth, and nowhere above what is needed.
    held = np.pad(needed, _REACH * 2, constant_values=1.0)
    held = np.lib.stride_tricks.sliding_window_view(held, _REACH * 2 + 1).min(axis=1)
    window = np.hanning(_REACH * 2 + 1)[1:-1]
    smooth = np.convolve(held, window / window.sum(), mode="same")[_REACH:-_REACH]
    gain = np.interp(np.arange(len(samples)), np.arange(steps) * _STEP + (_STEP - 1) / 2, smooth)
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
