# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Requests to the identity provider, none of which can hold the portal up.

However slowly the provider answers, a request ends in time; however much it sends, little is read; and however many
people come in, a few threads wait for it, while the rest of the portal's threads go on answering.
"""

import contextlib
import socket
import ssl
import threading
import time
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx2

TOTAL_SECONDS = 8
"""The longest that one request may take, from the first byte sent to the last byte read, after the name's look-up."""

MOST_BYTES = 1_000_000
"""The longest answer that is read: keys, descriptions and tokens take a few kilobytes."""

AT_A_TIME = 12
"""Requests on their way at a time: fewer than a third of the threads in which Starlette answers, which are 40."""

WAITING, WAIT_SECONDS = 8, 2
"""How many more may wait for their turn, and how long: a healthy provider answers a crowd one after the other."""

SILENT_SECONDS = 5
"""How long an address that did not answer is not asked again."""


class Unasked(httpx2.TransportError):
    """The provider was not asked: it has just failed to answer, or too many are waiting for it."""


class Bounded(httpx2.BaseTransport):
    """A transport with those limits; safe to use from several threads, all of whose requests it counts together.

    ``handle_request`` raises httpx2.TransportError for every limit that is passed.
    """

    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(AT_A_TIME)
        self._waiting = threading.BoundedSemaphore(WAITING)
        self._tls = httpx2.create_ssl_context()  # once: it takes longer than a request
        self._silent_until: dict[str, float] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer with its whole body. Raises httpx2.TransportError."""
        address = str(request.url.copy_with(query=None))
        self._require_answers(address)
        self._take_place()
        try:
            self._require_answers(address)  # it may have failed while this one waited
            response = _ask(request, self._tls)
        except Unasked:
            raise
        except httpx2.TransportError:
            self._silent_until[address] = time.monotonic() + SILENT_SECONDS
            raise
        finally:
            self._places.release()
        self._silent_until.pop(address, None)
        return response

    def _require_answers(self, address: str) -> None:
        if time.monotonic() < self._silent_until.get(address, 0):
            raise Unasked("the provider has just failed to answer")

    def _take_place(self) -> None:
        if self._places.acquire(blocking=False):
            return
        has_place = False
        if self._waiting.acquire(blocking=False):
            try:
                has_place = self._places.acquire(timeout=WAIT_SECONDS)
            finally:
                self._waiting.release()
        if not has_place:
            raise Unasked("too many requests are waiting for the provider")


def _ask(request: httpx2.Request, tls: ssl.SSLContext) -> httpx2.Response:
    """One request over a connection of its own, which is shut when the time is over."""
    connection = _Connection()
    watch = threading.Timer(TOTAL_SECONDS, connection.shut)
    watch.daemon = True
    request.headers["Accept-Encoding"] = "identity"  # a few packed bytes could unfold to gigabytes
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), TOTAL_SECONDS)
    request.extensions = {**request.extensions, "trace": connection.note, "timeout": timeouts}
    watch.start()
    try:
        with httpx2.HTTPTransport(verify=tls, proxy=_proxy(request.url)) as transport:
            response = transport.handle_request(request)
            if response.headers.get("content-encoding", "identity") != "identity":
                raise httpx2.ReadError("packed answer")
            body = bytearray()
            for part in response.iter_raw():
                body += part
                if len(body) > MOST_BYTES:
                    raise httpx2.ReadError("answer too long")
    finally:
        watch.cancel()
    if connection.is_shut:
        raise httpx2.ReadTimeout("answer too slow")
    return httpx2.Response(response.status_code, headers=response.headers, content=bytes(body), request=request)


def _proxy(url: httpx2.URL) -> str | None:
    """The proxy through which an address is asked, as the environment says (HTTPS_PROXY, NO_PROXY)."""
    return None if proxy_bypass(url.host) else getproxies().get(url.scheme)


class _Connection:
    """The sockets of one request, as httpcore's trace tells of them."""

    def __init__(self) -> None:
        self._streams: list[Any] = []
        self.is_shut = False

    def note(self, event: str, info: dict[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._streams.append(info["return_value"])
            if self.is_shut:
                self.shut()

    def shut(self) -> None:
        """End all reading and writing; what waits on the socket wakes with an error or at an end of the answer."""
        self.is_shut = True
        for stream in list(self._streams):
            with contextlib.suppress(OSError):  # closed already, or wrapped by TLS meanwhile
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
