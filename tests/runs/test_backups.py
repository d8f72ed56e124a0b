# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A backup that is made while everything goes on gives back the same guides; one that is not whole gives nothing."""

import contextlib
import json
import shutil
import signal
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel, select, update

from tests.support.databases import postgresql, postgresql_programs  # noqa: F401  pytest finds them here
from tests.support.delivered_guides import deliver
from tests.support.invented_guides import command, environment
from tests.support.places import PACKS
from tests.support.portals import GIULIA, running_portal
from tests.support.rendered_worlds import (  # noqa: F401  likewise
    ANNA,
    BRUNO,
    PEOPLE,
    World,
    either_world,
    rendered,
    world,
)
from tests.support.tiny_runs import FOUR, Office, until
from videoguide.errors import Busy, InputError, StoreError
from videoguide.guide.guides import OUTLINES, Guide, read_guide
from videoguide.guide.keys import GuideKeys
from videoguide.locks import only_run
from videoguide.media.payload import SEGMENTS
from videoguide.packs.campaigns import Campaign
from videoguide.portal.media import FILES, film
from videoguide.records import audit, copies, installation
from videoguide.records.database import Database, GuideRecord, LoginSession, Run, View, now
from videoguide.records.versions import VERSIONS
from videoguide.runs import pairing
from videoguide.runs.backups import MANIFEST_FILE, Backup, back_up, restore
from videoguide.runs.pruning import prune
from videoguide.runs.purging import PURGED, purge_expired, purge_person
from videoguide.settings import Settings
from videoguide.speech.narration import SPEECH
from videoguide.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("databases")]

Rows = dict[str, list[tuple[Any, ...]]]


def rows(address: str, *without: str) -> Rows:
    """Every row of every table, but for these tables."""
    with Database(address) as database, database.engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(table.select())), key=repr)
            for table in SQLModel.metadata.sorted_tables
            if table.name not in without
        }


def films(settings: Settings) -> dict[str, bytes]:
    """The bytes of every guide's film, by its id."""
    store = Store(settings.store)
    with Database(settings.database) as database, database.session() as session:
        guides = session.exec(select(GuideRecord)).all()
    made: dict[str, bytes] = {}
    for guide in guides:
        whole = film(read_guide(store, GuideKeys.unpacked(guide.outline, guide.segments)))
        made[guide.id] = b"".join(whole.read(0, whole.size_bytes))
    return made


def backed_up(world: World, folder: Path) -> Backup:  # noqa: F811
    with world.opened() as database:
        return back_up(world.store, database, folder, "anna")


def lose(world: World) -> World:  # noqa: F811
    """Everything but the backups is lost; the same addresses, as after a new start."""
    address = world.settings.database
    shutil.rmtree(world.store.root)
    if address.startswith("sqlite"):
        for path in world.folder.glob("guides.db*"):
            path.unlink()
    else:
        with Database(address, migrate=False) as database, database.engine.begin() as connection:
            place = copies.postgresql_schema(database.engine)
            connection.exec_driver_sql(f"DROP SCHEMA {place} CASCADE")
            connection.exec_driver_sql(f"CREATE SCHEMA {place}")
    return world


@pytest.fixture(autouse=True)
def programs(request: pytest.FixtureRequest) -> None:
    """PostgreSQL's programs, where its server is."""
    if "postgresql" in request.node.name:
        request.getfixturevalue("postgresql_programs")


