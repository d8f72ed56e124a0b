# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Nothing is taken away while a run is going on."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.databases import postgresql  # noqa: F401  pytest finds it here
from tests.support.rendered_worlds import World, preview
from videoguide.errors import Busy
from videoguide.locks import only_run
from videoguide.records.database import (
    Run,
    now,
)
from videoguide.runs import pieces
from videoguide.runs.pruning import prune
from videoguide.runs.purging import purge_expired
from videoguide.runs.quiet import no_run
from videoguide.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("databases")]  # one PostgreSQL server is enough


class TestWhileARenderIsGoingOn:
    """What takes away waits: a run relies on what it found and has not recorded yet."""

    def begin(self, world: World, output: Path, hours: int = 0) -> None:
        with world.opened() as database, database.session() as session:
            started = now() - timedelta(hours=hours)
            session.add(Run(campaign_id=world.pack.id, output=str(output), format="ranges", started_at=started))

    @pytest.mark.parametrize("hours", [0, 48])
    def test_nothing_is_taken_away(self, world: World, hours: int) -> None:
        world.expire("1")
        preview(world, "Zoe")
        world.age()
        before = world.pieces()
        self.begin(world, world.folder / "other", hours)
        with only_run(world.folder / "other"), world.opened() as database:
            for take in (prune, purge_expired):
                with pytest.raises(Busy, match="sta lavorando qui; aspetta che finisca"):
                    take(world.store, database)
                take(world.store, database, dry_run=True)
        assert world.pieces() == before and world.files() == {"1", "2", "3", "4"}

    def test_a_run_that_was_killed_holds_nothing_off(self, world: World) -> None:
        self.begin(world, world.output)
        with world.opened() as database, no_run(database) as check:
            check()
            with pytest.raises(Busy, match="sta lavorando qui"), only_run(world.output):
                pass

    @pytest.mark.parametrize(("hours", "held_off"), [(1, True), (25, False)])
    def test_a_run_somewhere_else_holds_off_for_a_day(self, world: World, hours: int, held_off: bool) -> None:
        self.begin(world, world.folder / "not here", hours)
        with world.opened() as database:
            if not held_off:
                prune(world.store, database)
                return
            with pytest.raises(Busy, match=r"un render è in corso dalle \d\d:\d\d UTC del \d\d/\d\d/\d{4}; aspetta"):
                prune(world.store, database)
            assert not (world.folder / "not here").exists()

    def test_a_run_that_begins_meanwhile_stops_the_taking_away(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        preview(world, "Zoe")
        preview(world, "Yara")
        world.age()
        monkeypatch.setattr(pieces, "BATCH", 1)
        remove, taken = Store.remove, []

        def remove_and_begin(self: Store, kind: str, key: str) -> bool:
            taken.append(key)
            test.begin(world, world.folder / "new")
            return remove(self, kind, key)

        test = self
        monkeypatch.setattr(Store, "remove", remove_and_begin)
        with world.opened() as database, pytest.raises(Busy, match="un render è in corso"):
            prune(world.store, database)
        assert len(taken) == 1
