# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What figures may show of a few people, and what they hide.

Fewer than 5 people are never broken down. In a breakdown, rows of fewer than 5 guides are combined as "altri" (with the
next smallest row if they are still too few). A count from 1 to 4 is shown as "meno di 5", and the next smallest of its
column as "non indicato", so that no subtraction from the total reveals it; a total below 5 is not broken down at all.
Under filters a count is shown only if it, and what each filter takes away, are 0 or at least 5. Rates of hidden counts
are hidden. The whole campaign's counts are exact. Somebody who compares many periods may still learn more.
"""

from collections.abc import Sequence
from enum import Enum

FEWEST = 5
"""The smallest number of people that is shown apart from the others."""


class Hidden(Enum):
    """What is shown in place of a number that is hidden."""

    FEW = "meno di 5"
    KEPT_BACK = "non indicato"


Count = int | Hidden
Rate = float | Hidden | None
"""None where there is nothing to divide by."""


def protected(value: int, wholes: Sequence[int]) -> Count:
    """A count of a selection, hidden unless it and what remains of each whole are 0 or at least FEWEST."""
    if wholes and 0 < value < FEWEST:
        return Hidden.FEW
    if any(0 < whole - value < FEWEST for whole in wholes):
        return Hidden.KEPT_BACK
    return value


def hide(values: Sequence[int], total: int) -> list[Count]:
    """The counts of a breakdown, some hidden so that nobody can work out the small ones.

    >>> [count if isinstance(count, int) else count.value for count in hide([3, 40, 90, 0], 133)]
    ['meno di 5', 'non indicato', 90, 0]
    """
    if 0 < total < FEWEST:
        return [Hidden.FEW] * len(values)
    shown: list[Count] = [protected(value, [total]) for value in values]
    if Hidden.FEW in shown and Hidden.KEPT_BACK not in shown:
        visible = [(count, at) for at, count in enumerate(shown) if isinstance(count, int) and count > 0]
        if not visible:  # nothing to hide the small one behind
            return [Hidden.KEPT_BACK] * len(values)
        _, smallest_at = min(visible)
        shown[smallest_at] = Hidden.KEPT_BACK
    return shown


def rate(part: Count, whole: Count) -> Rate:
    """A part of a whole, hidden if either is."""
    if isinstance(part, Hidden) or isinstance(whole, Hidden):
        return Hidden.KEPT_BACK
    return part / whole if whole > 0 else None
