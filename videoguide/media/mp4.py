# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The header of an MP4 whose body is the segments' own bytes: made with numpy and struct, without a codec.

A guide's file is ``guide_header(...)`` followed by each segment file's payload, byte for byte. The header
holds ``ftyp``, ``moov``, the opening of ``mdat`` and the few bytes that belong to the guide itself (the
first priming packet and the subtitles). It depends only on its arguments: the same segments and words
always give the same bytes.

Times: the movie and the subtitles count milliseconds, the pictures 1/25 s, the sound samples; a segment
lasts a multiple of 0.32 s, a whole number of each. Chapters are Nero's ``chpl``. A QuickTime text track
would show them in Apple's players too, but ffprobe warns about it, and the portal's pages have chapters
of their own.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from videoguide.errors import EncodingError, SegmentMismatch
from videoguide.media.captions import TimedText
from videoguide.media.payload import SegmentFile, Tables, read_sound
from videoguide.timing import (
    AAC_FRAME_SAMPLES,
    FPS,
    GRID_AAC_FRAMES,
    GRID_FRAMES,
    SAMPLE_RATE_HZ,
    frames_to_ms,
)

# Boxes stay lists of their pieces until the end: chunk offsets can only be filled in, in place, once the
# header's length is known.
Piece = bytes | NDArray[Any]
Box = list[Piece]

_VIDEO_TICKS, _FRAME_TICKS = 1000 * FPS, 1000
_HEADER_LIMIT_BYTES = 1 << 28  # headers are far smaller; payloads of more than 4 GiB less this get 64-bit offsets
_ITALIAN = 0x2681  # "ita", five bits per letter: the language of speech and subtitles (ISO 14496-12, 8.4.2.3)
_UNITY = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


@dataclass(frozen=True)
class Metadata:
    """What the file says about itself.

    Args:
        title: the guide's title.
        comment: the file's comment; a guide's says that the voice is synthetic.
        cover: a JPEG, or nothing.
    """

    title: str
    comment: str = ""
    cover: bytes = b""


def guide_header(
    segments: Sequence[Tables],
    *,
    metadata: Metadata,
    subtitles: Sequence[TimedText] = (),
    chapters: Sequence[TimedText] = (),
) -> bytes:
    """Everything in a guide's MP4 that comes before the segments' payloads.

    Args:
        segments: in playing order, at least one; a segment may occur more than once.
        metadata: title, comment, cover.
        subtitles: in order, not overlapping, within the guide's time.
        chapters: in order, within the guide's time, at most 255.

    Raises SegmentMismatch when the segments' codec headers or picture sizes differ, EncodingError when
    there is no segment or a subtitle or chapter is out of place.
    """
    first = _first_of(segments)
    for number, segment in enumerate(segments, 1):
        if (segment.avcc, segment.width, segment.height) != (first.avcc, first.width, first.height):
            raise SegmentMismatch(
                f"segmento {number}: immagini di un profilo diverso dal segmento 1; ammesso: uno solo"
            )
    duration_ms = frames_to_ms(sum(segment.frames for segment in segments))
    picture_sizes = np.concatenate([segment.picture_sizes for segment in segments])
    sound_sizes = np.concatenate([segment.sound_sizes for segment in segments])
    starts, payload_bytes = _chunk_starts(_sums(picture_sizes, GRID_FRAMES), _sums(sound_sizes, GRID_AAC_FRAMES))
    wide = payload_bytes + _HEADER_LIMIT_BYTES >= 1 << 32
    subtitle_samples, subtitle_ms = _subtitle_samples(subtitles, duration_ms)
    own_content = [first.priming, *subtitle_samples]
    own_bytes = sum(map(len, own_content))

    picture_offsets = _offsets(starts[:, 0], wide)
    sound_offsets = _offsets(np.concatenate([[0], starts[:, 1]]), wide)
    subtitle_offsets = _offsets(np.array([len(first.priming)] if subtitle_samples else []), wide)
    tracks = [
        _picture_track(first, picture_sizes, _start_pictures(segments), picture_offsets),
        _sound_track(2, first, sound_sizes, sound_offsets),
    ]
    if subtitle_samples:
        tracks.append(_subtitle_track(first, subtitle_samples, subtitle_ms, subtitle_offsets, duration_ms))
    start = _file_start(b"isom", (b"isom", b"iso2", b"avc1", b"mp42"), tracks, duration_ms, chapters, metadata)
    start += _opening(b"mdat", own_bytes + payload_bytes, wide)

    own_at = _length_bytes(start)
    payload_at = own_at + own_bytes
    picture_offsets += payload_at
    sound_offsets[:1] += own_at
    sound_offsets[1:] += payload_at
    subtitle_offsets += own_at
    return _joined([*start, *own_content])


