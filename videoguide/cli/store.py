# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""``videoguide store``: what the store holds, whether it is whole, and the removal of what nothing needs."""

from typing import Annotated

import typer

from videoguide.cli.options import FAILED, DryRun, Store, bar, open_store, who
from videoguide.wording import megabytes, number

PIECES = {
    "segments": "scene",
    "speech": "frasi dette",
    "outlines": "schemi",
    "layers": "disegni",
    "versions": "versioni",
    "proofs": "controlli",
    "overviews": "elenchi",
    "purged": "persone cancellate",
}
"""What the store's kinds are called."""


def stats(store: Store = None) -> None:
    """Quanti pezzi e byte, per genere, e quanti in uso."""
    from videoguide.runs import stock

    with open_store(store) as (pieces, database):
        kinds = stock.stats(pieces, database)
    for kind in kinds:
        used = ""
        if kind.used is not None:
            used = f"  usati {number(kind.used)}, non usati {number(kind.pieces - kind.used)}"
        typer.echo(_line(PIECES.get(kind.kind, kind.kind), kind.pieces, kind.size_bytes) + used)
    typer.echo(_line("in tutto", sum(kind.pieces for kind in kinds), sum(kind.size_bytes for kind in kinds)))


def _line(what: str, pieces: int, size_bytes: int) -> str:
    return f"{what:18} {number(pieces):>9} {megabytes(size_bytes):>12}"


def verify(
    remove: Annotated[
        bool, typer.Option("--remove", help="Toglie i pezzi danneggiati: il prossimo render rifà quelli che servono.")
    ] = False,
    store: Store = None,
) -> None:
    """Controlla ogni byte di ogni pezzo. Senza --remove non tocca niente; se restano danni esce con 1."""
    from videoguide.runs import stock

    with open_store(store) as (pieces, database):
        with bar("Controllo") as tell:
            checked = stock.verify(pieces, database, lambda kind, *of: tell(PIECES[kind], *of))
        removed = stock.remove_damaged(pieces, checked.damaged) if remove else 0
    for damage in checked.damaged:
        typer.echo(f"  {PIECES[damage.kind]} {damage.key}: {damage.reason}")
    typer.echo(
        f"pezzi controllati {number(checked.checked)}: danneggiati {number(len(checked.damaged))}, "
        f"tolti {number(removed)}; guide che li usano {number(checked.guides)}"
    )
    if len(checked.damaged) > removed:
        raise typer.Exit(FAILED)


def prune(
    dry_run: DryRun = False,
    keep_days: Annotated[
        int, typer.Option("--keep-days", min=0, metavar="N", help="Lascia i pezzi degli ultimi N giorni.")
    ] = 1,
    store: Store = None,
) -> None:
    """Toglie i pezzi che nessuna guida usa.

    Sono scene, frasi dette e schemi; i disegni restano: sono senza parole, e servono alle prossime scene.
    """
    from videoguide.runs import pruning

    with open_store(store) as (pieces, database):
        removed = pruning.prune(pieces, database, keep_days=keep_days, dry_run=dry_run)
    what = ", ".join(f"{PIECES[kind.kind]} {number(kind.pieces)} ({megabytes(kind.size_bytes)})" for kind in removed)
    typer.echo(f"{'da togliere' if dry_run else 'pezzi tolti'}: {what}")


def join(
    force: Annotated[
        bool, typer.Option("--force", help="Anche se è di un altro database, che allora non lo può più usare.")
    ] = False,
    store: Store = None,
) -> None:
    """Fa del magazzino quello di questo database, quando il programma non sa di chi è.

    Quello che questo database non usa, prune poi lo toglie.
    """
    from videoguide.records import audit
    from videoguide.records.database import redacted
    from videoguide.runs import pairing

    with open_store(store, paired=False) as (pieces, database):
        pairing.join_by_hand(pieces, database, forced=force)
        audit.note(database, who(), "store-join")
        typer.echo(f"il magazzino {pieces.root} adesso è di {redacted(database.address)}")
