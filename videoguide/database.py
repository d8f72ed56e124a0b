"""All tables, the engine and the migrations; where SQLModel and Alembic end.

SQLite in WAL mode by default; any SQLAlchemy address by one setting. The schema is moved forward by the
Alembic migrations in ``migrations/`` whenever a database is opened. Moments are in UTC and say so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from alembic.util.exc import CommandError
from sqlalchemy import JSON, Column, Engine, Index, LargeBinary, UniqueConstraint, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Field, Session, SQLModel, create_engine

from videoguide.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config

BUSY_MS = 30_000
COMMENT_CHARACTERS = 500

_LOCKS = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(7640891576956012809)"}
"""How a transaction becomes the only one that migrates."""


def now() -> datetime:
    """This moment as the tables keep it: UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


class CampaignRecord(SQLModel, table=True):
    """A campaign that has been rendered at least once."""

    __tablename__ = "campaigns"

    id: str = Field(primary_key=True, max_length=64)
    title: str = Field(max_length=200)
    since: datetime = Field(default_factory=now)


class Recipient(SQLModel, table=True):
    """A person with at least one guide; the fiscal code is what a login is recognised by."""

    __tablename__ = "recipients"

    id: int | None = Field(default=None, primary_key=True)
    fiscal_code: str = Field(unique=True, max_length=16)


class ApplicationRecord(SQLModel, table=True):
    """An application as its newest extract tells it.

    Of one that never had a guide only the number, the date and the reason are kept: ``left_out`` is why it has
    none, and all that is about the person is empty.
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
    """A version of a campaign's pack that staff have seen: approved or not, and since when guides are made with it."""

    __tablename__ = "versions"

    campaign_id: str = Field(primary_key=True, foreign_key="campaigns.id", max_length=64)
    version: str = Field(primary_key=True, max_length=64)
    since: datetime = Field(default_factory=now)
    approved_at: datetime | None = None
    approved_by: str = Field(default="", max_length=255)
    live_since: datetime | None = None
    live_until: datetime | None = None


class GuideRecord(SQLModel, table=True):
    """One guide: an opaque random id, the application state it tells of, and the segments it is made of.

    ``state`` is the hash of what the person is asked to do; ``outline`` and ``segments`` are keys in the store,
    32 bytes each; ``version`` is the pack's when it was made. A ``draft`` is the staff's own: nobody else sees it.
    An application has at most one guide, and one draft, that is not withdrawn.
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
        Index("ix_guides_made_at", "made_at"),
        Index("ix_guides_withdrawn_at", "withdrawn_at"),
    )

    id: str = Field(primary_key=True, max_length=32)
    application_id: int = Field(foreign_key="applications.id", ondelete="CASCADE")
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
    """A guide that a member of staff looks at before anybody else, under a random id that others can be given.

    ``asked`` is what it was asked for with, None for an application's own guide (``application_id``).
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
    """Something that a member of staff did: who (a subject, never a name), what, when, to what (an id of ours)."""

    __tablename__ = "audits"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now, index=True)
    who: str = Field(max_length=255)
    role: str = Field(default="", max_length=20)
    what: str = Field(max_length=40)
    campaign_id: str = Field(default="", max_length=64)
    about: str = Field(default="", max_length=64)


class Delivery(SQLModel, table=True):
    """That a guide was put where its person finds it: ``medium`` is ``reserved-area``, or a notice's way."""

    __tablename__ = "deliveries"

    guide_id: str = Field(primary_key=True, foreign_key="guides.id", ondelete="CASCADE", max_length=32)
    medium: str = Field(primary_key=True, max_length=20)
    at: datetime = Field(default_factory=now, index=True)


class View(SQLModel, table=True):
    """One opening of a guide's page; ``reached`` is how much of it was really played, in per cent (0, 25 … 100)."""

    __tablename__ = "views"

    id: str = Field(primary_key=True, max_length=32)
    guide_id: str = Field(foreign_key="guides.id", ondelete="CASCADE", index=True, max_length=32)
    opened_at: datetime = Field(default_factory=now, index=True)
    played_at: datetime | None = None
    reached: int = 0
    followed: str = Field(default="", max_length=40)
    """The end card's link that was followed, or nothing."""


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
    """The guides that figures cannot tell apart: of the same cases, channel and documents, ids joined by ``+``."""

    __tablename__ = "audiences"
    __table_args__ = (UniqueConstraint("campaign_id", "cases", "channel", "documents"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: str = Field(foreign_key="campaigns.id", max_length=64)
    cases: str = Field(max_length=200)
    channel: str = Field(max_length=20)
    documents: str = Field(max_length=1000)


class Member(SQLModel, table=True):
    """Which audience a guide belongs to, since it was first counted."""

    __tablename__ = "members"
    __table_args__ = ({"sqlite_with_rowid": False},)

    guide_id: str = Field(primary_key=True, foreign_key="guides.id", ondelete="CASCADE", max_length=32)
    audience_id: int = Field(foreign_key="audiences.id")


class Tally(SQLModel, table=True):
    """What happened on one day to the guides of one audience; figures are sums of these rows."""

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
    """Views of one day and audience in which a button was shown, was pressed, and was both."""

    __tablename__ = "button_tallies"
    __table_args__ = ({"sqlite_with_rowid": False},)

    audience_id: int = Field(primary_key=True, foreign_key="audiences.id")
    day: date = Field(primary_key=True)
    button: str = Field(primary_key=True, max_length=64)
    shown: int = 0
    pressed: int = 0
    answered: int = 0


class Counted(SQLModel, table=True):
    """Until when a campaign's days have been counted."""

    __tablename__ = "counted"

    campaign_id: str = Field(primary_key=True, foreign_key="campaigns.id", max_length=64)
    until: datetime


class Run(SQLModel, table=True):
    """One ``render``: where its files went and what it reported; without an end it was stopped."""

    __tablename__ = "runs"

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: str = Field(foreign_key="campaigns.id", index=True, max_length=64)
    output: str
    format: str = Field(max_length=10)
    started_at: datetime = Field(default_factory=now)
    ended_at: datetime | None = None
    report: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))


