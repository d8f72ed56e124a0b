# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A guide's files, straight from the store: no MP4 is ever written, it is a header and the segments' own bytes.

Ranges are those of RFC 9110: a single range is answered with 206; several ranges, or a malformed one, with the whole.
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

from videoguide.errors import StoreError
from videoguide.guide import guides
from videoguide.guide.guides import Guide
from videoguide.media import captions, manifest, mp4
from videoguide.portal.answers import Refusal
from videoguide.portal.login import require_citizen
from videoguide.portal.sessions import Visitor
from videoguide.portal.state import Portal, portal_of
from videoguide.records.delivery import Delivered, guide_of

PIECE_BYTES = 1 << 18
"""Who reads slowly holds two of them in memory."""
GUIDES_KEPT = 256
"""Guides whose headers are remembered, some 100 kB each."""
SOUNDS_KEPT = 16
"""Guides whose sound is remembered, some 1 MB each."""

_RANGE = re.compile(r"bytes=([0-9]{0,99})-([0-9]{0,99})", re.IGNORECASE)

router = APIRouter()


# --- files that are put together while they are sent -----------------------------------------------------


@dataclass(frozen=True)
class VirtualFile:
    """A film or a sound that is not written anywhere: bytes, and the beginnings of files, one after the other.

    ``parts`` are bytes or files; ``ends`` says where each part ends, and so how much of a file counts.
    """

    parts: tuple[bytes | Path, ...]
    ends: tuple[int, ...]
    etag: str

    @property
    def size_bytes(self) -> int:
        """How long the whole is."""
        return self.ends[-1]

    def read(self, start: int, end: int) -> Generator[bytes, None, None]:
        """The bytes from ``start`` up to ``end``, piece by piece. Raises StoreError when a file is missing or cut."""
        part_start = 0
        for part, part_end in zip(self.parts, self.ends, strict=True):
            first, last = max(start, part_start) - part_start, min(end, part_end) - part_start
            part_start = part_end
            if first >= last:
                continue
            if isinstance(part, bytes):
                yield part[first:last]
            else:
                yield from _read(part, first, last)


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


def film(guide: Guide) -> VirtualFile:
    """A guide's MP4: its header, then the segments' own bytes."""
    sizes = [len(guide.header), *(segment.tables.payload_bytes for segment in guide.segments)]
    digest = hashlib.sha256(guide.header)
    for segment in guide.segments:
        digest.update(segment.key.encode())
    return VirtualFile(
        (guide.header, *(segment.path for segment in guide.segments)),
        tuple(accumulate(sizes)),
        f'"{digest.hexdigest()[:32]}"',
    )


def sound(guide: Guide) -> VirtualFile:
    """A guide's sound alone, as an M4A. Raises StoreError when a segment cannot be read."""
    parts = tuple(mp4.sound_file(guide.segments, metadata=guide.metadata, chapters=guide.chapters))
    digest = hashlib.sha256(b"".join(parts)).hexdigest()[:32]
    return VirtualFile(parts, tuple(accumulate(map(len, parts))), f'"{digest}"')


