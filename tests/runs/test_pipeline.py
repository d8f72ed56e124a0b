# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A whole extract through every stage, and again the next day."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.extracts import fiscal_code
from tests.support.invented_guides import PackCopy, a_script
from tests.support.manifests import read_manifest
from tests.support.places import DATA
from tests.support.tiny_runs import BRUNO, CARLA, CODE, DARIA, FOUR, Office, extract, files_in, inline, next_day, seen
from videoguide.errors import InputError, UnknownChoice
from videoguide.guide.guides import guide_folder, read_guide
from videoguide.guide.keys import GuideKeys
from videoguide.guide.plans import NO_NAME
from videoguide.guide.segments import Studio
from videoguide.packs.campaigns import Campaign
from videoguide.records import versions
from videoguide.records.database import Database
from videoguide.records.delivery import guides_of
from videoguide.runs.pipeline import FORMATS, Format, RunOrder, render
from videoguide.runs.reports import Report
from videoguide.store import TEMPORARY_PREFIX, Store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pipeline")]

DIRTY = [
    *FOUR,
    CARLA,
    {"numero": "5", "nome": "Dar?o"},
    {"numero": "6", "consenso": "forse"},
    {"numero": "7", "consenso": "n"},
    {"numero": "8", "stato": "pagata"},
    {"numero": "9", "stato": "pagata"},
]
COUNTED = {
    "campaign": "bonus-libri",
    "voice": "silent",
    "size": "320x180",
    "dry_run": False,
    "workers": 2,
    "rows": 10,
    "rejected": 2,
    "headers_again": [],
    "duplicates": 1,
    "draft": False,
    "stopped": "",
    "superseded": 0,
    "left_out": {"no-consent": 1, "nothing-missing": 2},
    "guides": 4,
    "made": 4,
    "renewed": 0,
    "kept": 0,
    "withdrawn": 0,
    "forgotten": 0,
    "purge_due": False,
    "cases": {"missing-receipt": 2, "missing-school": 1, "missing-receipt+missing-school": 1},
    "channels": {"citizen": 4},
    "cases_by_channel": {
        "missing-receipt": {"citizen": 2},
        "missing-school": {"citizen": 1},
        "missing-receipt+missing-school": {"citizen": 1},
    },
    "neutral": {},
    "segments": {"needed": 8, "reused": 0, "made": 8, "damaged": 0},
}
"""What the first run of the dirty extract reports, in either format."""
TOLD_LATER = {"format", "version", "files_written", "bytes_written", "seconds", "work_seconds", "peak_memory_mb"}


@pytest.fixture(params=FORMATS)
def format(request: pytest.FixtureRequest) -> Format:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def office(tmp_path: Path, tiny: Campaign, shared_store: Path) -> Office:
    """An office of its own, but for the segments."""
    return Office(tmp_path / "office", tiny, store=shared_store)


def changes(report: Report) -> dict[str, int]:
    """What a run did to guides, without what it did not."""
    counts = {name: getattr(report, name) for name in ("made", "renewed", "kept", "withdrawn", "superseded")}
    return {name: count for name, count in counts.items() if count}


class Day:
    """The first run, by two worker processes, on a store of its own."""

    def __init__(self, office: Office, format: Format) -> None:
        self.office, self.format = office, format
        self.progress: list[tuple[str, int, int]] = []
        self.report = office.render(*DIRTY, format=format, workers=2, tell=lambda *done: self.progress.append(done))


@pytest.fixture(scope="module", params=FORMATS)
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tiny: Campaign) -> Day:
    return Day(Office(tmp_path_factory.mktemp(request.param), tiny), request.param)


