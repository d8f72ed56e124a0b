"""What the store holds, what is damaged, what nobody needs, and what must be gone for good."""

import contextlib
import csv
import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from databases import postgresql  # noqa: F401  pytest finds it here
from extracts import fiscal_code
from invented_guides import an_application, command, environment, small
from sqlmodel import col, select
from tiny_runs import approve

from videoguide import upkeep
from videoguide.campaigns import Campaign
from videoguide.database import (
    ApplicationRecord,
    Database,
    GuideRecord,
    LoginSession,
    Preview,
    Rating,
    Recipient,
    Run,
    View,
    now,
)
from videoguide.errors import InputError, StoreError
from videoguide.guides import OUTLINES, read_guide
from videoguide.locks import only_run
from videoguide.narration import SPEECH
from videoguide.payload import SEGMENTS
from videoguide.pipeline import GUIDE_FILE, guide_folder, render
from videoguide.previews import make_guide
from videoguide.register import keys_of
from videoguide.reports import Report
from videoguide.script import write_script
from videoguide.segments import open_studio
from videoguide.settings import Settings
from videoguide.store import Store
from videoguide.upkeep import (
    LAYERS,
    Damage,
    Purged,
    no_run,
    prune,
    purge_expired,
    purge_person,
    remove_damaged,
    stats,
    verify,
)
from videoguide.versions import VERSIONS

pytestmark = pytest.mark.xdist_group("databases")  # one PostgreSQL server is enough

KINDS = (SEGMENTS, SPEECH, OUTLINES, LAYERS)

ROW = {
    "sesso": "f",
    "chi": "genitore",
    "del": "2024-03-01",
    "via": "web",
    "patronato": "",
    "stato": "attesa",
    "dal": "",
    "consenso": "s",
    "email": "",
    "cellulare": "",
    "io": "n",
    "estratto": "2024-04-01",
    "scontrini": "L",
    "alunni": "0",
}
ANNA, BRUNO, OTHER_ANNA, NOBODY = (fiscal_code(f"{name}85T50A562") for name in ("RSSNNA", "BNCBRN", "VRDNNA", "NROZOE"))
PEOPLE = [
    {"numero": "1", "cf": ANNA, "nome": "Anna"},
    {"numero": "2", "cf": BRUNO, "nome": "Bruno", "sesso": "m"},
    {"numero": "3", "cf": BRUNO, "nome": "Bruno", "sesso": "m", "scontrini": "", "alunni": "2"},
    {"numero": "4", "cf": OTHER_ANNA, "nome": "Anna"},
    {"numero": "5", "cf": NOBODY, "nome": "Zoe", "consenso": "n"},
]


