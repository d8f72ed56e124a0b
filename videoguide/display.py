"""What the staff see on a terminal while long work goes on, and when it is done. The only Rich."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from videoguide.progress import Tell, silently
from videoguide.reports import REPORT_FILE, Report
from videoguide.versions import SHORT

CHANNELS = {"citizen": "dal cittadino", "patronato": "dal patronato"}
"""Who filed the application, as the table's columns say it."""

STAGES = {"reading": "lettura", "planning": "piano", "segments": "scene", "guides": "guide"}
"""The stages of the report, as they are shown."""

FILE_WIDTH = 200
"""Columns there are for a table that is no terminal's: enough to break no title."""

_ITALIAN = str.maketrans(",.", ".,")


def number(value: float, decimals: int = 0) -> str:
    """A number as Italian writes it.

    >>> number(1234567), number(1234.56, 1)
    ('1.234.567', '1.234,6')
    """
    return f"{value:,.{decimals}f}".translate(_ITALIAN)


class _Rate(ProgressColumn):
    """Pieces a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{number(speed, 1 if speed < 100 else 0)}/s" if speed else "")


@contextmanager
def bar(what: str) -> Iterator[Tell]:
    """One progress bar on standard error, with the name of what was just done."""
    if not sys.stderr.isatty():
        yield silently
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, TextColumn("{task.fields[label]}"), console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, label="")
        yield lambda label, done, total: shown.update(task, completed=done, total=total, label=label)


@contextmanager
def stages() -> Iterator[Tell]:
    """A progress bar for each stage that is told of, with rate and time left, on standard error."""
    if not sys.stderr.isatty():
        yield silently
        return
    columns = TextColumn("{task.description:8}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as shown:
        tasks: dict[str, TaskID] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = shown.add_task(stage, total=None)
            shown.update(tasks[stage], completed=done, total=total or None)

        yield tell


def show(report: Report, titles: Mapping[str, str]) -> None:
    """The final table of a run, on standard output; ``titles`` are the pack's words for cases and reasons."""
    width = None if sys.stdout.isatty() else FILE_WIDTH
    console = Console(width=width, highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.print(_guides(report, titles))
    if report.left_out:
        table = Table("escluse", "domande")
        for reason, count in sorted(report.left_out.items(), key=lambda pair: -pair[1]):
            table.add_row(titles.get(reason, reason), number(count))
        console.print(table)
    for line in lines(report):
        console.print(line)


def _guides(report: Report, titles: Mapping[str, str]) -> Table:
    channels = sorted(report.channels)
    table = Table("guide", *(CHANNELS.get(channel, channel) for channel in channels), "tutte")
    for cases, counts in sorted(report.cases_by_channel.items()):
        what = " + ".join(titles.get(case, case) for case in cases.split("+"))
        table.add_row(what, *(number(counts[channel]) for channel in channels), number(counts.total()))
    table.add_section()
    table.add_row("tutte", *(number(report.channels[channel]) for channel in channels), number(report.guides))
    return table


def lines(report: Report) -> Iterator[str]:
    """The rest of the final table, a line each."""
    yield (
        f"righe {number(report.rows)}: scartate {number(report.rejected)}, ripetute {number(report.duplicates)}, "
        f"superate da un estratto più nuovo {number(report.superseded)}"
    )
    would = "sarebbero " if report.dry_run else ""
    yield (
        f"guide {number(report.guides)}: {would}nuove {number(report.made)}, aggiornate {number(report.renewed)}, "
        f"uguali {number(report.kept)}; ritirate {number(report.withdrawn)}"
    )
    segments = report.segments
    made = f"nuove {number(segments.made)}, di cui rifatte {number(segments.damaged)}"
    if report.dry_run:
        made = f"da fare {number(segments.needed - segments.reused)}"
    yield f"scene {number(segments.needed)}: riusate {number(segments.reused)}, {made}"
    if report.neutral:
        neutral = number(len(report.neutral))
        yield f"guide senza un nome, perché non si può dire o mostrare: {neutral} (elenco in {REPORT_FILE})"
    if report.version:
        draft = "; è una prova, con la scritta BOZZA: nessun cittadino la vede" if report.draft else ""
        yield f"versione della campagna {report.version[:SHORT]}{draft}"
    seconds = ", ".join(f"{STAGES.get(stage, stage)} {number(spent, 1)}" for stage, spent in report.seconds.items())
    yield f"secondi: {seconds}; in tutto {number(sum(report.seconds.values()), 1)}"
    if report.files_written:
        yield f"file scritti: {number(report.files_written)} guide, {number(report.bytes_written / 1e6, 1)} MB"
