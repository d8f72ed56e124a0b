# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A preview in a real browser: from the form to the window in the player, by pointer, by keyboard, without scripts."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from tests.support.manifests import read_manifest
from tests.support.portal_tabs import DESK, VIDEO, Portal, Tab, comes_true
from tests.support.previewing import FORM, SCENES, WIDE, deliver_application, preview_portal, states
from videoguide.media.manifest import Manifest
from videoguide.media.payload import SEGMENTS
from videoguide.records.database import View

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WINDOW = "Quali scontrini servono"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, tiny_guide: Any) -> Iterator[Portal]:
    with preview_portal(tmp_path_factory.mktemp("preview")) as running:
        yield Portal(running, tiny_guide.manifest())


@pytest.fixture
def portal(served: Portal) -> Portal:
    return served


def open_form(tab: Tab, more: str = "") -> Any:
    tab.come_in_as_staff("editor")
    tab.page.goto(tab.portal.url + FORM + more)
    return tab.page


def plays(tab: Tab) -> None:
    """Wait until the guide is there; then it plays."""
    tab.page.wait_for_selector("video", timeout=60_000)
    tab.wait_for_player()
    tab.page.get_by_role("button", name="Guarda la guida").click()
    tab.until(f"!{VIDEO}.paused && {VIDEO}.currentTime > 0")


def said(tab: Tab) -> list[str]:
    return states(tab.page.content())


def test_from_the_form_to_the_window_and_only_what_changes_is_new(tab: Tab, portal: Portal) -> None:
    page = open_form(tab)
    name = "Ottavia" if page.viewport_size["width"] == 360 else "Ottaviana"
    tab.is_sound("preview-1-form", full=True)
    page.get_by_label("Nome", exact=True).fill(name)
    page.get_by_role("button", name="Fai l’anteprima", exact=True).click()
    page.wait_for_url("**/staff/previews/*")
    assert name not in page.title() and name not in page.url

    # the script is read while the guide is made; then it plays in the citizens' player
    page.get_by_text(f"Ciao {name}, benvenuta.").first.wait_for()
    plays(tab)
    first = page.url
    assert "missing" not in said(tab) and said(tab)[0] == "made"
    (button,) = [offered for offered in _manifest(tab).buttons if offered.label == WINDOW]
    tab.at(button.start_ms + 100, play=True)
    offered = page.locator(".panel-button", has_text=WINDOW)
    offered.click()
    dialog = page.get_by_role("dialog", name=WINDOW)
    dialog.wait_for()
    assert dialog.get_by_text("Per il bonus servono questi scontrini.").is_visible()
    tab.is_sound("preview-4-window")
    dialog.get_by_role("button", name="Chiudi e vai avanti").click()
    tab.until(f"!{VIDEO}.paused")
    tab.at(_manifest(tab).duration_ms - 300, play=True)
    page.get_by_role("heading", name="E adesso?").wait_for()
    assert not page.get_by_text("quanto ti è stata utile").count(), "a preview is not rated"
    tab.is_sound("preview-5-end", full=True)

    # a changed field: only its scene is made again
    page.get_by_role("link", name="Cambia qualcosa").click()
    assert page.get_by_label("Nome", exact=True).input_value() == name
    page.get_by_label("Scontrino dei quaderni").check()
    page.get_by_role("button", name="Fai l’anteprima", exact=True).click()
    page.wait_for_url(lambda url: "/staff/previews/" in url and url != first)
    page.wait_for_selector("video", timeout=60_000)
    tab.wait_for_player()
    # the tab before may have had that scene made already
    assert said(tab)[0] == said(tab)[2] == "reused" and (said(tab)[1] == "made" or page.viewport_size == DESK)
    with portal.running.portal.database.session() as session:
        assert session.exec(select(View)).all() == [], "nothing is told of a preview"
    assert tab.complaints == []


def _manifest(tab: Tab) -> Manifest:
    """The manifest of the guide that the tab shows."""
    answer = tab.page.request.get(f"{tab.page.url}/guide.json")
    return read_manifest(answer.body())


def test_while_it_is_made_the_page_says_how_far_it_is(tab: Tab, portal: Portal) -> None:
    """The stream is held up, so that the page can be looked at."""
    page = open_form(tab)
    page.route("**/progress", lambda route: route.abort())
    page.get_by_label("Nome", exact=True).fill("Rosalba" if page.viewport_size["width"] == 360 else "Rosalbina")
    page.get_by_role("button", name="Fai l’anteprima", exact=True).click()
    page.wait_for_url("**/staff/previews/*")
    problem = page.locator("[data-making-problem]")
    tab.until("document.querySelector('[data-making]') !== null")
    page.evaluate("document.querySelector('[data-making-now]').hidden = false")
    assert page.get_by_role("progressbar", name="Sto facendo la guida").is_visible()
    tab.complaints.clear()  # the browser's own, of the connection that was cut
    tab.is_sound("preview-2-making", full=True)
    problem.wait_for(state="attached")
    page.unroute("**/progress")
    page.reload()
    page.wait_for_selector("video", timeout=60_000)
    tab.wait_for_player()
    tab.is_sound("preview-3-ready", full=True)


