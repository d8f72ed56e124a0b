# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""``videoguide purge``: guides that expire, or whose person asks for it, deleted for good."""

import sys
from typing import Annotated

import typer

from videoguide.cli.options import DryRun, Store, open_store, who
from videoguide.errors import InputError
from videoguide.wording import megabytes, number


def purge(
    expired: Annotated[bool, typer.Option("--expired", help="Le guide scadute, anche ritirate.")] = False,
    person: Annotated[
        bool, typer.Option("--person", help="Le guide di una persona: il codice fiscale si legge dallo standard input.")
    ] = False,
    dry_run: DryRun = False,
    store: Store = None,
) -> None:
    """Cancella per sempre guide scadute, o quelle di una persona.

    Vanno via le righe del database, i file, e le scene e le frasi dette che servivano solo a loro.
    """
    from videoguide.intake.applications import tidy_fiscal_code
    from videoguide.records import audit
    from videoguide.runs.purging import purge_expired, purge_person

    if expired is person:
        raise InputError("purge vuole una di queste opzioni: --expired, --person")
    code = tidy_fiscal_code(_secret("Codice fiscale (non si vede): ")) if person else ""
    with open_store(store) as (pieces, database):
        if person:
            purged = purge_person(pieces, database, code, dry_run=dry_run)
        else:
            purged = purge_expired(pieces, database, dry_run=dry_run)
        if not dry_run:
            audit.note(database, who(), "purge-person" if person else "purge-expired")
    whose = "guide della persona" if person else "guide scadute"
    if purged.guides:
        typer.echo(
            f"{whose}: {number(purged.guides)} {'da cancellare' if dry_run else 'cancellate'}; "
            f"file {'da togliere' if dry_run else 'tolti'} {number(purged.files)} ({megabytes(purged.file_bytes)}); "
            f"scene {number(purged.segments)}, frasi dette {number(purged.speech)}"
        )
    else:
        typer.echo("nessuna guida" if person else f"{whose}: nessuna")
    for place in purged.missing:
        typer.echo(
            f"videoguide: {place}: questa cartella non c’è; se è altrove, i file delle guide sono ancora lì", err=True
        )
    if not purged.settled:
        typer.echo(
            "videoguide: qualcuno sta leggendo il database: il suo giornale si svuota quando ha finito", err=True
        )


def _secret(prompt: str) -> str:
    """A line of standard input, which a terminal does not show; nothing where there is none."""
    if sys.stdin is None:
        return ""
    if not sys.stdin.isatty():
        return sys.stdin.buffer.readline(1000).decode("utf-8", "replace")
    from getpass import getpass

    try:
        return getpass(prompt)
    except EOFError:
        return ""
