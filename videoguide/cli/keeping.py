"""Commands about what is kept: the store's pieces, and guides that expire or are asked back."""

import sys
from typing import Annotated

import typer

from videoguide.cli.options import FAILED, DryRun, Store, bar, kept, who
from videoguide.errors import InputError

PIECES = {
    "segments": "scene",
    "speech": "frasi dette",
    "outlines": "schemi",
    "layers": "disegni",
    "versions": "versioni",
    "proofs": "controlli",
    "overviews": "elenchi",
}
"""What the store's kinds are called."""


def store_stats(store: Store = None) -> None:
    """Quanti pezzi e byte, per genere, e quanti in uso."""
    from videoguide.upkeep import stats

    with kept(store) as (pieces, database):
        stocks = stats(pieces, database)
    for stock in stocks:
        used = (
            ""
            if stock.used is None
            else f"  usati {_dotted(stock.used)}, non usati {_dotted(stock.pieces - stock.used)}"
        )
        typer.echo(f"{PIECES.get(stock.kind, stock.kind):12} {_dotted(stock.pieces):>9} {_mb(stock.bytes):>12}{used}")
    typer.echo(
        f"{'in tutto':12} {_dotted(sum(one.pieces for one in stocks)):>9} {_mb(sum(one.bytes for one in stocks)):>12}"
    )


def store_verify(
    remove: Annotated[
        bool, typer.Option("--remove", help="Toglie i pezzi danneggiati: il prossimo render rifà quelli che servono.")
    ] = False,
    store: Store = None,
) -> None:
    """Controlla ogni byte di ogni pezzo. Senza --remove non tocca niente; se restano danni esce con 1."""
    from videoguide.upkeep import remove_damaged, verify

    with kept(store) as (pieces, database):
        with bar("Controllo") as tell:
            found = verify(pieces, database, lambda kind, *of: tell(PIECES[kind], *of))
        removed = remove_damaged(pieces, found.damaged) if remove else 0
    for one in found.damaged:
        typer.echo(f"  {PIECES[one.kind]} {one.key}: {one.reason}")
    typer.echo(
        f"pezzi controllati {_dotted(found.checked)}: danneggiati {_dotted(len(found.damaged))}, "
        f"tolti {_dotted(removed)}; guide che li usano {_dotted(found.guides)}"
    )
    if len(found.damaged) > removed:
        raise typer.Exit(FAILED)


def store_prune(
    dry_run: DryRun = False,
    keep_days: Annotated[
        int, typer.Option("--keep-days", min=0, metavar="N", help="Lascia i pezzi degli ultimi N giorni.")
    ] = 1,
    store: Store = None,
) -> None:
    """Toglie i pezzi che nessuna guida usa.

    Sono scene, frasi dette e schemi; i disegni restano: sono senza parole, e servono alle prossime scene.
    """
    from videoguide.upkeep import prune

    with kept(store) as (pieces, database):
        removed = prune(pieces, database, keep_days=keep_days, dry_run=dry_run)
    what = ", ".join(f"{PIECES[one.kind]} {_dotted(one.pieces)} ({_mb(one.bytes)})" for one in removed)
    typer.echo(f"{'da togliere' if dry_run else 'pezzi tolti'}: {what}")


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
    from videoguide import audit
    from videoguide.applications import tidy_fiscal_code
    from videoguide.upkeep import purge_expired, purge_person

    if expired is person:
        raise InputError("purge vuole una di queste opzioni: --expired, --person")
    code = tidy_fiscal_code(_secret("Codice fiscale (non si vede): ")) if person else ""
    with kept(store) as (pieces, database):
        if person:
            done = purge_person(pieces, database, code, dry_run=dry_run)
        else:
            done = purge_expired(pieces, database, dry_run=dry_run)
        if not dry_run:
            audit.note(database, who(), "purge-person" if person else "purge-expired")
    whose = "guide della persona" if person else "guide scadute"
    if done.guides:
        typer.echo(
            f"{whose}: {_dotted(done.guides)} {'da cancellare' if dry_run else 'cancellate'}; "
            f"file {'da togliere' if dry_run else 'tolti'} {_dotted(done.files)} ({_mb(done.file_bytes)}); "
            f"scene {_dotted(done.segments)}, frasi dette {_dotted(done.speech)}"
        )
    else:
        typer.echo("nessuna guida" if person else f"{whose}: nessuna")
    for place in done.missing:
        typer.echo(
            f"videoguide: {place}: questa cartella non c’è; se è altrove, i file delle guide sono ancora lì", err=True
        )
    if not done.settled:
        typer.echo(
            "videoguide: qualcuno sta leggendo il database: il suo giornale si svuota quando ha finito", err=True
        )


def _secret(prompt: str) -> str:
    """A line of standard input, which nobody sees being typed; nothing where there is none."""
    if sys.stdin is None:
        return ""
    if not sys.stdin.isatty():
        return sys.stdin.buffer.readline(1000).decode("utf-8", "replace")
    from getpass import getpass

    try:
        return getpass(prompt)
    except EOFError:
        return ""


def _dotted(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _mb(size: int) -> str:
    """Bytes as megabytes, the Italian way: ``1.035,1 MB``."""
    return f"{size / 1e6:,.1f} MB".translate(str.maketrans(",.", ".,"))
