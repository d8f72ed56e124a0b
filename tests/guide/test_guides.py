# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Segments -> guide: exact bytes, everything beside it, and never a half file, whatever happens."""

import io
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.drawn_scenes import payload_of
from tests.support.invented_guides import DOCUMENT, PREVIEW, GuideOf, RunVideoguide, a_script, command, environment
from tests.support.manifests import read_manifest
from tests.support.places import PACKS
from videoguide.errors import StoreError, VideoGuideError
from videoguide.guide.guides import OUTLINES, Guide, _outline, keep_outline, write_guide
from videoguide.guide.segments import Studio
from videoguide.media import captions, payload
from videoguide.media.payload import SEGMENTS
from videoguide.proof.previews import make_guide
from videoguide.store import Store

pytestmark = pytest.mark.xdist_group("guides")

SMALL_PREVIEW = ("preview", "bonus-libri", "--first-name", "Giulia", "--sex", "F", "--case", "missing-school")
BESIDE = {
    "video": "guide.mp4",
    "captions": "guide.vtt",
    "chapters": "guide.chapters.vtt",
    "buttons": "guide.buttons.vtt",
    "text": "guide.txt",
    "page": "guide.html",
    "sound": "guide.m4a",
    "poster": "guide.jpg",
    "manifest": "guide.json",
}


@pytest.fixture(scope="module")
def guide(guide_of: GuideOf) -> Guide:
    return guide_of("missing-documents")


