# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What identity providers send, and what the portal answers: the table of docs/reserved-area.md, row by row."""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.support.places import ROOT
from tests.support.portals import (
    FISCAL_CODE,
    GIULIA,
    SPID,
    Claims,
    Provider,
    RunningPortal,
    claims_of,
    consent,
    go_to_provider,
    query_of,
    running_portal,
    running_provider,
    signed,
)
from videoguide.portal import discovery, fetching

# the provider's own use of what its library will drop
pytestmark = [
    pytest.mark.filterwarnings("ignore::authlib.deprecate.AuthlibDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning"),
]

PAGE = ROOT / "docs" / "reserved-area.md"
NOW = int(time.time())
OURS = RSAKey.generate_key(2048)
"""The portal's key, for which providers encrypt."""
STRANGE = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
PROVISIONAL = "91000000124"

Arrange = Callable[[Provider], None]


@dataclass(frozen=True)
class Case:
    """A row: what is sent, in words and as a change to the provider; and what the portal answers.

    ``back`` changes the query with which the browser comes back; ``staff``: a member of staff comes in.
    """

    sent: str
    answered: str
    arrange: Arrange = lambda provider: None
    back: str = ""
    staff: bool = False


def claims(**changed: object) -> Arrange:
    """The ID token with other claims; ``None`` removes one."""
    return claims_with(changed)


def claims_with(changed: dict[str, Any]) -> Arrange:
    def arrange(provider: Provider) -> None:
        def change(sent: Claims) -> Claims:
            values = {key: value(sent) if callable(value) else value for key, value in changed.items()}
            return {key: value for key, value in {**sent, **values}.items() if value is not None}

        provider.change = change

    return arrange


def id_token(make: Callable[[Provider, Claims], str]) -> Arrange:
    """Another ID token, made of the claims."""

    def arrange(provider: Provider) -> None:
        def answer(path: str, body: bytes) -> bytes | None:
            if path != "/oauth2/token":
                return None
            token = json.loads(body)
            return json.dumps({**token, "id_token": make(provider, claims_of(token["id_token"]))}).encode()

        provider.answer = answer

    return arrange


def signed_with(key: Any, **header: object) -> Arrange:
    return id_token(lambda provider, sent: signed({"alg": "RS256", **header}, sent, key or provider.key))


def unsigned(provider: Provider, sent: Claims) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in ({"alg": "none"}, sent))
    return ".".join(part.rstrip("=") for part in parts) + "."


def with_public_key_as_secret(provider: Provider, sent: Claims) -> str:
    secret = OctKey.import_key(base64.urlsafe_b64encode(provider.key.as_pem(private=False)).decode())
    return signed({"alg": "HS256"}, sent, secret)


def userinfo(make: Callable[[Provider], object], kind: str = "application/json") -> Arrange:
    """The fiscal code at the second address only; what it answers there, as JSON or as it is."""

    def arrange(provider: Provider) -> None:
        claims_with({FISCAL_CODE: None})(provider)
        made = make(provider)
        body = made.encode() if isinstance(made, str) else json.dumps(made).encode()
        provider.answer = lambda path, _: body if path == "/userinfo" else None
        provider.kinds["/userinfo"] = kind

    return arrange


def userinfo_of(provider: Provider, **changed: object) -> Claims:
    return {"iss": provider.url, "aud": "videoguide", "sub": "giulia", FISCAL_CODE: f"TINIT-{GIULIA}", **changed}


def signed_userinfo(key: RSAKey | None = None, encrypt: str = "", **changed: object) -> Arrange:
    def make(provider: Provider) -> str:
        token = signed({"alg": "RS256", "kid": "first"}, userinfo_of(provider, **changed), key or provider.key)
        return encrypted(token, encrypt) if encrypt else token

    return userinfo(make, "application/jwt")


def encrypted(text: str, algorithm: str = "RSA-OAEP-256") -> str:
    header = {"alg": algorithm, "enc": "A256GCM", "cty": "JWT"}
    return jwe.encrypt_compact(header, text.encode(), OURS, algorithms=[algorithm, "A256GCM"])


def of_elisa(provider: Provider) -> Claims:
    return userinfo_of(provider, sub="elisa")


def sealed_userinfo(provider: Provider) -> None:
    userinfo(lambda _: encrypted(json.dumps(userinfo_of(provider))), "application/jwt")(provider)


def keys(*odd: object) -> Arrange:
    """A key set with odd rows before the right one."""

    def arrange(provider: Provider) -> None:
        rows = [*odd, provider.key.as_dict(private=False)]
        provider.answer = lambda path, _: json.dumps({"keys": rows}).encode() if path == "/jwks" else None

    return arrange


def rotated(provider: Provider) -> None:
    provider.key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})


def realm_roles(*names: str) -> Arrange:
    return claims(realm_access={"roles": list(names)})


