# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""How long one guide takes: by plain MoviePy, by joining MP4 files, and by us, cold and warm.

    python benchmarks/guide.py [--size 640x360] [--skip-moviepy] [--voice espeak] [--report FILE]

measures everything in one run, on the same guide, and writes the section "One guide" of
docs/benchmarks.md. Speech is made once and taken from a store of its own by every way; at full size
MoviePy takes minutes. Everything is written below the store's folder, on one disk, and removed.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import report
from other_ways import aac_slip_ms, ffmpeg_concat, moviepy_film, packet_copy

from videoguide import settings
from videoguide.errors import VoiceError
from videoguide.guide.guides import Guide, copy_bytes, outline, write_guide
from videoguide.guide.script import Script, write_script
from videoguide.guide.segments import Studio, open_studio
from videoguide.intake.applications import FactValue
from videoguide.media import encoding
from videoguide.packs import campaigns
from videoguide.picture import pictures
from videoguide.picture.drawing import Drawing, forget_layers
from videoguide.proof.previews import Made, invented_application, make_guide
from videoguide.settings import Settings
from videoguide.speech import narration
from videoguide.speech.voices.kokoro import joined_model

CAMPAIGN = "assegno-unico"
CASE, DOCUMENT = "missing-documents", "custody-ruling"
SEEN = ("Giulia", "F")
FIGURES = (("Marco", "M"), ("Andrea", "unknown"))  # so that a warm pack has all three greeting pictures
UNSEEN = (("Domitilla", "F"), ("Evaristo", "M"), ("Ludmilla", "F"), ("Tancredi", "M"), ("Zaira", "F"))

CHANGED = "the pack changed while it was measured, or the store was not new: run it again"

SEEN_PROCESS_S, UNSEEN_PROCESS_S, INSIDE_S = 0.8, 6.0, 0.005


@dataclass
class Figures:
    """All that was measured, in seconds."""

    seconds: float = 0
    scenes: int = 0
    megabytes: float = 0
    cold: Mapping[str, float] = field(default_factory=dict)
    ways: dict[str, float] = field(default_factory=dict)
    inside: dict[str, float] = field(default_factory=dict)
    seen: list[float] = field(default_factory=list)
    unseen: dict[str, float] = field(default_factory=dict)
    slip_ms: float = 0


