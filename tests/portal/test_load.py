# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The load benchmark runs, at a tiny size, and writes down what it found."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import ROOT

SCRIPT = ROOT / "benchmarks" / "portal.py"


@pytest.mark.slow
def test_a_few_viewers_are_served_without_an_error_and_written_down(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.md"
    tiny = ["--viewers", "4", "--seconds", "2", "--watch", "1", "--rounds", "1", "--size", "320x180"]
    places = ["--folder", str(tmp_path), "--report", str(file)]
    done = subprocess.run([sys.executable, SCRIPT, *tiny, *places], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = file.read_text(encoding="utf-8")
    assert done.stdout.strip() in text and "Errors: 0." in text
    assert "--viewers 4 --seconds 2.0 --watch 1.0 --rounds 1 --size 320x180" in text
    for row in ("the guide’s page", "an event", "a range of 256 KiB", "| whole", "| in ranges"):
        assert row in text
    assert [path.name for path in tmp_path.iterdir()] == ["benchmarks.md"], "what it needed is gone"
