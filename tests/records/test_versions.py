# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Versions of a pack: what makes one, what is kept of it, who approved it and which is live."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from tests.support.invented_guides import PackCopy, a_script, small
from tests.support.tiny_runs import BRUNO, CARLA, Office
from videoguide import assets
from videoguide.errors import InputError, PackError, StoreError, UnknownChoice
from videoguide.guide.segments import open_studio
from videoguide.packs import campaigns
from videoguide.packs.campaigns import Campaign
from videoguide.picture.typography import typesetter
from videoguide.records import versions
from videoguide.records.database import Database, GuideRecord, VersionRecord, now
from videoguide.records.versions import approve, find, go_live, keep, kept_pack, revoke, version_of, versions_of
from videoguide.speech.pronunciation import spoken
from videoguide.store import Store

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


@pytest.fixture
def changing_assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the assets that a test may change; the program takes it for its own."""
    copy = Path(shutil.copytree(assets.assets_folder(), tmp_path / "assets"))
    for module in (assets, campaigns, versions):
        monkeypatch.setattr(module, "assets_folder", lambda: copy)
    return copy


def test_a_kept_version_is_drawn_and_spoken_with_the_fonts_and_the_lexicon_of_its_day(
    database: Database, store: Store, tiny: Campaign, tmp_path: Path, changing_assets: Path
) -> None:
    def seen_and_heard(pack: Campaign) -> tuple[str, str, int]:
        studio = open_studio(pack, small(tmp_path / "segments"))
        scene = a_script(pack, "missing-receipt", facts={"receipts": ("books",)}, first_name="Gaia").scenes[0]
        words = " ".join(spoken(sentence.text, studio.lexicon).text for sentence in scene.sentences)
        width = typesetter(pack.fonts).width("Gaia", "name")
        return studio.key(scene), words, round(width)

    before = seen_and_heard(tiny)
    kept = keep(database, store, tiny)
    fonts = changing_assets / "fonts"
    shutil.copyfile(fonts / "TitilliumWeb-Regular.ttf", fonts / "TitilliumWeb-Bold.ttf")
    with (changing_assets / "lexicon.toml").open("a", encoding="utf-8") as lexicon:
        lexicon.write('\n[today]\n"Gaia" = { say = "gaìa" }\n')
    typesetter.cache_clear()
    assert seen_and_heard(kept_pack(store, kept.version)) == before, "nothing of it has changed"
    _, words, width = seen_and_heard(tiny)
    assert "gaìa" in words and width != before[2], "what is made today is set and spoken as of today"
    assert version_of(tiny) != kept.version == version_of(kept_pack(store, kept.version))


def test_a_version_that_was_kept_without_its_fonts_and_lexicon_is_made_whole(
    database: Database, store: Store, tiny: Campaign
) -> None:
    kept = keep(database, store, tiny)
    folder = store.path(versions.VERSIONS, kept.version)
    shutil.rmtree(folder / ".fonts")
    (folder / ".lexicon.toml").unlink()
    assert keep(database, store, tiny) == kept
    assert (folder / ".fonts" / "TitilliumWeb-Bold.ttf").is_file() and (folder / ".lexicon.toml").is_file()
    assert list(folder.parent.iterdir()) == [folder]


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
        revoke(database, find(database, two[0], two[1]), "bruno")
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
