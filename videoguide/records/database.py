# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""All tables, and the engine.

SQLite in WAL mode by default; any other SQLAlchemy address by one setting. Opening a database brings its schema up to
date (``schema.py``). Moments are timezone-aware, in UTC.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from alembic.util.exc import CommandError
from sqlalchemy import JSON, Column, Engine, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Field, Session, SQLModel, create_engine

from videoguide.errors import StoreError
from videoguide.modes import private, tighten
from videoguide.records import schema
from videoguide.records.connections import RUNS, Patience, Reach, engine_options, reason, set_up, was_cut

COMMENT_CHARACTERS = 500

ATTEMPTS = 3
"""How often work is done whose connection breaks."""

T = TypeVar("T")


def now() -> datetime:
    """The present moment as the tables store it: UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


class Installation(SQLModel, table=True):
    """Which installation this database is of; the only row, made with the table.

    ``id`` is also in its store. ``secret`` keys the hashes of people who were deleted. ``from_before`` is a database
    that was there before databases had ids: it may take over a store that has none. ``is_demo``: it was made for a
    demonstration, where anybody logs in.
    """

    __tablename__ = "installations"

    number: int = Field(default=1, primary_key=True)
    id: str = Field(max_length=32)
    secret: str = Field(max_length=64)
    from_before: bool = False
    is_demo: bool = False


class CampaignRecord(SQLModel, table=True):
    """A campaign that has been rendered at least once."""

    __tablename__ = "campaigns"

    id: str = Field(primary_key=True, max_length=64)
    title: str = Field(max_length=200)
    since: datetime = Field(default_factory=now)


class Recipient(SQLModel, table=True):
    """A person with at least one guide; whoever logs in is recognised by the fiscal code."""

    __tablename__ = "recipients"

    id: int | None = Field(default=None, primary_key=True)
    fiscal_code: str = Field(unique=True, max_length=16)


class ApplicationRecord(SQLModel, table=True):
    """An application as in the newest extract that has it.

    For one that never had a guide, only the number, the date and ``left_out``, the reason why, are kept; everything
    about the person is empty.
    """

    __tablename__ = "applications"
    __table_args__ = (UniqueConstraint("campaign_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: str = Field(foreign_key="campaigns.id", max_length=64)
    number: str = Field(max_length=64)
    extracted_on: date
    left_out: str = Field(default="", max_length=40)
    recipient_id: int | None = Field(default=None, foreign_key="recipients.id", index=True)
    first_name: str = Field(default="", max_length=80)
    sex: str = Field(default="", max_length=1)
    applicant: str = Field(default="", max_length=20)
    filed_on: date | None = None
    channel: str = Field(default="", max_length=20)
    patronato: str = Field(default="", max_length=60)
    status: str = Field(default="", max_length=40)
    facts: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))


class VersionRecord(SQLModel, table=True):
    """A version of a campaign's pack that staff have seen: when it was approved, and when guides were made with it."""

    __tablename__ = "versions"

    campaign_id: str = Field(primary_key=True, foreign_key="campaigns.id", max_length=64)
    version: str = Field(primary_key=True, max_length=64)
    since: datetime = Field(default_factory=now)
    approved_at: datetime | None = None
    approved_by: str = Field(default="", max_length=255)
    live_since: datetime | None = None
    live_until: datetime | None = None


