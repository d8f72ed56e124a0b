# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Real guides of the sample campaign, and what decoders find in them."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.decoding import decode_pictures, decode_sound, sound_of_packets
from tests.support.drawn_scenes import payload_of
from tests.support.manifests import read_manifest
from tests.support.places import ROOT
from videoguide import settings
from videoguide.guide.guides import Guide, write_guide
from videoguide.guide.script import Script, write_script
from videoguide.guide.segments import Studio, open_studio
from videoguide.media import manifest, mp4
from videoguide.media.encoding import Profile, encode_pictures, encode_sound
from videoguide.media.payload import SegmentFile, Tables, read_sound
from videoguide.packs import campaigns
from videoguide.proof.previews import invented_application, make_guide
from videoguide.timing import AAC_FRAME_SAMPLES, FRAME_MS, frames_to_samples

GIULIA: dict[str, Any] = {
    "first_name": "Giulia",
    "sex": "F",
    "cases": ["missing-documents"],
    "facts": {"documents": ("custody-ruling",)},
}

CELLS = (9, 16)
"""Rows and columns of the coarse pictures: every 16:9 size we allow divides into them."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Decoded pictures, as much of them as the tests need.

    ``hashes`` one of each; ``coarse`` mean luma of each cell, shape (pictures, 9, 16); ``first`` and
    ``last`` are planes of yuv420p, uint8.
    """

    hashes: tuple[str, ...]
    coarse: NDArray[np.float32]
    first: NDArray[np.uint8]
    last: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Film:
    """A guide, its files, and both of them decoded."""

    guide: Guide
    files: dict[str, Path]

    @cached_property
    def about(self) -> manifest.Manifest:
        """``guide.json``, as a portal reads it."""
        return read_manifest(self.files["manifest"].read_bytes())

    @property
    def scenes(self) -> list[str]:
        return [segment.scene for segment in self.about.segments]

    @cached_property
    def pictures(self) -> Pictures:
        """The finished file's."""
        return _pictures(self.files["video"])

    @cached_property
    def segment_pictures(self) -> tuple[Pictures, ...]:
        """Each segment's own, decoded by itself."""
        return tuple(_pictures(alone(segment)) for segment in self.guide.segments)

    @cached_property
    def sound(self) -> NDArray[np.float32]:
        return decode_sound(self.files["video"])

    @property
    def joints(self) -> list[int]:
        """The first sample of every segment but the first."""
        frames = np.cumsum([segment.tables.frames for segment in self.guide.segments])
        return [frames_to_samples(int(end)) for end in frames[:-1]]

    def picture(self, ms: int) -> NDArray[np.uint8]:
        """The finished file's picture at a time: RGB, shape (height, width, 3)."""
        number = max(n for n, start in enumerate(self.guide.starts_ms[:-1]) if start <= ms)
        return picture(self.guide.segments[number], (ms - self.guide.starts_ms[number]) // FRAME_MS)

    def text(self, what: str) -> str:
        return self.files[what].read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def draft_studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """Small pictures and the fast voice, a store of its own."""
    return a_studio(tmp_path_factory.mktemp("drafts"), voice="espeak", size="320x180")


@pytest.fixture(scope="session")
def spoken_studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """Full size and the campaign's own voice; what ``make demo`` made is taken from its store if it is there.

    One store for the whole run, also over several workers: a store bears two writers.
    """
    store = ROOT / "output" / "store"
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return a_studio(store if store.is_dir() else shared / "spoken-store")


@pytest.fixture(scope="session")
def giulia(draft_studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Film:
    """A guide of one case."""
    return make_film(draft_studio, tmp_path_factory.mktemp("one-case") / "guide.mp4", **GIULIA)


@pytest.fixture(scope="session")
def every_case(draft_studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Film:
    """A guide of every case at once, with the most to say of each."""
    facts = {
        "documents": ("custody-ruling", "split-agreement", "disability-certificate"),
        "adult_children": 2,
        "iban_anomaly": "foreign-bank",
    }
    file = tmp_path_factory.mktemp("every-case") / "guide.mp4"
    return make_film(draft_studio, file, first_name="Ștefan", cases=list(draft_studio.campaign.cases), facts=facts)


@pytest.fixture(scope="session")
def full_size(spoken_studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Film:
    """A guide as it is delivered."""
    return make_film(spoken_studio, tmp_path_factory.mktemp("full-size") / "guide.mp4", **GIULIA)


def a_studio(store: Path, **chosen: str) -> Studio:
    """The sample campaign's studio with the settings' defaults but for ``chosen``."""
    models = ROOT / "output" / "models"
    given = settings.load({}, store=str(store), models=str(models), **chosen)
    return open_studio(campaigns.load(given.scenes, "assegno-unico"), given)


def make_film(studio: Studio, file: Path, **person: Any) -> Film:
    """The guide of an invented person, written with all that stands beside it."""
    made = make_guide(script_for(studio, **person), studio)
    return Film(made.guide, write_guide(made.guide, file))


def script_for(studio: Studio, *, cases: Sequence[str], **person: Any) -> Script:
    application = invented_application(studio.campaign, cases=cases, **person)
    return write_script(application, cases, studio.campaign)


def alone(segment: SegmentFile) -> bytes:
    """An MP4 of one segment."""
    return _film_of(segment.tables, payload_of(segment))


def decoded_still(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture that is held, as our encoder and a decoder leave it: planes of yuv420p."""
    height, width, _ = rgb.shape
    samples, sync, avcc = encode_pictures(16, lambda n: rgb, lambda n: False, Profile(width, height))
    packets, asc = encode_sound(np.zeros(frames_to_samples(16), np.float32), Profile(width, height))
    pictures, *sound = (np.array([len(part) for part in parts], np.uint32) for parts in (samples, packets[1:]))
    tables = Tables(16, pictures, np.array(sync, np.uint32), sound[0], packets[0], avcc, asc, width, height)
    grids = (samples[:8], packets[1:16], samples[8:], packets[16:])
    return list(decode_pictures(_film_of(tables, b"".join(part for grid in grids for part in grid))))[-1]


def _film_of(tables: Tables, payload: bytes) -> bytes:
    return mp4.guide_header([tables], metadata=mp4.Metadata("segment")) + payload


def picture(segment: SegmentFile, n: int, pixels: Literal["rgb24", "yuv420p"] = "rgb24") -> NDArray[np.uint8]:
    """One decoded picture of a segment."""
    return next(islice(decode_pictures(alone(segment), pixels=pixels), n, None))


def sound_alone(segment: SegmentFile) -> NDArray[np.float32]:
    """A segment's sound decoded by itself, its priming packet first and then cut."""
    ends = np.cumsum(segment.tables.sound_sizes)
    data = read_sound(segment)
    packets = [data[end - size : end] for end, size in zip(ends, segment.tables.sound_sizes, strict=True)]
    return sound_of_packets([segment.tables.priming, *packets], segment.tables.asc)[AAC_FRAME_SAMPLES:]


def _pictures(source: Path | bytes) -> Pictures:
    hashes, coarse = [], []
    first = last = np.empty(0, np.uint8)
    for planes in decode_pictures(source):
        first, last = first if first.size else planes, planes
        hashes.append(hashlib.blake2b(planes.tobytes(), digest_size=16).hexdigest())
        coarse.append(_cells(planes[: planes.shape[0] * 2 // 3]))
    return Pictures(tuple(hashes), np.array(coarse, np.float32), first, last)


def _cells(luma: NDArray[np.uint8]) -> NDArray[np.float64]:
    rows, columns = CELLS
    height, width = luma.shape
    cells: NDArray[np.float64] = luma.reshape(rows, height // rows, columns, width // columns).mean(axis=(1, 3))
    return cells


def swings(coarse: NDArray[np.float32]) -> dict[tuple[int, int], list[int]]:
    """For each cell the pictures at which its light has swung over.

    That is, relative luminance went up or down, against the swing before, by 10 % of white or more, the darker side
    under 80 %. Two swings are a flash (WCAG 2).
    """
    luminance = np.clip((coarse - 16) / 219, 0, 1) ** 2.2
    changes: dict[tuple[int, int], list[int]] = {}
    for row, column in np.ndindex(*coarse.shape[1:]):
        low = high = luminance[0, row, column]  # since the last swing
        direction = 0
        for n, light in enumerate(luminance[:, row, column]):
            low, high = min(low, light), max(high, light)
            if direction <= 0 and light - low >= 0.1 and low < 0.8:
                swung = 1
            elif direction >= 0 and high - light >= 0.1 and light < 0.8:
                swung = -1
            else:
                continue
            direction, low, high = swung, light, light
            changes.setdefault((row, column), []).append(n)
    return changes
