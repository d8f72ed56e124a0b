"""One encoded segment as one file: the bytes an MP4 takes over unchanged, then what is known of them.

Layout, all numbers little-endian::

    payload   per 0.32 s: 8 pictures, then 15 sound packets (the priming packet is not here)
    tables    sizes and codec headers, all that an MP4 header needs
    info      what is told in it, as JSON
    poster    JPEG, may be empty
    footer    lengths, SHA-256 of the payload, SHA-256 of all after the payload, version, magic

The footer comes last and has a fixed size: a cut file has none, and every other damage is found by one
of the two sums. Reading checks the second, which costs microseconds; :func:`verify` checks both.
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
"""The store's kind of a segment file."""

_FOOTER = struct.Struct("<QIII32s32sI8s")  # payload, tables, info, poster bytes; sums; version; magic
_TABLES = struct.Struct("<8I")  # pictures, sync, sound packets, width, height, priming, avcC, asc bytes
_TAIL_SUM = slice(52, 84)  # the second sum inside the footer
_GUESS = 64 * 1024  # most tails fit: one read instead of two


@dataclass(frozen=True, eq=False)
class Tables:
    """All that an MP4 header needs to know of a segment; the arrays are uint32.

    Args:
        frames: pictures, a multiple of 8.
        picture_sizes: bytes of each picture, shape (frames,).
        sync: 0-based indices of the pictures a player can start at.
        sound_sizes: bytes of each sound packet but the priming one, shape (frames / 8 * 15,).
        priming: the priming packet, needed of a guide's first segment only.
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
        """Length of the payload: the segment file's first bytes, all that a guide takes of it."""
        return int(self.picture_sizes.sum(dtype=np.int64)) + int(self.sound_sizes.sum(dtype=np.int64))


class HeardSentence(msgspec.Struct, frozen=True):
    """A sentence as it is written, and when it is heard: ``start`` its first sample (48 kHz) in the segment,
    ``end`` one past its last."""

    id: str
    text: str
    start: int
    end: int


class OfferedButton(msgspec.Struct, frozen=True):
    """A button, offered from the start of ``sentence`` to the segment's end; opens a window or a link. ``area`` is
    its place in the picture: x, y, width, height in a stage of 1920x1080, if it is drawn."""

    id: str
    label: str
    sentence: str
    window: str = ""
    link: str = ""
    area: tuple[int, int, int, int] | None = None


class Info(msgspec.Struct, frozen=True):
    """What is told in a segment; with the tables of its segments, all that a guide needs to know.

    ``speech`` names the pieces of the store that its sound was made of, so that they can be forgotten with it.
    """

    scene: str
    chapter: str
    sentences: tuple[HeardSentence, ...] = ()
    buttons: tuple[OfferedButton, ...] = ()
    speech: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class SegmentFile:
    """A segment in the store: its file, its tables, what is told in it, and a still picture of it."""

    path: Path
    tables: Tables
    info: Info
    poster: bytes

    @property
    def key(self) -> str:
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
        pictures: one sample a picture, a multiple of 8.
        sync: 0-based indices of the pictures a player can start at, rising, beginning with 0.
        sound: AAC packets, the priming one first, then 15 for every 8 pictures.
        avcc: the ``avcC`` record.
        asc: the AudioSpecificConfig.
        width: picture width in pixels.
        height: picture height in pixels.
        info: what is told in the segment.
        poster: a JPEG, or nothing.

    Raises EncodingError when the counts do not fit each other.
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
    noted = msgspec.json.encode(info)
    lengths = sum(map(len, parts)), len(tables), len(noted), len(poster)
    tail = tables + noted + poster
    unsigned = _FOOTER.pack(*lengths, payload_sum.digest(), bytes(32), VERSION, MAGIC)
    tail_sum = hashlib.sha256(tail + unsigned).digest()
    return [*parts, tail, _FOOTER.pack(*lengths, payload_sum.digest(), tail_sum, VERSION, MAGIC)]


def read(path: Path) -> SegmentFile:
    """Read what is known of a segment, leaving its payload alone.

    Raises StoreError when the file is missing, cut short or its tail is damaged.
    """
    return _read(path)[0]


