# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What the encoder promises: segments that join exactly, holds that cost nothing, true colours."""

import hashlib
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.decoding import decode_pictures, decode_sound, sound_of_packets
from tests.support.drawn_scenes import BLUE, DrawnScene, barcode
from videoguide.errors import EncodingError, UnknownChoice
from videoguide.media.encoding import Profile, encode_pictures, encode_sound
from videoguide.media.payload import SegmentFile
from videoguide.timing import AAC_FRAME_SAMPLES, FRAME_SAMPLES, GRID_SAMPLES, frames_to_samples

SMALL = Profile(320, 180)


def hashes(pictures: Iterable[NDArray[np.uint8]]) -> list[str]:
    return [hashlib.md5(picture.tobytes()).hexdigest() for picture in pictures]


def hashes_of_other_decoder(guide: bytes, folder: Path, decoder: str = "libopenh264") -> list[str]:
    """Picture hashes by a decoder that shares no code with the one PyAV uses."""
    file = folder / "guide.mp4"
    file.write_bytes(guide)
    output = ["-map", "0:v", "-f", "framehash", "-hash", "md5", "-"]
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "warning", "-c:v", decoder, "-i", str(file), *output],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return [line.split(",")[-1].strip() for line in done.stdout.splitlines() if not line.startswith("#")]


def psnr(decoded: NDArray[np.uint8], drawn: NDArray[np.float64]) -> float:
    error = float(np.mean((decoded.astype(float) - drawn) ** 2))
    return float(10 * np.log10(255**2 / max(1e-9, error)))


