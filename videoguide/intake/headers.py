# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A file's header -> the places of a pack's columns, and what is told about how the file is written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from videoguide.errors import InputError
from videoguide.packs.campaigns import Campaign

HEADER_ROWS = 30
"""How far down a header is looked for, below titles and blank lines."""


@dataclass
class FileForm:
    """How an extract's file is written, as recognised; ``columns`` are the file's own, the pack's ones by their field.

    ``header_row`` is 0 where the header is no row.
    ``headers_again`` are the rows in which the header comes again, as when files were joined. They are complete once
    all rows have been read.
    """

    kind: str
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    header_row: int = 1
    columns: dict[str, str] = field(default_factory=dict)
    other_columns: list[str] = field(default_factory=list)
    headers_again: list[int] = field(default_factory=list)


class Header:
    """Finds a pack's columns in a file's header: their names need not have the same case, blanks and signs."""

    def __init__(self, file: Path, campaign: Campaign) -> None:
        self.file, self.campaign = file, campaign
        self.columns = campaign.extract.columns
        self.keys = {_key(column): column for column in self.columns.values()}
        self.names = {column.casefold() for column in self.columns.values()}

    def fit(self, cells: Iterable[object]) -> int:
        """How many of the pack's columns these cells name."""
        return len(self.keys.keys() & {_key(cell) for cell in cells})

    def places(self, cells: Sequence[object]) -> list[int]:
        """The positions of the pack's columns, in the pack's order. Raises InputError, which names those missing."""
        names = [_key(cell) for cell in cells]
        campaign = self.campaign.id
        if not any(str(cell).strip() for cell in cells):
            raise InputError(
                f"{self.file}: è vuoto; atteso un estratto con le colonne {', '.join(self.columns.values())}"
            )
        if missing := [column for key, column in self.keys.items() if key not in names]:
            if len(missing) == len(self.keys):
                raise InputError(
                    f"{self.file}: non è un estratto di {campaign}: nelle prime {HEADER_ROWS} righe non c’è "
                    f"un’intestazione con le colonne {', '.join(missing)}"
                )
            raise InputError(f"{self.file}: non è un estratto di {campaign}: mancano le colonne {', '.join(missing)}")
        if repeated := [column for key, column in self.keys.items() if names.count(key) > 1]:
            raise InputError(f"{self.file}: non è un estratto di {campaign}: colonne ripetute: {', '.join(repeated)}")
        return [names.index(key) for key in self.keys]

    def describe(self, form: FileForm, cells: Sequence[object], places: Sequence[int]) -> None:
        """Write into the form which columns the file has."""
        names = [str(cell).strip() for cell in cells]
        self.names |= set(map(str.casefold, filter(None, names)))
        form.columns = {field: names[place] for field, place in zip(self.columns, places, strict=True)}
        form.other_columns = [name for place, name in enumerate(names) if name and place not in places]

    def is_again(self, cells: Sequence[object]) -> bool:
        """Whether a record is a header, and not a row."""
        return str(cells[0]).strip().casefold() in self.names and self.fit(cells) * 2 > len(self.keys)


@lru_cache(maxsize=1024)
def _key(name: object) -> str:
    """A column's name without what differs from one export to the other: case, blanks, underscores, quotes."""
    return "".join(filter(str.isalnum, str(name).casefold()))