class TestFirstRun:
    def test_everybody_is_counted_once(self, day: Day) -> None:
        counted = {name: value for name, value in day.report.plain().items() if name not in TOLD_LATER}
        assert counted == COUNTED

    def test_report_json_says_the_same_and_how_long_it_took(self, day: Day) -> None:
        data = json.loads((day.office.output / "report.json").read_bytes())
        assert data == day.report.plain() and data.keys() == {*COUNTED, *TOLD_LATER}
        assert set(data["seconds"]) == {"reading", "planning", "segments", "guides"}
        assert set(data["work_seconds"]) == {"voice", "drawing", "encoding"}
        assert all(seconds > 0 for seconds in (*data["seconds"].values(), *data["work_seconds"].values()))
        assert data["peak_memory_mb"] > 20  # the tests' own process: how little a run needs is a benchmark's matter

    def test_rejected_rows_are_listed_by_number_column_and_reason(self, day: Day) -> None:
        listed = (day.office.output / "rejected.csv").read_text(encoding="utf-8-sig").splitlines()
        assert [line.split(";")[:2] for line in listed] == [["riga", "colonna"], ["7", "nome"], ["8", "consenso"]]

    def test_the_database_knows_every_application_and_the_guides_of_four(self, day: Day) -> None:
        recorded = dict(day.office.rows("SELECT number, left_out FROM applications"))
        assert recorded == {
            **dict.fromkeys("1234", ""),
            "7": "no-consent",
            "8": "nothing-missing",
            "9": "nothing-missing",
        }
        assert list(day.office.current()) == ["1", "2", "3", "4"]
        assert all(re.fullmatch("[0-9a-f]{32}", guide) for guide in day.office.current().values())
        assert day.office.rows("SELECT fiscal_code FROM recipients") == [(CODE,)]
        assert day.office.rows(
            "SELECT first_name, fiscal_code FROM applications JOIN recipients"
            " ON recipients.id = recipient_id WHERE number = '2'"
        ) == [("Bruno", CODE)]
        assert day.office.rows("SELECT count(*), count(first_name <> '' OR NULL) FROM applications") == [(7, 4)]

    def test_it_is_one_run_of_the_database_with_its_report(self, day: Day) -> None:
        ((format, output, ended, report),) = day.office.rows("SELECT format, output, ended_at, report FROM runs")
        assert (format, output, bool(ended)) == (day.format, str(day.office.output.resolve()), True)
        assert json.loads(report) == day.report.plain()

    def test_each_distinct_scene_is_made_once_and_each_outline_kept(self, day: Day) -> None:
        kinds = [piece.split("/")[0] for piece in day.office.pieces()]
        assert kinds.count("segments") == 8 and kinds.count("outlines") == 3

    def test_as_mp4_a_guide_is_a_folder_with_everything_in_it_and_as_ranges_nothing(self, day: Day) -> None:
        beside = {".videoguide.lock", "rejected.csv", "report.json"}
        if day.format == "ranges":
            assert {path.name for path in files_in(day.office.output)} <= beside
            assert (day.report.files_written, day.report.bytes_written) == (0, 0)
            return
        size = 0
        for number, guide in day.office.current().items():
            here = guide_folder(day.office.output, guide)
            about = read_manifest((here / "guide.json").read_bytes())
            assert {path.name for path in here.iterdir()} == set(about.files.values())
            assert (here / "guide.mp4").stat().st_size == about.bytes
            size += about.bytes
            name = {"1": "Anna", "2": "Bruno", "3": "Carla", "4": "Daria"}[number]
            assert about.transcript[0].text.startswith(f"Ciao {name}, ")
        assert (day.report.files_written, day.report.bytes_written) == (4, size)

    def test_both_stages_tell_how_far_they_are(self, day: Day) -> None:
        progress = {
            stage: [(done, total) for each, done, total in day.progress if each == stage] for stage, *_ in day.progress
        }
        assert list(progress) == ["Lettura", "Piano", "Scene", "Guide"]
        assert progress["Scene"] == [(done, 8) for done in range(1, 9)]
        assert progress["Piano"] == progress["Guide"] == [(7, 7)]

    def test_no_file_name_and_no_piece_of_the_outline_tells_who_it_is(self, day: Day) -> None:
        names = "\n".join(str(path.relative_to(day.office.folder)) for path in files_in(day.office.folder))
        assert not re.search(f"{CODE}|anna|bruno|carla|daria", names, re.IGNORECASE)
        for name in ("report.json", "rejected.csv"):
            text = (day.office.output / name).read_text(encoding="utf-8-sig")
            assert not re.search(f"{CODE}|anna|bruno|carla|daria|dar\\?o", text, re.IGNORECASE)

    def test_nothing_is_left_aside(self, day: Day) -> None:
        assert not [path for path in files_in(day.office.folder) if path.name.startswith(TEMPORARY_PREFIX)]


