# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What people do with their guides: openings, presses, ratings. Each counts once, however often it is reported."""

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select, update

from videoguide.errors import InputError, StoreError, UnknownChoice
from videoguide.guide.guides import Guide
from videoguide.records.database import COMMENT_CHARACTERS, Database, Press, Rating, View, now

PLAYED, REACHED, SHOWN, PRESSED, FOLLOWED = "played", "reached", "shown", "pressed", "followed"
KINDS = (PLAYED, REACHED, SHOWN, PRESSED, FOLLOWED)
"""The events of a view that a page reports; the view itself records that the page was opened."""

QUARTERS = ["25", "50", "75", "100"]
SAME_VIEW = timedelta(minutes=30)
"""Loading a page again within this time continues its latest view."""

RATINGS = range(1, 6)
"""How useful a guide was: from 1, not at all, to 5, very much."""

_VIEW = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True)
class ViewEvent:
    """An event of a view, as a page reports it: ``view`` is the view's id, ``kind`` one of KINDS.

    ``value`` is the quarter that was reached, the id of the button, or the id of the link that was followed.
    """

    view: str
    kind: str
    value: str = ""


def open_view(database: Database, guide: str) -> str:
    """Record that a guide's page was opened; returns the view's id, that of the latest view if it is recent enough.

    Raises StoreError.
    """
    moment = now()

    def opened(session: Session) -> str:
        latest = session.exec(
            select(View).where(View.guide_id == guide).order_by(col(View.opened_at).desc()).limit(1)
        ).first()
        if latest is not None and moment - latest.opened_at < SAME_VIEW:
            return latest.id
        view = View(id=secrets.token_hex(16), guide_id=guide, opened_at=moment)
        session.add(view)
        return view.id

    return database.repeatable(opened)


def note(database: Database, guide_id: str, guide: Guide, event: ViewEvent) -> None:
    """Record an event of a view of the guide with this id; an event recorded before changes nothing.

    Raises UnknownChoice or InputError for an event that our pages never report, StoreError.
    """
    if event.kind not in KINDS:
        raise UnknownChoice("evento", event.kind, KINDS)
    buttons = dict.fromkeys(button.id for button in guide.buttons)
    allowed = {
        PLAYED: [""],
        REACHED: QUARTERS,
        SHOWN: buttons,
        PRESSED: buttons | dict.fromkeys(window.id for window in guide.outline.windows),
        FOLLOWED: guide.outline.links,
    }[event.kind]
    if event.value not in allowed:
        raise UnknownChoice(f"evento {event.kind}", event.value, allowed)
    if not _VIEW.fullmatch(event.view):
        raise InputError("visione sconosciuta")
    try:
        _note(database, guide_id, event)
    except StoreError as error:
        if not isinstance(error.__cause__, IntegrityError):
            raise
        _note(database, guide_id, event)  # two pages of one view reported the same button at once


def _note(database: Database, guide_id: str, event: ViewEvent) -> None:
    moment, value = now(), event.value

    def noted(session: Session) -> None:
        view = session.get(View, event.view)
        if view is None or view.guide_id != guide_id:
            raise InputError("visione sconosciuta")
        if event.kind == PLAYED:
            session.execute(
                update(View).where(col(View.id) == view.id, col(View.played_at).is_(None)).values(played_at=moment)
            )
        elif event.kind == REACHED:
            session.execute(
                update(View).where(col(View.id) == view.id, col(View.reached) < int(value)).values(reached=int(value))
            )
        elif event.kind == FOLLOWED:
            session.execute(
                update(View).where(col(View.id) == view.id, col(View.followed) == "").values(followed=value)
            )
        else:
            press = session.get(Press, (view.id, value)) or Press(view_id=view.id, button=value)
            if event.kind == SHOWN:
                press.shown_at = press.shown_at or moment
            else:
                press.pressed_at = press.pressed_at or moment
            session.add(press)

    database.repeatable(noted)


def rate(database: Database, guide_id: str, rating: int, comment: str) -> None:
    """Keep a person's rating of a guide, one of RATINGS, and their comment, in the place of an earlier one.

    Raises InputError for any other number or a comment of more than COMMENT_CHARACTERS, StoreError.
    """
    if rating not in RATINGS:
        raise UnknownChoice("valutazione", str(rating), map(str, RATINGS))
    lines = comment.replace("\r\n", "\n")
    words = "".join(character for character in lines if character == "\n" or character.isprintable()).strip()
    if len(words) > COMMENT_CHARACTERS:
        raise InputError(f"commento: {len(words)} caratteri; ammessi: {COMMENT_CHARACTERS}")
    moment = now()

    def rated(session: Session) -> None:
        before = session.get(Rating, guide_id)
        if before is None:
            session.add(Rating(guide_id=guide_id, stars=rating, comment=words, rated_at=moment))
        elif (before.stars, before.comment) != (rating, words):
            before.stars, before.comment, before.changed_at = rating, words, moment
            session.add(before)

    database.repeatable(rated)
