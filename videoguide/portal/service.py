# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""For those who keep the portal running, and for those who find a fault: health, readiness, metrics, security.txt."""

from datetime import UTC, datetime, time, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from videoguide.portal.answers import Refusal
from videoguide.portal.configuration import SOURCE_URL, PortalSettings, is_forwarded, is_loopback
from videoguide.portal.metrics import CONTENT_TYPE
from videoguide.portal.state import portal_of

SECURITY_TXT = "/.well-known/security.txt"
SECURITY_POLICY_URL = f"{SOURCE_URL}/blob/main/SECURITY.md"
SECURITY_TXT_LASTS = timedelta(days=180)
"""How long an answer may be relied on; RFC 9116 recommends less than a year."""

router = APIRouter(include_in_schema=False)


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def health() -> JSONResponse:
    """That the process answers."""
    return JSONResponse({"status": "ok"})


@router.api_route("/readyz", methods=["GET", "HEAD"])
async def readiness(request: Request) -> JSONResponse:
    """Whether people can be served, and what is wrong.

    Where guides can be watched, though nothing can be saved, the answer is 200: a balancer that took this process away
    would take the guides away, too.
    """
    health = await portal_of(request).readiness.health()
    problems = {"problems": list(health.problems)} if health.problems else {}
    answer = {"status": health.status, "database": health.database, "store": health.store, **problems}
    return JSONResponse(answer, 503 if health.status == "unavailable" else 200)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Figures for Prometheus. Raises Refusal for those whom the setting does not allow to read them."""
    portal = portal_of(request)
    readers = portal.rules.metrics
    is_here = request.client is not None and is_loopback(request.client.host)
    if readers == "off" or (readers == "loopback" and not (is_here and not is_forwarded(request.headers))):
        raise Refusal("not_found")
    return Response(portal.metrics.text(), media_type=CONTENT_TYPE)


@router.api_route(SECURITY_TXT, methods=["GET", "HEAD"])
async def security_txt(request: Request) -> Response:
    """To whom a weakness is reported, as in RFC 9116."""
    return PlainTextResponse(security_contacts(portal_of(request).rules, datetime.now(UTC)))


def security_contacts(rules: PortalSettings, moment: datetime) -> str:
    """The text of ``security.txt`` as of a moment."""
    expires = datetime.combine(moment.astimezone(UTC).date(), time(), UTC) + SECURITY_TXT_LASTS
    fields = (
        *(("Contact", contact) for contact in rules.contacts),
        ("Expires", f"{expires:%Y-%m-%dT%H:%M:%SZ}"),
        ("Preferred-Languages", "it, en"),
        ("Canonical", f"{rules.url}{SECURITY_TXT}"),
        ("Policy", SECURITY_POLICY_URL),
    )
    return "".join(f"{name}: {value}\n" for name, value in fields)