def asked_range(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """The range that a ``Range`` header asks for, as start and end; None for the whole.

    Raises Refusal with 416 for a range outside of the file.

    >>> asked_range("bytes=-5", 100)
    (95, 100)
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size_bytes - int(last)), size_bytes
    else:
        start, end = int(first), min(int(last) + 1 if last else size_bytes, size_bytes)
        if last and int(last) < int(first):
            return None  # malformed: as if there were no range
    if start >= end:
        raise Refusal("out_of_range", {"Content-Range": f"bytes */{size_bytes}"})
    return start, end


def answer(request: Request, file: VirtualFile, kind: str, download_name: str = "") -> Response:
    """A film or a sound, or the range of it that is asked for; with a name it is offered as a download.

    The first piece is read before anything is answered. Raises StoreError when that cannot be done, and Refusal for
    a range outside of the file.
    """
    headers = {"Accept-Ranges": "bytes", "ETag": file.etag, "Content-Type": kind}
    if download_name:
        headers["Content-Disposition"] = f'attachment; filename="{download_name}"'
    if _is_current(request.headers.get("if-none-match", ""), file.etag):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return Response(headers={**headers, "Content-Length": str(file.size_bytes)})  # ranges are for GET alone
    is_same = request.headers.get("if-range", file.etag) == file.etag
    part = asked_range(request.headers.get("range"), file.size_bytes) if is_same else None
    start, end = part or (0, file.size_bytes)
    headers["Content-Length"] = str(end - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size_bytes}"
    status, pieces = 206 if part else 200, file.read(start, end)
    if end - start <= PIECE_BYTES:
        return Response(b"".join(pieces), status, headers)
    return PiecesResponse(pieces, status, headers)


def _is_current(tags: str, etag: str) -> bool:
    """Whether an ``If-None-Match`` header names the tag."""
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in tags.split(","))


class PiecesResponse(StreamingResponse):
    """Pieces that are read one after the other in threads; the file is closed however the answer ends."""

    def __init__(self, pieces: Generator[bytes, None, None], status: int, headers: Mapping[str, str]) -> None:
        self.pieces = pieces
        super().__init__(self._stream(next(pieces)), status, headers)

    async def _stream(self, piece: bytes) -> AsyncIterator[bytes]:
        while piece:
            yield piece
            piece = await run_in_threadpool(next, self.pieces, b"")

    async def stream_response(self, send: Send) -> None:
        """Send all pieces; closes the file when the connection breaks, too."""
        try:
            await super().stream_response(send)
        finally:
            self.pieces.close()


# --- guides that are being watched -----------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class PreparedGuide:
    """A guide that is being watched, with its film, which is worked out once."""

    guide: Guide

    @cached_property
    def film(self) -> VirtualFile:
        """The guide's MP4."""
        return film(self.guide)


class RecentGuides:
    """The guides that were watched last: at most so many are remembered."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: OrderedDict[object, PreparedGuide] = OrderedDict()

    def prepared(self, outline_key: str, guide: Guide) -> PreparedGuide:
        """The guide, remembered if it has been prepared before with the same outline and segments."""
        key = outline_key, guide.segments
        prepared = self._kept.pop(key, None) or PreparedGuide(guide)
        self._kept[key] = prepared
        while len(self._kept) > self.most:
            with suppress(KeyError):  # another thread may have been quicker
                self._kept.popitem(last=False)
        return prepared


_guides = RecentGuides(GUIDES_KEPT)


def prepared(outline_key: str, guide: Guide) -> PreparedGuide:
    """The guide, ready to be watched; ``outline_key`` is the key of its outline in the store."""
    return _guides.prepared(outline_key, guide)


@lru_cache(maxsize=SOUNDS_KEPT)
def _sound(prepared: PreparedGuide) -> VirtualFile:
    return sound(prepared.guide)


@dataclass(frozen=True, eq=False)
class Visit:
    """A citizen at a guide of their own that may be watched."""

    portal: Portal
    visitor: Visitor
    delivered: Delivered

    @cached_property
    def guide(self) -> Guide:
        """The guide itself. Raises StoreError when a piece of it is missing."""
        return self.delivered.guide(self.portal.store)

    @cached_property
    def prepared(self) -> PreparedGuide:
        """The guide, ready to be watched. Raises StoreError when a piece of it is missing."""
        return prepared(self.delivered.keys.outline, self.guide)


def visit_of(request: Request, guide: str) -> Visit:
    """The visit that a request belongs to, from the id of the guide in its address.

    Raises what ``require_citizen`` raises, and one and the same Refusal for every guide that is not the visitor's to
    watch. It is one dependency that does all, because each further one waits for another thread.
    """
    portal, visitor = portal_of(request), require_citizen(request)
    delivered = guide_of(portal.database, visitor.fiscal_code, guide)
    if delivered is None or delivered.ended:
        raise Refusal("not_found")
    return Visit(portal, visitor, delivered)


CurrentVisit = Annotated[Visit, Depends(visit_of)]


# --- their files -----------------------------------------------------------------------------------------


def _video(request: Request, prepared: PreparedGuide) -> Response:
    return answer(request, prepared.film, "video/mp4")


def _download(request: Request, prepared: PreparedGuide) -> Response:
    return answer(request, prepared.film, "video/mp4", "guida.mp4")


def _sound_alone(request: Request, prepared: PreparedGuide) -> Response:
    return answer(request, _sound(prepared), "audio/mp4")


def _captions(_: Request, prepared: PreparedGuide) -> Response:
    return Response(captions.webvtt(prepared.guide.cues), media_type="text/vtt")


def _chapters(_: Request, prepared: PreparedGuide) -> Response:
    return Response(captions.chapters_webvtt(prepared.guide.chapters), media_type="text/vtt")


def _buttons(_: Request, prepared: PreparedGuide) -> Response:
    return Response(guides.button_track(prepared.guide), media_type="text/vtt")


def _poster(_: Request, prepared: PreparedGuide) -> Response:
    return Response(prepared.guide.poster, media_type="image/jpeg")


def _manifest(_: Request, prepared: PreparedGuide) -> Response:
    return Response(manifest.write(prepared.guide.manifest()), media_type="application/json")


FILES: Mapping[str, Callable[[Request, PreparedGuide], Response]] = {
    "video.mp4": _video,
    "download.mp4": _download,
    "sound.m4a": _sound_alone,
    "captions.vtt": _captions,
    "chapters.vtt": _chapters,
    "buttons.vtt": _buttons,
    "poster.jpg": _poster,
    "guide.json": _manifest,
}
"""Every file of a guide, by its name below the guide's address."""


def _add_route(name: str) -> None:
    """Offer a file of the visitor's guides at its address."""

    def file(request: Request, visit: CurrentVisit) -> Response:
        return FILES[name](request, visit.prepared)

    router.add_api_route(f"/guide/{{guide}}/{name}", file, methods=["GET", "HEAD"], name=name, include_in_schema=False)


for _name in FILES:
    _add_route(_name)
