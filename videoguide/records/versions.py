# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Versions of a campaign's pack: what was approved, by whom, and which one guides are made with.

A version is the hash of all that a guide of the campaign can say and show: the pack's files and the shared assets.
It is a *draft* until somebody approves it; *live* is the one that the last run for citizens used. Each version that
staff have seen is kept in the store with its art, fonts and lexicon, so that two can be compared, and editing the pack
does not disturb a run.
"""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import func, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from videoguide.assets import assets_folder
from videoguide.errors import Busy, InputError, StoreError, UnknownChoice, system_reason
from videoguide.modes import private
from videoguide.packs.campaigns import ART, SHARED, Campaign, kept_name
from videoguide.records import audit
from videoguide.records.database import (
    ApplicationRecord,
    Audit,
    CampaignRecord,
    Database,
    GuideRecord,
    VersionRecord,
    now,
    open_to_read,
)
from videoguide.store import TEMPORARY_PREFIX, Store, digest_of, key_of

VERSIONS = "versions"
"""The store's kind of a version's files."""
SHORT = 12
"""How many characters of a version are shown."""
SAMPLES = frozenset({"sample.csv", "sample.toml"})
"""Files of a pack that no guide depends on."""

State = Literal["draft", "approved", "live"]
STATES: dict[State, str] = {"draft": "bozza", "approved": "approvata", "live": "in uso"}


@dataclass(frozen=True)
class Version:
    """A version that staff have seen; ``since`` is when they first did. Moments are in UTC."""

    campaign: str
    version: str
    since: datetime
    approved_at: datetime | None = None
    approved_by: str = ""
    live_since: datetime | None = None
    live_until: datetime | None = None

    @property
    def state(self) -> State:
        """``live`` while it is in use; else whether it has been approved."""
        if self.live_since and not self.live_until:
            return "live"
        return "approved" if self.approved_at else "draft"

    @property
    def short(self) -> str:
        """The first characters of the version, as it is shown."""
        return self.version[:SHORT]


def version_of(campaign: Campaign) -> str:
    """The pack's version as it is now (hex). Raises StoreError for a file that cannot be read."""
    files = {f"pack/{name}": file for name, file in _own(campaign.folder)}
    files |= {f"assets/{name}": file for name, file in _files(assets_folder()) if name.split("/")[0] not in SHARED}
    for part in SHARED:
        kind = ART if part == ART else f"assets/{part}"
        source = campaign.shared(part)
        files |= {f"{kind}/{name}": file for name, file in _files(source)} if source.is_dir() else {kind: source}
    try:
        return key_of({name: digest_of(file) for name, file in files.items()})
    except OSError as error:
        raise StoreError(campaign.folder, f"non si può leggere: {system_reason(error)}") from error


def enter_campaign(database: Database, campaign: Campaign) -> None:
    """Add the campaign to the database, unless it is there. Raises StoreError."""
    try:
        with database.session() as session:
            if session.get(CampaignRecord, campaign.id) is None:
                session.add(CampaignRecord(id=campaign.id, title=campaign.description.title))
    except StoreError as error:
        if not isinstance(error.__cause__, IntegrityError):  # otherwise somebody else has just added it
            raise


def keep(database: Database, store: Store, campaign: Campaign) -> Version:
    """Record the pack's version as it is now, and keep its files in the store. Raises StoreError."""
    version = version_of(campaign)
    _keep_files(store, campaign, version)
    enter_campaign(database, campaign)
    with suppress(InputError):
        return find(database, campaign.id, version)
    try:
        with database.session() as session:
            session.add(VersionRecord(campaign_id=campaign.id, version=version))
    except StoreError as error:
        if not isinstance(error.__cause__, IntegrityError):
            raise
    return find(database, campaign.id, version)


def keep_pack(store: Store, campaign: Campaign, version: str) -> Campaign:
    """The pack, which now has this version, as a copy in the store that nobody edits.

    Raises Busy when the pack has just changed to another version, StoreError.
    """
    _keep_files(store, campaign, version)
    return kept_pack(store, version)


def kept_pack(store: Store, version: str) -> Campaign:
    """The pack as it was in this version. Raises StoreError when the store does not have it, PackError."""
    folder = store.find(VERSIONS, version)
    if folder is None:
        raise StoreError(store.path(VERSIONS, version), "manca")
    return Campaign(folder)


def versions_of(database: Database, campaign: str) -> list[Version]:
    """All versions that staff have seen, newest first. Raises StoreError."""
    query = select(VersionRecord).where(VersionRecord.campaign_id == campaign).order_by(col(VersionRecord.since).desc())
    with database.session() as session:
        return [_version(record) for record in session.exec(query)]


