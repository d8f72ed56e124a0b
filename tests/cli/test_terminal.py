# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What the staff see: a table in Italian, plain without a terminal, and progress on a terminal."""

import os
import pty
import re
import select
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from rich.progress import Task, TaskID

from tests.support.invented_guides import command, environment, small
from tests.support.places import PACKS
from tests.support.tiny_runs import approve, extract
from videoguide.cli import terminal as display
from videoguide.cli.terminal import lines, show
from videoguide.packs.campaigns import Campaign
from videoguide.runs.reports import Report, SegmentCounts
from videoguide.wording import number

pytestmark = pytest.mark.slow

ANSI = "\x1b"
BIG = Report(
    "bonus-libri",
    "mp4",
    "silent",
    "320x180",
    rows=1_234_567,
    rejected=12_345,
    duplicates=1_000,
    superseded=999,
    left_out=Counter({"no-consent": 1_500, "nothing-missing": 20_000, "strange [bold]:smile:": 1}),
    guides=200_000,
    made=150_000,
    renewed=1_000,
    kept=49_000,
    withdrawn=2_000,
    cases=Counter({"missing-receipt": 199_000, "missing-receipt+missing-school": 1_000}),
    channels=Counter({"citizen": 120_000, "patronato": 80_000}),
    cases_by_channel={
        "missing-receipt": Counter(citizen=119_500, patronato=79_500),
        "missing-receipt+missing-school": Counter(citizen=500, patronato=500),
    },
    neutral={str(at): "perché sì" for at in range(1_100)},
    files_written=151_000,
    bytes_written=1_234_567_890,
    segments=SegmentCounts(12_000, 10_000, 2_000, 3),
    seconds={"reading": 1.25, "planning": 2, "segments": 1_000.06, "guides": 90},
)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split("[│┃]", line) if cell.strip()]


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(0, 0, "0"), (999, 0, "999"), (1_000, 0, "1.000"), (1_234_567, 0, "1.234.567"), (1234.56, 1, "1.234,6")],
)
def test_numbers_are_written_as_italian_does(value: float, decimals: int, text: str) -> None:
    assert number(value, decimals) == text


class TestTable:
    @pytest.fixture
    def shown(self, tiny: Campaign, capsys: pytest.CaptureFixture[str]) -> list[str]:
        show(BIG, tiny.titles)
        out, err = capsys.readouterr()
        assert err == "" and ANSI not in out
        return out.splitlines()

    def test_guides_stand_by_case_and_channel_under_the_packs_own_titles(self, shown: list[str]) -> None:
        rows = [cells(line) for line in shown]
        assert ["guide", "dal cittadino", "dal patronato", "tutte"] in rows
        assert ["Manca uno scontrino", "119.500", "79.500", "199.000"] in rows
        assert ["Manca uno scontrino + Manca la scuola", "500", "500", "1.000"] in rows
        assert ["tutte", "120.000", "80.000", "200.000"] in rows

    def test_those_left_out_stand_by_reason_the_commonest_first_and_text_is_text(self, shown: list[str]) -> None:
        rows = [cells(line) for line in shown]
        start = rows.index(["escluse", "domande"])
        assert rows[start + 2 : start + 5] == [
            ["Niente da chiedere", "20.000"],
            ["Senza consenso", "1.500"],
            ["strange [bold]:smile:", "1"],
        ]

    def test_the_rest_are_lines(self, shown: list[str]) -> None:
        assert (
            shown[-6:]
            == list(lines(BIG))
            == [
                "righe 1.234.567: scartate 12.345, ripetute 1.000, superate da un estratto più nuovo 999",
                "guide 200.000: nuove 150.000, aggiornate 1.000, uguali 49.000; ritirate 2.000",
                "scene 12.000: riusate 10.000, nuove 2.000, di cui rifatte 3",
                "guide senza un nome, perché non si può dire o mostrare: 1.100 (elenco in report.json)",
                "secondi: lettura 1,2, piano 2,0, scene 1.000,1, guide 90,0; in tutto 1.093,3",
                "file scritti: 151.000 guide, 1.234,6 MB",
            ]
        )

    def test_nothing_in_it_is_english_or_counts_with_commas(self, shown: list[str]) -> None:
        text = "\n".join(shown)
        assert not re.search(r"\d,\d{3}|citizen|missing|total|left|guides|rows|second\b", text)

    def test_a_dry_run_says_what_would_be(self) -> None:
        shown = list(lines(Report("x", "mp4", "silent", "320x180", dry_run=True, made=2, segments=SegmentCounts(5, 2))))
        assert shown[1:3] == [
            "guide 0: sarebbero nuove 2, aggiornate 0, uguali 0; ritirate 0",
            "scene 5: riusate 2, da fare 3",
        ]

    def test_a_run_without_a_guide_has_a_table_too(self, capsys: pytest.CaptureFixture[str]) -> None:
        show(Report("x", "mp4", "silent", "320x180"), {})
        out = capsys.readouterr().out
        assert ["tutte", "0"] in [cells(line) for line in out.splitlines()] and "escluse" not in out


