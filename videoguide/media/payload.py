# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""One encoded segment as one file: the bytes that an MP4 takes over unchanged, then what describes them.

Layout, all numbers little-endian::

    payload   per 0.32 s: 8 pictures, then 15 sound packets (the priming packet is not here)
    tables    sizes and codec headers, all that an MP4 header needs
    info      the scene's sentences and buttons, as JSON
    poster    JPEG, may be empty
    footer    lengths, SHA-256 of the payload, SHA-256 of everything after the payload, version, magic

The footer comes last and has a fixed size: a truncated file has none, and any other damage is found by
one of the two sums. Reading checks the second, which takes microseconds; :func:`verify` checks both.
"""

import hashlib
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from videoguide.errors import EncodingError, StoreError, system_reason
from videoguide.timing import GRID_AAC_FRAMES, GRID_FRAMES

MAGIC = b"VGSEGMNT"
VERSION = 2
SEGMENTS = "segments"
"""The store's kind for segment files."""

_FOOTER = struct.Struct("<QIII32s32sI8s")  # bytes of payload, tables, info, poster; two sums; version; magic
_TABLES = struct.Struct("<8I")  # pictures, sync, sound packets, width, height; bytes of priming, avcC, asc
_TAIL_SUM = slice(52, 84)  # the second sum inside the footer
_GUESSED_TAIL_BYTES = 64 * 1024  # most tails fit: one read instead of two


@dataclass(frozen=True, eq=False)
class Tables:
    """All that an MP4 header needs to know about a segment; the arrays are uint32.

    Args:
        frames: the number of pictures, a multiple of 8.
        picture_sizes: the size of each picture in bytes, shape (frames,).
        sync: 0-based indices of the pictures that a player can start at.
        sound_sizes: the size of each sound packet in bytes, without the priming packet, shape (frames / 8 * 15,).
        priming: the priming packet; only that of a guide's first segment is used.
        avcc: the ``avcC`` record.
        asc: the AudioSpecificConfig.
        width: picture width in pixels.
        height: picture height in pixels.
    """

    frames: int
    picture_sizes: NDArray[np.uint32]
    sync: NDArray[np.uint32]
    sound_sizes: NDArray[np.uint32]
    priming: bytes
    avcc: bytes
    asc: bytes
    width: int
    height: int

    @property
    def payload_bytes(self) -> int:
        """The length of the payload, the part of the segment file that a guide's MP4 takes over."""
        return int(self.picture_sizes.sum(dtype=np.int64)) + int(self.sound_sizes.sum(dtype=np.int64))


class HeardSentence(msgspec.Struct, frozen=True, rename={"start_sample": "start", "end_sample": "end"}):
    """A sentence as it is written, and when it is heard.

    ``start_sample`` is its first sample (48 kHz) in the segment, ``end_sample`` one past its last.
    """

    id: str
    text: str
    start_sample: int
    end_sample: int


class Button(msgspec.Struct, frozen=True):
    """A button, offered from the start of ``sentence`` to the end of its scene; it opens a window or a link.

    ``area`` is its place in the picture if it is drawn there: x, y, width and height in pixels at 1920x1080.
    """

    id: str
    label: str
    sentence: str
    window: str = ""
    link: str = ""
    area: tuple[int, int, int, int] | None = None


class Info(msgspec.Struct, frozen=True):
    """The content of a segment: its scene, chapter, sentences and buttons.

    ``speech`` holds the store keys of the speech that its sound was made of, so that both can be deleted together.
    """

    scene: str
    chapter: str
    sentences: tuple[HeardSentence, ...] = ()
    buttons: tuple[Button, ...] = ()
    speech: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class SegmentFile:
    """A segment in the store: its file, its tables, its content, and a still picture of it as JPEG."""

    path: Path
    tables: Tables
    info: Info
    poster: bytes

    @property
    def key(self) -> str:
        """The segment's key, which is the name of its file."""
        return self.path.name


_INFO = msgspec.json.Decoder(Info)


