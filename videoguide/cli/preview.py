# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""``videoguide preview`` and ``voices``: one guide for an invented person, and who can speak it."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from videoguide.cli.options import CampaignId, Size, Store, VoiceId, bar, open_pack
from videoguide.errors import InputError, UnknownChoice, VideoGuideError

if TYPE_CHECKING:
    from videoguide.guide.script import Script
    from videoguide.intake.applications import FactValue
    from videoguide.packs.campaigns import Campaign
    from videoguide.settings import Settings

NAMED_FILES = 3
"""How many of the files that changed are named."""


def preview(
    campaign: CampaignId,
    first_name: Annotated[str, typer.Option("--first-name", metavar="NOME", help="Nome di battesimo.")],
    case: Annotated[list[str], typer.Option("--case", metavar="CASO", help="Caso; si può ripetere.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Dove scrivere il file MP4.")],
    sex: Annotated[
        str, typer.Option("--sex", metavar="F|M|unknown", help="Per le concordanze e il disegno.")
    ] = "unknown",
    applicant: Annotated[str, typer.Option("--applicant", metavar="CHI", help="parent, guardian o child.")] = "parent",
    channel: Annotated[str, typer.Option("--channel", metavar="CANALE", help="citizen o patronato.")] = "citizen",
    patronato: Annotated[str, typer.Option("--patronato", metavar="NOME", help="Nome del patronato.")] = "",
    year: Annotated[int | None, typer.Option("--year", metavar="ANNO", help="Anno della domanda.")] = None,
    document: Annotated[
        list[str] | None, typer.Option("--document", metavar="DOCUMENTO", help="Documento; si può ripetere.")
    ] = None,
    iban_anomaly: Annotated[
        str | None, typer.Option("--iban-anomaly", metavar="ANOMALIA", help="Perché l’IBAN non è verificato.")
    ] = None,
    adult_children: Annotated[
        int | None, typer.Option("--adult-children", metavar="N", help="Figli maggiorenni (1 se non si dice).")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="La rifà ogni volta che cambia un file della campagna, fino a Ctrl-C.")
    ] = False,
    voice: VoiceId = None,
    size: Size = None,
    store: Store = None,
) -> None:
    """Fa una guida e dice che cosa ha riusato."""
    settings, pack = open_pack(campaign, voice=voice, size=size, store=store)
    if output.suffix.lower() != ".mp4":
        raise InputError(f"output {output.name}; ammesso: un nome che finisce in .mp4")
    options = {"document": tuple(document or ()), "iban-anomaly": iban_anomaly, "adult-children": adult_children}

    def script_of(pack: "Campaign") -> "Script":
        from videoguide.guide.script import write_script
        from videoguide.proof.previews import invented_application

        application = invented_application(
            pack,
            first_name=first_name,
            sex=sex,
            applicant=applicant,
            channel=channel,
            patronato=patronato,
            filed_year=year,
            cases=case,
            facts=_facts(pack, case, options),
        )
        return write_script(application, case, pack)

    if watch:
        _watch(pack, settings, script_of, output)
    else:
        _make(pack, settings, script_of, output)


def _make(
    pack: "Campaign",
    settings: "Settings",
    script_of: "Callable[[Campaign], Script]",
    output: Path,
    *,
    name_reused: bool = True,
) -> None:
    """Make the guide, write its files, and say which of its scenes are new."""
    from videoguide.guide.guides import write_guide
    from videoguide.guide.segments import open_studio
    from videoguide.proof.previews import make_guide

    script = script_of(pack)
    with bar("Scene") as advance:
        made = make_guide(script, open_studio(pack, settings), advance)
    files = write_guide(made.guide, output)
    for scene, reused in zip(script.scenes, made.reused, strict=True):
        if name_reused or not reused:
            typer.echo(f"  {'riusata' if reused else 'nuova  '}  {scene.chapter}")
    seconds = made.guide.duration_ms / 1000
    typer.echo(
        f"{files['video']}: {seconds:.1f} s, {made.guide.size_bytes / 1e6:.1f} MB, "
        f"scene riusate {sum(made.reused)} di {len(made.reused)}"
    )


def _watch(pack: "Campaign", settings: "Settings", script_of: "Callable[[Campaign], Script]", output: Path) -> None:
    """Make the guide, then again whenever a file that it depends on changes, until Ctrl-C."""
    from videoguide.packs.campaigns import SHARED
    from videoguide.packs.watching import changes, frozen_copy

    places = (pack.folder, *map(pack.shared, SHARED))
    for target in (output, settings.store):
        if any(place in (target.resolve(), *target.resolve().parents) for place in map(Path.resolve, places)):
            raise InputError(f"{target}: con --watch non può stare nella cartella della campagna o dei disegni")
    changing = changes(places)
    next(changing)
    with TemporaryDirectory(prefix="videoguide-") as aside:
        with frozen_copy(pack, Path(aside)) as copy:
            _make(copy, settings, script_of, output)
        try:
            typer.echo(f"guardo {pack.folder}, i disegni comuni e il lessico; per smettere Ctrl-C", err=True)
            for changed in changing:
                names = ", ".join(path.name for path in changed[:NAMED_FILES])
                more = f" e altri {len(changed) - NAMED_FILES}" if len(changed) > NAMED_FILES else ""
                typer.echo(f"{time.strftime('%H:%M:%S')}  {names}{more}")
                try:
                    with frozen_copy(pack, Path(aside)) as copy:
                        _make(copy, settings, script_of, output, name_reused=False)
                except VideoGuideError as error:
                    typer.echo(f"videoguide: {error.message}", err=True)
        except KeyboardInterrupt:
            typer.echo(f"\nnon guardo più; l’ultima guida è in {output}", err=True)


def _facts(pack: "Campaign", cases: list[str], options: "Mapping[str, FactValue | None]") -> "dict[str, FactValue]":
    """The campaign's own facts, by id, as the options set them; a count that a case needs is 1 by default."""
    facts = pack.description.facts
    named = {fact.option: fact_id for fact_id, fact in facts.items()}
    needed = {pack.case(case).needs for case in cases}
    values: dict[str, FactValue] = {name: 1 for name, fact in facts.items() if fact.type == "count" and name in needed}
    for option, value in options.items():
        if value is None or value == ():
            continue
        if option not in named:
            raise UnknownChoice(f"opzione della campagna {pack.id}", f"--{option}", [f"--{name}" for name in named])
        values[named[option]] = value
    return values


def voices() -> None:
    """Elenca le voci."""
    from videoguide.speech.voices import VOICES

    for voice_id, kind in VOICES.items():
        typer.echo(f"{voice_id:16} {'rete ' if kind.online else 'qui  '} {kind.description}")
