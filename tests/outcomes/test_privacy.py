# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Small numbers stay hidden: nobody can work them out from what is shown."""

import itertools
from typing import Any

from videoguide.outcomes.privacy import FEWEST, Hidden, hide


def possible(shown: list[Any], total: int) -> list[set[int]]:
    """Every value that each cell may have, by all that is shown."""
    ranges = [
        range(1, FEWEST) if cell is Hidden.FEW else range(total + 1) if cell is Hidden.KEPT_BACK else (cell,)
        for cell in shown
    ]
    adding_up = [cells for cells in itertools.product(*ranges) if sum(cells) == total]
    return [set(column) for column in zip(*adding_up, strict=True)]


def test_no_hidden_number_can_be_worked_out_from_the_total() -> None:
    for values in itertools.product((0, 1, 3, 4, 5, 9, 12), repeat=3):
        total = sum(values)
        shown = hide(values, total)
        assert not [number for number in shown if isinstance(number, int) and 0 < number < FEWEST]
        if 0 < total < FEWEST:
            assert set(shown) == {Hidden.FEW}
            continue
        for cell, could_be in zip(shown, possible(shown, total), strict=True):
            assert isinstance(cell, int) or len(could_be) > 1, (values, shown)


def test_large_numbers_are_all_shown() -> None:
    assert hide([5, 0, 700], 705) == [5, 0, 700]
