"""The ``videoguide`` command. Thin: it reads options, calls, shows. Heavy imports live in the commands."""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from videoguide.errors import InputError, UnknownChoice, VideoGuideError

if TYPE_CHECKING:
    from videoguide.applications import FactValue
    from videoguide.campaigns import Campaign
    from videoguide.progress import Report
    from videoguide.segments import Studio
    from videoguide.settings import Settings

BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130

# Typer's own words, of help pages and of usage errors
_HEADINGS = {"Arguments": "Argomenti", "Options": "Opzioni", "Commands": "Comandi"}
_HELP = (
    (r"\[OPTIONS\]", "[OPZIONI]"),
    (r"COMMAND \[ARGS\]", "COMANDO [ARGOMENTI]"),
    (r"Show this message and exit", "Mostra questo aiuto ed esce"),
    (r"\[default: ", "[predefinito: "),
    (r"\brequired\]", "obbligatorio]"),
)
_ERRORS = (
    (r"^Missing argument ", "manca l’argomento "),
    (r"^Missing option ", "manca l’opzione "),
    (r"^Missing command", "manca il comando"),
    (r"^No such option: ", "opzione sconosciuta: "),
    (r"\(Possible options: (.+)\)$", r"(forse \1)"),
    (r"^No such command ('.*?')", r"comando sconosciuto: \1"),
    (r"\. Did you mean (.+)\?$", r" (forse \1)"),
    (r"^Got unexpected extra argument\S* \((.+)\)$", r"argomenti in più: \1"),
    (r"^Option (\S+) requires an argument", r"l’opzione \1 vuole un valore"),
    (r"^Option (\S+) does not take a value", r"l’opzione \1 non vuole un valore"),
    (r"^Invalid value for (.+?): ", r"valore non valido per \1; "),
    (r"Input should be a valid integer.*$", "ammessi: numeri interi"),
    (r"Input should be greater than or equal to ", "ammesso: almeno "),
    (r"Input should be less than or equal to ", "ammesso: al massimo "),
)


def _turned(text: str, words: tuple[tuple[str, str], ...]) -> str:
    for english, italian in words:
        text = re.sub(english, italian, text)
    return text


