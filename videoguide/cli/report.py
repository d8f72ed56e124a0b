# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""``videoguide report``: how a campaign goes."""

from typing import Annotated

import typer

from videoguide.cli.options import CampaignId, open_database, open_pack
from videoguide.errors import UnknownChoice


def report(
    campaign: CampaignId,
    format: Annotated[str, typer.Option("--format", metavar="table|csv|json|html", help="Come scrivere.")] = "table",
    case: Annotated[str, typer.Option("--case", metavar="CASO", help="Solo le guide di questo caso.")] = "",
    channel: Annotated[str, typer.Option("--channel", metavar="CANALE", help="Solo citizen o solo patronato.")] = "",
    document: Annotated[str, typer.Option("--document", metavar="DOCUMENTO", help="Solo chi deve allegarlo.")] = "",
    first: Annotated[str, typer.Option("--from", metavar="GIORNO", help="Dal giorno, per esempio 2024-05-01.")] = "",
    last: Annotated[str, typer.Option("--to", metavar="GIORNO", help="Fino al giorno, compreso.")] = "",
) -> None:
    """Dice come va una campagna: guide aperte, viste, pulsanti, valutazioni. Chi sono le persone non si vede."""
    from videoguide.outcomes.bulletin import FORMATS
    from videoguide.outcomes.figures import Selection, figures

    if format not in FORMATS:
        raise UnknownChoice("formato", format, FORMATS)
    selection = Selection.of(case=case, channel=channel, document=document, first=first, last=last)
    _, pack = open_pack(campaign)
    with open_database() as database:
        numbers = figures(database, pack, selection)
    typer.echo(FORMATS[format](numbers, pack), nl=False)
