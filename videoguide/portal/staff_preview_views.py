"""What the pages of previews show; see ``views``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from videoguide.portal.staff_views import StaffPage
from videoguide.portal.views import WatchPage

FormPart = Literal["", "form", "sample", "application"]
"""One of the forms that ask for a preview, or none."""

SceneState = Literal["reused", "made", "missing"]

SCENE_STATES: Mapping[SceneState, str] = {"reused": "Riusata", "made": "Nuova", "missing": "Da fare"}


@dataclass(frozen=True)
class Choice:
    """Something to choose in a form."""

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
    """What a preview is asked for with: words of one's own, a sample's person, or a real application."""

    template: ClassVar[str] = "staff/preview.html"

    title: str = "Fai un’anteprima"

    campaign_title: str

    may_make: bool
    """Whether the member of staff may have previews made."""

    form_url: str
    sample_url: str
    application_url: str
    """Where each of the three forms is posted to."""

    problem: str = ""
    """Why what was sent cannot be made, in one line; empty if it can."""

    problem_in: FormPart = ""
    """The form that it was sent with."""

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
    """The sample's people, by their number."""


@dataclass(frozen=True)
class SceneLine:
    """A scene of a preview: its words and buttons, and whether its segment was there, was made or is still missing."""

    number: int
    title: str
    state: SceneState
    sentences: tuple[str, ...]
    buttons: tuple[str, ...]

    @property
    def state_words(self) -> str:
        return SCENE_STATES[self.state]


@dataclass(frozen=True, kw_only=True)
class PreviewPage(StaffPage):
    """What the page of a preview says whether its guide is there or not."""

    title: str = "Anteprima"

    campaign_title: str

    form_url: str
    """The form, as new."""

    change_url: str
    """The form with what this preview was asked for with; empty for a real application's."""

    is_real: bool
    """Whether it is a real application's."""

    about: tuple[str, ...]
    """Its cases and its channel, in plain words."""

    made_by: str
    made_at: str
    expires_at: str
    """Who made it, when, and until when its address works."""

    version: str
    version_words: str
    """The pack's version it was made with, and what has become of that."""

    scenes: tuple[SceneLine, ...]

    def count(self, state: SceneState) -> int:
        """How many scenes are in this state."""
        return sum(scene.state == state for scene in self.scenes)


@dataclass(frozen=True, kw_only=True)
class MakingPage(PreviewPage):
    """A preview while segments of its guide are missing."""

    template: ClassVar[str] = "staff/preview-making.html"

    progress_url: str
    """The stream of events that has them made."""

    make_url: str
    """Where a page without scripts asks for them."""

    problem: str = ""
    """Why they could not be made, where a page without scripts asked."""


@dataclass(frozen=True, kw_only=True)
class ReadyPage(PreviewPage, WatchPage):
    """A preview to watch."""

    template: ClassVar[str] = "staff/preview-ready.html"
