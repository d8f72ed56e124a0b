# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A portal where staff check, compare and approve a copy of the small campaign, which a test may change."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2

from tests.support.invented_guides import PackCopy
from tests.support.places import PACKS
from tests.support.portals import RunningPortal, running_portal
from videoguide.records import versions
from videoguide.records.database import VersionRecord, now
from videoguide.records.versions import Version

CAMPAIGN = "bonus-libri"
CHECK = f"/staff/{CAMPAIGN}/check"
VERSIONS = f"/staff/{CAMPAIGN}/versions"
HOSTILE = "<script>alert(1)</script>"


@dataclass
class Desk:
    """A running portal and the pack behind it."""

    running: RunningPortal
    copy: PackCopy

    def keep(self) -> Version:
        """The pack as it is now, as a page would keep it."""
        return versions.keep(self.running.portal.database, self.running.portal.store, self.copy.load())

    def kept_before(self, minutes: int) -> Version:
        """The same, as if it had been kept so long ago: moments are whole seconds."""
        version = self.keep()
        with self.running.portal.database.session() as session:
            record = session.get(VersionRecord, (version.campaign, version.version))
            assert record
            record.since = now() - timedelta(minutes=minutes)
        return version


@contextmanager
def proving_portal(folder: Path, store: Path | None = None) -> Iterator[Desk]:
    """The portal, with one campaign; its store is new, but for a given one."""
    copy = PackCopy(Path(shutil.copytree(PACKS / CAMPAIGN, folder / "packs" / CAMPAIGN)))
    with running_portal(folder, {}, store=store, scenes=folder / "packs") as running:
        yield Desk(running, copy)


def csrf_of(desk: Desk, browser: httpx2.Client) -> str:
    visitor = desk.running.sessions.find(browser.headers["Cookie"].partition("=")[2])
    assert visitor
    return visitor.csrf


def post(desk: Desk, browser: httpx2.Client, address: str, **fields: str) -> httpx2.Response:
    """A form of a page, sent by somebody whose page is fresh."""
    return browser.post(address, data={"csrf": csrf_of(desk, browser), **fields})
