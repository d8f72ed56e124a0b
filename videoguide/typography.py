"""The type scale, and setting words in it: width, line breaks, the size of a name, coverage.

SVG breaks no lines, so words are broken here, by the metrics of the very fonts that draw them.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from types import MappingProxyType
from typing import Any, NamedTuple

from markupsafe import Markup

from videoguide.assets import assets_folder
from videoguide.errors import TextOverflow, UnknownChoice
from videoguide.fonts import Font

FAMILY = "Titillium Web"
NAME_LARGEST, NAME_SMALLEST, NAME_TWO_LINES = 160, 96, 128
SMALLEST = 56


@dataclass(frozen=True)
class TypeStyle:
    """One step of the scale: ``size`` and ``line`` (height of a line) in px at 1920x1080."""

    size: int
    line: int
    weight: int

    @property
    def baseline(self) -> int:
        """From the top of a line down to its baseline: capitals stand in the middle of the line."""
        return round((self.line + self.size * CAPITALS) / 2)

    def resized(self, size: int) -> "TypeStyle":
        """The same style at another size, its line in proportion."""
        return TypeStyle(size, round(self.line * size / self.size), self.weight)


CAPITALS = 0.69
"""Height of a capital in ems, much the same in all three weights."""

STYLES: Mapping[str, TypeStyle] = MappingProxyType(
    {
        "name": TypeStyle(NAME_LARGEST, 172, 700),
        "title": TypeStyle(104, 112, 700),
        "numeral": TypeStyle(96, 104, 700),
        "lead": TypeStyle(72, 84, 600),
        "body": TypeStyle(60, 76, 400),
        "label": TypeStyle(56, 68, 600),
        "small": TypeStyle(SMALLEST, 68, 400),
    }
)

_FILES = {700: "TitilliumWeb-Bold.ttf", 600: "TitilliumWeb-SemiBold.ttf", 400: "TitilliumWeb-Regular.ttf"}
_BREAKS = re.compile("[ \t\r\n]+")

# Set in the font's own signs: it has no narrow space, and we break no line at a hyphen anyway.
_LIKE = str.maketrans({"\u202f": "\u00a0", "\u2011": "-", "\u02bc": "’"})


def style(name: str) -> TypeStyle:
    """A step of the scale; UnknownChoice lists the known ones."""
    if name not in STYLES:
        raise UnknownChoice("stile del testo", name, STYLES)
    return STYLES[name]


def width(text: str, style_name: str, size: int = 0) -> float:
    """Length in px of one line in a style, at its own size or another; kerning applied.

    >>> width("AV", "title") < width("A", "title") + width("V", "title")
    True
    """
    chosen = style(style_name)
    font = _font(chosen.weight)
    return font.length(_set(text)) * (size or chosen.size) / font.units


def wrap(text: str, style_name: str, width_px: float, max_lines: int = 0) -> tuple[str, ...]:
    """Break words into lines of at most ``width_px``, as few as will do and evenly filled.

    No hyphenation, no break at a non-breaking space, no short word left alone on the last line or
    (where there is room) hanging at the end of a line. ``max_lines`` 0 means any number.
    Raises TextOverflow when the words need more lines, or one word is wider than the box.

    >>> wrap("Apri il servizio e poi premi il pulsante per andare avanti", "body", 800)
    ('Apri il servizio e poi premi', 'il pulsante per andare avanti')
    """
    lines = _broken(_set(text), style_name, float(width_px))
    if max_lines and len(lines) > max_lines:
        need = f"servono {len(lines)} righe; ammesso: {max_lines}"
        raise TextOverflow("parole", need, where=f"{style_name}, larghezza {width_px:g} px")
    return lines


def fit_name(name: str, width_px: float) -> tuple[int, tuple[str, ...]]:
    """The size (160 down to 96 px) and the lines in which a first name is set: one line, or else two.

    Raises TextOverflow for a name that does not fit at 96 px on two lines.

    >>> fit_name("Anna", 900)
    (160, ('Anna',))
    """
    name = " ".join(_BREAKS.split(_set(name).strip()))
    size = _largest(name, width_px, NAME_LARGEST)
    if size >= NAME_SMALLEST:
        return size, (name,)
    splits = [(name[: at + (name[at] == "-")], name[at + 1 :]) for at, sign in enumerate(name) if sign in " -"]
    sized = [(min(_largest(line, width_px, NAME_TWO_LINES) for line in lines), lines) for lines in splits if all(lines)]
    best = max(sized, key=lambda found: found[0], default=(0, ()))
    if best[0] < NAME_SMALLEST:
        reason = f"un nome non ci sta a {NAME_SMALLEST} px su due righe"
        raise TextOverflow("parole", reason, where=f"name, larghezza {width_px:g} px")
    return best


def text_height(style_name: str, width_px: float, text: str) -> int:
    """Height in px of the block that :func:`wrap` makes of these words."""
    return len(wrap(text, style_name, width_px)) * style(style_name).line


def name_height(name: str, width_px: float) -> int:
    """Height in px of the block that :func:`fit_name` makes of a name."""
    size, lines = fit_name(name, width_px)
    return len(lines) * style("name").resized(size).line


def missing_glyphs(text: str) -> frozenset[str]:
    """Characters that the fonts cannot draw, in composed form; spaces and line ends do not count.

    >>> sorted(missing_glyphs("Łukasz Đorđe Hương"))
    ['ơ', 'ư']
    """
    fonts = [_font(weight) for weight in _FILES]
    signs = {sign for sign in _set(text) if sign not in " \t\r\n"}
    return frozenset(sign for sign in signs if not all(font.covers(sign) for font in fonts))


def text_width(style_name: str, text: str) -> int:
    """Width in px of one line, rounded up: for a label's own box."""
    return ceil(width(text, style_name))


