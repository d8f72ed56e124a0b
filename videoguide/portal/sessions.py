# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Who is logged in. The cookie holds an opaque random token; the database holds the token's hash and all the rest.

There are two cookies and two kinds of row: the *way in* lasts ten minutes, while somebody is at the identity
provider, and can be used once; the *session* begins with a new token when the login has succeeded.

The provider ends its own session more surely when it gets its ID token back, which names the person. It is kept in the
session's row and nowhere else, until that is deleted, and encrypted with a key made of the cookie's token, which the
database does not have: whoever reads the database, or a backup of it, cannot read the ID token.
"""

import hashlib
import re
import secrets
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, delete, or_, update
from starlette.responses import Response

from videoguide.errors import StoreError
from videoguide.portal.configuration import STAFF_ROLES, StaffRole
from videoguide.portal.keys import sealed, unsealed
from videoguide.records.database import Database, LoginSession, now

CITIZEN = "citizen"
WAY_IN = ""
WAY_IN_LASTS = timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=1)
SWEEP_EVERY_SECONDS = 300
MOST_UNSAVED = 10_000
CSRF = "csrf"
ID_TOKEN = "id_token"
LONGEST_ID_TOKEN = 6000
"""Longer ones do not fit into the address that leads to the provider's way out, where the token is sent."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Visitor:
    """Somebody who is logged in: a citizen by fiscal code, or a member of staff by subject and role.

    ``csrf`` is the token that every form and event of this session sends back.
    """

    role: str
    csrf: str = field(repr=False)
    fiscal_code: str = field(default="", repr=False)
    subject: str = field(default="", repr=False)
    session: str = field(default="", repr=False)
    """The hash of the session's token; never the token itself."""

    @property
    def is_citizen(self) -> bool:
        """Whether it is a citizen, as against a member of staff."""
        return self.role == CITIZEN

    def may(self, role: StaffRole) -> bool:
        """Whether it is a member of staff with this role, or with one that may do more."""
        return self.role in STAFF_ROLES[STAFF_ROLES.index(role) :]


