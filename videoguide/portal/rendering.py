# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Views become HTML: the one place of the portal that knows its templates, and how Italian writes what they show."""

from datetime import date
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from videoguide.portal.static_files import static_url
from videoguide.portal.views import Page
from videoguide.wording import megabytes

MONTHS = [
    "gennaio",
    "febbraio",
    "marzo",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "agosto",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
]


def render(view: Page) -> str:
    """The whole page of a view. Raises what Jinja2 raises for a template that asks for what the view does not have."""
    return _environment().get_template(view.template).render(view=view)


def italian_date(day: date) -> str:
    """A day in words: ``date(2023, 6, 1)`` -> ``1º giugno 2023``."""
    number = "1º" if day.day == 1 else str(day.day)
    return f"{number} {MONTHS[day.month - 1]} {day.year}"


def minutes(duration_ms: int) -> str:
    """A duration in words: ``88_320`` -> ``1 minuto e 28 secondi``."""
    whole, seconds = divmod(duration_ms // 1000, 60)
    parts = [_counted(whole, "minuto", "minuti"), _counted(seconds, "secondo", "secondi")]
    return " e ".join(part for part in parts if part) or "0 secondi"


def clock(moment_ms: int) -> str:
    """A moment of a video as players show it: ``88_320`` -> ``1:28``."""
    return f"{moment_ms // 60_000}:{moment_ms // 1000 % 60:02}"


def _counted(number: int, singular: str, plural: str) -> str:
    return f"{number} {singular if number == 1 else plural}" if number else ""


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static_url"] = static_url
    environment.filters.update(italian_date=italian_date, minutes=minutes, clock=clock, megabytes=megabytes)
    return environment
