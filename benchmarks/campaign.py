# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""How long a whole campaign takes, and what it fills: memory, processors, disk.

    python benchmarks/campaign.py [--size 640x360] [--work FOLDER] [--skip-moviepy] [--quick]

measures whole processes (`videoguide render` on extracts from `videoguide sample`) and writes the section
"A campaign" of docs/benchmarks.md, with its chart. The first run of each extract fills the store: at full length this
takes most of an hour. Every finished measurement is kept in the folder given by --work, and is not done again when the
command is; without it everything is removed in the end.
"""

import argparse
import csv
import io
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import report
from campaign_chart import DISK, TIME, Line, Panel, write_chart
from guide import SEEN, moviepy_guide, script_for
from process_tree import watch

from videoguide import settings
from videoguide.guide.eligibility import decide
from videoguide.guide.segments import open_studio
from videoguide.intake.applications import Application, read_applications
from videoguide.packs import campaigns
from videoguide.packs.campaigns import Campaign
from videoguide.records.database import Database
from videoguide.runs import pairing
from videoguide.runs.reports import REPORT_FILE
from videoguide.settings import Settings
from videoguide.store import Store

CAMPAIGN = "assegno-unico"
LEAVE_FREE = 30e9
"""Bytes of the disk that files must leave alone."""

RANGES_S, FILES_S, FLAT, MEMORY_MB, BUSY, ROW_KB = 30, 90, 1.3, 400, 0.85, 2
"""What was asked for: seconds for 10,000 guides, time a guide at the greater number, memory, cores, disk a guide."""


APART = " Measured one after the other, the two first runs before the rest (`--work`)."


class Run(msgspec.Struct):
    """One process: what was typed, how long it took, and what it left."""

    command: str
    load: float
    seconds: float = 0
    used: float = 0
    peak_mb: float = 0
    report: dict[str, Any] = {}
    busy: float = 0
    """Cores' share that was kept busy while segments were made, of all the cores; it had work for ``ready`` more, and
    ``idle`` lay idle."""
    ready: float = 0
    idle: float = 0
    database_bytes: int = 0
    output_bytes: int = 0
    store_bytes: int = 0

    @property
    def guides(self) -> int:
        """How many guides it made."""
        return int(self.report["guides"])

    @property
    def each(self) -> float:
        """Seconds a guide."""
        return self.seconds / self.guides

    @property
    def row_kb(self) -> float:
        """Kilobytes of the database a guide."""
        return self.database_bytes / self.guides / 1000


class Figures(msgspec.Struct):
    """All that was measured."""

    first: Run
    warm: list[Run]
    fewer: Run
    files: Run
    copies: list[Run]
    first_many: Run
    many: Run
    rows: list[Run]
    cold: Run
    cold_files: Run
    cold_copies: list[Run]
    moviepy_file: tuple[float, int] | None


class Bench:
    """Runs commands in a folder; what was measured there before is read back."""

    def __init__(self, folder: Path, chosen: Settings) -> None:
        self.folder, self.chosen = folder, chosen
        self.campaign = campaigns.load(chosen.scenes, CAMPAIGN)
        (folder / "measured").mkdir(parents=True, exist_ok=True)

    def sample(self, rows: int) -> Path:
        """An extract of so many rows."""
        file = self.folder / f"{rows}-rows.csv"
        if not file.exists():
            self._videoguide("sample", CAMPAIGN, "--count", str(rows), "-o", file)
        return file

    def render(self, name: str, extract: Path, guides: int, *, keep: bool = False, **choices: str) -> Run:
        """`videoguide render`, with a new database and a new output folder; the folder stays if ``keep``.

        ``choices`` are options (``format``, ``size``, ``voice``; ``dry_run``). Raises SystemExit when the extract
        does not have so many guides.
        """
        size = "{}x{}".format(*self.chosen.size)
        options = {"format": "ranges", "voice": self.chosen.voice, "size": size, "limit": str(guides), **choices}
        store = self.store(options["size"], options["voice"])
        words = [f"--{option.replace('_', '-')} {value}".strip() for option, value in options.items()]
        output, database = self.folder / "out" / name, self.folder / "out" / f"{name}.db"
        command = f"videoguide render {CAMPAIGN} {extract.name} -o out {' '.join(words)}"

        def run() -> Run:
            shutil.rmtree(output, ignore_errors=True)
            database.unlink(missing_ok=True)
            places = {"VIDEOGUIDE_STORE": str(store), "VIDEOGUIDE_DATABASE": f"sqlite:///{database}"}
            with Database(places["VIDEOGUIDE_DATABASE"]) as new:  # every run's own, with the store of all
                pairing.join_by_hand(Store(store), new, forced=True)
            self._videoguide("approve", CAMPAIGN, **places)
            typed: list[str | Path] = ["render", CAMPAIGN, extract, "-o", output, *" ".join(words).split()]
            done = self._videoguide(*typed, **places)
            done.report = msgspec.json.decode((output / REPORT_FILE).read_bytes())
            if done.guides != guides:
                raise SystemExit(f"{extract}: {done.guides} guides, not {guides}")
            done.command = command
            done.database_bytes = _bytes(self.folder / "out", f"{name}.db*")
            done.output_bytes = _bytes(output)
            done.store_bytes = _bytes(store)
            return done

        done = self.once(name, run)
        if not keep:
            shutil.rmtree(output, ignore_errors=True)
        database.unlink(missing_ok=True)
        return done

    def store(self, size: str, voice: str) -> Path:
        """The store of all runs of a size and a voice."""
        return self.folder / f"store-{size}-{voice}"

    def copies(self, name: str) -> list[Run]:
        """The files of a run that was kept, copied by `cp -r`; then all of it is removed.

        Twice: the first one's source may have to be read from the disk.
        """
        source, target = self.folder / "out" / name, self.folder / "out" / f"{name}-copy"

        def run() -> Run:
            shutil.rmtree(target, ignore_errors=True)
            return self._watched(["cp", "-r", str(source), str(target)])

        done = [self.once(f"{name}-copy-{number}", run) for number in (1, 2)]
        shutil.rmtree(target, ignore_errors=True)
        shutil.rmtree(source, ignore_errors=True)
        return done

    def once(self, name: str, measure: Callable[[], Run]) -> Run:
        """What was measured under this name, now or before."""
        file = self.folder / "measured" / f"{name}.json"
        if file.exists():
            return msgspec.json.decode(file.read_bytes(), type=Run)
        done = measure()
        file.write_bytes(msgspec.json.encode(done))
        _say(f"{name}: {done.seconds:.1f} s, {done.peak_mb:.0f} MB, load {done.load:.1f}")
        return done

    def _videoguide(self, *words: str | Path, **places: str) -> Run:
        code = "from videoguide.cli import main; main()"
        return self._watched([sys.executable, "-c", code, *map(str, words)], **places)

    def _watched(self, command: list[str], **places: str) -> Run:
        os.sync()  # so that nobody waits for what others have left to be written
        done = Run(" ".join(command), os.getloadavg()[0])
        watched = watch(command, {**os.environ, **places})
        done.seconds, done.used, done.peak_mb = watched.seconds, watched.used, watched.peak_bytes / 1e6
        if "render" in command and (file := Path(command[command.index("-o") + 1]) / REPORT_FILE).exists():
            seconds = msgspec.json.decode(file.read_bytes())["seconds"]
            if seconds.get("segments"):  # the stages' ends are reported by the last one's: what follows it is nothing
                end = watched.seconds - seconds["guides"]
                cores = os.cpu_count() or 1
                busy, ready, idle = watched.cores(max(0, end - seconds["segments"]), end)
                done.busy, done.ready, done.idle = busy / cores, ready / cores, idle / cores
        return done


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the ways that were asked for, print the figures and keep them in docs/benchmarks.md."""
    options = _options(arguments)
    given = settings.load(size=options.size, voice=options.voice, store=options.store)
    setting = report.setting("av", "sqlmodel")
    with _folder(options, given) as folder:
        figures = measured(Bench(folder, given), options)
    text = section(figures, given, setting, options)
    report.write_section(options.report, "campaign", text)
    draw(figures, given, options)
    print(text)


