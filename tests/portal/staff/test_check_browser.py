# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Check, versions and comparison in a real browser, at 360 and 1280 px."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.portal_tabs import Portal, Tab
from tests.support.proving import CHECK, VERSIONS, Desk, proving_portal

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def desk(tmp_path: Any) -> Iterator[Desk]:
    with proving_portal(tmp_path) as opened:
        yield opened


@pytest.fixture
def portal(desk: Desk, tiny_guide: Any) -> Portal:
    return Portal(desk.running, tiny_guide.manifest())


def open_page(tab: Tab, address: str, role: str = "approver") -> Any:
    tab.come_in_as_staff(role)
    answer = tab.page.goto(tab.portal.url + address)
    assert answer.status == 200
    return tab.page


def break_words(desk: Desk) -> None:
    """A mistake of the kind that the check finds when it looks at a scene."""
    desk.copy.change("scenes/receipt.toml", 'text = "Manca ancora', f'text = "Manca www.example.org/{"lungo/" * 8} e')


def test_everything_is_checked_while_the_page_is_open(tab: Tab, desk: Desk) -> None:
    page = open_page(tab, CHECK)
    tab.is_sound("check-1-new", full=True)
    page.get_by_role("button", name="Controlla tutto").click()
    page.get_by_text("Fatto: tutte le scene sono state guardate.").wait_for(timeout=60_000)
    page.get_by_text("Nessun problema.").wait_for()
    assert page.locator(".shot img").count() == 7
    tab.until("Array.from(document.querySelectorAll('.shot img')).filter(i => i.complete).length > 0")
    alt = page.locator(".shot img").first.get_attribute("alt")
    assert alt.startswith("Ciao Mariamaddalena Francesca, benvenuta.")
    tab.is_sound("check-2-done", full=True)
    page.get_by_text("Le parole").first.click()
    tab.is_sound("check-3-words")

    break_words(desk)
    page.goto(tab.portal.url + CHECK)
    page.get_by_role("button", name="Controlla tutto").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Fatto: tutte le scene sono state guardate.").wait_for(timeout=60_000)
    assert "una riga di più di" in page.locator("[data-part=findings]").inner_text()
    assert page.locator("figure .problems li").count() > 0
    tab.is_sound("check-4-problems", full=True)


def test_a_broken_pack_says_where_it_is_broken(tab: Tab, desk: Desk) -> None:
    desk.keep()
    desk.copy.change("windows.toml", "[receipts]", "[receipts")
    page = open_page(tab, CHECK)
    assert "windows.toml" in page.locator("main").inner_text()
    tab.is_sound("check-5-broken", full=True)
    page = open_page(tab, VERSIONS)
    assert "windows.toml" in page.locator("main").inner_text()
    tab.is_sound("versions-1-broken", full=True)


def test_a_change_is_compared_and_approved(tab: Tab, desk: Desk) -> None:
    page = open_page(tab, VERSIONS)
    tab.is_sound("versions-2-first", full=True)
    page.get_by_label("Ho guardato le scene e il confronto").check()
    page.get_by_role("button", name="Approva").click()
    page.get_by_text("La versione è approvata.").wait_for()
    tab.is_sound("versions-3-approved", full=True)

    desk.copy.change("scenes/hello.toml", "con calma", "un passo alla volta")
    desk.copy.change("scenes/school.svg", "Quale scuola?", "Che scuola è?")
    desk.copy.change("catalogue.toml", "Scontrino dei quaderni", "Scontrino di penne e quaderni")
    desk.copy.change("campaign.toml", "valid_months = 3", "valid_months = 4")
    page.goto(tab.portal.url + VERSIONS)
    tab.is_sound("versions-4-changed", full=True)
    page.get_by_role("link", name="con la versione approvata").click()
    page.get_by_text("Fatto: tutte le scene sono state guardate.").wait_for(timeout=60_000)
    assert page.locator(".change").count() >= 3
    assert page.locator("del").first.inner_text().endswith("con calma.")
    assert page.locator(".shot img").count() == 2 * page.locator(".change").count()
    page.locator("details.file summary").first.click()
    page.evaluate("document.querySelectorAll('img').forEach(i => { i.loading = 'eager' })")
    tab.is_sound("compared-1", full=True)
    page.reload()
    assert page.get_by_text("Preparo").count() == 0, "what is drawn once is there"

    page.goto(tab.portal.url + VERSIONS)
    page.get_by_role("button", name="Ritira l’approvazione").click()
    page.get_by_text("L’approvazione è ritirata.").wait_for()
    tab.is_sound("versions-5-revoked", full=True)


def test_who_may_not_is_told_who_may(tab: Tab, desk: Desk) -> None:
    page = open_page(tab, VERSIONS, "editor")
    assert page.get_by_role("button", name="Approva").count() == 0
    assert "Solo chi ha il ruolo «Chi approva»" in page.locator("main").inner_text()
    tab.is_sound("versions-6-editor", full=True)
    page = open_page(tab, CHECK, "viewer")
    assert page.get_by_role("button", name="Controlla tutto").count() == 0
    tab.is_sound("check-6-viewer", full=True)
