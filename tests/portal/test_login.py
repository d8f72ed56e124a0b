# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Coming in with a real OpenID provider on loopback, and every wrong way in."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import httpx2
import pytest
from joserfc.jwk import OctKey, RSAKey
from sqlmodel import select

from tests.support.portals import (
    ELISA,
    FISCAL_CODE,
    GIULIA,
    SPID,
    Claims,
    Provider,
    RunningPortal,
    claims_of,
    consent,
    go_to_provider,
    hidden,
    log_in,
    query_of,
    running_portal,
    running_provider,
    signed,
)
from videoguide.errors import InputError, UnknownChoice
from videoguide.portal import discovery
from videoguide.portal.app import create_app
from videoguide.portal.configuration import PORTAL_SETTINGS, PortalSettings
from videoguide.portal.discovery import Denial
from videoguide.portal.login import fiscal_code_of, local_path
from videoguide.portal.server import check_bind
from videoguide.records import audit
from videoguide.records.database import LoginSession
from videoguide.settings import load

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# the provider's own use of what its library will drop
pytestmark = [
    pytest.mark.filterwarnings("ignore::authlib.deprecate.AuthlibDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning"),
]

L2 = {"acr": f"{SPID}2"}
PEOPLE: dict[str, Claims] = {
    "giulia": {FISCAL_CODE: f"TINIT-{GIULIA}", **L2},
    "elisa": {FISCAL_CODE: ELISA, "acr": f"{SPID}3"},
    "low": {FISCAL_CODE: f"TINIT-{GIULIA}", "acr": f"{SPID}1"},
    "no-level": {FISCAL_CODE: f"TINIT-{GIULIA}"},
    "odd-level": {FISCAL_CODE: f"TINIT-{GIULIA}", "acr": f"{SPID}9"},
    "listed-level": {FISCAL_CODE: f"TINIT-{GIULIA}", "acr": [f"{SPID}2"]},
    "eidas": {FISCAL_CODE: f"TINIT-{GIULIA}", "acr": "http://eidas.europa.eu/LoA/substantial"},
    "nobody": {**L2},
    "anna": {"roles": ["viewer", "approver", "other"], **L2},
    "bruno": {"roles": "editor", **L2},
    "carla": {"roles": ["gardener"], **L2},
    "both": {FISCAL_CODE: f"TINIT-{GIULIA}", "roles": ["viewer"], **L2},
    "anna-low": {"roles": ["viewer"], "acr": f"{SPID}1"},
}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running_provider(PEOPLE) as provider:
        yield provider


@pytest.fixture(scope="module")
def running(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    values = {"login_issuer": provider.url, "login_client": "videoguide", "login_secret": "known-to-two"}
    with running_portal(tmp_path_factory.mktemp("portal"), values) as running:
        yield running


@pytest.fixture
def portal(running: RunningPortal, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> RunningPortal:
    """The portal with a sound provider, and with no memory of earlier faults."""
    provider.heal()
    monkeypatch.setattr(discovery, "AGAIN_SECONDS", 0)
    return running


@pytest.fixture
def browser(portal: RunningPortal) -> Iterator[httpx2.Client]:
    with portal.browser() as browser:
        yield browser


def is_refused(answer: httpx2.Response, status: int, words: str) -> bool:
    """Refused with a page in plain words, and with no session."""
    assert (answer.status_code, words in answer.text) == (status, True), (answer.status_code, answer.text)
    assert "<html" in answer.text and "script-src 'self'" in answer.headers["content-security-policy"]
    return not any(cookie.startswith("videoguide=") for cookie in answer.headers.get_list("set-cookie"))


def test_a_citizen_comes_in_and_is_known_by_the_fiscal_code(browser: httpx2.Client) -> None:
    answer = log_in(browser, "giulia")
    assert answer.status_code == 303 and answer.headers["location"] == "/trial/citizen"
    assert browser.get("/trial/citizen").json()["fiscal_code"] == GIULIA


def test_the_provider_is_asked_for_a_proof_bound_to_this_login_and_for_the_level(
    browser: httpx2.Client, portal: RunningPortal
) -> None:
    first, second = (query_of(go_to_provider(browser, "/login/start")) for _ in range(2))
    assert first["response_type"] == "code" and first["code_challenge_method"] == "S256"
    assert first["acr_values"] == f"{SPID}2" and first["scope"] == "openid"
    assert first["redirect_uri"] == f"{portal.url}/login/callback"
    assert FISCAL_CODE in json.loads(first["claims"])["id_token"]
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name] and len(first[name]) >= 43


def test_the_cookies_of_the_way_in_and_of_the_session_are_closed_to_scripts_and_other_sites(
    browser: httpx2.Client,
) -> None:
    start = browser.get("/login/start")
    answer = browser.get(consent(start.headers["location"], "giulia"))
    for cookie in start.headers.get_list("set-cookie") + answer.headers.get_list("set-cookie"):
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie and "Domain" not in cookie


def test_a_login_gives_a_new_token_and_ends_the_session_before(browser: httpx2.Client, portal: RunningPortal) -> None:
    planted = portal.sessions.begin("citizen", fiscal_code=ELISA)
    browser.cookies.set("videoguide", planted, domain="127.0.0.1", path="/")
    answer = log_in(browser, "giulia")
    token = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("videoguide=")).split("=")[1]
    assert not token.startswith(planted) and portal.sessions.find(planted) is None


