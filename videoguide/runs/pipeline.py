# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A campaign through every stage: an extract in, guides out.

First come the distinct segments, each found whole or made once by one of several workers; then the guides, each of
which takes little more than a header, or nothing but a row. Memory does not grow with the extract: what must be kept in
between is on disk. A run that was killed at any moment is resumed by running it again: it finds what was finished.
"""

import os
import resource
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal

from videoguide.errors import Busy, InputError, StoreError, UnknownChoice, system_reason
from videoguide.guide.guides import GUIDE_FILE, LAST_FILE, guide_folder, keep_outline
from videoguide.guide.keys import GuideKeys
from videoguide.guide.plans import Plan, PlanBook, Planner, Wanted, plan_book
from videoguide.guide.script import FilledScene
from videoguide.guide.segments import Studio, open_studio
from videoguide.intake.distinct import Intake, take_in
from videoguide.locks import only_run
from videoguide.media.payload import SEGMENTS
from videoguide.packs import campaigns
from videoguide.packs.campaigns import Campaign
from videoguide.progress import Tell, silently, timed
from videoguide.records import audit, installation, versions
from videoguide.records.database import Database, open_to_read
from videoguide.records.register import Register, Step, step
from videoguide.runs import pairing
from videoguide.runs.purging import purge_forgotten
from videoguide.runs.reports import REJECTED_FILE, REPORT_FILE, Report
from videoguide.runs.workers import (
    Crew,
    Ensured,
    OpenExecutor,
    Workshop,
    ensure_segments,
    local_processes,
    write_guides,
)
from videoguide.settings import Settings
from videoguide.store import Store, sweep, write_whole

Format = Literal["mp4", "ranges"]
FORMATS: tuple[Format, ...] = ("mp4", "ranges")

DEMO_FOLDER = Path("output/demonstration/guides")
PROGRAM = "videoguide"
"""Who is recorded for work that nobody else is named for."""

PLANNING, SCENES, GUIDES = "Piano", "Scene", "Guide"
"""The stages, as their progress is reported."""

BATCH = 500
"""Applications that are planned, and guides that are recorded, at a time."""
JOBS_AHEAD = 4
"""Jobs per worker that are submitted at a time."""
LOOK_SECONDS = 2
"""How often a run looks, while it makes segments, whether its version is still approved."""
STORED_PER_JOB, WRITTEN_PER_JOB = 32, 16
"""How many segments that are already in the store a job checks, and how many guides' files a job writes."""


@dataclass(frozen=True)
class RunOrder:
    """What a run is to do.

    Args:
        extract: the file of applications.
        campaign: the loaded pack.
        settings: store, database, voice, size.
        output: the folder for ``rejected.csv``, ``report.json`` and, as ``mp4``, a folder for each guide.
        format: ``mp4`` files, or ``ranges``: guides are rows of the database, served from the store.
        workers: processes; 0 for as many as there are cores.
        limit: how many guides at most; None for all.
        dry_run: write ``rejected.csv`` and ``report.json`` and change nothing else.
        accept_rejects: go on with the other rows where more than a tenth is rejected.
        draft: make guides that say on every picture that they are drafts, and that only staff see.
        who: who asked for it, for the audit table.
    """

    extract: Path
    campaign: Campaign
    settings: Settings
    output: Path
    format: Format = "mp4"
    workers: int = 0
    limit: int | None = None
    dry_run: bool = False
    accept_rejects: bool = False
    draft: bool = False
    who: str = PROGRAM

    @property
    def for_citizens(self) -> bool:
        """Whether people will see its guides."""
        return not (self.dry_run or self.draft)

    @property
    def processes(self) -> int:
        """How many worker processes there are."""
        return self.workers or os.cpu_count() or 1

    def check(self) -> None:
        """Raise UnknownChoice or InputError for an order that cannot be carried out."""
        if self.format not in FORMATS:
            raise UnknownChoice("formato", self.format, FORMATS)
        own_files = ((self.output / name).resolve() for name in (REJECTED_FILE, REPORT_FILE))
        if self.extract.resolve() in own_files:
            raise InputError(
                f"{self.extract}: qui scrive il comando stesso; ammesso: un altro nome o un’altra cartella"
            )


