# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""``videoguide inspect``: what a file is, and what is wrong with it, before anything is run."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videoguide.cli.options import BAD_INPUT
from videoguide.wording import number

if TYPE_CHECKING:
    from videoguide.intake.headers import FileForm
    from videoguide.intake.inspection import InspectedFile

PROBLEMS, RENAMED = 10, 4
"""How many problems, and how many columns with another spelling, are shown."""
_SEPARATORS = {"\t": "la tabulazione", ",": "la virgola", ";": "il punto e virgola", "|": "la barra verticale"}


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Estratto: CSV (anche in gzip o zip), Excel, Parquet.")],
    campaign: Annotated[
        str | None, typer.Option("--campaign", metavar="CAMPAGNA", help="La campagna; senza, si vede dalle colonne.")
    ] = None,
) -> None:
    """Dice che cosa c’è in un file, e che cosa non va, prima di usarlo. Non cambia niente.

    Esce con 0 se il file si può usare, con 2 se "videoguide render" si fermerebbe.
    """
    from videoguide import settings
    from videoguide.errors import InputError
    from videoguide.intake import inspection
    from videoguide.packs import campaigns

    scenes = settings.load(None).scenes
    if campaign:
        pack = campaigns.load(scenes, campaign)
    else:
        pack = inspection.campaign_of(file, [campaigns.load(scenes, each) for each in campaigns.campaigns(scenes)])
    inspected = inspection.inspect(file, pack)
    for line in _lines(file, inspected):
        typer.echo(line)
    try:
        inspected.counts.require_trust(file, Path("rejected.csv"))
    except InputError:
        typer.echo("con questo file «videoguide render» si ferma: più di una riga su dieci è scartata")
        raise typer.Exit(BAD_INPUT) from None


def _lines(file: Path, inspected: "InspectedFile") -> Iterator[str]:
    form, counts = inspected.form, inspected.counts
    header = f"; intestazione alla riga {form.header_row}" if form.header_row else ""
    yield f"{file}: {_written(form)}{header}"
    columns = inspected.campaign.extract.columns
    yield f"campagna {inspected.campaign.id}: ci sono tutte le sue {len(columns)} colonne"
    renamed = [f"{form.columns[field]} (= {name})" for field, name in columns.items() if form.columns[field] != name]
    if renamed:
        others = f" e altre {len(renamed) - RENAMED}" if len(renamed) > RENAMED else ""
        yield f"colonne scritte in un altro modo: {', '.join(renamed[:RENAMED])}{others}"
    if form.other_columns:
        yield f"colonne che non servono: {', '.join(form.other_columns)}"
    if form.headers_again:
        rows = ", ".join(map(number, form.headers_again))
        yield f"l’intestazione torna alle righe {rows}: il file è fatto di più estratti uniti"
    good = counts.rows - counts.rejected
    again = f", di cui ripetute {number(counts.duplicates)}" if counts.duplicates else ""
    yield f"righe {number(counts.rows)}: buone {number(good)}{again}; scartate {number(counts.rejected)}"
    for problem in inspected.problems[:PROBLEMS]:
        rows = "" if problem.rows == 1 else f" ({number(problem.rows)} righe, questa è la prima)"
        yield f"riga {number(problem.first_row)}, {problem.column}: {problem.reason}{rows}"
    if len(inspected.problems) > PROBLEMS:
        yield f"e altri motivi: {number(len(inspected.problems) - PROBLEMS)}"


def _written(form: "FileForm") -> str:
    """How the file is written, in words."""
    if form.sheet:
        return f"{form.kind}, foglio «{form.sheet}»"
    if not form.encoding:
        return form.kind
    separator = _SEPARATORS.get(form.separator, f"«{form.separator}»")
    return f"{form.kind} in {form.encoding}, separatore: {separator}"
