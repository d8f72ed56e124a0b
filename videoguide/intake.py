"""An extract -> its distinct applications, in constant memory, and the list of rejected rows.

Good rows go through a scratch database on disk, which keeps the newest of each application and
gives them back in order.
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

from videoguide.applications import Application, Rejection, read_applications
from videoguide.campaigns import Campaign
from videoguide.progress import Tell, silently
from videoguide.scratch import scratch, scratch_errors
from videoguide.store import write_whole

BATCH_ROWS = 250  # larger ones are slower: a batch's rows then outlive the processor's cache and a garbage collection
REPORT_ROWS = 1000
SIGNS_OF_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_TABLE = "CREATE TABLE taken (id TEXT PRIMARY KEY, day INTEGER, application BLOB);"
_TAKE = """
INSERT INTO taken VALUES (?, ?, ?)
ON CONFLICT (id) DO UPDATE SET day = excluded.day, application = excluded.application WHERE excluded.day > day
"""
_ALL = "SELECT application FROM taken ORDER BY id"

_packed = msgspec.msgpack.Encoder().encode
_unpacked = msgspec.msgpack.Decoder(Application).decode


@dataclass
class Counts:
    """Rows of an extract: all of them (blank ones are none), the ``rejected``, and the good ones whose
    application had come before in the file (``duplicates``)."""

    rows: int = 0
    rejected: int = 0
    duplicates: int = 0


class Intake:
    """The distinct applications of an extract, in the order of their ids; may be gone through many times.

    Raises StoreError, while it is gone through, where the disk does not give back what was put there.
    """

    def __init__(self, counts: Counts, folder: Path, database: sqlite3.Connection) -> None:
        self.counts = counts
        self._folder, self._database = folder, database

    def __len__(self) -> int:
        return self.counts.rows - self.counts.rejected - self.counts.duplicates

    def __iter__(self) -> Iterator[Application]:
        with scratch_errors(self._folder):
            for (packed,) in self._database.execute(_ALL):
                yield _unpacked(packed)

    def batches(self, size: int) -> Iterator[list[Application]]:
        """The same, in lists of ``size`` applications, the last one shorter."""
        applications = iter(self)
        while batch := list(islice(applications, size)):
            yield batch


@contextmanager
def take_in(extract: Path, campaign: Campaign, rejected: Path, *, tell: Tell = silently) -> Iterator[Intake]:
    """Read the whole extract, list its rejected rows in the file ``rejected``, and give its applications.

    Of several rows of one application the newest extract's counts (``extracted_on``), and of equally new ones
    the first. ``rejected`` is a CSV that spreadsheets open; it is there when everything was read, with its
    header alone when nothing was rejected. ``tell`` is told of rows, of an unknown total (0).

    Raises InputError for a file that is no extract (then nothing is written), StoreError where the folder of
    ``rejected`` cannot be written or the disk is full. The applications are gone when the context ends.

    >>> with take_in(Path("applications.csv"), campaign, Path("out/rejected.csv")) as intake:  # doctest: +SKIP
    ...     print(len(intake), intake.counts.rejected)
    """
    rows = read_applications(extract, campaign)
    with scratch(rejected.parent, _TABLE) as database:
        intake = Intake(Counts(), rejected.parent, database)
        write_whole(rejected, _take(rows, intake, database, tell))
        yield intake


def _take(
    rows: Iterator[Application | Rejection], intake: Intake, database: sqlite3.Connection, tell: Tell
) -> Iterator[bytes]:
    """Put good rows into the database, and give the file of rejected ones piece by piece."""
    counts = intake.counts
    yield _lines([("riga", "colonna", "motivo")]).encode("utf-8-sig")
    while batch := list(islice(rows, BATCH_ROWS)):
        good = [row for row in batch if isinstance(row, Application)]
        bad = [row for row in batch if isinstance(row, Rejection)]
        with scratch_errors(intake._folder):
            database.executemany(_TAKE, [(one.id, one.extracted_on.toordinal(), _packed(one)) for one in good])
        if bad:
            yield _lines([(one.row, _as_text(one.column), _as_text(one.reason)) for one in bad]).encode()
        counts.rows += len(batch)
        counts.rejected += len(bad)
        if counts.rows % REPORT_ROWS == 0:
            tell("Lettura", counts.rows, 0)
    with scratch_errors(intake._folder):
        database.execute("COMMIT")
        ((distinct,),) = database.execute("SELECT count(*) FROM taken")
    counts.duplicates = counts.rows - counts.rejected - distinct
    tell("Lettura", counts.rows, 0)


def _lines(records: list[tuple[object, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(records)
    return text.getvalue()


def _as_text(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (a pack may name its columns as it likes)."""
    return f"'{cell}" if cell.startswith(SIGNS_OF_A_FORMULA) else cell
