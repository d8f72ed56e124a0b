# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Layers -> pictures: each layer is rasterised once, each picture composed only where it changes.

The only user of resvg; Pillow is used by ``legibility`` and ``pictures`` as well. A :class:`Drawing`
gives the pictures of a scene in any order; in their own order, a picture costs only what moves in it.
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
from videoguide.packs.templates import fill_drawing
from videoguide.picture.layers import (
    HEIGHT,
    LAYERS,
    RASTER_VERSION,
    WIDTH,
    Layer,
    Times,
    faded,
    read_layers,
    scene_leave_frame,
)
from videoguide.picture.typography import FAMILY, SECOND_FAMILY
from videoguide.store import Store, key_of

_MEMORY_BYTES = 256 * 1024 * 1024
_SMALL_WIDTH_PX = 480


@dataclass(frozen=True)
class SharedArt:
    """The folders of the drawings and fonts that all campaigns share."""

    art: Path
    fonts: Path

    @classmethod
    def of_assets(cls) -> "SharedArt":
        """The folders of the program's assets."""
        return cls(assets_folder() / "art", assets_folder() / "fonts")


class Box(NamedTuple):
    """A rectangle in output pixels; ``right`` and ``bottom`` are one past its last pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def empty(self) -> bool:
        """Whether it contains no pixel."""
        return self.right <= self.left or self.bottom <= self.top

    def meets(self, other: "Box") -> bool:
        """Whether the two have pixels in common."""
        return not self.within(other).empty

    def within(self, other: "Box") -> "Box":
        """The part of it that is inside another."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        return Box(left, top, min(self.right, other.right), min(self.bottom, other.bottom))

    def with_(self, other: "Box") -> "Box":
        """The smallest rectangle around both."""
        left, top = min(self.left, other.left), min(self.top, other.top)
        return Box(left, top, max(self.right, other.right), max(self.bottom, other.bottom))


@dataclass(frozen=True)
class Sprite:
    """A rasterised layer at rest: its place and its pixels (RGBA, straight alpha); None if it is all transparent."""

    left: int
    top: int
    image: Image.Image | None

    @property
    def size(self) -> tuple[int, int]:
        """The width and height in pixels, (0, 0) without an image."""
        return self.image.size if self.image else (0, 0)

    @property
    def box(self) -> Box:
        """The part of the scene that it covers."""
        width, height = self.size
        return Box(self.left, self.top, self.left + width, self.top + height)


class Placement(NamedTuple):
    """A sprite in one picture: its place, size and revealed width in pixels, its opacity 0 … 255.

    Equal placements give equal pixels.
    """

    left: int
    top: int
    width: int
    height: int
    revealed: int
    opacity: int

    @property
    def box(self) -> Box:
        """The part of the scene that its revealed part covers."""
        return Box(self.left, self.top, self.left + self.revealed, self.top + self.height)


class _State(NamedTuple):
    """What a picture depends on: each layer's placement, and how much the bare stage covers them, 0 … 255."""

    placements: tuple[Placement | None, ...]
    veil: int


