# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""An extract's distinct applications: newest wins, rejections listed, little memory, nothing left behind."""

import csv
import gzip
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.support.extracts import GOOD, fiscal_code, row, rows, text_of, write_extract
from tests.support.invented_guides import PackCopy
from tests.support.places import DATA, ROOT
from videoguide.errors import InputError, StoreError
from videoguide.intake import distinct as module
from videoguide.intake.applications import Application, Rejection, interpreted, read_applications
from videoguide.intake.distinct import TWO_PEOPLE, Counts, take_in
from videoguide.intake.extracts import Row
from videoguide.packs.campaigns import Campaign
from videoguide.store import STALE_SECONDS, TEMPORARY_PREFIX, sweep

SIX, SEVEN, TYPED = (
    DATA / name for name in ("extract-2023-06-06.csv", "extract-2023-06-07.csv", "extract-typed.parquet")
)
HEADER = "\ufeffriga;colonna;motivo\r\n"
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel about a process")


def taken(file: Path, campaign: Campaign, rejected: Path) -> tuple[list[Application], Counts]:
    with take_in(file, campaign, rejected) as intake:
        applications = list(intake)
        assert len(intake) == len(applications)
        return applications, intake.counts


def taken_rows(campaign: Campaign, tmp_path: Path, *lines: dict[str, str]) -> tuple[list[Application], Counts]:
    return taken(write_extract(tmp_path / "extract.csv", lines), campaign, tmp_path / "out" / "rejected.csv")


def written(rejected: Path) -> str:
    return rejected.read_bytes().decode()


def newest(file: Path, campaign: Campaign) -> dict[str, Application]:
    """The same in memory, by the letter of the rule."""
    kept: dict[str, Application] = {}
    for outcome in read_applications(file, campaign):
        if isinstance(outcome, Application) and (
            outcome.id not in kept or outcome.extracted_on > kept[outcome.id].extracted_on
        ):
            kept[outcome.id] = outcome
    return kept


class TestApplications:
    @pytest.mark.parametrize("file", [SIX, SEVEN, TYPED], ids=["utf-8 with BOM", "windows-1252", "parquet"])
    def test_real_extracts_give_every_application_as_it_was_read_in_order_of_id(
        self, pack: Campaign, tmp_path: Path, file: Path
    ) -> None:
        everything = list(read_applications(file, pack))
        good = [outcome for outcome in everything if isinstance(outcome, Application)]
        kept = newest(file, pack)
        applications, counts = taken(file, pack, tmp_path / "rejected.csv")
        assert applications == [kept[key] for key in sorted(kept)] and applications
        assert counts == Counts(len(everything), len(everything) - len(good), len(good) - len(kept))

    def test_a_campaign_of_another_form_comes_through_whole(self, tiny: Campaign, tmp_path: Path) -> None:
        line = f"7,{GOOD['CODICE_FISCALE']},ANNA,f,genitore,2024-03-01,web,,attesa,,s,,,n,2024-04-01,Q+L,2"
        header = "numero,cf,nome,sesso,chi,del,via,patronato,stato,dal,consenso,email,cellulare,io,estratto"
        (tmp_path / "x.csv").write_text(f"{header},scontrini,alunni\n{line}\n", encoding="utf-8")
        (application,), _ = taken(tmp_path / "x.csv", tiny, tmp_path / "rejected.csv")
        assert (
            application.facts == {"receipts": ("notebooks", "books"), "pupils": 2} and application.status_since is None
        )

    def test_order_is_that_of_python_whatever_the_letters(self, pack: Campaign, tmp_path: Path) -> None:
        ids = ["b", "B", "a10", "a9", "007", "7", "7.0", "è", "z", "\uffee", "\U0001d4b3", "A B"]
        applications, _ = taken_rows(pack, tmp_path, *(row(ID_DOMANDA=number) for number in ids))
        assert [application.id for application in applications] == sorted(ids)

    def test_it_can_be_iterated_repeatedly_concurrently_and_only_partly(self, pack: Campaign, tmp_path: Path) -> None:
        file = write_extract(tmp_path / "x.csv", rows(700))
        with take_in(file, pack, tmp_path / "rejected.csv") as intake:
            whole = list(intake)
            first, second = iter(intake), iter(intake)
            next(first)
            assert list(second) == whole
            assert [next(first) for _ in range(5)] == whole[1:6]
            assert list(intake) == whole

    @pytest.mark.parametrize(("size", "lengths"), [(300, [300, 300, 100]), (350, [350, 350]), (9_999, [700])])
    def test_batches_are_the_same_in_lists(self, pack: Campaign, tmp_path: Path, size: int, lengths: list[int]) -> None:
        file = write_extract(tmp_path / "x.csv", rows(700))
        with take_in(file, pack, tmp_path / "rejected.csv") as intake:
            batches = list(intake.batches(size))
            assert [len(batch) for batch in batches] == lengths
            assert [application for batch in batches for application in batch] == list(intake)

    def test_rows_are_reported_with_no_total(self, pack: Campaign, tmp_path: Path) -> None:
        progress: list[tuple[str, int, int]] = []
        file = write_extract(tmp_path / "x.csv", rows(2_100))
        with take_in(file, pack, tmp_path / "rejected.csv", tell=lambda *what: progress.append(what)):
            assert progress == [("Lettura", 1_000, 0), ("Lettura", 2_000, 0), ("Lettura", 2_100, 0)]


