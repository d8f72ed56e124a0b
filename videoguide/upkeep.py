"""What keeps the store and the database in order: what is used, damaged, needed by nobody, or to be gone for good.

A store belongs to one database: what no guide in that database needs, nobody needs. What takes pieces away waits for
no run and lets none begin unseen: a run relies on segments that it has found and not yet recorded.

To purge is to take away, in this order, a guide's files, the pieces that it alone needs, and its rows. The rows come
last because they are what tells of the rest: after a kill at any moment, purging again finds them and finishes.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path

from sqlalchemy import ColumnElement, delete, exists, select, true, update
from sqlmodel import col

from videoguide import payload
from videoguide.database import ApplicationRecord, Database, GuideRecord, LoginSession, Preview, Recipient, Run, now
from videoguide.errors import InputError, StoreError, system_reason
from videoguide.guides import OUTLINES
from videoguide.layers import LAYERS
from videoguide.locks import only_run
from videoguide.narration import SPEECH
from videoguide.payload import SEGMENTS
from videoguide.pipeline import guide_folder
from videoguide.progress import Tell, silently
from videoguide.register import keys_of
from videoguide.store import Store, key_of

BATCH = 500
"""Guides, or pieces, that are deleted before it is asked again whether a run has begun."""
ROWS_AT_A_TIME = 1000
ALL = true()
RUN_LASTS = timedelta(days=1)
"""So long a run without an end counts as going on, where its output folder cannot tell."""

Ask = Callable[[], None]


# --- what is there, and what is damaged ------------------------------------------------------------------


@dataclass(frozen=True)
class Stock:
    """Pieces of one kind in the store; ``used`` by the database's guides and previews, None where nobody knows."""

    kind: str
    pieces: int
    bytes: int
    used: int | None


def stats(store: Store, database: Database) -> list[Stock]:
    """What the store holds, by kind. Raises StoreError."""
    outlines, segments = _needed(database)
    used = {OUTLINES: outlines, SEGMENTS: segments, SPEECH: _speech_of(store, segments)}
    found = []
    for kind in sorted(folder.name for folder in store.root.glob("*") if folder.is_dir()):
        sizes = dict(_sizes(store, kind))
        count = sum(key in used[kind] for key in sizes) if kind in used else None
        found.append(Stock(kind, len(sizes), sum(sizes.values()), count))
    return found


def _sizes(store: Store, kind: str) -> Iterator[tuple[str, int]]:
    for key in store.keys(kind):
        with suppress(FileNotFoundError):
            piece = store.path(kind, key)
            parts = (part for part in piece.rglob("*") if part.is_file()) if piece.is_dir() else (piece,)
            yield key, sum(part.stat().st_size for part in parts)


@dataclass(frozen=True)
class Damage:
    """A piece that cannot be used, and why."""

    kind: str
    key: str
    reason: str


@dataclass(frozen=True)
class Verified:
    """How many pieces were looked at, which are damaged, and how many guides need one of those."""

    checked: int
    damaged: tuple[Damage, ...]
    guides: int


def verify(store: Store, database: Database, tell: Tell = silently) -> Verified:
    """Check every byte of every piece whose kind is known; nothing is changed. Raises StoreError."""
    pieces = [(kind, key) for kind in _CHECKS for key in store.keys(kind)]
    damaged = []
    for done, (kind, key) in enumerate(pieces, 1):
        if reason := _CHECKS[kind](store, key):
            damaged.append(Damage(kind, key, reason))
        tell(kind, done, len(pieces))
    bad = {(one.kind, one.key) for one in damaged}
    touched = (
        (OUTLINES, outline) in bad or any((SEGMENTS, key) in bad for key in segments)
        for outline, segments in _keys(database, GuideRecord)
    )
    return Verified(len(pieces), tuple(damaged), sum(touched) if bad else 0)


def remove_damaged(store: Store, damaged: Iterable[Damage]) -> int:
    """Take away those that are still damaged: the next render makes again what it needs. Raises StoreError."""
    return sum(bool(_CHECKS[one.kind](store, one.key)) and store.remove(one.kind, one.key) for one in damaged)


