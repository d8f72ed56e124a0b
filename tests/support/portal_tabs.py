# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Tabs of a real browser on the real portal: every one is looked at with the same strictness."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlmodel import col, delete, select

from tests.support.delivered_guides import deliver
from tests.support.portals import ELISA, GIULIA, RunningPortal, running_portal
from videoguide.guide.guides import Guide
from videoguide.media.manifest import Manifest, TimedButton
from videoguide.packs.campaigns import SOLVED
from videoguide.records.database import Press, Rating, View, now

PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
SIZES = [pytest.param(PHONE, id="360"), pytest.param(DESK, id="1280")]

VIDEO = "document.querySelector('video')"
BUTTONS_READ = f"Array.from({VIDEO}.textTracks).every(track => track.mode == 'disabled' || track.cues?.length)"

ANGELO, NOBODY = "PVRNGL71B27D612C", "BNCYSF02H03H199T"
"""One with guides in every state, and one without any."""
MAIN, GONE, PATRONATO = "a" * 32, "b" * 32, "c" * 32
PATIENCE_SECONDS = 60
"""How long something may take before it counts as never: a busy machine is no fault of a page."""
HOSTILE = '<img src=x onerror=alert(1)> & "O\'Hara" </textarea><script>alert(2)</script>'
"""A title or a comment of somebody who means harm."""


@dataclass
class Portal:
    """The real portal with its people's guides; ``manifest`` is that of the guide that tabs open."""

    running: RunningPortal
    manifest: Manifest
    pages: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Pages by a short name: who opens them (a fiscal code, or nobody), and their address."""

    @property
    def url(self) -> str:
        return self.running.url

    def rows(self, table: type[Any], guide: str = MAIN) -> list[Any]:
        """What the database holds of a guide."""
        own = table.view_id.in_(select(View.id).where(View.guide_id == guide)) if table is Press else None
        with self.running.portal.database.session() as session:
            return list(session.exec(select(table).where(table.guide_id == guide if own is None else own)))

    @property
    def view(self) -> View:
        """The guide's one view."""
        (view,) = self.rows(View)
        return view  # type: ignore[no-any-return]

    def shown(self) -> set[str]:
        return {press.button for press in self.rows(Press) if press.shown_at}

    def pressed(self) -> set[str]:
        return {press.button for press in self.rows(Press) if press.pressed_at}

    def ratings(self) -> list[tuple[int, str]]:
        return [(rating.stars, rating.comment) for rating in self.rows(Rating)]

    def told(self) -> list[int]:
        """The answers to every event that was told."""
        lines = (line for line in self.running.lines() if line["event"] == "request")
        return [line["status"] for line in lines if line["route"].endswith("/events")]

    def button(self, id: str) -> TimedButton:
        return next(button for button in self.manifest.buttons if button.id == id)

    def forget(self) -> None:
        """As new: nobody has opened or rated the main guide."""
        with self.running.portal.database.session() as session:
            session.execute(delete(Rating).where(col(Rating.guide_id) == MAIN))
            session.execute(delete(View).where(col(View.guide_id) == MAIN))
        self.running.log.truncate(0)
        self.running.log.seek(0)


