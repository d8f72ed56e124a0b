# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Plans: quick for many, and each exactly what the script of one application gives."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.invented_guides import an_application
from tests.support.places import ROOT
from tests.support.tiny_runs import CARLA, FOUR, extract, is_root
from videoguide.errors import StoreError
from videoguide.guide import plans as module
from videoguide.guide.eligibility import Decision, decide, ending
from videoguide.guide.guides import outline
from videoguide.guide.keys import GuideKeys
from videoguide.guide.plans import NO_NAME, Plan, PlanBook, Planner, Wanted, plan_book
from videoguide.guide.script import write_script
from videoguide.guide.segments import Studio
from videoguide.intake.applications import Application, read_applications
from videoguide.packs.campaigns import Campaign

SAMPLE = ROOT / "scenes" / "assegno-unico" / "sample.csv"
EXTRACTS = [SAMPLE, *sorted((ROOT / "tests" / "data").glob("extract-2023-*.csv"))]


def applications(file: Path, campaign: Campaign) -> list[Application]:
    return [row for row in read_applications(file, campaign) if isinstance(row, Application)]


def expected(application: Application, studio: Studio) -> Plan:
    """The plan as one guide alone gives it: rules, script, keys."""
    decision = decide(application, studio.campaign)
    if decision.left_out:
        return Plan(
            application.id,
            left_out=decision.left_out,
            channel=application.channel,
            ending=ending(application, studio.campaign),
        )
    script = write_script(application, decision.cases, studio.campaign)
    return Plan(
        application.id,
        cases=script.cases,
        channel=script.channel,
        without="" if application.spoken_name else NO_NAME,
        keys=GuideKeys(
            outline(script, studio.campaign, studio.voice.id).key, tuple(studio.key(scene) for scene in script.scenes)
        ),
    )


