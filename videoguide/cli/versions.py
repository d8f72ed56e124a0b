# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""``videoguide versions`` and ``approve``: the versions of a campaign's pack, and approval of what its folder holds."""

from datetime import datetime
from typing import Annotated

import typer

from videoguide.cli.options import CampaignId, Store, open_pack, who
from videoguide.errors import InputError


def versions(campaign: CampaignId) -> None:
    """Elenca le versioni di una campagna: stato, da quando, chi l’ha approvata. Con * quella che c’è nella cartella."""
    from videoguide.records.database import open_to_read
    from videoguide.records.versions import SHORT, STATES, version_of, versions_of

    settings, pack = open_pack(campaign)
    present = version_of(pack)
    seen = []
    database = open_to_read(settings.database)
    if database:
        with database:
            seen = versions_of(database, pack.id)
    if all(version.version != present for version in seen):
        typer.echo(f"* {present[:SHORT]}  {STATES['draft']}")
    for version in seen:
        since = {"draft": version.since, "approved": version.approved_at, "live": version.live_since}[version.state]
        mark = "*" if version.version == present else " "
        state = f"{STATES[version.state]:9}"
        typer.echo(f"{mark} {version.short}  {state}  {_moment(since)}  {version.approved_by}".rstrip())


def approve(
    campaign: CampaignId,
    revoke: Annotated[
        bool,
        typer.Option("--revoke", help="Ritira l’approvazione: un render in corso si ferma; le guide fatte restano."),
    ] = False,
    store: Store = None,
) -> None:
    """Approva la campagna com’è adesso nella sua cartella: con questa versione render fa le guide dei cittadini."""
    from videoguide.records import versions
    from videoguide.records.database import Database
    from videoguide.runs import pairing
    from videoguide.store import Store as Pieces

    settings, pack = open_pack(campaign, store=store)
    pieces = Pieces(settings.store)
    with Database(settings.database) as database:
        pairing.join(pieces, database)
        version = versions.keep(database, pieces, pack)
        what = f"campagna {pack.id}: la versione {version.short}"
        if revoke and not version.approved_at:
            raise InputError(f"{what} non è approvata")
        if version.approved_at and not revoke:
            typer.echo(f"{what} è già approvata, da {version.approved_by}")
            return
        if revoke:
            versions.revoke(database, version, who())
        else:
            versions.approve(database, version, who())
    typer.echo(f"{what} {'non è più' if revoke else 'è'} approvata")


def _moment(at: datetime | None) -> str:
    return at.astimezone().strftime("%d/%m/%Y %H:%M") if at else ""
