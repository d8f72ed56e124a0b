# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A portal under its real server, a real identity provider whose answers can be doctored, and a browser."""

import base64
import io
import json
import re
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from fastapi import APIRouter, Depends, FastAPI, Form
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.requests import Request

from tests.support.invented_guides import store_of_its_own
from videoguide import settings
from videoguide.errors import Busy, StoreError
from videoguide.portal.app import create_app
from videoguide.portal.configuration import PortalSettings
from videoguide.portal.login import require_citizen, require_staff
from videoguide.portal.logs import Log
from videoguide.portal.server import ClientLimits, create_server
from videoguide.portal.sessions import Sessions, Visitor
from videoguide.portal.state import Portal

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the provider's own use of what its library will drop
    import oidc_provider_mock
    from werkzeug.serving import make_server

SPID = "https://www.spid.gov.it/SpidL"
FISCAL_CODE = "https://attributes.eid.gov.it/fiscal_number"
GIULIA = "PZZGLI75D41A944G"
ELISA = "CHCLSE87B54B354C"

Claims = dict[str, Any]

trial = APIRouter()
"""Routes to try the doors with."""


@trial.get("/trial/citizen")
def citizen_page(visitor: Annotated[Visitor, Depends(require_citizen)]) -> dict[str, str]:
    return {"fiscal_code": visitor.fiscal_code, "csrf": visitor.csrf}


@trial.get("/trial/staff/viewer")
def viewer_page(visitor: Annotated[Visitor, Depends(require_staff("viewer"))]) -> dict[str, str]:
    return {"subject": visitor.subject, "role": visitor.role}


@trial.get("/trial/staff/approver")
def approver_page(visitor: Annotated[Visitor, Depends(require_staff("approver"))]) -> dict[str, str]:
    return {"subject": visitor.subject, "role": visitor.role}


@trial.post("/trial/form")
def form(visitor: Annotated[Visitor, Depends(require_citizen)], word: Annotated[str, Form()] = "") -> dict[str, str]:
    return {"word": word}


@trial.post("/api/trial")
def json_route(visitor: Annotated[Visitor, Depends(require_citizen)], body: dict[str, Any]) -> dict[str, Any]:
    return body


@trial.post("/trial/open")
async def open_route(request: Request) -> dict[str, int]:
    return {"bytes": len(await request.body())}


@trial.get("/trial/guide/{guide_id}")
def broken_page(guide_id: str) -> None:
    raise KeyError(f"{GIULIA} in {guide_id}")


@trial.get("/trial/database")
def database_page() -> None:
    raise StoreError("registro", "è occupato")


@trial.get("/trial/busy")
def busy_page() -> None:
    raise Busy("campagna bonus-libri: il pacchetto è cambiato in questo momento")


@trial.get("/api/trial/{number}")
def number_route(number: int) -> dict[str, int]:
    return {"number": number}


@dataclass
class RunningPortal:
    """A portal that answers at ``url``."""

    url: str
    app: FastAPI
    log: io.StringIO

    @property
    def portal(self) -> Portal:
        return self.app.state.portal  # type: ignore[no-any-return]

    @property
    def sessions(self) -> Sessions:
        return self.portal.sessions

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def browser(self) -> httpx2.Client:
        """A browser with cookies of its own that opens pages and follows nothing by itself."""
        return httpx2.Client(base_url=self.url, headers={"Accept": "text/html"}, timeout=20)

    def as_citizen(self, fiscal_code: str = GIULIA) -> httpx2.Client:
        """A browser that is logged in already."""
        return self.as_browser_of(self.sessions.begin("citizen", fiscal_code=fiscal_code))

    def as_staff(self, role: str = "viewer") -> httpx2.Client:
        return self.as_browser_of(self.sessions.begin(role, subject="anna"))

    def as_browser_of(self, token: str) -> httpx2.Client:
        """A browser with that session cookie."""
        browser = self.browser()
        browser.headers["Cookie"] = f"{self.sessions.cookie.name}={token}"
        return browser


@contextmanager
def running_portal(
    folder: Path,
    values: Mapping[str, str],
    *,
    demo: bool = False,
    store: Path | None = None,
    scenes: Path | None = None,
    database: str | None = None,
    limits: ClientLimits | None = None,
) -> Iterator[RunningPortal]:
    """A portal with the trial routes under uvicorn on a free port; its store is new, but for the scenes of a given one.

    Its database is new, but for a given one.

    Its packs are the program's, or those in ``scenes``; what it makes is small and silent.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as on the sockets that the server opens itself
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    shared, store = store, folder / "store"
    if shared and shared != store:
        store_of_its_own(store, shared)
    store.mkdir(parents=True, exist_ok=True)
    packs = {"voice": "silent", "size": "320x180", "scenes": str(scenes) if scenes else None}
    given = settings.load({}, database=database or f"sqlite:///{folder}/portal.db", store=str(store), **packs)
    rules = PortalSettings.of({"portal_url": url, "portal_login_rate": "1000", **values}, demo=demo)
    log = io.StringIO()
    app = create_app(given, rules, demo=demo, log=Log(log))
    app.include_router(trial)
    running = create_server(app, "127.0.0.1", 0, limits=limits)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not running.started:
        assert thread.is_alive() and time.monotonic() < deadline, "the portal did not start"
        time.sleep(0.01)
    try:
        yield RunningPortal(url, app, log)
    finally:
        running.should_exit = True
        thread.join(20)
        listener.close()


@dataclass
class Provider:
    """A real provider behind a proxy that can change what it answers."""

    url: str = ""
    change: Callable[[Claims], Claims] | None = None
    """Changes the ID token's claims; it is signed again, by ``key``."""
    answer: Callable[[str, bytes], bytes | None] | None = None
    """Another body for a path, or None for the provider's own."""
    key: RSAKey = field(
        default_factory=lambda: RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
    )
    published: RSAKey | None = None
    """The key that the provider shows, if it is another than it signs with."""
    algorithm: str = "RS256"
    asked: list[str] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    """The content types of answers, by path, that are others than the provider's own."""
    gate: Callable[[dict[str, str], str], None] | None = None
    """Sees the form and the Authorization header with which a token is asked for; raises AssertionError to refuse."""

    def heal(self) -> None:
        self.change = self.answer = self.published = self.gate = None
        self.kinds.clear()
        self.algorithm = "RS256"
        self.asked.clear()

    def body(self, path: str, body: bytes) -> bytes:
        self.asked.append(path)
        if self.answer and (other := self.answer(path, body)) is not None:
            return other
        if path == "/jwks":
            return json.dumps(KeySet([self.published or self.key]).as_dict(private=False)).encode()
        if path == "/oauth2/token" and b"id_token" in body:
            token = json.loads(body)
            claims = claims_of(token["id_token"])
            claims = self.change(claims) if self.change else claims
            header = {"alg": self.algorithm, "kid": self.key.kid}
            token["id_token"] = signed(header, claims, self.key)
            return json.dumps(token).encode()
        return body


