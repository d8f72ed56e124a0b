# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The command as people meet it: real processes, their exit status, their lines."""

import io
import os
import re
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.extracts import row, write_extract
from tests.support.invented_guides import DOCUMENT, PREVIEW, PackCopy, RunVideoguide, command, environment, small
from tests.support.manifests import read_manifest
from tests.support.places import PACKS
from tests.support.tiny_runs import approve
from videoguide.packs.campaigns import Campaign
from videoguide.speech.voices import VOICES

pytestmark = pytest.mark.slow

OUTPUT = ("-o", "guide.mp4")
SMALL = ("preview", "bonus-libri", "--first-name", "Anna", "--case", "missing-school")
HEAVY = {"numpy", "PIL", "moviepy", "av", "onnxruntime", "scipy", "sqlmodel", "sqlalchemy", "pydantic", "jinja2"}
NOT_FOR_A_WARM_GUIDE = {  # Typer itself brings pydantic
    *("PIL", "moviepy", "av", "onnxruntime", "scipy", "sqlmodel", "sqlalchemy", "alembic", "rich"),
    *("kokoro_onnx", "phonemizer", "espeakng_loader", "pyloudnorm", "gtts", "resvg_py", "segno", "imageio_ffmpeg"),
}
TELL_MODULES = """
import atexit, sys
atexit.register(lambda: print("MODULES", *sys.modules, file=sys.stderr))
"""


def modules(done: "subprocess.CompletedProcess[str]") -> set[str]:
    """The top-level modules that the process had imported at its end."""
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("MODULES "))
    return {name.split(".")[0] for name in line.split()[1:]}


def small_packs(store: Path) -> dict[str, Any]:
    """What a process needs to find the small campaign."""
    return {"env": environment(store, VIDEOGUIDE_SCENES=str(PACKS))}


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class TestHelp:
    def test_it_lists_the_commands_each_with_a_line_about_it(self, run_videoguide: RunVideoguide) -> None:
        done = run_videoguide("--help")
        assert done.returncode == 0 and done.stderr == ""
        for name in ("preview", "render", "check", "sheet", "voices"):
            assert re.search(rf"^  {name} +\S+", done.stdout, re.MULTILINE)

    def test_without_a_command_it_shows_the_same(self, run_videoguide: RunVideoguide) -> None:
        assert run_videoguide().stdout == run_videoguide("--help").stdout

    @pytest.mark.parametrize("name", ["preview", "render", "check", "sheet", "voices"])
    def test_each_command_explains_itself_and_every_option(self, run_videoguide: RunVideoguide, name: str) -> None:
        done = run_videoguide(name, "--help")
        assert done.returncode == 0 and done.stderr == ""
        assert done.stdout.startswith(f"Uso: videoguide {name} ")
        options = re.findall(r"^  (?:-\w, )?--[\w-]+(.*(?:\n {6,}.*)*)", done.stdout, re.MULTILINE)
        assert options and all(len(text.split()) > 2 for text in options)

    def test_its_own_words_are_italian_too(self, run_videoguide: RunVideoguide) -> None:
        pages = run_videoguide("--help").stdout + run_videoguide("preview", "--help").stdout
        assert all(word in pages for word in ("Uso: ", "Opzioni:", "Comandi:", "Argomenti:", "[obbligatorio]"))
        assert "[predefinito: parent]" in pages and "Mostra questo aiuto ed esce." in pages
        assert not re.search(r"Usage|Options|OPTIONS|Commands|COMMAND|Arguments|ARGS|Show|required|default", pages)

    def test_it_is_instant_because_nothing_heavy_is_imported(self, run_videoguide: RunVideoguide) -> None:
        before = cpu_seconds()
        done = run_videoguide("--help", program=TELL_MODULES)
        assert cpu_seconds() - before < 1
        assert not HEAVY & modules(done)


