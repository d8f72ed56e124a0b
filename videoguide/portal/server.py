# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The server that runs the portal, where it may listen, and whom it waits for. The only module with uvicorn.

A proxy in front of it keeps slow clients away. Where there is none, or a bad one, nobody may lock others out by
opening connections and saying nothing, or by sending a request, or reading an answer, a byte at a time.
"""

import asyncio
from dataclasses import dataclass
from itertools import chain

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from videoguide.errors import InputError
from videoguide.portal.configuration import PortalSettings, is_loopback
from videoguide.portal.state import Portal

STOP_SECONDS = 10
"""How long requests that are still open may take when the server is stopped."""

MOST_FILES = 65_536
"""The open files we ask the system for, where it allows as many; by default it gives 1,024."""


MOST_WAITING = 2048
"""Connections that the system keeps for us until we take them."""


@dataclass(frozen=True)
class ClientLimits:
    """How long the server waits for those who are connected to it."""

    request_seconds: float = 30
    """In what time a whole request must be there, 64 kB by default: twice what a bad mobile network takes for it."""

    stall_seconds: float = 300
    """How long the reader of an answer may take nothing, as when a film is paused; a player asks for the rest later.

    As pieces are written whole, it is also what each may take: a film that is read some bytes a second ends here.
    """


def create_server(app: FastAPI, host: str, port: int, *, limits: ClientLimits | None = None) -> uvicorn.Server:
    """The portal's server, which is not running yet: its ``run()`` serves until it is stopped.

    Raises InputError as ``check_bind``.
    """
    portal: Portal = app.state.portal
    check_bind(host, portal.rules, demo=portal.demo)
    files = raise_file_limit()
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            # half of the files: a film that is sent has one open beside its connection
            http=impatient_protocol(limits or ClientLimits(), most=files // 2),
            # asyncio takes several times as many before we can make room, and does not bear to run out of files
            backlog=min(MOST_WAITING, files // 16),
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            forwarded_allow_ips=sorted(portal.rules.proxies),
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )


def check_bind(host: str, rules: PortalSettings, *, demo: bool) -> None:
    """Raises InputError where listening on ``host`` would show to others what only this machine may see."""
    if is_loopback(host):
        return
    if demo:
        raise InputError(f"la dimostrazione ascolta solo su questa macchina, non su {host!r}: usa 127.0.0.1")
    if not rules.secure:
        raise InputError(f"per ascoltare su {host!r} portal_url deve essere un indirizzo https")


def raise_file_limit() -> int:
    """Let this process open as many files as it may, up to MOST_FILES; returns how many that is."""
    try:
        import resource
    except ImportError:  # not on Windows, which has no such limit
        return MOST_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = MOST_FILES if hard == unlimited else min(hard, MOST_FILES)
    if soft != unlimited and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):  # some systems allow less than they say
            return soft
        return wanted
    return MOST_FILES if soft == unlimited else soft


class Deadline:
    """A moment at which a connection is closed, unless it is called off."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: asyncio.TimerHandle | None = None

    def set(self, transport: asyncio.Transport) -> None:
        """Close the connection when the time is over; one that is set already stays."""
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(self._seconds, transport.abort)

    def call_off(self) -> None:
        """Let the connection be."""
        if self._due is not None:
            self._due.cancel()
            self._due = None


def impatient_protocol(limits: ClientLimits, most: int) -> type[H11Protocol]:
    """HTTP on connections that are closed where the other side keeps silent for too long.

    With more than ``most`` connections, one makes room for a new one: that which has been open without a request for
    longest, or that which has owed its request for longest, or that which has taken nothing of its answer for longest.
    """
    idle: dict[H11Protocol, None] = {}
    owing: dict[H11Protocol, None] = {}
    stalled: dict[H11Protocol, None] = {}
    """Connections that we wait for, those that began to keep us waiting first at the front."""

    class ImpatientProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            self._request, self._reading = Deadline(limits.request_seconds), Deadline(limits.stall_seconds)
            super().connection_made(transport)
            self._note_request()
            if len(self.connections) > most:
                self._make_room()

        def data_received(self, data: bytes) -> None:
            idle.pop(self, None)
            super().data_received(data)
            self._note_request()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.conn.their_state is h11.IDLE:
                idle[self] = None

        def connection_lost(self, exc: Exception | None) -> None:
            self._request.call_off()
            self._reading.call_off()
            for waiting in (idle, owing, stalled):
                waiting.pop(self, None)
            super().connection_lost(exc)

        def pause_writing(self) -> None:
            super().pause_writing()
            self._reading.set(self.transport)
            stalled.setdefault(self)

        def resume_writing(self) -> None:
            self._reading.call_off()
            stalled.pop(self, None)
            super().resume_writing()

        def _make_room(self) -> None:
            longest = next((other for other in chain(idle, owing, stalled) if other is not self), None)
            if longest is not None:
                for waiting in (idle, owing, stalled):
                    waiting.pop(longest, None)  # now, as it is lost a moment later, and others may come before
                longest.transport.abort()

        def _note_request(self) -> None:
            if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
                self._request.set(self.transport)
                owing.setdefault(self)
            else:
                self._request.call_off()
                owing.pop(self, None)

    return ImpatientProtocol