class Drawing:
    """A scene as ``frames`` pictures at 25 per second; ``size`` is their width and height in pixels.

    ``mark`` is drawn over every picture. Not to be shared between threads: the last picture is kept and changed in
    place.
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
        """A copy of picture ``n`` (0 … frames - 1): uint8 RGB of shape (height, width, 3)."""
        self._go(n)
        return self._picture.copy()

    def picture(self, n: int) -> Image.Image:
        """Picture ``n`` as a Pillow image."""
        self._go(n)
        return Image.fromarray(self._picture)

    def changes(self, n: int) -> bool:
        """Whether picture ``n`` differs from the previous one; true of the first one."""
        return n == 0 or self._state(n) != self._state(n - 1)

    def placement(self, layer: int, n: int) -> Placement | None:
        """The place of a layer's sprite in picture ``n``; None while it is invisible."""
        look = self.layers[layer].look(n)
        sprite = self.sprites[layer]
        if look is None or sprite.image is None:
            return None
        scale = self.size[0] / WIDTH
        width, height = (max(round(side * look.scale), 1) for side in sprite.size)
        left = sprite.left + round(look.dx * scale) + (sprite.size[0] - width) // 2
        top = sprite.top + round(look.dy * scale) + (sprite.size[1] - height) // 2
        placement = Placement(left, top, width, height, round(width * look.revealed), round(255 * look.opacity))
        invisible = placement.opacity == 0 or placement.box.within(self._whole).empty
        return None if invisible else placement

    def _state(self, n: int) -> _State:
        if not 0 <= n < self.frames:
            raise IndexError(f"picture {n} of a scene with {self.frames}")
        placements = tuple(self.placement(layer, n) for layer in range(len(self.layers)))
        return _State(placements, round(255 * faded(n - scene_leave_frame(self.frames))) if any(placements) else 0)

    def _go(self, n: int) -> None:
        """Turn the kept picture into picture ``n``, changing only what differs."""
        state = self._state(n)
        for box in self._difference(self._shown, state):
            self._picture[box.top : box.bottom, box.left : box.right] = np.asarray(self._compose(state, box))
        self._shown = state

    def _difference(self, old: _State, new: _State) -> tuple[Box, ...]:
        boxes: list[Box] = []
        for before, after in zip(old.placements, new.placements, strict=True):
            covered = [placement.box.within(self._whole) for placement in (before, after) if placement is not None]
            if covered and (before != after or old.veil != new.veil):
                boxes.append(covered[0].with_(covered[-1]))
        return _apart(boxes)

    def _compose(self, state: _State, box: Box) -> Image.Image:
        bare = self._stage.crop(box)
        canvas = bare.copy()
        for index, placement in enumerate(state.placements):
            if placement is None:
                continue
            part = placement.box.within(box)
            if part.empty:
                continue
            split = self._split(index, placement.width, placement.height)
            left, top = placement.left, placement.top
            inner = (part.left - left, part.top - top, part.right - left, part.bottom - top)
            mask = split.alpha.crop(inner)
            if placement.opacity < 255:
                mask = mask.point(_fading(placement.opacity))
            canvas.paste(split.colour.crop(inner), (part.left - box.left, part.top - box.top), mask)
        # all leave as one picture: layers that fade separately would show what is behind them
        return self._marked(Image.blend(canvas, bare, state.veil / 255) if state.veil else canvas, box)

    def _marked(self, picture: Image.Image, box: Box) -> Image.Image:
        mark = self._mark
        if mark and mark.image:
            picture.paste(mark.image, (mark.left - box.left, mark.top - box.top), mark.image)
        return picture

    def _split(self, index: int, width: int, height: int) -> "_Split":
        """A sprite's colour and alpha at a size; only the size at rest and the last other one are kept."""
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
    shared: SharedArt | None = None,
    store: Store | None = None,
    draft: bool = False,
) -> Drawing:
    """A filled scene drawing as pictures; those of a draft are marked.

    ``source`` names the template in errors; ``times`` are the sentences' samples; ``frames`` is the length of
    the scene in pictures; ``size`` is (width, height) in pixels, 16:9; ``shared`` has the shared drawings and
    fonts (default: the program's). With a ``store``, layers without words are kept in it for other runs (kind
    ``layers``); words are drawn quickly, and may be a name.
    Raises PackError for a wrong drawing.
    """
    if size[0] * HEIGHT != size[1] * WIDTH:
        raise PackError(source, f"non si può disegnare a {size[0]}x{size[1]}; ammesso: 16:9")
    layers = read_layers(svg, source, times, frames)
    shared = shared or SharedArt.of_assets()
    sprites = [
        rasterise(layer.svg, size, fonts=shared.fonts, store=store, source=source, where=f"livello {layer.id}")
        for layer in layers
    ]
    mark = _shared_drawing(DRAFT, size, shared, store) if draft else None
    return Drawing(layers, sprites, stage(size, shared=shared, store=store), frames, mark)


def stage(size: tuple[int, int], *, shared: SharedArt | None = None, store: Store | None = None) -> Image.Image:
    """The bare stage, RGB."""
    sprite = _shared_drawing(STAGE, size, shared or SharedArt.of_assets(), store)
    bare = Image.new("RGB", size, "#F3F7FB")
    if sprite.image:
        bare.paste(sprite.image, (sprite.left, sprite.top), sprite.image)
    return bare


def _shared_drawing(name: str, size: tuple[int, int], shared: SharedArt, store: Store | None) -> Sprite:
    """A shared drawing that needs no values."""
    return rasterise(fill_drawing(name, (shared.art,), {}), size, fonts=shared.fonts, store=store, source=name)


def rasterise(
    svg: str,
    size: tuple[int, int],
    *,
    fonts: Path | None = None,
    store: Store | None = None,
    source: Path | str = "disegno",
    where: str = "",
) -> Sprite:
    """A whole drawing (viewBox 0 0 1920 1080) as a sprite at ``size``; kept in memory and, if given, in ``store``.

    ``fonts`` is the folder of the fonts for its words (default: the program's).

    Raises PackError, which names ``source`` and ``where``, if the rasteriser refuses it.
    """
    fonts = fonts or SharedArt.of_assets().fonts
    key = key_of({"svg": svg, "size": size, "raster": RASTER_VERSION, "setting": _setting(fonts)})
    remembered = _MEMORY.find(key)
    if remembered:
        return remembered
    has_words = "<text" in svg
    sprite = stored_layer(store, key) if store and not has_words else None
    if sprite is None:
        try:
            box, png = _render(svg, size, _fonts_of(svg, fonts) if has_words else None)
        except ValueError as error:
            raise PackError(source, f"non si può disegnare: {error}", where=where) from error
        sprite = Sprite(box.left, box.top, _decoded(png))
        if store and not has_words:
            store.put(LAYERS, key, [_PLACE.pack(box.left, box.top), png])
    _MEMORY.keep(key, sprite)
    return sprite