class TestRanges:
    def test_a_guide_is_byte_for_byte_the_mp4_of_the_other_format(self, office: Office) -> None:
        office.render(*FOUR, format="mp4")
        rows = office.rows("SELECT id, outline, segments FROM guides")
        assert len(rows) == 4
        store = Store(office.settings.store)
        other = Office(office.folder / "ranges", office.campaign, store=office.settings.store)
        other.render(*FOUR, format="ranges")
        assert other.guides() == office.guides()
        for guide, outline, segments in rows:
            stored = read_guide(store, GuideKeys.unpacked(outline, segments))
            served = stored.header + b"".join(
                segment.path.read_bytes()[: segment.tables.payload_bytes] for segment in stored.segments
            )
            folder = guide_folder(office.output, guide)
            assert served == (folder / "guide.mp4").read_bytes() and len(served) == stored.size_bytes
            assert stored.poster == (folder / "guide.jpg").read_bytes()

    def test_files_are_made_for_guides_that_were_rows_alone_and_stay_when_they_are_not_asked_for(
        self, office: Office
    ) -> None:
        assert changes(office.render(*FOUR, format="ranges")) == {"made": 4}
        ids = office.current()
        again = office.render(*FOUR, format="mp4")
        assert changes(again) == {"kept": 4} and again.files_written == 4
        assert office.current() == ids and all(len(files) == 9 for files in office.files().values())
        before = seen(office.output)
        last = office.render(*FOUR, format="ranges")
        assert changes(last) == {"kept": 4} and last.files_written == 0
        assert {name: what for name, what in seen(office.output).items() if "/" in name} == {
            name: what for name, what in before.items() if "/" in name
        }