@dataclass
class World:
    """A store, a database and an output folder with four guides, of Anna, Bruno (two) and another Anna."""

    folder: Path
    settings: Settings
    pack: Campaign

    @property
    def output(self) -> Path:
        return self.folder / "guides"

    @property
    def store(self) -> Store:
        return Store(self.settings.store)

    @contextlib.contextmanager
    def opened(self) -> Iterator[Database]:
        with Database(self.settings.database) as database:
            yield database

    def render(self, tmp_path: Path, *people: dict[str, str], **changed: Any) -> Report:
        extract = tmp_path / "extract.csv"
        rows = [{**ROW, **person} for person in people or PEOPLE]
        with extract.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        settings = replace(self.settings, **changed)
        approve(settings, self.pack)
        return render(extract, self.pack, settings, self.output, workers=1)

    def guides(self) -> dict[str, GuideRecord]:
        """Each application's only guide, by its number."""
        with self.opened() as database, database.session() as session:
            query = select(ApplicationRecord.number, GuideRecord).join(
                GuideRecord, col(GuideRecord.application_id) == col(ApplicationRecord.id)
            )
            return dict(session.exec(query).all())

    def expire(self, *numbers: str, days: int = 1) -> None:
        with self.opened() as database, database.session() as session:
            for number in numbers:
                guide = session.get(GuideRecord, self.guides()[number].id)
                assert guide is not None
                guide.expires_at = now() - timedelta(days=days)

    def pieces(self) -> dict[str, set[str]]:
        return {kind: set(self.store.keys(kind)) for kind in KINDS}

    def files(self) -> set[str]:
        """Applications' numbers with a video, by way of their guides; a folder of no guide is an error."""
        ids = {guide.id: number for number, guide in self.guides().items()}
        return {ids[path.parent.name] for path in self.output.glob(f"*/*/{GUIDE_FILE}")}

    def people(self) -> set[str]:
        with self.opened() as database, database.session() as session:
            return set(session.exec(select(Recipient.fiscal_code)))

    def age(self, days: float = 2) -> None:
        """Make every piece so old."""
        for path in self.store.root.rglob("*"):
            if path.is_file():
                os.utime(path, (time.time() - days * 86400,) * 2)

    def cli(self, *arguments: str, program: str = "", **options: Any) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command(*arguments, program=program),
            **{
                "cwd": self.folder,
                "env": environment(self.settings.store, VIDEOGUIDE_DATABASE=self.settings.database),
                "capture_output": True,
                "encoding": "utf-8",
                "timeout": 120,
                **options,
            },
        )

    def says(self, word: str) -> list[Path]:
        """Files anywhere in this world whose name or content says a word."""
        found = [path for path in self.folder.rglob("*") if word in path.name]
        return found + [
            path for path in self.folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()
        ]


