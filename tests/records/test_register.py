# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Which guide belongs to which application, day after day, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from tests.support.databases import MakeAddress, address, postgresql  # noqa: F401  pytest finds them here
from tests.support.extracts import fiscal_code
from tests.support.invented_guides import an_extract_row, small
from tests.support.places import ROOT
from tests.support.tiny_runs import approve
from videoguide.errors import StoreError
from videoguide.guide.guides import read_guide
from videoguide.guide.keys import GuideKeys
from videoguide.guide.plans import Plan
from videoguide.intake.applications import Application
from videoguide.packs.campaigns import CHANGED, HANDED_OVER, SOLVED, Campaign
from videoguide.records import monitoring
from videoguide.records.database import ApplicationRecord, Database, GuideRecord, Preview, Recipient, Run, now
from videoguide.records.delivery import guide_of, guides_of
from videoguide.records.register import (
    CurrentGuide,
    Register,
    Registered,
    Step,
    months_later,
    step,
)
from videoguide.runs import pipeline
from videoguide.store import Store

pytestmark = pytest.mark.xdist_group("databases")  # one PostgreSQL server is enough

GIULIA, MARCO = fiscal_code("RSSGLI85T50A562"), fiscal_code("BNCMRC80A01H501")
DAY = date(2023, 6, 6)

Apply = Callable[..., Step]
Rows = Mapping[str, list[Any]]


def key(name: str) -> str:
    return name.encode().ljust(32, b".").hex()


def a_plan(number: str = "A1", state: str = "documents", words: str = "1") -> Plan:
    """A guide of three segments for the application; another ``state`` is another reason, ``words`` only wording."""
    segments = tuple(key(f"{part}{words}") for part in ("hello", state, "end"))
    return Plan(number, "", (state,), "citizen", bytes.fromhex(key(state)), GuideKeys(key(f"outline{words}"), segments))


def left_out(number: str = "A1", reason: str = "not-blocked") -> Plan:
    return Plan(number, left_out=reason, channel="citizen")


@pytest.fixture
def opened(address: str) -> Iterator[Database]:  # noqa: F811
    with Database(address) as database:
        yield database


@pytest.fixture
def register(opened: Database, pack: Campaign) -> Register:
    begun = Register(opened, pack)
    begun.begin("/somewhere", "ranges")
    return begun


@pytest.fixture
def application(pack: Campaign) -> Application:
    return an_extract_row(
        pack, id="A1", fiscal_code=GIULIA, extracted_on=DAY, facts={"documents": ("custody-ruling",), "children": 0}
    )


@pytest.fixture
def apply(register: Register, application: Application) -> Apply:
    """``apply(plan, day=1, fiscal_code=...)`` -> the one step of an extract so many days after the first."""

    def once(plan: Plan, day: int = 0, **changes: Any) -> Step:
        changed = replace(application, id=plan.number, extracted_on=DAY + timedelta(days=day), **changes)
        (done,) = register.apply([(changed, plan)])
        return done

    return once


def rows(register: Register) -> Rows:
    """Every row of every table but the runs."""
    with register.database.session() as session:
        return {
            table.name: [tuple(row) for row in session.execute(sa.select(table).order_by(*table.primary_key))]
            for table in SQLModel.metadata.sorted_tables
            if table.name != "runs"
        }


def guides(register: Register) -> dict[str, GuideRecord]:
    with register.database.session() as session:
        return {guide.id: guide for guide in session.exec(select(GuideRecord))}


class TestStep:
    """The rules alone."""

    KNOWN = Registered(7, DAY, CurrentGuide("old", a_plan().state, a_plan().keys, GIULIA))

    @pytest.mark.parametrize(
        ("plan", "registered", "expected"),
        [
            (left_out(), None, {}),
            (left_out(), Registered(7, DAY, None), {}),
            (left_out(), KNOWN, {"withdrawn": "old"}),
            (a_plan(), KNOWN, {"kept": "old"}),
            (a_plan(words="2"), KNOWN, {"renewed": "old"}),
            (replace(a_plan(), keys=replace(a_plan().keys, outline=key("x"))), KNOWN, {"renewed": "old"}),
            (
                replace(a_plan(), keys=replace(a_plan().keys, segments=a_plan().keys.segments[:2])),
                KNOWN,
                {"renewed": "old"},
            ),
        ],
    )
    def test_nothing_new_is_made(
        self, application: Application, plan: Plan, registered: Registered | None, expected: dict[str, Any]
    ) -> None:
        assert step(application, plan, registered) == Step(application, plan, registered, **expected)

    @pytest.mark.parametrize("registered", [None, Registered(7, DAY, None)])
    def test_who_has_no_guide_gets_one_with_an_id_that_tells_nothing(
        self, application: Application, registered: Registered | None
    ) -> None:
        first, second = step(application, a_plan(), registered), step(application, a_plan(), registered)
        assert first.guide == first.made and len(first.made) == 32 and first.made != second.made
        assert not first.withdrawn and not first.kept and not first.renewed

    def test_another_reason_is_another_guide(self, application: Application) -> None:
        done = step(application, a_plan(state="iban"), self.KNOWN)
        assert done.withdrawn == "old" and done.made not in ("", "old") and done.guide == done.made


