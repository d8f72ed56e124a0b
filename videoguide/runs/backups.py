# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Backups: the database as it was at one moment, with every piece of the store that it needs, and a list of both.

A backup is made while people watch and runs go on. A run puts a guide's pieces into the store before its row into the
database, so whatever a row of the copied database needs is there; only pruning and purging must wait, as they take
pieces away. Each backup is a folder of its own, named after its moment, and complete as soon as it has that name. Files
that the backup before has as well are shared with it (hard links): a piece never changes.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from videoguide import __version__
from videoguide.errors import InputError, StoreError, system_reason
from videoguide.guide.guides import OUTLINES
from videoguide.locks import LOCK_FILE, only_run
from videoguide.media.payload import SEGMENTS
from videoguide.modes import private
from videoguide.progress import Tell, silently
from videoguide.records import audit, copies, installation, schema
from videoguide.records.database import Database, GuideRecord, now, redacted
from videoguide.records.installation import hash_of_person
from videoguide.records.versions import VERSIONS
from videoguide.runs import pairing
from videoguide.runs.pieces import guide_keys, needed, speech_of
from videoguide.runs.purging import PURGED, purge_again, purged_at
from videoguide.settings import Settings
from videoguide.speech.narration import SPEECH
from videoguide.store import TEMPORARY_PREFIX, Store, write_whole

MANIFEST_FILE = "manifest.json"
NAME = "%Y-%m-%dT%H%M%SZ"
"""How a backup is named after its moment, in UTC."""


class BackupManifest(msgspec.Struct, kw_only=True):
    """What is in a backup: ``manifest.json``.

    ``files`` are all others, by path in the backup, each with its size in bytes and its SHA-256 (hex); ``missing`` are
    pieces that the database needs and the store did not have. ``place`` is PostgreSQL's schema, ``server`` its major
    version. ``digest`` is the SHA-256 of the manifest without it.
    """

    program: str
    made_at: datetime
    installation: str
    database: str
    schema: str
    place: str = ""
    server: int = 0
    guides: int = 0
    files: dict[str, tuple[int, str]] = {}
    missing: tuple[str, ...] = ()
    format: int = 1
    digest: str = ""

    def sealed(self) -> bytes:
        """The content of its file."""
        self.digest = ""
        self.digest = hashlib.sha256(msgspec.json.encode(self)).hexdigest()
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


@dataclass(frozen=True)
class Backup:
    """A complete backup; ``copied_bytes`` were copied for it, the rest is shared with the backup before."""

    folder: Path
    manifest: BackupManifest
    copied_bytes: int = 0

    @property
    def size_bytes(self) -> int:
        """Bytes of all its files."""
        return sum(size for size, _ in self.manifest.files.values())


@dataclass(frozen=True)
class Restored:
    """What was restored, or would be; ``purged`` people had been deleted after the backup, and were again."""

    backup: Backup
    purged: int = 0


# --- making one ------------------------------------------------------------------------------------------


def back_up(store: Store, database: Database, folder: Path, who: str, tell: Tell = silently) -> Backup:
    """Make a backup in a folder of backups, which may have others of the same installation.

    Raises Busy while another backup, a prune or a purge is at work; InputError for a store that is another database's;
    StoreError, and nothing of the backup stays, when it cannot be written, for example on a full disk.
    """
    pairing.join(store, database)
    if folder.resolve().is_relative_to(store.root.resolve()):
        raise InputError(f"{folder}: la copia non può stare nel magazzino")
    with ExitStack() as stack:
        stack.enter_context(private())
        stack.enter_context(only_run(store.root))
        stack.enter_context(only_run(folder))
        for leftover in folder.glob(f"{TEMPORARY_PREFIX}*"):  # of killed ones
            shutil.rmtree(leftover, ignore_errors=True)
        aside = folder / f"{TEMPORARY_PREFIX}{os.getpid()}"
        try:
            aside.mkdir()
            made = _fill(aside, store, database, _newest(folder, installation.identity(database).id), tell)
            name = made.manifest.made_at.strftime(NAME)
            names = (name, *(f"{name}-{number}" for number in range(2, 100)))  # of one second
            place = next(folder / each for each in names if not (folder / each).exists())
            _keep(aside, made.manifest)
            aside.rename(place)
        except OSError as error:
            raise StoreError(folder, f"non si può scrivere: {system_reason(error)}") from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    audit.note(database, who, "backup", about=place.name)
    return Backup(place, made.manifest, made.copied_bytes)


