# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What may be lost while the database cannot be written: nobody who opens a guide goes without it for that."""

import threading
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
        self._has_failed = False
        self._probing = threading.Lock()
        self._reason = ""

    def attempt(self, what: str, write: Callable[[], T], otherwise: T) -> T:
        """What ``write`` returns, or ``otherwise`` where the database did not take it; ``what`` is ``view`` or such."""
        has_failed = self._has_failed
        # one at a time finds out whether it can be written again: the others would only wait with it
        is_probe = has_failed and self._is_due() and self._probing.acquire(blocking=False)
        if is_probe or not has_failed:
            try:
                written = write()
            except StoreError as error:
                self._failed_at, self._reason, self._has_failed = self._clock(), error.reason, True
            else:
                self._has_failed = False
                return written
            finally:
                if is_probe:
                    self._probing.release()
        self._metrics.lost(what)
        self._log.seldom("not saved", what, what=what, reason=self._reason)
        return otherwise

    def _is_due(self) -> bool:
        return self._clock() - self._failed_at >= RESPITE_SECONDS
