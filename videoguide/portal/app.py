# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The portal as one ASGI application.

Each part of the portal is a module with a ``router``; what they share is ``state.Portal``.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from videoguide import __version__
from videoguide.errors import Busy, InputError, PackError, StoreError, VideoGuideError
from videoguide.portal import api, login, media, pages, service, static_files
from videoguide.portal.answers import RETRY_SOON, Refusal, code_of, error_page, is_page_visit, refused, show
from videoguide.portal.configuration import PortalSettings
from videoguide.portal.logs import Log, Recorder, route_of
from videoguide.portal.losses import Losses
from videoguide.portal.metrics import Metrics
from videoguide.portal.provider import Provider
from videoguide.portal.readiness import Readiness, look
from videoguide.portal.security import Gate, SecureHeaders, protect
from videoguide.portal.sessions import Sessions, Visitor
from videoguide.portal.staff import check, figures, home, preview, versions
from videoguide.portal.state import Portal, portal_of
from videoguide.records import installation
from videoguide.records.connections import PEOPLE
from videoguide.records.database import Database
from videoguide.runs import pairing
from videoguide.runs.desk import Desk
from videoguide.settings import Settings
from videoguide.store import Store

CITIZENS_PARTS = (login, pages, media, api)
STAFFS_PARTS = (home, preview, check, versions, figures)
PARTS = (service, static_files, *CITIZENS_PARTS, *STAFFS_PARTS)
"""The modules of the portal with a ``router``, in the order in which their routes are tried."""


def create_app(settings: Settings, rules: PortalSettings, *, demo: bool = False, log: Log | None = None) -> FastAPI:
    """The portal over the settings' database and store.

    In a demonstration the people in the campaigns' samples log in without an identity provider. Raises InputError for
    a demonstration with an identity provider or on a database that is not its own, and for a store that is another
    database's; PackError for its samples, StoreError when the database cannot be opened.
    """
    if demo and rules.login:
        raise InputError("la dimostrazione non si può avviare insieme a un emittente vero: togli login_issuer")
    people = login.sample_people(settings) if demo else ()
    database, store = Database(settings.database, patience=PEOPLE), Store(settings.store)
    try:
        (installation.require_demo if demo else installation.refuse_demo)(database)
        pairing.join(store, database)
    except VideoGuideError:
        database.engine.dispose()
        raise
    log, metrics = log or Log(), Metrics()
    portal = Portal(
        settings=settings,
        rules=rules,
        demo=demo,
        database=database,
        store=store,
        desk=Desk(rules.workers),
        sessions=Sessions(database, idle=rules.idle, longest=rules.longest, secure=rules.secure),
        provider=Provider(rules.login, rules.url + login.CALLBACK) if rules.login else None,
        people=people,
        log=log,
        metrics=metrics,
        losses=Losses(log, metrics),
        readiness=Readiness(partial(look, database, settings.store)),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            async with figures.counting(portal):
                yield
        finally:
            portal.desk.close()
            database.engine.dispose()

    app = FastAPI(
        title="Videoguide",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        dependencies=[Depends(protect)],
    )
    app.state.portal = portal
    for part in PARTS:
        app.include_router(part.router)
    app.add_exception_handler(HTTPException, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_invalid)
    app.add_exception_handler(Busy, _refuse_busy)
    app.add_exception_handler(StoreError, _refuse_unavailable)
    app.add_exception_handler(PackError, _refuse_pack)
    # the last to be added is the outermost
    app.add_middleware(Gate, rules=rules, sessions=portal.sessions, demo=demo)
    app.add_middleware(Recorder, log=portal.log, metrics=portal.metrics)
    app.add_middleware(SecureHeaders, rules=rules, form_targets=_form_targets(portal.provider))
    return app


def _form_targets(provider: Provider | None) -> Callable[[], tuple[str, ...]]:
    return provider.origins if provider else tuple


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if 300 <= error.status_code < 400:
        return Response(status_code=error.status_code, headers=error.headers)
    code = error.code if isinstance(error, Refusal) else code_of(error.status_code)
    return refused(request, code, error.headers, status=error.status_code)


async def _refuse_invalid(request: Request, _: Exception) -> Response:
    return refused(request, "invalid")


async def _refuse_busy(request: Request, _: Exception) -> Response:
    """A run is going on, or a pack has just been changed: the same request may succeed a little later."""
    return refused(request, "busy", RETRY_SOON)


async def _refuse_pack(request: Request, error: Exception) -> Response:
    """Staff read what is wrong with a pack, others that the service is paused."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    if visitor is None or visitor.is_citizen or not is_page_visit(request):
        return await _refuse_unavailable(request, error)
    return show(error_page(visitor, "Il pacchetto non si può usare", str(error), 503), status=503)


async def _refuse_unavailable(request: Request, error: Exception) -> Response:
    log, route = portal_of(request).log, route_of(request.scope)
    # a database that is away would fill the log: everybody's requests fail in the same place
    log.unexpected(error, seldom=isinstance(error, StoreError), route=route, request=request.state.request_id)
    return refused(request, "unavailable", RETRY_SOON)
