# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Counts and durations of requests for Prometheus. Labels are bounded: routes as they are declared, known methods."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60)


class Metrics:
    """The figures of one portal, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("videoguide_requests", "Richieste servite.", labels, registry=self.registry)
        self._seconds = Histogram(
            "videoguide_request_seconds",
            "Durata delle richieste, fino all’ultimo byte.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._open = Gauge("videoguide_requests_open", "Richieste aperte adesso.", registry=self.registry)
        self._lost = Counter(
            "videoguide_not_saved",
            "Ciò che il database non ha potuto salvare, per specie.",
            ("what",),
            registry=self.registry,
        )
        self._logins = Counter("videoguide_logins", "Accessi, per esito.", ("outcome",), registry=self.registry)

    def opened(self) -> None:
        """A request has come in."""
        self._open.inc()

    def closed(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request has ended; ``status`` is 0 if it was broken off before its answer."""
        self._open.dec()
        self._requests.labels(method if method in METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def login(self, outcome: str) -> None:
        """A login has ended: ``citizen``, ``staff``, or the code of a refusal."""
        self._logins.labels(outcome).inc()

    def lost(self, what: str) -> None:
        """Something was not saved: ``view`` or ``event``."""
        self._lost.labels(what).inc()

    def text(self) -> bytes:
        """All figures in the text format of Prometheus."""
        return generate_latest(self.registry)