def pack(
    pictures: Sequence[bytes],
    sync: Sequence[int],
    sound: Sequence[bytes],
    avcc: bytes,
    asc: bytes,
    width: int,
    height: int,
    info: Info,
    poster: bytes = b"",
) -> list[bytes]:
    """The parts of a segment file, ready for ``Store.put``.

    Args:
        pictures: one sample per picture, their number a multiple of 8.
        sync: 0-based indices of the pictures that a player can start at, rising, beginning with 0.
        sound: AAC packets, the priming packet first, then 15 for every 8 pictures.
        avcc: the ``avcC`` record.
        asc: the AudioSpecificConfig.
        width: picture width in pixels.
        height: picture height in pixels.
        info: the segment's content.
        poster: a JPEG, or nothing.

    Raises EncodingError when the numbers of pictures and packets do not match.
    """
    grids = len(pictures) // GRID_FRAMES
    if not pictures or len(pictures) % GRID_FRAMES:
        raise EncodingError(f"un segmento ha {len(pictures)} immagini; ammessi: multipli di {GRID_FRAMES}, almeno uno")
    if len(sound) != grids * GRID_AAC_FRAMES + 1:
        raise EncodingError(f"{len(sound)} pacchetti di suono; ammessi con le immagini: {grids * GRID_AAC_FRAMES + 1}")
    if not sync or sync[0] != 0 or sync[-1] >= len(pictures) or list(sync) != sorted(set(sync)):
        raise EncodingError("le immagini d’inizio devono crescere da 0 e restare nel segmento")
    parts: list[bytes] = []
    for grid in range(grids):
        parts += pictures[grid * GRID_FRAMES : (grid + 1) * GRID_FRAMES]
        parts += sound[1 + grid * GRID_AAC_FRAMES : 1 + (grid + 1) * GRID_AAC_FRAMES]
    payload_sum = hashlib.sha256()
    for part in parts:
        payload_sum.update(part)
    priming = sound[0]
    tables = b"".join(
        [
            _TABLES.pack(len(pictures), len(sync), len(sound) - 1, width, height, len(priming), len(avcc), len(asc)),
            np.array([len(picture) for picture in pictures], "<u4").tobytes(),
            np.array(sync, "<u4").tobytes(),
            np.array([len(packet) for packet in sound[1:]], "<u4").tobytes(),
            priming,
            avcc,
            asc,
        ]
    )
    info_json = msgspec.json.encode(info)
    lengths = sum(map(len, parts)), len(tables), len(info_json), len(poster)
    tail = tables + info_json + poster
    unsigned = _FOOTER.pack(*lengths, payload_sum.digest(), bytes(32), VERSION, MAGIC)
    tail_sum = hashlib.sha256(tail + unsigned).digest()
    return [*parts, tail, _FOOTER.pack(*lengths, payload_sum.digest(), tail_sum, VERSION, MAGIC)]


def read(path: Path) -> SegmentFile:
    """Read everything of a segment but its payload.

    Raises StoreError when the file is missing or truncated, or its tail is damaged.
    """
    return _read(path)[0]


def verify(path: Path) -> None:
    """Check every byte of a segment file against its sums.

    Raises StoreError when a byte is wrong or missing.
    """
    segment, payload_sum = _read(path)
    left_bytes = segment.tables.payload_bytes
    actual_sum = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while left_bytes and (block := file.read(min(left_bytes, 1 << 20))):
                actual_sum.update(block)
                left_bytes -= len(block)
    except OSError as error:
        raise StoreError(path, f"non si può leggere: {system_reason(error)}") from error
    if actual_sum.digest() != payload_sum:
        raise StoreError(path, "danneggiato: il contenuto non corrisponde alla sua impronta")


