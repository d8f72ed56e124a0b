"""One run at a time on one output folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from videoguide.errors import InputError, StoreError, system_reason

LOCK_FILE = ".videoguide.lock"
ATTEMPTS = 100


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Hold the folder, made if it is not there; what is empty at the end is taken away again.

    A killed run holds nothing: the system lets go of its lock. Raises InputError when another run holds it,
    StoreError when the folder cannot be written.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    path = folder / LOCK_FILE
    try:
        lock = _locked(path)
    except BlockingIOError as error:
        raise InputError(f"{folder}: un’altra esecuzione sta lavorando qui; aspetta che finisca") from error
    except OSError as error:
        raise StoreError(folder, f"non si può scrivere: {system_reason(error)}") from error
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(lock)
        with suppress(OSError):
            for each in made:
                each.rmdir()


def _locked(path: Path) -> int:
    """A descriptor of the lock file, held. Raises BlockingIOError while another holds it, OSError."""
    for attempt in range(ATTEMPTS):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_ino == path.stat().st_ino:
                    return descriptor  # else it is a lock on nothing: who held it before took the file away
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
        except (FileNotFoundError, FileExistsError):  # who held it before is just taking file and folder away
            if attempt == ATTEMPTS - 1:
                raise
    raise BlockingIOError
