# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A filled scene drawing -> its layers, and where each of them is at every picture.

Plain data and arithmetic on whole pictures (25 per second) and user units (1920x1080); nothing is
drawn here. The format: direct children ``<g id="...">`` of the root are layers in painting order,
with ``vg:enter``, ``vg:by``, ``vg:leave``, ``vg:out``, ``vg:move`` and ``vg:with`` (namespace
``urn:videoguide:scene``); ``<defs>`` are shared by all layers.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree

from videoguide.errors import PackError
from videoguide.speech.sentences import SentenceTime
from videoguide.timing import frame_at, ms_to_samples

LAYERS = "layers"
"""The store's kind for drawn layers without words."""

WIDTH, HEIGHT = 1920, 1080

RASTER_VERSION = 1
"""To be raised when the same layer gives different pixels."""

ENTER_FRAMES = 12
STAGGER_FRAMES = 3
LEAVE_FRAMES = 8
MOVE_FRAMES = 12
BARE_LAST_FRAMES = 2
SHORTEST_FRAMES = 24

_SVG = "http://www.w3.org/2000/svg"
_SCENE = "urn:videoguide:scene"
_INVISIBLE = frozenset(f"{{{_SVG}}}{name}" for name in ("title", "desc", "metadata"))
_ATTRIBUTES = ("enter", "by", "leave", "out", "move", "with")
_ANCHOR = re.compile(r"(?P<id>[^.+\s]+?)(?:\.(?P<part>end|\d{1,3}%))?(?:(?P<shift>[+-]\d+)ms)?")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")

ElementTree.register_namespace("", _SVG)
ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")


Times = Mapping[str, tuple[int, int]] | Iterable[SentenceTime]
"""Sentence id -> (first sample, one past the last sample), or the sentence times of a narration."""


@lru_cache(maxsize=1)
def raster_data() -> dict[str, Any]:
    """Plain JSON data that changes whenever the pixels of a scene may change.

    ``RASTER_VERSION``, and the versions of the libraries that set, draw and compose; loads none of them.
    """
    return {"raster": RASTER_VERSION, **{name: version(name) for name in ("uharfbuzz", "resvg_py", "pillow")}}


def ease_out(progress: float) -> float:
    """Cubic easing, quick at first, then settling: 0..1 -> 0..1."""
    return 1 - (1 - progress) ** 3


def ease_in_out(progress: float) -> float:
    """Cubic easing, slow at both ends: 0..1 -> 0..1."""
    return 4 * progress**3 if progress < 0.5 else 1 - (2 - 2 * progress) ** 3 / 2


@dataclass(frozen=True)
class Entrance:
    """How a layer comes in: from an offset in user units, from a scale, fading in, or revealed from left to right."""

    frames: int = ENTER_FRAMES
    dx: int = 0
    dy: int = 0
    scale: float = 1.0
    fades: bool = True
    wipes: bool = False


ENTRANCES: Mapping[str, Entrance] = MappingProxyType(
    {
        "rise": Entrance(dy=32),
        "fade": Entrance(),
        "wipe": Entrance(fades=False, wipes=True),
        "slide": Entrance(dx=64),
        "grow": Entrance(scale=0.6),
        "ring": Entrance(frames=10, scale=0.7),
        "cut": Entrance(frames=1, fades=False),
    }
)


@dataclass(frozen=True)
class Glide:
    """A shift by (dx, dy) user units over ``frames`` pictures from ``start_frame`` on, eased at both ends."""

    start_frame: int
    frames: int
    dx: float
    dy: float

    def progress(self, frame: int) -> float:
        """How much of the shift is done at a picture, 0..1."""
        return ease_in_out(min(max((frame - self.start_frame + 1) / self.frames, 0.0), 1.0))


@dataclass(frozen=True)
class Look:
    """A layer at one picture: its offset in user units; its scale, opacity and revealed part as fractions."""

    dx: float
    dy: float
    scale: float
    opacity: float
    revealed: float


