"""Commands about what people see and do: the reserved area, and how a campaign goes."""

from typing import Annotated

import typer

from videoguide.cli.options import CampaignId, Size, Store, VoiceId, kept, opened
from videoguide.errors import UnknownChoice


def serve(
    demo: Annotated[
        bool, typer.Option("--demo", help="In prova: campagna e persone inventate, accesso senza identità digitale.")
    ] = False,
    guides: Annotated[
        bool, typer.Option("--guides/--no-guides", help="In prova: approva la campagna d’esempio e fa le sue guide.")
    ] = True,
    host: Annotated[str, typer.Option("--host", metavar="INDIRIZZO", help="Dove ascoltare.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, metavar="N", help="Porta.")] = 8000,
    voice: VoiceId = None,
    size: Size = None,
    store: Store = None,
) -> None:
    """Apre l’area riservata e quella del personale. In prova, prima approva la campagna d’esempio e ne fa le guide."""
    from videoguide import settings
    from videoguide.portal.app import create_app, server
    from videoguide.portal.configuration import PORTAL_SETTINGS, PortalSettings

    found = settings.load(None, voice=voice, size=size, store=store)
    here = {"portal_url": f"http://127.0.0.1:{port}"} if demo else {}
    rules = PortalSettings.of(settings.read(PORTAL_SETTINGS, None, **here), demo=demo)
    app = create_app(found, rules, demo=demo)
    serving = server(app, host, port)
    if demo and guides:
        from videoguide.display import stages
        from videoguide.pipeline import render_samples

        with stages() as tell:
            render_samples(found, tell)
    typer.echo(f"{rules.url}: area riservata{' di prova' if demo else ''}; per fermarla Ctrl-C", err=True)
    app.state.portal.log.listen()
    serving.run()


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
    from videoguide.bulletin import FORMATS
    from videoguide.figures import Selection, figures

    if format not in FORMATS:
        raise UnknownChoice("formato", format, FORMATS)
    asked = Selection.of(case=case, channel=channel, document=document, first=first, last=last)
    _, pack = opened(campaign)
    with kept(None) as (_, database):
        found = figures(database, pack, asked)
    typer.echo(FORMATS[format](found, pack), nl=False)
