"""What the staff's first pages show, and what all of their pages share; see ``views``."""

from dataclasses import dataclass
from typing import ClassVar

from videoguide.portal.views import Page


@dataclass(frozen=True)
class Step:
    """A page of a campaign: where it is, what it is called, whether we are on it."""

    url: str
    title: str
    here: bool = False


@dataclass(frozen=True, kw_only=True)
class StaffPage(Page):
    """What every page for staff has."""

    home_url: str = "/staff"

    for_staff: bool = True

    steps: tuple[Step, ...] = ()
    """The pages of the campaign that this one belongs to; none outside of campaigns."""


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

    last_run: str = ""
    """The day guides were made last, in words; empty if never."""

    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StaffHomePage(StaffPage):
    """The campaigns."""

    template: ClassVar[str] = "staff/home.html"

    title: str = "Le campagne"

    role_words: str
    """What the member of staff may do."""

    campaigns: tuple[CampaignCard, ...]

    audit_url: str = ""
    """Where it is told who did what; empty for those whom it does not concern."""


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
    """Where there is more; empty where there is not."""
