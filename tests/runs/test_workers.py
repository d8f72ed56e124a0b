# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What worker processes do, and what becomes of a run when work fails, is damaged, killed or interrupted."""

import os
import pickle
import re
import resource
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest

from tests.support.extracts import row, write_extract
from tests.support.invented_guides import PackCopy, RunVideoguide, command, environment, small
from tests.support.places import PACKS
from tests.support.stammering import HOOKED, ROOM, stammering
from tests.support.tiny_runs import (
    BRUNO,
    CARLA,
    FOUR,
    Inline,
    Office,
    alive,
    approve,
    extract,
    files_in,
    inline,
    next_day,
    until,
)
from videoguide.errors import KeyMismatch, StoreError, TextOverflow, VideoGuideError, VoiceError
from videoguide.guide import guides
from videoguide.guide.guides import guide_folder
from videoguide.guide.keys import GuideKeys
from videoguide.guide.script import FilledScene
from videoguide.guide.segments import Studio
from videoguide.media import payload
from videoguide.media.payload import SEGMENTS
from videoguide.packs.campaigns import Campaign
from videoguide.runs import workers
from videoguide.runs.pipeline import RunOrder, render
from videoguide.runs.workers import Crew, Workshop, ensure_segments, local_processes, write_guides
from videoguide.store import TEMPORARY_PREFIX, Store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workers")]

CANNOT = "voce stammering: non riesce a dirlo"
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a byte of the pictures": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "a byte of the sound": lambda data: data[:5000] + bytes([data[5000] ^ 0x80]) + data[5001:],
    "a byte of the tables": lambda data: data[:-3000] + bytes([data[-3000] ^ 1]) + data[-2999:],
    "its last byte": lambda data: data[:-1] + b"\0",
    "its end": lambda data: data[:-1000],
    "all but a few bytes": lambda data: data[:10],
    "everything": lambda data: b"",
}


@pytest.fixture
def office(tmp_path: Path, tiny: Campaign) -> Office:
    return Office(tmp_path / "office", tiny)


def hello(office: Office, number: str = "1") -> Path:
    """The segment that says this person's name."""
    keys: dict[str, str] = dict(
        office.rows(
            "SELECT number, hex(segments) FROM guides JOIN applications"
            " ON applications.id = application_id WHERE withdrawn_at IS NULL"
        )
    )
    return office.settings.store / "segments" / keys[number][:2].lower() / keys[number][:64].lower()


class TestEnsureSegments:
    @pytest.fixture
    def scenes(self, tiny_studio: Studio) -> list[tuple[str, FilledScene]]:
        from tests.support.invented_guides import a_script

        script = a_script(tiny_studio.campaign, "missing-school", facts={"pupils": 1})
        return [(tiny_studio.key(scene), scene) for scene in script.scenes]

    def test_what_is_not_there_is_made_and_then_found(
        self, tiny: Campaign, tmp_path: Path, scenes: list[tuple[str, FilledScene]]
    ) -> None:
        workshop = Workshop(tiny.folder, small(tmp_path), 1)
        segments, spent = ensure_segments(workshop, scenes)
        assert [(segment.key, segment.made, segment.damaged, segment.reason) for segment in segments] == [
            (key, True, False, "") for key, _ in scenes
        ]
        assert set(spent) == {"voice", "drawing", "encoding"} and min(spent.values()) > 0
        segments, spent = ensure_segments(workshop, scenes)
        assert not any(segment.made for segment in segments) and set(spent) == {"checking"}

    def test_what_it_is_asked_and_what_it_answers_can_be_sent_anywhere(
        self, tiny: Campaign, tmp_path: Path, scenes: list[tuple[str, FilledScene]]
    ) -> None:
        asked = Workshop(tiny.folder, small(tmp_path), 1), scenes
        assert pickle.loads(pickle.dumps(asked)) == asked
        answered = ensure_segments(*asked)
        assert pickle.loads(pickle.dumps(answered)) == answered

    def test_a_worker_that_gives_a_scene_another_key_makes_nothing_and_says_so(
        self, tiny: Campaign, tmp_path: Path, scenes: list[tuple[str, FilledScene]]
    ) -> None:
        workshop = Workshop(tiny.folder, small(tmp_path), 1)
        (_, scene), planned = scenes[0], "f" * 64
        with pytest.raises(KeyMismatch, match=r"prevista è f{12}, qui è [0-9a-f]{12}; versioni"):
            ensure_segments(workshop, [(planned, scene)])
        assert list(Store(tmp_path).keys(SEGMENTS)) == []


