# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Runs of the small campaign: extracts, one folder for all that a run writes, and what is found there afterwards."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from tests.support.extracts import fiscal_code
from tests.support.invented_guides import small, store_of_its_own
from videoguide.guide.guides import OUTLINES, guide_folder
from videoguide.media.payload import SEGMENTS
from videoguide.packs.campaigns import Campaign
from videoguide.records import versions
from videoguide.records.database import Database
from videoguide.runs import pairing
from videoguide.runs.pipeline import RunOrder, render
from videoguide.runs.reports import Report
from videoguide.settings import Settings
from videoguide.store import Store

COLUMNS = "numero,cf,nome,sesso,chi,del,via,patronato,stato,dal,consenso,email,cellulare,io,estratto,scontrini,alunni"
CODE = fiscal_code("RSSGLI85T50A562")
ANNA = {
    "numero": "1",
    "cf": CODE,
    "nome": "Anna",
    "sesso": "f",
    "chi": "genitore",
    "del": "2024-03-01",
    "via": "web",
    "stato": "attesa",
    "consenso": "s",
    "io": "n",
    "estratto": "2024-04-01",
    "scontrini": "L",
    "alunni": "0",
}
"""A row of the small campaign's extract; every other person is Anna with some cells changed."""

BRUNO = {"numero": "2", "nome": "BRUNO", "sesso": "m"}
CARLA = {"numero": "3", "nome": "Carla", "scontrini": "", "alunni": "2"}
DARIA = {"numero": "4", "nome": "Daria", "alunni": "1"}
FOUR: tuple[dict[str, str], ...] = ({}, BRUNO, CARLA, DARIA)
"""Four guides: two for a receipt, one for schools, one for both; eight segments, of which four say a name."""

_Args = ParamSpec("_Args")
_Result = TypeVar("_Result")


def next_day(*people: dict[str, str]) -> list[dict[str, str]]:
    """The same people as in tomorrow's extract."""
    return [{**person, "estratto": "2024-04-02"} for person in people]


def extract(file: Path, *people: dict[str, str]) -> Path:
    """An extract of these people."""
    rows = [{**ANNA, **person} for person in people]
    lines = [",".join(row.get(column, "") for column in COLUMNS.split(",")) for row in rows]
    file.write_text("\n".join([COLUMNS, *lines, ""]), encoding="utf-8")
    return file


class Inline(Executor):
    """Does every job at once, where it is asked for."""

    def submit(self, job: Callable[_Args, _Result], /, *args: _Args.args, **kwargs: _Args.kwargs) -> "Future[_Result]":
        future: Future[_Result] = Future()
        try:
            future.set_result(job(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


@contextmanager
def inline(_workers: int) -> Iterator[Executor]:
    yield Inline()


def approve(settings: Settings, campaign: Campaign) -> str:
    """Approve what the pack says now; returns its version."""
    store = Store(settings.store)
    with Database(settings.database) as database:
        pairing.join(store, database)
        version = versions.keep(database, store, campaign)
        versions.approve(database, version, "anna")
    return version.version


class Office:
    """One folder with the store, the database and the guides of runs that follow each other."""

    def __init__(self, folder: Path, campaign: Campaign, *, store: Path | None = None, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.campaign = folder, campaign
        place = store_of_its_own(folder.with_name(f"{folder.name}-store"), store) if store else folder / "store"
        self.output, self.file = folder / "out", folder / "guides.db"
        self.settings: Settings = small(place, database=f"sqlite:///{self.file}", **settings)

    def approve(self) -> None:
        """Approve the campaign, for a run that is a process of its own."""
        approve(self.settings, self.campaign)

    def render(self, *people: dict[str, str], **options: Any) -> Report:
        """A run for these people, in this process unless ``workers`` or an executor is given.

        The pack is approved before, but for a draft.
        """
        settings = replace(self.settings, **{name: options.pop(name) for name in ("store", "voice") if name in options})
        campaign, output = options.pop("campaign", self.campaign), options.pop("output", self.output)
        if "workers" not in options:
            options.setdefault("open_executor", inline)
        file = extract(self.folder / "extract.csv", *people)
        if not (options.get("draft") or options.get("dry_run")):
            approve(settings, campaign)
        listening = {name: options.pop(name) for name in ("tell", "open_executor") if name in options}
        return render(RunOrder(file, campaign, settings, output, **{"accept_rejects": True, **options}), **listening)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the database, as another program reads them."""
        connection = sqlite3.connect(self.file)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def current(self) -> dict[str, str]:
        """The ids of guides that are not withdrawn, by application; drafts are none."""
        return dict(
            self.rows(
                "SELECT number, guides.id FROM guides JOIN applications ON applications.id = application_id"
                " WHERE withdrawn_at IS NULL AND NOT draft ORDER BY number"
            )
        )

    def guides(self) -> list[tuple[Any, ...]]:
        """All guides without what is random: application, cases, state, pieces, and why one was withdrawn."""
        return self.rows(
            "SELECT number, cases, guides.channel, hex(state), hex(outline), hex(segments), withdrawn_because"
            " FROM guides JOIN applications ON applications.id = application_id"
            " ORDER BY number, withdrawn_because, state"
        )

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """The database without random ids, moments and runs, ready to be compared."""
        return {
            "guides": self.guides(),
            "applications": self.rows(
                "SELECT campaign_id, number, extracted_on, left_out, fiscal_code, first_name, sex, applicant, filed_on,"
                " channel, patronato, status, facts FROM applications LEFT JOIN recipients"
                " ON recipients.id = recipient_id ORDER BY number"
            ),
            "recipients": self.rows("SELECT fiscal_code FROM recipients ORDER BY 1"),
            "campaigns": self.rows("SELECT id, title FROM campaigns"),
            "deliveries": self.rows(
                "SELECT number, medium, withdrawn_because FROM deliveries JOIN guides ON guides.id = guide_id"
                " JOIN applications ON applications.id = application_id ORDER BY 1, 3"
            ),
        }

    def mp4(self, number: str) -> Path:
        """The MP4 of an application's guide."""
        return guide_folder(self.output, self.current()[number]) / "guide.mp4"

    def files(self) -> dict[str, dict[str, bytes]]:
        """Each guide's files by application, whole; only of those that the database knows."""
        return {
            number: {path.name: path.read_bytes() for path in guide_folder(self.output, guide).glob("*")}
            for number, guide in self.current().items()
        }

    def pieces(self) -> set[str]:
        """The segments and outlines in the store, without what killed writers left aside."""
        store = Store(self.settings.store)
        return {f"{kind}/{key}" for kind in (SEGMENTS, OUTLINES) for key in store.keys(kind)}


def files_in(folder: Path) -> list[Path]:
    """Every file below a folder, in order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def seen(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder: when it was written, and its bytes."""
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files_in(folder)}


def alive(session: int) -> list[int]:
    """Processes of a session that are running (Linux)."""
    pids = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, _group, its_session = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(its_session) == session and state != "Z":
            pids.append(int(stat.parent.name))
    return pids


def until(holds: Callable[[], object], seconds: float = 60) -> bool:
    """Wait until something holds; False when it does not within so many seconds."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def is_root() -> bool:
    return os.geteuid() == 0
