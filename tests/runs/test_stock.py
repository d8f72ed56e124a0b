# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What is in the store, and whether it is whole: every kind of damage, by every kind of piece."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.databases import postgresql  # noqa: F401  pytest finds it here
from tests.support.invented_guides import environment
from tests.support.rendered_worlds import ANNA, KINDS, World, preview
from videoguide.guide.guides import OUTLINES
from videoguide.media.payload import SEGMENTS
from videoguide.picture.layers import LAYERS
from videoguide.records.versions import VERSIONS
from videoguide.runs.stock import Damage, remove_damaged, stats, verify
from videoguide.speech.narration import SPEECH
from videoguide.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("databases")]  # one PostgreSQL server is enough


class TestStats:
    def test_pieces_bytes_and_use_by_kind(self, either_world: World) -> None:
        extra = preview(either_world, "Zoe")
        with either_world.opened() as database:
            stocks = {stock.kind: stock for stock in stats(either_world.store, database)}
        version = stocks.pop(VERSIONS)
        assert (version.pieces, version.used) == (1, None) and version.size_bytes > 10_000, "a folder is a piece, too"
        assert list(stocks) == sorted(KINDS)
        for kind, stock in stocks.items():
            paths = [either_world.store.path(kind, key) for key in either_world.pieces()[kind]]
            assert (stock.pieces, stock.size_bytes) == (len(paths), sum(path.stat().st_size for path in paths))
        assert stocks[SEGMENTS].used == stocks[SEGMENTS].pieces - len(extra) and extra
        assert stocks[OUTLINES].used == stocks[OUTLINES].pieces == 2
        assert stocks[SPEECH].used == stocks[SPEECH].pieces - 1, "only Zoe’s greeting is used by no guide"
        assert stocks[LAYERS].used is None

    def test_the_command_says_it_in_a_table(self, world: World) -> None:
        done = world.cli("store", "stats")
        assert done.returncode == 0 and done.stderr == ""
        count = len(world.pieces()[SEGMENTS])
        assert re.search(rf"^scene +{count} +\d+,\d MB  usati {count}, non usati 0$", done.stdout, re.MULTILINE)
        assert re.search(r"^disegni +\d+ +\d+,\d MB$", done.stdout, re.MULTILINE)
        assert done.stdout.splitlines()[-1].startswith("in tutto")

    def test_a_store_that_is_not_there_holds_nothing(self, world: World) -> None:
        with world.opened() as database:
            assert stats(Store(world.folder / "other"), database) == []

    @pytest.mark.parametrize("what", [("store", "prune"), ("purge", "--expired")])
    def test_without_its_database_nothing_is_done(self, world: World, what: tuple[str, ...]) -> None:
        before = world.pieces()
        env = environment(world.settings.store, VIDEOGUIDE_DATABASE=f"sqlite:///{world.folder / 'wrong.db'}")
        done = world.cli(*what, env=env)
        assert done.returncode == 2 and done.stdout == ""
        assert done.stderr == f"videoguide: sqlite:///{world.folder / 'wrong.db'}: questo database non c’è\n"
        assert world.pieces() == before and not (world.folder / "wrong.db").exists()


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flipped(data: bytes) -> bytes:
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def emptied(data: bytes) -> bytes:
    return b""


class TestVerify:
    def test_a_sound_store_has_nothing_damaged(self, either_world: World) -> None:
        with either_world.opened() as database:
            verified = verify(either_world.store, database)
        assert verified.checked == sum(map(len, either_world.pieces().values())) and verified.damaged == ()
        assert verified.guides == 0

    @pytest.mark.parametrize("damage", [cut, flipped, emptied])
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind_of_damage_is_found_and_only_that(
        self, world: World, kind: str, damage: Callable[[bytes], bytes]
    ) -> None:
        key = max(world.pieces()[kind], key=lambda key: world.store.path(kind, key).stat().st_size)
        path = world.store.path(kind, key)
        path.write_bytes(damage(path.read_bytes()))
        with world.opened() as database:
            verified = verify(world.store, database)
            assert [(damaged_piece.kind, damaged_piece.key) for damaged_piece in verified.damaged] == [(kind, key)]
            assert verified.damaged[0].reason.startswith("danneggiato")
            assert (verified.guides > 0) is (kind in (SEGMENTS, OUTLINES))
            assert path.exists(), "looking changes nothing"
            assert remove_damaged(world.store, verified.damaged) == 1
            assert not path.exists() and verify(world.store, database).damaged == ()

    def test_another_pieces_content_under_a_key_is_damage_of_an_outline(self, world: World) -> None:
        damaged_outline, healthy_outline = (world.store.path(OUTLINES, key) for key in sorted(world.pieces()[OUTLINES]))
        damaged_outline.write_bytes(healthy_outline.read_bytes())
        with world.opened() as database:
            assert [damaged_piece.key for damaged_piece in verify(world.store, database).damaged] == [
                damaged_outline.name
            ]

    def test_a_piece_that_was_made_again_meanwhile_stays(self, world: World) -> None:
        key = next(iter(world.pieces()[SEGMENTS]))
        assert remove_damaged(world.store, [Damage(SEGMENTS, key, "danneggiato: troncato")]) == 0
        assert key in world.pieces()[SEGMENTS]

    def test_the_command_tells_and_fails_then_removes_and_render_makes_it_again(
        self, world: World, tmp_path: Path
    ) -> None:
        key = world.guide_keys("1").segments[0]
        path = world.store.path(SEGMENTS, key)
        path.write_bytes(flipped(path.read_bytes()))
        verified = world.cli("store", "verify")
        assert verified.returncode == 1 and verified.stderr == "" and path.exists()
        assert f"  scene {key}: danneggiato" in verified.stdout
        assert verified.stdout.endswith("danneggiati 1, tolti 0; guide che li usano 2\n")
        assert not {"Anna", ANNA} & set(re.findall(r"\w+", verified.stdout))
        removed = world.cli("store", "verify", "--remove")
        assert removed.returncode == 0 and removed.stdout.endswith("danneggiati 1, tolti 1; guide che li usano 2\n")
        assert world.render(tmp_path).segments.made == 1
        assert world.cli("store", "verify").returncode == 0

    def test_what_cannot_be_removed_is_an_error(self, world: World) -> None:
        path = world.store.path(SEGMENTS, "0" * 64)
        (path / "in the way").mkdir(parents=True)
        done = world.cli("store", "verify", "--remove")
        assert done.returncode == 1 and "Traceback" not in done.stderr
        assert re.fullmatch(rf"videoguide: {path}: non si può togliere: .+\n", done.stderr)
