"""A campaign through every stage: an extract in, guides out.

First the distinct segments, each found whole or made once, spread over workers; then the guides, which are little
more than a header each, or nothing but a row. Memory does not grow with the extract: what must be kept in between is on
disk. A run that is killed at any moment is gone on with by running it again: what was finished is found.
"""

import os
import resource
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal

from videoguide import audit, campaigns, versions
from videoguide.campaigns import Campaign
from videoguide.database import Database, to_read
from videoguide.errors import InputError, StoreError, UnknownChoice, system_reason
from videoguide.guides import keep_outline
from videoguide.intake import Intake, take_in
from videoguide.locks import only_run
from videoguide.payload import SEGMENTS
from videoguide.plans import Plan, PlanBook, Planner, Wanted, plan_book
from videoguide.progress import Tell, silently, timed
from videoguide.register import Register, Step, step
from videoguide.reports import REJECTED_FILE, REPORT_FILE, Report
from videoguide.script import FilledScene
from videoguide.segments import Studio, open_studio
from videoguide.settings import Settings
from videoguide.store import Store, sweep, write_whole
from videoguide.workers import Crew, Ensured, OpenExecutor, Workshop, ensure_segments, local_processes, write_guides

Format = Literal["mp4", "ranges"]
FORMATS: tuple[Format, ...] = ("mp4", "ranges")
GUIDE_FILE, LAST_FILE = "guide.mp4", "guide.json"
"""A guide's MP4, and the file that gets its name last of all: where it is, the others are."""

DEMO_FOLDER = Path("output/demo")
PROGRAM = "videoguide"
"""Who does what nobody else is named for."""

PLANNING, SCENES, GUIDES = "Piano", "Scene", "Guide"
"""The stages, as they are told of."""

BATCH = 500
"""Applications that are planned, and guides that are recorded, at a time."""
JOBS_AHEAD = 4
"""Jobs a worker that are given out at a time."""
FOUND_AT_A_TIME, WRITTEN_AT_A_TIME = 32, 16
"""Segments there already, and files, that a worker is asked for at a time."""


def render(
    extract: Path,
    campaign: Campaign,
    settings: Settings,
    output: Path,
    *,
    format: Format = "mp4",
    workers: int | None = None,
    limit: int | None = None,
    dry_run: bool = False,
    draft: bool = False,
    who: str = "",
    tell: Tell = silently,
    open_executor: OpenExecutor = local_processes,
) -> Report:
    """Bring the guides of an extract's applications up to date, and say what was done.

    ``output`` gets ``rejected.csv`` and ``report.json``, and as ``mp4`` a folder a guide; as ``ranges`` guides are
    rows of the database, served from the store. ``limit`` is how many guides at most. A dry run writes those two
    files and nothing else. Guides are made for citizens with an approved version of the pack only; a ``draft`` says on
    every picture that it is one, and nobody but the staff sees it. ``who`` is told of in the audit table. Raises
    InputError for a version that is not approved, a file that is no extract, or an output where another run is at
    work; PackError, VoiceError, StoreError.
    """
    if format not in FORMATS:
        raise UnknownChoice("formato", format, FORMATS)
    if extract.resolve() in ((output / name).resolve() for name in (REJECTED_FILE, REPORT_FILE)):
        raise InputError(f"{extract}: qui scrive il comando stesso; ammesso: un altro nome o un’altra cartella")
    version = versions.version_of(campaign)
    for_citizens = not (dry_run or draft)
    studio = open_studio(campaign, settings, draft=draft)
    if for_citizens:
        versions.require_approved(settings.database, campaign, version)
    count = workers or os.cpu_count() or 1
    width, height = settings.size
    report = Report(campaign.id, format, studio.voice.id, f"{width}x{height}", dry_run, draft, version, count)
    with ExitStack() as stack:
        stack.enter_context(only_run(output))
        sweep(output)
        with timed(report.seconds, "reading"):
            intake = stack.enter_context(take_in(extract, campaign, output / REJECTED_FILE, tell=tell))
        report.rows, report.rejected, report.duplicates = (
            intake.counts.rows,
            intake.counts.rejected,
            intake.counts.duplicates,
        )
        plans = stack.enter_context(plan_book(output))
        opened = to_read(settings.database) if dry_run else Database(settings.database)
        register = Register(stack.enter_context(opened), campaign, version, draft=draft) if opened else None
        if for_citizens:
            studio = replace(studio, campaign=versions.unchanging(studio.store, campaign, version))
        with timed(report.seconds, "planning"):
            _plan(intake, Planner(studio), plans, register, report, limit, tell)
        if dry_run or register is None:
            _count_pieces(plans, studio, report)
        else:
            number = register.begin(str(output.resolve()), format)
            if for_citizens:
                versions.go_live(register.database, campaign.id, version)
            what = "render-draft" if draft else "render"
            audit.note(register.database, who or PROGRAM, what, campaign=campaign.id, about=f"{number}")
            workshop = Workshop(studio.campaign.folder, settings, 1 if count > 1 else None, draft)
            with open_executor(count) as executor:
                crew = Crew(executor, workshop, JOBS_AHEAD * count)
                run = _Run(studio, register, crew, output, format, intake, plans, report, tell)
                run.make_segments()
                run.make_guides()
            report.peak_memory_mb = _peak_memory_mb()
            register.end(number, report.plain())
        write_whole(output / REPORT_FILE, [report.json()])
    return report