def test_a_session_somebody_made_up_is_not_taken_over(browser: httpx2.Client, portal: RunningPortal) -> None:
    browser.cookies.set("videoguide", "A" * 43, domain="127.0.0.1", path="/")
    log_in(browser, "giulia")
    assert portal.sessions.find("A" * 43) is None


@pytest.mark.parametrize("sub", ["elisa", "eidas"])
def test_a_higher_or_equal_level_of_another_scheme_is_fine(browser: httpx2.Client, sub: str) -> None:
    assert log_in(browser, sub).status_code == 303 and browser.get("/trial/citizen").status_code == 200


@pytest.mark.parametrize("sub", ["low", "no-level", "odd-level", "listed-level"])
def test_a_lower_missing_or_unknown_level_is_refused_kindly(browser: httpx2.Client, sub: str) -> None:
    assert is_refused(log_in(browser, sub), 403, "Serve un accesso più sicuro")
    assert browser.get("/trial/citizen").status_code == 303


def test_a_replayed_callback_is_refused(browser: httpx2.Client) -> None:
    back = consent(go_to_provider(browser, "/login/start"), "giulia")
    kept = dict(browser.cookies)
    assert browser.get(back).status_code == 303
    cookies = "; ".join(f"{name}={value}" for name, value in kept.items())
    assert is_refused(httpx2.get(back, headers={"Cookie": cookies, "Accept": "text/html"}), 400, "non è più valido")


def test_who_goes_back_to_the_callback_after_coming_in_just_goes_on(browser: httpx2.Client) -> None:
    back = consent(go_to_provider(browser, "/login/start"), "giulia")
    browser.get(back)
    kept = browser.cookies["videoguide"]
    answer = browser.get(back)
    assert answer.headers["location"] == "/guide" and browser.cookies["videoguide"] == kept


def test_a_callback_brought_to_another_browser_is_refused(browser: httpx2.Client, portal: RunningPortal) -> None:
    """Else somebody could make others watch the guides, and rate, in their name."""
    with portal.browser() as other:
        go_to_provider(other, "/login/start")
        back = consent(go_to_provider(browser, "/login/start"), "giulia")
        assert is_refused(other.get(back), 400, "non è più valido")
    with portal.browser() as without_any:
        assert is_refused(without_any.get(back), 400, "non è più valido")


@pytest.mark.parametrize("query", ["", "code=x", "state=x", "code=x&state=", "error=access_denied", "code=x&state=%00"])
def test_a_callback_without_the_state_is_refused(browser: httpx2.Client, query: str) -> None:
    go_to_provider(browser, "/login/start")
    assert is_refused(browser.get(f"/login/callback?{query}"), 400, "non è più valido")


def test_a_way_in_that_took_too_long_is_refused(browser: httpx2.Client, portal: RunningPortal) -> None:
    back = consent(go_to_provider(browser, "/login/start"), "giulia")
    with portal.portal.database.session() as session:
        for row in session.exec(select(LoginSession)):
            row.created_at -= timedelta(minutes=11)
    assert is_refused(browser.get(back), 400, "non è più valido")


def test_a_code_of_another_login_is_refused(browser: httpx2.Client, portal: RunningPortal) -> None:
    with portal.browser() as thief:
        stolen = query_of(consent(go_to_provider(browser, "/login/start"), "giulia"))["code"]
        own = query_of(go_to_provider(thief, "/login/start"))
        back = f"/login/callback?{urlencode({'code': stolen, 'state': own['state']})}"
        assert is_refused(thief.get(back), 403, "non è riuscito")