@pytest.fixture(scope="module")
def wanted(guide: Guide, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the guide as they should be."""
    folder = tmp_path_factory.mktemp("wanted")
    write_guide(guide, folder / "guide.mp4")
    return contents(folder)


@pytest.fixture(scope="module")
def tiny_wanted(tiny_studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a guide of the small campaign as they should be."""
    script = a_script(tiny_studio.campaign, "missing-school", facts={"pupils": 1})
    folder = tmp_path_factory.mktemp("tiny-wanted")
    write_guide(make_guide(script, tiny_studio).guide, folder / "guide.mp4")
    return contents(folder)


def small_packs(store: Path) -> dict[str, Any]:
    """What a process needs to find the small campaign."""
    return {"env": environment(store, VIDEOGUIDE_SCENES=str(PACKS))}


def verify_segments(store: Path) -> None:
    """Every segment of the store is whole to the last bit."""
    for key in Store(store).keys(SEGMENTS):
        payload.verify(Store(store).path(SEGMENTS, key))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its bytes, hidden ones too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class TestFiles:
    def test_the_mp4_is_the_header_and_then_the_segments_own_bytes(self, guide: Guide, tmp_path: Path) -> None:
        files = write_guide(guide, tmp_path / "guide.mp4")
        data = files["video"].read_bytes()
        assert data == guide.header + b"".join(map(payload_of, guide.segments))
        assert len(data) == guide.size_bytes

    def test_everything_stands_beside_it_under_its_name_and_nothing_else(self, guide: Guide, tmp_path: Path) -> None:
        files = write_guide(guide, tmp_path / "guide.mp4")
        assert {what: path.name for what, path in files.items()} == BESIDE
        assert contents(tmp_path).keys() == set(BESIDE.values())
        assert all(contents(tmp_path).values())

    def test_each_file_holds_what_the_guide_says(self, guide: Guide, tmp_path: Path) -> None:
        files = write_guide(guide, tmp_path / "guide.mp4")
        about = read_manifest(files["manifest"].read_bytes())
        assert about == guide.manifest(BESIDE)
        assert files["captions"].read_text(encoding="utf-8") == captions.webvtt(guide.cues)
        assert "Ciao Giulia" in files["text"].read_text(encoding="utf-8")
        assert "Ciao Giulia" in files["page"].read_text(encoding="utf-8")
        assert files["sound"].read_bytes()[4:8] == b"ftyp"
        with Image.open(io.BytesIO(files["poster"].read_bytes())) as poster:
            assert poster.format == "JPEG" and poster.width * 9 == poster.height * 16

    def test_writing_twice_gives_the_same_bytes(self, guide: Guide, tmp_path: Path) -> None:
        for name in ("one", "other"):
            write_guide(guide, tmp_path / name / "guide.mp4")
        assert contents(tmp_path / "one") == contents(tmp_path / "other")

    def test_a_reader_of_the_old_file_keeps_it_while_a_new_one_takes_its_place(
        self, guide: Guide, guide_of: GuideOf, tmp_path: Path
    ) -> None:
        file = tmp_path / "guide.mp4"
        write_guide(guide_of("adult-child"), file)
        old = file.read_bytes()
        with file.open("rb") as reading:
            write_guide(guide, file)
            assert reading.read() == old
        assert file.stat().st_size == guide.size_bytes
        assert contents(tmp_path).keys() == set(BESIDE.values())

    def test_two_writers_of_one_guide_do_no_harm(self, guide: Guide, tmp_path: Path) -> None:
        write_guide(guide, tmp_path / "wanted" / "guide.mp4")
        writers = [threading.Thread(target=write_guide, args=(guide, tmp_path / "guide.mp4")) for _ in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        made = contents(tmp_path / "wanted")
        assert {path.name: path.read_bytes() for path in tmp_path.glob("*.*")} == made


class TestTimes:
    def test_segments_and_chapters_follow_each_other_to_the_end(self, guide: Guide) -> None:
        about = guide.manifest()
        assert about.segments[0].start_ms == 0
        for parts in (about.segments, about.chapters):
            assert len(parts) == len(guide.segments)
        for segment, following in pairwise(about.segments):
            assert segment.start_ms + segment.duration_ms == following.start_ms
        assert [(chapter.start_ms, chapter.end_ms) for chapter in about.chapters] == [
            (segment.start_ms, segment.start_ms + segment.duration_ms) for segment in about.segments
        ]
        assert about.chapters[-1].end_ms == about.duration_ms == guide.duration_ms
        assert all(segment.duration_ms % 320 == 0 for segment in about.segments)

    def test_every_sentence_is_heard_inside_its_own_chapter(self, guide: Guide) -> None:
        transcript = list(guide.transcript)
        for scene, chapter in zip(guide.segments, guide.chapters, strict=True):
            for sentence in scene.info.sentences:
                heard = transcript.pop(0)
                assert heard.text == sentence.text
                assert chapter.start_ms < heard.start_ms < heard.end_ms < chapter.end_ms
        assert transcript == []

    def test_a_button_is_offered_from_its_sentence_to_its_scenes_end(self, guide: Guide) -> None:
        expected = [
            (
                button.id,
                chapter.end_ms,
                next(sentence.text for sentence in scene.info.sentences if sentence.id == button.sentence),
            )
            for scene, chapter in zip(guide.segments, guide.chapters, strict=True)
            for button in scene.info.buttons
        ]
        starts = {heard.text: heard.start_ms for heard in guide.transcript}
        assert [(button.id, button.end_ms, button.start_ms) for button in guide.buttons] == [
            (name, end, starts[text]) for name, end, text in expected
        ]

    def test_every_button_opens_a_window_or_follows_a_link_of_the_guide(self, guide: Guide) -> None:
        about = guide.manifest()
        windows, links = {window.id for window in about.windows}, set(about.links)
        for button in about.buttons:
            assert (button.window in windows) != (button.link in links)
        assert all(window.link in links or not window.link for window in about.windows)
        assert all(link.url.startswith("https://www.inps.it/") for link in about.links.values())

    def test_the_end_cards_button_knows_its_place_in_thousandths_of_the_picture(self, guide: Guide) -> None:
        button = guide.buttons[-1]
        assert button.link == "service" and button.area is not None
        x, y, width, height = button.area
        assert 0 <= x < x + width <= 1000 and 0 <= y < y + height <= 1000 and width * height > 50_000
        assert [other.area for other in guide.buttons[:-1]] == [None] * (len(guide.buttons) - 1)

    def test_the_button_track_says_what_the_manifest_says(self, guide: Guide, tmp_path: Path) -> None:
        files = write_guide(guide, tmp_path / "guide.mp4")
        lines = [line for line in files["buttons"].read_text(encoding="utf-8").splitlines() if line.startswith("{")]
        about = json.loads(files["manifest"].read_bytes())
        times = ("start_ms", "end_ms")
        wanted = [{name: value for name, value in button.items() if name not in times} for button in about["buttons"]]
        assert [json.loads(line) for line in lines] == wanted


class TestFailing:
    def test_a_folder_that_cannot_be_made_is_an_error(self, guide: Guide, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(StoreError, match=r"guide\.mp4: non si può scrivere: "):
            write_guide(guide, tmp_path / "file" / "guide.mp4")

    def test_a_name_taken_by_a_folder_is_an_error_that_leaves_no_file(self, guide: Guide, tmp_path: Path) -> None:
        (tmp_path / "guide.mp4" / "inside").mkdir(parents=True)
        with pytest.raises(StoreError, match="non si può scrivere"):
            write_guide(guide, tmp_path / "guide.mp4")
        assert [path.name for path in tmp_path.iterdir()] == ["guide.mp4"]

    def test_a_segment_cut_short_since_is_an_error_that_leaves_no_file(self, guide: Guide, tmp_path: Path) -> None:
        short = tmp_path / "segment"
        short.write_bytes(guide.segments[3].path.read_bytes()[:1000])
        segments = (*guide.segments[:3], replace(guide.segments[3], path=short), *guide.segments[4:])
        with pytest.raises(StoreError):
            write_guide(replace(guide, segments=segments), tmp_path / "new" / "guide.mp4")
        assert list((tmp_path / "new").iterdir()) == []

    def test_a_segment_gone_since_is_an_error_that_leaves_no_file(self, guide: Guide, tmp_path: Path) -> None:
        segments = (replace(guide.segments[0], path=tmp_path / "gone"), *guide.segments[1:])
        with pytest.raises(VideoGuideError):
            write_guide(replace(guide, segments=segments), tmp_path / "new" / "guide.mp4")
        assert list((tmp_path / "new").iterdir()) == []

    def test_a_file_that_could_not_be_replaced_leaves_the_old_ones(
        self, guide: Guide, guide_of: GuideOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_guide(guide_of("adult-child"), tmp_path / "guide.mp4")
        old = contents(tmp_path)

        def refuse(self: Path, target: Path) -> Path:
            raise OSError(28, "lo spazio sul disco è finito")

        monkeypatch.setattr(Path, "replace", refuse)
        with pytest.raises(StoreError, match="lo spazio sul disco è finito"):
            write_guide(guide, tmp_path / "guide.mp4")
        assert contents(tmp_path) == old


LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))  # from here on, writing more fails as on a full disk
"""


@pytest.mark.slow
class TestFullDisk:
    """Really made to fail: the kernel refuses to write more than so many bytes to one file."""

    @pytest.mark.parametrize("room", [5_000, 200_000])
    def test_no_room_for_the_guide_is_one_line_and_no_file(
        self, guide: Guide, run_videoguide: RunVideoguide, tmp_path: Path, room: int
    ) -> None:
        assert guide.size_bytes > room
        done = run_videoguide(*PREVIEW, *DOCUMENT, "-o", "out/guide.mp4", program=LIMITED.format(room))
        assert done.returncode == 1
        assert done.stderr.startswith("videoguide: out/guide.mp4: non si può scrivere: ")
        assert done.stderr.count("\n") == 1 and done.stdout == ""
        assert list((tmp_path / "out").iterdir()) == []

    def test_no_room_for_a_segment_is_one_line_and_nothing_in_the_store(
        self, run_videoguide: RunVideoguide, tmp_path: Path
    ) -> None:
        done = run_videoguide(*PREVIEW, *DOCUMENT, "-o", "guide.mp4", "--store", "store", program=LIMITED.format(1_000))
        assert done.returncode == 1 and done.stderr.count("\n") == 1
        assert "non si può scrivere: " in done.stderr
        assert not (tmp_path / "guide.mp4").exists()
        assert [
            path for path in (tmp_path / "store").rglob("*") if path.stat().st_size > 1_000 and path.is_file()
        ] == []
        assert list(Store(tmp_path / "store").keys(SEGMENTS)) == []


DYING = """
import os, signal
from pathlib import Path

def dying(function, at):
    count = iter(range(1, 10**9))
    def wrapped(*arguments):
        if next(count) == at:
            {half}
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments)
    return wrapped

{where} = dying({where}, {at})
"""
HALF_A_SEGMENT = "function(*arguments[:3], arguments[3] // 2)"
COPYING, RENAMING = "os.sendfile", "Path.replace"


@pytest.mark.slow
class TestKilled:
    """A run that is killed leaves whole files or none, and the next run works."""

    def finish(self, run_videoguide: RunVideoguide, folder: Path, *more: str) -> dict[str, bytes]:
        done = run_videoguide(*PREVIEW, *DOCUMENT, "-o", str(folder / "guide.mp4"), *more)
        assert done.returncode == 0, done.stderr
        return {name: data for name, data in contents(folder).items() if not name.startswith(".new-")}

    @pytest.mark.parametrize(
        ("where", "half", "at"),
        [(COPYING, HALF_A_SEGMENT, 1), (COPYING, HALF_A_SEGMENT, 8), (RENAMING, "pass", 1), (RENAMING, "pass", 5)],
        ids=["in the first segment", "in a later segment", "before the first rename", "among the renames"],
    )
    def test_while_the_guide_is_written(
        self, wanted: dict[str, bytes], run_videoguide: RunVideoguide, tmp_path: Path, where: str, half: str, at: int
    ) -> None:
        folder = tmp_path / "out"
        folder.mkdir()
        for name in ("guide.mp4", "guide.json", "guide.vtt"):
            (folder / name).write_bytes(b"old")
        done = run_videoguide(
            *PREVIEW, *DOCUMENT, "-o", "out/guide.mp4", program=DYING.format(where=where, half=half, at=at)
        )
        assert done.returncode == -signal.SIGKILL
        for name, data in contents(folder).items():
            assert name.startswith(".new-") or data in (b"old", wanted[name])
        assert self.finish(run_videoguide, folder) == wanted

    @pytest.mark.parametrize("at", [1, 3, 6])
    def test_while_pieces_are_put_into_the_store(
        self,
        tiny_wanted: dict[str, bytes],
        run_videoguide: RunVideoguide,
        shared_store: Path,
        tmp_path: Path,
        at: int,
    ) -> None:
        program = DYING.format(where=RENAMING, half="pass", at=at)
        done = run_videoguide(
            *SMALL_PREVIEW, "-o", "out/guide.mp4", "--store", "store", program=program, **small_packs(shared_store)
        )
        assert done.returncode == -signal.SIGKILL
        assert not (tmp_path / "out").exists()
        verify_segments(tmp_path / "store")
        done = run_videoguide(*SMALL_PREVIEW, "-o", "out/guide.mp4", "--store", "store", **small_packs(shared_store))
        assert done.returncode == 0, done.stderr
        assert contents(tmp_path / "out") == tiny_wanted

    @pytest.mark.slow
    def test_at_any_moment(
        self, tiny_wanted: dict[str, bytes], run_videoguide: RunVideoguide, shared_store: Path, tmp_path: Path
    ) -> None:
        arguments = (*SMALL_PREVIEW, "-o", "out/guide.mp4", "--store", "store")
        for seconds in (0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0):
            running = subprocess.Popen(
                command(*arguments), cwd=tmp_path, stdout=subprocess.DEVNULL, **small_packs(shared_store)
            )
            time.sleep(seconds)
            running.kill()
            running.wait()
            if (tmp_path / "out").exists():
                for name, data in contents(tmp_path / "out").items():
                    assert name.startswith(".new-") or data == tiny_wanted[name]
            verify_segments(tmp_path / "store")
        assert run_videoguide(*arguments, **small_packs(shared_store)).returncode == 0
        written = contents(tmp_path / "out")
        assert {name: data for name, data in written.items() if not name.startswith(".new-")} == tiny_wanted


def test_a_guide_travels_to_another_process(guide: Guide, tmp_path: Path) -> None:
    import pickle

    copy: Guide = pickle.loads(pickle.dumps(guide))
    write_it: Callable[[Guide, Path], dict[str, Path]] = write_guide
    assert write_it(copy, tmp_path / "guide.mp4")["video"].stat().st_size == guide.size_bytes


class TestOutlines:
    def test_a_damaged_outline_is_found_and_put_there_again(self, tiny_guide: Guide, tmp_path: Path) -> None:
        store = Store(tmp_path)
        key = keep_outline(store, tiny_guide.outline)
        path = store.path(OUTLINES, key)
        whole = path.read_bytes()
        for damage in (b"", whole[:-20], whole.replace(b"citizen", b"nobody!")):
            path.write_bytes(damage)
            os.utime(path, ns=(1, 1))
            with pytest.raises(StoreError, match="danneggiato"):
                _outline.__wrapped__(path)
            assert keep_outline(store, tiny_guide.outline) == key and path.read_bytes() == whole
