# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The tables, how they come to be, and what a session promises, on SQLite and on PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlmodel import SQLModel, col, select

from tests.support.databases import MakeAddress, address, postgresql  # noqa: F401  pytest finds them here
from videoguide.errors import StoreError
from videoguide.records import database
from videoguide.records.connections import RUNS
from videoguide.records.database import (
    ApplicationRecord,
    CampaignRecord,
    Database,
    Delivery,
    GuideRecord,
    LoginSession,
    Press,
    Rating,
    Recipient,
    View,
    exists,
    now,
    open_to_read,
)

pytestmark = pytest.mark.xdist_group("databases")  # one PostgreSQL server is enough

CODE = "RSSGLI85T50A562U"
MIGRATIONS = Path(database.__file__).parent / "migrations"


@pytest.fixture
def opened(address: str) -> Iterator[Database]:  # noqa: F811
    with Database(address) as database:
        yield database


def a_guide(number: int = 1, **given: Any) -> GuideRecord:
    fields = {
        "id": f"{number:032x}",
        "application_id": 1,
        "state": bytes(32),
        "cases": "adult-child",
        "channel": "citizen",
        "outline": bytes(32),
        "segments": bytes(64),
        "expires_at": now() + timedelta(days=180),
    }
    return GuideRecord(**{**fields, **given})


def fill(opened: Database) -> None:
    """One person with an application, and a guide with everything that can hang on it."""
    with opened.session() as session:
        session.add(CampaignRecord(id="assegno-unico", title="Assegno unico"))
        session.add(Recipient(id=1, fiscal_code=CODE))
        session.flush()
        session.add(
            ApplicationRecord(
                id=1,
                campaign_id="assegno-unico",
                number="AUU1",
                extracted_on=date(2023, 6, 6),
                recipient_id=1,
                first_name="Giulia",
                facts={"documents": ["custody-ruling"]},
            )
        )
        session.flush()
        session.add(a_guide())
        session.flush()
        session.add(Delivery(guide_id=f"{1:032x}", medium="reserved-area"))
        session.add(View(id="v", guide_id=f"{1:032x}"))
        session.add(Rating(guide_id=f"{1:032x}", stars=4))
        session.flush()
        session.add(Press(view_id="v", button="details"))


def counts(opened: Database) -> dict[str, int]:
    with opened.session() as session:
        return {
            table.name: session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in SQLModel.metadata.sorted_tables
        }


