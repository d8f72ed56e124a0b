# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Whether the words of a scene can be read: size, contrast, place, overlap and time, measured on the drawing itself.

Every ``<text>`` is rasterised alone, in its place, and compared with the pixels that are actually
behind it at the moments when it stands still.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from math import prod
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageFilter

from videoguide.errors import PackError
from videoguide.picture.drawing import Box, Drawing, SharedArt, rasterise, stage
from videoguide.picture.layers import HEIGHT, LEAVE_FRAMES, WIDTH, Layer, Times, read_layers
from videoguide.picture.typography import SMALLEST_PX
from videoguide.timing import frames_to_ms

CONTRAST = 4.5
"""The lowest contrast ratio (WCAG 2, level AA)."""
MARGIN = 0.05
"""The part of the picture on each side where no words may be."""
MS_PER_WORD = 350
"""How long words must be shown, for each of them."""

_SIZE_PX = (960, 540)  # the size at which contrast is measured
_UNITS_PER_PX = WIDTH // _SIZE_PX[0]
_AROUND_PX = 3
_TOUCH_PX = 4  # words that overlap by less do not count
_SCALING = re.compile(r"(matrix|scale)\s*\(([^)]*)\)")
_REFERENCED = ("defs", "clipPath", "mask", "linearGradient", "radialGradient", "pattern", "filter")
_INHERITED = ("fill", "font-size", "font-weight", "fill-opacity")


@dataclass(frozen=True)
class TextUse:
    """One ``<text>`` of a scene, at 1920x1080: its size in px after all transforms, and the box of its ink."""

    layer: str
    words: str
    size_px: int
    bold: bool
    fill: str
    opacity: float
    box: Box


@dataclass(frozen=True)
class Fault:
    """Words that cannot be read well: the rule that they break, the measured value and what is allowed."""

    rule: str
    layer: str
    words: str
    measured: str
    allowed: str

    def __str__(self) -> str:
        words = self.words if len(self.words) <= 30 else self.words[:29] + "…"
        return f"livello {self.layer}: “{words}”: {self.rule} {self.measured}; ammesso: {self.allowed}"


def texts(
    svg: str, source: Path | str, times: Times, frames: int, *, shared: SharedArt | None = None
) -> tuple[TextUse, ...]:
    """All texts of a filled drawing, in painting order; the arguments are those of ``drawing.draw``."""
    layers = read_layers(svg, source, times, frames)
    return tuple(text.use for text in _texts(layers, source, shared or SharedArt.of_assets()))


def contrasts(
    svg: str, source: Path | str, times: Times, frames: int, *, shared: SharedArt | None = None
) -> tuple[tuple[TextUse, float], ...]:
    """The worst contrast ratio (1 … 21) of every text while it stands still; 21 if it never does.

    The worst is the second percentile over the pixels at and around its letters: a few may be worse.
    """
    layers = read_layers(svg, source, times, frames)
    shared = shared or SharedArt.of_assets()
    scene_texts = _texts(layers, source, shared)
    return tuple((text.use, ratio) for text, ratio in _contrasts(layers, scene_texts, frames, shared))


def faults(
    svg: str, source: Path | str, times: Times, frames: int, *, shared: SharedArt | None = None
) -> tuple[Fault, ...]:
    """Everything that ``videoguide check`` refuses in a scene's words."""
    layers = read_layers(svg, source, times, frames)
    shared = shared or SharedArt.of_assets()
    scene_texts = _texts(layers, source, shared)
    by_id = {layer.id: layer for layer in layers}
    safe = Box(round(WIDTH * MARGIN), round(HEIGHT * MARGIN), round(WIDTH * (1 - MARGIN)), round(HEIGHT * (1 - MARGIN)))
    scene_faults: list[Fault] = []

    def add(rule: str, use: TextUse, measured: str, allowed: str) -> None:
        scene_faults.append(Fault(rule, use.layer, use.words, measured, allowed))

    for text, ratio in _contrasts(layers, scene_texts, frames, shared):
        use, layer = text.use, by_id[text.use.layer]
        if use.size_px < SMALLEST_PX:
            add("misura", use, f"{use.size_px} px", f"almeno {SMALLEST_PX} px")
        if ratio < CONTRAST:
            add("contrasto", use, f"{ratio:.1f}:1", f"almeno {CONTRAST}:1")
        boxes = {_moved(use.box, layer, n) for n in _still_frames(layer, layers, frames)} or {use.box}
        outside = [box for box in boxes if box.within(safe) != box]
        if outside:
            add("posto", use, _in_words(outside[0]), _in_words(safe))
        shown_ms = frames_to_ms(len(range(layer.settled_frame, layer.leave_frame)))
        needed_ms = MS_PER_WORD * len(use.words.split())
        if shown_ms < needed_ms:
            add("tempo", use, f"{shown_ms} ms", f"almeno {needed_ms} ms per le sue parole")
    for first, second in combinations([text.use for text in scene_texts], 2):
        if _overlap(first, second, by_id, layers, frames):
            add("sovrapposizione", second, f"con “{first.words[:20]}” del livello {first.layer}", "parole staccate")
    return tuple(scene_faults)


