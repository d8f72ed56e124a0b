# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Pictures for people: contact sheets, posters, animations for pages."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from videoguide.assets import assets_folder
from videoguide.picture.drawing import Drawing
from videoguide.timing import FPS

Picture = Image.Image | NDArray[np.uint8]

POSTER_SIZE_PX = (640, 360)
_INK, _PAPER = "#17324D", "#FFFFFF"
_MARGIN_PX, _LABEL_PX = 12, 32


def sheet(pictures: Sequence[tuple[str, Picture]], columns: int = 4, width_px: int = 480) -> Image.Image:
    """A contact sheet: pictures ``width_px`` wide with their labels below, row by row.

    All pictures are given the shape of the first one; raises ValueError if there is none.
    """
    if not pictures:
        raise ValueError("a contact sheet needs at least one picture")
    images = [_image(picture) for _, picture in pictures]
    height_px = round(width_px * images[0].height / images[0].width)
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    cell_width_px, cell_height_px = width_px + _MARGIN_PX, height_px + _LABEL_PX + _MARGIN_PX
    size_px = (columns * cell_width_px + _MARGIN_PX, rows * cell_height_px + _MARGIN_PX)
    whole = Image.new("RGB", size_px, _PAPER)
    draw = ImageDraw.Draw(whole)
    font = ImageFont.truetype(str(assets_folder() / "fonts" / "TitilliumWeb-Regular.ttf"), 20)
    for index, ((label, _), image) in enumerate(zip(pictures, images, strict=True)):
        left, top = _MARGIN_PX + index % columns * cell_width_px, _MARGIN_PX + index // columns * cell_height_px
        whole.paste(image.resize((width_px, height_px), Image.Resampling.LANCZOS), (left, top))
        draw.text((left + 2, top + height_px + 2), label, fill=_INK, font=font)
    return whole


def poster(drawing: Drawing, n: int) -> bytes:
    """Picture ``n`` as a JPEG of 640x360, about 25 to 40 kB, which a player shows before it plays."""
    image = drawing.picture(n).resize(POSTER_SIZE_PX, Image.Resampling.LANCZOS)
    jpeg = BytesIO()
    image.save(jpeg, "JPEG", quality=88, optimize=True, progressive=True, subsampling=0)
    return jpeg.getvalue()


def looping(
    pictures: Iterable[Picture], form: Literal["gif", "webp", "png"], *, width_px: int = 640, every: int = 2
) -> bytes:
    """Pictures at 25 per second as one animated file that repeats, with only every ``every``-th picture.

    Raises ValueError if there is no picture.
    """
    images = [_image(picture) for index, picture in enumerate(pictures) if index % every == 0]
    if not images:
        raise ValueError("an animation needs at least one picture")
    size_px = (width_px, round(width_px * images[0].height / images[0].width))
    small = [image.resize(size_px, Image.Resampling.LANCZOS) for image in images]
    options: dict[str, Any] = {"quality": 80, "method": 4} if form == "webp" else {}
    if form == "gif":
        # one palette for all, or colours would flicker; no dithering, as the drawings are flat
        palette = _strip(small).quantize(255, Image.Quantize.MEDIANCUT)
        small = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in small]
    animation = BytesIO()
    picture_ms = every * 1000 // FPS
    small[0].save(
        animation, form.upper(), save_all=True, append_images=small[1:], duration=picture_ms, loop=0, **options
    )
    return animation.getvalue()


def _image(picture: Picture) -> Image.Image:
    return picture.convert("RGB") if isinstance(picture, Image.Image) else Image.fromarray(picture)


def _strip(images: Sequence[Image.Image]) -> Image.Image:
    """A few of the pictures side by side, from which a palette is chosen."""
    some = images[:: max(len(images) // 8, 1)]
    width, height = some[0].size
    strip = Image.new("RGB", (width * len(some), height))
    for index, image in enumerate(some):
        strip.paste(image, (index * width, 0))
    return strip
