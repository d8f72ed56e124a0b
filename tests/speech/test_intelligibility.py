# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The narration is understood: every sentence of the campaign, and 100 first names in their greeting."""

import os
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.places import ROOT
from videoguide.guide.script import FilledScene, write_script
from videoguide.packs.campaigns import Campaign
from videoguide.proof.check import every_guide
from videoguide.speech.pronunciation import Lexicon, load_lexicon

WORKERS = os.cpu_count() or 2


@pytest.fixture(scope="module")
def intelligibility() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        import intelligibility

        return intelligibility


@pytest.fixture(scope="module")
def recognition(intelligibility: ModuleType) -> ModuleType:
    import recognition

    return recognition


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load_lexicon(ROOT / "assets" / "lexicon.toml")


@pytest.fixture(scope="module")
def campaign(intelligibility: ModuleType) -> object:
    return intelligibility.Campaign(ROOT / "scenes" / "assegno-unico")


@pytest.fixture(scope="module")
def scenes(intelligibility: ModuleType, campaign: object) -> list[FilledScene]:
    return intelligibility.scenes_to_hear(campaign)  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.timeout(1200)
def test_every_sentence_of_the_campaign_is_understood(
    intelligibility: ModuleType, recognition: ModuleType, scenes: list[FilledScene], lexicon: Lexicon, models: Path
) -> None:
    passages = [intelligibility.Passage(scene.sentences, lexicon) for scene in scenes]
    heard = intelligibility.hear(passages, "kokoro", models, WORKERS)
    pairs = [intelligibility.nearest(passage, words) for passage, words in zip(passages, heard, strict=True)]
    words, letters = recognition.error_rates(pairs)
    assert words <= 0.08, intelligibility.misheard(pairs)
    assert letters <= 0.02, intelligibility.misheard(pairs)


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.timeout(1200)
def test_first_names_are_understood_and_the_lexicon_helps(
    intelligibility: ModuleType, campaign: object, lexicon: Lexicon, models: Path
) -> None:
    first_names = intelligibility.first_names()
    assert len(first_names) == 100
    names = intelligibility.hear_names(campaign, first_names, lexicon, "kokoro", models, WORKERS)
    wrong = [(name.name, name.after) for name in names if not name.right]
    assert len(wrong) <= 10, wrong
    assert sum(name.right for name in names) > sum(name.right_before for name in names)


# --- the listener's own rules, quick --------------------------------------------------------


@pytest.mark.slow
def test_scenes_to_hear_hold_every_sentence_of_the_campaign(campaign: Campaign, scenes: list[FilledScene]) -> None:
    heard = {sentence.text for scene in scenes for sentence in scene.sentences}
    scripts = [write_script(*made, campaign) for made in every_guide(campaign)]
    spoken = {sentence.text for script in scripts for scene in script.scenes[1:] for sentence in scene.sentences}
    assert heard == spoken


def test_words_are_compared_without_numbers_case_and_punctuation(recognition: ModuleType) -> None:
    assert recognition.plain("L’IBAN, 2 volte!") == "l iban due volte"
    assert recognition.error_rates([("l iban due volte", "liban due volte")]) == (0.5, 0.0)
    assert recognition.error_rates([("uno due", "uno tre")]) == (0.5, 1 / 3)


def test_what_cannot_be_heard_does_not_count_by_ear(recognition: ModuleType) -> None:
    assert recognition.by_ear("lì hai lo speed") == recognition.by_ear("li ai lo spid")
    assert recognition.by_ear("entra in my imps") == recognition.by_ear("entra in myinps")
    assert recognition.by_ear("chiama anche") == "chiama anche"


@pytest.mark.parametrize(
    ("name", "heard", "same"),
    [
        ("Christian", "Cristian", True),
        ("Maria Grazia", "mariagrazia", True),
        ("Letizia", "le tizia", True),
        ("Niccolò", "Nicolo", True),
        ("Chiara", "chiata", False),
        ("Ciro", "Tiro", False),
        ("Davide", "David", False),
    ],
)
def test_a_name_counts_as_heard_when_it_sounds_the_same(
    recognition: ModuleType, name: str, heard: str, same: bool
) -> None:
    assert recognition.same_name(name, heard) is same


def test_the_name_is_found_among_the_words_heard(intelligibility: ModuleType) -> None:
    sentence = "Ciao Maria Grazia, benvenuta nella tua guida."
    assert (
        intelligibility._name_in("Ciao maria grazia benvenuta nella tua guida", sentence, "Maria Grazia")
        == "maria grazia"
    )
    assert intelligibility._name_in("Ciao, benvenuta nella tua guida", sentence, "Maria Grazia") == "—"


def test_distance_counts_changed_dropped_and_added_items(recognition: ModuleType) -> None:
    assert recognition.edits("abc", "abc") == 0
    assert recognition.edits("abc", "axcd") == 2
    assert recognition.edits("", "ab") == recognition.edits("ab", "") == 2
