# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The portal as people run it, a process of its own, with little room: few files that it may open, a small disk."""

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.delivered_guides import deliver
from tests.support.invented_guides import environment
from tests.support.places import ROOT
from tests.support.portals import GIULIA
from videoguide.guide.guides import Guide
from videoguide.portal.sessions import CITIZEN, Sessions
from videoguide.records.database import Database
from videoguide.runs import pairing
from videoguide.store import Store

COMMAND = "from videoguide.cli import main; main()"
MINE = "a" * 32


@dataclass
class PortalProcess:
    """A portal that answers at ``url`` and has a guide of one citizen, who is logged in by ``cookie``."""

    process: "subprocess.Popen[bytes]"
    port: int
    cookie: str
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def lines(self, event: str = "") -> list[dict[str, Any]]:
        """What the log says; of one kind of event, or of all."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if event in ("", line["event"])]

    def citizen(self) -> httpx2.Client:
        headers = {"Accept": "text/html", "Cookie": self.cookie}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=20)

    def connect(self, request: bytes = b"", *, receive_bytes: int = 0) -> socket.socket:
        """A connection on which these bytes were sent; its window may be small, so that little is in transit."""
        connection = socket.socket()
        if receive_bytes:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(request)
        return connection

    def request(self, path: str) -> bytes:
        """A whole request of the citizen's, as bytes."""
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nCookie: {self.cookie}\r\n\r\n".encode()


@contextmanager
def portal_process(
    folder: Path,
    guide: Guide,
    *,
    store: Path,
    database: str = "",
    files: tuple[int, int] | None = None,
    tree: Path = ROOT,
) -> Iterator[PortalProcess]:
    """``videoguide serve`` with a guide of Giulia's; ``files`` are the soft and the hard limit of open files.

    ``tree`` is the checkout whose program it is.
    """
    address = database or f"sqlite:///{folder}/portal.db"
    with Database(address) as opened:
        pairing.join_by_hand(Store(store), opened, forced=True)
        deliver(opened, GIULIA, id=MINE, guide=guide, store=Store(store))
        sessions = Sessions(opened, idle=timedelta(hours=1), longest=timedelta(hours=1), secure=False)
        cookie = f"{sessions.cookie.name}={sessions.begin(CITIZEN, fiscal_code=GIULIA)}"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    more = {
        "VIDEOGUIDE_DATABASE": address,
        "VIDEOGUIDE_PORTAL_URL": f"http://127.0.0.1:{port}",
        "VIDEOGUIDE_PORTAL_ADDRESS_RATE": "100000",
        "VIDEOGUIDE_PORTAL_SESSION_RATE": "100000",
    }
    log = folder / "portal.log"

    def limit() -> None:
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, files)

    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "serve", "--port", str(port)],
            cwd=folder,
            env=environment(store, **more) | {"PYTHONPATH": str(tree)},
            stdout=stream,
            stderr=stream,
            preexec_fn=limit,
        )
        try:
            _wait_for(process, port, log)
            yield PortalProcess(process, port, cookie, log)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _wait_for(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own, of so many megabytes; the test is skipped where none can be made (it takes root)."""
    mount = shutil.which("mount")
    folder.mkdir()
    size = f"size={megabytes}m,mode=755"
    if not mount or subprocess.run([mount, "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    """Fill a disk to its last byte; returns the file that does it."""
    file = folder / "ballast"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    try:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    os.write(descriptor, bytes(size))
            except OSError:
                continue
    finally:
        os.close(descriptor)
    return file