NAMES = ("Ada", "Bice", "Clara", "Dora", "Elsa", "Flora", "Gaia", "Ines")


class TestProgress:
    def test_without_a_terminal_no_progress_is_written(self, capsys: pytest.CaptureFixture[str]) -> None:
        with display.stages() as tell:
            tell("Scene", 1, 2)
        with display.bar("Scene") as tell:
            tell("Ciao", 1, 2)
        assert capsys.readouterr() == ("", "")

    def on_a_terminal(self, arguments: list[str], env: dict[str, str], folder: Path) -> tuple[str, str]:
        """What the command writes to standard output, a pipe, and to standard error, a terminal."""
        ours, theirs = pty.openpty()
        running = subprocess.Popen(
            arguments, env={**env, "TERM": "xterm", "COLUMNS": "100"}, cwd=folder, stdout=subprocess.PIPE, stderr=theirs
        )
        os.close(theirs)
        seen = b""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
        os.close(ours)
        assert running.stdout is not None
        out = running.stdout.read().decode()
        running.stdout.close()
        assert running.wait(60) == 0, seen.decode()
        return out, seen.decode()

    def test_on_a_terminal_both_stages_show_rate_and_time_left_and_the_table_stays_plain(
        self, tmp_path: Path, tiny: Campaign
    ) -> None:
        people = [{"numero": str(at), "nome": NAMES[at % 8]} for at in range(1_200)]
        file = extract(tmp_path / "x.csv", *people)
        settings = small(tmp_path / "store")
        env = environment(
            settings.store, VIDEOGUIDE_DATABASE=f"sqlite:///{tmp_path / 'g.db'}", VIDEOGUIDE_SCENES=str(PACKS)
        )
        approve(small(settings.store, database=env["VIDEOGUIDE_DATABASE"]), tiny)
        asked = command("render", "bonus-libri", str(file), "-o", "out", "--workers", "1")
        out, seen = self.on_a_terminal(asked, env, tmp_path)
        assert ANSI not in out and "1.200" in out
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
        for stage, total in (("Scene", 10), ("Guide", 1_200)):
            shown = re.findall(rf"{stage} +\S+ +(\d+)/{total} +([\d.,]*(?:/s)?) +([\d:-]+)", plain)
            assert shown and shown[-1][0] == str(total), plain[-500:]
        rates = re.findall(r"Scene +\S+ +\d+/10 +([\d.,]+)/s +(\d:\d\d:\d\d)", plain)
        assert rates, plain[-2000:]
        assert "Traceback" not in plain

    @pytest.mark.parametrize(("speed", "text"), [(None, ""), (0.25, "0,2/s"), (12.34, "12,3/s"), (1_234.6, "1.235/s")])
    def test_a_rate_is_a_number_a_second_as_italian_writes_it(self, speed: float | None, text: str) -> None:
        task = Task(TaskID(0), "Scene", 10, 0, _get_time=time.monotonic)
        task.finished_speed = speed
        assert display._Rate().render(task).plain == text
