# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""An extract -> its distinct applications, in constant memory, and the list of rejected rows.

Good rows go through a scratch database on disk, which keeps the newest row of each application and
returns the applications in order.
"""

import csv
import io
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from videoguide.errors import InputError
from videoguide.intake.applications import Application, Rejection, interpreted, is_corrected_code
from videoguide.intake.extracts import open_extract
from videoguide.intake.headers import FileForm
from videoguide.packs.campaigns import Campaign
from videoguide.progress import Tell, silently
from videoguide.scratch import scratch, scratch_errors
from videoguide.store import write_whole
from videoguide.wording import number, spreadsheet_cell

BATCH_ROWS = 250  # larger batches are slower: their rows outlive the processor's cache and a garbage collection
REPORT_ROWS = 1000
REJECTED_OF = 10
"""One row in so many may be rejected; more say that the file was exported wrongly, not that people made mistakes."""

TWO_PEOPLE = "questo numero è in più righe, di persone diverse"

# The trigger writes down the rows of a number that comes with a second person's code: seldom, and then all of them.
_TABLES = """
CREATE TABLE newest (id TEXT PRIMARY KEY, day INTEGER, application BLOB, code TEXT, name TEXT, row INTEGER);
CREATE TABLE several (id TEXT, row INTEGER, code TEXT, name TEXT, PRIMARY KEY (id, row));
CREATE TRIGGER second_person BEFORE INSERT ON newest
WHEN EXISTS (SELECT 1 FROM newest WHERE id = NEW.id AND (code <> NEW.code OR id IN (SELECT id FROM several)))
BEGIN
    INSERT OR IGNORE INTO several SELECT id, row, code, name FROM newest WHERE id = NEW.id;
    INSERT OR IGNORE INTO several VALUES (NEW.id, NEW.row, NEW.code, NEW.name);
END;
"""
_TAKE = """
INSERT INTO newest VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    day = excluded.day, application = excluded.application, code = excluded.code, name = excluded.name,
    row = excluded.row
