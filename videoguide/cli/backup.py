# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""``videoguide backup`` and ``restore``: a copy of database and store, made while they are in use, and the way back."""

from pathlib import Path
from typing import Annotated

import typer

from videoguide.cli.options import FAILED, Store, bar, open_store, who
from videoguide.wording import megabytes, number


def backup(
    folder: Annotated[
        Path, typer.Argument(metavar="CARTELLA", help="Dove si tengono le copie: ognuna in una sua cartella.")
    ],
    store: Store = None,
) -> None:
    """Fa una copia di sicurezza del database e del magazzino, anche mentre il programma lavora.

    I pezzi che la copia di prima ha già non occupano altro spazio.
    """
    from videoguide.runs.backups import back_up

    with open_store(store) as (pieces, database), bar("Copia") as tell:
        made = back_up(pieces, database, folder, who(), tell)
    manifest = made.manifest
    typer.echo(
        f"{made.folder}: guide {number(manifest.guides)}, file {number(len(manifest.files))} "
        f"({megabytes(made.size_bytes)}), di cui copiati {megabytes(made.copied_bytes)}"
    )
    if manifest.missing:
        typer.echo(
            f"videoguide: la copia è completa, ma nel magazzino mancavano {number(len(manifest.missing))} pezzi che "
            "servono alle guide: il prossimo render li rifà; poi fai un’altra copia",
            err=True,
        )
        raise typer.Exit(FAILED)


def restore(
    folder: Annotated[
        Path, typer.Argument(metavar="CARTELLA", help="Una copia, o la cartella delle copie: allora l’ultima completa.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Controlla ogni byte della copia, e non scrive.")] = False,
    store: Store = None,
) -> None:
    """Ripristina una copia di sicurezza, dove non c’è un database e il magazzino è vuoto o è ancora il suo.

    Chi è stato cancellato dopo la copia, se il magazzino o una copia successiva lo sa, è cancellato di nuovo.
    """
    from videoguide import settings
    from videoguide.records.database import redacted
    from videoguide.runs import backups

    chosen = settings.load(None, store=store)
    with bar("Ripristino") as tell:
        done = backups.restore(folder, chosen, who(), tell, dry_run=dry_run)
    manifest = done.backup.manifest
    what = f"guide {number(manifest.guides)}, file {number(len(manifest.files))} ({megabytes(done.backup.size_bytes)})"
    if dry_run:
        typer.echo(f"{done.backup.folder}: la copia è sana: {what}")
        return
    typer.echo(f"{done.backup.folder}: {what} in {redacted(chosen.database)} e {chosen.store}")
    if done.purged:
        typer.echo(f"persone cancellate dopo la copia, e ora di nuovo: {number(done.purged)}")
    typer.echo(
        "chi è stato cancellato altrove va cancellato di nuovo: videoguide purge --person; poi un render con "
        "l’ultimo estratto",
        err=True,
    )
