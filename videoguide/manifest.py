"""The shape of ``guide.json``: the only thing a portal reads about a guide.

It names its schema by number; a file of an older schema is upgraded when it is read.
"""

from typing import Any

import msgspec

from videoguide.errors import InputError

SCHEMA = 1


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all parts: immutable, closed."""


class Segment(_Part, frozen=True):
    """One scene of the guide: its key in the store and its place in time and in the MP4."""

    key: str
    scene: str
    start_ms: int
    duration_ms: int
    payload_bytes: int


class Span(_Part, frozen=True):
    """Text (a caption, a chapter, a sentence of the transcript) from ``start_ms`` to ``end_ms``."""

    start_ms: int
    end_ms: int
    text: str


class Button(_Part, frozen=True):
    """A button: when it is offered, what it opens, and its place if it is drawn in the picture
    (x, y, width, height as thousandths of the picture's width and height)."""

    id: str
    label: str
    start_ms: int
    end_ms: int
    window: str = ""
    link: str = ""
    area: tuple[int, int, int, int] | None = None


class Window(_Part, frozen=True):
    id: str
    title: str
    text: tuple[str, ...]
    points: tuple[str, ...] = ()
    link: str = ""


class Link(_Part, frozen=True):
    title: str
    url: str


class Voice(_Part, frozen=True):
    """Which voice speaks, and the note that it is synthetic (EU AI Act, art. 50)."""

    id: str
    synthetic: bool
    note: str


class Picture(_Part, frozen=True):
    width: int
    height: int
    fps: int


class Manifest(_Part, frozen=True):
    """One guide as data."""

    campaign: str
    title: str
    language: str
    cases: tuple[str, ...]
    channel: str
    duration_ms: int
    bytes: int
    picture: Picture
    voice: Voice
    segments: tuple[Segment, ...]
    chapters: tuple[Span, ...]
    captions: tuple[Span, ...]
    transcript: tuple[Span, ...]
    buttons: tuple[Button, ...]
    windows: tuple[Window, ...]
    links: dict[str, Link]
    files: dict[str, str]
    schema: int = SCHEMA


def write(manifest: Manifest) -> bytes:
    """The manifest as JSON in UTF-8, indented, keys in a fixed order."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def read(data: bytes) -> Manifest:
    """A manifest of this schema or an older one; raises InputError for anything else."""
    try:
        plain: dict[str, Any] = msgspec.json.decode(data, type=dict[str, Any])
        return msgspec.convert(upgrade(plain), Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"guide.json: {error}") from error


def upgrade(plain: dict[str, Any]) -> dict[str, Any]:
    """Plain data of any known schema as data of this one; raises InputError for an unknown schema."""
    schema = plain.get("schema")
    if schema != SCHEMA:
        raise InputError(f"guide.json: schema sconosciuto {schema!r}; ammesso: {SCHEMA}")
    return plain
