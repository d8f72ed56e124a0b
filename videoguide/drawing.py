"""Layers -> pictures: each layer rasterised once, each picture composed only where it changes.

The only user of resvg, and with ``pictures`` of Pillow. A :class:`Drawing` gives any picture of a
scene in any order; taken in order, a picture costs as much as what moves in it.
"""

import struct
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from videoguide.assets import DRAFT, STAGE, assets_folder
from videoguide.errors import PackError
from videoguide.layers import HEIGHT, LAYERS, WIDTH, Layer, Times, gone, leaving, read_layers
from videoguide.store import Store, key_of
from videoguide.templates import fill_drawing
from videoguide.typography import FAMILY

RASTER_VERSION = 1
_KEPT_BYTES = 256 * 1024 * 1024
_SMALL_WIDTH = 480


class Box(NamedTuple):
    """A rectangle in output pixels: left, top, and one past right and bottom."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def empty(self) -> bool:
        return self.right <= self.left or self.bottom <= self.top

    def meets(self, other: "Box") -> bool:
        return not self.within(other).empty

    def within(self, other: "Box") -> "Box":
        """The part inside another."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        return Box(left, top, min(self.right, other.right), min(self.bottom, other.bottom))

    def with_(self, other: "Box") -> "Box":
        """The smallest rectangle around both."""
        left, top = min(self.left, other.left), min(self.top, other.top)
        return Box(left, top, max(self.right, other.right), max(self.bottom, other.bottom))


@dataclass(frozen=True)
class Sprite:
    """A rasterised layer at rest: its place and pixels, RGBA with straight alpha; None if all clear."""

    left: int
    top: int
    image: Image.Image | None

    @property
    def size(self) -> tuple[int, int]:
        return self.image.size if self.image else (0, 0)

    @property
    def box(self) -> Box:
        width, height = self.size
        return Box(self.left, self.top, self.left + width, self.top + height)


class Placement(NamedTuple):
    """A sprite in one picture, in whole pixels; equal placements make equal pixels."""

    left: int
    top: int
    width: int
    height: int
    revealed: int
    opacity: int

    @property
    def box(self) -> Box:
        return Box(self.left, self.top, self.left + self.revealed, self.top + self.height)


class _State(NamedTuple):
    """All that a picture depends on: each layer's placement, and how far the bare stage veils them, 0 … 255."""

    placements: tuple[Placement | None, ...]
    veil: int


class Drawing:
    """A scene as pictures: ``frames`` of them, ``size`` (width, height) in pixels, 25 a second.

    ``mark`` lies over every picture. Not to be shared between threads: it keeps the picture it made last and changes
    it in place.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        sprites: Sequence[Sprite],
        stage: Image.Image,
        frames: int,
        mark: Sprite | None = None,
    ) -> None:
        self.layers, self.sprites, self.frames = tuple(layers), tuple(sprites), frames
        self.size: tuple[int, int] = stage.size
        self._stage, self._mark = stage, mark
        self._whole = Box(0, 0, *stage.size)
        self._scaled: dict[tuple[int, int, int], _Split] = {}
        self._shown = _State((None,) * len(self.layers), 0)
        self._picture: NDArray[np.uint8] = np.array(self._compose(self._shown, self._whole))

    def frame(self, n: int) -> NDArray[np.uint8]:
        """Picture ``n`` (0 … frames - 1), the caller's own: uint8 RGB of shape (height, width, 3)."""
        self._go(n)
        return self._picture.copy()

    def picture(self, n: int) -> Image.Image:
        """Picture ``n`` for Pillow."""
        self._go(n)
        return Image.fromarray(self._picture)

    def changes(self, n: int) -> bool:
        """Whether picture ``n`` differs from the one before; the first one does."""
        return n == 0 or self._state(n) != self._state(n - 1)

    def changed_boxes(self, n: int) -> tuple[Box, ...]:
        """Where picture ``n`` may differ from the one before: rectangles apart from each other."""
        return (self._whole,) if n == 0 else self._difference(self._state(n - 1), self._state(n))

    def placement(self, layer: int, n: int) -> Placement | None:
        """Where a layer's sprite is in picture ``n``; None while it is not to be seen."""
        look = self.layers[layer].look(n)
        sprite = self.sprites[layer]
        if look is None or sprite.image is None:
            return None
        scale = self.size[0] / WIDTH
        width, height = (max(round(side * look.scale), 1) for side in sprite.size)
        left = sprite.left + round(look.dx * scale) + (sprite.size[0] - width) // 2
        top = sprite.top + round(look.dy * scale) + (sprite.size[1] - height) // 2
        placed = Placement(left, top, width, height, round(width * look.revealed), round(255 * look.opacity))
        hidden = placed.opacity == 0 or placed.box.within(self._whole).empty
        return None if hidden else placed

    def _state(self, n: int) -> _State:
        if not 0 <= n < self.frames:
            raise IndexError(f"picture {n} of a scene with {self.frames}")
        placements = tuple(self.placement(layer, n) for layer in range(len(self.layers)))
        return _State(placements, round(255 * gone(n - leaving(self.frames))) if any(placements) else 0)

    def _go(self, n: int) -> None:
        """Turn the kept picture into picture ``n``, touching only what differs."""
        wanted = self._state(n)
        for box in self._difference(self._shown, wanted):
            self._picture[box.top : box.bottom, box.left : box.right] = np.asarray(self._compose(wanted, box))
        self._shown = wanted

    def _difference(self, old: _State, new: _State) -> tuple[Box, ...]:
        boxes: list[Box] = []
        for before, after in zip(old.placements, new.placements, strict=True):
            placed = [place.box.within(self._whole) for place in (before, after) if place is not None]
            if placed and (before != after or old.veil != new.veil):
                boxes.append(placed[0].with_(placed[-1]))
        return _apart(boxes)

    def _compose(self, state: _State, box: Box) -> Image.Image:
        bare = self._stage.crop(box)
        canvas = bare.copy()
        for index, place in enumerate(state.placements):
            if place is None:
                continue
            part = place.box.within(box)
            if part.empty:
                continue
            split = self._split(index, place.width, place.height)
            inner = (part.left - place.left, part.top - place.top, part.right - place.left, part.bottom - place.top)
            mask = split.alpha.crop(inner)
            if place.opacity < 255:
                mask = mask.point(_fading(place.opacity))
            canvas.paste(split.colour.crop(inner), (part.left - box.left, part.top - box.top), mask)
        # all leave as one picture: layers fading each for itself would show what is behind them
        return self._marked(Image.blend(canvas, bare, state.veil / 255) if state.veil else canvas, box)

    def _marked(self, picture: Image.Image, box: Box) -> Image.Image:
        mark = self._mark
        if mark and mark.image:
            picture.paste(mark.image, (mark.left - box.left, mark.top - box.top), mark.image)
        return picture

    def _split(self, index: int, width: int, height: int) -> "_Split":
        """A sprite's colour and alpha at a size; those of its entrance are dropped once it has settled."""
        key = (index, width, height)
        if key not in self._scaled:
            image = self.sprites[index].image
            assert image is not None
            if image.size != (width, height):
                for other in [other for other in self._scaled if other[0] == index and other[1:] != image.size]:
                    del self._scaled[other]
                image = image.resize((width, height), Image.Resampling.BILINEAR)
            self._scaled[key] = _Split(image.convert("RGB"), image.getchannel("A"))
        return self._scaled[key]


