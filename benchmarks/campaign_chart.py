# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The chart of a campaign's time and disk against its size, drawn as SVG and kept as PNG."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import resvg_py

from videoguide.assets import assets_folder
from videoguide.store import write_whole

WIDTH, HEIGHT = 1680, 900
TOP, BOTTOM, LEFT, RIGHT = 190, 770, 110, 200
"""Where a panel's plot begins and ends, in px; left and right of it are its labels."""
GUIDES = (100, 1_000_000)
INK, QUIET, GRID = "#17324D", "#5A6B7C", "#D6E0EA"
FAMILY = "Titillium Web"

Scale = Callable[[float], float]


@dataclass(frozen=True)
class Line:
    """One way, as it was measured (guides, amount).

    Drawn from the first point on (from the diagram's left edge if that comes later), beyond the last one as if it grew
    with the number of guides.
    """

    words: str
    colour: str
    points: tuple[tuple[float, float], ...]
    thin: bool = False

    def at(self, guides: float) -> float:
        """The amount for so many guides, not fewer than the first point's."""
        number, amount = next(point for point in reversed(self.points) if point[0] <= guides)
        return float(amount * guides / number)


@dataclass(frozen=True)
class Panel:
    """One diagram; ``marks`` are the amounts that are written beside it, with their words."""

    title: str
    marks: tuple[tuple[float, str], ...]
    lines: tuple[Line, ...]


TIME = ((1, "1 s"), (60, "1 min"), (3600, "1 h"), (86_400, "1 day"), (86_400 * 30, "1 month"), (86_400 * 365, "1 year"))
DISK = tuple(
    (10**power, words)
    for power, words in enumerate(("1 MB", "10 MB", "100 MB", "1 GB", "10 GB", "100 GB", "1 TB", "10 TB"), 6)
)


def write_chart(file: Path, title: str, note: str, panels: Sequence[Panel]) -> None:
    """Draw the panels side by side into ``file`` (PNG)."""
    width = WIDTH / len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#FFFFFF"/>',
        _text(48, 66, title, size=38, weight=700),
        _text(48, 104, note, size=22, colour=QUIET),
    ]
    for number, panel in enumerate(panels):
        parts += [f'<g transform="translate({number * width} 0)">', *_panel(panel, width), "</g>"]
    png = resvg_py.svg_to_bytes(
        svg_string="".join((*parts, "</svg>")),
        skip_system_fonts=True,
        font_files=[str(path) for path in sorted((assets_folder() / "fonts").glob("*.ttf"))],
        font_family=FAMILY,
    )
    write_whole(file, [bytes(png)])


def _panel(panel: Panel, width: float) -> Iterator[str]:
    right = width - RIGHT
    amounts = [line.at(max(guides, line.points[0][0])) for line in panel.lines for guides in GUIDES]
    low, high = min(amounts) / 2, max(amounts) * 2

    def x(guides: float) -> float:
        return LEFT + (right - LEFT) * math.log(guides / GUIDES[0]) / math.log(GUIDES[1] / GUIDES[0])

    def y(amount: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * math.log(amount / low) / math.log(high / low)

    yield _text(LEFT, TOP - 26, panel.title, size=26, weight=600)
    for amount, words in panel.marks:
        if low <= amount <= high:
            yield f'<path d="M{LEFT} {y(amount):.1f}H{right:.1f}" stroke="{GRID}" stroke-width="2"/>'
            yield _text(LEFT - 12, y(amount) + 7, words, size=21, colour=QUIET, anchor="end")
    power = GUIDES[0]
    while power <= GUIDES[1]:
        yield f'<path d="M{x(power):.1f} {TOP}V{BOTTOM}" stroke="{GRID}" stroke-width="2"/>'
        yield _text(x(power), BOTTOM + 34, f"{power:,}", size=21, colour=QUIET, anchor="middle")
        power *= 10
    yield _text((LEFT + right) / 2, BOTTOM + 72, "guides", size=22, colour=QUIET, anchor="middle")
    for line in panel.lines:
        yield from _line(line, x, y)
    ends = _apart([(y(line.at(GUIDES[1])), line) for line in panel.lines])
    for place, line in ends:
        for number, words in enumerate(line.words.split("\n")):
            yield _text(right + 14, place + 7 + 24 * number, words, size=21, colour=line.colour, weight=600)


def _line(line: Line, x: Scale, y: Scale) -> Iterator[str]:
    shown = [point for point in line.points if GUIDES[0] <= point[0] <= GUIDES[1]]
    start, end = shown[-1][0] if shown else GUIDES[0], GUIDES[1]
    yield _stroke(line, [(x(guides), y(line.at(guides))) for guides in (start, end)], dashed=True)
    if len(shown) > 1:
        yield _stroke(line, [(x(guides), y(amount)) for guides, amount in shown], dashed=False)
    for guides, amount in shown:
        yield f'<circle cx="{x(guides):.1f}" cy="{y(amount):.1f}" r="{_radius(line)}" fill="{line.colour}"/>'


def _radius(line: Line) -> int:
    return 5 if line.thin else 7


def _stroke(line: Line, places: Sequence[tuple[float, float]], *, dashed: bool) -> str:
    path = "L".join(f"{across:.1f} {down:.1f}" for across, down in places)
    width = 3 if line.thin else 5
    dashes = f' stroke-dasharray="{width} {3 * width}"' if dashed else ""
    return (
        f'<path d="M{path}" fill="none" stroke="{line.colour}" stroke-width="{width}" stroke-linecap="round"{dashes}/>'
    )


def _apart(ends: Sequence[tuple[float, Line]], gap: float = 14) -> list[tuple[float, Line]]:
    """Labels from top to bottom, moved down where they would lie over one another."""
    placed: list[tuple[float, Line]] = []
    free = 0.0
    for place, line in sorted(ends, key=lambda end: end[0]):
        place = max(place, free)
        placed.append((place, line))
        free = place + 24 * len(line.words.split("\n")) + gap
    return placed


def _text(
    x: float, y: float, words: str, *, size: int, weight: int = 400, colour: str = INK, anchor: str = "start"
) -> str:
    style = f'font-family="{FAMILY}" font-size="{size}" font-weight="{weight}" fill="{colour}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(words)}</text>'