def test_who_says_no_at_the_provider_is_told_kindly(browser: httpx2.Client) -> None:
    address = go_to_provider(browser, "/login/start")
    state = query_of(address)["state"]
    answer = browser.get(f"/login/callback?error=access_denied&state={state}")
    assert is_refused(answer, 403, "Hai annullato")


def test_what_the_provider_says_of_its_error_is_never_shown(browser: httpx2.Client, portal: RunningPortal) -> None:
    state = query_of(go_to_provider(browser, "/login/start"))["state"]
    words = quote("<script>alert(1)</script> ErrorCode nr19")
    answer = browser.get(f"/login/callback?error=server_error&error_description={words}&state={state}")
    assert is_refused(answer, 403, "non è riuscito")
    assert "script>alert" not in answer.text and "nr19" not in answer.text + portal.log.getvalue()


def test_an_answer_that_names_another_issuer_is_refused(browser: httpx2.Client) -> None:
    back = consent(go_to_provider(browser, "/login/start"), "giulia")
    assert is_refused(browser.get(f"{back}&iss=https://other.example"), 403, "verificare")


def without(name: str) -> Any:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def with_(**changed: object) -> Any:
    return lambda claims: {**claims, **changed}


@pytest.mark.parametrize(
    "change",
    [
        with_(nonce="another"),
        with_(nonce=None),
        without("nonce"),
        with_(aud="another"),
        with_(aud=["another"]),
        with_(aud=[]),
        with_(aud=["videoguide", "another"]),
        with_(aud=["videoguide", "another"], azp="another"),
        without("aud"),
        with_(iss="https://other.example"),
        without("iss"),
        with_(exp=int(time.time()) - 3600),
        with_(exp="tomorrow"),
        with_(exp=None),
        without("exp"),
        with_(iat=int(time.time()) + 3600),
        without("iat"),
        with_(nbf=int(time.time()) + 3600),
        without("sub"),
        with_(sub=7),
        with_(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    ],
)
def test_an_id_token_that_is_not_for_this_login_is_refused(
    browser: httpx2.Client, provider: Provider, change: Any
) -> None:
    provider.change = change
    assert is_refused(log_in(browser, "giulia"), 403, "verificare")
    assert browser.get("/trial/citizen").status_code == 303


def test_an_id_token_for_us_among_others_is_fine(browser: httpx2.Client, provider: Provider) -> None:
    provider.change = with_(aud=["videoguide", "another"], azp="videoguide")
    assert log_in(browser, "giulia").status_code == 303


def test_an_id_token_signed_by_somebody_else_is_refused(browser: httpx2.Client, provider: Provider) -> None:
    kid = provider.key.kid or ""
    provider.published = RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})
    assert log_in(browser, "giulia").status_code in (303, 403)  # the keys known before may still hold
    stranger = RSAKey.generate_key(2048, {"kid": kid})
    kept, provider.key = provider.key, stranger
    provider.published = kept
    try:
        assert is_refused(log_in(browser, "giulia"), 403, "verificare")
    finally:
        provider.key = kept


def token_body(change: Any) -> Any:
    """The provider's token answer with another ID token, made of the claims."""

    def answer(path: str, body: bytes) -> bytes | None:
        if path != "/oauth2/token":
            return None
        token = json.loads(body)
        token["id_token"] = change(claims_of(token["id_token"]))
        return json.dumps(token).encode()

    return answer


def unsigned(claims: Claims) -> str:
    import base64

    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


@pytest.mark.parametrize(
    "made",
    [
        unsigned,
        lambda claims: signed({"alg": "HS256"}, claims, OctKey.import_key("known-to-two-known-to-two-known-to")),
        lambda claims: "not.a.token",
        lambda claims: "",
        lambda claims: 7,
        lambda claims: None,
        lambda claims: "a.b.c" * 100_000,
    ],
)
def test_an_id_token_without_the_providers_signature_is_refused(
    browser: httpx2.Client, provider: Provider, made: Any
) -> None:
    provider.answer = token_body(made)
    assert is_refused(log_in(browser, "giulia"), 403, "verificare")


