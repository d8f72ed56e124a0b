# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""One run at a time on one output folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from videoguide.errors import Busy, StoreError, system_reason
from videoguide.modes import private

LOCK_FILE = ".videoguide.lock"
ATTEMPTS = 100


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Lock the folder; it is created if it does not exist, and removed at the end if it is then empty.

    The lock of a killed run is released by the system. Raises Busy when another run holds it,
    StoreError when the folder cannot be written.
    """
    created_folders = [each for each in (folder, *folder.parents) if not each.exists()]
    path = folder / LOCK_FILE
    try:
        lock = _locked(path)
    except BlockingIOError as error:
        raise Busy(f"{folder}: un’altra esecuzione sta lavorando qui; aspetta che finisca") from error
    except OSError as error:
        raise StoreError(folder, f"non si può scrivere: {system_reason(error)}") from error
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(lock)
        with suppress(OSError):
            for created in created_folders:
                created.rmdir()


def _locked(path: Path) -> int:
    """The descriptor of the lock file, locked; raises BlockingIOError while another run holds it, or OSError."""
    for attempt in range(ATTEMPTS):
        try:
            with private():
                path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_ino == path.stat().st_ino:
                    return descriptor  # otherwise its last holder has removed the file, and the lock means nothing
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
        except (FileNotFoundError, FileExistsError):  # its last holder is just removing the file and the folder
            if attempt == ATTEMPTS - 1:
                raise
    raise BlockingIOError