class TestRoundTrip:
    def test_what_comes_back_is_what_was_there(self, either_world: World, tmp_path: Path) -> None:  # noqa: F811
        world = either_world  # noqa: F811
        before, watched = rows(world.settings.database), films(world.settings)
        pieces = {kind: set(world.store.keys(kind)) for kind in (OUTLINES, SEGMENTS, SPEECH, VERSIONS)}
        made = backed_up(world, tmp_path / "copies")
        assert made.folder.parent == tmp_path / "copies" and made.manifest.guides == 4 and not made.manifest.missing
        done = restore(tmp_path / "copies", lose(world).settings, "bruno")
        assert done.backup.folder == made.folder and done.purged == 0
        after = rows(world.settings.database)
        assert [row[2:5] for row in after.pop("audits") if row not in before["audits"]] == [("bruno", "", "restore")]
        before.pop("audits")
        assert after == before and films(world.settings) == watched
        assert {kind: set(world.store.keys(kind)) for kind in pieces} == pieces
        with world.opened() as database:
            pairing.join(world.store, database)
            assert all(removed.pieces == 0 for removed in prune(world.store, database, keep_days=0))
        assert world.render(tmp_path).kept == 4, "the next run goes on from there"

    def test_only_what_the_database_needs_is_kept(self, world: World, tmp_path: Path) -> None:  # noqa: F811
        world.store.put(SEGMENTS, "0" * 64, [b"nobody's"])
        (world.store.root / SEGMENTS / "00" / ".new-1").write_bytes(b"half")
        made = backed_up(world, tmp_path)
        kinds = {name.split("/")[0] for name in made.manifest.files if "/" in name}
        assert kinds == {OUTLINES, SEGMENTS, SPEECH, VERSIONS}
        assert f"{SEGMENTS}/00/{'0' * 64}" not in made.manifest.files
        there = {path.relative_to(made.folder).as_posix() for path in made.folder.rglob("*") if path.is_file()}
        assert there == {*made.manifest.files, MANIFEST_FILE}

    def test_nobody_is_logged_in_and_no_run_goes_on_afterwards(self, either_world: World, tmp_path: Path) -> None:  # noqa: F811
        world = either_world  # noqa: F811
        with world.opened() as database, database.session() as session:
            session.add(LoginSession(token_hash="f" * 64, fiscal_code=GIULIA, role="citizen"))
            session.add(Run(campaign_id=world.pack.id, output=str(tmp_path / "gone"), format="ranges"))
        made = backed_up(world, tmp_path / "copies")
        assert not [path for path in made.folder.rglob("*") if path.is_file() and GIULIA.encode() in path.read_bytes()]
        restore(made.folder, lose(world).settings, "anna")
        with world.opened() as database:
            with database.session() as session:
                assert session.exec(select(LoginSession)).all() == []
                assert all(run.ended_at for run in session.exec(select(Run)))
            purge_expired(world.store, database)  # is not busy

    def test_the_database_alone_comes_back_to_its_own_store(self, world: World, tmp_path: Path) -> None:  # noqa: F811
        backed_up(world, tmp_path)
        (world.folder / "guides.db").unlink()
        key = next(iter(world.store.keys(SEGMENTS)))
        world.store.put(SEGMENTS, "0" * 64, [b"made since"])
        whole = world.store.path(SEGMENTS, key).read_bytes()
        world.store.put(SEGMENTS, key, [whole[:-1]])
        restore(tmp_path, world.settings, "anna")
        assert world.store.path(SEGMENTS, key).read_bytes() == whole
        assert "0" * 64 in set(world.store.keys(SEGMENTS)) and len(films(world.settings)) == 4


