# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The grid and conversions between pictures, samples and milliseconds."""

import pytest

from videoguide.timing import (
    AAC_FRAME_SAMPLES,
    FPS,
    GRID_AAC_FRAMES,
    GRID_FRAMES,
    GRID_MS,
    GRID_SAMPLES,
    SAMPLE_RATE_HZ,
    frame_at,
    frames_on_grid,
    frames_to_ms,
    frames_to_samples,
    ms_to_samples,
    samples_to_ms,
)


def test_the_grid_is_whole_in_pictures_sound_frames_samples_and_milliseconds() -> None:
    assert GRID_FRAMES * SAMPLE_RATE_HZ == GRID_SAMPLES * FPS
    assert GRID_SAMPLES == GRID_AAC_FRAMES * AAC_FRAME_SAMPLES
    assert GRID_MS * SAMPLE_RATE_HZ == GRID_SAMPLES * 1000


def test_no_shorter_time_is_whole_in_pictures_and_sound_frames() -> None:
    for frames in range(1, GRID_FRAMES):
        assert frames_to_samples(frames) % AAC_FRAME_SAMPLES


@pytest.mark.parametrize("frames", [0, 1, 8, 25, 3000])
def test_pictures_last_exactly_as_long_in_every_unit(frames: int) -> None:
    assert samples_to_ms(frames_to_samples(frames)) == frames_to_ms(frames)
    assert ms_to_samples(frames_to_ms(frames)) == frames_to_samples(frames)
    assert frame_at(frames_to_samples(frames)) == frames


def test_a_picture_is_on_the_screen_until_its_last_sample() -> None:
    assert [frame_at(sample) for sample in (0, 1919, 1920, 3839, 3840)] == [0, 0, 1, 1, 2]


def test_milliseconds_of_samples_are_rounded_down() -> None:
    assert [samples_to_ms(samples) for samples in (47, 48, 95, 96)] == [0, 1, 1, 2]


@pytest.mark.parametrize("samples", [0, 1, GRID_SAMPLES - 1, GRID_SAMPLES, GRID_SAMPLES + 1, 10**9])
def test_the_fewest_pictures_on_the_grid_hold_all_samples(samples: int) -> None:
    frames = frames_on_grid(samples)
    assert frames % GRID_FRAMES == 0
    assert frames_to_samples(frames - GRID_FRAMES) < samples <= frames_to_samples(frames)


def test_times_are_whole_numbers_even_after_hours() -> None:
    ten_hours = 10 * 3600 * FPS
    for value in (frames_to_ms(ten_hours), frames_to_samples(ten_hours), frames_on_grid(frames_to_samples(ten_hours))):
        assert type(value) is int
    assert frames_to_ms(ten_hours) == 36_000_000
