"""Plans -> the database: which guide belongs to which application, as extracts come in day after day.

A guide belongs to one state of its application. A newer extract makes guides for new and changed cases,
withdraws those whose reason has vanished and leaves the others alone; what an extract does not mention, or
mentions in a row that cannot be trusted, stays as it is.
"""

import calendar
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import col

from videoguide.applications import Application
from videoguide.campaigns import Campaign
from videoguide.database import (
    ApplicationRecord,
    Database,
    Delivery,
    GuideRecord,
    Recipient,
    Run,
    now,
)
from videoguide.errors import StoreError
from videoguide.plans import Plan
from videoguide.versions import enter_campaign

KEY_BYTES = 32
RESERVED_AREA = "reserved-area"
SOLVED, CHANGED = "solved", "changed"
"""Why a guide was withdrawn: there is no reason for one any more, or there is another."""
ATTEMPTS = 3
DRAFT_LASTS = timedelta(days=30)
"""So long the files and rows of a draft are good for anything; then ``purge --expired`` takes them away."""


@dataclass(frozen=True)
class Current:
    """The guide that an application has now."""

    id: str
    state: bytes
    outline: bytes
    segments: bytes


@dataclass(frozen=True)
class Known:
    """What the database knows of an application."""

    record: int
    extracted_on: date
    guide: Current | None


@dataclass(frozen=True)
class Step:
    """What one application's plan changes: at most one guide ``made``, ``renewed`` (its words changed, not its
    reason), ``kept`` as it is, and at most one ``withdrawn``; ids."""

    application: Application
    plan: Plan
    known: Known | None
    made: str = ""
    renewed: str = ""
    kept: str = ""
    withdrawn: str = ""

    @property
    def guide(self) -> str:
        """Id of the application's guide after this step, or nothing."""
        return self.made or self.renewed or self.kept


def step(application: Application, plan: Plan, known: Known | None) -> Step:
    """What is to be done for an application of the newest extract."""
    current = known.guide if known else None
    if plan.left_out:
        return Step(application, plan, known, withdrawn=current.id if current else "")
    if current is None or current.state != plan.state:
        return Step(application, plan, known, made=secrets.token_hex(16), withdrawn=current.id if current else "")
    if (current.outline, current.segments) != (plan.outline, b"".join(plan.segments)):
        return Step(application, plan, known, renewed=current.id)
    return Step(application, plan, known, kept=current.id)


