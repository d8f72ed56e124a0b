# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The tour for new staff, followed to the letter: its commands are run, its pages opened, its buttons pressed."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.invented_guides import environment, store_of_its_own
from tests.support.places import ROOT
from tests.support.portal_tabs import DESK

TOUR = ROOT / "docs" / "tour.md"
ADDRESS = "http://127.0.0.1:8000"
COMMAND = "from videoguide.cli import main; main()"
DOES = {
    "go": r"Apri (?P<address>\S+)",
    "press": r"Premi \*\*(?P<name>.+?)\*\*",
    "write": r"Scrivi `(?P<words>.+?)` in \*\*(?P<name>.+?)\*\*",
    "choose": r"Scegli \*\*(?P<name>.+?)\*\*",
    "wait": r"Aspetta \*\*(?P<name>.+?)\*\*",
    "read": r"Leggi «(?P<words>.+?)»",
}
"""What a bullet of the tour may ask for, by what does it here."""

STAND_STILL = """async () => {
    const video = document.querySelector('video')
    if (!video || video.paused) return
    video.pause()
    await new Promise(done => { video.onseeked = done; video.currentTime = 4 })
}"""
"""A guide that plays stops where its first scene has come in."""

Step = tuple[str, dict[str, str]]


def steps() -> Iterator[Step]:
    """What the page asks for, in its order: bullets, commands and pictures."""
    text = TOUR.read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("$ "):
            yield "type", {"command": line.removeprefix("$ ")}
        elif line.startswith("!["):
            picture = re.fullmatch(r"!\[(?P<words>.+)\]\(tour/(?P<file>[a-z]+\.png)\)", line)
            assert picture, line
            yield "see", picture.groupdict()
        elif line.startswith("- "):
            instructions = [
                (name, instruction) for name, does in DOES.items() if (instruction := re.match(f"- {does}", line))
            ]
            assert len(instructions) == 1, f"nobody knows how to do this: {line}"
            yield instructions[0][0], instructions[0][1].groupdict()


class Newcomer:
    """Somebody with two terminals and a browser who does what the page says, and nothing else."""

    def __init__(self, page: Any, folder: Path, store: Path, pictures: Path) -> None:
        self.page, self.folder, self.pictures = page, folder, pictures
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        store_of_its_own(folder / "output" / "tour-store", store)
        self.env = environment(store, VIDEOGUIDE_SIZE="640x360")
        self.serving: subprocess.Popen[str] | None = None
        page.set_default_timeout(60_000)

    def type(self, command: str) -> None:
        if setting := re.fullmatch(r"export (\w+)=(\S+)", command):
            self.env[setting[1]] = setting[2]
            return
        program, *words = command.split()
        assert program == "videoguide"
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *words, *(["--port", str(self.port)] if words[0] == "serve" else [])],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if words[0] != "serve" else subprocess.DEVNULL,
            encoding="utf-8",
        )
        if words[0] == "serve":
            self.serving = process
            self.wait_for_the_port()
            return
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output

    def wait_for_the_port(self) -> None:
        for _ in range(600):
            with socket.socket() as asking:
                if asking.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        pytest.fail("the area never opened")

    def stop(self) -> None:
        """Ctrl-C at the end of the tour."""
        if self.serving:
            self.serving.send_signal(signal.SIGINT)
            self.serving.communicate(timeout=60)

    def go(self, address: str) -> None:
        assert address.startswith(ADDRESS), address
        self.page.goto(f"http://127.0.0.1:{self.port}{address.removeprefix(ADDRESS)}")

    def press(self, name: str) -> None:
        self.named(name, "button", "link").click()

    def wait(self, name: str) -> None:
        self.named(name, "button", "link").wait_for()

    def choose(self, name: str) -> None:
        self.named(name, "radio", "checkbox").check()

    def write(self, words: str, name: str) -> None:
        self.page.get_by_label(name).first.fill(words)

    def read(self, words: str) -> None:
        text = self.page.get_by_text(words).locator("visible=true").first
        text.wait_for()
        text.scroll_into_view_if_needed()

    def named(self, name: str, *roles: str) -> Any:
        """What is called so, or begins so, and can be seen."""
        wanted = re.compile(rf"^{re.escape(name)}\b")
        candidates = self.page.get_by_role(roles[0], name=wanted)
        for role in roles[1:]:
            candidates = candidates.or_(self.page.get_by_role(role, name=wanted))
        return candidates.locator("visible=true").first

    def see(self, words: str, file: str) -> None:
        """Take the page's picture where the guide stands still and everything has come in."""
        assert len(words) > 5
        self.page.evaluate(STAND_STILL)
        self.page.wait_for_timeout(500)
        self.page.screenshot(path=self.pictures / file)


@pytest.fixture
def newcomer(chromium: Any, tmp_path: Path, shared_store: Path, pytestconfig: pytest.Config) -> Iterator[Newcomer]:
    (tmp_path / "scenes").symlink_to(ROOT / "scenes")
    kept = os.environ.get("VIDEOGUIDE_SCREENSHOTS")
    pictures = TOUR.parent / "tour" if pytestconfig.getoption("--update-golden") else Path(kept or tmp_path) / "tour"
    pictures.mkdir(parents=True, exist_ok=True)
    context = chromium.new_context(viewport=DESK, locale="it-IT")
    person = Newcomer(context.new_page(), tmp_path, shared_store, pictures)
    yield person
    context.close()
    person.stop()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_who_does_what_the_tour_says_gets_from_the_first_preview_to_the_first_rating(newcomer: Newcomer) -> None:
    for number, (what, given) in enumerate(steps(), 1):
        does: Callable[..., None] = getattr(newcomer, what)
        try:
            does(**given)
        except Exception as error:
            error.add_note(f"step {number} of the tour: {what} {given}")
            raise


def test_the_tour_shows_every_picture_that_its_test_makes_and_no_other() -> None:
    shown = {given["file"] for what, given in steps() if what == "see"}
    assert shown == {path.name for path in (TOUR.parent / "tour").glob("*")}
