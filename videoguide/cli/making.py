"""Commands that make: a campaign's guides, an invented extract, the proof of a pack and its sheet."""

import signal
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from videoguide.cli.options import FAILED, CampaignId, Size, Store, VoiceId, bar, opened, who
from videoguide.errors import UnknownChoice


def render(
    campaign: CampaignId,
    applications: Annotated[Path, typer.Argument(metavar="ESTRATTO", help="Estratto: CSV, CSV in gzip o Parquet.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="CARTELLA", help="Dove scrivere.")],
    format: Annotated[
        str, typer.Option("--format", metavar="mp4|ranges", help="File MP4, o guide servite dalle scene comuni.")
    ] = "mp4",
    workers: Annotated[int | None, typer.Option("--workers", min=1, max=256, metavar="N", help="Processi.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Al massimo N guide.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Scrive solo report.json e rejected.csv: che cosa farebbe.")
    ] = False,
    draft: Annotated[
        bool, typer.Option("--draft", help="Una prova, con la scritta BOZZA: nessun cittadino la vede.")
    ] = False,
    voice: VoiceId = None,
    size: Size = None,
    store: Store = None,
) -> None:
    """Fa le guide di tutte le domande di un estratto, e aggiorna quelle che ci sono.

    Le fa con la versione approvata della campagna (vedi: videoguide versions); senza approvazione, solo con --draft.
    """
    from videoguide.display import show, stages
    from videoguide.pipeline import FORMATS, GUIDE_FILE
    from videoguide.pipeline import render as make

    settings, pack = opened(campaign, voice=voice, size=size, store=store)
    if format not in FORMATS:
        raise UnknownChoice("formato", format, FORMATS)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        with stages() as tell:
            report = make(
                applications,
                pack,
                settings,
                output,
                format=format,
                workers=workers,
                limit=limit,
                dry_run=dry_run,
                draft=draft,
                who=who(),
                tell=tell,
            )
    except KeyboardInterrupt:
        typer.echo(
            "videoguide: interrotto; le scene e le guide finite restano: rilancia lo stesso comando per andare avanti",
            err=True,
        )
        raise
    show(report, pack.titles)
    typer.echo(f"{output}: report.json, rejected.csv")
    if format == "mp4" and report.guides and not dry_run:
        typer.echo(f"le guide: {output}/*/*/{GUIDE_FILE}")


def sample(
    campaign: CampaignId,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Dove scrivere l’estratto (.csv o .csv.gz).")
    ],
    count: Annotated[int, typer.Option("--count", min=1, metavar="N", help="Quante righe.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Stesso numero, stesso estratto.")] = 1,
) -> None:
    """Scrive un estratto di domande inventate, per prove e misure."""
    from videoguide.samples import write_sample

    _, pack = opened(campaign)
    write_sample(pack, count, seed, output)
    typer.echo(f"{output}: {count} righe, persone inventate")


def check(campaign: CampaignId, voice: VoiceId = "silent", store: Store = None) -> None:
    """Prova un pacchetto di campagna: parole, disegni, tempi, collegamenti, ogni combinazione."""
    from videoguide.check import check as prove
    from videoguide.segments import open_studio

    settings, pack = opened(campaign, voice=voice, store=store)
    with bar("Controllo") as advance:
        checked = prove(open_studio(pack, settings), advance)
    for finding in checked.findings:
        typer.echo(f"  {finding}")
    shortest, longest = checked.seconds
    typer.echo(
        f"{pack.id}: {checked.guides} guide, {len(checked.scenes)} scene diverse, "
        f"da {shortest:.0f} a {longest:.0f} s; problemi: {len(checked.findings)}"
    )
    if checked.findings:
        raise typer.Exit(FAILED)


def sheet(
    campaign: CampaignId,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Dove scrivere l’immagine PNG.")
    ] = None,
    columns: Annotated[int, typer.Option("--columns", min=1, max=12, metavar="N", help="Immagini per riga.")] = 6,
    store: Store = None,
) -> None:
    """Scrive un foglio con un’immagine di ogni scena e variante."""
    from videoguide.segments import open_studio
    from videoguide.sheets import sheet as draw_sheet
    from videoguide.store import write_whole

    settings, pack = opened(campaign, voice="silent", size="960x540", store=store)
    file = output or Path("output") / f"{pack.id}-sheet.png"
    with bar("Disegni") as report:
        png, pictures = draw_sheet(open_studio(pack, settings), columns, report)
    write_whole(file, [png])
    typer.echo(f"{file}: {pictures} immagini")


def voices() -> None:
    """Elenca le voci."""
    from videoguide.voices import VOICES

    for voice_id, kind in VOICES.items():
        typer.echo(f"{voice_id:16} {'rete ' if kind.online else 'qui  '} {kind.description}")


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    """End cleanly; whoever is impatient and asks again does not disturb that."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