class LoginSession(SQLModel, table=True):
    """Somebody who is logged in, or on the way: only the hash of the cookie's token is kept.

    ``role`` is ``citizen``, a staff role, or "" while the login is under way; ``fiscal_code`` is a citizen's,
    ``subject`` the identity provider's name of a member of staff; ``data`` holds what the login needs until it is done.
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
    """An opened database, brought to its newest schema unless it is to stay ``as_it_is``; use it in a ``with`` block.

    Raises StoreError when it cannot be opened.
    """

    def __init__(self, address: str, *, as_it_is: bool = False) -> None:
        self.address = address
        self.engine = _engine(address, migrate=not as_it_is)

    def __enter__(self) -> "Database":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.engine.dispose()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction: committed at the block's end, undone by an error. Raises StoreError."""
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        except SQLAlchemyError as error:
            raise StoreError(shown(self.address), f"il database rifiuta: {_reason(error)}") from error

    def settle(self) -> bool:
        """Take what was deleted out of SQLite's journal, too; other databases see to that themselves.

        False when somebody who is reading kept it from being done: it is then done by whoever closes last.
        Raises StoreError.
        """
        if self.engine.dialect.name != "sqlite":
            return True
        try:
            with self.engine.connect() as connection:
                busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
        except SQLAlchemyError as error:
            raise StoreError(shown(self.address), f"il database rifiuta: {_reason(error)}") from error
        return not busy


def exists(address: str) -> bool:
    """Whether there is such a database already: False only for a SQLite file that is not there."""
    try:
        url = make_url(address)
    except (SQLAlchemyError, ValueError) as error:
        raise StoreError(shown(address), "non è un indirizzo di database") from error
    return not (url.drivername.startswith("sqlite") and url.database and not Path(url.database).exists())


def to_read(address: str) -> "Database | None":
    """The database without a byte of it changed; None when it is not there, empty, or of an older schema.

    Raises StoreError.
    """
    if not exists(address) or _is_empty(address):
        return None
    database = Database(address, as_it_is=True)
    try:
        if _is_newest(database.engine):
            return database
    except SQLAlchemyError as error:
        raise StoreError(shown(address), f"il database non si può aprire: {type(error).__name__}") from error
    database.engine.dispose()
    return None


def _is_empty(address: str) -> bool:
    url = make_url(address)
    return bool(url.drivername.startswith("sqlite") and url.database and not Path(url.database).stat().st_size)


def _engine(address: str, *, migrate: bool) -> Engine:
    try:
        engine = create_engine(address)
    except ImportError as error:
        raise StoreError(shown(address), f"manca il pacchetto per questo database: {error.name}") from error
    except (SQLAlchemyError, ValueError) as error:  # a ValueError is a port that is no number
        raise StoreError(shown(address), f"non è un indirizzo di database: {type(error).__name__}") from error
    try:
        if engine.dialect.name == "sqlite":
            if engine.url.database:
                Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
            event.listen(engine, "connect", _set_up_sqlite)
        if migrate:
            _migrate(engine)
        return engine
    except (SQLAlchemyError, CommandError, OSError) as error:
        engine.dispose()
        raise StoreError(shown(address), f"il database non si può aprire: {type(error).__name__}") from error


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # what is deleted is written over: it may be about a person
    pragmas = f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON"
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _is_newest(engine: Engine) -> bool:
    """Whether the schema is the newest. Raises SQLAlchemyError."""
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    newest = ScriptDirectory.from_config(_alembic()).get_heads()
    with engine.connect() as connection:
        return list(MigrationContext.configure(connection).get_current_heads()) == newest


def _migrate(engine: Engine) -> None:
    """Bring the schema up to date; of several that open a database at once, one does it and the others wait."""
    from alembic import command

    if _is_newest(engine):
        return
    config = _alembic()
    with engine.begin() as connection:
        if lock := _LOCKS.get(engine.dialect.name):
            connection.exec_driver_sql(lock)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _alembic() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _reason(error: SQLAlchemyError) -> str:
    """Why, without the statement and its values: they are personal data."""
    told = str(getattr(error, "orig", "")).lower()
    if "full" in told or "no space" in told:
        return "lo spazio sul disco è finito"
    return "è occupato" if "locked" in told else type(error).__name__


def shown(address: str) -> str:
    """The address without its user, its password and its options, which may hold them too."""
    try:
        url = make_url(address)
    except (SQLAlchemyError, ValueError):
        return "VIDEOGUIDE_DATABASE"
    return str(URL.create(url.drivername, host=url.host, port=url.port, database=url.database))
