# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What guards the portal: headers on every answer, limits, other sites' forms, logs without persons."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.portals import GIULIA, RunningPortal, raw, running_portal
from videoguide.portal.answers import REFUSALS
from videoguide.portal.configuration import PortalSettings
from videoguide.portal.logs import Log, error_fields
from videoguide.portal.security import Buckets, SecureHeaders, content_policy, host_name, same_token

ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}
EVERY_WAY = {
    200: ("GET", "/healthz", {}),
    303: ("GET", "/trial/citizen", {}),
    400: ("GET", "/login", {"Host": "evil.example"}),
    401: ("GET", "/trial/citizen", {"Accept": "application/json"}),
    403: ("POST", "/trial/open", {"Origin": "https://evil.example"}),
    404: ("GET", "/nothing", {}),
    405: ("DELETE", "/healthz", {}),
    413: ("POST", "/trial/open", {}),
    422: ("GET", "/api/trial/word", {}),
    500: ("GET", "/trial/guide/abc", {}),
    503: ("GET", "/trial/database", {}),
}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    values = {"portal_session_rate": "1000", "portal_address_rate": "100000"}
    with running_portal(tmp_path_factory.mktemp("portal"), values) as running:
        yield running


@pytest.fixture
def citizen(portal: RunningPortal) -> Iterator[httpx2.Client]:
    with portal.as_citizen() as browser:
        yield browser


def ask(portal: RunningPortal, status: int, accept: str) -> httpx2.Response:
    """A request that is answered with that status."""
    method, path, headers = EVERY_WAY[status]
    content = b"a" * 70_000 if status == 413 else None
    return httpx2.request(method, portal.url + path, headers={"Accept": accept, **headers}, content=content)


@pytest.mark.parametrize("status", EVERY_WAY)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_every_answer_carries_the_headers_whatever_its_status(portal: RunningPortal, status: int, accept: str) -> None:
    answer = ask(portal, status, accept)
    assert answer.status_code == status or (status == 303 and accept != "text/html")
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';") and "unsafe" not in policy
    assert "base-uri 'none'" in policy and "frame-ancestors 'none'" in policy and "form-action 'self'" in policy
    assert "strict-transport-security" not in answer.headers and "server" not in answer.headers
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])


@pytest.mark.parametrize("status", [status for status in EVERY_WAY if status >= 400])
def test_errors_are_a_page_for_people_and_one_shape_for_programs(portal: RunningPortal, status: int) -> None:
    error = ask(portal, status, "application/json").json()
    assert error.keys() == {"error"} and error["error"].keys() == {"code", "message"}
    assert REFUSALS[error["error"]["code"]].status == status
    if status not in (401, 422):
        page = ask(portal, status, "text/html")
        title = REFUSALS[error["error"]["code"]].title
        assert page.status_code == status and f"<h1>{title}</h1>" in page.text and 'lang="it"' in page.text
        assert "evil.example" not in page.text and "KeyError" not in page.text and "registro" not in page.text


def test_who_meets_another_persons_work_reads_when_to_come_back(portal: RunningPortal) -> None:
    page = httpx2.get(f"{portal.url}/trial/busy", headers={"Accept": "text/html"})
    assert page.status_code == 503 and page.headers["retry-after"] == "60"
    assert f"<h1>{REFUSALS['busy'].title}</h1>" in page.text and "bonus-libri" not in page.text
    answer = httpx2.get(f"{portal.url}/trial/busy", headers={"Accept": "application/json"})
    assert answer.status_code == 503 and answer.headers["retry-after"] == "60"
    assert answer.json()["error"]["code"] == "busy"
    assert not [line for line in portal.lines() if line.get("route") == "/trial/busy" and line["event"] == "unexpected"]


def test_below_api_errors_are_json_even_for_browsers(portal: RunningPortal) -> None:
    for path in ("/api/nothing", "/api/v1/none/of/these", "/api/trial/word"):
        answer = httpx2.get(portal.url + path, headers={"Accept": "text/html"})
        assert answer.json()["error"]["code"] in ("not_found", "invalid")


def test_what_was_sent_is_never_repeated(portal: RunningPortal) -> None:
    for path in (f"/api/trial/{GIULIA}", f"/nothing/{GIULIA}?x={GIULIA}", "/<script>alert(1)</script>"):
        answer = httpx2.get(portal.url + path, headers={"Accept": "text/html"})
        assert GIULIA not in answer.text and "alert(1)" not in answer.text


