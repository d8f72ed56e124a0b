# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Extracts -> applications: read as they come, never trusted, never repeated in an error."""

import gzip
import tracemalloc
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.extracts import GOOD, fiscal_code, row, rows, text_of, write_extract
from tests.support.places import DATA
from videoguide.errors import InputError
from videoguide.guide.eligibility import decide
from videoguide.intake.applications import Application, Rejection, read_applications, tidy_patronato
from videoguide.packs.campaigns import Campaign
from videoguide.wording import INSTITUTE_TIME

SIX, SEVEN = DATA / "extract-2023-06-06.csv", DATA / "extract-2023-06-07.csv"
STATUSES = (
    "IN ISTRUTTORIA, IN EVIDENZA ALLA SEDE, IN EVIDENZA AL CITTADINO, ACCOLTA, RESPINTA, REVOCATA, DECADUTA, RINUNCIATA"
)
PAPERS = "PROVV_AFFIDO, ACCORDO_RIPARTIZIONE, PERMESSO_SOGGIORNO, CERT_DISABILITA, DECRETO_TUTELA, ID_FINANZIARIA"
REASONS = {
    ("ID_DOMANDA", "è vuoto"): 2,
    ("CODICE_FISCALE", "non è un codice fiscale valido"): 2,
    ("DATA_PRESENTAZIONE", "non è una data; ammesso: gg/mm/aaaa"): 2,
    ("STATO_DOMANDA", f"valore sconosciuto; ammessi: {STATUSES}"): 2,
    ("ADESIONE_PROATTIVI", "valore sconosciuto; ammessi: SI, NO"): 2,
    ("DOCUMENTI_RICHIESTI", f"valore sconosciuto; ammessi: {PAPERS}"): 2,
    ("FIGLI_MAGGIORENNI_DA_INTEGRARE", "non è un numero da 0 a 9"): 2,
}


def read(file: Path, campaign: Campaign) -> tuple[list[Application], list[Rejection]]:
    rows = list(read_applications(file, campaign))
    good = [row for row in rows if isinstance(row, Application)]
    return good, [row for row in rows if isinstance(row, Rejection)]


def read_one(tmp_path: Path, campaign: Campaign, **changes: str) -> Application | Rejection:
    (outcome,) = read_applications(write_extract(tmp_path / "extract.csv", [row(**changes)]), campaign)
    return outcome


def accepted(tmp_path: Path, campaign: Campaign, **changes: str) -> Application:
    outcome = read_one(tmp_path, campaign, **changes)
    assert isinstance(outcome, Application), outcome
    return outcome


def rejected(tmp_path: Path, campaign: Campaign, **changes: str) -> tuple[str, str]:
    outcome = read_one(tmp_path, campaign, **changes)
    assert isinstance(outcome, Rejection)
    assert outcome.row == 2
    return outcome.column, outcome.reason


