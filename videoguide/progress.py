"""How long work tells what it has done, without knowing who listens; and how long it took."""

import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager

Tell = Callable[[str, int, int], None]
"""Called after each piece of work: what was just done, how many pieces are, of how many (0: not known)."""


def silently(what: str, done: int, total: int) -> None:
    """Tells nobody."""


@contextmanager
def timed(spent: MutableMapping[str, float], what: str) -> Iterator[None]:
    """Add the seconds that the block takes to ``spent[what]``."""
    started = time.perf_counter()
    try:
        yield
    finally:
        spent[what] = spent.get(what, 0.0) + time.perf_counter() - started