class _Split(NamedTuple):
    colour: Image.Image
    alpha: Image.Image


def draw(
    svg: str,
    source: Path | str,
    times: Times,
    frames: int,
    size: tuple[int, int],
    *,
    art: Path | None = None,
    store: Store | None = None,
    draft: bool = False,
) -> Drawing:
    """A filled scene drawing as pictures; those of a draft say so.

    ``source`` names the template in errors; ``times`` are the sentences' samples; ``frames`` how many
    pictures the scene lasts; ``size`` (width, height) in pixels, 16:9; ``art`` the folder of shared drawings. With a
    ``store``, layers without words are kept in it for other runs (kind ``layers``); words are quickly drawn, and may
    be a name.
    Raises PackError for a drawing that is not right.
    """
    if size[0] * HEIGHT != size[1] * WIDTH:
        raise PackError(source, f"non si può disegnare a {size[0]}x{size[1]}; ammesso: 16:9")
    layers = read_layers(svg, source, times, frames)
    sprites = [rasterise(one.svg, size, store=store, source=source, where=f"livello {one.id}") for one in layers]
    mark = _shared(DRAFT, size, art, store) if draft else None
    return Drawing(layers, sprites, stage(size, art=art, store=store), frames, mark)


def stage(size: tuple[int, int], *, art: Path | None = None, store: Store | None = None) -> Image.Image:
    """The bare stage, RGB."""
    sprite = _shared(STAGE, size, art, store)
    bare = Image.new("RGB", size, "#F3F7FB")
    if sprite.image:
        bare.paste(sprite.image, (sprite.left, sprite.top), sprite.image)
    return bare


def _shared(name: str, size: tuple[int, int], art: Path | None, store: Store | None) -> Sprite:
    """A shared drawing that needs no values."""
    svg = fill_drawing(name, (art or assets_folder() / "art",), {})
    return rasterise(svg, size, store=store, source=name)


def rasterise(
    svg: str, size: tuple[int, int], *, store: Store | None = None, source: Path | str = "disegno", where: str = ""
) -> Sprite:
    """A whole drawing (viewBox 0 0 1920 1080) as a sprite at ``size``; kept in memory, see :func:`draw`.

    Raises PackError for ``source`` and ``where`` if the rasteriser refuses it.
    """
    key = key_of({"svg": svg, "size": size, "raster": RASTER_VERSION, "setting": _setting()})
    kept = _KEPT.find(key)
    if kept:
        return kept
    worded = "<text" in svg
    sprite = stored_layer(store, key) if store and not worded else None
    if sprite is None:
        try:
            box, png = _render(svg, size, worded)
        except ValueError as error:
            raise PackError(source, f"non si può disegnare: {error}", where=where) from error
        sprite = Sprite(box.left, box.top, _decoded(png))
        if store and not worded:
            store.put(LAYERS, key, [_PLACE.pack(box.left, box.top), png])
    _KEPT.keep(key, sprite)
    return sprite


