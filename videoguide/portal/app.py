"""The portal as one ASGI application, and the server that runs it.

Each part of the portal is a module with a ``router``; what they share is ``state.Portal``.
"""

import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import uvicorn
from fastapi import APIRouter, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from videoguide import __version__
from videoguide.database import Database, LoginSession
from videoguide.desk import Desk
from videoguide.errors import InputError, PackError, StoreError
from videoguide.portal import (
    api,
    login,
    media,
    pages,
    staff,
    staff_check,
    staff_figures,
    staff_preview,
    staff_versions,
)
from videoguide.portal.answers import Refusal, code_of, error_page, is_page_visit, refused, show
from videoguide.portal.configuration import PortalSettings, is_loopback
from videoguide.portal.logs import Log, Recorder, route_of
from videoguide.portal.metrics import CONTENT_TYPE, Metrics
from videoguide.portal.provider import Provider
from videoguide.portal.rendering import STATIC_FOLDER, STATIC_ROOT, static_names, static_version
from videoguide.portal.security import Gate, SecureHeaders, protect
from videoguide.portal.sessions import Sessions, Visitor
from videoguide.portal.state import Portal, portal_of
from videoguide.settings import Settings
from videoguide.store import Store

PARTS = (login, pages, media, api, staff, staff_preview, staff_check, staff_versions, staff_figures)
"""The modules of the portal with a ``router``, in the order in which their routes are tried."""

STATIC_KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
FOR_EVER = "public, max-age=31536000, immutable"
STOP_SECONDS = 10

service = APIRouter(include_in_schema=False)


def create_app(settings: Settings, rules: PortalSettings, *, demo: bool = False, log: Log | None = None) -> FastAPI:
    """The portal over the settings' database and store.

    In a demonstration the campaigns' sample people log in without an identity provider. Raises InputError for a
    demonstration with one, PackError for its sample, StoreError when the database cannot be opened.
    """
    if demo and rules.login:
        raise InputError("la dimostrazione non si può avviare insieme a un emittente vero: togli login_issuer")
    people = login.sample_people(settings) if demo else ()
    database = Database(settings.database)
    portal = Portal(
        settings=settings,
        rules=rules,
        demo=demo,
        database=database,
        store=Store(settings.store),
        desk=Desk(rules.workers),
        sessions=Sessions(database, idle=rules.idle, longest=rules.longest, secure=rules.secure),
        provider=Provider(rules.login, rules.url + login.CALLBACK) if rules.login else None,
        people=people,
        log=log or Log(),
        metrics=Metrics(),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            async with staff_figures.counting(portal):
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
    app.include_router(service)
    for part in PARTS:
        app.include_router(part.router)
    app.add_exception_handler(HTTPException, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_invalid)
    app.add_exception_handler(StoreError, _refuse_unavailable)
    app.add_exception_handler(PackError, _refuse_pack)
    # the last added is the outermost
    app.add_middleware(Gate, rules=rules, sessions=portal.sessions)
    app.add_middleware(Recorder, log=portal.log, metrics=portal.metrics)
    app.add_middleware(SecureHeaders, rules=rules, form_targets=_form_targets(portal.provider))
    return app


def check_bind(host: str, rules: PortalSettings, *, demo: bool) -> None:
    """Raises InputError where listening on ``host`` would show what only this machine may see."""
    if is_loopback(host):
        return
    if demo:
        raise InputError(f"la dimostrazione ascolta solo su questa macchina, non su {host!r}: usa 127.0.0.1")
    if not rules.secure:
        raise InputError(f"per ascoltare su {host!r} portal_url deve essere un indirizzo https")


def server(app: FastAPI, host: str, port: int) -> uvicorn.Server:
    """The portal's server, not running yet: ``run()`` serves until it is stopped. Raises as ``check_bind``."""
    portal: Portal = app.state.portal
    check_bind(host, portal.rules, demo=portal.demo)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            forwarded_allow_ips=sorted(portal.rules.proxies),
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )


@service.get("/healthz")
async def alive() -> JSONResponse:
    """Whether the process answers."""
    return JSONResponse({"status": "ok"})


@service.get("/readyz")
def ready(request: Request) -> JSONResponse:
    """Whether people can be served: the database answers, the store can be read."""
    portal = portal_of(request)
    found = {"database": _answers(portal.database), "store": _can_be_read(portal.settings.store)}
    fine = all(found.values())
    return JSONResponse({"status": "ok" if fine else "unavailable", **found}, 200 if fine else 503)


@service.api_route(f"{STATIC_ROOT}/{{version}}/{{name:path}}", methods=["GET", "HEAD"])
async def static(request: Request, version: str, name: str) -> Response:
    """A static file, under an address that changes with all of them."""
    if version != static_version() or name not in static_names():
        raise Refusal("not_found")
    content, compressed = _static(name)
    headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
    if compressed and "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = compressed, "gzip"
    return Response(content, headers=headers, media_type=STATIC_KINDS.get(Path(name).suffix, "text/plain"))


@service.get("/metrics")
def metrics(request: Request) -> Response:
    """Figures for Prometheus, for those whom the setting allows."""
    portal = portal_of(request)
    readers = portal.rules.metrics
    here = request.client is not None and is_loopback(request.client.host) and "x-forwarded-for" not in request.headers
    if readers == "off" or (readers == "loopback" and not here):
        raise Refusal("not_found")
    return Response(portal.metrics.text(), media_type=CONTENT_TYPE)


def _answers(database: Database) -> bool:
    try:
        with database.session() as session:
            session.get(LoginSession, "")
    except StoreError:
        return False
    return True


def _can_be_read(folder: Path) -> bool:
    try:
        next(folder.iterdir(), None)
    except OSError:
        return False
    return True


def _form_targets(provider: Provider | None) -> Callable[[], tuple[str, ...]]:
    return provider.origins if provider else tuple


@cache
def _static(name: str) -> tuple[bytes, bytes]:
    """A static file, read once, and its compressed form where that is worth it."""
    plain = (STATIC_FOLDER / name).read_bytes()
    compressed = gzip.compress(plain, mtime=0)
    return plain, compressed if len(compressed) < 0.9 * len(plain) else b""


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if 300 <= error.status_code < 400:
        return Response(status_code=error.status_code, headers=error.headers)
    code = error.code if isinstance(error, Refusal) else code_of(error.status_code)
    return refused(request, code, error.headers, status=error.status_code)


async def _refuse_invalid(request: Request, _: Exception) -> Response:
    return refused(request, "invalid")


async def _refuse_pack(request: Request, error: Exception) -> Response:
    """Staff read what is wrong with a pack, others that the service is paused."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    if visitor is None or visitor.is_citizen or not is_page_visit(request):
        return await _refuse_unavailable(request, error)
    return show(error_page(visitor, "Il pacchetto non si può usare", str(error), 503), status=503)


async def _refuse_unavailable(request: Request, error: Exception) -> Response:
    portal_of(request).log.unexpected(error, route=route_of(request.scope), request=request.state.request_id)
    return refused(request, "unavailable")