class GuideRecord(SQLModel, table=True):
    """One guide: an opaque random id, the application state it is about, and the segments it is made of.

    ``recipient_id`` is the person it was made for and the only one who may see it: an application's number may be
    another's later. ``state`` is the hash of what the person is asked to do; ``outline`` and ``segments`` are keys in
    the store, 32 bytes each; ``version`` is the pack's when it was made. Only staff see a ``draft``. An application
    has at most one guide, and one draft, that is not withdrawn.
    """

    __tablename__ = "guides"
    __table_args__ = (
        Index(
            "ix_guides_current",
            "application_id",
            "draft",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        Index("ix_guides_application_id", "application_id"),
        Index("ix_guides_recipient_id", "recipient_id"),
        Index("ix_guides_made_at", "made_at"),
        Index("ix_guides_withdrawn_at", "withdrawn_at"),
    )

    id: str = Field(primary_key=True, max_length=32)
    application_id: int = Field(foreign_key="applications.id", ondelete="CASCADE")
    recipient_id: int | None = Field(default=None, foreign_key="recipients.id")
    state: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    cases: str = Field(max_length=200)
    channel: str = Field(max_length=20)
    outline: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    segments: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    made_at: datetime = Field(default_factory=now)
    expires_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_because: str = Field(default="", max_length=40)
    version: str = Field(default="", max_length=64)
    draft: bool = False


class Preview(SQLModel, table=True):
    """A guide made for staff to look at, under a random id that they can pass on.

    ``asked`` is the preview's request, or None for an application's own guide (``application_id``).
    """

    __tablename__ = "previews"

    id: str = Field(primary_key=True, max_length=32)
    campaign_id: str = Field(foreign_key="campaigns.id", max_length=64)
    version: str = Field(max_length=64)
    asked: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    application_id: int | None = Field(default=None, foreign_key="applications.id", ondelete="CASCADE", index=True)
    outline: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    segments: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    made_by: str = Field(max_length=255)
    made_at: datetime = Field(default_factory=now)
    expires_at: datetime = Field(index=True)


class Audit(SQLModel, table=True):
    """An action of a member of staff: who (a subject or user, not a name), when, what, and to which id of ours.

    ``application_id`` is the record of the application that it was about, which may be gone since.
    """

    __tablename__ = "audits"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now, index=True)
    who: str = Field(max_length=255)
    role: str = Field(default="", max_length=20)
    what: str = Field(max_length=40)
    campaign_id: str = Field(default="", max_length=64)
    about: str = Field(default="", max_length=64)
    application_id: int | None = None


class Delivery(SQLModel, table=True):
    """A guide was made available to its person, or the person notified; ``medium`` says where, as ``reserved-area``."""

    __tablename__ = "deliveries"

    guide_id: str = Field(primary_key=True, foreign_key="guides.id", ondelete="CASCADE", max_length=32)
    medium: str = Field(primary_key=True, max_length=20)
    at: datetime = Field(default_factory=now, index=True)


class View(SQLModel, table=True):
    """One opening of a guide's page; ``reached`` is how much was really played, in per cent (0, 25, 50, 75 or 100)."""

    __tablename__ = "views"

    id: str = Field(primary_key=True, max_length=32)
    guide_id: str = Field(foreign_key="guides.id", ondelete="CASCADE", index=True, max_length=32)
    opened_at: datetime = Field(default_factory=now, index=True)
    played_at: datetime | None = None
    reached: int = 0
    followed: str = Field(default="", max_length=40)
    """The id of the end card's link that was followed, or nothing."""


class Press(SQLModel, table=True):
    """A button that was shown in a view, and when it was pressed, if ever."""

    __tablename__ = "presses"

    view_id: str = Field(primary_key=True, foreign_key="views.id", ondelete="CASCADE", max_length=32)
    button: str = Field(primary_key=True, max_length=64)
    shown_at: datetime | None = None
    pressed_at: datetime | None = None


class Rating(SQLModel, table=True):
    """How useful a guide was to its person, 1 to 5, in words of their own if they like."""

    __tablename__ = "ratings"

    guide_id: str = Field(primary_key=True, foreign_key="guides.id", ondelete="CASCADE", max_length=32)
    stars: int
    comment: str = Field(default="", max_length=COMMENT_CHARACTERS)
    rated_at: datetime = Field(default_factory=now, index=True)
    changed_at: datetime | None = Field(default=None, index=True)


