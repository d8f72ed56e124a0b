# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The type scale, and setting words in it: width, line breaks, the size of a name, coverage.

SVG breaks no lines, so words are broken into lines here, by the metrics of the fonts that draw them.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import ceil
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from markupsafe import Markup

from videoguide.errors import TextOverflow, UnknownChoice
from videoguide.picture.fonts import Font

FAMILY = "Titillium Web"
SECOND_FAMILY = "Noto Sans"
"""The family for words that the first one cannot draw: Vietnamese names, and those with rarer Latin letters."""
NAME_LARGEST_PX, NAME_SMALLEST_PX, NAME_TWO_LINES_PX = 160, 96, 128
"""The largest and smallest size of a first name, and its largest size on two lines."""
SMALLEST_PX = 56
"""The smallest size of any words."""


@dataclass(frozen=True)
class TypeStyle:
    """One step of the scale: ``size`` and ``line`` (the height of a line) in px at 1920x1080."""

    size: int
    line: int
    weight: int

    @property
    def baseline(self) -> int:
        """The distance from the top of a line to its baseline in px; capitals stand in the middle of the line."""
        return round((self.line + self.size * CAPITALS) / 2)

    def resized(self, size: int) -> "TypeStyle":
        """The same style at another size, its line in proportion."""
        return TypeStyle(size, round(self.line * size / self.size), self.weight)


CAPITALS = 0.69
"""The height of a capital letter in ems, about the same in all three weights."""

STYLES: Mapping[str, TypeStyle] = MappingProxyType(
    {
        "name": TypeStyle(NAME_LARGEST_PX, 172, 700),
        "title": TypeStyle(104, 112, 700),
        "numeral": TypeStyle(96, 104, 700),
        "lead": TypeStyle(72, 84, 600),
        "body": TypeStyle(60, 76, 400),
        "label": TypeStyle(56, 68, 600),
        "small": TypeStyle(SMALLEST_PX, 68, 400),
    }
)

_WEIGHTS = {700: "Bold", 600: "SemiBold", 400: "Regular"}
_BREAKS = re.compile("[ \t\r\n]+")

# Replaced by characters that the font has: it has no narrow space, and no line is broken at a hyphen anyway.
_LIKE = str.maketrans({"\u202f": "\u00a0", "\u2011": "-", "\u02bc": "’"})


def font_file(fonts: Path, family: str, weight: int) -> Path:
    """The file of a family's weight in a folder of fonts."""
    return fonts / f"{family.replace(' ', '')}-{_WEIGHTS[weight]}.ttf"


def style(name: str) -> TypeStyle:
    """A step of the scale by name; raises UnknownChoice, which lists the known ones."""
    if name not in STYLES:
        raise UnknownChoice("stile del testo", name, STYLES)
    return STYLES[name]


class Space(NamedTuple):
    """The distances inside the ready-made blocks of ``type.svg``, in px at 1920x1080."""

    item: int = 104
    point: int = 56
    pill: int = 104
    pill_side: int = 44


SPACE = Space()

_SETTING = ("wrap", "fit_name", "text_width", "text_height", "name_height", "item_height", "pill_width")
FUNCTION_NAMES = (*_SETTING, "type_family", "type_style", "type_space")
"""The names of what scene drawings may use: the methods of :class:`TypeSetter`, the styles and the distances."""
LINES_REMEMBERED = 4096


