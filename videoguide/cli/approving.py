"""Commands about the versions of a campaign's pack: which there are, and the approval of what its folder holds now."""

from datetime import datetime
from typing import Annotated

import typer

from videoguide.cli.options import CampaignId, Store, opened, who
from videoguide.errors import InputError


def versions(campaign: CampaignId) -> None:
    """Elenca le versioni di una campagna: stato, da quando, chi l’ha approvata. Con * quella che c’è nella cartella."""
    from videoguide.database import to_read
    from videoguide.versions import SHORT, STATES, version_of, versions_of

    settings, pack = opened(campaign)
    present = version_of(pack)
    known = []
    database = to_read(settings.database)
    if database:
        with database:
            known = versions_of(database, pack.id)
    if all(one.version != present for one in known):
        typer.echo(f"* {present[:SHORT]}  {STATES['draft']}")
    for one in known:
        since = {"draft": one.since, "approved": one.approved_at, "live": one.live_since}[one.state]
        mark = "*" if one.version == present else " "
        typer.echo(f"{mark} {one.short}  {STATES[one.state]:9}  {_moment(since)}  {one.approved_by}".rstrip())


def approve(
    campaign: CampaignId,
    revoke: Annotated[bool, typer.Option("--revoke", help="Ritira l’approvazione; le guide fatte restano.")] = False,
    store: Store = None,
) -> None:
    """Approva la campagna com’è adesso nella sua cartella: con questa versione render fa le guide dei cittadini."""
    from videoguide import audit, versions
    from videoguide.database import Database
    from videoguide.store import Store as Pieces

    settings, pack = opened(campaign, store=store)
    with Database(settings.database) as database:
        version = versions.keep(database, Pieces(settings.store), pack)
        what = f"campagna {pack.id}: la versione {version.short}"
        if revoke and not version.approved_at:
            raise InputError(f"{what} non è approvata")
        if version.approved_at and not revoke:
            typer.echo(f"{what} è già approvata, da {version.approved_by}")
            return
        if revoke:
            versions.revoke(database, version)
        else:
            versions.approve(database, version, who())
        audit.note(database, who(), "revoke" if revoke else "approve", campaign=pack.id, about=version.version)
    typer.echo(f"{what} {'non è più' if revoke else 'è'} approvata")


def _moment(at: datetime | None) -> str:
    return at.astimezone().strftime("%d/%m/%Y %H:%M") if at else ""