class TestDayByDay:
    def test_the_first_extract_makes_guides_that_last_for_the_campaigns_months(
        self, apply: Apply, register: Register
    ) -> None:
        made = apply(a_plan()).made
        (guide,) = guides(register).values()
        assert guide.id == made and guide.cases == "documents" and guide.channel == "citizen"
        assert GuideKeys.unpacked(guide.outline, guide.segments) == a_plan().keys
        assert guide.expires_at == months_later(guide.made_at, register.campaign.description.valid_months)
        assert abs(guide.made_at - now()) < timedelta(minutes=1) and guide.withdrawn_at is None
        assert [row[:2] for row in rows(register)["deliveries"]] == [(made, "reserved-area")]
        assert register.registered(["A1", "other"]) == {
            "A1": Registered(1, DAY, CurrentGuide(made, a_plan().state, a_plan().keys, GIULIA), GIULIA, "Giulia")
        }

    def test_an_application_is_kept_as_its_extract_tells_it(
        self, apply: Apply, register: Register, application: Application
    ) -> None:
        apply(a_plan())
        with register.database.session() as session:
            kept = session.exec(select(ApplicationRecord)).one()
            assert session.exec(select(Recipient.fiscal_code)).all() == [GIULIA]
        assert (kept.number, kept.extracted_on, kept.left_out) == ("A1", DAY, "")
        assert (kept.first_name, kept.sex, kept.filed_on) == ("Giulia", "F", application.filed_on)
        assert kept.facts == {"documents": ["custody-ruling"]}, "what is nothing is not kept"

    def test_the_same_extract_again_changes_nothing(self, apply: Apply, register: Register) -> None:
        made = apply(a_plan()).made
        before = rows(register)
        assert apply(a_plan()).kept == made
        assert rows(register) == before

    def test_a_later_extract_that_says_the_same_changes_its_date_alone(self, apply: Apply, register: Register) -> None:
        made = apply(a_plan()).made
        before = rows(register)
        assert apply(a_plan(), day=1).kept == made
        after = rows(register)
        assert {name for name in after if after[name] != before[name]} == {"applications"}
        changed = zip(before["applications"][0], after["applications"][0], strict=True)
        assert [pair for pair in changed if pair[0] != pair[1]] == [(DAY, DAY + timedelta(days=1))]

    def test_other_cases_withdraw_the_guide_and_make_another(self, apply: Apply, register: Register) -> None:
        old = apply(a_plan()).made
        done = apply(a_plan(state="iban"), day=1)
        assert done.withdrawn == old and done.made
        kept = guides(register)
        assert kept[old].withdrawn_because == CHANGED and kept[old].withdrawn_at is not None
        assert kept[done.made].withdrawn_at is None and kept[done.made].cases == "iban"
        assert kept[done.made].application_id == kept[old].application_id

    def test_a_solved_application_keeps_its_withdrawn_guide_and_who_it_was_for(
        self, apply: Apply, register: Register
    ) -> None:
        old = apply(a_plan()).made
        assert apply(left_out(), day=1).withdrawn == old
        assert guides(register)[old].withdrawn_because == SOLVED
        with register.database.session() as session:
            kept = session.exec(select(ApplicationRecord)).one()
        assert (kept.left_out, kept.first_name, kept.extracted_on) == ("not-blocked", "Giulia", DAY + timedelta(1))

    def test_a_problem_that_comes_back_is_a_new_guide(self, apply: Apply, register: Register) -> None:
        old = apply(a_plan()).made
        apply(left_out(), day=1)
        done = apply(a_plan(), day=2)
        assert done.made not in ("", old) and not done.withdrawn
        assert len(guides(register)) == 2 and guides(register)[old].withdrawn_because == SOLVED

    def test_other_words_renew_the_guide_in_its_place(self, apply: Apply, register: Register) -> None:
        made = apply(a_plan()).made
        before = guides(register)[made]
        assert apply(a_plan(words="2"), day=1).renewed == made
        after = guides(register)[made]
        assert GuideKeys.unpacked(after.outline, after.segments) == a_plan(words="2").keys
        assert (after.made_at, after.expires_at, after.state) == (before.made_at, before.expires_at, before.state)
        assert len(rows(register)["deliveries"]) == 1

    def test_a_date_to_come_that_was_once_let_in_is_repaired_by_the_next_extract(
        self, apply: Apply, register: Register
    ) -> None:
        made = apply(a_plan()).made
        with register.database.session() as session:
            session.execute(sa.update(ApplicationRecord).values(extracted_on=date(2203, 6, 6)))
        assert apply(a_plan(), day=1).kept == made
        with register.database.session() as session:
            assert session.exec(select(ApplicationRecord)).one().extracted_on == DAY + timedelta(days=1)
        assert apply(left_out(), day=2).withdrawn == made

    def test_an_older_extract_is_passed_by(self, apply: Apply, register: Register, application: Application) -> None:
        apply(a_plan(), day=2)
        before = rows(register)
        older = replace(application, extracted_on=DAY)
        assert register.apply([(older, left_out())]) == []
        assert register.apply([(older, a_plan(state="iban"))]) == []
        assert rows(register) == before

    def test_what_an_extract_does_not_mention_stays(self, apply: Apply, register: Register) -> None:
        made = apply(a_plan()).made
        apply(a_plan("A2"), day=1, fiscal_code=MARCO)
        assert guides(register)[made].withdrawn_at is None

    def test_a_person_with_several_applications_is_one_recipient(self, register: Register, apply: Apply) -> None:
        apply(a_plan("A1")), apply(a_plan("A2", "iban")), apply(a_plan("A3"), fiscal_code=MARCO)
        recipients = dict(rows(register)["recipients"])
        assert sorted(recipients.values()) == sorted([GIULIA, MARCO])
        with register.database.session() as session:
            records = session.exec(select(ApplicationRecord).order_by(col(ApplicationRecord.number))).all()
        assert [recipients[record.recipient_id] for record in records] == [GIULIA, GIULIA, MARCO]

    def test_who_never_had_a_guide_leaves_nothing_personal(self, register: Register, apply: Apply) -> None:
        apply(left_out("A1", "no-consent"))
        assert apply(left_out("A1", "year"), day=1).guide == ""
        (row,) = rows(register)["applications"]
        empty = {None, ""}
        assert set(row) - empty == {1, register.campaign.id, "A1", DAY + timedelta(days=1), "year"}
        assert rows(register)["recipients"] == [] and rows(register)["guides"] == []

    def test_who_was_left_out_and_then_has_a_problem_gets_a_guide(self, register: Register, apply: Apply) -> None:
        apply(left_out())
        made = apply(a_plan(), day=1).made
        assert guides(register)[made].application_id == 1
        assert rows(register)["recipients"] == [(1, GIULIA)]

    def test_many_kinds_at_once_are_one_transaction(self, register: Register, application: Application) -> None:
        def batch(day: int, plans: list[Plan]) -> list[tuple[Application, Plan]]:
            return [(replace(application, id=plan.number, extracted_on=DAY + timedelta(day)), plan) for plan in plans]

        register.apply(batch(0, [a_plan("A1"), a_plan("A2"), a_plan("A3"), a_plan("A4"), left_out("A5")]))
        later = [
            a_plan("A1"),
            a_plan("A2", words="2"),
            a_plan("A3", "iban"),
            left_out("A4"),
            a_plan("A5"),
            a_plan("A6"),
        ]
        done = register.apply(batch(1, later))
        outcomes = ["made", "renewed", "kept", "withdrawn"]
        assert [[name for name in outcomes if getattr(taken_step, name)] for taken_step in done] == [
            ["kept"],
            ["renewed"],
            ["made", "withdrawn"],
            ["withdrawn"],
            ["made"],
            ["made"],
        ]
        registered = register.registered([plan.number for plan in later])
        assert {number: bool(record.guide) for number, record in registered.items()} == {
            f"A{number}": number != 4 for number in range(1, 7)
        }
        assert all(record.extracted_on == DAY + timedelta(1) for record in registered.values())

    def test_two_campaigns_may_have_an_application_of_one_number(
        self, register: Register, tiny: Campaign, application: Application
    ) -> None:
        other = Register(register.database, tiny)
        other.begin("/somewhere", "mp4")
        for each in (register, other):
            assert each.apply([(application, a_plan())])[0].made
        assert len(rows(register)["applications"]) == 2 and len(rows(register)["recipients"]) == 1

    def test_nothing_to_do_is_nothing_done(self, register: Register) -> None:
        assert register.apply([]) == [] and register.registered([]) == {}


