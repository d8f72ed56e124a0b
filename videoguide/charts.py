"""Charts of figures as SVG pictures for an ``<img>``: bars and lines, without a script. The only Pygal.

A chart stands beside its table and never instead of it. Hidden counts leave a gap.
"""

import base64
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from videoguide.display import number
from videoguide.figures import STARS_TITLES, TITLES, Count, Figures, Hidden

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
LETTER = 0.56
"""A letter's width as part of its height, roughly."""
NOTHING = "Numeri troppo piccoli"


@dataclass(frozen=True)
class Size:
    """Of pictures: the width of bars and of lines, and the letters' height, in pixels; how many days are named."""

    bars: int
    lines: int
    letters: int
    days: int


WIDE, NARROW = Size(600, 1200, 16, 8), Size(340, 340, 14, 3)
"""For desks and paper; for phones, where a wide one could not be read."""


@dataclass(frozen=True)
class Chart:
    """A picture: what table it belongs to, its title, what it shows in words for who does not see it, and the SVG."""

    id: str
    title: str
    words: str
    svg: str

    @property
    def source(self) -> str:
        """The address for an ``<img>``: the picture itself."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg.encode()).decode()


def charts(figures: Figures, size: Size = WIDE) -> tuple[Chart, ...]:
    """How many get how far; the ratings; and day by day, where there are two days at least."""
    funnel = [(TITLES[name], label, figures.total.counts[name]) for name, label in FUNNEL.items()]
    stars = [(title, title, count) for title, count in zip(STARS_TITLES, figures.stars, strict=True)]
    drawn = [
        _bars("total", "Dalla guida fatta al passo compiuto", funnel, BLUE, size),
        _bars("stars", "Quanto è stata utile", stars, GREEN, size),
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
        label_font_size=size.letters,
        major_label_font_size=size.letters,
        value_font_size=size.letters,
        legend_font_size=size.letters,
        no_data_font_size=size.letters,
        value_colors=(INK,) * len(colours),
        stroke_width="3",
        transition="0s",
    )


def _bars(chart: str, title: str, bars: Sequence[tuple[str, str, Count]], colour: str, size: Size) -> Chart:
    """Bars of (title, the label beside the bar, count)."""
    letter = LETTER * size.letters
    longest = max((count for _, _, count in bars if isinstance(count, int)), default=0)
    space = size.bars - letter * (4 + max(len(label) for _, label, _ in bars))
    beside = letter * (2 + len(number(longest)))  # where the longest bar's number stands
    drawing = _pygal().HorizontalBar(
        style=_style(size, colour),
        width=size.bars,
        height=24 + 46 * len(bars),
        show_legend=False,
        show_x_guides=False,
        show_y_guides=False,
        show_x_labels=False,
        show_y_labels=True,
        print_values=True,
        print_values_position="top",
        range=(0, max(1, longest) * space / (space - beside)),
        margin=4,
        spacing=8,
        explicit_size=True,
        no_data_text=NOTHING,
        js=(),
        formatter=lambda value: "" if value is None else number(value),
    )
    drawing.x_labels = [label for _, label, _ in reversed(bars)]  # the first is drawn lowest
    drawing.add("", [count if isinstance(count, int) else None for _, _, count in reversed(bars)])
    told = "; ".join(f"{name}: {_said(count)}" for name, _, count in bars)
    return Chart(chart, title, f"{title}. {told}.", _svg(drawing))


def _days(figures: Figures, size: Size) -> Chart:
    title = "Giorno per giorno"
    days = [row.title for row in figures.days]
    drawing = _pygal().Line(
        style=_style(size, BLUE, GREEN),
        width=size.lines,
        height=420 if size is WIDE else 320,
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        legend_box_size=size.letters,
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
    drawing.x_labels_major = days[:: max(1, -(-len(days) // size.days))]
    told = []
    for name, label in LINES.items():
        values = [row.counts[name] for row in figures.days]
        points = [value if isinstance(value, int) else None for value in values]
        drawing.add(label, points, stroke_style={"dasharray": DASHES[name]})  # not by colour alone
        known = [(value, row.title) for value, row in zip(values, figures.days, strict=True) if isinstance(value, int)]
        if known:
            most, day = max(known, key=lambda pair: pair[0])
            told.append(f"{TITLES[name]}: al massimo {number(most)}, il {day}")
    words = f"{title}, dal {days[0]} al {days[-1]}. {'; '.join(told) or NOTHING}. I numeri: nella tabella."
    return Chart("days", title, words, _svg(drawing))


def _said(count: Count) -> str:
    return count.value if isinstance(count, Hidden) else number(count)


@lru_cache(maxsize=1)
def _pygal() -> Any:
    """The library. It looks for map plugins in a way that Python has given up: every later import would warn of it."""
    import pygal

    sys.meta_path[:] = [finder for finder in sys.meta_path if not type(finder).__module__.startswith("pygal")]
    return pygal


def _svg(drawing: Any) -> str:
    """The drawing without what Pygal adds for its tooltips: scripts, and elements that only they use."""
    unused = {"script", "desc"}
    root = drawing.render_tree()
    for parent in list(root.iter()):
        for child in list(parent):
            is_comment = not isinstance(child.tag, str)
            if is_comment or child.tag in unused or "tooltip-overlay" in child.get("class", ""):
                parent.remove(child)
    for text in root.iter("text"):
        if text.get("class") == "value":  # beside its bar, where Pygal centres it on the bar's end
            text.set("style", "text-anchor: start")
            text.set("dx", "8")
    return ElementTree.tostring(root, encoding="unicode")
