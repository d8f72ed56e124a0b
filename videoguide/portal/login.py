# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Coming in and going out: with the identity provider, or as one of the demonstration's invented people.

Routes depend on ``require_citizen`` or ``require_staff(role)``; each refuses visitors of the other kind.
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from videoguide.errors import InputError, StoreError
from videoguide.guide.eligibility import decide
from videoguide.intake import applications
from videoguide.intake.applications import Application
from videoguide.packs import campaigns
from videoguide.portal.answers import RETRY_SOON, Refusal, SentTo, is_page_visit, refused, show
from videoguide.portal.configuration import STAFF_ROLES, LoginSettings, StaffRole
from videoguide.portal.discovery import Denial
from videoguide.portal.provider import LoginAttempt, Provider
from videoguide.portal.security import same_token
from videoguide.portal.sessions import CITIZEN, Visitor
from videoguide.portal.state import Portal, SamplePerson, portal_of, visitor_of
from videoguide.portal.views import LoginPage, Person, SignedOutPage
from videoguide.records import audit
from videoguide.settings import Settings

AFTER_LOGIN = "/guide"
AFTER_STAFF_LOGIN = "/staff"
LOGGED_OUT = "/logged-out"
CALLBACK = "/login/callback"
GOES_ON = "provider"
"""In the address of the page after the way out: the provider's session could not be ended."""

ENDED = "La sessione è finita per proteggere i tuoi dati. Entra di nuovo."
ROLE_NAMES: Mapping[StaffRole, str] = {"viewer": "Chi guarda", "editor": "Chi modifica", "approver": "Chi approva"}
STAFF_TITLE = "Entra come personale"
ABOUT_STAFF = "Personale dell’istituto"
NO_GUIDE = "Nessuna guida"

_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]{0,500}")
_ITALIAN = "TINIT-"

router = APIRouter(include_in_schema=False)


def require_citizen(request: Request) -> Visitor:
    """The citizen who sends a request.

    Raises Refusal for staff. Without a session it raises SentTo, which leads a page visit to the way in, or Refusal.
    """
    visitor = visitor_of(request)
    if visitor is None:
        raise _must_log_in(request, "/login")
    if not visitor.is_citizen:
        raise Refusal("citizens_only")
    return visitor


def require_staff(role: StaffRole) -> Callable[[Request], Visitor]:
    """A dependency that gives the member of staff who sends a request, with this role or one that may do more.

    It raises Refusal for citizens and for a lower role; without a session SentTo, or Refusal where no page is visited.
    """

    def required(request: Request) -> Visitor:
        visitor = visitor_of(request)
        if visitor is None:
            raise _must_log_in(request, "/staff/login")
        if visitor.is_citizen:
            raise Refusal("staff_only")
        if not visitor.may(role):
            raise Refusal("role_too_low")
        return visitor

    return required


def _must_log_in(request: Request, way_in: str) -> Exception:
    if not is_page_visit(request):
        return Refusal("not_logged_in")
    path = request.url.path if request.method == "GET" else AFTER_LOGIN
    ended = "&ended=1" if portal_of(request).sessions.cookie.name in request.cookies else ""
    return SentTo(f"{way_in}?next={quote(local_path(path))}{ended}")


def local_path(path: str | None, otherwise: str = AFTER_LOGIN) -> str:
    """The path of a page of ours; anything that a browser could take for another site becomes ``otherwise``.

    >>> local_path("//example.org/guide")
    '/guide'
    """
    return path if path and _LOCAL.fullmatch(path) else otherwise


@router.get("/login")
@router.get("/demo/login")
def way_in(request: Request, next: str = "", ended: str = "") -> Response:
    """The way in: a link to the identity provider, or the sample people. Raises StoreError."""
    return _way_in(request, local_path(next), ENDED if ended else "", staff=False)


@router.get("/staff/login")
def staff_way_in(request: Request, next: str = "", ended: str = "") -> Response:
    """The way in for staff. Raises StoreError."""
    return _way_in(request, local_path(next, AFTER_STAFF_LOGIN), ENDED if ended else "", staff=True)