class TestRealExtracts:
    """Two small parts of an office's exports, with every kind of bad row; all people in them are invented."""

    @pytest.mark.parametrize(
        ("file", "reasons", "left_out", "cases"),
        [
            (
                SIX,
                REASONS,
                {"no-consent": 6, "year": 2, "not-blocked": 14},
                {
                    "unverified-iban": 11,
                    "missing-documents": 11,
                    "adult-child": 9,
                    "missing-documents+adult-child": 4,
                },
            ),
            (
                SEVEN,
                {**REASONS, ("NOME", "contiene un carattere perso per strada ('?')"): 2},
                {"no-consent": 7, "year": 2, "not-blocked": 15},
                {
                    "unverified-iban": 16,
                    "missing-documents": 12,
                    "adult-child": 7,
                    "missing-documents+adult-child": 4,
                },
            ),
        ],
        ids=["utf-8 with BOM", "windows-1252"],
    )
    def test_every_row_is_counted_under_its_reason(
        self, pack: Campaign, file: Path, reasons: object, left_out: object, cases: object
    ) -> None:
        good, bad = read(file, pack)
        assert Counter((row.column, row.reason) for row in bad) == reasons
        decisions = [decide(application, pack) for application in {newest.id: newest for newest in good}.values()]
        assert Counter(decision.left_out for decision in decisions if decision.left_out) == left_out
        assert Counter("+".join(decision.cases) for decision in decisions if decision.cases) == cases

    @pytest.mark.parametrize("file", [SIX, SEVEN], ids=["utf-8 with BOM", "windows-1252"])
    def test_rows_come_in_the_order_of_the_file_each_once(self, pack: Campaign, file: Path) -> None:
        outcomes = list(read_applications(file, pack))
        lines = file.read_bytes().split(b"\r\n")[1:-1]
        assert len(outcomes) == len(lines)
        for number, (line, outcome) in enumerate(zip(lines, outcomes, strict=True), 2):
            if isinstance(outcome, Application):
                assert line.split(b";")[0].decode() == outcome.id
            else:
                assert outcome.row == number

    def test_both_encodings_give_the_same_accents(self, pack: Campaign) -> None:
        six, seven = (
            {application.id: application.first_name for application in read(file, pack)[0]} for file in (SIX, SEVEN)
        )
        both = six.keys() & seven.keys()
        assert len(both) >= 5
        assert {key: six[key] for key in both} == {key: seven[key] for key in both}
        assert any(not name.isascii() for name in six.values())
        assert any(not name.isascii() for name in seven.values())

    def test_no_rejection_repeats_anything_of_a_person(self, pack: Campaign) -> None:
        for file, encoding in ((SIX, "utf-8-sig"), (SEVEN, "cp1252")):
            lines = file.read_text(encoding=encoding).splitlines()
            columns = lines[0].split(";")
            personal = [columns.index(name) for name in ("CODICE_FISCALE", "NOME", "EMAIL", "CELLULARE")]
            for rejection in read(file, pack)[1]:
                cells = lines[rejection.row - 1].split(";")
                for place in personal:
                    assert not cells[place].strip() or cells[place] not in str(rejection)