@pytest.fixture(scope="module")
def rendered(tiny: Campaign, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Rendered once; tests work on copies."""
    folder = tmp_path_factory.mktemp("upkeep") / "world"
    world = World(folder, small(folder / "store", database=f"sqlite:///{folder / 'guides.db'}"), tiny)
    report = world.render(folder.parent)
    assert (report.guides, report.made, report.left_out) == (4, 4, {"no-consent": 1})
    return world


def copy_of(rendered: World, folder: Path) -> World:
    shutil.copytree(rendered.folder, folder)
    settings = small(folder / "store", database=f"sqlite:///{folder / 'guides.db'}")
    connection = sqlite3.connect(folder / "guides.db")
    with connection:
        connection.execute("UPDATE runs SET output = ?", [str(folder / "guides")])
    connection.close()
    return World(folder, settings, rendered.pack)


@pytest.fixture
def world(rendered: World, tmp_path: Path) -> World:
    return copy_of(rendered, tmp_path / "world")


@pytest.fixture(params=["sqlite", "postgresql"])
def either_world(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> World:
    """The same with either database."""
    if request.param == "sqlite":
        return world
    shutil.rmtree(world.output)
    (world.folder / "guides.db").unlink()
    address = request.getfixturevalue("postgresql")()
    there = World(world.folder, replace(world.settings, database=address), world.pack)
    there.render(tmp_path)
    return there


def preview(world: World, name: str) -> set[str]:
    """Have a guide made for nobody in the database; keys of the segments that it alone has."""
    studio = open_studio(world.pack, world.settings)
    before = world.pieces()[SEGMENTS]
    application = an_application(world.pack, ["missing-receipt"], first_name=name, facts={"receipts": ("books",)})
    make_guide(write_script(application, ("missing-receipt",), world.pack), studio)
    return world.pieces()[SEGMENTS] - before


def looked_at(world: World, segments: set[str], *, lasts: timedelta = timedelta(days=30), number: str = "") -> None:
    """A preview of the staff's that is made of these segments; of an application, if it has a number."""
    with world.opened() as database, database.session() as session:
        mine = session.exec(select(ApplicationRecord.id).where(ApplicationRecord.number == number)).first()
        session.add(
            Preview(
                id="f" * 32,
                campaign_id=world.pack.id,
                version="0" * 64,
                application_id=mine,
                outline=bytes(32),
                segments=b"".join(map(bytes.fromhex, sorted(segments))),
                made_by="anna",
                expires_at=now() + lasts,
            )
        )


class TestStats:
    def test_pieces_bytes_and_use_by_kind(self, either_world: World) -> None:
        extra = preview(either_world, "Zoe")
        with either_world.opened() as database:
            found = {stock.kind: stock for stock in stats(either_world.store, database)}
        version = found.pop(VERSIONS)
        assert (version.pieces, version.used) == (1, None) and version.bytes > 10_000, "a folder is a piece, too"
        assert list(found) == sorted(KINDS)
        for kind, stock in found.items():
            paths = [either_world.store.path(kind, key) for key in either_world.pieces()[kind]]
            assert (stock.pieces, stock.bytes) == (len(paths), sum(path.stat().st_size for path in paths))
        assert found[SEGMENTS].used == found[SEGMENTS].pieces - len(extra) and extra
        assert found[OUTLINES].used == found[OUTLINES].pieces == 2
        assert found[SPEECH].used == found[SPEECH].pieces - 1, "only Zoe’s greeting is used by no guide"
        assert found[LAYERS].used is None

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
            found = verify(either_world.store, database)
        assert found.checked == sum(map(len, either_world.pieces().values())) and found.damaged == ()
        assert found.guides == 0

    @pytest.mark.parametrize("damage", [cut, flipped, emptied])
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind_of_damage_is_found_and_only_that(
        self, world: World, kind: str, damage: Callable[[bytes], bytes]
    ) -> None:
        key = max(world.pieces()[kind], key=lambda key: world.store.path(kind, key).stat().st_size)
        path = world.store.path(kind, key)
        path.write_bytes(damage(path.read_bytes()))
        with world.opened() as database:
            found = verify(world.store, database)
            assert [(one.kind, one.key) for one in found.damaged] == [(kind, key)]
            assert found.damaged[0].reason.startswith("danneggiato")
            assert (found.guides > 0) is (kind in (SEGMENTS, OUTLINES))
            assert path.exists(), "looking changes nothing"
            assert remove_damaged(world.store, found.damaged) == 1
            assert not path.exists() and verify(world.store, database).damaged == ()

    def test_another_pieces_content_under_a_key_is_damage_of_an_outline(self, world: World) -> None:
        one, other = (world.store.path(OUTLINES, key) for key in sorted(world.pieces()[OUTLINES]))
        one.write_bytes(other.read_bytes())
        with world.opened() as database:
            assert [found.key for found in verify(world.store, database).damaged] == [one.name]

    def test_a_piece_that_was_made_again_meanwhile_stays(self, world: World) -> None:
        key = next(iter(world.pieces()[SEGMENTS]))
        assert remove_damaged(world.store, [Damage(SEGMENTS, key, "danneggiato: troncato")]) == 0
        assert key in world.pieces()[SEGMENTS]

    def test_the_command_tells_and_fails_then_removes_and_render_makes_it_again(
        self, world: World, tmp_path: Path
    ) -> None:
        key = keys_of(world.guides()["1"].segments)[0].hex()
        path = world.store.path(SEGMENTS, key)
        path.write_bytes(flipped(path.read_bytes()))
        told = world.cli("store", "verify")
        assert told.returncode == 1 and told.stderr == "" and path.exists()
        assert f"  scene {key}: danneggiato" in told.stdout
        assert told.stdout.endswith("danneggiati 1, tolti 0; guide che li usano 2\n")
        assert not {"Anna", ANNA} & set(re.findall(r"\w+", told.stdout))
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


class TestPrune:
    def test_what_guides_need_stays_and_what_is_old_and_nobodys_goes(self, either_world: World) -> None:
        world = either_world
        needed = world.pieces()
        extra = preview(world, "Zoe")
        world.age()
        with world.opened() as database:
            removed = {one.kind: one for one in prune(world.store, database)}
            assert (removed[SEGMENTS].pieces, removed[SPEECH].pieces, removed[OUTLINES].pieces) == (len(extra), 1, 0)
            assert removed[SEGMENTS].bytes > 0
            assert {**world.pieces(), LAYERS: set()} == {**needed, LAYERS: set()}
            assert all(one.pieces == 0 for one in prune(world.store, database)), "twice is once"
        for guide in world.guides().values():
            assert read_guide(world.store, guide.outline.hex(), [key.hex() for key in keys_of(guide.segments)])
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
            assert sum(one.pieces for one in prune(world.store, database, keep_days=6)) == 0
            assert sum(one.pieces for one in prune(world.store, database, keep_days=4)) == len(extra) + 1

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
        said = world.cli("store", "prune", "--dry-run")
        assert said.returncode == 0 and re.match(r"da togliere: frasi dette 1 \(\d,\d MB\), scene 1 ", said.stdout)
        assert world.pieces() == before
        done = world.cli("store", "prune")
        assert done.stdout == said.stdout.replace("da togliere", "pezzi tolti") and done.stderr == ""
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
                with pytest.raises(InputError, match="sta lavorando qui; aspetta che finisca"):
                    take(world.store, database)
                take(world.store, database, dry_run=True)
        assert world.pieces() == before and world.files() == {"1", "2", "3", "4"}

    def test_a_run_that_was_killed_holds_nothing_off(self, world: World) -> None:
        self.begin(world, world.output)
        with world.opened() as database, no_run(database) as ask:
            ask()
            with pytest.raises(InputError, match="sta lavorando qui"), only_run(world.output):
                pass

    @pytest.mark.parametrize(("hours", "held_off"), [(1, True), (25, False)])
    def test_a_run_somewhere_else_holds_off_for_a_day(self, world: World, hours: int, held_off: bool) -> None:
        self.begin(world, world.folder / "not here", hours)
        with world.opened() as database:
            if not held_off:
                prune(world.store, database)
                return
            with pytest.raises(
                InputError, match=r"un render è in corso dalle \d\d:\d\d UTC del \d\d/\d\d/\d{4}; aspetta"
            ):
                prune(world.store, database)
            assert not (world.folder / "not here").exists()

    def test_a_run_that_begins_meanwhile_stops_the_taking_away(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        preview(world, "Zoe")
        preview(world, "Yara")
        world.age()
        monkeypatch.setattr(upkeep, "BATCH", 1)
        remove, taken = Store.remove, []

        def remove_and_begin(self: Store, kind: str, key: str) -> bool:
            taken.append(key)
            test.begin(world, world.folder / "new")
            return remove(self, kind, key)

        test = self
        monkeypatch.setattr(Store, "remove", remove_and_begin)
        with world.opened() as database, pytest.raises(InputError, match="un render è in corso"):
            prune(world.store, database)
        assert len(taken) == 1


class TestPurgeExpired:
    def test_what_is_expired_is_gone_with_all_that_is_its_alone(self, either_world: World) -> None:
        world = either_world
        guides = world.guides()
        shared = {key.hex() for number in "34" for key in keys_of(guides[number].segments)}
        world.expire("1", "2")
        with world.opened() as database:
            with database.session() as session:
                session.add(View(id="v", guide_id=guides["1"].id))
                session.add(Rating(guide_id=guides["1"].id, stars=5))
            done = purge_expired(world.store, database)
            with database.session() as session:
                assert session.exec(select(View)).all() == session.exec(select(Rating)).all() == []
        assert done.guides == 2 and done.files == 18 and done.file_bytes > 50_000 and done.settled
        assert set(world.guides()) == world.files() == {"3", "4"}
        assert world.pieces()[SEGMENTS] == shared, "the other Anna’s greeting stays, and so does Bruno’s"
        assert world.people() == {BRUNO, OTHER_ANNA}
        assert sorted(path.name for path in world.output.iterdir()) == sorted(
            {guides["3"].id[:2], guides["4"].id[:2], "report.json", "rejected.csv"}
        )

    def test_an_application_without_a_guide_tells_of_nobody_any_more(self, world: World) -> None:
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

    def test_an_output_folder_that_is_not_there_is_told_of(self, world: World) -> None:
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
        said = world.cli("purge", "--expired", "--dry-run")
        assert said.returncode == 0 and said.stderr == "" and world.files() == {"1", "2", "3", "4"}
        assert world.pieces() == before
        done = world.cli("purge", "--expired")
        assert done.returncode == 0 and done.stderr == ""
        assert re.fullmatch(
            r"guide scadute: 2 cancellate; file tolti 18 \(\d,\d MB\); scene 2, frasi dette 2\n", done.stdout
        )
        assert said.stdout == done.stdout.replace("cancellate", "da cancellare").replace("tolti", "da togliere")
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
        greeting = keys_of(world.guides()["1"].segments)[0].hex()
        with world.opened() as database:
            first = purge_person(world.store, database, ANNA)
            assert greeting in world.pieces()[SEGMENTS] and first.segments == first.speech == 0
            second = purge_person(world.store, database, OTHER_ANNA)
        assert greeting not in world.pieces()[SEGMENTS] and second.segments > 0
        assert world.says("Anna") == []

    def test_what_staff_looked_at_of_the_persons_goes_and_of_others_stays(self, either_world: World) -> None:
        world = either_world
        greeting = {keys_of(world.guides()["2"].segments)[0].hex()}
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

    def test_the_code_comes_from_standard_input_and_is_never_said(self, world: World) -> None:
        said = world.cli("purge", "--person", "--dry-run", input=f"{BRUNO}\n")
        assert said.stdout.startswith("guide della persona: 2 da cancellare; file da togliere 18 ")
        assert world.people() == {ANNA, BRUNO, OTHER_ANNA}
        done = world.cli("purge", "--person", input=f"  {BRUNO.lower()}\r\n")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("guide della persona: 2 cancellate; file tolti 18 ")
        for one in (said, done):
            assert BRUNO.lower() not in (one.stdout + one.stderr).lower()
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
        os.close(mine), os.close(theirs)
        assert asking.returncode == 0 and out.startswith(b"guide della persona: 2 cancellate")
        assert asked.startswith(b"Codice fiscale") and BRUNO.encode() not in asked + rest

    def test_the_code_is_never_an_argument(self, world: World) -> None:
        done = world.cli("purge", "--person", BRUNO, input="")
        assert done.returncode == 2 and world.files() == {"1", "2", "3", "4"}


KILL = """
import os, signal, videoguide.upkeep as upkeep, videoguide.store as store
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
            ("upkeep._remove_folder", 2),
            ("upkeep.shutil.rmtree", 1),
            ("upkeep._remove_all", 1),
            ("store.Store.remove", 2),
            ("store.Store.remove", 3),
            ("store.Store.remove", 4),
            ("upkeep._delete_rows", 1),
            ("upkeep.delete", 2),
            ("upkeep.update", 1),
            ("upkeep.Database.settle", 1),
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
        alone = keys_of(world.guides()["2"].segments)[0].hex()
        path = world.store.path(SEGMENTS, alone)
        path.unlink()
        (path / "in the way").mkdir(parents=True)
        done = world.cli("purge", "--person", input=BRUNO)
        assert done.returncode == 1 and done.stderr.startswith(f"videoguide: {path}: non si può togliere: ")
        assert BRUNO in world.people()

    def test_a_reader_of_the_database_is_told_of(self, world: World) -> None:
        reader = sqlite3.connect(world.folder / "guides.db", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM recipients").fetchall()
        patient = "import videoguide.database as database\ndatabase.BUSY_MS = 50"
        done = world.cli("purge", "--person", input=BRUNO, program=patient)
        reader.close()
        assert done.returncode == 0 and done.stdout.startswith("guide della persona: 2 cancellate")
        assert done.stderr.startswith("videoguide: qualcuno sta leggendo il database")
        with world.opened():
            pass
        assert world.says(BRUNO) == []