def _way_in(request: Request, then: str, message: str, *, staff: bool) -> Response:
    portal = portal_of(request)
    sessions = portal.sessions
    title = STAFF_TITLE if staff else LoginPage.title
    if not portal.demo:
        start = f"/login/start?next={quote(then)}{'&staff=1' if staff else ''}"
        return show(LoginPage(title=title, login_url=start, message=message, for_staff=staff))
    if staff:
        people = tuple(Person(role, ROLE_NAMES[role], ABOUT_STAFF) for role in STAFF_ROLES)
    else:
        people = tuple(Person(str(n), person.name, person.about) for n, person in enumerate(portal.people))
    token, csrf = "", sessions.way_in_csrf(request.cookies.get(sessions.way_in_cookie.name))
    if not csrf:
        token, csrf = sessions.begin_way_in({})
    address = f"/demo/login?next={quote(then)}"
    page = LoginPage(title=title, login_url=address, people=people, message=message, csrf=csrf, for_staff=staff)
    response = show(page)
    if token:
        sessions.way_in_cookie.set(response, token)
    return response


@router.post("/demo/login")
def demo_login(
    request: Request, person: Annotated[str, Form()] = "", csrf: Annotated[str, Form()] = "", next: str = ""
) -> Response:
    """Log in as one of the sample people, or as staff.

    Raises Refusal outside of a demonstration, for a form without its token, and for a person who is not in the list;
    StoreError.
    """
    portal = portal_of(request)
    if not portal.demo:
        raise Refusal("not_found")
    sessions = portal.sessions
    way_in = request.cookies.get(sessions.way_in_cookie.name)
    if not same_token(csrf, sessions.way_in_csrf(way_in)):
        raise Refusal("form_stale")
    sessions.take_way_in(way_in)
    if person in STAFF_ROLES:
        return _come_in(request, person, local_path(next, AFTER_STAFF_LOGIN), subject=f"demo-{person}")
    if not (person.isascii() and person.isdecimal() and len(person) < 9 and int(person) < len(portal.people)):
        raise Refusal("bad_request")
    fiscal_code = portal.people[int(person)].fiscal_code
    return _come_in(request, CITIZEN, local_path(next), fiscal_code=fiscal_code)


@router.get("/login/start")
def start(request: Request, next: str = "", staff: str = "") -> Response:
    """Send the browser to the identity provider, with a way in that only this browser holds.

    Raises Refusal where there is no identity provider, StoreError.
    """
    portal = portal_of(request)
    provider = _provider(portal)
    attempt = LoginAttempt(provider.settings.role_claim if staff else provider.settings.fiscal_code)
    try:
        address = provider.address(attempt)
    except Denial as denial:
        return _denied(request, denial)
    then = local_path(next, AFTER_STAFF_LOGIN if staff else AFTER_LOGIN)
    token, _ = portal.sessions.begin_way_in({**vars(attempt), "next": then, "staff": "1" if staff else ""})
    response = RedirectResponse(address, 303)
    portal.sessions.way_in_cookie.set(response, token)
    return response


@router.get(CALLBACK)
def callback(request: Request) -> Response:
    """Let somebody in whom the identity provider sends back, once everything that the browser brings is proven.

    Raises Refusal where there is no identity provider, StoreError.
    """
    portal = portal_of(request)
    provider, sessions = _provider(portal), portal.sessions
    kept = sessions.take_way_in(request.cookies.get(sessions.way_in_cookie.name))
    if kept is None and (visitor := visitor_of(request)):
        return RedirectResponse(AFTER_LOGIN if visitor.is_citizen else AFTER_STAFF_LOGIN, 303)  # somebody went back
    try:
        if kept is None:
            raise Denial("login_stale")
        attempt = LoginAttempt(kept["claim"], kept["state"], kept["nonce"], kept["verifier"])
        proven = provider.prove(dict(request.query_params), attempt)
        claims, id_token = proven.claims, proven.id_token
        if kept["staff"]:
            role = staff_role(claims, provider.settings)
            return _come_in(request, role, kept["next"], subject=str(claims["sub"])[:255], id_token=id_token)
        fiscal_code = fiscal_code_of(claims.get(attempt.claim))
        return _come_in(request, CITIZEN, kept["next"], fiscal_code=fiscal_code, id_token=id_token)
    except Denial as denial:
        return _denied(request, denial)


