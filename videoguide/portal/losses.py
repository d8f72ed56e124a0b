# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What may be lost while the database cannot be written: nobody who opens a guide waits for it, or goes without."""

import time
from collections.abc import Callable
from typing import TypeVar

from videoguide.errors import StoreError
from videoguide.portal.logs import Log
from videoguide.portal.metrics import Metrics

RESPITE_SECONDS = 5
"""After a failure nothing is tried for so long: each attempt may hold somebody's page, and a thread, for seconds."""

T = TypeVar("T")


class Losses:
    """Tries to write what a page does not depend on; each loss is counted, and told in the log at times."""

    def __init__(self, log: Log, metrics: Metrics, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._log, self._metrics, self._clock = log, metrics, clock
        self._failed_at = -float(RESPITE_SECONDS)
        self._reason = ""

    def attempt(self, what: str, write: Callable[[], T], otherwise: T) -> T:
        """What ``write`` returns, or ``otherwise`` where the database did not take it; ``what`` is ``view`` or such."""
        if self._clock() - self._failed_at >= RESPITE_SECONDS:
            try:
                return write()
            except StoreError as error:
                self._failed_at, self._reason = self._clock(), error.reason
        self._metrics.lost(what)
        self._log.seldom("not saved", what, what=what, reason=self._reason)
        return otherwise
