# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Server-sent events about work that goes on while a page is open; and errors in words for staff."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from videoguide.errors import PackError, StoreError, VideoGuideError
from videoguide.portal.logs import route_of
from videoguide.portal.state import portal_of
from videoguide.proof import check

HEARTBEAT_SECONDS = 15
"""How often a silent stream sends something, so that no proxy takes it for dead."""

PROBLEM = "problem"
HELD_UP = "Qualcosa non ha funzionato; prova di nuovo."

Events = AsyncGenerator[tuple[str, object], None]
"""Kinds of events, each with its plain data."""


def stream(request: Request, events: Events) -> Response:
    """Send events to a page's ``EventSource``; an error becomes the last event, ``problem`` with its ``words``.

    When the page is left, the generator is closed.
    """
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(_written(request, events), media_type="text/event-stream", headers=headers)


async def _written(request: Request, events: Events) -> AsyncIterator[str]:
    yield ": \n\n"
    coming = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            done, _ = await asyncio.wait({coming}, timeout=HEARTBEAT_SECONDS)
            if not done:
                yield ": \n\n"
                continue
            try:
                event = coming.result()
            except Exception as error:
                yield _event(PROBLEM, {"words": safe_words_of(request, error)})
                return
            if event is None:
                return
            coming = asyncio.ensure_future(anext(events, None))
            yield _event(*event)
    finally:
        coming.cancel()
        await asyncio.wait({coming})
        await events.aclose()


def _event(kind: str, data: object) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def safe_words_of(request: Request, error: Exception) -> str:
    """An error in words for staff; an unexpected error is logged, and its words say nothing about it."""
    if isinstance(error, VideoGuideError):
        return words_of(error)
    portal_of(request).log.unexpected(error, route=route_of(request.scope), request=request.state.request_id)
    return HELD_UP


def words_of(error: VideoGuideError) -> str:
    """An error as a sentence: of a pack with the file's name in the pack, of the store without its folders."""
    if isinstance(error, PackError):
        return str(check.finding(error))
    line = f"{Path(error.path).name[:16]}: {error.reason}" if isinstance(error, StoreError) else error.message.strip()
    return f"{line[:1].upper()}{line[1:].removesuffix('.')}."
