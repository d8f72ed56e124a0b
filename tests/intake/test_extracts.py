# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Files -> rows: whatever an office may send, read as a stream or refused in one line."""

import gzip
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from arro3.core import Array, DataType, Table, list_array
from arro3.core.types import ArrayInput, ArrowStreamExportable
from arro3.io import write_parquet

from tests.support.extracts import GOOD, row, rows, text_of, write_extract
from tests.support.places import DATA
from videoguide.errors import InputError
from videoguide.intake.applications import Application, Rejection, read_applications
from videoguide.intake.encodings import LINE_BYTES
from videoguide.intake.extracts import Row, open_extract
from videoguide.intake.samples import write_sample
from videoguide.packs.campaigns import Campaign

COLUMNS = tuple(GOOD)
WRITERS: dict[str, Callable[[bytes], bytes]] = {"plain": bytes, "gzip": gzip.compress}


def saved(tmp_path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    file = tmp_path / "extract"
    file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return file


def read(file: Path, campaign: Campaign) -> tuple[list[Application], list[Rejection]]:
    outcomes = list(read_applications(file, campaign))
    good = [outcome for outcome in outcomes if isinstance(outcome, Application)]
    return good, [outcome for outcome in outcomes if isinstance(outcome, Rejection)]


def lines(*changed: str, header: Iterable[str] = COLUMNS, end: str = "\r\n") -> str:
    """A CSV of ready-made lines."""
    return end.join([";".join(header), *changed]) + end


def line(**changes: str) -> str:
    return ";".join(row(**changes).values())


def cast(text: str, kind: DataType) -> Array:
    return Array([text], DataType.string()).cast(kind)


class TestCsv:
    @pytest.mark.parametrize("packed", WRITERS)
    @pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no BOM", "BOM"])
    @pytest.mark.parametrize("end", ["\r\n", "\n", "\r"], ids=["CRLF", "LF", "CR"])
    def test_any_line_end_with_or_without_a_mark_plain_or_packed(
        self, pack: Campaign, tmp_path: Path, end: str, mark: str, packed: str
    ) -> None:
        text = mark + lines(line(NOME="Niccolò"), line(ID_DOMANDA="A2"), end=end)
        good, bad = read(saved(tmp_path, WRITERS[packed](text.encode())), pack)
        assert [(application.id, application.first_name) for application in good] == [
            (GOOD["ID_DOMANDA"], "Niccolò"),
            ("A2", "Giulia"),
        ]
        assert bad == []

    def test_a_broken_byte_does_not_change_how_the_other_accents_are_read(self, pack: Campaign, tmp_path: Path) -> None:
        text = lines(line(NOME="Niccolò"), line(NOME="Zo#"), line(NOME="Chloé"))
        good, bad = read(saved(tmp_path, text.encode().replace(b"#", b"\xe9")), pack)
        assert [application.first_name for application in good] == ["Niccolò", "Chloé"]
        assert [(rejection.row, rejection.column) for rejection in bad] == [(3, "NOME")]

    def test_the_last_line_needs_no_end(self, pack: Campaign, tmp_path: Path) -> None:
        assert len(read(saved(tmp_path, lines(line(), line()).rstrip()), pack)[0]) == 2

    def test_every_cell_may_be_quoted(self, pack: Campaign, tmp_path: Path) -> None:
        text = "\n".join(";".join(f'"{cell}"' for cell in cells) for cells in (COLUMNS, row(NOME="Ada").values()))
        ((application,), _) = read(saved(tmp_path, text), pack)
        assert application.first_name == "Ada"

    def test_a_quoted_cell_may_hold_the_delimiter_quotes_and_line_breaks_and_is_one_row(
        self, pack: Campaign, tmp_path: Path
    ) -> None:
        header = (*COLUMNS, "NOTE")
        note = '"ha detto ""domani"";\nnon oggi;\r\n\nforse; mai; chissà"'
        text = lines(f"{line()};{note}", f"{line(CANALE='FAX')};{note}", f"{line(ID_DOMANDA='A3')};x", header=header)
        good, bad = read(saved(tmp_path, text), pack)
        assert [application.id for application in good] == [GOOD["ID_DOMANDA"], "A3"]
        assert [(rejection.row, rejection.column) for rejection in bad] == [(3, "CANALE")]

    @pytest.mark.parametrize("column", ["ID_DOMANDA", "NOME", "EMAIL", "ESTRATTO_IL"])
    @pytest.mark.parametrize("second", [1, 2, 50], ids=["next line", "two on", "far on"])
    def test_two_stray_quotes_in_one_column_spoil_no_row_between_them_and_mix_up_nobody(
        self, pack: Campaign, tmp_path: Path, column: str, second: int
    ) -> None:
        wanted = [row(ID_DOMANDA=f"A{number}", EMAIL=f"a{number}@example.org") for number in range(100)]
        text = [";".join(cells.values()) for cells in wanted]
        for number in (10, 10 + second):
            held = wanted[number][column]
            text[number] = text[number].replace(f"{held}", f'"{held}', 1)
        good, bad = read(saved(tmp_path, lines(*text)), pack)
        assert len(good) + len(bad) == 100
        assert {rejection.row for rejection in bad} <= {12, 12 + second}
        assert all(
            application.email == application.id.lower() + "@example.org" for application in good if column != "EMAIL"
        )

    def test_a_quote_in_the_middle_of_a_cell_is_a_character(self, pack: Campaign, tmp_path: Path) -> None:
        ((nina, rita), bad) = read(saved(tmp_path, lines(line(NOME='Anna "Nina"'), line(NOME='"Anna" Rita'))), pack)
        assert (nina.first_name, rita.first_name, bad) == ('Anna "Nina"', "Anna Rita", [])

    def test_many_stray_quotes_are_borne(self, pack: Campaign, tmp_path: Path) -> None:
        text = lines(*(line(ID_DOMANDA=f"A{number}", NOME='"Anna') for number in range(3_000)))
        good, bad = read(saved(tmp_path, text), pack)
        assert (len(good), len(bad)) == (0, 3_000)

    def test_rows_are_numbered_as_a_spreadsheet_does(self, pack: Campaign, tmp_path: Path) -> None:
        text = lines(line(), "", line(CODICE_FISCALE=""), "   ", line(NOME='"Anna\nRita"'), line(CODICE_FISCALE=""))
        good, bad = read(saved(tmp_path, text), pack)
        assert len(good) == 1
        assert [(rejection.row, rejection.column) for rejection in bad] == [
            (4, "CODICE_FISCALE"),
            (6, "NOME"),
            (7, "CODICE_FISCALE"),
        ]

    def test_the_header_is_row_1_after_any_blank_lines(self, pack: Campaign, tmp_path: Path) -> None:
        text = "\r\n  \r\n" + lines(line(), line(CODICE_FISCALE="")).replace(";", ",")
        good, bad = read(saved(tmp_path, text), pack)
        assert len(good) == 1 and [rejection.row for rejection in bad] == [3]

    def test_a_row_of_another_length_is_rejected_unless_only_blanks_are_more(
        self, pack: Campaign, tmp_path: Path
    ) -> None:
        short, long, blanks = line().rsplit(";", 1)[0], f"{line()};più", f"{line()};; ;"
        good, bad = read(saved(tmp_path, lines(short, long, blanks, "solo", ";" * 18, ";" * 30)), pack)
        assert len(good) == 1
        assert [(rejection.row, rejection.column, rejection.reason) for rejection in bad] == [
            (2, "ID_DOMANDA", "la riga è troppo corta"),
            (3, "ID_DOMANDA", "la riga ha più celle dell’intestazione"),
            (5, "ID_DOMANDA", "la riga è troppo corta"),
        ], "rows of blanks alone are passed over"

    def test_a_row_may_leave_out_trailing_cells_that_nobody_reads(self, pack: Campaign, tmp_path: Path) -> None:
        text = lines(line(), f"{line()};x", header=(*COLUMNS, "NOTE", "ALTRO"))
        assert len(read(saved(tmp_path, text), pack)[0]) == 2

    def test_columns_that_nobody_reads_may_come_twice(self, pack: Campaign, tmp_path: Path) -> None:
        text = lines(f"x;y;{line()}", header=("NOTE", "NOTE", *COLUMNS))
        assert len(read(saved(tmp_path, text), pack)[0]) == 1

    def test_cells_come_in_the_packs_order(self, pack: Campaign, tmp_path: Path) -> None:
        text = lines(";".join(reversed(row().values())), header=reversed(COLUMNS))
        assert list(open_extract(saved(tmp_path, text), pack).rows) == [
            Row(2, tuple(GOOD[column] for column in pack.extract.columns.values()))
        ]

    def test_an_immense_cell_is_a_bad_row_and_no_more(self, pack: Campaign, tmp_path: Path) -> None:
        text = lines(line(), line(EMAIL="x" * 200_000), line(ID_DOMANDA="A4"))
        good, bad = read(saved(tmp_path, text), pack)
        assert [application.id for application in good] == [GOOD["ID_DOMANDA"], "A4"]
        assert [rejection.row for rejection in bad] == [3]

    def test_a_zero_byte_reaches_nothing_that_is_kept(self, pack: Campaign, tmp_path: Path) -> None:
        text = lines(line(ID_DOMANDA="A\0B"), line(EMAIL="a\0@example.org", CELLULARE="\0", PATRONATO="AC\0LI"))
        ((application,), bad) = read(saved(tmp_path, text), pack)
        assert [(rejection.row, rejection.column) for rejection in bad] == [(2, "ID_DOMANDA")]
        assert (application.email, application.mobile, application.patronato) == ("", "", "")


class TestParquet:
    """Tables are written here, one is of another hand (pyarrow, with every type that offices use)."""

    def table(self, tmp_path: Path, columns: dict[str, Array], **options: object) -> Path:
        write_parquet(Table.from_pydict(columns), tmp_path / "extract", **options)  # type: ignore[arg-type]
        return tmp_path / "extract"

    def texts(self, wanted: Sequence[dict[str, str]]) -> dict[str, Array]:
        return {column: Array([cells[column] for cells in wanted], DataType.string()) for column in COLUMNS}

    def test_typed_columns_read_as_the_same_applications_as_the_csv(self, pack: Campaign) -> None:
        good, bad = read(DATA / "extract-typed.parquet", pack)
        same = {application.id: application for application in read(DATA / "extract-2023-06-06.csv", pack)[0]}
        assert bad == [] and len(good) == 55
        assert good == [same[application.id] for application in good]

    @pytest.mark.parametrize("compression", ["uncompressed", "snappy", "gzip(6)", "zstd(3)", "brotli(4)", "lz4_raw"])
    def test_text_columns_read_as_the_csv(self, pack: Campaign, tmp_path: Path, compression: str) -> None:
        wanted = [*rows(5_000), row(CODICE_FISCALE=""), row(CANALE="FAX"), row(NOME="Zoé")]
        file = self.table(tmp_path, self.texts(wanted), compression=compression, max_row_group_size=1_000)
        assert list(read_applications(file, pack)) == list(
            read_applications(write_extract(tmp_path / "x.csv", wanted), pack)
        )

    @pytest.mark.parametrize(
        ("column", "array", "texts"),
        [
            ("DATA_PRESENTAZIONE", cast("2023-02-01", DataType.date32()), ["01/02/2023"]),
            ("DATA_PRESENTAZIONE", cast("2023-02-01T10:30:00", DataType.timestamp("ms")), ["01/02/2023"]),
            (
                "STATO_DAL",
                cast("2023-01-31T23:00:00Z", DataType.timestamp("us", tz="UTC")),
                ["01/02/2023"],
            ),
            ("FIGLI_MAGGIORENNI_DA_INTEGRARE", Array([2], DataType.int8()), ["2"]),
            ("FIGLI_MAGGIORENNI_DA_INTEGRARE", Array([2.0], DataType.float32()), ["2"]),
            ("FIGLI_MAGGIORENNI_DA_INTEGRARE", Array([float("nan")], DataType.float64()), [""]),
            ("FIGLI_MAGGIORENNI_DA_INTEGRARE", Array([float("inf")], DataType.float64()), ["inf"]),
            ("FIGLI_MAGGIORENNI_DA_INTEGRARE", Array([1.5], DataType.float64()), ["1.5"]),
            ("FIGLI_MAGGIORENNI_DA_INTEGRARE", cast("3", DataType.decimal128(9, 2)), ["3"]),
            ("FIGLI_MAGGIORENNI_DA_INTEGRARE", cast("1" * 32, DataType.decimal128(38, 2)), ["1" * 32]),
            ("STATO_DAL", cast("9999-12-31T23:59:59Z", DataType.timestamp("us", tz="UTC")), ["31/12/9999"]),
            ("ADESIONE_PROATTIVI", Array([True], DataType.bool()), ["SI"]),
            ("ADESIONE_PROATTIVI", Array([False], DataType.bool()), ["NO"]),
            ("NOME", Array([True], DataType.bool()), ["true"]),
            ("NOME", Array(["Niccolò".encode()], DataType.binary()), ["Niccolò"]),
            ("NOME", Array([b"Zo\xe9"], DataType.binary()), ["Zo\ufffd"]),
            ("NOME", Array([None], DataType.string()), [""]),
            ("NOME", Array(["Ada"], DataType.large_string()), ["Ada"]),
            (
                "DOCUMENTI_RICHIESTI",
                list_array(Array(np.array([0, 3], dtype=np.int32)), Array(["A", None, "B"], DataType.string())),
                ["A|B"],
            ),
        ],
    )
    def test_a_typed_cell_is_written_as_the_csv_would(
        self, pack: Campaign, tmp_path: Path, column: str, array: Array, texts: list[str]
    ) -> None:
        (read_row,) = open_extract(self.table(tmp_path, {**self.texts([row()]), column: array}), pack).rows
        cells = dict(zip(pack.extract.columns.values(), read_row.cells, strict=True))
        assert cells == {**{name: GOOD[name] for name in cells}, column: texts[0]}
        assert read_row.number == 2

    def test_other_columns_may_be_of_any_type_and_order_is_free(self, pack: Campaign, tmp_path: Path) -> None:
        texts = self.texts([row()])
        nested = list_array(Array(np.array([0, 1], dtype=np.int32)), texts["NOME"])
        columns = {"ALTRO": nested, **dict(reversed(texts.items()))}
        assert len(read(self.table(tmp_path, columns), pack)[0]) == 1

    def test_a_type_that_no_cell_can_have_is_an_error_that_names_the_column(
        self, pack: Campaign, tmp_path: Path
    ) -> None:
        time = cast("10:30:00", DataType.time32("s"))
        file = self.table(tmp_path, {**self.texts([row()]), "NOME": time})
        with pytest.raises(InputError, match="la colonna NOME contiene valori di tipo time; ammessi: testo, numeri, "):
            read_applications(file, pack)

    def test_missing_columns_are_named(self, pack: Campaign, tmp_path: Path) -> None:
        texts = self.texts([row()])
        del texts["NOME"], texts["CANALE"]
        with pytest.raises(InputError, match=r"non è un estratto di assegno-unico: mancano le colonne NOME, CANALE$"):
            read_applications(self.table(tmp_path, texts), pack)

    def test_a_table_without_rows_is_an_error(self, pack: Campaign, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="ha l’intestazione e nessuna riga"):
            read_applications(self.table(tmp_path, self.texts([])), pack)

    @pytest.mark.parametrize(
        ("damage", "message"),
        [
            (lambda data: data[: len(data) // 2], "è un file Parquet danneggiato: manca la fine"),
            (lambda data: data[:4], "damaged"),
            (lambda data: data[:6], "damaged"),
            (lambda data: b"PAR1" + bytes(50) + b"PAR1", "è un file Parquet danneggiato$"),
            (lambda data: data[:500] + b"\xff" * 400 + data[900:], "è un file Parquet danneggiato$"),
        ],
        ids=["cut", "only a mark", "two bytes more", "no footer", "broken page"],
    )
    def test_a_damaged_file_is_an_error_before_any_row(
        self, pack: Campaign, tmp_path: Path, damage: Callable[[bytes], bytes], message: str
    ) -> None:
        file = self.table(tmp_path, self.texts(list(rows(5_000))), compression="snappy")
        file.write_bytes(damage(file.read_bytes()))
        with pytest.raises(InputError, match=message) as caught:
            read_applications(file, pack)
        assert "\n" not in str(caught.value)


class TestWrongFiles:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"I\0\0\0D\0\0\0", r"non è un file di testo; ammessi: CSV \(anche in gzip o zip\), Excel, Parquet$"),
            (gzip.compress(b"\x89PNG\r\n\x1a\n\0\0"), "è un’immagine"),
            (gzip.compress(b""), "è vuoto"),
            (lines(header=COLUMNS).encode(), "ha l’intestazione e nessuna riga$"),
            (lines("", "  ", header=COLUMNS).encode(), "ha l’intestazione e nessuna riga$"),
            (lines(line(), header=(*COLUMNS[:-1], "NOME")).encode(), "mancano le colonne ESTRATTO_IL$"),
            (lines(f"{line()};x", header=(*COLUMNS, "NOME")).encode(), "colonne ripetute: NOME$"),
            (b"x" * (3 * LINE_BYTES), "nelle prime 30 righe non c’è un’intestazione"),
        ],
        ids=[
            *("UTF-32 without mark", "PNG in gzip", "nothing in gzip", "header", "blank lines"),
            *("one column missing", "a column twice", "no line end"),
        ],
    )
    def test_a_file_that_is_no_extract_is_one_line_before_anything_is_read(
        self, pack: Campaign, tmp_path: Path, content: bytes, message: str
    ) -> None:
        file = saved(tmp_path, content)
        with pytest.raises(InputError, match=message) as caught:
            read_applications(file, pack)
        assert str(file) in str(caught.value) and "\n" not in str(caught.value)

    @pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no BOM", "BOM"])
    @pytest.mark.parametrize("damage", ["cut", "broken"])
    def test_a_damaged_gzip_is_an_error_before_any_row(
        self, pack: Campaign, tmp_path: Path, damage: str, mark: str
    ) -> None:
        data = gzip.compress((mark + text_of(rows(3_000))).encode())
        content = data[:-300] if damage == "cut" else data[:-300] + b"\x55" * 100 + data[-200:]
        with pytest.raises(InputError, match="non si può leggere: "):
            read_applications(saved(tmp_path, content), pack)

    def test_a_device_is_not_waited_for(self, pack: Campaign) -> None:
        with pytest.raises(InputError, match="non si può leggere: non è un file"):
            read_applications(Path("/dev/null"), pack)


