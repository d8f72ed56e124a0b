# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import resvg_py
from numpy.typing import NDArray
from PIL import Image

from tests.support.golden_frames import Compare
from tests.support.tiny_scenes import CARD, FRAMES, HELLO, LEAVING, ROUND, SIZE, TIMES, TITLE, TOPIC, layer, scene
from videoguide.assets import assets_folder
from videoguide.errors import PackError
from videoguide.picture import drawing
from videoguide.picture.clips import reference_clip, scene_clip
from videoguide.picture.drawing import Box, Drawing, draw, forget_layers, rasterise, stage
from videoguide.picture.layers import ENTRANCES, read_layers
from videoguide.store import Store

STAGE = Image.new("RGB", SIZE, "#F3F7FB")
BAR = '<rect x="300" y="800" width="900" height="60"/>'
RING = '<circle cx="1300" cy="480" r="160" fill="none" stroke="#0066CC" stroke-width="24"/>'
WHOLE = (
    layer("round", 'vg:enter="start" vg:by="grow" vg:move="topic 90 -60"'),
    layer("title", 'vg:enter="hello"', TITLE),
    layer("card", 'vg:enter="hello" vg:by="slide"', CARD),
    layer("mark", 'vg:enter="topic" vg:by="wipe" vg:leave="topic.end"', BAR),
    layer("ring", 'vg:enter="topic+200ms" vg:by="ring"', RING),
)


def drawn(*layers: str, size: tuple[int, int] = SIZE) -> Drawing:
    return draw(scene(*layers), "hello.svg", TIMES, FRAMES, size)


def plain(*layers: str) -> Drawing:
    """On a flat stage: golden frames must not change with the art."""
    read = read_layers(scene(*layers), "hello.svg", TIMES, FRAMES)
    return Drawing(read, [rasterise(drawn_layer.svg, SIZE) for drawn_layer in read], STAGE, FRAMES)


def difference(picture: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.int64]:
    distance: NDArray[np.int64] = np.abs(picture.astype(int) - other.astype(int))
    return distance


def test_the_first_and_the_last_two_pictures_are_the_bare_stage() -> None:
    whole = drawn(*WHOLE)
    bare = np.array(stage(SIZE))
    for n in (0, FRAMES - 2, FRAMES - 1):
        assert np.array_equal(whole.frame(n), bare)
    assert not np.array_equal(whole.frame(1), bare)
    assert not np.array_equal(whole.frame(FRAMES - 3), bare)


def test_a_frame_is_rgb_of_the_size_asked_for_and_the_callers_own() -> None:
    whole = drawn(*WHOLE, size=(640, 360))
    frame = whole.frame(50)
    assert frame.shape == (360, 640, 3) and frame.dtype == np.uint8
    kept = frame.copy()
    frame[:] = 0
    assert np.array_equal(whole.frame(50), kept)


def test_pictures_in_any_order_equal_those_in_sequence() -> None:
    whole, other = drawn(*WHOLE), drawn(*WHOLE)
    sequence = [whole.frame(n) for n in range(FRAMES)]
    for n in [*range(FRAMES - 1, -1, -7), 50, 3, 94, 0, *np.random.default_rng(1).integers(0, FRAMES, 30)]:
        assert np.array_equal(other.frame(int(n)), sequence[int(n)])


def test_a_picture_changes_just_when_it_says_so() -> None:
    whole = drawn(*WHOLE)
    sequence = [whole.frame(n) for n in range(FRAMES)]
    changes = [n for n in range(FRAMES) if whole.changes(n)]
    assert changes == [0, *(n for n in range(1, FRAMES) if not np.array_equal(sequence[n - 1], sequence[n]))]
    assert len(changes) < FRAMES


def test_nothing_is_seen_before_its_sentence() -> None:
    late = drawn(layer("title", 'vg:enter="topic"', TITLE))
    assert [n for n in range(FRAMES) if late.changes(n)][:2] == [0, TOPIC]
    assert np.array_equal(late.frame(TOPIC - 1), late.frame(0))


def test_an_earlier_leave_uncovers_what_was_behind() -> None:
    behind = plain(layer("card", 'vg:enter="start"', CARD))
    both = plain(
        layer("card", 'vg:enter="start"', CARD),
        layer("round", 'vg:enter="hello" vg:leave="topic"', ROUND.replace('"480"', '"1200"')),
    )
    assert not np.array_equal(both.frame(TOPIC - 1), behind.frame(TOPIC - 1))
    assert np.array_equal(both.frame(TOPIC + 7), behind.frame(TOPIC + 7))


def test_what_is_covered_does_not_shine_through_when_all_leave() -> None:
    # a layer and its own copy in another colour under it leave as if there were nothing under it
    covered = plain(layer("under", inside=ROUND.replace("#0066CC", "#000000")), layer("over", inside=ROUND))
    alone = plain(layer("over", inside=ROUND))
    inside = np.s_[60:120, 60:100]
    for n in range(LEAVING, FRAMES):
        assert difference(covered.frame(n)[inside], alone.frame(n)[inside]).max() <= 1


