"""How long work tells what it has done, without knowing who listens."""

from collections.abc import Callable

Report = Callable[[str, int, int], None]
"""Called after each piece of work: what was just done, how many pieces are, of how many."""


def silently(what: str, done: int, total: int) -> None:
    """Tells nobody."""
