"""A filled scene drawing -> its layers, and where each of them is at every picture.

Plain data and arithmetic on whole pictures (25 a second) and user units (1920x1080); nothing is
drawn here. The format: direct children ``<g id="...">`` of the root are layers in painting order,
with ``vg:enter``, ``vg:by``, ``vg:leave``, ``vg:out``, ``vg:move`` and ``vg:with`` (namespace
``urn:videoguide:scene``); ``<defs>`` are shared by all.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol
from xml.etree import ElementTree

from videoguide.errors import PackError
from videoguide.timing import frame_at, ms_to_samples

LAYERS = "layers"
"""The store's kind of a drawn layer without words."""

WIDTH, HEIGHT = 1920, 1080

ENTER_FRAMES = 12
STAGGER_FRAMES = 3
LEAVE_FRAMES = 8
MOVE_FRAMES = 12
BARE_LAST_FRAMES = 2
SHORTEST_FRAMES = 24

_SVG = "http://www.w3.org/2000/svg"
_SCENE = "urn:videoguide:scene"
_UNSEEN = frozenset(f"{{{_SVG}}}{name}" for name in ("title", "desc", "metadata"))
_ATTRIBUTES = ("enter", "by", "leave", "out", "move", "with")
_ANCHOR = re.compile(r"(?P<id>[^.+\s]+?)(?:\.(?P<part>end|\d{1,3}%))?(?:(?P<shift>[+-]\d+)ms)?")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")

ElementTree.register_namespace("", _SVG)
ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")


