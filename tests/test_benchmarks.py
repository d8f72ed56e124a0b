# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The benchmarks run, at a tiny size, and their report keeps what other benchmarks wrote."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.decoding import decode_pictures
from tests.support.places import ROOT
from tests.support.real_guides import alone
from tests.support.tiny_scenes import FRAMES, SIZE, TIMES, layer, scene
from videoguide.media.payload import SegmentFile
from videoguide.picture.drawing import draw
from videoguide.speech.sentences import SentenceTime
from videoguide.timing import frames_to_samples

pytestmark = pytest.mark.slow

BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import report

    return report


@pytest.fixture
def other_ways(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import other_ways

    return other_ways


@pytest.fixture
def process_tree(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import process_tree

    return process_tree


@pytest.fixture
def campaign_chart(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import campaign_chart

    return campaign_chart


def test_one_guide_is_measured_by_every_quick_way_and_written_down(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.md"
    tiny = ["--size", "320x180", "--voice", "silent", "--skip-moviepy", "--rounds", "3", "--names", "1"]
    places = ["--store", str(tmp_path / "store"), "--report", str(file)]
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "guide.py", *tiny, *places], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    text = file.read_text(encoding="utf-8")
    assert done.stdout.strip() in text
    assert "--size 320x180 --voice silent --skip-moviepy" in text
    for way in ("(b) ffmpeg", "(c) PyAV", "(d) ours, cold", "(e) ours, warm", "(f) copy"):
        assert f"| {way}" in text
    assert "MoviePy was left out" in text
    assert "| name never seen" in text
    assert list((tmp_path / "store").iterdir()) == []


def test_a_section_replaces_itself_and_nothing_else(report: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "docs" / "benchmarks.md"
    report.write_section(file, "guide", "## One guide\n\nold")
    report.write_section(file, "campaign", "## A campaign\n\nfigures")
    file.write_text(file.read_text(encoding="utf-8") + "\nA remark by hand.\n", encoding="utf-8")
    before = file.read_text(encoding="utf-8")
    report.write_section(file, "guide", "## One guide\n\nnew")
    assert file.read_text(encoding="utf-8") == before.replace("old", "new")
    assert before.startswith("# Benchmarks")
    assert before.index("## One guide") < before.index("## A campaign") < before.index("A remark by hand")


def test_times_and_ratios_are_shown_with_a_few_figures(report: ModuleType) -> None:
    assert [report.shown(seconds) for seconds in (4321, 312.4, 1.244, 0.2021, 0.00315)] == [
        "4,321 s",
        "312 s",
        "1.24 s",
        "202 ms",
        "3.15 ms",
    ]
    assert [report.times(ratio) for ratio in (109_288, 1234, 151.3, 2.34, 0.43)] == [
        "109,000 ×",
        "1,200 ×",
        "151 ×",
        "2.3 ×",
        "0.43 ×",
    ]


def test_other_ways_to_join_give_every_picture(
    other_ways: ModuleType, three_segments: list[SegmentFile], join_guide: Any, tmp_path: Path
) -> None:
    wanted = [picture.tobytes() for picture in decode_pictures(join_guide(three_segments))]
    files = [tmp_path / f"{number}.mp4" for number in range(3)]
    for file, segment in zip(files, three_segments, strict=True):
        file.write_bytes(alone(segment))
    frames = [segment.tables.frames for segment in three_segments]
    other_ways.packet_copy(files, frames, tmp_path / "packets.mp4")
    other_ways.ffmpeg_concat(files, tmp_path / "ffmpeg.mp4")
    for name in ("packets", "ffmpeg"):
        assert [picture.tobytes() for picture in decode_pictures(tmp_path / f"{name}.mp4")] == wanted, name
    # what the report says of them: a priming packet too much a joint, unless it is dropped
    assert other_ways.aac_slip_ms(tmp_path / "packets.mp4", sum(frames)) == 0
    assert other_ways.aac_slip_ms(tmp_path / "ffmpeg.mp4", sum(frames)) == pytest.approx(2 * 1024 / 48)


def test_moviepy_makes_the_same_film_of_drawings(other_ways: ModuleType, tmp_path: Path) -> None:
    times = [SentenceTime(name, start, end) for name, (start, end) in TIMES.items()]
    drawing = draw(scene(layer("round", 'vg:enter="hello"')), "tiny", times, FRAMES, SIZE)
    sound = np.zeros(frames_to_samples(FRAMES), np.float32)
    other_ways.moviepy_film([drawing, drawing], [sound, sound], tmp_path / "film.mp4")
    film = list(decode_pictures(tmp_path / "film.mp4", pixels="rgb24"))
    assert len(film) == 2 * FRAMES
    for n in (0, FRAMES // 2, FRAMES - 1):
        assert np.abs(film[FRAMES + n].astype(int) - drawing.frame(n)).mean() < 3


@pytest.mark.slow
@pytest.mark.thorough
def test_a_campaign_is_measured_warm_cold_and_at_every_size(tmp_path: Path) -> None:
    file, work = tmp_path / "docs" / "benchmarks.md", tmp_path / "work"
    places: list[str | Path] = ["--work", work, "--report", file]
    command = [sys.executable, BENCHMARKS / "campaign.py", "--quick", *places]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = file.read_text(encoding="utf-8")
    assert done.stdout.strip() in text
    rows = (
        "| ranges, median of 3 | 10 |",
        "| ranges | 20 |",
        "| MP4 files | 10 |",
        "| voice |",
        "| MP4 files, 10 guides |",
    )
    assert [row for row in rows if row not in text] == []
    assert "Reading alone: 30 rows take" in text
    assert "4 guides as MP4 files with 2 distinct first names, 320×180, voice espeak, empty store" in text
    with Image.open(file.with_name("campaign-size.png")) as chart:
        assert chart.format == "PNG" and chart.size == (1680, 900)
    assert not [path for path in (work / "out").iterdir() if path.is_dir()]  # thousands of guides are not left behind
    measured = {path.name: path.stat().st_mtime_ns for path in (work / "measured").iterdir()}
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.stdout.partition("### Warm")[2] == done.stdout.partition("### Warm")[2]
    assert measured == {path.name: path.stat().st_mtime_ns for path in (work / "measured").iterdir()}


def test_a_process_is_watched_with_all_that_it_starts(process_tree: ModuleType) -> None:
    child = "import time; held = bytearray(60_000_000)\nwhile time.process_time() < 0.4: pass"
    parent = f"import subprocess, sys; held = bytearray(40_000_000); subprocess.run([sys.executable, '-c', {child!r}])"
    watched = process_tree.watch([sys.executable, "-c", parent])
    assert watched.used >= 0.3
    assert 100e6 < watched.peak_bytes < 200e6
    assert watched.seconds >= 0.3
    used, ready, idle = watched.cores(0, watched.seconds)
    assert used == pytest.approx(watched.used / watched.seconds)
    assert ready >= 0 and idle >= 0


def test_a_process_that_fails_ends_the_benchmark_with_its_words(process_tree: ModuleType) -> None:
    with pytest.raises(SystemExit, match="no such luck"):
        process_tree.watch([sys.executable, "-c", "import sys; sys.exit('no such luck')"])


def test_a_line_grows_with_the_guides_beyond_what_was_measured(campaign_chart: ModuleType) -> None:
    line = campaign_chart.Line("ours", "#0066CC", ((10, 2.0), (1000, 50.0)))
    assert [line.at(guides) for guides in (10, 1000, 4000)] == [2.0, 50.0, 200.0]
    assert campaign_chart.Line("theirs", "#5A6B7C", ((1, 40.0),)).at(1_000_000) == 40_000_000
