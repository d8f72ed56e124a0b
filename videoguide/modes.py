# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Files that only their owner may read: what the program makes may be about people.

The umask does it, not the mode of each file. So SQLite's own files and those of a library are private too, and an
administrator who lets another program read a folder by a default ACL is not overruled: there, the umask does not count.
"""

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE_UMASK = 0o077

_lock = threading.Lock()
_depth = 0
_before = 0


@contextmanager
def private() -> Iterator[None]:
    """Files made in this block are for their owner alone: 600, folders 700.

    The umask is the whole process's: meanwhile, other threads make private files as well.
    """
    global _depth, _before
    with _lock:
        if not _depth:
            _before = os.umask(PRIVATE_UMASK)
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if not _depth:
                os.umask(_before)


def tighten(path: Path) -> None:
    """Make a file or folder private if everybody may read it: an older version made it so, and nobody chose it.

    One that only its group may read is left alone, as somebody has seen to it; so are other users' files.
    """
    with suppress(OSError):
        status = path.lstat()
        mode = stat.S_IMODE(status.st_mode)
        if mode & stat.S_IRWXO and status.st_uid == os.geteuid() and not stat.S_ISLNK(status.st_mode):
            path.chmod(mode & ~PRIVATE_UMASK)
