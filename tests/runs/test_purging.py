# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What is purged is gone for good, with all that hangs on it, and nothing else goes."""

import contextlib
import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from tests.support.databases import postgresql  # noqa: F401  pytest finds it here
from tests.support.extracts import fiscal_code
from tests.support.invented_guides import command, environment
from tests.support.rendered_worlds import (
    ANNA,
    BRUNO,
    NOBODY,
    OTHER_ANNA,
    PEOPLE,
    World,
    copy_of,
    looked_at,
    preview,
)
from videoguide.errors import StoreError
from videoguide.guide.guides import GUIDE_FILE, guide_folder
from videoguide.media.payload import SEGMENTS
from videoguide.records.database import (
    ApplicationRecord,
    GuideRecord,
    LoginSession,
    Preview,
    Rating,
    View,
)
from videoguide.records.delivery import guides_of
from videoguide.records.monitoring import open_view, rate
from videoguide.runs.pruning import prune
from videoguide.runs.purging import Purged, purge_expired, purge_person
from videoguide.speech.narration import SPEECH

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("databases")]  # one PostgreSQL server is enough


class TestPurgeExpired:
    def test_what_is_expired_is_gone_with_all_that_is_its_alone(self, either_world: World) -> None:
        world = either_world
        guides = world.guides()
        shared = {key for number in "34" for key in world.guide_keys(number).segments}
        world.expire("1", "2")
        with world.opened() as database:
            with database.session() as session:
                session.add(View(id="v", guide_id=guides["1"].id))
                session.add(Rating(guide_id=guides["1"].id, stars=5))
            done = purge_expired(world.store, database)
            with database.session() as session:
                assert [*session.exec(select(View)), *session.exec(select(Rating))] == []
        assert done.guides == 2 and done.files == 18 and done.file_bytes > 50_000 and done.settled
        assert set(world.guides()) == world.files() == {"3", "4"}
        assert world.pieces()[SEGMENTS] == shared, "the other Anna’s greeting stays, and so does Bruno’s"
        assert world.people() == {BRUNO, OTHER_ANNA}
        assert sorted(path.name for path in world.output.iterdir()) == sorted(
            {guides["3"].id[:2], guides["4"].id[:2], "report.json", "rejected.csv"}
        )

    def test_an_application_without_a_guide_keeps_nothing_of_the_person(self, world: World) -> None:
        world.expire("1")
        with world.opened() as database:
            purge_expired(world.store, database)
            with database.session() as session:
                rows = {row.number: row for row in session.exec(select(ApplicationRecord))}
        assert set(rows) == {"1", "2", "3", "4", "5"}
        bare = rows["1"].model_dump(exclude={"id", "number"})
        assert bare == rows["5"].model_dump(exclude={"id", "number"}) | {"left_out": ""}
        assert rows["4"].first_name == "Anna" and rows["4"].recipient_id is not None

    def test_a_withdrawn_guide_counts_when_its_time_is_over(self, world: World, tmp_path: Path) -> None:
        world.render(tmp_path, {**PEOPLE[0], "stato": "pagata", "estratto": "2024-04-02"})
        with world.opened() as database:
            assert purge_expired(world.store, database).guides == 0
        world.expire("1")
        with world.opened() as database:
            done = purge_expired(world.store, database)
        assert (done.guides, done.files) == (1, 0) and ANNA not in world.people()

    def test_who_has_another_guide_for_the_same_application_stays(self, world: World, tmp_path: Path) -> None:
        old = world.guides()["1"].id
        world.expire("1")
        world.render(tmp_path, {**PEOPLE[0], "alunni": "1", "estratto": "2024-04-02"})
        with world.opened() as database:
            assert purge_expired(world.store, database).guides == 1
        assert world.guides()["1"].id != old and ANNA in world.people() and "1" in world.files()
        with world.opened() as database, database.session() as session:
            names = session.exec(select(ApplicationRecord.first_name).where(ApplicationRecord.number == "1")).all()
        assert names == ["Anna"]

    def test_files_go_from_every_folder_that_a_run_wrote_to(self, world: World, tmp_path: Path) -> None:
        elsewhere = replace_output(world, world.folder / "elsewhere")
        elsewhere.render(tmp_path)
        world.expire("1", "2", "3", "4")
        with world.opened() as database:
            done = purge_expired(world.store, database)
        assert done.files == 72 and done.missing == ()
        assert not list(world.folder.glob(f"*/*/*/{GUIDE_FILE}"))

    def test_a_missing_output_folder_causes_a_warning(self, world: World) -> None:
        world.expire("1")
        world.output.rename(world.folder / "moved")
        done = world.cli("purge", "--expired")
        assert done.returncode == 0 and done.stdout.startswith("guide scadute: 1 cancellate; file tolti 0 (0,0 MB); ")
        assert done.stderr.startswith(f"videoguide: {world.output}: questa cartella non c’è")
        assert not world.output.exists()

    def test_a_person_who_is_no_longer_there_is_in_no_file(self, world: World) -> None:
        assert world.says(BRUNO) and world.says("Bruno")
        world.expire("2", "3")
        with world.opened() as database:
            purge_expired(world.store, database)
            assert world.says(BRUNO) == world.says("Bruno") == [], "while the database is still open"
        assert world.says(ANNA) and world.says("Anna")

    def test_the_command_says_what_it_did_in_a_line(self, world: World) -> None:
        world.expire("2", "3")
        before = world.pieces()
        forecast = world.cli("purge", "--expired", "--dry-run")
        assert forecast.returncode == 0 and forecast.stderr == "" and world.files() == {"1", "2", "3", "4"}
        assert world.pieces() == before
        done = world.cli("purge", "--expired")
        assert done.returncode == 0 and done.stderr == ""
        assert re.fullmatch(
            r"guide scadute: 2 cancellate; file tolti 18 \(\d,\d MB\); scene 2, frasi dette 2\n", done.stdout
        )
        assert forecast.stdout == done.stdout.replace("cancellate", "da cancellare").replace("tolti", "da togliere")
        assert world.cli("purge", "--expired").stdout == "guide scadute: nessuna\n"

    def test_with_nothing_expired_nothing_changes(self, world: World) -> None:
        before = world.pieces(), world.files(), world.people()
        with world.opened() as database:
            assert purge_expired(world.store, database) == Purged()
        assert (world.pieces(), world.files(), world.people()) == before

    def test_the_next_render_makes_guides_for_who_still_needs_one(self, world: World, tmp_path: Path) -> None:
        world.expire("1", "2")
        with world.opened() as database:
            purge_expired(world.store, database)
        report = world.render(tmp_path)
        assert (report.made, report.kept) == (2, 2) and world.files() == {"1", "2", "3", "4"}


