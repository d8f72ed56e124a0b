"""A view -> HTML. The portal's one place that knows templates and where its static files are.

Static addresses carry one hash over all static files, so they may be cached for ever, and what a
style or a script asks for beside itself (a font, a module) carries the same.
"""

import hashlib
from datetime import date
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from videoguide.errors import UnknownChoice
from videoguide.portal.views import Page

STATIC_FOLDER = Path(__file__).parent / "static"
STATIC_ROOT = "/static"

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
    """The whole page of a view."""
    return _environment().get_template(view.template).render(view=view)


@lru_cache(maxsize=1)
def static_version() -> str:
    """A hash over the names and contents of all static files."""
    digest = hashlib.sha256()
    for name in static_names():
        digest.update(name.encode() + b"\0" + hashlib.sha256((STATIC_FOLDER / name).read_bytes()).digest())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=1)
def static_names() -> tuple[str, ...]:
    """Every static file, as a path inside the folder."""
    files = (file for file in STATIC_FOLDER.rglob("*") if file.is_file())
    return tuple(sorted(file.relative_to(STATIC_FOLDER).as_posix() for file in files))


def static_url(name: str) -> str:
    """Where the server offers a static file; raises UnknownChoice for one that is not there."""
    if name not in static_names():
        raise UnknownChoice("file statico", name, static_names())
    return f"{STATIC_ROOT}/{static_version()}/{name}"


def italian_date(day: date) -> str:
    """``date(2023, 6, 1)`` -> ``1º giugno 2023``"""
    number = "1º" if day.day == 1 else str(day.day)
    return f"{number} {MONTHS[day.month - 1]} {day.year}"


def minutes(ms: int) -> str:
    """A length for reading: ``88_320`` -> ``1 minuto e 28 secondi``."""
    whole, seconds = divmod(ms // 1000, 60)
    parts = [_counted(whole, "minuto", "minuti"), _counted(seconds, "secondo", "secondi")]
    return " e ".join(part for part in parts if part) or "0 secondi"


def clock(ms: int) -> str:
    """A moment as players show it: ``88_320`` -> ``1:28``."""
    return f"{ms // 60_000}:{ms // 1000 % 60:02}"


def megabytes(size: int) -> str:
    """``4_438_819`` bytes -> ``4,4 MB``"""
    return f"{size / 1_000_000:.1f} MB".replace(".", ",")


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""


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
