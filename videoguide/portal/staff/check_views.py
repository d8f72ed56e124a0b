# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What the pages of check, versions and approval show; see ``portal.views``."""

from dataclasses import dataclass
from typing import ClassVar

from videoguide.portal.staff.views import StaffPage


@dataclass(frozen=True)
class ScenePicture:
    """A scene's proof: its words, and its picture if it has been drawn."""

    key: str
    """The proof's key: part of the picture's address, and how a script finds the place of the picture."""

    words: tuple[str, ...]
    """Its sentences."""

    url: str
    """The picture as a JPEG of 640x360, which is there once the state is ``ready``."""

    state: str
    """``ready``; ``waiting`` to be drawn; or ``broken``, when it cannot be drawn."""


@dataclass(frozen=True)
class Figure:
    """One look of a scene."""

    picture: ScenePicture

    title: str
    """Which of the scene's looks it is."""

    about: str
    """The entries of the catalogue that it shows, in words."""

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
    """Why the pack cannot be checked at all; then nothing else is shown."""

    busy: str = ""
    """Why nothing is shown just now, although nothing is wrong."""

    problems: tuple[Problem, ...] = ()
    """All problems so far."""

    scenes: tuple[SceneFigures, ...] = ()

    pictures: int = 0

    summary: str = ""
    """What was checked, once all of it was."""

    done: int = 0
    total: int = 0
    """How many scenes have been looked at, and of how many; 0 before the scenes have been listed."""

    progress_url: str = ""
    """The stream of events about the work, while it goes on."""

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
    """The time in which guides have been made with it; empty if never."""

    guides: str
    """How many guides for citizens were made with it."""

    here: bool
    """Whether it is what the pack's folder holds now."""

    compare: tuple[tuple[str, str], ...]
    """Useful comparisons: address and words of each."""

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

    busy: str = ""
    """Why nothing is shown just now, although nothing is wrong."""

    problem: str = ""
    message: str = ""

    next_step: str = ""
    """What ``videoguide render`` will do."""

    command: str = ""
    """The command for the next step."""

    is_approver: bool
    versions: tuple[VersionCard, ...]


Marked = tuple[str, str]
"""A part of a text, and what became of it: ``same``, ``del`` or ``ins``."""


@dataclass(frozen=True)
class Side:
    """A scene in one of two versions."""

    picture: ScenePicture
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
class EntryChange:
    """An entry of a pack's file that is not the same in both versions; empty where a version does not have it."""

    where: str
    old: tuple[Marked, ...]
    new: tuple[Marked, ...]


@dataclass(frozen=True)
class FileChange:
    """A file of a pack that is not the same in both versions; drawings have no entries."""

    file: str
    what: str
    entries: tuple[EntryChange, ...] = ()


@dataclass(frozen=True)
class ComparedVersion:
    """A version as the head of a comparison shows it."""

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
    old: ComparedVersion
    new: ComparedVersion

    broken: str = ""
    """Why the two cannot be compared."""

    ready: bool = False
    """Whether the scenes of both versions have been listed."""

    summary: str = ""
    changes: tuple[SceneChange, ...] = ()

    same: tuple[str, ...] = ()
    """The titles of scenes that say and show the same in both."""

    files: tuple[FileChange, ...] = ()
    progress_url: str = ""
