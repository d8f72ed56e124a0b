# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What guards the portal: the headers of every answer, and what is refused before any route is reached.

It is plain ASGI, so that a film streams through untouched. Limits are counted in the memory of this process:
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
from videoguide.portal.configuration import PortalSettings, is_forwarded
from videoguide.portal.metrics import METHODS
from videoguide.portal.sessions import CSRF, Sessions, hash_of
from videoguide.portal.state import visitor_of
from videoguide.portal.static_files import STATIC_ROOT

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "x-csrf-token"
BURST = 5
MOST_BUCKETS = 50_000
MOST_DRAINED_BYTES = 1_000_000
DEMO_LOGIN = "/demo/login"
LOGIN_PATHS = ("/login", "/staff/login", DEMO_LOGIN)
PROBES = frozenset({"/healthz", "/readyz"})
"""What balancers ask of each process by its address, and not by the portal's name."""
HSTS = "max-age=63072000"
UNUSED = ("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "microphone", "payment", "usb")


class SecureHeaders:
    """The outermost: gives every answer its headers, whatever its status; a header that a route has set stays."""

    def __init__(self, app: ASGIApp, rules: PortalSettings, form_targets: Callable[[], tuple[str, ...]]) -> None:
        self.app, self.rules, self.form_targets = app, rules, form_targets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers().items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)

    def headers(self) -> dict[str, str]:
        """The headers of every answer, by name."""
        frames = self.rules.frames
        headers = {
            "Content-Security-Policy": content_policy(frames, self.form_targets(), secure=self.rules.secure),
            "X-Content-Type-Options": "nosniff",
            # with "no-referrer" browsers would send no origin with our own forms, and others' would look the same
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        if not frames or frames == ("'self'",):
            headers["X-Frame-Options"] = "SAMEORIGIN" if frames else "DENY"
        if self.rules.secure:
            headers["Strict-Transport-Security"] = HSTS
        return headers


def content_policy(frames: tuple[str, ...], form_targets: tuple[str, ...], *, secure: bool) -> str:
    """The Content-Security-Policy: everything comes from this site, and nothing is inline.

    ``form_targets`` are other origins that a form may lead to: the way out ends at the identity provider.
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
    """Token buckets by key: ``rate`` per second, ``burst`` at once.

    Of more than ``most`` buckets, the one that has been unused for longest is forgotten.
    """

    def __init__(
        self, rate: float, burst: float, *, most: int = MOST_BUCKETS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate, self.burst, self.most, self.clock = rate, burst, most, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str) -> int:
        """Take a token; returns 0, or how many whole seconds to wait because there is none."""
        moment = self.clock()
        left, before = self._buckets.pop(key, (self.burst, moment))
        left = min(self.burst, left + (moment - before) * self.rate)
        allowed = left >= 1
        self._buckets[key] = (left - 1 if allowed else left, moment)
        if len(self._buckets) > self.most:
            self._buckets.popitem(last=False)
        return 0 if allowed else max(1, math.ceil((1 - left) / self.rate))


class Gate:
    """Refuses what no route should see: foreign host names, odd methods, forms of other sites, floods, long bodies."""

    def __init__(self, app: ASGIApp, rules: PortalSettings, sessions: Sessions, *, demo: bool = False) -> None:
        self.app, self.rules, self.demo = app, rules, demo
        self.cookie = sessions.cookie.name
        self.by_address = Buckets(rules.address_rate, rules.address_rate * BURST)
        self.by_session = Buckets(rules.session_rate, rules.session_rate * BURST)
        self.logins = Buckets(rules.login_rate, rules.login_rate * BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
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
        """Why a request is refused; None if it is not."""
        if wait := self._wait(request):
            return Refusal("too_many", {"Retry-After": str(wait)})
        if request.url.path not in PROBES and not self._knows_host(request.headers):
            return Refusal("bad_host")
        if self.demo and is_forwarded(request.headers):
            return Refusal("forwarded")  # anybody may log in here: whoever is behind a proxy must not
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
        """Whether a page of ours sent a request, as far as the browser says.

        An old browser says nothing; then the form's token alone decides.
        """
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
        if wait or path.startswith(f"{STATIC_ROOT}/"):
            return wait
        session = hash_of(request.cookies.get(self.cookie))
        return self.by_session.take(session) if session else 0


def host_name(host: str) -> str:
    """The name in a Host header, in small letters and without its port; empty if the header is malformed."""
    name, _, port = host.lower().rpartition(":") if not host.endswith("]") and ":" in host else (host.lower(), "", "")
    if port and not (port.isascii() and port.isdecimal()):
        return ""
    return name.removeprefix("[").removesuffix("]") if name.startswith("[") else name


def _neighbourhood(address: str) -> str:
    """The addresses that count together: in IPv6 one person has a whole /64."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(int(parsed) >> 64) if isinstance(parsed, IPv6Address) and not parsed.ipv4_mapped else address


async def _drained(receive: Receive) -> None:
    """Read and forget a body that is a little too long: a browser reads no answer before it has sent all of it."""
    while (await receive()).get("more_body"):
        pass


def _bounded(receive: Receive, most: int) -> Receive:
    """``receive``, but refusing a body that turns out to be longer than ``most`` bytes."""
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
    """For every route: a request of a logged-in visitor that changes something must bring the session's token.

    It is in the form field ``csrf``, the JSON field ``csrf`` or the header ``X-CSRF-Token``. Raises Refusal without it.
    The demonstration's login looks for a token of its own.
    """
    if request.method in SAFE or request.url.path == DEMO_LOGIN:
        return
    visitor = await run_in_threadpool(visitor_of, request)
    if visitor is not None and not same_token(await sent_token(request), visitor.csrf):
        raise Refusal("form_stale")


async def sent_token(request: Request) -> str:
    """The CSRF token that came with a request; empty if there is none."""
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
    """Whether two tokens are the same, compared in constant time; an empty token equals none."""
    return bool(kept) and secrets.compare_digest(given.encode(errors="replace"), kept.encode())