class TestSchema:
    def test_migrations_make_exactly_the_tables_that_the_code_describes(self, opened: Database) -> None:
        with opened.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []

    def test_what_was_written_is_there_when_it_is_opened_again(self, address: str) -> None:  # noqa: F811
        with Database(address) as opened:
            fill(opened)
        with Database(address) as opened, opened.session() as session:
            application = session.exec(select(ApplicationRecord)).one()
            assert (application.first_name, application.facts) == ("Giulia", {"documents": ["custody-ruling"]})

    def test_the_first_register_is_left_behind_and_the_schema_is_that_of_a_new_database(self, address: str) -> None:  # noqa: F811
        if address.startswith("sqlite"):
            Path(address.removeprefix("sqlite:///")).parent.mkdir()
        engine = sa.create_engine(address)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
            connection.exec_driver_sql(
                "INSERT INTO guides VALUES ('a', 'assegno-unico', 'AUU1', 's', 'adult-child', 'citizen', "
                "'2023-06-06 10:00:00')"
            )
        engine.dispose()
        with Database(address) as opened:
            assert {table for table, rows in counts(opened).items() if rows} == {"installations"}
            fill(opened)
            with opened.engine.connect() as connection:
                assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []

    def test_guides_made_before_they_were_bound_to_a_person_get_their_applications(self, address: str) -> None:  # noqa: F811
        """With all that hangs on them: SQLite would take it away with a table that is made anew."""
        if address.startswith("sqlite"):
            Path(address.removeprefix("sqlite:///")).parent.mkdir()
        engine = sa.create_engine(address)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        empty = "X'00'" if address.startswith("sqlite") else "'\\x00'"
        guide = "'a', '{id}', {application}, {empty}, 'documents', 'citizen', {empty}, {empty}, '{at}', '{at}', {gone}"
        columns = (
            "version, id, application_id, state, cases, channel, outline, segments, made_at, expires_at, withdrawn_at,"
            " withdrawn_because"
        )
        at, flag = "2023-06-06 10:00:00+00:00", "0" if address.startswith("sqlite") else "false"
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0004")
            for statement in (
                f"INSERT INTO campaigns (id, title, since) VALUES ('c', 'C', '{at}')",
                "INSERT INTO recipients (id, fiscal_code) VALUES (1, 'RSSGLI85T50A562S'), (2, 'BNCMRC80A01H501C')",
                "INSERT INTO applications (id, campaign_id, number, extracted_on, left_out, recipient_id, first_name,"
                " sex, applicant, channel, patronato, status) VALUES"
                " (1, 'c', '1', '2023-06-06', '', 1, 'Giulia', 'F', '', '', '', ''),"
                " (2, 'c', '2', '2023-06-06', '', 2, 'Marco', 'M', '', '', '', ''),"
                " (3, 'c', '3', '2023-06-06', 'not-blocked', NULL, '', '', '', '', '', '')",
                *(
                    f"INSERT INTO guides ({columns}, draft) VALUES ("
                    + guide.format(id=id, application=application, empty=empty, at=at, gone=gone)
                    + f", {flag})"
                    for id, application, gone in (
                        ("old", 1, f"'{at}', 'changed'"),
                        ("new", 1, "NULL, ''"),
                        ("other", 2, "NULL, ''"),
                        ("nobodys", 3, f"'{at}', 'solved'"),
                    )
                ),
                f"INSERT INTO views (id, guide_id, opened_at, reached, followed) VALUES ('v', 'new', '{at}', 25, '')",
                f"INSERT INTO ratings (guide_id, stars, comment, rated_at) VALUES ('new', 4, 'Utile.', '{at}')",
            ):
                connection.exec_driver_sql(statement)
        engine.dispose()
        with Database(address) as opened, opened.session() as session:
            bound = dict(session.exec(select(GuideRecord.id, GuideRecord.recipient_id)).all())
            assert bound == {"old": 1, "new": 1, "other": 2, "nobodys": None}
            assert counts(opened)["views"] == counts(opened)["ratings"] == 1
            with opened.engine.connect() as connection:
                assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []

    def test_a_database_of_a_later_version_is_an_error_and_left_alone(self, address: str) -> None:  # noqa: F811
        with Database(address) as opened, opened.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(StoreError, match="database più nuovo del programma"):
            Database(address)

    def test_several_processes_may_open_a_new_database_at_once(self, address: str) -> None:  # noqa: F811
        with ProcessPoolExecutor(3, get_context("spawn")) as executor:
            assert list(executor.map(open_and_add, [address] * 3, range(3))) == [None] * 3
        with Database(address) as opened:
            assert counts(opened)["campaigns"] == 3


def open_and_add(address: str, number: int) -> None:  # noqa: F811
    with Database(address) as opened, opened.session() as session:
        session.add(CampaignRecord(id=f"c{number}", title="x"))


class TestRows:
    def test_moments_are_aware_and_in_utc(self, opened: Database) -> None:
        elsewhere = datetime.fromisoformat("2023-06-06T12:00:00+02:00")
        fill(opened)
        with opened.session() as session:
            session.add(a_guide(2, made_at=elsewhere, withdrawn_at=now()))
        with opened.session() as session:
            first, second = session.exec(select(GuideRecord).order_by(col(GuideRecord.id))).all()
            assert first.made_at.utcoffset() == timedelta(0) and abs(first.made_at - now()) < timedelta(minutes=5)
            assert second.made_at == datetime(2023, 6, 6, 10, tzinfo=UTC)
            assert session.exec(select(GuideRecord.id).where(col(GuideRecord.made_at) < elsewhere)).all() == []
            assert session.exec(select(GuideRecord.id).where(col(GuideRecord.made_at) <= elsewhere)).all() == [
                second.id
            ]

    def test_a_moment_has_whole_seconds_and_knows_that_it_is_utc(self) -> None:
        assert now().tzinfo is UTC and now().microsecond == 0

    def test_what_hangs_on_a_guide_goes_with_it_and_nothing_else(self, opened: Database) -> None:
        fill(opened)
        with opened.session() as session:
            session.execute(sa.delete(GuideRecord))
        left = {name for name, count in counts(opened).items() if count}
        assert left == {"installations", "campaigns", "recipients", "applications"}

    def test_a_guides_application_cannot_be_missing(self, opened: Database) -> None:
        with pytest.raises(StoreError, match="IntegrityError"), opened.session() as session:
            session.add(a_guide(application_id=77))

    def test_an_application_has_one_guide_and_any_number_of_withdrawn_ones(self, opened: Database) -> None:
        fill(opened)
        with opened.session() as session:
            session.add_all([a_guide(number, withdrawn_at=now()) for number in (2, 3)])
        with pytest.raises(StoreError, match="IntegrityError"), opened.session() as session:
            session.add(a_guide(4))
        assert counts(opened)["guides"] == 3

    def test_a_person_is_there_once_and_so_is_an_application_of_a_campaign(self, opened: Database) -> None:
        fill(opened)
        with pytest.raises(StoreError, match="IntegrityError"), opened.session() as session:
            session.add(Recipient(fiscal_code=CODE))
        with pytest.raises(StoreError, match="IntegrityError"), opened.session() as session:
            session.add(ApplicationRecord(campaign_id="assegno-unico", number="AUU1", extracted_on=date(2023, 6, 7)))


