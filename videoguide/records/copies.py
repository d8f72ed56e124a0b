# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A copy of the database as it was at one moment, made while others read and write it, and a database made of a copy.

SQLite copies itself (``VACUUM INTO``): its file alone would lack what is still in the write-ahead log. For PostgreSQL
its own programs do it, of the server's major version, since an older server may not read what a newer program wrote.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from sqlalchemy import Engine, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel, col, delete, select

from videoguide.errors import InputError, StoreError, system_reason
from videoguide.records import schema
from videoguide.records.database import Database, Installation, LoginSession, exists, redacted
from videoguide.store import write_whole

COPY_FILES: Mapping[str, str] = {"sqlite": "database.sqlite", "postgresql": "database.dump"}
"""The databases that can be copied, and what the copy's file is called."""
DEBIAN = "/usr/lib/postgresql/{major}/bin"
"""Where Debian has the programs of each major version."""
PIECE_BYTES = 1 << 20

_VERSION = re.compile(r"\) (\d+)")
_VERSION_TABLE = "alembic_version"


@contextmanager
def snapshot(database: Database, folder: Path) -> Iterator[tuple[Path, Database]]:
    """Write a copy of the database into a folder; gives its file, and the database in that same state, to be read.

    Nobody is logged in in the copy. Raises InputError for a database of another kind than those in COPY_FILES, or in
    memory; StoreError when it cannot be written or PostgreSQL's programs are missing.
    """
    kind = kind_of(database.address)
    file = folder / COPY_FILES[kind]
    copied = _snapshot_sqlite(database, file) if kind == "sqlite" else _snapshot_postgresql(database, file)
    with copied as state:
        yield file, state


def kind_of(address: str) -> str:
    """Which of COPY_FILES a database is. Raises InputError for any other, StoreError for a bad address."""
    exists(address)
    url = make_url(address)
    kind = url.get_backend_name()
    if kind not in COPY_FILES or (kind == "sqlite" and not url.database):
        raise InputError(f"{redacted(address)}: di questo database non si fanno copie; ammessi: SQLite e PostgreSQL")
    return kind


@contextmanager
def _snapshot_sqlite(database: Database, file: Path) -> Iterator[Database]:
    try:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(file),))
    except SQLAlchemyError as error:
        raise _copy_error(file, error) from error
    with Database(f"sqlite:///{file}", migrate=False) as copied:
        with copied.session() as session:
            session.exec(delete(LoginSession))
        yield copied
        copied.settle()


@contextmanager
def _snapshot_postgresql(database: Database, file: Path) -> Iterator[Database]:
    """``pg_dump`` and whoever reads see one exported snapshot."""
    try:
        repeatable = database.engine.execution_options(isolation_level="REPEATABLE READ")
        with repeatable.connect() as holding, holding.begin():
            moment = holding.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
            place = postgresql_schema(database.engine)
            tables = [f'"{place}"."{name}"' for name in (*SQLModel.metadata.tables, _VERSION_TABLE)]
            sessions = f'"{place}"."{LoginSession.__tablename__}"'
            _run(
                "pg_dump",
                database.engine,
                *("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={moment}", f"--file={file}"),
                *(f"--table={table}" for table in tables),
                f"--exclude-table-data={sessions}",
            )
            with Database(database.address, migrate=False) as reading:
                reading.engine.update_execution_options(isolation_level="REPEATABLE READ")

                @event.listens_for(reading.engine, "begin")
                def _begin(connection: Any) -> None:
                    connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{moment}'")

                yield reading
    except SQLAlchemyError as error:
        raise StoreError(redacted(database.address), f"il database rifiuta: {type(error).__name__}") from error


def postgresql_schema(engine: Engine) -> str:
    """The PostgreSQL schema that the tables are in, or would be made in. Raises SQLAlchemyError."""
    with engine.connect() as connection:
        return str(connection.exec_driver_sql("SELECT current_schema()").scalar_one())


def place_in(database: Database) -> tuple[str, int]:
    """The schema's name and the server's major version, of PostgreSQL; else nothing and 0. Raises StoreError."""
    if database.engine.dialect.name != "postgresql":
        return "", 0
    try:
        return postgresql_schema(database.engine), _server_major(database.engine)
    except SQLAlchemyError as error:
        raise StoreError(redacted(database.address), f"il database rifiuta: {type(error).__name__}") from error


def whose(address: str) -> str | None:
    """The id of the installation whose database is at an address; None where there is none, or an empty one.

    It is "" for a database with other tables of ours. Raises StoreError.
    """
    if not exists(address):
        return None
    try:
        engine = create_engine(address)
        try:
            names = set(inspect(engine).get_table_names())
            if not names & {*SQLModel.metadata.tables, _VERSION_TABLE}:
                return None
            if Installation.__tablename__ not in names:
                return ""
            with engine.connect() as connection:
                return connection.execute(select(col(Installation.id))).scalar() or ""
        finally:
            engine.dispose()
    except (SQLAlchemyError, ImportError) as error:
        raise StoreError(redacted(address), f"il database non si può aprire: {type(error).__name__}") from error


