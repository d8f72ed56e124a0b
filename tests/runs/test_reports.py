# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What a run did, as numbers."""

import json
from typing import Any

from tests.support.invented_guides import an_application
from videoguide.guide.plans import Plan
from videoguide.packs.campaigns import Campaign
from videoguide.records.register import Step
from videoguide.runs.reports import Report

NUMBERS = {
    "rows": 0,
    "rejected": 0,
    "headers_again": [],
    "duplicates": 0,
    "superseded": 0,
    "guides": 0,
    "made": 0,
    "renewed": 0,
    "kept": 0,
    "withdrawn": 0,
    "forgotten": 0,
    "purge_due": False,
    "stopped": "",
    "files_written": 0,
    "bytes_written": 0,
    "peak_memory_mb": 0,
    "workers": 0,
}


def a_report() -> Report:
    return Report("bonus-libri", "mp4", "silent", "320x180")


def test_a_new_report_has_every_key_and_nothing_in_it() -> None:
    data = json.loads(a_report().json())
    empty = ("left_out", "cases", "channels", "cases_by_channel", "neutral", "seconds", "work_seconds")
    assert data == {
        **NUMBERS,
        **{name: {} for name in empty},
        "campaign": "bonus-libri",
        "format": "mp4",
        "draft": False,
        "version": "",
        "voice": "silent",
        "size": "320x180",
        "dry_run": False,
        "segments": {"needed": 0, "reused": 0, "made": 0, "damaged": 0},
    }


def test_guides_are_shared_out_by_joined_cases_and_by_channel() -> None:
    report = a_report()
    for cases, channel in [(("a", "b"), "citizen"), (("a",), "citizen"), (("a", "b"), "patronato")]:
        report.count_guide(cases, channel)
    data = json.loads(report.json())
    assert (data["guides"], data["cases"], data["channels"]) == (3, {"a+b": 2, "a": 1}, {"citizen": 2, "patronato": 1})
    assert data["cases_by_channel"] == {"a+b": {"citizen": 1, "patronato": 1}, "a": {"citizen": 1}}


def test_a_step_counts_for_what_it_does_to_guides(pack: Campaign) -> None:
    report = a_report()
    application, plan = an_application(pack), Plan("1")
    changes: list[dict[str, Any]] = [
        {"made": "x"},
        {"made": "x", "withdrawn": "y"},
        {"renewed": "x"},
        {"kept": "x"},
        {"withdrawn": "y"},
    ]
    for done in changes:
        report.count_step(Step(application, plan, None, **done))
    assert (report.made, report.renewed, report.kept, report.withdrawn) == (2, 1, 1, 2)


def test_the_plain_form_is_what_the_file_holds() -> None:
    report = a_report()
    report.count_guide(("a",), "citizen")
    report.left_out["no-consent"] += 2
    report.neutral["ü"] = "perché sì"
    assert json.loads(report.json()) == report.plain()
    assert "perché sì" in report.json().decode() and report.json().endswith(b"}\n")