class _Page(typer.Context.formatter_class):  # type: ignore[misc, valid-type]
    """Turns the words before they are laid out, so that columns and line ends are right."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, _turned(args, _HELP), prefix or "Uso: ")

    def write_heading(self, heading: str) -> None:
        super().write_heading(_HEADINGS.get(heading, heading))

    def write_dl(self, rows: list[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(name, _turned(text, _HELP)) for name, text in rows], col_max, col_spacing)


class _Context(typer.Context):
    formatter_class = _Page


class _Command(TyperCommand):
    """A command whose help is Italian."""

    context_class = _Context


class _Group(TyperGroup):
    """The command of commands; its help is Italian too."""

    context_class = _Context


app = typer.Typer(
    name="videoguide",
    cls=_Group,
    help="Videoguide personali, parlate e accessibili: una per ogni domanda che ha bisogno di un passo in più.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

CampaignId = Annotated[str, typer.Argument(metavar="CAMPAGNA", help="Campagna, per esempio assegno-unico.")]
VoiceId = Annotated[str | None, typer.Option("--voice", metavar="VOCE", help="Voce (vedi: videoguide voices).")]
Size = Annotated[str | None, typer.Option("--size", metavar="LxA", help="Larghezza e altezza, per esempio 640x360.")]
Store = Annotated[str | None, typer.Option("--store", metavar="CARTELLA", help="Cartella dei segmenti.")]


@app.command(cls=_Command)
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
    voice: VoiceId = None,
    size: Size = None,
    store: Store = None,
) -> None:
    """Fa una guida e dice che cosa ha riusato."""
    from videoguide.previews import invented_application, make_guide
    from videoguide.script import write_script

    settings, pack = _opened(campaign, voice=voice, size=size, store=store)
    if output.suffix.lower() != ".mp4":
        raise InputError(f"output {output.name}; ammesso: un nome che finisce in .mp4")
    options = {"document": tuple(document or ()), "iban-anomaly": iban_anomaly, "adult-children": adult_children}
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
    script = write_script(application, case, pack)
    studio = _studio(pack, settings)
    with _progress("Scene") as advance:
        made = make_guide(script, studio, advance)
    from videoguide.guides import write_guide

    files = write_guide(made.guide, output)
    for scene, reused in zip(script.scenes, made.reused, strict=True):
        typer.echo(f"  {'riusata' if reused else 'nuova  '}  {scene.chapter}")
    seconds = made.guide.duration_ms / 1000
    typer.echo(
        f"{files['video']}: {seconds:.1f} s, {made.guide.bytes / 1e6:.1f} MB, "
        f"scene riusate {sum(made.reused)} di {len(made.reused)}"
    )


@app.command(cls=_Command)
def render(
    campaign: CampaignId,
    applications: Annotated[Path, typer.Argument(metavar="ESTRATTO", help="Estratto: CSV, CSV in gzip o Parquet.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="CARTELLA", help="Dove scrivere le guide.")],
    workers: Annotated[int | None, typer.Option("--workers", min=1, max=256, metavar="N", help="Processi.")] = None,
    voice: VoiceId = None,
    size: Size = None,
    store: Store = None,
) -> None:
    """Fa le guide di tutte le domande di un estratto."""
    from videoguide.pipeline import GUIDE_FILE
    from videoguide.pipeline import render as make

    settings, pack = _opened(campaign, voice=voice, size=size, store=store)
    with _progress("Guide") as report:
        outcome = make(applications, pack, settings, output, workers=workers, report=report)
    for row in outcome.rejected:
        typer.echo(f"  riga {row.row} scartata, colonna {row.column}: {row.reason}")
    for application, reason in outcome.unfit.items():
        typer.echo(f"  domanda {application} senza guida: {reason}")
    for record in outcome.guides:
        typer.echo(f"  {output / record.id / GUIDE_FILE}  {record.cases}, {record.channel}")
    left_out = ", ".join(f"{reason} {count}" for reason, count in sorted(outcome.left_out.items())) or "nessuna"
    typer.echo(
        f"{len(outcome.guides)} guide ({outcome.guides_made} nuove) da {outcome.segments} scene "
        f"({outcome.segments_made} nuove); righe {outcome.rows}, scartate {len(outcome.rejected)}, escluse: {left_out}"
    )


@app.command(cls=_Command)
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

    _, pack = _opened(campaign)
    write_sample(pack, count, seed, output)
    typer.echo(f"{output}: {count} righe, persone inventate")


@app.command(cls=_Command)
def check(campaign: CampaignId, voice: VoiceId = "silent", store: Store = None) -> None:
    """Prova un pacchetto di campagna: parole, disegni, tempi, collegamenti, ogni combinazione."""
    from videoguide.check import check as prove

    settings, pack = _opened(campaign, voice=voice, store=store)
    with _progress("Controllo") as advance:
        checked = prove(_studio(pack, settings), advance)
    for finding in checked.findings:
        typer.echo(f"  {finding}")
    shortest, longest = checked.seconds
    typer.echo(
        f"{pack.id}: {checked.guides} guide, {len(checked.scenes)} scene diverse, "
        f"da {shortest:.0f} a {longest:.0f} s; problemi: {len(checked.findings)}"
    )
    if checked.findings:
        raise typer.Exit(FAILED)


@app.command(cls=_Command)
def sheet(
    campaign: CampaignId,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Dove scrivere l’immagine PNG.")
    ] = None,
    columns: Annotated[int, typer.Option("--columns", min=1, max=12, metavar="N", help="Immagini per riga.")] = 6,
    store: Store = None,
) -> None:
    """Scrive un foglio con un’immagine di ogni scena e variante."""
    from videoguide.sheets import sheet as draw_sheet
    from videoguide.store import write_whole

    settings, pack = _opened(campaign, voice="silent", size="960x540", store=store)
    file = output or Path("output") / f"{pack.id}-sheet.png"
    with _progress("Disegni") as report:
        png, pictures = draw_sheet(_studio(pack, settings), columns, report)
    write_whole(file, [png])
    typer.echo(f"{file}: {pictures} immagini")


@app.command(cls=_Command)
def voices() -> None:
    """Elenca le voci."""
    from videoguide.voices import VOICES

    for voice_id, kind in VOICES.items():
        typer.echo(f"{voice_id:16} {'rete ' if kind.online else 'qui  '} {kind.description}")


def _opened(campaign: str, **given: str | None) -> "tuple[Settings, Campaign]":
    from videoguide import campaigns, settings

    found = settings.load(None, **given)
    return found, campaigns.load(found.scenes, campaign)


def _studio(pack: "Campaign", settings: "Settings") -> "Studio":
    from videoguide.segments import open_studio

    return open_studio(pack, settings)


@contextmanager
def _progress(what: str) -> "Iterator[Report]":
    """A progress bar on standard error; call the result after each piece of work."""
    if not sys.stderr.isatty():
        yield lambda label, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, TextColumn("{task.fields[label]}"), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, label="")
        yield lambda label, done, total: bar.update(task, completed=done, total=total, label=label)


def _facts(pack: "Campaign", cases: list[str], options: "Mapping[str, FactValue | None]") -> "dict[str, FactValue]":
    """What the options say of the campaign's own facts, by fact; a count that a case needs is 1 unless said."""
    facts = pack.description.facts
    named = {fact.option: fact_id for fact_id, fact in facts.items()}
    needed = {pack.case(case).needs for case in cases}
    given: dict[str, FactValue] = {name: 1 for name, fact in facts.items() if fact.type == "count" and name in needed}
    for option, value in options.items():
        if value is None or value == ():
            continue
        if option not in named:
            raise UnknownChoice(f"opzione della campagna {pack.id}", f"--{option}", [f"--{name}" for name in named])
        given[named[option]] = value
    return given


def main() -> None:
    """Entry point: errors become one line on standard error and an exit status, never a traceback."""
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], prog_name="videoguide", standalone_mode=False))
    except InputError as error:
        _fail(error.message, BAD_INPUT)
    except VideoGuideError as error:
        _fail(error.message, FAILED)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(INTERRUPTED)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        # a word that Typer does not understand, as whichever Click it brings along reports it
        command = getattr(getattr(error, "ctx", None), "command_path", "videoguide")
        _fail(f"{_usage_error(error.format_message())} (vedi: {command} --help)", BAD_INPUT)


def _usage_error(message: str) -> str:
    """What Typer says of a command line that it does not understand; what is not known here stays as it is."""
    return _turned(" ".join(message.split()).rstrip("."), _ERRORS)


def _fail(message: str, status: int) -> NoReturn:
    typer.echo(f"videoguide: {message}", err=True)
    sys.exit(status)