def guides_made(database: Database, campaign: str) -> dict[str, int]:
    """For each version, how many guides made with it are neither drafts nor withdrawn. Raises StoreError."""
    query = (
        select(col(GuideRecord.version), func.count())
        .join(ApplicationRecord, col(ApplicationRecord.id) == col(GuideRecord.application_id))
        .where(
            col(ApplicationRecord.campaign_id) == campaign,
            col(GuideRecord.withdrawn_at).is_(None),
            ~col(GuideRecord.draft),
        )
        .group_by(col(GuideRecord.version))
    )
    with database.session() as session:
        return dict(session.exec(query).all())


def find(database: Database, campaign: str, version: str) -> Version:
    """The version with this name, or the only one whose name begins with it. Raises UnknownChoice, StoreError."""
    candidates = versions_of(database, campaign)
    matches = [candidate for candidate in candidates if version and candidate.version.startswith(version)]
    if len(matches) != 1:
        raise UnknownChoice("versione", version, (candidate.short for candidate in candidates))
    return matches[0]


def approve(database: Database, version: Version, who: str, *, role: str = "") -> None:
    """Approve a version, and note it in the audit trail; if it is approved already, its first approval stays.

    Raises StoreError.
    """
    if find(database, version.campaign, version.version).approved_at is None:
        noted = audit.row_of(who, "approve", role=role, campaign=version.campaign, about=version.version)
        _change(database, version, noted, approved_at=now(), approved_by=who)


def revoke(database: Database, version: Version, who: str, *, role: str = "") -> None:
    """Withdraw an approval, and note it in the audit trail. Guides already made stay; a run that makes others ends.

    Raises StoreError.
    """
    noted = audit.row_of(who, "revoke", role=role, campaign=version.campaign, about=version.version)
    _change(database, version, noted, approved_at=None, approved_by="")


def go_live(database: Database, campaign: str, version: str) -> None:
    """Record that guides are made with this version from now on. Raises StoreError."""
    moment = now()
    with database.session() as session:
        session.execute(
            update(VersionRecord)
            .where(
                col(VersionRecord.campaign_id) == campaign,
                col(VersionRecord.version) != version,
                col(VersionRecord.live_since).is_not(None),
                col(VersionRecord.live_until).is_(None),
            )
            .values(live_until=moment)
        )
        record = session.get(VersionRecord, (campaign, version))
        if record and (record.live_since is None or record.live_until):
            record.live_since, record.live_until = moment, None


def require_approved(address: str, campaign: Campaign, version: str) -> None:
    """Raise InputError unless this version of the pack is approved in the database at ``address``.

    Raises StoreError, too.
    """
    database = open_to_read(address)
    if database:
        with database:
            if any(seen.version == version and seen.approved_at for seen in versions_of(database, campaign.id)):
                return
    raise InputError(
        f"campagna {campaign.id}: la versione {version[:SHORT]} non è approvata; approvala nell’area del personale "
        f"o con «videoguide approve {campaign.id}», o fai una prova con --draft"
    )


def _version(record: VersionRecord) -> Version:
    return Version(
        record.campaign_id,
        record.version,
        record.since,
        record.approved_at,
        record.approved_by,
        record.live_since,
        record.live_until,
    )


def _change(database: Database, version: Version, noted: Audit, **values: object) -> None:
    with database.session() as session:
        session.add(noted)
        session.execute(
            update(VersionRecord)
            .where(col(VersionRecord.campaign_id) == version.campaign, col(VersionRecord.version) == version.version)
            .values(**values)
        )


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file in a folder and below it, except hidden ones, with its name relative to the folder."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            yield name.as_posix(), path


def _own(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files of a pack that its guides depend on."""
    return ((name, path) for name, path in _files(folder) if name not in SAMPLES)


def _keep_files(store: Store, campaign: Campaign, version: str) -> None:
    """Copy the pack, and what it shares with others, into the store: whole or not at all.

    A version that an older program kept without its fonts and lexicon is completed. Raises Busy when the pack is being
    changed, StoreError.
    """
    place = store.path(VERSIONS, version)
    if all((place / kept_name(part)).exists() for part in SHARED):
        return
    aside = place.parent / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
    try:
        with private():
            for name, file in _own(campaign.folder):
                (aside / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, aside / name)
            campaign.copy_shared(aside)
        if version_of(Campaign(aside)) != version:
            raise Busy(f"campagna {campaign.id}: il pacchetto è cambiato in questo momento; prova di nuovo")
        if place.exists():
            for part in SHARED:
                if not (place / kept_name(part)).exists():
                    (aside / kept_name(part)).rename(place / kept_name(part))
        else:
            aside.rename(place)
    except OSError as error:
        if not place.exists():  # otherwise somebody else was quicker
            raise StoreError(place, f"non si può scrivere: {system_reason(error)}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