def replace_output(world: World, output: Path) -> World:
    class Elsewhere(World):
        @property
        def output(self) -> Path:
            return output

    return Elsewhere(world.folder, world.settings, world.pack)


class TestPurgePerson:
    def test_all_of_the_person_is_gone_and_nothing_else(self, either_world: World) -> None:
        world = either_world
        with world.opened() as database:
            with database.session() as session:
                session.add(LoginSession(token_hash="a", role="citizen", fiscal_code=BRUNO))
                session.add(LoginSession(token_hash="b", role="citizen", fiscal_code=ANNA))
            done = purge_person(world.store, database, BRUNO)
            with database.session() as session:
                assert session.exec(select(LoginSession.token_hash)).all() == ["b"]
        assert (done.guides, done.files) == (2, 18)
        assert set(world.guides()) == world.files() == {"1", "4"} and world.people() == {ANNA, OTHER_ANNA}
        assert world.says("Bruno") == world.says(BRUNO) == []

    def test_a_name_that_somebody_else_has_too_stays_theirs(self, world: World) -> None:
        greeting = world.guide_keys("1").segments[0]
        with world.opened() as database:
            first = purge_person(world.store, database, ANNA)
            assert greeting in world.pieces()[SEGMENTS] and first.segments == first.speech == 0
            second = purge_person(world.store, database, OTHER_ANNA)
        assert greeting not in world.pieces()[SEGMENTS] and second.segments > 0
        assert world.says("Anna") == []

    def test_what_staff_looked_at_of_the_persons_goes_and_of_others_stays(self, either_world: World) -> None:
        world = either_world
        greeting = {world.guide_keys("2").segments[0]}
        looked_at(world, greeting, number="2")
        with world.opened() as database:
            purge_person(world.store, database, ANNA)
            with database.session() as session:
                assert len(session.exec(select(Preview.id)).all()) == 1
            purge_person(world.store, database, BRUNO)
            with database.session() as session:
                assert session.exec(select(Preview.id)).all() == []
        assert not greeting & world.pieces()[SEGMENTS] and world.says("Bruno") == []

    def test_withdrawn_guides_go_too(self, world: World, tmp_path: Path) -> None:
        world.render(tmp_path, {**PEOPLE[0], "alunni": "1", "estratto": "2024-04-02"})
        with world.opened() as database:
            assert purge_person(world.store, database, ANNA).guides == 2

    def test_of_who_once_had_another_persons_number_nothing_is_left(self, world: World, tmp_path: Path) -> None:
        """The guide itself is the person's, not only the application: comment, view, file and name go with it."""
        first = world.guides()["2"].id
        with world.opened() as database:
            rate(database, first, 2, "Parole di chi aveva il numero.")
            open_view(database, first)
        dario = fiscal_code("VRDDRA80A01H501")
        report = world.render(
            tmp_path,
            {**PEOPLE[1], "cf": dario, "nome": "Dario", "estratto": "2024-04-02"},
            {**PEOPLE[2], "stato": "pagata"},
        )
        assert (report.made, report.withdrawn) == (1, 2)
        with world.opened() as database:
            (delivered,) = guides_of(database, dario)
            assert delivered.id != first and delivered.rating is None
            assert purge_person(world.store, database, BRUNO).guides == 2
            assert [guide.id for guide in guides_of(database, dario)] == [delivered.id]
        assert world.says("Bruno") == world.says(BRUNO) == world.says("Parole di chi") == world.says(first) == []
        assert world.people() == {ANNA, OTHER_ANNA, dario}

    def test_of_who_has_anothers_number_now_nothing_of_the_other_goes(self, world: World, tmp_path: Path) -> None:
        first = world.guides()["2"].id
        dario = fiscal_code("VRDDRA80A01H501")
        world.render(tmp_path, {**PEOPLE[1], "cf": dario, "nome": "Dario", "estratto": "2024-04-02"})
        with world.opened() as database:
            assert purge_person(world.store, database, dario).guides == 1
            with database.session() as session:
                assert session.get(GuideRecord, first) is not None
                application = session.exec(select(ApplicationRecord).where(ApplicationRecord.number == "2")).one()
                assert (application.first_name, application.recipient_id, application.facts) == ("", None, None)
        assert world.says(dario) == [] and world.people() == {ANNA, BRUNO, OTHER_ANNA}

    def test_the_code_comes_from_standard_input_and_is_never_said(self, world: World) -> None:
        forecast = world.cli("purge", "--person", "--dry-run", input=f"{BRUNO}\n")
        assert forecast.stdout.startswith("guide della persona: 2 da cancellare; file da togliere 18 ")
        assert world.people() == {ANNA, BRUNO, OTHER_ANNA}
        done = world.cli("purge", "--person", input=f"  {BRUNO.lower()}\r\n")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("guide della persona: 2 cancellate; file tolti 18 ")
        for process in (forecast, done):
            assert BRUNO.lower() not in (process.stdout + process.stderr).lower()
        assert world.people() == {ANNA, OTHER_ANNA}

    @pytest.mark.parametrize("code", [NOBODY, fiscal_code("GLLLRA90A41F205")])
    def test_who_has_no_guide_and_who_is_not_known_are_answered_alike(self, world: World, code: str) -> None:
        before = world.pieces(), world.files(), world.people()
        done = world.cli("purge", "--person", input=code)
        assert (done.returncode, done.stdout, done.stderr) == (0, "nessuna guida\n", "")
        assert (world.pieces(), world.files(), world.people()) == before

    @pytest.mark.parametrize("code", ["", BRUNO[:-1] + "A", f"{BRUNO} {ANNA}", "x" * 5000])
    def test_what_is_no_fiscal_code_is_one_clear_line(self, world: World, code: str) -> None:
        done = world.cli("purge", "--person", input=code)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "videoguide: codice fiscale: non è un codice fiscale valido\n"

    @pytest.mark.parametrize("options", [(), ("--expired", "--person"), ("--dry-run",)])
    def test_whose_guides_must_be_said_once(self, world: World, options: tuple[str, ...]) -> None:
        done = world.cli("purge", *options, input=BRUNO)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "videoguide: purge vuole una di queste opzioni: --expired, --person\n"
        assert world.files() == {"1", "2", "3", "4"}

    def test_bytes_that_are_no_text_and_no_input_at_all_are_no_fiscal_code(self, world: World) -> None:
        with (world.folder / "typed").open("w+b") as typed:
            typed.write(b"\xff\xfe RSS")
            typed.seek(0)
            binary = world.cli("purge", "--person", stdin=typed)
        closed = world.cli("purge", "--person", program="import sys\nsys.stdin = None", stdin=subprocess.DEVNULL)
        for done in (binary, closed):
            assert (
                done.returncode == 2 and done.stderr == "videoguide: codice fiscale: non è un codice fiscale valido\n"
            )

    def test_on_a_terminal_it_is_asked_for_and_not_shown(self, world: World) -> None:
        mine, theirs = pty.openpty()
        asking = subprocess.Popen(
            command("purge", "--person"),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=world.folder,
            env=environment(world.settings.store, VIDEOGUIDE_DATABASE=world.settings.database),
            start_new_session=True,
        )
        with asking:
            assert asking.stderr is not None
            asked = asking.stderr.read(len("Codice fiscale"))
            os.write(mine, f"{BRUNO}\n".encode())
            out, rest = asking.communicate(timeout=60)
        os.set_blocking(mine, False)
        with contextlib.suppress(BlockingIOError):
            asked += os.read(mine, 1000)
        for terminal in (mine, theirs):
            os.close(terminal)
        assert asking.returncode == 0 and out.startswith(b"guide della persona: 2 cancellate")
        assert asked.startswith(b"Codice fiscale") and BRUNO.encode() not in asked + rest

    def test_the_code_is_never_an_argument(self, world: World) -> None:
        done = world.cli("purge", "--person", BRUNO, input="")
        assert done.returncode == 2 and world.files() == {"1", "2", "3", "4"}