def _check_segment(store: Store, key: str) -> str:
    try:
        payload.verify(store.path(SEGMENTS, key))
    except StoreError as error:
        return error.reason
    return ""


def _check_outline(store: Store, key: str) -> str:
    """An outline's key is the hash of all that it holds."""
    try:
        whole = key_of(json.loads(store.path(OUTLINES, key).read_bytes())) == key
    except OSError as error:
        return f"non si può leggere: {system_reason(error)}"
    except ValueError:
        whole = False
    return "" if whole else "danneggiato: non è lo schema di una guida"


def _check_speech(store: Store, key: str) -> str:
    from videoguide.narration import unpacked

    try:
        whole = unpacked(store.path(SPEECH, key).read_bytes()) is not None
    except OSError as error:
        return f"non si può leggere: {system_reason(error)}"
    return "" if whole else "danneggiato: non è una frase detta"


def _check_layer(store: Store, key: str) -> str:
    from videoguide.drawing import stored_layer

    return "" if stored_layer(store, key) else "danneggiato: non è un disegno"


_CHECKS: Mapping[str, Callable[[Store, str], str]] = {
    SEGMENTS: _check_segment,
    SPEECH: _check_speech,
    OUTLINES: _check_outline,
    LAYERS: _check_layer,
}


# --- what nobody needs ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Removed:
    """Pieces of one kind that were taken away, or would be."""

    kind: str
    pieces: int
    bytes: int


def prune(store: Store, database: Database, *, keep_days: int = 1, dry_run: bool = False) -> list[Removed]:
    """Take away segments, outlines and speech that no guide or preview needs, older than ``keep_days`` days.

    The days leave alone what a preview has just made. Layers stay: they hold nothing of a person, there are about as
    many as a pack has drawings, and nothing tells which of them the next segment will be drawn with. Raises
    InputError while a render is going on, StoreError.
    """
    until = time.time() - keep_days * 86400
    with nullcontext(_ask_nothing) if dry_run else no_run(database) as ask:
        if not dry_run:
            store.sweep()
        outlines, segments = _needed(database)
        segments |= {key for key in store.keys(SEGMENTS) if not _is_older(store.path(SEGMENTS, key), until)}
        kept = {OUTLINES: outlines, SEGMENTS: segments, SPEECH: _speech_of(store, segments)}
        return [
            _remove_all(
                store,
                kind,
                (key for key in store.keys(kind) if key not in kept[kind] and _is_older(store.path(kind, key), until)),
                ask,
                dry_run,
            )
            for kind in (SPEECH, SEGMENTS, OUTLINES)
        ]


def _is_older(path: Path, until: float) -> bool:
    try:
        return path.stat().st_mtime <= until
    except FileNotFoundError:
        return False


def _remove_all(store: Store, kind: str, keys: Iterable[str], ask: Ask, dry_run: bool) -> Removed:
    pieces = size = 0
    rest = iter(keys)
    while some := list(islice(rest, BATCH)):
        if not dry_run:
            ask()
        for key in some:
            try:
                length = store.path(kind, key).stat().st_size
            except FileNotFoundError:
                continue
            if dry_run or store.remove(kind, key):
                pieces, size = pieces + 1, size + length
    return Removed(kind, pieces, size)


# --- what must be gone for good ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Purged:
    """What was deleted for good, or would be.

    ``missing`` are output folders that are not there (on another disk, or deleted); ``settled`` is False while
    somebody's reading keeps what was deleted in the database's journal.
    """

    guides: int = 0
    files: int = 0
    file_bytes: int = 0
    segments: int = 0
    speech: int = 0
    missing: tuple[Path, ...] = ()
    settled: bool = True


def purge_expired(store: Store, database: Database, *, dry_run: bool = False) -> Purged:
    """Delete the guides whose time is over, withdrawn or not, and all that is theirs alone.

    Raises InputError while a render is going on, StoreError.
    """
    moment = now()
    return _purge(store, database, col(GuideRecord.expires_at) <= moment, col(Preview.expires_at) <= moment, dry_run)