class Audience(SQLModel, table=True):
    """Guides that figures do not tell apart: those of the same cases, channel and documents (ids joined by ``+``)."""

    __tablename__ = "audiences"
    __table_args__ = (UniqueConstraint("campaign_id", "cases", "channel", "documents"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: str = Field(foreign_key="campaigns.id", max_length=64)
    cases: str = Field(max_length=200)
    channel: str = Field(max_length=20)
    documents: str = Field(max_length=1000)


class Member(SQLModel, table=True):
    """The audience of a guide, recorded when the guide is first counted."""

    __tablename__ = "members"
    __table_args__ = ({"sqlite_with_rowid": False},)

    guide_id: str = Field(primary_key=True, foreign_key="guides.id", ondelete="CASCADE", max_length=32)
    audience_id: int = Field(foreign_key="audiences.id")


class Tally(SQLModel, table=True):
    """What happened to the guides of one audience on one day; figures are sums of these rows."""

    __tablename__ = "tallies"
    __table_args__ = ({"sqlite_with_rowid": False},)

    audience_id: int = Field(primary_key=True, foreign_key="audiences.id")
    day: date = Field(primary_key=True)
    made: int = 0
    delivered: int = 0
    views: int = 0
    viewers: int = 0
    reached_25: int = 0
    reached_50: int = 0
    reached_75: int = 0
    reached_100: int = 0
    followed: int = 0
    stars_1: int = 0
    stars_2: int = 0
    stars_3: int = 0
    stars_4: int = 0
    stars_5: int = 0
    solved_viewed: int = 0
    solved_unviewed: int = 0


class ButtonTally(SQLModel, table=True):
    """Views of one day and audience in which a button was shown, pressed, or both (``answered``)."""

    __tablename__ = "button_tallies"
    __table_args__ = ({"sqlite_with_rowid": False},)

    audience_id: int = Field(primary_key=True, foreign_key="audiences.id")
    day: date = Field(primary_key=True)
    button: str = Field(primary_key=True, max_length=64)
    shown: int = 0
    pressed: int = 0
    answered: int = 0


class EndingTally(SQLModel, table=True):
    """How many guides of one audience were withdrawn on one day for one reason."""

    __tablename__ = "ending_tallies"
    __table_args__ = ({"sqlite_with_rowid": False},)

    audience_id: int = Field(primary_key=True, foreign_key="audiences.id")
    day: date = Field(primary_key=True)
    reason: str = Field(primary_key=True, max_length=40)
    withdrawn: int = 0


class Counted(SQLModel, table=True):
    """Until when a campaign's days have been counted."""

    __tablename__ = "counted"

    campaign_id: str = Field(primary_key=True, foreign_key="campaigns.id", max_length=64)
    until: datetime


class Run(SQLModel, table=True):
    """One ``render``: where its files went and what it reported; without an end it is going on, or was stopped."""

    __tablename__ = "runs"

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: str = Field(foreign_key="campaigns.id", index=True, max_length=64)
    output: str
    format: str = Field(max_length=10)
    started_at: datetime = Field(default_factory=now)
    ended_at: datetime | None = None
    report: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))


class LoginSession(SQLModel, table=True):
    """Somebody who is logged in, or is logging in; only the hash of the cookie's token is kept.

    ``role`` is ``citizen``, a staff role, or "" during the login; ``fiscal_code`` is a citizen's, ``subject`` the
    identity provider's name for a member of staff; ``data`` holds what the login needs, later the sealed ID token.
    """

    __tablename__ = "sessions"

    token_hash: str = Field(primary_key=True, max_length=64)
    role: str = Field(default="", max_length=20)
    fiscal_code: str = Field(default="", max_length=16)
    subject: str = Field(default="", max_length=255)
    data: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    created_at: datetime = Field(default_factory=now)
    seen_at: datetime = Field(default_factory=now, index=True)


