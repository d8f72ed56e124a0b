"""A pack that somebody is changing: which of its files changed, and a copy that stays as it is meanwhile.

Looking at a hundred files costs a millisecond or two, so they are looked at again and again. That needs no library, and
works for network folders as well, where the system's own notices do not come.
"""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from videoguide.campaigns import KEPT_ART, Campaign
from videoguide.errors import PackError

LOOK_SECONDS = 0.2
"""From one look to the next: so long nothing may change before a change is told."""


def changes(places: Sequence[Path]) -> Iterator[tuple[Path, ...]]:
    """Nothing at once; then, whenever files at these places have changed and are quiet again, which of them. No end.

    ``places`` are files and folders. What changes while the caller is at work is told afterwards; what is changed and
    changed back, such as a file that an editor writes for a moment, is not. Hidden files and ``name~`` do not count.
    """
    known = seen = _looked_at(places)
    yield ()
    while True:
        time.sleep(LOOK_SECONDS)
        before, seen = seen, _looked_at(places)
        if seen == before and seen != known:
            changed = tuple(sorted({path for path, _ in seen.items() ^ known.items()}))
            known = seen
            yield changed


@contextmanager
def still(campaign: Campaign, below: Path) -> Iterator[Campaign]:
    """The pack as it is now, copied ``below`` a folder: what is changed meanwhile cannot get into what is made of it.

    Since each copy has a folder of its own, nothing that was kept in memory of an earlier one is taken for it.
    Raises PackError; one from within the context names the pack's own file, not the copy's.
    """
    with TemporaryDirectory(dir=below) as aside:
        folder = Path(aside, campaign.folder.parent.name, campaign.folder.name)
        try:
            shutil.copytree(campaign.folder, folder, ignore=shutil.ignore_patterns(".*", "*~"))
            shutil.copytree(campaign.art, folder / KEPT_ART)
        except OSError as error:
            raise PackError(campaign.folder, "non si può leggere: manca qualcosa, o sta cambiando") from error
        try:
            yield Campaign(folder)
        except PackError as error:
            file = error.file.replace(str(folder / KEPT_ART), str(campaign.art))
            file = file.replace(str(folder), str(campaign.folder))
            raise type(error)(file, error.reason, where=error.where) from error


def _looked_at(places: Sequence[Path]) -> dict[Path, tuple[int, int, int]]:
    """Every file at these places: when it was written, its length, and which file of the disk it is."""
    found = {}
    for place in places:
        for path in place.rglob("*") if place.is_dir() else [place]:
            name = path.relative_to(place)
            if path.name.endswith("~") or any(part.startswith(".") for part in name.parts):
                continue
            try:
                status = path.stat()
            except OSError:  # gone since it was listed
                continue
            if not path.is_dir():
                found[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return found