class TestAgain:
    def test_the_same_extract_changes_nothing(self, office: Office, format: Format) -> None:
        office.render(*DIRTY, format=format)
        rows, store = office.rows("SELECT * FROM guides"), office.pieces()
        tables, files = office.tables(), seen(office.output)
        again = office.render(*DIRTY, format=format)
        assert changes(again) == {"kept": 4} and again.files_written == 0
        assert (again.segments.needed, again.segments.reused, again.segments.made) == (8, 8, 0)
        assert (office.rows("SELECT * FROM guides"), office.tables(), office.pieces()) == (rows, tables, store)
        now = seen(office.output)
        assert {name for name in now if now[name] != files.get(name)} == {"report.json", "rejected.csv"}
        assert now["rejected.csv"][1] == files["rejected.csv"][1] and now.keys() == files.keys()

    def test_the_next_day_makes_new_and_changed_withdraws_solved_and_leaves_the_rest(
        self, office: Office, format: Format
    ) -> None:
        office.render(*FOUR, {"numero": "5"}, format=format)
        ids, files = office.current(), seen(office.output)
        news = {"numero": "6", "nome": "Furio"}
        changed, solved, wrong = {**BRUNO, "scontrini": "Q"}, {**CARLA, "stato": "pagata"}, {**DARIA, "consenso": "?"}
        second = office.render(*next_day({}, changed, solved, wrong, news), format=format)
        assert changes(second) == {"made": 2, "kept": 1, "withdrawn": 2}
        assert (second.rejected, dict(second.left_out), second.guides) == (1, {"nothing-missing": 1}, 3)
        now = office.current()
        assert list(now) == ["1", "2", "4", "5", "6"]
        assert {number for number in now if now[number] == ids.get(number)} == {"1", "4", "5"}
        gone = "SELECT number, guides.id, withdrawn_because FROM guides JOIN applications"
        gone += " ON applications.id = application_id WHERE withdrawn_at IS NOT NULL ORDER BY number"
        assert office.rows(gone) == [("2", ids["2"], "changed"), ("3", ids["3"], "solved")]
        assert office.rows("SELECT left_out FROM applications WHERE number = '3'") == [("nothing-missing",)]
        if format == "mp4":
            after = seen(office.output)
            kept = {name: what for name, what in files.items() if any(ids[number] in name for number in "145")}
            assert len(kept) == 27 and kept.items() <= after.items()
            assert not any(ids[number] in name for name in after for number in "23")
            assert not guide_folder(office.output, ids["2"]).exists()
            assert sum(name.endswith("guide.mp4") for name in after) == 5

    def test_an_older_extract_afterwards_is_superseded_person_by_person(self, office: Office) -> None:
        office.render(*FOUR, format="ranges")
        office.render(*next_day({}, {**BRUNO, "stato": "pagata"}), format="ranges")
        tables = office.tables()
        late = office.render(*FOUR, format="ranges")
        assert changes(late) == {"kept": 2, "superseded": 2} and late.guides == 2
        assert office.tables() == tables

    def test_somebody_who_is_stuck_again_gets_a_new_guide(self, office: Office) -> None:
        office.render({}, format="ranges")
        office.render(*next_day({"stato": "pagata"}), format="ranges")
        assert office.current() == {}
        third = office.render({"estratto": "2024-04-03"}, format="ranges")
        assert changes(third) == {"made": 1} and list(office.current()) == ["1"]
        assert [why for *_, why in office.guides()] == ["", "solved"]

    @pytest.mark.parametrize("lost", ["guide.mp4", "guide.json", "*"])
    def test_a_guide_whose_file_is_gone_is_written_again_under_its_own_id(self, office: Office, lost: str) -> None:
        office.render(*FOUR)
        files, ids = office.files(), office.current()
        for path in list(guide_folder(office.output, ids["2"]).glob(lost)):
            path.unlink()
        again = office.render(*FOUR)
        assert changes(again) == {"kept": 4} and again.files_written == 1
        assert (office.files(), office.current()) == (files, ids)

    def test_what_a_killed_writer_left_in_a_guide_goes_when_it_is_written_again(self, office: Office) -> None:
        office.render({})
        files = office.files()
        office.mp4("1").unlink()
        office.mp4("1").with_name(".new-0123456789abcdef-guide.mp4").write_bytes(b"half")
        office.render({})
        assert office.files() == files

    @pytest.mark.parametrize(
        ("file", "old", "new", "segments"),
        [("windows.toml", "Per il bonus", "Per avere il bonus", 0), ("scenes/hello.toml", "con calma", "piano", 4)],
        ids=["words of a window", "words of a scene"],
    )
    def test_words_of_the_pack_that_change_renew_guides_in_place(
        self, tmp_path: Path, tiny_copy: PackCopy, format: Format, file: str, old: str, new: str, segments: int
    ) -> None:
        office = Office(tmp_path / "office", tiny_copy.load())
        office.render(*FOUR, format=format, campaign=tiny_copy.load(), workers=1)
        ids, before = office.rows("SELECT id, made_at, expires_at FROM guides ORDER BY id"), office.files()
        with_receipt = 4 if segments else 3  # Carla's guide offers no window
        again = office.render(*FOUR, format=format, campaign=tiny_copy.change(file, old, new).load(), workers=1)
        kept = {"kept": 4 - with_receipt} if with_receipt < 4 else {}
        assert changes(again) == {"renewed": with_receipt, **kept} and again.segments.made == segments
        assert office.rows("SELECT id, made_at, expires_at FROM guides ORDER BY id") == ids
        now = office.files()
        assert sum(now[number] != before[number] for number in now) == (with_receipt if format == "mp4" else 0)
        if format == "mp4":
            assert again.files_written == with_receipt and new in now["1"]["guide.json"].decode()

    def test_a_renewed_guide_that_is_a_row_alone_leaves_no_file_with_old_words(
        self, office: Office, tiny_copy: PackCopy
    ) -> None:
        office.render(*FOUR, campaign=tiny_copy.load(), workers=1)
        changed = tiny_copy.change("scenes/hello.toml", "con calma", "piano").load()
        assert changes(office.render(*FOUR, campaign=changed, workers=1, format="ranges")) == {"renewed": 4}
        assert {path.name for path in files_in(office.output)} == {"report.json", "rejected.csv"}

    def test_a_person_whose_name_is_corrected_keeps_the_guide_and_it_says_the_right_one(self, office: Office) -> None:
        office.render({})
        ids = office.current()
        assert changes(office.render(*next_day({"nome": "Annamaria"}))) == {"renewed": 1}
        assert office.current() == ids and "Ciao Annamaria" in office.files()["1"]["guide.txt"].decode()

    def test_two_campaigns_may_number_their_applications_alike(
        self, office: Office, tiny_copy: PackCopy, tmp_path: Path
    ) -> None:
        office.render(*FOUR, format="ranges")
        other = tiny_copy.change("campaign.toml", 'id = "bonus-libri"', 'id = "bonus-scuola"')
        other.folder.rename(other.folder.with_name("bonus-scuola"))
        other.folder = other.folder.with_name("bonus-scuola")
        second = office.render({}, BRUNO, format="ranges", campaign=other.load())
        assert changes(second) == {"made": 2}
        assert office.rows("SELECT campaign_id, count(*) FROM applications GROUP BY 1") == [
            ("bonus-libri", 4),
            ("bonus-scuola", 2),
        ]