class Database:
    """An open database, its schema brought up to date unless ``migrate`` is False. Raises StoreError."""

    def __init__(self, address: str, *, migrate: bool = True, patience: Patience = RUNS) -> None:
        self.address = address
        self.engine = _engine(address, migrate=migrate, patience=patience)
        self._reach = Reach(self.engine, redacted(address), patience.away_seconds)

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()

    @contextmanager
    def session(self, *, patient: bool = True) -> Iterator[Session]:
        """A transaction: committed at the end of the block, rolled back on an error. Raises StoreError.

        Without patience it does not wait for a server that is away.
        """
        try:
            with (
                self._reach.connection(patient=patient) as connection,
                Session(connection, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session
        except SQLAlchemyError as error:
            raise self._refusal(error) from error

    def repeatable(self, work: Callable[[Session], T]) -> T:
        """What ``work`` returns, done in a transaction, and again where the connection to the server breaks.

        For what may be done twice: reading, and writing what is the same the second time. Raises StoreError.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                with self.session() as session:
                    return work(session)
            except StoreError as error:
                if not was_cut(error.__cause__):
                    raise
        with self.session() as session:
            return work(session)

    def settle(self) -> bool:
        """Remove deleted data from SQLite's write-ahead log as well; other databases do that themselves.

        Returns False when a reader prevented it; it is then done when the last connection is closed. Raises
        StoreError.
        """
        if self.engine.dialect.name != "sqlite":
            return True
        try:
            with self.engine.connect() as connection:
                busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
        except SQLAlchemyError as error:
            raise self._refusal(error) from error
        return not busy

    def _refusal(self, error: SQLAlchemyError) -> StoreError:
        return StoreError(redacted(self.address), f"il database rifiuta: {reason(error)}")


def exists(address: str) -> bool:
    """Whether the database exists: False only for a SQLite file that does not. Raises StoreError for a bad address."""
    file = _file(address)
    return file is None or file.exists()


def open_to_read(address: str) -> "Database | None":
    """Open the database without changing it; None when it does not exist, is empty or has an older schema.

    Raises StoreError.
    """
    file = _file(address)
    if file and not (file.exists() and file.stat().st_size):
        return None
    database = Database(address, migrate=False)
    try:
        if schema.is_newest(database.engine):
            return database
    except schema.NewerSchema as error:
        database.engine.dispose()
        raise _newer(address) from error
    except SQLAlchemyError as error:
        raise StoreError(redacted(address), f"il database non si può aprire: {type(error).__name__}") from error
    database.engine.dispose()
    return None


def _file(address: str) -> Path | None:
    """SQLite's file; None for another database, and for one in memory."""
    try:
        url = make_url(address)
    except (SQLAlchemyError, ValueError) as error:
        raise StoreError(redacted(address), "non è un indirizzo di database") from error
    return Path(url.database) if url.drivername.startswith("sqlite") and url.database else None


def _engine(address: str, *, migrate: bool, patience: Patience) -> Engine:
    try:
        url = make_url(address)
        engine = create_engine(url, **engine_options(url, patience))
    except ImportError as error:
        raise StoreError(redacted(address), f"manca il pacchetto per questo database: {error.name}") from error
    except (SQLAlchemyError, ValueError) as error:  # a ValueError is a port that is no number
        raise StoreError(redacted(address), f"non è un indirizzo di database: {type(error).__name__}") from error
    try:
        with private():  # SQLite gives its journals the mode of the database
            if engine.dialect.name == "sqlite" and engine.url.database:
                _make_private(Path(engine.url.database), migrate)
            set_up(engine, patience)
            if migrate:
                schema.migrate(engine)
        return engine
    except schema.NewerSchema as error:
        engine.dispose()
        raise _newer(address) from error
    except (SQLAlchemyError, CommandError, OSError) as error:
        engine.dispose()
        raise StoreError(redacted(address), f"il database non si può aprire: {type(error).__name__}") from error


def _newer(address: str) -> StoreError:
    return StoreError(redacted(address), "database più nuovo del programma: aggiorna il programma, o usane un altro")


def _make_private(file: Path, existing: bool) -> None:
    """Have a folder for a database file; one that is there already is made private if everybody could read it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if existing:
        for path in (file, *(file.with_name(f"{file.name}{journal}") for journal in ("-wal", "-shm"))):
            tighten(path)


def redacted(address: str) -> str:
    """The address without its user and password, and without its options, which may contain them too."""
    try:
        url = make_url(address)
    except (SQLAlchemyError, ValueError):
        return "VIDEOGUIDE_DATABASE"
    return str(URL.create(url.drivername, host=url.host, port=url.port, database=url.database))