def _fill(aside: Path, store: Store, database: Database, before: Backup | None, tell: Tell) -> Backup:
    place, server = copies.place_in(database)
    manifest = BackupManifest(
        program=__version__,
        made_at=now(),
        installation=installation.identity(database).id,
        database=copies.kind_of(database.address),
        schema=schema.newest(),
        place=place,
        server=server,
    )
    with copies.snapshot(database, aside) as (file, state):
        wanted = list(_wanted(store, state))
        manifest.guides = sum(1 for _ in guide_keys(state, GuideRecord))
    manifest.files[file.name] = _measured(file)
    copied_bytes = manifest.files[file.name][0]
    missing = []
    for done, (kind, key) in enumerate(wanted, 1):
        paths = list(_files(store.path(kind, key)))
        if not paths:
            missing.append(f"{kind}/{key}")
        for path in paths:
            name = path.relative_to(store.root).as_posix()
            shared = before.manifest.files.get(name) if before and kind != PURGED else None
            if before and shared and _share(before.folder / name, path, aside / name, shared[0]):
                manifest.files[name] = shared
            else:
                manifest.files[name] = _copy(path, aside / name)
                copied_bytes += manifest.files[name][0]
        tell(kind, done, len(wanted))
    manifest.missing = tuple(missing)
    return Backup(aside, manifest, copied_bytes)


def _wanted(store: Store, state: Database) -> Iterator[tuple[str, str]]:
    """Kinds and keys of the pieces that a database needs, and of those that say who was deleted."""
    outlines, segments = needed(state)
    for kind, keys in (
        (OUTLINES, outlines),
        (SEGMENTS, segments),
        (SPEECH, speech_of(store, segments)),
        (VERSIONS, set(store.keys(VERSIONS))),
        (PURGED, set(store.keys(PURGED))),
    ):
        yield from ((kind, key) for key in sorted(keys))


def _files(piece: Path) -> Iterator[Path]:
    """The files of a piece: itself, or those in its folder."""
    if piece.is_dir():
        yield from (path for path in sorted(piece.rglob("*")) if path.is_file())
    elif piece.exists():
        yield piece


def _share(old: Path, source: Path, target: Path, size_bytes: int) -> bool:
    """Have a file of the backup before in this one as well; False where it is not the same or cannot be shared."""
    try:
        if {old.stat().st_size, source.stat().st_size} != {size_bytes}:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(old, target)
    except OSError:
        return False
    return True


