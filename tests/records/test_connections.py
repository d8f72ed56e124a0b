# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""How long a program waits for its database: a lock that another process holds, a server that is restarted or away."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlmodel import Session, func, select

from tests.support.databases import PostgreSQL, postgresql_server, write_lock
from videoguide.errors import StoreError
from videoguide.records.connections import PEOPLE, RUNS, engine_options
from videoguide.records.database import CampaignRecord, Database


def add(database: Database, name: str) -> None:
    with database.session() as session:
        session.add(CampaignRecord(id=name, title=name))


def count(session: Session) -> int:
    return session.exec(select(func.count()).select_from(CampaignRecord)).one()


class TestLock:
    def test_people_wait_far_less_than_a_run(self) -> None:
        assert PEOPLE.busy_ms <= 3_000 < RUNS.busy_ms

    def test_reading_goes_on_and_writing_is_given_up_soon(self, tmp_path: Path) -> None:
        file = tmp_path / "guides.db"
        with Database(f"sqlite:///{file}", patience=replace(PEOPLE, busy_ms=200)) as database:
            with write_lock(file):
                started = time.monotonic()
                with pytest.raises(StoreError, match="è occupato"):
                    add(database, "x")
                assert time.monotonic() - started < RUNS.busy_ms / 1000 / 2
                assert database.repeatable(count) == 0
            add(database, "x")
            assert database.repeatable(count) == 1

    def test_a_run_outlasts_a_lock(self, tmp_path: Path) -> None:
        file = tmp_path / "guides.db"
        with Database(f"sqlite:///{file}") as database, ThreadPoolExecutor() as pool:
            with write_lock(file):
                added = pool.submit(add, database, "x")
                time.sleep(PEOPLE.busy_ms / 1000 + 0.5)
                assert not added.done()
            added.result(20)

    def test_those_who_wait_to_write_leave_connections_to_those_who_read(self, tmp_path: Path) -> None:
        file = tmp_path / "guides.db"
        patience = replace(PEOPLE, busy_ms=1_500)
        with (
            Database(f"sqlite:///{file}", patience=patience) as database,
            ThreadPoolExecutor(30) as pool,
            write_lock(file),
        ):
            writers = [pool.submit(add, database, str(number)) for number in range(20)]
            time.sleep(0.2)
            assert database.repeatable(count) == 0
            assert not any(writer.done() for writer in writers), "all of them are waiting still"
            assert all(isinstance(writer.exception(20), StoreError) for writer in writers)


class TestOptions:
    def test_an_address_may_say_otherwise_and_other_drivers_get_nothing_of_libpq(self) -> None:
        address = make_url("postgresql+psycopg://db.example/guides?connect_timeout=7")
        assert "connect_timeout" not in engine_options(address, PEOPLE)["connect_args"]
        assert "tcp_user_timeout" in engine_options(address, PEOPLE)["connect_args"]
        assert "connect_args" not in engine_options(make_url("postgresql+pg8000://db.example/guides"), PEOPLE)

    def test_a_database_in_memory_opens(self) -> None:
        with Database("sqlite://", patience=PEOPLE) as database:
            assert database.repeatable(count) == 0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with postgresql_server() as server:
        yield server


@pytest.mark.slow
@pytest.mark.xdist_group("databases")
class TestServer:
    @pytest.mark.parametrize("mode", ["fast", "immediate"])
    def test_a_restart_is_not_noticed_by_those_who_read(self, server: PostgreSQL, mode: str) -> None:
        with Database(server(), patience=PEOPLE) as database, ThreadPoolExecutor(8) as pool:
            add(database, "x")
            over = threading.Event()

            def read() -> int:
                times = 0
                while not over.is_set():
                    assert database.repeatable(count) == 1
                    times += 1
                return times

            readers = [pool.submit(read) for _ in range(8)]
            time.sleep(0.3)
            try:
                server.restart(mode)
                time.sleep(0.3)
            finally:
                over.set()
            assert all(reader.result(30) > 1 for reader in readers)

    def test_work_whose_connection_is_cut_is_done_again(self, server: PostgreSQL) -> None:
        with Database(server(), patience=PEOPLE) as database, Database(database.address) as other:
            add(database, "x")
            attempts = 0

            def work(session: Session) -> int:
                nonlocal attempts
                attempts += 1
                mine = session.connection().exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
                if attempts == 1:
                    with other.session() as sawing:
                        sawing.connection().execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
                return count(session)

            assert database.repeatable(work) == 1 and attempts == 2
            attempts = 0
            with pytest.raises(StoreError, match="la connessione si è interrotta"), database.session() as session:
                work(session)

    def test_who_asks_while_it_is_away_learns_it_soon_and_it_is_used_again_once_it_is_back(
        self, server: PostgreSQL
    ) -> None:
        with Database(server(), patience=replace(PEOPLE, away_seconds=1)) as database, ThreadPoolExecutor(8) as pool:
            add(database, "x")
            server.stop()
            try:
                first = [pool.submit(database.repeatable, count) for _ in range(8)]
                assert all("non risponde" in str(each.exception(20)) for each in first)
                started = time.monotonic()
                later = [pool.submit(database.repeatable, count) for _ in range(100)]
                assert all("non risponde" in str(each.exception(20)) for each in later)
                assert time.monotonic() - started < 10, "nobody waits for a server that has been away for long"
            finally:
                server.start()
            assert database.repeatable(count) == 1

    def test_without_patience_its_absence_is_told_at_once(self, server: PostgreSQL) -> None:
        with Database(server(), patience=replace(PEOPLE, away_seconds=60)) as database:
            server.stop("immediate")
            try:
                with pytest.raises(StoreError, match="non risponde"), database.session(patient=False):
                    pass
            finally:
                server.start()
