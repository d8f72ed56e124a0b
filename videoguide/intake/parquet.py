# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Parquet -> rows of typed cells: one file, or a folder of files as data lakes partition them."""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from videoguide.errors import InputError

if TYPE_CHECKING:
    from arro3.core import RecordBatch

MAGIC = b"PAR1"  # the first and the last four bytes of such a file
BATCH_ROWS = 4096
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""The name of the folder of rows that have no value in the column they are partitioned by."""


class ParquetTable:
    """One table in a file or a folder; ``names`` are those of its columns.

    A folder is read as Hive and Spark write it: its files in the order of their paths, hidden ones left out, and
    ``COLUMN=VALUE`` in the path as one more column. Raises InputError, before any row is given, for what is damaged,
    has no file, or has files with other columns than the first.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = _files(path) if path.is_dir() else [path]
        if not self.files:
            raise InputError(f"{path}: è una cartella senza file Parquet (.parquet)")
        self.names = self._names_of(self.files[0])
        for file in self.files:
            names = self._names_of(file)
            if set(names) != set(self.names):
                raise InputError(f"{file}: ha altre colonne di {self.files[0].name}")
            for _ in self._batches(file):  # to its end, to find damage before the first row is given
                pass

    def rows(self, places: Sequence[int]) -> Iterator[tuple[object, ...]]:
        """The cells of these columns, row by row."""
        columns = [self.names[place] for place in places]
        for file in self.files:
            parts = _partition_of(self.path, file)
            for batch in self._batches(file):
                cells = [_cells(batch, column, parts) for column in columns]
                yield from zip(*cells, strict=True)

    def _names_of(self, file: Path) -> list[str]:
        from arro3.io import read_parquet

        with _reading(file):
            _require_end(file)
            names = [str(name) for name in read_parquet(file).schema.names]
        return names + [part for part in _partition_of(self.path, file) if part not in names]

    def _batches(self, file: Path) -> "Iterator[RecordBatch]":
        from arro3.io import read_parquet  # imported here, as few runs need it

        with _reading(file):
            yield from read_parquet(file, batch_size=BATCH_ROWS)


def _files(folder: Path) -> list[Path]:
    """The table's files, in the folder and its partitions; not what writers leave beside them, as _metadata."""
    files = [file for file in folder.glob("*.parquet") if file.is_file() and not file.name.startswith(("_", "."))]
    partitions = (part for part in folder.iterdir() if part.is_dir() and "=" in part.name)
    return sorted(chain(files, *map(_files, partitions)))


def _partition_of(root: Path, file: Path) -> dict[str, str]:
    """The columns that the path of a file below the root states, with their value."""
    folders = file.relative_to(root).parts[:-1] if file != root else ()
    pairs = (unquote(folder).partition("=") for folder in folders)
    return {column: "" if value == _NO_VALUE else value for column, equals, value in pairs if equals}


def _cells(batch: "RecordBatch", column: str, parts: dict[str, str]) -> Iterable[object]:
    if column in batch.schema.names:
        values: Iterable[object] = batch.column(column).to_pylist()
        return values
    return [parts[column]] * batch.num_rows


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        # the reader has no error classes: it raises Exception itself, or panics, which is no subclass of Exception
        if type(error) is Exception or type(error).__name__ == "PanicException":
            raise InputError(f"{file}: è un file Parquet danneggiato") from error
        raise


def _require_end(file: Path) -> None:
    with file.open("rb") as raw:
        raw.seek(-min(len(MAGIC), file.stat().st_size), io.SEEK_END)
        if raw.read() != MAGIC:
            raise InputError(f"{file}: è un file Parquet danneggiato: manca la fine")
