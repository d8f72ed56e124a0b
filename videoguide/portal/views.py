# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What each page of the reserved area shows: a class for each page, a field for each template variable.

The routes fill these; ``rendering.render`` turns them into HTML. Nothing here knows about HTTP or the database.
Every address of ours is relative to the site, and chosen by the routes.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Literal

from videoguide.media.captions import TimedText
from videoguide.media.manifest import Link, Manifest, TimedButton, Window
from videoguide.portal.configuration import SOURCE_URL

State = Literal["new", "seen", "rated"]

STATES: dict[State, str] = {"new": "Da vedere", "seen": "Vista", "rated": "Valutata"}

RATING_WORDS: dict[int, str] = {1: "Per niente", 2: "Poco", 3: "Abbastanza", 4: "Molto", 5: "Moltissimo"}
"""The ratings, as answers to how useful a guide was."""

THANKS = "Grazie! La tua valutazione è salvata. Puoi cambiarla quando vuoi."


@dataclass(frozen=True, kw_only=True)
class Page:
    """What every page has."""

    template: ClassVar[str]

    title: str
    """What the page is: the window's title, and mostly its heading."""

    signed_in: bool = True
    """Whether somebody is signed in: then the way out is offered."""

    csrf: str = ""
    """The session's token, sent back by every form and event."""

    home_url: str = "/"
    """Where the product's name in the header leads."""

    for_staff: bool = False
    """Whether it is a page of the staff's area."""

    logout_url: str = "/logout"
    """Where the way out is posted to."""

    source_url: str = SOURCE_URL
    """Where the source code is."""


@dataclass(frozen=True)
class Person:
    """One of the invented people of the test login."""

    id: str
    """What the form sends to sign in as this person."""

    name: str
    """Who it is."""

    about: str
    """Why there is something to see, in a few words."""


@dataclass(frozen=True, kw_only=True)
class LoginPage(Page):
    """The way in: with the digital identity, or with the test login of the demonstration."""

    template: ClassVar[str] = "login.html"

    title: str = "Entra nella tua area riservata"

    signed_in: bool = False

    login_url: str
    """Where the link to the digital identity leads, or where a test login is posted to."""

    people: tuple[Person, ...] = ()
    """The sample people of the demonstration; none with a real digital identity."""

    message: str = ""
    """Why the person is here again, e.g. that the session has ended; empty on a first visit."""


@dataclass(frozen=True)
class GuideCard:
    """One guide in the list."""

    url: str
    """The guide's page."""

    title: str
    """The guide's title."""

    cases: tuple[str, ...]
    """What it is about, each case in plain words."""

    made_on: date
    """The day it was made available."""

    state: State
    """Whether it has been seen and rated."""

    poster_url: str
    """Its first picture as JPEG."""

    duration_ms: int
    """How long it lasts, in milliseconds."""

    @property
    def state_words(self) -> str:
        """The state as the person reads it."""
        return STATES[self.state]


@dataclass(frozen=True, kw_only=True)
class GuidesPage(Page):
    """The person's guides, newest first."""

    template: ClassVar[str] = "guides.html"

    title: str = "Le tue guide"

    cards: tuple[GuideCard, ...]
    """The guides; without any, the page says so."""


@dataclass(frozen=True)
class Chapter:
    """A chapter with its sentences."""

    span: TimedText
    """Its title and its place in time."""

    sentences: tuple[TimedText, ...]
    """What is said in it, in order."""


@dataclass(frozen=True, kw_only=True)
class GuideWords(Page):
    """What a guide's page and its version as text and audio share."""

    manifest: Manifest
    """The guide."""

    guides_url: str = "/"
    """The list of the person's guides."""

    poster_url: str
    """The guide's first picture as JPEG."""

    patronato_window: str = "through-patronato"
    """The window that says why to go back to the patronato, offered first at the end of such a guide."""

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """The transcript by chapter."""
        return tuple(
            Chapter(
                chapter,
                tuple(text for text in self.manifest.transcript if chapter.start_ms <= text.start_ms < chapter.end_ms),
            )
            for chapter in self.manifest.chapters
        )

    @property
    def hint(self) -> Window | None:
        """The window about the patronato, in a guide whose application went through one."""
        if self.manifest.channel != "patronato":
            return None
        return next((window for window in self.manifest.windows if window.id == self.patronato_window), None)

    @property
    def links(self) -> dict[str, Link]:
        """Where the guide leads, the service first, as the campaign orders them."""
        return self.manifest.links