@dataclass(frozen=True)
class _Text:
    use: TextUse
    fills: tuple[str, ...]
    ink: "_Ink"


@dataclass(frozen=True)
class _Ink:
    """The box of a text's letters in user units, and at 960x540 a mask of them with a margin, and the mask's place."""

    box: Box
    place: Box
    mask: NDArray[np.bool_]

    def behind(self, picture: NDArray[np.uint8], dx: int, dy: int) -> NDArray[np.uint8]:
        """The pixels (n, 3) of a picture at and around the letters, moved by (dx, dy)."""
        height, width = picture.shape[:2]
        moved = Box(self.place.left + dx, self.place.top + dy, self.place.right + dx, self.place.bottom + dy)
        visible = moved.within(Box(0, 0, width, height))
        if visible.empty:
            return np.empty((0, 3), np.uint8)
        rows = slice(visible.top - moved.top, visible.bottom - moved.top)
        columns = slice(visible.left - moved.left, visible.right - moved.left)
        return picture[visible.top : visible.bottom, visible.left : visible.right][self.mask[rows, columns]]


def _texts(layers: Sequence[Layer], source: Path | str, shared: SharedArt) -> tuple[_Text, ...]:
    return tuple(text for layer in layers for text in _texts_of(layer, source, shared))


def _texts_of(layer: Layer, source: Path | str, shared: SharedArt) -> Iterator[_Text]:
    root = ElementTree.fromstring(layer.svg)
    if any(_is_text(inner) for child in root if child.tag.endswith("}defs") for inner in child.iter()):
        raise PackError(source, "le parole in <defs> non si possono controllare; vanno scritte dove si vedono")
    for path in _paths(root, ()):
        text = path[-1]
        style = _style(path)
        inner = [_own(element) for element in text.iter() if element is not text]
        sizes = [_number(style.get("font-size", "16"))]
        sizes += [_number(own["font-size"]) for own in inner if "font-size" in own]
        fills = [style.get("fill", "#000000"), *(own["fill"] for own in inner if "fill" in own)]
        scale = prod(_scale(element.get("transform", "")) for element in path)
        words = " ".join(" ".join(part.split()) for part in text.itertext() if part.strip())
        ink = _ink(_only(path), shared.fonts)
        use = TextUse(
            layer.id,
            words,
            int(min(sizes) * scale + 0.01),
            style.get("font-weight", "400") in ("bold", "600", "700"),
            fills[0],
            float(style.get("opacity", "1")) * float(style.get("fill-opacity", "1")),
            ink.box,
        )
        yield _Text(use, tuple(fills), ink)


def _contrasts(
    layers: Sequence[Layer], scene_texts: Sequence[_Text], frames: int, shared: SharedArt
) -> Iterator[tuple[_Text, float]]:
    wordless = [replace(layer, svg=_without_text(layer.svg)) for layer in layers]
    sprites = [rasterise(layer.svg, _SIZE_PX, fonts=shared.fonts) for layer in wordless]
    drawing = Drawing(wordless, sprites, stage(_SIZE_PX, shared=shared), frames)
    by_id = {layer.id: layer for layer in layers}
    for text in scene_texts:
        layer = by_id[text.use.layer]
        ratios = [21.0]
        for n in _still_frames(layer, layers, frames):
            look = layer.look(n)
            assert look is not None
            dx_px, dy_px = round(look.dx / _UNITS_PER_PX), round(look.dy / _UNITS_PER_PX)
            behind = text.ink.behind(drawing.frame(n), dx_px, dy_px)
            if len(behind):
                ratios += [_worst(fill, text.use.opacity, behind) for fill in text.fills]
        yield text, min(ratios)


def _still_frames(layer: Layer, layers: Sequence[Layer], frames: int) -> tuple[int, ...]:
    """The pictures to look at while a layer is completely in: one after each change of what is visible with it."""
    moments = {layer.settled_frame}
    for other in layers:
        moments |= {other.settled_frame, other.leave_frame - 1, min(other.leave_frame + LEAVE_FRAMES, frames - 1)}
        moments |= {glide.start_frame + glide.frames for glide in other.glides}
    return tuple(sorted(n for n in moments if layer.settled_frame <= n < layer.leave_frame))