def sound_header(segments: Sequence[Tables], *, metadata: Metadata, chapters: Sequence[TimedText] = ()) -> bytes:
    """Everything in an M4A of a guide's sound that comes before the segments' sound packets.

    Arguments and errors are those of :func:`guide_header`.
    """
    first = _first_of(segments)
    duration_ms = frames_to_ms(sum(segment.frames for segment in segments))
    sizes = np.concatenate([segment.sound_sizes for segment in segments])
    chunk_bytes = np.concatenate([[len(first.priming)], _sums(sizes, GRID_AAC_FRAMES)])
    offsets = _offsets(np.cumsum(chunk_bytes) - chunk_bytes, wide=False)
    track = _sound_track(1, first, sizes, offsets)
    start = _file_start(b"M4A ", (b"M4A ", b"isom", b"iso2", b"mp42"), [track], duration_ms, chapters, metadata)
    start += _opening(b"mdat", int(chunk_bytes.sum()), wide=False)
    offsets += _length_bytes(start)
    return _joined([*start, first.priming])


def sound_file(
    segments: Sequence[SegmentFile], *, metadata: Metadata, chapters: Sequence[TimedText] = ()
) -> list[bytes]:
    """A guide's sound alone as an M4A, in parts to be written one after the other.

    Raises the errors of :func:`sound_header`, and StoreError when a segment cannot be read.
    """
    header = sound_header([segment.tables for segment in segments], metadata=metadata, chapters=chapters)
    return [header, *(read_sound(segment) for segment in segments)]


# --- what the header says about the segments --------------------------------------------------------


def _first_of(segments: Sequence[Tables]) -> Tables:
    if not segments:
        raise EncodingError("una guida non ha segmenti; ammesso: almeno uno")
    first = segments[0]
    for number, segment in enumerate(segments, 1):
        if segment.asc != first.asc:
            raise SegmentMismatch(f"segmento {number}: suono di un profilo diverso dal segmento 1; ammesso: uno solo")
    return first


def _start_pictures(segments: Sequence[Tables]) -> NDArray[np.int64]:
    """The numbers of the pictures that a player can start at, counted from 1 over the whole guide."""
    ends = np.cumsum([segment.frames for segment in segments])
    return np.concatenate(
        [segment.sync + (end - segment.frames + 1) for segment, end in zip(segments, ends, strict=True)]
    )


def _sums(sizes: NDArray[np.uint32], chunk: int) -> NDArray[np.int64]:
    """The bytes of each run of ``chunk`` samples."""
    sums: NDArray[np.int64] = sizes.reshape(-1, chunk).sum(axis=1, dtype=np.int64)
    return sums


