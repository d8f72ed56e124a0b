# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""How the portal shows the identity provider who it is, when it exchanges a code for a token."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tests.support.portals import FISCAL_CODE, GIULIA, SPID, Provider, log_in, running_portal, running_provider
from videoguide.errors import InputError, UnknownChoice
from videoguide.portal.configuration import PortalSettings
from videoguide.portal.provider import Provider as OurProvider

# the provider's own use of what its library will drop
pytestmark = [
    pytest.mark.filterwarnings("ignore::authlib.deprecate.AuthlibDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:EdDSA is deprecated"),
]

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEYS: dict[str, RSAKey | ECKey | OKPKey] = {
    "RS256": RSAKey.generate_key(2048),
    "ES256": ECKey.generate_key("P-256"),
    "ES384": ECKey.generate_key("P-384"),
    "EdDSA": OKPKey.generate_key("Ed25519"),
}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_provider({"giulia": {FISCAL_CODE: GIULIA, "acr": f"{SPID}2"}}) as provider:
        yield provider


def values(provider: Provider, **more: str) -> dict[str, str]:
    given = {"login_issuer": provider.url, "login_client": "videoguide", "login_secret": "known-to-two"}
    return given | {f"login_{name}": value for name, value in more.items()}


def described(**more: object) -> Callable[[str, bytes], bytes | None]:
    """The provider's description with other entries."""
    return lambda path, body: (
        json.dumps({**json.loads(body), **more}).encode() if path.endswith("openid-configuration") else None
    )


def pem(folder: Path, key: RSAKey | ECKey | OKPKey) -> str:
    file = folder / "key.pem"
    file.write_bytes(key.as_pem(private=True))
    return str(file)


def test_the_secret_goes_where_the_setting_says(provider: Provider, tmp_path: Path) -> None:
    def basic(form: dict[str, str], header: str) -> None:
        assert base64.b64decode(header.removeprefix("Basic ")) == b"videoguide:known-to-two"
        assert "client_secret" not in form

    def post(form: dict[str, str], header: str) -> None:
        assert (form["client_id"], form["client_secret"], header) == ("videoguide", "known-to-two", "")

    for method, gate in (("client_secret_basic", basic), ("client_secret_post", post)):
        provider.gate, provider.answer = gate, described(token_endpoint_auth_methods_supported=[method])
        given = values(provider, client_auth=method)
        with running_portal(tmp_path / method, given) as running, running.browser() as browser:
            assert log_in(browser, "giulia").headers["location"] == "/trial/citizen"


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_private_key_signs_who_we_are(provider: Provider, tmp_path: Path, algorithm: str) -> None:
    key, used = KEYS[algorithm], set()

    def gate(form: dict[str, str], header: str) -> None:
        assert not header and "client_secret" not in form and form["client_assertion_type"] == ASSERTION
        token = jwt.decode(form["client_assertion"], key, algorithms=[algorithm])
        claims = token.claims
        assert token.header["kid"] == "ours-2026" and claims["iss"] == claims["sub"] == "videoguide"
        assert claims["aud"] == f"{provider.url}/oauth2/token" and claims["jti"] not in used
        assert time.time() - 5 < claims["iat"] <= time.time() < claims["exp"]
        used.add(claims["jti"])

    provider.gate = gate
    provider.answer = described(
        token_endpoint_auth_methods_supported=["private_key_jwt"],
        token_endpoint_auth_signing_alg_values_supported=["PS512", algorithm] if algorithm != "RS256" else ["RS256"],
    )
    given = values(provider, client_auth="private_key_jwt", key=pem(tmp_path, key), key_id="ours-2026")
    with running_portal(tmp_path / "portal", given) as running:
        for _ in range(2):
            with running.browser() as browser:
                assert log_in(browser, "giulia").headers["location"] == "/trial/citizen"
    assert len(used) == 2


def test_a_client_that_the_provider_does_not_believe_is_told_kindly(provider: Provider, tmp_path: Path) -> None:
    def gate(form: dict[str, str], header: str) -> None:
        raise AssertionError

    provider.gate = gate
    with running_portal(tmp_path, values(provider)) as running, running.browser() as browser:
        assert log_in(browser, "giulia").status_code == 403


def test_a_way_that_the_provider_does_not_take_is_told_at_the_start(provider: Provider) -> None:
    provider.answer = described(token_endpoint_auth_methods_supported=["private_key_jwt", "tls_client_auth"])
    login = PortalSettings.of(values(provider)).login
    assert login
    with pytest.raises(InputError, match="ammette: private_key_jwt, tls_client_auth"):
        OurProvider(login, "http://127.0.0.1/login/callback").check()


def test_a_wrong_key_or_way_is_told_in_one_line_that_names_the_setting(tmp_path: Path) -> None:
    given = {"login_issuer": "https://login.example", "login_client": "v", "login_client_auth": "private_key_jwt"}
    files = {
        "nothing": None,
        "no key": b"words",
        "public": KEYS["RS256"].as_pem(private=False),
        "locked": KEYS["RS256"].as_pem(private=True, password="x"),
        "agrees only": OKPKey.generate_key("X25519").as_pem(private=True),
    }
    for name, content in files.items():
        file = tmp_path / f"{name}.pem"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(InputError, match=r"login_key .*PEM") as caught:
            PortalSettings.of({**given, "login_key": str(file)})
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="login_key"):
        PortalSettings.of(given)
    with pytest.raises(UnknownChoice, match="login_client_auth"):
        PortalSettings.of({**given, "login_client_auth": "client_secret_jwt"})
    with pytest.raises(InputError, match="login_secret"):
        PortalSettings.of({**given, "login_client_auth": "client_secret_post"})


def test_the_private_key_is_never_shown(tmp_path: Path) -> None:
    key = RSAKey.generate_key(2048)
    given = {"login_issuer": "https://login.example", "login_client": "v", "login_key": pem(tmp_path, key)}
    rules = PortalSettings.of(given)
    assert rules.login and rules.login.key and str(key.as_dict(private=True)["d"]) not in repr(rules)
    assert not isinstance(rules.login.key, OctKey)
