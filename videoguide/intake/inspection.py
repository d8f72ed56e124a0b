# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A file that somebody has just received -> what it is and what is wrong with it, before anything is run."""

import csv
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from videoguide.errors import InputError
from videoguide.intake.distinct import Counts, take_in
from videoguide.intake.extracts import open_extract
from videoguide.intake.headers import FileForm
from videoguide.packs.campaigns import Campaign


@dataclass(frozen=True)
class RejectionReason:
    """A reason for which rows are rejected: the first row's number, the column, and how many rows there are."""

    first_row: int
    column: str
    reason: str
    rows: int


@dataclass(frozen=True)
class InspectedFile:
    """What was found in a file: the campaign that it is an extract of, its form, its counts and problems."""

    campaign: Campaign
    form: FileForm
    counts: Counts
    problems: tuple[RejectionReason, ...]


def campaign_of(file: Path, packs: Sequence[Campaign]) -> Campaign:
    """The campaign that a file is an extract of, by its columns.

    Raises InputError for a file that is an extract of none, or could be one of several.
    """
    if not packs:
        raise InputError(f"{file}: non c’è nessuna campagna con cui confrontarlo")
    fitting: list[Campaign] = []
    errors: list[InputError] = []
    for pack in packs:
        try:
            open_extract(file, pack)
        except InputError as error:
            errors.append(error)
        else:
            fitting.append(pack)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        ids = ", ".join(pack.id for pack in fitting)
        raise InputError(f"{file}: ha le colonne di più campagne: {ids}; si sceglie con --campaign")
    raise min(errors, key=lambda error: len(error.message))  # the pack of which the fewest columns are missing


def inspect(file: Path, campaign: Campaign) -> InspectedFile:
    """Read a file as a run would, and change nothing. Raises InputError for a file that is not an extract."""
    with tempfile.TemporaryDirectory() as folder:
        rejected = Path(folder) / "rejected.csv"
        with take_in(file, campaign, rejected) as intake:
            first_rows: dict[tuple[str, str], int] = {}
            numbers: Counter[tuple[str, str]] = Counter()
            with rejected.open(encoding="utf-8-sig", newline="") as lines:
                for row, column, reason in islice(csv.reader(lines, delimiter=";"), 1, None):
                    first_rows.setdefault((column, reason), int(row))
                    numbers[column, reason] += 1
            return InspectedFile(
                campaign,
                intake.form,
                intake.counts,
                tuple(
                    RejectionReason(first_rows[column, reason], column, reason, rows)
                    for (column, reason), rows in numbers.most_common()
                ),
            )
