# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What staff see on a terminal while long work goes on, and when it is done. The only user of Rich."""

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

from videoguide.packs.campaigns import split_ids
from videoguide.progress import Tell, silently
from videoguide.records.versions import SHORT
from videoguide.runs.reports import REPORT_FILE, Report
from videoguide.wording import CHANNELS, megabytes, number

STAGES = {"reading": "lettura", "planning": "piano", "segments": "scene", "guides": "guide"}
"""The stages of the report, as they are shown."""

FILE_WIDTH = 200
"""Columns of a table that is not on a terminal: enough for every title on one line."""


class _Rate(ProgressColumn):
    """Pieces per second."""

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
    label = TextColumn("{task.fields[label]}")
    with Progress(*columns, label, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, label="")
        yield lambda label, done, total: progress.update(task, completed=done, total=total, label=label)


@contextmanager
def stages() -> Iterator[Tell]:
    """A progress bar on standard error for each stage that is reported, with its rate and the time left."""
    if not sys.stderr.isatty():
        yield silently
        return
    columns = TextColumn("{task.description:8}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=None)
            progress.update(tasks[stage], completed=done, total=total or None)

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
        what = " + ".join(titles.get(case, case) for case in split_ids(cases))
        table.add_row(what, *(number(counts[channel]) for channel in channels), number(counts.total()))
    table.add_section()
    table.add_row("tutte", *(number(report.channels[channel]) for channel in channels), number(report.guides))
    return table


def lines(report: Report) -> Iterator[str]:
    """What follows the final table, line by line."""
    yield (
        f"righe {number(report.rows)}: scartate {number(report.rejected)}, ripetute {number(report.duplicates)}, "
        f"superate da un estratto più nuovo {number(report.superseded)}"
    )
    if report.headers_again:
        rows = ", ".join(map(number, report.headers_again))
        yield f"l’intestazione torna alle righe {rows}: il file è fatto di più estratti uniti, letti tutti"
    would = "sarebbero " if report.dry_run else ""
    yield (
        f"guide {number(report.guides)}: {would}nuove {number(report.made)}, aggiornate {number(report.renewed)}, "
        f"uguali {number(report.kept)}; ritirate {number(report.withdrawn)}"
    )
    if report.forgotten:
        would = "si dimenticherebbe" if report.dry_run else "dimenticato"
        due = "; le scene con il nome le toglie «videoguide purge --expired»" if report.purge_due else ""
        yield f"consenso ritirato: {would} tutto di {number(report.forgotten)} domande{due}"
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
    stages = ", ".join(f"{STAGES.get(stage, stage)} {number(seconds, 1)}" for stage, seconds in report.seconds.items())
    yield f"secondi: {stages}; in tutto {number(sum(report.seconds.values()), 1)}"
    if report.files_written:
        yield f"file scritti: {number(report.files_written)} guide, {megabytes(report.bytes_written)}"
