"""Plans: quick for many, and each exactly what the script of one application gives."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from invented_guides import ROOT, an_application
from tiny_runs import CARLA, FOUR, extract, is_root

from videoguide import plans as module
from videoguide.applications import Application, read_applications
from videoguide.campaigns import Campaign
from videoguide.eligibility import decide
from videoguide.errors import StoreError
from videoguide.guides import outline
from videoguide.plans import Plan, PlanBook, Planner, Wanted, plan_book
from videoguide.script import write_script
from videoguide.segments import Studio

SAMPLE = ROOT / "scenes" / "assegno-unico" / "sample.csv"
EXTRACTS = [SAMPLE, *sorted((ROOT / "tests" / "data").glob("extract-2023-*.csv"))]


def applications(file: Path, campaign: Campaign) -> list[Application]:
    return [row for row in read_applications(file, campaign) if isinstance(row, Application)]


def expected(application: Application, studio: Studio) -> Plan:
    """The plan as one guide alone gives it: rules, script, keys."""
    decision = decide(application, studio.campaign)
    if decision.left_out:
        return Plan(application.id, left_out=decision.left_out, channel=application.channel)
    script = write_script(application, decision.cases, studio.campaign)
    return Plan(
        application.id,
        cases=script.cases,
        channel=script.channel,
        outline=bytes.fromhex(outline(script, studio.campaign, studio.voice.id).key),
        segments=tuple(bytes.fromhex(studio.key(scene)) for scene in script.scenes),
    )


class TestPlan:
    @pytest.mark.parametrize("file", EXTRACTS, ids=lambda file: file.stem)
    def test_it_is_what_the_script_of_each_application_gives(self, studio: Studio, file: Path) -> None:
        people, planner, wanted = applications(file, studio.campaign), Planner(studio), Wanted()
        planned = [planner.plan(one, wanted) for one in people]
        assert len(planned) > 12 and any(plan.cases for plan in planned)
        assert [replace(plan, state=b"") for plan in planned] == [expected(one, studio) for one in people]

    def test_it_is_so_for_a_second_campaign(self, tiny_studio: Studio, tmp_path: Path) -> None:
        paid, refused = {"numero": "5", "stato": "pagata"}, {"numero": "6", "consenso": "n"}
        file = extract(tmp_path / "x.csv", *FOUR, paid, refused)
        people, planner = applications(file, tiny_studio.campaign), Planner(tiny_studio)
        planned = [replace(planner.plan(one, Wanted()), state=b"") for one in people]
        assert planned == [expected(one, tiny_studio) for one in people]
        assert [plan.left_out for plan in planned] == ["", "", "", "", "nothing-missing", "no-consent"]

    def test_what_it_wants_is_all_that_the_guides_are_made_of_each_piece_once(self, studio: Studio) -> None:
        planner, wanted = Planner(studio), Wanted()
        planned = [planner.plan(one, wanted) for one in applications(SAMPLE, studio.campaign)]
        assert set(wanted.scenes) == {key for plan in planned for key in plan.segments}
        assert set(wanted.outlines) == {plan.outline for plan in planned if plan.cases}
        assert all(bytes.fromhex(studio.key(scene)) == key for key, scene in wanted.scenes.items())
        assert all(bytes.fromhex(one.key) == key for key, one in wanted.outlines.items())

    def test_what_was_wanted_a_moment_ago_is_not_wanted_again(self, studio: Studio) -> None:
        planner = Planner(studio)
        planner.plan(an_application(studio.campaign, first_name="Anna"), Wanted())
        again, other = Wanted(), Wanted()
        planner.plan(an_application(studio.campaign, first_name="Anna", sex="F"), again)
        planner.plan(an_application(studio.campaign, first_name="Rita", sex="F"), other)
        assert again == Wanted()
        assert other.outlines == {} and [scene.values["first_name"] for scene in other.scenes.values()] == ["Rita"]

    def test_rules_and_script_are_asked_once_a_shape(self, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []
        ask = module.decide
        monkeypatch.setattr(module, "decide", lambda one, campaign: asked.append(one.spoken_name) or ask(one, campaign))
        planner = Planner(studio)
        for name in ("Anna", "Rita", "Anna", "Ugo"):
            planner.plan(an_application(studio.campaign, first_name=name), Wanted())
        assert asked == ["Anna"]

    def test_more_shapes_and_names_than_are_remembered_change_nothing(
        self, studio: Studio, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "SHAPES", 1)
        people = applications(SAMPLE, studio.campaign) * 2
        planner, wanted = Planner(studio), Wanted()
        planned = [replace(planner.plan(one, wanted), state=b"") for one in people]
        assert planned == [expected(one, studio) for one in people]
        assert set(wanted.scenes) == {key for plan in planned for key in plan.segments}


class TestWordsThatCannotBeSaid:
    def test_a_name_that_the_font_lacks_gives_the_neutral_greeting_and_says_why(self, studio: Studio) -> None:
        planner, wanted = Planner(studio), Wanted()
        lost = replace(an_application(studio.campaign), spoken_name="李")
        plan = planner.plan(lost, wanted)
        assert plan.without == "nome: contiene caratteri che il font non può disegnare (U+674E)"
        assert plan.segments == planner.plan(replace(lost, spoken_name=""), Wanted()).segments
        assert not any(scene.values.get("first_name") for scene in wanted.scenes.values())
        assert planner.plan(an_application(studio.campaign), Wanted()).without == ""

    def test_so_does_a_patronato_but_the_name_is_said(self, studio: Studio) -> None:
        there = an_application(studio.campaign, channel="patronato", patronato="ACLI")
        planner, wanted = Planner(studio), Wanted()
        plan = planner.plan(replace(there, patronato="李 ACLI"), wanted)
        assert plan.without == "patronato: contiene caratteri che il font non può disegnare (U+674E)"
        assert plan.segments == planner.plan(replace(there, patronato=""), Wanted()).segments
        assert any(scene.values.get("first_name") == "Giulia" for scene in wanted.scenes.values())

    @pytest.mark.parametrize("unsaid", [{"first_name"}, {"patronato"}, {"first_name", "patronato"}])
    def test_softened_it_leaves_just_those_words_out(self, studio: Studio, unsaid: set[str]) -> None:
        planner, wanted = Planner(studio), Wanted()
        there = an_application(studio.campaign, channel="patronato", patronato="ACLI")
        plan = planner.softened(there, unsaid, "troppo lungo", wanted)
        said = {word for scene in wanted.scenes.values() for word in scene.own_words}
        assert said == {"first_name", "patronato"} - unsaid and plan.without == "troppo lungo"
        whole = planner.plan(there, Wanted())
        assert (plan.cases, plan.state, plan.channel) == (whole.cases, whole.state, whole.channel)
        assert plan.segments != whole.segments

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
        one, other = (
            an_application(campaign, first_name="Anna", **through),
            an_application(campaign, first_name="Ugo", sex="M", channel="patronato", patronato="INCA"),
        )
        plans = [planner.plan(each, Wanted()) for each in (one, other)]
        assert plans[0].state == plans[1].state and plans[0].segments != plans[1].segments

    def test_it_is_another_for_other_cases_facts_or_another_channel(self, planner: Planner) -> None:
        campaign = planner.studio.campaign
        told = [
            an_application(campaign),
            an_application(campaign, facts={"documents": ("residence-permit",)}),
            an_application(campaign, facts={"documents": ("custody-ruling", "residence-permit")}),
            an_application(campaign, channel="patronato"),
            an_application(campaign, ["adult-child"]),
            an_application(campaign, ["adult-child"], facts={"adult_children": 2}),
            an_application(campaign, ["missing-documents", "adult-child"]),
            an_application(campaign, ["unverified-iban"]),
        ]
        states = {planner.plan(one, Wanted()).state for one in told}
        assert len(states) == len(told) and all(len(state) == 32 for state in states)


class TestPlanBook:
    @pytest.fixture
    def book(self, tmp_path: Path) -> Iterator[PlanBook]:
        with plan_book(tmp_path) as opened:
            yield opened

    def test_what_was_put_in_comes_out_scenes_in_the_order_they_were_wanted(
        self, book: PlanBook, tiny_studio: Studio, tmp_path: Path
    ) -> None:
        people = applications(extract(tmp_path / "x.csv", *FOUR), tiny_studio.campaign)
        planner, plans, all_wanted = Planner(tiny_studio), [], Wanted()
        for one in people:
            wanted = Wanted()
            plans.append(planner.plan(one, wanted))
            book.add([plans[-1]], wanted)
            all_wanted.scenes.update(wanted.scenes)
            all_wanted.outlines.update(wanted.outlines)
        assert book.find(["4", "1", "nobody", "2", "3"]) == {plan.number: plan for plan in plans}
        assert list(book.scenes()) == list(all_wanted.scenes.items())
        assert book.count_scenes() == len(all_wanted.scenes)
        assert {one.key: one for one in book.outlines()} == {one.key: one for one in all_wanted.outlines.values()}

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
        assert all(book.has_scene(key) for key in wanted.scenes) and not book.has_scene(bytes(32))

    def test_scenes_may_be_added_and_asked_for_while_they_are_gone_through(
        self, book: PlanBook, tiny_studio: Studio, tmp_path: Path
    ) -> None:
        planner = Planner(tiny_studio)
        for one in applications(extract(tmp_path / "x.csv", *FOUR), tiny_studio.campaign):
            wanted = Wanted()
            book.add([planner.plan(one, wanted)], wanted)
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
