# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Versions of a campaign by command line: what staff see, approve and take back, and what the audit notes."""

import getpass
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.invented_guides import PackCopy, command, environment
from tests.support.tiny_runs import CODE
from videoguide.records import audit, versions
from videoguide.records.database import Database
from videoguide.records.versions import version_of

pytestmark = pytest.mark.slow

CAMPAIGN = "bonus-libri"


class Desk:
    """The small campaign to be changed, a store and a database that is not there yet."""

    def __init__(self, folder: Path, pack: PackCopy) -> None:
        self.folder, self.pack = folder, pack
        self.address = f"sqlite:///{folder / 'guides.db'}"

    def run(self, *arguments: str, **more: Any) -> "subprocess.CompletedProcess[str]":
        packs = str(self.pack.folder.parent)
        return subprocess.run(
            command(*arguments),
            cwd=self.folder,
            env=environment(self.folder / "store", VIDEOGUIDE_DATABASE=self.address, VIDEOGUIDE_SCENES=packs),
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            **more,
        )

    def lines(self, *arguments: str) -> list[str]:
        done = self.run(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    def present(self) -> str:
        return version_of(self.pack.load())[: versions.SHORT]

    def noted(self) -> list[tuple[str, str, str, str]]:
        with Database(self.address) as database:
            return [(entry.who, entry.what, entry.campaign, entry.about) for entry in audit.entries(database)[0]]


@pytest.fixture
def desk(tmp_path: Path, tiny_copy: PackCopy) -> Desk:
    return Desk(tmp_path, tiny_copy)


ME = getpass.getuser()
MOMENT = r"\d\d/\d\d/\d{4} \d\d:\d\d"


def test_a_pack_that_nobody_has_seen_is_a_draft_and_to_look_writes_nothing(desk: Desk) -> None:
    assert desk.lines("versions", CAMPAIGN) == [f"* {desk.present()}  bozza"]
    assert [path.name for path in desk.folder.iterdir()] == ["packs"]


def test_what_is_approved_is_what_the_folder_holds_now(desk: Desk) -> None:
    first = desk.present()
    (answer,) = desk.lines("approve", CAMPAIGN)
    assert answer == f"campagna {CAMPAIGN}: la versione {first} è approvata"
    (line,) = desk.lines("versions", CAMPAIGN)
    assert re.fullmatch(rf"\* {first}  approvata  {MOMENT}  {ME}", line)
    desk.pack.change("scenes/hello.toml", "con calma", "senza fretta")
    now, before = desk.lines("versions", CAMPAIGN)
    assert now == f"* {desk.present()}  bozza" and before == line.replace("*", " ")
    ((*noted, about),) = desk.noted()
    assert noted == [ME, "approve", CAMPAIGN] and len(about) == 64 and about.startswith(first)


def test_approving_twice_changes_nothing_and_says_by_whom_it_was(desk: Desk) -> None:
    desk.lines("approve", CAMPAIGN)
    before = desk.lines("versions", CAMPAIGN)
    (answer,) = desk.lines("approve", CAMPAIGN)
    assert answer == f"campagna {CAMPAIGN}: la versione {desk.present()} è già approvata, da {ME}"
    assert desk.lines("versions", CAMPAIGN) == before and len(desk.noted()) == 1


def test_an_approval_can_be_taken_back_once(desk: Desk) -> None:
    desk.lines("approve", CAMPAIGN)
    (answer,) = desk.lines("approve", CAMPAIGN, "--revoke")
    assert answer == f"campagna {CAMPAIGN}: la versione {desk.present()} non è più approvata"
    (line,) = desk.lines("versions", CAMPAIGN)
    assert re.fullmatch(rf"\* {desk.present()}  bozza      {MOMENT}", line)
    done = desk.run("approve", CAMPAIGN, "--revoke")
    assert done.returncode == 2
    assert done.stderr == f"videoguide: campagna {CAMPAIGN}: la versione {desk.present()} non è approvata\n"
    assert [what for _, what, _, _ in desk.noted()] == ["revoke", "approve"]


def test_the_version_that_guides_are_made_with_is_in_use(desk: Desk) -> None:
    desk.lines("approve", CAMPAIGN)
    with Database(desk.address) as database:
        versions.go_live(database, CAMPAIGN, version_of(desk.pack.load()))
    (line,) = desk.lines("versions", CAMPAIGN)
    assert re.fullmatch(rf"\* {desk.present()}  in uso     {MOMENT}  {ME}", line)


@pytest.mark.parametrize("name", ["versions", "approve"])
def test_an_unknown_campaign_is_one_line_with_the_known_ones(desk: Desk, name: str) -> None:
    done = desk.run(name, "lost")
    complaint = f"videoguide: valore sconosciuto per campagna: 'lost'; ammessi: {CAMPAIGN}\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", complaint)


def test_a_purge_is_noted_without_whose_it_was_and_what_it_would_do_is_not(desk: Desk) -> None:
    with Database(desk.address):
        pass
    for more in ((), ("--dry-run",)):
        assert desk.run("purge", "--expired", *more).returncode == 0
        assert desk.run("purge", "--person", *more, input=CODE).returncode == 0
    assert desk.noted() == [(ME, "purge-person", "", ""), (ME, "purge-expired", "", "")]


@pytest.mark.parametrize("words", [("versions", CAMPAIGN), ("approve", CAMPAIGN), ("store", "stats"), ("serve",)])
def test_a_database_of_a_newer_program_is_one_line_for_commands_and_server(desk: Desk, words: tuple[str, ...]) -> None:
    with Database(desk.address) as database, database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    done = desk.run(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"videoguide: sqlite:///\S+: database più nuovo del programma: .+\n", done.stderr)
