# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The proof of a pack: the sample campaign passes; every kind of mistake is found in broken copies of a small one."""

import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.invented_guides import PackCopy
from tests.support.places import PACKS
from videoguide.errors import PackError
from videoguide.guide.script import write_script
from videoguide.guide.segments import Studio
from videoguide.packs.campaigns import Campaign
from videoguide.proof import check as check_module
from videoguide.proof.check import Checked, check, conclude, every_guide, finding, general, look_at, survey

pytestmark = pytest.mark.xdist_group("check")

Combinations = set[tuple[object, ...]]

LONG_WORD = "www.example.org/bonus-libri/percorso/davvero/lungo"
HARD = (
    "Relativamente alla documentazione integrativa propedeutica al perfezionamento amministrativo, provvedi "
    "tempestivamente alla trasmissione telematica delle attestazioni scolastiche ministeriali."
)


@pytest.fixture(scope="module")
def sound(tiny_studio: Studio) -> Checked:
    return check(tiny_studio)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory, shared_store: Path) -> list[str]:
    """What is found in a copy with a mistake of every kind that still lets the scenes be drawn."""
    folder = tmp_path_factory.mktemp("broken") / "bonus-libri"
    copy = PackCopy(Path(shutil.copytree(PACKS / "bonus-libri", folder)))
    copy.change("scenes/hello.toml", "[variables]", '[variables]\nstatus = { type = "text", meaning = "-" }')
    copy.change("scenes/hello.svg", '<g id="ciao"', '{% if channel is defined %}{% endif %}<g id="ciao"')
    copy.change("scenes/receipt.toml", 'text = "Manca ancora', f'text = "Manca {LONG_WORD} e ancora')
    copy.change("scenes/school.toml", 'text = "Scrivi', f'text = "{HARD} Scrivi')
    copy.change(
        "scenes/school.svg",
        "</svg>",
        '<g id="tiny" vg:enter="school"><text x="112" y="700" font-family="Titillium Web" font-size="40" '
        'fill="#17324D">Piccolo</text></g><g id="pale" vg:enter="school"><text x="112" y="800" '
        'font-family="Titillium Web" font-size="72" fill="#CCCCCC">Pallido</text></g><g id="low" vg:enter="school">'
        '<text x="112" y="1070" font-family="Titillium Web" font-size="72" fill="#17324D">Basso</text></g></svg>',
    )
    copy.change("windows.toml", 'text = ["Per', f'text = ["{HARD}", "{HARD}", "Per')
    copy.change("windows.toml", "[receipts]", '[forgotten]\ntitle = "-"\ntext = ["Una frase."]\n\n[receipts]')
    copy.change("catalogue.toml", '[receipts.notebooks]\ntitle = "Scontrino dei quaderni"', "[receipts.notebooks]")
    copy.change("windows.toml", "{{ item.title }}", "{{ item.said }}")
    copy.change("scenes/receipt.svg", "receipt.title", "receipt.said")
    copy.change("extract.toml", 'L = "books"', 'L = "pens"')
    copy.change("campaign.toml", 'short = "www.example.org"', 'short = "example.com/x"')
    copy.change("campaign.toml", "guide_seconds = [10, 40]", "guide_seconds = [16, 17]")
    with (folder / "campaign.toml").open("a", encoding="utf-8") as file:
        file.write('\n[links.forgotten]\ntitle = "-"\nurl = "https://www.example.org/"\n')
    return [str(finding) for finding in check(copy.studio(shared_store)).findings]


@pytest.fixture(scope="module")
def undrawable(tmp_path_factory: pytest.TempPathFactory, shared_store: Path) -> list[str]:
    """What is found in a copy whose scenes, each for a reason of its own, cannot be drawn."""
    folder = tmp_path_factory.mktemp("undrawable") / "bonus-libri"
    copy = PackCopy(Path(shutil.copytree(PACKS / "bonus-libri", folder)))
    copy.change("campaign.toml", '"Mariamaddalena Francesca"', f'"{"MW" * 12}"')
    copy.change("scenes/receipt.svg", '"marks.svg"', '"lost.svg"')
    copy.change("scenes/school.toml", 'id = "school"', 'id = "school"\nwhen = "not alone"')
    copy.change("scenes/end-card.svg", 'vg:enter="go"', 'vg:enter="gone"')
    return [str(finding) for finding in check(copy.studio(shared_store)).findings]


def test_a_sound_pack_has_no_findings(sound: Checked, tiny: Campaign) -> None:
    assert sound.findings == ()
    shortest, longest = tiny.description.limits.guide_seconds
    assert shortest <= sound.seconds[0] < sound.seconds[1] <= longest