def crew(executor: Executor, ahead: int) -> Crew:
    return Crew(executor, Workshop(Path(), small(Path()), None), ahead)


class TestJobs:
    """Only a process that is marked as working cleans up when it is asked to end."""

    def test_whoever_makes_segments_is_at_work(self, monkeypatch: pytest.MonkeyPatch, tiny: Campaign) -> None:
        seen: list[bool] = []
        monkeypatch.setattr(workers, "_ensure", lambda *_: seen.append(workers._at_work))
        monkeypatch.setattr(workers, "_studio", lambda _: None)
        workshop = Workshop(tiny.folder, small(Path()), None)
        ensure_segments(workshop, [("", FilledScene("", "", {}, ()))])
        assert seen == [True] and not workers._at_work

    def test_whoever_writes_guides_is_at_work(self, monkeypatch: pytest.MonkeyPatch, tiny: Campaign) -> None:
        seen: list[bool] = []

        def read(*_: object) -> None:
            seen.append(workers._at_work)
            raise StoreError("x", "manca")

        monkeypatch.setattr(guides, "read_guide", read)
        with pytest.raises(StoreError):
            write_guides(Workshop(tiny.folder, small(Path()), None), [(GuideKeys(), Path("nowhere/guide.mp4"))])
        assert seen == [True] and not workers._at_work

    def test_who_hands_out_the_work_is_not(self) -> None:
        assert isinstance(Crew, type)
        crew(Inline(), 1)
        assert not workers._at_work


