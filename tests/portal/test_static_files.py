# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Static files are kept for ever under addresses that change with them, and nothing else is sent."""

import re
from collections.abc import Iterator

import httpx2
import pytest

from tests.support.portals import RunningPortal, raw, running_portal
from videoguide.errors import UnknownChoice
from videoguide.portal.static_files import STYLES, STYLES_FOLDER, static_content, static_url


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with running_portal(tmp_path_factory.mktemp("portal"), {}) as running:
        yield running


def test_static_files_are_kept_for_ever_and_sent_small(portal: RunningPortal) -> None:
    page = httpx2.get(f"{portal.url}/login", headers={"Accept": "text/html"})
    addresses = set(re.findall(r'"(/static/[^"]+)"', page.text))
    assert addresses
    for address in addresses:
        answer = httpx2.get(portal.url + address)
        assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"], address
        if address.endswith(".css"):
            assert answer.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/x/..%2f..%2fapp.py", "/static//etc/passwd"]
)
def test_tricks_with_paths_lead_nowhere(portal: RunningPortal, path: str) -> None:
    answer = raw(portal, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404")


def test_static_addresses_change_with_the_files_and_are_refused_for_others() -> None:
    assert re.fullmatch(r"/static/[0-9a-f]{16}/portal\.css", static_url("portal.css"))
    with pytest.raises(UnknownChoice, match="portal\\.css"):
        static_url("../views.py")


def test_every_component_of_the_styles_is_in_the_one_file_that_is_sent() -> None:
    assert sorted(file.stem for file in STYLES_FOLDER.iterdir()) == sorted(STYLES)
    joined = static_content("portal.css").decode()
    for name in STYLES:
        assert (STYLES_FOLDER / f"{name}.css").read_text(encoding="utf-8") in joined, name