def render_samples(settings: Settings, tell: Tell = silently) -> None:
    """The guides of every campaign's invented people, so that a demonstration has something to show; their packs
    count as approved. Raises like :func:`render`.
    """
    for campaign in campaigns.campaigns(settings.scenes):
        pack = campaigns.load(settings.scenes, campaign)
        sample = pack.folder / "sample.csv"
        if sample.exists():
            with Database(settings.database) as database:
                version = versions.keep(database, Store(settings.store), pack)
                if not version.approved_at:
                    versions.approve(database, version, PROGRAM)
                    audit.note(database, PROGRAM, "approve", campaign=pack.id, about=version.version)
            render(sample, pack, settings, DEMO_FOLDER, format="ranges", tell=tell)


def guide_folder(output: Path, guide: str) -> Path:
    """Where a guide's files are: below the first two letters of its id, as a folder of 200,000 is a burden."""
    return output / guide[:2] / guide


def _plan(
    intake: Intake,
    planner: Planner,
    plans: PlanBook,
    register: Register | None,
    report: Report,
    limit: int | None,
    tell: Tell,
) -> None:
    done = 0
    for batch in intake.batches(BATCH):
        known = register.known([application.id for application in batch]) if register else {}
        planned: list[Plan] = []
        wanted = Wanted()
        for application in batch:
            before = known.get(application.id)
            if register and register.is_superseded(application, before):
                report.superseded += 1
                continue
            if limit is not None and report.guides >= limit:
                break
            plan = planner.plan(application, wanted)
            planned.append(plan)
            _count(report, plan)
            if report.dry_run:
                report.count_step(step(application, plan, before))
        plans.add(planned, wanted)
        done += len(batch)
        tell(PLANNING, done, len(intake))
        if limit is not None and report.guides >= limit:
            break


def _count(report: Report, plan: Plan) -> None:
    if plan.left_out:
        report.left_out[plan.left_out] += 1
        return
    report.count_guide(plan.cases, plan.channel)
    if plan.without:
        report.neutral[plan.number] = plan.without


def _count_pieces(plans: PlanBook, studio: Studio, report: Report) -> None:
    """What a dry run knows of the segments: how many there are, and how many of them are there."""
    for key, _ in plans.scenes():
        report.segments.needed += 1
        report.segments.reused += studio.store.find(SEGMENTS, key.hex()) is not None