def test_a_glide_moves_by_what_it_says() -> None:
    moved = plain(layer("round", 'vg:enter="start" vg:move="topic 600 120"'))
    before, after = moved.frame(TOPIC - 1), moved.frame(LEAVING - 1)
    assert np.array_equal(np.roll(before, (20, 100), (0, 1)), after)


def test_a_wipe_reveals_from_the_left() -> None:
    wiped = plain(layer("card", 'vg:enter="hello" vg:by="wipe"', CARD))
    half, whole = wiped.frame(HELLO + 3), wiped.frame(HELLO + 11)
    seen = difference(half, np.array(STAGE)).any(axis=(0, 2))
    edge = int(np.flatnonzero(seen)[-1]) + 1
    assert 165 < edge < 275
    assert np.array_equal(half[:, :edge], whole[:, :edge])


def test_a_layer_partly_outside_is_cut_off() -> None:
    cut = plain(layer("round", 'vg:enter="start" vg:move="topic -600 700"'))
    assert cut.frame(LEAVING - 1).shape == (180, 320, 3)
    gone = plain(layer("round", 'vg:enter="start" vg:move="topic -6000 0"'))
    assert np.array_equal(gone.frame(LEAVING - 1), np.array(STAGE))


def test_an_empty_layer_is_no_reason_to_fail() -> None:
    empty = plain(layer("none", inside=""), layer("clear", inside='<rect width="90" height="90" fill-opacity="0"/>'))
    assert [n for n in range(FRAMES) if empty.changes(n)] == [0]


@pytest.mark.parametrize("n", [-1, FRAMES])
def test_a_picture_that_is_not_there_is_an_index_error(n: int) -> None:
    with pytest.raises(IndexError):
        drawn(*WHOLE).frame(n)


# Rasterising


def rendered(svg: str, size: tuple[int, int]) -> Image.Image:
    """A drawing as the rasteriser makes it in one piece, on the flat stage."""
    sized = svg.replace("<svg ", f'<svg width="{size[0]}" height="{size[1]}" ', 1)
    fonts = [str(file) for file in (assets_folder() / "fonts").glob("*.ttf")]
    png = resvg_py.svg_to_bytes(svg_string=sized, skip_system_fonts=True, font_files=fonts)
    with Image.open(BytesIO(bytes(png))) as image:
        flat = STAGE.resize(size)
        flat.paste(image, (0, 0), image)
        return flat


@pytest.mark.parametrize("size", [(320, 180), (640, 360), (960, 540)])
def test_cut_out_layers_make_the_same_picture_as_the_drawing_in_one_piece(size: tuple[int, int]) -> None:
    svg = scene(layer("round"), layer("card", inside=CARD), layer("title", inside=TITLE))
    read = read_layers(svg, "x.svg", TIMES, FRAMES)
    whole = Drawing(read, [rasterise(cut_out.svg, size) for cut_out in read], STAGE.resize(size), FRAMES)
    wanted = np.asarray(rendered(scene(f"<g>{ROUND}{CARD}{TITLE}</g>"), size))
    apart = difference(whole.frame(TOPIC), wanted)
    assert apart.max() <= 3
    assert apart.mean() < 0.1


def test_only_what_is_not_clear_is_kept_of_a_layer() -> None:
    sprite = rasterise(read_layers(scene(layer("card", inside=CARD)), "x.svg", TIMES, FRAMES)[0].svg, (1920, 1080))
    assert Box(960, 240, 1680, 720).within(sprite.box) == Box(960, 240, 1680, 720)
    assert sprite.size[0] < 740 and sprite.size[1] < 500


def test_a_hair_is_found_too() -> None:
    svg = read_layers(
        scene(layer("hair", inside='<rect x="401" y="303" width="0.5" height="500"/>')), "x", TIMES, FRAMES
    )
    assert rasterise(svg[0].svg, (1920, 1080)).image is not None


