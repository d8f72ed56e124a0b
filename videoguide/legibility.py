"""Can the words of a scene be read? Size, contrast, place, overlap and time, checked on the drawing itself.

Measured, not declared: every ``<text>`` is rasterised alone, in its place, and compared with the
pixels that are really behind it at the moments when it stands still.
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

from videoguide.drawing import Box, Drawing, rasterise, stage
from videoguide.errors import PackError
from videoguide.layers import HEIGHT, WIDTH, Layer, Times, read_layers
from videoguide.timing import frames_to_ms
from videoguide.typography import SMALLEST

CONTRAST = 4.5
MARGIN = 0.05
"""Part of the frame on each side where no words may be."""
MS_PER_WORD = 350

_SEEN_AT = (960, 540)
_HALF = WIDTH // _SEEN_AT[0]
_AROUND = 3
_TOUCH = 4
_SCALING = re.compile(r"(matrix|scale)\s*\(([^)]*)\)")
_REFERRED = ("defs", "clipPath", "mask", "linearGradient", "radialGradient", "pattern", "filter")
_INHERITED = ("fill", "font-size", "font-weight", "fill-opacity")


@dataclass(frozen=True)
class TextUse:
    """One ``<text>`` of a scene: its size after all transforms in px, and its ink's box, at 1920x1080."""

    layer: str
    words: str
    size_px: int
    bold: bool
    fill: str
    opacity: float
    box: Box


@dataclass(frozen=True)
class Fault:
    """Words that cannot be read well: the rule they break, what was found and what is allowed."""

    rule: str
    layer: str
    words: str
    found: str
    allowed: str

    def __str__(self) -> str:
        words = self.words if len(self.words) <= 30 else self.words[:29] + "…"
        return f"livello {self.layer}: “{words}”: {self.rule} {self.found}; ammesso: {self.allowed}"


def texts(svg: str, source: Path | str, times: Times, frames: int) -> tuple[TextUse, ...]:
    """All texts of a filled drawing, in painting order; arguments as for ``drawing.draw``."""
    return tuple(text.use for text in _texts(read_layers(svg, source, times, frames), source))


def contrasts(svg: str, source: Path | str, times: Times, frames: int) -> tuple[tuple[TextUse, float], ...]:
    """For every text its worst contrast ratio (1 … 21) at any moment it stands still; 21 if it never does.

    Worst is the second percentile of the pixels at and around its letters, as the eye forgives a hair.
    """
    layers = read_layers(svg, source, times, frames)
    return tuple((text.use, ratio) for text, ratio in _contrasts(layers, _texts(layers, source), frames))


def faults(svg: str, source: Path | str, times: Times, frames: int) -> tuple[Fault, ...]:
    """All that ``videoguide check`` refuses in a scene's words; empty when they can be read."""
    layers = read_layers(svg, source, times, frames)
    found = _texts(layers, source)
    by_id = {layer.id: layer for layer in layers}
    safe = Box(round(WIDTH * MARGIN), round(HEIGHT * MARGIN), round(WIDTH * (1 - MARGIN)), round(HEIGHT * (1 - MARGIN)))
    wrong: list[Fault] = []

    def fault(rule: str, use: TextUse, what: str, allowed: str) -> None:
        wrong.append(Fault(rule, use.layer, use.words, what, allowed))

    for text, ratio in _contrasts(layers, found, frames):
        use, layer = text.use, by_id[text.use.layer]
        if use.size_px < SMALLEST:
            fault("misura", use, f"{use.size_px} px", f"almeno {SMALLEST} px")
        if ratio < CONTRAST:
            fault("contrasto", use, f"{ratio:.1f}:1", f"almeno {CONTRAST}:1")
        still = _still(layer, layers, frames)
        boxes = {_moved(use.box, layer, n) for n in still} or {use.box}
        outside = [box for box in boxes if box.within(safe) != box]
        if outside:
            fault("posto", use, _spelt(outside[0]), _spelt(safe))
        shown, needed = frames_to_ms(len(range(layer.settled, layer.leave))), MS_PER_WORD * len(use.words.split())
        if shown < needed:
            fault("tempo", use, f"{shown} ms", f"almeno {needed} ms per le sue parole")
    for one, other in combinations([text.use for text in found], 2):
        if _overlap(one, other, by_id, layers, frames):
            fault("sovrapposizione", other, f"con “{one.words[:20]}” del livello {one.layer}", "parole staccate")
    return tuple(wrong)


@dataclass(frozen=True)
class _Text:
    use: TextUse
    fills: tuple[str, ...]
    ink: "_Ink"


@dataclass(frozen=True)
class _Ink:
    """Where the letters are (user units), and a mask of them with a little around, at half size."""

    box: Box
    place: Box
    mask: NDArray[np.bool_]

    def behind(self, picture: NDArray[np.uint8], dx: int, dy: int) -> NDArray[np.uint8]:
        """The pixels (n, 3) of a picture at and around the letters, moved by (dx, dy)."""
        height, width = picture.shape[:2]
        moved = Box(self.place.left + dx, self.place.top + dy, self.place.right + dx, self.place.bottom + dy)
        seen = moved.within(Box(0, 0, width, height))
        if seen.empty:
            return np.empty((0, 3), np.uint8)
        part = self.mask[
            seen.top - moved.top : seen.bottom - moved.top, seen.left - moved.left : seen.right - moved.left
        ]
        return picture[seen.top : seen.bottom, seen.left : seen.right][part]


def _texts(layers: Sequence[Layer], source: Path | str) -> tuple[_Text, ...]:
    return tuple(text for layer in layers for text in _texts_of(layer, source))


def _texts_of(layer: Layer, source: Path | str) -> Iterator[_Text]:
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
        ink = _ink(_only(path))
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