def signed(header: dict[str, Any], claims: Claims, key: Any) -> str:
    return jwt.encode(header, claims, key, algorithms=[header["alg"]])


def claims_of(id_token: str) -> Claims:
    part = id_token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))  # type: ignore[no-any-return]


def admitted(environ: dict[str, Any], gate: Callable[[dict[str, str], str], None]) -> dict[str, Any]:
    """A request for a token as a provider would take it that knows the client in one way alone.

    The provider behind knows ``client_secret_basic`` only, and gets that once the gate has let the client through.
    """
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    form = dict(parse_qsl(body.decode()))
    try:
        gate(form, environ.get("HTTP_AUTHORIZATION", ""))
        basic = base64.b64encode(b"videoguide:known-to-two").decode()
    except AssertionError:
        basic = "refused"
    passed = ("grant_type", "code", "code_verifier", "redirect_uri")
    body = urlencode({name: form[name] for name in passed if name in form}).encode()
    return {
        **environ,
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": f"Basic {basic}",
    }


@contextmanager
def running_provider(people: Mapping[str, Claims]) -> Iterator[Provider]:
    """The provider with these people, by subject, on a free port."""
    users = [oidc_provider_mock.User(sub=sub, claims=claims) for sub, claims in people.items()]
    flask = oidc_provider_mock.app(require_nonce=True, user_claims=users)
    provider = Provider()

    def proxy(environ: Any, start_response: Any) -> list[bytes]:
        kept: list[Any] = []
        if environ["PATH_INFO"] == "/oauth2/token" and provider.gate:
            environ = admitted(environ, provider.gate)
        parts = flask(environ, lambda status, headers, info=None: kept.extend((status, headers)))
        body = provider.body(environ["PATH_INFO"], b"".join(parts))
        headers = [(name, value) for name, value in kept[1] if name.lower() != "content-length"]
        if kind := provider.kinds.get(environ["PATH_INFO"]):
            headers = [(name, value) for name, value in headers if name.lower() != "content-type"]
            headers.append(("Content-Type", kind))
        start_response(kept[0], [*headers, ("Content-Length", str(len(body)))])
        return [body]

    running = make_server("127.0.0.1", 0, proxy, threaded=True)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    provider.url = f"http://127.0.0.1:{running.server_port}"
    try:
        yield provider
    finally:
        running.shutdown()
        thread.join(10)
        running.server_close()


def raw(portal: RunningPortal, request: bytes) -> bytes:
    """What the server answers to these very bytes."""
    host, port = portal.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        return b"".join(parts)


def becomes(url: str, wanted: dict[str, Any]) -> httpx2.Response:
    """Ask for readiness until it is as wanted: an answer lasts a second."""
    deadline = time.monotonic() + 20
    while True:
        answer = httpx2.get(f"{url}/readyz", timeout=20)
        if answer.json().items() >= wanted.items():
            return answer
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)


def go_to_provider(browser: httpx2.Client, path: str) -> str:
    """The provider's address that the browser is sent to."""
    answer = browser.get(path)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def consent(address: str, sub: str) -> str:
    """What the person does at the provider; returns where it sends the browser back to."""
    answer = httpx2.post(address, data={"sub": sub} if sub else {"action": "deny"}, timeout=20)
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


def log_in(browser: httpx2.Client, sub: str, path: str = "/login/start?next=/trial/citizen") -> httpx2.Response:
    """All the way; the callback's answer."""
    return browser.get(consent(go_to_provider(browser, path), sub))


Events = list[tuple[str, Any]]
"""Kinds of server-sent events, each with its data."""


def listen(browser: httpx2.Client, page: str, most: int = 10_000) -> Events:
    """The events of a page's progress, to the end or so many; then nobody listens any more."""
    events: Events = []
    with browser.stream("GET", f"{page}/progress", timeout=60) as answer:
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
        kind = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                events.append((kind, json.loads(line[6:])))
                if len(events) == most:
                    break
    return events


def hidden(page: httpx2.Response, name: str) -> str:
    """The value of a page's first hidden field of that name."""
    field = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert field, f"no field {name}"
    return unescape(field[1])


def query_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))
