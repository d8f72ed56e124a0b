"""Tables, engine and migrations; the only SQLModel. Holds which guide belongs to which application.

SQLite in WAL mode by default; any SQLAlchemy address by one setting. The schema is moved forward by
the Alembic migrations in ``migrations/`` whenever the register is opened.
"""

from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from alembic.util.exc import CommandError
from sqlalchemy import Engine, UniqueConstraint, event
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Field, Session, SQLModel, create_engine, select

from videoguide.errors import StoreError

BUSY_MS = 30_000


class GuideRecord(SQLModel, table=True):
    """One guide: an opaque random id, and the application state (a hash) that it was made for."""

    __tablename__ = "guides"
    __table_args__ = (UniqueConstraint("campaign", "state"),)

    id: str = Field(primary_key=True, max_length=32)
    campaign: str = Field(max_length=64)
    application: str = Field(index=True, max_length=64)
    state: str = Field(max_length=64)
    cases: str = Field(max_length=200)
    channel: str = Field(max_length=20)
    made_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class Register:
    """The database, opened and brought up to date; use it in a ``with`` block."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._engine = _engine(address)
        self._session = Session(self._engine, expire_on_commit=False)

    def __enter__(self) -> "Register":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()
        self._engine.dispose()

    def find(self, campaign: str, state: str) -> GuideRecord | None:
        """The guide made for that application state, or None."""
        query = select(GuideRecord).where(GuideRecord.campaign == campaign, GuideRecord.state == state)
        return self._session.exec(query).first()

    def keep(self, guide: GuideRecord) -> None:
        """Record a guide. Raises StoreError."""
        try:
            self._session.add(guide)
            self._session.commit()
        except SQLAlchemyError as error:
            self._session.rollback()
            raise StoreError(_shown(self.address), "la guida non si può registrare") from error


def _engine(address: str) -> Engine:
    try:
        engine = create_engine(address)
    except (SQLAlchemyError, ImportError) as error:
        raise StoreError(_shown(address), f"non è un indirizzo di database: {type(error).__name__}") from error
    try:
        if engine.dialect.name == "sqlite":
            if engine.url.database:
                Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
            event.listen(engine, "connect", _use_wal)
        _migrate(engine)
        return engine
    except (SQLAlchemyError, CommandError, OSError) as error:
        engine.dispose()
        raise StoreError(_shown(address), f"il database non si può aprire: {type(error).__name__}") from error


def _use_wal(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _shown(address: str) -> str:
    """The address without its user and password."""
    scheme, separator, rest = address.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
