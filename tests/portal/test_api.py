# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The API under the real server: described in the repository, closed like the pages, errors of one shape."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlmodel import select

from tests.support.delivered_guides import deliver
from tests.support.places import ROOT
from tests.support.portals import ELISA, GIULIA, RunningPortal, running_portal
from videoguide import settings
from videoguide.guide.guides import Guide
from videoguide.packs.campaigns import SOLVED
from videoguide.portal.answers import REFUSALS
from videoguide.portal.app import create_app
from videoguide.portal.configuration import PortalSettings
from videoguide.records.database import Press, Rating, View

DESCRIPTION = ROOT / "docs" / "openapi.json"
MINE, THEIRS, GONE = "a" * 32, "b" * 32, "c" * 32
GUIDES = "/api/v1/guides"
ALL_FIELDS = {"view": "0" * 32, "kind": "played", "value": ""}

OPERATIONS = (
    ("GET", "/api/v1/session", None),
    ("GET", GUIDES, None),
    ("GET", f"{GUIDES}/{MINE}", None),
    ("PUT", f"{GUIDES}/{MINE}/rating", {"rating": 4, "comment": "Chiara."}),
    ("POST", f"{GUIDES}/{MINE}/events", ALL_FIELDS),
)


@pytest.fixture(scope="module")
def portal(tiny_guide: Guide, shared_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    limits = {"portal_session_rate": "1000000", "portal_address_rate": "1000000"}
    with running_portal(tmp_path_factory.mktemp("api"), limits, store=shared_store) as running:
        database, store = running.portal.database, running.portal.store
        deliver(database, GIULIA, id=MINE, guide=tiny_guide, store=store)
        deliver(database, ELISA, id=THEIRS, number="2", guide=tiny_guide, store=store)
        deliver(database, GIULIA, id=GONE, number="3", guide=tiny_guide, store=store, because=SOLVED)
        yield running


@pytest.fixture
def app(portal: RunningPortal) -> Iterator[httpx2.Client]:
    """Somebody's program: logged in as Giulia, with the session's token."""
    with portal.as_citizen() as client:
        client.headers["Accept"] = "application/json"
        client.headers["X-CSRF-Token"] = client.get("/api/v1/session").json()["csrf"]
        yield client
    with portal.portal.database.session() as session:
        for table in (Press, View, Rating):
            for row in session.exec(select(table)):
                session.delete(row)


def rows(portal: RunningPortal, table: type[Any]) -> list[Any]:
    with portal.portal.database.session() as session:
        return list(session.exec(select(table)))


def is_error(answer: httpx2.Response, code: str) -> bool:
    """Whether an answer is the error with this code, in the one shape that errors have."""
    status, title, words = REFUSALS[code]
    wanted = {"error": {"code": code, "message": f"{title}. {words}"}}
    return answer.status_code == status and answer.json() == wanted


def test_its_description_is_the_one_in_the_repository(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    loaded = settings.load({}, database=f"sqlite:///{tmp_path}/portal.db", store=str(tmp_path))
    app = create_app(loaded, PortalSettings.of({}))
    app.state.portal.database.engine.dispose()
    made = json.dumps(app.openapi(), ensure_ascii=False, indent=1) + "\n"
    if request.config.getoption("--update-golden"):
        DESCRIPTION.write_text(made, encoding="utf-8")
    assert made == DESCRIPTION.read_text(encoding="utf-8"), "renew with `pytest --update-golden`, and tell who uses it"


def test_every_operation_is_described_and_tried_here(portal: RunningPortal) -> None:
    paths = httpx2.get(f"{portal.url}/api/v1/openapi.json").json()["paths"]
    paths = {path: methods for path, methods in paths.items() if path.startswith("/api/v1")}
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    tried = {(method, path.replace(MINE, "{guide}")) for method, path, _ in OPERATIONS}
    assert described == tried
    for path, methods in paths.items():
        for method, operation in methods.items():
            assert {"401", "403", "422", "429"} <= set(operation["responses"]), f"{method} {path}"
            assert operation["description"] and {"APIKeyCookie": []} in operation["security"]
            assert ({"APIKeyHeader": []} in operation["security"]) == (method != "get")


def test_my_guides_and_nobody_elses_are_listed(app: httpx2.Client, tiny_guide: Guide) -> None:
    (mine,) = app.get(GUIDES).json()["guides"]
    assert mine["id"] == MINE and mine["campaign"] == "bonus-libri" and mine["cases"] == list(tiny_guide.outline.cases)
    assert (mine["seen"], mine["rating"], mine["url"]) == (False, None, f"/guide/{MINE}")
    assert mine["made_at"].endswith("Z")


def test_a_guide_is_told_with_its_manifest_its_files_and_a_view(
    app: httpx2.Client, portal: RunningPortal, tiny_guide: Guide
) -> None:
    answer = app.get(f"{GUIDES}/{MINE}").json()
    assert answer["manifest"]["duration_ms"] == tiny_guide.duration_ms
    for name, address in answer["files"].items():
        assert app.get(address).status_code == 200, name
    (view,) = rows(portal, View)
    assert view.id == answer["view"]
    assert app.get(f"{GUIDES}/{MINE}").json()["view"] == view.id, "a program that asks again goes on with the view"


def test_a_rating_is_kept_changed_and_told(app: httpx2.Client, portal: RunningPortal) -> None:
    for stars, comment in ((2, "Troppo veloce."), (5, "<b>Ora</b> ho capito ’ \U0001f600")):
        answer = app.put(f"{GUIDES}/{MINE}/rating", json={"rating": stars, "comment": comment})
        assert (answer.status_code, answer.content) == (204, b"")
    (kept,) = rows(portal, Rating)
    assert (kept.stars, kept.comment) == (5, "<b>Ora</b> ho capito ’ \U0001f600")
    assert kept.changed_at is not None
    (listed,) = app.get(GUIDES).json()["guides"]
    assert listed["rating"] == {"rating": 5, "comment": kept.comment}


def test_events_of_a_program_count_like_those_of_the_page(
    app: httpx2.Client, portal: RunningPortal, tiny_guide: Guide
) -> None:
    view = app.get(f"{GUIDES}/{MINE}").json()["view"]
    button = tiny_guide.buttons[0].id
    link = next(iter(tiny_guide.outline.links))
    events = [("played", ""), ("reached", "25"), ("shown", button), ("pressed", button), ("followed", link)]
    for kind, value in [*events, *events]:
        answer = app.post(f"{GUIDES}/{MINE}/events", json={"view": view, "kind": kind, "value": value})
        assert (answer.status_code, answer.content) == (204, b""), kind
    (seen,) = rows(portal, View)
    assert seen.played_at and (seen.reached, seen.followed) == (25, link)
    (press,) = rows(portal, Press)
    assert press.button == button and press.shown_at and press.pressed_at
    assert app.get(GUIDES).json()["guides"][0]["seen"]


@pytest.mark.parametrize(("method", "path", "body"), OPERATIONS)
def test_every_operation_asks_who_it_is_and_for_the_token(
    method: str, path: str, body: Any, portal: RunningPortal, app: httpx2.Client
) -> None:
    address = portal.url + path
    assert is_error(httpx2.request(method, address, json=body), "not_logged_in")
    forged = {"Cookie": f"{portal.sessions.cookie.name}={'A' * 43}"}
    assert is_error(httpx2.request(method, address, json=body, headers=forged), "not_logged_in")
    ended = portal.sessions.begin("citizen", fiscal_code=GIULIA)
    portal.sessions.end(ended)
    forged = {"Cookie": f"{portal.sessions.cookie.name}={ended}"}
    assert is_error(httpx2.request(method, address, json=body, headers=forged), "not_logged_in")
    with portal.as_staff("approver") as staff:
        csrf = portal.sessions.find(staff.headers["Cookie"].partition("=")[2]).csrf  # type: ignore[union-attr]
        assert is_error(staff.request(method, path, json=body, headers={"X-CSRF-Token": csrf}), "citizens_only")
    if method != "GET":
        for wrong in ("", "x", "è"):
            answer = app.request(method, path, json=body, headers=[(b"X-CSRF-Token", wrong.encode())])
            assert is_error(answer, "form_stale"), wrong
        assert is_error(app.request(method, path, json=body, headers={"Origin": "https://example.org"}), "cross_site")
    assert rows(portal, Rating) == []


@pytest.mark.parametrize("guide", [THEIRS, GONE, "f" * 32, "x"])
@pytest.mark.parametrize(("method", "path", "body"), OPERATIONS[2:])
def test_other_guides_are_not_there(guide: str, method: str, path: str, body: Any, app: httpx2.Client) -> None:
    assert is_error(app.request(method, path.replace(MINE, guide), json=body), "not_found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        "4",
        {"rating": None},
        {"rating": 0},
        {"rating": 6},
        {"rating": -1},
        {"rating": 4.5},
        {"rating": "molto"},
        {"rating": True},
        {"rating": 10**400},
        {"comment": "bella"},
        {"rating": 4, "comment": None},
        {"rating": 4, "comment": ["a"]},
        {"rating": 4, "comment": "a" * 501},
        {"rating": 4, "stars": 5},
    ],
)
def test_a_rating_of_another_shape_is_refused(body: Any, app: httpx2.Client, portal: RunningPortal) -> None:
    assert is_error(app.put(f"{GUIDES}/{MINE}/rating", json=body), "invalid")
    assert rows(portal, Rating) == []


@pytest.mark.parametrize(
    "change",
    [
        {"view": "0" * 31},
        {"view": "f" * 32},
        {"view": None},
        {"view": "' OR 1=1 --"},
        {"kind": "opened"},
        {"kind": "deleted"},
        {"kind": ["played"]},
        {"kind": "reached", "value": "26"},
        {"kind": "reached", "value": 25},
        {"kind": "played", "value": "yes"},
        {"kind": "pressed", "value": "no-such-button"},
        {"kind": "shown", "value": ""},
        {"kind": "followed", "value": "https://example.org/"},
        {"kind": "pressed", "value": "a" * 65},
        {"fiscal_code": GIULIA},
    ],
)
def test_an_event_that_no_page_tells_is_refused(
    change: dict[str, Any], app: httpx2.Client, portal: RunningPortal
) -> None:
    view = app.get(f"{GUIDES}/{MINE}").json()["view"]
    assert is_error(app.post(f"{GUIDES}/{MINE}/events", json={**ALL_FIELDS, "view": view, **change}), "invalid")
    (kept,) = rows(portal, View)
    assert (kept.played_at, kept.reached, kept.followed, rows(portal, Press)) == (None, 0, "", [])


def test_the_view_of_another_person_cannot_be_written_to(app: httpx2.Client, portal: RunningPortal) -> None:
    with portal.as_citizen(ELISA) as other:
        theirs = other.get(f"{GUIDES}/{THEIRS}").json()["view"]
    assert is_error(app.post(f"{GUIDES}/{MINE}/events", json={**ALL_FIELDS, "view": theirs}), "invalid")
    assert [view.played_at for view in rows(portal, View)] == [None]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("application/json", b"{"),
        ("application/json", b"\xff\xfe"),
        ("application/json", b"[" * 20_000),
        ("application/json", b'{"rating": NaN}'),
        ("text/plain", b'{"rating": 4}'),
        ("application/x-www-form-urlencoded", b"rating=4"),
        ("application/xml", b"<rating>4</rating>"),
    ],
)
def test_bodies_that_are_no_json_are_refused(kind: str, content: bytes, app: httpx2.Client) -> None:
    answer = app.put(f"{GUIDES}/{MINE}/rating", content=content, headers={"Content-Type": kind})
    assert answer.status_code in (400, 422) and set(answer.json()) == {"error"}


def test_a_body_that_is_far_too_long_is_refused(app: httpx2.Client) -> None:
    assert is_error(app.put(f"{GUIDES}/{MINE}/rating", json={"rating": 4, "comment": "a" * 70_000}), "too_large")


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "POST"])
def test_what_it_does_not_offer_is_refused(method: str, app: httpx2.Client) -> None:
    answer = app.request(method, f"{GUIDES}/{MINE}/rating")
    assert is_error(answer, "method") and answer.headers["allow"] == "PUT"
    assert is_error(app.get(f"{GUIDES}/{MINE}/nothing"), "not_found")
