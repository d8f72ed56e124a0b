# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The shape of ``guide.json``, which describes one guide as data for players and other programs.

It is written beside a guide's MP4, and the reserved area serves it for each guide. This program never reads it
back. It names its schema by number.
"""

import msgspec

from videoguide.media.captions import TimedText

SCHEMA = 1


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of all parts: immutable; unknown keys are errors."""


class Segment(_Part, frozen=True):
    """One segment of the guide: its key in the store, its scene, its time, and the bytes that it adds to the MP4."""

    key: str
    scene: str
    start_ms: int
    duration_ms: int
    payload_bytes: int


class TimedButton(_Part, frozen=True):
    """A button: when it is offered, what it opens, and its place if it is drawn in the picture.

    ``area`` is x, y, width and height in thousandths of the picture's width and height.
    """

    id: str
    label: str
    start_ms: int
    end_ms: int
    window: str = ""
    link: str = ""
    area: tuple[int, int, int, int] | None = None


class Window(_Part, frozen=True):
    """An in-depth window: paragraphs, points, and the id of the link that its button leads to, if any."""

    id: str
    title: str
    text: tuple[str, ...]
    points: tuple[str, ...] = ()
    link: str = ""


class Link(_Part, frozen=True):
    """An address that a guide leads to, and its title."""

    title: str
    url: str


class VoiceNote(_Part, frozen=True):
    """The voice that speaks, and the note that it is synthetic (EU AI Act, art. 50)."""

    id: str
    synthetic: bool
    note: str


class PictureFormat(_Part, frozen=True):
    """The width and height of the picture in pixels, and pictures per second."""

    width: int
    height: int
    fps: int


class Manifest(_Part, frozen=True):
    """One guide as data; ``bytes`` is the length of its MP4, ``files`` the names of its files by kind, if written."""

    campaign: str
    title: str
    language: str
    cases: tuple[str, ...]
    channel: str
    duration_ms: int
    bytes: int
    picture: PictureFormat
    voice: VoiceNote
    segments: tuple[Segment, ...]
    chapters: tuple[TimedText, ...]
    captions: tuple[TimedText, ...]
    transcript: tuple[TimedText, ...]
    buttons: tuple[TimedButton, ...]
    windows: tuple[Window, ...]
    links: dict[str, Link]
    files: dict[str, str]
    schema: int = SCHEMA


def write(manifest: Manifest) -> bytes:
    """The manifest as JSON in UTF-8, indented, keys in a fixed order."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
