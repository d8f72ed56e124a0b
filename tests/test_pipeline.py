"""A whole extract through every stage, in parallel, and again."""

import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from extracts import fiscal_code
from invented_guides import PackCopy, small

from videoguide import manifest, pipeline
from videoguide.campaigns import Campaign
from videoguide.errors import InputError, StoreError, TextOverflow, UnknownChoice, VideoGuideError
from videoguide.pipeline import GUIDE_FILE, Outcome, render
from videoguide.settings import Settings

pytestmark = pytest.mark.xdist_group("pipeline")

COLUMNS = "numero,cf,nome,sesso,chi,del,via,patronato,stato,dal,consenso,email,cellulare,io,estratto,scontrini,alunni"
CODE = fiscal_code("RSSGLI85T50A562")
PERSON = {
    "numero": "1",
    "cf": CODE,
    "nome": "Anna",
    "sesso": "f",
    "chi": "genitore",
    "del": "2024-03-01",
    "via": "web",
    "stato": "attesa",
    "consenso": "s",
    "io": "n",
    "estratto": "2024-04-01",
    "scontrini": "L",
    "alunni": "0",
}
FIRST_DAY = [
    {},
    {"numero": "2", "nome": "BRUNO", "sesso": "m"},
    {"numero": "3", "nome": "Carla", "scontrini": "", "alunni": "2"},
    {"numero": "3", "nome": "Carla", "scontrini": "", "alunni": "2"},
    {"numero": "4", "nome": "Dar?o"},
    {"numero": "5", "consenso": "forse"},
    {"numero": "6", "consenso": "n"},
    {"numero": "7", "stato": "pagata"},
    {"numero": "8", "stato": "pagata"},
]


