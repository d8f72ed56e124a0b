# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The built wheel, unpacked anywhere, is whole: it finds its packs, art, fonts and pages by itself."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.invented_guides import environment
from tests.support.places import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]

LOOK = """
from pathlib import Path
import videoguide
from videoguide import assets, settings
from videoguide.packs import campaigns
home = Path(videoguide.__file__).parent
packs = assets.packs_folder()
assert packs.is_relative_to(home) and assets.assets_folder().is_relative_to(home), (packs, home)
print(*campaigns.campaigns(packs))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout with the build tool that is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ("-m", "pip", "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--quiet", "-w", str(folder))
    subprocess.run([sys.executable, *build], check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("videoguide-*.whl")
    return built


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as files:
        files.extractall(folder)
    return folder


def run(unpacked: Path, cwd: Path, program: str, *arguments: str) -> str:
    """Run Python somewhere else with the wheel's files before the checkout's."""
    env = environment(cwd / "store", PYTHONPATH=str(unpacked))
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def tracked(folder: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return set(listed.splitlines())


def test_it_holds_every_scene_asset_and_module_of_the_checkout(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as files:
        names = set(files.namelist())
    assert {f"videoguide/_data/{name}" for name in tracked("scenes") | tracked("assets")} <= names
    assert tracked("videoguide") <= names


def test_it_holds_nothing_of_tests_output_or_caches(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"videoguide"}
    assert not [name for name in names if "__pycache__" in name or name.startswith(("tests", "output"))]


def test_it_names_its_licences_and_its_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as files:
        about = {Path(name).name: name for name in files.namelist() if ".dist-info" in name}
        assert "videoguide = videoguide.cli:main" in files.read(about["entry_points.txt"]).decode()
        metadata = files.read(about["METADATA"]).decode()
    assert "License-Expression: EUPL-1.2" in metadata
    assert {"LICENSE", "OFL.txt", "NotoSans-OFL.txt", "LICENSE-Apache-2.0.txt"} <= about.keys()


def test_elsewhere_it_finds_its_packs_and_assets_inside_itself(unpacked: Path, tmp_path: Path) -> None:
    assert run(unpacked, tmp_path, LOOK) == "assegno-unico\n"


def test_elsewhere_it_makes_a_guide_and_records_one(unpacked: Path, tmp_path: Path) -> None:
    program = "from videoguide.cli import main; main()"
    words = ("--first-name", "Giulia", "--case", "missing-documents", "--document", "custody-ruling")
    output = run(unpacked, tmp_path, program, "preview", "assegno-unico", *words, "-o", "guide.mp4")
    assert "scene riusate 0 di " in output
    assert (tmp_path / "guide.mp4").stat().st_size > 100_000
    opened = (
        "from videoguide.records.database import Database; Database('sqlite:///guides.db').__enter__(); print('open')"
    )
    assert run(unpacked, tmp_path, opened) == "open\n"
    page = "from videoguide.portal import rendering, views; print(rendering.render(views.SignedOutPage()))"
    assert "Sei fuori" in run(unpacked, tmp_path, page)
