# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Clients that say nothing, or say it or read the answer a byte at a time: they lock nobody out, nor fill the log."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.support.delivered_guides import deliver
from tests.support.invented_guides import GuideOf, store_of_its_own
from tests.support.portal_processes import MINE, PortalProcess, portal_process
from tests.support.portals import GIULIA, RunningPortal, running_portal
from videoguide.guide.guides import Guide
from videoguide.portal.server import ClientLimits

HELD, SILENT = 300, 1100
ORDINARY = 1024
"""The open files that a process gets where nobody has said otherwise."""
FILM = f"/guide/{MINE}/video.mp4"


@pytest.fixture(scope="module")
def film(guide_of: GuideOf) -> Guide:
    """A guide that the system does not take off our hands whole, as it does with the tiny one."""
    guide = guide_of("missing-documents")
    return Guide(guide.outline, guide.segments * 16)


def is_closed(connection: socket.socket, within_seconds: float = 0) -> bool:
    """Whether the server has closed a connection on which nothing is left to read."""
    if not select.select([connection], [], [], within_seconds)[0]:
        return False
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def good_pages(portal: PortalProcess) -> None:
    """Pages and the film, each on a connection of its own, come as if nobody else were there."""
    for _ in range(5):
        with portal.citizen() as citizen:
            assert citizen.get(f"/guide/{MINE}").status_code == 200
            assert citizen.get(FILM, headers={"Range": "bytes=0-99"}).status_code == 206


class TestManyAtOnce:
    """Against the program as a process of its own, with as many open files as it would get."""

    pytestmark = pytest.mark.slow

    @pytest.mark.parametrize("files", [(ORDINARY, 4096), (ORDINARY, ORDINARY)], ids=["more-allowed", "no-more"])
    def test_silent_ones_lock_nobody_out(
        self, tiny_guide: Guide, shared_store: Path, tmp_path: Path, files: tuple[int, int]
    ) -> None:
        with (
            portal_process(
                tmp_path, tiny_guide, store=store_of_its_own(tmp_path / "store", shared_store), files=files
            ) as portal,
            ExitStack() as held,
        ):
            for _ in range(SILENT):
                held.enter_context(portal.connect())
            good_pages(portal)
            assert [line for line in portal.lines("server") if line["level"] != "info"] == []
            opened = sum(1 for _ in Path(f"/proc/{portal.process.pid}/fd").iterdir())
            assert opened < files[1] * 3 / 4, "there is room for more"

    def test_requests_a_byte_at_a_time_lock_nobody_out(
        self, tiny_guide: Guide, shared_store: Path, tmp_path: Path
    ) -> None:
        files = (ORDINARY, ORDINARY)
        with (
            portal_process(
                tmp_path, tiny_guide, store=store_of_its_own(tmp_path / "store", shared_store), files=files
            ) as portal,
            ExitStack() as held,
        ):
            connections = [held.enter_context(portal.connect(b"GET /gui")) for _ in range(HELD)]
            for letter in b"de HTTP":
                for connection in connections:
                    with suppress(OSError):
                        connection.send(bytes([letter]))
                good_pages(portal)
            assert len(portal.lines("server")) < 10

    def test_readers_of_some_bytes_lock_nobody_out(self, film: Guide, shared_store: Path, tmp_path: Path) -> None:
        files = (ORDINARY, ORDINARY)
        with (
            portal_process(
                tmp_path, film, store=store_of_its_own(tmp_path / "store", shared_store), files=files
            ) as portal,
            ExitStack() as held,
        ):
            asking = portal.request(FILM)
            readers = [held.enter_context(portal.connect(asking, receive_bytes=2048)) for _ in range(HELD)]
            for _ in range(5):
                for reader in readers:
                    assert reader.recv(1)
                good_pages(portal)
            assert len(portal.lines("server")) < 10

    def test_rubbish_does_not_fill_the_log(self, tiny_guide: Guide, shared_store: Path, tmp_path: Path) -> None:
        with portal_process(tmp_path, tiny_guide, store=store_of_its_own(tmp_path / "store", shared_store)) as portal:
            for _ in range(HELD):
                with portal.connect(b"\x16\x03\x01 what is this\r\n\r\n") as connection:
                    assert connection.recv(100).startswith(b"HTTP/1.1 400")
            good_pages(portal)
            assert len([line for line in portal.lines("server") if line["level"] == "warning"]) == 1


@pytest.fixture(scope="module")
def hasty(film: Guide, shared_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """A portal that waits for a few seconds, whatever it is."""
    limits = ClientLimits(request_seconds=4, stall_seconds=1)
    with running_portal(tmp_path_factory.mktemp("hasty"), {}, store=shared_store, limits=limits) as running:
        deliver(running.portal.database, GIULIA, id=MINE, guide=film, store=running.portal.store)
        yield running


def connect(portal: RunningPortal, sent: bytes = b"") -> socket.socket:
    host, port = portal.url.removeprefix("http://").split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.settimeout(20)
    connection.connect((host, int(port)))
    connection.sendall(sent)
    return connection


HEAD = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"


class TestTheEndOfPatience:
    def test_who_says_nothing_is_let_go(self, hasty: RunningPortal) -> None:
        with connect(hasty) as silent:
            assert is_closed(silent, 15)

    @pytest.mark.parametrize(
        "begun", [b"G", HEAD, b"POST /trial/open HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 90\r\n\r\nab"]
    )
    def test_who_never_comes_to_the_end_is_let_go_however_busily_they_write(
        self, hasty: RunningPortal, begun: bytes
    ) -> None:
        with connect(hasty, begun) as trickling:
            deadline = time.monotonic() + 15
            while not is_closed(trickling, 0.05):
                assert time.monotonic() < deadline
                with suppress(OSError):
                    trickling.send(b"x")
        assert not [line for line in hasty.lines() if line["event"] == "unexpected"]

    def test_a_second_request_is_waited_for_as_the_first_was(self, hasty: RunningPortal) -> None:
        with connect(hasty, HEAD + b"\r\n") as connection:
            answer = connection.makefile("rb")
            for begun in (b"", b"GET /he"):
                if begun:
                    connection.sendall(begun)
                    time.sleep(0.3)
                    connection.sendall(b"althz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                assert answer.readline().startswith(b"HTTP/1.1 200")
                while answer.readline() != b"\r\n":
                    pass
                assert answer.read(15) == b'{"status":"ok"}'
            connection.sendall(b"GET /he")
            assert is_closed(connection, 15)

    def test_who_takes_nothing_of_a_film_is_let_go_and_may_ask_for_the_rest(
        self, hasty: RunningPortal, film: Guide
    ) -> None:
        cookie = f"{hasty.sessions.cookie.name}={hasty.sessions.begin('citizen', fiscal_code=GIULIA)}"
        asking = f"GET {FILM} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()
        with connect(hasty, asking) as reader:
            deadline = time.monotonic() + 30
            while not [line for line in hasty.lines() if line["event"] == "request" and "video" in line["route"]]:
                assert time.monotonic() < deadline, "nobody let the reader go"
                time.sleep(0.1)
            taken = 0
            with suppress(ConnectionResetError):
                while part := reader.recv(65536):
                    taken += len(part)
            assert 0 < taken < film.size_bytes
        with hasty.as_citizen() as citizen:
            rest = citizen.get(FILM, headers={"Range": f"bytes={taken}-"})
            assert rest.status_code == 206