MEASURE = """
import sys
from pathlib import Path
from videoguide.intake.applications import Application, read_applications
from videoguide.packs.campaigns import load

campaign = load(Path(sys.argv[1]), "assegno-unico")
count = sum(isinstance(row, Application) for row in read_applications(Path(sys.argv[2]), campaign))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))  # getrusage has the parent's, too
print(count, peak.split()[1])
"""


@pytest.fixture(scope="module")
def few_and_many(pack: Campaign, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A CSV of 3,000 rows, and one of 300,000."""
    files = [tmp_path_factory.mktemp("memory") / f"{count}.csv" for count in (3_000, 300_000)]
    for file in files:
        write_sample(pack, int(file.stem), 1, file)
    return files


def as_gzip(file: Path, folder: Path) -> Path:
    packed = folder / f"{file.name}.gz"
    packed.write_bytes(gzip.compress(file.read_bytes(), 1))
    return packed


def as_parquet(file: Path, folder: Path) -> Path:
    header, *cells = [text.split(";") for text in file.read_text(encoding="utf-8-sig").splitlines()]
    columns = zip(*cells, strict=True)
    table: dict[str, ArrayInput | ArrowStreamExportable] = {
        name: Array(list(column), DataType.string()) for name, column in zip(header, columns, strict=True)
    }
    write_parquet(Table.from_pydict(table), folder / f"{file.stem}.parquet", compression="snappy")
    return folder / f"{file.stem}.parquet"


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel for the peak of one process")
@pytest.mark.parametrize("made", [lambda file, _: file, as_gzip, as_parquet], ids=["csv", "gzip", "parquet"])
def test_three_hundred_thousand_rows_take_no_more_memory_than_three_thousand(
    pack: Campaign, few_and_many: list[Path], tmp_path: Path, made: Callable[[Path, Path], Path]
) -> None:
    def applications_and_megabytes(file: Path) -> tuple[int, float]:
        command = [sys.executable, "-c", MEASURE, str(pack.folder.parent), str(made(file, tmp_path))]
        figures = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        return int(figures[0]), int(figures[1]) / 1024

    (few, little), (many, much) = map(applications_and_megabytes, few_and_many)
    assert many > 95 * few
    assert much < little + 40, "megabytes; the plain file has 53, its rows as objects some hundreds, a Parquet page 1"
    assert much < 120