def test_see_through_edges_keep_their_colour_when_scaled() -> None:
    grown = plain(layer("round", 'vg:enter="hello" vg:by="grow"', '<circle cx="960" cy="540" r="300" fill="#FFFFFF"/>'))
    stage_colour = np.array(STAGE)[0, 0]
    for n in range(HELLO, HELLO + 12):
        assert (grown.frame(n) >= stage_colour - 1).all(), "white over the stage never gets darker than the stage"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The drawings that were really rasterised since."""
    seen: list[str] = []
    render = drawing._render

    def counting(svg: str, size: tuple[int, int], fonts: Sequence[Path] | None) -> tuple[Box, bytes]:
        seen.append(svg)
        return render(svg, size, fonts)

    monkeypatch.setattr(drawing, "_render", counting)
    forget_layers()
    return seen


def test_a_layer_is_rasterised_once_in_a_process(counted: list[str]) -> None:
    drawn(*WHOLE)
    first = len(counted)
    drawn(*WHOLE)
    assert first == len(WHOLE) + 1
    assert len(counted) == first


def test_layers_come_back_from_the_store_as_they_were(counted: list[str], tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = draw(scene(*WHOLE), "hello.svg", TIMES, FRAMES, SIZE, store=store)
    frames = [first.frame(n) for n in range(FRAMES)]
    forget_layers()
    counted.clear()
    other = draw(scene(*WHOLE), "hello.svg", TIMES, FRAMES, SIZE, store=store)
    assert all(np.array_equal(other.frame(n), frames[n]) for n in range(FRAMES))
    assert len(counted) == 1


def test_a_damaged_layer_in_the_store_is_drawn_anew(counted: list[str], tmp_path: Path) -> None:
    store = Store(tmp_path)
    wanted = draw(scene(*WHOLE), "hello.svg", TIMES, FRAMES, SIZE, store=store).frame(50)
    for number, key in enumerate(store.keys("layers")):
        path = store.path("layers", key)
        path.write_bytes(path.read_bytes()[: 60 * (number % 3)])
    forget_layers()
    assert np.array_equal(draw(scene(*WHOLE), "hello.svg", TIMES, FRAMES, SIZE, store=store).frame(50), wanted)


def test_words_are_never_put_into_the_store(counted: list[str], tmp_path: Path) -> None:
    store = Store(tmp_path)
    draw(scene(layer("title", inside=TITLE)), "hello.svg", TIMES, FRAMES, SIZE, store=store)
    assert len(list(store.keys("layers"))) == 1, "the stage alone"
    assert len(counted) == 2


def test_the_memory_for_layers_is_bounded() -> None:
    kept = drawing._Memory(3000)
    for n in range(10):
        kept.keep(str(n), drawing.Sprite(0, 0, Image.new("RGBA", (16, 16))))
    assert kept.find("9") and not kept.find("0")
    assert kept._used_bytes <= 3000


# Drawings that are not right


def test_a_size_of_another_shape_is_refused() -> None:
    with pytest.raises(PackError, match="16:9"):
        drawn(layer("round"), size=(320, 200))


def test_what_the_rasteriser_refuses_names_the_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**options: object) -> bytes:
        raise ValueError("SVG data parsing failed")

    forget_layers()
    monkeypatch.setattr(resvg_py, "svg_to_bytes", refuse)
    with pytest.raises(PackError, match=r"hello\.svg \(livello round\): non si può disegnare"):
        drawn(layer("round", inside='<circle r="33"/>'))


# MoviePy's own compositing is the reference


def test_drawing_does_not_wait_for_moviepy() -> None:
    code = "import sys, videoguide.picture.drawing, videoguide.picture.pictures; print('moviepy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.parametrize("by", [*ENTRANCES])
def test_an_entrance_looks_as_moviepy_composes_it(by: str) -> None:
    growing = plain(layer("card", 'vg:enter="start"', CARD), layer("title", f'vg:enter="hello" vg:by="{by}"', TITLE))
    with reference_clip(growing) as reference:
        for n in range(HELLO - 1, HELLO + 13):
            apart = difference(growing.frame(n), reference.get_frame(n / 25))
            # MoviePy scales straight alpha and with another filter: edges differ while a layer grows
            assert apart.max() <= (3 if ENTRANCES[by].scale == 1 else 160)
            assert apart.mean() < (0.3 if ENTRANCES[by].scale == 1 else 0.8)


def test_a_whole_scene_looks_as_moviepy_composes_it() -> None:
    whole = plain(*WHOLE)
    with reference_clip(whole) as reference:
        assert reference.duration == FRAMES / 25
        for n in range(FRAMES):
            apart = difference(whole.frame(n), reference.get_frame(n / 25))
            assert apart.mean() < 0.8
            assert np.percentile(apart, 99) <= 12


def test_a_scene_is_a_moviepy_clip_with_its_sound() -> None:
    samples = np.linspace(0, 0.5, FRAMES * 1920, dtype=np.float32)
    whole = plain(*WHOLE)
    with scene_clip(whole, samples) as clip:
        assert (clip.duration, clip.fps, tuple(clip.size)) == (FRAMES / 25, 25, SIZE)
        assert np.array_equal(clip.get_frame(50 / 25), whole.frame(50))
        assert np.array_equal(clip.get_frame(clip.duration), whole.frame(FRAMES - 1))
        assert [np.array_equal(frame, whole.frame(n)) for n, frame in enumerate(clip.iter_frames())] == [True] * FRAMES
        assert clip.audio.fps == 48_000
        assert clip.audio.get_frame(2.0) == pytest.approx([samples[96_000]] * 2)


# Golden frames


@pytest.mark.parametrize("n", [3, HELLO + 3, TOPIC - 1, TOPIC + 6, LEAVING - 1, LEAVING + 3])
def test_a_scene_looks_as_it_did(n: int, same_as_golden: Compare) -> None:
    same_as_golden(f"scene-{n:02}", plain(*WHOLE).frame(n))