@dataclass(frozen=True)
class Layer:
    """One layer; ``svg`` is a whole drawing of it alone.

    It is first visible at picture ``enter_frame``. From ``leave_frame`` on it fades out over ``fade_frames``
    pictures (1: it disappears at once); ``alone`` if it does so by itself and not with the whole scene.
    """

    id: str
    svg: str
    entrance: Entrance
    enter_frame: int
    leave_frame: int
    alone: bool = False
    fade_frames: int = LEAVE_FRAMES
    glides: tuple[Glide, ...] = ()

    @property
    def settled_frame(self) -> int:
        """The first picture at which the layer has come in completely."""
        return self.enter_frame + self.entrance.frames - 1

    def look(self, frame: int) -> Look | None:
        """The layer's place and appearance at a picture; None while it is invisible."""
        faded_part = faded(frame - self.leave_frame, self.fade_frames)
        if frame < self.enter_frame or faded_part >= 1:
            return None
        entrance = self.entrance
        progress = ease_out(min((frame - self.enter_frame + 1) / entrance.frames, 1.0))
        return Look(
            dx=entrance.dx * (1 - progress) + sum(glide.dx * glide.progress(frame) for glide in self.glides),
            dy=entrance.dy * (1 - progress) + sum(glide.dy * glide.progress(frame) for glide in self.glides),
            scale=entrance.scale + (1 - entrance.scale) * progress,
            opacity=(progress if entrance.fades else 1.0) * (1 - faded_part if self.alone else 1.0),
            revealed=progress if entrance.wipes else 1.0,
        )


def faded(frames: int, fade_frames: int = LEAVE_FRAMES) -> float:
    """How much of a fade-out over ``fade_frames`` pictures is done ``frames`` pictures after its start, 0..1."""
    return min(max((frames + 1) / fade_frames, 0.0), 1.0)


def scene_leave_frame(frames: int) -> int:
    """The picture at which a scene of ``frames`` pictures begins to fade out as a whole."""
    return frames - BARE_LAST_FRAMES - LEAVE_FRAMES + 1


@dataclass(frozen=True)
class _Anchors:
    """Turns the moments that a drawing names into pictures."""

    times: Mapping[str, tuple[int, int]]
    last_frame: int
    error: Callable[[str, str], PackError]

    def frame(self, layer: str, anchor: str) -> int:
        match = _ANCHOR.fullmatch(anchor.strip())
        if match is None or (match["id"] != "start" and match["id"] not in self.times):
            allowed = ", ".join(["start", *self.times])
            raise self.error(layer, f"momento sconosciuto {anchor!r}; ammessi: {allowed} (anche .end, .40%, +300ms)")
        start_sample, end_sample = self.times.get(match["id"], (0, 0))
        sample = start_sample
        if match["part"] == "end":
            sample = end_sample
        elif match["part"]:
            sample += (end_sample - start_sample) * int(match["part"][:-1]) // 100
        sample += ms_to_samples(int(match["shift"] or 0))
        return min(max(frame_at(sample), 1), self.last_frame)


def read_layers(svg: str, source: Path | str, times: Times, frames: int) -> tuple[Layer, ...]:
    """The layers of a filled scene drawing that lasts ``frames`` pictures.

    The first picture and the last two are bare; everything still visible fades out in the 8 pictures before those.
    Layers that come in at the same moment follow each other 3 pictures apart, in document order.
    Raises PackError, which names ``source``, the layer and what is allowed.
    """

    def error(layer: str, reason: str) -> PackError:
        return PackError(source, reason, where=f"livello {layer}" if layer else "")

    if frames < SHORTEST_FRAMES:
        raise error("", f"dura {frames} immagini; ammesso: almeno {SHORTEST_FRAMES}, per entrare e uscire")
    root = _root(svg, source)
    definitions = [child for child in root if child.tag == f"{{{_SVG}}}defs"]
    groups = [child for child in root if child not in definitions and child.tag not in _INVISIBLE]
    last_frame = scene_leave_frame(frames)
    anchors = _Anchors(_by_id(times), last_frame, error)
    layers: list[Layer] = []
    entering: dict[int, int] = {}  # how many layers come in at each moment
    previous = ""
    for group in groups:
        name = group.get("id", "")
        marks = _marks(group, name, error)
        if any(layer.id == name for layer in layers):
            raise error(name, "due livelli hanno questo id")
        if marks.get("with") == "previous":
            if not layers:
                raise error(name, "il primo livello non ha un precedente")
            if marks.get("enter", previous) != previous:
                raise error(name, f"entra a {marks['enter']!r}, ma il livello precedente a {previous!r}")
            enter_frame = layers[-1].enter_frame
        else:
            previous = marks.get("enter", "")
            moment = anchors.frame(name, previous)
            enter_frame = moment + STAGGER_FRAMES * entering.get(moment, 0)
            entering[moment] = entering.get(moment, 0) + 1
        entrance = ENTRANCES[marks.get("by", "rise")]
        enter_frame = max(min(enter_frame, last_frame - entrance.frames), 1)
        leave_frame = anchors.frame(name, marks["leave"]) if "leave" in marks else last_frame
        if leave_frame <= enter_frame:
            raise error(name, f"esce all’immagine {leave_frame}, ma entra alla {enter_frame}")
        glides = tuple(_glide(move, name, anchors) for move in marks.get("move", "").split(";") if move.strip())
        alone = leave_frame < last_frame
        fade_frames = 1 if alone and marks.get("out") == "cut" else LEAVE_FRAMES
        svg_alone = _alone(root, definitions, group)
        layers.append(Layer(name, svg_alone, entrance, enter_frame, leave_frame, alone, fade_frames, glides))
    return tuple(layers)


