# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Invented extracts: the spread that was asked for, the same bytes for the same seed, and nobody in them."""

import csv
import gzip
import io
import shutil
import subprocess
import sys
import time
import tomllib
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest
from stdnum.it import codicefiscale

from videoguide.assets import assets_folder
from videoguide.errors import InputError, PackError
from videoguide.guide.eligibility import decide
from videoguide.intake.applications import Application, Rejection, read_applications
from videoguide.intake.names import tidy_name
from videoguide.intake.samples import write_sample
from videoguide.packs import campaigns
from videoguide.packs.campaigns import Campaign
from videoguide.picture.typography import typesetter
from videoguide.speech.pronunciation import Lexicon

COUNT = 20_000
OUTCOMES: Mapping[str, float] = {
    "missing-documents": 0.254,
    "adult-child": 0.160,
    "missing-documents+adult-child": 0.034,
    "unverified-iban": 0.192,
    "no-consent": 0.195,
    "year": 0.029,
    "not-blocked": 0.110,
}
"""What becomes of the rows of two days' real-looking extracts; the rest is rejected."""


@pytest.fixture(scope="module")
def sample(pack: Campaign, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sample") / "applications.csv"
    write_sample(pack, COUNT, 1, file)
    return file


@pytest.fixture(scope="module")
def cells(sample: Path) -> list[dict[str, str]]:
    """The rows as they stand in the file."""
    return list(csv.DictReader(io.StringIO(sample.read_text(encoding="utf-8-sig"), newline=""), delimiter=";"))


@pytest.fixture(scope="module")
def sample_rows(sample: Path, pack: Campaign) -> list[Application | Rejection]:
    return list(read_applications(sample, pack))


@pytest.fixture(scope="module")
def good(sample_rows: list[Application | Rejection]) -> list[Application]:
    return [read_row for read_row in sample_rows if isinstance(read_row, Application)]


class TestSameness:
    def test_the_same_seed_gives_the_same_bytes_in_another_process(
        self, pack: Campaign, sample: Path, tmp_path: Path
    ) -> None:
        code = (
            "import sys; from pathlib import Path; from videoguide.intake import samples; "
            "from videoguide.packs import campaigns; "
            "samples.write_sample(campaigns.load(Path(sys.argv[1]), sys.argv[2]), 2000, 1, Path(sys.argv[3]))"
        )
        command = [sys.executable, "-c", code, str(pack.folder.parent), pack.id, str(tmp_path / "x.csv")]
        subprocess.run(command, check=True, env={"PYTHONHASHSEED": "7"})
        written = (tmp_path / "x.csv").read_bytes()
        assert sample.read_bytes().startswith(written), "and a smaller sample is the start of a larger one"
        assert written.count(b"\r\n") == 2001

    def test_it_is_the_same_bytes_on_every_machine(self, pack: Campaign, tmp_path: Path) -> None:
        write_sample(pack, 3, 1, tmp_path / "x.csv")
        first, second, third = (tmp_path / "x.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
        assert [line.split(";")[0] for line in (first, second, third)] == [
            "AUU202301000001",
            "AUU202201000002",
            "AUU202301000003",
        ]

    def test_another_seed_gives_other_applications(self, pack: Campaign, sample: Path, tmp_path: Path) -> None:
        def ids(file: Path) -> set[str]:
            return {line.split(";")[0] for line in file.read_text(encoding="utf-8-sig").splitlines()[1:]} - {""}

        write_sample(pack, 2_000, 2, tmp_path / "x.csv")
        assert not ids(sample) & ids(tmp_path / "x.csv")

    def test_it_may_be_packed_and_is_then_the_same(self, pack: Campaign, tmp_path: Path) -> None:
        for name in ("x.csv", "x.csv.gz", "y.csv.gz"):
            write_sample(pack, 50, 3, tmp_path / name)
        packed = (tmp_path / "x.csv.gz").read_bytes()
        assert gzip.decompress(packed) == (tmp_path / "x.csv").read_bytes()
        assert packed == (tmp_path / "y.csv.gz").read_bytes()


class TestSpread:
    def test_the_outcomes_are_those_of_the_offices_extracts(
        self, pack: Campaign, sample_rows: list[Application | Rejection]
    ) -> None:
        outcomes: Counter[str] = Counter()
        for read_row in sample_rows:
            if isinstance(read_row, Application):
                decision = decide(read_row, pack)
                outcomes[decision.left_out or "+".join(decision.cases)] += 1
        assert outcomes.keys() == OUTCOMES.keys()
        for outcome, share in OUTCOMES.items():
            assert outcomes[outcome] / COUNT == pytest.approx(share, abs=0.012), outcome

    def test_over_half_come_through_a_patronato_which_is_then_named(self, good: list[Application]) -> None:
        assert sum(application.channel == "patronato" for application in good) / len(good) == pytest.approx(
            0.535, abs=0.02
        )
        assert all(bool(application.patronato) == (application.channel == "patronato") for application in good)
        assert len({application.patronato for application in good}) == 11

    def test_consent_contacts_and_applicants_are_spread_as_said(self, good: list[Application]) -> None:
        def share(of: Iterator[object]) -> float:
            return sum(map(bool, of)) / len(good)

        assert share(application.consent for application in good) == pytest.approx(0.8, abs=0.015)
        assert share(iter(application.email for application in good)) == pytest.approx(0.78, abs=0.015)
        assert share(iter(application.mobile for application in good)) == pytest.approx(0.71, abs=0.015)
        assert share(application.on_app_io for application in good) == pytest.approx(0.5, abs=0.015)
        assert share(application.applicant != "parent" for application in good) == pytest.approx(0.047, abs=0.01)

    def test_documents_are_one_to_three_and_never_one_twice(self, good: list[Application]) -> None:
        lists = [application.facts["documents"] for application in good if application.facts["documents"]]
        counts = Counter(
            len(papers) for papers in lists if isinstance(papers, tuple) and len(set(papers)) == len(papers)
        )
        assert sum(counts.values()) == len(lists) and counts.keys() == {1, 2, 3}
        assert counts[1] / len(lists) == pytest.approx(0.8, abs=0.03)
        assert {paper for papers in lists if isinstance(papers, tuple) for paper in papers} >= {
            "custody-ruling",
            "financial-identification-form",
        }

    def test_dates_follow_one_another(self, good: list[Application]) -> None:
        assert {application.filed_on.year for application in good} == {2021, 2022, 2023}
        for application in good:
            assert (
                application.status_since
                and application.filed_on <= application.status_since <= application.extracted_on
            )

    def test_about_thirty_names_cover_forty_in_a_hundred_and_many_are_rare(self, good: list[Application]) -> None:
        names = Counter(application.spoken_name for application in good)
        assert sum(count for _, count in names.most_common(30)) / len(good) == pytest.approx(0.42, abs=0.03)
        assert 1_200 < len(names) < 3_000
        assert sum(count == 1 for count in names.values()) > 600
        assert any(" " in name for name in names) and any(not name.isascii() for name in names)

    def test_names_are_also_written_in_capitals_or_with_stray_blanks(self, good: list[Application]) -> None:
        came = [application.first_name for application in good]
        assert sum(name.isupper() for name in came) / len(came) == pytest.approx(0.02, abs=0.005)
        assert sum(name != name.strip() for name in came) / len(came) == pytest.approx(0.01, abs=0.004)
        said = [application.spoken_name for application in good if application.spoken_name]
        assert all(name != name.upper() for name in said) and len(good) - len(said) == pytest.approx(
            0.003 * COUNT, abs=9
        )


class TestRows:
    def test_every_good_row_is_read_and_only_bad_ones_are_rejected(
        self, sample_rows: list[Application | Rejection], cells: list[dict[str, str]], pack: Campaign
    ) -> None:
        assert len(sample_rows) == len(cells) == COUNT
        for read_row, row in zip(sample_rows, cells, strict=True):
            if isinstance(read_row, Application):
                assert (read_row.id, read_row.first_name, read_row.fiscal_code) == (
                    row["ID_DOMANDA"],
                    row["NOME"],
                    row["CODICE_FISCALE"],
                )
                assert row["ANNO_COMPETENZA"] == str(read_row.filed_on.year)

    def test_a_few_in_a_hundred_are_bad_of_every_kind(
        self, sample_rows: list[Application | Rejection], cells: list[dict[str, str]], pack: Campaign
    ) -> None:
        bad = Counter(read_row.column for read_row in sample_rows if isinstance(read_row, Rejection))
        kinds = tomllib.loads((pack.folder / "sample.toml").read_text(encoding="utf-8"))["bad"]
        assert sum(bad.values()) / COUNT == pytest.approx(sum(kind["share"] for kind in kinds), abs=0.004)
        assert 0.02 < sum(bad.values()) / COUNT < 0.05
        assert bad.keys() == {pack.extract.columns[kind["field"]] for kind in kinds}
        reasons = {
            read_row.reason for read_row in sample_rows if isinstance(read_row, Rejection) and read_row.column == "NOME"
        }
        assert {reason.split(" (")[0] for reason in reasons} == {
            "contiene un carattere perso per strada",
            "contiene un carattere di controllo o invisibile",
        }

    def test_an_application_comes_again_only_where_that_is_meant(self, good: list[Application]) -> None:
        again: dict[str, list[Application]] = {}
        for application in good:
            again.setdefault(application.id, []).append(application)
        several = [rows for rows in again.values() if len(rows) > 1]
        assert len(several) / COUNT == pytest.approx(0.009, abs=0.003)
        kinds: Counter[str] = Counter()
        for first, second in several:
            assert (first.fiscal_code, first.filed_on, first.channel) == (
                second.fiscal_code,
                second.filed_on,
                second.channel,
            )
            days = (second.extracted_on - first.extracted_on).days
            kinds["same" if first == second else "newer" if days > 0 else "older"] += 1
            assert days or first == second, "one day tells one thing"
        assert kinds.keys() == {"same", "newer", "older"}

    def test_some_people_have_another_application_and_else_nobody_shares_a_code(self, good: list[Application]) -> None:
        people: dict[str, set[str]] = {}
        names: dict[str, set[str]] = {}
        for application in good:
            people.setdefault(application.fiscal_code, set()).add(application.id)
            names.setdefault(application.fiscal_code, set()).add(application.spoken_name)
        assert sum(len(ids) > 1 for ids in people.values()) / COUNT == pytest.approx(0.02, abs=0.005)
        assert all(len(spelt) == 1 for spelt in names.values())


class TestPeople:
    def test_fiscal_codes_hold_and_tell_the_sex_of_the_row(
        self, cells: list[dict[str, str]], good: list[Application]
    ) -> None:
        rows = {row["ID_DOMANDA"]: row for row in cells}
        for application in good:
            assert codicefiscale.is_valid(application.fiscal_code)
            assert application.sex == codicefiscale.get_gender(application.fiscal_code)
            assert rows[application.id]["SESSO"] in ("", application.sex)
        assert sum(not rows[application.id]["SESSO"] for application in good) / len(good) == pytest.approx(
            0.04, abs=0.01
        )
        assert any(not application.fiscal_code[12:15].isdigit() for application in good), "omocodia"

    def test_applicants_are_of_age_and_a_child_is_a_young_adult(self, good: list[Application]) -> None:
        for application in good:
            born = codicefiscale.get_birth_date(application.fiscal_code)
            assert born <= date(2004, 12, 31)
            assert application.applicant != "child" or born >= date(2002, 1, 1)

    def test_a_code_has_the_letters_of_its_name(self, good: list[Application]) -> None:
        codes = {application.spoken_name: application.fiscal_code[3:6] for application in good}
        for name, letters in {
            "Francesca": "FNC",
            "Luca": "LCU",
            "Ada": "DAA",
            "Niccolò": "NCL",
            "Łukasz": "LSZ",
        }.items():
            assert codes.get(name, letters) == letters
        assert codes["Francesca"] == "FNC" and codes["Luca"] == "LCU"

    def test_contacts_lead_nowhere(self, good: list[Application]) -> None:
        assert all(application.email.endswith("@example.org") for application in good if application.email)
        assert all(application.mobile.startswith("+39 30") for application in good if application.mobile)

    def test_every_listed_name_can_be_said_and_drawn_as_it_is(self) -> None:
        for file in (assets_folder() / "names").glob("*.toml"):
            people = tomllib.loads(file.read_text(encoding="utf-8"))
            for names in (people["women"], people["men"]):
                assert len(set(names)) == len(names), file
                for name in names:
                    assert tidy_name(name, 36, Lexicon()) == name, (file, name)
                    assert not typesetter(assets_folder() / "fonts").missing_glyphs(name), (file, name)


class TestWriting:
    @pytest.mark.parametrize("count", [0, -1])
    def test_a_sample_has_a_row_or_more(self, pack: Campaign, tmp_path: Path, count: int) -> None:
        with pytest.raises(InputError, match=f"count {count}; ammesso: almeno 1 riga"):
            write_sample(pack, count, 1, tmp_path / "x.csv")
        assert list(tmp_path.iterdir()) == []

    def test_a_place_that_cannot_be_written_is_an_error_and_leaves_nothing(
        self, pack: Campaign, tmp_path: Path
    ) -> None:
        (tmp_path / "folder").mkdir()
        for out in (tmp_path / "nowhere" / "x.csv", tmp_path / "folder"):
            with pytest.raises(InputError, match="non si può scrivere: "):
                write_sample(pack, 5, 1, out)
        assert [path.name for path in tmp_path.iterdir()] == ["folder"]

    def test_a_run_that_is_broken_off_leaves_the_old_file(
        self, pack: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken_off(*_: object) -> Iterator[list[str]]:
            yield ["x"]
            raise KeyboardInterrupt

        (tmp_path / "x.csv").write_text("old")
        monkeypatch.setattr("videoguide.intake.samples._Invention.rows", broken_off)
        with pytest.raises(KeyboardInterrupt):
            write_sample(pack, 5, 1, tmp_path / "x.csv")
        assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x.csv", "old")]

    def test_ten_thousand_rows_take_a_moment(self, pack: Campaign, tmp_path: Path) -> None:
        began = time.process_time()
        write_sample(pack, 10_000, 1, tmp_path / "x.csv")
        assert time.process_time() - began < 1.5

    def test_memory_does_not_grow_with_the_sample(self, pack: Campaign, tmp_path: Path) -> None:
        def peak(count: int) -> int:
            tracemalloc.start()
            write_sample(pack, count, 1, tmp_path / "x.csv")
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            return most

        assert peak(8_000) < peak(2_000) + 500_000, "the file alone has 1 MB more"

    def test_a_campaign_without_a_spread_says_so(self, tiny: Campaign, tmp_path: Path) -> None:
        with pytest.raises(PackError, match=r"sample\.toml: non si può leggere"):
            write_sample(tiny, 1, 1, tmp_path / "x.csv")


class TestSpreadFile:
    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("ACLI = 13", "ACLI = -1", r"Expected `float` > 0\.0 - at `\$\.weights"),
            ("WEB = 27.5", "FAX = 27.5", r"weights\.channel\): valore sconosciuto: FAX; ammessi: WEB, MOBILE, "),
            ('status = "RESPINTA"', 'status = "PERSA"', r"situations\): valore sconosciuto: PERSA; ammessi: "),
            (
                'facts = ["adult_children"]',
                'facts = ["pupils"]',
                r"situations\): valore sconosciuto: pupils; ammessi: documents, ",
            ),
            ("CERT_DISABILITA = 20", "PASSAPORTO = 20", r"facts\.documents\): valore sconosciuto: PASSAPORTO"),
            ('field = "consent"', 'field = "consenso"', r"bad\): valore sconosciuto: consenso; ammessi: id, "),
            ("2022 = 67.0", "2032 = 67.0", r"weights\.filed_in\): non è un anno; ammesso: fino al 2023"),
            ("{number:08}", "{nummer:08}", r"id, other_columns\): valore sconosciuto: nummer; ammessi: year, number"),
            ("TUTORE = [", "NONNO = [", r"born\): valore sconosciuto: TUTORE; ammessi: GENITORE, NONNO, FIGLIO"),
            ("same = 0.003", "same = 0.99", r"insieme superano 1"),
            ("[weights.consent]", "[weights.consenso]", r"weights\): deve avere filed_in, "),
            ("share = 0.003", "shape = 0.003", "unknown field|missing required"),
        ],
    )
    def test_what_is_wrong_in_it_is_named(
        self, pack: Campaign, tmp_path: Path, old: str, new: str, message: str
    ) -> None:
        copy = tmp_path / "packs" / pack.id
        shutil.copytree(pack.folder, copy)
        text = (copy / "sample.toml").read_text(encoding="utf-8")
        assert old in text
        (copy / "sample.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(PackError, match=message) as caught:
            write_sample(campaigns.load(tmp_path / "packs", pack.id), 1, 1, tmp_path / "x.csv")
        assert "sample.toml" in str(caught.value) and not (tmp_path / "x.csv").exists()
