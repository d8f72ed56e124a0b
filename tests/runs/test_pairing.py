# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A store and a database that do not belong together refuse each other; an older pair finds itself."""

import re
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.databases import MakeAddress, address, postgresql  # noqa: F401  pytest finds them here
from tests.support.extracts import fiscal_code
from tests.support.rendered_worlds import World, copy_of, either_world, rendered, world  # noqa: F401  likewise
from tests.support.tiny_runs import approve
from videoguide.errors import InputError, StoreError
from videoguide.media.payload import SEGMENTS
from videoguide.records import audit, installation
from videoguide.records.database import Database
from videoguide.runs import pairing
from videoguide.runs.pruning import prune
from videoguide.runs.purging import purge_expired
from videoguide.store import OWNER_FILE, Store

pytestmark = pytest.mark.xdist_group("databases")

ANOTHERS = r"è di un altro database, non di .*: correggi VIDEOGUIDE_STORE o VIDEOGUIDE_DATABASE"
NOBODY_KNOWS = r"non si sa di quale database è: .* videoguide store join$"


def forget(world: World) -> None:  # noqa: F811
    """Make store and database as an older program left them; the next opening migrates."""
    (world.store.root / OWNER_FILE).unlink()
    with world.opened() as database, database.engine.begin() as connection:
        for statement in (
            "ALTER TABLE audits DROP COLUMN application_id",
            "DROP TABLE installations",
            "DROP TABLE ending_tallies",
            "UPDATE alembic_version SET version_num = '0005'",
        ):
            connection.execute(sa.text(statement))


def claim(address: str, store: str) -> str:  # noqa: F811
    with Database(address) as database:
        try:
            pairing.join(Store(Path(store)), database)
        except InputError as error:
            return error.message
        return installation.identity(database).id


class TestNew:
    def test_both_have_one_id_from_the_first_use_on(self, address: str, tmp_path: Path) -> None:  # noqa: F811
        store = Store(tmp_path / "store")
        with Database(address) as database:
            assert store.owner() == ""
            pairing.join(store, database)
            pairing.join(store, database)
            assert store.owner() == installation.identity(database).id
            assert re.fullmatch("[0-9a-f]{32}", store.owner())

    def test_two_databases_never_get_the_same(self, tmp_path: Path) -> None:
        assert len({claim(f"sqlite:///{tmp_path}/{n}.db", str(tmp_path / f"{n}")) for n in range(3)}) == 3

    def test_of_processes_that_begin_at_once_all_agree(self, address: str, tmp_path: Path) -> None:  # noqa: F811
        with ProcessPoolExecutor(3, get_context("spawn")) as executor:
            ids = set(executor.map(claim, [address] * 3, [str(tmp_path / "store")] * 3))
        assert ids == {Store(tmp_path / "store").owner()}

    def test_of_databases_that_want_one_new_store_at_once_one_gets_it(self, tmp_path: Path) -> None:
        addresses = [f"sqlite:///{tmp_path}/{n}.db" for n in range(4)]
        with ProcessPoolExecutor(4, get_context("spawn")) as executor:
            said = list(executor.map(claim, addresses, [str(tmp_path / "store")] * 4))
        assert said.count(Store(tmp_path / "store").owner()) == 1
        assert sum(bool(re.search(ANOTHERS, words)) for words in said) == 3

    def test_a_damaged_id_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / OWNER_FILE).write_text("x")
        with pytest.raises(StoreError, match="danneggiato"):
            Store(tmp_path).owner()


