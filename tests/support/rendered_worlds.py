# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A store, a database and files of a small rendered campaign, for tests to prune, purge and damage."""

import contextlib
import csv
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from sqlmodel import col, select

from tests.support.databases import postgresql  # noqa: F401  pytest finds it here
from tests.support.extracts import fiscal_code
from tests.support.invented_guides import an_application, command, environment, small
from tests.support.tiny_runs import approve
from videoguide.guide.guides import GUIDE_FILE, OUTLINES
from videoguide.guide.keys import GuideKeys
from videoguide.guide.script import write_script
from videoguide.guide.segments import open_studio
from videoguide.media.payload import SEGMENTS
from videoguide.packs.campaigns import LEXICON, Campaign, kept_name
from videoguide.picture.layers import LAYERS
from videoguide.proof.previews import make_guide
from videoguide.records.database import (
    ApplicationRecord,
    Database,
    GuideRecord,
    Preview,
    Recipient,
    now,
)
from videoguide.runs import pairing
from videoguide.runs.pipeline import RunOrder, render
from videoguide.runs.reports import Report
from videoguide.settings import Settings
from videoguide.speech.narration import SPEECH
from videoguide.store import Store

KINDS = (SEGMENTS, SPEECH, OUTLINES, LAYERS)

ROW = {
    "sesso": "f",
    "chi": "genitore",
    "del": "2024-03-01",
    "via": "web",
    "patronato": "",
    "stato": "attesa",
    "dal": "",
    "consenso": "s",
    "email": "",
    "cellulare": "",
    "io": "n",
    "estratto": "2024-04-01",
    "scontrini": "L",
    "alunni": "0",
}
ANNA, BRUNO, OTHER_ANNA, NOBODY = (fiscal_code(f"{name}85T50A562") for name in ("RSSNNA", "BNCBRN", "VRDNNA", "NROZOE"))
PEOPLE = [
    {"numero": "1", "cf": ANNA, "nome": "Anna"},
    {"numero": "2", "cf": BRUNO, "nome": "Bruno", "sesso": "m"},
    {"numero": "3", "cf": BRUNO, "nome": "Bruno", "sesso": "m", "scontrini": "", "alunni": "2"},
    {"numero": "4", "cf": OTHER_ANNA, "nome": "Anna"},
    {"numero": "5", "cf": NOBODY, "nome": "Zoe", "consenso": "n"},
]


@dataclass
class World:
    """A store, a database and an output folder with four guides, of Anna, Bruno (two) and another Anna."""

    folder: Path
    settings: Settings
    pack: Campaign

    @property
    def output(self) -> Path:
        return self.folder / "guides"

    @property
    def store(self) -> Store:
        return Store(self.settings.store)

    @contextlib.contextmanager
    def opened(self) -> Iterator[Database]:
        with Database(self.settings.database) as database:
            yield database

    def render(
        self, tmp_path: Path, *people: dict[str, str], order: Mapping[str, Any] = MappingProxyType({}), **changed: Any
    ) -> Report:
        extract = tmp_path / "extract.csv"
        rows = [{**ROW, **person} for person in people or PEOPLE]
        with extract.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        settings = replace(self.settings, **changed)
        approve(settings, self.pack)
        return render(RunOrder(extract, self.pack, settings, self.output, workers=1, **order))

    def guides(self) -> dict[str, GuideRecord]:
        """Each application's only guide, by its number."""
        with self.opened() as database, database.session() as session:
            query = select(ApplicationRecord.number, GuideRecord).join(
                GuideRecord, col(GuideRecord.application_id) == col(ApplicationRecord.id)
            )
            return dict(session.exec(query).all())

    def guide_keys(self, number: str) -> GuideKeys:
        guide = self.guides()[number]
        return GuideKeys.unpacked(guide.outline, guide.segments)

    def expire(self, *numbers: str, days: int = 1) -> None:
        with self.opened() as database, database.session() as session:
            for number in numbers:
                guide = session.get(GuideRecord, self.guides()[number].id)
                assert guide is not None
                guide.expires_at = now() - timedelta(days=days)

    def pieces(self) -> dict[str, set[str]]:
        return {kind: set(self.store.keys(kind)) for kind in KINDS}

    def files(self) -> set[str]:
        """Applications' numbers with a video, by way of their guides; a folder of no guide is an error."""
        ids = {guide.id: number for number, guide in self.guides().items()}
        return {ids[path.parent.name] for path in self.output.glob(f"*/*/{GUIDE_FILE}")}

    def people(self) -> set[str]:
        with self.opened() as database, database.session() as session:
            return set(session.exec(select(Recipient.fiscal_code)))

    def age(self, days: float = 2) -> None:
        """Make every piece so old."""
        for path in self.store.root.rglob("*"):
            if path.is_file():
                os.utime(path, (time.time() - days * 86400,) * 2)

    def cli(self, *arguments: str, program: str = "", **options: Any) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command(*arguments, program=program),
            **{
                "cwd": self.folder,
                "env": environment(self.settings.store, VIDEOGUIDE_DATABASE=self.settings.database),
                "capture_output": True,
                "encoding": "utf-8",
                "timeout": 120,
                **options,
            },
        )

    def says(self, word: str) -> list[Path]:
        """Files anywhere in this world whose name or content says a word; a kept lexicon lists names of nobody."""
        paths = [path for path in self.folder.rglob("*") if path.name != kept_name(LEXICON)]
        return [path for path in paths if word in path.name] + [
            path for path in paths if path.is_file() and word.encode() in path.read_bytes()
        ]