class Register:
    """The applications and guides of one campaign in an opened database, made with a version of its pack.

    The register of drafts is one of its own: it knows drafts alone, delivers none, and leaves what is known of an
    application as it is.
    """

    def __init__(self, database: Database, campaign: Campaign, version: str = "", *, draft: bool = False) -> None:
        self.database = database
        self.campaign = campaign
        self.version, self.draft = version, draft

    def begin(self, output: str, format: str) -> int:
        """Note that a run begins; returns its id. Raises StoreError."""
        enter_campaign(self.database, self.campaign)
        with self.database.session() as session:
            run = Run(campaign_id=self.campaign.id, output=output, format=format)
            session.add(run)
            session.flush()
            return run.id or 0

    def is_superseded(self, application: Application, known: Known | None) -> bool:
        """Whether a newer extract has told of this application already; drafts can be made of any."""
        return not self.draft and known is not None and known.extracted_on > application.extracted_on

    def end(self, run: int, report: dict[str, Any]) -> None:
        """Note that a run is done, and what it did. Raises StoreError."""
        with self.database.session() as session:
            session.execute(update(Run).where(col(Run.id) == run).values(ended_at=now(), report=report))

    def known(self, numbers: Sequence[str]) -> dict[str, Known]:
        """What is known of these applications (at most some thousands), by their numbers. Raises StoreError."""
        with self.database.session() as session:
            return self._known(session, numbers)

    def apply(
        self, pairs: Sequence[tuple[Application, Plan]], before: Callable[[Sequence["Step"]], None] | None = None
    ) -> list[Step]:
        """Take over the plans of some applications in one transaction; superseded ones are passed by.

        ``before`` is called with the steps first: it writes or removes the files of guides that change or go, so
        that the database never promises what is not there. Raises StoreError.
        """
        for attempt in range(1, ATTEMPTS + 1):
            known = self.known([application.id for application, _ in pairs])
            steps = [
                step(application, plan, known.get(application.id))
                for application, plan in pairs
                if not self.is_superseded(application, known.get(application.id))
            ]
            if before is not None:
                before(steps)
            try:
                with self.database.session() as session:
                    self._write(session, steps)
                return steps
            except StoreError as error:
                # somebody else has just written the same application or person, or deleted the guide: look again
                if not isinstance(error.__cause__, IntegrityError | StaleDataError) or attempt == ATTEMPTS:
                    raise
        return []

    def _known(self, session: Session, numbers: Sequence[str]) -> dict[str, Known]:
        query = (
            select(
                col(ApplicationRecord.number),
                col(ApplicationRecord.id),
                col(ApplicationRecord.extracted_on),
                col(GuideRecord.id),
                col(GuideRecord.state),
                col(GuideRecord.outline),
                col(GuideRecord.segments),
            )
            .select_from(ApplicationRecord)
            .outerjoin(
                GuideRecord,
                (col(GuideRecord.application_id) == col(ApplicationRecord.id))
                & col(GuideRecord.withdrawn_at).is_(None)
                & col(GuideRecord.draft).is_(self.draft),
            )
            .where(ApplicationRecord.campaign_id == self.campaign.id, col(ApplicationRecord.number).in_(numbers))  # type: ignore[arg-type]
        )
        found: dict[str, Known] = {}
        for number, record, extracted_on, guide, state, outline, segments in session.execute(query):
            current = Current(guide, state, outline, segments) if guide else None
            if record is not None:  # never None of a row that was read; the type is that of a new one
                found[number] = Known(record, extracted_on, current)
        return found

    def _write(self, session: Session, steps: Sequence[Step]) -> None:
        people = self._people(session, [one for one in steps if one.guide])
        records = self._applications(session, steps, people)
        moment = now()
        if gone := [one for one in steps if one.withdrawn]:
            session.execute(
                update(GuideRecord),
                [
                    {
                        "id": one.withdrawn,
                        "withdrawn_at": moment,
                        "withdrawn_because": CHANGED if one.made else SOLVED,
                    }
                    for one in gone
                ],
            )
        if renewed := [one for one in steps if one.renewed]:
            session.execute(update(GuideRecord), [{"id": one.renewed, **self._content(one.plan)} for one in renewed])
        if made := [one for one in steps if one.made]:
            months = self.campaign.description.valid_months
            expires = moment + DRAFT_LASTS if self.draft else months_later(moment, months)
            session.execute(
                insert(GuideRecord),
                [
                    {
                        "id": one.made,
                        "application_id": records[one.application.id],
                        "state": one.plan.state,
                        "cases": "+".join(one.plan.cases),
                        "made_at": moment,
                        "expires_at": expires,
                        "withdrawn_because": "",
                        "draft": self.draft,
                        **self._content(one.plan),
                    }
                    for one in made
                ],
            )
            if not self.draft:
                session.execute(
                    insert(Delivery),
                    [{"guide_id": one.made, "medium": RESERVED_AREA, "at": moment} for one in made],
                )

    def _people(self, session: Session, steps: Sequence[Step]) -> dict[str, int]:
        """Ids of the recipients, by fiscal code; new ones are added."""
        codes = {one.application.fiscal_code for one in steps}
        found = self._recipients(session, codes)
        if missing := sorted(codes - found.keys()):
            session.execute(insert(Recipient), [{"fiscal_code": code} for code in missing])
            found |= self._recipients(session, missing)
        return found

    def _recipients(self, session: Session, codes: "set[str] | list[str]") -> dict[str, int]:
        query = select(col(Recipient.fiscal_code), col(Recipient.id)).where(col(Recipient.fiscal_code).in_(codes))
        return {code: record for code, record in session.execute(query) if record is not None}

    def _applications(self, session: Session, steps: Sequence[Step], people: Mapping[str, int]) -> dict[str, int]:
        """Ids of the applications' records, by number; new ones are added, known ones brought up to date."""
        known = {one.application.id: one.known.record for one in steps if one.known}
        told_of = [one for one in steps if one.made and one.known is None] if self.draft else steps
        rows = [(one, self._row(one, people)) for one in told_of]
        # one statement for rows of the same columns: persons' rows, and rows that tell of nobody
        for fresh in (True, False):
            for told in (True, False):
                some = [
                    row if fresh else {"id": known[one.application.id], **row}
                    for one, row in rows
                    if (one.known is None) is fresh and ("recipient_id" in row) is told
                ]
                if some:
                    session.execute(insert(ApplicationRecord) if fresh else update(ApplicationRecord), some)
        new = [one.application.id for one in steps if one.known is None and one.made]
        if not new:
            return known
        query = select(col(ApplicationRecord.number), col(ApplicationRecord.id)).where(
            ApplicationRecord.campaign_id == self.campaign.id,  # type: ignore[arg-type]
            col(ApplicationRecord.number).in_(new),
        )
        return known | {number: record for number, record in session.execute(query) if record is not None}

    def _content(self, plan: Plan) -> dict[str, Any]:
        segments = b"".join(plan.segments)
        return {"channel": plan.channel, "outline": plan.outline, "segments": segments, "version": self.version}

    def _row(self, one: Step, people: Mapping[str, int]) -> dict[str, Any]:
        application = one.application
        row: dict[str, Any] = {"extracted_on": application.extracted_on, "left_out": one.plan.left_out}
        if one.known is None:
            row |= {"campaign_id": self.campaign.id, "number": application.id}
        if one.guide:
            row |= {
                "recipient_id": people[application.fiscal_code],
                "first_name": application.spoken_name,
                "sex": application.sex,
                "applicant": application.applicant,
                "filed_on": application.filed_on,
                "channel": application.channel,
                "patronato": application.patronato,
                "status": application.status,
                "facts": {name: value for name, value in application.facts.items() if value},
            }
        elif one.known is None:
            row |= dict.fromkeys(("first_name", "sex", "applicant", "channel", "patronato", "status"), "")
        return row


def last_runs(database: Database) -> dict[str, datetime]:
    """When each campaign's last run ended. Raises StoreError."""
    query = select(col(Run.campaign_id), func.max(col(Run.ended_at))).group_by(col(Run.campaign_id))
    with database.session() as session:
        return {campaign: ended for campaign, ended in session.execute(query) if ended}


def keys_of(segments: bytes) -> list[bytes]:
    """The keys of a guide's segments, one by one."""
    return [segments[at : at + KEY_BYTES] for at in range(0, len(segments), KEY_BYTES)]


def months_later(moment: datetime, months: int) -> datetime:
    """The same day so many months later, or the last of that month.

    >>> months_later(datetime(2023, 8, 31, 9), 6)
    datetime.datetime(2024, 2, 29, 9, 0)
    """
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