def _contrasts(layers: Sequence[Layer], found: Sequence[_Text], frames: int) -> Iterator[tuple[_Text, float]]:
    silent = [replace(layer, svg=_without_text(layer.svg)) for layer in layers]
    sprites = [rasterise(layer.svg, _SEEN_AT) for layer in silent]
    drawing = Drawing(silent, sprites, stage(_SEEN_AT), frames)
    by_id = {layer.id: layer for layer in layers}
    for text in found:
        layer = by_id[text.use.layer]
        ratios = [21.0]
        for n in _still(layer, layers, frames):
            look = layer.look(n)
            assert look is not None
            behind = text.ink.behind(drawing.frame(n), round(look.dx / _HALF), round(look.dy / _HALF))
            if len(behind):
                ratios += [_worst(fill, text.use.opacity, behind) for fill in text.fills]
        yield text, min(ratios)


def _still(layer: Layer, layers: Sequence[Layer], frames: int) -> tuple[int, ...]:
    """Pictures at which a layer stands whole, one after each change of what is seen with it."""
    moments = {layer.settled}
    for other in layers:
        moments |= {other.settled, other.leave - 1, min(other.leave + 8, frames - 1)}
        moments |= {glide.start + glide.frames for glide in other.glides}
    return tuple(sorted(n for n in moments if layer.settled <= n < layer.leave))


def _overlap(one: TextUse, other: TextUse, layers: dict[str, Layer], every: Sequence[Layer], frames: int) -> bool:
    first, second = layers[one.layer], layers[other.layer]
    for n in set(_still(first, every, frames)) & set(_still(second, every, frames)):
        common = _moved(one.box, first, n).within(_moved(other.box, second, n))
        if common.right - common.left > _TOUCH and common.bottom - common.top > _TOUCH:
            return True
    return False


def _spelt(box: Box) -> str:
    return f"x {box.left}–{box.right}, y {box.top}–{box.bottom}"


def _moved(box: Box, layer: Layer, n: int) -> Box:
    look = layer.look(n)
    dx, dy = (round(look.dx), round(look.dy)) if look else (0, 0)
    return Box(box.left + dx, box.top + dy, box.right + dx, box.bottom + dy)


@lru_cache(maxsize=1024)
def _ink(svg: str) -> _Ink:
    sprite = rasterise(svg, _SEEN_AT)
    width, height = sprite.size
    canvas = Image.new("L", (width + 2 * _AROUND, height + 2 * _AROUND), 0)
    if sprite.image:
        canvas.paste(sprite.image.getchannel("A"), (_AROUND, _AROUND))
    left, top = sprite.left - _AROUND, sprite.top - _AROUND
    bounds = canvas.point([255 * (alpha > 32) for alpha in range(256)]).getbbox() or (0, 0, 0, 0)
    box = Box(*(_HALF * (edge + (left, top)[index % 2]) for index, edge in enumerate(bounds)))
    around = np.asarray(canvas.filter(ImageFilter.MaxFilter(2 * _AROUND + 1))) > 64
    return _Ink(box, Box(left, top, left + canvas.width, top + canvas.height), around)


def _worst(fill: str, opacity: float, behind: NDArray[np.uint8]) -> float:
    """Second percentile of the contrast between a fill and each pixel behind it."""
    colour = np.array(ImageColor.getrgb(fill)[:3], float)
    seen = _luminance(colour * opacity + behind * (1 - opacity))
    ground = _luminance(behind.astype(float))
    return float(np.percentile((np.maximum(seen, ground) + 0.05) / (np.minimum(seen, ground) + 0.05), 2))


def _luminance(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Relative luminance by WCAG, 0 … 1, of sRGB colours 0 … 255 along the last axis."""
    part = rgb / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))


def _is_text(element: ElementTree.Element) -> bool:
    return element.tag.endswith("}text")


_Path = tuple[ElementTree.Element, ...]


def _paths(element: ElementTree.Element, above: _Path) -> Iterator[_Path]:
    """Every way from the root down to a text."""
    here = (*above, element)
    if _is_text(element):
        yield here
        return
    for child in element:
        yield from _paths(child, here)


def _only(path: _Path) -> str:
    """The drawing with this one text in it, and what it may refer to by id."""
    root = ElementTree.Element(path[0].tag, path[0].attrib)
    root.extend(element for element in path[0].iter() if element.tag.rpartition("}")[2] in _REFERRED)
    place = root
    for element in path[1:-1]:
        place = ElementTree.SubElement(place, element.tag, element.attrib)
    place.append(path[-1])
    return ElementTree.tostring(root, encoding="unicode")


def _without_text(svg: str) -> str:
    root = ElementTree.fromstring(svg)
    for parent in list(root.iter()):
        for child in [child for child in parent if _is_text(child)]:
            parent.remove(child)
    return ElementTree.tostring(root, encoding="unicode")


def _own(element: ElementTree.Element) -> dict[str, str]:
    """An element's attributes, those in ``style`` included."""
    pairs = (part.split(":", 1) for part in element.get("style", "").split(";") if ":" in part)
    return {**element.attrib, **{name.strip(): value.strip() for name, value in pairs}}


def _style(path: _Path) -> dict[str, str]:
    """What a text inherits along its path; opacities multiply."""
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
    """How much larger a transform makes things; turning, shifting and slanting keep their area."""
    area = 1.0
    for name, listed in _SCALING.findall(transform):
        v = [float(number) for number in re.split(r"[\s,]+", listed.strip())]
        area *= abs(v[0] * v[3] - v[1] * v[2]) if name == "matrix" else abs(v[0] * v[-1])
    return float(area**0.5)