def test_behind_tls_the_browser_is_told_to_stay_there_and_cookies_are_bound_to_the_host(tmp_path: Path) -> None:
    values = {"portal_url": "https://guide.example", "portal_frames": "self https://my.example"}
    with running_portal(tmp_path, values) as portal:
        assert httpx2.get(f"{portal.url}/login").status_code == 400, "only by its public name"
        answer = httpx2.get(f"{portal.url}/healthz", headers={"Host": "guide.example"})
        assert answer.headers["strict-transport-security"].startswith("max-age=63072000")
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'self' https://my.example" in policy and "upgrade-insecure-requests" in policy
        assert "x-frame-options" not in answer.headers
        cookie = portal.sessions.cookie
        assert cookie.name == "__Host-videoguide" and portal.sessions.way_in_cookie.name == "__Host-videoguide-login"
        named = {
            "Host": "guide.example",
            "Cookie": f"{cookie.name}={portal.sessions.begin('citizen', fiscal_code=GIULIA)}",
        }
        page = httpx2.get(f"{portal.url}/trial/citizen", headers=named)
        out = {**named, "Origin": "https://guide.example", "X-CSRF-Token": page.json()["csrf"]}
        answer = httpx2.post(f"{portal.url}/logout", headers=out)
        assert answer.status_code == 303 and "Secure" in answer.headers["set-cookie"]
        plain = {**named, "Cookie": named["Cookie"].removeprefix("__Host-")}
        assert httpx2.get(f"{portal.url}/trial/citizen", headers=plain).status_code == 401


def test_frames_may_be_allowed_to_ourselves_alone() -> None:
    rules = PortalSettings.of({"portal_frames": "self"})
    assert SecureHeaders(None, rules, tuple).headers()["X-Frame-Options"] == "SAMEORIGIN"  # type: ignore[arg-type]
    assert "frame-ancestors 'self'" in content_policy(rules.frames, (), secure=False)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "evil.example:80",
        "",
        "[::1",
        "localhost:x",
        "è",
    ],
)
def test_other_host_names_are_refused(portal: RunningPortal, host: str) -> None:
    answer = raw(portal, f"GET /login HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400") and b"evil.example" not in answer


def test_forwarded_names_and_second_hosts_change_nothing(portal: RunningPortal) -> None:
    answer = httpx2.get(
        f"{portal.url}/trial/citizen", headers={"Accept": "text/html", "X-Forwarded-Host": "evil.example"}
    )
    assert answer.status_code == 303 and answer.headers["location"].startswith("/login")
    two = b"GET /login HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert raw(portal, two).startswith(b"HTTP/1.1 400")
    assert raw(portal, b"GET /login HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    ("given", "name"),
    [("Guide.Example:443", "guide.example"), ("[::1]:80", "::1"), ("[::1]", "::1"), ("a:b", ""), ("", ""), ("a", "a")],
)
def test_a_hosts_name_is_read_without_its_port(given: str, name: str) -> None:
    assert host_name(given) == name


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "BREW", "A" * 500])
def test_unknown_methods_are_refused_and_counted_as_one(portal: RunningPortal, method: str) -> None:
    answer = raw(portal, f"{method} /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert answer.split()[1] in (b"405", b"400")
    assert f'method="{method}"' not in httpx2.get(f"{portal.url}/metrics").text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "nonsense"},
    ],
)
def test_what_another_site_sends_is_refused_even_with_the_right_token(
    citizen: httpx2.Client, headers: dict[str, str]
) -> None:
    csrf = citizen.get("/trial/citizen").json()["csrf"]
    answer = citizen.post("/trial/form", data={"csrf": csrf}, headers=headers)
    assert answer.status_code == 403 and "da un altro sito" in answer.text


def test_what_our_own_pages_send_is_taken_with_the_token_in_any_of_three_places(
    citizen: httpx2.Client, portal: RunningPortal
) -> None:
    csrf = citizen.get("/trial/citizen").json()["csrf"]
    ours = {"Origin": portal.url, "Sec-Fetch-Site": "same-origin"}
    assert citizen.post("/trial/form", data={"csrf": csrf, "word": "sì"}, headers=ours).json() == {"word": "sì"}
    parts = {"csrf": (None, csrf), "word": (None, "sì")}
    assert citizen.post("/trial/form", files=parts, headers=ours).json() == {"word": "sì"}
    answer = citizen.post("/trial/form", data={"word": "sì"}, headers={**ours, "X-CSRF-Token": csrf})
    assert answer.json() == {"word": "sì"}
    assert citizen.post("/api/trial", json={"csrf": csrf, "a": 1}, headers=ours).json()["a"] == 1


