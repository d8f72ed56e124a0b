"""What the pages of check, versions and approval show; see ``views``."""

from dataclasses import dataclass
from typing import ClassVar

from videoguide.portal.staff_views import StaffPage


@dataclass(frozen=True)
class Picture:
    """A scene's proof: its words, and its picture where that has been taken."""

    key: str
    """Tells it from all others: part of its address, and how the page finds its place."""

    words: tuple[str, ...]
    """Its sentences."""

    url: str
    """The picture as JPEG of 640x360, as soon as there is one."""

    state: str
    """``ready``, ``waiting`` to be made, or ``broken``: it cannot be drawn."""


@dataclass(frozen=True)
class Figure:
    """One look of a scene."""

    picture: Picture

    title: str
    """Which of the scene's looks it is."""

    about: str
    """What of the catalogue it tells of, in words."""

    problems: tuple[str, ...]


@dataclass(frozen=True)
class SceneFigures:
    """All looks of a scene."""

    scene: str
    chapter: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Problem:
    """What is wrong, and in which file."""

    place: str
    words: str


@dataclass(frozen=True, kw_only=True)
class CheckPage(StaffPage):
    """The contact sheet, and what ``check`` finds."""

    template: ClassVar[str] = "staff/check.html"

    title: str = "Scene e controllo"

    url: str
    """This page's own address."""

    campaign_title: str = ""

    version: str = ""
    state_words: str = ""

    broken: str = ""
    """Why the pack cannot be checked at all; then nothing else is known."""

    problems: tuple[Problem, ...] = ()
    """All that has been found so far."""

    scenes: tuple[SceneFigures, ...] = ()

    pictures: int = 0

    summary: str = ""
    """What was checked, once all of it was."""

    done: int = 0
    total: int = 0
    """Scenes that have been looked at, of how many; 0 while that is not known."""

    progress_url: str = ""
    """Where the work is told of, while it goes on."""

    may_check: bool = False


@dataclass(frozen=True)
class VersionCard:
    """A version in the list."""

    version: str
    short: str
    state: str
    state_words: str
    since: str
    approved: str
    """Who approved it and when; empty if nobody has."""

    live: str
    """Since when, or from when until when, guides have been made with it."""

    guides: str
    """How many guides that people can see were made with it."""

    here: bool
    """Whether it is what the pack's folder holds now."""

    compare: tuple[tuple[str, str], ...]
    """Comparisons that are worth a look: address and words."""

    may_approve: bool = False
    may_revoke: bool = False


@dataclass(frozen=True, kw_only=True)
class VersionsPage(StaffPage):
    """The versions of a pack, and who has approved them."""

    template: ClassVar[str] = "staff/versions.html"

    title: str = "Versioni e approvazione"

    url: str
    campaign_title: str = ""

    check_url: str

    check_words: str = ""
    """How the check of the version in the folder has ended."""

    broken: str = ""
    """Why the pack in the folder cannot be read."""

    problem: str = ""
    message: str = ""

    next_step: str = ""
    """What ``videoguide render`` will do."""

    command: str = ""
    """The command line to go on with."""

    is_approver: bool
    versions: tuple[VersionCard, ...]


Marked = tuple[str, str]
"""A part of a text, and what became of it: ``same``, ``del`` or ``ins``."""


@dataclass(frozen=True)
class Side:
    """A scene in one of two versions."""

    picture: Picture
    lines: tuple[tuple[Marked, ...], ...]


@dataclass(frozen=True)
class SceneChange:
    """A scene that is not the same in both versions; None where a version does not have it."""

    title: str
    scene: str
    about: str
    what: str
    """What has become of it."""

    alike: int
    """In how many other fillings of the scene words change in the same way."""

    old: Side | None
    new: Side | None


@dataclass(frozen=True)
class Entry:
    """An entry of a pack's file in both versions; empty where it is not there."""

    where: str
    old: tuple[Marked, ...]
    new: tuple[Marked, ...]


@dataclass(frozen=True)
class FileChange:
    """A file of a pack that is not the same in both versions; drawings have no entries."""

    file: str
    what: str
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Named:
    """A version as a comparison names it."""

    short: str
    state_words: str
    since: str


@dataclass(frozen=True, kw_only=True)
class ComparisonPage(StaffPage):
    """Two versions side by side."""

    template: ClassVar[str] = "staff/versions-compared.html"

    title: str = "Confronto tra due versioni"

    url: str
    versions_url: str
    swap_url: str
    old: Named
    new: Named

    broken: str = ""
    """Why the two cannot be compared."""

    ready: bool = False
    """Whether it is known yet which scenes have changed."""

    summary: str = ""
    changes: tuple[SceneChange, ...] = ()

    same: tuple[str, ...] = ()
    """Scenes that say and show the same."""

    files: tuple[FileChange, ...] = ()
    progress_url: str = ""
