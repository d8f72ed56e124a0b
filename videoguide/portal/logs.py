# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The portal's log: a JSON object on each line, for machines to collect, without personal data.

Of a request the log has the template of its route, never its address: ids, names and queries stay out. Of an
unexpected error it has the type and the place; the message and all values stay out, too. Of what libraries log
it has the logger and the level alone, except for the start and stop of the server itself.
"""

import json
import logging
import secrets
import sys
import threading
import time
import traceback
from collections.abc import Callable, Hashable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from videoguide.portal.answers import refused
from videoguide.portal.metrics import Metrics
from videoguide.portal.static_files import STATIC_ROOT

NO_ROUTE = "(none)"
PACKAGE = Path(__file__).parents[1]
SERVER_LOGGERS = ("uvicorn", "uvicorn.error")
SELDOM_SECONDS = 60
"""How long the log does not repeat what need be said only once."""
MOST_KEYS = 1000


class Seldom:
    """Lets each thing through once in a while, and counts what it holds back; safe to use from several threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[Hashable, tuple[float, int]] = {}

    def times(self, key: Hashable) -> int:
        """How often it came since it was let through last, this time included; 0 while it is held back."""
        moment = self._clock()
        with self._lock:
            let_through_at, held_back = self._kept.get(key, (-float(SELDOM_SECONDS), 0))
            if moment - let_through_at < SELDOM_SECONDS:
                self._kept[key] = let_through_at, held_back + 1
                return 0
            if key not in self._kept and len(self._kept) >= MOST_KEYS:
                self._kept.clear()
            self._kept[key] = moment, 0
            return held_back + 1


class Log:
    """Writes lines; safe to use from several threads."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._seldom = Seldom()

    def write(self, event: str, **fields: Any) -> None:
        """Write a line: the moment, what has happened, and these fields."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"time": moment, "event": event, **fields}, ensure_ascii=False)
        # a log that cannot be written, as on a full disk, takes no page away
        with self._lock, suppress(OSError):
            stream = self._stream or sys.stderr
            stream.write(line + "\n")
            stream.flush()

    def seldom(self, event: str, key: Hashable, **fields: Any) -> None:
        """Write a line unless there was one with this key a moment ago; ``times`` says for how many it stands."""
        if times := self._seldom.times((event, key)):
            self.write(event, **fields, times=times)

    def unexpected(self, error: BaseException, *, seldom: bool = False, **fields: Any) -> None:
        """Write a line about an error that nobody foresaw: its types, and where it was raised; the same only seldom."""
        place = error_fields(error)
        if seldom:
            self.seldom("unexpected", (place["type"], place["raised"]), **place, **fields)
        else:
            self.write("unexpected", **place, **fields)

    def listen(self) -> logging.Handler:
        """Take over what the server and the libraries log; returns the handler, which can be removed again."""
        handler = _Handler(self)
        logging.getLogger().addHandler(handler)
        return handler


class _Handler(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.WARNING and record.name not in SERVER_LOGGERS:
            return
        fields: dict[str, Any] = {"logger": record.name, "level": record.levelname.lower()}
        if record.exc_info and record.exc_info[1]:
            fields |= error_fields(record.exc_info[1])
        elif record.name in SERVER_LOGGERS:
            fields["message"] = record.getMessage()
        if record.levelno < logging.WARNING:
            self._log.write("server", **fields)
        else:  # somebody who means harm can cause any number of warnings
            self._log.seldom("server", (record.name, fields.get("message"), fields.get("raised")), **fields)


def error_fields(error: BaseException) -> dict[str, Any]:
    """What the log has of an error, without any value.

    That is ``{"type": "KeyError", "place": "portal/pages.py:12 watch", "raised": ..., "causes": [...]}``: ``place`` is
    the innermost line of ours that led to the error, ``raised`` the innermost line of all.
    """
    causes: list[str] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and len(causes) < 5:
        causes.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(PACKAGE)]
    return {
        "type": type(error).__name__,
        "place": _place(ours[-1]) if ours else "",
        "raised": _place(frames[-1]) if frames else "",
        **({"causes": causes} if causes else {}),
    }


def _place(frame: traceback.FrameSummary) -> str:
    file = Path(frame.filename)
    name = file.relative_to(PACKAGE).as_posix() if file.is_relative_to(PACKAGE) else file.name
    return f"{name}:{frame.lineno} {frame.name}"


def route_of(scope: Scope) -> str:
    """The template of the route that answers, e.g. ``/guide/{guide_id}``: there are not many, and none has a value."""
    route = scope.get("route")
    if scope.get("path", "").startswith(f"{STATIC_ROOT}/"):
        return STATIC_ROOT
    template = getattr(route, "path_format", None) or getattr(route, "path", None)
    return template if isinstance(template, str) and template else NO_ROUTE


class Recorder:
    """Gives each request an id, logs and counts it, and answers where something unexpected went wrong.

    Only the headers are further out. No error gets past here: the server would log it with its values.
    """

    def __init__(self, app: ASGIApp, log: Log, metrics: Metrics) -> None:
        self.app, self.log, self.metrics = app, log, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0
        started = time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).append((b"x-request-id", request_id.encode()))
            await send(message)

        self.metrics.opened()
        try:
            await self.app(scope, receive, noting)
        except ClientDisconnect:
            pass  # in the middle of what was being sent to us: there is nobody to answer
        except Exception as error:
            self.log.unexpected(error, route=route_of(scope), request=request_id)
            if not status:
                await refused(Request(scope), "unexpected")(scope, receive, noting)
        finally:
            seconds, route = time.perf_counter() - started, route_of(scope)
            self.metrics.closed(scope["method"], route, status, seconds)
            self.log.write(
                "request",
                method=scope["method"] if scope["method"].isalpha() and len(scope["method"]) < 12 else "other",
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
                request=request_id,
            )
