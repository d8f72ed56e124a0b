# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Plans -> the database: which guide belongs to which application, as extracts come in day after day.

A guide belongs to one state of its application. A newer extract makes guides for new and changed cases, withdraws
those whose reason has vanished and leaves the others alone. Applications that it does not mention, or mentions in a
row that is rejected, stay as they are.
"""

import calendar
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import col

from videoguide.errors import InputError, StoreError
from videoguide.guide.keys import GuideKeys
from videoguide.guide.plans import Plan
from videoguide.intake.applications import Application, is_corrected_code, latest_day
from videoguide.packs.campaigns import CHANGED, HANDED_OVER, SOLVED, Campaign, joined_ids
from videoguide.records.applications import columns_of, forgotten_columns, unnamed_columns
from videoguide.records.database import (
    ApplicationRecord,
    Database,
    Delivery,
    GuideRecord,
    LoginSession,
    Preview,
    Rating,
    Recipient,
    Run,
    VersionRecord,
    now,
)
from videoguide.records.versions import SHORT, enter_campaign

RESERVED_AREA = "reserved-area"
ATTEMPTS = 3
DRAFT_LASTS = timedelta(days=30)
"""How long a draft is kept; after that, ``purge --expired`` deletes its files and rows."""


@dataclass(frozen=True)
class CurrentGuide:
    """The guide that an application has now, and the fiscal code of the person it was made for."""

    id: str
    state: bytes
    keys: GuideKeys
    fiscal_code: str


@dataclass(frozen=True)
class Registered:
    """An application's row: the date of its newest extract, its person if there is one, and its current guide."""

    record: int
    extracted_on: date
    guide: CurrentGuide | None
    fiscal_code: str = ""
    first_name: str = ""

    def is_handed_over(self, application: Application) -> bool:
        """Whether the number is another person's now; a corrected code of the same person is none."""
        code = self.guide.fiscal_code if self.guide else self.fiscal_code
        return bool(code) and not (
            code == application.fiscal_code
            or is_corrected_code(code, self.first_name, application.fiscal_code, application.spoken_name)
        )


@dataclass(frozen=True)
class Step:
    """What one application's plan changes, as ids of guides.

    At most one guide is ``made``, ``renewed`` (its words changed, not its reason) or ``kept`` as it is, and at most one
    is ``withdrawn``. ``handed_over``: the application's number is another person's now.
    """

    application: Application
    plan: Plan
    registered: Registered | None
    made: str = ""
    renewed: str = ""
    kept: str = ""
    withdrawn: str = ""
    handed_over: bool = False

    @property
    def withdrawn_because(self) -> str:
        """Why a guide is withdrawn by this step."""
        if self.handed_over:
            return HANDED_OVER
        if self.made:
            return CHANGED
        return self.plan.ending.reason if self.plan.ending else SOLVED

    @property
    def forgets(self) -> bool:
        """Whether nothing about the person may be kept; somebody to whom the number was handed over left nothing."""
        is_ending = self.plan.ending is not None and self.plan.ending.forget and not self.handed_over
        return is_ending and self.registered is not None and bool(self.registered.fiscal_code)

    @property
    def guide(self) -> str:
        """Id of the application's guide after this step, or nothing."""
        return self.made or self.renewed or self.kept


def step(application: Application, plan: Plan, registered: Registered | None) -> Step:
    """What is to be done for an application of the newest extract."""
    current = registered.guide if registered else None
    withdrawn = current.id if current else ""
    handed_over = registered is not None and registered.is_handed_over(application)
    if plan.left_out:
        return Step(application, plan, registered, withdrawn=withdrawn, handed_over=handed_over)
    if current is None or handed_over or current.state != plan.state:
        made = secrets.token_hex(16)
        return Step(application, plan, registered, made=made, withdrawn=withdrawn, handed_over=handed_over)
    if current.keys != plan.keys:
        return Step(application, plan, registered, renewed=current.id)
    return Step(application, plan, registered, kept=current.id)


