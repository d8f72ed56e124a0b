"""What the commands share: their options, exit statuses, and what they open."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from videoguide.errors import InputError

if TYPE_CHECKING:
    from videoguide.campaigns import Campaign
    from videoguide.database import Database
    from videoguide.progress import Tell
    from videoguide.settings import Settings
    from videoguide.store import Store as Pieces

BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130

CampaignId = Annotated[str, typer.Argument(metavar="CAMPAGNA", help="Campagna, per esempio assegno-unico.")]
VoiceId = Annotated[str | None, typer.Option("--voice", metavar="VOCE", help="Voce (vedi: videoguide voices).")]
Size = Annotated[str | None, typer.Option("--size", metavar="LxA", help="Larghezza e altezza, per esempio 640x360.")]
Store = Annotated[str | None, typer.Option("--store", metavar="CARTELLA", help="Cartella dei segmenti.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Dice che cosa farebbe, e non lo fa.")]


def opened(campaign: str, **given: str | None) -> "tuple[Settings, Campaign]":
    """The settings, with the options given, and the campaign's pack."""
    from videoguide import campaigns, settings

    found = settings.load(None, **given)
    return found, campaigns.load(found.scenes, campaign)


def bar(what: str) -> "AbstractContextManager[Tell]":
    """A progress bar where somebody sees it; loading Rich would cost the others their time."""
    if not sys.stderr.isatty():
        from videoguide.progress import silently

        return nullcontext(silently)
    from videoguide import display

    return display.bar(what)


@contextmanager
def kept(store: str | None) -> "Iterator[tuple[Pieces, Database]]":
    """The store and its database, which must be there: without it, nobody knows what is needed."""
    from videoguide import database, settings
    from videoguide.store import Store as Pieces

    found = settings.load(None, store=store)
    if not database.exists(found.database):
        raise InputError(f"{database.shown(found.database)}: questo database non c’è")
    with database.Database(found.database) as there:
        yield Pieces(found.store), there


def who() -> str:
    """Who types the command, as the audit table tells it."""
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):  # a user that the system does not know
        return "riga di comando"
