# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The API, version 1: a person's guides for the institute's own portal and apps, with the session of the pages.

Its description is kept in ``docs/openapi.json``; a test compares the two. The docstrings of the operations and of the
classes are part of that description, and so they say nothing about what is raised here.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends
from fastapi.security import APIKeyCookie, APIKeyHeader
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from videoguide.errors import InputError
from videoguide.portal.answers import Refusal
from videoguide.portal.login import require_citizen
from videoguide.portal.media import CurrentVisit
from videoguide.portal.pages import EXACTLY, Event, address, case_titles, note, open_view, readable
from videoguide.portal.sessions import Visitor
from videoguide.portal.state import Portal, portal_of
from videoguide.records import monitoring
from videoguide.records.database import COMMENT_CHARACTERS
from videoguide.records.delivery import Delivered, guides_of

ROOT = "/api/v1"
FILES = ("video.mp4", "download.mp4", "sound.m4a", "captions.vtt", "chapters.vtt", "buttons.vtt", "poster.jpg")

Citizen = Annotated[Visitor, Depends(require_citizen)]


class RefusalReason(BaseModel):
    """Why a request was refused: a code for programs, a sentence for people."""

    code: str
    message: str


class Refused(BaseModel):
    """The body of every refusal."""

    error: RefusalReason


class RatingBody(BaseModel):
    """How useful a guide was, from 1 (not at all) to 5 (very much), and the person's own words."""

    model_config = EXACTLY

    rating: int = Field(ge=1, le=5)
    comment: str = Field(default="", max_length=COMMENT_CHARACTERS)


class Summary(BaseModel):
    """A guide in the list."""

    id: str
    campaign: str
    cases: list[str]
    case_titles: list[str]
    made_at: datetime
    seen: bool
    rating: RatingBody | None
    url: str


class Guides(BaseModel):
    """The person's guides, newest first."""

    guides: list[Summary]


class OneGuide(BaseModel):
    """One guide: the manifest (as ``guide.json``), where its files are, and the view that events belong to.

    ``view`` is empty where it could not be saved; then no events are reported.
    """

    guide: Summary
    manifest: dict[str, Any]
    files: dict[str, str]
    view: str


class Session(BaseModel):
    """What requests that change something must send back in the header ``X-CSRF-Token``."""

    csrf: str


REFUSED = {
    401: "Nobody is logged in, or the session has ended.",
    403: "Not a citizen's session, a request from another site, or without the session's token.",
    404: "The person has no such guide, or it cannot be watched any more.",
    413: "The body is too long.",
    422: "A field is missing or not as described.",
    429: "Too many requests; the header Retry-After says how many seconds to wait.",
    503: "The service is paused.",
}

SESSION = APIKeyCookie(
    name="__Host-videoguide", description="The session's cookie, set by the login.", auto_error=False
)
TOKEN = APIKeyHeader(name="X-CSRF-Token", description="The session's token, see /session.", auto_error=False)
CHANGES = [Depends(TOKEN)]
"""For operations that change something: it describes the token, and ``security.protect`` checks it."""

router = APIRouter(
    prefix=ROOT,
    tags=["guides"],
    dependencies=[Depends(SESSION)],
    responses={status: {"model": Refused, "description": words} for status, words in REFUSED.items()},
)


@router.get("/session")
def session(visitor: Citizen) -> Session:
    """The token of this session."""
    return Session(csrf=visitor.csrf)


@router.get("/guides")
def guides(request: Request, visitor: Citizen) -> Guides:
    """List my guides."""
    delivered = guides_of(portal_of(request).database, visitor.fiscal_code)
    return Guides(guides=readable(request, delivered, summary))


@router.get("/guides/{guide}")
def guide(visit: CurrentVisit) -> OneGuide:
    """Open one of my guides."""
    return OneGuide(
        guide=summary(visit.portal, visit.delivered),
        manifest=msgspec.to_builtins(visit.guide.manifest()),
        files={name: f"{address(visit.delivered.id)}/{name}" for name in FILES},
        view=open_view(visit),
    )


@router.put("/guides/{guide}/rating", status_code=204, dependencies=CHANGES)
def rate(visit: CurrentVisit, rating: RatingBody) -> Response:
    """Rate one of my guides, or change the rating."""
    try:
        monitoring.rate(visit.portal.database, visit.delivered.id, rating.rating, rating.comment)
    except InputError as error:
        raise Refusal("invalid") from error
    return Response(status_code=204)


@router.post("/guides/{guide}/events", status_code=204, dependencies=CHANGES)
def event(visit: CurrentVisit, event: Event) -> Response:
    """Report what happened while one of my guides was watched."""
    note(visit, event)
    return Response(status_code=204)


def summary(portal: Portal, delivered: Delivered) -> Summary:
    """A guide as the list shows it."""
    given = delivered.rating
    return Summary(
        id=delivered.id,
        campaign=delivered.campaign,
        cases=list(delivered.cases),
        case_titles=list(case_titles(portal, delivered)),
        made_at=delivered.made_at,
        seen=delivered.is_seen,
        rating=RatingBody(rating=given.rating, comment=given.comment) if given else None,
        url=address(delivered.id),
    )
