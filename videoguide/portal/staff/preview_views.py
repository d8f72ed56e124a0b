# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What the pages of previews show; see ``portal.views``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from videoguide.portal.staff.views import StaffPage
from videoguide.portal.views import WatchPage

FormPart = Literal["", "form", "sample", "application"]
"""One of the three forms that ask for a preview, or none."""

SceneState = Literal["reused", "made", "missing"]

SCENE_STATES: Mapping[SceneState, str] = {"reused": "Riusata", "made": "Nuova", "missing": "Da fare"}


@dataclass(frozen=True)
class Choice:
    """Something that can be chosen in a form."""

    value: str
    title: str
    chosen: bool = False


@dataclass(frozen=True)
class FactField:
    """A campaign's own field of an application: choices, or a number from 0 to ``at_most``."""

    name: str
    type: str
    title: str
    choices: tuple[Choice, ...] = ()
    count: int = 0
    at_most: int = 0


@dataclass(frozen=True, kw_only=True)
class PreviewFormPage(StaffPage):
    """The forms that ask for a preview: with details of one's own, for a person of the sample, for an application."""

    template: ClassVar[str] = "staff/preview.html"

    title: str = "Fai un’anteprima"

    campaign_title: str

    may_make: bool
    """Whether the member of staff may have previews made."""

    form_url: str
    sample_url: str
    application_url: str
    """Where the three forms are posted to."""

    problem: str = ""
    """Why there is no preview of what was sent, in one line; empty if there is one."""

    problem_in: FormPart = ""
    """The form with the problem."""

    first_name: str
    name_letters: int
    """How long a first name may be."""

    sexes: tuple[Choice, ...]
    applicants: tuple[Choice, ...]
    cases: tuple[Choice, ...]
    facts: tuple[FactField, ...]
    channels: tuple[Choice, ...]
    patronato: str
    years: tuple[Choice, ...]
    voices: tuple[Choice, ...]

    profiles: tuple[Choice, ...]
    """The people of the sample, by their number."""


@dataclass(frozen=True)
class SceneLine:
    """A scene of a preview: its words and buttons, and whether its segment is reused, was made, or is missing."""

    number: int
    title: str
    state: SceneState
    sentences: tuple[str, ...]
    buttons: tuple[str, ...]

    @property
    def state_words(self) -> str:
        """The scene's state in words."""
        return SCENE_STATES[self.state]


@dataclass(frozen=True, kw_only=True)
class PreviewPage(StaffPage):
    """What the page of a preview shows, whether its guide is ready or not."""

    title: str = "Anteprima"

    campaign_title: str

    form_url: str
    """The empty form."""

    change_url: str
    """The form, filled in as for this preview; empty for the preview of a real application."""

    is_real: bool
    """Whether it is the preview of a real application."""

    about: tuple[str, ...]
    """Its cases and its channel, in plain words."""

    made_by: str
    made_at: str
    expires_at: str
    """Who asked for it, when, and until when its address works."""

    version: str
    version_words: str
    """The version of the pack that it was made with, and the state of that version now."""

    scenes: tuple[SceneLine, ...]

    def count(self, state: SceneState) -> int:
        """How many scenes are in this state."""
        return sum(scene.state == state for scene in self.scenes)


@dataclass(frozen=True, kw_only=True)
class MakingPage(PreviewPage):
    """A preview while segments of its guide are missing."""

    template: ClassVar[str] = "staff/preview-making.html"

    progress_url: str
    """The stream of events; while a page listens to it, the segments are made."""

    make_url: str
    """Where a page without scripts asks for the segments."""

    problem: str = ""
    """Why they could not be made, after a page without scripts asked for them."""


@dataclass(frozen=True, kw_only=True)
class ReadyPage(PreviewPage, WatchPage):
    """A preview to watch."""

    template: ClassVar[str] = "staff/preview-ready.html"
