"""Pictures for people: contact sheets, posters, a looping picture for a page."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from videoguide.assets import assets_folder
from videoguide.drawing import Drawing
from videoguide.timing import FPS

Picture = Image.Image | NDArray[np.uint8]

POSTER_SIZE = (640, 360)
_INK, _PAPER = "#17324D", "#FFFFFF"
_MARGIN, _LABEL = 12, 32


def sheet(pictures: Sequence[tuple[str, Picture]], columns: int = 4, width: int = 480) -> Image.Image:
    """A contact sheet: each picture ``width`` px wide with its label below, row by row.

    All pictures take the shape of the first; an empty sequence is a ValueError.
    """
    if not pictures:
        raise ValueError("a contact sheet needs at least one picture")
    images = [_image(picture) for _, picture in pictures]
    height = round(width * images[0].height / images[0].width)
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    cell = (width + _MARGIN, height + _LABEL + _MARGIN)
    whole = Image.new("RGB", (columns * cell[0] + _MARGIN, rows * cell[1] + _MARGIN), _PAPER)
    draw = ImageDraw.Draw(whole)
    font = ImageFont.truetype(str(assets_folder() / "fonts" / "TitilliumWeb-Regular.ttf"), 20)
    for index, ((label, _), image) in enumerate(zip(pictures, images, strict=True)):
        left, top = _MARGIN + index % columns * cell[0], _MARGIN + index // columns * cell[1]
        whole.paste(image.resize((width, height), Image.Resampling.LANCZOS), (left, top))
        draw.text((left + 2, top + height + 2), label, fill=_INK, font=font)
    return whole


def poster(drawing: Drawing, n: int) -> bytes:
    """Picture ``n`` as a JPEG of 640x360, some 25 to 40 kB: what a player shows before it plays."""
    image = drawing.picture(n).resize(POSTER_SIZE, Image.Resampling.LANCZOS)
    written = BytesIO()
    image.save(written, "JPEG", quality=88, optimize=True, progressive=True, subsampling=0)
    return written.getvalue()


def looping(
    pictures: Iterable[Picture], form: Literal["gif", "webp", "png"], *, width: int = 640, every: int = 2
) -> bytes:
    """Pictures at 25 a second as one animated file that repeats; only every ``every``-th is kept."""
    kept = [_image(picture) for index, picture in enumerate(pictures) if index % every == 0]
    if not kept:
        raise ValueError("an animation needs at least one picture")
    size = (width, round(width * kept[0].height / kept[0].width))
    small = [image.resize(size, Image.Resampling.LANCZOS) for image in kept]
    options: dict[str, Any] = {"quality": 80, "method": 4} if form == "webp" else {}
    if form == "gif":
        # one palette for all, or colours would flicker; no dithering, the drawings are flat
        palette = _strip(small).quantize(255, Image.Quantize.MEDIANCUT)
        small = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in small]
    written = BytesIO()
    small[0].save(
        written, form.upper(), save_all=True, append_images=small[1:], duration=every * 1000 // FPS, loop=0, **options
    )
    return written.getvalue()


def _image(picture: Picture) -> Image.Image:
    return picture.convert("RGB") if isinstance(picture, Image.Image) else Image.fromarray(picture)


def _strip(images: Sequence[Image.Image]) -> Image.Image:
    """A few of the pictures side by side, to choose colours from."""
    chosen = images[:: max(len(images) // 8, 1)]
    width, height = chosen[0].size
    strip = Image.new("RGB", (width * len(chosen), height))
    for index, image in enumerate(chosen):
        strip.paste(image, (index * width, 0))
    return strip
