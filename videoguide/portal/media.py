"""A guide's files, straight from the store: the MP4 is its header and the segments' own bytes, file or no file.

HTTP ranges as in RFC 9110: one range is answered with 206; several, or none that is well formed, with the whole.
"""

import hashlib
import os
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from videoguide import captions, guides, manifest, mp4
from videoguide.delivery import Delivered, guide_of
from videoguide.errors import StoreError
from videoguide.guides import Guide
from videoguide.portal.answers import Refusal
from videoguide.portal.login import require_citizen
from videoguide.portal.sessions import Visitor
from videoguide.portal.state import Portal, portal_of

PIECE_BYTES = 1 << 20
GUIDES_KEPT = 256
"""Guides whose headers are remembered, some 100 kB each."""
SOUNDS_KEPT = 16
"""Guides whose sound is remembered, some 1 MB each."""

_RANGE = re.compile(r"bytes=([0-9]{0,99})-([0-9]{0,99})", re.IGNORECASE)

router = APIRouter()


@dataclass(frozen=True)
class Film:
    """A file that is not there: pieces of bytes and of files, one after the other.

    ``parts`` are bytes, or a file of which so many first bytes count; ``ends`` is where each part ends.
    """

    parts: tuple[bytes | Path, ...]
    ends: tuple[int, ...]
    etag: str

    @property
    def size(self) -> int:
        return self.ends[-1]

    def read(self, start: int, end: int) -> Generator[bytes, None, None]:
        """Bytes from ``start`` up to ``end``, in pieces. Raises StoreError when a file is shorter than it was."""
        at = 0
        for part, part_end in zip(self.parts, self.ends, strict=True):
            first, last = max(start, at) - at, min(end, part_end) - at
            at = part_end
            if first < last:
                yield from [part[first:last]] if isinstance(part, bytes) else _read(part, first, last)


def _read(file: Path, first: int, last: int) -> Generator[bytes, None, None]:
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except OSError as error:
        raise StoreError(file, "manca") from error
    try:
        while first < last:
            piece = os.pread(descriptor, min(PIECE_BYTES, last - first), first)
            if not piece:
                raise StoreError(file, "danneggiato: troncato")
            first += len(piece)
            yield piece
    finally:
        os.close(descriptor)


def film(guide: Guide) -> Film:
    """A guide's MP4 as header and payloads."""
    sizes = [len(guide.header), *(segment.tables.payload_bytes for segment in guide.segments)]
    told = hashlib.sha256(guide.header)
    for segment in guide.segments:
        told.update(segment.key.encode())
    return Film(
        (guide.header, *(segment.path for segment in guide.segments)),
        tuple(accumulate(sizes)),
        f'"{told.hexdigest()[:32]}"',
    )


def sound(guide: Guide) -> Film:
    """A guide's sound alone, as an M4A."""
    parts = tuple(mp4.sound_file(guide.segments, metadata=guide.metadata, chapters=guide.marks))
    told = hashlib.sha256(b"".join(parts)).hexdigest()[:32]
    return Film(parts, tuple(accumulate(map(len, parts))), f'"{told}"')


def asked_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The range that a ``Range`` header asks for, as start and end; None for the whole.

    Raises Refusal with 416 for one that lies outside.

    >>> asked_range("bytes=-5", 100)
    (95, 100)
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1 if last else size, size)
        if last and int(last) < int(first):
            return None  # not well formed: as if it were not there
    if start >= end:
        raise Refusal("out_of_range", {"Content-Range": f"bytes */{size}"})
    return start, end


def answer(request: Request, told: Film, kind: str, name: str = "") -> Response:
    """A film, or the range of it that is asked for; ``name`` makes it a download.

    Its first piece is read before anything is answered. Raises StoreError when that cannot be done.
    """
    headers = {"Accept-Ranges": "bytes", "ETag": told.etag, "Content-Type": kind}
    if name:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    if _is_known(request.headers.get("if-none-match", ""), told.etag):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return Response(headers={**headers, "Content-Length": str(told.size)})  # ranges are for GET alone
    same = request.headers.get("if-range", told.etag) == told.etag
    part = asked_range(request.headers.get("range"), told.size) if same else None
    start, end = part or (0, told.size)
    headers["Content-Length"] = str(end - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{told.size}"
    status, pieces = 206 if part else 200, told.read(start, end)
    if end - start <= PIECE_BYTES:
        return Response(b"".join(pieces), status, headers)
    return FilmResponse(pieces, status, headers)


def _is_known(tags: str, etag: str) -> bool:
    """Whether ``If-None-Match`` names what we have."""
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in tags.split(","))


