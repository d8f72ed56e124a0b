# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Who withdraws their consent is forgotten at once; who is refused is told so; neither counts as solved."""

from pathlib import Path

import pytest
from sqlmodel import select

from tests.support.databases import postgresql  # noqa: F401  pytest finds it here
from tests.support.rendered_worlds import ANNA, BRUNO, PEOPLE, World
from videoguide.media.payload import SEGMENTS
from videoguide.outcomes.figures import figures
from videoguide.packs.campaigns import SOLVED
from videoguide.records.database import ApplicationRecord, GuideRecord, LoginSession, Rating, View
from videoguide.records.delivery import guide_of, guides_of
from videoguide.records.monitoring import rate
from videoguide.runs.backups import back_up
from videoguide.runs.purging import purge_expired

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("databases")]  # one PostgreSQL server is enough

LATER = {"estratto": "2024-04-02"}
WITHDRAWN = {"consenso": "n", **LATER}


def test_who_withdraws_consent_leaves_no_byte(either_world: World, tmp_path: Path) -> None:
    world = either_world
    theirs = [world.guides()[number].id for number in "23"]
    with world.opened() as database:
        rate(database, theirs[0], 4, "Sono Bruno, grazie")
        with database.session() as session:
            session.add(View(id="v", guide_id=theirs[0]))
    report = world.render(tmp_path, {**PEOPLE[1], **WITHDRAWN}, {**PEOPLE[2], **WITHDRAWN})
    assert (report.withdrawn, report.forgotten, report.left_out) == (2, 2, {"no-consent": 2})
    assert world.says("Bruno") == [] and world.says(BRUNO) == []
    assert BRUNO not in world.people() and world.files() == {"1", "4"}
    with world.opened() as database:
        assert guides_of(database, BRUNO) == [] and guide_of(database, BRUNO, theirs[0]) is None
        with database.session() as session:
            rows = {row.number: row for row in session.exec(select(ApplicationRecord))}
            guides = {guide.id: guide for guide in session.exec(select(GuideRecord))}
            assert [(rating.stars, rating.comment) for rating in session.exec(select(Rating))] == [(4, "")]
            assert len(session.exec(select(View)).all()) == 1
    for number in "23":
        row = rows[number]
        assert (row.first_name, row.sex, row.recipient_id, row.facts, row.filed_on) == ("", "", None, None, None)
    for guide in theirs:
        assert (guides[guide].withdrawn_because, guides[guide].recipient_id) == ("consent-withdrawn", None)
        assert (guides[guide].outline, guides[guide].segments) == (b"", b"")
    shared = {key for number in "14" for key in world.guide_keys(number).segments}
    assert world.pieces()[SEGMENTS] == shared


def test_the_scene_that_another_person_of_the_name_needs_stays(world: World, tmp_path: Path) -> None:
    world.render(tmp_path, {**PEOPLE[0], **WITHDRAWN})
    assert set(world.guide_keys("4").segments) <= world.pieces()[SEGMENTS]
    assert world.files() == {"2", "3", "4"} and world.says(ANNA) == []


def test_who_consents_again_gets_a_guide_of_their_own_again(world: World, tmp_path: Path) -> None:
    first = world.guides()["1"].id
    world.render(tmp_path, {**PEOPLE[0], **WITHDRAWN})
    report = world.render(tmp_path, {**PEOPLE[0], "estratto": "2024-04-03"})
    assert (report.made, report.forgotten) == (1, 0)
    with world.opened() as database:
        (now,) = guides_of(database, ANNA)
    assert now.id != first


def test_one_application_without_consent_leaves_the_persons_other_one(world: World, tmp_path: Path) -> None:
    report = world.render(tmp_path, {**PEOPLE[1], **WITHDRAWN})
    assert report.forgotten == 1
    with world.opened() as database:
        assert [guide.id for guide in guides_of(database, BRUNO)] == [world.guides()["3"].id]


def test_a_guide_withdrawn_long_before_is_forgotten_as_well(world: World, tmp_path: Path) -> None:
    guide = world.guides()["1"].id
    world.render(tmp_path, {**PEOPLE[0], "stato": "pagata", **LATER})
    world.render(tmp_path, {**PEOPLE[0], "consenso": "n", "estratto": "2024-04-03"})
    with world.opened() as database, database.session() as session:
        row = session.get(GuideRecord, guide)
        assert row is not None and (row.withdrawn_because, row.recipient_id) == (SOLVED, None)
    assert ANNA not in world.people() and world.says(ANNA) == []


def test_a_draft_and_a_login_of_who_withdraws_consent_go_as_well(world: World, tmp_path: Path) -> None:
    world.render(tmp_path, *PEOPLE, order={"draft": True})
    with world.opened() as database, database.session() as session:
        session.add(LoginSession(token_hash="h", role="citizen", fiscal_code=BRUNO))
    world.render(tmp_path, {**PEOPLE[1], **WITHDRAWN}, {**PEOPLE[2], **WITHDRAWN})
    assert world.says("Bruno") == [] and world.says(BRUNO) == []


def test_a_backup_can_be_made_of_what_is_left(world: World, tmp_path: Path) -> None:
    world.render(tmp_path, {**PEOPLE[1], **WITHDRAWN})
    with world.opened() as database:
        made = back_up(world.store, database, tmp_path / "backups", "anna")
    assert not made.manifest.missing


def test_a_dry_run_and_a_draft_forget_nobody(world: World, tmp_path: Path) -> None:
    before = world.people()
    for options in ({"dry_run": True}, {"draft": True}):
        world.render(tmp_path, {**PEOPLE[0], **WITHDRAWN}, order=options)
    assert world.people() == before and world.says(ANNA)


def test_what_a_busy_run_left_is_deleted_with_what_expires(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: object) -> None:
        """As when another run is going on."""

    monkeypatch.setattr("videoguide.runs.pipeline.purge_forgotten", nothing)
    world.render(tmp_path, {**PEOPLE[1], **WITHDRAWN}, {**PEOPLE[2], **WITHDRAWN})
    assert world.says("Bruno")
    with world.opened() as database:
        purge_expired(world.store, database)
    assert world.says("Bruno") == []


def test_a_refused_application_is_not_solved(world: World, tmp_path: Path) -> None:
    ids = {number: world.guides()[number].id for number in "1234"}
    world.render(
        tmp_path,
        {**PEOPLE[0], "stato": "rifiutata", **LATER},
        {**PEOPLE[1], "stato": "pagata", **LATER},
        {**PEOPLE[2], **WITHDRAWN},
    )
    with world.opened() as database:
        refused, solved = guide_of(database, ANNA, ids["1"]), guide_of(database, BRUNO, ids["2"])
        assert refused is not None and refused.ended == "refused"
        assert solved is not None and solved.ended == SOLVED
        outcomes = figures(database, world.pack)
    assert [(ending.id, ending.title) for ending in outcomes.endings] == [
        ("solved", "Non resta niente da fare"),
        ("consent-withdrawn", "Consenso ritirato"),
        ("refused", "Domanda rifiutata"),
    ]