KILL = """
import os, signal, videoguide.runs.pieces as pieces, videoguide.runs.purging as purging, videoguide.store as store
inner, calls = {what}, []
def kill(*given, **named):
    calls.append(1)
    if len(calls) == {time}:
        os.kill(os.getpid(), signal.SIGKILL)
    return inner(*given, **named)
{what} = kill
"""


class TestKilled:
    """Killed at any moment, running it again finishes the job."""

    @pytest.fixture
    def expected(self, rendered: World, tmp_path: Path) -> Any:
        twin = copy_of(rendered, tmp_path / "twin")
        with twin.opened() as database:
            purge_person(twin.store, database, BRUNO)
        return twin.pieces(), set(twin.guides()), twin.people()

    @pytest.mark.parametrize(
        ("what", "when"),
        [
            ("purging._remove_folder", 2),
            ("purging.shutil.rmtree", 1),
            ("purging.remove_pieces", 1),
            ("store.Store.remove", 2),
            ("store.Store.remove", 3),
            ("store.Store.remove", 4),
            ("purging._delete_rows", 1),
            ("purging.delete", 2),
            ("purging.update", 1),
            ("purging.Database.settle", 1),
        ],
    )
    def test_a_purge_is_finished_by_the_next(self, world: World, expected: Any, what: str, when: int) -> None:
        killed = world.cli("purge", "--person", input=BRUNO, program=KILL.format(what=what, time=when))
        assert killed.returncode == -signal.SIGKILL and killed.stdout == ""
        with world.opened() as database:
            purge_person(world.store, database, BRUNO)
        assert (world.pieces(), set(world.guides()), world.people()) == expected
        assert world.files() == {"1", "4"} and world.says("Bruno") == world.says(BRUNO) == []

    def test_a_prune_is_finished_by_the_next(self, world: World) -> None:
        needed = world.pieces()
        preview(world, "Zoe")
        preview(world, "Yara")
        world.age()
        killed = world.cli("store", "prune", program=KILL.format(what="store.Store.remove", time=2))
        assert killed.returncode == -signal.SIGKILL
        with world.opened() as database:
            prune(world.store, database)
        assert world.pieces()[SEGMENTS] == needed[SEGMENTS] and world.pieces()[SPEECH] == needed[SPEECH]