@pytest.mark.parametrize("csrf", ["", "A" * 43, "è", None, "wrong"])
def test_a_missing_or_wrong_token_is_refused(citizen: httpx2.Client, csrf: str | None) -> None:
    assert citizen.post("/trial/form", data={} if csrf is None else {"csrf": csrf}).status_code == 403
    assert citizen.post("/api/trial", json={"csrf": csrf}).json()["error"]["code"] == "form_stale"
    if csrf and csrf.isascii():
        assert citizen.post("/trial/form", headers={"X-CSRF-Token": csrf}).status_code == 403


def test_the_token_of_another_session_is_refused(citizen: httpx2.Client, portal: RunningPortal) -> None:
    with portal.as_citizen() as other:
        csrf = other.get("/trial/citizen").json()["csrf"]
    assert citizen.post("/trial/form", data={"csrf": csrf}).status_code == 403


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        *(("application/json", body) for body in (b"", b"{", b"[]", b"7", b'{"csrf": 7}', b"\xff", b"[" * 50_000)),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n"),
        ("application/x-www-form-urlencoded", b"csrf=%ff&csrf=&" + b"a=b&" * 3000),
        ("text/plain", b"csrf=1"),
        ("", b"\x00" * 100),
    ],
)
def test_bodies_that_are_nothing_are_refused_and_break_nothing(citizen: httpx2.Client, kind: str, body: bytes) -> None:
    for path in ("/trial/form", "/api/trial", "/trial/open"):
        answer = citizen.post(path, content=body, headers={"Content-Type": kind} if kind else {})
        assert 400 <= answer.status_code < 500, path


def test_an_empty_token_is_never_right() -> None:
    assert not same_token("", "") and not same_token("a", "") and same_token("a", "a") and not same_token("\ud800", "a")


def test_a_body_that_says_it_is_too_long_is_refused_before_it_is_read(portal: RunningPortal) -> None:
    head = b"POST /trial/open HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nContent-Length: %d\r\n\r\n"
    for length in (1_000_001, 10**12, 10**30):
        answer = raw(portal, head % length)
        assert answer.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400")), answer[:100]
    assert raw(portal, head % 1_000_001).startswith(b"HTTP/1.1 413")
    assert httpx2.post(f"{portal.url}/trial/open", content=b"a" * 64_001).status_code == 413
    assert httpx2.post(f"{portal.url}/trial/open", content=b"a" * 64_000).json() == {"bytes": 64_000}
    assert raw(portal, b"POST /trial/open HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n")[9:12] == b"400"


def test_a_body_that_does_not_say_how_long_it_is_is_read_no_further_than_the_limit(portal: RunningPortal) -> None:
    sent = 0

    def parts() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(2000):
            sent += 10_000
            yield b"a" * 10_000

    try:
        answer = httpx2.post(f"{portal.url}/trial/open", content=parts(), headers={"Accept": "application/json"})
        assert answer.status_code == 413 and answer.json()["error"]["code"] == "too_large"
        assert answer.headers["x-content-type-options"] == "nosniff"
    except httpx2.NetworkError:
        pass  # the server hung up while the rest was still coming: as good
    assert sent < 20_000_000


