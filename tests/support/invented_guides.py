# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Invented applications and their guides, silent and small, from one store that all tests share."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.places import PACKS, ROOT
from videoguide import settings
from videoguide.guide.guides import Guide
from videoguide.guide.script import Script, write_script
from videoguide.guide.segments import Studio, open_studio
from videoguide.intake.applications import Application, FactValue
from videoguide.media.payload import SEGMENTS
from videoguide.packs import campaigns
from videoguide.packs.campaigns import Campaign
from videoguide.picture.layers import LAYERS
from videoguide.proof.previews import invented_application, make_guide
from videoguide.settings import Settings
from videoguide.speech.narration import SPEECH
from videoguide.store import Store

FACTS: Mapping[str, dict[str, FactValue]] = {
    "missing-documents": {"documents": ("custody-ruling",)},
    "adult-child": {"adult_children": 1},
    "unverified-iban": {"iban_anomaly": "unverifiable"},
}
"""For each case of the sample campaign, the fewest facts that make it."""

HOSTILE_NAMES = ("{{ 7*7 }}", "<b>Anna</b>", "O'Hara & <script>", "{% raw %}", '" onload="x', "-->", "&amp;", "${x}")
"""Names that would do harm if anything took them for more than text."""

WriteScript = Callable[..., Script]
GuideOf = Callable[..., Guide]
RunVideoguide = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def pack() -> Campaign:
    """The sample campaign."""
    return campaigns.load(ROOT / "scenes", "assegno-unico")


@pytest.fixture(scope="session")
def tiny() -> Campaign:
    """A small second campaign: other cases, facts, columns and words, and not a line of Python."""
    return campaigns.load(PACKS, "bonus-libri")


@pytest.fixture
def tiny_copy(tmp_path: Path) -> "PackCopy":
    """The small campaign again, to be broken."""
    return PackCopy(Path(shutil.copytree(PACKS / "bonus-libri", tmp_path / "packs" / "bonus-libri")))


class PackCopy:
    """A pack that a test may change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def change(self, file: str, old: str, new: str) -> "PackCopy":
        """Put ``new`` in the place of ``old``, which must be there."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        later = path.stat().st_mtime_ns + 10**9  # whatever the clock of the file system
        path.write_text(text.replace(old, new), encoding="utf-8")
        os.utime(path, ns=(later, later))
        return self

    def load(self) -> Campaign:
        return campaigns.load(self.folder.parent, self.folder.name)

    def studio(self, store: Path) -> Studio:
        return open_studio(self.load(), small(store))


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for the whole run, also over several workers: a store bears two writers."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared-store"


@pytest.fixture
def own_store(shared_store: Path, tmp_path: Path) -> Path:
    """A store for a database of the test's own, with the scenes that all tests share."""
    return store_of_its_own(tmp_path / "own-store", shared_store)


def store_of_its_own(folder: Path, shared: Path) -> Path:
    """A store that begins with the pieces of another: a store belongs to one database, and scenes take time to make.

    They are the same files under a second name: what is removed here stays there, but none may be written in place.
    """
    lent, own = Store(shared), Store(folder)
    for kind in (SEGMENTS, SPEECH, LAYERS):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for key in lent.keys(kind):
            path = own.path(kind, key)
            path.parent.mkdir(exist_ok=True)
            with suppress(FileExistsError):
                path.hardlink_to(lent.path(kind, key))
    return folder


def small(store: Path, **given: str) -> Settings:
    """Settings for quick tests: the silent voice at 320x180."""
    return settings.load({}, **{"voice": "silent", "size": "320x180", "store": str(store), **given})


@pytest.fixture(scope="session")
def studio(pack: Campaign, shared_store: Path) -> Studio:
    return open_studio(pack, small(shared_store))


@pytest.fixture(scope="session")
def tiny_studio(tiny: Campaign, shared_store: Path) -> Studio:
    return open_studio(tiny, small(shared_store))


def facts_for(cases: Sequence[str]) -> dict[str, FactValue]:
    return {name: value for case in cases for name, value in FACTS[case].items()}


def an_application(pack: Campaign, cases: Sequence[str] = ("missing-documents",), **given: Any) -> Application:
    """Giulia's application for these cases, but for what is given."""
    if "facts" not in given:
        given["facts"] = facts_for(cases)
    return invented_application(pack, cases=cases, **{"first_name": "Giulia", "sex": "F", **given})


def an_extract_row(pack: Campaign, **changes: Any) -> Application:
    """Giulia's application with any field changed, also as no preview could have it."""
    application = an_application(pack)
    return replace(application, **{"extracted_on": date(2023, 6, 6), "facts": {}, **changes})


def a_script(pack: Campaign, *cases: str, said: str = "", **given: Any) -> Script:
    """The script of Giulia's guide for these cases, but for what is given; ``said`` is a name as it stands."""
    cases = cases or ("missing-documents",)
    application = an_application(pack, cases, **given)
    return write_script(replace(application, spoken_name=said or application.spoken_name), cases, pack)


def words_of(script: Script) -> str:
    """All that is said, one sentence a line."""
    return "\n".join(sentence.text for scene in script.scenes for sentence in scene.sentences)


@pytest.fixture(scope="session")
def guide_of(studio: Studio) -> GuideOf:
    """``guide_of("adult-child", first_name="Anna", ...)`` -> the guide, made once a run."""

    @cache
    def make(*cases: str, **given: Any) -> Guide:
        return make_guide(a_script(studio.campaign, *cases, **given), studio).guide

    return make


@pytest.fixture(scope="session")
def tiny_guide(tiny_studio: Studio) -> Guide:
    """A guide of the small campaign, whose words nobody will polish; the name is a nuisance."""
    facts = {"receipts": ("books", "notebooks")}
    script = a_script(tiny_studio.campaign, "missing-receipt", facts=facts, said="O'Hara & <script>")
    return make_guide(script, tiny_studio).guide


@pytest.fixture
def run_videoguide(shared_store: Path, tmp_path: Path) -> RunVideoguide:
    """``run_videoguide("check", "assegno-unico")`` -> the real command, as a process, in an empty folder."""

    def run(*arguments: str, program: str = "", **options: Any) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command(*arguments, program=program),
            **{
                "cwd": tmp_path,
                "env": environment(shared_store),
                "capture_output": True,
                "encoding": "utf-8",
                "timeout": 120,
                **options,
            },
        )

    return run


def command(*arguments: str, program: str = "") -> list[str]:
    """``videoguide`` as a command line; ``program`` is Python to run before it."""
    return [sys.executable, "-c", f"{program}\nfrom videoguide.cli import main\nmain()", *arguments]


def environment(store: Path, **more: str) -> dict[str, str]:
    """The process's own environment without our settings, but small and silent."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VIDEOGUIDE_")}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "VIDEOGUIDE_STORE": str(store),
        "VIDEOGUIDE_VOICE": "silent",
        "VIDEOGUIDE_SIZE": "320x180",
        **more,
    }


PREVIEW = ("preview", "assegno-unico", "--first-name", "Giulia", "--sex", "F")
DOCUMENT = ("--case", "missing-documents", "--document", "custody-ruling")