def render(order: RunOrder, tell: Tell = silently, open_executor: OpenExecutor = local_processes) -> Report:
    """Bring the guides of an extract's applications up to date, and report what was done.

    Guides for citizens are only made with an approved version of the pack. Nothing is done, but for the list of
    rejected rows, where more than a tenth of the rows is rejected and the order does not accept that, or where all of
    them are. ``tell`` is called as work proceeds; ``open_executor`` opens the executor that does it.

    Raises InputError for a version that is not approved, or not any more (guides that have been delivered stay, and no
    others are), for a file that is not an extract or has too many bad rows, and for a store that is another database's;
    Busy where another run is at work; PackError, VoiceError, StoreError, KeyMismatch.
    """
    order.check()
    campaign, settings = order.campaign, order.settings
    version = versions.version_of(campaign)
    studio = open_studio(campaign, settings, draft=order.draft)
    if order.for_citizens:
        versions.require_approved(settings.database, campaign, version)
    _refuse_strangers(studio.store, settings.database)
    width, height = settings.size
    report = Report(
        campaign=campaign.id,
        format=order.format,
        voice=studio.voice.id,
        size=f"{width}x{height}",
        dry_run=order.dry_run,
        draft=order.draft,
        version=version,
        workers=order.processes,
    )
    with ExitStack() as stack:
        stack.enter_context(only_run(order.output))
        sweep(order.output)
        with timed(report.seconds, "reading"):
            intake = stack.enter_context(take_in(order.extract, campaign, order.output / REJECTED_FILE, tell=tell))
        if not order.accept_rejects or intake.counts.rejected == intake.counts.rows:
            intake.counts.require_trust(order.extract, order.output / REJECTED_FILE)
        report.count_rows(intake.counts)
        report.headers_again = intake.form.headers_again
        plans = stack.enter_context(plan_book(order.output))
        database = open_to_read(settings.database) if order.dry_run else Database(settings.database)
        register = None
        if database:
            register = Register(stack.enter_context(database), campaign, version, draft=order.draft)
            if not order.dry_run:
                pairing.join(studio.store, database)
        if order.for_citizens:
            studio = replace(studio, campaign=versions.keep_pack(studio.store, campaign, version))
        run = _Run(order, studio, intake, plans, report, tell)
        run.plan(register)
        if order.dry_run or register is None:
            run.count_pieces()
            write_whole(order.output / REPORT_FILE, [report.json()])
        else:
            run.do(register, version, open_executor)
    if report.forgotten and order.for_citizens:
        try:
            with Database(settings.database) as database:
                purge_forgotten(studio.store, database)
        except Busy:
            report.purge_due = True
            write_whole(order.output / REPORT_FILE, [report.json()])
    return report


def _refuse_strangers(store: Store, address: str) -> None:
    """Raise InputError at once for a store and a database of two installations: reading an extract takes long."""
    if database := open_to_read(address):
        with database:
            pairing.check(store, database)


def render_samples(settings: Settings, tell: Tell = silently) -> None:
    """Make the guides of every campaign's invented people, so that a demonstration has something to show.

    Approves the packs first, and so raises InputError for a database that is not a demonstration's. Raises like
    :func:`render`.
    """
    for campaign_id in campaigns.campaigns(settings.scenes):
        pack = campaigns.load(settings.scenes, campaign_id)
        sample = pack.folder / "sample.csv"
        if sample.exists():
            with Database(settings.database) as database:
                installation.require_demo(database)
                version = versions.keep(database, Store(settings.store), pack)
                versions.approve(database, version, PROGRAM)
            render(RunOrder(sample, pack, settings, DEMO_FOLDER, format="ranges"), tell)