def read_sound(segment: SegmentFile) -> bytes:
    """A segment's sound packets, one after the other, without the priming packet.

    Raises StoreError when the file cannot be read or is shorter than its tables say.
    """
    picture_bytes = segment.tables.picture_sizes.reshape(-1, GRID_FRAMES).sum(axis=1, dtype=np.int64)
    sound_bytes = segment.tables.sound_sizes.reshape(-1, GRID_AAC_FRAMES).sum(axis=1, dtype=np.int64)
    ends = np.cumsum(picture_bytes + sound_bytes)
    try:
        with segment.path.open("rb", buffering=0) as file:
            descriptor = file.fileno()
            chunks = [
                os.pread(descriptor, chunk_bytes, end - chunk_bytes)
                for chunk_bytes, end in zip(sound_bytes.tolist(), ends.tolist(), strict=True)
            ]
    except OSError as error:
        raise StoreError(segment.path, f"non si può leggere: {system_reason(error)}") from error
    sound = b"".join(chunks)
    if len(sound) != int(sound_bytes.sum()):
        raise StoreError(segment.path, "danneggiato: troncato")
    return sound


def _read(path: Path) -> tuple[SegmentFile, bytes]:
    """The segment and the SHA-256 its payload should have."""
    try:
        with path.open("rb", buffering=0) as file:
            file_bytes = os.fstat(file.fileno()).st_size
            end = os.pread(file.fileno(), _GUESSED_TAIL_BYTES, max(0, file_bytes - _GUESSED_TAIL_BYTES))
            if len(end) < _FOOTER.size:
                raise StoreError(path, "danneggiato: troncato")
            footer = end[-_FOOTER.size :]
            payload_bytes, tables_bytes, info_bytes, poster_bytes, payload_sum, tail_sum, version, magic = (
                _FOOTER.unpack(footer)
            )
            tail_bytes = tables_bytes + info_bytes + poster_bytes + _FOOTER.size
            if magic != MAGIC or payload_bytes + tail_bytes != file_bytes:
                raise StoreError(path, "danneggiato: troncato, o non è un segmento")
            if version != VERSION:
                raise StoreError(path, f"formato di segmento {version}; ammesso: {VERSION}")
            if tail_bytes > len(end):
                end = os.pread(file.fileno(), tail_bytes, payload_bytes)
    except FileNotFoundError as error:
        raise StoreError(path, "manca") from error
    except OSError as error:
        raise StoreError(path, f"non si può leggere: {system_reason(error)}") from error
    tail = memoryview(end)[-tail_bytes : -_FOOTER.size]
    unsigned = bytearray(footer)
    unsigned[_TAIL_SUM] = bytes(32)
    actual_sum = hashlib.sha256(tail)
    actual_sum.update(unsigned)
    if actual_sum.digest() != tail_sum:
        raise StoreError(path, "danneggiato: le tabelle non corrispondono alla loro impronta")
    segment = SegmentFile(
        path=path,
        tables=_tables(bytes(tail[:tables_bytes])),  # a copy: the arrays would keep the whole tail in memory
        info=_INFO.decode(tail[tables_bytes : tables_bytes + info_bytes]),
        poster=bytes(tail[tables_bytes + info_bytes :]),
    )
    if segment.tables.payload_bytes != payload_bytes:
        raise StoreError(path, "danneggiato: le tabelle non corrispondono al contenuto")
    return segment, payload_sum


def _tables(data: bytes) -> Tables:
    frames, syncs, packets, width, height, priming_bytes, avcc_bytes, asc_bytes = _TABLES.unpack_from(data)
    arrays = np.frombuffer(data, "<u4", frames + syncs + packets, _TABLES.size)
    priming_at = _TABLES.size + arrays.nbytes
    avcc_at = priming_at + priming_bytes
    asc_at = avcc_at + avcc_bytes
    return Tables(
        frames=frames,
        picture_sizes=arrays[:frames],
        sync=arrays[frames : frames + syncs],
        sound_sizes=arrays[frames + syncs :],
        priming=data[priming_at:avcc_at],
        avcc=data[avcc_at:asc_at],
        asc=data[asc_at : asc_at + asc_bytes],
        width=width,
        height=height,
    )