@pytest.mark.parametrize(
    "finding",
    [
        "scenes/hello.toml (variables): 'status' è dichiarata ma non usata",
        "scenes/hello.toml (variables): 'channel' è usata ma non dichiarata",
        "scenes/receipt.toml (captions): sottotitolo 2: una riga di più di 40 caratteri",
        "scenes/school.toml (sentences): Gulpease ",
        "scenes/school.svg (tiny): livello tiny: “Piccolo”: misura 40 px; ammesso: almeno 56 px",
        "scenes/school.svg (pale): livello pale: “Pallido”: contrasto 1.",
        "scenes/school.svg (low): livello low: “Basso”: posto ",
        "scenes/school.svg (school): niente si muove per ",
        "windows.toml (receipts): Gulpease ",
        "windows.toml (forgotten): nessun pulsante la apre",
        "catalogue.toml (receipts.notebooks): ha campi diversi da title, said",
        "extract.toml (values.receipts): 'pens' non è sia nell’estratto sia nel catalogo",
        "extract.toml (values.receipts): 'books' non è sia nell’estratto sia nel catalogo",
        "campaign.toml (links.service): l’indirizzo breve è di un altro sito",
        "campaign.toml (links.forgotten): non è usato",
        "campaign.toml (missing-school, citizen): dura ",
        "campaign.toml (missing-receipt, citizen): dura ",
    ],
)
def test_a_mistake_is_found_in_its_place(broken: list[str], finding: str) -> None:
    assert [line for line in broken if line.startswith(finding)], "\n".join(broken)


def test_each_finding_comes_once_and_says_what_is_allowed(broken: list[str]) -> None:
    assert len(set(broken)) == len(broken)
    measured = [line for line in broken if "Gulpease" in line or " dura " in line or "niente si muove" in line]
    assert measured and all("; ammesso: " in line for line in measured)


@pytest.mark.parametrize(
    "finding",
    [
        "name, larghezza 1100 px): un nome non ci sta a 96 px su due righe",
        "scenes/receipt.svg (riga 2): chiede 'lost.svg', che non è in nessuna delle cartelle",
        "scenes/school.toml (sentences): non ha niente da dire",
        "scenes/end-card.svg (livello code): momento sconosciuto 'gone'",
    ],
)
def test_a_scene_that_cannot_be_drawn_is_a_finding_and_the_others_are_checked_all_the_same(
    undrawable: list[str], finding: str
) -> None:
    assert [line for line in undrawable if finding in line], "\n".join(undrawable)


def test_a_combination_that_cannot_be_filled_is_a_finding(tiny_copy: PackCopy, shared_store: Path) -> None:
    tiny_copy.change("scenes/end-card.toml", 'id = "go"', 'id = "go"\nwhen = "not service"')
    checked = check(tiny_copy.studio(shared_store))
    assert "scenes/end-card.toml (service): la frase 'go' non si dice" in str(checked.findings[0])
    assert checked.guides == 0


def test_words_that_are_no_template_stop_the_check_with_the_place(tiny_copy: PackCopy, shared_store: Path) -> None:
    tiny_copy.change("scenes/hello.toml", "{% endif %}", "")
    with pytest.raises(PackError, match=r"scenes/hello.toml \(hello"):
        check(tiny_copy.studio(shared_store))


def test_it_reports_its_progress_scene_by_scene(tiny_studio: Studio, sound: Checked) -> None:
    progress: list[tuple[int, int]] = []
    check(tiny_studio, lambda _, done, total: progress.append((done, total)))
    assert progress == [(number, len(sound.scenes)) for number in range(1, len(sound.scenes) + 1)]


@pytest.fixture(scope="module")
def combinations(pack: Campaign) -> Combinations:
    """What the combinations differ in: cases, channel, patronato, year, sex, applicant, facts."""
    return {
        (
            cases,
            application.channel,
            bool(application.patronato),
            application.filed_on.year,
            application.sex,
            application.applicant,
            *application.facts.values(),
        )
        for application, cases in every_guide(pack)
    }