@dataclass(frozen=True)
class Cookie:
    """A cookie of ours: only for this host and for HTTP; ``__Host-`` and Secure behind TLS."""

    base: str
    secure: bool
    lasts: timedelta | None = None
    """None: until the browser is closed."""

    @property
    def name(self) -> str:
        """The cookie's name, with the prefix that browsers enforce behind TLS."""
        return f"__Host-{self.base}" if self.secure else self.base

    def set(self, response: Response, token: str) -> None:
        """Have the browser keep the token."""
        lasts = None if self.lasts is None else int(self.lasts.total_seconds())
        response.set_cookie(
            self.name, token, max_age=lasts, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def clear(self, response: Response) -> None:
        """Have the browser forget the token."""
        response.delete_cookie(self.name, path="/", secure=self.secure, httponly=True, samesite="lax")


class Sessions:
    """Begins, finds and ends sessions; all times are the server's. Every method may raise StoreError."""

    def __init__(self, database: Database, *, idle: timedelta, longest: timedelta, secure: bool) -> None:
        self.database = database
        self.idle = idle
        self.longest = longest
        self.cookie = Cookie("videoguide", secure)
        self.way_in_cookie = Cookie("videoguide-login", secure, WAY_IN_LASTS)
        self._swept = -float(SWEEP_EVERY_SECONDS)
        self._sweeping = threading.Lock()
        self._unsaved: dict[str, datetime] = {}
        """When sessions were seen last that the database could not be told of: nobody is put out for that."""

    def begin(self, role: str, *, fiscal_code: str = "", subject: str = "", id_token: str = "") -> str:
        """Begin a session for somebody whose login has succeeded; returns its token, for the cookie only."""
        token = secrets.token_urlsafe(32)
        data = {ID_TOKEN: sealed(id_token, _key_of(token))} if 0 < len(id_token) <= LONGEST_ID_TOKEN else {}
        return self._put(role, data, fiscal_code=fiscal_code, subject=subject, token=token)

    def begin_way_in(self, data: Mapping[str, str]) -> tuple[str, str]:
        """Keep what a login needs until it is done; returns the cookie's token and the CSRF token for the forms."""
        csrf = secrets.token_urlsafe(32)
        return self._put(WAY_IN, {**data, CSRF: csrf}), csrf

    def take_way_in(self, token: str | None) -> Mapping[str, str] | None:
        """Hand out, once, what ``begin_way_in`` has kept: of two requests at the same moment, only one gets it."""
        hashed = hash_of(token)
        row = self._row(hashed)
        if row is None or row.role != WAY_IN or not self._delete(hashed):
            return None
        return dict(row.data or {}) if now() - row.created_at <= WAY_IN_LASTS else None

    def way_in_csrf(self, token: str | None) -> str:
        """The CSRF token of a way in that is still open; empty if it is not."""
        row = self._row(hash_of(token))
        open_still = row is not None and row.role == WAY_IN and now() - row.created_at <= WAY_IN_LASTS
        return str((row.data or {}).get(CSRF, "")) if row is not None and open_still else ""

    def find(self, token: str | None) -> Visitor | None:
        """The visitor to whom a cookie's token belongs; None for any other text, and once the session has ended."""
        row = self._row(hash_of(token))
        if row is None or row.role == WAY_IN:
            return None
        moment = now()
        seen_at = max(row.seen_at, self._unsaved.get(row.token_hash, row.seen_at))
        if moment - seen_at > self.idle or moment - row.created_at > self.longest:
            with suppress(StoreError):  # it has ended all the same
                self._delete(row.token_hash)
            return None
        if moment - seen_at >= SEEN_EVERY:
            self._see(row, moment)
        return Visitor(row.role, str((row.data or {}).get(CSRF, "")), row.fiscal_code, row.subject, row.token_hash)

    def end(self, token: str | None) -> str:
        """Forget the session or the way in of a token, if it has one; returns the ID token that the session had."""
        hashed = hash_of(token)
        row = self._row(hashed)
        if row is None or token is None:
            return ""
        self._delete(hashed)
        return unsealed(str((row.data or {}).get(ID_TOKEN, "")), _key_of(token))

    def sweep(self) -> int:
        """Delete all sessions and ways in that have ended; returns how many."""
        moment = now()
        # those who were seen while nothing could be written are still here
        seen_since = [hashed for hashed, seen_at in self._unsaved.copy().items() if seen_at >= moment - self.idle]
        with self.database.session() as session:
            ended = or_(
                (col(LoginSession.seen_at) < moment - self.idle) & col(LoginSession.token_hash).not_in(seen_since),
                col(LoginSession.created_at) < moment - self.longest,
                (col(LoginSession.role) == WAY_IN) & (col(LoginSession.created_at) < moment - WAY_IN_LASTS),
            )
            return session.exec(delete(LoginSession).where(ended)).rowcount

    def _row(self, hashed: str) -> LoginSession | None:
        if not hashed:
            return None
        return self.database.repeatable(lambda session: session.get(LoginSession, hashed))

    def _delete(self, hashed: str) -> bool:
        """Delete a row; whether it was this call that did so, and not another at the same moment."""
        with self.database.session() as session:
            return bool(session.exec(delete(LoginSession).where(col(LoginSession.token_hash) == hashed)).rowcount)

    def _see(self, row: LoginSession, moment: datetime) -> None:
        """Note a request; of many at once, one writes, and a session that has ended meanwhile stays ended.

        Where it cannot be written, it is remembered here; the next attempt is as far away as the next note.
        """
        same = (col(LoginSession.token_hash) == row.token_hash) & (col(LoginSession.seen_at) == row.seen_at)
        if len(self._unsaved) >= MOST_UNSAVED:
            self._unsaved.clear()
        self._unsaved[row.token_hash] = moment  # first, so that requests at the same moment do not wait as well
        try:
            with self.database.session() as session:
                session.exec(update(LoginSession).where(same).values(seen_at=moment))
        except StoreError:
            return
        self._unsaved.pop(row.token_hash, None)

    def _put(
        self, role: str, data: dict[str, Any], *, fiscal_code: str = "", subject: str = "", token: str = ""
    ) -> str:
        self._sweep_at_times()
        token = token or secrets.token_urlsafe(32)
        row = LoginSession(
            token_hash=hash_of(token),
            role=role,
            fiscal_code=fiscal_code,
            subject=subject,
            data={CSRF: secrets.token_urlsafe(32), **data},
        )
        with self.database.session() as session:
            session.add(row)
        return token

    def _sweep_at_times(self) -> None:
        """Sweep if the last time was a while ago: logins make the rows, so logins tidy them up."""
        with self._sweeping:
            if due := time.monotonic() - self._swept >= SWEEP_EVERY_SECONDS:
                self._swept = time.monotonic()
        if due:
            self.sweep()


def hash_of(token: str | None) -> str:
    """The hash under which the database keeps a token; empty for a text that cannot be a token of ours."""
    return hashlib.sha256(token.encode()).hexdigest() if token and _TOKEN.fullmatch(token) else ""


def _key_of(token: str) -> bytes:
    """The key for what only the holder of a token may read; it says nothing about the token's hash, nor the reverse."""
    return hashlib.sha256(b"id token of " + token.encode()).digest()