def test_a_key_that_is_new_at_the_provider_is_asked_for(browser: httpx2.Client, provider: Provider) -> None:
    assert log_in(browser, "giulia").status_code == 303
    provider.asked.clear()
    assert log_in(browser, "giulia").status_code == 303 and "/jwks" not in provider.asked, "keys are kept"
    kept, provider.key = provider.key, RSAKey.generate_key(2048, {"kid": "second", "use": "sig", "alg": "RS256"})
    try:
        assert log_in(browser, "giulia").status_code == 303 and provider.asked.count("/jwks") == 1
    finally:
        provider.key = kept


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"error": "invalid_grant"}', b'{"access_token": "a", "token_type": "Bearer"}'],
)
def test_a_token_answer_that_is_none_is_told_kindly(browser: httpx2.Client, provider: Provider, body: bytes) -> None:
    provider.answer = lambda path, _: body if path == "/oauth2/token" else None
    assert log_in(browser, "giulia").status_code in (403, 503)
    assert browser.get("/trial/citizen").status_code == 303


def test_the_fiscal_code_may_be_told_at_the_second_address_only(browser: httpx2.Client, provider: Provider) -> None:
    provider.change = without(FISCAL_CODE)
    assert log_in(browser, "giulia").status_code == 303 and "/userinfo" in "".join(provider.asked)
    assert browser.get("/trial/citizen").json()["fiscal_code"] == GIULIA


def test_a_second_address_that_tells_of_somebody_else_is_not_believed(
    browser: httpx2.Client, provider: Provider
) -> None:
    provider.change = without(FISCAL_CODE)
    provider.answer = lambda path, _: (
        json.dumps({"sub": "elisa", FISCAL_CODE: ELISA}).encode() if "userinfo" in path else None
    )
    assert is_refused(log_in(browser, "giulia"), 403, "verificare")


def test_a_person_without_a_fiscal_code_is_told_kindly(browser: httpx2.Client) -> None:
    assert is_refused(log_in(browser, "nobody"), 403, "Non sappiamo chi sei")


@pytest.mark.parametrize("form", ["TINIT-{}", "tinit-{}", "{}", " {} "])
def test_a_fiscal_code_is_taken_with_italys_prefix_or_bare(form: str) -> None:
    assert fiscal_code_of(form.format(GIULIA)) == GIULIA and fiscal_code_of(form.format(GIULIA.lower())) == GIULIA


@pytest.mark.parametrize(
    "value",
    [
        *(
            None,
            "",
            7,
            True,
            [],
            [GIULIA, ELISA],
            [[GIULIA]],
            {"it": GIULIA},
            "TINIT-",
            "TIN-" + GIULIA,
            "TINITA-" + GIULIA,
        ),
        *(
            "TINIT-TINIT-" + GIULIA,
            GIULIA[:-1] + "A",
            GIULIA[:-1],
            GIULIA + "X",
            f"{GIULIA} {ELISA}",
            "VATIT-12345678901",
        ),
        *(
            f"TINDE-{GIULIA}",
            f"TINFR-{GIULIA}",
            f"IT-{GIULIA}",
            "TINDE-65929970489",
            "12345678901",
            f"TINIT-{GIULIA}\x00",
            "TINIT-' OR 1=1 --",
            "A" * 10_000,
        ),
    ],
)
def test_what_is_no_fiscal_code_is_refused(value: object) -> None:
    with pytest.raises(Denial) as caught:
        fiscal_code_of(value)
    assert caught.value.reason == "identity_missing" and GIULIA not in repr(caught.value)


@pytest.mark.parametrize(
    ("path", "then"),
    [
        *(("/guide", "/guide"), ("/guide/aB3_-9?x=1#y", "/guide/aB3_-9?x=1#y")),
        *((bad, "/guide") for bad in ("", None, "guide", "//example.org", "/\\example.org", "\\/example.org", "/\t/x")),
        *((bad, "/guide") for bad in ("https://example.org", "javascript:alert(1)", "/guide\r\nSet-Cookie: a=b", "/è")),
        *((bad, "/guide") for bad in ("/a\\b", "/ x", "///x", " /guide", "/" + "a" * 2000, "http:/guide", "/\n/x.org")),
    ],
)
def test_after_the_login_one_only_goes_on_to_a_page_of_ours(path: str | None, then: str) -> None:
    assert local_path(path) == then


@pytest.mark.parametrize("then", ["https://example.org", "//example.org", "/%5Cexample.org", "/%09/example.org"])
def test_a_link_cannot_send_people_elsewhere_through_the_login(browser: httpx2.Client, then: str) -> None:
    assert log_in(browser, "giulia", f"/login/start?next={then}").headers["location"] == "/guide"
    assert "example.org" not in browser.get(f"/login?next={then}").text