class _Run:
    """The two stages of one run."""

    def __init__(
        self,
        studio: Studio,
        register: Register,
        crew: Crew,
        output: Path,
        format: Format,
        intake: Intake,
        plans: PlanBook,
        report: Report,
        tell: Tell,
    ) -> None:
        self.studio, self.register, self.crew = studio, register, crew
        self.output, self.format = output, format
        self.intake, self.plans = intake, plans
        self.report, self.tell = report, tell
        self.planner = Planner(studio)
        self.unsaid: dict[str, set[str]] = {}

    # --- first stage: segments -----------------------------------------------------------------------

    def make_segments(self) -> None:
        """Have every distinct segment in the store, whole; then those that stand in for what cannot be said."""
        self.studio.store.sweep()
        with timed(self.report.seconds, "segments"):
            failed = self._ensure(self.plans.scenes(), self.plans.count_scenes())
            while failed:
                scenes = self._soften(failed)
                failed = self._ensure(scenes.items(), len(scenes))
            for outline in self.plans.outlines():
                keep_outline(self.studio.store, outline)

    def _ensure(self, scenes: Iterable[tuple[bytes, FilledScene]], total: int) -> dict[bytes, tuple[FilledScene, str]]:
        """Ensure so many scenes; returns those whose own words failed, by key, and why."""
        failed: dict[bytes, tuple[FilledScene, str]] = {}
        done = 0
        self.report.segments.needed += total
        jobs = ((job, partial(ensure_segments, self.crew.workshop, job)) for job in self._jobs(scenes))
        for job, (ensured, spent) in self.crew.do(jobs):
            for (_, scene), one in zip(job, ensured, strict=True):
                self._count(one)
                if one.reason:
                    failed[one.key] = scene, one.reason
            for kind, seconds in spent.items():
                self.report.work_seconds[kind] = self.report.work_seconds.get(kind, 0.0) + seconds
            done += len(job)
            self.tell(SCENES, done, total)
        return failed

    def _jobs(self, scenes: Iterable[tuple[bytes, FilledScene]]) -> Iterator[list[tuple[bytes, FilledScene]]]:
        """Scenes to be made one by one, so that no worker waits in the end; those that are there by the dozen."""
        there: list[tuple[bytes, FilledScene]] = []
        for key, scene in scenes:
            if self.studio.store.find(SEGMENTS, key.hex()) is None:
                yield [(key, scene)]
                continue
            there.append((key, scene))
            if len(there) == FOUND_AT_A_TIME:
                yield there
                there = []
        if there:
            yield there

    def _count(self, one: Ensured) -> None:
        counts = self.report.segments
        if one.reason:
            counts.needed -= 1
        elif one.made:
            counts.made += 1
            counts.damaged += one.damaged
        else:
            counts.reused += 1

    def _soften(self, failed: dict[bytes, tuple[FilledScene, str]]) -> dict[bytes, FilledScene]:
        """Plan anew the guides that have a failed scene; returns the scenes that stand in."""
        scenes: dict[bytes, FilledScene] = {}
        for batch in self.intake.batches(BATCH):
            wanted = Wanted()
            softened = []
            plans = self.plans.find([application.id for application in batch])
            for application in batch:
                plan = plans.get(application.id)
                wrong = [failed[key] for key in plan.segments if key in failed] if plan else []
                if wrong:
                    unsaid = self.unsaid.setdefault(application.id, set())
                    unsaid.update(scene.own_words[0] for scene, _ in wrong)
                    reason = "; ".join(dict.fromkeys(reason for _, reason in wrong))
                    softened.append(self.planner.softened(application, unsaid, reason, wanted))
                    self.report.neutral[application.id] = reason
            scenes |= {key: one for key, one in wanted.scenes.items() if key in failed or not self.plans.has_scene(key)}
            self.plans.add(softened, wanted)
        return scenes

    # --- second stage: guides ------------------------------------------------------------------------

    def make_guides(self) -> None:
        """Record every guide, and write what has to be a file."""
        with timed(self.report.seconds, "guides"):
            self._write(self._recorded())

    def _recorded(self) -> Iterator["_Files"]:
        """Record batch after batch; gives the files that are then still to be written."""

        def before(steps: Sequence[Step]) -> None:
            for one in steps:
                if one.withdrawn:
                    _remove(guide_folder(self.output, one.withdrawn))
                elif one.renewed and self.format == "ranges":
                    _remove(guide_folder(self.output, one.renewed))
            if self.format == "mp4":
                self._write(self._files([(one.plan, one.renewed) for one in steps if one.renewed]))

        done = 0
        for batch in self.intake.batches(BATCH):
            plans = self.plans.find([application.id for application in batch])
            pairs = [(application, plans[application.id]) for application in batch if application.id in plans]
            steps = self.register.apply(pairs, before)
            for one in steps:
                self.report.count_step(one)
            if self.format == "mp4":
                missing = [
                    (one.plan, one.made or one.kept)
                    for one in steps
                    if one.made or (one.kept and not self._is_written(one.kept))
                ]
                yield from self._files(missing)
            done += len(batch)
            self.tell(GUIDES, done, len(self.intake))

    def _is_written(self, guide: str) -> bool:
        folder = guide_folder(self.output, guide)
        return (folder / GUIDE_FILE).exists() and (folder / LAST_FILE).exists()

    def _files(self, wanted: Sequence[tuple[Plan, str]]) -> Iterator["_Files"]:
        places = (
            (plan.outline, plan.segments, guide_folder(self.output, guide) / GUIDE_FILE) for plan, guide in wanted
        )
        while some := list(islice(places, WRITTEN_AT_A_TIME)):
            yield some, partial(write_guides, self.crew.workshop, some)

    def _write(self, jobs: Iterable["_Files"]) -> None:
        for some, size in self.crew.do(jobs):
            self.report.files_written += len(some)
            self.report.bytes_written += size


_Files = tuple[list[tuple[bytes, tuple[bytes, ...], Path]], Callable[[], int]]


def _peak_memory_mb() -> int:
    """The most memory that this process has held. Linux's own figure: rusage takes over that of who started it."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise StoreError(folder, f"non si può togliere: {system_reason(error)}") from error