class TestPlan:
    @pytest.mark.parametrize("file", EXTRACTS, ids=lambda file: file.stem)
    def test_it_is_what_the_script_of_each_application_gives(self, studio: Studio, file: Path) -> None:
        people, planner, wanted = applications(file, studio.campaign), Planner(studio), Wanted()
        planned = [planner.plan(application, wanted) for application in people]
        assert len(planned) > 12 and any(plan.cases for plan in planned)
        assert [replace(plan, state=b"") for plan in planned] == [
            expected(application, studio) for application in people
        ]

    def test_a_second_campaigns_plans_are_what_its_scripts_give(self, tiny_studio: Studio, tmp_path: Path) -> None:
        paid, refused = {"numero": "5", "stato": "pagata"}, {"numero": "6", "consenso": "n"}
        file = extract(tmp_path / "x.csv", *FOUR, paid, refused)
        people, planner = applications(file, tiny_studio.campaign), Planner(tiny_studio)
        planned = [replace(planner.plan(application, Wanted()), state=b"") for application in people]
        assert planned == [expected(application, tiny_studio) for application in people]
        assert [plan.left_out for plan in planned] == ["", "", "", "", "nothing-missing", "no-consent"]

    def test_it_wants_every_piece_of_the_guides_once(self, studio: Studio) -> None:
        planner, wanted = Planner(studio), Wanted()
        planned = [planner.plan(application, wanted) for application in applications(SAMPLE, studio.campaign)]
        assert set(wanted.scenes) == {key for plan in planned for key in plan.keys.segments}
        assert set(wanted.outlines) == {plan.keys.outline for plan in planned if plan.cases}
        assert all(studio.key(scene) == key for key, scene in wanted.scenes.items())
        assert all(outlined.key == key for key, outlined in wanted.outlines.items())

    def test_a_piece_is_not_wanted_twice(self, studio: Studio) -> None:
        planner = Planner(studio)
        planner.plan(an_application(studio.campaign, first_name="Anna"), Wanted())
        again, other = Wanted(), Wanted()
        planner.plan(an_application(studio.campaign, first_name="Anna", sex="F"), again)
        planner.plan(an_application(studio.campaign, first_name="Rita", sex="F"), other)
        assert again == Wanted()
        assert other.outlines == {} and [scene.values["first_name"] for scene in other.scenes.values()] == ["Rita"]

    def test_rules_and_script_run_once_for_each_shape(self, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []

        def noting(application: Application, campaign: Campaign) -> Decision:
            asked.append(application.spoken_name)
            return decide(application, campaign)

        monkeypatch.setattr(module, "decide", noting)
        planner = Planner(studio)
        for name in ("Anna", "Rita", "Anna", "Ugo"):
            planner.plan(an_application(studio.campaign, first_name=name), Wanted())
        assert asked == ["Anna"]

    def test_more_shapes_and_names_than_are_cached_change_nothing(
        self, studio: Studio, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "CACHE_SIZE", 1)
        people = applications(SAMPLE, studio.campaign) * 2
        planner, wanted = Planner(studio), Wanted()
        planned = [replace(planner.plan(application, wanted), state=b"") for application in people]
        assert planned == [expected(application, studio) for application in people]
        assert set(wanted.scenes) == {key for plan in planned for key in plan.keys.segments}


class TestWordsThatCannotBeSaid:
    def test_a_name_that_the_font_lacks_gives_the_neutral_greeting_and_says_why(self, studio: Studio) -> None:
        planner, wanted = Planner(studio), Wanted()
        lost = replace(an_application(studio.campaign), spoken_name="李")
        plan = planner.plan(lost, wanted)
        assert plan.without == "nome: contiene caratteri che il font non può disegnare (U+674E)"
        assert plan.keys.segments == planner.plan(replace(lost, spoken_name=""), Wanted()).keys.segments
        assert not any(scene.values.get("first_name") for scene in wanted.scenes.values())
        assert planner.plan(an_application(studio.campaign), Wanted()).without == ""

    def test_a_name_that_the_register_does_not_know_gives_the_neutral_greeting_and_says_why(
        self, studio: Studio
    ) -> None:
        plan = Planner(studio).plan(replace(an_application(studio.campaign), spoken_name=""), Wanted())
        assert plan.cases and plan.without == NO_NAME

    def test_a_patronato_that_the_font_lacks_is_left_out_and_the_name_is_said(self, studio: Studio) -> None:
        there = an_application(studio.campaign, channel="patronato", patronato="ACLI")
        planner, wanted = Planner(studio), Wanted()
        plan = planner.plan(replace(there, patronato="李 ACLI"), wanted)
        assert plan.without == "patronato: contiene caratteri che il font non può disegnare (U+674E)"
        assert plan.keys.segments == planner.plan(replace(there, patronato=""), Wanted()).keys.segments
        assert any(scene.values.get("first_name") == "Giulia" for scene in wanted.scenes.values())

    @pytest.mark.parametrize("unsaid", [{"first_name"}, {"patronato"}, {"first_name", "patronato"}])
    def test_a_softened_plan_leaves_only_those_words_out(self, studio: Studio, unsaid: set[str]) -> None:
        planner, wanted = Planner(studio), Wanted()
        there = an_application(studio.campaign, channel="patronato", patronato="ACLI")
        plan = planner.softened(there, unsaid, "troppo lungo", wanted)
        words = {word for scene in wanted.scenes.values() for word in scene.own_words}
        assert words == {"first_name", "patronato"} - unsaid and plan.without == "troppo lungo"
        whole = planner.plan(there, Wanted())
        assert (plan.cases, plan.state, plan.channel) == (whole.cases, whole.state, whole.channel)
        assert plan.keys.segments != whole.keys.segments

    def test_own_words_are_those_of_the_extract_the_name_first(self, studio: Studio) -> None:
        wanted = Wanted()
        Planner(studio).plan(an_application(studio.campaign, channel="patronato", patronato="ACLI"), wanted)
        assert sorted({scene.own_words for scene in wanted.scenes.values()}) == [
            (),
            ("first_name",),
            ("patronato",),
        ]


class TestState:
    @pytest.fixture
    def planner(self, studio: Studio) -> Planner:
        return Planner(studio)

    def test_it_is_the_same_whatever_the_person_is_called_and_whoever_helps(self, planner: Planner) -> None:
        campaign = planner.studio.campaign
        through = {"channel": "patronato", "patronato": "ACLI"}
        anna, ugo = (
            an_application(campaign, first_name="Anna", **through),
            an_application(campaign, first_name="Ugo", sex="M", channel="patronato", patronato="INCA"),
        )
        plans = [planner.plan(each, Wanted()) for each in (anna, ugo)]
        assert plans[0].state == plans[1].state and plans[0].keys.segments != plans[1].keys.segments

    def test_it_is_another_for_other_cases_facts_or_another_channel(self, planner: Planner) -> None:
        campaign = planner.studio.campaign
        tried = [
            an_application(campaign),
            an_application(campaign, facts={"documents": ("residence-permit",)}),
            an_application(campaign, facts={"documents": ("custody-ruling", "residence-permit")}),
            an_application(campaign, channel="patronato"),
            an_application(campaign, ["adult-child"]),
            an_application(campaign, ["adult-child"], facts={"adult_children": 2}),
            an_application(campaign, ["missing-documents", "adult-child"]),
            an_application(campaign, ["unverified-iban"]),
        ]
        states = {planner.plan(application, Wanted()).state for application in tried}
        assert len(states) == len(tried) and all(len(state) == 32 for state in states)


class TestPlanBook:
    @pytest.fixture
    def book(self, tmp_path: Path) -> Iterator[PlanBook]:
        with plan_book(tmp_path) as opened:
            yield opened

    def test_the_book_returns_what_was_added_with_scenes_in_their_first_order(
        self, book: PlanBook, tiny_studio: Studio, tmp_path: Path
    ) -> None:
        people = applications(extract(tmp_path / "x.csv", *FOUR), tiny_studio.campaign)
        planner, plans, all_wanted = Planner(tiny_studio), [], Wanted()
        for application in people:
            wanted = Wanted()
            plans.append(planner.plan(application, wanted))
            book.add([plans[-1]], wanted)
            all_wanted.scenes.update(wanted.scenes)
            all_wanted.outlines.update(wanted.outlines)
        assert book.find(["4", "1", "nobody", "2", "3"]) == {plan.number: plan for plan in plans}
        assert list(book.scenes()) == list(all_wanted.scenes.items())
        assert book.count_scenes() == len(all_wanted.scenes)
        assert {outlined.key: outlined for outlined in book.outlines()} == {
            outlined.key: outlined for outlined in all_wanted.outlines.values()
        }

    def test_a_plan_that_comes_again_takes_the_place_of_the_first_and_a_scene_is_there_once(
        self, book: PlanBook, tiny_studio: Studio, tmp_path: Path
    ) -> None:
        (carla,) = applications(extract(tmp_path / "x.csv", CARLA), tiny_studio.campaign)
        wanted = Wanted()
        plan = Planner(tiny_studio).plan(carla, wanted)
        book.add([plan], wanted)
        book.add([replace(plan, without="perché sì")], wanted)
        assert book.find(["3"])["3"].without == "perché sì"
        assert book.count_scenes() == len(wanted.scenes) == 3
        assert all(book.has_scene(key) for key in wanted.scenes) and not book.has_scene("0" * 64)

    def test_scenes_may_be_added_and_looked_up_during_iteration(
        self, book: PlanBook, tiny_studio: Studio, tmp_path: Path
    ) -> None:
        planner = Planner(tiny_studio)
        for application in applications(extract(tmp_path / "x.csv", *FOUR), tiny_studio.campaign):
            wanted = Wanted()
            book.add([planner.plan(application, wanted)], wanted)
        keys = [key for key, _ in book.scenes() if book.has_scene(key) and book.find(["1"])]
        assert len(keys) == book.count_scenes() == 8

    def test_nothing_of_it_has_a_name_on_the_disk(self, book: PlanBook, tmp_path: Path) -> None:
        assert list(tmp_path.iterdir()) == []

    def test_a_folder_that_cannot_be_written_is_one_clear_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(StoreError, match=r"file/out: non si può scrivere: "), plan_book(tmp_path / "file" / "out"):
            pytest.fail("there is no such place")
        if not is_root():
            (tmp_path / "out").mkdir(0o500)
            with pytest.raises(StoreError, match="permesso negato"), plan_book(tmp_path / "out"):
                pytest.fail("it is forbidden")