class TestTheSameApplicationTwice:
    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
    def test_the_newest_extract_wins_wherever_its_row_stands(
        self, pack: Campaign, tmp_path: Path, order: tuple[int, ...]
    ) -> None:
        versions = [
            row(ESTRATTO_IL="31/12/2022", STATO_DOMANDA="IN ISTRUTTORIA", NOME="Giulia A"),
            row(ESTRATTO_IL="01/02/2023", STATO_DOMANDA="ACCOLTA", NOME="Giulia B"),
            row(ESTRATTO_IL="02/01/2024", STATO_DOMANDA="RESPINTA", NOME="Giulia C"),
        ]
        (application,), counts = taken_rows(pack, tmp_path, *(versions[place] for place in order))
        assert (application.status, application.first_name) == ("rejected", "Giulia C")
        assert counts == Counts(rows=3, rejected=0, duplicates=2)

    def test_of_equally_new_rows_the_first_counts(self, pack: Campaign, tmp_path: Path) -> None:
        (application,), counts = taken_rows(pack, tmp_path, row(NOME="Prima"), row(NOME="Seconda"), row(NOME="Terza"))
        assert application.first_name == "Prima" and counts == Counts(3, 0, 2)

    def test_it_makes_no_difference_how_far_apart_they_stand(self, pack: Campaign, tmp_path: Path) -> None:
        between = list(rows(module.BATCH_ROWS * 2))
        first, last = row(ID_DOMANDA="X", NOME="Prima"), row(ID_DOMANDA="X", NOME="Ultima", ESTRATTO_IL="07/06/2023")
        applications, counts = taken_rows(pack, tmp_path, first, *between, last, first)
        assert [application.first_name for application in applications if application.id == "X"] == ["Ultima"]
        assert counts == Counts(len(between) + 3, 0, 2) and len(applications) == len(between) + 1

    def test_a_number_that_two_people_share_is_trusted_in_none_of_its_rows(
        self, pack: Campaign, tmp_path: Path
    ) -> None:
        other = row(CODICE_FISCALE=fiscal_code("BNCMRC80A01H501"), NOME="MARCO", SESSO="M")
        good = row(ID_DOMANDA="AUU-2")
        applications, counts = taken_rows(pack, tmp_path, row(), good, other, other)
        assert [application.id for application in applications] == ["AUU-2"]
        assert counts == Counts(rows=4, rejected=3, duplicates=0)
        lines = written(tmp_path / "out" / "rejected.csv").splitlines()[1:]
        assert lines == [f"{number};ID_DOMANDA;{TWO_PEOPLE}" for number in (2, 4, 5)]

    def test_a_corrected_code_of_the_same_person_is_no_second_person(self, pack: Campaign, tmp_path: Path) -> None:
        corrected = row(CODICE_FISCALE=fiscal_code("RSSGLI85T50H501"))
        applications, counts = taken_rows(pack, tmp_path, row(CODICE_FISCALE=fiscal_code("RSSGLI85T50A562")), corrected)
        assert len(applications) == 1 and counts == Counts(rows=2, rejected=0, duplicates=1)

    def test_a_newer_row_that_is_rejected_does_not_count(self, pack: Campaign, tmp_path: Path) -> None:
        (application,), counts = taken_rows(pack, tmp_path, row(), row(ESTRATTO_IL="07/06/2023", CANALE="PICCIONE"))
        assert application.extracted_on.day == 6 and counts == Counts(2, 1, 0)


