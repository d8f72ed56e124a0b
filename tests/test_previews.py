"""One guide for one invented application: every word that is given is looked at."""

from typing import Any

import pytest
from invented_guides import a_script, an_application

from videoguide.campaigns import Campaign
from videoguide.errors import FirstNameError, InputError, UnknownChoice
from videoguide.previews import APPLICANTS, SEXES, invented_application, make_guide
from videoguide.segments import Studio


def test_the_least_that_must_be_given_is_a_name(pack: Campaign) -> None:
    application = invented_application(pack, first_name="GIULIA")
    assert (application.spoken_name, application.sex, application.channel) == ("Giulia", "", "citizen")
    assert application.filed_on.year == 2022 and application.consent and not application.facts


def test_nothing_personal_is_invented(pack: Campaign) -> None:
    application = an_application(pack)
    assert (application.fiscal_code, application.email, application.mobile) == ("", "", "")


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("applicant", APPLICANTS)
def test_every_sex_and_applicant_can_be_asked_for(pack: Campaign, sex: str, applicant: str) -> None:
    application = an_application(pack, sex=sex, applicant=applicant)
    assert (application.sex, application.applicant) == (SEXES[sex], applicant)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sex": "X"}, "valore sconosciuto per sesso: 'X'; ammessi: F, M, unknown"),
        ({"sex": ""}, "valore sconosciuto per sesso: ''; ammessi: F, M, unknown"),
        ({"applicant": "uncle"}, "valore sconosciuto per richiedente: 'uncle'; ammessi: parent, guardian, child"),
        ({"channel": "fax"}, "valore sconosciuto per canale: 'fax'; ammessi: citizen, patronato"),
        ({"filed_year": 2021}, "valore sconosciuto per anno: '2021'; ammessi: 2022, 2023"),
        (
            {"facts": {"documents": ("passport",)}},
            "valore sconosciuto per document: 'passport'; ammessi: custody-ruling, ",
        ),
        (
            {"facts": {"iban_anomaly": "lost"}},
            "valore sconosciuto per iban-anomaly: 'lost'; ammessi: holder-mismatch, ",
        ),
    ],
)
def test_an_unknown_word_is_refused_with_the_known_ones(pack: Campaign, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UnknownChoice) as caught:
        an_application(pack, **given)
    assert str(caught.value).startswith(message)


def test_an_unknown_case_is_refused_with_the_known_ones(pack: Campaign) -> None:
    with pytest.raises(UnknownChoice, match="ammessi: missing-documents, adult-child, unverified-iban"):
        an_application(pack, ("lost",), facts={})


@pytest.mark.parametrize("count", [-1, 10, 10**9])
def test_a_count_out_of_bounds_is_refused_with_the_bounds(pack: Campaign, count: int) -> None:
    with pytest.raises(InputError, match=f"adult-children {count}; ammesso: da 0 a 9"):
        an_application(pack, ("adult-child",), facts={"adult_children": count})


@pytest.mark.parametrize("name", ["", "  ", "An\u200bna", "Ann?", "x" * 37])
def test_a_name_that_cannot_be_said_is_refused(pack: Campaign, name: str) -> None:
    with pytest.raises(FirstNameError):
        an_application(pack, first_name=name)


def test_a_patronato_goes_with_its_channel_only(pack: Campaign) -> None:
    with pytest.raises(InputError, match="solo con il canale patronato"):
        an_application(pack, patronato="ACLI")
    assert an_application(pack, channel="patronato", patronato=" ACLI  Roma ").patronato == "ACLI Roma"


@pytest.mark.parametrize("patronato", ["AC\x00LI", "x" * 41, "AC?LI"])
def test_a_patronato_that_cannot_be_shown_is_refused_as_a_patronato(pack: Campaign, patronato: str) -> None:
    with pytest.raises(InputError, match=r"^patronato: "):
        an_application(pack, channel="patronato", patronato=patronato)


class TestMakingAGuide:
    def test_it_says_of_each_scene_whether_it_was_there(self, studio: Studio, guide_of: Any) -> None:
        guide_of("missing-documents")
        made = make_guide(a_script(studio.campaign), studio)
        assert made.reused == (True,) * len(made.guide.segments)

    def test_it_tells_of_its_progress_scene_by_scene(self, studio: Studio) -> None:
        told: list[tuple[str, int, int]] = []
        script = a_script(studio.campaign)
        make_guide(script, studio, lambda *done: told.append(done))
        total = len(script.scenes)
        assert told == [(scene.chapter, number, total) for number, scene in enumerate(script.scenes, 1)]

    def test_a_new_name_needs_one_new_segment(self, tiny_studio: Studio) -> None:
        facts = {"receipts": ("books",)}

        def reused(name: str) -> tuple[bool, ...]:
            script = a_script(tiny_studio.campaign, "missing-receipt", facts=facts, first_name=name)
            return make_guide(script, tiny_studio).reused

        reused("Anna")
        assert reused("Berta") == (False, True, True)
        assert reused("Berta") == (True, True, True)

    def test_a_name_too_long_for_the_picture_is_a_matter_of_the_name_and_not_of_the_pack(
        self, tiny_studio: Studio
    ) -> None:
        name = "M" * 24
        script = a_script(tiny_studio.campaign, "missing-school", facts={"pupils": 1}, first_name=name)
        with pytest.raises(FirstNameError, match="è troppo lungo per l’immagine") as caught:
            make_guide(script, tiny_studio)
        assert name not in str(caught.value)

    def test_a_patronato_too_long_for_the_picture_is_a_matter_of_the_patronato(self, studio: Studio) -> None:
        script = a_script(studio.campaign, channel="patronato", patronato="M" * 40)
        with pytest.raises(InputError, match=r"^patronato: è troppo lungo per l’immagine"):
            make_guide(script, studio)
