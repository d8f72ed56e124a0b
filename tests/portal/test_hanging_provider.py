# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""An identity provider that takes connections and never answers, or never ends, over real sockets."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.support.portals import running_portal
from videoguide.portal import fetching
from videoguide.portal.fetching import AT_A_TIME, Bounded, Unasked

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def hanging_server(first: bytes, then: bytes = b"", pause: float = 0.05) -> Iterator[tuple[str, list[socket.socket]]]:
    """A server that sends ``first`` and then ``then`` for ever; with neither it is silent. Gives connections."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=200)
    taken: list[socket.socket] = []
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                connection.sendall(first)
                while not over.wait(pause):
                    connection.sendall(then)
            except OSError:
                pass

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            taken.append(connection)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", taken
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"a"),
        (HEAD + b"Content-Length: 1000\r\n\r\n", b"a"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        (HEAD + b"\r\n", b"a"),
    ],
    ids=["silent", "a byte of the head at a time", "of the body", "of the chunks", "to the end of the connection"],
)
def test_an_answer_that_does_not_end_is_left(first: bytes, then: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TOTAL_SECONDS", 0.4)
    with hanging_server(first, then) as (address, taken), httpx2.Client(transport=Bounded(), timeout=30) as client:
        with pytest.raises(httpx2.TransportError):
            client.get(address)
        with pytest.raises(Unasked):
            client.get(address)
        assert len(taken) == 1, "the failure is remembered"


@pytest.mark.parametrize(
    "first",
    [HEAD + b"\r\n" + b" " * 1_100_000, HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"],
    ids=["too long", "packed"],
)
def test_a_huge_answer_is_not_read(first: bytes) -> None:
    with (
        hanging_server(first, b" " * 100_000) as (address, _),
        httpx2.Client(transport=Bounded()) as client,
        pytest.raises(httpx2.TransportError, match=r"too long|packed"),
    ):
        client.get(address)


def test_a_proxy_that_the_environment_names_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        hanging_server(HEAD + b"Content-Length: 2\r\n\r\n{}") as (proxy, taken),
        httpx2.Client(transport=Bounded()) as client,
    ):
        for name in ("HTTP_PROXY", "NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy)
        assert client.get("http://identity.example.org/keys").json() == {} and len(taken) == 1
        monkeypatch.setenv("no_proxy", "identity.example.org")
        with pytest.raises(httpx2.TransportError):
            client.get("http://identity.example.org/keys")
        assert len(taken) == 1


def test_sixty_logins_at_a_provider_that_hangs_block_no_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More logins than the server has threads (40): a few wait for the provider, and the guide's page is answered."""
    monkeypatch.setattr(fetching, "TOTAL_SECONDS", 120)  # the provider hangs up at last, not we
    with hanging_server(b"") as (issuer, taken):
        values = {"login_issuer": issuer, "login_client": "videoguide", "login_secret": "known-to-two"}
        with running_portal(tmp_path, values) as running, running.as_citizen() as citizen:
            with ThreadPoolExecutor(60) as crowd:

                def come() -> int:
                    with running.browser() as browser:
                        return browser.get("/login/start").status_code

                logins = [crowd.submit(come) for _ in range(60)]
                while sum(login.done() for login in logins) < 60 - AT_A_TIME:
                    time.sleep(0.01)
                assert len(taken) == AT_A_TIME and citizen.get("/guide").status_code == 200
                assert sum(not login.done() for login in logins) == AT_A_TIME, "they still wait"
                for connection in list(taken):
                    connection.shutdown(socket.SHUT_RDWR)
                assert {login.result() for login in logins} == {503}
            with running.browser() as browser:
                assert browser.get("/login/start").status_code == 503
            assert len(taken) == AT_A_TIME, "the failure is remembered"