def comes_true(what: Callable[[], bool]) -> None:
    """Wait until it is true: the page sends its events in the background."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.03)


@pytest.fixture(scope="module")
def served(guide_of: Any, shared_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("portal")
    guide = guide_of("missing-documents")
    with (
        running_portal(folder / "demo", {}, demo=True, store=shared_store) as running,
        running_portal(folder / "plain", {}) as plain,
    ):
        database, store = running.portal.database, running.portal.store

        def give(person: str, id: str, guide: Guide, **more: Any) -> None:
            deliver(database, person, id=id, number=id[:8], guide=guide, store=store, **more)

        give(GIULIA, MAIN, guide)
        give(GIULIA, GONE, guide, because=SOLVED)
        give(ELISA, PATRONATO, guide_of("missing-documents", channel="patronato"))
        for number, cases in enumerate(
            (("unverified-iban",), ("missing-documents", "adult-child"), guide.outline.cases)
        ):
            other = Guide(msgspec.structs.replace(guide.outline, cases=cases), guide.segments)
            give(ANGELO, f"{number}" * 32, other, made_at=now() - timedelta(days=9 - 4 * number))
        with database.session() as session:
            session.add(Rating(guide_id="0" * 32, stars=4))
            session.add(View(id="1" * 32, guide_id="1" * 32, played_at=now()))
        pages = {
            "": (ANGELO, "/guide"),
            "none": (NOBODY, "/guide"),
            "login": ("", f"{plain.url}/login"),
            "demo-login": ("", "/login?next=/guide&ended=1"),
            "guide": (GIULIA, f"/guide/{MAIN}"),
            "text": (GIULIA, f"/guide/{MAIN}/text"),
            "gone": (GIULIA, f"/guide/{GONE}"),
            "patronato": (ELISA, f"/guide/{PATRONATO}"),
            "signed-out": ("", "/logged-out"),
            "404": (GIULIA, "/guide/nothing"),
            "500": (GIULIA, "/trial/guide/x"),
            "503": (GIULIA, "/trial/database"),
            "staff-only": (GIULIA, "/trial/staff/viewer"),
        }
        yield Portal(running, guide.manifest(), pages)


@pytest.fixture
def portal(served: Portal) -> Portal:
    """The portal as new."""
    served.forget()
    return served


class Tab:
    """A page of the browser that allows no complaint on its console."""

    def __init__(self, page: Any, portal: Portal, shots: Path) -> None:
        self.page, self.portal, self.shots = page, portal, shots
        self.complaints: list[str] = []
        page.set_default_timeout(1000 * PATIENCE_SECONDS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def come_in(self, person: str) -> None:
        """As somebody who is logged in already."""
        self._begin("citizen", fiscal_code=person)

    def come_in_as_staff(self, role: str, who: str = "anna") -> None:
        """As a member of staff who is logged in already."""
        self._begin(role, subject=who)

    def _begin(self, role: str, **person: str) -> None:
        sessions = self.portal.running.sessions
        token = sessions.begin(role, **person)
        self.page.context.add_cookies([{"name": sessions.cookie.name, "value": token, "url": self.portal.url}])

    def open(self, name: str = "guide") -> Any:
        """Open a page of the portal by its short name, as the person whose it is."""
        person, address = self.portal.pages[name]
        if person:
            self.come_in(person)
        answer = self.page.goto(address if "//" in address else self.portal.url + address)
        if answer.status >= 400:
            self.complaints.clear()  # the browser itself notes the status
        if self.page.locator("video").count():
            self.wait_for_player()
        return self.page

    def wait_for_player(self) -> None:
        self.page.wait_for_selector("video")
        if self.page.evaluate("document.documentElement.classList.contains('js')"):
            self.page.wait_for_selector(".vjs-control-bar")
            self.until(f"{VIDEO}.readyState >= 1 && {BUTTONS_READ}")

    def at(self, ms: int, play: bool = False) -> None:
        """Go to a moment; wait until the page is there."""
        self.page.evaluate(f"ms => {{ {VIDEO}.currentTime = ms / 1000 }}", ms)
        self.until(f"!{VIDEO}.seeking")
        if play:
            self.page.evaluate(f"{VIDEO}.play()")

    def until(self, expression: str) -> None:
        """Wait until JavaScript is true; the page's own policy forbids Playwright's way of doing this."""
        for _ in range(20 * PATIENCE_SECONDS):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(50)
        pytest.fail(f"never came true: {expression}")

    def now(self) -> int:
        seconds: float = self.page.evaluate(f"{VIDEO}.currentTime")
        return round(1000 * seconds)

    def playing(self) -> bool:
        return not self.page.evaluate(f"{VIDEO}.paused")

    def shot(self, name: str, full: bool = False) -> None:
        width = self.page.viewport_size["width"]
        self.page.screenshot(path=self.shots / f"{name}-{width}.png", full_page=full)

    def is_sound(self, name: str, full: bool = False) -> None:
        """A picture for the album; no axe finding, no sideways scroll, no complaint."""
        self.page.wait_for_timeout(400)  # colours of what is still fading in are no colours of ours
        self.shot(name, full)
        audit = Axe().run(self.page)
        assert audit.violations_count == 0, audit.generate_report()
        self.does_not_scroll_sideways()
        assert self.complaints == [], self.complaints

    def does_not_scroll_sideways(self) -> None:
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        for _ in range(20):  # what is still on its way in may be wider for a moment
            if self.page.evaluate(wide) <= 0:
                return
            self.page.wait_for_timeout(100)
        pytest.fail(f"{self.page.url} scrolls sideways by {self.page.evaluate(wide)} px")


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: VIDEOGUIDE_SCREENSHOTS, or the test's own folder."""
    kept = os.environ.get("VIDEOGUIDE_SCREENSHOTS")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def new_tab(chromium: Any, portal: Portal, album: Path) -> Iterator[Callable[..., Tab]]:
    """``new_tab(size, **of the browser's context)`` -> a tab that must end without complaint."""
    tabs = []

    def make(size: dict[str, int] = DESK, **options: Any) -> Tab:
        context = chromium.new_context(viewport=size, locale="it-IT", **options)
        tabs.append((context, Tab(context.new_page(), portal, album)))
        return tabs[-1][1]

    yield make
    for context, tab in tabs:
        assert tab.complaints == [], tab.complaints
        context.close()


@pytest.fixture(params=SIZES)
def tab(request: pytest.FixtureRequest, new_tab: Callable[..., Tab]) -> Tab:
    """A tab of each size."""
    return new_tab(request.param)
