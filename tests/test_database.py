"""The register of guides."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

from videoguide.database import GuideRecord, Register
from videoguide.errors import StoreError


def record(number: int = 1, **given: str) -> GuideRecord:
    fields = {
        "id": f"{number:032x}",
        "campaign": "assegno-unico",
        "application": f"AUU{number}",
        "state": f"{number:064x}",
        "cases": "adult-child",
        "channel": "citizen",
    }
    return GuideRecord(**{**fields, **given})


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'below' / 'guides.db'}"


@pytest.fixture
def register(address: str) -> Iterator[Register]:
    with Register(address) as opened:
        yield opened


def test_a_guide_is_found_by_its_campaign_and_the_state_it_was_made_for(register: Register) -> None:
    register.keep(record())
    found = register.find("assegno-unico", f"{1:064x}")
    assert found is not None and found.application == "AUU1" and isinstance(found.made_at, datetime)
    assert register.find("assegno-unico", f"{2:064x}") is None
    assert register.find("bonus-libri", f"{1:064x}") is None


def test_it_is_still_there_when_opened_again(address: str) -> None:
    with Register(address) as register:
        register.keep(record())
    with Register(address) as register:
        assert register.find("assegno-unico", f"{1:064x}") is not None


def test_a_state_has_one_guide_and_after_a_refusal_the_register_goes_on(register: Register) -> None:
    register.keep(record(1))
    with pytest.raises(StoreError, match="la guida non si può registrare"):
        register.keep(record(2, state=f"{1:064x}"))
    register.keep(record(3))
    assert register.find("assegno-unico", f"{3:064x}") is not None


def test_an_application_may_have_a_guide_for_each_of_its_states(register: Register) -> None:
    register.keep(record(1))
    register.keep(record(2, application="AUU1"))
    assert register.find("assegno-unico", f"{2:064x}") is not None


def test_migrations_make_exactly_the_tables_that_the_code_describes(address: str) -> None:
    with Register(address):
        pass
    engine = sa.create_engine(address)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_sqlite_writes_ahead_and_waits_for_other_writers(address: str) -> None:
    with Register(address) as register:
        connection = register._session.connection()
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000


def keep_many(address: str, first: int) -> None:
    with Register(address) as register:
        for number in range(first, first + 25):
            register.keep(record(number))


def test_two_processes_may_record_at_the_same_time(address: str) -> None:
    with Register(address):
        pass
    with ProcessPoolExecutor(2, get_context("spawn")) as executor:
        for job in [executor.submit(keep_many, address, first) for first in (0, 100)]:
            job.result()
    with Register(address) as register:
        assert all(register.find("assegno-unico", f"{number:064x}") for number in [*range(25), *range(100, 125)])


@pytest.mark.parametrize("bad", ["", "nonsense", "sqlite", "nodialect://x", "sqlite+nodriver:///x.db"])
def test_what_is_no_address_is_an_error(bad: str) -> None:
    with pytest.raises(StoreError, match="non è un indirizzo di database"):
        Register(bad)


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"not a database at all, " * 200)
    with pytest.raises(StoreError, match="il database non si può aprire"):
        Register(f"sqlite:///{tmp_path / 'x.db'}")


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="il database non si può aprire"):
        Register(f"sqlite:///{tmp_path / 'file' / 'x.db'}")


def test_a_database_of_a_later_version_is_an_error_and_left_alone(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'x.db'}"
    with Register(address):
        pass
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="il database non si può aprire: CommandError"):
        Register(address)


@pytest.mark.parametrize("address", ["nodialect://anna:secret@host/guides", "anna:secret@host", "//anna:secret@host"])
def test_an_error_never_shows_user_or_password(address: str) -> None:
    with pytest.raises(StoreError) as caught:
        Register(address)
    assert "secret" not in str(caught.value) and "anna" not in str(caught.value)


def test_the_register_holds_no_name_fiscal_code_or_contact() -> None:
    columns = set(GuideRecord.__table__.columns.keys())  # type: ignore[attr-defined]
    assert columns == {"id", "campaign", "application", "state", "cases", "channel", "made_at"}
