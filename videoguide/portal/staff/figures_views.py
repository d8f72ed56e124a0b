# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What the pages about how a campaign goes show; see ``portal.views``."""

from dataclasses import dataclass
from typing import ClassVar

from videoguide.portal.staff.views import StaffPage


@dataclass(frozen=True)
class FilterList:
    """A filter with a list: its field, its label, and all that may be chosen, as values and words."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    chosen: str


@dataclass(frozen=True, kw_only=True)
class Filters:
    """The form that both pages have; what was typed stays in it."""

    url: str
    """Where it is sent to, with GET."""

    lists: tuple[FilterList, ...]

    first: str

    last: str
    """The first and the last day, as they were typed."""

    words: str | None = None
    """The words that are searched for; None on a page without a search."""

    is_used: bool
    """Whether any filter is used; then the page offers to remove them."""


@dataclass(frozen=True)
class Headline:
    """A large figure: its title, the number, and what to compare it with."""

    title: str
    value: str
    words: str


@dataclass(frozen=True)
class ChartPicture:
    """A chart, wide and narrow, as addresses for an ``<img>``; ``words`` are for those who do not see it."""

    wide: str
    narrow: str
    words: str


@dataclass(frozen=True)
class Section:
    """A table of figures; if it has a chart, the chart is shown and the table can be opened below it."""

    id: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """In each row the first cell is a title."""
    picture: ChartPicture | None = None
    note: str = ""
    """What to mind when reading it."""


@dataclass(frozen=True, kw_only=True)
class MonitoringPage(StaffPage):
    """What the pages of figures and of comments have in common."""

    campaign_title: str

    figures_url: str

    comments_url: str
    """The addresses of both pages, with the same filters."""

    filters: Filters

    asked: str = ""
    """The selection that is shown, in words."""

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
    """A comment, with its rating."""

    rating: int
    rating_words: str
    """The rating as an answer in words."""
    day: str
    cases: tuple[str, ...]
    text: str


@dataclass(frozen=True, kw_only=True)
class CommentsPage(MonitoringPage):
    """The comments, newest first."""

    template: ClassVar[str] = "staff/comments.html"

    title: str = "Che cosa scrivono"

    comments: tuple[CommentLine, ...] = ()

    page: int = 1

    newer_url: str = ""

    older_url: str = ""
    """The addresses of the next pages; empty where there is none."""