def huge(path: str) -> Arrange:
    def arrange(provider: Provider) -> None:
        if path == "/userinfo":
            claims_with({FISCAL_CODE: None})(provider)
        provider.answer = lambda asked, _: b" " * 2_000_000 + b"{}" if asked == path else None

    return arrange


def soon(_: Claims) -> int:
    return int(time.time()) + 30


ODD_KEYS = (
    7,
    {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
    {"kty": "RSA", "kid": "first"},
    {**OURS.as_dict(private=False), "kid": "first", "use": "enc"},
    ECKey.generate_key("P-256", {"kid": "first"}).as_dict(private=False),
)

IN = "comes in"
UNPROVEN = "refused: `login_unproven`, {}".format
IDENTITY = "refused: `identity_missing`"

CASES = [
    Case("fiscal code with Italy's prefix, `TINIT-`", IN),
    Case("fiscal code bare", IN, claims_with({FISCAL_CODE: GIULIA})),
    Case("provisional code of 11 digits", IN, claims_with({FISCAL_CODE: PROVISIONAL})),
    Case("another country's prefix, `TINDE-`", IDENTITY, claims_with({FISCAL_CODE: f"TINDE-{GIULIA}"})),
    Case("fiscal code with a wrong check letter", IDENTITY, claims_with({FISCAL_CODE: GIULIA[:-1] + "A"})),
    Case("no fiscal code anywhere", IDENTITY, userinfo(lambda provider: {"sub": "giulia"})),
    Case("level SpidL1", "refused: `level_too_low`", claims(acr=f"{SPID}1")),
    Case("ID token with another nonce", UNPROVEN("invalid_claim: nonce"), claims(nonce="another")),
    Case("ID token without a nonce", UNPROVEN("missing_claim: nonce"), claims(nonce=None)),
    Case("ID token for another client (`aud`)", UNPROVEN("invalid_claim: aud"), claims(aud="another")),
    Case("`aud` with us and another, `azp` us", IN, claims(aud=["videoguide", "another"], azp="videoguide")),
    Case("`azp` another", UNPROVEN("invalid_claim: azp"), claims(aud=["videoguide", "another"], azp="another")),
    Case("ID token of another issuer", UNPROVEN("invalid_claim: iss"), claims(iss="https://other.example")),
    Case("expired 30 seconds ago", IN, claims(exp=lambda sent: int(time.time()) - 30)),
    Case("expired an hour ago", UNPROVEN("expired_token: exp"), claims(exp=NOW - 3600)),
    Case("issued in 30 seconds (`iat`, `nbf`)", IN, claims(iat=soon, nbf=soon)),
    Case("issued in an hour", UNPROVEN("invalid_claim: iat"), claims(iat=NOW + 3600)),
    Case("valid from in an hour (`nbf`)", UNPROVEN("invalid_claim: nbf"), claims(nbf=NOW + 3600)),
    Case("ID token not signed (`alg: none`)", UNPROVEN("unsupported_algorithm"), id_token(unsigned)),
    Case("HS256 with the public key as secret", UNPROVEN("unsupported_algorithm"), id_token(with_public_key_as_secret)),
    Case(
        "signed with a strange key under the known name", UNPROVEN("bad_signature"), signed_with(STRANGE, kid="first")
    ),
    Case("signed with an unknown key", UNPROVEN("missing_key"), signed_with(STRANGE, kid="unheard")),
    Case("ID token that names no key", IN, signed_with(None)),
    Case("key replaced under the same name", IN, rotated),
    Case("key set with keys of unknown kinds, for encryption, and broken", IN, keys(*ODD_KEYS)),
    Case("`state` that was used before", "refused: `login_stale`", back="replayed"),
    Case("answer with another `state`", "refused: `login_stale`", back="state=another"),
    Case(
        "answer that names another issuer (RFC 9207)", UNPROVEN("iss of the answer"), back="iss=https://other.example"
    ),
    Case("error with hostile text", "refused: `login_failed`", back="error"),
    Case("person says no (`access_denied`)", "refused: `login_cancelled`", back="denied"),
    Case("fiscal code in userinfo as JSON", IN, userinfo(userinfo_of)),
    Case("userinfo of another person (`sub`)", UNPROVEN("userinfo: sub"), userinfo(of_elisa)),
    Case("userinfo as signed JWT", IN, signed_userinfo()),
    Case("userinfo signed, of another person", UNPROVEN("userinfo: sub"), signed_userinfo(sub="elisa")),
    Case("userinfo signed, for another client", UNPROVEN("userinfo: aud"), signed_userinfo(aud=["another"])),
    Case("userinfo signed, of another issuer", UNPROVEN("userinfo: iss"), signed_userinfo(iss="https://other.example")),
    Case("userinfo signed with a strange key", UNPROVEN("userinfo: bad_signature"), signed_userinfo(STRANGE)),
    Case("userinfo signed, then encrypted for us", IN, signed_userinfo(encrypt="RSA-OAEP-256")),
    Case(
        "userinfo encrypted, not signed",
        UNPROVEN("userinfo: decode_error"),
        sealed_userinfo,
    ),
    Case("huge answer instead of a token", "refused: `provider_silent`, no token", huge("/oauth2/token")),
    Case("huge answer instead of userinfo", "refused: `provider_silent`, no answer", huge("/userinfo")),
    Case("Keycloak: `realm_access.roles`", IN, realm_roles("offline_access", "editor"), staff=True),
    Case("Keycloak: no role of ours", "refused: `role_missing`", realm_roles("offline_access"), staff=True),
    Case("SATOSA: the attribute as a list of one", IN, claims_with({FISCAL_CODE: [f"TINIT-{GIULIA}"]})),
    Case("the attribute as a list of two", IDENTITY, claims_with({FISCAL_CODE: [GIULIA, GIULIA]})),
]


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    level = {"acr": f"{SPID}2"}
    people = {"giulia": {FISCAL_CODE: f"TINIT-{GIULIA}", **level}, "anna": dict(level)}
    with running_provider(people) as provider:
        yield provider


@pytest.fixture(scope="module")
def running(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    folder = tmp_path_factory.mktemp("portal")
    (folder / "ours.pem").write_bytes(OURS.as_pem(private=True))
    values = {
        "login_issuer": provider.url,
        "login_client": "videoguide",
        "login_secret": "known-to-two",
        "login_roles": "realm_access.roles",
        "login_decryption_key": str(folder / "ours.pem"),
    }
    with running_portal(folder, values) as running:
        yield running


@pytest.fixture
def portal(running: RunningPortal, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> RunningPortal:
    """The portal with a sound provider, and with no memory of earlier faults."""
    provider.heal()
    monkeypatch.setattr(discovery, "AGAIN_SECONDS", 0)
    monkeypatch.setattr(discovery, "LASTS_SECONDS", -1)  # keys and description are read for each login
    monkeypatch.setattr(fetching, "SILENT_SECONDS", 0)
    return running


def come_back(browser: httpx2.Client, case: Case) -> httpx2.Response:
    """All the way to the provider and back with the case's query; the callback's answer."""
    start = f"/login/start?next=/trial/citizen{'&staff=1' if case.staff else ''}"
    address = go_to_provider(browser, start)
    state = query_of(address)["state"]
    if case.back == "error":
        words = quote("<script>alert(1)</script>\r\nSet-Cookie: videoguide=x; nr19")
        return browser.get(f"/login/callback?error=server_error&error_description={words}&state={state}")
    if case.back == "denied":
        return browser.get(f"/login/callback?error=access_denied&state={state}")
    back = consent(address, "anna" if case.staff else "giulia")
    if case.back == "replayed":
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        browser.get(back)
        return httpx2.get(back, headers={"Cookie": cookies, "Accept": "text/html"})
    if case.back.startswith("state="):
        back = re.sub("state=[^&]*", case.back, back)
    elif case.back:
        back += f"&{case.back}"
    return browser.get(back)


def answer_of(case: Case, provider: Provider, portal: RunningPortal) -> str:
    """The portal's answer in the words of the table."""
    case.arrange(provider)
    before = len(portal.lines())
    with portal.browser() as browser:
        answer = come_back(browser, case)
        refusals = [line for line in portal.lines()[before:] if line["event"] == "login refused"]
        inside = "/trial/staff/viewer" if case.staff else "/trial/citizen"
        if answer.status_code == 303:
            assert not refusals and browser.get(inside).status_code == 200
            return IN
        assert not any(cookie.startswith("videoguide=") for cookie in answer.headers.get_list("set-cookie"))
        assert "<html" in answer.text and "script>alert" not in answer.text and "nr19" not in answer.text
    assert not any(secret in portal.log.getvalue() for secret in (GIULIA, PROVISIONAL, "nr19", "other.example"))
    (refusal,) = refusals
    because = f", {refusal['because']}" if "because" in refusal else ""
    return f"refused: `{refusal['reason']}`{because}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.sent)
def test_what_a_provider_sends_is_answered_as_the_table_says(
    case: Case, provider: Provider, portal: RunningPortal
) -> None:
    assert answer_of(case, provider, portal) == case.answered


def test_the_table_of_the_page_has_these_rows(pytestconfig: pytest.Config) -> None:
    rows = [f"| {case.sent} | {case.answered} |" for case in CASES]
    wanted = "\n".join(["| what the provider sends | what the portal answers |", "| --- | --- |", *rows])
    wanted = f"<!-- matrix -->\n{wanted}\n<!-- /matrix -->"
    text = PAGE.read_text(encoding="utf-8")
    table = re.search("<!-- matrix -->.*<!-- /matrix -->", text, re.DOTALL)
    assert table is not None
    if pytestconfig.getoption("--update-golden"):
        PAGE.write_text(text.replace(table.group(), wanted), encoding="utf-8")
        return
    assert table.group() == wanted, "renew the table with `pytest --update-golden`"