def purge_person(store: Store, database: Database, fiscal_code: str, *, dry_run: bool = False) -> Purged:
    """Delete all guides of the person with this (tidy) fiscal code, and all that tells of the person.

    The applications' numbers stay, as those of any application without a guide. Raises InputError while a render is
    going on, StoreError.
    """
    with database.session() as session:
        person = session.execute(select(col(Recipient.id)).where(col(Recipient.fiscal_code) == fiscal_code)).scalar()
        if not dry_run:
            session.execute(delete(LoginSession).where(col(LoginSession.fiscal_code) == fiscal_code))
    if person is None:
        return Purged(settled=dry_run or database.settle())
    theirs = select(col(ApplicationRecord.id)).where(col(ApplicationRecord.recipient_id) == person)
    of_guides, of_previews = (col(table.application_id).in_(theirs) for table in (GuideRecord, Preview))
    return _purge(store, database, of_guides, of_previews, dry_run)


def _purge(
    store: Store, database: Database, doomed: ColumnElement[bool], previews: ColumnElement[bool], dry_run: bool
) -> Purged:
    """Delete these guides, and these of the staff's previews."""
    outputs = _outputs(database, doomed)
    places = sorted({place for some in outputs.values() for place in some})
    waiting: AbstractContextManager[Ask] = nullcontext(_ask_nothing) if dry_run else no_run(database, places)
    with waiting as ask:
        guides, files, file_bytes = _remove_files(database, doomed, outputs, ask, dry_run)
        _, mine = _needed(database, doomed, previews)
        _, others = _needed(database, ~doomed, previews.is_not(True))
        mine -= others
        # what their sounds were made of goes first: the segments tell of it
        spoken = _speech_of(store, mine)
        speech = _remove_all(store, SPEECH, spoken - _speech_of(store, others if spoken else ()), ask, dry_run)
        segments = _remove_all(store, SEGMENTS, mine, ask, dry_run)
        if not dry_run:
            with database.session() as session:
                session.execute(delete(Preview).where(previews), execution_options={"synchronize_session": False})
            _delete_rows(database, doomed, ask)
    return Purged(
        guides,
        files,
        file_bytes,
        segments.pieces,
        speech.pieces,
        tuple(place for place in places if not place.is_dir()),
        dry_run or database.settle(),
    )


def _outputs(database: Database, doomed: ColumnElement[bool]) -> dict[str, list[Path]]:
    """Where files of these guides may be, by campaign."""
    campaigns = (
        select(col(ApplicationRecord.campaign_id))
        .join(GuideRecord, col(GuideRecord.application_id) == col(ApplicationRecord.id))
        .where(doomed)
    )
    query = select(col(Run.campaign_id), col(Run.output)).where(col(Run.campaign_id).in_(campaigns)).distinct()
    found: dict[str, list[Path]] = {}
    with database.session() as session:
        for campaign, output in session.execute(query):
            found.setdefault(campaign, []).append(Path(output))
    return found


def _remove_files(
    database: Database, doomed: ColumnElement[bool], outputs: Mapping[str, list[Path]], ask: Ask, dry_run: bool
) -> tuple[int, int, int]:
    """How many guides there are, and how many files of theirs and bytes were removed, or would be."""
    query = (
        select(col(GuideRecord.id), col(ApplicationRecord.campaign_id))
        .join(ApplicationRecord, col(GuideRecord.application_id) == col(ApplicationRecord.id))
        .where(doomed)
        .execution_options(yield_per=ROWS_AT_A_TIME)
    )
    guides = files = size = 0
    with database.session() as session:
        for guide, campaign in session.execute(query):
            if not dry_run and guides % BATCH == 0:
                ask()
            guides += 1
            for output in outputs.get(campaign, ()):
                removed = _remove_folder(guide_folder(output, guide), dry_run)
                files, size = files + removed[0], size + removed[1]
    return guides, files, size


def _remove_folder(folder: Path, dry_run: bool) -> tuple[int, int]:
    """Remove a guide's folder, and the one above when it is empty then; returns its files and their bytes."""
    try:
        sizes = [path.stat().st_size for path in folder.iterdir()]
        if not dry_run:
            shutil.rmtree(folder)
            with suppress(OSError):
                folder.parent.rmdir()
    except FileNotFoundError:
        return 0, 0
    except OSError as error:
        raise StoreError(folder, f"non si può togliere: {system_reason(error)}") from error
    return len(sizes), sum(sizes)


