# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Runs that are killed again and again, at any moment of either stage, end like one that nobody disturbed."""

import json
import random
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.support.invented_guides import command, environment
from tests.support.places import PACKS
from tests.support.tiny_runs import Office, alive, extract, files_in, until
from videoguide.media import payload
from videoguide.packs.campaigns import Campaign
from videoguide.runs.pipeline import FORMATS, Format
from videoguide.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.thorough, pytest.mark.xdist_group("killed")]

KILLS = 10
"""So many runs of each format are killed, at least."""
PEOPLE = 600
NAMES = ["Ada", "Bice", "Clara", "Dora", "Elsa", "Flora", "Gaia", "Ines", "Lea", "Mara", "Nora", "Olga"]
BEGIN = {"segments": "Piano", "guides": "Scene"}
"""For each stage, as the report names it, the one whose end is its beginning."""

KILLER = """
import contextlib, os, signal, threading
from videoguide.cli import terminal as display

@contextlib.contextmanager
def stages():
    def tell(stage, done, total):
        if stage == {begin!r} and done == total:
            timer = threading.Timer({after}, os.kill, (os.getpid(), signal.SIGKILL))
            timer.daemon = True
            timer.start()
    yield tell

display.stages = stages
"""
"""Kills its process so many seconds after a stage has begun; what runs then, and how far it is, is chance."""


def people(day: int) -> list[dict[str, str]]:
    """A day's extract: every day new names and new people, others solved, changed, or not to be trusted."""
    cases: list[dict[str, str]] = [{}, {"scontrini": "", "alunni": "1"}, {"scontrini": "L+Q"}, {"consenso": "n"}]
    news: list[dict[str, str]] = [
        {},
        {"nome": f"Berta {NAMES[day]}"},
        {"stato": "pagata"},
        {"scontrini": "Q", "alunni": str(day)},
        {"cf": "?"},
        {},
    ]
    people: list[dict[str, str]] = [
        {
            "numero": f"{number:05}",
            "nome": f"Anna {NAMES[number % 12]}",
            **cases[number // 12 % 4],
            **(news[(number + day) % 6] if day else {}),
        }
        for number in range(PEOPLE)
    ]
    new = [{"numero": f"{day}-{number}", "nome": f"Carla {NAMES[number % 8]} {NAMES[day]}"} for number in range(100)]
    return [{**person, "estratto": f"2024-04-{day + 1:02}"} for person in people + new]


def is_whole(file: Path) -> bool:
    """Whether the boxes of an MP4 end where the file ends."""
    data, at = file.read_bytes(), 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        at += size if size != 1 else int.from_bytes(data[at + 8 : at + 16], "big")
        assert size
    return at == len(data)


class Runs:
    """One office's runs, day after day."""

    def __init__(self, folder: Path, tiny: Campaign, format: Format) -> None:
        self.office, self.format = Office(folder, tiny), format
        self.office.approve()

    def start(self, day: int, program: str = "") -> "subprocess.Popen[bytes]":
        settings = self.office.settings
        file = extract(self.office.folder / f"{day}.csv", *people(day))
        arguments = ("-o", str(self.office.output), "--format", self.format, "--workers", "2", "--accept-rejects")
        return subprocess.Popen(
            command("render", "bonus-libri", str(file), *arguments, program=program),
            env=environment(settings.store, VIDEOGUIDE_DATABASE=settings.database, VIDEOGUIDE_SCENES=str(PACKS)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def whole(self, day: int) -> dict[str, float]:
        """A run that nobody disturbs; returns the seconds of its stages."""
        running = self.start(day)
        _, err = running.communicate(timeout=300)
        assert (running.returncode, err) == (0, b"")
        seconds: dict[str, float] = json.loads((self.office.output / "report.json").read_bytes())["seconds"]
        return seconds

    def killed(self, day: int, stage: str, after: float) -> bool:
        """A run that is killed so many seconds after a stage has begun; False if it was done before."""
        running = self.start(day, KILLER.format(begin=BEGIN[stage], after=after))
        running.communicate(timeout=300)
        assert until(lambda: not alive(running.pid), 5), "a worker outlived its run"
        assert running.returncode in (0, -signal.SIGKILL)
        return running.returncode != 0

    def nothing_half(self) -> None:
        """Whatever a reader may open is whole, whenever the run was killed."""
        store = Store(self.office.settings.store)
        for key in store.keys(payload.SEGMENTS):
            payload.verify(store.path(payload.SEGMENTS, key))
        for path in self.office.output.glob("??/*/guide.*"):
            if path.suffix in (".mp4", ".m4a"):
                assert is_whole(path), path
            assert path.stat().st_size and (path.suffix != ".json" or json.loads(path.read_bytes()))

    def end_state(self) -> dict[str, object]:
        """All that is left, but for random ids, moments and what was put aside."""
        readable = [path for path in files_in(self.office.output) if not path.name.startswith(".")]
        return {
            "tables": self.office.tables(),
            "pieces": self.office.pieces(),
            "files": self.office.files(),
            "readable files": Counter(path.name for path in readable if path.name != "report.json"),
        }


@pytest.mark.parametrize("format", FORMATS)
def test_runs_killed_at_random_moments_end_like_undisturbed_ones(
    tmp_path: Path, tiny: Campaign, format: Format
) -> None:
    undisturbed, disturbed = (Runs(tmp_path / name, tiny, format) for name in ("undisturbed", "disturbed"))
    chance, kills, day = random.Random(f"killed {format}"), Counter[str](), 0
    while day < 2 or (kills.total() < KILLS and day < 5):
        seconds = undisturbed.whole(day)
        for stage in ("segments", "segments", "segments", "guides", "guides", "guides"):
            if disturbed.killed(day, stage, chance.uniform(0, seconds[stage] / 2)):
                kills[stage] += 1
                disturbed.nothing_half()
        disturbed.whole(day)
        day += 1
    assert kills.total() >= KILLS and min(kills["segments"], kills["guides"]) >= 3, kills
    reached, expected = disturbed.end_state(), undisturbed.end_state()
    for part in expected:
        assert reached[part] == expected[part], part