@router.post("/logout")
def logout(request: Request) -> Response:
    """End the session here, then at the identity provider.

    Where the database cannot forget it, the browser does: nobody who comes to this computer next is logged in.
    """
    portal = portal_of(request)
    sessions = portal.sessions
    try:
        id_token = sessions.end(request.cookies.get(sessions.cookie.name))
    except StoreError as error:
        portal.log.unexpected(error, seldom=True, request=request.state.request_id)
        response = refused(request, "unavailable", RETRY_SOON)
        sessions.cookie.clear(response)
        return response
    here = LOGGED_OUT
    if portal.provider:
        here = portal.provider.way_out(portal.rules.url + LOGGED_OUT, id_token) or f"{LOGGED_OUT}?{GOES_ON}=1"
    response = RedirectResponse(here, 303)
    sessions.cookie.clear(response)
    return response


@router.get(LOGGED_OUT)
def logged_out(request: Request) -> Response:
    """The page after the way out; it says so where the session at the identity provider goes on."""
    return show(SignedOutPage(login_url="/login", goes_on=GOES_ON in request.query_params))


def _come_in(
    request: Request, role: str, then: str, *, fiscal_code: str = "", subject: str = "", id_token: str = ""
) -> Response:
    """Begin a session under a new token; the session that this browser had before ends."""
    portal = portal_of(request)
    sessions = portal.sessions
    sessions.end(request.cookies.get(sessions.cookie.name))
    token = sessions.begin(role, fiscal_code=fiscal_code, subject=subject, id_token=id_token)
    response = RedirectResponse(then, 303)
    sessions.cookie.set(response, token)
    sessions.way_in_cookie.clear(response)
    if role != CITIZEN:
        audit.note(portal.database, subject, "login", role=role)
    portal.metrics.login("citizen" if role == CITIZEN else "staff")
    return response


def _denied(request: Request, denial: Denial) -> Response:
    portal = portal_of(request)
    portal.metrics.login(denial.reason)
    because = {"because": denial.because} if denial.because else {}
    portal.log.write("login refused", reason=denial.reason, **because, request=request.state.request_id)
    response = refused(request, denial.reason)
    portal.sessions.way_in_cookie.clear(response)
    return response


def _provider(portal: Portal) -> Provider:
    if portal.provider is None:
        raise Refusal("not_found" if portal.demo else "unavailable")
    return portal.provider


def fiscal_code_of(value: object) -> str:
    """A person's fiscal code from the provider's attribute, bare or with Italy's prefix (``TINIT-``).

    The prefix, of ETSI EN 319 412-1, names the country whose tax office gave the number. Under another country's
    prefix the same letters are another person's, so only Italy's is taken off. SATOSA proxies send attributes as lists;
    a list of one is its value, and of several nobody says which is the person's.

    Raises Denial for anything that is not a valid fiscal code.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str) or len(value) > 64:
        raise Denial("identity_missing")
    try:
        return applications.tidy_fiscal_code(value.strip().upper().removeprefix(_ITALIAN))
    except InputError as error:
        raise Denial("identity_missing") from error


def staff_role(claims: Mapping[str, Any], settings: LoginSettings) -> StaffRole:
    """The highest role among those that the provider states, as one name or as a list.

    Raises Denial if none of them is a role of ours.
    """
    stated = claims.get(settings.role_claim)
    names = stated if isinstance(stated, list) else [stated]
    roles = [settings.roles[name] for name in names if isinstance(name, str) and name in settings.roles]
    if not roles:
        raise Denial("role_missing")
    return max(roles, key=STAFF_ROLES.index)


def sample_people(settings: Settings) -> tuple[SamplePerson, ...]:
    """The people in the samples of all campaigns, each once, with their cases. Raises PackError, InputError."""
    about: dict[str, tuple[str, list[str]]] = {}
    for campaign_id in campaigns.campaigns(settings.scenes):
        campaign = campaigns.load(settings.scenes, campaign_id)
        sample = campaign.folder / "sample.csv"
        for row in applications.read_applications(sample, campaign) if sample.exists() else ():
            if isinstance(row, Application):
                _, cases = about.setdefault(row.fiscal_code, (row.spoken_name, []))
                cases.extend(campaign.case(case).title for case in decide(row, campaign).cases)
    return tuple(
        SamplePerson(name, ", ".join(dict.fromkeys(cases)) or NO_GUIDE, fiscal_code)
        for fiscal_code, (name, cases) in about.items()
    )
