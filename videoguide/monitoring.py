"""What people do with their guides: openings, presses, ratings. Each thing counts once, however often it is told."""

import re
import secrets
from datetime import timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select, update

from videoguide.database import COMMENT_CHARACTERS, Database, Press, Rating, View, now
from videoguide.errors import InputError, StoreError, UnknownChoice
from videoguide.guides import Guide

PLAYED, REACHED, SHOWN, PRESSED, FOLLOWED = "played", "reached", "shown", "pressed", "followed"
KINDS = (PLAYED, REACHED, SHOWN, PRESSED, FOLLOWED)
"""What a page tells of a view; that it was opened is known from its being there."""

QUARTERS = ["25", "50", "75", "100"]
SAME_VIEW = timedelta(minutes=30)
"""A page that is loaded again so soon goes on with the view that it began."""

STARS = range(1, 6)
_VIEW = re.compile("[0-9a-f]{32}")


def open_view(database: Database, guide: str) -> str:
    """Note that a guide's page is opened; returns the view's id, the one before's when that was just now.

    Raises StoreError.
    """
    moment = now()
    with database.session() as session:
        latest = session.exec(
            select(View).where(View.guide_id == guide).order_by(col(View.opened_at).desc()).limit(1)
        ).first()
        if latest is not None and moment - latest.opened_at < SAME_VIEW:
            return latest.id
        view = View(id=secrets.token_hex(16), guide_id=guide, opened_at=moment)
        session.add(view)
        return view.id


def note(database: Database, guide: str, about: Guide, view: str, kind: str, value: str) -> None:
    """Note what a page tells of a view of the guide with this id; what is known already changes nothing.

    ``value`` is the quarter that was reached, the id of the button, or the id of the link that was followed.
    Raises UnknownChoice or InputError for what no page of ours tells, StoreError.
    """
    if kind not in KINDS:
        raise UnknownChoice("evento", kind, KINDS)
    buttons = dict.fromkeys(button.id for button in about.buttons)
    allowed = {
        PLAYED: [""],
        REACHED: QUARTERS,
        SHOWN: buttons,
        PRESSED: buttons | dict.fromkeys(window.id for window in about.outline.windows),
        FOLLOWED: about.outline.links,
    }[kind]
    if value not in allowed:
        raise UnknownChoice(f"evento {kind}", value, allowed)
    if not _VIEW.fullmatch(view):
        raise InputError("visione sconosciuta")
    try:
        _note(database, guide, view, kind, value)
    except StoreError as error:
        if not isinstance(error.__cause__, IntegrityError):
            raise
        _note(database, guide, view, kind, value)  # two pages of one view told of the same button at once


def _note(database: Database, guide: str, view: str, kind: str, value: str) -> None:
    moment = now()
    with database.session() as session:
        found = session.get(View, view)
        if found is None or found.guide_id != guide:
            raise InputError("visione sconosciuta")
        if kind == PLAYED:
            session.execute(
                update(View).where(col(View.id) == view, col(View.played_at).is_(None)).values(played_at=moment)
            )
        elif kind == REACHED:
            session.execute(
                update(View).where(col(View.id) == view, col(View.reached) < int(value)).values(reached=int(value))
            )
        elif kind == FOLLOWED:
            session.execute(update(View).where(col(View.id) == view, col(View.followed) == "").values(followed=value))
        else:
            press = session.get(Press, (view, value)) or Press(view_id=view, button=value)
            if kind == SHOWN:
                press.shown_at = press.shown_at or moment
            else:
                press.pressed_at = press.pressed_at or moment
            session.add(press)


def rate(database: Database, guide: str, stars: int, comment: str) -> None:
    """Keep how useful a guide was, 1 to 5, and the person's own words; the last word counts.

    Raises InputError for any other number or a comment of more than 500 characters, StoreError.
    """
    if stars not in STARS:
        raise UnknownChoice("valutazione", str(stars), map(str, STARS))
    words = "".join(sign for sign in comment.replace("\r\n", "\n") if sign == "\n" or sign.isprintable()).strip()
    if len(words) > COMMENT_CHARACTERS:
        raise InputError(f"commento: {len(words)} caratteri; ammessi: {COMMENT_CHARACTERS}")
    moment = now()
    with database.session() as session:
        before = session.get(Rating, guide)
        if before is None:
            session.add(Rating(guide_id=guide, stars=stars, comment=words, rated_at=moment))
        elif (before.stars, before.comment) != (stars, words):
            before.stars, before.comment, before.changed_at = stars, words, moment
            session.add(before)