def require_no_journal(address: str) -> None:
    """Raise InputError where SQLite's journals are left of a database file that is gone.

    SQLite would take them for the restored file's, and destroy it.
    """
    url = make_url(address)
    if url.get_backend_name() != "sqlite" or exists(address):
        return
    file = Path(url.database or "")
    for journal in (file.with_name(f"{file.name}{ending}") for ending in ("-wal", "-shm", "-journal")):
        if journal.exists():
            raise InputError(f"{journal}: è rimasto di un altro database: spostalo, poi ripristina")


def restore(address: str, file: Path, place: str, server: int) -> None:
    """Make the database at an address, where there is none or an empty one, of a copy: all of it, or nothing.

    The copy is of the PostgreSQL schema ``place`` and of a server of this major version. Raises InputError for another
    schema or an older server, StoreError.
    """
    if kind_of(address) == "sqlite":
        with file.open("rb") as source:
            write_whole(Path(make_url(address).database or ""), pieces(source))
        return
    engine = create_engine(address)
    try:
        here = postgresql_schema(engine)
        if here != place:
            raise InputError(f"{redacted(address)}: la copia è dello schema {place!r}, qui lo schema è {here!r}")
        if _server_major(engine) < server:
            raise InputError(f"{redacted(address)}: la copia è di PostgreSQL {server}, e questo server è più vecchio")
        _run(
            "pg_restore",
            engine,
            *("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(file)),
        )
    except SQLAlchemyError as error:
        raise StoreError(redacted(address), f"il database non si può aprire: {type(error).__name__}") from error
    finally:
        engine.dispose()


def require_known_schema(address: str, version: str) -> None:
    """Raise StoreError for a copy whose schema a newer program made."""
    if not schema.is_known(version):
        raise StoreError(redacted(address), "database più nuovo del programma: aggiorna il programma")


def pieces(source: BinaryIO) -> Iterator[bytes]:
    """What is left of an open file, piece by piece. Raises OSError."""
    while piece := source.read(PIECE_BYTES):
        yield piece


def _server_major(engine: Engine) -> int:
    with engine.connect() as connection:
        return int((connection.dialect.server_version_info or (0,))[0])


def _run(name: str, engine: Engine, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on the engine's database. Raises StoreError."""
    program = _program(name, _server_major(engine))
    with TemporaryDirectory(prefix="videoguide-") as aside:
        try:
            done = subprocess.run(
                [program, f"--dbname={_connection(engine, Path(aside))}", "--no-password", *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise StoreError(program, f"non si può avviare: {system_reason(error)}") from error
    if done.returncode:  # its own words may repeat a row
        full = "No space left" in done.stderr or "File too large" in done.stderr
        reason = "lo spazio sul disco è finito" if full else f"non è riuscito (stato {done.returncode})"
        raise StoreError(program, reason)


def _program(name: str, major: int) -> str:
    """Where one of PostgreSQL's programs is, in the server's major version. Raises StoreError."""
    debian = Path(DEBIAN.format(major=major), name)
    found_version = "nessuna"
    for path in (str(debian) if debian.exists() else None, shutil.which(name)):
        if path is None:
            continue
        try:
            said = subprocess.run([path, "--version"], capture_output=True, encoding="utf-8", errors="replace").stdout
        except OSError:
            continue
        version = _VERSION.search(said)
        if version and int(version[1]) == major:
            return path
        found_version = version[1] if version else found_version
    raise StoreError(
        name,
        f"serve quello di PostgreSQL {major}, la versione del server; versione trovata: {found_version} "
        f"(su Debian è nel pacchetto postgresql-client-{major})",
    )


def _connection(engine: Engine, aside: Path) -> str:
    """How to reach the engine's database, as libpq reads it; its password is in a file, as others see command lines."""
    with engine.connect() as connection:
        info: Any = connection.connection.driver_connection
        parameters = dict(info.info.get_parameters())
        password = info.info.password
    if password:
        escaped = re.sub(r"([\\:])", r"\\\1", password)
        (aside / "password").touch(0o600)
        (aside / "password").write_text(f"*:*:*:*:{escaped}\n", encoding="utf-8")
        parameters["passfile"] = str(aside / "password")
    return " ".join(f"{name}='{re.sub(_QUOTED, _ESCAPED, str(value))}'" for name, value in parameters.items())


_QUOTED, _ESCAPED = re.compile(r"(['\\])"), r"\\\1"


def _copy_error(file: Path, error: SQLAlchemyError) -> StoreError:
    words = str(getattr(error, "orig", "")).lower()
    return StoreError(file, "lo spazio sul disco è finito" if "full" in words else f"non si può scrivere: {words}")
