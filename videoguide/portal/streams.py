"""Server-sent events: what happens while a page is open, told as it happens; and errors as staff read them."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from videoguide import check
from videoguide.errors import PackError, StoreError, VideoGuideError
from videoguide.portal.logs import route_of
from videoguide.portal.state import portal_of

HEARTBEAT_SECONDS = 15
"""So often a stream says that it is still there, for whatever sits between it and the page."""
PROBLEM = "problem"
HELD_UP = "Qualcosa non ha funzionato; prova di nuovo."

Events = AsyncGenerator[tuple[str, object], None]
"""Kinds of events, each with its plain data."""


def stream(request: Request, events: Events) -> Response:
    """Tell events to a page's ``EventSource``; an error becomes the last of them, ``problem`` with its ``words``.

    When the page goes, the generator is closed.
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
                yield _event(PROBLEM, {"words": told(request, error)})
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


def told(request: Request, error: Exception) -> str:
    """An error in words; one that should not have happened is logged, and says nothing of itself."""
    if isinstance(error, VideoGuideError):
        return words_of(error)
    portal_of(request).log.unexpected(error, route=route_of(request.scope), request=request.state.request_id)
    return HELD_UP


def words_of(error: VideoGuideError) -> str:
    """An error as a sentence; of a pack, with its file as the pack names it; of the store, without its folders."""
    if isinstance(error, PackError):
        return str(check.finding(error))
    line = f"{Path(error.path).name[:16]}: {error.reason}" if isinstance(error, StoreError) else error.message.strip()
    return f"{line[:1].upper()}{line[1:].removesuffix('.')}."