class TestLimit:
    def test_so_many_guides_at_most_and_the_others_later(self, office: Office, format: Format) -> None:
        whole = Office(office.folder / "whole", office.campaign, store=office.settings.store)
        whole.render(*DIRTY, format=format)
        first = office.render(*DIRTY, format=format, limit=3)
        assert (first.guides, list(office.current())) == (3, ["1", "2", "3"])
        assert changes(office.render(*DIRTY, format=format)) == {"kept": 3, "made": 1}
        assert office.tables() == whole.tables()

    def test_those_who_are_left_out_do_not_count(self, office: Office) -> None:
        out = [{"numero": str(number), "consenso": "n"} for number in range(10, 30)]
        assert office.render(*out, BRUNO, CARLA, limit=1, format="ranges").guides == 1
        assert list(office.current()) == ["2"]

    def test_more_than_there_are_is_no_limit(self, office: Office) -> None:
        assert office.render(*FOUR, limit=1000, format="ranges").guides == 4


class TestDryRun:
    def test_it_writes_the_report_and_the_rejected_rows_and_nothing_else(self, tmp_path: Path, tiny: Campaign) -> None:
        office = Office(tmp_path / "office", tiny)
        report = office.render(*DIRTY, dry_run=True)
        assert {path.name for path in files_in(office.folder)} == {"extract.csv", "report.json", "rejected.csv"}
        assert {path.name for path in office.folder.iterdir()} == {"extract.csv", "out"}
        assert json.loads((office.output / "report.json").read_bytes()) == report.plain()
        assert report.dry_run and report.segments.needed == 8 and report.segments.reused == 0

    def test_not_a_byte_of_what_is_there_changes(self, tmp_path: Path, tiny: Campaign, format: Format) -> None:
        office = Office(tmp_path / "office", tiny)
        office.render(*FOUR, format=format)
        before = seen(office.folder)
        office.render(*next_day({}, {**BRUNO, "stato": "pagata"}, {"numero": "7"}), format=format, dry_run=True)
        after = seen(office.folder)
        assert {name for name in after if after[name] != before.get(name)} == {
            "extract.csv",
            "out/report.json",
            "out/rejected.csv",
        }
        assert before.keys() == after.keys()

    def test_its_numbers_are_those_of_the_run(self, tmp_path: Path, tiny: Campaign, format: Format) -> None:
        office = Office(tmp_path / "office", tiny)
        second = next_day({}, {**BRUNO, "scontrini": "Q"}, {**CARLA, "stato": "pagata"}, {"numero": "7", "nome": "李"})
        for people in (DIRTY, DIRTY, second, DIRTY):
            would = office.render(*people, format=format, dry_run=True).plain()
            did = office.render(*people, format=format).plain()
            assert would["segments"]["needed"] == did["segments"]["needed"]
            assert would["segments"]["reused"] == did["segments"]["reused"]
            same = did.keys() - TOLD_LATER - {"segments", "dry_run"}
            assert {name: would[name] for name in same} == {name: did[name] for name in same}

    def test_an_output_that_is_not_there_yet_is_made_for_the_two(self, office: Office) -> None:
        office.render({}, dry_run=True, output=office.folder / "not" / "yet")
        assert {path.name for path in (office.folder / "not" / "yet").iterdir()} == {"report.json", "rejected.csv"}


