"""A campaign through every stage: applications in, guides out.

First the distinct segments that the store lacks, each once, spread over worker processes; then the
guides, which are little more than a header each. The workers ask for nothing but plain data and a
store that bears two writers of one key, so another ``concurrent.futures.Executor`` can take their place.
"""

import os
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from videoguide import campaigns, guides
from videoguide.applications import Application, Rejection, read_applications
from videoguide.campaigns import Campaign
from videoguide.database import GuideRecord, Register
from videoguide.eligibility import decide
from videoguide.errors import InputError, PackError, VideoGuideError
from videoguide.progress import Report, silently
from videoguide.script import FilledScene, Script, write_script
from videoguide.segments import Studio, open_studio
from videoguide.settings import Settings
from videoguide.store import key_of

GUIDE_FILE = "guide.mp4"


@dataclass
class Outcome:
    """What a run did; counts by name."""

    rows: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    duplicates: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    unfit: dict[str, str] = field(default_factory=dict)
    """Applications (by id) whose name or patronato cannot be shown, and why: no guide, the others go on."""
    cases: Counter[str] = field(default_factory=Counter)
    channels: Counter[str] = field(default_factory=Counter)
    guides: list[GuideRecord] = field(default_factory=list)
    guides_made: int = 0
    segments: int = 0
    segments_made: int = 0


@dataclass(frozen=True)
class _Wanted:
    """One guide to be made: whose, its script and the keys of its segments."""

    application: Application
    script: Script
    keys: tuple[str, ...]

    @property
    def state(self) -> str:
        """Hash of all that the guide depends on: a guide belongs to exactly one application state."""
        return key_of([self.application.id, self.keys])


def render(
    extract: Path,
    campaign: Campaign,
    settings: Settings,
    output: Path,
    *,
    workers: int | None = None,
    report: Report = silently,
) -> Outcome:
    """Make the guides of an extract below ``output``, one folder a guide, and record them.

    What is there already, segments and guides, is not made again. Raises InputError for a file that is
    no extract, PackError, VoiceError, StoreError.
    """
    studio = open_studio(campaign, settings)
    studio.store.sweep()
    outcome = Outcome()
    wanted = list(_wanted(extract, studio, outcome))
    missing = _missing_segments(wanted, studio, outcome)
    with _executor(workers or os.cpu_count() or 1, campaign, settings) as executor:
        jobs = {executor.submit(_make_segment, scene): key for key, scene in missing.items()}
        unfit: dict[str, str] = {}
        for done, job in enumerate(as_completed(jobs), 1):
            if reason := _unfit(job):
                unfit[jobs[job]] = reason
            report(f"scena {missing[jobs[job]].scene}", done, len(jobs))
    outcome.segments_made = len(missing) - len(unfit)
    for guide in wanted:
        outcome.unfit.update((guide.application.id, unfit[key]) for key in guide.keys if key in unfit)
    wanted = [guide for guide in wanted if guide.application.id not in outcome.unfit]
    with Register(settings.database) as register:
        for number, guide in enumerate(wanted, 1):
            record = register.find(campaign.id, guide.state)
            if record is None or not (output / record.id / GUIDE_FILE).exists():
                if record is None:
                    record = GuideRecord(
                        id=secrets.token_hex(16),
                        campaign=campaign.id,
                        application=guide.application.id,
                        state=guide.state,
                        cases="+".join(guide.script.cases),
                        channel=guide.script.channel,
                    )
                    register.keep(record)  # before its files: after a kill, no guide is there that nobody knows of
                _write(guide, studio, output / record.id)
                outcome.guides_made += 1
            outcome.guides.append(record)
            report("guida", number, len(wanted))
    return outcome


def _wanted(extract: Path, studio: Studio, outcome: Outcome) -> Iterator[_Wanted]:
    newest: dict[str, Application] = {}
    for row in read_applications(extract, studio.campaign):
        outcome.rows += 1
        if isinstance(row, Rejection):
            outcome.rejected.append(row)
            continue
        known = newest.get(row.id)
        outcome.duplicates += known is not None
        if known is None or row.extracted_on > known.extracted_on:
            newest[row.id] = row
    for application in newest.values():
        decision = decide(application, studio.campaign)
        if decision.left_out:
            outcome.left_out[decision.left_out] += 1
            continue
        outcome.cases["+".join(decision.cases)] += 1
        outcome.channels[application.channel] += 1
        try:
            script = write_script(application, decision.cases, studio.campaign)
        except InputError as error:
            outcome.unfit[application.id] = error.message
            continue
        yield _Wanted(application, script, tuple(studio.key(scene) for scene in script.scenes))


def _missing_segments(wanted: list[_Wanted], studio: Studio, outcome: Outcome) -> Mapping[str, FilledScene]:
    distinct = {key: scene for guide in wanted for key, scene in zip(guide.keys, guide.script.scenes, strict=True)}
    outcome.segments = len(distinct)
    return {key: scene for key, scene in distinct.items() if studio.find(scene) is None}


def _write(guide: _Wanted, studio: Studio, folder: Path) -> None:
    segments = tuple(studio.segment(scene) for scene in guide.script.scenes)
    made = guides.Guide(guide.script, studio.campaign, studio.voice.id, segments)
    guides.write_guide(made, folder / GUIDE_FILE)


_studio: Studio | None = None
"""A worker's own studio, opened once by its initialiser."""


@contextmanager
def _executor(workers: int, campaign: Campaign, settings: Settings) -> Iterator[Executor]:
    arguments = (campaign.folder, settings, 1 if workers > 1 else None)
    with ProcessPoolExecutor(workers, get_context("spawn"), _open_worker, arguments) as executor:
        try:
            yield executor
        except BrokenExecutor as error:
            raise VideoGuideError("un processo si è fermato; rilancia il comando: le scene finite restano") from error
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise


def _open_worker(folder: Path, settings: Settings, threads: int | None) -> None:
    global _studio
    _studio = open_studio(campaigns.Campaign(folder), settings, threads=threads)


def _make_segment(scene: FilledScene) -> None:
    if _studio is None:
        raise PackError("processo", "non è stato aperto")
    _studio.segment(scene)


def _unfit(job: Future[None]) -> str:
    """Why a person's own words cannot be shown, or "" for a segment that is made. Raises every other error."""
    try:
        job.result()
    except InputError as error:
        return error.message
    return ""