class SentenceTime(Protocol):
    """A spoken sentence: first sample (48 kHz) of it in the scene, and one past its last."""

    @property
    def id(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


Times = Mapping[str, tuple[int, int]] | Iterable[SentenceTime]
"""Sentence id -> (first sample, one past the last); or the narration's own sentence times."""


def ease_out(progress: float) -> float:
    """Quick at first, settling: cubic, 0..1 -> 0..1."""
    return 1 - (1 - progress) ** 3


def ease_in_out(progress: float) -> float:
    """Slow, quick, slow: cubic, 0..1 -> 0..1."""
    return 4 * progress**3 if progress < 0.5 else 1 - (2 - 2 * progress) ** 3 / 2


@dataclass(frozen=True)
class Entrance:
    """How a layer comes in: from an offset (user units), from a size, fading, revealed left to right."""

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
    """A shift by (dx, dy) user units over ``frames`` pictures from ``start`` on, eased both ways."""

    start: int
    frames: int
    dx: float
    dy: float

    def progress(self, frame: int) -> float:
        """How much of the shift is done at a picture, 0..1."""
        return ease_in_out(min(max((frame - self.start + 1) / self.frames, 0.0), 1.0))


@dataclass(frozen=True)
class Look:
    """A layer at one picture: offset in user units, size, opacity and revealed part as fractions."""

    dx: float
    dy: float
    scale: float
    opacity: float
    revealed: float


@dataclass(frozen=True)
class Layer:
    """One layer: ``svg`` is a whole drawing of it alone; ``enter`` and ``leave`` are pictures.

    It is first seen at picture ``enter``. From ``leave`` on it fades over ``leave_frames`` pictures (1: it
    is gone at once); ``alone`` if it does so by itself and not with the whole scene.
    """

    id: str
    svg: str
    entrance: Entrance
    enter: int
    leave: int
    alone: bool = False
    leave_frames: int = LEAVE_FRAMES
    glides: tuple[Glide, ...] = ()

    @property
    def settled(self) -> int:
        """The first picture at which it has come in whole."""
        return self.enter + self.entrance.frames - 1

    def look(self, frame: int) -> Look | None:
        """Where and how the layer is at a picture; None while it is not to be seen."""
        left = gone(frame - self.leave, self.leave_frames)
        if frame < self.enter or left >= 1:
            return None
        how = self.entrance
        come = ease_out(min((frame - self.enter + 1) / how.frames, 1.0))
        return Look(
            dx=how.dx * (1 - come) + sum(glide.dx * glide.progress(frame) for glide in self.glides),
            dy=how.dy * (1 - come) + sum(glide.dy * glide.progress(frame) for glide in self.glides),
            scale=how.scale + (1 - how.scale) * come,
            opacity=(come if how.fades else 1.0) * (1 - left if self.alone else 1.0),
            revealed=come if how.wipes else 1.0,
        )


def gone(frames: int, over: int = LEAVE_FRAMES) -> float:
    """How much of what leaves ``over`` so many pictures has left, 0..1, ``frames`` pictures after it began to."""
    return min(max((frames + 1) / over, 0.0), 1.0)


def leaving(frames: int) -> int:
    """The picture from which on a scene of ``frames`` pictures leaves as a whole."""
    return frames - BARE_LAST_FRAMES - LEAVE_FRAMES + 1


@dataclass(frozen=True)
class _Anchors:
    """Turns what a drawing calls a moment into a picture."""

    times: Mapping[str, tuple[int, int]]
    last: int
    error: Callable[[str, str], PackError]

    def frame(self, layer: str, anchor: str) -> int:
        match = _ANCHOR.fullmatch(anchor.strip())
        if match is None or (match["id"] != "start" and match["id"] not in self.times):
            allowed = ", ".join(["start", *self.times])
            raise self.error(layer, f"momento sconosciuto {anchor!r}; ammessi: {allowed} (anche .end, .40%, +300ms)")
        start, end = self.times.get(match["id"], (0, 0))
        sample = start
        if match["part"] == "end":
            sample = end
        elif match["part"]:
            sample += (end - start) * int(match["part"][:-1]) // 100
        sample += ms_to_samples(int(match["shift"] or 0))
        return min(max(frame_at(sample), 1), self.last)


def read_layers(svg: str, source: Path | str, times: Times, frames: int) -> tuple[Layer, ...]:
    """The layers of a filled scene drawing that lasts ``frames`` pictures.

    The first picture and the last two are bare; all that is there by then leaves in the 8 before.
    Layers that come in at one moment follow each other 3 pictures apart, in document order.
    Raises PackError naming ``source``, the layer and what is allowed.
    """

    def error(layer: str, reason: str) -> PackError:
        return PackError(source, reason, where=f"livello {layer}" if layer else "")

    if frames < SHORTEST_FRAMES:
        raise error("", f"dura {frames} immagini; ammesso: almeno {SHORTEST_FRAMES}, per entrare e uscire")
    root = _root(svg, source)
    shared = [child for child in root if child.tag == f"{{{_SVG}}}defs"]
    groups = [child for child in root if child not in shared and child.tag not in _UNSEEN]
    end = leaving(frames)
    anchors = _Anchors(_by_id(times), end, error)
    layers: list[Layer] = []
    queued: dict[int, int] = {}
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
            enter = layers[-1].enter
        else:
            previous = marks.get("enter", "")
            moment = anchors.frame(name, previous)
            enter = moment + STAGGER_FRAMES * queued.get(moment, 0)
            queued[moment] = queued.get(moment, 0) + 1
        entrance = ENTRANCES[marks.get("by", "rise")]
        enter = max(min(enter, end - entrance.frames), 1)
        leave = anchors.frame(name, marks["leave"]) if "leave" in marks else end
        if leave <= enter:
            raise error(name, f"esce all’immagine {leave}, ma entra alla {enter}")
        glides = tuple(_glide(part, name, anchors) for part in marks.get("move", "").split(";") if part.strip())
        alone = leave < end
        over = 1 if alone and marks.get("out") == "cut" else LEAVE_FRAMES
        layers.append(Layer(name, _cut(root, shared, group), entrance, enter, leave, alone, over, glides))
    return tuple(layers)


def _by_id(times: Times) -> Mapping[str, tuple[int, int]]:
    if isinstance(times, Mapping):
        return times
    return {time.id: (time.start, time.end) for time in times}


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
    """The layer's own ``vg:`` attributes, checked against the known ones."""
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


def _glide(words: str, name: str, anchors: _Anchors) -> Glide:
    parts = words.split()
    sound = len(parts) in (3, 4) and all(_NUMBER.fullmatch(part) for part in parts[1:])
    if not sound or (len(parts) == 4 and not (parts[3].isdecimal() and int(parts[3]))):
        raise anchors.error(name, f"vg:move={words.strip()!r} non è 'MOMENTO dx dy [immagini]'")
    frames = int(parts[3]) if len(parts) == 4 else MOVE_FRAMES
    return Glide(anchors.frame(name, parts[0]), frames, float(parts[1]), float(parts[2]))


def _cut(root: ElementTree.Element, shared: list[ElementTree.Element], group: ElementTree.Element) -> str:
    """A drawing of this layer alone, without the timeline, so that its look is all its cache key holds."""
    own = {name: value for name, value in group.attrib.items() if name != "id" and not name.startswith(f"{{{_SCENE}}}")}
    size = ("width", "height")
    whole = ElementTree.Element(root.tag, {name: value for name, value in root.attrib.items() if name not in size})
    whole.set("viewBox", f"0 0 {WIDTH} {HEIGHT}")
    whole.extend(shared)
    copy = ElementTree.SubElement(whole, group.tag, own)
    copy.text = group.text
    copy.extend(group)
    return ElementTree.tostring(whole, encoding="unicode")