class _Memory:
    """The sprites used last, up to a number of bytes."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes, self._used_bytes = limit_bytes, 0
        self._sprites: OrderedDict[str, Sprite] = OrderedDict()

    def find(self, key: str) -> Sprite | None:
        if key in self._sprites:
            self._sprites.move_to_end(key)
        return self._sprites.get(key)

    def keep(self, key: str, sprite: Sprite) -> None:
        self._sprites[key] = sprite
        self._used_bytes += _memory_bytes(sprite)
        while self._used_bytes > self._limit_bytes:
            self._used_bytes -= _memory_bytes(self._sprites.popitem(last=False)[1])

    def clear(self) -> None:
        self._sprites.clear()
        self._used_bytes = 0


_MEMORY = _Memory(_MEMORY_BYTES)
_PLACE = struct.Struct(">ii")


def forget_layers() -> None:
    """Drop the layers kept in memory."""
    _MEMORY.clear()


def _memory_bytes(sprite: Sprite) -> int:
    return 4 * sprite.size[0] * sprite.size[1] + 200


def stored_layer(store: Store, key: str) -> Sprite | None:
    """A layer from the store; None if it is missing or damaged."""
    path = store.find(LAYERS, key)
    try:
        data = path.read_bytes() if path else b""
        left, top = _PLACE.unpack_from(data)
        return Sprite(left, top, _decoded(data[_PLACE.size :]))
    except (OSError, SyntaxError, struct.error):  # Pillow raises SyntaxError for a broken PNG
        return None


def _decoded(png: bytes) -> Image.Image | None:
    if not png:
        return None
    with Image.open(BytesIO(png)) as image:
        whole: Image.Image = image.convert("RGBA")
        return whole


def _render(svg: str, size: tuple[int, int], fonts: Sequence[Path] | None) -> tuple[Box, bytes]:
    """The part of a drawing that is not transparent, as PNG; a small rendering shows where it is."""
    whole = Box(0, 0, *size)
    shrink = min(_SMALL_WIDTH_PX / size[0], 1.0)
    small = _decoded(_resvg(svg, whole, whole, (round(size[0] * shrink), round(size[1] * shrink)), fonts))
    bounds = small.getchannel("A").getbbox() if small else None
    if bounds is None:
        return Box(0, 0, 0, 0), b""
    # one more small pixel on each side, as an edge may cover too little of a pixel to show in it
    left, top, right, bottom = bounds
    box = Box(
        int((left - 1) / shrink), int((top - 1) / shrink), int((right + 1) / shrink), int((bottom + 1) / shrink)
    ).within(whole)
    return box, _resvg(svg, whole, box, (box.right - box.left, box.bottom - box.top), fonts)


def _resvg(svg: str, whole: Box, box: Box, size: tuple[int, int], fonts: Sequence[Path] | None) -> bytes:
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
        font_files=[str(path) for path in fonts] if fonts else None,
        font_family=FAMILY,
    )
    return bytes(png)


def _fonts_of(svg: str, folder: Path) -> tuple[Path, ...]:
    """The fonts that a drawing needs: those of the second family are read only for words that name it."""
    second = SECOND_FAMILY.replace(" ", "")
    return tuple(file for file in _font_files(folder) if SECOND_FAMILY in svg or not file.name.startswith(second))


@lru_cache(maxsize=16)
def _font_files(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(folder.glob("*.ttf")))


@lru_cache(maxsize=16)
def _setting(fonts: Path) -> str:
    """What every raster depends on besides its drawing: the rasteriser's version and the fonts."""
    import resvg_py

    digest = sha256(resvg_py.__resvg_version__.encode())
    for file in _font_files(fonts):
        digest.update(file.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=256)
def _fading(opacity: int) -> list[int]:
    """A lookup table that scales an alpha value by an opacity of 0 … 255."""
    return [(alpha * opacity + 127) // 255 for alpha in range(256)]


def _apart(boxes: list[Box]) -> tuple[Box, ...]:
    """Boxes, joined until none of them meets another, so that each pixel is composed once."""
    apart: list[Box] = []
    for box in boxes:
        while meeting := [other for other in apart if other.meets(box)]:
            for other in meeting:
                apart.remove(other)
                box = box.with_(other)
        apart.append(box)
    return tuple(apart)
