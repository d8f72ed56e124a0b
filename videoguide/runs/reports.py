# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What a run did, as numbers: the content of ``report.json``."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec

from videoguide.guide.plans import Plan
from videoguide.intake.distinct import Counts
from videoguide.packs.campaigns import joined_ids
from videoguide.records.register import Step

REPORT_FILE = "report.json"
REJECTED_FILE = "rejected.csv"


@dataclass
class SegmentCounts:
    """Distinct segments: needed by the guides, found whole (``reused``), made, and of these made for a damaged one."""

    needed: int = 0
    reused: int = 0
    made: int = 0
    damaged: int = 0


@dataclass
class Report:
    """Counts of one run.

    ``guides`` is how many applications have a guide now; ``cases`` and ``channels`` break them down. ``version`` is the
    pack's. ``neutral`` gives, by application, the reason why its guide does not say a name that it should.
    ``headers_again`` are the extract's rows in which its header comes again, as when files were joined.

    ``forgotten`` are applications whose people have withdrawn their consent and of whom nothing is kept; with
    ``purge_due``, the scenes that say their names are still to be deleted by ``purge --expired``.

    ``stopped`` is why the run ended before it was done, or nothing.

    ``seconds`` are wall-clock seconds of the stages; ``work_seconds`` are those that all processes together spent
    on each kind of work: voice, drawing, encoding, checking what the store has.
    """

    campaign: str
    format: str
    voice: str
    size: str
    dry_run: bool = False
    draft: bool = False
    version: str = ""
    stopped: str = ""
    workers: int = 0
    rows: int = 0
    rejected: int = 0
    duplicates: int = 0
    headers_again: list[int] = field(default_factory=list)
    superseded: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    guides: int = 0
    made: int = 0
    renewed: int = 0
    kept: int = 0
    withdrawn: int = 0
    forgotten: int = 0
    purge_due: bool = False
    cases: Counter[str] = field(default_factory=Counter)
    channels: Counter[str] = field(default_factory=Counter)
    cases_by_channel: dict[str, Counter[str]] = field(default_factory=dict)
    neutral: dict[str, str] = field(default_factory=dict)
    files_written: int = 0
    bytes_written: int = 0
    segments: SegmentCounts = field(default_factory=SegmentCounts)
    seconds: dict[str, float] = field(default_factory=dict)
    work_seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: int = 0

    def count_rows(self, counts: Counts) -> None:
        """Take over the counts of the extract's rows."""
        self.rows, self.rejected, self.duplicates = counts.rows, counts.rejected, counts.duplicates

    def count_plan(self, plan: Plan) -> None:
        """Count what is planned for an application: a guide, or the reason why it gets none."""
        if plan.left_out:
            self.left_out[plan.left_out] += 1
            return
        self.count_guide(plan.cases, plan.channel)
        if plan.without:
            self.neutral[plan.number] = plan.without

    def count_guide(self, cases: tuple[str, ...], channel: str) -> None:
        """Count an application that has a guide."""
        joined = joined_ids(cases)
        self.guides += 1
        self.cases[joined] += 1
        self.channels[channel] += 1
        self.cases_by_channel.setdefault(joined, Counter())[channel] += 1

    def count_step(self, step: Step) -> None:
        """Count what becomes of an application's guide."""
        self.made += bool(step.made)
        self.renewed += bool(step.renewed)
        self.kept += bool(step.kept)
        self.withdrawn += bool(step.withdrawn)
        self.forgotten += step.forgets

    def plain(self) -> dict[str, Any]:
        """The report as plain data, ready for JSON."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data

    def json(self) -> bytes:
        """The content of ``report.json``."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"
