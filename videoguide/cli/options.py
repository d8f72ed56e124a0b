# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What the commands share: their options, exit statuses, and what they open."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from videoguide.errors import InputError

if TYPE_CHECKING:
    from videoguide.packs.campaigns import Campaign
    from videoguide.progress import Tell
    from videoguide.records.database import Database
    from videoguide.settings import Settings
    from videoguide.store import Store as Pieces

FAILED, BAD_INPUT, BUSY, INTERRUPTED = 1, 2, 75, 130
"""Exit statuses; 75 is EX_TEMPFAIL of sysexits.h: the same command may succeed a little later."""

CampaignId = Annotated[str, typer.Argument(metavar="CAMPAGNA", help="Campagna, per esempio assegno-unico.")]
VoiceId = Annotated[str | None, typer.Option("--voice", metavar="VOCE", help="Voce (vedi: videoguide voices).")]
Size = Annotated[str | None, typer.Option("--size", metavar="LxA", help="Larghezza e altezza, per esempio 640x360.")]
Store = Annotated[str | None, typer.Option("--store", metavar="CARTELLA", help="Cartella dei segmenti.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Dice che cosa farebbe, e non lo fa.")]


def open_pack(campaign: str, **options: str | None) -> "tuple[Settings, Campaign]":
    """The settings, changed by these options, and the campaign's pack."""
    from videoguide import settings
    from videoguide.packs import campaigns

    chosen = settings.load(None, **options)
    return chosen, campaigns.load(chosen.scenes, campaign)


def bar(what: str) -> "AbstractContextManager[Tell]":
    """A progress bar on a terminal; elsewhere none, which saves the time to load Rich."""
    if not sys.stderr.isatty():
        from videoguide.progress import silently

        return nullcontext(silently)
    from videoguide.cli import terminal as display

    return display.bar(what)


@contextmanager
def open_database() -> "Iterator[Database]":
    """The database, which must exist."""
    from videoguide import settings
    from videoguide.records import database

    address = settings.load(None).database
    if not database.exists(address):
        raise InputError(f"{database.redacted(address)}: questo database non c’è")
    with database.Database(address) as existing:
        yield existing


@contextmanager
def open_store(store: str | None, *, paired: bool = True) -> "Iterator[tuple[Pieces, Database]]":
    """The store and its database, which must exist: nothing else says which pieces are needed.

    Those that do not belong together are refused, unless ``paired`` is False.
    """
    from videoguide import settings
    from videoguide.runs import pairing
    from videoguide.store import Store as Pieces

    with open_database() as database:
        pieces = Pieces(settings.load(None, store=store).store)
        if paired:
            pairing.join(pieces, database)
        yield pieces, database


def who() -> str:
    """Who runs the command, as the audit table records it."""
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):  # a user that the system does not know
        return "riga di comando"