def extract(file: Path, *people: dict[str, str]) -> Path:
    rows = [{**PERSON, **person} for person in people]
    lines = [",".join(row.get(column, "") for column in COLUMNS.split(",")) for row in rows]
    file.write_text("\n".join([COLUMNS, *lines, ""]), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Store, register and guides of one series of runs."""
    return tmp_path_factory.mktemp("pipeline")


@pytest.fixture(scope="module")
def settings(folder: Path) -> Settings:
    return small(folder / "store", database=f"sqlite:///{folder / 'guides.db'}")


@pytest.fixture(scope="module")
def first_run(tiny: Campaign, settings: Settings, folder: Path) -> Outcome:
    return render(extract(folder / "first.csv", *FIRST_DAY), tiny, settings, folder / "guides", workers=2)


@pytest.fixture
def again(first_run: Outcome, tiny: Campaign, settings: Settings, folder: Path, tmp_path: Path) -> Any:
    """``again({...}, ...)`` -> the outcome of another run for these people, after the first one."""

    def run(*people: dict[str, str], **changed: Any) -> Outcome:
        file = extract(tmp_path / "again.csv", *people)
        return render(file, tiny, replace(settings, **changed), folder / "guides", workers=2)

    return run


class TestFirstRun:
    def test_rows_are_counted_rejected_and_left_out_by_reason(self, first_run: Outcome) -> None:
        assert first_run.rows == len(FIRST_DAY)
        assert [(row.row, row.column) for row in first_run.rejected] == [(6, "nome"), (7, "consenso")]
        assert first_run.left_out == Counter({"no-consent": 1, "nothing-missing": 2})
        assert first_run.duplicates == 1 and first_run.unfit == {}

    def test_everyone_else_has_a_guide(self, first_run: Outcome) -> None:
        assert [record.application for record in first_run.guides] == ["1", "2", "3"]
        assert first_run.guides_made == 3
        assert first_run.cases == Counter({"missing-receipt": 2, "missing-school": 1})
        assert first_run.channels == Counter({"citizen": 3})

    def test_each_distinct_scene_is_made_once(self, first_run: Outcome, folder: Path) -> None:
        # three names, one receipt, one school, one end card
        assert first_run.segments == first_run.segments_made == 6
        assert len(list((folder / "store" / "segments").glob("*/*"))) == 6

    def test_a_guide_is_a_folder_with_everything_in_it(self, first_run: Outcome, folder: Path) -> None:
        for record in first_run.guides:
            here = folder / "guides" / record.id
            about = manifest.read((here / "guide.json").read_bytes())
            assert "+".join(about.cases) == record.cases and about.channel == record.channel
            assert {path.name for path in here.iterdir()} == set(about.files.values())
            assert (here / GUIDE_FILE).stat().st_size == about.bytes
        assert about.transcript[0].text == "Ciao Carla, benvenuta."

    def test_nothing_of_a_person_is_in_a_file_name_or_in_the_register(self, first_run: Outcome, folder: Path) -> None:
        names = "\n".join(str(path.relative_to(folder)) for path in folder.rglob("*"))
        assert not re.search(f"{CODE}|anna|bruno|carla", names, re.IGNORECASE)
        assert all(re.fullmatch("[0-9a-f]{32}", record.id) for record in first_run.guides)
        assert CODE.encode() not in (folder / "guides.db").read_bytes()


class TestLaterRuns:
    def test_a_second_run_makes_nothing_new(self, first_run: Outcome, again: Any, folder: Path) -> None:
        before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*") if "guides.db" not in path.name}
        second = again(*FIRST_DAY)
        assert (second.guides_made, second.segments_made, second.segments) == (0, 0, 6)
        assert [record.id for record in second.guides] == [record.id for record in first_run.guides]
        assert {path: path.stat().st_mtime_ns for path in before} == before

    def test_it_sweeps_what_a_killed_run_has_left_in_the_store(self, again: Any, folder: Path) -> None:
        half = next((folder / "store" / "segments").glob("*/*")).with_name(".new-half")
        half.write_bytes(b"half")
        os.utime(half, (0, 0))
        again({})
        assert not half.exists()

    def test_a_guide_whose_file_is_gone_is_written_again_under_its_own_id(
        self, first_run: Outcome, again: Any, folder: Path
    ) -> None:
        lost = folder / "guides" / first_run.guides[0].id / GUIDE_FILE
        whole = lost.read_bytes()
        lost.unlink()
        second = again(*FIRST_DAY)
        assert second.guides_made == 1 and second.guides[0].id == first_run.guides[0].id
        assert lost.read_bytes() == whole

    def test_a_changed_application_gets_a_guide_of_its_own_and_the_others_keep_theirs(
        self, first_run: Outcome, again: Any
    ) -> None:
        second = again({"scontrini": "", "alunni": "2"}, FIRST_DAY[1])
        assert second.guides_made == 1 and second.segments_made == 0
        assert second.guides[0].application == "1" and second.guides[0].id != first_run.guides[0].id
        assert second.guides[1].id == first_run.guides[1].id

    @pytest.mark.parametrize("newest_first", [True, False])
    def test_of_one_application_the_newest_extract_counts_wherever_it_stands(
        self, again: Any, newest_first: bool
    ) -> None:
        old = {"estratto": "2024-04-01"}
        new = {"estratto": "2024-04-02", "scontrini": "", "alunni": "2"}
        found = again(*((new, old) if newest_first else (old, new)))
        assert [record.cases for record in found.guides] == ["missing-school"]
        assert found.duplicates == 1 and found.rows == 2

    def test_an_application_that_is_solved_in_the_newest_extract_gets_no_guide(self, again: Any) -> None:
        found = again({}, {"estratto": "2024-04-02", "stato": "pagata"})
        assert found.guides == [] and found.left_out == Counter({"nothing-missing": 1})

    def test_a_name_that_cannot_be_shown_keeps_nobody_else_from_a_guide(self, again: Any, first_run: Outcome) -> None:
        wide = "M" * 24
        found = again({"numero": "20", "nome": "李"}, {}, {"numero": "21", "nome": wide})
        assert [record.id for record in found.guides] == [first_run.guides[0].id]
        assert found.unfit == {
            "20": "nome: contiene caratteri che il font non può disegnare (U+674E)",
            "21": "nome: è troppo lungo per l’immagine",
        }
        assert found.segments_made == 0

    def test_progress_is_told_piece_by_piece(
        self, first_run: Outcome, tiny: Campaign, settings: Settings, folder: Path
    ) -> None:
        told: list[tuple[str, int, int]] = []
        file = extract(folder / "told.csv", *FIRST_DAY)
        render(file, tiny, settings, folder / "guides", report=lambda *done: told.append(done))
        assert told == [("guida", number, 3) for number in (1, 2, 3)]


def die(_scene: object) -> None:
    os._exit(9)


class TestFailing:
    def test_a_file_that_is_no_extract_stops_the_run_before_anything_is_written(
        self, tiny: Campaign, settings: Settings, tmp_path: Path
    ) -> None:
        (tmp_path / "x.csv").write_text("a,b\n1,2\n", encoding="utf-8")
        with pytest.raises(InputError, match="mancano le colonne"):
            render(tmp_path / "x.csv", tiny, settings, tmp_path / "guides")
        assert not (tmp_path / "guides").exists()

    def test_an_unknown_voice_stops_it_too(self, tiny: Campaign, settings: Settings, tmp_path: Path) -> None:
        with pytest.raises(UnknownChoice, match="voce"):
            render(extract(tmp_path / "x.csv", {}), tiny, replace(settings, voice="loud"), tmp_path / "guides")

    def test_a_worker_that_dies_is_one_clear_error(
        self, tiny: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pipeline, "_make_segment", die)
        settings = small(tmp_path / "store", database=f"sqlite:///{tmp_path / 'x.db'}")
        with pytest.raises(VideoGuideError, match="un processo si è fermato; rilancia il comando"):
            render(extract(tmp_path / "x.csv", {}), tiny, settings, tmp_path / "guides", workers=1)

    def test_words_of_the_pack_that_overflow_are_no_persons_fault(self, tiny_copy: PackCopy, tmp_path: Path) -> None:
        tiny_copy.change("scenes/school.svg", "Quale scuola?", "Quale scuola frequentano i tuoi alunni?")
        settings = small(tmp_path / "store", database=f"sqlite:///{tmp_path / 'x.db'}")
        file = extract(tmp_path / "x.csv", {"scontrini": "", "alunni": "1"})
        with pytest.raises(TextOverflow, match=r"scenes/school.svg"):
            render(file, tiny_copy.load(), settings, tmp_path / "guides", workers=1)

    def test_a_store_or_an_output_that_cannot_be_written_is_an_error(
        self, first_run: Outcome, tiny: Campaign, settings: Settings, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_bytes(b"")
        file = extract(tmp_path / "x.csv", {"numero": "30"})
        with pytest.raises(StoreError, match="non si può scrivere"):
            render(file, tiny, settings, tmp_path / "file" / "guides")
        with pytest.raises(StoreError, match="non si può scrivere"):
            render(file, tiny, replace(settings, store=tmp_path / "file"), tmp_path / "guides", workers=1)
