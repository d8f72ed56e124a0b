# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What the identity provider says of itself: its description (OpenID Connect Discovery 1.0) and its keys.

Both are read when they are needed, believed for an hour, and never read under a lock.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import httpx2
from joserfc import jwt
from joserfc.errors import BadSignatureError, MissingKeyError

from videoguide.portal.configuration import LoginSettings, is_loopback
from videoguide.portal.fetching import SILENT_SECONDS
from videoguide.portal.keys import SigningKey, proven, signing_keys

LASTS_SECONDS = 3600
"""How long description and keys are believed: a key that the provider has withdrawn proves nothing after that."""

RENEWED_SECONDS = 2700
"""From this age on, one login at a time reads them again while the others still go by the old ones."""

AGAIN_SECONDS = 10
"""The least time between two readings of the keys that are caused by a bad signature or an unknown key."""

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
MORE_ENDPOINTS = ("userinfo_endpoint", "end_session_endpoint")

T = TypeVar("T")


class Denial(Exception):
    """A login that did not succeed; ``reason`` is a code of ``answers.REFUSALS``.

    ``because`` is for the log: which proof failed, in words of ours and never with a value.
    """

    def __init__(self, reason: str, because: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.because = because


class Kept(Generic[T]):
    """Something that the provider publishes; a failure to read it is remembered, too, for some seconds."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._value: T | None = None
        self._read_at = self._silent_until = self._again_at = float("-inf")

    def get(self, *, again: bool = False) -> T:
        """The value, at most an hour old; ``again``: as new as the limit of readings allows. Raises Denial."""
        moment = time.monotonic()
        with self._lock:
            age = moment - self._read_at
            value = self._value if age <= LASTS_SECONDS else None
            again = (again or age > RENEWED_SECONDS) and moment - self._again_at >= AGAIN_SECONDS
            if value is not None and not again:
                return value
            if moment < self._silent_until:
                if value is not None:
                    return value
                raise Denial("provider_silent", "did not answer a moment ago")
            if again:
                self._again_at = moment
        try:
            fresh = self._read()
        except Denial:
            self._silent_until = time.monotonic() + SILENT_SECONDS  # a failure may take longer than that
            if value is not None:
                return value
            raise
        with self._lock:
            self._value, self._read_at = fresh, moment
        return fresh

    def latest(self) -> T | None:
        """What was last read, however old; nothing is asked."""
        return self._value


class Discovery:
    """The description and the keys of one provider; safe to use from several threads."""

    def __init__(self, settings: LoginSettings, transport: httpx2.BaseTransport) -> None:
        self.settings = settings
        self._transport = transport
        self._description = Kept(self._described)
        self._keys = Kept(self._published)

    def description(self) -> Mapping[str, Any]:
        """The provider's metadata. Raises Denial."""
        return self._description.get()

    def latest(self) -> Mapping[str, Any]:
        """The metadata as they were last read, empty before; nothing is asked."""
        return self._description.latest() or {}

    def raw_description(self) -> Mapping[str, Any]:
        """The metadata as they are now, whatever they say. Raises Denial when there are none."""
        return as_json(self.read(f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"))

    def proven(self, token: str, algorithms: Sequence[str]) -> jwt.Token:
        """The token, once its signature is proven; when no known key does so, the keys are read again, once.

        Raises Denial, JoseError, ValueError.
        """
        try:
            return proven(token, self._keys.get(), algorithms)
        except (BadSignatureError, MissingKeyError):
            return proven(token, self._keys.get(again=True), algorithms)

    def read(self, address: str, headers: Mapping[str, str] | None = None) -> httpx2.Response:
        """The provider's answer at an address. Raises Denial for none, and for an error."""
        try:
            with httpx2.Client(transport=self._transport) as client:
                answer = client.get(address, headers={"Accept": "application/json", **(headers or {})})
                return answer.raise_for_status()
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise Denial("provider_silent", "no answer") from error

    def _described(self) -> Mapping[str, Any]:
        metadata = self.raw_description()
        addresses = [metadata.get(name) for name in ENDPOINTS]
        addresses += [metadata[name] for name in MORE_ENDPOINTS if metadata.get(name) is not None]
        if metadata.get("issuer") != self.settings.issuer:
            raise Denial("provider_silent", "states another issuer")
        if not all(map(is_safe, addresses)):
            raise Denial("provider_silent", "states no address, or one without TLS")
        if not self.takes_us(metadata):
            raise Denial("provider_silent", "does not take our client authentication")
        return metadata

    def takes_us(self, metadata: Mapping[str, Any]) -> bool:
        """Whether the provider takes the way in which we show who we are; one that lists no ways is believed to."""
        ways = metadata.get("token_endpoint_auth_methods_supported")
        chosen = self.settings.client_auth
        if chosen == "client_secret_basic" and not self.settings.secret:
            return True  # no authentication at all; many providers do not list "none"
        return not isinstance(ways, list) or chosen in ways

    def _published(self) -> tuple[SigningKey, ...]:
        try:
            return signing_keys(as_json(self.read(str(self.description()["jwks_uri"]))))
        except ValueError as error:
            raise Denial("provider_silent", "publishes no keys") from error


def as_json(answer: httpx2.Response) -> dict[str, Any]:
    """The object in an answer. Raises Denial for anything else."""
    try:
        content = answer.json()
    except (ValueError, RecursionError) as error:
        raise Denial("provider_silent", "no JSON") from error
    if not isinstance(content, dict):
        raise Denial("provider_silent", "no JSON object")
    return content


def is_safe(address: object) -> bool:
    """Whether codes and tokens may be sent there: by TLS, or within this machine."""
    if not isinstance(address, str):
        return False
    try:
        url = urlsplit(address)
    except ValueError:
        return False
    return bool(url.hostname) and (url.scheme == "https" or (url.scheme == "http" and is_loopback(url.hostname or "")))
