# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""``videoguide serve``: the reserved area and the staff's desk."""

from typing import Annotated

import typer

from videoguide.cli.options import Size, Store, VoiceId


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
    from videoguide.portal.app import create_app
    from videoguide.portal.configuration import PORTAL_SETTINGS, PortalSettings
    from videoguide.portal.discovery import Denial
    from videoguide.portal.server import create_server

    chosen = (settings.load_demo if demo else settings.load)(None, voice=voice, size=size, store=store)
    here = {"portal_url": f"http://127.0.0.1:{port}"} if demo else {}
    rules = PortalSettings.of(settings.read(PORTAL_SETTINGS, None, **here), demo=demo)
    app = create_app(chosen, rules, demo=demo)
    serving = create_server(app, host, port)
    if demo and guides:
        from videoguide.cli.terminal import stages
        from videoguide.runs.pipeline import render_samples

        with stages() as tell:
            render_samples(chosen, tell)
    if provider := app.state.portal.provider:
        try:
            provider.check()
        except Denial as denial:  # it may answer later; until then, nobody can log in
            typer.echo(
                f"attenzione: {provider.settings.issuer}: il gestore dell’identità non risponde come deve", err=True
            )
            app.state.portal.log.write("provider silent", because=denial.because)
    typer.echo(f"{rules.url}: area riservata{' di prova' if demo else ''}; per fermarla Ctrl-C", err=True)
    app.state.portal.log.listen()
    serving.run()