CORRECTED = fiscal_code("RSSGLI85T50H501")
"""Giulia's code with another place of birth."""


class TestPersons:
    """A guide belongs to the person it was made for, whoever has the application's number later."""

    def test_a_number_that_another_person_has_now_is_another_guide_and_the_old_one_is_withdrawn(
        self, apply: Apply, register: Register
    ) -> None:
        first = apply(a_plan()).made
        change = apply(a_plan(), day=1, fiscal_code=MARCO, spoken_name="Marco")
        assert change.handed_over and change.withdrawn == first and change.made not in ("", first)
        old, new = guides(register)[first], guides(register)[change.made]
        assert (old.withdrawn_because, new.withdrawn_because) == (HANDED_OVER, "")
        assert old.recipient_id != new.recipient_id
        assert new.expires_at == months_later(new.made_at, register.campaign.description.valid_months)

    def test_neither_sees_what_is_the_others(self, apply: Apply, register: Register) -> None:
        first = apply(a_plan()).made
        monitoring.rate(register.database, first, 2, "Non ho capito.")
        second = apply(a_plan(), day=1, fiscal_code=MARCO, spoken_name="Marco").made
        (seen,) = guides_of(register.database, MARCO)
        assert seen.id == second and seen.rating is None and not seen.is_seen
        assert guides_of(register.database, GIULIA) == [] and guide_of(register.database, GIULIA, first) is None
        assert guide_of(register.database, MARCO, first) is None

    def test_a_number_that_comes_back_makes_a_third_guide(self, apply: Apply, register: Register) -> None:
        first = apply(a_plan()).made
        apply(a_plan(), day=1, fiscal_code=MARCO, spoken_name="Marco")
        back = apply(a_plan(), day=2)
        assert back.handed_over and back.made != first
        assert [guide.id for guide in guides_of(register.database, GIULIA)] == [back.made]

    def test_another_person_who_gets_no_guide_leaves_nothing_of_the_first_on_the_application(
        self, apply: Apply, register: Register
    ) -> None:
        first = apply(a_plan()).made
        change = apply(left_out(), day=1, fiscal_code=MARCO, spoken_name="Marco")
        assert change.withdrawn == first and guides(register)[first].withdrawn_because == HANDED_OVER
        (row,) = rows(register)["applications"]
        assert "Giulia" not in row and row[5] is None

    def test_previews_of_the_first_persons_guide_are_dropped(self, apply: Apply, register: Register) -> None:
        apply(a_plan())
        with register.database.session() as session:
            session.add(
                Preview(
                    id="f" * 32,
                    campaign_id=register.campaign.id,
                    version="",
                    application_id=1,
                    outline=bytes(32),
                    segments=b"",
                    made_by="anna",
                    expires_at=now() + timedelta(days=30),
                )
            )
        apply(a_plan(), day=1)
        assert len(rows(register)["previews"]) == 1, "nothing has changed"
        apply(a_plan(), day=2, fiscal_code=MARCO, spoken_name="Marco")
        assert rows(register)["previews"] == []

    def test_a_corrected_code_of_the_same_person_keeps_the_guide_with_all_that_hangs_on_it(
        self, apply: Apply, register: Register
    ) -> None:
        first = apply(a_plan()).made
        monitoring.rate(register.database, first, 5, "Utile.")
        change = apply(a_plan(), day=1, fiscal_code=CORRECTED)
        assert change.kept == first and not change.handed_over
        (seen,) = guides_of(register.database, CORRECTED)
        assert seen.id == first and seen.rating is not None
        assert guides_of(register.database, GIULIA) == []

    def test_a_corrected_code_takes_the_withdrawn_guides_along(self, apply: Apply, register: Register) -> None:
        apply(a_plan())
        apply(a_plan(state="iban"), day=1)
        apply(a_plan(state="iban"), day=2, fiscal_code=CORRECTED)
        assert len({guide.recipient_id for guide in guides(register).values()}) == 1

    @pytest.mark.parametrize("name", ["", "Anna"])
    def test_without_the_same_name_no_code_counts_as_corrected(self, apply: Apply, name: str) -> None:
        apply(a_plan())
        assert apply(a_plan(), day=1, fiscal_code=CORRECTED, spoken_name=name).handed_over