def _overlap(first: TextUse, second: TextUse, by_id: dict[str, Layer], layers: Sequence[Layer], frames: int) -> bool:
    first_layer, second_layer = by_id[first.layer], by_id[second.layer]
    for n in set(_still_frames(first_layer, layers, frames)) & set(_still_frames(second_layer, layers, frames)):
        common = _moved(first.box, first_layer, n).within(_moved(second.box, second_layer, n))
        if common.right - common.left > _TOUCH_PX and common.bottom - common.top > _TOUCH_PX:
            return True
    return False


def _in_words(box: Box) -> str:
    return f"x {box.left}–{box.right}, y {box.top}–{box.bottom}"


def _moved(box: Box, layer: Layer, n: int) -> Box:
    look = layer.look(n)
    dx, dy = (round(look.dx), round(look.dy)) if look else (0, 0)
    return Box(box.left + dx, box.top + dy, box.right + dx, box.bottom + dy)


@lru_cache(maxsize=1024)
def _ink(svg: str, fonts: Path) -> _Ink:
    sprite = rasterise(svg, _SIZE_PX, fonts=fonts)
    width, height = sprite.size
    canvas = Image.new("L", (width + 2 * _AROUND_PX, height + 2 * _AROUND_PX), 0)
    if sprite.image:
        canvas.paste(sprite.image.getchannel("A"), (_AROUND_PX, _AROUND_PX))
    left, top = sprite.left - _AROUND_PX, sprite.top - _AROUND_PX
    bounds = canvas.point([255 * (alpha > 32) for alpha in range(256)]).getbbox() or (0, 0, 0, 0)
    box = Box(*(_UNITS_PER_PX * (edge + (left, top)[index % 2]) for index, edge in enumerate(bounds)))
    mask = np.asarray(canvas.filter(ImageFilter.MaxFilter(2 * _AROUND_PX + 1))) > 64
    return _Ink(box, Box(left, top, left + canvas.width, top + canvas.height), mask)


def _worst(fill: str, opacity: float, behind: NDArray[np.uint8]) -> float:
    """The second percentile of the contrast between a fill and each pixel behind it."""
    colour = np.array(ImageColor.getrgb(fill)[:3], float)
    letters = _luminance(colour * opacity + behind * (1 - opacity))
    ground = _luminance(behind.astype(float))
    return float(np.percentile((np.maximum(letters, ground) + 0.05) / (np.minimum(letters, ground) + 0.05), 2))


def _luminance(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """The relative luminance by WCAG, 0 … 1, of sRGB colours 0 … 255 along the last axis."""
    values = rgb / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))


def _is_text(element: ElementTree.Element) -> bool:
    return element.tag.endswith("}text")


_Path = tuple[ElementTree.Element, ...]


def _paths(element: ElementTree.Element, above: _Path) -> Iterator[_Path]:
    """Every path from the root down to a text."""
    here = (*above, element)
    if _is_text(element):
        yield here
        return
    for child in element:
        yield from _paths(child, here)


def _only(path: _Path) -> str:
    """A drawing of only this text, with everything that it may refer to by id."""
    root = ElementTree.Element(path[0].tag, path[0].attrib)
    root.extend(element for element in path[0].iter() if element.tag.rpartition("}")[2] in _REFERENCED)
    parent = root
    for element in path[1:-1]:
        parent = ElementTree.SubElement(parent, element.tag, element.attrib)
    parent.append(path[-1])
    return ElementTree.tostring(root, encoding="unicode")


def _without_text(svg: str) -> str:
    root = ElementTree.fromstring(svg)
    for parent in list(root.iter()):
        for child in [child for child in parent if _is_text(child)]:
            parent.remove(child)
    return ElementTree.tostring(root, encoding="unicode")


def _own(element: ElementTree.Element) -> dict[str, str]:
    """An element's attributes, including those in ``style``."""
    pairs = (part.split(":", 1) for part in element.get("style", "").split(";") if ":" in part)
    return {**element.attrib, **{name.strip(): value.strip() for name, value in pairs}}


def _style(path: _Path) -> dict[str, str]:
    """What a text inherits along its path; opacities are multiplied."""
    style: dict[str, str] = {}
    opacity = 1.0
    for element in path:
        own = _own(element)
        style.update({name: own[name] for name in _INHERITED if name in own})
        opacity *= float(own.get("opacity", "1"))
    return {**style, "opacity": str(opacity)}


def _number(length: str) -> float:
    return float(length.removesuffix("px"))


def _scale(transform: str) -> float:
    """The factor by which a transform enlarges, from its area: rotating, shifting and skewing keep that."""
    area = 1.0
    for name, arguments in _SCALING.findall(transform):
        v = [float(number) for number in re.split(r"[\s,]+", arguments.strip())]
        area *= abs(v[0] * v[3] - v[1] * v[2]) if name == "matrix" else abs(v[0] * v[-1])
    return float(area**0.5)