class TestSessions:
    def test_a_session_commits_at_its_end(self, opened: Database) -> None:
        with opened.session() as session:
            kept = CampaignRecord(id="a", title="x")
            session.add(kept)
        assert kept.title == "x" and counts(opened)["campaigns"] == 1

    def test_an_error_of_ours_undoes_everything_and_comes_through(self, opened: Database) -> None:
        with pytest.raises(ZeroDivisionError), opened.session() as session:
            session.add(CampaignRecord(id="a", title="x"))
            session.flush()
            1 / 0  # noqa: B018
        assert counts(opened)["campaigns"] == 0

    def test_after_a_refusal_the_database_goes_on(self, opened: Database) -> None:
        fill(opened)
        with pytest.raises(StoreError), opened.session() as session:
            session.add(CampaignRecord(id="new", title="x"))
            session.add(Recipient(fiscal_code=CODE))
        with opened.session() as session:
            session.add(CampaignRecord(id="new", title="x"))
        assert counts(opened)["campaigns"] == 2

    def test_a_refusal_is_one_line_without_values_or_statement(self, opened: Database) -> None:
        fill(opened)
        with pytest.raises(StoreError) as caught, opened.session() as session:
            session.add(Recipient(fiscal_code=CODE))
        assert str(caught.value).endswith("il database rifiuta: IntegrityError")
        assert CODE not in str(caught.value) and "INSERT" not in str(caught.value)

    def test_several_processes_may_write_at_once(self, address: str) -> None:  # noqa: F811
        with Database(address):
            pass
        with ProcessPoolExecutor(2, get_context("spawn")) as executor:
            list(executor.map(log_in_often, [address] * 2, (0, 100)))
        with Database(address) as opened:
            assert counts(opened)["sessions"] == 50


def log_in_often(address: str, first: int) -> None:  # noqa: F811
    with Database(address) as opened:
        for number in range(first, first + 25):
            with opened.session() as session:
                session.add(LoginSession(token_hash=str(number)))


class TestSqlite:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "guides.db"

    @pytest.fixture
    def opened(self, file: Path) -> Iterator[Database]:
        with Database(f"sqlite:///{file}") as database:
            yield database

    @pytest.mark.parametrize(
        ("pragma", "value"),
        [
            ("journal_mode", "wal"),
            ("busy_timeout", 30_000),
            ("foreign_keys", 1),
            ("synchronous", 1),
            ("secure_delete", 1),
        ],
    )
    def test_every_connection_is_set_up(self, opened: Database, pragma: str, value: object) -> None:
        with opened.engine.connect() as first, opened.engine.connect() as second:
            assert {each.exec_driver_sql(f"PRAGMA {pragma}").scalar() for each in (first, second)} == {value}

    def test_an_open_database_may_be_opened_while_somebody_is_writing(self, opened: Database, file: Path) -> None:
        with opened.engine.connect() as writing:
            writing.exec_driver_sql("BEGIN IMMEDIATE")
            with Database(f"sqlite:///{file}") as other:
                assert counts(other)["guides"] == 0

    def test_what_was_deleted_is_in_neither_file_once_it_is_settled(self, opened: Database, file: Path) -> None:
        fill(opened)
        assert CODE.encode() in b"".join(path.read_bytes() for path in file.parent.glob("guides.db*"))
        with opened.session() as session:
            session.execute(sa.delete(ApplicationRecord))
            session.execute(sa.delete(Recipient))
        assert opened.settle()
        left = b"".join(path.read_bytes() for path in file.parent.glob("guides.db*"))
        assert CODE.encode() not in left and b"Giulia" not in left and b"assegno-unico" in left

    def test_it_tells_when_a_reader_keeps_it_from_settling(self, opened: Database, file: Path) -> None:
        reader = sqlite3.connect(file, isolation_level=None)
        fill(opened)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM recipients").fetchall()
        with Database(f"sqlite:///{file}", patience=replace(RUNS, busy_ms=50)) as hasty:
            with hasty.session() as session:
                session.add(CampaignRecord(id="x", title="x"))
            assert not hasty.settle()
            reader.close()
            assert hasty.settle()

    def test_the_folder_is_made(self, tmp_path: Path) -> None:
        with Database(f"sqlite:///{tmp_path / 'a' / 'b' / 'x.db'}"):
            assert (tmp_path / "a" / "b" / "x.db").exists()

    def test_asking_whether_there_is_one_does_not_make_it(self, tmp_path: Path) -> None:
        assert not exists(f"sqlite:///{tmp_path / 'x.db'}")
        assert list(tmp_path.iterdir()) == []
        with Database(f"sqlite:///{tmp_path / 'x.db'}"):
            assert exists(f"sqlite:///{tmp_path / 'x.db'}")


