# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The documentation holds: its links lead somewhere, what is generated is current, and the tutorial can be followed."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.support.invented_guides import environment
from tests.support.places import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
TUTORIAL = DOCS / "tutorial.md"
COMMAND = "from videoguide.cli import main; main()"
FENCED = re.compile(r"^ *```(?P<kind>\w*)(?: title=\"(?P<file>[^\"]+)\")?\n(?P<text>.*?)^ *```$", re.M | re.S)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]+`", "", FENCED.sub("", text))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MkDocs both make them."""
    headings = re.findall(r"^#+ (.+)$", without_code(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_and_picture_leads_somewhere(page: Path) -> None:
    missing = []
    for target in LINK.findall(without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            missing.append(target)
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_page_needs_the_network_to_be_read(page: Path) -> None:
    """Pictures are files of ours."""
    text = without_code(page.read_text(encoding="utf-8"))
    assert re.findall(r"!\[[^\]]*\]\(https?:[^)]+\)|<(?:img|script|link)\b", text) == []


def sources(name: str) -> list[Path]:
    """The files that a page may mean by a path: from the checkout, from the package, or by its last parts."""
    trees = [ROOT / tree for tree in ("videoguide", "tests", "scripts", "benchmarks", "docs")]
    return [file for tree in trees for file in tree.rglob(Path(name).name) if file.as_posix().endswith(f"/{name}")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_module_and_name_in_it_that_a_page_points_at_is_there(page: Path) -> None:
    text = " ".join(FENCED.sub("", page.read_text(encoding="utf-8")).split())
    assert [name for name in re.findall(r"`([\w/]+\.py)`", text) if not sources(name)] == []
    lost = []
    for names, file in re.findall(r"((?:`[\w.]+`(?:,| and)? )+)in `([\w/]+\.py)`", text):
        code = "\n".join(source.read_text(encoding="utf-8") for source in sources(file))
        for name in re.findall(r"\w+", names.replace(" and ", " ")):
            if not re.search(
                rf"^\s*(?:async )?(?:def|class) {name}\b|^\s*(?:self\.)?{name}\b.*=|^\s*{name}:", code, re.M
            ):
                lost.append(f"{name} in {file}")
    assert lost == []


def test_the_reference_of_the_command_line_is_current() -> None:
    cli_reference = import_module("scripts.cli_reference")
    written = cli_reference.PAGE.read_text(encoding="utf-8")
    assert written == cli_reference.page(), "out of date: `python scripts/cli_reference.py` writes it anew"


def shown_commands() -> Iterator[tuple[str, list[str]]]:
    """Every ``$ videoguide …`` of the pages, with its page; lines that end in a backslash go on."""
    for page in PAGES:
        for block in FENCED.finditer(page.read_text(encoding="utf-8")):
            for line in block["text"].replace("\\\n", " ").splitlines():
                if line.strip().startswith("$ videoguide "):
                    yield page.relative_to(ROOT).as_posix(), shlex.split(line.strip().removeprefix("$ "), comments=True)


def test_every_command_and_option_that_a_page_shows_is_there() -> None:
    from typer.main import get_command

    from videoguide.cli import app

    wrong = []
    for page, words in shown_commands():
        command: Any = get_command(app)
        rest = words[1:]
        while rest and hasattr(command, "commands") and rest[0] in command.commands:
            command = command.commands[rest.pop(0)]
        accepted = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        options = {word.split("=")[0] for word in rest if word.startswith("-")}
        if hasattr(command, "commands") or not options <= accepted | {"--help"}:
            wrong.append((page, " ".join(words)))
    assert wrong == []


class Follower:
    """Somebody who does what the tutorial says, in an empty folder: writes its files, runs its commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = environment(folder / "unused")
        for name in [name for name in self.env if name.startswith("VIDEOGUIDE_")]:
            del self.env[name]

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        assert path.parent.is_dir(), f"the tutorial never makes the folder of {name}"
        path.write_text(text, encoding="utf-8")

    def type(self, command: str, wanted: list[str]) -> None:
        """Run a command; what it says has the wanted lines, in their order."""
        program, *words = shlex.split(command)
        if program == "export":
            name, _, value = words[0].partition("=")
            self.env[name] = value
        elif program == "mkdir":
            (self.folder / words[-1]).mkdir(parents=True)
        elif program == "cd":
            self.folder /= words[0]
        else:
            assert program == "videoguide", command
            output = self.serve(words) if words[0] == "serve" else self.run(words)
            lines = iter(output.splitlines())
            for line in wanted:
                pattern = re.compile(".*".join(map(re.escape, line.split("…"))))
                assert any(pattern.fullmatch(printed) for printed in lines), (
                    f"$ {command}\nnever says: {line}\nbut:\n{output}"
                )

    def run(self, words: list[str]) -> str:
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *words],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=300,
        )
        assert done.returncode in (0, 1) and "Traceback" not in done.stdout, done.stdout
        return done.stdout

    def serve(self, words: list[str]) -> str:
        """Start a server on a free port, see it answer, stop it; returns what it said, as if at the usual port."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        serving = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *words, "--port", str(port)],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        try:
            for _ in range(1200):
                with socket.socket() as asking:
                    if asking.connect_ex(("127.0.0.1", port)) == 0 or serving.poll() is not None:
                        break
                time.sleep(0.05)
        finally:
            serving.send_signal(signal.SIGINT)
            _, log = serving.communicate(timeout=60)
        return log.replace(str(port), "8000")


@pytest.mark.slow
def test_the_tutorial_can_be_followed_to_the_letter(tmp_path: Path) -> None:
    follower = Follower(tmp_path)
    for block in FENCED.finditer(TUTORIAL.read_text(encoding="utf-8")):
        if block["file"]:
            follower.write(block["file"], block["text"])
        elif block["kind"] == "console":
            for command, _, printed in (
                part.partition("\n") for part in re.split(r"^\$ ", block["text"], flags=re.M)[1:]
            ):
                follower.type(command, [line for line in printed.splitlines() if line != "…"])


class Addresses(HTMLParser):
    """What a page loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "img", "iframe", "source", "video", "audio"):
            self.loaded.append(given.get("src") or "")
        elif tag == "link" and given.get("rel") in ("stylesheet", "icon", "preconnect", "preload"):
            self.loaded.append(given.get("href") or "")


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    try:
        import mkdocs  # noqa: F401
    except ImportError:
        if os.environ.get("CI"):
            pytest.fail("MkDocs is missing: the site must not be left out here")
        pytest.skip("MkDocs is missing; the extra `docs` brings it")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    for page in (tmp_path / "site").rglob("*.html"):
        addresses = Addresses()
        addresses.feed(page.read_text(encoding="utf-8"))
        assert [address for address in addresses.loaded if re.match("(https?:)?//", address)] == [], page.name