class _Kept:
    """The sprites used last, up to a number of bytes."""

    def __init__(self, limit: int) -> None:
        self._limit, self._used = limit, 0
        self._sprites: OrderedDict[str, Sprite] = OrderedDict()

    def find(self, key: str) -> Sprite | None:
        if key in self._sprites:
            self._sprites.move_to_end(key)
        return self._sprites.get(key)

    def keep(self, key: str, sprite: Sprite) -> None:
        self._sprites[key] = sprite
        self._used += _bytes_of(sprite)
        while self._used > self._limit:
            self._used -= _bytes_of(self._sprites.popitem(last=False)[1])

    def clear(self) -> None:
        self._sprites.clear()
        self._used = 0


_KEPT = _Kept(_KEPT_BYTES)
_PLACE = struct.Struct(">ii")


def forget_layers() -> None:
    """Drop the layers kept in memory, as after a run for many people."""
    _KEPT.clear()


def _bytes_of(sprite: Sprite) -> int:
    return 4 * sprite.size[0] * sprite.size[1] + 200


def stored_layer(store: Store, key: str) -> Sprite | None:
    """A layer from the store; None if it is not there, or damaged."""
    path = store.find(LAYERS, key)
    try:
        data = path.read_bytes() if path else b""
        left, top = _PLACE.unpack_from(data)
        return Sprite(left, top, _decoded(data[_PLACE.size :]))
    except (OSError, SyntaxError, struct.error):  # Pillow says SyntaxError of a broken PNG
        return None


def _decoded(png: bytes) -> Image.Image | None:
    if not png:
        return None
    with Image.open(BytesIO(png)) as image:
        whole: Image.Image = image.convert("RGBA")
        return whole


def _render(svg: str, size: tuple[int, int], worded: bool) -> tuple[Box, bytes]:
    """The part of a drawing that is not clear, as PNG; found in a small rendering first."""
    whole = Box(0, 0, *size)
    shrink = min(_SMALL_WIDTH / size[0], 1.0)
    small = _decoded(_resvg(svg, whole, whole, (round(size[0] * shrink), round(size[1] * shrink)), worded))
    bounds = small.getchannel("A").getbbox() if small else None
    if bounds is None:
        return Box(0, 0, 0, 0), b""
    # one small pixel more on each side: an edge may cover too little of one to be seen in it
    left, top, right, bottom = bounds
    box = Box(
        int((left - 1) / shrink), int((top - 1) / shrink), int((right + 1) / shrink), int((bottom + 1) / shrink)
    ).within(whole)
    return box, _resvg(svg, whole, box, (box.right - box.left, box.bottom - box.top), worded)


def _resvg(svg: str, whole: Box, box: Box, size: tuple[int, int], worded: bool) -> bytes:
    """``box`` (in output pixels of ``whole``) of a drawing, rendered to a PNG of ``size``."""
    import resvg_py

    scale = WIDTH / whole.right
    view = " ".join(f"{edge * scale:.6g}" for edge in (box.left, box.top, box.right - box.left, box.bottom - box.top))
    cropped = svg.replace(
        f'viewBox="0 0 {WIDTH} {HEIGHT}"', f'viewBox="{view}" width="{size[0]}" height="{size[1]}"', 1
    )
    png = resvg_py.svg_to_bytes(
        svg_string=cropped,
        skip_system_fonts=True,
        font_files=[str(path) for path in _font_files()] if worded else None,
        font_family=FAMILY,
    )
    return bytes(png)


@lru_cache(maxsize=1)
def _font_files() -> tuple[Path, ...]:
    return tuple(sorted((assets_folder() / "fonts").glob("*.ttf")))


@lru_cache(maxsize=1)
def _setting() -> str:
    """What every raster depends on beside its drawing: the rasteriser's version and the fonts."""
    import resvg_py

    digest = sha256(resvg_py.__resvg_version__.encode())
    for file in _font_files():
        digest.update(file.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=256)
def _fading(opacity: int) -> list[int]:
    """A look-up table that scales an alpha by an opacity of 0 … 255."""
    return [(alpha * opacity + 127) // 255 for alpha in range(256)]


def _apart(boxes: list[Box]) -> tuple[Box, ...]:
    """Boxes joined until none meets another, so that each pixel is composed once."""
    apart: list[Box] = []
    for box in boxes:
        while meeting := [other for other in apart if other.meets(box)]:
            for other in meeting:
                apart.remove(other)
                box = box.with_(other)
        apart.append(box)
    return tuple(apart)