class TestMeanwhile:
    def test_who_reads_beside_the_copy_sees_the_same_moment(self, either_world: World, tmp_path: Path) -> None:  # noqa: F811
        """Else the copy would name pieces that are not looked for."""
        with either_world.opened() as database, copies.snapshot(database, tmp_path) as (_, state):
            with database.session() as session:
                session.execute(update(GuideRecord).values(cases="changed since"))
            with state.session() as session:
                cases = set(session.exec(select(GuideRecord.cases)))
        assert cases and "changed since" not in cases

    def test_while_a_server_serves_and_writes_the_copy_serves_the_same_bytes(
        self, tiny_guide: Guide, shared_store: Path, tmp_path: Path
    ) -> None:
        copies_folder, there, back = tmp_path / "copies", tmp_path / "there", tmp_path / "back"
        stop, written = threading.Event(), [0, 0]

        def write(portal: Any, writer: int) -> None:
            """Each writer counts what it has committed."""
            with portal.as_citizen(GIULIA) as browser:
                while not stop.is_set():
                    browser.get(f"/guide/{'a' * 32}")
                    with portal.portal.database.session() as session:
                        session.add(View(id=f"{writer:016x}{written[writer]:016x}", guide_id="a" * 32))
                    written[writer] += 1

        def served(portal: Any) -> dict[str, bytes]:
            with portal.as_citizen(GIULIA) as browser:
                answers = {file: browser.get(f"/guide/{'a' * 32}/{file}") for file in FILES}
            assert {answer.status_code for answer in answers.values()} == {200}
            return {file: answer.content for file, answer in answers.items()}

        with running_portal(there, {}, store=shared_store) as portal:
            deliver(portal.portal.database, GIULIA, guide=tiny_guide, store=portal.portal.store)
            wanted = served(portal)
            writing = [threading.Thread(target=write, args=(portal, writer)) for writer in range(2)]
            for thread in writing:
                thread.start()
            done = []
            try:
                for number in range(1, 4):
                    assert until(lambda least=5 * number: min(written) > least)  # type: ignore[misc]
                    at_least = sum(written)
                    made = back_up(portal.portal.store, portal.portal.database, copies_folder, "anna")
                    done.append((at_least, made))
            finally:
                stop.set()
                for thread in writing:
                    thread.join(30)
        for at_least, made in done:
            shutil.rmtree(back, ignore_errors=True)
            settings = replace(portal.portal.settings, database=f"sqlite:///{back}/portal.db", store=back / "store")
            restore(made.folder, settings, "anna")
            with contextlib.closing(sqlite3.connect(back / "portal.db")) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            with running_portal(back, {}) as restored:
                assert served(restored) == wanted
                with restored.portal.database.session() as session:
                    assert len(session.exec(select(View.id)).all()) >= at_least, "what was committed before is there"

    @pytest.mark.parametrize("stage", ["Piano", "Scene", "Guide"])
    def test_while_a_run_goes_on_every_guide_in_the_copy_is_whole(
        self, tmp_path: Path, tiny: Campaign, monkeypatch: pytest.MonkeyPatch, stage: str
    ) -> None:
        from videoguide.runs import pipeline

        monkeypatch.setattr(pipeline, "BATCH", 1)
        office, made = Office(tmp_path / "office", tiny), []

        def tell(what: str, done: int, total: int) -> None:
            if what == stage and done in (1, 2):
                with Database(office.settings.database) as database:
                    made.append(
                        back_up(Store(office.settings.store), database, tmp_path / f"{done}", "anna").manifest.guides
                    )

        office.render(*FOUR, format="ranges", tell=tell)
        assert made == ([1, 2] if stage == "Guide" else [0, 0])
        again = Office(tmp_path / "again", tiny)
        restore(tmp_path / "2", again.settings, "anna")
        assert len(films(again.settings)) == made[1]
        report = again.render(*FOUR, format="ranges")
        assert (report.made, report.kept) == (4 - made[1], made[1])

    def test_what_takes_pieces_away_and_a_backup_wait_for_each_other(self, world: World, tmp_path: Path) -> None:  # noqa: F811
        with world.opened() as database, only_run(world.store.root):
            for work in (
                lambda: prune(world.store, database),
                lambda: purge_expired(world.store, database),
                lambda: purge_person(world.store, database, ANNA),
                lambda: back_up(world.store, database, tmp_path, "anna"),
            ):
                with pytest.raises(Busy):
                    work()
        assert len(world.guides()) == 4 and list(tmp_path.glob("2*")) == []


