"""Versions of a pack: what makes one, what is kept of it, who approved it and which is live."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from invented_guides import PackCopy
from sqlmodel import select
from tiny_runs import BRUNO, CARLA, Office

from videoguide import versions
from videoguide.campaigns import Campaign
from videoguide.database import Database, GuideRecord, VersionRecord, now
from videoguide.errors import InputError, PackError, StoreError, UnknownChoice
from videoguide.store import Store
from videoguide.versions import approve, find, go_live, keep, kept_pack, revoke, version_of, versions_of

HELLO = "scenes/hello.toml"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(f"sqlite:///{tmp_path / 'guides.db'}") as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (HELLO, "con calma", "con cura"),
        ("scenes/school.svg", "Quale", "Che"),
        ("marks.svg", "circle", "circle "),
        ("campaign.toml", "valid_months = 3", "valid_months = 4"),
        ("windows.toml", "Quali", "Che"),
    ],
)
def test_another_file_is_another_version_and_back_is_the_same(
    tiny_copy: PackCopy, file: str, old: str, new: str
) -> None:
    first = version_of(tiny_copy.load())
    tiny_copy.change(file, old, new)
    assert version_of(tiny_copy.load()) != first
    tiny_copy.change(file, new, old)
    assert version_of(tiny_copy.load()) == first


def test_samples_and_hidden_files_make_no_version_but_a_new_name_does(tiny_copy: PackCopy) -> None:
    first = version_of(tiny_copy.load())
    (tiny_copy.folder / "sample.csv").write_text("x")
    (tiny_copy.folder / ".notes").write_text("x")
    assert version_of(tiny_copy.load()) == first
    (tiny_copy.folder / "unused.svg").write_text("x")
    assert version_of(tiny_copy.load()) != first


def test_a_kept_version_stays_as_it_was(database: Database, store: Store, tiny_copy: PackCopy) -> None:
    kept = keep(database, store, tiny_copy.load())
    tiny_copy.change(HELLO, "con calma", "con cura")
    pack = kept_pack(store, kept.version)
    assert "con calma" in pack.scenes["hello"].sentences[1].text
    assert version_of(pack) == kept.version, "with its drawings, and those it shares with others"
    assert pack.art.is_relative_to(pack.folder)


def test_keeping_again_changes_nothing(database: Database, store: Store, tiny: Campaign) -> None:
    first = keep(database, store, tiny)
    assert keep(database, store, tiny) == first
    assert versions_of(database, tiny.id) == [first]


def test_two_who_keep_the_same_version_at_once_do_no_harm(database: Database, store: Store, tiny: Campaign) -> None:
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda _: keep(database, store, tiny), range(16)))
    assert len(set(kept)) == 1 and len(versions_of(database, tiny.id)) == 1
    assert list(store.keys(versions.VERSIONS)) == [kept[0].version]


def test_what_is_not_kept_or_no_pack_any_more_is_an_error(database: Database, store: Store, tiny: Campaign) -> None:
    with pytest.raises(StoreError, match="manca"):
        kept_pack(store, "0" * 64)
    kept = keep(database, store, tiny)
    (store.path(versions.VERSIONS, kept.version) / "campaign.toml").write_text("[")
    with pytest.raises(PackError):
        kept_pack(store, kept.version)


def test_the_newest_comes_first_and_one_is_found_by_its_beginning(
    database: Database, store: Store, tiny_copy: PackCopy
) -> None:
    first = keep(database, store, tiny_copy.load())
    with database.session() as session:
        record = session.get(VersionRecord, (first.campaign, first.version))
        assert record
        record.since -= timedelta(minutes=1)  # moments are whole seconds
    second = keep(database, store, tiny_copy.change(HELLO, "con calma", "con cura").load())
    first = replace(first, since=first.since - timedelta(minutes=1))
    assert versions_of(database, first.campaign) == [second, first]
    assert find(database, first.campaign, first.short) == find(database, first.campaign, first.version) == first
    for unknown in ("", "zzzz", "0" * 64, "%", first.version + "0"):
        with pytest.raises(UnknownChoice):
            find(database, first.campaign, unknown)
    assert versions_of(database, "another") == []


class TestStates:
    """Draft, approved, live."""

    @pytest.fixture
    def two(self, database: Database, store: Store, tiny_copy: PackCopy) -> tuple[str, str, str]:
        first = keep(database, store, tiny_copy.load())
        second = keep(database, store, tiny_copy.change(HELLO, "con calma", "con cura").load())
        return first.campaign, first.version, second.version

    def states(self, database: Database, two: tuple[str, str, str]) -> list[str]:
        return [find(database, two[0], version).state for version in two[1:]]

    def test_a_version_is_a_draft_until_it_is_approved(self, database: Database, two: tuple[str, str, str]) -> None:
        assert self.states(database, two) == ["draft", "draft"]
        before = now()
        approve(database, find(database, two[0], two[1]), "anna")
        approved = find(database, two[0], two[1])
        assert approved.approved_by == "anna" and approved.approved_at
        assert before - timedelta(seconds=1) <= approved.approved_at <= now() + timedelta(seconds=1)
        assert self.states(database, two) == ["approved", "draft"]

    def test_an_approval_can_be_taken_back(self, database: Database, two: tuple[str, str, str]) -> None:
        approve(database, find(database, two[0], two[1]), "anna")
        revoke(database, find(database, two[0], two[1]))
        taken = find(database, two[0], two[1])
        assert (taken.state, taken.approved_at, taken.approved_by) == ("draft", None, "")

    def test_one_version_is_live_at_a_time(self, database: Database, two: tuple[str, str, str]) -> None:
        campaign, first, second = two
        go_live(database, campaign, first)
        since = find(database, campaign, first).live_since
        go_live(database, campaign, first)
        assert find(database, campaign, first).live_since == since, "it still is, since then"
        go_live(database, campaign, second)
        assert self.states(database, two) == ["draft", "live"]
        assert find(database, campaign, first).live_until
        go_live(database, campaign, first)
        assert self.states(database, two) == ["live", "draft"]

    def test_only_an_approved_version_passes(self, database: Database, two: tuple[str, str, str]) -> None:
        campaign, _, second = two
        pack = Campaign.__new__(Campaign)
        pack.description = type("About", (), {"id": campaign})()
        with pytest.raises(InputError, match=f"la versione {second[:12]} non è approvata"):
            versions.require_approved(database.address, pack, second)
        approve(database, find(database, campaign, second), "anna")
        versions.require_approved(database.address, pack, second)


def test_guides_are_counted_by_the_version_that_made_them(tmp_path: Path, tiny_copy: PackCopy) -> None:
    office = Office(tmp_path / "office", tiny_copy.load())
    office.render({}, BRUNO, CARLA)
    with Database(office.settings.database) as database:
        made = versions.guides_made(database, "bonus-libri")
        assert made == {version_of(tiny_copy.load()): 3}
        assert versions.guides_made(database, "another") == {}
        with database.session() as session:
            records = list(session.exec(select(GuideRecord)))
            records[0].withdrawn_at = now()
            records[1].draft = True
        assert list(versions.guides_made(database, "bonus-libri").values()) == [1]
