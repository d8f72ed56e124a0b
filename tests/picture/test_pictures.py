# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

from io import BytesIO
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from tests.support.tiny_scenes import FRAMES, TIMES, TITLE, layer, scene
from videoguide.picture.drawing import Drawing, draw
from videoguide.picture.pictures import looping, poster, sheet


@pytest.fixture(scope="module")
def drawing() -> Drawing:
    return draw(
        scene(layer("round"), layer("title", 'vg:enter="hello"', TITLE)), "hello.svg", TIMES, FRAMES, (640, 360)
    )


def test_a_sheet_has_all_pictures_in_rows(drawing: Drawing) -> None:
    made = sheet([(f"picture {n}", drawing.frame(n)) for n in (0, 20, 40, 60, 80)], columns=2, width_px=160)
    assert made.width == 12 + 2 * (160 + 12)
    assert made.height == 12 + 3 * (90 + 32 + 12)
    second = made.crop((184, 12, 344, 102))
    wanted = drawing.picture(20).resize((160, 90), Image.Resampling.LANCZOS)
    assert np.array_equal(np.asarray(second), np.asarray(wanted))


def test_a_sheet_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        sheet([])


def test_a_poster_is_a_small_jpeg(drawing: Drawing) -> None:
    data = poster(drawing, 60)
    with Image.open(BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", (640, 360))
        difference = np.abs(np.asarray(image.convert("RGB")).astype(int) - drawing.frame(60))
    assert difference.mean() < 1.5
    assert len(data) < 40_000


@pytest.mark.parametrize("form", ["gif", "webp", "png"])
def test_a_looping_picture_repeats_at_the_right_pace(drawing: Drawing, form: Literal["gif", "webp", "png"]) -> None:
    data = looping((drawing.frame(n) for n in range(30)), form, width_px=320, every=5)
    with Image.open(BytesIO(data)) as image:
        assert (image.size, image.info["loop"]) == ((320, 180), 0)
        lasting = []
        for index in range(image.n_frames):  # equal pictures are kept once, for longer
            image.seek(index)
            image.load()
            lasting.append(image.info["duration"])
            if index == 1:
                shown = np.asarray(image.convert("RGB")).astype(int)
    assert sum(lasting) == 6 * 200
    wanted = np.asarray(drawing.picture(5).resize((320, 180), Image.Resampling.LANCZOS))
    assert np.abs(shown - wanted).mean() < 4


def test_an_animation_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        looping([], "gif")
