# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The identity provider: OpenID Connect's code flow with PKCE. The only module with Authlib.

Nothing that the provider or a browser sends is believed before it is proven: the ID token's signature,
issuer, audience, nonce and times, and the level at which the person has shown who they are. A Denial says
which proof failed; neither it nor its causes are ever shown or logged with their values.
"""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ClaimError, JoseError

from videoguide.errors import InputError
from videoguide.portal.configuration import LONGEST_SHOWN, LoginSettings
from videoguide.portal.discovery import Denial, Discovery, as_json
from videoguide.portal.fetching import Bounded
from videoguide.portal.keys import SIGNATURES, opened, signatures_of

LEEWAY_SECONDS = 60
"""How far the provider's clock and ours may be apart."""

"""Characters of an ID token that fit into an address together with the rest; servers commonly take 8,000."""

CHECKED_CLAIMS = ("iss", "sub", "aud", "azp", "exp", "nbf", "iat", "nonce", "at_hash", "auth_time", "acr", "amr")


@dataclass(frozen=True)
class LoginAttempt:
    """What the provider's answer to a login must match: kept on the server, bound to one browser, used once.

    ``claim`` is the attribute that the login is for.
    """

    claim: str
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))


@dataclass(frozen=True)
class ProvenLogin:
    """Somebody whom the provider has proven.

    ``claims`` hold ``iss``, ``sub`` and, under its whole name, the attempt's claim, or None. ``id_token`` names the
    person and is for the way out only.
    """

    claims: Mapping[str, Any] = field(repr=False)
    id_token: str = field(repr=False)


