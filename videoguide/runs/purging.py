# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Deletes for good guides that have expired, or whose person asks for it, and all that belongs to them.

A guide's files go first, then the pieces that it alone needs, then its rows. The rows come last because they say where
the rest is: after a kill at any moment, purging again finds them and finishes.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import ColumnElement, and_, delete, exists, false, func, select, update
from sqlmodel import col

from videoguide.errors import StoreError, system_reason
from videoguide.guide.guides import guide_folder
from videoguide.media.payload import SEGMENTS
from videoguide.records.applications import forgotten_columns
from videoguide.records.database import (
    ApplicationRecord,
    Database,
    GuideRecord,
    LoginSession,
    Preview,
    Recipient,
    Run,
    now,
)
from videoguide.records.installation import hash_of_person, identity
from videoguide.runs import pairing
from videoguide.runs.pieces import BATCH, ROWS_AT_A_TIME, needed, remove_pieces, speech_of
from videoguide.runs.quiet import RunCheck, no_run, skip_check
from videoguide.speech.narration import SPEECH
from videoguide.store import Store

PURGED = "purged"
"""The store's kind that says who was deleted: keyed hashes of fiscal codes, each with the moment.

A backup made before that moment still has the person, whom a restore then deletes again.
"""


@dataclass(frozen=True)
class Purged:
    """What was deleted for good, or would be.

    ``missing`` are output folders that do not exist (any more, or on this machine); ``settled`` is False if a reader
    keeps deleted data in the database's write-ahead log.
    """

    guides: int = 0
    files: int = 0
    file_bytes: int = 0
    segments: int = 0
    speech: int = 0
    missing: tuple[Path, ...] = ()
    settled: bool = True


def purge_expired(store: Store, database: Database, *, dry_run: bool = False) -> Purged:
    """Delete expired guides and previews, withdrawn or not, and all that only they need.

    So is what is left of people who have withdrawn their consent. Raises InputError for a store that is another
    database's, Busy while a render or a backup is going on, StoreError.
    """
    pairing.join(store, database)
    if not dry_run:
        purge_forgotten(store, database)
    moment = now()
    return _purge(store, database, col(GuideRecord.expires_at) <= moment, col(Preview.expires_at) <= moment, dry_run)


def purge_person(store: Store, database: Database, fiscal_code: str, *, dry_run: bool = False) -> Purged:
    """Delete all guides of the person with this (tidy) fiscal code, and all that is kept about the person.

    The applications' numbers stay, like those of any application without a guide; the store remembers by a keyed hash
    that the person was deleted. Raises as :func:`purge_expired`.
    """
    pairing.join(store, database)
    if not dry_run:
        who = hash_of_person(identity(database), fiscal_code)
        store.put(PURGED, who, [f"{datetime.now(UTC).isoformat()}\n".encode()])
    return _purge_person(store, database, fiscal_code, dry_run)


def purge_again(store: Store, database: Database, fiscal_code: str) -> Purged:
    """Delete a person whom a restore has brought back; else as :func:`purge_person`."""
    return _purge_person(store, database, fiscal_code, dry_run=False)


def _purge_person(store: Store, database: Database, fiscal_code: str, dry_run: bool) -> Purged:
    with database.session() as session:
        person = session.execute(select(col(Recipient.id)).where(col(Recipient.fiscal_code) == fiscal_code)).scalar()
        if not dry_run:
            session.execute(delete(LoginSession).where(col(LoginSession.fiscal_code) == fiscal_code))
    if person is None:
        return Purged(settled=dry_run or database.settle())
    theirs = select(col(ApplicationRecord.id)).where(col(ApplicationRecord.recipient_id) == person)
    # a guide without a person is nobody's: with "=" it would be neither this person's nor another's
    of_guides = col(GuideRecord.recipient_id).is_not_distinct_from(person)
    return _purge(store, database, of_guides, col(Preview.application_id).in_(theirs), dry_run)


def purge_forgotten(store: Store, database: Database) -> Purged:
    """Delete what guides are made of whose people have withdrawn their consent: files, scenes and speech with a name.

    Their rows, which say nothing about anybody, stay for the figures until they expire. Raises Busy while a render is
    going on, StoreError.
    """
    is_forgotten = and_(
        col(GuideRecord.recipient_id).is_(None),
        col(GuideRecord.withdrawn_at).is_not(None),
        func.length(col(GuideRecord.segments)) > 0,
    )
    with database.session() as session:
        if session.execute(select(col(GuideRecord.id)).where(is_forgotten).limit(1)).first() is None:
            return Purged()
    return _purge(store, database, is_forgotten, false(), False, _strip_rows)


def purged_at(store: Store) -> Iterator[tuple[str, datetime]]:
    """The people who were deleted, as the hashes that a store keeps, and when last. Raises StoreError."""
    for key in store.keys(PURGED):
        path = store.path(PURGED, key)
        try:
            yield key, datetime.fromisoformat(path.read_text(encoding="ascii", errors="replace").strip())
        except OSError as error:
            raise StoreError(path, f"non si può leggere: {system_reason(error)}") from error
        except ValueError as error:
            raise StoreError(path, "danneggiato: non è una data") from error


