# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""One guide for one invented application: every word that is given is looked at."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.invented_guides import (
    PackCopy,
    a_script,
    an_application,
    an_extract_row,
    environment,
    small,
    words_of,
)
from videoguide.errors import FirstNameError, InputError, UnknownChoice
from videoguide.guide.eligibility import decide
from videoguide.guide.keys import GuideKeys
from videoguide.guide.script import write_script
from videoguide.guide.segments import Studio
from videoguide.intake.applications import Application, read_applications
from videoguide.packs.campaigns import Campaign
from videoguide.proof.previews import (
    APPLICANTS,
    SEXES,
    PreviewRequest,
    example,
    invented_application,
    make_guide,
    nameless,
    plan,
    plan_as_delivered,
    sample_profiles,
    voices_here,
    warm_up,
)
from videoguide.speech.voices.espeak import EspeakVoice


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


@pytest.mark.parametrize("name", ["", "  ", "An\x00na", "Ann?", "x" * 37, "N.D."])
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

    def test_it_reports_its_progress_scene_by_scene(self, studio: Studio) -> None:
        progress: list[tuple[str, int, int]] = []
        script = a_script(studio.campaign)
        make_guide(script, studio, lambda *done: progress.append(done))
        total = len(script.scenes)
        assert progress == [(scene.chapter, number, total) for number, scene in enumerate(script.scenes, 1)]

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
        name = "MW" * 12
        script = a_script(tiny_studio.campaign, "missing-school", facts={"pupils": 1}, first_name=name)
        with pytest.raises(FirstNameError, match="è troppo lungo per l’immagine") as caught:
            make_guide(script, tiny_studio)
        assert name not in str(caught.value)

    def test_a_patronato_too_long_for_the_picture_is_a_matter_of_the_patronato(self, studio: Studio) -> None:
        script = a_script(studio.campaign, channel="patronato", patronato="M" * 40)
        with pytest.raises(InputError, match=r"^patronato: è troppo lungo per l’immagine"):
            make_guide(script, studio)


class TestAsking:
    def test_the_example_needs_nothing_more_to_be_a_guide(self, pack: Campaign, tiny: Campaign, tmp_path: Path) -> None:
        for campaign in (pack, tiny):
            asked = example(campaign, small(tmp_path))
            planned = plan(asked.application(campaign), asked.cases, campaign, small(tmp_path))
            assert planned.script.cases == (campaign.description.cases[0].id,) and asked.voice == "silent"

    def test_it_comes_back_from_json_as_it_was(self, pack: Campaign, tmp_path: Path) -> None:
        asked = PreviewRequest(
            "Anna", cases=("adult-child",), facts={"documents": ("custody-ruling",), "adult_children": 2}
        )
        for request in (asked, example(pack, small(tmp_path))):
            assert PreviewRequest.from_plain(json.loads(json.dumps(request.plain()))) == request

    def test_a_samples_person_gets_the_guide_of_their_row(self, pack: Campaign) -> None:
        """The form knows less than the extract; what it leaves out changes no word."""
        sample = pack.folder / "sample.csv"
        rows = [row for row in read_applications(sample, pack) if isinstance(row, Application)]
        decided = [(row, decide(row, pack).cases) for row in rows]
        scripts = [write_script(row, cases, pack) for row, cases in decided if cases]
        profiles = sample_profiles(pack)
        assert (
            scripts
            and [write_script(profile.application(pack), profile.cases, pack) for profile in profiles] == scripts
        )

    def test_a_campaign_without_a_sample_has_no_profiles(self, tiny: Campaign) -> None:
        assert sample_profiles(tiny) == ()

    def test_voices_that_need_the_network_are_for_campaigns_that_allow_it(
        self, pack: Campaign, tiny_copy: PackCopy, tmp_path: Path
    ) -> None:
        assert voices_here(pack, small(tmp_path)).keys() == {"kokoro", "kokoro-nicola", "espeak", "silent"}
        open_to_all = tiny_copy.change(
            "campaign.toml", 'default = "silent"', 'default = "silent"\nonline_allowed = true'
        )
        assert "gtts" in voices_here(open_to_all.load(), small(tmp_path))

    def test_a_voice_whose_library_is_missing_is_not_offered(
        self, pack: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(EspeakVoice, "version", "espeakng-loader absent")
        assert "espeak" not in voices_here(pack, small(tmp_path))


class TestPlanning:
    def test_keys_are_those_of_the_segments_that_are_made(self, tiny_studio: Studio, shared_store: Path) -> None:
        application = an_application(tiny_studio.campaign, ("missing-school",), facts={"pupils": 1})
        planned = plan(application, ("missing-school",), tiny_studio.campaign, small(shared_store))
        made = make_guide(planned.script, tiny_studio).guide
        assert planned.keys == GuideKeys(made.outline.key, tuple(segment.key for segment in made.segments))
        assert planned.outline == made.outline

    def test_a_real_application_without_a_reason_gets_none(self, pack: Campaign, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="questa domanda non ha una guida: Niente da completare"):
            plan_as_delivered(an_extract_row(pack, status="accepted"), pack, small(tmp_path))

    def test_a_name_that_cannot_be_drawn_is_not_said(self, pack: Campaign, tmp_path: Path) -> None:
        row = an_extract_row(
            pack, spoken_name="安娜", status="citizen-action", facts={"documents": ("custody-ruling",)}
        )
        planned = plan_as_delivered(row, pack, small(tmp_path))
        assert "安" not in words_of(planned.script)
        assert planned.keys == plan_as_delivered(nameless(row), pack, small(tmp_path)).keys

    def test_planning_loads_nothing_that_draws_speaks_or_encodes(self, tmp_path: Path) -> None:
        program = f"""
import sys
from pathlib import Path
from videoguide import settings
from videoguide.packs import campaigns
from videoguide.portal.staff import kept_previews, preview_form as staff_preview_form
from videoguide.proof.previews import example, plan, sample_profiles, voices_here
given = settings.load({{}}, store={str(tmp_path)!r})
pack = campaigns.load(given.scenes, "assegno-unico")
asked = example(pack, given)
assert plan(asked.application(pack), asked.cases, pack, given).keys and sample_profiles(pack)
assert staff_preview_form.page(pack, asked, voices_here(pack, given), page_links=(), may_make=True).voices
heavy = {{"av", "PIL", "moviepy", "resvg_py", "onnxruntime", "gtts", "espeakng_loader"}} & sys.modules.keys()
assert not heavy, heavy
"""
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            env=environment(tmp_path),
        )
        assert done.returncode == 0, done.stderr


def test_warming_up_leaves_a_process_ready_to_make_segments(tiny: Campaign, tmp_path: Path) -> None:
    warm_up(tiny.folder, small(tmp_path))
    assert {"av", "PIL", "moviepy"} <= sys.modules.keys() and not list(tmp_path.iterdir())