WHERE excluded.day > day
"""
_ALL = "SELECT application FROM newest ORDER BY id"

_packed = msgspec.msgpack.Encoder().encode
_unpacked = msgspec.msgpack.Decoder(Application).decode


@dataclass
class Counts:
    """The numbers of an extract's rows, without blank ones.

    All rows, the ``rejected`` ones, and good ones of an application that came earlier in the file (``duplicates``).
    """

    rows: int = 0
    rejected: int = 0
    duplicates: int = 0

    def require_trust(self, extract: Path, rejected: Path) -> None:
        """Raise InputError where so many rows were rejected that the file as a whole must be wrong."""
        if self.rejected * REJECTED_OF > self.rows:
            shares = f"righe scartate {number(self.rejected)} su {number(self.rows)}"
            others = "" if self.rejected == self.rows else ". Con --accept-rejects si usano le altre"
            raise InputError(
                f"{extract}: {shares}, più di una su {REJECTED_OF}: "
                f"non è cambiato niente; i motivi sono in {rejected}{others}"
            )


class Intake:
    """The distinct applications of an extract, in the order of their ids; it can be iterated many times.

    ``form`` says how the file is written. Iterating raises StoreError when the disk fails.
    """

    def __init__(self, form: FileForm, counts: Counts, folder: Path, database: sqlite3.Connection) -> None:
        self.form, self.counts = form, counts
        self._folder, self._database = folder, database

    def __len__(self) -> int:
        return self.counts.rows - self.counts.rejected - self.counts.duplicates

    def __iter__(self) -> Iterator[Application]:
        with scratch_errors(self._folder):
            for (packed,) in self._database.execute(_ALL):
                yield _unpacked(packed)

    def batches(self, size: int) -> Iterator[list[Application]]:
        """The same applications in lists of ``size``; the last one may be shorter."""
        applications = iter(self)
        while batch := list(islice(applications, size)):
            yield batch


@contextmanager
def take_in(extract: Path, campaign: Campaign, rejected: Path, *, tell: Tell = silently) -> Iterator[Intake]:
    """Read the whole extract, list its rejected rows in the file ``rejected``, and give its applications.

    Of several rows of one application, the one with the latest ``extracted_on`` counts, and among equally new
    ones the first. A number that comes with the codes of two people is trusted in none of its rows. ``rejected``
    is a CSV for spreadsheets, written once everything has been read; it holds only the header if nothing was
    rejected. ``tell`` is called with the number of rows read, of an unknown total (0).

    Raises InputError for a file that is not an extract (then nothing is written), StoreError when the folder of
    ``rejected`` cannot be written or the disk is full. The applications are deleted when the context ends.

    For example::

        with take_in(Path("applications.csv"), campaign, Path("out/rejected.csv")) as intake:
            print(len(intake), intake.counts.rejected)
    """
    form, rows = open_extract(extract, campaign)
    with scratch(rejected.parent, _TABLES) as database:
        intake = Intake(form, Counts(), rejected.parent, database)
        write_whole(
            rejected, _take(interpreted(rows, campaign), intake, database, campaign.extract.columns["id"], tell)
        )
        yield intake


def _take(
    rows: Iterator[tuple[int, Application | Rejection]],
    intake: Intake,
    database: sqlite3.Connection,
    id_column: str,
    tell: Tell,
) -> Iterator[bytes]:
    """Put good rows into the database, and yield the file of rejected ones piece by piece."""
    counts = intake.counts
    yield _lines([("riga", "colonna", "motivo")]).encode("utf-8-sig")
    while batch := list(islice(rows, BATCH_ROWS)):
        applications = [(number, outcome) for number, outcome in batch if isinstance(outcome, Application)]
        rejections = [outcome for _, outcome in batch if isinstance(outcome, Rejection)]
        with scratch_errors(intake._folder):
            database.executemany(
                _TAKE,
                [
                    (
                        application.id,
                        application.extracted_on.toordinal(),
                        _packed(application),
                        application.fiscal_code,
                        application.spoken_name,
                        number,
                    )
                    for number, application in applications
                ],
            )
        if rejections:
            yield _rejected(rejections)
        counts.rows += len(batch)
        counts.rejected += len(rejections)
        if counts.rows % REPORT_ROWS == 0:
            tell("Lettura", counts.rows, 0)
    with scratch_errors(intake._folder):
        shared = _shared_numbers(database, id_column)
        database.execute("COMMIT")
        ((distinct,),) = database.execute("SELECT count(*) FROM newest")
    if shared:
        yield _rejected(shared)
        counts.rejected += len(shared)
    counts.duplicates = counts.rows - counts.rejected - distinct
    tell("Lettura", counts.rows, 0)


def _shared_numbers(database: sqlite3.Connection, id_column: str) -> list[Rejection]:
    """Take the applications whose number two people share out of the database; returns all of their rows."""
    people: dict[str, list[tuple[int, str, str]]] = {}
    for application_id, row, code, name in database.execute("SELECT id, row, code, name FROM several ORDER BY row"):
        people.setdefault(application_id, []).append((row, code, name))
    rejections = []
    for application_id, rows in people.items():
        _, first_code, first_name = rows[0]
        if all(code == first_code or is_corrected_code(first_code, first_name, code, name) for _, code, name in rows):
            continue
        database.execute("DELETE FROM newest WHERE id = ?", (application_id,))
        rejections += [Rejection(row, id_column, TWO_PEOPLE) for row, _, _ in rows]
    return rejections


def _rejected(rejections: list[Rejection]) -> bytes:
    """The lines of rejected rows, with cells that no spreadsheet takes for formulas."""
    return _lines(
        [
            (rejection.row, spreadsheet_cell(rejection.column), spreadsheet_cell(rejection.reason))
            for rejection in rejections
        ]
    ).encode()


def _lines(records: list[tuple[object, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(records)
    return text.getvalue()
