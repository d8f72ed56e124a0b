"""What guards the portal: headers on every answer, and what is refused before a route is asked.

Pure ASGI, so that a film streams through without being touched. Limits count in this process' memory:
several processes allow as many times more.
"""

import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from videoguide.portal.answers import Refusal, refused
from videoguide.portal.configuration import PortalSettings
from videoguide.portal.metrics import METHODS
from videoguide.portal.sessions import CSRF, Sessions, hash_of
from videoguide.portal.state import visitor_of

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "x-csrf-token"
BURST = 5
MOST_BUCKETS = 50_000
MOST_DRAINED_BYTES = 1_000_000
LOGIN_PATHS = ("/login", "/staff/login", "/demo/login")
STATIC_PATH = "/static/"
HSTS = "max-age=63072000"
UNUSED = ("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "microphone", "payment", "usb")


class SecureHeaders:
    """Outermost: the headers that every answer carries, whatever its status. A route may set its own before."""

    def __init__(self, app: ASGIApp, rules: PortalSettings, form_targets: Callable[[], tuple[str, ...]]) -> None:
        self.app, self.rules, self.form_targets = app, rules, form_targets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers().items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)

    def headers(self) -> dict[str, str]:
        frames = self.rules.frames
        found = {
            "Content-Security-Policy": content_policy(frames, self.form_targets(), secure=self.rules.secure),
            "X-Content-Type-Options": "nosniff",
            # with "no-referrer" browsers send no origin with our own forms either: others' could not be told from them
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        if not frames or frames == ("'self'",):
            found["X-Frame-Options"] = "SAMEORIGIN" if frames else "DENY"
        if self.rules.secure:
            found["Strict-Transport-Security"] = HSTS
        return found


def content_policy(frames: tuple[str, ...], form_targets: tuple[str, ...], *, secure: bool) -> str:
    """The Content-Security-Policy: everything from here, nothing inline.

    ``form_targets`` are origins that a form may be sent on to: the way out ends at the identity provider.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "media-src 'self' blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            " ".join(("form-action 'self'", *form_targets)),
            f"frame-ancestors {' '.join(frames) or chr(39) + 'none' + chr(39)}",
            *(("upgrade-insecure-requests",) if secure else ()),
        )
    )


class Buckets:
    """Token buckets by key: ``rate`` a second, ``burst`` at once; the longest unused are forgotten beyond ``most``."""

    def __init__(
        self, rate: float, burst: float, *, most: int = MOST_BUCKETS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate, self.burst, self.most, self.clock = rate, burst, most, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str) -> int:
        """Whole seconds to wait before asking again; 0 when one may go on."""
        moment = self.clock()
        left, before = self._buckets.pop(key, (self.burst, moment))
        left = min(self.burst, left + (moment - before) * self.rate)
        allowed = left >= 1
        self._buckets[key] = (left - 1 if allowed else left, moment)
        if len(self._buckets) > self.most:
            self._buckets.popitem(last=False)
        return 0 if allowed else max(1, math.ceil((1 - left) / self.rate))


class Gate:
    """Refuses what no route should see: foreign host names, odd methods, other sites' forms, floods, long bodies."""

    def __init__(self, app: ASGIApp, rules: PortalSettings, sessions: Sessions) -> None:
        self.app, self.rules = app, rules
        self.cookie = sessions.cookie.name
        self.by_address = Buckets(rules.address_rate, rules.address_rate * BURST)
        self.by_session = Buckets(rules.session_rate, rules.session_rate * BURST)
        self.logins = Buckets(rules.login_rate, rules.login_rate * BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        if refusal := self.refusal(request):
            if refusal.code == "too_large" and int(request.headers["content-length"][:18]) <= MOST_DRAINED_BYTES:
                await _drained(receive)
            await refused(request, refusal.code, refusal.headers)(scope, receive, send)
            return
        await self.app(scope, _bounded(receive, self.rules.body_bytes), send)

    def refusal(self, request: Request) -> Refusal | None:
        """Why a request may not go on; None when it may."""
        if wait := self._wait(request):
            return Refusal("too_many", {"Retry-After": str(wait)})
        if not self._knows_host(request.headers):
            return Refusal("bad_host")
        if request.method not in METHODS:
            return Refusal("method", {"Allow": ", ".join(METHODS)})
        if request.method not in SAFE and not self._is_ours(request.headers):
            return Refusal("cross_site")
        length = request.headers.get("content-length", "0")
        if not (length.isascii() and length.isdecimal()):
            return Refusal("bad_request")
        if len(length) > 18 or int(length) > self.rules.body_bytes:
            return Refusal("too_large", {"Connection": "close"})
        return None

    def _knows_host(self, headers: Headers) -> bool:
        given = headers.getlist("host")
        return len(given) == 1 and host_name(given[0]) in self.rules.hosts

    def _is_ours(self, headers: Headers) -> bool:
        """Whether a page of ours sent it, as far as the browser says; old browsers say nothing, then the form's token
        alone decides."""
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = headers.get("origin")
        here = f"{'https' if self.rules.secure else 'http'}://{headers.get('host', '')}"
        return origin is None or origin.lower() in (self.rules.url, here.lower())

    def _wait(self, request: Request) -> int:
        address = _neighbourhood(request.client.host if request.client else "")
        path = request.url.path
        wait = self.by_address.take(address)
        if not wait and path.startswith(LOGIN_PATHS):
            wait = self.logins.take(address)
        if not wait and not path.startswith(STATIC_PATH) and (session := hash_of(request.cookies.get(self.cookie))):
            wait = self.by_session.take(session)
        return wait


def host_name(host: str) -> str:
    """The name in a Host header, in small letters and without its port; empty for one that is not well formed."""
    name, _, port = host.lower().rpartition(":") if not host.endswith("]") and ":" in host else (host.lower(), "", "")
    if port and not (port.isascii() and port.isdecimal()):
        return ""
    return name.removeprefix("[").removesuffix("]") if name.startswith("[") else name


def _neighbourhood(address: str) -> str:
    """Whom an address counts with: in IPv6 one person has a whole /64."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(int(found) >> 64) if isinstance(found, IPv6Address) and not found.ipv4_mapped else address


async def _drained(receive: Receive) -> None:
    """Let a body pass by that is only a little too long: a browser reads no answer before it has sent all of it."""
    while (await receive()).get("more_body"):
        pass


def _bounded(receive: Receive, most: int) -> Receive:
    """``receive`` that refuses to read on past ``most`` bytes, where no length was stated."""
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > most:
            raise Refusal("too_large", {"Connection": "close"})
        return message

    return counted


async def protect(request: Request) -> None:
    """For every route: a request that changes something, of somebody who is logged in, must bring the session's token.

    In the form field ``csrf``, the header ``X-CSRF-Token``, or the JSON field ``csrf``.
    """
    if request.method in SAFE:
        return
    visitor = await run_in_threadpool(visitor_of, request)
    if visitor is not None and not same_token(await sent_token(request), visitor.csrf):
        raise Refusal("form_stale")


async def sent_token(request: Request) -> str:
    """The CSRF token that came with a request; empty without one."""
    if given := request.headers.get(CSRF_HEADER):
        return given
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    value: Any
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        value = (await request.form()).get(CSRF)
    else:
        try:
            body = await request.json()
        except (ValueError, RecursionError):
            return ""
        value = body.get(CSRF) if isinstance(body, dict) else None
    return value if isinstance(value, str) else ""


def same_token(given: str, kept: str) -> bool:
    """Whether two tokens are the same, in the same time whatever they are; an empty one is none."""
    return bool(kept) and secrets.compare_digest(given.encode(errors="replace"), kept.encode())