class TestSharing:
    def test_the_next_copy_takes_room_for_what_is_new_alone(self, world: World, tmp_path: Path) -> None:  # noqa: F811
        first = backed_up(world, tmp_path / "copies")
        world.render(tmp_path, {**PEOPLE[0], "numero": "9", "nome": "Zoe"})
        later(first)
        second = backed_up(world, tmp_path / "copies")
        new = set(second.manifest.files) - set(first.manifest.files)
        assert second.manifest.guides == 5 and any(name.startswith(SEGMENTS) for name in new)
        for name in second.manifest.files:
            links = (second.folder / name).stat().st_nlink
            assert links == (1 if name in new or "/" not in name else 2), name
        assert second.copied_bytes == sum(second.manifest.files[name][0] for name in {*new, "database.sqlite"})
        shutil.rmtree(first.folder.parent / "2000-01-01T000000Z")
        restore(tmp_path / "copies", lose(world).settings, "anna")
        assert len(films(world.settings)) == 5

    def test_another_installations_copy_shares_nothing(self, world: World, tmp_path: Path, tiny: Campaign) -> None:  # noqa: F811
        later(backed_up(world, tmp_path / "copies"))
        office = Office(tmp_path / "office", tiny)
        office.render(*FOUR, format="ranges")
        with Database(office.settings.database) as database:
            made = back_up(Store(office.settings.store), database, tmp_path / "copies", "anna")
        assert {(made.folder / name).stat().st_nlink for name in made.manifest.files} == {1}

    def test_what_is_kept_is_for_its_owner_alone(self, world: World, tmp_path: Path) -> None:  # noqa: F811
        folder = tmp_path / "copies"
        restored = replace(world.settings, database=f"sqlite:///{tmp_path}/r/x.db", store=tmp_path / "r" / "store")
        for _ in range(2):
            later(backed_up(world, folder))
        restore(folder / "2000-01-01T000000Z", restored, "anna")
        for path in (folder, *folder.rglob("*"), tmp_path / "r", *(tmp_path / "r").rglob("*")):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def later(backup: Backup) -> None:
    """Make a backup an old one: two of one second would have one name."""
    place = backup.folder.with_name("2000-01-01T000000Z")
    shutil.rmtree(place, ignore_errors=True)
    backup.folder.rename(place)


def run(*words: str, settings: Settings, program: str = "", **more: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*words, program=program),
        env=environment(settings.store, VIDEOGUIDE_DATABASE=settings.database, VIDEOGUIDE_SCENES=str(PACKS)),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        **more,
    )


KILLED_AT = """
import os, signal
from videoguide.runs import backups
inner, left = backups.{function}, [{calls}]
def killed(*arguments):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return inner(*arguments)
backups.{function} = killed
"""