class TestEveryGuide:
    """The combinations that are filled are all that the campaign can tell apart."""

    def test_every_set_of_cases_goes_through_every_channel_and_year(self, combinations: Combinations) -> None:
        assert len({(cases, channel, year) for cases, channel, _, year, *_ in combinations}) == 7 * 2 * 2
        assert {named for _, channel, named, *_ in combinations if channel == "patronato"} == {True, False}

    def test_every_sex_and_applicant_is_met_by_every_case_and_channel(self, combinations: Combinations) -> None:
        assert len({(cases, channel, *who[:2]) for cases, channel, _, _, *who in combinations}) == 7 * 2 * 9

    def test_every_document_some_together_and_all_are_met(self, pack: Campaign, combinations: Combinations) -> None:
        every = tuple(pack.catalogue["documents"])
        met = {documents for cases, *_, documents, _, _ in combinations if cases == ("missing-documents",)}
        assert met >= {(document,) for document in every} | {every}
        assert {len(documents) for documents in met if isinstance(documents, tuple)} == {1, 2, 3, 6}

    def test_every_anomaly_is_met_with_and_without_a_document(self, pack: Campaign, combinations: Combinations) -> None:
        met = {
            (anomaly, bool(papers)) for cases, *_, papers, _, anomaly in combinations if cases == ("unverified-iban",)
        }
        assert met == {(anomaly, papers) for anomaly in pack.catalogue["anomalies"] for papers in (True, False)}

    def test_one_adult_child_and_more_are_met(self, combinations: Combinations) -> None:
        assert {children for cases, *_, children, _ in combinations if cases == ("adult-child",)} == {1, 2}

    def test_the_longest_name_is_met_throughout_and_somebody_without_one(self, tiny: Campaign) -> None:
        names = {application.spoken_name for application, _ in every_guide(tiny)}
        assert names == {tiny.description.limits.longest_name, ""}


class TestSurvey:
    """Every guide is filled, and each filling of a scene is there once."""

    def test_each_guide_is_its_script_scene_by_scene(self, tiny: Campaign) -> None:
        surveyed = survey(tiny)
        scripts = [write_script(application, cases, tiny) for application, cases in every_guide(tiny)]
        filled = [tuple(surveyed.scenes[number] for number in guide.scenes) for guide in surveyed.guides]
        assert filled == [script.scenes for script in scripts]

    def test_each_filling_is_there_once_in_the_order_of_the_first_guide(self, tiny: Campaign) -> None:
        surveyed = survey(tiny)
        assert len(surveyed.scenes) < len(surveyed.guides)
        assert all(surveyed.scenes.count(scene) == 1 for scene in surveyed.scenes)
        met = dict.fromkeys(number for guide in surveyed.guides for number in guide.scenes)
        assert list(met) == list(range(len(surveyed.scenes)))

    def test_guides_are_told_apart_and_representative_ones_have_one_entry_or_all(self, tiny: Campaign) -> None:
        surveyed = survey(tiny)
        assert len({(guide.cases, guide.channel, guide.details) for guide in surveyed.guides}) == len(surveyed.guides)
        assert all(guide.representative for guide in survey(tiny, most=1).guides)

    def test_what_depends_on_the_name_is_filled_for_who_has_none(self, tiny: Campaign) -> None:
        greetings = [scene.sentences[0].text for scene in survey(tiny).scenes if scene.scene == "hello"]
        assert "Ciao, benvenuta." in greetings and "Ciao Mariamaddalena Francesca, benvenuta." in greetings


def test_scenes_that_are_looked_at_apart_give_the_same_as_the_check(tiny_studio: Studio, sound: Checked) -> None:
    surveyed = survey(tiny_studio.campaign)
    looks = [look_at(scene, tiny_studio) for scene in surveyed.scenes]
    assert all(look.drawing for look in looks)
    seen = [(look.seconds, look.findings) for look in looks]
    assert conclude(surveyed, seen, tiny_studio.campaign) == sound


def test_what_needs_no_scene_is_found_at_once(tiny_copy: PackCopy) -> None:
    assert general(tiny_copy.load()) == ()
    tiny_copy.change("campaign.toml", 'short = "www.example.org"', 'short = "example.com/x"')
    (problem,) = general(tiny_copy.load())
    assert str(problem) == "campaign.toml (links.service): l’indirizzo breve è di un altro sito"


def test_an_error_of_a_pack_is_a_finding_in_a_file_named_from_the_pack_on(tiny_copy: PackCopy) -> None:
    folder = tiny_copy.folder
    problem = finding(PackError(folder / "scenes" / "hello.svg", "è vuoto", where="riga 2"))
    assert str(problem) == "scenes/hello.svg (riga 2): è vuoto"
    assert finding(PackError("words", "no")).file == "words"


@pytest.mark.parametrize("moving", [[], [0], [5], [99], [3, 50, 51, 90], [10, 20, 30, 99], list(range(100)), [41, 82]])
@pytest.mark.parametrize("allowed", [1, 10, 40, 99, 100])
def test_pauses_are_all_stretches_that_are_too_long_and_no_others(moving: list[int], allowed: int) -> None:
    class Moving:
        def changes(self, n: int) -> bool:
            assert 0 <= n < 100
            return n in moving

    steps = [0, *(n for n in moving if n > 0), 100]
    expected = [(a, b) for a, b in pairwise(steps) if b - a > allowed]
    assert list(check_module._pauses(Moving(), 0, 100, allowed)) == expected  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_sample_campaign_has_no_findings(studio: Studio) -> None:
    checked = check(studio)
    assert [str(finding) for finding in checked.findings] == []
    assert checked.guides > 5_000
    assert 60 <= checked.seconds[0] < checked.seconds[1] <= 120
