# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A database that is locked, read-only, full, restarted or away: guides are watched all the same, no words are lost."""

import io
import re
import resource
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import event
from sqlmodel import select

from tests.support.databases import PostgreSQL, postgresql_server, write_lock
from tests.support.delivered_guides import deliver
from tests.support.invented_guides import store_of_its_own
from tests.support.portal_processes import PortalProcess, fill, portal_process, small_disk
from tests.support.portals import GIULIA, RunningPortal, becomes, hidden, running_portal
from videoguide.errors import StoreError
from videoguide.guide.guides import Guide
from videoguide.portal import losses
from videoguide.portal.logs import Log
from videoguide.portal.metrics import Metrics
from videoguide.records.connections import PEOPLE, RUNS
from videoguide.records.database import Rating, View

MINE = "a" * 32
PAGES = [f"/guide/{MINE}", f"/guide/{MINE}/text", f"/guide/{MINE}/video.mp4", f"/guide/{MINE}/captions.vtt", "/guide"]
WORDS = "Parole mie & belle, scritte con fatica."


@pytest.fixture
def portal(tiny_guide: Guide, shared_store: Path, tmp_path: Path) -> Iterator[RunningPortal]:
    with running_portal(tmp_path, {}, store=shared_store) as running:
        deliver(running.portal.database, GIULIA, id=MINE, guide=tiny_guide, store=running.portal.store)
        yield running


@pytest.fixture
def citizen(portal: RunningPortal) -> Iterator[httpx2.Client]:
    with portal.as_citizen() as browser:
        yield browser


@pytest.fixture
def lock(portal: RunningPortal, tmp_path: Path) -> Callable[[], Any]:
    """A way to have somebody else write for a while."""
    return lambda: write_lock(tmp_path / "portal.db")


def rows(portal: RunningPortal, table: type[Any]) -> list[Any]:
    with portal.portal.database.session() as session:
        return list(session.exec(select(table)))


def not_saved(portal: RunningPortal | PortalProcess, what: str) -> float:
    """How many were lost, by the portal's own figures."""
    text = httpx2.get(f"{portal.url}/metrics").text
    count = re.search(rf'^videoguide_not_saved_total{{what="{what}"}} (\S+)$', text, re.MULTILINE)
    return float(count[1]) if count else 0


