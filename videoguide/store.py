# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Content-addressed files: a piece is stored once, under the hash of everything that went into it.

Layout: ``<root>/<kind>/<first two hex digits>/<key>``; ``<root>/owner`` names the installation whose store it is.
A piece is written under a temporary name beside its place and renamed, so a reader sees all of it or nothing, a killed
writer leaves nothing that could be mistaken for a piece, and two writers of one key do no harm.
"""

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from videoguide.errors import StoreError, system_reason
from videoguide.modes import private

TEMPORARY_PREFIX = ".new-"
STALE_SECONDS = 3600
OWNER_FILE = "owner"

_OWNER = re.compile(r"[0-9a-f]{32}")


def key_of(data: Any) -> str:
    """SHA-256 (hex) over canonical JSON of plain data; raises TypeError on anything else.

    >>> key_of({"b": 1, "a": "è"}) == key_of({"a": "è", "b": 1})
    True
    """
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(file: Path) -> str:
    """SHA-256 (hex) of a file; an unchanged file is not read again; raises OSError."""
    return _digest(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=4096)
def _digest(file: Path, _mtime_ns: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


class Store:
    """Pieces of several kinds (``segments``, ``speech`` …) in one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, kind: str, key: str) -> Path:
        """The piece's file, whether it exists or not."""
        return self.root / kind / key[:2] / key

    def find(self, kind: str, key: str) -> Path | None:
        """The piece's file if it exists, else None."""
        path = self.path(kind, key)
        return path if path.exists() else None

    def put(self, kind: str, key: str, parts: Iterable[bytes]) -> Path:
        """Write a piece from its parts, whole or not at all, and return its file.

        Raises StoreError when the folder cannot be written or the disk is full.
        """
        path = self.path(kind, key)
        write_whole(path, parts)
        return path

    def remove(self, kind: str, key: str) -> bool:
        """Delete a piece, and return whether it existed; raises StoreError."""
        try:
            self.path(kind, key).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreError(self.path(kind, key), f"non si può togliere: {system_reason(error)}") from error
        return True

    def keys(self, kind: str) -> Iterator[str]:
        """The keys of all pieces of a kind, in no particular order."""
        for path in (self.root / kind).glob("??/*"):
            if not path.name.startswith(TEMPORARY_PREFIX):
                yield path.name

    def owner(self) -> str:
        """The id of the installation whose store it is, or nothing. Raises StoreError."""
        try:
            owner = (self.root / OWNER_FILE).read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise StoreError(self.root / OWNER_FILE, f"non si può leggere: {system_reason(error)}") from error
        if not _OWNER.fullmatch(owner):
            raise StoreError(self.root / OWNER_FILE, "danneggiato: non è l’identificativo di un’installazione")
        return owner

    def claim(self, owner: str, *, forced: bool = False) -> str:
        """Make it the store of an installation unless it has an owner; returns whose it is now.

        Of two that claim it at once, also from two machines, one gets it. ``forced`` takes it from its owner. Raises
        StoreError.
        """
        place = self.root / OWNER_FILE
        aside = self.root / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
        write_whole(aside, [f"{owner}\n".encode()])
        try:
            if forced:
                aside.replace(place)
            else:
                os.link(aside, place)  # unlike a rename, it never takes the place of a file that is there
        except FileExistsError:
            pass
        except OSError as error:
            raise StoreError(place, f"non si può scrivere: {system_reason(error)}") from error
        finally:
            aside.unlink(missing_ok=True)
        return self.owner()

    def sweep(self) -> int:
        """Remove the temporary files that killed writers left more than an hour ago; returns how many."""
        return sum(sweep(folder) for folder in self.root.glob("*/??"))


def sweep(folder: Path) -> int:
    """Remove the temporary files and folders that killed writers left in a folder more than an hour ago.

    Returns how many.
    """
    swept = 0
    for path in folder.glob(f"{TEMPORARY_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
                swept += 1
    return swept


def write_whole(path: Path, parts: Iterable[bytes]) -> None:
    """Write ``parts`` to ``path``, whole or not at all; only its owner may read it.

    Raises StoreError on a full disk or an unwritable folder; the temporary file is removed.
    """
    temporary = path.parent / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
    try:
        with private():
            path.parent.mkdir(parents=True, exist_ok=True)
            file = temporary.open("xb")
        with file:
            file.writelines(parts)
        temporary.replace(path)
    except OSError as error:
        raise StoreError(path, f"non si può scrivere: {system_reason(error)}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