def test_what_cannot_be_made_is_told_on_the_page_and_can_be_changed(tab: Tab) -> None:
    page = open_form(tab)
    page.get_by_label("Nome", exact=True).fill(WIDE)
    page.get_by_role("button", name="Fai l’anteprima", exact=True).click()
    page.get_by_text("Nome: è troppo lungo per l’immagine.").wait_for(timeout=60_000)
    assert page.get_by_role("button", name="Riprova").is_visible()
    tab.is_sound("preview-6-problem")
    page.locator("[data-making-problem]").get_by_role("link", name="Cambia qualcosa").click()
    assert page.get_by_label("Nome", exact=True).input_value() == WIDE


def test_what_the_form_does_not_accept_is_told_above_it(tab: Tab) -> None:
    page = open_form(tab)
    page.get_by_label("Manca uno scontrino", exact=True).uncheck()
    page.get_by_label("Manca la scuola", exact=True).check()
    page.get_by_role("button", name="Fai l’anteprima", exact=True).click()
    line = page.get_by_role("alert")
    line.wait_for()
    tab.complaints.clear()  # the browser itself notes the status
    assert line.inner_text() == "Manca la scuola: scrivi un numero da 1 in su."
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    assert page.get_by_label("Manca la scuola", exact=True).is_checked()
    tab.is_sound("preview-7-refused")


def test_by_keyboard_alone(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab(DESK)
    page = open_form(tab)
    page.get_by_label("Nome", exact=True).focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Quirina")
    for _ in range(30):
        if page.evaluate("document.activeElement.type") == "submit":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("video", timeout=60_000)
    tab.wait_for_player()
    for _ in range(40):
        if page.evaluate("document.activeElement.closest('.vjs-big-play-button, .vjs-play-control') !== null"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    tab.until(f"!{VIDEO}.paused")
    assert page.get_by_text("Ciao Quirina, benvenuta.").count() >= 1


def test_a_samples_person_and_a_real_application_by_their_own_forms(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab(DESK)
    deliver_application(tab.portal.running, "DOM-7")
    page = open_form(tab)
    page.get_by_label("Profilo", exact=True).select_option("Carla: manca la scuola")
    page.get_by_role("button", name="Usa questo profilo").click()
    page.get_by_text("Ciao Carla, benvenuta.").first.wait_for()
    open_form(tab)
    page.get_by_label("Numero della domanda").fill("DOM-7")
    page.get_by_role("button", name="Fai l’anteprima della domanda").click()
    page.get_by_text("Ciao Ludovica, benvenuta.").first.wait_for()
    page.wait_for_selector("video", timeout=60_000)
    tab.wait_for_player()
    assert "DOM-7" not in page.url and not page.get_by_role("link", name="Cambia qualcosa").count()
    tab.is_sound("preview-8-real", full=True)


def test_closing_the_tab_stops_what_is_not_begun(chromium: Any, tmp_path: Path, album: Path, tiny_guide: Any) -> None:
    with preview_portal(tmp_path, portal_workers="1") as running:
        portal = Portal(running, tiny_guide.manifest())
        context = chromium.new_context(viewport=DESK, locale="it-IT")
        tab = Tab(context.new_page(), portal, album)
        page = open_form(tab)
        page.get_by_label("Manca la scuola", exact=True).check()
        page.get_by_label("Manca la scuola: quanti").fill("1")
        page.get_by_role("button", name="Fai l’anteprima", exact=True).click()
        page.wait_for_url("**/staff/previews/*")
        made = running.portal.store.keys
        comes_true(lambda: bool(set(made(SEGMENTS))))
        context.close()
        time.sleep(3)
        assert 1 <= len(set(made(SEGMENTS))) < SCENES


def test_without_scripts_the_script_is_there_and_a_button_gives_the_guide(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab(DESK, java_script_enabled=False)
    page = open_form(tab)
    page.get_by_label("Nome", exact=True).fill("Vera")
    page.get_by_role("button", name="Fai l’anteprima", exact=True).click()
    assert page.get_by_text("Ciao Vera, benvenuta.").is_visible()
    page.get_by_role("button", name="Fai la guida").click()
    page.wait_for_selector("video", timeout=60_000)
    tab.shot("preview-9-plain", full=True)


def test_who_may_only_look_is_told_so(tab: Tab) -> None:
    tab.come_in_as_staff("viewer")
    tab.page.goto(tab.portal.url + FORM)
    assert tab.page.get_by_text("Con il tuo ruolo puoi guardare le anteprime").is_visible()
    tab.is_sound("preview-10-viewer")
