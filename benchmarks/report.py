# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""docs/benchmarks.md: one section a benchmark, each written by its own script and left alone by the others."""

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from videoguide.store import write_whole

FILE = Path(__file__).parent.parent / "docs" / "benchmarks.md"

_HEAD = """# Benchmarks

Written by the scripts in `benchmarks/`; each section says by which command. Trust ratios, not seconds.
"""


def write_section(file: Path, name: str, text: str) -> None:
    """Put ``text`` (Markdown) into ``file`` as the section ``name``: in its old place, or last.

    Everything outside the section stays as it is; a missing file is made.
    """
    whole = file.read_text(encoding="utf-8") if file.exists() else _HEAD
    opening, closing = f"<!-- section {name} -->", f"<!-- end of {name} -->"
    section = f"{opening}\n{text.strip()}\n{closing}"
    before, mark, rest = whole.partition(opening)
    whole = before + section + rest.partition(closing)[2] if mark else f"{whole.rstrip()}\n\n{section}\n"
    write_whole(file, [whole.encode()])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column is words, the others are figures."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown(seconds: float) -> str:
    """A time with three figures: ``312 s``, ``1.24 s``, ``0.85 ms``.

    >>> shown(312.4), shown(1.2444), shown(0.00085)
    ('312 s', '1.24 s', '0.85 ms')
    """
    if seconds >= 1:
        return f"{seconds:.3g} s" if seconds < 1000 else f"{seconds:,.0f} s"
    milliseconds = seconds * 1000
    return f"{milliseconds:.0f} ms" if milliseconds >= 100 else f"{milliseconds:.3g} ms"


def times(ratio: float) -> str:
    """A ratio with two or three figures.

    >>> times(74210), times(12.34), times(0.456)
    ('74,000 ×', '12 ×', '0.46 ×')
    """
    if ratio >= 1000:
        return f"{round(ratio, -3 if ratio >= 10_000 else -2):,.0f} ×"
    return f"{ratio:.0f} ×" if ratio >= 10 else f"{ratio:.2g} ×"


def setting(*packages: str) -> str:
    """One line on when and where: date, cores, how busy they were, versions that matter."""
    cores, (busy, _, _) = os.cpu_count() or 1, os.getloadavg()
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    work = "quiet" if busy < 0.3 * cores else f"busy when it started (load {busy:.1f})"
    return (
        f"{date.today():%-d %B %Y}; {cores} cores ({platform.machine()}), {work}; "
        f"Python {platform.python_version()}, {versions}."
    )
