# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The first pages for staff: the campaigns, and who did what. The other pages for staff are modules of their own.

Citizens are refused here, as staff are on the citizens' pages. Every page requires a role (``Viewer``, ``Editor``,
``Approver``); each may also do what the roles before it may.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from videoguide.errors import Busy, PackError, UnknownChoice
from videoguide.packs import campaigns
from videoguide.packs.campaigns import Campaign
from videoguide.portal.answers import Refusal, show
from videoguide.portal.login import ROLE_NAMES, require_staff
from videoguide.portal.rendering import italian_date
from videoguide.portal.sessions import Visitor
from videoguide.portal.staff.views import AuditLine, AuditPage, CampaignCard, PageLink, StaffHomePage
from videoguide.portal.state import Portal, portal_of
from videoguide.records import audit, register, versions
from videoguide.wording import INSTITUTE_TIME

Viewer = Annotated[Visitor, Depends(require_staff("viewer"))]
Editor = Annotated[Visitor, Depends(require_staff("editor"))]
Approver = Annotated[Visitor, Depends(require_staff("approver"))]

CAMPAIGN_PAGES = {
    "preview": "Anteprima",
    "check": "Scene e controllo",
    "versions": "Versioni e approvazione",
    "figures": "Come va",
}
"""The pages of a campaign and their titles, each at ``/staff/<campaign>/<name>``."""

BUSY = "Il pacchetto è cambiato proprio adesso: ricarica la pagina tra qualche secondo."

router = APIRouter(include_in_schema=False)


def pack(request: Request, campaign: str) -> Campaign:
    """A campaign by its id, as its pack is now. Raises Refusal if there is none, PackError."""
    try:
        return campaigns.load(portal_of(request).settings.scenes, campaign)
    except UnknownChoice as error:
        raise Refusal("not_found") from error


Pack = Annotated[Campaign, Depends(pack)]


def page_links(campaign: str, current: str = "") -> tuple[PageLink, ...]:
    """Links to the pages of a campaign; ``current`` is the name of the page that is shown."""
    return tuple(
        PageLink(f"/staff/{campaign}/{name}", title, name == current) for name, title in CAMPAIGN_PAGES.items()
    )


def note(
    portal: Portal,
    visitor: Visitor,
    what: str,
    *,
    campaign: str = "",
    about: str = "",
    application: int | None = None,
    once: bool = False,
) -> None:
    """Note in the audit what a member of staff has done; with ``once``, once a visit. Raises StoreError."""
    (audit.note_visit if once else audit.note)(
        portal.database,
        visitor.subject,
        what,
        role=visitor.role,
        campaign=campaign,
        about=about,
        application=application,
    )


def moment(at: datetime) -> str:
    """A moment as the institute's clocks show it: ``1º giugno 2023, 14:05``."""
    local = at.astimezone(INSTITUTE_TIME)
    return f"{italian_date(local.date())}, {local:%H:%M}"


@router.get("/staff")
def home(request: Request, visitor: Viewer) -> Response:
    """The campaigns, and what can be done with each. Raises StoreError."""
    portal = portal_of(request)
    runs = register.last_runs(portal.database)
    ids = campaigns.campaigns(portal.settings.scenes)
    cards = tuple(_card(portal, campaign, runs.get(campaign)) for campaign in ids)
    audit_url = "/staff/audit" if visitor.role == "approver" else ""
    return show(
        StaffHomePage(csrf=visitor.csrf, role_words=_role(visitor.role).lower(), campaigns=cards, audit_url=audit_url)
    )


def _role(role: str) -> str:
    """A role in words; the command line has none."""
    return next((words for name, words in ROLE_NAMES.items() if name == role), "Riga di comando")


def _card(portal: Portal, campaign: str, ended: datetime | None) -> CampaignCard:
    last_run = moment(ended) if ended else ""
    try:
        pack = campaigns.load(portal.settings.scenes, campaign)
    except PackError as error:
        return CampaignCard(title=campaign, problem=error.message, last_run=last_run, page_links=page_links(campaign))
    title, links = pack.description.title, page_links(campaign)
    try:
        version = versions.keep(portal.database, portal.store, pack)
    except Busy:
        return CampaignCard(title=title, busy=BUSY, last_run=last_run, page_links=links)
    return CampaignCard(
        title=title,
        version=version.short,
        state_words=versions.STATES[version.state],
        last_run=last_run,
        page_links=links,
    )


@router.get("/staff/audit")
def who_did_what(request: Request, visitor: Approver, page: Annotated[int, Query(ge=1, le=100_000)] = 1) -> Response:
    """What staff did, newest first. Raises StoreError."""
    entries, has_more = audit.entries(portal_of(request).database, page)
    lines = tuple(
        AuditLine(
            moment(entry.at),
            entry.who,
            _role(entry.role),
            audit.ACTIONS.get(entry.what, entry.what),
            entry.campaign,
            " ".join(filter(None, (entry.about, "" if entry.application is None else f"domanda:{entry.application}"))),
        )
        for entry in entries
    )
    return show(
        AuditPage(
            csrf=visitor.csrf,
            entries=lines,
            newer_url=f"/staff/audit?page={page - 1}" if page > 1 else "",
            older_url=f"/staff/audit?page={page + 1}" if has_more else "",
        )
    )