class TestCrew:
    def test_at_most_so_many_jobs_are_taken_before_one_is_done(self) -> None:
        taken, done = [], []

        def jobs() -> Any:
            for number in range(20):
                taken.append(number)
                yield number, lambda number=number: number * number

        with ThreadPoolExecutor(2) as executor:
            for number, square in crew(executor, 3).do(jobs()):
                assert square == number * number
                done.append(number)
                assert len(taken) - len(done) <= 3
        assert sorted(done) == list(range(20))

    def test_a_job_that_fails_is_the_callers_error(self) -> None:
        with pytest.raises(ZeroDivisionError):
            list(crew(Inline(), 2).do([("bad", lambda: 1 // 0)]))

    def test_no_jobs_are_no_results(self) -> None:
        assert list(crew(Inline(), 2).do([])) == []


class TestExecutors:
    def test_whoever_does_the_work_the_result_is_the_same(self, tmp_path: Path, tiny: Campaign) -> None:
        offices = {}
        for name, opened in {"inline": inline, "threads": ThreadPoolExecutor, "processes": local_processes}.items():
            offices[name] = Office(tmp_path / name, tiny)
            report = offices[name].render(*FOUR, workers=2, open_executor=opened)
            assert (report.made, report.segments.made, report.files_written) == (4, 8, 4)
        first, *others = offices.values()
        for other in others:
            assert (other.tables(), other.pieces(), other.files()) == (first.tables(), first.pieces(), first.files())


class TestVoiceThatFails:
    @pytest.mark.parametrize("workers", [{}, {"workers": 2}], ids=["here", "in worker processes"])
    def test_at_one_name_that_guide_is_neutral_and_listed_and_the_others_are_untouched(
        self, office: Office, workers: dict[str, int]
    ) -> None:
        with stammering("Bruno"):
            report = office.render(*FOUR, voice="stammering", **workers)
        assert report.neutral == {"2": CANNOT}
        assert (report.guides, report.made, report.segments.needed, report.segments.made) == (4, 4, 8, 8)
        texts = {number: files["guide.txt"].decode() for number, files in office.files().items()}
        assert "Ciao, benvenuto." in texts["2"] and "Bruno" not in texts["2"]
        assert "Ciao Anna, benvenuta." in texts["1"] and "Ciao Carla" in texts["3"] and "Ciao Daria" in texts["4"]

    def test_tried_again_in_vain_nothing_changes_and_once_it_can_the_name_is_said(self, office: Office) -> None:
        with stammering("Bruno"):
            office.render(*FOUR, voice="stammering")
            ids, tables = office.current(), office.tables()
            again = office.render(*FOUR, voice="stammering")
        assert (again.kept, again.renewed, again.files_written, again.neutral) == (4, 0, 0, {"2": CANNOT})
        assert (office.current(), office.tables()) == (ids, tables)
        with stammering():
            healed = office.render(*FOUR, voice="stammering")
        assert (healed.kept, healed.renewed, healed.files_written, healed.neutral) == (3, 1, 1, {})
        assert office.current() == ids and "Ciao Bruno" in office.files()["2"]["guide.txt"].decode()

    def test_at_a_name_and_at_a_patronato_both_are_left_unsaid(self, tmp_path: Path, pack: Campaign) -> None:
        office = Office(tmp_path / "office", pack)
        people = [
            row(ID_DOMANDA=f"A{number}", NOME=name, CANALE="PATRONATO", PATRONATO=patronato)
            for number, (name, patronato) in enumerate(
                [("Bruno", "Onda"), ("Anna", "Onda"), ("Bruno", "Luna"), ("Anna", "Luna")]
            )
        ]
        file = write_extract(tmp_path / "x.csv", people)
        with stammering("Bruno", "Onda"):
            settings = small(office.settings.store, voice="stammering", database=office.settings.database)
            approve(settings, pack)
            report = render(RunOrder(file, pack, settings, office.output), open_executor=inline)
        assert report.neutral == dict.fromkeys(["A0", "A1", "A2"], CANNOT)
        texts = [files["guide.txt"].decode() for files in office.files().values()]
        assert [["Bruno" in text, "Anna" in text, "Onda" in text, "Luna" in text] for text in texts] == [
            [False, False, False, False],
            [False, True, False, False],
            [False, False, False, True],
            [False, True, False, True],
        ]
        assert len(set(texts)) == 4

    def test_at_a_patronato_in_the_same_scene_as_the_name_the_name_goes_first_and_then_both(
        self, tmp_path: Path, tiny_copy: PackCopy
    ) -> None:
        tiny_copy.change("campaign.toml", 'channels = ["citizen"]', 'channels = ["citizen", "patronato"]')
        tiny_copy.change("extract.toml", 'web = "citizen"', 'web = "citizen"\npatronato = "patronato"')
        declared = '\npatronato = { type = "text", meaning = "who helps" }\n'
        tiny_copy.change("scenes/hello.toml", "\nsex = { type", f"{declared}sex = {{ type")
        tiny_copy.change("scenes/hello.toml", "con calma.", "con calma {{ patronato }}.")
        office = Office(tmp_path / "office", tiny_copy.load())
        through = {"via": "patronato", "patronato": "Onda"}
        people = [{**person, **through} for person in ({}, BRUNO)] + [{"numero": "9", "nome": "李", **through}]
        with stammering("Onda"):
            report = office.render(*people, voice="stammering")
        assert report.neutral.keys() == {"1", "2", "9"} and report.made == 3
        assert not any(word in str(office.files()) for word in ("Onda", "Ciao Anna", "Ciao Bruno"))
        people[1]["nome"] = "Ugo"
        with stammering("Ugo"):
            report = office.render(*people, voice="stammering")
        assert report.neutral.keys() == {"2", "9"} and report.renewed == 3
        texts = [office.files()[number]["guide.txt"].decode() for number in "129"]
        assert ["Ciao Anna" in text for text in texts] == [True, False, False]
        assert all("con calma Onda" in text for text in texts)

    def test_a_name_too_long_for_the_picture_is_neutral_too(self, office: Office) -> None:
        report = office.render({"nome": "MW" * 12}, BRUNO)
        assert report.neutral == {"1": "nome: è troppo lungo per l’immagine"} and report.made == 2
        assert "Ciao, benvenuta." in office.files()["1"]["guide.txt"].decode()

    def test_at_everything_is_one_clear_error_and_nothing_is_recorded(self, office: Office) -> None:
        with stammering("*"), pytest.raises(VoiceError, match=f"^{CANNOT}$"):
            office.render(*FOUR, voice="stammering")
        self.nothing_is_recorded(office)

    def test_a_voice_that_breaks_after_all_but_the_names_is_one_clear_error_too(self, office: Office) -> None:
        with stammering():
            office.render({}, {**BRUNO, "nome": "李"}, {"numero": "7", "nome": "李"}, voice="stammering")
        before = office.tables()
        with stammering("*"), pytest.raises(VoiceError, match=f"^{CANNOT}$"):
            office.render(*next_day({}, {"numero": "8", "nome": "Rita"}), voice="stammering")
        assert office.tables() == before

    def test_at_words_of_the_pack_it_is_an_error_too(self, office: Office) -> None:
        with stammering("scontrino"), pytest.raises(VoiceError, match=CANNOT):
            office.render(*FOUR, voice="stammering")
        self.nothing_is_recorded(office)

    def test_words_of_the_pack_that_overflow_are_no_persons_fault(self, tiny_copy: PackCopy, tmp_path: Path) -> None:
        tiny_copy.change("scenes/school.svg", "Quale scuola?", "Quale scuola frequentano i tuoi alunni?")
        office = Office(tmp_path / "office", tiny_copy.load())
        with pytest.raises(TextOverflow, match=r"scenes/school.svg"):
            office.render(CARLA)
        self.nothing_is_recorded(office)

    def nothing_is_recorded(self, office: Office) -> None:
        assert (office.current(), office.rows("SELECT count(*) FROM applications")) == ({}, [(0,)])
        assert office.rows("SELECT ended_at, report FROM runs") == [(None, None)]
        assert not list(office.output.glob("??/*"))


class TestDamage:
    @pytest.mark.parametrize("damage", DAMAGES)
    def test_a_damaged_segment_is_found_made_again_and_counted(self, office: Office, damage: str) -> None:
        office.render(*FOUR)
        files, segment = office.files(), hello(office)
        whole = segment.read_bytes()
        segment.write_bytes(DAMAGES[damage](whole))
        shutil.rmtree(guide_folder(office.output, office.current()["1"]))
        again = office.render(*FOUR)
        assert (again.segments.made, again.segments.damaged, again.segments.reused) == (1, 1, 7)
        assert (again.kept, again.files_written) == (4, 1)
        assert segment.read_bytes() == whole and office.files() == files
        payload.verify(segment)

    def test_a_lost_one_is_made_again_and_was_not_damaged(self, office: Office) -> None:
        office.render(*FOUR, format="ranges")
        hello(office).unlink()
        again = office.render(*FOUR, format="ranges")
        assert (again.segments.made, again.segments.damaged, again.segments.reused) == (1, 0, 7)

    def test_what_killed_writers_left_in_the_store_is_swept_after_an_hour(self, office: Office) -> None:
        office.render({})
        old, new = (hello(office).with_name(name) for name in (".new-old", ".new-new"))
        for half in (old, new):
            half.write_bytes(b"half")
        os.utime(old, (0, 0))
        office.render({})
        assert not old.exists() and new.exists()


FULL = {
    "working copy": (1_000, None, r"/out: copia di lavoro: .+"),
    "database": (60_000, None, r"sqlite:.+guides\.db: il database .+"),
    "tables of the database": (140_000, None, r"sqlite:.+guides\.db: il database .+"),
    "speech": (None, 100, r".+/speech/.+: non si può scrivere: il file è troppo grande"),
    "segments": (None, 10_000, r".+/segments/.+: non si può scrivere: il file è troppo grande"),
    "guides": (None, 70_000, r".+/guide\.mp4: non si può scrivere: il file è troppo grande"),
}
"""What there is no room for: how large files may become in the command and in its workers, and what it says."""


class TestDisk:
    @pytest.mark.parametrize("what", FULL)
    def test_without_room_it_is_one_line_and_with_room_again_it_goes_on(
        self, run_videoguide: RunVideoguide, tmp_path: Path, office: Office, tiny: Campaign, what: str
    ) -> None:
        here, workers, message = FULL[what]
        if workers:
            office.approve()  # else there is no room for that either
        file = extract(tmp_path / "x.csv", *FOUR)
        env = environment(
            office.settings.store, VIDEOGUIDE_DATABASE=office.settings.database, VIDEOGUIDE_SCENES=str(PACKS)
        )
        arguments = ("render", "bonus-libri", str(file), "-o", str(office.output), "--workers", "1")
        limit = (
            "import videoguide.records.versions as versions; versions.require_approved = lambda *_: None;"
            f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({here}, {resource.RLIM_INFINITY}))"
        )
        in_workers = {ROOM: str(workers), "PYTHONPATH": HOOKED} if workers else {}
        done = run_videoguide(*arguments, program=limit if here else "", env={**env, **in_workers})
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(rf"videoguide: {message}\n", done.stderr.replace(str(office.folder), "")), done.stderr
        assert not [path for path in files_in(office.folder) if path.name.startswith(TEMPORARY_PREFIX)]
        office.approve()
        again = run_videoguide(*arguments, env=env)
        assert (again.returncode, again.stderr) == (0, "")
        other = Office(tmp_path / "other", tiny)
        other.render(*FOUR)
        assert (office.tables(), office.files()) == (other.tables(), other.files())
        assert office.pieces() == other.pieces()

    @pytest.mark.parametrize("place", ["output", "below the output", "store", "segments", "database", "report"])
    def test_a_place_that_cannot_be_written_is_one_clear_error(self, office: Office, place: str) -> None:
        store, output = office.settings.store, office.output
        broken = {
            "output": output,
            "below the output": output / "x",
            "store": store,
            "segments": store / "segments",
            "database": office.file / "x",
            "report": output / "report.json" / "x",
        }[place]
        broken.parent.mkdir(parents=True, exist_ok=True)
        broken.touch()
        where = {"output": output / "x" if place == "below the output" else output}
        with pytest.raises(StoreError, match=r"non si può|esiste già|database") as raised:
            office.render(*FOUR, **where, workers=1)
        assert "\n" not in raised.value.message and "Anna" not in raised.value.message
        assert broken.is_file() and broken.stat().st_size == 0
        broken.unlink()
        if place in ("database", "report"):
            broken.parent.rmdir()
        office.render(*FOUR)
        assert len(office.files()) == 4 and all(len(files) == 9 for files in office.files().values())


def deaf(begun: Path) -> None:
    """A job in which the call to end is lost."""
    with workers._unwound():
        begun.touch()
        with suppress(SystemExit):
            time.sleep(600)
        time.sleep(600)


def test_a_worker_in_which_the_call_to_end_is_lost_ends_all_the_same(tmp_path: Path) -> None:
    with pytest.raises(KeyError), local_processes(1) as executor:
        executor.submit(deaf, tmp_path / "begun")
        assert until((tmp_path / "begun").exists)
        raise KeyError
    assert active_children() == []


class TestKilledWorker:
    @pytest.mark.parametrize("format", ["mp4", "ranges"])
    def test_it_is_one_clear_error_and_running_again_completes(
        self, office: Office, format: str, tmp_path: Path
    ) -> None:
        def kill(stage: str, done: int, _total: int) -> None:
            if stage == "Scene" and done == 2:
                os.kill(active_children()[0].pid or 0, signal.SIGKILL)

        with pytest.raises(VideoGuideError, match=r"^un processo si è fermato; rilancia il comando: quello che è fin"):
            office.render(*FOUR, format=format, workers=2, tell=kill)
        assert active_children() == [] and office.current() == {}
        report = office.render(*FOUR, format=format, workers=2)
        assert report.made == 4 and report.segments.reused >= 2
        other = Office(tmp_path / "other", office.campaign)
        other.render(*FOUR, format=format)
        assert (office.tables(), office.pieces(), office.files()) == (other.tables(), other.pieces(), other.files())


class Command:
    """A real run of many guides, as a process of its own session; the store holds all but the first stage's names."""

    def __init__(self, office: Office, file: Path, *more: str) -> None:
        self.office = office
        office.approve()
        self.process = subprocess.Popen(
            command("render", "bonus-libri", str(file), "-o", str(office.output), "--workers", "2", *more),
            env=environment(
                office.settings.store, VIDEOGUIDE_DATABASE=office.settings.database, VIDEOGUIDE_SCENES=str(PACKS)
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )

    def reach(self, stage: str) -> None:
        """Wait until a stage is well under way."""
        place, pattern = {
            "start": (self.office.folder, "out"),
            "scenes": (self.office.settings.store, "segments/??/*"),
            "guides": (self.office.output, "??/*/guide.mp4"),
        }[stage]
        assert until(lambda: any(place.glob(pattern)) or self.process.poll() is not None)
        assert self.process.poll() is None

    def end(self) -> tuple[int, str, str]:
        """Its exit status and what it said, when nothing of it is left."""
        out, err = self.process.communicate(timeout=60)
        assert until(lambda: not alive(self.process.pid), 5), "a process is left"
        return self.process.returncode, out, err


@pytest.fixture
def many(tmp_path: Path) -> dict[str, Path]:
    """Extracts that keep a run busy: with many names for the first stage, with many people for the second."""
    names = [{"numero": f"{number}", "nome": f"Anna {chr(65 + number)}"} for number in range(20)]
    people = [{"numero": f"{number}"} for number in range(3_000)]
    return {
        "start": extract(tmp_path / "names.csv", *names),
        "scenes": extract(tmp_path / "names.csv", *names),
        "guides": extract(tmp_path / "people.csv", *people),
    }


def no_half_file(office: Office) -> bool:
    return not [path for path in files_in(office.folder) if path.name.startswith(".new-")]


class TestInterrupted:
    @pytest.mark.parametrize(
        ("stage", "sign", "whole_group"),
        [
            pytest.param("start", signal.SIGINT, True, id="Ctrl-C at the start"),
            pytest.param("scenes", signal.SIGINT, True, id="Ctrl-C among scenes"),
            pytest.param("guides", signal.SIGINT, True, id="Ctrl-C among guides"),
            pytest.param("scenes", signal.SIGTERM, False, id="kill among scenes"),
            pytest.param("guides", signal.SIGTERM, False, id="kill among guides"),
            pytest.param("scenes", signal.SIGTERM, True, id="kill of all among scenes"),
        ],
    )
    def test_it_ends_with_one_line_that_says_how_to_go_on_and_leaves_nothing_half(
        self, office: Office, many: dict[str, Path], stage: str, sign: int, whole_group: bool
    ) -> None:
        running = Command(office, many[stage])
        running.reach(stage)
        (os.killpg if whole_group else os.kill)(running.process.pid, sign)
        code, out, err = running.end()
        assert (code, out) == (130, "")
        line = (
            "videoguide: interrotto; le scene e le guide finite restano: rilancia lo stesso comando per andare avanti"
        )
        assert err == f"{line}\n"
        assert no_half_file(office)
        assert not (office.output / ".videoguide.lock").exists()

    @pytest.mark.slow
    def test_run_again_it_goes_on_where_it_was(self, office: Office, many: dict[str, Path]) -> None:
        running = Command(office, many["guides"])
        running.reach("guides")
        running.process.send_signal(signal.SIGINT)
        assert running.end()[0] == 130
        written = {path: path.stat().st_mtime_ns for path in office.output.glob("??/*/guide.json")}
        recorded = office.current()
        assert 0 < len(written) < 3_000 and len(recorded) >= len(written)
        again = Command(office, many["guides"])
        assert again.end()[0] == 0
        assert {path: path.stat().st_mtime_ns for path in written} == written
        assert recorded.items() <= office.current().items() and len(office.current()) == 3_000
        assert len(list(office.output.glob("??/*/guide.json"))) == 3_000
        assert Counter(len(list(folder.iterdir())) for folder in office.output.glob("??/*")) == {9: 3_000}
        assert no_half_file(office)


class TestOrphans:
    @pytest.mark.parametrize("stage", ["scenes", "guides"])
    def test_when_the_run_is_killed_no_worker_outlives_it_by_five_seconds(
        self, office: Office, many: dict[str, Path], stage: str
    ) -> None:
        running = Command(office, many[stage])
        running.reach(stage)
        assert len(alive(running.process.pid)) >= 3
        running.process.kill()
        assert running.end()[0] == -signal.SIGKILL
