# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Charts of figures as SVG pictures for an ``<img>``: bars and lines, without a script. The only user of Pygal.

A chart stands beside its table, never in place of it. Hidden counts leave a gap.
"""

import base64
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from videoguide.outcomes.figures import RATING_NAMES, TITLES, Figures
from videoguide.outcomes.privacy import Count, Hidden
from videoguide.wording import number

BLUE, INK, GREEN = "#0066CC", "#17324D", "#008055"
FUNNEL = {
    "made": "Fatte",
    "delivered": "Consegnate",
    "viewers": "Aperte",
    "reached_50": "Viste a metà",
    "reached_100": "Viste alla fine",
    "followed": "Passo compiuto",
}
LINES = {"viewers": "Aperte", "reached_100": "Viste alla fine"}
DASHES = {"viewers": "none", "reached_100": "6, 4"}
FONT = "'Titillium Web', 'Segoe UI', Arial, sans-serif"
LETTER_WIDTH = 0.56
"""A letter's width as a part of its height, roughly."""
NOTHING = "Numeri troppo piccoli"


@dataclass(frozen=True)
class Size:
    """The sizes of charts: the width of bar and of line charts, the height of letters, and how many days are named."""

    bars_px: int
    lines_px: int
    letters_px: int
    named_days: int


WIDE, NARROW = Size(600, 1200, 16, 8), Size(340, 340, 14, 3)
"""For desktops and paper; for phones, where a wide chart could not be read."""


@dataclass(frozen=True)
class Chart:
    """A picture: its table's id, its title, what it shows in words for people who cannot see it, and the SVG."""

    id: str
    title: str
    words: str
    svg: str

    @property
    def source(self) -> str:
        """The address for an ``<img>``: the picture itself."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg.encode()).decode()


def charts(figures: Figures, size: Size = WIDE) -> tuple[Chart, ...]:
    """How many people get how far; the ratings; and each day, where there are at least two."""
    funnel = [(TITLES[name], label, figures.total.counts[name]) for name, label in FUNNEL.items()]
    ratings = [(name, name, count) for name, count in zip(RATING_NAMES, figures.by_rating, strict=True)]
    drawn = [
        _bars("total", "Dalla guida fatta al passo compiuto", funnel, BLUE, size),
        _bars("ratings", "Quanto è stata utile", ratings, GREEN, size),
    ]
    return (*drawn, _days(figures, size)) if len(figures.days) > 1 else tuple(drawn)


def _style(size: Size, *colours: str) -> Any:
    return _pygal().style.Style(
        background="#FFFFFF",
        plot_background="#FFFFFF",
        foreground=INK,
        foreground_strong=INK,
        foreground_subtle="#5D7083",
        guide_stroke_color="#D9DADB",
        major_guide_stroke_color="#C5C7C9",
        colors=colours,
        opacity="1",
        opacity_hover="1",
        stroke_opacity="1",
        font_family=FONT,
        label_font_size=size.letters_px,
        major_label_font_size=size.letters_px,
        value_font_size=size.letters_px,
        legend_font_size=size.letters_px,
        no_data_font_size=size.letters_px,
        value_colors=(INK,) * len(colours),
        stroke_width="3",
        transition="0s",
    )


def _bars(chart: str, title: str, bars: Sequence[tuple[str, str, Count]], colour: str, size: Size) -> Chart:
    """A chart of ``bars``: for each its title, the label beside it, and its count."""
    letter_px = LETTER_WIDTH * size.letters_px
    largest = max((count for _, _, count in bars if isinstance(count, int)), default=0)
    space_px = size.bars_px - letter_px * (4 + max(len(label) for _, label, _ in bars))
    number_px = letter_px * (2 + len(number(largest)))  # beside the longest bar
    drawing = _pygal().HorizontalBar(
        style=_style(size, colour),
        width=size.bars_px,
        height=24 + 46 * len(bars),
        show_legend=False,
        show_x_guides=False,
        show_y_guides=False,
        show_x_labels=False,
        show_y_labels=True,
        print_values=True,
        print_values_position="top",
        range=(0, max(1, largest) * space_px / (space_px - number_px)),
        margin=4,
        spacing=8,
        explicit_size=True,
        no_data_text=NOTHING,
        js=(),
        formatter=lambda value: "" if value is None else number(value),
    )
    drawing.x_labels = [label for _, label, _ in reversed(bars)]  # the first is drawn lowest
    drawing.add("", [count if isinstance(count, int) else None for _, _, count in reversed(bars)])
    words = "; ".join(f"{name}: {_shown(count)}" for name, _, count in bars)
    return Chart(chart, title, f"{title}. {words}.", _svg(drawing))


def _days(figures: Figures, size: Size) -> Chart:
    title = "Giorno per giorno"
    days = [row.title for row in figures.days]
    drawing = _pygal().Line(
        style=_style(size, BLUE, GREEN),
        width=size.lines_px,
        height=420 if size is WIDE else 320,
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        legend_box_size=size.letters_px,
        show_minor_x_labels=False,
        show_dots=len(days) <= 31,
        dots_size=3,
        allow_interruptions=True,
        truncate_label=-1,
        truncate_legend=-1,
        min_scale=3,
        max_scale=6,
        margin=8,
        explicit_size=True,
        no_data_text=NOTHING,
        js=(),
        include_x_axis=True,
        value_formatter=number,
    )
    drawing.x_labels = days
    drawing.x_labels_major = days[:: max(1, -(-len(days) // size.named_days))]
    peaks = []
    for name, label in LINES.items():
        values = [row.counts[name] for row in figures.days]
        points = [value if isinstance(value, int) else None for value in values]
        drawing.add(label, points, stroke_style={"dasharray": DASHES[name]})  # not by colour alone
        visible = [(value, day) for value, day in zip(values, days, strict=True) if isinstance(value, int)]
        if visible:
            most, day = max(visible, key=lambda pair: pair[0])
            peaks.append(f"{TITLES[name]}: al massimo {number(most)}, il {day}")
    words = f"{title}, dal {days[0]} al {days[-1]}. {'; '.join(peaks) or NOTHING}. I numeri: nella tabella."
    return Chart("days", title, words, _svg(drawing))


def _shown(count: Count) -> str:
    return count.value if isinstance(count, Hidden) else number(count)


@lru_cache(maxsize=1)
def _pygal() -> Any:
    """Import the library, without its finder for map plugins: that is deprecated, and every later import would warn."""
    import pygal

    sys.meta_path[:] = [finder for finder in sys.meta_path if not type(finder).__module__.startswith("pygal")]
    return pygal


def _svg(drawing: Any) -> str:
    """The drawing without what Pygal adds for tooltips: scripts, and elements that only they use."""
    unused = {"script", "desc"}
    root = drawing.render_tree()
    for parent in list(root.iter()):
        for child in list(parent):
            is_comment = not isinstance(child.tag, str)
            if is_comment or child.tag in unused or "tooltip-overlay" in child.get("class", ""):
                parent.remove(child)
    for text in root.iter("text"):
        if text.get("class") == "value":  # to stand beside its bar; Pygal centres it on the bar's end
            text.set("style", "text-anchor: start")
            text.set("dx", "8")
    return ElementTree.tostring(root, encoding="unicode")
