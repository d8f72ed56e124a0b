# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The identity provider: OpenID Connect's code flow with PKCE. The only module with Authlib, joserfc and httpx2.

Nothing that the provider or a browser sends is believed before it is proven: the ID token's signature,
issuer, audience, nonce and times, and the level at which the person has shown who they are. A Denial says
which proof failed; neither it nor its causes are ever shown or logged with their values.
"""

import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from videoguide.portal.configuration import LoginSettings, is_loopback

TIMEOUT_SECONDS = 10
METADATA_LASTS_SECONDS = 3600
LEEWAY_SECONDS = 60
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Only signatures that nobody but the provider can make: never "none", and none with a shared secret."""

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
MORE_ENDPOINTS = ("userinfo_endpoint", "end_session_endpoint")


class Denial(Exception):
    """A login that did not succeed; ``reason`` is a code of ``answers.REFUSALS``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class LoginAttempt:
    """What the provider's answer to a login must match: kept on the server, bound to one browser, used once.

    ``claim`` is the attribute that the login is for.
    """

    claim: str
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))


class Provider:
    """One identity provider; safe to use from several threads."""

    def __init__(self, settings: LoginSettings, redirect_url: str) -> None:
        self.settings = settings
        self.redirect_url = redirect_url
        self._lock = threading.Lock()
        self._metadata: Mapping[str, Any] = {}
        self._read_at = 0.0
        self._keys: KeySet | None = None

    def origins(self) -> tuple[str, ...]:
        """Origins that a form may lead to: browsers check the redirect of the way out against ``form-action``."""
        addresses = (self.settings.issuer, self._metadata.get("end_session_endpoint", ""))
        return tuple(dict.fromkeys(_origin(address) for address in addresses if address))

    def address(self, attempt: LoginAttempt) -> str:
        """Where to send the browser. Raises Denial when the provider does not answer."""
        with self._client() as client:
            address, _ = client.create_authorization_url(
                self._endpoint("authorization_endpoint"),
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
                acr_values=self.settings.level,
                claims=json.dumps(_claims_parameter(attempt.claim), separators=(",", ":")),
                ui_locales="it",
            )
        return str(address)

    def claims(self, answer: Mapping[str, str], attempt: LoginAttempt) -> Mapping[str, Any]:
        """What is proven about the person, from the query with which the browser comes back.

        The claims hold ``iss``, ``sub`` and, where the provider has it, the attempt's claim. Raises Denial for every
        proof that fails.
        """
        if not secrets.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise Denial("login_stale")
        if answer.get("iss", self.settings.issuer) != self.settings.issuer:
            raise Denial("login_unproven")
        if error := answer.get("error"):
            raise Denial("login_cancelled" if error == "access_denied" else "login_failed")
        if not (code := answer.get("code")):
            raise Denial("login_stale")
        token = self._token(code, attempt)
        claims = self._proven(token, attempt)
        if self.settings.rank(claims.get("acr")) < self.settings.rank(self.settings.level):
            raise Denial("level_too_low")
        return self._with_userinfo(claims, token, attempt.claim)

    def way_out(self, back: str) -> str | None:
        """Where the provider ends its own session; None if it does not say, or does not answer.

        The ID token is not sent along: it names the person, and many programs keep addresses.
        """
        try:
            endpoint = self._discover().get("end_session_endpoint")
        except Denial:
            return None
        if not endpoint:
            return None
        query = urlencode({"client_id": self.settings.client, "post_logout_redirect_uri": back})
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{query}"

    def _client(self) -> Any:
        return OAuth2Client(
            self.settings.client,
            self.settings.secret or None,
            scope=self.settings.scope,
            redirect_uri=self.redirect_url,
            code_challenge_method="S256",
            timeout=TIMEOUT_SECONDS,
        )

    def _token(self, code: str, attempt: LoginAttempt) -> Mapping[str, Any]:
        endpoint = self._endpoint("token_endpoint")
        try:
            with self._client() as client:
                token = client.fetch_token(
                    endpoint, grant_type="authorization_code", code=code, code_verifier=attempt.verifier
                )
        except AuthlibBaseError as error:
            raise Denial("login_failed") from error
        except (httpx2.HTTPError, ValueError) as error:
            raise Denial("provider_silent") from error
        if not isinstance(token.get("id_token"), str):
            raise Denial("login_unproven")
        return dict(token)

    def _proven(self, token: Mapping[str, Any], attempt: LoginAttempt) -> Mapping[str, Any]:
        try:
            decoded = self._decode(token["id_token"])
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                options={
                    "iss": {"essential": True, "value": self.settings.issuer},
                    "sub": {"essential": True},
                    "aud": {"essential": True, "value": self.settings.client},
                },
                params={
                    "nonce": attempt.nonce,
                    "client_id": self.settings.client,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise Denial("login_unproven") from error
        return dict(claims)

    def _decode(self, id_token: str) -> jwt.Token:
        """The token, once its signature is proven; an unknown key makes us read the provider's keys again, once."""
        stated = self._discover().get("id_token_signing_alg_values_supported", ["RS256"])
        signatures = [signature for signature in SIGNATURES if signature in stated]
        if not signatures:
            raise Denial("provider_silent")
        if self._keys is not None:
            try:
                return jwt.decode(id_token, self._keys, algorithms=signatures)
            except InvalidKeyIdError:
                pass
        self._keys = KeySet.import_key_set(self._read(self._endpoint("jwks_uri")))  # type: ignore[arg-type]
        return jwt.decode(id_token, self._keys, algorithms=signatures)

    def _with_userinfo(self, claims: Mapping[str, Any], token: Mapping[str, Any], wanted: str) -> Mapping[str, Any]:
        """The claims with the wanted one, which some providers give at a second address only, for the same person."""
        endpoint = self._discover().get("userinfo_endpoint")
        if wanted in claims or not endpoint:
            return claims
        userinfo = self._read(endpoint, {"Authorization": f"Bearer {token.get('access_token')}"})
        if userinfo.get("sub") != claims["sub"]:
            raise Denial("login_unproven")
        return {**claims, wanted: userinfo.get(wanted)}

    def _endpoint(self, name: str) -> str:
        return str(self._discover()[name])

    def _discover(self) -> Mapping[str, Any]:
        """The provider's description of itself, read at most once an hour."""
        with self._lock:
            if not self._metadata or time.monotonic() - self._read_at > METADATA_LASTS_SECONDS:
                self._metadata = self._described()
                self._read_at = time.monotonic()
            return self._metadata

    def _described(self) -> Mapping[str, Any]:
        metadata = self._read(f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        addresses = [metadata.get(name) for name in ENDPOINTS]
        addresses += [metadata[name] for name in MORE_ENDPOINTS if name in metadata]
        if metadata.get("issuer") != self.settings.issuer or not all(map(_is_safe, addresses)):
            raise Denial("provider_silent")
        return metadata

    def _read(self, address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        try:
            with httpx2.Client(timeout=TIMEOUT_SECONDS) as client:
                response = client.get(address, headers={"Accept": "application/json", **(headers or {})})
                answer = response.raise_for_status().json()
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise Denial("provider_silent") from error
        if not isinstance(answer, dict):
            raise Denial("provider_silent")
        return answer


def _claims_parameter(claim: str) -> Mapping[str, Any]:
    """OpenID Connect's "claims" parameter, which asks for no more than is needed."""
    return {"id_token": {claim: None, "acr": {"essential": True}}, "userinfo": {claim: None}}


def _is_safe(address: object) -> bool:
    """Whether codes and tokens may be sent there: by TLS, or within this machine."""
    if not isinstance(address, str):
        return False
    url = urlsplit(address)
    return bool(url.hostname) and (url.scheme == "https" or (url.scheme == "http" and is_loopback(url.hostname or "")))


def _origin(address: str) -> str:
    url = urlsplit(address)
    return f"{url.scheme}://{url.netloc}"