def _copy(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file; returns its size in bytes and its hash. Raises OSError."""
    digest, size_bytes = hashlib.sha256(), 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as read, target.open("xb") as written:
        for piece in copies.pieces(read):
            written.write(piece)
            digest.update(piece)
            size_bytes += len(piece)
    return size_bytes, digest.hexdigest()


def _measured(file: Path) -> tuple[int, str]:
    with file.open("rb") as read:
        return file.stat().st_size, hashlib.file_digest(read, "sha256").hexdigest()


def _keep(aside: Path, manifest: BackupManifest) -> None:
    """Write the manifest when all other files are on the disk. Raises OSError."""
    os.sync()
    with (aside / MANIFEST_FILE).open("xb") as file:
        file.write(manifest.sealed())
        file.flush()
        os.fsync(file.fileno())


# --- finding and reading one -----------------------------------------------------------------------------


def backups(folder: Path) -> list[Path]:
    """The complete backups in a folder, oldest first."""
    return sorted(manifest.parent for manifest in folder.glob(f"[0-9]*/{MANIFEST_FILE}"))


def read(folder: Path) -> Backup:
    """The backup in a folder, or the newest in a folder of backups.

    Raises InputError where there is no complete one, StoreError for a damaged manifest.
    """
    if not (folder / MANIFEST_FILE).exists():
        complete = backups(folder)
        if not complete:
            raise InputError(f"{folder}: qui non c’è una copia di sicurezza completa")
        folder = complete[-1]
    file = folder / MANIFEST_FILE
    try:
        manifest = msgspec.json.decode(file.read_bytes(), type=BackupManifest)
        digest = manifest.digest
        manifest.sealed()
    except OSError as error:
        raise StoreError(file, f"non si può leggere: {system_reason(error)}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreError(file, "danneggiato: non è l’elenco di una copia") from error
    if digest != manifest.digest:
        raise StoreError(file, "danneggiato: l’elenco della copia è stato cambiato")
    return Backup(folder, manifest)


def _newest(folder: Path, owner: str) -> Backup | None:
    """The newest backup of an installation, if its manifest can be read."""
    for place in reversed(backups(folder)):
        try:
            backup = read(place)
        except StoreError:
            continue
        if backup.manifest.installation == owner:
            return backup
    return None


# --- restoring -------------------------------------------------------------------------------------------


def restore(folder: Path, settings: Settings, who: str, tell: Tell = silently, *, dry_run: bool = False) -> Restored:
    """Make database and store as they were, where there is no database, and no store or this installation's own.

    Every file is verified before anything is written. What is already in the store stays; what is missing or damaged
    there is put in. The database comes last. A restore that was stopped is finished by restoring again; until then
    nothing else uses store or database. People who were deleted after the backup, as far as the store or a later backup
    beside this one knows, are deleted again. ``dry_run`` verifies, and writes nothing.

    Raises InputError for what is no complete backup, and a place that holds something; StoreError for a damaged backup;
    Busy.
    """
    backup = read(folder)
    copies.require_known_schema(settings.database, backup.manifest.schema)
    store = Store(settings.store)
    is_there = _require_room(backup, store, settings.database)
    _verify(backup, tell)
    if dry_run:
        return Restored(backup)
    with private(), only_run(store.root):
        owner = store.claim(backup.manifest.installation)
        if owner != backup.manifest.installation:
            raise InputError(f"il magazzino {store.root} è di un altro database")
        write_whole(store.root / pairing.UNFINISHED_FILE, [f"{backup.folder.name}\n".encode()])
        if not is_there:
            _put_back(backup, store, tell)
            database_file = copies.COPY_FILES[backup.manifest.database]
            copies.restore(
                settings.database, backup.folder / database_file, backup.manifest.place, backup.manifest.server
            )
    with Database(settings.database) as database:
        pairing.join(store, database, unfinished=True)
        installation.wake_up(database)
        purged = _purge_again(backup, store, database, who)
        audit.note(database, who, "restore", about=backup.folder.name)
    os.sync()
    (store.root / pairing.UNFINISHED_FILE).unlink()
    return Restored(backup, purged)


def _require_room(backup: Backup, store: Store, address: str) -> bool:
    """Whether the database is there already, from a restore that was stopped; raises InputError for any other one."""
    manifest = backup.manifest
    if copies.kind_of(address) != manifest.database:
        raise InputError(f"{redacted(address)}: la copia è di un database {manifest.database}")
    copies.require_no_journal(address)
    owner = store.owner()
    is_unfinished = (store.root / pairing.UNFINISHED_FILE).exists() and owner == manifest.installation
    there = copies.whose(address)
    if there is not None and not (is_unfinished and there == manifest.installation):
        raise InputError(
            f"{redacted(address)}: qui c’è già un database, e un ripristino non lo tocca: spostalo, o dai a "
            "VIDEOGUIDE_DATABASE un altro indirizzo"
        )
    content = {path.name for path in store.root.iterdir()} if store.root.is_dir() else set()
    foreign = [name for name in content if name != LOCK_FILE and not name.startswith(TEMPORARY_PREFIX)]
    if owner not in ("", manifest.installation) or (not owner and foreign):
        raise InputError(
            f"il magazzino {store.root} non è vuoto e non è quello della copia: spostalo, o dai a VIDEOGUIDE_STORE "
            "un’altra cartella"
        )
    return there is not None


def _verify(backup: Backup, tell: Tell) -> None:
    """Raise StoreError unless every file of the backup is as its manifest says."""
    damaged = []
    for done, (name, expected) in enumerate(backup.manifest.files.items(), 1):
        try:
            whole = _inside(name) and _measured(backup.folder / name) == expected
        except OSError:
            whole = False
        if not whole:
            damaged.append(name)
        tell("verify", done, len(backup.manifest.files))
    if damaged:
        raise StoreError(
            backup.folder, f"danneggiata: file che mancano o sono cambiati: {len(damaged)}, il primo è {damaged[0]!r}"
        )


def _inside(name: str) -> bool:
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def _put_back(backup: Backup, store: Store, tell: Tell) -> None:
    """Put every piece into the store that is not there whole."""
    pieces = {name: expected for name, expected in backup.manifest.files.items() if "/" in name}
    for done, (name, expected) in enumerate(pieces.items(), 1):
        target = store.root / name
        if name.partition("/")[0] == PURGED:
            if not target.exists():  # the store's own says more: it may be later
                write_whole(target, [(backup.folder / name).read_bytes()])
        elif not target.is_file() or _measured(target) != expected:
            with (backup.folder / name).open("rb") as source:
                write_whole(target, copies.pieces(source))
        tell("restore", done, len(pieces))


def _purge_again(backup: Backup, store: Store, database: Database, who: str) -> int:
    """Delete again the people who were deleted after the backup; returns how many."""
    moments = dict(purged_at(store))
    for place in backups(backup.folder.parent):
        for key, moment in _purged_in(place, backup.manifest.installation):
            moments[key] = max(moment, moments.get(key, moment))
    mine = installation.identity(database)
    gone = [
        code
        for code in installation.people(database)
        if moments.get(hash_of_person(mine, code), backup.manifest.made_at) > backup.manifest.made_at
    ]
    for code in gone:
        purge_again(store, database, code)
        audit.note(database, who, "purge-restored")
    return len(gone)


def _purged_in(place: Path, owner: str) -> Iterable[tuple[str, datetime]]:
    try:
        backup = read(place)
    except StoreError:
        return ()
    return purged_at(Store(place)) if backup.manifest.installation == owner else ()