class TestForms:
    @pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
    @pytest.mark.parametrize("delimiter", [";", ","])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
    def test_either_encoding_and_delimiter_plain_or_packed_reads_the_same(
        self, pack: Campaign, tmp_path: Path, encoding: str, delimiter: str, packed: bool
    ) -> None:
        line = row(NOME="Niccolò", PATRONATO="50&PIÙ ENASCO", CANALE="PATRONATO", EMAIL="a;b,c@example.org")
        file = write_extract(tmp_path / "x", [line], encoding=encoding, delimiter=delimiter, packed=packed)
        ((application,), bad) = read(file, pack)
        assert bad == []
        assert (application.first_name, application.patronato, application.email) == (
            "Niccolò",
            "50&PIÙ ENASCO",
            "a;b,c@example.org",
        )

    def test_columns_may_stand_in_any_order_with_others_between_them(self, pack: Campaign, tmp_path: Path) -> None:
        names = ["NOTE", *reversed(list(GOOD))]
        lines = [";".join(names), ";".join(["una nota", *reversed(list(GOOD.values()))])]
        (tmp_path / "x.csv").write_text("\n".join(lines), encoding="utf-8")
        ((application,), _) = read(tmp_path / "x.csv", pack)
        assert application.spoken_name == "Giulia" and application.extracted_on == date(2023, 6, 6)

    def test_blanks_around_cells_and_column_names_do_not_matter(self, pack: Campaign, tmp_path: Path) -> None:
        lines = [" ; ".join(GOOD), " ; ".join(GOOD.values())]
        (tmp_path / "x.csv").write_text("\n".join(lines), encoding="utf-8")
        ((application,), bad) = read(tmp_path / "x.csv", pack)
        assert bad == [] and application.status == "citizen-action"

    def test_a_file_that_says_it_is_utf_8_stays_so_with_a_broken_byte_in_it(
        self, pack: Campaign, tmp_path: Path
    ) -> None:
        data = text_of([row(NOME="Niccolò"), row(NOME="Zoé")]).encode("utf-8-sig")
        (tmp_path / "x.csv").write_bytes(data.replace("é".encode(), b"\xe9"))
        good, bad = read(tmp_path / "x.csv", pack)
        assert [application.first_name for application in good] == ["Niccolò"]
        assert [(rejection.row, rejection.column) for rejection in bad] == [(3, "NOME")] and "perso" in bad[0].reason

    def test_a_byte_that_windows_1252_does_not_know_is_a_lost_character_of_its_row(
        self, pack: Campaign, tmp_path: Path
    ) -> None:
        data = text_of([row(NOME="Niccolò"), row(NOME="Zo@")]).encode("cp1252").replace(b"Zo@", b"Zo\x81")
        (tmp_path / "x.csv").write_bytes(data)
        good, bad = read(tmp_path / "x.csv", pack)
        assert [application.first_name for application in good] == ["Niccolò"]
        assert "perso" in bad[0].reason

    def test_a_cell_may_hold_quotes_delimiters_and_a_line_break(self, pack: Campaign, tmp_path: Path) -> None:
        lines = [row(EMAIL='di "Nina"; e\naltri'), row(NOME="Anna\nRita"), row(NOME="Marta")]
        good, bad = read(write_extract(tmp_path / "x.csv", lines[1:]), pack)
        assert [application.first_name for application in good] == ["Marta"]
        assert [(rejection.row, rejection.reason) for rejection in bad] == [
            (2, "contiene un carattere di controllo o invisibile (U+000A)")
        ]

    @pytest.mark.parametrize("closed_later", [False, True], ids=["never closed", "closed by another one"])
    def test_a_stray_quote_spoils_its_own_row_and_no_other(
        self, pack: Campaign, tmp_path: Path, closed_later: bool
    ) -> None:
        lines = text_of([row(ID_DOMANDA=f"A{number}", NOME=f"N{number}A") for number in range(2000)])
        lines = lines.replace("N10A", '"Anna')
        lines = lines.replace("N20A", '"Rita') if closed_later else lines
        (tmp_path / "x.csv").write_text(lines, encoding="utf-8")
        good, bad = read(tmp_path / "x.csv", pack)
        assert len(good) + len(bad) == 2000
        assert len(bad) <= 2 and len({application.id for application in good}) == len(good)

    def test_empty_lines_are_passed_over_and_a_short_row_is_rejected(self, pack: Campaign, tmp_path: Path) -> None:
        text = text_of([row()])
        (tmp_path / "x.csv").write_text(f"{text}\r\n\r\nAUU1;X\r\n", encoding="utf-8")
        good, bad = read(tmp_path / "x.csv", pack)
        assert len(good) == 1
        assert [(rejection.row, rejection.reason) for rejection in bad] == [(5, "la riga è troppo corta")]

    def test_a_zero_byte_in_a_name_spoils_only_its_row(self, pack: Campaign, tmp_path: Path) -> None:
        file = write_extract(tmp_path / "x.csv", [row(), row(NOME="An\0na")])
        good, bad = read(file, pack)
        assert len(good) == 1 and "U+0000" in bad[0].reason

    def test_memory_does_not_grow_with_the_extract(self, pack: Campaign, tmp_path: Path) -> None:
        def peak(count: int) -> int:
            file = write_extract(tmp_path / f"{count}.csv", rows(count))
            tracemalloc.start()
            assert sum(1 for _ in read_applications(file, pack)) == count
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            return most

        assert peak(8_000) < peak(500) + 1_500_000, "the file alone has 1.5 MB more"

    def test_rows_are_read_as_they_are_asked_for(self, pack: Campaign, tmp_path: Path) -> None:
        outcomes = read_applications(write_extract(tmp_path / "x.csv", rows(3)), pack)
        assert isinstance(next(outcomes), Application)
        assert len(list(outcomes)) == 2