def test_without_a_session_a_page_leads_to_the_way_in_and_back(browser: httpx2.Client) -> None:
    answer = browser.get("/trial/citizen")
    assert answer.status_code == 303 and answer.headers["location"] == "/login?next=/trial/citizen"
    page = browser.get(answer.headers["location"])
    assert page.status_code == 200 and "/login/start?next=/trial/citizen" in page.text
    staff = browser.get("/trial/staff/viewer")
    assert staff.headers["location"] == "/staff/login?next=/trial/staff/viewer"


def test_without_a_session_programs_and_films_get_a_plain_401(browser: httpx2.Client) -> None:
    answer = browser.get("/trial/citizen", headers={"Accept": "application/json"})
    assert answer.status_code == 401 and answer.json()["error"]["code"] == "not_logged_in"
    assert browser.get("/trial/citizen", headers={"Accept": "*/*", "Range": "bytes=0-"}).status_code == 401


@pytest.mark.parametrize("kind", ["idle", "longest"])
def test_an_ended_session_leads_to_the_way_in_and_says_why(portal: RunningPortal, kind: str) -> None:
    with portal.as_citizen() as browser:
        assert browser.get("/trial/citizen").status_code == 200
        with portal.portal.database.session() as session:
            for row in session.exec(select(LoginSession)):
                if kind == "idle":
                    row.seen_at -= timedelta(minutes=16)
                else:
                    row.created_at -= timedelta(hours=9)
        answer = browser.get("/trial/citizen")
        assert answer.status_code == 303 and "ended=1" in answer.headers["location"]
        assert "La sessione è finita" in browser.get(answer.headers["location"]).text


@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, "è", '"; DROP TABLE sessions', "A" * 5000, "../../etc/passwd"])
def test_a_forged_or_garbled_cookie_is_no_session(portal: RunningPortal, cookie: str) -> None:
    raw = f"videoguide={cookie}".encode()
    answer = httpx2.get(f"{portal.url}/trial/citizen", headers=[(b"cookie", raw), (b"accept", b"application/json")])
    assert answer.status_code == 401


def test_staff_come_in_with_the_highest_of_their_roles(portal: RunningPortal) -> None:
    for sub, role in (("anna", "approver"), ("bruno", "editor")):
        with portal.browser() as browser:
            assert log_in(browser, sub, "/login/start?staff=1").headers["location"] == "/staff"
            assert browser.get("/trial/staff/viewer").json() == {"subject": sub, "role": role}
            assert browser.get("/trial/staff/approver").status_code == (200 if role == "approver" else 403)
            last = audit.entries(portal.portal.database)[0][0]
            assert (last.what, last.who, last.role) == ("login", sub, role)


@pytest.mark.parametrize("sub", ["carla", "giulia"])
def test_who_has_no_role_of_ours_is_not_let_in_as_staff(browser: httpx2.Client, sub: str) -> None:
    assert is_refused(log_in(browser, sub, "/login/start?staff=1"), 403, "Non hai un ruolo")


def test_staff_need_the_level_too(browser: httpx2.Client) -> None:
    assert is_refused(log_in(browser, "anna-low", "/login/start?staff=1"), 403, "accesso più sicuro")


def test_who_is_both_comes_in_as_what_they_asked_for(portal: RunningPortal) -> None:
    with portal.browser() as browser:
        log_in(browser, "both")
        assert (
            browser.get("/trial/citizen").status_code == 200 and browser.get("/trial/staff/viewer").status_code == 403
        )
        log_in(browser, "both", "/login/start?staff=1")
        assert (
            browser.get("/trial/citizen").status_code == 403 and browser.get("/trial/staff/viewer").status_code == 200
        )


def test_citizens_and_staff_are_kept_apart(portal: RunningPortal) -> None:
    with portal.as_citizen() as citizen, portal.as_staff("viewer") as staff:
        assert "Questa pagina è del personale" in citizen.get("/trial/staff/viewer").text
        answer = staff.get("/trial/citizen")
        assert answer.status_code == 403 and "Questa pagina è dei cittadini" in answer.text


