# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""``videoguide inspect``: a file from somebody new, looked at before anything is run."""

import shutil
from pathlib import Path

import pytest

from tests.support.extracts import row, rows, text_of, write_extract
from tests.support.invented_guides import RunVideoguide
from tests.support.places import DATA, PACKS, ROOT


def test_it_says_what_the_file_is_and_that_it_can_be_used(run_videoguide: RunVideoguide, tmp_path: Path) -> None:
    write_extract(tmp_path / "x.csv", [*rows(30), row(ID_DOMANDA="A1", NOME="Dar?o"), *rows(2)], delimiter="\t")
    done = run_videoguide("inspect", "x.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "x.csv: CSV in UTF-8 con BOM, separatore: la tabulazione; intestazione alla riga 1",
        "campagna assegno-unico: ci sono tutte le sue 18 colonne",
        "colonne che non servono: ANNO_COMPETENZA",
        "righe 33: buone 32, di cui ripetute 2; scartate 1",
        "riga 32, NOME: contiene un carattere perso per strada ('?')",
    ]


def test_it_says_why_render_would_stop(run_videoguide: RunVideoguide, tmp_path: Path) -> None:
    write_extract(tmp_path / "x.csv", [row(ID_DOMANDA=f"A{number}", CANALE="FAX") for number in range(3)])
    done = run_videoguide("inspect", "x.csv")
    assert done.returncode == 2
    last = done.stdout.splitlines()[-2:]
    assert last[0].startswith("riga 2, CANALE: valore sconosciuto; ammessi: WEB") and last[0].endswith(
        " (3 righe, questa è la prima)"
    )
    assert last[1] == "con questo file «videoguide render» si ferma: più di una riga su dieci è scartata"


def test_it_names_the_sheet_the_joined_files_and_the_other_spellings(
    run_videoguide: RunVideoguide, tmp_path: Path
) -> None:
    shutil.copy(DATA / "exports" / "typed-with-title.xlsx", tmp_path / "x.xlsx")
    lines = run_videoguide("inspect", "x.xlsx").stdout.splitlines()
    assert lines[0] == "x.xlsx: foglio di calcolo, foglio «Domande»; intestazione alla riga 3"
    assert lines[2].startswith("colonne scritte in un altro modo: Id Domanda (= ID_DOMANDA), ")
    assert lines[2].endswith(" e altre 14")
    (tmp_path / "y.csv").write_text(text_of(rows(2)) + text_of([row()]), encoding="utf-8")
    assert (
        "l’intestazione torna alle righe 4: il file è fatto di più estratti uniti"
        in run_videoguide("inspect", "y.csv").stdout
    )


def test_the_campaign_is_seen_from_the_columns_or_chosen(run_videoguide: RunVideoguide, tmp_path: Path) -> None:
    packs = tmp_path / "packs"
    shutil.copytree(PACKS / "bonus-libri", packs / "bonus-libri")
    shutil.copytree(ROOT / "scenes" / "assegno-unico", packs / "assegno-unico")
    write_extract(tmp_path / "x.csv", rows(1))
    env = {"VIDEOGUIDE_SCENES": str(packs)}
    assert "campagna assegno-unico:" in run_videoguide("inspect", "x.csv", env=env).stdout
    other = run_videoguide("inspect", "x.csv", "--campaign", "bonus-libri", env=env)
    assert other.returncode == 2 and "non è un estratto di bonus-libri" in other.stderr
    shutil.copytree(packs / "assegno-unico", packs / "twin")
    text = (packs / "twin" / "campaign.toml").read_text(encoding="utf-8")
    (packs / "twin" / "campaign.toml").write_text(text.replace('id = "assegno-unico"', 'id = "twin"', 1), "utf-8")
    both = run_videoguide("inspect", "x.csv", env=env)
    assert both.returncode == 2
    assert (
        both.stderr
        == "videoguide: x.csv: ha le colonne di più campagne: assegno-unico, twin; si sceglie con --campaign\n"
    )


def test_without_a_campaign_there_is_nothing_to_compare_with(run_videoguide: RunVideoguide, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    write_extract(tmp_path / "x.csv", rows(1))
    done = run_videoguide("inspect", "x.csv", env={"VIDEOGUIDE_SCENES": str(tmp_path / "none")})
    assert done.returncode == 2 and "non c’è nessuna campagna" in done.stderr


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("trials/03-ms-dos-cp850.csv", "sembra scritto in MS-DOS (cp850)"),
        ("exports/locked.xlsx", "è protetto da una password"),
        ("exports/two-extracts.xlsx", "ha più fogli con un estratto: Sheet, Altro; ammesso: uno solo"),
    ],
)
def test_what_cannot_be_read_is_one_line(run_videoguide: RunVideoguide, name: str, words: str) -> None:
    done = run_videoguide("inspect", str(DATA / name))
    assert done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1