def _delete_rows(database: Database, doomed: ColumnElement[bool], ask: Ask) -> None:
    """Delete the guides with all that hangs on them; then nobody without a guide is told of any more."""
    batch = select(col(GuideRecord.id)).where(doomed).limit(BATCH)
    guides_left = True
    while guides_left:
        ask()
        with database.session() as session:
            some = session.execute(batch).scalars().all()
            session.execute(delete(GuideRecord).where(col(GuideRecord.id).in_(some)))
            guides_left = len(some) == BATCH
    guide_of_it = exists().where(col(GuideRecord.application_id) == col(ApplicationRecord.id))
    application_of_theirs = exists().where(col(ApplicationRecord.recipient_id) == col(Recipient.id))
    with database.session() as session:
        told = col(ApplicationRecord.recipient_id).is_not(None)
        for statement in (
            update(ApplicationRecord).where(told, ~guide_of_it).values(_OF_NOBODY),
            delete(Recipient).where(~application_of_theirs),
        ):
            session.execute(statement, execution_options={"synchronize_session": False})


_OF_NOBODY = {
    "recipient_id": None,
    "filed_on": None,
    "facts": None,
    **dict.fromkeys(("first_name", "sex", "applicant", "channel", "patronato", "status"), ""),
}
"""An application's row that holds nothing of a person."""


# --- what all of these ask ----------------------------------------------------------------------------------


@contextmanager
def no_run(database: Database, outputs: Iterable[Path] = ()) -> Iterator[Ask]:
    """Hold off runs on these output folders, and be sure that there is none elsewhere.

    Gives what is to be called before each piece of work: it raises InputError when a run has begun meanwhile. A run
    that was killed has no end either, but holds its folder no more. Raises InputError when a run is going on.
    """

    def ask() -> None:
        for number, started_at, _ in _open_runs(database):
            if number not in stopped:
                raise InputError(
                    f"un render è in corso dalle {started_at:%H:%M} UTC del {started_at:%d/%m/%Y}; "
                    "aspetta che finisca e rilancia il comando"
                )

    with ExitStack() as held:
        stopped = set()
        unended = list(_open_runs(database))
        for place in sorted({*outputs, *(output for _, _, output in unended)}):
            if place.is_dir():
                held.enter_context(only_run(place))
        for number, started_at, output in unended:
            if output.is_dir() or now() - started_at > RUN_LASTS:
                stopped.add(number)
        ask()
        yield ask


def _open_runs(database: Database) -> list[tuple[int, datetime, Path]]:
    query = select(col(Run.id), col(Run.started_at), col(Run.output)).where(col(Run.ended_at).is_(None))
    with database.session() as session:
        return [(number or 0, started_at, Path(output)) for number, started_at, output in session.execute(query)]


def _ask_nothing() -> None:
    """What only looks disturbs no run."""


def _needed(
    database: Database, guides: ColumnElement[bool] = ALL, previews: ColumnElement[bool] = ALL
) -> tuple[set[str], set[str]]:
    """Keys of the outlines and of the segments that guides and the staff's previews are made of: all, or these."""
    outlines: set[str] = set()
    segments: set[str] = set()
    for outline, keys in chain(_keys(database, GuideRecord, guides), _keys(database, Preview, previews)):
        outlines.add(outline)
        segments.update(keys)
    return outlines, segments


def _keys(
    database: Database, table: type[GuideRecord] | type[Preview], which: ColumnElement[bool] = ALL
) -> Iterator[tuple[str, list[str]]]:
    """Each guide's, or preview's, outline and segments; a few are in memory at a time."""
    query = select(col(table.outline), col(table.segments)).where(which)
    with database.session() as session:
        for outline, segments in session.execute(query.execution_options(yield_per=ROWS_AT_A_TIME)):
            yield outline.hex(), [key.hex() for key in keys_of(segments)]


def _speech_of(store: Store, segments: Iterable[str]) -> set[str]:
    """Keys of the speech that these segments were made of; one that is not there, or damaged, tells nothing."""
    speech: set[str] = set()
    for key in segments:
        with suppress(StoreError):
            speech.update(payload.read(store.path(SEGMENTS, key)).info.speech)
    return speech