class TestWrongFiles:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "è vuoto; atteso un estratto con le colonne ID_DOMANDA, "),
            (b"\xef\xbb\xbf", "è vuoto"),
            (b"\n\n", "è vuoto"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "è un’immagine; ammessi: CSV"),
            ("ID_DOMANDA;NOME\r\n".encode("utf-16"), "mancano le colonne CODICE_FISCALE, "),
            (b"name,age\nAnna,30\n", "nelle prime 30 righe non c’è un’intestazione con le colonne ID_DOMANDA, "),
            (b"PK\x03\x04\x14\x00\x08", "è uno zip danneggiato"),
            (b"\x1f\x8b\x08broken", "non si può leggere"),
            (gzip.compress(b"ID_DOMANDA;" * 5000)[:-20], "non si può leggere"),
            (gzip.compress(text_of(rows(2000)).encode())[:2000] + b"damage" * 300, "non si può leggere"),
            (bytes(range(1, 256)) * 20, "nelle prime 30 righe non c’è"),
        ],
        ids=["empty", "BOM", "blank", "PNG", "UTF-16", "other CSV", "zip", "gz", "cut gz", "damaged gz", "bytes"],
    )
    def test_a_file_that_is_no_extract_is_an_error_before_anything_is_read(
        self, pack: Campaign, tmp_path: Path, content: bytes, message: str
    ) -> None:
        (tmp_path / "x.csv").write_bytes(content)
        with pytest.raises(InputError, match=message) as caught:
            read_applications(tmp_path / "x.csv", pack)
        assert str(tmp_path / "x.csv") in str(caught.value) and "\n" not in str(caught.value)

    def test_a_header_alone_is_an_error(self, pack: Campaign, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="ha l’intestazione e nessuna riga"):
            read_applications(write_extract(tmp_path / "x.csv", []), pack)

    def test_a_missing_column_is_named(self, pack: Campaign, tmp_path: Path) -> None:
        text = text_of([row()]).replace("STATO_DOMANDA", "STATO")
        (tmp_path / "x.csv").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=r"mancano le colonne STATO_DOMANDA$"):
            read_applications(tmp_path / "x.csv", pack)

    def test_a_folder_or_a_missing_file_is_an_error(self, pack: Campaign, tmp_path: Path) -> None:
        for path in (tmp_path / "nothing.csv", tmp_path / "x.csv" / "below"):
            with pytest.raises(InputError, match="non si può leggere"):
                read_applications(path, pack)
        with pytest.raises(InputError, match="è una cartella senza file Parquet"):
            read_applications(tmp_path, pack)