def _chunk_starts(picture_bytes: NDArray[np.int64], sound_bytes: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """The start of each picture chunk and of the sound chunk after it in the payloads, and the end of the last one.

    The payloads follow each other without a gap, so the borders between segments do not matter.
    """
    chunk_bytes = np.stack([picture_bytes, sound_bytes], axis=1)
    ends = np.cumsum(chunk_bytes.reshape(-1)).reshape(-1, 2)
    return ends - chunk_bytes, int(ends[-1, 1])


def _offsets(starts: NDArray[Any], wide: bool) -> NDArray[Any]:
    return starts.astype(">u8" if wide else ">u4")


def _subtitle_samples(subtitles: Sequence[TimedText], duration_ms: int) -> tuple[list[bytes], list[int]]:
    """Samples that cover the guide without a gap, and the duration of each in ms; none without subtitles."""
    if not subtitles:
        return [], []
    samples, durations_ms = [], []
    at_ms = 0
    for number, subtitle in enumerate(subtitles, 1):
        if not at_ms <= subtitle.start_ms < subtitle.end_ms <= duration_ms:
            raise EncodingError(
                f"sottotitolo {number}: da {subtitle.start_ms} a {subtitle.end_ms} ms; "
                f"ammesso: in ordine, da {at_ms} a {duration_ms} ms"
            )
        text = subtitle.text.encode()
        if len(text) > 0xFFFF:
            raise EncodingError(f"sottotitolo {number}: {len(text)} byte di testo; ammesso: {0xFFFF}")
        if subtitle.start_ms > at_ms:
            samples.append(b"\0\0")
            durations_ms.append(subtitle.start_ms - at_ms)
        samples.append(struct.pack(">H", len(text)) + text)
        durations_ms.append(subtitle.end_ms - subtitle.start_ms)
        at_ms = subtitle.end_ms
    if at_ms < duration_ms:
        samples.append(b"\0\0")
        durations_ms.append(duration_ms - at_ms)
    return samples, durations_ms


# --- boxes ------------------------------------------------------------------------------------------


def _length_bytes(pieces: Sequence[Piece]) -> int:
    return sum(piece.nbytes if isinstance(piece, np.ndarray) else len(piece) for piece in pieces)


def _joined(pieces: Box) -> bytes:
    return b"".join([piece.tobytes() if isinstance(piece, np.ndarray) else piece for piece in pieces])


def _opening(kind: bytes, content_bytes: int, wide: bool = False) -> Box:
    if wide:
        return [struct.pack(">I4sQ", 1, kind, content_bytes + 16)]
    return [struct.pack(">I4s", content_bytes + 8, kind)]


def _box(kind: bytes, *content: Piece | Box) -> Box:
    pieces: Box = []
    for part in content:
        if isinstance(part, list):
            pieces += part
        else:
            pieces.append(part)
    return [*_opening(kind, _length_bytes(pieces)), *pieces]


def _full(kind: bytes, version: int, flags: int, *content: Piece | Box) -> Box:
    return _box(kind, struct.pack(">I", version << 24 | flags), *content)


def _file_start(
    brand: bytes,
    brands: Sequence[bytes],
    tracks: Sequence[Box],
    duration_ms: int,
    chapters: Sequence[TimedText],
    metadata: Metadata,
) -> Box:
    movie = _full(
        b"mvhd",
        0,
        0,
        struct.pack(">IIIIIH10x", 0, 0, 1000, duration_ms, 0x10000, 0x100),
        _UNITY,
        struct.pack(">24xI", len(tracks) + 1),
    )
    pieces = [piece for track in tracks for piece in track]
    return [
        *_box(b"ftyp", brand, struct.pack(">I", 0x200), *brands),
        *_box(b"moov", movie, pieces, _user_data(chapters, duration_ms, metadata)),
    ]


def _track(
    number: int,
    *,
    flags: int,
    group: int,
    duration_ms: int,
    ticks_per_second: int,
    ticks: int,
    handler: tuple[bytes, bytes],
    media_header: Box,
    samples: Box,
    size: tuple[int, int] = (0, 0),
    layer: int = 0,
    volume: int = 0,
    edits: Box | None = None,
) -> Box:
    header = _full(
        b"tkhd",
        0,
        flags,
        struct.pack(">IIIxxxxI8xhhhxx", 0, 0, number, duration_ms, layer, group, volume),
        _UNITY,
        struct.pack(">II", size[0] << 16, size[1] << 16),
    )
    kind, name = handler
    here = _full(b"url ", 0, 1)
    return _box(
        b"trak",
        header,
        edits or [],
        _box(
            b"mdia",
            _full(b"mdhd", 0, 0, struct.pack(">IIIIHxx", 0, 0, ticks_per_second, ticks, _ITALIAN)),
            _full(b"hdlr", 0, 0, struct.pack(">4x4s12x", kind), name, b"\0"),
            _box(
                b"minf",
                media_header,
                _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1), here)),
                _box(b"stbl", samples),
            ),
        ),
    )


