"""The staff's desk: the campaigns, and who did what. The other pages for staff are modules of their own.

Citizens are refused here, as staff are on the citizens' pages. Every page wants a role (``Viewer``, ``Editor``,
``Approver``), each of which may also do what those before it may.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from videoguide import audit, campaigns, register, versions
from videoguide.campaigns import Campaign
from videoguide.errors import PackError, UnknownChoice
from videoguide.extracts import INSTITUTE_TIME
from videoguide.portal.answers import Refusal, show
from videoguide.portal.configuration import STAFF_ROLES, StaffRole
from videoguide.portal.login import ROLE_NAMES, require_staff
from videoguide.portal.rendering import italian_date
from videoguide.portal.sessions import Visitor
from videoguide.portal.staff_views import AuditLine, AuditPage, CampaignCard, StaffHomePage, Step
from videoguide.portal.state import Portal, portal_of

Viewer = Annotated[Visitor, Depends(require_staff("viewer"))]
Editor = Annotated[Visitor, Depends(require_staff("editor"))]
Approver = Annotated[Visitor, Depends(require_staff("approver"))]

STEPS = {
    "preview": "Anteprima",
    "check": "Scene e controllo",
    "versions": "Versioni e approvazione",
    "figures": "Come va",
}
"""The pages of a campaign, each at ``/staff/<campaign>/<its name>``."""

router = APIRouter(include_in_schema=False)


def pack(request: Request, campaign: str) -> Campaign:
    """The campaign that is asked for, as its pack is now. Raises Refusal when there is none, PackError."""
    try:
        return campaigns.load(portal_of(request).settings.scenes, campaign)
    except UnknownChoice as error:
        raise Refusal("not_found") from error


Pack = Annotated[Campaign, Depends(pack)]


def steps(campaign: str, here: str = "") -> tuple[Step, ...]:
    """A campaign's pages; ``here`` is the name of the one that is shown."""
    return tuple(Step(f"/staff/{campaign}/{name}", title, name == here) for name, title in STEPS.items())


def may(visitor: Visitor, role: StaffRole) -> bool:
    """Whether a member of staff has this role, or one that can do more."""
    return visitor.role in STAFF_ROLES[STAFF_ROLES.index(role) :]


def note(portal: Portal, visitor: Visitor, what: str, *, campaign: str = "", about: str = "") -> None:
    """Put into the audit table what a member of staff has done."""
    audit.note(portal.database, visitor.subject, what, role=visitor.role, campaign=campaign, about=about)


def moment(at: datetime) -> str:
    """A moment as the institute's clocks show it: ``1º giugno 2023, 14:05``"""
    local = at.astimezone(INSTITUTE_TIME)
    return f"{italian_date(local.date())}, {local:%H:%M}"


@router.get("/staff")
def home(request: Request, visitor: Viewer) -> Response:
    """The campaigns, and what can be done with each."""
    portal = portal_of(request)
    runs = register.last_runs(portal.database)
    known = campaigns.campaigns(portal.settings.scenes)
    cards = tuple(_card(portal, campaign, runs.get(campaign)) for campaign in known)
    audit_url = "/staff/audit" if visitor.role == "approver" else ""
    return show(
        StaffHomePage(csrf=visitor.csrf, role_words=_role(visitor.role).lower(), campaigns=cards, audit_url=audit_url)
    )


def _role(role: str) -> str:
    """A role in words; who has none was at the command line."""
    return next((words for known, words in ROLE_NAMES.items() if known == role), "Riga di comando")


def _card(portal: Portal, campaign: str, ended: datetime | None) -> CampaignCard:
    last_run = moment(ended) if ended else ""
    try:
        pack = campaigns.load(portal.settings.scenes, campaign)
    except PackError as error:
        return CampaignCard(title=campaign, problem=error.message, last_run=last_run, steps=steps(campaign))
    version = versions.keep(portal.database, portal.store, pack)
    return CampaignCard(
        title=pack.description.title,
        version=version.short,
        state_words=versions.STATES[version.state],
        last_run=last_run,
        steps=steps(campaign),
    )


@router.get("/staff/audit")
def who_did_what(request: Request, visitor: Approver, page: Annotated[int, Query(ge=1, le=100_000)] = 1) -> Response:
    """What staff did, newest first."""
    found, more = audit.entries(portal_of(request).database, page)
    lines = tuple(
        AuditLine(
            moment(one.at),
            one.who,
            _role(one.role),
            audit.ACTIONS.get(one.what, one.what),
            one.campaign,
            one.about,
        )
        for one in found
    )
    return show(
        AuditPage(
            csrf=visitor.csrf,
            entries=lines,
            newer_url=f"/staff/audit?page={page - 1}" if page > 1 else "",
            older_url=f"/staff/audit?page={page + 1}" if more else "",
        )
    )
