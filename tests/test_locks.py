# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""One run at a time on one output, also when runs are killed."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.invented_guides import RunVideoguide, environment, small
from tests.support.places import PACKS, ROOT
from tests.support.tiny_runs import FOUR, Office, approve, extract, inline, until
from videoguide.errors import Busy, StoreError
from videoguide.locks import LOCK_FILE, only_run
from videoguide.packs.campaigns import Campaign
from videoguide.runs.pipeline import RunOrder, render

BUSY = "un’altra esecuzione sta lavorando qui; aspetta che finisca"
HOLDER = """
import sys, time
from pathlib import Path
from videoguide.locks import only_run
with only_run(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(folder: Path) -> "subprocess.Popen[str]":
    """Another process that holds the folder."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE, encoding="utf-8", env=environ
    )
    assert process.stdout and process.stdout.readline() == "held\n"
    return process


def end(process: "subprocess.Popen[str]", sign: int) -> None:
    process.send_signal(sign)
    process.communicate(timeout=60)


class TestOnlyRun:
    def test_the_second_is_refused_and_the_first_is_not_disturbed(self, tmp_path: Path) -> None:
        with only_run(tmp_path):
            with pytest.raises(Busy, match=f"^{tmp_path}: {BUSY}$"), only_run(tmp_path):
                pytest.fail("it is held")
            with pytest.raises(Busy), only_run(tmp_path):
                pytest.fail("it is held still")
        with only_run(tmp_path):
            pass

    def test_another_folder_is_another_matter(self, tmp_path: Path) -> None:
        with only_run(tmp_path), only_run(tmp_path / "other"):
            pass

    def test_one_folder_under_two_names_is_one(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "link").symlink_to("folder")
        with only_run(tmp_path / "folder"), pytest.raises(Busy), only_run(tmp_path / "link"):
            pytest.fail("it is held")

    @pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    def test_a_killed_run_holds_nothing(self, tmp_path: Path, sign: int) -> None:
        process = holder(tmp_path)
        with pytest.raises(Busy), only_run(tmp_path):
            pytest.fail("the other process holds it")
        end(process, sign)
        with only_run(tmp_path):
            pass
        assert list(tmp_path.iterdir()) == []

    def test_what_it_made_goes_again_when_nothing_came_of_it(self, tmp_path: Path) -> None:
        with pytest.raises(ZeroDivisionError), only_run(tmp_path / "new" / "folder"):
            1 / 0  # noqa: B018
        assert list(tmp_path.iterdir()) == []
        with only_run(tmp_path / "new" / "folder"):
            (tmp_path / "new" / "file").touch()
        assert [path.name for path in tmp_path.rglob("*")] == ["new", "file"]

    def test_a_folder_that_was_there_stays_also_when_it_is_empty(self, tmp_path: Path) -> None:
        with only_run(tmp_path):
            pass
        assert tmp_path.is_dir() and list(tmp_path.iterdir()) == []

    def test_a_lock_file_left_by_a_killed_run_is_no_lock(self, tmp_path: Path) -> None:
        (tmp_path / LOCK_FILE).touch()
        with only_run(tmp_path):
            pass
        assert list(tmp_path.iterdir()) == []

    def test_of_many_at_once_one_holds_the_lock_at_a_time(self, tmp_path: Path) -> None:
        inside: list[int] = []
        most: list[int] = []

        def run(number: int) -> bool:
            try:
                with only_run(tmp_path / "out"):
                    inside.append(number)
                    most.append(len(inside))
                    inside.remove(number)
                return True
            except Busy:
                return False

        with ThreadPoolExecutor(8) as executor:
            done = list(executor.map(run, range(400)))
        assert any(done) and max(most) == 1

    @pytest.mark.parametrize("place", ["file", "file/below"])
    def test_a_place_that_is_no_folder_is_one_clear_error(self, tmp_path: Path, place: str) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(StoreError, match=f"{place}: non si può scrivere: "), only_run(tmp_path / place):
            pytest.fail("there is no such folder")

    def test_a_folder_in_the_place_of_the_lock_is_one_clear_error(self, tmp_path: Path) -> None:
        (tmp_path / LOCK_FILE).mkdir()
        with pytest.raises(StoreError, match="non si può scrivere: è una cartella"), only_run(tmp_path):
            pytest.fail("it cannot be locked")


class TestTwoRuns:
    @pytest.fixture
    def office(self, tmp_path: Path, tiny: Campaign, shared_store: Path) -> Office:
        return Office(tmp_path / "office", tiny, store=shared_store)

    def test_while_one_works_a_second_command_says_so_and_stops(
        self, run_videoguide: RunVideoguide, office: Office, own_store: Path
    ) -> None:
        seen: list[subprocess.CompletedProcess[str]] = []
        file = extract(office.folder / "other.csv", {"numero": "99"})
        env = environment(
            own_store, VIDEOGUIDE_SCENES=str(PACKS), VIDEOGUIDE_DATABASE=f"sqlite:///{office.folder / 'other.db'}"
        )

        approve(small(own_store, database=env["VIDEOGUIDE_DATABASE"]), office.campaign)

        def second(stage: str, *_: int) -> None:
            if stage == "Scene" and not seen:
                seen.append(run_videoguide("render", "bonus-libri", str(file), "-o", str(office.output), env=env))

        report = office.render(*FOUR, tell=second, open_executor=inline)
        assert [(done.returncode, done.stdout, done.stderr) for done in seen] == [
            (75, "", f"videoguide: {office.output}: {BUSY}\n")
        ]
        assert report.made == 4 and len(office.files()) == 4
        assert not any("99" in text for text in office.rows("SELECT number FROM applications"))

    def test_after_a_killed_one_the_output_is_free(self, office: Office) -> None:
        process = holder(office.output)
        with pytest.raises(Busy, match=BUSY):
            office.render(*FOUR)
        end(process, signal.SIGKILL)
        assert until(lambda: process.poll() is not None)
        assert office.render(*FOUR).made == 4
        assert not (office.output / LOCK_FILE).exists()

    def test_two_outputs_with_one_database_make_each_guide_once(self, office: Office) -> None:
        office.render({"numero": "0", "consenso": "n"}, format="ranges")  # the campaign is known
        file = extract(office.folder / "x.csv", *FOUR)
        with ThreadPoolExecutor(2) as executor:
            runs = [
                executor.submit(
                    render, RunOrder(file, office.campaign, office.settings, office.folder / name, workers=1)
                )
                for name in ("one", "two")
            ]
            reports = [run.result() for run in runs]
        assert sum(report.made for report in reports) == 4
        assert sum(report.kept for report in reports) == 4
        assert len(office.guides()) == len(office.current()) == 4