def test_the_way_out_ends_the_session_here_and_goes_on_to_the_provider(
    browser: httpx2.Client, portal: RunningPortal, provider: Provider
) -> None:
    log_in(browser, "giulia")
    page = browser.get("/trial/citizen")
    assert page.headers["cache-control"] == "no-store", "the back button finds nothing"
    kept = browser.cookies["videoguide"]
    policy = browser.get("/login").headers["content-security-policy"]
    assert f"form-action 'self' {provider.url};" in policy, "browsers hold the redirect against it"
    answer = browser.post("/logout", data={"csrf": page.json()["csrf"]})
    assert answer.status_code == 303 and answer.headers["location"].startswith(f"{provider.url}/oauth2/end_session?")
    query = query_of(answer.headers["location"])
    assert claims_of(query.pop("id_token_hint"))["sub"] == "giulia", "so that the provider need not ask"
    assert query == {"client_id": "videoguide", "post_logout_redirect_uri": f"{portal.url}/logged-out"}
    assert "videoguide" not in browser.cookies and browser.get("/trial/citizen").status_code == 303
    browser.cookies.set("videoguide", kept, domain="127.0.0.1", path="/")
    assert browser.get("/trial/citizen").status_code == 303, "the old cookie opens nothing any more"
    page = browser.get("/logged-out")
    assert page.status_code == 200 and "gestore" not in page.text


def test_the_provider_lets_the_person_out_and_back(browser: httpx2.Client, provider: Provider) -> None:
    log_in(browser, "giulia")
    csrf = browser.get("/trial/citizen").json()["csrf"]
    asked = httpx2.get(browser.post("/logout", data={"csrf": csrf}).headers["location"])
    assert asked.status_code == 200 and "id_token_hint</code> not set" not in asked.text
    form = {"redirect_uri": hidden(asked, "redirect_uri")}
    answer = httpx2.post(f"{provider.url}/oauth2/end_session/confirm", data=form)
    assert browser.get(answer.headers["location"]).url.path == "/logged-out"


def test_the_id_token_is_kept_only_where_the_cookie_opens_it(
    browser: httpx2.Client, portal: RunningPortal, provider: Provider
) -> None:
    tokens: list[str] = []

    def noted(claims: Claims) -> str:
        tokens.append(signed({"alg": "RS256", "kid": "first"}, claims, provider.key))
        return tokens[-1]

    provider.answer = token_body(noted)
    answer = log_in(browser, "giulia")
    (token,) = tokens
    parts = token.split(".")
    assert not any(part in cookie for part in parts for cookie in answer.headers.get_list("set-cookie"))
    rows = portal.portal.database
    with rows.session() as session:
        kept = json.dumps([row.data for row in session.exec(select(LoginSession))])
    assert "id_token" in kept and not any(part in kept for part in (*parts, "giulia"))
    cookie = browser.cookies["videoguide"]
    assert portal.sessions.end(cookie) == token and portal.sessions.end(cookie) == "", "it ends with the session"
    assert not any(part in portal.log.getvalue() for part in parts)


def test_a_provider_with_no_way_out_goes_on_and_the_page_says_so(tmp_path: Path) -> None:
    with running_provider(PEOPLE) as provider:

        def no_way_out(path: str, body: bytes) -> bytes | None:
            if not path.endswith("openid-configuration"):
                return None
            return json.dumps({**json.loads(body), "end_session_endpoint": None}).encode()

        provider.answer = no_way_out
        values = {"login_issuer": provider.url, "login_client": "videoguide", "login_secret": "known-to-two"}
        with running_portal(tmp_path, values) as portal, portal.browser() as browser:
            log_in(browser, "giulia")
            csrf = browser.get("/trial/citizen").json()["csrf"]
            page = browser.post("/logout", data={"csrf": csrf}, follow_redirects=True)
            assert page.status_code == 200 and "può essere ancora aperta" in page.text


@pytest.mark.browser
def test_a_real_browser_comes_in_and_goes_out_under_these_headers(
    portal: RunningPortal, provider: Provider, chromium: "Browser"
) -> None:
    page = chromium.new_page(base_url=portal.url)
    try:
        page.goto("/login?next=/trial/citizen")
        page.get_by_role("link", name="Entra con la tua identità digitale").click()
        assert page.url.startswith(f"{provider.url}/oauth2/authorize")
        page.locator("input[name=sub]").first.fill("giulia")
        page.get_by_role("button", name="Authorize").first.click()
        assert page.url == f"{portal.url}/trial/citizen" and GIULIA in page.content()
        assert page.evaluate("document.cookie") == ""
        csrf = page.evaluate("JSON.parse(document.body.innerText).csrf")
        page.goto("/login")
        page.evaluate(
            """csrf => {
                const form = Object.assign(document.createElement("form"), {method: "post", action: "/logout"});
                const field = Object.assign(document.createElement("input"), {name: "csrf", value: csrf});
                form.append(field); document.body.append(form); form.submit();
            }""",
            csrf,
        )
        page.wait_for_url(f"{provider.url}/oauth2/end_session**")
        page.goto("/trial/citizen")
        assert page.url == f"{portal.url}/login?next=/trial/citizen"
    finally:
        page.close()


