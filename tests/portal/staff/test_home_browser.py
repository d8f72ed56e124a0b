# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The staff's first pages in a real browser, on a phone and at a desk."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.places import PACKS
from tests.support.portal_tabs import Portal, Tab
from tests.support.portals import RunningPortal, running_portal
from videoguide.records import audit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SHOWN = {
    "login": "/staff/login",
    "home": "/staff",
    "audit": "/staff/audit",
    "nothing": "/staff/nothing/figures",
    "broken": "/staff/broken/figures",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """A portal with a campaign, a broken one, and a busy day."""
    folder = tmp_path_factory.mktemp("desk")
    packs = Path(shutil.copytree(PACKS, folder / "packs"))
    shutil.copytree(packs / "bonus-libri", packs / "broken")
    (packs / "broken" / "campaign.toml").write_text('id = "broken"\ntitle = ', encoding="utf-8")
    with running_portal(folder, {}, scenes=packs) as running:
        for number, what in enumerate(audit.ACTIONS):
            role = ("viewer", "editor", "approver", "")[number % 4]
            audit.note(running.portal.database, f"{what}@work", what, role=role, campaign="bonus-libri", about="f" * 32)
        yield running


@pytest.fixture
def portal(desk: RunningPortal, tiny_guide: Any) -> Portal:
    return Portal(desk, tiny_guide.manifest())


@pytest.fixture(autouse=True)
def log_in(tab: Tab) -> None:
    tab.come_in_as_staff("approver")


@pytest.mark.parametrize("name", SHOWN)
def test_every_page_is_sound(tab: Tab, name: str) -> None:
    answer = tab.page.goto(tab.portal.url + SHOWN[name])
    if answer.status >= 400:
        tab.complaints.clear()  # the browser itself notes the status
    tab.is_sound(f"staff-{name}", full=True)


def test_from_the_list_to_a_campaign_and_back_by_keyboard(tab: Tab) -> None:
    page = tab.page
    page.goto(tab.portal.url + "/staff")
    seen = []
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.innerText.trim()"))
    assert [word for word in seen if word in ("Vai al contenuto", "Esci")][:2] == ["Vai al contenuto", "Esci"]
    page.get_by_role("link", name="Come va", exact=True).first.press("Enter")
    page.get_by_role("heading", name="Come va la campagna").wait_for()
    page.get_by_role("link", name="Videoguide").press("Enter")
    page.get_by_role("heading", name="Le campagne").wait_for()