def test_a_database_server_counts_as_existing() -> None:
    assert exists("postgresql+psycopg://localhost/guides")


class TestWhatCannotBeOpened:
    @pytest.mark.parametrize(
        "bad", ["", "nonsense", "sqlite", "nodialect://x", "sqlite+nodriver:///x.db", "postgresql://host:port/x"]
    )
    def test_what_is_no_address_is_an_error(self, bad: str) -> None:
        with pytest.raises(StoreError, match="non è un indirizzo di database"):
            Database(bad)

    @pytest.mark.parametrize("bad", ["", "nonsense", "postgresql://host:port/x"])
    def test_asking_whether_it_exists_refuses_no_address_too(self, bad: str) -> None:
        with pytest.raises(StoreError, match="non è un indirizzo di database"):
            exists(bad)

    def test_a_file_that_is_no_database_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "x.db").write_bytes(b"not a database at all, " * 200)
        with pytest.raises(StoreError, match="il database non si può aprire"):
            Database(f"sqlite:///{tmp_path / 'x.db'}")

    def test_a_folder_that_cannot_be_made_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(StoreError, match="il database non si può aprire"):
            Database(f"sqlite:///{tmp_path / 'file' / 'x.db'}")

    def test_a_folder_that_takes_no_file_is_an_error(self) -> None:
        with pytest.raises(StoreError, match="il database non si può aprire"):
            Database("sqlite:////proc/guides.db")  # forbidden to root, too

    def test_a_server_that_is_not_there_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="il database non si può aprire: OperationalError"):
            Database(f"postgresql+psycopg://anna:secret@/x?host={tmp_path}")

    def test_a_database_that_the_server_does_not_have_is_an_error(self, postgresql: MakeAddress) -> None:  # noqa: F811
        with pytest.raises(StoreError, match="il database non si può aprire: OperationalError"):
            Database(postgresql().replace("@/postgres", "@/other"))

    @pytest.mark.parametrize(
        "bad",
        [
            "nodialect://anna:secret@host/guides",
            "postgresql+psycopg://anna:sec?ret@localhost:1/guides",
            "postgresql+psycopg://localhost:1/guides?user=anna&password=secret",
            "postgresql://anna:secret@host:port/x",
            "anna:secret@host",
            "//anna:secret@host",
        ],
    )
    def test_an_error_never_shows_user_or_password(self, bad: str) -> None:
        with pytest.raises(StoreError) as caught:
            Database(bad)
        assert not {word for word in ("anna", "secret", "sec?ret") if word in str(caught.value)}


class TestToRead:
    def test_what_is_only_read_is_not_changed_by_a_byte(self, tmp_path: Path) -> None:
        file = tmp_path / "guides.db"
        assert open_to_read(f"sqlite:///{file}") is None and not file.exists()
        file.write_bytes(b"")
        assert open_to_read(f"sqlite:///{file}") is None and file.read_bytes() == b""
        with Database(f"sqlite:///{file}") as opened:
            opened.settle()
        before = file.read_bytes()
        readable = open_to_read(f"sqlite:///{file}")
        assert readable is not None
        with readable:
            pass
        assert file.read_bytes() == before

    def test_a_database_of_an_older_schema_is_left_alone(self, tmp_path: Path) -> None:
        file = tmp_path / "guides.db"
        with sqlite3.connect(file) as older:
            older.execute("CREATE TABLE alembic_version (version_num TEXT)")
            older.execute("INSERT INTO alembic_version VALUES ('0001')")
        older.close()
        assert open_to_read(f"sqlite:///{file}") is None
        with sqlite3.connect(file) as same:
            assert same.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
        same.close()

    def test_a_database_of_a_newer_program_is_an_error_too(self, tmp_path: Path) -> None:
        """It is not as if there were none: that would say that nothing is approved."""
        file = tmp_path / "guides.db"
        with Database(f"sqlite:///{file}") as opened, opened.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(StoreError, match="database più nuovo del programma: aggiorna il programma"):
            open_to_read(f"sqlite:///{file}")