class Provider:
    """One identity provider; safe to use from several threads."""

    def __init__(self, settings: LoginSettings, redirect_url: str) -> None:
        self.settings = settings
        self.redirect_url = redirect_url
        self._transport = Bounded()
        self._discovery = Discovery(settings, self._transport)

    def check(self) -> None:
        """Read the provider's description before anybody comes in.

        The issuer that it states must be the configured one to the letter (OpenID Connect Discovery 1.0, section 4.3).
        Raises InputError for another one, Denial when the provider does not answer, or not as it should.
        """
        metadata = self._discovery.raw_description()
        stated = metadata.get("issuer")
        if isinstance(stated, str) and stated != self.settings.issuer:
            raise InputError(
                f"login_issuer {self.settings.issuer!r}: il gestore dell’identità dichiara {stated[:LONGEST_SHOWN]!r}; "
                "i due devono essere uguali, anche nella barra finale"
            )
        if not self._discovery.takes_us(metadata):
            ways = ", ".join(str(way)[:LONGEST_SHOWN] for way in metadata["token_endpoint_auth_methods_supported"][:9])
            raise InputError(
                f"login_client_auth {self.settings.client_auth!r}; il gestore dell’identità ammette: {ways}"
            )
        self._discovery.description()

    def origins(self) -> tuple[str, ...]:
        """Origins that a form may lead to: browsers check the redirect of the way out against ``form-action``."""
        addresses = (self.settings.issuer, self._discovery.latest().get("end_session_endpoint"))
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

    def prove(self, answer: Mapping[str, str], attempt: LoginAttempt) -> ProvenLogin:
        """What is proven about the person, from the query with which the browser comes back.

        Raises Denial for every proof that fails.
        """
        if not secrets.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise Denial("login_stale")
        names_itself = self._discovery.description().get("authorization_response_iss_parameter_supported") is True
        if answer.get("iss", None if names_itself else self.settings.issuer) != self.settings.issuer:
            raise Denial("login_unproven", "iss of the answer")  # RFC 9207
        if error := answer.get("error"):
            raise Denial("login_cancelled" if error == "access_denied" else "login_failed")
        if not (code := answer.get("code")):
            raise Denial("login_stale")
        token = self._token(code, attempt)
        claims = self._proven(token, attempt)
        if self.settings.rank(claims.get("acr")) < self.settings.rank(self.settings.level):
            raise Denial("level_too_low")
        return ProvenLogin(self._with_userinfo(claims, token, attempt.claim), token["id_token"])

    def way_out(self, back: str, id_token: str = "") -> str | None:
        """Where the provider ends its own session; None if it does not say, or does not answer.

        The ID token of the login tells the provider which session it is, so that it need not ask the person (OpenID
        Connect RP-Initiated Logout 1.0, section 2). One too long for an address is left out.
        """
        try:
            endpoint = self._discovery.description().get("end_session_endpoint")
        except Denial:
            return None
        if not endpoint:
            return None
        hint = {"id_token_hint": id_token} if id_token else {}
        query = urlencode({**hint, "client_id": self.settings.client, "post_logout_redirect_uri": back})
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{query}"

    def _client(self) -> Any:
        return OAuth2Client(
            self.settings.client,
            self.settings.key if self.settings.client_auth == "private_key_jwt" else self.settings.secret or None,
            scope=self.settings.scope,
            redirect_uri=self.redirect_url,
            code_challenge_method="S256",
            token_endpoint_auth_method=self._authentication(),
            transport=self._transport,
        )

    def _authentication(self) -> object:
        """How the client shows at the token endpoint who it is, as Authlib wants it."""
        key = self.settings.key
        if self.settings.client_auth != "private_key_jwt" or key is None:
            return self.settings.client_auth if self.settings.secret else "none"
        ours = signatures_of(key)
        taken = self._discovery.latest().get("token_endpoint_auth_signing_alg_values_supported")
        shared = [algorithm for algorithm in ours if isinstance(taken, list) and algorithm in taken] or ours
        header = {"kid": key.kid} if key.kid else {}
        return PrivateKeyJWT(alg=shared[0], headers=header)

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
            raise Denial("provider_silent", "no token") from error
        if not isinstance(token.get("id_token"), str):
            raise Denial("login_unproven", "no ID token")
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
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise Denial("login_unproven", _failed_proof(error)) from error
        return dict(claims)

    def _decode(self, id_token: str) -> jwt.Token:
        stated = self._discovery.description().get("id_token_signing_alg_values_supported", ["RS256"])
        signatures = [signature for signature in SIGNATURES if signature in stated]
        if not signatures:
            raise Denial("provider_silent", "signs in no way that we believe")
        return self._discovery.proven(id_token, signatures)

    def _with_userinfo(self, claims: Mapping[str, Any], token: Mapping[str, Any], wanted: str) -> Mapping[str, Any]:
        """The claims with the wanted one, which some providers give at a second address only, for the same person."""
        value = claim_of(claims, wanted)
        endpoint = self._discovery.description().get("userinfo_endpoint")
        if value is None and endpoint:
            headers = {
                "Authorization": f"Bearer {token.get('access_token')}",
                "Accept": "application/json, application/jwt",
            }
            userinfo = self._userinfo(self._discovery.read(endpoint, headers))
            if userinfo.get("sub") != claims["sub"]:
                raise Denial("login_unproven", "userinfo: sub")
            value = claim_of(userinfo, wanted)
        return {**claims, wanted: value}

    def _userinfo(self, answer: httpx2.Response) -> Mapping[str, Any]:
        """The claims at the second address: JSON, or a signed token that may be encrypted for us.

        A token is for us and from the provider where it says whose it is, and always signed (OpenID Connect Core 1.0,
        section 5.3.2): what is only encrypted could come from anybody who has our public key. Raises Denial.
        """
        if answer.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/jwt":
            return as_json(answer)
        try:
            token = answer.text.strip()
            if token.count(".") == 4:
                token = opened(token, self.settings.decryption_key)
            claims = dict(self._discovery.proven(token, SIGNATURES).claims)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise Denial("login_unproven", f"userinfo: {_failed_proof(error)}") from error
        audience = claims.get("aud", self.settings.client)
        if claims.get("iss", self.settings.issuer) != self.settings.issuer:
            raise Denial("login_unproven", "userinfo: iss")
        if self.settings.client not in (audience if isinstance(audience, list) else [audience]):
            raise Denial("login_unproven", "userinfo: aud")
        expires = claims.get("exp", float("inf"))
        if not isinstance(expires, int | float) or expires < time.time() - LEEWAY_SECONDS:
            raise Denial("login_unproven", "userinfo: exp")
        return claims

    def _endpoint(self, name: str) -> str:
        return str(self._discovery.description()[name])


def claim_of(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of that very name; without one, what lies at the end of the name as a path of names and dots.

    >>> claim_of({"realm_access": {"roles": ["viewer"]}}, "realm_access.roles")
    ['viewer']
    >>> claim_of({"https://id.example.it/code": "X", "https://id": {"example": 1}}, "https://id.example.it/code")
    'X'
    """
    if name in claims:
        return claims[name]
    value: Any = claims
    for step in name.split("."):
        if not isinstance(value, Mapping) or step not in value:
            return None
        value = value[step]
    return value


def _claims_parameter(claim: str) -> Mapping[str, Any]:
    """OpenID Connect's "claims" parameter, which asks for no more than is needed."""
    top = claim if "://" in claim else claim.partition(".")[0]
    return {"id_token": {top: None, "acr": {"essential": True}}, "userinfo": {top: None}}


def _failed_proof(error: Exception) -> str:
    """Which proof failed, in words for the log: the claim's or the error's name, and nothing that was sent."""
    if isinstance(error, ClaimError) and error.claim in CHECKED_CLAIMS:
        return f"{error.error}: {error.claim}"
    return error.error if isinstance(error, JoseError) else "no token"


def _origin(address: str) -> str:
    url = urlsplit(address)
    return f"{url.scheme}://{url.netloc}"
