# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A whole login and logout through a certified provider that nobody here wrote: the npm package ``oidc-provider``."""

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc.jwk import RSAKey

from tests.support.places import ROOT
from tests.support.portals import FISCAL_CODE, GIULIA, SPID, query_of, running_portal

PACKAGE = "oidc-provider@9.13.3"
PROGRAM = ROOT / "tests" / "support" / "stranger.mjs"
pytestmark = pytest.mark.slow  # it installs the package


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package."""
    npm = shutil.which("npm")
    if not (npm and shutil.which("node")):
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("npm")
    command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
    installed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if installed.returncode:
        pytest.skip(f"npm could not fetch {PACKAGE}")
    return folder


@contextmanager
def running_stranger(package: Path, port: int, client: dict[str, Any]) -> Iterator[None]:
    claims = {FISCAL_CODE: f"TINIT-{GIULIA}"}
    given = json.dumps({"port": port, "client": client, "claims": claims, "level": f"{SPID}2"})
    command = ["node", str(PROGRAM), str(package), given]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout
        lines = iter(process.stdout.readline, "")
        assert any(line == "ready\n" for line in lines), "the provider did not start"
        yield
    finally:
        process.kill()
        process.communicate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "private_key_jwt"])
def test_a_person_comes_in_and_goes_out_through_a_strangers_provider(
    package: Path, tmp_path: Path, method: str
) -> None:
    """With a key, the provider also signs and encrypts what it says of the person."""
    key, port = RSAKey.generate_key(2048, {"kid": "ours"}), free_port()
    (tmp_path / "key.pem").write_bytes(key.as_pem(private=True))
    values = {
        "login_issuer": f"http://127.0.0.1:{port}",
        "login_client": "videoguide",
        "login_client_auth": method,
        "login_secret": "known-to-two",
        "login_key": str(tmp_path / "key.pem"),
        "login_key_id": "ours",
    }
    with running_portal(tmp_path / "portal", values) as portal, portal.browser() as browser:
        client: dict[str, Any] = {
            "client_id": "videoguide",
            "redirect_uris": [f"{portal.url}/login/callback"],
            "post_logout_redirect_uris": [f"{portal.url}/logged-out"],
            "token_endpoint_auth_method": method,
        }
        if method == "private_key_jwt":
            client["jwks"] = {"keys": [key.as_dict(private=False)]}
            client["userinfo_signed_response_alg"] = "RS256"
            client["userinfo_encrypted_response_alg"] = "RSA-OAEP-256"
            client["userinfo_encrypted_response_enc"] = "A128CBC-HS256"
        else:
            client["client_secret"] = "known-to-two"
        with running_stranger(package, port, client):
            assert portal.portal.provider
            portal.portal.provider.check()
            page = browser.get("/login/start?next=/trial/citizen", follow_redirects=True)
            assert page.url.path == "/trial/citizen", (page.url, page.text, portal.log.getvalue())
            assert page.json()["fiscal_code"] == GIULIA
            way_out = browser.post("/logout", data={"csrf": page.json()["csrf"]}).headers["location"]
            assert "id_token_hint" in query_of(way_out)
            asked = browser.get(way_out)
            secret = re.search('name="xsrf" value="([^"]+)"', asked.text)
            assert asked.status_code == 200 and secret, asked.text
            form = {"xsrf": secret[1], "logout": "yes"}
            end = httpx2.URL(way_out).copy_with(path="/session/end/confirm", query=None)
            assert browser.post(end, data=form).headers["location"].startswith(f"{portal.url}/logged-out")
            assert browser.get("/trial/citizen").status_code == 303