def _purge(
    store: Store,
    database: Database,
    doomed: ColumnElement[bool],
    previews: ColumnElement[bool],
    dry_run: bool,
    end: "Callable[[Database, ColumnElement[bool], RunCheck], None] | None" = None,
) -> Purged:
    """Delete these guides, and these previews; ``end`` is done with the guides' rows, in place of deleting them."""
    outputs = _outputs(database, doomed)
    places = sorted({place for folders in outputs.values() for place in folders})
    quiet: AbstractContextManager[RunCheck] = (
        nullcontext(skip_check) if dry_run else no_run(database, places, store=store)
    )
    with quiet as check:
        guides, files, file_bytes = _remove_files(database, doomed, outputs, check, dry_run)
        _, doomed_segments = needed(database, doomed, previews)
        _, other_segments = needed(database, ~doomed, previews.is_not(True))
        doomed_segments -= other_segments
        # speech goes before the segments, which say what it is
        doomed_speech = speech_of(store, doomed_segments)
        doomed_speech -= speech_of(store, other_segments if doomed_speech else ())
        speech = remove_pieces(store, SPEECH, doomed_speech, check, dry_run)
        segments = remove_pieces(store, SEGMENTS, doomed_segments, check, dry_run)
        if not dry_run:
            with database.session() as session:
                session.execute(delete(Preview).where(previews), execution_options={"synchronize_session": False})
            (end or _delete_rows)(database, doomed, check)
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
    outputs: dict[str, list[Path]] = {}
    with database.session() as session:
        for campaign, output in session.execute(query):
            outputs.setdefault(campaign, []).append(Path(output))
    return outputs


def _remove_files(
    database: Database, doomed: ColumnElement[bool], outputs: Mapping[str, list[Path]], check: RunCheck, dry_run: bool
) -> tuple[int, int, int]:
    """Remove the guides' files, or only count them; returns how many guides, files and bytes there were."""
    query = (
        select(col(GuideRecord.id), col(ApplicationRecord.campaign_id))
        .join(ApplicationRecord, col(GuideRecord.application_id) == col(ApplicationRecord.id))
        .where(doomed)
        .execution_options(yield_per=ROWS_AT_A_TIME)
    )
    guides = files = file_bytes = 0
    with database.session() as session:
        for guide, campaign in session.execute(query):
            if not dry_run and guides % BATCH == 0:
                check()
            guides += 1
            for output in outputs.get(campaign, ()):
                folder_files, folder_bytes = _remove_folder(guide_folder(output, guide), dry_run)
                files, file_bytes = files + folder_files, file_bytes + folder_bytes
    return guides, files, file_bytes


def _remove_folder(folder: Path, dry_run: bool) -> tuple[int, int]:
    """Remove a guide's folder, and its parent if that is then empty; returns how many files and bytes it had."""
    try:
        sizes_bytes = [path.stat().st_size for path in folder.iterdir()]
        if not dry_run:
            shutil.rmtree(folder)
            with suppress(OSError):
                folder.parent.rmdir()
    except FileNotFoundError:
        return 0, 0
    except OSError as error:
        raise StoreError(folder, f"non si può togliere: {system_reason(error)}") from error
    return len(sizes_bytes), sum(sizes_bytes)


def _strip_rows(database: Database, doomed: ColumnElement[bool], check: RunCheck) -> None:
    """Let the guides' rows name no pieces any more."""
    check()
    with database.session() as session:
        stripped = update(GuideRecord).where(doomed).values(outline=b"", segments=b"")
        session.execute(stripped, execution_options={"synchronize_session": False})


def _delete_rows(database: Database, doomed: ColumnElement[bool], check: RunCheck) -> None:
    """Delete the guides' rows and all rows that refer to them; then everything about people who have no guide left."""
    batch = select(col(GuideRecord.id)).where(doomed).limit(BATCH)
    guides_left = True
    while guides_left:
        check()
        with database.session() as session:
            ids = session.execute(batch).scalars().all()
            session.execute(delete(GuideRecord).where(col(GuideRecord.id).in_(ids)))
            guides_left = len(ids) == BATCH
    guide_of_its_person = exists().where(
        col(GuideRecord.application_id) == col(ApplicationRecord.id),
        col(GuideRecord.recipient_id) == col(ApplicationRecord.recipient_id),
    )
    application_of_theirs = exists().where(col(ApplicationRecord.recipient_id) == col(Recipient.id))
    guide_of_theirs = exists().where(col(GuideRecord.recipient_id) == col(Recipient.id))
    with database.session() as session:
        has_person = col(ApplicationRecord.recipient_id).is_not(None)
        for statement in (
            update(ApplicationRecord).where(has_person, ~guide_of_its_person).values(forgotten_columns()),
            delete(Recipient).where(~application_of_theirs, ~guide_of_theirs),
        ):
            session.execute(statement, execution_options={"synchronize_session": False})