def test_nobody_can_be_logged_out_from_elsewhere(portal: RunningPortal) -> None:
    with portal.as_citizen() as browser:
        assert browser.get("/logout").status_code == 405
        assert browser.post("/logout").status_code == 403 and browser.get("/trial/citizen").status_code == 200


def test_neither_log_nor_metrics_know_who_came_in(browser: httpx2.Client, portal: RunningPortal) -> None:
    log_in(browser, "low")
    back = consent(go_to_provider(browser, "/login/start"), "giulia")
    browser.get(back)
    output = portal.log.getvalue() + httpx2.get(f"{portal.url}/metrics").text
    secrets = [GIULIA, ELISA, "known-to-two", browser.cookies["videoguide"], *query_of(back).values()]
    assert not [secret for secret in secrets if secret in output]
    assert 'videoguide_logins_total{outcome="citizen"}' in output and 'outcome="level_too_low"' in output


def test_a_provider_that_does_not_answer_is_told_kindly(tmp_path: Path) -> None:
    values = {"login_issuer": "http://127.0.0.1:9", "login_client": "videoguide"}
    with running_portal(tmp_path, values) as portal, portal.browser() as browser:
        assert is_refused(browser.get("/login/start"), 503, "non risponde")
        with portal.as_citizen() as citizen:
            csrf = citizen.get("/trial/citizen").json()["csrf"]
            answer = citizen.post("/logout", data={"csrf": csrf})
            assert answer.headers["location"] == "/logged-out?provider=1", "one can always go out"
            assert "Esci anche dal sito del gestore" in citizen.get(answer.headers["location"]).text


def test_without_an_issuer_the_way_in_says_so_kindly(tmp_path: Path) -> None:
    with running_portal(tmp_path, {}) as portal, portal.browser() as browser:
        assert browser.get("/login").status_code == 200
        assert is_refused(browser.get("/login/start"), 503, "in pausa")
        assert is_refused(browser.get("/login/callback?code=x&state=y"), 503, "in pausa")


@pytest.mark.parametrize(
    "changed",
    [{"issuer": "https://other.example"}, {"token_endpoint": "http://other.example/token"}, {"jwks_uri": None}],
)
def test_a_provider_that_describes_itself_oddly_is_not_used(
    provider: Provider, tmp_path: Path, changed: dict[str, object]
) -> None:
    provider.heal()
    provider.answer = lambda path, body: (
        json.dumps({**json.loads(body), **changed}).encode() if "well-known" in path else None
    )
    values = {"login_issuer": provider.url, "login_client": "videoguide"}
    with running_portal(tmp_path, values) as portal, portal.browser() as browser:
        assert is_refused(browser.get("/login/start"), 503, "non risponde")


def test_in_a_demonstration_one_comes_in_as_a_sample_person_by_a_number_alone(tmp_path: Path) -> None:
    with running_portal(tmp_path, {}, demo=True) as portal, portal.browser() as browser:
        page = browser.get("/demo/login?next=/trial/citizen")
        assert page.status_code == 200 and "Giulia" in page.text and "Documenti mancanti" in page.text
        assert GIULIA not in page.text and "TINIT" not in page.text
        answer = browser.post("/demo/login?next=/trial/citizen", data={"csrf": hidden(page, "csrf"), "person": "0"})
        assert answer.status_code == 303 and answer.headers["location"] == "/trial/citizen"
        assert browser.get("/trial/citizen").json()["fiscal_code"] == portal.portal.people[0].fiscal_code == GIULIA
        assert GIULIA not in portal.log.getvalue()