class Register:
    """The applications and guides of one campaign in an open database, made with a version of its pack.

    Without a version it delivers whatever it is given. With ``draft`` it sees only drafts, delivers none of them, and
    does not change applications already registered.
    """

    def __init__(self, database: Database, campaign: Campaign, version: str = "", *, draft: bool = False) -> None:
        self.database = database
        self.campaign = campaign
        self.version, self.draft = version, draft

    def begin(self, output: str, format: str) -> int:
        """Record that a run begins; returns its id. Raises StoreError."""
        enter_campaign(self.database, self.campaign)
        with self.database.session() as session:
            run = Run(campaign_id=self.campaign.id, output=output, format=format)
            session.add(run)
            session.flush()
            return run.id or 0

    def is_superseded(self, application: Application, registered: Registered | None) -> bool:
        """Whether a newer extract already had this application; drafts can be made from any extract.

        A date that is still to come, which extracts were once allowed to have, makes no extract newer: the next good
        one takes its place.
        """
        if self.draft or registered is None or registered.extracted_on > latest_day():
            return False
        return registered.extracted_on > application.extracted_on

    def end(self, run: int, report: dict[str, Any]) -> None:
        """Record that a run has ended, and its report. Raises StoreError."""
        with self.database.session() as session:
            session.execute(update(Run).where(col(Run.id) == run).values(ended_at=now(), report=report))

    def registered(self, numbers: Sequence[str]) -> dict[str, Registered]:
        """Those of these applications (at most a few thousand) that are registered, by number. Raises StoreError."""
        with self.database.session() as session:
            return self._registered(session, numbers)

    def apply(
        self, pairs: Sequence[tuple[Application, Plan]], before: Callable[[Sequence["Step"]], None] | None = None
    ) -> list[Step]:
        """Carry out the plans of these applications in one transaction, except superseded ones; returns the steps.

        ``before`` is called with the steps first: it writes or removes the files of guides that change or go, so
        that the database never promises files that do not exist. Raises InputError, and delivers none of them, when
        the version's approval has been withdrawn; StoreError.
        """
        self.require_approved()
        for attempt in range(1, ATTEMPTS + 1):
            registered = self.registered([application.id for application, _ in pairs])
            steps = [
                step(application, plan, registered.get(application.id))
                for application, plan in pairs
                if not self.is_superseded(application, registered.get(application.id))
            ]
            if before is not None:
                before(steps)
            try:
                with self.database.session() as session:
                    self._write(session, steps)
                    self._hold_approval(session)
                return steps
            except StoreError as error:
                # somebody else has just written the same application or person, or deleted the guide: look again
                if not isinstance(error.__cause__, IntegrityError | StaleDataError) or attempt == ATTEMPTS:
                    raise
        return []

    def require_approved(self) -> None:
        """Raise InputError if the version that citizens' guides are made with is not approved any more; StoreError."""
        with self.database.session() as session:
            self._hold_approval(session)

    def _hold_approval(self, session: Session) -> None:
        """The same in a transaction, to the end of which nobody can withdraw the approval if this comes last.

        SQLite lets only one write at a time; for others the version's row is locked.
        """
        if self.draft or not self.version:
            return
        query = select(col(VersionRecord.approved_at)).where(
            col(VersionRecord.campaign_id) == self.campaign.id, col(VersionRecord.version) == self.version
        )
        if session.execute(query.with_for_update(read=True)).scalar() is None:
            raise InputError(
                f"campagna {self.campaign.id}: l’approvazione della versione {self.version[:SHORT]} è stata ritirata, "
                "e il render si ferma; le guide già consegnate restano, altre non se ne consegnano"
            )

    def _registered(self, session: Session, numbers: Sequence[str]) -> dict[str, Registered]:
        person, watcher = aliased(Recipient), aliased(Recipient)
        query = (
            select(
                col(ApplicationRecord.number),
                col(ApplicationRecord.id),
                col(ApplicationRecord.extracted_on),
                col(person.fiscal_code),
                col(ApplicationRecord.first_name),
                col(GuideRecord.id),
                col(GuideRecord.state),
                col(GuideRecord.outline),
                col(GuideRecord.segments),
                col(watcher.fiscal_code),
            )
            .select_from(ApplicationRecord)
            .outerjoin(
                GuideRecord,
                (col(GuideRecord.application_id) == col(ApplicationRecord.id))
                & col(GuideRecord.withdrawn_at).is_(None)
                & col(GuideRecord.draft).is_(self.draft),
            )
            .outerjoin(person, col(person.id) == col(ApplicationRecord.recipient_id))
            .outerjoin(watcher, col(watcher.id) == col(GuideRecord.recipient_id))
            .where(ApplicationRecord.campaign_id == self.campaign.id, col(ApplicationRecord.number).in_(numbers))  # type: ignore[arg-type]
        )
        registered: dict[str, Registered] = {}
        for number, record, extracted_on, code, name, guide, state, outline, segments, own in session.execute(query):
            current = CurrentGuide(guide, state, GuideKeys.unpacked(outline, segments), own or "") if guide else None
            if record is not None:  # a row that was read has an id; the column's type is also that of a new row
                registered[number] = Registered(record, extracted_on, current, code or "", name)
        return registered

    def _write(self, session: Session, steps: Sequence[Step]) -> None:
        self._forget(session, steps)
        people = self._people(session, [change for change in steps if change.guide])
        records = self._applications(session, steps, people)
        moment = now()
        if withdrawn := [change for change in steps if change.withdrawn]:
            session.execute(
                update(GuideRecord),
                [
                    {
                        "id": change.withdrawn,
                        "withdrawn_at": moment,
                        "withdrawn_because": change.withdrawn_because,
                    }
                    for change in withdrawn
                ],
            )
        self._hand_over(session, steps)
        self._correct_codes(session, steps, people)
        if renewed := [change for change in steps if change.renewed]:
            session.execute(
                update(GuideRecord), [{"id": change.renewed, **self._content(change.plan)} for change in renewed]
            )
        if made := [change for change in steps if change.made]:
            months = self.campaign.description.valid_months
            expires_at = moment + DRAFT_LASTS if self.draft else months_later(moment, months)
            session.execute(
                insert(GuideRecord),
                [
                    {
                        "id": change.made,
                        "application_id": records[change.application.id],
                        "recipient_id": people[change.application.fiscal_code],
                        "state": change.plan.state,
                        "cases": joined_ids(change.plan.cases),
                        "made_at": moment,
                        "expires_at": expires_at,
                        "withdrawn_because": "",
                        "draft": self.draft,
                        **self._content(change.plan),
                    }
                    for change in made
                ],
            )
            if not self.draft:
                session.execute(
                    insert(Delivery),
                    [{"guide_id": change.made, "medium": RESERVED_AREA, "at": moment} for change in made],
                )

    def _hand_over(self, session: Session, steps: Sequence[Step]) -> None:
        """Delete what staff previewed for the person whose number it was: it says that person's name."""
        records = [change.registered.record for change in steps if change.handed_over and change.registered]
        if records and not self.draft:
            session.execute(delete(Preview).where(col(Preview.application_id).in_(records)))

    def _forget(self, session: Session, steps: Sequence[Step]) -> None:
        """Cut the guides of these applications' people off from them, and delete what they wrote and who they are.

        The guides themselves stay, as numbers in the figures, until they expire.
        """
        records = [change.registered.record for change in steps if change.forgets and change.registered]
        if not records or self.draft:
            return
        theirs = select(col(ApplicationRecord.id)).where(col(ApplicationRecord.id).in_(records))
        person = (
            select(col(ApplicationRecord.recipient_id))
            .where(col(ApplicationRecord.id) == col(GuideRecord.application_id))
            .scalar_subquery()
        )
        guides = col(GuideRecord.application_id).in_(theirs), col(GuideRecord.recipient_id) == person
        people = (
            session.execute(select(col(ApplicationRecord.recipient_id)).where(col(ApplicationRecord.id).in_(records)))
            .scalars()
            .all()
        )
        other_application = exists().where(
            col(ApplicationRecord.recipient_id) == col(Recipient.id), col(ApplicationRecord.id).not_in(records)
        )
        other_guide = exists().where(col(GuideRecord.recipient_id) == col(Recipient.id))
        gone = col(Recipient.id).in_(people), ~other_application, ~other_guide
        for statement in (
            update(Rating)
            .where(col(Rating.guide_id).in_(select(col(GuideRecord.id)).where(*guides)))
            .values(comment=""),
            delete(Preview).where(col(Preview.application_id).in_(records)),
            update(GuideRecord)
            .where(*guides)
            .values(recipient_id=None, withdrawn_at=func.coalesce(col(GuideRecord.withdrawn_at), now())),
            update(ApplicationRecord).where(col(ApplicationRecord.id).in_(records)).values(forgotten_columns()),
            delete(LoginSession).where(
                col(LoginSession.fiscal_code).in_(select(col(Recipient.fiscal_code)).where(*gone))
            ),
            delete(Recipient).where(*gone),
        ):
            session.execute(statement, execution_options={"synchronize_session": False})

    def _correct_codes(self, session: Session, steps: Sequence[Step], people: Mapping[str, int]) -> None:
        """Give the guides of people whose fiscal code was corrected to the corrected one, those withdrawn as well."""
        for change in steps:
            registered = change.registered
            if registered is None or change.handed_over or not change.guide or self.draft:
                continue
            old_code = registered.guide.fiscal_code if registered.guide else registered.fiscal_code
            if old_code in ("", change.application.fiscal_code):
                continue
            old = select(col(Recipient.id)).where(col(Recipient.fiscal_code) == old_code).scalar_subquery()
            session.execute(
                update(GuideRecord)
                .where(col(GuideRecord.application_id) == registered.record, col(GuideRecord.recipient_id) == old)
                .values(recipient_id=people[change.application.fiscal_code]),
                execution_options={"synchronize_session": False},
            )

    def _people(self, session: Session, steps: Sequence[Step]) -> dict[str, int]:
        """Ids of the recipients, by fiscal code; new ones are added."""
        codes = {change.application.fiscal_code for change in steps}
        people = self._recipients(session, codes)
        if missing := sorted(codes - people.keys()):
            session.execute(insert(Recipient), [{"fiscal_code": code} for code in missing])
            people |= self._recipients(session, missing)
        return people

    def _recipients(self, session: Session, codes: "set[str] | list[str]") -> dict[str, int]:
        query = select(col(Recipient.fiscal_code), col(Recipient.id)).where(col(Recipient.fiscal_code).in_(codes))
        return {code: record for code, record in session.execute(query) if record is not None}

    def _applications(self, session: Session, steps: Sequence[Step], people: Mapping[str, int]) -> dict[str, int]:
        """Ids of the applications' records, by number; new ones are added, registered ones brought up to date."""
        records = {change.application.id: change.registered.record for change in steps if change.registered}
        # a draft adds the application that it needs, and changes no other
        written = [change for change in steps if change.made and change.registered is None] if self.draft else steps
        added, updated = [], []
        for change in written:
            row = self._row(change, people)
            if change.registered is None:
                added.append(row)
            else:
                updated.append({"id": change.registered.record, **row})
        for has_person in (True, False):  # one statement takes only rows with the same columns
            for statement, rows in ((insert(ApplicationRecord), added), (update(ApplicationRecord), updated)):
                if alike := [row for row in rows if ("recipient_id" in row) is has_person]:
                    session.execute(statement, alike)
        added_with_guide = [change.application.id for change in steps if change.registered is None and change.made]
        if added_with_guide:
            query = select(col(ApplicationRecord.number), col(ApplicationRecord.id)).where(
                ApplicationRecord.campaign_id == self.campaign.id,  # type: ignore[arg-type]
                col(ApplicationRecord.number).in_(added_with_guide),
            )
            records |= {number: record for number, record in session.execute(query) if record is not None}
        return records

    def _content(self, plan: Plan) -> dict[str, Any]:
        return {"channel": plan.channel, "version": self.version, **plan.keys.packed()}

    def _row(self, change: Step, people: Mapping[str, int]) -> dict[str, Any]:
        """The application's columns that are written; those about the person only where there is a guide."""
        application = change.application
        row: dict[str, Any] = {"extracted_on": application.extracted_on, "left_out": change.plan.left_out}
        if change.registered is None:
            row |= {"campaign_id": self.campaign.id, "number": application.id}
        if change.guide:
            row |= {"recipient_id": people[application.fiscal_code], **columns_of(application)}
        elif change.registered is None:
            row |= unnamed_columns()
        elif change.handed_over or change.forgets:
            row |= forgotten_columns()
        return row


def last_runs(database: Database) -> dict[str, datetime]:
    """When each campaign's last run ended. Raises StoreError."""
    query = select(col(Run.campaign_id), func.max(col(Run.ended_at))).group_by(col(Run.campaign_id))
    with database.session() as session:
        return {campaign: ended for campaign, ended in session.execute(query) if ended}


def months_later(moment: datetime, months: int) -> datetime:
    """The same moment ``months`` months later, on the last day of that month if it has no such day.

    >>> months_later(datetime(2023, 8, 31, 9), 6)
    datetime.datetime(2024, 2, 29, 9, 0)
    """
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