class TestRows:
    def test_a_good_row_becomes_an_application_with_the_campaigns_own_words(
        self, pack: Campaign, tmp_path: Path
    ) -> None:
        assert accepted(tmp_path, pack, CELLULARE="+39 000", NOME="GIULIA ") == Application(
            id="AUU202200000001",
            fiscal_code="RSSGLI85T50A562U",
            first_name="GIULIA ",
            spoken_name="Giulia",
            sex="F",
            applicant="parent",
            filed_on=date(2022, 2, 27),
            channel="citizen",
            patronato="",
            status="citizen-action",
            status_since=date(2023, 2, 1),
            consent=True,
            facts={"documents": ("custody-ruling",), "adult_children": 0, "iban_anomaly": ""},
            email="giulia@example.org",
            mobile="+39 000",
            on_app_io=True,
            extracted_on=date(2023, 6, 6),
        )

    @pytest.mark.parametrize(
        ("given", "channel"),
        [("WEB", "citizen"), ("MOBILE", "citizen"), ("CONTACT_CENTER", "citizen"), ("PATRONATO", "patronato")],
    )
    def test_channels_are_the_citizen_or_a_patronato(
        self, pack: Campaign, tmp_path: Path, given: str, channel: str
    ) -> None:
        assert accepted(tmp_path, pack, CANALE=given).channel == channel

    @pytest.mark.parametrize(
        ("given", "documents"),
        [
            ("", ()),
            ("CERT_DISABILITA", ("disability-certificate",)),
            ("ID_FINANZIARIA|PROVV_AFFIDO", ("financial-identification-form", "custody-ruling")),
            ("PROVV_AFFIDO | PROVV_AFFIDO", ("custody-ruling",)),
        ],
    )
    def test_documents_are_a_list_without_repeats(
        self, pack: Campaign, tmp_path: Path, given: str, documents: tuple[str, ...]
    ) -> None:
        assert accepted(tmp_path, pack, DOCUMENTI_RICHIESTI=given).facts["documents"] == documents

    @pytest.mark.parametrize(("given", "count"), [("", 0), ("0", 0), ("1", 1), ("9", 9), ("02", 2)])
    def test_adult_children_are_a_count(self, pack: Campaign, tmp_path: Path, given: str, count: int) -> None:
        assert accepted(tmp_path, pack, FIGLI_MAGGIORENNI_DA_INTEGRARE=given).facts["adult_children"] == count

    @pytest.mark.parametrize("given", ["due", "-1", "10", "1.5", "²", "١", "9" * 5000, "1e0", "+1"])
    def test_a_count_that_is_no_small_number_is_rejected(self, pack: Campaign, tmp_path: Path, given: str) -> None:
        assert rejected(tmp_path, pack, FIGLI_MAGGIORENNI_DA_INTEGRARE=given) == (
            "FIGLI_MAGGIORENNI_DA_INTEGRARE",
            "non è un numero da 0 a 9",
        )

    @pytest.mark.parametrize("days", [2, 60, 65_000])
    def test_an_extract_of_a_day_to_come_is_not_trusted(self, tmp_path: Path, pack: Campaign, days: int) -> None:
        """Of a row of 2203, every later extract would be older for good."""
        day = datetime.now(INSTITUTE_TIME).date() + timedelta(days=days)
        column, reason = rejected(tmp_path, pack, ESTRATTO_IL=f"{day:%d/%m/%Y}")
        assert (column, reason) == ("ESTRATTO_IL", "è un giorno che deve ancora venire; ammesso: fino a domani")

    def test_one_of_today_or_of_a_clock_that_is_ahead_a_little_is(self, tmp_path: Path, pack: Campaign) -> None:
        for days in (0, 1):
            day = datetime.now(INSTITUTE_TIME).date() + timedelta(days=days)
            assert accepted(tmp_path, pack, ESTRATTO_IL=f"{day:%d/%m/%Y}").extracted_on == day

    def test_an_extract_before_the_campaigns_years_is_not_trusted(self, tmp_path: Path, pack: Campaign) -> None:
        assert rejected(tmp_path, pack, ESTRATTO_IL="31/12/2021") == (
            "ESTRATTO_IL",
            "è prima della campagna; ammesso: dal 2022",
        )

    @pytest.mark.parametrize("column", ["DATA_PRESENTAZIONE", "ESTRATTO_IL", "STATO_DAL"])
    @pytest.mark.parametrize("given", ["31/02/2023", "2023-02-30", "01/13/2023", "ieri", "1/1/19", "02/2023"])
    def test_an_impossible_date_is_rejected(self, pack: Campaign, tmp_path: Path, column: str, given: str) -> None:
        assert rejected(tmp_path, pack, **{column: given}) == (column, "non è una data; ammesso: gg/mm/aaaa")

    def test_only_the_date_of_the_status_may_be_missing(self, pack: Campaign, tmp_path: Path) -> None:
        assert accepted(tmp_path, pack, STATO_DAL="").status_since is None
        for column in ("DATA_PRESENTAZIONE", "ESTRATTO_IL"):
            assert rejected(tmp_path, pack, **{column: ""})[0] == column

    @pytest.mark.parametrize(
        ("column", "given"),
        [
            ("STATO_DOMANDA", "SOSPESA"),
            ("STATO_DOMANDA", ""),
            ("DOCUMENTI_RICHIESTI", "PROVV_AFFIDO|PASSAPORTO"),
            ("DOCUMENTI_RICHIESTI", "PROVV_AFFIDO CERT_DISABILITA"),
            ("ANOMALIA_IBAN", "SCONOSCIUTA"),
            ("CANALE", "FAX"),
            ("CANALE", ""),
            ("ADESIONE_PROATTIVI", "FORSE"),
            ("ADESIONE_PROATTIVI", ""),
            ("SESSO", "X"),
            ("RICHIEDENTE", "NONNO"),
        ],
    )
    def test_an_unknown_value_is_rejected_with_the_allowed_ones(
        self, pack: Campaign, tmp_path: Path, column: str, given: str
    ) -> None:
        rejected_column, reason = rejected(tmp_path, pack, **{column: given})
        assert rejected_column == column and reason.startswith("valore sconosciuto; ammessi: ")
        assert not given or given not in reason

    def test_a_row_without_an_id_is_rejected(self, pack: Campaign, tmp_path: Path) -> None:
        assert rejected(tmp_path, pack, ID_DOMANDA="  ") == ("ID_DOMANDA", "è vuoto")

    def test_a_patronato_that_cannot_be_shown_is_left_unsaid(self, pack: Campaign, tmp_path: Path) -> None:
        for given in ("50&PI? ENASCO", "AC\x07LI", "x" * 41):
            assert accepted(tmp_path, pack, CANALE="PATRONATO", PATRONATO=given).patronato == ""


