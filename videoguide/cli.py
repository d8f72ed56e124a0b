"""The ``videoguide`` command. Thin: it reads options, calls, shows. Heavy imports live in the commands."""

import io
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from videoguide.errors import InputError, UnknownChoice, VideoGuideError
from videoguide.usage import Command, Group, usage_error

if TYPE_CHECKING:
    from videoguide.applications import FactValue
    from videoguide.campaigns import Campaign
    from videoguide.database import Database
    from videoguide.progress import Report
    from videoguide.segments import Studio
    from videoguide.settings import Settings
    from videoguide.store import Store as Pieces

BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130

app = typer.Typer(
    name="videoguide",
    cls=Group,
    help="Videoguide personali, parlate e accessibili: una per ogni domanda che ha bisogno di un passo in più.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

store_app = typer.Typer(
    cls=Group, help="Che cosa c’è nel magazzino delle scene: quanto, se è sano, che cosa non serve più."
)
app.add_typer(store_app, name="store")

CampaignId = Annotated[str, typer.Argument(metavar="CAMPAGNA", help="Campagna, per esempio assegno-unico.")]
VoiceId = Annotated[str | None, typer.Option("--voice", metavar="VOCE", help="Voce (vedi: videoguide voices).")]
Size = Annotated[str | None, typer.Option("--size", metavar="LxA", help="Larghezza e altezza, per esempio 640x360.")]
Store = Annotated[str | None, typer.Option("--store", metavar="CARTELLA", help="Cartella dei segmenti.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Dice che cosa farebbe, e non lo fa.")]

PIECES = {"segments": "scene", "speech": "frasi dette", "outlines": "schemi", "layers": "disegni"}
"""What the store's kinds are called."""


@app.command(cls=Command)
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
    with _bar("Scene") as advance:
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


@app.command(cls=Command)
def render(
    campaign: CampaignId,
    applications: Annotated[Path, typer.Argument(metavar="ESTRATTO", help="Estratto: CSV, CSV in gzip o Parquet.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="CARTELLA", help="Dove scrivere.")],
    format: Annotated[
        str, typer.Option("--format", metavar="mp4|ranges", help="File MP4, o guide servite dalle scene comuni.")
    ] = "mp4",
    workers: Annotated[int | None, typer.Option("--workers", min=1, max=256, metavar="N", help="Processi.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Al massimo N guide.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Scrive solo report.json e rejected.csv: che cosa farebbe.")
    ] = False,
    voice: VoiceId = None,
    size: Size = None,
    store: Store = None,
) -> None:
    """Fa le guide di tutte le domande di un estratto, e aggiorna quelle che ci sono."""
    from videoguide.display import show, stages
    from videoguide.pipeline import FORMATS, GUIDE_FILE
    from videoguide.pipeline import render as make

    settings, pack = _opened(campaign, voice=voice, size=size, store=store)
    if format not in FORMATS:
        raise UnknownChoice("formato", format, FORMATS)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        with stages() as tell:
            report = make(
                applications,
                pack,
                settings,
                output,
                format=format,
                workers=workers,
                limit=limit,
                dry_run=dry_run,
                tell=tell,
            )
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


@app.command(cls=Command)
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


@app.command(cls=Command)
def check(campaign: CampaignId, voice: VoiceId = "silent", store: Store = None) -> None:
    """Prova un pacchetto di campagna: parole, disegni, tempi, collegamenti, ogni combinazione."""
    from videoguide.check import check as prove

    settings, pack = _opened(campaign, voice=voice, store=store)
    with _bar("Controllo") as advance:
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


@app.command(cls=Command)
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
    with _bar("Disegni") as report:
        png, pictures = draw_sheet(_studio(pack, settings), columns, report)
    write_whole(file, [png])
    typer.echo(f"{file}: {pictures} immagini")


@app.command(cls=Command)
def voices() -> None:
    """Elenca le voci."""
    from videoguide.voices import VOICES

    for voice_id, kind in VOICES.items():
        typer.echo(f"{voice_id:16} {'rete ' if kind.online else 'qui  '} {kind.description}")


@app.command(cls=Command)
def serve(
    demo: Annotated[
        bool, typer.Option("--demo", help="In prova: campagna e persone inventate, accesso senza identità digitale.")
    ] = False,
    host: Annotated[str, typer.Option("--host", metavar="INDIRIZZO", help="Dove ascoltare.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, metavar="N", help="Porta.")] = 8000,
    voice: VoiceId = None,
    size: Size = None,
    store: Store = None,
) -> None:
    """Apre l’area riservata: accesso, guide, valutazioni. In prova fa prima le guide della campagna d’esempio."""
    from videoguide import settings
    from videoguide.portal.app import create_app, server
    from videoguide.portal.configuration import PORTAL_SETTINGS, PortalSettings

    found = settings.load(None, voice=voice, size=size, store=store)
    here = {"portal_url": f"http://127.0.0.1:{port}"} if demo else {}
    rules = PortalSettings.of(settings.read(PORTAL_SETTINGS, None, **here), demo=demo)
    app = create_app(found, rules, demo=demo)
    serving = server(app, host, port)
    if demo:
        from videoguide.display import stages
        from videoguide.pipeline import render_samples

        with stages() as tell:
            render_samples(found, tell)
    typer.echo(f"{rules.url}: area riservata{' di prova' if demo else ''}; per fermarla Ctrl-C", err=True)
    app.state.portal.log.listen()
    serving.run()


@app.command(cls=Command)
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
    _, pack = _opened(campaign)
    with _kept(None) as (_, database):
        found = figures(database, pack, asked)
    typer.echo(FORMATS[format](found, pack), nl=False)


@store_app.command("stats", cls=Command)
def store_stats(store: Store = None) -> None:
    """Quanti pezzi e byte, per genere, e quanti in uso."""
    from videoguide.upkeep import stats

    with _kept(store) as (pieces, database):
        stocks = stats(pieces, database)
    for stock in stocks:
        used = (
            ""
            if stock.used is None
            else f"  usati {_dotted(stock.used)}, non usati {_dotted(stock.pieces - stock.used)}"
        )
        typer.echo(f"{PIECES.get(stock.kind, stock.kind):12} {_dotted(stock.pieces):>9} {_mb(stock.bytes):>12}{used}")
    typer.echo(
        f"{'in tutto':12} {_dotted(sum(one.pieces for one in stocks)):>9} {_mb(sum(one.bytes for one in stocks)):>12}"
    )


@store_app.command("verify", cls=Command)
def store_verify(
    remove: Annotated[
        bool, typer.Option("--remove", help="Toglie i pezzi danneggiati: il prossimo render rifà quelli che servono.")
    ] = False,
    store: Store = None,
) -> None:
    """Controlla ogni byte di ogni pezzo. Senza --remove non tocca niente; se restano danni esce con 1."""
    from videoguide.upkeep import remove_damaged, verify

    with _kept(store) as (pieces, database):
        with _bar("Controllo") as tell:
            found = verify(pieces, database, lambda kind, *of: tell(PIECES[kind], *of))
        removed = remove_damaged(pieces, found.damaged) if remove else 0
    for one in found.damaged:
        typer.echo(f"  {PIECES[one.kind]} {one.key}: {one.reason}")
    typer.echo(
        f"pezzi controllati {_dotted(found.checked)}: danneggiati {_dotted(len(found.damaged))}, "
        f"tolti {_dotted(removed)}; guide che li usano {_dotted(found.guides)}"
    )
    if len(found.damaged) > removed:
        raise typer.Exit(FAILED)


@store_app.command("prune", cls=Command)
def store_prune(
    dry_run: DryRun = False,
    keep_days: Annotated[
        int, typer.Option("--keep-days", min=0, metavar="N", help="Lascia i pezzi degli ultimi N giorni.")
    ] = 1,
    store: Store = None,
) -> None:
    """Toglie i pezzi che nessuna guida usa.

    Sono scene, frasi dette e schemi; i disegni restano: sono senza parole, e servono alle prossime scene.
    """
    from videoguide.upkeep import prune

    with _kept(store) as (pieces, database):
        removed = prune(pieces, database, keep_days=keep_days, dry_run=dry_run)
    what = ", ".join(f"{PIECES[one.kind]} {_dotted(one.pieces)} ({_mb(one.bytes)})" for one in removed)
    typer.echo(f"{'da togliere' if dry_run else 'pezzi tolti'}: {what}")


@app.command(cls=Command)
def purge(
    expired: Annotated[bool, typer.Option("--expired", help="Le guide scadute, anche ritirate.")] = False,
    person: Annotated[
        bool, typer.Option("--person", help="Le guide di una persona: il codice fiscale si legge dallo standard input.")
    ] = False,
    dry_run: DryRun = False,
    store: Store = None,
) -> None:
    """Cancella per sempre guide scadute, o quelle di una persona.

    Vanno via le righe del database, i file, e le scene e le frasi dette che servivano solo a loro.
    """
    from videoguide.applications import tidy_fiscal_code
    from videoguide.upkeep import purge_expired, purge_person

    if expired is person:
        raise InputError("purge vuole una di queste opzioni: --expired, --person")
    code = tidy_fiscal_code(_secret("Codice fiscale (non si vede): ")) if person else ""
    with _kept(store) as (pieces, database):
        if person:
            done = purge_person(pieces, database, code, dry_run=dry_run)
        else:
            done = purge_expired(pieces, database, dry_run=dry_run)
    whose = "guide della persona" if person else "guide scadute"
    if done.guides:
        typer.echo(
            f"{whose}: {_dotted(done.guides)} {'da cancellare' if dry_run else 'cancellate'}; "
            f"file {'da togliere' if dry_run else 'tolti'} {_dotted(done.files)} ({_mb(done.file_bytes)}); "
            f"scene {_dotted(done.segments)}, frasi dette {_dotted(done.speech)}"
        )
    else:
        typer.echo("nessuna guida" if person else f"{whose}: nessuna")
    for place in done.missing:
        typer.echo(
            f"videoguide: {place}: questa cartella non c’è; se è altrove, i file delle guide sono ancora lì", err=True
        )
    if not done.settled:
        typer.echo(
            "videoguide: qualcuno sta leggendo il database: il suo giornale si svuota quando ha finito", err=True
        )


@contextmanager
def _kept(store: str | None) -> "Iterator[tuple[Pieces, Database]]":
    """The store and its database, which must be there: without it, nobody knows what is needed."""
    from videoguide import database, settings
    from videoguide.store import Store as Pieces

    found = settings.load(None, store=store)
    if not database.exists(found.database):
        raise InputError(f"{database.shown(found.database)}: questo database non c’è")
    with database.Database(found.database) as opened:
        yield Pieces(found.store), opened


def _secret(prompt: str) -> str:
    """A line of standard input, which nobody sees being typed; nothing where there is none."""
    if sys.stdin is None:
        return ""
    if not sys.stdin.isatty():
        return sys.stdin.buffer.readline(1000).decode("utf-8", "replace")
    from getpass import getpass

    try:
        return getpass(prompt)
    except EOFError:
        return ""


def _dotted(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _mb(size: int) -> str:
    """Bytes as megabytes, the Italian way: ``1.035,1 MB``."""
    return f"{size / 1e6:,.1f} MB".translate(str.maketrans(",.", ".,"))


def _opened(campaign: str, **given: str | None) -> "tuple[Settings, Campaign]":
    from videoguide import campaigns, settings

    found = settings.load(None, **given)
    return found, campaigns.load(found.scenes, campaign)


def _studio(pack: "Campaign", settings: "Settings") -> "Studio":
    from videoguide.segments import open_studio

    return open_studio(pack, settings)


def _bar(what: str) -> "AbstractContextManager[Report]":
    """A progress bar where somebody sees it; loading Rich would cost the others their time."""
    if not sys.stderr.isatty():
        from videoguide.progress import silently

        return nullcontext(silently)
    from videoguide.display import bar

    return bar(what)


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    """End cleanly; whoever is impatient and asks again does not disturb that."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


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
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without our signs is no reason to fail
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
        _fail(f"{usage_error(error.format_message())} (vedi: {command} --help)", BAD_INPUT)


def _fail(message: str, status: int) -> NoReturn:
    typer.echo(f"videoguide: {message}", err=True)
    sys.exit(status)