@dataclass
class _Run:
    """One run: the plan of every guide, then its two stages."""

    order: RunOrder
    studio: Studio
    intake: Intake
    plans: PlanBook
    report: Report
    tell: Tell
    unsaid: dict[str, set[str]] = field(default_factory=dict)
    """By application: the words of its own that can be neither spoken nor drawn."""

    @property
    def is_full(self) -> bool:
        """Whether there are as many guides as were asked for."""
        return self.order.limit is not None and self.report.guides >= self.order.limit

    def plan(self, register: Register | None) -> None:
        """Plan the guide of every application that no newer extract has superseded."""
        done = 0
        planner = Planner(self.studio)
        with timed(self.report.seconds, "planning"):
            for batch in self.intake.batches(BATCH):
                registered = register.registered([application.id for application in batch]) if register else {}
                planned: list[Plan] = []
                wanted = Wanted()
                for application in batch:
                    current = registered.get(application.id)
                    if register and register.is_superseded(application, current):
                        self.report.superseded += 1
                        continue
                    if self.is_full:
                        break
                    plan = planner.plan(application, wanted)
                    planned.append(plan)
                    self.report.count_plan(plan)
                    if self.order.dry_run:
                        self.report.count_step(step(application, plan, current))
                self.plans.add(planned, wanted)
                done += len(batch)
                self.tell(PLANNING, done, len(self.intake))
                if self.is_full:
                    break

    def count_pieces(self) -> None:
        """Count for a dry run how many segments are needed, and how many of those the store has."""
        for key, _ in self.plans.scenes():
            self.report.segments.needed += 1
            self.report.segments.reused += self.studio.store.find(SEGMENTS, key) is not None

    def do(self, register: Register, version: str, open_executor: OpenExecutor) -> None:
        """Make the segments, then the guides, and record the run."""
        order = self.order
        number = register.begin(str(order.output.resolve()), order.format)
        if order.for_citizens:
            versions.go_live(register.database, order.campaign.id, version)
        what = "render-draft" if order.draft else "render"
        audit.note(register.database, order.who, what, campaign=order.campaign.id, about=f"{number}")
        threads = 1 if order.processes > 1 else None
        workshop = Workshop(self.studio.campaign.folder, order.settings, threads, order.draft)
        try:
            with open_executor(order.processes) as executor:
                crew = Crew(executor, workshop, JOBS_AHEAD * order.processes)
                self._make_segments(crew, register)
                self._make_guides(crew, register)
        except InputError as error:  # the version's approval has been withdrawn: the run has ended, and not by accident
            self.report.stopped = error.message
            self._end(register, number)
            raise
        self._end(register, number)

    def _end(self, register: Register, number: int) -> None:
        self.report.peak_memory_mb = _peak_memory_mb()
        register.end(number, self.report.plain())
        write_whole(self.order.output / REPORT_FILE, [self.report.json()])

    # --- first stage: segments -----------------------------------------------------------------------

    def _make_segments(self, crew: Crew, register: Register) -> None:
        """Have every distinct segment in the store, whole; then those that replace what cannot be said or drawn.

        Raises InputError when the version's approval is withdrawn meanwhile.
        """
        self.studio.store.sweep()
        with timed(self.report.seconds, "segments"):
            failed = self._ensure(crew, self.plans.scenes(), self.plans.count_scenes(), register)
            planner = Planner(self.studio)  # with empty caches, so that it wants every scene that is a replacement
            while failed:
                scenes = self._soften(failed, planner)
                failed = self._ensure(crew, scenes.items(), len(scenes), register)
            for outline in self.plans.outlines():
                keep_outline(self.studio.store, outline)

    def _ensure(
        self, crew: Crew, scenes: Iterable[tuple[str, FilledScene]], total: int, register: Register
    ) -> dict[str, tuple[FilledScene, str]]:
        """Ensure these ``total`` scenes; returns those that fail because of a person's own words, with the reason."""
        failed: dict[str, tuple[FilledScene, str]] = {}
        done = 0
        look_at = time.monotonic()
        self.report.segments.needed += total
        jobs = ((job, partial(ensure_segments, crew.workshop, job)) for job in self._jobs(scenes))
        for job, (results, work_seconds) in crew.do(jobs):
            for (_, scene), ensured in zip(job, results, strict=True):
                self._count(ensured)
                if ensured.reason:
                    failed[ensured.key] = scene, ensured.reason
            for kind, seconds in work_seconds.items():
                self.report.work_seconds[kind] = self.report.work_seconds.get(kind, 0.0) + seconds
            done += len(job)
            self.tell(SCENES, done, total)
            if time.monotonic() >= look_at:
                register.require_approved()
                look_at = time.monotonic() + LOOK_SECONDS
        return failed

    def _jobs(self, scenes: Iterable[tuple[str, FilledScene]]) -> Iterator[list[tuple[str, FilledScene]]]:
        """Scenes to be made, one to a job, so that no worker is idle at the end; scenes in the store, many to a job."""
        stored: list[tuple[str, FilledScene]] = []
        for key, scene in scenes:
            if self.studio.store.find(SEGMENTS, key) is None:
                yield [(key, scene)]
                continue
            stored.append((key, scene))
            if len(stored) == STORED_PER_JOB:
                yield stored
                stored = []
        if stored:
            yield stored

    def _count(self, ensured: Ensured) -> None:
        counts = self.report.segments
        if ensured.reason:
            counts.needed -= 1
        elif ensured.made:
            counts.made += 1
            counts.damaged += ensured.damaged
        else:
            counts.reused += 1

    def _soften(self, failed: dict[str, tuple[FilledScene, str]], planner: Planner) -> dict[str, FilledScene]:
        """Plan again the guides that have a failed scene; returns the scenes that replace it."""
        scenes: dict[str, FilledScene] = {}
        for batch in self.intake.batches(BATCH):
            wanted = Wanted()
            softened = []
            plans = self.plans.find([application.id for application in batch])
            for application in batch:
                plan = plans.get(application.id)
                failures = [failed[key] for key in plan.keys.segments if key in failed] if plan else []
                if failures:
                    unsaid = self.unsaid.setdefault(application.id, set())
                    unsaid.update(scene.own_words[0] for scene, _ in failures)
                    reason = "; ".join(dict.fromkeys(reason for _, reason in failures))
                    softened.append(planner.softened(application, unsaid, reason, wanted))
                    self.report.neutral[application.id] = reason
            scenes |= {
                key: scene for key, scene in wanted.scenes.items() if key in failed or not self.plans.has_scene(key)
            }
            self.plans.add(softened, wanted)
        return scenes

    # --- second stage: guides ------------------------------------------------------------------------

    def _make_guides(self, crew: Crew, register: Register) -> None:
        """Record every guide, and write the files that are asked for."""
        with timed(self.report.seconds, "guides"):
            self._write(crew, self._recorded(crew, register))

    def _recorded(self, crew: Crew, register: Register) -> Iterator["_FileJob"]:
        """Record one batch after the other; gives the jobs that then remain, for new and missing files."""

        def before(steps: Sequence[Step]) -> None:
            for change in steps:
                if change.withdrawn:
                    _remove(guide_folder(self.order.output, change.withdrawn))
                elif change.renewed and self.order.format == "ranges":
                    _remove(guide_folder(self.order.output, change.renewed))
            if self.order.format == "mp4":
                renewed = [(change.plan, change.renewed) for change in steps if change.renewed]
                self._write(crew, self._file_jobs(crew, renewed))

        done = 0
        for batch in self.intake.batches(BATCH):
            plans = self.plans.find([application.id for application in batch])
            pairs = [(application, plans[application.id]) for application in batch if application.id in plans]
            steps = register.apply(pairs, before)
            for change in steps:
                self.report.count_step(change)
            if self.order.format == "mp4":
                missing = [
                    (change.plan, change.made or change.kept)
                    for change in steps
                    if change.made or (change.kept and not self._is_written(change.kept))
                ]
                yield from self._file_jobs(crew, missing)
            done += len(batch)
            self.tell(GUIDES, done, len(self.intake))

    def _is_written(self, guide: str) -> bool:
        folder = guide_folder(self.order.output, guide)
        return (folder / GUIDE_FILE).exists() and (folder / LAST_FILE).exists()

    def _file_jobs(self, crew: Crew, wanted: Sequence[tuple[Plan, str]]) -> Iterator["_FileJob"]:
        places = ((plan.keys, guide_folder(self.order.output, guide) / GUIDE_FILE) for plan, guide in wanted)
        while batch := list(islice(places, WRITTEN_PER_JOB)):
            yield batch, partial(write_guides, crew.workshop, batch)

    def _write(self, crew: Crew, jobs: Iterable["_FileJob"]) -> None:
        for batch, size_bytes in crew.do(jobs):
            self.report.files_written += len(batch)
            self.report.bytes_written += size_bytes


_FileJob = tuple[list[tuple[GuideKeys, Path]], Callable[[], int]]
"""Guides to be written, each with the place of its MP4, and the job that writes them."""


def _peak_memory_mb() -> int:
    """The most memory that this process has held; Linux's own figure, as rusage inherits that of the parent."""
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