def _by_id(times: Times) -> Mapping[str, tuple[int, int]]:
    if isinstance(times, Mapping):
        return times
    return {time.id: (time.start_sample, time.end_sample) for time in times}


def _root(svg: str, source: Path | str) -> ElementTree.Element:
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as cause:
        line, column = cause.position
        reason = f"una volta riempito non è XML corretto: {cause.msg.split(':')[0]}"
        raise PackError(source, reason, where=f"riempito, riga {line}, colonna {column}") from cause
    if root.tag != f"{{{_SVG}}}svg":
        raise PackError(source, f'la radice deve essere <svg xmlns="{_SVG}">')
    if root.get("viewBox", "").split() != ["0", "0", str(WIDTH), str(HEIGHT)]:
        raise PackError(source, f'la radice deve avere viewBox="0 0 {WIDTH} {HEIGHT}"')
    return root


def _marks(group: ElementTree.Element, name: str, error: Callable[[str, str], PackError]) -> dict[str, str]:
    """The ``vg:`` attributes of a layer, checked."""
    if group.tag != f"{{{_SVG}}}g" or not name:
        raise error(name, "nella radice sono ammessi solo <defs> e livelli, <g id=…>")
    for element in group.iter():
        for attribute in element.attrib:
            space, _, local = attribute[1:].partition("}")
            if space == _SCENE and (local not in _ATTRIBUTES or element is not group):
                place = "" if element is group else " su un livello"
                raise error(name, f"vg:{local} qui è sconosciuto; ammessi{place}: vg:{', vg:'.join(_ATTRIBUTES)}")
    marks = {local: value for local in _ATTRIBUTES if (value := group.get(f"{{{_SCENE}}}{local}")) is not None}
    if marks.get("by", "rise") not in ENTRANCES:
        raise error(name, f"vg:by={marks['by']!r} è sconosciuto; ammessi: {', '.join(ENTRANCES)}")
    if marks.get("out", "fade") not in ("fade", "cut"):
        raise error(name, f"vg:out={marks['out']!r} è sconosciuto; ammessi: fade, cut")
    if marks.get("with", "previous") != "previous":
        raise error(name, f"vg:with={marks['with']!r} è sconosciuto; ammesso: previous")
    if "enter" not in marks and "with" not in marks:
        raise error(name, "non ha vg:enter")
    return marks


def _glide(move: str, name: str, anchors: _Anchors) -> Glide:
    parts = move.split()
    valid = len(parts) in (3, 4) and all(_NUMBER.fullmatch(part) for part in parts[1:])
    if not valid or (len(parts) == 4 and not (parts[3].isdecimal() and int(parts[3]))):
        raise anchors.error(name, f"vg:move={move.strip()!r} non è 'MOMENTO dx dy [immagini]'")
    frames = int(parts[3]) if len(parts) == 4 else MOVE_FRAMES
    return Glide(anchors.frame(name, parts[0]), frames, float(parts[1]), float(parts[2]))


def _alone(root: ElementTree.Element, definitions: list[ElementTree.Element], group: ElementTree.Element) -> str:
    """A drawing of one layer without its timeline, so that the layer's cache key depends only on its look."""
    scene_names = f"{{{_SCENE}}}"
    own = {name: value for name, value in group.attrib.items() if name != "id" and not name.startswith(scene_names)}
    size = ("width", "height")
    whole = ElementTree.Element(root.tag, {name: value for name, value in root.attrib.items() if name not in size})
    whole.set("viewBox", f"0 0 {WIDTH} {HEIGHT}")
    whole.extend(definitions)
    copy = ElementTree.SubElement(whole, group.tag, own)
    copy.text = group.text
    copy.extend(group)
    return ElementTree.tostring(whole, encoding="unicode")