class FilmResponse(StreamingResponse):
    """Pieces one after the other, read in threads; what they hold open is closed however the answer ends."""

    def __init__(self, pieces: Generator[bytes, None, None], status: int, headers: Mapping[str, str]) -> None:
        self.pieces = pieces
        super().__init__(self._stream(next(pieces)), status, headers)

    async def _stream(self, piece: bytes) -> AsyncIterator[bytes]:
        while piece:
            yield piece
            piece = await run_in_threadpool(next, self.pieces, b"")

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        finally:
            self.pieces.close()


@dataclass(frozen=True, eq=False)
class Opened:
    """A guide that is being watched, with what is worked out once."""

    guide: Guide

    @cached_property
    def film(self) -> Film:
        return film(self.guide)


class OpenedGuides:
    """The guides that were asked for last: at most so many are remembered."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: OrderedDict[object, Opened] = OrderedDict()

    def opened(self, outline: bytes, guide: Guide) -> Opened:
        """The guide of that outline and those very segments, remembered or new."""
        key = outline, guide.segments
        found = self._kept.pop(key, None) or Opened(guide)
        self._kept[key] = found
        while len(self._kept) > self.most:
            with suppress(KeyError):  # another thread may have been quicker
                self._kept.popitem(last=False)
        return found


_guides = OpenedGuides(GUIDES_KEPT)


def opened(outline: bytes, guide: Guide) -> Opened:
    """The guide of that outline and those segments, ready to be watched."""
    return _guides.opened(outline, guide)


_sound = lru_cache(maxsize=SOUNDS_KEPT)(lambda opened: sound(opened.guide))


@dataclass(frozen=True, eq=False)
class Visit:
    """Somebody at a guide of their own that may be watched."""

    portal: Portal
    visitor: Visitor
    found: Delivered

    @cached_property
    def opened(self) -> Opened:
        """The guide itself. Raises StoreError when a piece of it is missing."""
        return opened(self.found.outline, self.guide)

    @cached_property
    def guide(self) -> Guide:
        """The same, where nothing need be worked out. Raises StoreError likewise."""
        return self.found.guide(self.portal.store)


def visit(request: Request, guide: str) -> Visit:
    """The visitor at the guide that is asked for; the same refusal for every guide that is not theirs to watch.

    One dependency that does it all: each one more is another thread's turn.
    """
    portal, visitor = portal_of(request), require_citizen(request)
    found = guide_of(portal.database, visitor.fiscal_code, guide)
    if found is None or found.is_solved:
        raise Refusal("not_found")
    return Visit(portal, visitor, found)


Here = Annotated[Visit, Depends(visit)]


def _track(text: str) -> Response:
    return Response(text, media_type="text/vtt")


FILES: Mapping[str, Callable[[Request, Opened], Response]] = {
    "video.mp4": lambda request, here: answer(request, here.film, "video/mp4"),
    "download.mp4": lambda request, here: answer(request, here.film, "video/mp4", "guida.mp4"),
    "sound.m4a": lambda request, here: answer(request, _sound(here), "audio/mp4"),
    "captions.vtt": lambda _, here: _track(captions.webvtt(here.guide.cues)),
    "chapters.vtt": lambda _, here: _track(captions.chapters_webvtt(here.guide.chapters)),
    "buttons.vtt": lambda _, here: _track(guides.button_track(here.guide)),
    "poster.jpg": lambda _, here: Response(here.guide.poster, media_type="image/jpeg"),
    "guide.json": lambda _, here: Response(manifest.write(here.guide.manifest()), media_type="application/json"),
}
"""Every file of a guide, by its name below the guide's address."""


def _offer(name: str) -> None:
    """Offer a file of the guides at its address."""

    def file(request: Request, here: Here) -> Response:
        return FILES[name](request, here.opened)

    router.add_api_route(f"/guide/{{guide}}/{name}", file, methods=["GET", "HEAD"], name=name, include_in_schema=False)


for _name in FILES:
    _offer(_name)