class TestSamples:
    @pytest.mark.parametrize(
        ("files", "expected"),
        [
            (
                ["extract-2023-06-06.csv"],
                {
                    "left_out": {"no-consent": 6, "year": 2, "not-blocked": 14},
                    "cases": {
                        "unverified-iban": 11,
                        "missing-documents": 11,
                        "adult-child": 9,
                        "missing-documents+adult-child": 4,
                    },
                },
            ),
            (
                ["extract-2023-06-06.csv", "extract-2023-06-07.csv"],
                {"left_out": {"no-consent": 7, "year": 2, "not-blocked": 15}},
            ),
        ],
        ids=["first wave", "next day"],
    )
    def test_an_offices_export_is_counted_by_reason_and_by_cases(
        self, tmp_path: Path, pack: Campaign, files: list[str], expected: dict[str, dict[str, int]]
    ) -> None:
        office = Office(tmp_path / "office", pack)
        for file in files:
            report = render(
                RunOrder(
                    DATA / file,
                    pack,
                    office.settings,
                    office.output,
                    format="ranges",
                    dry_run=True,
                    accept_rejects=True,
                )
            ).plain()
        assert {name: report[name] for name in expected} == expected
        assert report["guides"] == sum(report["cases"].values()) == sum(report["channels"].values())
        assert report["guides"] == report["made"] and set(report["channels"]) == {"citizen", "patronato"}
        assert report["rows"] == report["rejected"] + report["duplicates"] + report["guides"] + sum(
            report["left_out"].values()
        )