class Space(NamedTuple):
    """Distances inside the ready-made blocks of ``type.svg``, in px."""

    item: int = 104
    point: int = 56
    pill: int = 104
    pill_side: int = 44


SPACE = Space()


def item_height(width_px: float, text: str, style_name: str = "body") -> int:
    """Height in px of a list item: its words beside a numeral, which stands a little higher than they do."""
    numeral = style("numeral")
    above = numeral.baseline - style(style_name).baseline
    return max(numeral.line, above + text_height(style_name, width_px - SPACE.item, text))


def pill_width(text: str) -> int:
    """Width in px of the round label that holds these words."""
    return text_width("label", text) + 2 * SPACE.pill_side


FUNCTIONS: Mapping[str, Any] = MappingProxyType(
    {
        "wrap": wrap,
        "fit_name": fit_name,
        "text_width": text_width,
        "text_height": text_height,
        "name_height": name_height,
        "item_height": item_height,
        "pill_width": pill_width,
        "type_style": style,
        "type_space": SPACE,
    }
)
"""What scene drawings and ``type.svg`` may call; give these to ``templates.fill_drawing``."""


def _set(text: str) -> str:
    """The words as they are drawn. What a template block has escaped comes back first, or it would be twice."""
    plain = text.unescape() if isinstance(text, Markup) else str(text)
    return unicodedata.normalize("NFC", plain).translate(_LIKE)


@lru_cache(maxsize=4)
def _font(weight: int) -> Font:
    return Font(assets_folder() / "fonts" / _FILES[weight])


def _largest(line: str, width_px: float, largest: int) -> int:
    return min(largest, int(largest * width_px / max(width(line, "name", largest), 1)))


@lru_cache(maxsize=4096)
def _broken(text: str, style_name: str, width_px: float) -> tuple[str, ...]:
    """The cheapest way to break: fewest lines first, then evenness, then no weak line ends."""
    tokens = [token for token in _BREAKS.split(text) if token]
    if not tokens:
        return ()
    widest = max(width(token, style_name) for token in tokens)
    if widest > width_px:
        need = f"una parola è larga {ceil(widest)} px; ammesso: {width_px:g} px"
        raise TextOverflow("parole", need, where=f"{style_name}, larghezza {width_px:g} px")

    # best[i]: lines, cost and start of the last line of the cheapest way to set the first i words
    best: list[tuple[int, float, int]] = [(0, 0.0, 0)]
    for end in range(1, len(tokens) + 1):
        ways = []
        for start in range(end - 1, -1, -1):
            line = " ".join(tokens[start:end])
            used = width(line, style_name)
            if used > width_px:
                break
            last = end == len(tokens)
            lines, cost, _ = best[start]
            ways.append((lines + 1, cost + _line_cost(used / width_px, tokens[start:end], start == 0, last), start))
        best.append(min(ways))
    broken: list[str] = []
    end = len(tokens)
    while end:
        start = best[end][2]
        broken.insert(0, " ".join(tokens[start:end]))
        end = start
    return tuple(broken)


def _line_cost(filled: float, tokens: list[str], first: bool, last: bool) -> float:
    """Small for a full line; a weak word at its end and a lone short last word cost about half a line."""
    cost = (1 - filled) ** 2
    if last:
        lone = len(tokens) == 1 and not first and len(tokens[0]) <= 8
        return cost * 0.5 + (0.5 if lone else 0.0)
    weak = len(tokens[-1]) <= 3 and tokens[-1][-1].isalpha()
    return cost + (0.15 if weak else 0.0)