class TestWhatCannotBeRemoved:
    def test_a_folder_in_which_nothing_can_be_removed_leaves_the_rows(self, world: World) -> None:
        folder = guide_folder(world.output, world.guides()["2"].id)
        shutil.rmtree(folder)
        folder.write_bytes(b"no folder at all")
        done = world.cli("purge", "--person", input=BRUNO)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f"videoguide: {folder}: non si può togliere: una parte del percorso non è una cartella\n"
        )
        assert set(world.guides()) == {"1", "2", "3", "4"} and BRUNO in world.people()
        folder.unlink()
        assert world.cli("purge", "--person", input=BRUNO).returncode == 0
        assert BRUNO not in world.people()

    @pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
    def test_a_folder_that_may_not_be_written_leaves_the_rows(self, world: World) -> None:
        world.expire("1")
        folder = guide_folder(world.output, world.guides()["1"].id)
        folder.chmod(0o500)
        with world.opened() as database, pytest.raises(StoreError, match="non si può togliere: permesso negato"):
            purge_expired(world.store, database)
        assert "1" in world.guides()

    def test_a_piece_that_cannot_be_removed_leaves_the_rows(self, world: World) -> None:
        alone = world.guide_keys("2").segments[0]
        path = world.store.path(SEGMENTS, alone)
        path.unlink()
        (path / "in the way").mkdir(parents=True)
        done = world.cli("purge", "--person", input=BRUNO)
        assert done.returncode == 1 and done.stderr.startswith(f"videoguide: {path}: non si può togliere: ")
        assert BRUNO in world.people()

    def test_a_reader_of_the_database_causes_a_warning(self, world: World) -> None:
        reader = sqlite3.connect(world.folder / "guides.db", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM recipients").fetchall()
        patient = "import videoguide.records.database as database\ndatabase.BUSY_MS = 50"
        done = world.cli("purge", "--person", input=BRUNO, program=patient)
        reader.close()
        assert done.returncode == 0 and done.stdout.startswith("guide della persona: 2 cancellate")
        assert done.stderr.startswith("videoguide: qualcuno sta leggendo il database")
        with world.opened():
            pass
        assert world.says(BRUNO) == []