def measured(bench: Bench, options: argparse.Namespace) -> Figures:
    """Everything; what is compared is measured one after the other."""
    guides, many = options.guides, options.many
    extract, great = (bench.sample(rows_for(number)) for number in (guides, many))
    first = bench.render("first", extract, guides)
    first_many = bench.render("first-many", great, many)
    fewer = bench.render("warm-fewer", extract, max(1, guides // 10))
    warm = [bench.render("warm-1", extract, guides)]
    at_many = bench.render("warm-many", great, many)
    warm += [bench.render(f"warm-{number}", extract, guides) for number in (2, 3)]
    moviepy_file = None if options.skip_moviepy else _one_by_one(bench)
    _room_for(guides * (moviepy_file[1] if moviepy_file else first.store_bytes // 100), bench.folder)
    files = bench.render("files", extract, guides, keep=True, format="mp4")
    copies = bench.copies("files")
    rows = [
        bench.render(f"rows-{number}", bench.sample(number), 1, dry_run="")
        for number in (options.rows // 10, options.rows)
    ]
    cold_size, cold_voice = options.cold_size, options.cold_voice
    names = few_names(bench, options.cold, options.names)
    cold = bench.render("cold", names, options.cold, size=cold_size, voice=cold_voice, format="mp4")
    cold_files = bench.render(
        "cold-files", names, options.cold, keep=True, size=cold_size, voice=cold_voice, format="mp4"
    )
    cold_copies = bench.copies("cold-files")
    return Figures(
        first, warm, fewer, files, copies, first_many, at_many, rows, cold, cold_files, cold_copies, moviepy_file
    )


def rows_for(guides: int) -> int:
    """Sample rows that give so many guides: some are left out, some rejected, and chance rules small numbers."""
    return int(guides * 1.58) if guides >= 10_000 else 2 * guides + 20


def few_names(bench: Bench, guides: int, names: int) -> Path:
    """An extract that gives so many guides with so many distinct first names.

    These are the most frequent names of a larger extract. Raises SystemExit if there are too few.
    """
    source = bench.sample(8 * guides + 200)
    head, *lines = csv.reader(io.StringIO(source.read_text(encoding="utf-8-sig")), delimiter=";")
    fit = list(dict(_fit(zip(lines, read_applications(source, bench.campaign), strict=True), bench.campaign)).values())
    frequent = [name for name, _ in Counter(name for name, _ in fit).most_common(names)]
    firsts = {name: line for name, line in reversed(fit) if name in frequent}
    others = [line for name, line in fit if name in firsts and line is not firsts[name]]
    picked = [*firsts.values(), *others][:guides]
    if len(firsts) < names or len(picked) < guides:
        raise SystemExit(f"{source}: too few people for {guides} guides with {names} names")
    file = bench.folder / f"{guides}-guides-{names}-names.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        csv.writer(out, delimiter=";").writerows([head, *picked])
    return file


def _fit(rows: Any, campaign: Campaign) -> Iterator[tuple[str, tuple[str, list[str]]]]:
    """By its number, each application that gets a guide with a name in it: the name, and its row."""
    for line, row in rows:
        if isinstance(row, Application) and row.spoken_name and not decide(row, campaign).left_out:
            yield row.id, (row.spoken_name, line)


def _one_by_one(bench: Bench) -> tuple[float, int]:
    """Seconds and bytes of one guide rendered on its own by MoviePy, its speech and its layers ready."""
    file = bench.folder / "one.mp4"

    def run() -> Run:
        size = "{}x{}".format(*bench.chosen.size)
        studio = open_studio(bench.campaign, replace(bench.chosen, store=bench.store(size, bench.chosen.voice)))
        script = script_for(*SEEN, studio)
        for scene in script.scenes:
            if studio.find(scene) is None:
                studio.make(scene)
        done = Run("MoviePy", os.getloadavg()[0])
        start = time.perf_counter()
        moviepy_guide(script, studio, file)
        done.seconds, done.output_bytes = time.perf_counter() - start, file.stat().st_size
        return done

    done = bench.once("one", run)
    return done.seconds, done.output_bytes


# --- the report -------------------------------------------------------------------------------------


def section(figures: Figures, chosen: Settings, setting: str, options: argparse.Namespace) -> str:
    """The figures as Markdown."""
    size = "{}×{}".format(*chosen.size)
    scenes = figures.many.report["segments"]["needed"]
    typed = (figures.first, figures.first_many, figures.fewer, figures.files, figures.rows[-1], figures.cold)
    lines = [
        "## A campaign",
        "",
        f"`make bench` (`python benchmarks/campaign.py{_given(options)}`) — {setting}",
        "",
        "Whole processes from start to exit, two workers, a new database and a new output folder each: reading, "
        f"rules, database and files are in every figure. Pictures {size}, voice {chosen.voice}, where nothing else "
        f"is said: to speak and draw the {scenes:,} distinct scenes of the largest extract as the cold run below does "
        f"would take {scenes * _a_scene(figures.cold) / 3600:.0f} hours. “Load” is the machine’s when a process began: "
        f"others were at work.{APART if options.work else ''}",
        "",
        *_warm(figures),
        "",
        "### The first run: an empty store",
        "",
        report.table(
            ("run", "guides", "scenes made", "time", "a scene", "cores busy", "load"),
            [_first_row("ranges", figures.first), _first_row("ranges, the same store", figures.first_many)],
        ),
        "",
        *_cold(figures, options),
        "",
        "### Disk",
        "",
        report.table(("way", "a guide", "all guides", "shared store"), list(_disk(figures))),
        "",
        f"A guide as ranges: {_met(max(figures.warm[0].row_kb, figures.many.row_kb), ROW_KB, 'KB')} beyond the store, "
        "database included.",
        "",
        f"![Time and disk against the number of guides]({options.chart.name})",
        "",
        "### Commands",
        "",
        "```",
        f"videoguide sample {CAMPAIGN} --count {options.rows} -o {options.rows}-rows.csv",
        *(run.command for run in typed),
        "```",
    ]
    return "\n".join(lines)


def _warm(figures: Figures) -> list[str]:
    warm = sorted(figures.warm, key=lambda run: run.seconds)[len(figures.warm) // 2]
    many, files, (some_rows, all_rows) = figures.many, figures.files, figures.rows
    flat = many.each / statistics.median(run.each for run in figures.warm)
    memory = max(run.peak_mb for run in (*figures.warm, many, files))
    return [
        "### Warm: every scene is in the store",
        "",
        report.table(
            ("run", "guides", "scenes", "time", "a guide", "processor", "peak memory", "load"),
            [
                _row("ranges", figures.fewer),
                _row(f"ranges, median of {len(figures.warm)}", warm),
                _row("ranges", many),
                _row("MP4 files", files),
            ],
        ),
        "",
        f"- {warm.guides:,} as ranges: {_met(warm.seconds, RANGES_S, 's')}; "
        f"as MP4 files: {_met(files.seconds, FILES_S, 's')}.",
        f"- {many.guides:,} as ranges: a guide takes {_met(flat, FLAT, '×')} the time of one of {warm.guides:,}.",
        f"- Peak memory of all processes of a run together: {_met(memory, MEMORY_MB, 'MB')}.",
        f"- Reading alone: {some_rows.report['rows']:,} rows take {some_rows.peak_mb:.0f} MB, "
        f"{all_rows.report['rows']:,} rows {all_rows.peak_mb:.0f} MB and "
        f"{report.shown(all_rows.report['seconds']['reading'])}.",
        f"- {_copied(files, figures.copies)}",
    ]


def _copied(files: Run, copies: Sequence[Run]) -> str:
    """What was written, and how long a plain copy of the same takes."""
    took = " and ".join(report.shown(run.seconds) for run in copies)
    ratio = report.times(files.seconds / statistics.median(run.seconds for run in copies))
    return (
        f"{files.guides:,} folders hold {_size(files.output_bytes)}, the MP4s {_size(files.report['bytes_written'])}; "
        f"`cp -r` of them took {took}, so that making them took {ratio} the time of a plain copy."
    )


def _cold(figures: Figures, options: argparse.Namespace) -> list[str]:
    cold, again = figures.cold, figures.cold_files
    size, voice = options.cold_size.replace("x", "×"), cold.report["voice"]
    return [
        "### Cold, with a voice",
        "",
        f"{cold.guides:,} guides as MP4 files with {options.names:,} distinct first names, {size}, voice {voice}, "
        f"empty store: {report.shown(cold.seconds)}, of which {report.shown(cold.report['seconds']['segments'])} for "
        f"{cold.report['segments']['made']:,} scenes; load {cold.load:.1f}.",
        "",
        report.table(
            ("part", "seconds of all workers", "share"),
            [(part, report.shown(seconds), f"{share:.0%}") for part, seconds, share in _parts(cold)],
        ),
        "",
        f"- Cores in the first stage: busy with this run for {cold.busy:.0%} of the time; taken by other programs for "
        f"{cold.ready:.0%}, while this run had work waiting; idle for {cold.idle:.0%}. So workers had something to do "
        f"{_fed(cold):.0%} of the time (target: {BUSY:.0%}).",
        f"- Peak memory of all its processes together: {cold.peak_mb:,.0f} MB"
        f"{', as each worker holds the speech model' if voice == 'kokoro' else ''}.",
        f"- The same again, warm: {report.shown(again.seconds)}. {_copied(again, figures.cold_copies)}",
    ]


def _row(words: str, run: Run) -> tuple[str, ...]:
    return (
        words,
        f"{run.guides:,}",
        f"{run.report['segments']['needed']:,}",
        report.shown(run.seconds),
        report.shown(run.each),
        report.shown(run.used),
        f"{run.peak_mb:.0f} MB",
        f"{run.load:.1f}",
    )


def _first_row(words: str, run: Run) -> tuple[str, ...]:
    made = run.report["segments"]["made"]
    return (
        words,
        f"{run.guides:,}",
        f"{made:,}",
        report.shown(run.seconds),
        report.shown(_a_scene(run)),
        f"{run.busy:.0%}, ready for {run.ready:.0%} more" if run.busy else "not watched",
        f"{run.load:.1f}",
    )


def _a_scene(run: Run) -> float:
    """Seconds of the first stage for each scene that it made."""
    return float(run.report["seconds"]["segments"] / max(1, run.report["segments"]["made"]))


def _parts(run: Run) -> Iterator[tuple[str, float, float]]:
    """Voice, drawing, encoding in workers' seconds, joining in seconds of the stage times the workers."""
    work = run.report["work_seconds"]
    parts = {part: work.get(part, 0.0) for part in ("voice", "drawing", "encoding")}
    parts["joining"] = run.report["seconds"]["guides"] * run.report["workers"]
    whole = sum(parts.values())
    for part, seconds in parts.items():
        yield part, seconds, seconds / whole


def _fed(run: Run) -> float:
    """The share of the first stage's time in which workers, one a core, ran or were ready to run."""
    return min(1, run.busy + run.ready)


def _disk(figures: Figures) -> Iterator[tuple[str, str, str, str]]:
    for run in (figures.first, figures.first_many):
        yield (
            f"ranges, {run.guides:,} guides",
            f"{run.row_kb:.2f} KB",
            _size(run.database_bytes),
            _size(run.store_bytes),
        )
    files = figures.files
    whole = files.output_bytes + files.database_bytes
    yield f"MP4 files, {files.guides:,} guides", _size(whole / files.guides), _size(whole), _size(files.store_bytes)
    if figures.moviepy_file:
        yield (
            f"one render a person (MoviePy), {files.guides:,} guides",
            _size(figures.moviepy_file[1]),
            f"{_size(figures.moviepy_file[1] * files.guides)} (extrapolated)",
            "",
        )


def draw(figures: Figures, chosen: Settings, options: argparse.Namespace) -> None:
    """The chart of time and disk against the number of guides."""
    warm, many, fewer, files = figures.warm, figures.many, figures.fewer, figures.files
    middle = statistics.median(run.seconds for run in warm)
    first, later = figures.first, figures.first_many
    grey, green, blue = "#5A6B7C", "#008055", "#0066CC"
    time_lines = [
        Line("MP4 files, warm", green, ((files.guides, files.seconds),)),
        Line(
            "ranges, warm",
            blue,
            ((fewer.guides, fewer.seconds), (warm[0].guides, middle), (many.guides, many.seconds)),
        ),
        Line(
            "ranges, first run,\nstore empty",
            blue,
            ((first.guides, first.seconds), (later.guides, first.seconds + later.seconds)),
            thin=True,
        ),
    ]
    disk_lines = [
        Line(
            "MP4 files", green, ((files.guides, float(files.output_bytes + files.database_bytes + files.store_bytes)),)
        ),
        Line(
            "ranges: store\nand database",
            blue,
            tuple((run.guides, float(run.database_bytes + run.store_bytes)) for run in (first, later)),
        ),
    ]
    if figures.moviepy_file:
        seconds, size = figures.moviepy_file
        time_lines.append(Line("one render\na person (MoviePy)", grey, ((1, seconds),)))
        disk_lines.append(Line("one render\na person", grey, ((1, float(size)),)))
    note = "{}×{} pictures, voice {}, {} cores; dots are measured, what is dotted is extrapolated"
    write_chart(
        options.chart,
        "A campaign’s time and disk against its size",
        note.format(*chosen.size, chosen.voice, os.cpu_count() or 1),
        [Panel("Time", TIME, tuple(time_lines)), Panel("Disk", DISK, tuple(disk_lines))],
    )


def _met(amount: float, limit: float, unit: str) -> str:
    amount_words = f"{amount:.2f}" if amount < 10 else f"{amount:,.0f}"
    return f"{amount_words} {unit} ({'within' if amount <= limit else 'over'} {limit:g} {unit})"


def _size(amount: float) -> str:
    """Bytes with three figures.

    >>> _size(1234), _size(45_600_000)
    ('1.23 KB', '45.6 MB')
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if amount >= size:
            return f"{amount / size:.3g} {unit}"
    return f"{amount / 1000:.3g} KB"


def _given(options: argparse.Namespace) -> str:
    words = " --quick" if options.quick else ""
    words += "".join(
        f" --{name.replace('_', '-')} {value}"
        for name, value in vars(options).items()
        if name in ORDINARY and value != ORDINARY[name] and not options.quick
    )
    return words + (" --skip-moviepy" if options.skip_moviepy and not options.quick else "")


# --- places and options -----------------------------------------------------------------------------


def _bytes(folder: Path, pattern: str = "**/*") -> int:
    return sum(file.stat().st_size for file in folder.glob(pattern) if file.is_file())


def _room_for(size: float, folder: Path) -> None:
    """Raises SystemExit when files and their copy would not leave enough of the disk."""
    if shutil.disk_usage(folder).free - 2 * size < LEAVE_FREE:
        raise SystemExit(f"{folder}: too little room for {_size(2 * size)} of files; choose a smaller --size")


@contextmanager
def _folder(options: argparse.Namespace, given: Settings) -> Iterator[Path]:
    if options.work:
        options.work.mkdir(parents=True, exist_ok=True)
        yield options.work.resolve()
        return
    given.store.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".benchmark-", dir=given.store) as folder:
        yield Path(folder).resolve()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


ORDINARY: dict[str, Any] = {
    "guides": 10_000,
    "many": 200_000,
    "rows": 1_000_000,
    "size": "640x360",
    "voice": "silent",
    "cold": 1000,
    "names": 300,
    "cold_size": "1920x1080",
    "cold_voice": "kokoro",
}
QUICK: dict[str, Any] = {
    "guides": 10,
    "many": 20,
    "rows": 300,
    "size": "320x180",
    "voice": "silent",
    "cold": 4,
    "names": 2,
    "cold_size": "320x180",
    "cold_voice": "espeak",
}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure whole campaigns; writes docs/benchmarks.md and its chart.")
    parser.add_argument("--guides", type=int, help="guides of most runs (10000)")
    parser.add_argument("--many", type=int, help="guides of the large run (200000)")
    parser.add_argument("--rows", type=int, help="rows of the extract that is only read (1000000)")
    parser.add_argument("--size", help="WxH of those runs (640x360)")
    parser.add_argument("--voice", help="voice of those runs (silent)")
    parser.add_argument("--cold", type=int, help="guides of the cold run (1000)")
    parser.add_argument("--names", type=int, help="distinct first names of the cold run (300)")
    parser.add_argument("--cold-size", help="WxH of the cold run (1920x1080)")
    parser.add_argument("--cold-voice", help="voice of the cold run (kokoro)")
    parser.add_argument("--skip-moviepy", action="store_true", help="leave out the way that takes minutes")
    parser.add_argument("--quick", action="store_true", help="all of it, tiny, to see that it works")
    parser.add_argument("--store", help="work below this folder (default: the settings' store)")
    parser.add_argument("--work", type=Path, help="keep measurements and stores here, and go on with them")
    parser.add_argument("--report", type=Path, default=report.FILE, help="Markdown file (docs/benchmarks.md)")
    parser.add_argument("--chart", type=Path, help="PNG file (campaign-size.png beside the Markdown file)")
    options = parser.parse_args(arguments)
    for name, value in (QUICK if options.quick else ORDINARY).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    options.skip_moviepy = options.skip_moviepy or options.quick
    options.chart = options.chart or options.report.with_name("campaign-size.png")
    return options


if __name__ == "__main__":
    main()