class TypeSetter:
    """Sets words by the metrics of the fonts in one folder, so that a kept version of a pack uses its own fonts."""

    def __init__(self, fonts: Path) -> None:
        self.fonts = fonts
        self._families = [FAMILY]
        if font_file(fonts, SECOND_FAMILY, 700).exists():  # a version kept by an older program has the first alone
            self._families.append(SECOND_FAMILY)
        self._loaded: dict[tuple[str, int], Font] = {}
        self._lines: dict[tuple[str, str, float], tuple[str, ...]] = {}

    def family(self, text: str) -> str:
        """The family that draws these words: one for all of them, so that a name is written in one hand.

        The first that has every letter; where none has, the first.

        >>> from videoguide.assets import assets_folder
        >>> setter = typesetter(assets_folder() / "fonts")
        >>> setter.family("Łukasz"), setter.family("Hương")
        ('Titillium Web', 'Noto Sans')
        """
        return next((family for family in self._families if not self._missing(text, family)), FAMILY)

    def width(self, text: str, style_name: str, size_px: int = 0) -> float:
        """The length in px of one line in a style, with kerning; at the style's own size unless another is given.

        >>> from videoguide.assets import assets_folder
        >>> setter = typesetter(assets_folder() / "fonts")
        >>> setter.width("AV", "title") < setter.width("A", "title") + setter.width("V", "title")
        True
        """
        return self._line_px(_drawn(text), style_name, size_px or style(style_name).size, self.family(text))

    def wrap(self, text: str, style_name: str, width_px: float, max_lines: int = 0) -> tuple[str, ...]:
        """Break words into as few lines of at most ``width_px`` as possible, evenly filled.

        No hyphenation, no break at a non-breaking space, no short word alone on the last line or, where there
        is room, at the end of a line. ``max_lines`` 0 means any number.
        Raises TextOverflow when the words need more lines, or one word is wider than the box.

        >>> from videoguide.assets import assets_folder
        >>> setter = typesetter(assets_folder() / "fonts")
        >>> setter.wrap("Apri il servizio e poi premi il pulsante per andare avanti", "body", 800)
        ('Apri il servizio e poi premi', 'il pulsante per andare avanti')
        """
        lines = self._broken(_drawn(text), style_name, float(width_px))
        if max_lines and len(lines) > max_lines:
            reason = f"servono {len(lines)} righe; ammesso: {max_lines}"
            raise TextOverflow("parole", reason, where=f"{style_name}, larghezza {width_px:g} px")
        return lines

    def fit_name(self, name: str, width_px: float) -> tuple[int, tuple[str, ...]]:
        """The size in px (160 to 96) and the lines of a first name: one line if it fits, else two.

        Raises TextOverflow for a name that does not fit at 96 px on two lines.

        >>> from videoguide.assets import assets_folder
        >>> typesetter(assets_folder() / "fonts").fit_name("Anna", 900)
        (160, ('Anna',))
        """
        family = self.family(name)
        name = " ".join(_BREAKS.split(_drawn(name).strip()))
        size_px = self._largest_px(name, width_px, NAME_LARGEST_PX, family)
        if size_px >= NAME_SMALLEST_PX:
            return size_px, (name,)
        splits = [(name[: at + (name[at] == "-")], name[at + 1 :]) for at, sign in enumerate(name) if sign in " -"]
        settings = [
            (min(self._largest_px(line, width_px, NAME_TWO_LINES_PX, family) for line in lines), lines)
            for lines in splits
            if all(lines)
        ]
        best = max(settings, key=lambda setting: setting[0], default=(0, ()))
        if best[0] < NAME_SMALLEST_PX:
            reason = f"un nome non ci sta a {NAME_SMALLEST_PX} px su due righe"
            raise TextOverflow("parole", reason, where=f"name, larghezza {width_px:g} px")
        return best

    def text_height(self, style_name: str, width_px: float, text: str) -> int:
        """The height in px of the block that :meth:`wrap` makes of these words."""
        return len(self.wrap(text, style_name, width_px)) * style(style_name).line

    def name_height(self, name: str, width_px: float) -> int:
        """The height in px of the block that :meth:`fit_name` makes of a name."""
        size_px, lines = self.fit_name(name, width_px)
        return len(lines) * style("name").resized(size_px).line

    def missing_glyphs(self, text: str) -> frozenset[str]:
        """The characters for which no family can draw these words, in composed form; blanks do not count.

        >>> from videoguide.assets import assets_folder
        >>> sorted(typesetter(assets_folder() / "fonts").missing_glyphs("Łukasz Hương Ольга"))
        ['О', 'а', 'г', 'л', 'ь']
        """
        return min((self._missing(text, family) for family in self._families), key=len)

    def text_width(self, style_name: str, text: str) -> int:
        """The width in px of one line, rounded up: for a label's own box."""
        return ceil(self.width(text, style_name))

    def item_height(self, width_px: float, text: str, style_name: str = "body") -> int:
        """The height in px of a list item: its words beside a numeral, which begins a little higher."""
        numeral = style("numeral")
        above = numeral.baseline - style(style_name).baseline
        return max(numeral.line, above + self.text_height(style_name, width_px - SPACE.item, text))

    def pill_width(self, text: str) -> int:
        """The width in px of the rounded label that holds these words."""
        return self.text_width("label", text) + 2 * SPACE.pill_side

    @cached_property
    def functions(self) -> Mapping[str, Any]:
        """What scene drawings and ``type.svg`` may use, by name: the functions for ``templates.fill_drawing``."""
        own = {"type_family": self.family, "type_style": style, "type_space": SPACE}
        return {name: getattr(self, name) for name in _SETTING} | own

    def _font(self, family: str, weight: int) -> Font:
        if (family, weight) not in self._loaded:
            self._loaded[family, weight] = Font(font_file(self.fonts, family, weight))
        return self._loaded[family, weight]

    def _missing(self, text: str, family: str) -> frozenset[str]:
        """The characters of these words that a family lacks in one of its weights."""
        fonts = [self._font(family, weight) for weight in _WEIGHTS]
        signs = {sign for sign in _drawn(text) if sign not in " \t\r\n"}
        return frozenset(sign for sign in signs if not all(font.covers(sign) for font in fonts))

    def _line_px(self, line: str, style_name: str, size_px: float, family: str) -> float:
        font = self._font(family, style(style_name).weight)
        return font.length(line) * size_px / font.units_per_em

    def _largest_px(self, line: str, width_px: float, limit_px: int, family: str) -> int:
        return min(limit_px, int(limit_px * width_px / max(self._line_px(line, "name", limit_px, family), 1)))

    def _broken(self, text: str, style_name: str, width_px: float) -> tuple[str, ...]:
        """The lines of these words; recent results are remembered."""
        key = text, style_name, width_px
        if key not in self._lines:
            if len(self._lines) >= LINES_REMEMBERED:
                self._lines.clear()
            self._lines[key] = self._cheapest_lines(text, style_name, width_px)
        return self._lines[key]

    def _cheapest_lines(self, text: str, style_name: str, width_px: float) -> tuple[str, ...]:
        """The lines at the lowest cost: as few as possible, then even, then without weak line ends."""
        tokens = [token for token in _BREAKS.split(text) if token]
        if not tokens:
            return ()
        size_px, family = style(style_name).size, self.family(text)
        widest_px = max(self._line_px(token, style_name, size_px, family) for token in tokens)
        if widest_px > width_px:
            reason = f"una parola è larga {ceil(widest_px)} px; ammesso: {width_px:g} px"
            raise TextOverflow("parole", reason, where=f"{style_name}, larghezza {width_px:g} px")

        # best[i]: number of lines, cost, and first word of the last line, of the cheapest way to set the first i words
        best: list[tuple[int, float, int]] = [(0, 0.0, 0)]
        for end in range(1, len(tokens) + 1):
            ways = []
            for start in range(end - 1, -1, -1):
                line = " ".join(tokens[start:end])
                line_px = self._line_px(line, style_name, size_px, family)
                if line_px > width_px:
                    break
                last = end == len(tokens)
                count, cost, _ = best[start]
                cost += _line_cost(line_px / width_px, tokens[start:end], start == 0, last)
                ways.append((count + 1, cost, start))
            best.append(min(ways))
        lines: list[str] = []
        end = len(tokens)
        while end:
            start = best[end][2]
            lines.insert(0, " ".join(tokens[start:end]))
            end = start
        return tuple(lines)


@lru_cache(maxsize=8)
def typesetter(fonts: Path) -> TypeSetter:
    """The typesetter for the fonts of a folder: always the same one, as it remembers what it has loaded and measured.

    >>> from videoguide.assets import assets_folder
    >>> typesetter(assets_folder() / "fonts").pill_width("Vai") > 0
    True
    """
    return TypeSetter(fonts)


def _drawn(text: str) -> str:
    """The words as they are drawn; what a template block has escaped is unescaped first, as it is escaped again."""
    plain = text.unescape() if isinstance(text, Markup) else str(text)
    return unicodedata.normalize("NFC", plain).translate(_LIKE)


def _line_cost(filled: float, tokens: list[str], first: bool, last: bool) -> float:
    """The cost of a line: small for a full line; a weak word at its end or a lone short last word adds to it."""
    cost = (1 - filled) ** 2
    if last:
        lone = len(tokens) == 1 and not first and len(tokens[0]) <= 8
        return cost * 0.5 + (0.5 if lone else 0.0)
    weak = len(tokens[-1]) <= 3 and tokens[-1][-1].isalpha()
    return cost + (0.15 if weak else 0.0)
