# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""How long the provider's description and keys are believed, and how often they are asked for."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from tests.support.portals import Provider as RunningProvider
from tests.support.portals import running_provider, signed
from videoguide.errors import InputError
from videoguide.portal import discovery
from videoguide.portal.configuration import LoginSettings, PortalSettings
from videoguide.portal.discovery import Denial, Discovery, Kept
from videoguide.portal.fetching import Bounded
from videoguide.portal.provider import Provider

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::authlib.deprecate.AuthlibDeprecationWarning"
)

Clock = Callable[[float], None]


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Lets so many seconds pass for the discovery."""
    moment = [1000.0]

    class Time:
        monotonic = staticmethod(lambda: moment[0])

    monkeypatch.setattr(discovery, "time", Time)

    def passed(seconds: float) -> None:
        moment[0] += seconds

    return passed


@pytest.fixture
def running() -> Iterator[RunningProvider]:
    with running_provider({"giulia": {}}) as running:
        yield running


def settings(issuer: str) -> LoginSettings:
    login = PortalSettings.of({"login_issuer": issuer, "login_client": "videoguide", "login_secret": "x"}).login
    assert login
    return login


def token(key: RSAKey) -> str:
    return signed({"alg": "RS256", "kid": "first"}, {"sub": "anna"}, key)


def key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "first"})


def test_a_key_replaced_under_its_name_is_read_again_but_not_for_every_bad_token(
    running: RunningProvider, wait: Clock
) -> None:
    provider = Discovery(settings(running.url), Bounded())
    provider.proven(token(running.key), ["RS256"])
    running.key = key()
    wait(20)
    assert provider.proven(token(running.key), ["RS256"]).claims["sub"] == "anna"
    assert running.asked.count("/jwks") == 2
    for _ in range(30):
        with pytest.raises(JoseError):
            provider.proven(token(key()), ["RS256"])
    assert running.asked.count("/jwks") == 2, "just read"
    wait(20)
    for _ in range(30):
        with pytest.raises(JoseError):
            provider.proven(token(key()), ["RS256"])
    assert running.asked.count("/jwks") == 3
    assert provider.proven(token(running.key), ["RS256"]).claims["sub"] == "anna", "the right one still holds"


def test_a_withdrawn_key_proves_nothing_after_an_hour(running: RunningProvider, wait: Clock) -> None:
    provider = Discovery(settings(running.url), Bounded())
    withdrawn = running.key
    provider.proven(token(withdrawn), ["RS256"])
    running.key = RSAKey.generate_key(2048, {"kid": "second"})
    wait(2600)
    provider.proven(token(withdrawn), ["RS256"])
    wait(1010)
    with pytest.raises(JoseError):
        provider.proven(token(withdrawn), ["RS256"])


def test_keys_are_not_believed_for_longer_because_the_provider_is_silent(running: RunningProvider, wait: Clock) -> None:
    provider = Discovery(settings(running.url), Bounded())
    provider.proven(token(running.key), ["RS256"])
    running.answer = lambda path, _: b"<html>" if path == "/jwks" else None
    wait(20)
    with pytest.raises(JoseError):
        provider.proven(token(key()), ["RS256"])
    provider.proven(token(running.key), ["RS256"])
    wait(3600)
    with pytest.raises(Denial):
        provider.proven(token(running.key), ["RS256"])


def test_what_grows_old_is_renewed_by_one_while_the_rest_go_by_it(wait: Clock) -> None:
    answers: list[Any] = ["first", Denial("provider_silent"), "second"]
    inside: list[str] = []

    def read() -> str:
        if len(answers) < 3:
            inside.append(kept.get())  # somebody else, meanwhile
        answer = answers.pop(0)
        if isinstance(answer, Denial):
            raise answer
        return str(answer)

    kept: Kept[str] = Kept(read)
    assert kept.get() == "first"
    wait(3000)
    assert kept.get() == "first", "the provider was silent"
    wait(20)
    assert kept.get() == "second" and inside == ["first", "first"]


def test_a_failure_is_remembered_for_a_few_seconds(wait: Clock) -> None:
    asked: list[str] = []

    def fail() -> Any:
        asked.append("")
        raise Denial("provider_silent", "no answer")

    kept: Kept[Any] = Kept(fail)
    for _ in range(10):
        with pytest.raises(Denial):
            kept.get()
    assert len(asked) == 1
    wait(6)
    with pytest.raises(Denial, match="provider_silent"):
        kept.get()
    assert len(asked) == 2


@pytest.mark.parametrize(("configured", "stated"), [("", "/"), ("/", "")])
def test_an_issuer_with_another_final_slash_is_told_at_the_start(
    running: RunningProvider, configured: str, stated: str
) -> None:
    def other_slash(path: str, body: bytes) -> bytes | None:
        if not path.endswith("openid-configuration"):
            return None
        return json.dumps({**json.loads(body), "issuer": running.url + stated}).encode()

    running.answer = other_slash
    provider = Provider(settings(running.url + configured), "http://127.0.0.1/login/callback")
    with pytest.raises(InputError) as caught:
        provider.check()
    line = str(caught.value)
    assert f"'{running.url}{configured}'" in line and f"'{running.url}{stated}'" in line and "\n" not in line


def test_a_provider_that_says_nothing_useful_is_no_reason_not_to_start(running: RunningProvider) -> None:
    running.answer = lambda path, _: b"<html>"
    with pytest.raises(Denial):
        Provider(settings(running.url), "http://127.0.0.1/login/callback").check()
