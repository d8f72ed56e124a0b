# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What the program makes is for its owner alone, whatever the umask; what an administrator chose stays."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.invented_guides import RunVideoguide, environment
from tests.support.places import PACKS, ROOT
from tests.support.tiny_runs import FOUR, Office, extract, files_in, is_root
from videoguide.modes import private, tighten
from videoguide.packs.campaigns import Campaign
from videoguide.records.database import Database


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def open_to_others(folder: Path) -> list[str]:
    """What anybody but its owner may read or enter, below a folder and the folder itself.

    The files of a pack, which say nothing about anybody, keep their modes in a folder that nobody else may enter.
    """
    paths = [folder, *(path for path in folder.rglob("*") if "versions" not in path.parent.relative_to(folder).parts)]
    return [f"{path.relative_to(folder)} {mode(path):o}" for path in paths if mode(path) & 0o077]


@pytest.fixture
def careless() -> Iterator[None]:
    """The umask that most systems start programs with."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("careless")
class TestMade:
    @pytest.mark.slow
    @pytest.mark.parametrize("format", ["mp4", "ranges"])
    def test_a_run_of_another_program_leaves_nothing_that_others_can_read(
        self, tmp_path: Path, tiny: Campaign, format: str
    ) -> None:
        office = Office(tmp_path / "office", tiny)
        with Database(office.settings.database) as database:  # so that SQLite's journals are there, too
            office.render(*FOUR, format=format)
            with database.session():
                journals = {path.name for path in office.folder.glob("guides.db-*")}
                places = (office.output, office.settings.store, office.file, *office.folder.glob("guides.db-*"))
                assert [line for place in places for line in open_to_others(place)] == []
        assert journals == {"guides.db-wal", "guides.db-shm"}
        assert len(files_in(office.settings.store)) > 5
        assert os.umask(0o022) == 0o022, "a program that uses ours keeps its own umask"

    @pytest.mark.slow
    def test_the_command_makes_private_files_only_its_workers_and_previews_too(
        self, run_videoguide: RunVideoguide, tmp_path: Path
    ) -> None:
        place = tmp_path / "place"
        file = extract(tmp_path / "x.csv", *FOUR)
        env = environment(
            place / "store", VIDEOGUIDE_SCENES=str(PACKS), VIDEOGUIDE_DATABASE=f"sqlite:///{place / 'guides.db'}"
        )
        for words in (
            ("approve", "bonus-libri"),
            ("render", "bonus-libri", str(file), "-o", str(place / "out"), "--workers", "2"),
            ("preview", "bonus-libri", "--first-name", "Anna", "--case", "missing-school", "-o", f"{place}/p/x.mp4"),
            ("sample", "assegno-unico", "--count", "5", "-o", f"{place}/sample.csv"),
        ):
            packs = {"VIDEOGUIDE_SCENES": str(ROOT / "scenes" if words[0] == "sample" else PACKS)}
            done = run_videoguide(*words, env={**env, **packs})
            assert done.returncode == 0, done.stderr
        assert open_to_others(place) == []

    def test_of_many_threads_the_last_gives_the_umask_back(self, tmp_path: Path) -> None:
        (tmp_path / "made").mkdir(0o700)

        def make(number: int) -> None:
            for at in range(50):
                with private():
                    (tmp_path / "made" / f"{number}-{at}").touch()

        with ThreadPoolExecutor(8) as executor:
            list(executor.map(make, range(8)))
        assert open_to_others(tmp_path / "made") == []
        assert os.umask(0o022) == 0o022


class TestThere:
    def test_a_database_that_everybody_could_read_is_closed_when_it_is_opened(self, tmp_path: Path) -> None:
        file = tmp_path / "guides.db"
        with Database(f"sqlite:///{file}"):
            pass
        file.chmod(0o644)
        with Database(f"sqlite:///{file}"):
            assert mode(file) == 0o600

    def test_what_an_administrator_lets_a_group_read_stays_so(self, tmp_path: Path) -> None:
        file = tmp_path / "guides.db"
        sqlite3.connect(file).close()
        file.touch()
        file.chmod(0o640)
        with Database(f"sqlite:///{file}"):
            assert mode(file) == 0o640

    @pytest.mark.skipif(not is_root(), reason="only root can give a file to somebody else")
    def test_another_users_file_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "x").touch(0o644)
        os.chown(tmp_path / "x", 65534, -1)
        tighten(tmp_path / "x")
        assert mode(tmp_path / "x") == 0o644