@pytest.mark.slow
class TestStrangers:
    def test_nothing_destructive_works_with_anothers_store(self, either_world: World, tmp_path: Path) -> None:  # noqa: F811
        world = either_world  # noqa: F811
        world.age()
        before = world.pieces()
        with Database(f"sqlite:///{tmp_path / 'other.db'}") as other:
            for destroy in (prune, purge_expired):
                with pytest.raises(InputError, match=ANOTHERS):
                    destroy(world.store, other)
            with pytest.raises(InputError, match=ANOTHERS):
                approve(replace(world.settings, database=other.address), world.pack)
        with world.opened() as database, pytest.raises(InputError, match=NOBODY_KNOWS):
            full = Store(Path(shutil.copytree(world.store.root, tmp_path / "full")))
            (full.root / OWNER_FILE).unlink()
            prune(full, database)
        assert world.pieces() == before and set(full.keys(SEGMENTS)) == before[SEGMENTS]

    @pytest.mark.parametrize("command", [("store", "prune"), ("store", "verify"), ("purge", "--expired"), ("serve",)])
    def test_a_command_says_so_in_one_line(self, world: World, command: tuple[str, ...]) -> None:  # noqa: F811
        other = f"sqlite:///{world.folder / 'other.db'}"
        with Database(other):
            pass
        env = {"VIDEOGUIDE_DATABASE": other, "VIDEOGUIDE_STORE": str(world.store.root)}
        done = world.cli(*command, env={**_environment(world), **env})
        assert (done.returncode, done.stdout) == (2, "") and re.fullmatch(f"videoguide: .*{ANOTHERS}.*\n", done.stderr)

    def test_by_hand_a_store_is_joined_and_with_force_taken_from_its_owner(self, world: World) -> None:  # noqa: F811
        other = f"sqlite:///{world.folder / 'other.db'}"
        with Database(other):
            pass
        env = {**_environment(world), "VIDEOGUIDE_DATABASE": other}
        assert world.cli("store", "join", env=env).returncode == 2
        done = world.cli("store", "join", "--force", env=env)
        assert done.returncode == 0 and done.stdout.endswith(f"adesso è di {other}\n")
        with Database(other) as database:
            assert [entry.what for entry in audit.entries(database)[0]] == ["store-join"]
            pairing.join(world.store, database)
        assert world.cli("store", "stats").returncode == 2, "the first owner is refused now"


def _environment(world: World) -> dict[str, str]:  # noqa: F811
    from tests.support.invented_guides import environment

    return environment(world.settings.store)


@pytest.mark.slow
class TestOlder:
    def test_a_pair_without_ids_is_joined_once(self, either_world: World, tmp_path: Path) -> None:  # noqa: F811
        world = either_world  # noqa: F811
        forget(world)
        with world.opened() as database:
            assert installation.identity(database).from_before
            pairing.join(world.store, database)
            mine = installation.identity(database)
            assert (world.store.owner(), mine.from_before) == (mine.id, False)
            again = Store(Path(shutil.copytree(world.store.root, tmp_path / "again")))
            (again.root / OWNER_FILE).unlink()
            with pytest.raises(InputError, match=NOBODY_KNOWS):
                pairing.join(again, database)

    def test_an_old_store_is_refused_to_a_new_database(self, world: World, tmp_path: Path) -> None:  # noqa: F811
        forget(world)
        before = world.pieces()
        with Database(f"sqlite:///{tmp_path / 'new.db'}") as new, pytest.raises(InputError, match=NOBODY_KNOWS):
            prune(world.store, new, keep_days=0)
        assert world.pieces() == before and world.store.owner() == ""
        with world.opened() as database:
            pairing.join(world.store, database)

    def test_another_old_database_of_the_same_campaign_does_not_get_it(
        self,
        world: World,  # noqa: F811
        rendered: World,  # noqa: F811
        tmp_path: Path,
    ) -> None:
        """Its scenes without a name are the same; those with one are not."""
        settings = replace(world.settings, database=f"sqlite:///{tmp_path}/o.db", store=tmp_path / "os")
        other = World(tmp_path / "o", settings, world.pack)
        other.folder.mkdir()
        other.render(tmp_path, {"numero": "1", "cf": fiscal_code("RSSLDV85T50A562"), "nome": "Ludovica"})
        forget(world)
        forget(other)
        with other.opened() as database, pytest.raises(InputError, match=NOBODY_KNOWS):
            pairing.join(world.store, database)
        for right in (world, other):
            with right.opened() as database:
                pairing.join(right.store, database)

    def test_a_small_old_database_does_not_get_a_store_that_is_full_of_others_scenes(
        self,
        world: World,  # noqa: F811
        tmp_path: Path,
    ) -> None:
        """Such as one that was copied long ago: all of its guides are there, but most of what is there is not its."""
        for number in range(4):
            for key in list(world.store.keys(SEGMENTS)):
                world.store.put(SEGMENTS, f"{number:02}{key[2:]}", [b"another's"])
        forget(world)
        with world.opened() as database, pytest.raises(InputError, match=NOBODY_KNOWS):
            pairing.join(world.store, database)
        done = world.cli("store", "join")
        assert done.returncode == 0, done.stderr

    def test_what_previews_alone_left_belongs_to_nobody(self, world: World, tmp_path: Path) -> None:  # noqa: F811
        store = Store(tmp_path / "store")
        shutil.copytree(world.store.root / SEGMENTS, store.root / SEGMENTS)
        with Database(f"sqlite:///{tmp_path / 'new.db'}") as new:
            pairing.join(store, new)