def luma(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """BT.709 luma, limited range, of an RGB picture."""
    return 16 + picture.astype(float) @ [0.2126, 0.7152, 0.0722] * 219 / 255


# --- pictures ---


def test_a_joined_guide_decodes_to_the_very_pictures_of_its_segments_alone(
    three_segments: list[SegmentFile], join_guide: Any
) -> None:
    order = [*three_segments, *reversed(three_segments)]
    alone = [picture for segment in order for picture in hashes(decode_pictures(join_guide([segment])))]
    assert hashes(decode_pictures(join_guide(order))) == alone
    assert len(alone) == 2 * (80 + 48 + 64)


def test_a_decoder_without_shared_code_sees_the_same_pictures(
    three_segments: list[SegmentFile], join_guide: Any, tmp_path: Path
) -> None:
    guide = join_guide([*three_segments, three_segments[0]])
    assert hashes_of_other_decoder(guide, tmp_path) == hashes(decode_pictures(guide))


def test_every_picture_of_a_joined_guide_is_the_one_drawn_for_its_place(
    three_segments: list[SegmentFile], join_guide: Any
) -> None:
    seen = [barcode(picture) for picture in decode_pictures(join_guide(three_segments))]
    first = [*range(10), *[9] * 40, *range(50, 58), *[57] * 22]
    second = [*range(8), *[7] * 22, *range(30, 34), *[33] * 14]
    third = [*range(6), *[5] * 58]
    assert seen == first + [100 + n for n in second] + [200 + n for n in third]


def test_holds_of_every_length_leave_the_pictures_after_them_right(
    make_segment: Any, join_guide: Any, tmp_path: Path
) -> None:
    moving, at = [(0, 3)], 3
    for hold in (1, 8, 9, 15, 16, 17, 23, 24, 25, 26, 31, 32, 33, 40, 41, 57):
        moving.append((at + hold, at + hold + 2))
        at += hold + 2
    scene = DrawnScene(frames=-(-at // 8) * 8, moving=tuple(moving), seed=4)
    guide = join_guide([make_segment(scene), make_segment(scene)])
    drawn = [max(m for m in range(n + 1) if scene.changes(m)) for n in range(scene.frames)]
    decoded = list(decode_pictures(guide))
    assert [barcode(picture) for picture in decoded] == drawn * 2
    assert hashes_of_other_decoder(guide, tmp_path) == hashes(decoded)


@pytest.mark.parametrize("stills", ["skip", "real"])
def test_every_decoded_picture_is_close_to_the_drawn_one(stills: str, make_segment: Any, join_guide: Any) -> None:
    scene = DrawnScene(frames=80, moving=((0, 10), (50, 58)), seed=1)
    decoded = decode_pictures(join_guide([make_segment(scene, stills=stills)]))
    worst = min(psnr(picture[:180], luma(scene.frame(n))) for n, picture in enumerate(decoded))
    assert worst > 38


def test_skipping_a_hold_costs_no_sharpness(make_segment: Any, join_guide: Any) -> None:
    scene = DrawnScene(frames=80, moving=((0, 10), (50, 58)), seed=1)
    last = {}
    for stills in ("skip", "real"):
        *_, picture = decode_pictures(join_guide([make_segment(scene, stills=stills)]))
        last[stills] = psnr(picture[:180], luma(scene.frame(79)))
    assert last["skip"] > last["real"] - 0.5


def test_a_held_picture_stays_the_same_to_the_last_bit(make_segment: Any, join_guide: Any) -> None:
    decoded = hashes(decode_pictures(join_guide([make_segment(DrawnScene(frames=64, moving=((0, 6),), seed=3))])))
    assert len(set(decoded[5 + 8 :])) == 1


def test_only_pictures_that_change_are_asked_for() -> None:
    scene, asked = DrawnScene(frames=80, moving=((0, 10), (50, 58))), []

    def frame(n: int) -> NDArray[np.uint8]:
        asked.append(n)
        return scene.frame(n)

    encode_pictures(80, frame, scene.changes, SMALL)
    assert asked == [*range(10), *range(50, 58)]


def test_a_skipped_picture_takes_eleven_bytes_or_so() -> None:
    scene = DrawnScene(frames=128, moving=((0, 4),))
    samples, _, _ = encode_pictures(128, scene.frame, scene.changes, SMALL)
    assert max(map(len, samples[4 + 8 :])) <= 11


def test_a_segment_that_never_changes_is_one_picture_held(make_segment: Any, join_guide: Any, tmp_path: Path) -> None:
    still = make_segment(DrawnScene(frames=32, moving=(), seed=5, first_number=300))
    shortest = make_segment(DrawnScene(frames=8, moving=(), seed=6, first_number=400))
    guide = join_guide([shortest, still, shortest])
    decoded = list(decode_pictures(guide))
    assert [barcode(picture) for picture in decoded] == [400] * 8 + [300] * 32 + [400] * 8
    assert hashes_of_other_decoder(guide, tmp_path) == hashes(decoded)


@pytest.mark.parametrize("size", [(640, 360), (318, 178), (426, 240), (176, 144)], ids=str)
def test_sizes_off_the_macroblock_grid_are_cropped_not_stretched(
    size: tuple[int, int], join_guide: Any, make_segment: Any, tmp_path: Path
) -> None:
    width, height = size
    guide = join_guide([make_segment(DrawnScene(frames=40, moving=((0, 3), (30, 32)), width=width, height=height))])
    decoded = list(decode_pictures(guide))
    assert {picture.shape for picture in decoded} == {(height * 3 // 2, width)}
    assert [barcode(picture) for picture in decoded] == [0, 1, *[2] * 28, 30, *[31] * 9]
    assert hashes_of_other_decoder(guide, tmp_path) == hashes(decoded)


def test_brand_blue_gets_the_bt709_planes() -> None:
    flat = np.full((180, 320, 3), BLUE, np.uint8)
    samples, _, avcc = encode_pictures(8, lambda n: flat, lambda n: False, SMALL)
    planes = next(iter(decode_raw(samples, avcc)))
    y, u, v = planes[:180], planes[180:225], planes[225:]
    for plane, wanted in ((y, 91), (u, 183), (v, 79)):
        assert abs(plane.astype(int) - wanted).max() <= 1


def test_rgb_comes_back_as_it_was_drawn(make_segment: Any, join_guide: Any) -> None:
    scene = DrawnScene(frames=16, moving=(), seed=1)
    *_, picture = decode_pictures(join_guide([make_segment(scene)]), pixels="rgb24")
    assert picture.shape == (180, 320, 3)
    tile = picture[70:100, 10:50].astype(int)
    assert abs(tile - np.array(BLUE)).max() <= 4


def decode_raw(samples: Sequence[bytes], avcc: bytes) -> Iterable[NDArray[np.uint8]]:
    import av

    context: Any = av.CodecContext.create("h264", "r")
    context.extradata = avcc
    for packet in [*map(av.Packet, samples), None]:
        for frame in context.decode(packet):
            assert (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc) == (1, 1, 1, 1)
            yield frame.to_ndarray()


def test_samples_hold_one_slice_and_nothing_else() -> None:
    scene = DrawnScene()
    samples, sync, _ = encode_pictures(scene.frames, scene.frame, scene.changes, SMALL)
    assert sync == [0]
    assert [sample[4] & 31 for sample in samples] == [5] + [1] * 47
    assert all(int.from_bytes(sample[:4], "big") == len(sample) - 4 for sample in samples)


def test_the_same_pictures_give_the_same_bytes() -> None:
    scene = DrawnScene()
    first, second = (encode_pictures(scene.frames, scene.frame, scene.changes, SMALL) for _ in range(2))
    assert first == second


def test_codec_headers_do_not_depend_on_content_or_stills() -> None:
    busy, calm = DrawnScene(frames=16, moving=((0, 16),), seed=8), DrawnScene(frames=64, moving=(), seed=9)
    headers = {
        encode_pictures(scene.frames, scene.frame, scene.changes, profile)[2]
        for scene in (busy, calm)
        for profile in (SMALL, replace(SMALL, stills="real"), replace(SMALL, crf=30))
    }
    assert len(headers) == 1


@pytest.mark.slow
def test_full_size_holds_decode_alike_in_both_decoders(make_segment: Any, join_guide: Any, tmp_path: Path) -> None:
    scenes = [
        DrawnScene(frames=96, moving=((0, 13), (60, 66)), seed=seed, width=1920, height=1080, first_number=200 * seed)
        for seed in (1, 2, 3)
    ]
    guide = join_guide([make_segment(scene) for scene in scenes])
    decoded = list(decode_pictures(guide))
    held = [*range(13), *[12] * 47, *range(60, 66), *[65] * 30]
    assert [barcode(picture) for picture in decoded] == [scene.first_number + n for scene in scenes for n in held]
    assert hashes_of_other_decoder(guide, tmp_path) == hashes(decoded)
    assert psnr(decoded[50][:1080], luma(scenes[0].frame(50))) > 38


# --- sound ---


def test_sound_after_a_join_equals_the_separate_decode_to_the_last_sample(
    three_segments: list[SegmentFile], join_guide: Any
) -> None:
    order = [*three_segments, three_segments[1]]
    alone = np.concatenate([decode_sound(join_guide([segment])) for segment in order])
    joined = decode_sound(join_guide(order))
    assert joined.size == sum(frames_to_samples(segment.tables.frames) for segment in order)
    assert np.array_equal(joined, alone)


def test_there_is_no_click_at_a_joint(three_segments: list[SegmentFile], join_guide: Any) -> None:
    sound = decode_sound(join_guide([*three_segments, *three_segments]))
    at = 0
    for segment in [*three_segments, *three_segments][:-1]:
        at += frames_to_samples(segment.tables.frames)
        around = sound[at - 512 : at + 512]
        assert abs(around).max() < 1e-3, f"joint at sample {at}"
    assert abs(sound).max() > 0.3


def test_a_flash_and_its_beep_stay_together_over_joints(make_segment: Any, join_guide: Any) -> None:
    scenes = [
        DrawnScene(frames=frames, moving=((0, frames),), beep_at=at) for frames, at in ((16, 2), (24, 21), (8, 4))
    ]
    order = [make_segment(scenes[n % 3]) for n in range(12)]
    guide = join_guide(order)
    flashes = [n for n, picture in enumerate(decode_pictures(guide)) if picture[170, 300] > 128]
    sound = abs(decode_sound(guide))
    loud = np.flatnonzero(sound > 0.2)
    beeps = loud[np.flatnonzero(np.diff(loud, prepend=-FRAME_SAMPLES) > FRAME_SAMPLES // 2)]
    # a 1 kHz tone takes 4 samples to pass half its height
    offsets = beeps - frames_to_samples(1) * np.array(flashes)
    assert len(flashes) == 12
    assert abs(offsets).max() < 48, "more than a millisecond"


def test_noise_decodes_alike_whatever_was_decoded_before_it() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 4 * GRID_SAMPLES).astype(np.float32)
    noise[:AAC_FRAME_SAMPLES] = noise[-AAC_FRAME_SAMPLES:] = 0
    before, _ = encode_sound(DrawnScene(seed=2).sound(), SMALL)
    packets, asc = encode_sound(noise, SMALL)
    alone = sound_of_packets(packets, asc)[AAC_FRAME_SAMPLES:]
    joined = sound_of_packets([*before, *packets[1:]], asc)[len(before) * AAC_FRAME_SAMPLES :]
    assert np.array_equal(joined, alone)


def test_sound_comes_back_as_it_went_in() -> None:
    samples = DrawnScene(frames=80, seed=2).sound()
    packets, asc = encode_sound(samples, SMALL)
    assert len(packets) == samples.size // AAC_FRAME_SAMPLES + 1
    decoded = sound_of_packets(packets, asc)[AAC_FRAME_SAMPLES:]
    assert decoded.size == samples.size
    noise = decoded - samples
    assert 10 * np.log10(np.mean(samples**2) / np.mean(noise**2)) > 30


def test_the_same_sound_gives_the_same_bytes_and_any_sound_the_same_header() -> None:
    tone, other = DrawnScene(seed=1).sound(), DrawnScene(frames=16, seed=2).sound()
    assert encode_sound(tone, SMALL) == encode_sound(tone, SMALL)
    assert encode_sound(tone, SMALL)[1] == encode_sound(other, SMALL)[1]


def test_silence_is_sound_too() -> None:
    packets, asc = encode_sound(np.zeros(GRID_SAMPLES, np.float32), SMALL)
    assert len(packets) == 16
    assert not sound_of_packets(packets, asc).any()


# --- profiles and keys ---


def test_key_data_is_plain_and_changes_with_every_setting() -> None:
    changed = [
        Profile(640, 180),
        Profile(320, 360),
        replace(SMALL, crf=21),
        replace(SMALL, preset="fast"),
        replace(SMALL, sound_bit_rate=64_000),
        replace(SMALL, stills="real"),
        replace(SMALL, threads=2),
    ]
    keys = {json.dumps(profile.key_data(), sort_keys=True) for profile in [SMALL, *changed]}
    assert len(keys) == len(changed) + 1
    assert SMALL.size == (320, 180)
    assert pickle.loads(pickle.dumps(SMALL)) == SMALL


def test_a_key_costs_no_codec() -> None:
    code = (
        "import sys; from videoguide.media.encoding import Profile; Profile(320, 180).key_data();"
        "sys.exit(any(name in sys.modules for name in ('av', 'PIL', 'moviepy')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})


# --- bad input ---


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"width": 321}, "width è 321"),
        ({"height": 0}, "height è 0"),
        ({"width": 8000}, "4096"),
        ({"crf": 52}, "da 0 a 51"),
        ({"threads": 0}, "threads è 0"),
        ({"sound_bit_rate": 96}, "sound_bit_rate è 96"),
    ],
)
def test_a_profile_out_of_range_is_refused(changes: dict[str, int], words: str) -> None:
    with pytest.raises(EncodingError, match=words):
        replace(SMALL, **changes)  # type: ignore[arg-type]


def test_an_unknown_way_of_holding_stills_names_the_known_ones() -> None:
    with pytest.raises(UnknownChoice, match="skip, real"):
        Profile(320, 180, stills="stretch")  # type: ignore[arg-type]


def test_an_unknown_preset_is_an_encoding_error_with_its_cause() -> None:
    with pytest.raises(EncodingError, match="x264") as caught:
        encode_pictures(8, DrawnScene().frame, lambda n: False, replace(SMALL, preset="lightning"))
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("frames", [0, -8, 7, 12])
def test_pictures_off_the_grid_are_refused(frames: int) -> None:
    with pytest.raises(EncodingError, match="multipli di 8"):
        encode_pictures(frames, DrawnScene().frame, lambda n: False, SMALL)


@pytest.mark.parametrize(
    "picture",
    [np.zeros((180, 320), np.uint8), np.zeros((180, 318, 3), np.uint8), np.zeros((180, 320, 3), np.float32)],
    ids=["grey", "narrow", "float"],
)
def test_a_picture_of_the_wrong_shape_is_refused(picture: NDArray[Any]) -> None:
    with pytest.raises(EncodingError, match=r"ammesso: uint8 \(180, 320, 3\)"):
        encode_pictures(8, lambda n: picture, lambda n: False, SMALL)


def test_an_error_of_the_drawing_passes_through_unchanged() -> None:
    def frame(n: int) -> NDArray[np.uint8]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        encode_pictures(8, frame, lambda n: False, SMALL)


def beginning_loud() -> NDArray[np.float32]:
    samples = np.zeros(GRID_SAMPLES, np.float32)
    samples[500] = 0.1
    return samples


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros(0, np.float32), "suono di 0 campioni"),
        (np.zeros(GRID_SAMPLES + 1024, np.float32), "multipli di 15360"),
        (np.zeros((2, GRID_SAMPLES), np.float32), r"forma \(n,\)"),
        (np.zeros(GRID_SAMPLES), "float64"),
        (np.full(GRID_SAMPLES, np.nan, np.float32), "non finiti"),
        (beginning_loud(), "1024 campioni di silenzio"),
        (beginning_loud()[::-1].copy(), "1024 campioni di silenzio"),
    ],
    ids=["none", "off the grid", "stereo", "double", "nan", "loud start", "loud end"],
)
def test_sound_that_could_not_be_joined_is_refused(samples: NDArray[Any], words: str) -> None:
    with pytest.raises(EncodingError, match=words):
        encode_sound(samples, SMALL)
