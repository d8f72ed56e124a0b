# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Writes extracts of invented applications, as an office would export them or worse."""

import csv
import gzip
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from stdnum.it import codicefiscale

GOOD: Mapping[str, str] = {
    "ID_DOMANDA": "AUU202200000001",
    "CODICE_FISCALE": "RSSGLI85T50A562U",
    "NOME": "Giulia",
    "SESSO": "F",
    "RICHIEDENTE": "GENITORE",
    "ANNO_COMPETENZA": "2022",
    "DATA_PRESENTAZIONE": "27/02/2022",
    "CANALE": "WEB",
    "PATRONATO": "",
    "STATO_DOMANDA": "IN EVIDENZA AL CITTADINO",
    "STATO_DAL": "01/02/2023",
    "DOCUMENTI_RICHIESTI": "PROVV_AFFIDO",
    "FIGLI_MAGGIORENNI_DA_INTEGRARE": "0",
    "ANOMALIA_IBAN": "",
    "ADESIONE_PROATTIVI": "SI",
    "EMAIL": "giulia@example.org",
    "CELLULARE": "",
    "SU_APP_IO": "SI",
    "ESTRATTO_IL": "06/06/2023",
}
"""A row that becomes an application with a case."""


def fiscal_code(first_fifteen: str) -> str:
    """A fiscal code with its right check letter."""
    return first_fifteen + str(codicefiscale.calc_check_digit(first_fifteen))


def row(**changes: str) -> dict[str, str]:
    """The good row, changed."""
    assert changes.keys() <= GOOD.keys()
    return {**GOOD, **changes}


def rows(count: int) -> Iterable[dict[str, str]]:
    """Good rows of as many applications."""
    return (row(ID_DOMANDA=f"AUU2022{number:08}") for number in range(count))


def text_of(lines: Iterable[Mapping[str, str]], delimiter: str = ";") -> str:
    """The extract as text, with a header."""
    written = io.StringIO()
    writer = csv.DictWriter(written, GOOD.keys(), delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(lines)
    return written.getvalue()


def write_extract(
    file: Path,
    lines: Iterable[Mapping[str, str]],
    *,
    encoding: str = "utf-8-sig",
    delimiter: str = ";",
    packed: bool = False,
) -> Path:
    """The extract as a file."""
    data = text_of(lines, delimiter).encode(encoding)
    file.write_bytes(gzip.compress(data) if packed else data)
    return file