@dataclass(frozen=True, kw_only=True)
class WatchPage(GuideWords):
    """A guide in its player, with its buttons. What has no address is not offered."""

    video_url: str
    """The MP4, served with byte ranges."""

    captions_url: str
    """Captions as WebVTT."""

    chapters_url: str
    """Chapters as WebVTT."""

    buttons_url: str
    """Buttons as WebVTT metadata."""

    download_url: str
    """The MP4 to keep."""

    sound_url: str = ""
    """The sound alone as M4A."""

    text_url: str = ""
    """The version as text and audio."""

    rating_url: str = ""
    """Where the form posts ``csrf``, ``rating`` (1 to 5) and ``comment``."""

    events_url: str = ""
    """Where events are posted as JSON: ``csrf``, ``view``, ``kind``, ``value``; empty where none are wanted."""

    view_id: str = ""
    """The random id of this one opening of the page."""

    @property
    def buttons_at_once(self) -> int:
        """How many buttons are on the page together at most: room is kept for them, so that nothing jumps."""
        buttons = self.manifest.buttons
        return max((sum(_is_there(other, button.start_ms) for other in buttons) for button in buttons), default=0)


@dataclass(frozen=True, kw_only=True)
class RatingForm(Page):
    """The form in which a person rates a guide."""

    rating: int | None = None
    """The rating that the person has sent, if any."""

    comment: str = ""
    """The comment that the person has sent with it."""

    is_saved: bool = False
    """Whether a form sent without scripts has just been saved."""

    problem: str = ""
    """Why a form sent without scripts was not saved; empty if it was."""

    thanks: str = THANKS
    """What is said when a rating is saved."""

    rating_words: dict[int, str] = field(default_factory=lambda: RATING_WORDS)
    """The ratings to choose from."""

    comment_characters: int
    """How long a comment may be."""


@dataclass(frozen=True, kw_only=True)
class GuidePage(WatchPage, RatingForm):
    """A person's guide, to watch, to act on and to rate."""

    template: ClassVar[str] = "guide.html"

    cases: tuple[str, ...] = ()
    """What it is about, each case in plain words."""


@dataclass(frozen=True, kw_only=True)
class UnsavedPage(RatingForm):
    """A rating that could not be saved just now, in its form, to be sent again."""

    template: ClassVar[str] = "unsaved.html"

    title: str = "La tua valutazione non è ancora salvata"

    problem: str = (
        "È un problema nostro, non tuo. Quello che hai scritto è ancora qui: prova a inviarlo di nuovo tra qualche "
        "minuto."
    )

    rating_url: str
    """Where the form posts to."""

    guide_url: str
    """The page of the guide."""


def _is_there(button: TimedButton, moment_ms: int) -> bool:
    return button.start_ms <= moment_ms < button.end_ms


@dataclass(frozen=True, kw_only=True)
class TextPage(GuideWords):
    """The guide as text and audio."""

    template: ClassVar[str] = "text.html"

    audio_url: str
    """The sound as M4A."""

    guide_url: str
    """The page with the video."""


@dataclass(frozen=True, kw_only=True)
class GonePage(Page):
    """A guide that is not needed any more: since it was made, its application has been solved or has ended."""

    template: ClassVar[str] = "gone.html"

    title: str = "Questa guida non ti serve più"

    guides_url: str = "/"
    """The list of the person's guides."""

    words: tuple[str, ...] = ()
    """What happened, as the campaign says it; nothing where the application has been solved."""

    service: Link | None = None
    """The service where the state of the application can be seen."""


@dataclass(frozen=True, kw_only=True)
class ErrorPage(Page):
    """Something did not work: says what to do, and nothing about the inside of the portal."""

    template: ClassVar[str] = "error.html"

    words: str
    """What happened and what to do, in one or two sentences."""

    status: int
    """The HTTP status."""


@dataclass(frozen=True, kw_only=True)
class SignedOutPage(Page):
    """After the way out."""

    template: ClassVar[str] = "signed-out.html"

    title: str = "Sei fuori dall’area riservata"

    signed_in: bool = False

    login_url: str = "/"
    """The way in again."""

    goes_on: bool = False
    """Whether the session at the identity provider goes on, so that the next person would come in without a word."""


PAGES: tuple[type[Page], ...] = (
    LoginPage,
    GuidesPage,
    GuidePage,
    UnsavedPage,
    TextPage,
    GonePage,
    ErrorPage,
    SignedOutPage,
)