class TestFilesFirst:
    def test_files_change_before_rows(self, register: Register, application: Application, apply: Apply) -> None:
        old = apply(a_plan()).made
        seen: list[tuple[str, Any]] = []

        def before(steps: Any) -> None:
            seen.extend((taken_step.withdrawn, guides(register)[old].withdrawn_at) for taken_step in steps)

        register.apply([(application, left_out())], before)
        assert seen == [(old, None)]

    def test_a_file_that_cannot_be_written_leaves_the_rows_as_they_were(
        self, register: Register, application: Application, apply: Apply
    ) -> None:
        apply(a_plan())
        before = rows(register)

        def full(_steps: Any) -> None:
            raise StoreError("guide.mp4", "lo spazio sul disco è finito")

        with pytest.raises(StoreError, match="spazio"):
            register.apply([(application, a_plan(words="2"))], full)
        assert rows(register) == before


class TestAtTheSameTime:
    """Somebody else writes the same between this writer's look and its own writing."""

    def test_the_same_application_is_looked_at_again(self, register: Register, application: Application) -> None:
        other = Register(register.database, register.campaign)
        looked: list[list[Step]] = []
        theirs: list[Step] = []

        def before(steps: Any) -> None:
            looked.append(list(steps))
            if not theirs:
                theirs.extend(other.apply([(application, a_plan())]))

        (done,) = register.apply([(application, a_plan())], before)
        assert [bool(steps[0].made) for steps in looked] == [True, False]
        assert done.kept == theirs[0].made and list(guides(register)) == [done.kept]

    def test_the_same_person_is_looked_at_again(
        self, register: Register, application: Application, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = Register(register.database, register.campaign)
        find_recipients = Register._recipients
        missed: list[bool] = []

        def slow(self: Register, session: Session, codes: Any) -> dict[str, int]:
            people = find_recipients(self, session, codes)
            if self is register and not missed:
                missed.append(not people)
                other.apply([(replace(application, id="A2"), a_plan("A2"))])
            return people

        monkeypatch.setattr(Register, "_recipients", slow)
        (done,) = register.apply([(application, a_plan())])
        assert missed == [True] and done.made
        assert rows(register)["recipients"] == [(1, GIULIA)] and len(guides(register)) == 2

    def test_a_guide_that_another_has_just_made_is_kept(self, register: Register, application: Application) -> None:
        """Both find the application without a guide: the second breaks the rule of one guide, and looks again."""
        register.apply([(application, left_out())])
        other = Register(register.database, register.campaign)
        theirs: list[Step] = []

        def before(_steps: Any) -> None:
            if not theirs:
                theirs.extend(other.apply([(application, a_plan())]))

        (done,) = register.apply([(application, a_plan())], before)
        assert done.kept == theirs[0].made and len(guides(register)) == 1

    def test_a_guide_that_was_deleted_meanwhile_is_made_anew(
        self, register: Register, application: Application, apply: Apply
    ) -> None:
        old = apply(a_plan()).made
        looked: list[Step] = []

        def before(steps: Any) -> None:
            looked.extend(steps)
            with register.database.session() as session:
                session.execute(sa.delete(GuideRecord))

        (done,) = register.apply([(application, a_plan(words="2"))], before)
        assert [taken_step.renewed for taken_step in looked] == [old, ""] and done.made not in ("", old)
        assert list(guides(register)) == [done.made]

    def test_who_always_comes_second_gives_up_with_an_error(self, register: Register, application: Application) -> None:
        other = Register(register.database, register.campaign)
        states = iter("bcdefg")

        def before(_steps: Any) -> None:
            with register.database.session() as session:
                session.execute(sa.delete(GuideRecord))
            other.apply([(application, a_plan(state=next(states)))])

        register.apply([(application, left_out())])
        with pytest.raises(StoreError, match="il database rifiuta"):
            register.apply([(application, a_plan())], before)
        assert next(states) == "e", "it tried three times"

    def test_another_error_is_not_tried_again(self, register: Register, application: Application) -> None:
        tries: list[int] = []

        def before(_steps: Any) -> None:
            tries.append(1)

        with register.database.session() as session:
            session.execute(sa.text("DROP TABLE deliveries"))
        with pytest.raises(StoreError, match="il database rifiuta"):
            register.apply([(application, a_plan())], before)
        assert tries == [1] and guides(register) == {}

    def test_many_writers_of_the_same_applications_agree(
        self,
        address: str,  # noqa: F811
        register: Register,
        application: Application,
    ) -> None:
        pairs = [(replace(application, id=f"A{number}"), a_plan(f"A{number}")) for number in range(40)]
        barrier, failed = Barrier(3), list[BaseException]()

        def write() -> None:
            with Database(address) as mine:
                own = Register(mine, register.campaign)
                for start in range(0, len(pairs), 8):
                    barrier.wait()
                    try:
                        own.apply(pairs[start : start + 8])
                    except BaseException as error:
                        failed.append(error)

        threads = [Thread(target=write) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert len(guides(register)) == 40 and len(rows(register)["recipients"]) == 1


class TestRuns:
    def test_a_run_without_an_end_was_stopped(self, register: Register) -> None:
        number = register.begin("/elsewhere", "mp4")
        with register.database.session() as session:
            first, second = session.exec(select(Run).order_by(col(Run.id))).all()
        assert second.id == number and (second.output, second.format) == ("/elsewhere", "mp4")
        assert first.ended_at is None and second.ended_at is None and second.report is None

    def test_its_end_keeps_what_it_did(self, register: Register) -> None:
        number = register.begin("/elsewhere", "mp4")
        register.end(number, {"guides": 3, "neutral": {"A1": "nome: non si può dire"}})
        with register.database.session() as session:
            run = session.get(Run, number)
        assert run is not None and run.ended_at is not None and run.ended_at >= run.started_at
        assert run.report == {"guides": 3, "neutral": {"A1": "nome: non si può dire"}}
        assert len(rows(register)["campaigns"]) == 1


@pytest.mark.parametrize(
    ("moment", "months", "expected"),
    [
        ("2023-01-15T09:30", 6, "2023-07-15T09:30"),
        ("2023-08-31T00:00", 6, "2024-02-29T00:00"),
        ("2022-08-31T00:00", 6, "2023-02-28T00:00"),
        ("2023-12-31T23:59", 1, "2024-01-31T23:59"),
        ("2023-06-30T12:00", 12, "2024-06-30T12:00"),
        ("2023-07-01T12:00", 5, "2023-12-01T12:00"),
        ("2023-05-31T12:00", 0, "2023-05-31T12:00"),
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(moment: str, months: int, expected: str) -> None:
    assert months_later(datetime.fromisoformat(moment), months) == datetime.fromisoformat(expected)


def test_months_later_stays_in_utc() -> None:
    assert months_later(datetime(2023, 1, 1, tzinfo=UTC), 6).tzinfo is UTC


@pytest.mark.slow
def test_the_sample_is_rendered_into_a_postgresql_database(
    postgresql: MakeAddress,  # noqa: F811
    pack: Campaign,
    own_store: Path,
    tmp_path: Path,
) -> None:
    settings = small(own_store, database=postgresql())
    approve(settings, pack)
    sample = ROOT / "scenes" / "assegno-unico" / "sample.csv"
    first = pipeline.render(pipeline.RunOrder(sample, pack, settings, tmp_path, format="ranges", workers=1))
    assert first.guides == first.made > 0 and first.segments.needed > 0
    with Database(settings.database) as opened, opened.session() as session:
        kept = session.exec(select(GuideRecord)).all()
    assert len(kept) == first.guides
    guide = read_guide(Store(own_store), GuideKeys.unpacked(kept[0].outline, kept[0].segments))
    assert guide.duration_ms > 10_000
    again = pipeline.render(pipeline.RunOrder(sample, pack, settings, tmp_path, format="ranges", workers=1))
    assert (again.made, again.renewed, again.kept) == (0, 0, first.guides)