class TestRejectedRows:
    def test_the_list_has_row_column_and_reason_in_the_order_of_the_file(self, pack: Campaign, tmp_path: Path) -> None:
        bad = (row(CODICE_FISCALE="X"), row(), row(NOME="?ukasz"), row(ADESIONE_PROATTIVI="BOH"))
        assert taken_rows(pack, tmp_path, *bad)[1] == Counts(rows=4, rejected=3, duplicates=0)
        assert written(tmp_path / "out" / "rejected.csv") == (
            f"{HEADER}2;CODICE_FISCALE;non è un codice fiscale valido\r\n"
            "4;NOME;contiene un carattere perso per strada ('?')\r\n"
            '5;ADESIONE_PROATTIVI;"valore sconosciuto; ammessi: SI, NO"\r\n'
        )

    @pytest.mark.parametrize("file", [SIX, SEVEN, TYPED], ids=["utf-8 with BOM", "windows-1252", "parquet"])
    def test_every_rejection_of_a_real_extract_is_in_it_and_nothing_of_a_person(
        self, pack: Campaign, tmp_path: Path, file: Path
    ) -> None:
        rows = list(read_applications(file, pack))
        with (
            take_in(file, pack, tmp_path / "rejected.csv") as intake,
            (tmp_path / "rejected.csv").open(encoding="utf-8-sig", newline="") as listed,
        ):
            records = list(csv.reader(listed, delimiter=";", strict=True))[1:]
            assert records == [
                [str(outcome.row), outcome.column, outcome.reason] for outcome in rows if isinstance(outcome, Rejection)
            ]
            text = written(tmp_path / "rejected.csv")
            for application in intake:
                assert application.fiscal_code not in text and not (application.email and application.email in text)

    def test_with_none_the_list_has_its_header_alone_and_replaces_an_older_one(
        self, pack: Campaign, tmp_path: Path
    ) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "rejected.csv").write_text("old", encoding="utf-8")
        taken_rows(pack, tmp_path, row())
        assert written(tmp_path / "out" / "rejected.csv") == HEADER

    def test_an_extract_of_bad_rows_alone_gives_no_application(self, pack: Campaign, tmp_path: Path) -> None:
        many = module.BATCH_ROWS * 2 + 1
        assert taken_rows(pack, tmp_path, *[row(CODICE_FISCALE="")] * many) == ([], Counts(many, many, 0))
        assert written(tmp_path / "out" / "rejected.csv").count("\r\n") == many + 1

    @pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
    def test_no_cell_is_a_formula_to_a_spreadsheet(self, tiny_copy: PackCopy, tmp_path: Path, sign: str) -> None:
        campaign = tiny_copy.change("extract.toml", '"cf"', f'"{sign}cf()"').load()
        header = ",".join(campaign.extract.columns.values())
        (tmp_path / "x.csv").write_text(f"{header}\n{'1,' * header.count(',')}1\n", encoding="utf-8")
        assert taken(tmp_path / "x.csv", campaign, tmp_path / "rejected.csv")[1].rejected == 1
        assert written(tmp_path / "rejected.csv") == f"{HEADER}2;'{sign}cf();non è un codice fiscale valido\r\n"


