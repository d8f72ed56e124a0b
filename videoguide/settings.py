# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The one table of settings: name, default, one line of help. Passed as arguments, never read at import.

Each is set by the environment variable ``VIDEOGUIDE_<NAME>``; command-line options take precedence.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, NamedTuple

from videoguide.assets import packs_folder
from videoguide.errors import InputError, UnknownChoice


class Setting(NamedTuple):
    """One setting: its name in lower case, its default, and what it is for."""

    name: str
    default: str
    help: str


SETTINGS = (
    Setting("scenes", "", "Cartella dei pacchetti di campagna (vuota: quelli del programma)."),
    Setting("store", "output/store", "Cartella dei segmenti, condivisa da tutte le guide."),
    Setting("models", "output/models", "Cartella in cui si compone, una volta, il modello della voce."),
    Setting("database", "sqlite:///output/videoguide.db", "Indirizzo SQLAlchemy del registro delle guide."),
    Setting("voice", "", "Voce che parla (vuota: quella della campagna)."),
    Setting("size", "1920x1080", "Larghezza e altezza delle immagini, in pixel."),
    Setting("stills", "skip", "Come si tengono le immagini ferme: skip (veloce) o real (tutte codificate)."),
)


DEMO_PLACES = {
    "store": "output/demonstration/store",
    "database": "sqlite:///output/demonstration/videoguide.db",
}
"""What a demonstration uses if nothing else is chosen: never what is real."""


@dataclass(frozen=True)
class Settings:
    """The settings as typed values: one field for each row of the table above, in the same order."""

    scenes: Path
    store: Path
    models: Path
    database: str
    voice: str
    size: tuple[int, int]
    stills: Literal["skip", "real"]


def load(environ: Mapping[str, str] | None = None, **options: str | None) -> Settings:
    """Settings from ``options`` (the command line's; None counts as absent), else the environment, else defaults.

    Raises InputError for a value of the wrong kind.
    """
    values = read(SETTINGS, environ, **options)
    settings = Settings(
        scenes=Path(values["scenes"]) if values["scenes"] else packs_folder(),
        store=Path(values["store"]),
        models=Path(values["models"]),
        database=values["database"],
        voice=values["voice"],
        size=parse_size(values["size"]),
        stills=_stills(values["stills"]),
    )
    assert [field.name for field in fields(settings)] == [setting.name for setting in SETTINGS]
    return settings


def load_demo(environ: Mapping[str, str] | None = None, **options: str | None) -> Settings:
    """Settings as :func:`load`; a demonstration has its own store and database unless one of them is chosen."""
    environ = os.environ if environ is None else environ
    chosen = any(options.get(name) or environ.get(f"VIDEOGUIDE_{name.upper()}") for name in DEMO_PLACES)
    return load(environ, **options) if chosen else load(environ, **{**options, **DEMO_PLACES})


def read(table: Sequence[Setting], environ: Mapping[str, str] | None = None, **options: str | None) -> dict[str, str]:
    """Every setting's value as text, by name: from ``options``, else the environment, else the default."""
    environ = os.environ if environ is None else environ
    return {
        setting.name: options.get(setting.name) or environ.get(f"VIDEOGUIDE_{setting.name.upper()}") or setting.default
        for setting in table
    }


def _stills(text: str) -> Literal["skip", "real"]:
    if text == "skip":
        return "skip"
    if text == "real":
        return "real"
    raise UnknownChoice("stills", text, ("skip", "real"))


def parse_size(text: str) -> tuple[int, int]:
    """Width and height in pixels from ``"640x360"``: 16:9, even, 320x180 to 1920x1080; raises InputError for others."""
    width, _, height = text.lower().partition("x")
    if width.isdecimal() and height.isdecimal():
        size = int(width), int(height)
        if size[0] * 9 == size[1] * 16 and 320 <= size[0] <= 1920 and size[0] % 2 == size[1] % 2 == 0:
            return size
    shown = text if len(text) <= 20 else text[:19] + "…"
    raise InputError(f"size {shown!r}; ammesso: 16:9 da 320x180 a 1920x1080, per esempio 640x360")
