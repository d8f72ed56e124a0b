# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""``videoguide check`` and ``sheet``: the proof of a campaign pack, and its contact sheet."""

from pathlib import Path
from typing import Annotated

import typer

from videoguide.cli.options import FAILED, CampaignId, Store, VoiceId, bar, open_pack


def check(campaign: CampaignId, voice: VoiceId = "silent", store: Store = None) -> None:
    """Prova un pacchetto di campagna: parole, disegni, tempi, collegamenti, ogni combinazione."""
    from videoguide.guide.segments import open_studio
    from videoguide.proof.check import check as prove

    settings, pack = open_pack(campaign, voice=voice, store=store)
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
    from videoguide.guide.segments import open_studio
    from videoguide.proof.sheets import sheet as draw_sheet
    from videoguide.store import write_whole

    settings, pack = open_pack(campaign, voice="silent", size="960x540", store=store)
    file = output or Path("output") / f"{pack.id}-sheet.png"
    with bar("Disegni") as advance:
        png, pictures = draw_sheet(open_studio(pack, settings), columns, advance)
    write_whole(file, [png])
    typer.echo(f"{file}: {pictures} immagini")
