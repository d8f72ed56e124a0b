# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A temporary database on disk for one run, for data that would fill the memory; deleted when the run ends.

It may hold personal data: only the run's own user may read it, and its file is unlinked while it is
in use, so that even a killed run leaves nothing behind.
"""

import errno
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from videoguide.errors import StoreError, system_reason
from videoguide.modes import private
from videoguide.store import TEMPORARY_PREFIX

# Nobody else opens it, and it is thrown away at the end: no journal, no waiting for the disk.
# A cache of 32 MiB holds the index of a million ids, so that unsorted rows cost little more than sorted ones.
_SET_UP = """
PRAGMA page_size = 8192;
PRAGMA cache_size = -32768;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
"""


@contextmanager
def scratch(folder: Path, tables: str) -> Iterator[sqlite3.Connection]:
    """An empty database with these tables (SQL), in ``folder``: the system's temporary folder may be in memory.

    A transaction has begun; it cannot be rolled back. Raises StoreError.
    """
    file = folder / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
    try:
        with scratch_errors(folder):
            with private():
                folder.mkdir(parents=True, exist_ok=True)
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            database = sqlite3.connect(file, isolation_level=None)
        with closing(database):
            with scratch_errors(folder):
                database.executescript(_SET_UP + tables)
                database.execute("BEGIN")
            with suppress(OSError):  # a system that forbids unlinking an open file keeps it until the end
                file.unlink()
            yield database
    finally:
        with suppress(OSError):
            file.unlink(missing_ok=True)


@contextmanager
def scratch_errors(folder: Path) -> Iterator[None]:
    """Turn the disk errors of a scratch database into a StoreError that names its folder."""
    try:
        yield
    except sqlite3.Error as error:
        full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        reason = system_reason(OSError(errno.ENOSPC, "")) if full else str(error)
        raise StoreError(folder, f"copia di lavoro: {reason}") from error
    except OSError as error:
        raise StoreError(folder, f"non si può scrivere: {system_reason(error)}") from error
