# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The demonstration, where anybody logs in as anybody: on a database of its own, and for this machine alone."""

import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.support.invented_guides import PackCopy, command, environment, small
from tests.support.portals import hidden, running_portal
from tests.support.tiny_runs import approve, extract
from videoguide.errors import InputError
from videoguide.portal.app import create_app
from videoguide.portal.configuration import PortalSettings
from videoguide.records import installation, versions
from videoguide.records.database import Database
from videoguide.runs.pipeline import render_samples
from videoguide.settings import DEMO_PLACES, load, load_demo

REAL = "questo database è vero, non di prova"


class TestDatabase:
    def test_a_database_that_is_in_use_is_refused_and_stays_as_it_is(self, tmp_path: Path, tiny_copy: PackCopy) -> None:
        """A changed pack is approved by nobody, and no version comes into use."""
        settings = small(
            tmp_path / "store", database=f"sqlite:///{tmp_path / 'x.db'}", scenes=str(tiny_copy.folder.parent)
        )
        version = approve(settings, tiny_copy.load())
        tiny_copy.change("catalogue.toml", "[", "\n[")
        extract(tiny_copy.folder / "sample.csv", {})
        for begin in (
            lambda: create_app(settings, PortalSettings.of({}, demo=True), demo=True),
            lambda: render_samples(settings),
        ):
            with pytest.raises(InputError, match=REAL) as caught:
                begin()
            assert "\n" not in caught.value.message
        with Database(settings.database) as database:
            (seen,) = versions.versions_of(database, "bonus-libri")
            assert (seen.version, seen.state, installation.identity(database).is_demo) == (version, "approved", False)

    def test_its_own_database_is_used_again_and_by_nothing_real(self, tmp_path: Path) -> None:
        for _ in range(2):
            with running_portal(tmp_path, {}, demo=True) as portal, portal.browser() as browser:
                page = browser.get("/staff/login")
                browser.post("/demo/login", data={"csrf": hidden(page, "csrf"), "person": "approver"})
                assert browser.get("/trial/staff/approver").status_code == 200
        with pytest.raises(InputError, match="di una dimostrazione: si apre solo con serve --demo"):
            create_app(portal.portal.settings, PortalSettings.of({}))

    def test_without_a_choice_it_has_its_own_database_and_store(self) -> None:
        real, demo = load({}), load_demo({})
        assert (demo.database, str(demo.store)) == (DEMO_PLACES["database"], DEMO_PLACES["store"])
        assert demo.database != real.database and demo.store != real.store
        chosen = load_demo({"VIDEOGUIDE_DATABASE": "sqlite:///tour.db"})
        assert (chosen.database, chosen.store) == ("sqlite:///tour.db", real.store)
        assert load_demo({}, store="x").database == real.database

    @pytest.mark.slow
    def test_the_command_says_so_in_one_line(self, tmp_path: Path, tiny_copy: PackCopy) -> None:
        scenes, address = str(tiny_copy.folder.parent), f"sqlite:///{tmp_path / 'x.db'}"
        approve(small(tmp_path / "store", database=address, scenes=scenes), tiny_copy.load())
        done = subprocess.run(
            command("serve", "--demo"),
            env=environment(tmp_path / "store", VIDEOGUIDE_DATABASE=address, VIDEOGUIDE_SCENES=scenes),
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1) and REAL in done.stderr


class TestNeighbours:
    @pytest.mark.parametrize(
        "headers",
        [
            {"X-Forwarded-For": "203.0.113.9"},
            {"X-Forwarded-Proto": "https"},
            {"x-forwarded-host": "guide.example.org"},
            {"Forwarded": "for=203.0.113.9"},
            {"Via": "1.1 proxy"},
            {"X-Real-IP": "203.0.113.9"},
        ],
    )
    def test_what_a_proxy_passes_on_is_refused(self, tmp_path: Path, headers: dict[str, str]) -> None:
        with running_portal(tmp_path, {}, demo=True) as portal, portal.browser() as browser:
            answer = browser.get("/login", headers=headers)
            assert answer.status_code == 403 and "solo da questa macchina" in answer.text
            assert browser.post("/demo/login", headers=headers).status_code == 403
            assert browser.get("/login").status_code == 200

    def test_a_real_portal_stands_behind_a_proxy(self, tmp_path: Path) -> None:
        with running_portal(tmp_path, {}) as portal, portal.browser() as browser:
            headers = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "Via": "1.1 proxy"}
            assert browser.get("/login", headers=headers).status_code == 200


class TestChangingSides:
    def come_in(self, browser: httpx2.Client, way_in: str, person: str) -> httpx2.Response:
        return browser.post("/demo/login", data={"csrf": hidden(browser.get(way_in), "csrf"), "person": person})

    def test_who_is_in_as_a_citizen_comes_in_as_staff_and_back(self, tmp_path: Path) -> None:
        with running_portal(tmp_path, {}, demo=True) as portal, portal.browser() as browser:
            for way_in, person, page, others in (
                ("/login", "0", "/trial/citizen", "/trial/staff/viewer"),
                ("/staff/login", "approver", "/trial/staff/approver", "/trial/citizen"),
                ("/staff/login", "viewer", "/trial/staff/viewer", "/trial/citizen"),
                ("/login", "1", "/trial/citizen", "/trial/staff/viewer"),
            ):
                answer = self.come_in(browser, way_in, person)
                assert answer.status_code == 303, answer.text
                assert (browser.get(page).status_code, browser.get(others).status_code) == (200, 403)

    def test_the_session_before_has_ended(self, tmp_path: Path) -> None:
        with running_portal(tmp_path, {}, demo=True) as portal, portal.browser() as browser:
            self.come_in(browser, "/login", "0")
            before = browser.cookies[portal.sessions.cookie.name]
            self.come_in(browser, "/staff/login", "viewer")
            assert portal.sessions.find(before) is None

    def test_a_form_of_another_browser_does_not_change_who_is_in(self, tmp_path: Path) -> None:
        with running_portal(tmp_path, {}, demo=True) as portal, portal.browser() as browser, portal.browser() as other:
            self.come_in(browser, "/login", "0")
            theirs = hidden(other.get("/staff/login"), "csrf")
            browser.get("/staff/login")
            assert browser.post("/demo/login", data={"csrf": theirs, "person": "approver"}).status_code == 403
            assert browser.get("/trial/citizen").status_code == 200
