# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What every route of the portal shares, and who is asking."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import Request

from videoguide.portal.configuration import PortalSettings
from videoguide.portal.logs import Log
from videoguide.portal.losses import Losses
from videoguide.portal.metrics import Metrics
from videoguide.portal.provider import Provider
from videoguide.portal.readiness import Readiness
from videoguide.portal.sessions import Sessions, Visitor
from videoguide.records.database import Database
from videoguide.runs.desk import Desk
from videoguide.settings import Settings
from videoguide.store import Store


@dataclass(frozen=True)
class SamplePerson:
    """One of the invented people whom the demonstration lets in without an identity provider."""

    name: str
    about: str
    fiscal_code: str


@dataclass(frozen=True)
class Portal:
    """A running portal. ``provider`` is None where nobody can log in, and in a demonstration, which has ``people``."""

    settings: Settings
    rules: PortalSettings
    demo: bool
    database: Database
    store: Store
    desk: Desk
    sessions: Sessions
    provider: Provider | None
    people: tuple[SamplePerson, ...]
    log: Log
    metrics: Metrics
    losses: Losses
    readiness: Readiness


def portal_of(request: Request) -> Portal:
    """The portal that a request has come to."""
    return cast(Portal, request.app.state.portal)


def visitor_of(request: Request) -> Visitor | None:
    """The visitor who sends a request, looked up once per request; None if nobody is logged in.

    It reads the database, and so must not be called in the event loop. Raises StoreError.
    """
    if not hasattr(request.state, "visitor"):
        sessions = portal_of(request).sessions
        request.state.visitor = sessions.find(request.cookies.get(sessions.cookie.name))
    return cast("Visitor | None", request.state.visitor)
