# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What is there for those who keep the portal running, and for those who find a fault in it."""

import asyncio
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.portals import RunningPortal, becomes, raw, running_portal
from videoguide.errors import InputError
from videoguide.portal.configuration import PortalSettings
from videoguide.portal.readiness import Health, Readiness
from videoguide.portal.service import security_contacts


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with running_portal(tmp_path_factory.mktemp("portal"), {"portal_address_rate": "100000"}) as running:
        yield running


def test_health_is_told_and_readiness_looks_at_the_database_and_the_store(tmp_path: Path) -> None:
    with running_portal(tmp_path, {}) as portal:
        assert httpx2.get(f"{portal.url}/healthz").json() == {"status": "ok"}
        ready = httpx2.get(f"{portal.url}/readyz")
        assert ready.status_code == 200 and ready.json() == {"status": "ok", "database": True, "store": True}
        shutil.rmtree(tmp_path / "store")
        ready = becomes(portal.url, {"status": "unavailable", "database": True, "store": False})
        assert ready.status_code == 503
        assert ready.json()["problems"] == [
            "Il magazzino delle scene non si può leggere: il file o la cartella non esiste."
        ]
        (tmp_path / "store").mkdir()
        with portal.portal.database.session() as session:
            session.connection().exec_driver_sql("DROP TABLE sessions")
        becomes(portal.url, {"database": False, "store": True})
        with portal.as_browser_of("A" * 43) as browser:
            answer = browser.get("/trial/citizen")
            assert answer.status_code == 503 and "in pausa" in answer.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_answered_whatever_they_call_the_portal_and_nothing_else_is(
    portal: RunningPortal, path: str
) -> None:
    for host in ("10.0.3.17:8000", "[fd00::17]:8000", "pod-7.internal"):
        for method in ("GET", "HEAD"):
            assert httpx2.request(method, portal.url + path, headers={"Host": host}).status_code == 200
        assert httpx2.get(f"{portal.url}/login", headers={"Host": host}).status_code == 400
        assert httpx2.get(f"{portal.url}{path}/..%2Flogin", headers={"Host": host}).status_code == 400
    assert raw(portal, f"GET {path} HTTP/1.0\r\n\r\n".encode()).startswith(b"HTTP/1.1 200"), "without any name"


def test_however_many_ask_for_readiness_somebody_looks_once() -> None:
    looks = 0

    def look() -> Health:
        nonlocal looks
        looks += 1
        time.sleep(0.1)
        return Health(database=True, store=True)

    async def ask() -> None:
        readiness = Readiness(look, lasts_seconds=3600)
        impatient = asyncio.create_task(readiness.health())
        await asyncio.sleep(0.02)
        impatient.cancel()
        answers = await asyncio.gather(*(readiness.health() for _ in range(500)))
        assert {answer.status for answer in answers} == {"ok"} and looks == 1, "one who hangs up changes nothing"
        await Readiness(look, lasts_seconds=0).health()
        assert looks == 2

    with ThreadPoolExecutor(1) as thread:  # this one may hold a browser's loop
        thread.submit(asyncio.run, ask()).result()


def test_metrics_are_prometheus_text_with_bounded_labels(portal: RunningPortal) -> None:
    for n in range(30):
        httpx2.get(f"{portal.url}/nothing/{n}")
        httpx2.get(f"{portal.url}/api/trial/{n}")
    families = {
        family.name: family for family in text_string_to_metric_families(httpx2.get(f"{portal.url}/metrics").text)
    }
    routes = {sample.labels["route"] for sample in families["videoguide_requests"].samples}
    assert "/api/trial/{number}" in routes and "(none)" in routes and not [route for route in routes if "/29" in route]
    assert families["videoguide_request_seconds"].type == "histogram"


@pytest.mark.parametrize(("readers", "near", "far"), [("loopback", 200, 404), ("all", 200, 200), ("off", 404, 404)])
def test_metrics_are_shown_to_those_whom_the_setting_allows(tmp_path: Path, readers: str, near: int, far: int) -> None:
    with running_portal(tmp_path, {"portal_metrics": readers}) as portal:
        assert httpx2.get(f"{portal.url}/metrics").status_code == near
        forwarded = {"X-Forwarded-For": "198.51.100.7"}
        assert httpx2.get(f"{portal.url}/metrics", headers=forwarded).status_code == far
        assert httpx2.get(f"{portal.url}/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == far


def fields(text: str) -> dict[str, list[str]]:
    """The fields of a security.txt, each with its values in order."""
    values: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, separator, value = line.partition(": ")
        assert separator and value == value.strip(), line
        values.setdefault(name, []).append(value)
    return values


def test_who_finds_a_weakness_is_told_whom_to_tell(portal: RunningPortal) -> None:
    answer = httpx2.get(f"{portal.url}/.well-known/security.txt")
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/plain; charset=utf-8"
    contacts_file = fields(answer.text)
    (expires,) = contacts_file.pop("Expires")
    assert timedelta(days=30) < datetime.fromisoformat(expires) - datetime.now(UTC) < timedelta(days=365)
    assert contacts_file == {
        "Contact": ["https://github.com/videoguide/videoguide/security/advisories/new"],
        "Preferred-Languages": ["it, en"],
        "Canonical": [f"{portal.url}/.well-known/security.txt"],
        "Policy": ["https://github.com/videoguide/videoguide/blob/main/SECURITY.md"],
    }
    head = httpx2.head(f"{portal.url}/.well-known/security.txt")
    assert head.status_code == 200 and head.content == b""


@pytest.mark.parametrize("year", [2024, 2025, 2999])
def test_it_never_expires_in_the_past_and_names_contacts_in_order_of_preference(year: int) -> None:
    contacts = "mailto:sicurezza@istituto.example tel:+39-06-0000 https://istituto.example/segnala"
    rules = PortalSettings.of({"portal_url": "https://guide.example/", "portal_contact": contacts})
    moment = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    contacts_file = fields(security_contacts(rules, moment))
    assert moment < datetime.fromisoformat(contacts_file["Expires"][0]) < moment + timedelta(days=365)
    assert contacts_file["Contact"] == contacts.split()
    assert contacts_file["Canonical"] == ["https://guide.example/.well-known/security.txt"]


@pytest.mark.parametrize(
    "contact", ["sicurezza@istituto.example", "http://istituto.example", "javascript:alert(1)", "mailto:", "tel:à"]
)
def test_a_contact_that_is_no_address_is_refused(contact: str) -> None:
    with pytest.raises(InputError, match="portal_contact"):
        PortalSettings.of({"portal_contact": contact})