class TestPreview:
    def test_it_says_what_it_reused_and_what_it_made(
        self, run_videoguide: RunVideoguide, shared_store: Path, tmp_path: Path
    ) -> None:
        own = ("--store", "store")
        first = run_videoguide(*SMALL, *OUTPUT, *own, **small_packs(shared_store))
        assert first.returncode == 0 and first.stderr == ""
        assert first.stdout.splitlines()[:3] == [
            "  nuova    Ciao",
            "  nuova    La scuola",
            "  nuova    Vai al servizio",
        ]
        assert re.fullmatch(r"guide\.mp4: \d+\.\d s, \d\.\d MB, scene riusate 0 di 3", first.stdout.splitlines()[3])
        second = run_videoguide(*SMALL, *OUTPUT, *own, "--sex", "F", **small_packs(shared_store))
        assert "  nuova    Ciao" in second.stdout and "scene riusate 2 di 3" in second.stdout
        third = run_videoguide(*SMALL, *OUTPUT, *own, **small_packs(shared_store))
        assert third.stdout.count("  riusata  ") == 3
        assert read_manifest((tmp_path / "guide.json").read_bytes()).cases == ("missing-school",)

    def test_everything_can_be_said_of_one_guide(self, run_videoguide: RunVideoguide, tmp_path: Path) -> None:
        words = (
            *("preview", "assegno-unico", "--first-name", "NICOLÒ", "--sex", "M", "--applicant", "guardian"),
            *("--case", "unverified-iban", "--case", "missing-documents", "--case", "adult-child"),
            *("--document", "custody-ruling", "--document", "residence-permit", "--iban-anomaly", "foreign-bank"),
            *("--adult-children", "2", "--channel", "patronato", "--patronato", "50&PIÙ ENASCO", "--year", "2023"),
        )
        done = run_videoguide(*words, "-o", "new/folder/guida.MP4")
        assert done.returncode == 0, done.stderr
        about = read_manifest((tmp_path / "new" / "folder" / "guida.json").read_bytes())
        assert about.cases == ("missing-documents", "adult-child", "unverified-iban")
        assert about.channel == "patronato" and about.files["video"] == "guida.MP4"
        spoken = " ".join(sentence.text for sentence in about.transcript)
        assert "Ciao Nicolò" in spoken and "con il patronato 50&PIÙ ENASCO" in spoken and "2022" not in spoken

    def test_a_count_that_a_case_needs_is_one_unless_it_is_said(
        self, run_videoguide: RunVideoguide, shared_store: Path, tmp_path: Path
    ) -> None:
        assert run_videoguide(*SMALL, *OUTPUT, **small_packs(shared_store)).returncode == 0
        assert "la scuola del tuo alunno." in (tmp_path / "guide.txt").read_text(encoding="utf-8")

    def test_a_warm_guide_is_quick_because_nothing_that_draws_speaks_or_encodes_is_imported(
        self, run_videoguide: RunVideoguide
    ) -> None:
        assert run_videoguide(*PREVIEW, *DOCUMENT, *OUTPUT).returncode == 0
        seconds = []
        for _ in range(2):
            before = cpu_seconds()
            done = run_videoguide(*PREVIEW, *DOCUMENT, *OUTPUT, program=TELL_MODULES)
            seconds.append(cpu_seconds() - before)
            assert done.stdout.count("  riusata  ") == done.stdout.count("\n") - 1
            assert not NOT_FOR_A_WARM_GUIDE & modules(done)
        assert min(seconds) < 0.8

    @pytest.mark.parametrize("name", ["{{ 7*7 }}", "<b>O'Hara & $(id)</b>"])
    def test_what_is_no_name_is_refused(self, run_videoguide: RunVideoguide, shared_store: Path, name: str) -> None:
        done = run_videoguide(*SMALL[:2], f"--first-name={name}", *SMALL[4:], *OUTPUT, **small_packs(shared_store))
        assert done.returncode == 2 and "nome: " in done.stderr and name not in done.stderr

    def test_an_interrupted_run_says_nothing_more_and_leaves_no_file(self, shared_store: Path, tmp_path: Path) -> None:
        running = subprocess.Popen(
            command(*PREVIEW, *DOCUMENT, *OUTPUT, "--store", "store"),
            cwd=tmp_path,
            env=environment(shared_store),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        until = time.monotonic() + 60
        while not (tmp_path / "store" / "segments").exists() and time.monotonic() < until:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        out, errors = running.communicate(timeout=60)
        assert (running.returncode, out) == (130, b"")
        assert b"Traceback" not in errors
        assert [path.name for path in tmp_path.iterdir()] == ["store"]


UNKNOWN_CASE = "valore sconosciuto per caso: 'lost'; ammessi: missing-documents, adult-child, unverified-iban"
NAME = ("preview", "assegno-unico", *DOCUMENT, *OUTPUT, "--first-name")
BAD_INPUT = {
    "campaign": (
        ("preview", "nothing", *PREVIEW[2:], *DOCUMENT, *OUTPUT),
        "valore sconosciuto per campagna: 'nothing'; ammessi: assegno-unico",
    ),
    "campaign with a path": (
        ("check", "../scenes/assegno-unico"),
        "valore sconosciuto per campagna: .* ammessi: assegno-unico",
    ),
    "case": ((*PREVIEW, "--case", "lost", *OUTPUT), UNKNOWN_CASE),
    "document": (
        (*PREVIEW, *DOCUMENT, "--document", "passport", *OUTPUT),
        "valore sconosciuto per document: 'passport'; ammessi: custody-ruling, split-agreement, ",
    ),
    "anomaly": (
        (*PREVIEW, "--case", "unverified-iban", "--iban-anomaly", "lost", *OUTPUT),
        "valore sconosciuto per iban-anomaly: 'lost'; ammessi: holder-mismatch, unverifiable, foreign-bank",
    ),
    "voice": (
        (*PREVIEW, *DOCUMENT, *OUTPUT, "--voice", "loud"),
        "valore sconosciuto per voce: 'loud'; ammessi: kokoro, ",
    ),
    "online voice": ((*PREVIEW, *DOCUMENT, *OUTPUT, "--voice", "gtts"), "la campagna assegno-unico non lo permette"),
    "sex": ((*PREVIEW, *DOCUMENT, *OUTPUT, "--sex", "X"), "valore sconosciuto per sesso: 'X'; ammessi: F, M, unknown"),
    "applicant": ((*PREVIEW, *DOCUMENT, *OUTPUT, "--applicant", "x"), "ammessi: parent, guardian, child"),
    "channel": (
        (*PREVIEW, *DOCUMENT, *OUTPUT, "--channel", "fax"),
        "valore sconosciuto per canale: 'fax'; ammessi: citizen, patronato",
    ),
    "size": ((*PREVIEW, *DOCUMENT, *OUTPUT, "--size", "640x480"), "ammesso: 16:9 da 320x180 a 1920x1080"),
    "year": (
        (*PREVIEW, *DOCUMENT, *OUTPUT, "--year", "2021"),
        "valore sconosciuto per anno: '2021'; ammessi: 2022, 2023",
    ),
    "year in words": ((*PREVIEW, *DOCUMENT, *OUTPUT, "--year", "due"), "per '--year'; ammessi: numeri interi"),
    "children": (
        (*PREVIEW, "--case", "adult-child", "--adult-children", "10", *OUTPUT),
        "adult-children 10; ammesso: da 0 a 9",
    ),
    "no children": (
        (*PREVIEW, "--case", "adult-child", "--adult-children", "0", *OUTPUT),
        "caso adult-child: manca adult-children; ammessi: 1 o più",
    ),
    "case without documents": (
        (*PREVIEW, "--case", "missing-documents", *OUTPUT),
        "caso missing-documents: manca document; ammessi: custody-ruling, ",
    ),
    "case without anomaly": (
        (*PREVIEW, "--case", "unverified-iban", *OUTPUT),
        "caso unverified-iban: manca iban-anomaly; ammessi: holder-mismatch, ",
    ),
    "empty name": ((*NAME, ""), "nome: è vuoto"),
    "over-long name": ((*NAME, "Annamaria" * 5), "nome: ha 45 caratteri; ammessi: 36"),
    "control character": ((*NAME, "An\x07na"), r"nome: .*U\+0007"),
    "bytes": ((*NAME, b"An\xffna"), "nome: contiene un carattere di controllo o invisibile"),
    "undrawable name": ((*NAME, "李"), r"nome: contiene caratteri che il font non può disegnare \(U\+674E\)"),
    "too wide a name": ((*NAME, "MW" * 18), "nome: è troppo lungo per l’immagine"),
    "patronato without its channel": (
        (*PREVIEW, *DOCUMENT, *OUTPUT, "--patronato", "ACLI"),
        "solo con il canale patronato",
    ),
    "over-long patronato": (
        (*PREVIEW, *DOCUMENT, *OUTPUT, "--channel", "patronato", "--patronato", "x" * 41),
        "patronato: ha 41 caratteri; ammessi: 40",
    ),
    "output": ((*PREVIEW, *DOCUMENT, "-o", "guide.avi"), r"output guide\.avi; ammesso: un nome che finisce in \.mp4"),
    "no arguments": (("preview",), r"manca l’argomento 'CAMPAGNA' \(vedi: videoguide preview --help\)"),
    "no name": (("preview", "assegno-unico", *DOCUMENT, *OUTPUT), "manca l’opzione '--first-name'"),
    "no case": ((*PREVIEW, *OUTPUT), "manca l’opzione '--case'"),
    "unknown option": (
        (*PREVIEW, *DOCUMENT, *OUTPUT, "--fast"),
        r"opzione sconosciuta: --fast .*\(vedi: videoguide preview --help\)",
    ),
    "unknown command": (("make",), r"comando sconosciuto: 'make' \(vedi: videoguide --help\)"),
    "a word nearly right": (("chek",), r"comando sconosciuto: 'chek' \(forse 'check'\) \(vedi: "),
    "no value": ((*PREVIEW, *DOCUMENT, "--size"), "l’opzione '--size' vuole un valore"),
    "a word too many": ((*PREVIEW, *DOCUMENT, *OUTPUT, "Rita"), "argomenti in più: Rita"),
    "workers": (
        ("render", "assegno-unico", "x.csv", "-o", "out", "--workers", "0"),
        "valore non valido per '--workers'; ammesso: almeno 1",
    ),
    "limit": (
        ("render", "assegno-unico", "x.csv", "-o", "out", "--limit", "0"),
        "valore non valido per '--limit'; ammesso: almeno 1",
    ),
    "format": (
        ("render", "assegno-unico", "x.csv", "-o", "out", "--format", "avi"),
        "valore sconosciuto per formato: 'avi'; ammessi: mp4, ranges",
    ),
    "voice to render with": (
        ("render", "assegno-unico", "x.csv", "-o", "out", "--voice", "loud"),
        "valore sconosciuto per voce: 'loud'; ammessi: kokoro, ",
    ),
    "online voice to render with": (
        ("render", "assegno-unico", "x.csv", "-o", "out", "--voice", "gtts"),
        "la campagna assegno-unico non lo permette",
    ),
    "campaign to render": (
        ("render", "nothing", "x.csv", "-o", "out"),
        "valore sconosciuto per campagna: 'nothing'; ammessi: assegno-unico",
    ),
    "no output": (("render", "assegno-unico", "x.csv"), "manca l’opzione '--output'"),
    "a pack that nobody has approved": (
        ("render", "assegno-unico", "x.csv", "-o", "out"),
        r"la versione [0-9a-f]{12} non è approvata; .+«videoguide approve assegno-unico».+--draft",
    ),
    "no extract": (
        ("render", "assegno-unico", "x.csv", "-o", "out", "--draft"),
        "x.csv: non si può leggere: il file o la cartella non esiste",
    ),
    "no extract, deeper": (
        ("render", "assegno-unico", "x.csv", "-o", "new/out", "--dry-run"),
        "x.csv: non si può leggere: il file o la cartella non esiste",
    ),
    "a folder for an extract": (
        ("render", "assegno-unico", "/", "-o", "out", "--draft"),
        "/: è una cartella senza file Parquet",
    ),
    "columns": (("sheet", "assegno-unico", "--columns", "0"), "valore non valido per '--columns'; ammesso: almeno 1"),
    "voice to check with": (
        ("check", "assegno-unico", "--voice", "loud"),
        "valore sconosciuto per voce: 'loud'; ammessi: kokoro, ",
    ),
}


class TestBadInput:
    @pytest.mark.parametrize("what", BAD_INPUT)
    def test_it_is_one_line_that_says_what_is_allowed_status_2_and_no_file(
        self, run_videoguide: RunVideoguide, tmp_path: Path, what: str
    ) -> None:
        arguments, message = BAD_INPUT[what]
        done = run_videoguide(*arguments)
        assert done.returncode == 2, done.stderr
        assert re.fullmatch(r"videoguide: .+\n", done.stderr), done.stderr
        assert re.search(message, done.stderr), done.stderr
        assert done.stdout == "" and list(tmp_path.iterdir()) == []

    def test_an_option_for_a_fact_that_the_campaign_does_not_have_is_refused_with_those_it_has(
        self, run_videoguide: RunVideoguide, shared_store: Path
    ) -> None:
        done = run_videoguide(*SMALL, "--document", "x", *OUTPUT, **small_packs(shared_store))
        assert (done.returncode, done.stdout) == (2, "")
        assert (
            "valore sconosciuto per opzione della campagna bonus-libri: '--document'; ammessi: --receipt, --pupils"
            in done.stderr
        )

    def test_a_setting_of_the_environment_is_looked_at_as_well(
        self, run_videoguide: RunVideoguide, shared_store: Path
    ) -> None:
        done = run_videoguide(*PREVIEW, *DOCUMENT, *OUTPUT, env=environment(shared_store, VIDEOGUIDE_STILLS="maybe"))
        assert done.returncode == 2 and "ammessi: skip, real" in done.stderr and done.stderr.count("\n") == 1

    @pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\0\0\0\r", b"a;b\n1;2\n"], ids=["empty", "PNG", "CSV"])
    def test_a_file_that_is_no_extract_is_refused_before_anything_is_made(
        self, run_videoguide: RunVideoguide, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "x.csv").write_bytes(content)
        done = run_videoguide("render", "assegno-unico", "x.csv", "-o", "out", "--draft")
        assert done.returncode == 2 and re.fullmatch(r"videoguide: x\.csv: .+\n", done.stderr)
        assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


class TestFailures:
    def test_a_pack_that_is_wrong_is_one_line_and_status_1(
        self, run_videoguide: RunVideoguide, shared_store: Path, tiny_copy: PackCopy
    ) -> None:
        tiny_copy.change("scenes/hello.toml", "{{ first_name }}", "{{ surname }}")
        packs = environment(shared_store, VIDEOGUIDE_SCENES=str(tiny_copy.folder.parent))
        done = run_videoguide(*SMALL, *OUTPUT, env=packs)
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(r"videoguide: scenes/hello.toml \(sentences.hello.*\): .*surname.*\n", done.stderr)

    @pytest.mark.parametrize("place", ["file/guide.mp4", "file/below/guide.mp4"])
    def test_an_output_that_cannot_be_written_is_one_line_and_status_1(
        self, run_videoguide: RunVideoguide, tmp_path: Path, place: str
    ) -> None:
        (tmp_path / "file").write_bytes(b"")
        done = run_videoguide(*PREVIEW, *DOCUMENT, "-o", place)
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(rf"videoguide: {place}: non si può scrivere: .+\n", done.stderr)

    def test_a_store_that_cannot_be_written_is_one_line_and_status_1(
        self, run_videoguide: RunVideoguide, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_bytes(b"")
        done = run_videoguide(*PREVIEW, *DOCUMENT, *OUTPUT, "--store", "file")
        assert done.returncode == 1 and re.fullmatch(r"videoguide: file/.+: non si può scrivere: .+\n", done.stderr)
        assert [path.name for path in tmp_path.iterdir()] == ["file"]

    def test_a_reader_that_goes_away_gets_no_traceback(self, shared_store: Path) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(command("voices"), env=environment(shared_store), stdout=writing, stderr=subprocess.PIPE)
        os.close(writing)
        assert b"Traceback" not in done.stderr


class TestOtherCommands:
    def test_voices_are_listed_each_with_where_it_speaks(self, run_videoguide: RunVideoguide) -> None:
        done = run_videoguide("voices")
        assert [line.split()[0] for line in done.stdout.splitlines()] == list(VOICES)
        assert {line.split()[1] for line in done.stdout.splitlines()} == {"qui", "rete"}

    def test_check_passes_a_sound_pack_and_sums_up(self, run_videoguide: RunVideoguide, shared_store: Path) -> None:
        done = run_videoguide("check", "bonus-libri", **small_packs(shared_store))
        assert (done.returncode, done.stderr) == (0, "")
        assert re.fullmatch(r"bonus-libri: \d+ guide, \d+ scene diverse, da \d+ a \d+ s; problemi: 0\n", done.stdout)

    def test_check_lists_what_it_finds_and_ends_with_status_1(
        self, run_videoguide: RunVideoguide, shared_store: Path, tiny_copy: PackCopy
    ) -> None:
        tiny_copy.change("windows.toml", "[receipts]", '[lost]\ntitle = "-"\ntext = ["Una frase."]\n\n[receipts]')
        packs = environment(shared_store, VIDEOGUIDE_SCENES=str(tiny_copy.folder.parent))
        done = run_videoguide("check", "bonus-libri", env=packs)
        assert (done.returncode, done.stderr) == (1, "")
        assert done.stdout.startswith("  windows.toml (lost): nessun pulsante la apre\nbonus-libri: ")
        assert done.stdout.endswith("; problemi: 1\n")

    def test_sheet_writes_one_picture(self, run_videoguide: RunVideoguide, shared_store: Path, tmp_path: Path) -> None:
        arguments = ("sheet", "bonus-libri", "-o", "new/sheet.png", "--columns", "3")
        done = run_videoguide(*arguments, **small_packs(shared_store))
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "new/sheet.png: 7 immagini\n"
        with Image.open(io.BytesIO((tmp_path / "new" / "sheet.png").read_bytes())) as image:
            assert image.format == "PNG"

    def test_render_makes_the_guides_of_an_extract_and_says_what_it_did(
        self, run_videoguide: RunVideoguide, own_store: Path, tmp_path: Path, pack: Campaign
    ) -> None:
        people = [
            row(ID_DOMANDA="A1"),
            row(ID_DOMANDA="A2", NOME="GIULIA", DOCUMENTI_RICHIESTI="", FIGLI_MAGGIORENNI_DA_INTEGRARE="1"),
            row(ID_DOMANDA="A3", STATO_DOMANDA="ACCOLTA", DOCUMENTI_RICHIESTI="", ANOMALIA_IBAN="NON_VERIFICABILE"),
            row(ID_DOMANDA="A4", NOME="Dar?o"),
            row(ID_DOMANDA="A5", ADESIONE_PROATTIVI="NO"),
            row(ID_DOMANDA="A6", NOME="李", CANALE="PATRONATO", PATRONATO="ACLI"),
        ]
        write_extract(tmp_path / "x.csv", people, encoding="utf-8")
        env = environment(own_store, VIDEOGUIDE_DATABASE="sqlite:///guides.db")
        arguments = ("render", "assegno-unico", "x.csv", "-o", "out", "--workers", "2", "--accept-rejects")

        def shown_lines(*more: str) -> list[str]:
            done = run_videoguide(*arguments, *more, env=env)
            assert (done.returncode, done.stderr) == (0, "") and "\x1b" not in done.stdout
            return [" ".join(re.sub("[│┃]", " ", line).split()) for line in done.stdout.splitlines()]

        would = shown_lines("--dry-run")
        assert "guide 4: sarebbero nuove 4, aggiornate 0, uguali 0; ritirate 0" in would
        assert not (tmp_path / "guides.db").exists()
        assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.json", "rejected.csv"}
        approve(small(own_store, database=f"sqlite:///{tmp_path}/guides.db"), pack)
        lines = shown_lines()
        assert "guide dal cittadino dal patronato tutte" in lines and "Documenti mancanti 1 1 2" in lines
        assert "tutte 3 1 4" in lines and "Senza consenso ai servizi proattivi 1" in lines
        assert "righe 6: scartate 1, ripetute 0, superate da un estratto più nuovo 0" in lines
        assert "guide 4: nuove 4, aggiornate 0, uguali 0; ritirate 0" in lines
        assert "guide senza un nome, perché non si può dire o mostrare: 1 (elenco in report.json)" in lines
        assert lines[-2:] == ["out: report.json, rejected.csv", "le guide: out/*/*/guide.mp4"]
        assert list(tmp_path.glob("out/*/*/guide.mp4"))
        assert len(list((tmp_path / "out").glob("??/*/guide.mp4"))) == 4
        rejected = (tmp_path / "out" / "rejected.csv").read_text(encoding="utf-8-sig").splitlines()
        assert rejected[1:] == ["5;NOME;contiene un carattere perso per strada ('?')"]
        assert "guide 4: nuove 0, aggiornate 0, uguali 4; ritirate 0" in shown_lines()
        assert "guide 1: nuove 0, aggiornate 0, uguali 1; ritirate 0" in shown_lines(
            "--format", "ranges", "--limit", "1"
        )
