# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What the repository says of itself is true: catalogue entry, licences, workflow, version."""

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.places import ROOT

REPOSITORY = "https://github.com/videoguide/videoguide"
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
MADE = re.compile(r"\bmake ((?:[a-z][a-z-]*(?: |$))+)", re.MULTILINE)

# Of the standard's vocabularies, what may stand in publiccode.yml.
STATUS = {"concept", "development", "beta", "stable", "obsolete"}
TYPES = {f"standalone/{kind}" for kind in ("mobile", "iot", "desktop", "web", "backend", "other")}
TYPES |= {"addon", "library", "configurationFiles"}
ALIASES = {f"alias:{name}" for name in ("gdpr", "eidas", "nis2", "cra", "spid", "cie", "anpr", "pagopa", "io")}
OUTDATED = {"IT", "it", "monochromeLogo", "inputTypes", "outputTypes"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def entry() -> dict[str, Any]:
    return data_of("publiccode.yml")  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    return data_of(".github/workflows/ci.yml")["jobs"]  # type: ignore[no-any-return]


def data_of(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


class TestTheCatalogueEntry:
    def test_it_has_what_the_standard_demands_and_nothing_outdated(self, entry: dict[str, Any]) -> None:
        assert entry["publiccodeYmlVersion"] == "0"
        assert entry.keys() >= {"name", "url", "platforms", "categories", "description", "legal", "maintenance"}
        assert entry["developmentStatus"] in STATUS and entry["softwareType"] in TYPES
        assert not entry.keys() & OUTDATED
        assert entry["localisation"]["availableLanguages"] and entry["localisation"]["localisationReady"] is False

    @pytest.mark.parametrize("language", ["it", "en"])
    def test_its_descriptions_keep_to_their_limits(self, entry: dict[str, Any], language: str) -> None:
        description = entry["description"][language]
        assert len(description["shortDescription"]) <= 150 and "\n" not in description["shortDescription"]
        assert 150 <= len(description["longDescription"]) <= 10_000
        assert 5 <= len(description["features"]) <= 20
        assert [name for name in description["screenshots"] if not (ROOT / name).is_file()] == []

    def test_it_names_known_standards_once(self, entry: dict[str, Any]) -> None:
        supported = [standard["id"] for standard in entry["supports"]]
        assert set(supported) <= ALIASES and len(supported) == len(set(supported))

    def test_who_maintains_it_internally_can_be_reached(self, entry: dict[str, Any]) -> None:
        assert entry["maintenance"]["type"] == "internal"
        assert all(contact["name"] for contact in entry["maintenance"]["contacts"])

    def test_it_agrees_with_the_package(self, entry: dict[str, Any], project: dict[str, Any]) -> None:
        assert entry["legal"]["license"] == project["license"]
        assert entry["legal"]["mainCopyrightOwner"] == project["authors"][0]["name"]
        assert entry["url"] == project["urls"]["Source"] == REPOSITORY
        assert all(url.startswith(REPOSITORY) for url in project["urls"].values())


class TestTheWorkflow:
    def test_it_asks_for_targets_that_there_are(self, jobs: dict[str, Any]) -> None:
        targets = set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
        runs = "\n".join(step.get("run", "") for job in jobs.values() for step in job["steps"])
        asked = made_in(runs) | {job["target"] for job in jobs["tests"]["strategy"]["matrix"]["include"]}
        assert asked >= {"lint", "types", "licences", "version-check", "docs", "coverage", "test"}
        assert asked <= targets

    def test_it_runs_all_that_ci_runs(self, jobs: dict[str, Any]) -> None:
        runs = "\n".join(step.get("run", "") for step in jobs["quality"]["steps"])
        ours = made_in((ROOT / ".ci" / "run").read_text(encoding="utf-8"))
        assert ours - {"coverage"} <= made_in(runs)

    def test_it_tries_every_python_that_the_package_names(self, jobs: dict[str, Any], project: dict[str, Any]) -> None:
        tried = {job["python"] for job in jobs["tests"]["strategy"]["matrix"]["include"]}
        assert {f"Programming Language :: Python :: {version}" for version in tried} <= set(project["classifiers"])
        assert project["requires-python"].removeprefix(">=") in tried


def made_in(script: str) -> set[str]:
    """The targets that a script makes."""
    return {target for line in MADE.findall(script) for target in line.split()}


class TestHooks:
    def test_they_use_tools_that_the_test_extra_brings(self, project: dict[str, Any]) -> None:
        hooks = [hook for repository in data_of(".pre-commit-config.yaml")["repos"] for hook in repository["hooks"]]
        brought = {re.split(r"[^\w-]", wanted)[0] for wanted in project["optional-dependencies"]["test"]}
        assert {hook["entry"].split()[0] for hook in hooks} <= brought
        assert all(hook["language"] == "system" for hook in hooks)


@pytest.mark.skipif(not importlib.util.find_spec("reuse"), reason="reuse is not installed")
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout: other files may lie here")
def test_every_file_says_whose_it_is_and_under_which_licence() -> None:
    done = subprocess.run([sys.executable, "-m", "reuse", "lint", "--lines"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_package_is_marked_as_typed() -> None:
    assert (ROOT / "videoguide" / "py.typed").read_bytes() == b""


class TestTheVersionCheck:
    """The script, beside a small project of one version."""

    @pytest.fixture
    def small(self, tmp_path: Path) -> Path:
        for name in ("videoguide", "scripts"):
            (tmp_path / name).mkdir()
        shutil.copy(ROOT / "scripts" / "check_version.py", tmp_path / "scripts")
        (tmp_path / "videoguide" / "__init__.py").write_text('__version__ = "1.2.0"\n')
        (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
        (tmp_path / "publiccode.yml").write_text('name: Small\nsoftwareVersion: "1.2.0"\n')
        (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## [1.2.0] - 2026-01-31\n\n- New.\n\n## [1.1.0]\n")
        return tmp_path

    def test_it_passes_here(self) -> None:
        done = checked(ROOT)
        assert done.returncode == 0, done.stderr

    def test_one_version_passes(self, small: Path) -> None:
        assert (checked(small).returncode, checked(small).stdout) == (0, "Version 1.2.0 everywhere.\n")

    @pytest.mark.parametrize("name", ["videoguide/__init__.py", "pyproject.toml", "CHANGELOG.md", "publiccode.yml"])
    def test_another_version_in_one_place_is_named_in_one_line(self, small: Path, name: str) -> None:
        file = small / name
        file.write_text(file.read_text().replace("1.2.0", "1.3.0", 1))
        done = checked(small)
        assert done.returncode == 1
        assert done.stderr.startswith("Versions differ: ") and f"{name} 1.3.0" in done.stderr
        assert done.stderr.count("\n") == 1

    @pytest.mark.parametrize(("tag", "code"), [("v1.2.0", 0), ("v1.1.0", 1), ("trial", 0)])
    def test_a_version_tag_of_the_commit_counts(self, small: Path, tag: str, code: int) -> None:
        tagged(small, tag)
        assert checked(small).returncode == code

    @pytest.mark.parametrize(("changes", "code"), [("### Added\n\n- More.\n\n", 1), ("", 0)])
    def test_what_is_tagged_leaves_no_change_unreleased(self, small: Path, changes: str, code: int) -> None:
        file = small / "CHANGELOG.md"
        file.write_text(file.read_text().replace("## [1.2.0]", f"## [Unreleased]\n\n{changes}## [1.2.0]"))
        assert checked(small).returncode == 0
        tagged(small, "v1.2.0")
        assert checked(small).returncode == code


def checked(root: Path) -> "subprocess.CompletedProcess[str]":
    script = root / "scripts" / "check_version.py"
    return subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)


def tagged(root: Path, tag: str) -> None:
    """Make a commit of the folder and tag it."""
    who = ("-c", "user.name=Anna Neri", "-c", "user.email=anna.neri@example.org", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "All"), (*who, "tag", tag)):
        subprocess.run(["git", *command], cwd=root, check=True, capture_output=True, timeout=60)