class TestNothingLeftBehind:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\x89PNG\r\n\x1a\n\0\0",
            b"NOME;COGNOME\r\nAnna;Bianchi\r\n",
            text_of([]).encode(),
            gzip.compress(text_of(rows(3_000)).encode())[:-300],
            TYPED.read_bytes()[:-300],
        ],
        ids=["empty", "picture", "other columns", "header alone", "cut gzip", "cut Parquet"],
    )
    def test_a_wrong_file_is_its_own_error_and_nothing_is_written(
        self, pack: Campaign, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(InputError) as expected:
            read_applications(tmp_path / "x", pack)
        with (
            pytest.raises(InputError, match=f"^{re.escape(str(expected.value))}$"),
            take_in(tmp_path / "x", pack, tmp_path / "out" / "rejected.csv"),
        ):
            pytest.fail("no extract, no applications")
        assert list(tmp_path.iterdir()) == [tmp_path / "x"]

    def test_a_file_that_breaks_while_it_is_read_leaves_the_old_list(
        self, pack: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def breaking(rows: Iterable[Row], campaign: Campaign) -> Iterator[tuple[int, Application | Rejection]]:
            yield from interpreted(rows, campaign)
            raise InputError("si è rotto")

        (tmp_path / "rejected.csv").write_text("old", encoding="utf-8")
        monkeypatch.setattr(module, "interpreted", breaking)
        with pytest.raises(InputError, match="si è rotto"), take_in(SIX, pack, tmp_path / "rejected.csv"):
            pytest.fail("it broke")
        assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["old"]

    @pytest.mark.parametrize("fails", [False, True], ids=["done", "failed"])
    def test_when_the_work_ends_or_fails_the_list_alone_is_there(
        self, pack: Campaign, tmp_path: Path, fails: bool
    ) -> None:
        with pytest.raises(KeyboardInterrupt), take_in(SIX, pack, tmp_path / "rejected.csv") as intake:
            next(iter(intake))
            if fails:
                raise KeyboardInterrupt
            assert list(intake)
            raise KeyboardInterrupt
        assert [path.name for path in tmp_path.iterdir()] == ["rejected.csv"]

    def test_somebody_who_stops_it_while_it_reads_finds_nothing(self, pack: Campaign, tmp_path: Path) -> None:
        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), take_in(SIX, pack, tmp_path / "rejected.csv", tell=stop):
            pytest.fail("it was stopped")
        assert list(tmp_path.iterdir()) == []

    @ON_LINUX
    def test_the_scratch_database_is_nobody_else_s_and_has_no_name(self, pack: Campaign, tmp_path: Path) -> None:
        def of_ours() -> list[Path]:
            opened = Path("/proc/self/fd").iterdir()
            return [link for link in opened if link.is_symlink() and str(tmp_path) in str(link.readlink())]

        with take_in(SIX, pack, tmp_path / "rejected.csv"):
            (scratch,) = of_ours()
            assert str(scratch.readlink()).endswith(" (deleted)")
            assert stat.S_IMODE(scratch.stat().st_mode) == 0o600 and scratch.stat().st_size > 0
            assert [path.name for path in tmp_path.iterdir()] == ["rejected.csv"]
        assert of_ours() == []

    @ON_LINUX
    def test_a_killed_run_leaves_nothing_of_a_person_and_what_it_leaves_is_swept(
        self, pack: Campaign, tmp_path: Path
    ) -> None:
        write_extract(tmp_path / "x.csv", [row(CODICE_FISCALE=""), *rows(1_500)])
        done = in_a_process(pack, tmp_path / "x.csv", tmp_path / "out", report="os.kill(os.getpid(), signal.SIGKILL)")
        assert done.returncode == -signal.SIGKILL
        for left in (tmp_path / "out").iterdir():
            assert left.name.startswith(TEMPORARY_PREFIX) and GOOD["CODICE_FISCALE"].encode() not in left.read_bytes()
            os.utime(left, (0, time.time() - STALE_SECONDS - 1))
        sweep(tmp_path / "out")
        assert list((tmp_path / "out").iterdir()) == []


PROGRAM = """
import os, resource, signal, sys
from pathlib import Path
from videoguide.packs.campaigns import load
from videoguide.errors import VideoGuideError
from videoguide.intake.distinct import take_in

room = int(sys.argv[4])
if room:
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))  # writing more fails as on a full disk
campaign = load(Path(sys.argv[1]), "assegno-unico")
def report(*_):
    {report}
try:
    with take_in(Path(sys.argv[2]), campaign, Path(sys.argv[3]) / "rejected.csv", tell=report) as intake:
        print(sum(1 for _ in intake), len(intake))
except VideoGuideError as error:
    sys.exit(f"{{type(error).__name__}} {{error}}")
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


def in_a_process(
    pack: Campaign, file: Path, out: Path, *, room: int = 0, report: str = "pass"
) -> "subprocess.CompletedProcess[str]":
    program = PROGRAM.format(report=report)
    command = [sys.executable, "-c", program, str(pack.folder.parent), str(file), str(out), str(room)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300, env=environment)


def many_rows(file: Path, count: int) -> Path:
    """As many applications, in no order."""
    header, line, _ = text_of([row()]).split("\r\n")
    rest = line.removeprefix(GOOD["ID_DOMANDA"])
    with file.open("w", encoding="utf-8", newline="") as text:
        text.write(f"{header}\r\n")
        text.writelines(f"AUU2022{number * 7_919 % count:08}{rest}\r\n" for number in range(count))
    return file


class TestDisk:
    @ON_LINUX
    @pytest.mark.parametrize(
        ("lines", "room", "message"),
        [
            ([row()] * 10, 1_000, "out: copia di lavoro: "),
            (list(rows(1_000)), 100_000, "out: copia di lavoro: "),
            ([row(STATO_DOMANDA="")] * 1_000, 60_000, "out/rejected.csv: non si può scrivere: "),
        ],
        ids=["at once", "later", "rejected rows"],
    )
    def test_no_room_is_one_line_and_no_file(
        self, pack: Campaign, tmp_path: Path, lines: list[dict[str, str]], room: int, message: str
    ) -> None:
        file = write_extract(tmp_path / "x.csv", lines)
        done = in_a_process(pack, file, tmp_path / "out", room=room)
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr.startswith(f"StoreError {tmp_path}/{message}") and done.stderr.count("\n") == 1
        assert list((tmp_path / "out").iterdir()) == []

    def test_a_full_disk_is_reported_in_italian(
        self, pack: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_TABLES", f"{module._TABLES}PRAGMA max_page_count = 6;")
        with (
            pytest.raises(StoreError, match=r"copia di lavoro: lo spazio sul disco è finito$"),
            take_in(write_extract(tmp_path / "x.csv", rows(500)), pack, tmp_path / "out" / "rejected.csv"),
        ):
            pytest.fail("it cannot have had room")
        assert list((tmp_path / "out").iterdir()) == []

    def test_a_place_that_is_no_folder_is_one_line(self, pack: Campaign, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with (
            pytest.raises(
                StoreError, match=r"file/out: non si può scrivere: una parte del percorso non è una cartella$"
            ),
            take_in(SIX, pack, tmp_path / "file" / "out" / "rejected.csv"),
        ):
            pytest.fail("there is no such place")

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is forbidden to root")
    def test_a_folder_that_is_forbidden_is_one_line(self, pack: Campaign, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir(0o500)
        with (
            pytest.raises(StoreError, match=r"out: non si può scrivere: permesso negato$"),
            take_in(SIX, pack, tmp_path / "out" / "rejected.csv"),
        ):
            pytest.fail("it is forbidden")

    @ON_LINUX
    @pytest.mark.thorough
    def test_two_hundred_thousand_rows_take_little_more_memory_than_three_thousand(
        self, pack: Campaign, tmp_path: Path
    ) -> None:
        def megabytes(count: int) -> float:
            done = in_a_process(pack, many_rows(tmp_path / f"{count}.csv", count), tmp_path / "out")
            assert done.returncode == 0, done.stderr
            first, second, peak = done.stdout.split()
            assert int(first) == int(second) == count
            return int(peak) / 1024

        few, many = megabytes(3_000), megabytes(200_000)
        assert many < few + 45, "megabytes; the scratch database has 90, of which it may keep 32 in memory"
        assert many < 110

    @ON_LINUX
    def test_a_disk_that_fills_up_while_the_extract_is_read_is_one_line(self, pack: Campaign, tmp_path: Path) -> None:
        file = many_rows(tmp_path / "x.csv", 200_000)
        done = in_a_process(pack, file, tmp_path / "out", room=20_000_000)
        assert done.returncode == 1 and done.stderr.count("\n") == 1
        assert done.stderr.startswith(f"StoreError {tmp_path}/out: copia di lavoro: ")
        assert list((tmp_path / "out").iterdir()) == []
