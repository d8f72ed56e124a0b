# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The pages about how a campaign goes in a real browser: on a phone and at a desk, with a mouse and without."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.invented_traffic import Habits, enter_before, invent
from tests.support.portal_tabs import Portal, Tab
from tests.support.portals import RunningPortal, running_portal
from videoguide.packs.campaigns import Campaign
from videoguide.records.database import now

pytestmark = pytest.mark.browser

FIGURES, COMMENTS = "/staff/assegno-unico/figures", "/staff/assegno-unico/comments"
MONTHS = Habits(days=100, rates=0.6)


@pytest.fixture(scope="module")
def busy(pack: Campaign, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """A portal of a campaign that people use, for months."""
    folder = enter_before(tmp_path_factory.mktemp("busy"), pack, *invent(pack, 3000, 7, now(), MONTHS))
    with running_portal(folder, {}) as running:
        yield running


@pytest.fixture
def portal(busy: RunningPortal, tiny_guide: Any) -> Portal:
    return Portal(busy, tiny_guide.manifest())


@pytest.fixture(autouse=True)
def log_in(tab: Tab) -> None:
    tab.come_in_as_staff("viewer")


def go(tab: Tab, address: str) -> Any:
    answer = tab.page.goto(tab.portal.url + address)
    if answer.status >= 400:
        tab.complaints.clear()  # the browser itself notes the status
    return tab.page


def test_the_figures_are_seen_whole(tab: Tab) -> None:
    page = go(tab, FIGURES)
    for at in range(3):
        picture = page.locator("img.chart").nth(at)
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("image => image.naturalWidth") > 0
        shrunk = picture.evaluate("image => image.width / image.naturalWidth")
        assert shrunk > 0.85, "its letters would be too small"
    tab.is_sound("staff-figures", full=True)
    for summary in page.get_by_text("I numeri in tabella").all():
        summary.click()
    tab.is_sound("staff-figures-tables", full=True)


def test_wide_tables_scroll_inside_their_box_by_keyboard(tab: Tab) -> None:
    page = go(tab, FIGURES)
    box = page.get_by_role("region", name="Per documento: i numeri")
    box.focus()
    if box.evaluate("box => box.scrollWidth > box.clientWidth + 40"):
        for _ in range(5):
            page.keyboard.press("ArrowRight")
        tab.until("document.activeElement.scrollLeft > 40")
        title = box.get_by_role("rowheader").first
        assert title.evaluate("cell => cell.getBoundingClientRect().left >= 0"), "titles stay in sight"
    tab.does_not_scroll_sideways()
    page.wait_for_timeout(400)
    tab.shot("staff-figures-scrolled")


def test_filters_are_used_by_keyboard_alone(tab: Tab, pack: Campaign) -> None:
    page = go(tab, FIGURES)
    everything = page.locator(".headline-value").first.inner_text()
    page.get_by_role("combobox", name="Canale").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.get_by_role("button", name="Mostra").focus()
        page.keyboard.press("Enter")
    assert page.get_by_role("combobox", name="Canale").input_value() == pack.description.channels[1]
    assert "canale: dal patronato" in page.locator(".lead").inner_text()
    assert page.locator(".headline-value").first.inner_text() != everything
    tab.is_sound("staff-figures-filtered")
    page.get_by_role("link", name="Leggi i commenti").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.get_by_role("combobox", name="Canale").input_value() == pack.description.channels[1]
    page.get_by_role("link", name="Togli i filtri").click()
    assert page.get_by_role("combobox", name="Canale").input_value() == ""


def test_a_wrong_period_is_said(tab: Tab) -> None:
    page = go(tab, f"{FIGURES}?from=2024-05-02&to=2024-05-01")
    assert "prima di cominciare" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Dal giorno").input_value() == "2024-05-02"
    tab.is_sound("staff-figures-wrong")


def test_comments_are_read_and_searched_and_harm_nobody(tab: Tab) -> None:
    page = go(tab, COMMENTS)
    assert page.locator("blockquote").count() == 50
    tab.is_sound("staff-comments")
    page.get_by_role("link", name="Meno recenti").click()
    page.get_by_role("link", name="Più recenti").wait_for()
    page.get_by_label("Parole nei commenti").fill("<script>alert(")
    page.keyboard.press("Enter")
    page.wait_for_url("**words=**")
    assert set(page.locator("blockquote").all_inner_texts()) == {"<script>alert('ciao')</script> & \"così\""}
    page.get_by_label("Parole nei commenti").fill("niente del genere")
    page.keyboard.press("Enter")
    page.get_by_text("Nessun commento con questi filtri").wait_for()
    tab.is_sound("staff-comments-none")


def test_numbers_are_taken_away_as_a_file(tab: Tab) -> None:
    page = go(tab, FIGURES)
    with page.expect_download() as waited:
        page.get_by_role("link", name="Scarica i numeri (CSV)").click()
    assert waited.value.suggested_filename.endswith(".csv")
    assert Path(waited.value.path()).read_text(encoding="utf-8-sig").startswith("ripartizione;gruppo")