def _sample_tables(
    entry: Box,
    durations: Sequence[tuple[int, int]],
    chunks: Sequence[tuple[int, int]],
    sizes: NDArray[Any],
    offsets: NDArray[Any],
) -> Box:
    """The boxes stsd, stts, stsc, stsz and the chunk offsets.

    Args:
        entry: the sample entry.
        durations: runs of samples, each (number of samples, ticks of each).
        chunks: runs of chunks, each (first chunk counted from 1, samples in each of them).
        sizes: the size of each sample in bytes.
        offsets: the offset of each chunk, big-endian, filled in later.
    """
    stts = b"".join([struct.pack(">II", *run) for run in durations])
    stsc = b"".join([struct.pack(">III", chunk, samples, 1) for chunk, samples in chunks])
    return [
        *_full(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        *_full(b"stts", 0, 0, struct.pack(">I", len(durations)), stts),
        *_full(b"stsc", 0, 0, struct.pack(">I", len(chunks)), stsc),
        *_full(b"stsz", 0, 0, struct.pack(">II", 0, len(sizes)), sizes.astype(">u4")),
        *_full(b"co64" if offsets.itemsize == 8 else b"stco", 0, 0, struct.pack(">I", len(offsets)), offsets),
    ]


def _picture_track(
    first: Tables,
    sizes: NDArray[np.uint32],
    sync: NDArray[np.int64],
    offsets: NDArray[Any],
) -> Box:
    frames = len(sizes)
    entry = _box(
        b"avc1",
        struct.pack(">6xH16xHHIIIH32xHh", 1, first.width, first.height, 72 << 16, 72 << 16, 0, 1, 24, -1),
        _box(b"avcC", first.avcc),
        _box(b"colr", b"nclx", struct.pack(">HHHB", 1, 1, 1, 0)),
        _box(b"pasp", struct.pack(">II", 1, 1)),
    )
    return _track(
        1,
        flags=3,
        group=0,
        duration_ms=frames_to_ms(frames),
        ticks_per_second=_VIDEO_TICKS,
        ticks=frames * _FRAME_TICKS,
        handler=(b"vide", b"Video"),
        media_header=_full(b"vmhd", 0, 1, bytes(8)),
        size=(first.width, first.height),
        samples=[
            *_sample_tables(entry, [(frames, _FRAME_TICKS)], [(1, GRID_FRAMES)], sizes, offsets),
            *_full(b"stss", 0, 0, struct.pack(">I", len(sync)), sync.astype(">u4")),
        ],
    )


def _sound_track(number: int, first: Tables, sizes: NDArray[np.uint32], offsets: NDArray[Any]) -> Box:
    """The sound: the first segment's priming packet in a chunk of its own, then chunks of 15 packets."""
    packets = len(sizes) + 1
    duration_ms = len(sizes) // GRID_AAC_FRAMES * frames_to_ms(GRID_FRAMES)
    bit_rate = int(sizes.sum(dtype=np.int64)) * 8000 // duration_ms
    config = _descriptor(4, struct.pack(">BB3xII", 0x40, 0x15, bit_rate, bit_rate), _descriptor(5, first.asc))
    entry = _box(
        b"mp4a",
        struct.pack(">6xH8xHH4xI", 1, 1, 16, SAMPLE_RATE_HZ << 16),
        _full(b"esds", 0, 0, _descriptor(3, struct.pack(">HB", number, 0), config, _descriptor(6, b"\2"))),
    )
    return _track(
        number,
        flags=3,
        group=1,
        duration_ms=duration_ms,
        ticks_per_second=SAMPLE_RATE_HZ,
        ticks=packets * AAC_FRAME_SAMPLES,
        handler=(b"soun", b"Voce sintetica"),
        media_header=_full(b"smhd", 0, 0, bytes(4)),
        volume=0x100,
        # players cut the priming packet off, and start decoding one packet before the one they start to play
        edits=_box(b"edts", _full(b"elst", 0, 0, struct.pack(">IIihh", 1, duration_ms, AAC_FRAME_SAMPLES, 1, 0))),
        samples=[
            *_sample_tables(
                entry,
                [(packets, AAC_FRAME_SAMPLES)],
                [(1, 1), (2, GRID_AAC_FRAMES)],
                np.concatenate([[len(first.priming)], sizes]),
                offsets,
            ),
            *_full(b"sgpd", 1, 0, struct.pack(">4sIIh", b"roll", 2, 1, -1)),
            *_full(b"sbgp", 0, 0, struct.pack(">4sIII", b"roll", 1, packets, 1)),
        ],
    )


def _descriptor(tag: int, *content: bytes) -> bytes:
    joined = b"".join(content)
    return struct.pack(">BB", tag, len(joined)) + joined


def _subtitle_track(
    first: Tables,
    samples: Sequence[bytes],
    durations_ms: Sequence[int],
    offsets: NDArray[Any],
    duration_ms: int,
) -> Box:
    """Timed text over the bottom of the picture, off until the viewer turns it on."""
    entry = _box(
        b"tx3g",
        struct.pack(">6xH", 1),
        struct.pack(">Ibb4x", 0, 1, -1),  # centred, at the bottom, no background
        struct.pack(">4H", 0, 0, first.height, first.width),
        struct.pack(">HHHBB4s", 0, 0, 1, 0, first.height // 20, b"\xff\xff\xff\xff"),
        _box(b"ftab", struct.pack(">HHB", 1, 1, 10), b"Sans-Serif"),
    )
    return _track(
        3,
        flags=2,
        group=2,
        duration_ms=duration_ms,
        ticks_per_second=1000,
        ticks=duration_ms,
        handler=(b"sbtl", b"Sottotitoli"),
        media_header=_full(b"nmhd", 0, 0),
        size=(first.width, first.height),
        layer=-1,
        samples=_sample_tables(
            entry,
            [(1, sample_ms) for sample_ms in durations_ms],
            [(1, len(samples))],
            np.array([len(sample) for sample in samples]),
            offsets,
        ),
    )


def _user_data(chapters: Sequence[TimedText], duration_ms: int, metadata: Metadata) -> Box:
    items: Box = []
    for kind, text in ((b"\xa9nam", metadata.title), (b"\xa9cmt", metadata.comment)):
        if text:
            items += _box(kind, _box(b"data", struct.pack(">II", 1, 0), text.encode()))
    if metadata.cover:
        items += _box(b"covr", _box(b"data", struct.pack(">II", 13, 0), metadata.cover))
    handler = _full(b"hdlr", 0, 0, struct.pack(">4x4s4s9x", b"mdir", b"appl"))
    return _box(
        b"udta",
        _full(b"meta", 0, 0, handler, _box(b"ilst", items)),
        _chapter_list(chapters, duration_ms) if chapters else [],
    )


def _chapter_list(chapters: Sequence[TimedText], duration_ms: int) -> Box:
    if len(chapters) > 255:
        raise EncodingError(f"{len(chapters)} capitoli; ammesso: 255")
    entries = []
    previous_ms = -1
    for number, chapter in enumerate(chapters, 1):
        title = chapter.text.encode()
        if not previous_ms < chapter.start_ms < duration_ms:
            raise EncodingError(
                f"capitolo {number}: a {chapter.start_ms} ms; "
                f"ammesso: in ordine, da {previous_ms + 1} a {duration_ms - 1} ms"
            )
        if not 1 <= len(title) <= 255:
            raise EncodingError(f"capitolo {number}: un titolo di {len(title)} byte; ammesso: da 1 a 255")
        entries.append(struct.pack(">QB", chapter.start_ms * 10_000, len(title)) + title)
        previous_ms = chapter.start_ms
    return _full(b"chpl", 1, 0, struct.pack(">4xB", len(chapters)), *entries)