def test_a_flood_from_one_session_is_slowed_down_and_others_are_not(tmp_path: Path) -> None:
    values = {"portal_session_rate": "2", "portal_address_rate": "100000"}
    with running_portal(tmp_path, values) as portal, portal.as_citizen() as flooding, portal.as_citizen() as calm:
        answers = [flooding.get("/api/nothing") for _ in range(60)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert 40 <= len(refused) <= 50 and [answer.status_code for answer in answers[:10]] == [404] * 10
        assert refused[-1].headers["retry-after"] == "1" and refused[-1].json()["error"]["code"] == "too_many"
        assert calm.get("/trial/citizen").status_code == 200
        assert flooding.get("/static/x/y").status_code == 404, "what a page needs is not counted with it"


def test_a_flood_from_one_address_is_slowed_down(tmp_path: Path) -> None:
    with running_portal(tmp_path, {"portal_address_rate": "4"}) as portal, portal.browser() as client:
        answers = [client.get("/nothing") for _ in range(60)]
        assert sum(answer.status_code == 429 for answer in answers) >= 10
        behind = [client.get("/nothing", headers={"X-Forwarded-For": f"198.51.100.{n}"}) for n in range(30)]
        assert {answer.status_code for answer in behind} == {404}, "behind our proxy each has an address of its own"


def test_logins_have_a_limit_of_their_own(tmp_path: Path) -> None:
    with running_portal(tmp_path, {"portal_login_rate": "1"}, demo=True) as portal, portal.browser() as client:
        assert [client.get("/login").status_code for _ in range(12)].count(429) >= 1
        assert client.get("/healthz").status_code == 200


def test_buckets_fill_again_and_forget_the_longest_unused() -> None:
    moment = 0.0
    buckets = Buckets(2, 4, most=3, clock=lambda: moment)
    assert [buckets.take("a") for _ in range(5)] == [0, 0, 0, 0, 1]
    moment += 0.5
    assert [buckets.take("a") for _ in range(2)] == [0, 1]
    moment += 1000
    assert [buckets.take("a") for _ in range(5)].count(0) == 4, "never more than the burst"
    for n in range(1000):
        buckets.take(f"key-{n}")
    assert len(buckets) == 3
    assert Buckets(0.1, 1, clock=lambda: 0.0).take("a") == 0


def test_the_wait_is_told_in_whole_seconds() -> None:
    buckets = Buckets(0.1, 1, clock=lambda: 0.0)
    buckets.take("a")
    assert buckets.take("a") == 10


def test_the_log_tells_routes_and_never_what_was_asked(portal: RunningPortal) -> None:
    secret = "0123456789abcdef0123"
    headers = {"Cookie": f"videoguide={secret}", "User-Agent": secret, "Referer": f"http://localhost/{secret}"}
    httpx2.get(f"{portal.url}/trial/guide/{secret}?name={secret}", headers=headers)
    httpx2.get(f"{portal.url}/{secret}", headers=headers)
    httpx2.get(f"{portal.url}/static/{secret}.css", headers=headers)
    httpx2.get(f"{portal.url}/healthz")  # a line is written just after its answer
    lines = portal.lines()
    assert secret not in json.dumps(lines) and GIULIA not in json.dumps(lines)
    requests = [line for line in lines if line["event"] == "request"]
    assert all({"time", "method", "route", "status", "ms", "request"} == line.keys() - {"event"} for line in requests)
    routes = [line["route"] for line in requests]
    assert "/trial/guide/{guide_id}" in routes and "(none)" in routes and "/static" in routes


def test_an_unexpected_error_is_logged_by_type_and_place_alone(portal: RunningPortal) -> None:
    answer = httpx2.get(f"{portal.url}/trial/guide/abc", headers={"Accept": "application/json"})
    line = next(line for line in portal.lines() if line["event"] == "unexpected" and line["type"] == "KeyError")
    assert answer.status_code == 500 and set(line) == {"time", "event", "type", "place", "raised", "route", "request"}
    assert "broken_page" in line["raised"] and GIULIA not in json.dumps(line)
    assert any(line.get("request") == answer.headers["x-request-id"] for line in portal.lines())


def test_an_error_is_told_with_the_types_of_its_causes() -> None:
    try:
        try:
            raise ValueError(GIULIA)
        except ValueError as error:
            raise KeyError(GIULIA) from error
    except KeyError as error:
        fields = error_fields(error)
    assert fields["type"] == "KeyError" and fields["causes"] == ["ValueError"] and GIULIA not in json.dumps(fields)


def test_what_libraries_log_is_kept_by_name_alone(capsys: pytest.CaptureFixture[str]) -> None:
    import logging

    handler = Log().listen()
    try:
        logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
        logging.getLogger("some.library").warning("token %s", GIULIA)
        logging.getLogger("some.library").info("token %s", GIULIA)
        try:
            raise ValueError(GIULIA)
        except ValueError:
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    finally:
        logging.getLogger().removeHandler(handler)
    output = capsys.readouterr().err
    lines = [json.loads(line) for line in output.splitlines()]
    assert GIULIA not in output and len(lines) == 3
    assert lines[0]["message"] == "Invalid HTTP request received." and lines[2]["type"] == "ValueError"


def test_there_are_no_documentation_pages_that_load_from_elsewhere(portal: RunningPortal) -> None:
    assert {httpx2.get(f"{portal.url}/{path}").status_code for path in ("docs", "redoc", "openapi.json")} == {404}
    assert httpx2.get(f"{portal.url}/api/v1/openapi.json").json()["info"]["title"] == "Videoguide"