def test_the_test_login_takes_only_its_own_people_from_its_own_form(tmp_path: Path) -> None:
    with running_portal(tmp_path, {}, demo=True) as portal, portal.browser() as browser:
        csrf = hidden(browser.get("/login"), "csrf")
        assert hidden(browser.get("/login"), "csrf") == csrf, "a second tab does not spoil the first"
        assert browser.post("/demo/login", data={"person": "0"}).status_code == 403
        assert browser.post("/demo/login", data={"person": "0", "csrf": "A" * 43}).status_code == 403
        for person in ("", "-1", "99999", "0x0", "٣", "1e1", GIULIA, "citizen", "9" * 400):
            csrf = hidden(browser.get("/login"), "csrf")
            assert browser.post("/demo/login", data={"person": person, "csrf": csrf}).status_code == 400, person
        with portal.browser() as other:
            assert other.post("/demo/login", data={"person": "0", "csrf": csrf}).status_code == 403
        assert browser.get("/login/start").status_code == 404 and browser.get("/login/callback").status_code == 404


def test_a_demonstration_has_staff_too(tmp_path: Path) -> None:
    with running_portal(tmp_path, {}, demo=True) as portal, portal.browser() as browser:
        page = browser.get("/staff/login")
        assert "Entra come personale" in page.text
        answer = browser.post("/demo/login", data={"csrf": hidden(page, "csrf"), "person": "approver"})
        assert answer.headers["location"] == "/staff" and browser.get("/trial/staff/approver").status_code == 200


def test_outside_a_demonstration_there_is_no_test_login(browser: httpx2.Client) -> None:
    assert browser.post("/demo/login", data={"person": "0"}).status_code == 404


def test_a_demonstration_cannot_be_started_with_a_real_issuer_or_for_others(tmp_path: Path) -> None:
    real = {"login_issuer": "https://login.example", "login_client": "videoguide"}
    with pytest.raises(InputError, match="insieme a un emittente vero") as caught:
        PortalSettings.of(real, demo=True)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="insieme a un emittente vero"):
        create_app(load({}, database=f"sqlite:///{tmp_path}/x.db"), PortalSettings.of(real), demo=True)
    assert not (tmp_path / "x.db").exists()
    with pytest.raises(InputError, match="solo questa macchina"):
        PortalSettings.of({"portal_url": "https://guide.example"}, demo=True)
    rules = PortalSettings.of({}, demo=True)
    for host in ("0.0.0.0", "::", "192.168.1.7", "", "example.org", "127.0.0.1.example.org"):
        with pytest.raises(InputError, match="solo su questa macchina"):
            check_bind(host, rules, demo=True)
    for host in ("127.0.0.1", "::1", "localhost", "127.0.0.53"):
        check_bind(host, rules, demo=True)


def test_others_are_served_only_where_people_come_through_tls() -> None:
    with pytest.raises(InputError, match="portal_url deve essere un indirizzo https"):
        check_bind("0.0.0.0", PortalSettings.of({}), demo=False)
    check_bind("0.0.0.0", PortalSettings.of({"portal_url": "https://guide.example"}), demo=False)


@pytest.mark.parametrize(
    "values",
    [
        {"portal_url": "http://guide.example"},
        {"portal_url": "https://guide.example/sotto"},
        {"portal_url": "https://"},
        {"portal_url": "ftp://guide.example"},
        {"portal_url": "https://guide.example:x"},
        {"portal_frames": "http://other.example"},
        {"portal_frames": "https://other.example; script-src *"},
        {"portal_metrics": "sometimes"},
        {"portal_body_kb": "0"},
        {"portal_idle_minutes": "soon"},
        {"portal_session_hours": "-1"},
        {"portal_proxies": "everybody"},
        {"login_issuer": "http://login.example", "login_client": "v"},
        {"login_issuer": "https://login.example?x=1", "login_client": "v"},
        {"login_issuer": "https://login.example"},
        {"login_issuer": "https://login.example", "login_client": "v", "login_level": "L2"},
    ],
)
def test_a_wrong_setting_is_told_in_one_line_that_names_it(values: dict[str, str]) -> None:
    with pytest.raises((InputError, UnknownChoice)) as caught:
        PortalSettings.of(values)
    assert any(name in str(caught.value) for name in (*values, "login_client")) and "\n" not in str(caught.value)


def test_every_row_of_the_portals_settings_is_explained_and_holds_by_default() -> None:
    assert all(row.help.endswith(".") and row.name.startswith(("portal_", "login_")) for row in PORTAL_SETTINGS)
    assert PortalSettings.of({}).login is None and not PortalSettings.of({}).secure


def test_the_secret_is_never_shown() -> None:
    values = {"login_issuer": "https://login.example", "login_client": "v", "login_secret": "known-to-two"}
    assert "known-to-two" not in repr(PortalSettings.of(values))
