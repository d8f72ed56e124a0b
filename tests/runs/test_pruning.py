# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What nothing needs is pruned, and nothing else."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from tests.support.databases import postgresql  # noqa: F401  pytest finds it here
from tests.support.rendered_worlds import PEOPLE, World, looked_at, preview
from videoguide.guide.guides import OUTLINES, read_guide
from videoguide.guide.keys import GuideKeys
from videoguide.media.payload import SEGMENTS
from videoguide.picture.layers import LAYERS
from videoguide.records.database import (
    Preview,
)
from videoguide.runs.pruning import prune
from videoguide.runs.purging import purge_expired
from videoguide.speech.narration import SPEECH

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("databases")]  # one PostgreSQL server is enough


class TestPrune:
    def test_what_guides_need_stays_and_what_is_old_and_nobodys_goes(self, either_world: World) -> None:
        world = either_world
        needed = world.pieces()
        extra = preview(world, "Zoe")
        world.age()
        with world.opened() as database:
            removed = {pruned.kind: pruned for pruned in prune(world.store, database)}
            assert (removed[SEGMENTS].pieces, removed[SPEECH].pieces, removed[OUTLINES].pieces) == (len(extra), 1, 0)
            assert removed[SEGMENTS].size_bytes > 0
            assert {**world.pieces(), LAYERS: set()} == {**needed, LAYERS: set()}
            assert all(pruned.pieces == 0 for pruned in prune(world.store, database)), "twice is once"
        for guide in world.guides().values():
            assert read_guide(world.store, GuideKeys.unpacked(guide.outline, guide.segments))
        assert world.says("Zoe") == []

    def test_what_is_young_stays_with_the_speech_that_it_was_made_of(self, world: World) -> None:
        preview(world, "Zoe")
        speech = world.pieces()[SPEECH]
        world.age()
        segments = preview(world, "Yara")
        with world.opened() as database:
            prune(world.store, database)
        left = world.pieces()
        assert segments <= left[SEGMENTS] and left[SPEECH] - speech
        assert world.says("Zoe") == [] and world.says("Yara") != []

    def test_the_days_are_counted(self, world: World) -> None:
        extra = preview(world, "Zoe")
        world.age(days=5)
        with world.opened() as database:
            assert sum(pruned.pieces for pruned in prune(world.store, database, keep_days=6)) == 0
            assert sum(pruned.pieces for pruned in prune(world.store, database, keep_days=4)) == len(extra) + 1

    def test_scenes_that_a_renewed_guide_has_left_behind_go(self, world: World, tmp_path: Path) -> None:
        old = world.pieces()[SEGMENTS]
        assert world.render(tmp_path, size=(640, 360)).renewed == 4
        world.age()
        with world.opened() as database:
            prune(world.store, database)
        assert world.pieces()[SEGMENTS] and not world.pieces()[SEGMENTS] & old

    def test_pieces_of_withdrawn_guides_stay_until_those_are_purged(self, world: World, tmp_path: Path) -> None:
        world.render(tmp_path, {**PEOPLE[1], "stato": "pagata", "estratto": "2024-04-02"})
        before = world.pieces()
        world.age()
        with world.opened() as database:
            prune(world.store, database)
        assert world.pieces() == before

    def test_what_staff_look_at_stays_until_its_time_is_over(self, either_world: World) -> None:
        world = either_world
        zoe = preview(world, "Zoe")
        looked_at(world, zoe, lasts=timedelta(0))
        with world.opened() as database:
            prune(world.store, database, keep_days=0)
            assert zoe and zoe <= world.pieces()[SEGMENTS]
            done = purge_expired(world.store, database)
            assert (done.guides, done.segments, done.speech) == (0, len(zoe), 1)
            assert not zoe & world.pieces()[SEGMENTS]
            with database.session() as session:
                assert session.exec(select(Preview.id)).all() == []

    def test_a_dry_run_tells_the_same_and_takes_nothing(self, world: World) -> None:
        preview(world, "Zoe")
        world.age()
        before = world.pieces()
        forecast = world.cli("store", "prune", "--dry-run")
        assert forecast.returncode == 0 and re.match(
            r"da togliere: frasi dette 1 \(\d,\d MB\), scene 1 ", forecast.stdout
        )
        assert world.pieces() == before
        done = world.cli("store", "prune")
        assert done.stdout == forecast.stdout.replace("da togliere", "pezzi tolti") and done.stderr == ""
        assert world.pieces() != before

    def test_what_killed_writers_left_behind_is_swept(self, world: World) -> None:
        left = world.store.root / SEGMENTS / "ab" / ".new-0123"
        left.parent.mkdir(exist_ok=True)
        left.write_bytes(b"half")
        world.age()
        with world.opened() as database:
            prune(world.store, database)
        assert not left.exists()

    def test_a_negative_number_of_days_is_refused(self, world: World) -> None:
        done = world.cli("store", "prune", "--keep-days", "-1")
        assert done.returncode == 2 and done.stderr.count("\n") == 1