def verify(path: Path) -> None:
    """Check every byte of a segment file against its sums.

    Raises StoreError when one is wrong or missing.
    """
    segment, expected = _read(path)
    left = segment.tables.payload_bytes
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while left and (block := file.read(min(left, 1 << 20))):
                found.update(block)
                left -= len(block)
    except OSError as error:
        raise StoreError(path, f"non si può leggere: {system_reason(error)}") from error
    if found.digest() != expected:
        raise StoreError(path, "danneggiato: il contenuto non corrisponde alla sua impronta")


def read_sound(segment: SegmentFile) -> bytes:
    """A segment's sound packets, one after the other, without the priming packet.

    Raises StoreError when the file cannot be read or is shorter than its tables say.
    """
    pictures = segment.tables.picture_sizes.reshape(-1, GRID_FRAMES).sum(axis=1, dtype=np.int64)
    sounds = segment.tables.sound_sizes.reshape(-1, GRID_AAC_FRAMES).sum(axis=1, dtype=np.int64)
    ends = np.cumsum(pictures + sounds)
    try:
        with segment.path.open("rb", buffering=0) as file:
            descriptor = file.fileno()
            chunks = [
                os.pread(descriptor, size, end - size) for size, end in zip(sounds.tolist(), ends.tolist(), strict=True)
            ]
    except OSError as error:
        raise StoreError(segment.path, f"non si può leggere: {system_reason(error)}") from error
    joined = b"".join(chunks)
    if len(joined) != int(sounds.sum()):
        raise StoreError(segment.path, "danneggiato: troncato")
    return joined


def _read(path: Path) -> tuple[SegmentFile, bytes]:
    """The segment and the SHA-256 its payload should have."""
    try:
        with path.open("rb", buffering=0) as file:
            length = os.fstat(file.fileno()).st_size
            end = os.pread(file.fileno(), _GUESS, max(0, length - _GUESS))
            if len(end) < _FOOTER.size:
                raise StoreError(path, "danneggiato: troncato")
            footer = end[-_FOOTER.size :]
            payload, tables, info, poster, payload_sum, tail_sum, version, magic = _FOOTER.unpack(footer)
            tail = tables + info + poster + _FOOTER.size
            if magic != MAGIC or payload + tail != length:
                raise StoreError(path, "danneggiato: troncato, o non è un segmento")
            if version != VERSION:
                raise StoreError(path, f"formato di segmento {version}; ammesso: {VERSION}")
            if tail > len(end):
                end = os.pread(file.fileno(), tail, payload)
    except FileNotFoundError as error:
        raise StoreError(path, "manca") from error
    except OSError as error:
        raise StoreError(path, f"non si può leggere: {system_reason(error)}") from error
    known = memoryview(end)[-tail : -_FOOTER.size]
    unsigned = bytearray(footer)
    unsigned[_TAIL_SUM] = bytes(32)
    found = hashlib.sha256(known)
    found.update(unsigned)
    if found.digest() != tail_sum:
        raise StoreError(path, "danneggiato: le tabelle non corrispondono alla loro impronta")
    segment = SegmentFile(
        path=path,
        tables=_tables(bytes(known[:tables])),  # a copy: the arrays would keep all of it in memory
        info=_INFO.decode(known[tables : tables + info]),
        poster=bytes(known[tables + info :]),
    )
    if segment.tables.payload_bytes != payload:
        raise StoreError(path, "danneggiato: le tabelle non corrispondono al contenuto")
    return segment, payload_sum


def _tables(data: bytes) -> Tables:
    frames, syncs, sounds, width, height, priming, avcc, asc = _TABLES.unpack_from(data)
    arrays = np.frombuffer(data, "<u4", frames + syncs + sounds, _TABLES.size)
    at = _TABLES.size + arrays.nbytes
    return Tables(
        frames=frames,
        picture_sizes=arrays[:frames],
        sync=arrays[frames : frames + syncs],
        sound_sizes=arrays[frames + syncs :],
        priming=bytes(data[at : at + priming]),
        avcc=bytes(data[at + priming : at + priming + avcc]),
        asc=bytes(data[at + priming + avcc : at + priming + avcc + asc]),
        width=width,
        height=height,
    )