class TestNasty:
    @pytest.mark.parametrize("dry_run", [False, True])
    def test_a_file_with_many_bad_rows_stops_and_nothing_is_changed(self, office: Office, dry_run: bool) -> None:
        office.render(*FOUR, format="ranges")
        before = office.tables(), office.pieces(), (office.output / "report.json").read_bytes()
        people = [{"numero": f"{number}", "estratto": "2024-04-02", "stato": "pagata"} for number in range(8)]
        with pytest.raises(
            InputError, match=r"righe scartate 1 su 9, più di una su 10: non è cambiato niente; i motivi"
        ):
            office.render(*people, {"numero": "9", "via": "?"}, accept_rejects=False, dry_run=dry_run)
        assert (office.tables(), office.pieces(), (office.output / "report.json").read_bytes()) == before
        assert "10;via" in (office.output / "rejected.csv").read_text(encoding="utf-8-sig")
        people.append({"numero": "10", "estratto": "2024-04-02"})
        report = office.render(*people, {"numero": "11", "via": "?"}, accept_rejects=False, dry_run=dry_run)
        assert (report.rows, report.rejected) == (10, 1), "a tenth is no more than a tenth"

    def test_a_file_without_a_good_row_is_never_a_success(self, office: Office) -> None:
        with pytest.raises(InputError, match=r"righe scartate 2 su 2, .*rejected\.csv$"):
            office.render({"via": "?"}, {"cf": "?"}, accept_rejects=True)
        assert office.rows("SELECT * FROM guides") == []

    def test_an_extract_with_nobody_to_guide_is_a_run_like_others(self, office: Office) -> None:
        report = office.render({"consenso": "n"}, {"numero": "2", "nome": "Ann?"}, workers=2)
        assert (report.guides, report.rejected, report.segments.needed) == (0, 1, 0)
        assert json.loads((office.output / "report.json").read_bytes())["left_out"] == {"no-consent": 1}

    @pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\0\0", b"a,b\n1,2\n"], ids=["empty", "PNG", "columns"])
    def test_a_file_that_is_no_extract_stops_before_anything_is_written(
        self, office: Office, content: bytes, tmp_path: Path
    ) -> None:
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(InputError):
            render(RunOrder(tmp_path / "x", office.campaign, office.settings, office.output / "below"))
        assert list(office.folder.iterdir()) == []

    @pytest.mark.parametrize("name", ["rejected.csv", "report.json"])
    def test_an_extract_in_the_place_of_what_is_written_is_refused_and_not_lost(
        self, office: Office, name: str
    ) -> None:
        office.output.mkdir()
        file = extract(office.output / name, *FOUR)
        before = file.read_bytes()
        with pytest.raises(InputError, match="qui scrive il comando stesso"):
            render(RunOrder(file, office.campaign, office.settings, office.output / ".." / "out"), open_executor=inline)
        assert file.read_bytes() == before and list(office.output.iterdir()) == [file]

    def test_an_unknown_voice_or_format_stops_it_too(self, office: Office) -> None:
        with pytest.raises(UnknownChoice, match="voce"):
            office.render({}, voice="loud")
        with pytest.raises(UnknownChoice, match="formato"):
            office.render({}, format="avi")
        assert {path.name for path in office.folder.iterdir()} == {"extract.csv", "guides.db"}, "no output, no store"

    @pytest.mark.parametrize("name", ["{{ 7*7 }}", "<b>O'Hara</b>", "Anna=1", "XXX"])
    def test_what_is_no_name_is_not_said(self, office: Office, name: str) -> None:
        report = office.render({"nome": name})
        assert changes(report) == {"made": 1} and report.neutral == {"1": NO_NAME}
        greeting = read_manifest(office.files()["1"]["guide.json"]).transcript[0].text
        assert greeting == "Ciao, benvenuta."

    @pytest.mark.parametrize("number", ["../../etc/passwd", "=1+1", "ü/€", "x" * 64, "'; DROP TABLE guides; --", "%s"])
    def test_a_strange_number_is_only_text(self, office: Office, number: str) -> None:
        office.render({"numero": number})
        assert list(office.current()) == [number] and len(office.files()[number]) == 9
        assert changes(office.render({"numero": number})) == {"kept": 1}

    def test_a_thousand_alike_share_all_their_pieces(self, office: Office) -> None:
        people = [{"numero": f"{number:05}"} for number in range(1_201)]
        report = office.render(*people, format="ranges")
        assert (report.guides, report.made, report.segments.needed) == (1_201, 1_201, 3)
        assert len(set(office.current().values())) == 1_201
        assert len(office.rows("SELECT DISTINCT outline, segments FROM guides")) == 1
        assert changes(office.render(*people, format="ranges")) == {"kept": 1_201}

    def test_one_person_with_many_applications_is_one_recipient(self, office: Office) -> None:
        office.render(*({"numero": str(number)} for number in range(10)), format="ranges")
        assert office.rows("SELECT count(*) FROM recipients") == [(1,)]

    def test_an_application_that_changes_hands_belongs_to_its_new_person(self, office: Office) -> None:
        office.render({}, format="ranges")
        other = fiscal_code("BNCMRA80A01H501")
        office.render(*next_day({"cf": other}), format="ranges")
        owner = "SELECT fiscal_code FROM applications JOIN recipients ON recipients.id = recipient_id"
        assert office.rows(owner) == [(other,)]

    def test_a_relative_output_and_one_with_blanks_and_signs_work(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(office.folder)
        assert office.render({}, output=Path("è la 1ª 'prova'; $HOME")).files_written == 1
        assert len(files_in(office.folder / "è la 1ª 'prova'; $HOME")) == 11

    def test_an_output_reached_through_a_link_is_the_same_output(self, office: Office) -> None:
        office.render({})
        (office.folder / "link").symlink_to(office.output)
        again = office.render({}, output=office.folder / "link")
        assert changes(again) == {"kept": 1} and again.files_written == 0


class TestVersions:
    def test_what_is_not_approved_is_made_for_nobody(self, office: Office) -> None:
        file = extract(office.folder / "x.csv", *FOUR)
        with pytest.raises(InputError, match=r"la versione [0-9a-f]{12} non è approvata; .+ --draft$"):
            render(RunOrder(file, office.campaign, office.settings, office.output), open_executor=inline)
        assert [path.name for path in office.folder.iterdir()] == ["x.csv"]

    def test_what_was_approved_and_changed_is_not_approved(self, office: Office, tiny_copy: PackCopy) -> None:
        campaign = tiny_copy.load()
        office.render({}, campaign=campaign, format="ranges")
        changed = tiny_copy.change("scenes/hello.toml", "con calma", "con molta calma").load()
        file = extract(office.folder / "x.csv", *FOUR)
        with pytest.raises(InputError, match="non è approvata"):
            render(RunOrder(file, changed, office.settings, office.output), open_executor=inline)
        with Database(office.settings.database) as database:
            version = versions.keep(database, Store(office.settings.store), changed)
            versions.approve(database, version, "anna")
            versions.revoke(database, version, "anna")
        with pytest.raises(InputError, match="non è approvata"):
            render(RunOrder(file, changed, office.settings, office.output), open_executor=inline)
        assert len(office.current()) == 1

    def test_every_guide_remembers_its_version_and_the_last_run_is_live(
        self, office: Office, tiny_copy: PackCopy
    ) -> None:
        first = versions.version_of(tiny_copy.load())
        assert office.render(*FOUR, campaign=tiny_copy.load(), format="ranges").version == first
        changed = tiny_copy.change("scenes/school.toml", "scuola", "propria scuola").load()
        second = office.render(*FOUR, campaign=changed, format="ranges").version
        assert second != first
        made_with = dict(office.rows("SELECT number, version FROM guides JOIN applications a ON a.id = application_id"))
        assert set(made_with.values()) == {first, second}, "what did not change was not made again"
        with Database(office.settings.database) as database:
            states = {version.version: version.state for version in versions.versions_of(database, changed.id)}
        assert states == {first: "approved", second: "live"}
        assert office.rows("SELECT who, what, about FROM audits WHERE what = 'render'") == [
            ("videoguide", "render", "1"),
            ("videoguide", "render", "2"),
        ]

    def test_a_pack_that_changes_while_it_is_rendered_does_not_change_the_guides(
        self, office: Office, tiny_copy: PackCopy
    ) -> None:
        def meddle(_what: str, _done: int, _total: int) -> None:
            if "con calma" in hello.read_text(encoding="utf-8"):
                tiny_copy.change("scenes/hello.toml", "con calma", "con rabbia")

        hello = tiny_copy.folder / "scenes" / "hello.toml"

        office.render(*FOUR, campaign=tiny_copy.load(), tell=meddle, workers=2)
        assert "con rabbia" in hello.read_text(encoding="utf-8")
        assert all("con calma" in files["guide.txt"].decode() for files in office.files().values())

    @pytest.mark.parametrize("format", FORMATS)
    def test_a_draft_is_for_nobody_and_disturbs_no_guide(self, office: Office, format: Format) -> None:
        office.render(*FOUR, format=format)
        before, current = office.tables(), office.current()
        changed = [{}, {**BRUNO, "nome": "Ada"}, {"numero": "9", "nome": "Zoe"}]
        later = [{**person, "estratto": "2024-05-01"} for person in changed]
        report = office.render(*later, format=format, draft=True)
        assert (report.draft, report.made, report.kept, report.renewed, report.withdrawn) == (True, 3, 0, 0, 0)
        drafts = office.rows("SELECT id, outline FROM guides WHERE draft")
        assert len(drafts) == 3 and set(current.values()).isdisjoint(guide for guide, _ in drafts)
        assert office.rows("SELECT guide_id FROM deliveries JOIN guides ON id = guide_id WHERE draft") == []
        outline = json.loads(Store(office.settings.store).path("outlines", drafts[0][1].hex()).read_bytes())
        assert outline["title"].startswith("Bozza: ")
        with Database(office.settings.database) as database:
            assert len(guides_of(database, CODE)) == 4, "the four that are theirs, and no draft"
        after = office.render(*FOUR, format=format)
        assert (after.kept, after.superseded) == (4, 0), "a draft of a newer extract makes no other one old"
        tables = office.tables()
        assert {name: rows for name, rows in tables.items() if name not in ("applications", "guides")} == {
            name: rows for name, rows in before.items() if name not in ("applications", "guides")
        }
        assert [row for row in tables["applications"] if row[1] != "9"] == before["applications"]
        assert office.render(*later, format=format, draft=True).kept == 3

    def test_every_picture_of_a_draft_says_so(self, tiny_studio: Studio) -> None:
        draft = replace(tiny_studio, draft=True)
        scenes = a_script(tiny_studio.campaign, "missing-receipt", facts={"receipts": ("books",)}).scenes
        assert not {draft.key(scene) for scene in scenes} & {tiny_studio.key(scene) for scene in scenes}
        ends = []
        for scene in scenes:
            narration = draft.narrate(scene)
            drawn, plain = draft.draw(scene, narration), tiny_studio.draw(scene, narration)
            for n in (0, drawn.frames // 2, drawn.frames - 1):
                marked = np.any(drawn.frame(n) != plain.frame(n), axis=2).mean()
                assert 0.05 < marked < 0.5, f"{scene.scene}, picture {n}: {marked:.3f} of it is marked"
            ends += [drawn.frame(0), drawn.frame(drawn.frames - 1)]
        assert all(np.array_equal(ends[0], frame) for frame in ends[1:]), "scenes still join without a seam"
