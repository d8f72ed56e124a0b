# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A pack that is being edited: which of its files have changed, and a copy that does not change.

Looking at a hundred files takes a millisecond or two, so they are simply polled. That needs no library and works for
network folders as well, for which the system sends no change notifications.
"""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from videoguide.errors import PackError
from videoguide.packs.campaigns import SHARED, Campaign, kept_name

LOOK_SECONDS = 0.2
"""The time from one look to the next; a change is reported once nothing has changed for this long."""


def changes(places: Sequence[Path]) -> Iterator[tuple[Path, ...]]:
    """An empty tuple at once; then the changed files each time files have changed and are quiet again, without end.

    ``places`` are files and folders. Changes made while the caller is at work are reported afterwards; changes that are
    undone, such as an editor's temporary file, are not. Hidden files and ``name~`` do not count.
    """
    reported = current = _snapshot(places)
    yield ()
    while True:
        time.sleep(LOOK_SECONDS)
        previous, current = current, _snapshot(places)
        if current == previous and current != reported:
            changed = tuple(sorted({path for path, _ in current.items() ^ reported.items()}))
            reported = current
            yield changed


@contextmanager
def frozen_copy(campaign: Campaign, below: Path) -> Iterator[Campaign]:
    """A copy of the pack as it is now, in a new folder inside ``below``: later changes to the pack cannot reach it.

    Each copy has a folder of its own, so that nothing remembered of an earlier copy is taken for it.
    Raises PackError; one from within the context names the pack's own file, not the copy's.
    """
    with TemporaryDirectory(dir=below) as temporary:
        folder = Path(temporary, campaign.folder.parent.name, campaign.folder.name)
        try:
            shutil.copytree(campaign.folder, folder, ignore=shutil.ignore_patterns(".*", "*~"))
            campaign.copy_shared(folder)
        except OSError as error:
            raise PackError(campaign.folder, "non si può leggere: manca qualcosa, o sta cambiando") from error
        try:
            yield Campaign(folder)
        except PackError as error:
            file = error.file
            for name in SHARED:
                file = file.replace(str(folder / kept_name(name)), str(campaign.shared(name)))
            file = file.replace(str(folder), str(campaign.folder))
            raise type(error)(file, error.reason, where=error.where) from error


def _snapshot(places: Sequence[Path]) -> dict[Path, tuple[int, int, int]]:
    """Every file at these places, with its modification time in nanoseconds, length in bytes and inode."""
    files = {}
    for place in places:
        for path in place.rglob("*") if place.is_dir() else [place]:
            name = path.relative_to(place)
            if path.name.endswith("~") or any(part.startswith(".") for part in name.parts):
                continue
            try:
                status = path.stat()
            except OSError:  # deleted since it was listed
                continue
            if not path.is_dir():
                files[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return files