class TestFiscalCodes:
    @pytest.mark.parametrize(
        ("code", "sex"),
        [
            (fiscal_code("RSSGLI85T50A562"), "F"),
            (fiscal_code("RSSMRA85T10A562"), "M"),
            (fiscal_code("RSSGLI85T50A56N"), "F"),
            (fiscal_code("RSSGLI85TRLA562"), "F"),  # day 50, in letters
            (fiscal_code("RSSMRA85TMLA562"), "M"),  # day 10
            (fiscal_code("RSSGLIURTRLARSN"), "F"),  # every digit that may be a letter
        ],
    )
    def test_a_code_tells_the_sex_where_the_extract_does_not_letters_for_digits_too(
        self, pack: Campaign, tmp_path: Path, code: str, sex: str
    ) -> None:
        assert accepted(tmp_path, pack, CODICE_FISCALE=code.lower(), SESSO="").sex == sex

    def test_what_the_extract_says_goes_before_the_code(self, pack: Campaign, tmp_path: Path) -> None:
        assert accepted(tmp_path, pack, CODICE_FISCALE=fiscal_code("RSSMRA85T10A562"), SESSO="F").sex == "F"

    @pytest.mark.parametrize(
        "code",
        [
            "",
            "RSSMRA85T10A562A",
            "RSSMRA85T10A56",
            "12345678901",
            fiscal_code("RSSMRA85T32A562"),
            "00743110157",
            "è" * 16,
            fiscal_code("RSSMRA85T75A562"),
            "X",
            fiscal_code("RSSMRA85T00A562"),
        ],
    )
    def test_a_wrong_code_is_rejected_without_being_repeated(self, pack: Campaign, tmp_path: Path, code: str) -> None:
        assert rejected(tmp_path, pack, CODICE_FISCALE=code) == ("CODICE_FISCALE", "non è un codice fiscale valido")


class TestNames:
    @pytest.mark.parametrize("name", ["?ukasz", "An\nna", "Ann\ufffd"])
    def test_a_row_whose_name_was_damaged_on_the_way_is_rejected(
        self, pack: Campaign, tmp_path: Path, name: str
    ) -> None:
        column, reason = rejected(tmp_path, pack, NOME=name)
        assert column == "NOME" and name not in reason

    @pytest.mark.parametrize("name", ["", "XXX", "-", "Senza nome", "<b>Anna</b>", "a" * 37])
    def test_a_row_without_a_name_that_can_be_said_is_a_row_all_the_same(
        self, pack: Campaign, tmp_path: Path, name: str
    ) -> None:
        application = accepted(tmp_path, pack, NOME=name)
        assert (application.first_name, application.spoken_name) == (name, "")

    def test_a_name_is_read_with_the_accents_of_the_campaigns_lexicon(self, pack: Campaign, tmp_path: Path) -> None:
        assert accepted(tmp_path, pack, NOME="JOSE").spoken_name == "José"

    def test_a_patronato_keeps_its_capitals(self) -> None:
        assert tidy_patronato("  50&PIÙ   ENASCO ") == "50&PIÙ ENASCO"
        assert tidy_patronato("ACLI") == "ACLI" and tidy_patronato("  ") == ""

    @pytest.mark.parametrize("name", ["AC?LI", "AC\x07LI", "x" * 41])
    def test_a_patronato_that_cannot_be_shown_is_refused(self, name: str) -> None:
        with pytest.raises(InputError, match=r"^patronato: (contiene un carattere|ha 41 caratteri; ammessi: 40)"):
            tidy_patronato(name)


def test_a_second_campaign_has_its_own_columns_spellings_and_dates(tiny: Campaign, tmp_path: Path) -> None:
    header = (
        "numero,cf,nome,sesso,chi,del,via,patronato,stato,dal,consenso,email,cellulare,io,estratto,scontrini,alunni"
    )
    line = f"7,{GOOD['CODICE_FISCALE']},ANNA,f,genitore,2024-03-01,web,,attesa,,s,,,n,2024-04-01,Q+L,2"
    (tmp_path / "x.csv").write_text(f"{header}\n{line}\n", encoding="utf-8")
    ((application,), _) = read(tmp_path / "x.csv", tiny)
    assert application.facts == {"receipts": ("notebooks", "books"), "pupils": 2}
    assert (application.spoken_name, application.status, application.filed_on) == ("Anna", "waiting", date(2024, 3, 1))
    assert decide(application, tiny).cases == ("missing-receipt", "missing-school")
