# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""``videoguide render`` and ``sample``: a campaign's guides, and invented extracts to try it with."""

from pathlib import Path
from typing import Annotated

import typer

from videoguide.cli.options import CampaignId, Size, Store, VoiceId, open_pack, who
from videoguide.errors import UnknownChoice


def render(
    campaign: CampaignId,
    applications: Annotated[
        Path, typer.Argument(metavar="ESTRATTO", help="Estratto: CSV (anche in gzip o zip), Excel, Parquet.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="CARTELLA", help="Dove scrivere.")],
    format: Annotated[
        str, typer.Option("--format", metavar="mp4|ranges", help="File MP4, o guide servite dalle scene comuni.")
    ] = "mp4",
    workers: Annotated[int | None, typer.Option("--workers", min=1, max=256, metavar="N", help="Processi.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Al massimo N guide.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Scrive solo report.json e rejected.csv: che cosa farebbe.")
    ] = False,
    accept_rejects: Annotated[
        bool,
        typer.Option("--accept-rejects", help="Va avanti anche se più di una riga su dieci è scartata, con le altre."),
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
    from videoguide.cli.terminal import show, stages
    from videoguide.guide.guides import GUIDE_FILE
    from videoguide.runs.interrupts import interruptible
    from videoguide.runs.pipeline import FORMATS, RunOrder
    from videoguide.runs.pipeline import render as make

    settings, pack = open_pack(campaign, voice=voice, size=size, store=store)
    if format not in FORMATS:
        raise UnknownChoice("formato", format, FORMATS)
    order = RunOrder(
        applications,
        pack,
        settings,
        output,
        format=format,
        workers=workers or 0,
        limit=limit,
        dry_run=dry_run,
        accept_rejects=accept_rejects,
        draft=draft,
        who=who(),
    )
    try:
        with interruptible(), stages() as tell:
            report = make(order, tell)
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
    from videoguide.intake.samples import write_sample

    _, pack = open_pack(campaign)
    write_sample(pack, count, seed, output)
    typer.echo(f"{output}: {count} righe, persone inventate")