class Stopwatch:
    """Seconds of named parts; a part that runs inside another one counts for itself only."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._inner: list[float] = []

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count the seconds inside as this part's, without those of the parts that it contains."""
        start = time.perf_counter()
        self._inner.append(0.0)
        try:
            yield
        finally:
            took = time.perf_counter() - start
            self.seconds[name] += took - self._inner.pop()
            if self._inner:
                self._inner[-1] += took

    def watching(self, owner: Any, function: str, name: str) -> Any:
        """A context in which every call of ``owner.function`` counts as the part ``name``."""
        watched = getattr(owner, function)

        def timed(*args: Any, **options: Any) -> Any:
            with self.part(name):
                return watched(*args, **options)

        return patch.object(owner, function, timed)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure one guide, cold and warm, in a folder of its own."""
    options = _options(arguments)
    given = settings.load(size=options.size, voice=options.voice, store=options.store)
    chosen = replace(given, voice=given.voice or _default_voice(given))
    chosen.store.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".benchmark-", dir=chosen.store) as folder:
        setting = report.setting("moviepy", "av")
        figures = measured(replace(chosen, store=Path(folder) / "store"), Path(folder), options)
    text = section(figures, chosen, setting, options)
    report.write_section(options.report, "guide", text)
    print(text)


def measured(chosen: Settings, folder: Path, options: argparse.Namespace) -> Figures:
    """Everything, in the order that makes each way find what it may find."""
    studio = open_studio(campaigns.load(chosen.scenes, CAMPAIGN), chosen)
    script = script_for(*SEEN, studio)
    figures = Figures(scenes=len(script.scenes))
    _say("cold: speech, drawing, encoding, joining")
    guide = cold(script, studio, figures)
    figures.seconds, figures.megabytes = guide.duration_ms / 1000, guide.size_bytes / 1e6
    _say("joining and copying")
    joins(guide, studio, folder, figures, options.rounds)
    _say("whole processes")
    processes(studio, chosen, folder, figures, options)
    if not options.skip_moviepy:
        _say("MoviePy: this takes a while")
        figures.ways["moviepy"] = _seconds(lambda: moviepy_guide(script, studio, folder / "moviepy.mp4"))
    return figures


def script_for(first_name: str, sex: str, studio: Studio) -> Script:
    """The words for one invented person."""
    facts: dict[str, FactValue] = {"documents": (DOCUMENT,)}
    application = invented_application(studio.campaign, first_name=first_name, sex=sex, cases=[CASE], facts=facts)
    return write_script(application, [CASE], studio.campaign)


def cold(script: Script, studio: Studio, figures: Figures) -> Guide:
    """(d) The guide from nothing, and where the time goes."""
    watch = Stopwatch()
    with (
        watch.watching(narration, "narrate", "speech"),
        watch.watching(Studio, "draw", "drawing"),
        watch.watching(Drawing, "frame", "drawing"),
        watch.watching(Drawing, "changes", "drawing"),
        watch.watching(pictures, "poster", "drawing"),
        watch.watching(encoding, "encode_pictures", "encoding"),
        watch.watching(encoding, "encode_sound", "encoding"),
        watch.part("joining"),
    ):
        with watch.part("storing"):
            segments = tuple(studio.make(scene) for scene in script.scenes)
        guide = Guide(outline(script, studio.campaign, studio.voice.id), segments)
        write_guide(guide, studio.store.root.parent / "cold" / "guide.mp4")
    figures.cold = watch.seconds
    return guide


def joins(guide: Guide, studio: Studio, folder: Path, figures: Figures, rounds: int) -> None:
    """(b) (c) (e) (f): turn and turn about, each time into a new file; medians."""
    finished = folder / "cold" / "guide.mp4"
    files = [folder / f"segment-{number}.mp4" for number in range(len(guide.segments))]
    for number, file in enumerate(files):
        _write_mp4(Guide(guide.outline, guide.segments[number : number + 1]), file)
    frames = [segment.tables.frames for segment in guide.segments]
    ways: dict[str, Callable[[Path], Any]] = {
        "ffmpeg": lambda file: ffmpeg_concat(files, file),
        "packets": lambda file: packet_copy(files, frames, file),
        "warm": lambda file: _write_mp4(_fresh(guide), file),
        "ranges": lambda file: _fresh(guide).header,
        "copy": lambda file: shutil.copyfile(finished, file),
    }
    slow = ("ffmpeg", "packets")
    figures.ways |= _medians({name: ways[name] for name in slow}, folder, min(rounds, 5))
    figures.ways |= _medians({name: way for name, way in ways.items() if name not in slow}, folder, rounds)
    ffmpeg_concat(files, folder / "slip.mp4")
    figures.slip_ms = aac_slip_ms(folder / "slip.mp4", sum(frames))
    figures.inside = inside(studio, folder, rounds)


def inside(studio: Studio, folder: Path, rounds: int) -> dict[str, float]:
    """A name seen, in a running process: from the person's words to the MP4, and to all files beside it."""
    taken: dict[str, list[float]] = defaultdict(list)
    for number in range(2 * rounds + 2):
        file = folder / f"inside-{number}.mp4"
        alone = number % 2
        start = time.perf_counter()
        script = script_for(*SEEN, studio)
        filled = time.perf_counter()
        made = make_guide(script, studio)
        segments_at = time.perf_counter()
        if alone:
            _write_mp4(made.guide, file)
        else:
            write_guide(made.guide, file)
        written = time.perf_counter()
        _must_be_reused(made)
        for path in folder.glob(f"inside-{number}.*"):
            path.unlink()
        if number > 1:  # the first of each fill caches
            taken["words"].append(filled - start)
            taken["segments"].append(segments_at - filled)
            taken["mp4" if alone else "all files"].append(written - segments_at)
            taken["to mp4" if alone else "to all files"].append(written - start)
    return {step: statistics.median(seconds) for step, seconds in taken.items()}