class TestLock:
    def test_every_page_comes_and_the_loss_of_views_is_counted_and_told_once(
        self, portal: RunningPortal, citizen: httpx2.Client, lock: Callable[[], Any]
    ) -> None:
        with lock():
            started = time.monotonic()
            for path in PAGES * 3:
                assert citizen.get(path).status_code in (200, 206), path
            assert time.monotonic() - started < RUNS.busy_ms / 1000, "not even the first one waited as a run does"
            assert "data-rating" in citizen.get(PAGES[0]).text and "data-events" not in citizen.get(PAGES[0]).text
        (line,) = [line for line in portal.lines() if line["event"] == "not saved"]
        assert (line["what"], line["reason"]) == ("view", "il database rifiuta: è occupato")
        assert not_saved(portal, "view") == 5 and rows(portal, View) == []

    def test_when_the_lock_is_gone_views_are_saved_again(
        self,
        portal: RunningPortal,
        citizen: httpx2.Client,
        lock: Callable[[], Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(losses, "RESPITE_SECONDS", 0)
        with lock():
            assert citizen.get(f"/api/v1/guides/{MINE}").json()["view"] == ""
        view = citizen.get(f"/api/v1/guides/{MINE}").json()["view"]
        assert [row.id for row in rows(portal, View)] == [view]

    def test_who_logs_out_is_out_of_this_browser_all_the_same(
        self, portal: RunningPortal, citizen: httpx2.Client, lock: Callable[[], Any]
    ) -> None:
        csrf = hidden(citizen.get(PAGES[0]), "csrf")
        with lock():
            answer = citizen.post("/logout", data={"csrf": csrf})
        assert answer.status_code == 503
        cleared = answer.headers["set-cookie"]
        assert f"{portal.sessions.cookie.name}=" in cleared and "Max-Age=0" in cleared

    def test_of_many_one_finds_out_whether_it_can_be_written_again(self) -> None:
        moment, tries = [0.0], []
        lost = losses.Losses(Log(io.StringIO()), Metrics(), clock=lambda: moment[0])

        def write() -> str:
            tries.append(moment[0])
            if len(tries) == 2:  # while this one tries, others do without
                assert lost.attempt("view", write, "") == ""
            if moment[0] < 20:
                raise StoreError("x", "è occupato")
            return "saved"

        assert lost.attempt("view", write, "") == "" and lost.attempt("view", write, "") == ""
        moment[0] = 6
        assert lost.attempt("view", write, "") == "" and tries == [0, 6]
        moment[0] = 20
        assert [lost.attempt("view", write, "") for _ in range(3)] == ["saved"] * 3

    def test_an_event_is_refused_for_now(
        self, portal: RunningPortal, citizen: httpx2.Client, lock: Callable[[], Any]
    ) -> None:
        view = citizen.get(f"/api/v1/guides/{MINE}").json()["view"]
        csrf = citizen.get("/api/v1/session").json()["csrf"]
        event = {"view": view, "kind": "played", "csrf": csrf}
        with lock():
            answers = [citizen.post(f"/guide/{MINE}/events", json=event) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [503] * 3
        assert not_saved(portal, "event") == 3
        assert [line["event"] for line in portal.lines()].count("not saved") == 1

    def test_a_rating_keeps_what_was_typed_and_can_be_sent_again(
        self, portal: RunningPortal, citizen: httpx2.Client, lock: Callable[[], Any]
    ) -> None:
        fields = {"csrf": hidden(citizen.get(PAGES[0]), "csrf"), "rating": "2", "comment": WORDS}
        with lock():
            answer = citizen.post(f"/guide/{MINE}/rating", data=fields)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
        assert "non è ancora salvata" in answer.text and "di nuovo tra qualche minuto" in answer.text
        assert "Parole mie &amp; belle, scritte con fatica.</textarea>" in answer.text
        assert 'value="2" required checked' in answer.text and f'action="/guide/{MINE}/rating"' in answer.text
        assert "Invia la valutazione</button>" in answer.text and rows(portal, Rating) == []
        again = citizen.post(f"/guide/{MINE}/rating", data={**fields, "csrf": hidden(answer, "csrf")})
        assert again.status_code == 303
        assert [(row.stars, row.comment) for row in rows(portal, Rating)] == [(2, WORDS)]

    def test_a_program_gets_its_refusal_in_its_own_form(self, citizen: httpx2.Client, lock: Callable[[], Any]) -> None:
        csrf = citizen.get("/api/v1/session").json()["csrf"]
        json_of_a_page = {"Accept": "application/json"}
        with lock():
            form = citizen.post(f"/guide/{MINE}/rating", data={"csrf": csrf, "rating": "2"}, headers=json_of_a_page)
            api = citizen.put(f"/api/v1/guides/{MINE}/rating", json={"rating": 2}, headers={"X-CSRF-Token": csrf})
        for answer in (form, api):
            assert answer.status_code == 503 and answer.json()["error"]["code"] == "unavailable"
            assert answer.headers["retry-after"] == "60"

    def test_readiness_tells_staff_what_does_not_work(self, portal: RunningPortal, lock: Callable[[], Any]) -> None:
        with lock():
            answer = becomes(portal.url, {"status": "reduced"})
            assert answer.status_code == 200
            (problem,) = answer.json()["problems"]
            assert problem.startswith("Il database rifiuta: è occupato. Le guide si vedono")
        assert becomes(portal.url, {"status": "ok"}).json() == {"status": "ok", "database": True, "store": True}


def test_a_database_that_is_read_only_shows_its_guides(portal: RunningPortal, citizen: httpx2.Client) -> None:
    database = portal.portal.database

    def protect(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA query_only = ON")

    database.engine.dispose()
    event.listen(database.engine, "connect", protect)
    for path in PAGES:
        assert citizen.get(path).status_code in (200, 206), path
    (line,) = [line for line in portal.lines() if line["event"] == "not saved"]
    assert line["reason"] == "il database rifiuta: è in sola lettura"
    assert "sola lettura" in becomes(portal.url, {"status": "reduced"}).json()["problems"][0]


@pytest.mark.slow
class TestFullDisk:
    def test_guides_are_watched_readiness_tells_and_all_is_well_once_there_is_room(
        self, tiny_guide: Guide, shared_store: Path, tmp_path: Path
    ) -> None:
        with small_disk(tmp_path / "disk", 8) as disk:
            shutil.copytree(shared_store, disk / "store")
            with portal_process(disk, tiny_guide, store=disk / "store") as portal, portal.citizen() as citizen:
                csrf = hidden(citizen.get(PAGES[0]), "csrf")
                assert httpx2.get(f"{portal.url}/readyz").json()["status"] in ("ok", "reduced")
                ballast = fill(disk)
                self.is_read_only(portal, citizen, csrf, "lo spazio sul disco è finito")
                assert any("magazzino" in words for words in httpx2.get(f"{portal.url}/readyz").json()["problems"])
                ballast.unlink()
                self.is_whole_again(portal, citizen, csrf)

    def test_the_same_where_no_file_may_grow(self, tiny_guide: Guide, shared_store: Path, tmp_path: Path) -> None:
        """As with a quota; it needs no file system of its own."""
        store = store_of_its_own(tmp_path / "store", shared_store)
        with portal_process(tmp_path, tiny_guide, store=store) as portal, portal.citizen() as citizen:
            csrf = hidden(citizen.get(PAGES[0]), "csrf")
            unlimited = resource.RLIM_INFINITY
            resource.prlimit(portal.process.pid, resource.RLIMIT_FSIZE, (1, unlimited))
            self.is_read_only(portal, citizen, csrf, "")
            resource.prlimit(portal.process.pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
            self.is_whole_again(portal, citizen, csrf)

    def is_read_only(self, portal: PortalProcess, citizen: httpx2.Client, csrf: str, why: str) -> None:
        for path in PAGES:
            assert citizen.get(path).status_code in (200, 206), path
        unsaved = citizen.post(f"/guide/{MINE}/rating", data={"csrf": csrf, "rating": "2", "comment": "Mie."})
        assert unsaved.status_code == 503 and "Mie.</textarea>" in unsaved.text
        answer = becomes(portal.url, {"status": "reduced"})
        assert answer.status_code == 200 and why in answer.json()["problems"][0]
        assert httpx2.get(f"{portal.url}/healthz").json() == {"status": "ok"}

    def is_whole_again(self, portal: PortalProcess, citizen: httpx2.Client, csrf: str) -> None:
        becomes(portal.url, {"status": "ok"})
        fields = {"csrf": csrf, "rating": "2", "comment": "Mie."}
        assert citizen.post(f"/guide/{MINE}/rating", data=fields).status_code == 303


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with postgresql_server() as server:
        yield server


@pytest.mark.slow
@pytest.mark.xdist_group("databases")
class TestPostgreSQL:
    @pytest.fixture
    def portal(
        self, server: PostgreSQL, tiny_guide: Guide, shared_store: Path, tmp_path: Path
    ) -> Iterator[RunningPortal]:
        rates = {"portal_session_rate": "100000", "portal_address_rate": "100000"}
        with running_portal(tmp_path, rates, store=shared_store, database=server()) as running:
            deliver(running.portal.database, GIULIA, id=MINE, guide=tiny_guide, store=running.portal.store)
            yield running

    @pytest.mark.parametrize("mode", ["fast", "immediate"])
    def test_nobody_who_reads_notices_a_restart(self, portal: RunningPortal, server: PostgreSQL, mode: str) -> None:
        token = portal.sessions.begin("citizen", fiscal_code=GIULIA)
        over = threading.Event()

        def read(path: str) -> list[int]:
            statuses = []
            with portal.as_browser_of(token) as browser:
                while not over.is_set():
                    statuses.append(browser.get(path).status_code)
            return statuses

        with ThreadPoolExecutor(10) as pool:
            readers = [pool.submit(read, path) for path in PAGES * 2]
            time.sleep(0.5)
            try:
                server.restart(mode)
                time.sleep(0.5)
            finally:
                over.set()
            statuses = [status for reader in readers for status in reader.result(60)]
        assert len(statuses) > 20 and set(statuses) <= {200, 206}
        assert [line for line in portal.lines() if line["event"] not in ("request", "server")] == []

    def test_while_it_is_away_people_are_told_to_come_back_and_keep_their_words(
        self, portal: RunningPortal, server: PostgreSQL
    ) -> None:
        with portal.as_citizen() as citizen:
            fields = {"csrf": hidden(citizen.get(PAGES[0]), "csrf"), "rating": "2", "comment": WORDS}
            server.stop("immediate")
            try:
                started = time.monotonic()
                page = citizen.get(PAGES[0])
                assert time.monotonic() - started >= PEOPLE.away_seconds - 1, "a restart would have been bridged"
                assert (page.status_code, page.headers["retry-after"]) == (503, "60") and "in pausa" in page.text
                unsaved = citizen.post(f"/guide/{MINE}/rating", data=fields)
                assert unsaved.status_code == 503 and "scritte con fatica.</textarea>" in unsaved.text
                assert 'value="2" required checked' in unsaved.text
                assert [citizen.get("/guide").status_code for _ in range(20)] == [503] * 20
                answer = becomes(portal.url, {"status": "unavailable"})
                assert answer.status_code == 503
                assert answer.json()["problems"] == ["Il database non risponde."]
                assert httpx2.get(f"{portal.url}/healthz").status_code == 200
                errors = [line for line in portal.lines() if line["event"] == "unexpected"]
                assert len(errors) <= 4, "not a line for each request"
            finally:
                server.start()
            assert citizen.get(PAGES[0]).status_code == 200
            becomes(portal.url, {"status": "ok"})
            assert citizen.post(f"/guide/{MINE}/rating", data=fields).status_code == 303