@pytest.fixture(scope="session")
def rendered(tiny: Campaign, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Rendered once; tests work on copies."""
    folder = tmp_path_factory.mktemp("upkeep") / "world"
    world = World(folder, small(folder / "store", database=f"sqlite:///{folder / 'guides.db'}"), tiny)
    report = world.render(folder.parent)
    assert (report.guides, report.made, report.left_out) == (4, 4, {"no-consent": 1})
    return world


def copy_of(rendered: World, folder: Path) -> World:
    shutil.copytree(rendered.folder, folder)
    settings = small(folder / "store", database=f"sqlite:///{folder / 'guides.db'}")
    connection = sqlite3.connect(folder / "guides.db")
    with connection:
        connection.execute("UPDATE runs SET output = ?", [str(folder / "guides")])
    connection.close()
    return World(folder, settings, rendered.pack)


@pytest.fixture
def world(rendered: World, tmp_path: Path) -> World:
    return copy_of(rendered, tmp_path / "world")


@pytest.fixture(params=["sqlite", "postgresql"])
def either_world(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> World:
    """The same with either database."""
    if request.param == "sqlite":
        return world
    shutil.rmtree(world.output)
    (world.folder / "guides.db").unlink()
    address = request.getfixturevalue("postgresql")()
    with Database(address) as database:
        pairing.join_by_hand(world.store, database, forced=True)
    there = World(world.folder, replace(world.settings, database=address), world.pack)
    there.render(tmp_path)
    return there


def preview(world: World, name: str) -> set[str]:
    """Have a guide made for nobody in the database; keys of the segments that it alone has."""
    studio = open_studio(world.pack, world.settings)
    before = world.pieces()[SEGMENTS]
    application = an_application(world.pack, ["missing-receipt"], first_name=name, facts={"receipts": ("books",)})
    make_guide(write_script(application, ("missing-receipt",), world.pack), studio)
    return world.pieces()[SEGMENTS] - before


def looked_at(world: World, segments: set[str], *, lasts: timedelta = timedelta(days=30), number: str = "") -> None:
    """A preview of the staff's that is made of these segments; of an application, if it has a number."""
    with world.opened() as database, database.session() as session:
        mine = session.exec(select(ApplicationRecord.id).where(ApplicationRecord.number == number)).first()
        session.add(
            Preview(
                id="f" * 32,
                campaign_id=world.pack.id,
                version="0" * 64,
                application_id=mine,
                outline=bytes(32),
                segments=b"".join(map(bytes.fromhex, sorted(segments))),
                made_by="anna",
                expires_at=now() + lasts,
            )
        )
