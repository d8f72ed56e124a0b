"""What the pages about how a campaign goes show; see ``views``."""

from dataclasses import dataclass
from typing import ClassVar

from videoguide.portal.staff_views import StaffPage


@dataclass(frozen=True)
class Choice:
    """A filter with a list: its field, what stands above it, and (value, words) of all that may be chosen."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    chosen: str


@dataclass(frozen=True, kw_only=True)
class Filters:
    """The form that both pages have; what was typed stays in it."""

    url: str
    """Where it is sent to, with GET."""

    choices: tuple[Choice, ...]

    first: str

    last: str
    """The days as they were typed."""

    words: str | None = None
    """What is searched for; None where nothing can be."""

    is_used: bool
    """Whether anything is filtered, so that all of it can be asked for again."""


@dataclass(frozen=True)
class Headline:
    """A large figure: its title, the number, and what to hold it against."""

    title: str
    value: str
    words: str


@dataclass(frozen=True)
class Picture:
    """A chart, wide and narrow, as addresses for an ``<img>``; ``words`` for who does not see it."""

    wide: str
    narrow: str
    words: str


@dataclass(frozen=True)
class Section:
    """A table of figures, behind its chart if it has one: then it is opened by who wants it."""

    id: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """In each row the first cell is a title."""
    picture: Picture | None = None
    note: str = ""
    """What to mind when reading it."""


@dataclass(frozen=True, kw_only=True)
class MonitoringPage(StaffPage):
    """What both pages have."""

    campaign_title: str

    figures_url: str

    comments_url: str
    """Where both pages are, with the same filters."""

    filters: Filters

    asked: str = ""
    """What is shown, in words."""

    problem: str = ""
    """Why the filters were not accepted; then nothing else is shown."""


@dataclass(frozen=True, kw_only=True)
class FiguresPage(MonitoringPage):
    """A campaign's figures, or a part of them."""

    template: ClassVar[str] = "staff/figures.html"

    title: str = "Come va la campagna"

    counted: str = ""
    """When they were counted, in words."""

    headlines: tuple[Headline, ...] = ()

    sections: tuple[Section, ...] = ()
    """None where no guide was ever made."""

    small_numbers: str = ""
    """Why some numbers are not shown."""

    downloads: tuple[tuple[str, str], ...] = ()
    """(address, words) of the same figures as files."""


@dataclass(frozen=True)
class CommentLine:
    """What somebody wrote."""

    stars: int
    usefulness: str
    """What so many stars mean."""
    day: str
    cases: tuple[str, ...]
    text: str


@dataclass(frozen=True, kw_only=True)
class CommentsPage(MonitoringPage):
    """What people wrote, newest first."""

    template: ClassVar[str] = "staff/comments.html"

    title: str = "Che cosa scrivono"

    comments: tuple[CommentLine, ...] = ()

    page: int = 1

    newer_url: str = ""

    older_url: str = ""
    """Where there is more; empty where there is not."""
