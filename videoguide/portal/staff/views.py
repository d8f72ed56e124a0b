# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What the first pages for staff show, and what all pages for staff share; see ``portal.views``."""

from dataclasses import dataclass
from typing import ClassVar

from videoguide.portal.views import Page


@dataclass(frozen=True)
class PageLink:
    """A link to a page of a campaign: its address, its title, and whether it is the page that is shown."""

    url: str
    title: str
    is_current: bool = False


@dataclass(frozen=True, kw_only=True)
class StaffPage(Page):
    """What every page for staff has."""

    home_url: str = "/staff"

    for_staff: bool = True

    page_links: tuple[PageLink, ...] = ()
    """The pages of the campaign that this page belongs to; none outside of campaigns."""


@dataclass(frozen=True)
class CampaignCard:
    """A campaign in the list."""

    title: str
    version: str = ""
    """The beginning of its version's name."""

    state_words: str = ""
    """Whether that version is a draft, approved or live."""

    problem: str = ""
    """What is wrong with its pack; empty if it can be used."""

    busy: str = ""
    """Why its version is not shown just now, although nothing is wrong."""

    last_run: str = ""
    """When guides were made last, in words; empty if never."""

    page_links: tuple[PageLink, ...] = ()
    """The pages of the campaign."""


@dataclass(frozen=True, kw_only=True)
class StaffHomePage(StaffPage):
    """The campaigns."""

    template: ClassVar[str] = "staff/home.html"

    title: str = "Le campagne"

    role_words: str
    """What the member of staff may do."""

    campaigns: tuple[CampaignCard, ...]

    audit_url: str = ""
    """The page that says who did what; empty for those whom it does not concern."""


@dataclass(frozen=True)
class AuditLine:
    """Something that was done; all of it in words."""

    at: str
    who: str
    role: str
    what: str
    campaign: str
    about: str


@dataclass(frozen=True, kw_only=True)
class AuditPage(StaffPage):
    """What staff did."""

    template: ClassVar[str] = "staff/audit.html"

    title: str = "Chi ha fatto che cosa"

    entries: tuple[AuditLine, ...]

    newer_url: str = ""

    older_url: str = ""
    """The addresses of the next pages; empty where there is none."""
