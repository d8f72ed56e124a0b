# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A pack that somebody is changing: the guide follows, broken or whole, until Ctrl-C."""

import os
import queue
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.invented_guides import PackCopy, command, environment
from tests.support.places import PACKS, ROOT
from videoguide.errors import PackError
from videoguide.packs import watching
from videoguide.packs.campaigns import ART, kept_name
from videoguide.packs.watching import changes, frozen_copy

pytestmark = pytest.mark.slow

SMALL = ("preview", "bonus-libri", "--first-name", "Anna", "--case", "missing-school", "-o", "guide.mp4")
OTHER_ASSETS = """
from pathlib import Path
from videoguide import assets
assets.assets_folder = lambda: Path({folder!r})
"""
SECONDS = 60
CLOSING = "non guardo più; l’ultima guida è in guide.mp4"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.02)


def next_change(*places: Path) -> Callable[[], tuple[Path, ...]]:
    """``next_change(folder)`` -> a function that waits for the next change since now."""
    waiting = changes(places)
    assert next(waiting) == ()
    return lambda: next(waiting)


@pytest.mark.usefixtures("quick")
class TestChanges:
    def test_a_new_changed_renamed_or_removed_file_is_reported(self, tmp_path: Path) -> None:
        (tmp_path / "deep").mkdir()
        file = tmp_path / "deep" / "a.toml"
        waiting = next_change(tmp_path)
        file.write_text("1")
        assert waiting() == (file,)
        file.write_text("22")
        assert waiting() == (file,)
        file.rename(tmp_path / "b.toml")
        assert waiting() == (tmp_path / "b.toml", file)
        (tmp_path / "b.toml").unlink()
        assert waiting() == (tmp_path / "b.toml",)

    def test_a_file_renamed_into_place_is_reported_even_with_the_same_date_and_length(self, tmp_path: Path) -> None:
        file, aside = tmp_path / "a.svg", tmp_path / ".a.svg.swp"
        file.write_text("old")
        aside.write_text("new")
        os.utime(aside, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
        waiting = next_change(tmp_path)
        aside.replace(file)
        assert waiting() == (file,)

    def test_what_editors_write_beside_it_does_not_count(self, tmp_path: Path) -> None:
        waiting = next_change(tmp_path)
        for name in (".a.swp", "a.toml~", ".git/index", "a.toml"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("x")
        assert waiting() == (tmp_path / "a.toml",)

    def test_many_saves_are_reported_once_when_they_have_ended(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "a.toml"
        saves = iter(range(5))

        def sleep(_seconds: float) -> None:
            if (save := next(saves, None)) is not None:
                file.write_text("x" * (save + 1))

        waiting = next_change(tmp_path)
        monkeypatch.setattr(time, "sleep", sleep)
        assert waiting() == (file,) and file.read_text() == "xxxxx"

    def test_changes_while_the_caller_is_busy_are_reported_afterwards(self, tmp_path: Path) -> None:
        waiting = next_change(tmp_path)
        (tmp_path / "a").write_text("1")
        assert waiting() == (tmp_path / "a",)
        (tmp_path / "b").write_text("1")
        time.sleep(0.1)
        assert waiting() == (tmp_path / "b",)

    def test_a_place_may_be_a_file_and_may_be_gone_for_a_while(self, tmp_path: Path) -> None:
        file, folder = tmp_path / "lexicon.toml", tmp_path / "pack"
        folder.mkdir()
        (folder / "a").write_text("1")
        file.write_text("1")
        waiting = next_change(file, folder)
        file.unlink()
        assert waiting() == (file,)
        folder.rename(tmp_path / "elsewhere")
        assert waiting() == (folder / "a",)
        (tmp_path / "elsewhere").rename(folder)
        assert waiting() == (folder / "a",)


class TestStill:
    def test_it_is_the_pack_as_it_was_whatever_happens_to_its_files(self, tiny_copy: PackCopy, tmp_path: Path) -> None:
        with frozen_copy(tiny_copy.load(), tmp_path) as copy:
            tiny_copy.change("scenes/hello.svg", "Il tuo bonus", "Un altro")
            assert "Il tuo bonus" in (copy.folder / copy.drawing("hello")).read_text(encoding="utf-8")
            assert copy.art == copy.folder / kept_name(ART) and (copy.art / "type.svg").is_file()
            folder = copy.folder
        assert not folder.exists()

    def test_an_error_names_the_pack_s_own_file_and_the_shared_one(self, tiny_copy: PackCopy, tmp_path: Path) -> None:
        pack = tiny_copy.load()
        for inside, own in (
            ("scenes/hello.svg", pack.folder / "scenes/hello.svg"),
            (f"{kept_name(ART)}/type.svg", pack.art / "type.svg"),
        ):
            with pytest.raises(PackError) as caught, frozen_copy(pack, tmp_path) as copy:
                raise PackError(copy.folder / inside, "è sbagliato", where="riga 3")
            assert caught.value.message == f"{own} (riga 3): è sbagliato"
            assert caught.value.__cause__ is not None

    def test_a_pack_that_is_gone_is_a_pack_error(self, tiny_copy: PackCopy, tmp_path: Path) -> None:
        pack = tiny_copy.load()
        shutil.rmtree(tiny_copy.folder)
        with pytest.raises(PackError, match="non si può leggere"), frozen_copy(pack, tmp_path):
            pass


class Watched:
    """``videoguide preview --watch`` as a process, on copies of the small campaign and of the shared assets."""

    def __init__(self, folder: Path, pack: PackCopy) -> None:
        self.folder, self.pack = folder, pack
        (folder / "tmp").mkdir()
        self.assets = Path(shutil.copytree(ROOT / "assets", folder / "assets"))
        self.settings = environment(
            folder / "store", VIDEOGUIDE_SCENES=str(pack.folder.parent), TMPDIR=str(folder / "tmp")
        )
        self.program = OTHER_ASSETS.format(folder=str(self.assets))
        self.process = subprocess.Popen(
            command(*SMALL, "--watch", program=self.program),
            cwd=folder,
            env=self.settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.listener = threading.Thread(target=self._listen)
        self.listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.lines.put(line.rstrip("\n"))

    def until(self, end: str) -> list[str]:
        """The lines that come, up to the first with ``end`` in it."""
        shown: list[str] = []
        while not shown or end not in shown[-1]:
            shown.append(self.lines.get(timeout=SECONDS))
        return shown

    def shared(self, file: str, old: str, new: str) -> None:
        """Change a shared asset."""
        PackCopy(self.assets).change(file, old, new)

    def says(self, *new: str) -> list[str]:
        """Wait until the guide is made again, with these chapters new; the files that had changed."""
        head, *scenes, end = self.until("scene riusate")
        assert scenes == [f"  nuova    {chapter}" for chapter in new]
        assert end.endswith(f"scene riusate {3 - len(new)} di 3")
        return head.split("  ", 1)[1].split(", ")

    def text(self) -> str:
        return (self.folder / "guide.txt").read_text(encoding="utf-8")

    def end(self) -> list[str]:
        """Ctrl-C; the lines that still come."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(SECONDS) == 0
        return self.until("non guardo")


@pytest.fixture
def watched(tmp_path: Path, tiny_copy: PackCopy) -> Iterator[Watched]:
    """A first guide is made, and the pack is being watched."""
    (tmp_path / "here").mkdir()
    started = Watched(tmp_path / "here", tiny_copy)
    try:
        assert started.until("Ctrl-C")[:3] == ["  nuova    Ciao", "  nuova    La scuola", "  nuova    Vai al servizio"]
        yield started
    finally:
        started.process.kill()
        started.process.wait()
        started.listener.join()


class TestPreview:
    def test_a_change_of_anything_gives_the_scenes_that_it_is_in_as_if_they_were_made_anew(
        self, watched: Watched, tmp_path: Path
    ) -> None:
        watched.pack.change("scenes/hello.toml", "con calma", "senza fretta")
        assert watched.says("Ciao") == ["hello.toml"]
        assert "senza fretta" in watched.text()
        watched.pack.change("scenes/school.svg", "Quale scuola?", "Che scuola?")
        assert watched.says("La scuola") == ["school.svg"]
        watched.pack.change("scenes/school.svg", "{%- import", '{%- import "marks.svg" as marks -%}\n{%- import')
        watched.says("La scuola")
        mark = '<g id="mark" vg:enter="start">{{ marks.mark(1400, 300) }}</g>\n</svg>'
        watched.pack.change("scenes/school.svg", "</svg>", mark)
        watched.says("La scuola")
        watched.pack.change("marks.svg", "#0066CC", "#004080")
        assert watched.says("La scuola") == ["marks.svg"]
        watched.shared("lexicon.toml", '"INPS"', '"bonus" = { say = "bònus" }\n"INPS"')
        assert watched.says("Ciao") == ["lexicon.toml"]
        watched.shared("art/type.svg", "{%- macro", "{#- changed #}{%- macro")
        assert watched.says("Ciao", "La scuola", "Vai al servizio") == ["type.svg"]
        shutil.copy(watched.assets / "art" / "type.svg", watched.pack.folder)  # the pack's own goes first
        assert watched.says() == ["type.svg"]
        watched.pack.change("type.svg", 'fill="', 'opacity="0.5" fill="')
        watched.says("Ciao", "La scuola", "Vai al servizio")
        made = (watched.folder / "guide.mp4").read_bytes()
        subprocess.run(
            command(*SMALL, "--store", "new", program=watched.program),
            cwd=tmp_path,
            env=watched.settings,
            check=True,
            capture_output=True,
        )
        assert (tmp_path / "guide.mp4").read_bytes() == made

    def test_a_broken_pack_is_one_line_and_the_mended_one_a_guide(self, watched: Watched) -> None:
        toml, svg = (watched.pack.folder / "scenes" / name for name in ("hello.toml", "school.svg"))
        words = toml.read_text(encoding="utf-8")
        toml.write_text(words[: len(words) // 2], encoding="utf-8")
        changed, complaint = watched.until("videoguide: ")
        assert changed.endswith("  hello.toml") and complaint.startswith(f"videoguide: {toml}: ")
        toml.write_text(words, encoding="utf-8")
        watched.says()
        watched.pack.change("scenes/school.svg", "type.title(", "type.titel(")
        _, complaint = watched.until("videoguide: ")
        assert complaint.startswith(f"videoguide: {svg} (riga ") and "titel" in complaint
        made = (watched.folder / "guide.mp4").stat().st_mtime_ns
        watched.pack.change("scenes/school.svg", "type.titel(", "type.title(")
        watched.says()
        assert (watched.folder / "guide.mp4").stat().st_mtime_ns > made

    def test_a_pack_that_is_away_for_a_while_is_one_line_too(self, watched: Watched) -> None:
        away = watched.folder / "away"
        watched.pack.folder.rename(away)
        (complaint,) = (line for line in watched.until("videoguide: ") if line.startswith("videoguide: "))
        assert complaint == f"videoguide: {watched.pack.folder}: non si può leggere: manca qualcosa, o sta cambiando"
        away.rename(watched.pack.folder)
        watched.says()

    def test_several_saves_end_with_a_guide_of_the_last(self, watched: Watched) -> None:
        school = watched.pack.folder / "scenes" / "school.toml"
        for n in range(4):
            aside = shutil.copy(school, school.with_suffix(".new"))
            Path(aside).replace(school)
            watched.pack.change("scenes/hello.toml", "con calma" if n == 0 else f"{n - 1} volte", f"{n} volte")
        while "3 volte" not in watched.text():
            watched.until("scene riusate")
        assert watched.end() == ["", CLOSING]

    def test_ctrl_c_ends_it_with_a_line_status_0_and_nothing_left_behind(self, watched: Watched) -> None:
        watched.pack.change("scenes/hello.toml", "con calma", "senza fretta")
        watched.says("Ciao")
        assert watched.end() == ["", CLOSING]
        assert list((watched.folder / "tmp").iterdir()) == []

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (("--case", "lost"), "valore sconosciuto per caso: 'lost'; ammessi: missing-receipt, missing-school"),
            (("--first-name", ""), "nome: è vuoto"),
        ],
    )
    def test_a_first_guide_that_cannot_be_made_ends_it(
        self, tmp_path: Path, given: tuple[str, ...], message: str
    ) -> None:
        settings = environment(tmp_path / "store", VIDEOGUIDE_SCENES=str(PACKS))
        done = subprocess.run(
            command(*SMALL, "--watch", *given),
            cwd=tmp_path,
            env=settings,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
        )
        assert (done.returncode, done.stdout, done.stderr) == (2, "", f"videoguide: {message}\n")

    def test_what_it_writes_may_not_be_what_it_watches(self, tmp_path: Path, tiny_copy: PackCopy) -> None:
        settings = environment(tmp_path / "store", VIDEOGUIDE_SCENES=str(tiny_copy.folder.parent))
        done = subprocess.run(
            command(*SMALL[:-1], str(tiny_copy.folder / "new" / "guide.mp4"), "--watch"),
            cwd=tmp_path,
            env=settings,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
        )
        assert done.returncode == 2 and "non può stare nella cartella della campagna" in done.stderr
        assert not (tiny_copy.folder / "new").exists()