def processes(studio: Studio, chosen: Settings, folder: Path, figures: Figures, options: argparse.Namespace) -> None:
    """``videoguide preview`` as a whole process: a name seen, then names never seen."""
    for name, sex in FIGURES:
        make_guide(script_for(name, sex, studio), studio)
    forget_layers()
    file = (folder / f"process-{number}.mp4" for number in count())
    figures.seen = [preview(*SEEN, chosen, next(file), new=0) for _ in range(max(1, options.rounds // 4))]
    for name, sex in UNSEEN[: options.names]:
        figures.unseen[name] = preview(name, sex, chosen, next(file), new=1)


def preview(first_name: str, sex: str, chosen: Settings, file: Path, *, new: int) -> float:
    """Seconds of one ``videoguide preview``, from start to exit, which must make ``new`` scenes."""
    size = f"{chosen.size[0]}x{chosen.size[1]}"
    choices = ["--first-name", first_name, "--sex", sex, "--case", CASE, "--document", DOCUMENT]
    places = ["--voice", chosen.voice, "--size", size, "--store", str(chosen.store), "-o", str(file)]
    command = [sys.executable, "-c", "from videoguide.cli import main; main()", "preview", CAMPAIGN, *choices, *places]
    start = time.perf_counter()
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds = time.perf_counter() - start
    if sum(line.startswith("  nuova") for line in said.splitlines()) != new:
        raise SystemExit(CHANGED)
    return seconds


def moviepy_guide(script: Script, studio: Studio, file: Path) -> None:
    """(a) Layers and speech come from the store: only composing, encoding and joining are MoviePy's."""
    narrations = [studio.narrate(scene) for scene in script.scenes]
    drawings = [studio.draw(scene, heard) for scene, heard in zip(script.scenes, narrations, strict=True)]
    moviepy_film(drawings, [heard.samples for heard in narrations], file)


# --- the report -------------------------------------------------------------------------------------

WAYS = {
    "moviepy": "(a) MoviePy as its documentation shows it (speech and layers ready)",
    "cold": "(d) ours, cold: no segment in the store (speech ready)",
    "packets": "(c) PyAV packet copy of segment MP4s",
    "ffmpeg": "(b) ffmpeg concat copy of segment MP4s",
    "warm": "(e) ours, warm: header and the segments’ bytes to a file",
    "ranges": "(e) ours, warm, served as ranges: header only, no file",
    "copy": "(f) copy of the finished file",
}


def section(figures: Figures, chosen: Settings, setting: str, options: argparse.Namespace) -> str:
    """The figures as Markdown."""
    width, height = chosen.size
    ways = {**figures.ways, "cold": sum(figures.cold.values()) - figures.cold["speech"]}
    rows = [
        (words, report.shown(ways[way]), report.times(ways[way] / ways["warm"]), report.times(ways[way] / ways["copy"]))
        for way, words in WAYS.items()
        if way in ways
    ]
    parts = " · ".join(f"{part} {report.shown(taken)}" for part, taken in figures.cold.items())
    slip = f"{figures.slip_ms:.0f} ms" if abs(figures.slip_ms) >= 1 else "nothing"
    inside = figures.inside
    lines = [
        "## One guide",
        "",
        f"`make bench` (`python benchmarks/guide.py{_given(options)}`) — {setting}",
        "",
        f"A guide of {figures.seconds:.1f} s in {figures.scenes} scenes, {width}×{height} at 25 fps, "
        f"{figures.megabytes:.1f} MB, voice {chosen.voice}; all ways in one run, on one disk.",
        "",
        report.table(("way", "time", "to (e) file", "to (f)"), rows),
        "",
        f"(e) is {_verdict(ways['warm'] / ways['copy'], 3)} of (f); {_against_moviepy(ways, inside)}.",
        f"ffmpeg’s join keeps every segment’s priming packet: its sound lasts {slip} longer than its pictures.",
        "",
        f"Cold, by part: {parts}.",
        "",
        report.table(
            ("one guide by name", "time", "target"),
            [
                (
                    "name seen, inside a running process: words → segments → MP4",
                    report.shown(inside["to mp4"]),
                    report.shown(INSIDE_S),
                ),
                (
                    "the same with the eight files beside it (sound, captions, page, guide.json …)",
                    report.shown(inside["to all files"]),
                    report.shown(INSIDE_S),
                ),
                (
                    f"name seen, `videoguide preview` as a whole process (median of {len(figures.seen)})",
                    report.shown(statistics.median(figures.seen)),
                    report.shown(SEEN_PROCESS_S),
                ),
                (
                    f"name never seen, `videoguide preview`, warm pack (median of {len(figures.unseen)}; slowest)",
                    f"{report.shown(statistics.median(figures.unseen.values()))}; "
                    f"{report.shown(max(figures.unseen.values()))}",
                    report.shown(UNSEEN_PROCESS_S),
                ),
            ],
        ),
        "",
        f"Inside: words {report.shown(inside['words'])}, keys and segments {report.shown(inside['segments'])}, "
        f"MP4 {report.shown(inside['mp4'])} (with all files beside it {report.shown(inside['all files'])}).",
    ]
    return "\n".join(lines)


def _verdict(ratio: float, limit: float) -> str:
    return f"{ratio:.1f} × the time ({'within' if ratio <= limit else 'over'} {limit:g} ×)"


def _against_moviepy(ways: Mapping[str, float], inside: Mapping[str, float]) -> str:
    if "moviepy" not in ways:
        return "MoviePy was left out of this run"
    joined, whole = (report.times(ways["moviepy"] / ours) for ours in (ways["warm"], inside["to all files"]))
    return f"{joined} faster than (a), {whole} with its words, look-ups and all files beside it counted"


def _given(options: argparse.Namespace) -> str:
    flags = {"--size": options.size, "--voice": options.voice}
    words = [f" {flag} {value}" for flag, value in flags.items() if value]
    return "".join(words) + (" --skip-moviepy" if options.skip_moviepy else "")


# --- measuring --------------------------------------------------------------------------------------


def _fresh(guide: Guide) -> Guide:
    """The same guide with nothing of it worked out."""
    return Guide(guide.outline, guide.segments)


def _write_mp4(guide: Guide, file: Path) -> None:
    """The MP4 alone: header, then the segments' bytes."""
    with file.open("wb", buffering=0) as out:
        out.write(guide.header)
        for segment in guide.segments:
            with segment.path.open("rb") as source:
                copy_bytes(source.fileno(), out.fileno(), segment.tables.payload_bytes)


def _medians(ways: Mapping[str, Callable[[Path], Any]], folder: Path, rounds: int) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            file = folder / f"{name}-{number}.mp4"
            seconds = _seconds(partial(way, file))
            file.unlink(missing_ok=True)
            if number:  # the first round fills caches
                taken[name].append(seconds)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _must_be_reused(made: Made) -> None:
    if not all(made.reused):
        raise SystemExit(CHANGED)


def _default_voice(given: Settings) -> str:
    voice = campaigns.load(given.scenes, CAMPAIGN).description.voices.default
    try:
        joined_model(given.models)
    except VoiceError:
        return "espeak"
    return voice


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure one guide by every way; writes docs/benchmarks.md.")
    parser.add_argument("--size", help="WxH, 16:9 (default: 1920x1080)")
    parser.add_argument("--voice", help="voice id (default: the campaign's, if its model is installed)")
    parser.add_argument("--store", help="work below this folder (default: the settings' store)")
    parser.add_argument("--skip-moviepy", action="store_true", help="leave out the way that takes minutes")
    parser.add_argument("--rounds", type=int, default=31, help="repetitions of what takes milliseconds (31)")
    parser.add_argument("--names", type=int, default=len(UNSEEN), help=f"names never seen, up to {len(UNSEEN)}")
    parser.add_argument("--report", type=Path, default=report.FILE, help="Markdown file (docs/benchmarks.md)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
