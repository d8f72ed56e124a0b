# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Proofs of a pack: made once a scene, found again while it is the same, and paired between two versions."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.support.invented_guides import PackCopy, small
from tests.support.places import PACKS
from videoguide.errors import StoreError
from videoguide.guide.segments import open_studio
from videoguide.packs.campaigns import Campaign
from videoguide.proof import proofs
from videoguide.proof.check import check, conclude, survey
from videoguide.proof.proofs import Bench, Overview, Pair
from videoguide.store import Store

pytestmark = pytest.mark.slow

Open = Callable[[], tuple[Bench, Overview]]


@pytest.fixture
def bench(tmp_path: Path, tiny_copy: PackCopy) -> Bench:
    """The copy, as if it were a kept version; its store is its own."""
    return Bench(tiny_copy.folder, small(tmp_path / "store"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Overview]:
    """The small campaign, all proved."""
    made = Bench(PACKS / "bonus-libri", small(tmp_path_factory.mktemp("proofs")))
    return made, proved(made)


def overview_of(bench: Bench) -> Overview:
    proofs.make_overview(bench)
    overview = proofs.find_overview(bench)
    assert overview
    return overview


def proved(bench: Bench) -> Overview:
    overview = overview_of(bench)
    for number in proofs.missing(bench, overview):
        proofs.make_proof(bench, overview.keys[number], overview.survey.scenes[number])
    return overview


def another(bench: Bench, copy: PackCopy, *changes: tuple[str, str, str]) -> Bench:
    """The next version of the copy."""
    folder = copy.folder.parent / f"version-{len(list(copy.folder.parent.iterdir()))}"
    next_copy = PackCopy(folder)
    shutil.copytree(copy.folder, folder)
    for file, old, new in changes:
        next_copy.change(file, old, new)
    return Bench(folder, bench.settings)


def pairs_by_scene(overview: Overview, pairs: tuple[Pair, ...]) -> dict[str, int]:
    """How many pairs there are of each scene of the newer version."""
    names = [overview.survey.scenes[pair.new].scene for pair in pairs if pair.new is not None]
    return {name: names.count(name) for name in names}


def test_the_overview_comes_back_from_the_store_unchanged(sound: tuple[Bench, Overview], tiny: Campaign) -> None:
    _, overview = sound
    assert overview.survey == survey(tiny)
    assert len(overview.keys) == len(overview.looks) == len(overview.survey.scenes)
    assert len(overview.variants) == 7


def test_nothing_is_known_of_a_pack_that_nobody_has_looked_at(bench: Bench) -> None:
    assert proofs.find_overview(bench) is None
    assert proofs.find_proof(bench.store, "0" * 64) is None
    assert proofs.find_picture(bench.store, "0" * 64) == b""


def test_a_proof_is_a_picture_and_what_the_check_finds(sound: tuple[Bench, Overview]) -> None:
    bench, overview = sound
    assert list(proofs.missing(bench, overview)) == []
    kept = [proofs.find_proof(bench.store, key) for key in overview.keys]
    looks = [(proof.seconds, proof.findings) for proof in kept if proof]
    campaign = Campaign(bench.pack)
    assert conclude(overview.survey, looks, campaign) == check(open_studio(campaign, bench.settings))
    with Image.open(io.BytesIO(proofs.find_picture(bench.store, overview.keys[0]))) as image:
        assert (image.format, image.size) == ("JPEG", (640, 360))


def test_those_that_look_different_are_made_first(bench: Bench) -> None:
    overview = overview_of(bench)
    missing = list(proofs.missing(bench, overview))
    assert tuple(missing[: len(overview.variants)]) == overview.variants
    assert sorted(missing) == list(range(len(overview.keys)))


def test_after_a_change_only_what_changes_is_made_again(bench: Bench, tiny_copy: PackCopy) -> None:
    proved(bench)
    later = another(bench, tiny_copy, ("scenes/hello.toml", "con calma", "un passo alla volta"))
    overview = overview_of(later)
    scenes = {overview.survey.scenes[number].scene for number in proofs.missing(later, overview)}
    assert scenes == {"hello"}


def test_a_change_of_shared_art_is_a_change_of_the_scenes_that_use_it(bench: Bench, tiny_copy: PackCopy) -> None:
    proved(bench)
    later = another(bench, tiny_copy, ("marks.svg", "0066CC", "008055"))
    overview = overview_of(later)
    assert {overview.survey.scenes[number].scene for number in proofs.missing(later, overview)} == {"receipt"}


def test_what_the_pack_allows_is_part_of_the_proof(bench: Bench, tiny_copy: PackCopy) -> None:
    proved(bench)
    later = another(bench, tiny_copy, ("campaign.toml", "gulpease = 60", "gulpease = 100"))
    overview = proved(later)
    kept = [proofs.find_proof(later.store, key) for key in overview.keys]
    assert any("Gulpease" in str(finding) for proof in kept if proof for finding in proof.findings)


def test_a_scene_that_cannot_be_drawn_has_no_picture_and_says_why(bench: Bench, tiny_copy: PackCopy) -> None:
    tiny_copy.change("scenes/receipt.svg", '"marks.svg"', '"lost.svg"')
    (tiny_copy.folder / "scenes" / "school.svg").unlink()
    overview = proved(bench)
    for name, problem in (("receipt", "chiede 'lost.svg'"), ("school", "school.svg")):
        numbers = [number for number, scene in enumerate(overview.survey.scenes) if scene.scene == name]
        for number in numbers:
            proof = proofs.find_proof(bench.store, overview.keys[number])
            assert proof and proof.seconds == 0
            assert any(problem in str(finding) for finding in proof.findings)
            assert proofs.find_picture(bench.store, overview.keys[number]) == b""


def test_damaged_pieces_are_made_again(bench: Bench) -> None:
    overview = proved(bench)
    store: Store = bench.store
    store.path(proofs.PROOFS, overview.keys[0]).write_bytes(b"\x00")
    assert proofs.find_proof(store, overview.keys[0]) is None
    assert [overview.keys[number] for number in proofs.missing(bench, overview)] == [overview.keys[0]]


@pytest.mark.parametrize("content", [b"", b"\x00", b"{}", b"[1]"])
def test_a_damaged_overview_is_taken_away_and_made_again(bench: Bench, content: bytes) -> None:
    bench.store.put(proofs.OVERVIEWS, bench.overview_key, [content])
    with pytest.raises(StoreError, match="danneggiato"):
        proofs.find_overview(bench)
    assert proofs.find_overview(bench) is None
    assert overview_of(bench)


class TestPairs:
    """A scene in one version is the same guide's scene in the other, whatever it says."""

    def pairs(
        self, bench: Bench, copy: PackCopy, *changes: tuple[str, str, str]
    ) -> tuple[Overview, Overview, tuple[Pair, ...]]:
        old = overview_of(bench)
        new = overview_of(another(bench, copy, *changes))
        return old, new, proofs.pairs(old, new)

    def test_without_a_change_each_is_its_own(self, bench: Bench, tiny_copy: PackCopy) -> None:
        old, _, pairs = self.pairs(bench, tiny_copy)
        assert pairs and set(pairs) == {Pair(number, number) for number in range(len(old.keys))}

    def test_other_words_and_other_entries_are_still_the_same_scene(self, bench: Bench, tiny_copy: PackCopy) -> None:
        old, new, pairs = self.pairs(
            bench,
            tiny_copy,
            ("scenes/hello.toml", "Ciao{%", "Salve{%"),
            ("catalogue.toml", "lo scontrino dei libri", "la ricevuta dei libri"),
            ("campaign.toml", '"Mariamaddalena Francesca"', '"Mariagrazia Antonella"'),
        )
        assert all(pair.old is not None and pair.new is not None for pair in pairs)
        texts = {
            (old.survey.scenes[pair.old or 0].sentences[0].text, new.survey.scenes[pair.new or 0].sentences[0].text)
            for pair in pairs
        }
        assert ("Ciao, benvenuta.", "Salve, benvenuta.") in texts

    def test_an_added_and_a_removed_scene_are_reported(self, bench: Bench, tiny_copy: PackCopy) -> None:
        when = 'scene = "school"\nwhen = "\'missing-school\' in cases"'
        both = 'scene = "school"\nwhen = "\'missing-receipt\' in cases"'
        old, new, pairs = self.pairs(bench, tiny_copy, ("campaign.toml", when, both))
        come = {new.survey.scenes[pair.new].scene for pair in pairs if pair.old is None and pair.new is not None}
        gone = {old.survey.scenes[pair.old].scene for pair in pairs if pair.new is None and pair.old is not None}
        assert come == gone == {"school"}

    def test_a_new_entry_of_a_catalogue_brings_scenes_that_were_not_there(
        self, bench: Bench, tiny_copy: PackCopy
    ) -> None:
        old, new, pairs = self.pairs(
            bench,
            tiny_copy,
            (
                "catalogue.toml",
                "[receipts.books]",
                '[receipts.pens]\ntitle = "Penne"\nsaid = "le penne"\n\n[receipts.books]',
            ),
            ("extract.toml", 'L = "books"', 'L = "books"\nP = "pens"'),
        )
        come = [new.survey.scenes[pair.new] for pair in pairs if pair.old is None and pair.new is not None]
        assert {scene.scene for scene in come} == {"receipt"}
        assert all(any("penne" in sentence.text for sentence in scene.sentences) for scene in come)
        assert all(pair.old is not None for pair in pairs if pair.new is None)
        assert pairs_by_scene(new, pairs)["hello"] == pairs_by_scene(old, proofs.pairs(old, old))["hello"]