class TestBroken:
    @pytest.mark.parametrize(("function", "calls"), [("_measured", 1), ("_copy", 1), ("_copy", 5), ("_keep", 1)])
    def test_a_killed_backup_is_none_and_the_next_one_clears_it_away(
        self,
        world: World,  # noqa: F811
        tmp_path: Path,
        function: str,
        calls: int,
    ) -> None:
        folder = tmp_path / "copies"
        done = run(
            *("backup", str(folder)),
            settings=world.settings,
            program=KILLED_AT.format(function=function, calls=calls),
        )
        assert done.returncode == -signal.SIGKILL
        left = [path.name for path in folder.iterdir() if path.is_dir()]
        assert len(left) == 1 and left[0].startswith(".new-")
        elsewhere = replace(world.settings, database=f"sqlite:///{tmp_path}/x.db", store=tmp_path / "s")
        for place in (folder, folder / left[0]):
            refused = run("restore", str(place), settings=elsewhere)
            assert refused.returncode == 2 and "non c’è una copia di sicurezza completa" in refused.stderr
        assert not (tmp_path / "x.db").exists() and not (tmp_path / "s").exists()
        done = run("backup", str(folder), settings=world.settings)
        assert done.returncode == 0 and ": guide 4, file " in done.stdout, done.stderr
        assert len(list(folder.iterdir())) == 1

    def test_on_a_full_disk_nothing_stays_and_one_line_says_so(self, world: World, tmp_path: Path) -> None:  # noqa: F811
        folder = tmp_path / "copies"
        for room in (2_000, 300_000):  # too little for the database, and for a scene
            program = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))"
            key = next(iter(world.store.keys(SEGMENTS)))
            with world.store.path(SEGMENTS, key).open("ab") as segment:
                segment.truncate(400_000)
            done = run("backup", str(folder), settings=world.settings, program=program)
            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
            assert not folder.exists() or list(folder.iterdir()) == []

    @pytest.mark.parametrize("kind", ["database.sqlite", SEGMENTS, OUTLINES, VERSIONS])
    @pytest.mark.parametrize("how", ["changed", "longer", "gone"])
    def test_a_file_that_is_not_as_it_was_is_named_and_nothing_is_restored(
        self,
        world: World,  # noqa: F811
        tmp_path: Path,
        kind: str,
        how: str,
    ) -> None:
        made = backed_up(world, tmp_path / "copies")
        name = next(name for name in made.manifest.files if name.startswith(kind))
        file = made.folder / name
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        if how == "gone":
            file.unlink()
        else:
            file.write_bytes(bytes(content) if how == "changed" else file.read_bytes() + b"x")
        elsewhere = replace(world.settings, database=f"sqlite:///{tmp_path}/x.db", store=tmp_path / "s")
        for dry_run in (True, False):
            with pytest.raises(
                StoreError, match=f"danneggiata: file che mancano o sono cambiati: 1, il primo è '{name}'"
            ):
                restore(made.folder, elsewhere, "anna", dry_run=dry_run)
        assert not (tmp_path / "x.db").exists() and not (tmp_path / "s").exists()

    @pytest.mark.parametrize(
        "change",
        [
            lambda text: text[: len(text) // 2],
            lambda text: "{}",
            lambda text: text.replace('"guides": 4', '"guides": 3'),
            lambda text: json.dumps({**json.loads(text), "files": {}}),
        ],
    )
    def test_a_list_that_is_not_as_it_was_is_refused(
        self,
        world: World,  # noqa: F811
        tmp_path: Path,
        change: Callable[[str], str],
    ) -> None:
        made = backed_up(world, tmp_path)
        file = made.folder / MANIFEST_FILE
        file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
        with pytest.raises(StoreError, match="danneggiato: "):
            restore(made.folder, lose(world).settings, "anna")
        assert not (world.folder / "guides.db").exists()

    def test_pieces_that_the_store_lacks_are_told_and_the_rest_is_kept(self, world: World, tmp_path: Path) -> None:  # noqa: F811
        (key,) = set(world.guide_keys("1").segments) - set(world.guide_keys("2").segments)
        world.store.remove(SEGMENTS, key)
        done = run("backup", str(tmp_path / "copies"), settings=world.settings)
        assert done.returncode == 1 and "mancavano 1 pezzi" in done.stderr and "guide 4" in done.stdout
        restore(tmp_path / "copies", lose(world).settings, "anna")
        assert world.render(tmp_path).kept == 4 and len(films(world.settings)) == 4, "the next run makes them"


class TestRefused:
    @pytest.fixture
    def made(self, world: World, tmp_path: Path) -> Iterator[Path]:  # noqa: F811
        yield backed_up(world, tmp_path / "copies").folder

    def refused(self, made: Path, words: str, **changed: Any) -> None:
        settings = replace(changed.pop("settings"), **changed)
        with pytest.raises((InputError, StoreError), match=words) as caught:
            restore(made, settings, "anna")
        assert "\n" not in caught.value.message

    def test_a_place_that_holds_something(self, world: World, made: Path, tmp_path: Path) -> None:  # noqa: F811
        before = rows(world.settings.database)
        new, here = {"database": f"sqlite:///{tmp_path}/x.db"}, world.settings
        self.refused(made, "qui c’è già un database", settings=here)
        self.refused(made, "qui c’è già un database", settings=here, store=tmp_path / "s")
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "x").touch()
        self.refused(made, "non è vuoto e non è quello della copia", settings=here, store=tmp_path / "full", **new)
        Store(tmp_path / "others").claim("0" * 32)
        self.refused(made, "non è vuoto e non è quello della copia", settings=here, store=tmp_path / "others", **new)
        assert rows(world.settings.database) == before and not (tmp_path / "x.db").exists()

    def test_a_journal_that_is_left_of_a_lost_database(self, world: World, made: Path) -> None:  # noqa: F811
        """SQLite would play it into the restored file."""
        lose(world)
        (world.folder / "guides.db-wal").write_bytes(b"x" * 5000)
        self.refused(made, "guides.db-wal: è rimasto di un altro database", settings=world.settings)

    def test_a_newer_programs_copy(self, world: World, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
        monkeypatch.setattr("videoguide.records.schema.is_known", lambda version: False)
        self.refused(made, "database più nuovo del programma", settings=world.settings)

    def test_another_kind_of_database(self, world: World, made: Path) -> None:  # noqa: F811
        address = "postgresql+psycopg://localhost:1/x"
        self.refused(made, "la copia è di un database sqlite", settings=world.settings, database=address)
        self.refused(made, "ammessi: SQLite e PostgreSQL", settings=world.settings, database="sqlite://")

    def test_a_folder_without_a_copy(self, world: World, tmp_path: Path) -> None:  # noqa: F811
        self.refused(tmp_path / "nothing", "non c’è una copia di sicurezza completa", settings=world.settings)

    def test_a_backup_inside_the_store(self, world: World) -> None:  # noqa: F811
        with world.opened() as database, pytest.raises(InputError, match="non può stare nel magazzino"):
            back_up(world.store, database, world.store.root / "copies", "anna")


class TestStopped:
    @pytest.mark.parametrize(
        ("function", "calls", "words"),
        [
            ("write_whole", 9, ("serve",)),
            ("_put_back", 1, ("approve", "bonus-libri")),
            ("_purge_again", 1, ("store", "prune")),
        ],
    )
    def test_a_killed_restore_is_used_by_nobody_and_finished_by_restoring_again(
        self,
        world: World,  # noqa: F811
        tmp_path: Path,
        function: str,
        calls: int,
        words: tuple[str, ...],
    ) -> None:
        wanted = films(world.settings)
        backed_up(world, tmp_path / "copies")
        settings = lose(world).settings
        program = KILLED_AT.format(function=function, calls=calls)
        assert (
            run("restore", str(tmp_path / "copies"), settings=settings, program=program).returncode == -signal.SIGKILL
        )
        shutil.copytree(world.folder, tmp_path / "try")
        tried = replace(settings, database=f"sqlite:///{tmp_path}/try/guides.db", store=tmp_path / "try" / "store")
        refused = run(*words, settings=tried)
        assert refused.returncode == 2 and refused.stderr.count("\n") == 1, refused.stderr
        done = run("restore", str(tmp_path / "copies"), settings=settings)
        assert done.returncode == 0, done.stderr
        with world.opened() as database:
            prune(world.store, database)
        assert films(settings) == wanted

    def test_in_postgresql_the_database_comes_as_a_whole_or_not_at_all(
        self,
        either_world: World,  # noqa: F811
        tmp_path: Path,
    ) -> None:
        world = either_world  # noqa: F811
        wanted, folder = films(world.settings), str(tmp_path / "copies")
        backed_up(world, tmp_path / "copies")
        settings = lose(world).settings
        for function, calls in (("_put_back", 1), ("_purge_again", 1), ("_purge_again", 1)):
            program = KILLED_AT.format(function=function, calls=calls)
            assert run("restore", folder, settings=settings, program=program).returncode == -signal.SIGKILL
            there = copies.whose(settings.database)
            assert there == (None if function == "_put_back" else world.store.owner())
        done = run("restore", folder, settings=settings)
        assert done.returncode == 0 and films(settings) == wanted, done.stderr
        assert run("restore", folder, settings=settings).returncode == 2, "once it is finished, it is a place like any"


class TestPurged:
    def test_who_was_deleted_after_the_copy_does_not_come_back_where_the_store_is_left(
        self,
        either_world: World,  # noqa: F811
        tmp_path: Path,
    ) -> None:
        world = either_world  # noqa: F811
        made = backed_up(world, tmp_path / "copies")
        tick(made)
        with world.opened() as database:
            purge_person(world.store, database, ANNA)
        ledger = shutil.copytree(world.store.root / PURGED, tmp_path / "ledger")
        owner = world.store.owner()
        lose(world)
        world.store.claim(owner)
        shutil.copytree(ledger, world.store.root / PURGED)
        done = restore(tmp_path / "copies", world.settings, "bruno")
        assert done.purged == 1 and ANNA not in world.people() and len(world.guides()) == 3
        with world.opened() as database:
            noted = [entry.what for entry in audit.entries(database)[0]]
        assert noted[:2] in (["restore", "purge-restored"], ["purge-restored", "restore"])
        assert ANNA.encode() not in b"".join(path.read_bytes() for path in world.folder.glob("guides.db*"))

    def test_a_later_copy_beside_it_knows_as_well(self, world: World, tmp_path: Path) -> None:  # noqa: F811
        first = backed_up(world, tmp_path / "copies")
        tick(first)
        later(first)
        with world.opened() as database:
            purge_person(world.store, database, BRUNO)
        second = backed_up(world, tmp_path / "copies")
        assert any(name.startswith(PURGED) for name in second.manifest.files)
        done = restore(tmp_path / "copies" / "2000-01-01T000000Z", lose(world).settings, "anna")
        assert done.purged == 1 and BRUNO not in world.people()

    def test_who_came_back_before_the_copy_stays(self, world: World, tmp_path: Path) -> None:  # noqa: F811
        with world.opened() as database:
            purge_person(world.store, database, BRUNO)
        world.render(tmp_path, *({**person, "estratto": "2024-04-02"} for person in PEOPLE[:4]))
        assert BRUNO in world.people()
        (path,) = (world.store.root / PURGED).glob("??/*")
        path.write_text((now() - timedelta(days=1)).isoformat())
        backed_up(world, tmp_path / "copies")
        assert restore(tmp_path / "copies", lose(world).settings, "anna").purged == 0 and BRUNO in world.people()

    def test_nobody_can_try_codes_on_what_the_store_keeps(self, world: World) -> None:  # noqa: F811
        from hashlib import sha256

        with world.opened() as database:
            purge_person(world.store, database, ANNA)
            mine = installation.identity(database)
        (key,) = world.store.keys(PURGED)
        assert key == installation.hash_of_person(mine, ANNA) != sha256(ANNA.encode()).hexdigest()
        assert not [p for p in world.store.root.rglob("*") if p.is_file() and mine.secret.encode() in p.read_bytes()]


def tick(backup: Backup) -> None:
    """Make a backup a day older than it is."""
    backup.manifest.made_at -= timedelta(days=1)
    (backup.folder / MANIFEST_FILE).write_bytes(backup.manifest.sealed())


class TestCommands:
    def test_they_say_what_they_did_and_note_it(self, world: World, tmp_path: Path) -> None:  # noqa: F811
        done = world.cli("backup", str(tmp_path / "copies"))
        assert (done.returncode, done.stderr) == (0, "") and ": guide 4, file " in done.stdout
        with world.opened() as database:
            assert audit.entries(database)[0][0].what == "backup"
        lose(world)
        tried = world.cli("restore", str(tmp_path / "copies"), "--dry-run")
        assert tried.returncode == 0 and "la copia è sana: guide 4" in tried.stdout
        assert not (world.folder / "guides.db").exists() and not world.store.root.exists()
        done = world.cli("restore", str(tmp_path / "copies"))
        assert done.returncode == 0 and ": guide 4, file " in done.stdout and "purge --person" in done.stderr
        assert world.cli("store", "verify").returncode == 0

    @pytest.mark.parametrize(("version", "says"), [("", "nessuna"), ("pg_dump (PostgreSQL) 9.6.1", "9")])
    def test_without_postgresqls_programs_one_line_says_what_to_install(
        self,
        postgresql: Callable[[], str],  # noqa: F811
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        version: str,
        says: str,
    ) -> None:
        (tmp_path / "bin").mkdir()
        if version:
            program = tmp_path / "bin" / "pg_dump"
            program.write_text(f"#!/bin/sh\necho '{version}'\n")
            program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        monkeypatch.setattr(copies, "DEBIAN", str(tmp_path / "{major}"))
        words = rf"^pg_dump: serve quello di PostgreSQL \d+, .* trovata: {says} "
        with Database(postgresql()) as database, pytest.raises(StoreError, match=words):
            back_up(Store(tmp_path / "store"), database, tmp_path / "copies", "anna")
        assert list((tmp_path / "copies").glob("*")) == []
