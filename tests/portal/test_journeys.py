# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""From the way in to the rating, in a real browser on the real portal, by pointer and by keyboard."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.delivered_guides import deliver
from tests.support.portal_tabs import MAIN, PHONE, VIDEO, Portal, Tab, comes_true
from tests.support.portals import FISCAL_CODE, GIULIA, SPID, running_portal, running_provider

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    # the provider's own use of what its library will drop
    pytest.mark.filterwarnings("ignore::authlib.deprecate.AuthlibDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning"),
]

WHICH = "which-documents"
FIRST_FRAME = f"""() => new Promise(done => {{
    const video = {VIDEO}, asked = performance.now()
    video.requestVideoFrameCallback(() => done(performance.now() - asked))
    video.play()
}})"""


def hurry(tab: Tab, until_ms: int) -> None:
    """Play on quickly, up to a moment; then at a person's speed. The page watches: it is the first to know."""
    tab.page.evaluate(f"""() => {{
        const video = {VIDEO}, watch = setInterval(() => {{
            if (!video.ended && video.currentTime * 1000 < {until_ms}) return
            clearInterval(watch)
            video.playbackRate = 1
        }}, 10)
        video.playbackRate = 8
    }}""")
    tab.until(f"{VIDEO}.playbackRate == 1")


@pytest.mark.slow
def test_from_the_login_to_the_rating_by_pointer(tab: Tab, portal: Portal) -> None:
    page, about = tab.page, portal.manifest
    which = portal.button(WHICH)
    page.goto(portal.url)
    tab.is_sound("journey-1-login")
    page.get_by_role("button", name="Giulia").click()
    page.get_by_role("heading", name="Le tue guide").wait_for()
    assert page.locator(".guide-card").count() == 1 and page.get_by_text("Da vedere").is_visible()
    tab.is_sound("journey-2-guides")
    page.get_by_role("link", name=about.title).click()
    tab.wait_for_player()
    tab.is_sound("journey-3-guide")
    assert portal.view.played_at is None

    # the guide plays, a button comes in time, its window is read, the guide goes on
    page.get_by_role("button", name="Guarda la guida").click()
    tab.until(f"!{VIDEO}.paused")
    hurry(tab, which.start_ms - 1500)
    offered = page.locator(f".panel-button[data-button={WHICH}]")
    offered.wait_for()
    assert tab.now() < which.end_ms
    tab.is_sound("journey-4-button")
    offered.click()
    dialog = page.get_by_role("dialog", name="Quali documenti servono")
    dialog.wait_for()
    tab.is_sound("journey-5-window")
    dialog.get_by_role("button", name="Chiudi e vai avanti").click()
    tab.until(f"!{VIDEO}.paused")
    hurry(tab, about.duration_ms)
    end = page.locator("[data-end-card]")
    end.wait_for()
    comes_true(lambda: portal.view.reached == 100)
    assert portal.pressed() == {WHICH} and portal.shown() == {button.id for button in about.buttons}
    tab.is_sound("journey-6-end")

    # back by chapter and by the transcript, without captions for a while
    page.locator("button.vjs-chapters-button").click()
    page.get_by_role("menuitemradio", name=about.chapters[2].text).click()
    tab.until(f"!{VIDEO}.seeking")
    assert abs(tab.now() - about.chapters[2].start_ms) < 1000
    transcript = page.locator("details.transcript")
    if transcript.get_attribute("open") is None:
        transcript.locator("summary").click()
    page.get_by_role("button", name=about.transcript[8].text).click()
    tab.until(f"!{VIDEO}.seeking")
    assert abs(tab.now() - about.transcript[8].start_ms) < 1000
    switch = page.get_by_role("button", name="Sottotitoli")
    switch.click()
    assert switch.get_attribute("aria-pressed") == "false"
    switch.click()
    assert switch.get_attribute("aria-pressed") == "true"
    page.evaluate(f"{VIDEO}.pause()")
    tab.is_sound("journey-7-again")

    # to the end card's service, and what it was worth
    tab.at(about.duration_ms - 400, play=True)
    end.wait_for()
    service = end.get_by_role("link", name=about.links["service"].title)
    service.evaluate("link => link.addEventListener('click', event => event.preventDefault())")
    service.click()
    comes_true(lambda: portal.view.followed == "service")
    end.get_by_role("link", name="Di’ quanto ti è stata utile").click()
    page.get_by_role("radio", name="5 Moltissimo").check()
    page.locator("textarea").fill("Ora so che cosa fare.")
    page.get_by_role("button", name="Invia la valutazione").click()
    page.locator(".notice-done").wait_for()
    tab.is_sound("journey-8-rated")
    assert portal.ratings() == [(5, "Ora so che cosa fare.")]

    # the list knows it, and the way out is one
    page.get_by_role("link", name="Le tue guide").first.click()
    page.get_by_text("Valutata").wait_for()
    page.get_by_role("button", name="Esci").click()
    page.get_by_role("heading", name="Sei fuori dall’area riservata").wait_for()
    tab.is_sound("journey-9-out")
    page.goto(f"{portal.url}/guide/{MAIN}")
    page.get_by_role("heading", name="Entra nella tua area riservata").wait_for()
    assert set(portal.told()) == {204}


class Keys:
    """A person who has a keyboard and nothing else."""

    def __init__(self, tab: Tab) -> None:
        self.tab, self.press = tab, tab.page.keyboard.press

    def go_to(self, words: str, *, back: bool = False) -> None:
        """Tab on until the focus is on what is called so."""
        for _ in range(150):
            self.press("Shift+Tab" if back else "Tab")
            if words in self.here():
                return
        pytest.fail(f"the keyboard does not reach {words!r}")

    def here(self) -> str:
        """What the focused element is called: its own words, its label's, or its class."""
        named: str = self.tab.page.evaluate(
            """(({ariaLabel, labels, innerText, className, title}) => [ariaLabel, labels?.[0]?.innerText, innerText,
            title, className].filter(Boolean).join(' ').replace(/\\s+/g, ' '))(document.activeElement)"""
        )
        return named


@pytest.mark.slow
def test_the_same_by_keyboard_alone(tab: Tab, portal: Portal) -> None:
    page, about, keys = tab.page, portal.manifest, Keys(tab)
    which = portal.button(WHICH)
    page.goto(portal.url)
    keys.go_to("Giulia")
    keys.press("Enter")
    page.get_by_role("heading", name="Le tue guide").wait_for()
    keys.go_to(about.title)
    keys.press("Enter")
    tab.wait_for_player()
    keys.go_to("vjs-play-control")
    keys.press("Enter")
    tab.until(f"!{VIDEO}.paused")
    hurry(tab, which.start_ms - 1500)
    page.locator(f".panel-button[data-button={WHICH}]").wait_for()
    keys.go_to(which.label)
    page.evaluate(f"{VIDEO}.pause()")  # looking closely takes longer than the button is there
    tab.is_sound("keyboard-button")
    page.evaluate(f"{VIDEO}.play()")
    keys.press("Enter")
    dialog = page.get_by_role("dialog", name="Quali documenti servono")
    dialog.wait_for()
    keys.go_to("Chiudi")
    keys.press("Enter")
    dialog.wait_for(state="hidden")
    assert which.label in keys.here(), "the focus is back where it was"
    tab.until(f"!{VIDEO}.paused")
    # captions, then a chapter from the menu
    keys.go_to("vjs-captions-button", back=True)
    keys.press("Space")
    assert page.get_by_role("button", name="Sottotitoli").get_attribute("aria-pressed") == "false"
    keys.go_to("vjs-chapters-button")
    keys.press("Enter")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    chosen = next(chapter for chapter in about.chapters if chapter.text in keys.here())
    keys.press("Enter")
    tab.until(f"!{VIDEO}.seeking")
    assert chosen.start_ms - 100 <= tab.now() <= chosen.start_ms + 3000
    # a sentence
    if page.locator("details.transcript").get_attribute("open") is None:
        keys.go_to("Trascrizione")
        keys.press("Enter")
    keys.go_to(about.transcript[6].text)
    keys.press("Enter")
    tab.until(f"!{VIDEO}.seeking")
    assert about.transcript[6].start_ms - 100 <= tab.now() <= about.transcript[6].start_ms + 3000
    # to the end, its card, the rating
    page.keyboard.press("Home")
    hurry(tab, about.duration_ms)
    page.locator("[data-end-card]").wait_for()
    keys.go_to(about.links["service"].title, back=True)
    tab.shot("keyboard-end")
    keys.go_to("Per niente")
    for _ in range(4):
        keys.press("ArrowRight")
    keys.go_to("Vuoi dirci di più?")
    page.keyboard.type("Tutto con i tasti.")
    keys.go_to("Invia la valutazione")
    tab.shot("keyboard-rating")
    keys.press("Enter")
    page.locator(".notice-done").wait_for()
    assert portal.ratings() == [(5, "Tutto con i tasti.")]
    assert portal.view.played_at and WHICH in portal.pressed()


def test_the_same_door_with_a_real_digital_identity(
    new_tab: Callable[..., Tab], guide_of: Any, shared_store: Path, tmp_path: Path
) -> None:
    people = {"giulia": {FISCAL_CODE: f"TINIT-{GIULIA}", "acr": f"{SPID}2"}, "low": {"acr": f"{SPID}1"}}
    guide = guide_of("missing-documents")
    with running_provider(people) as provider:
        values = {"login_issuer": provider.url, "login_client": "videoguide", "login_secret": "known-to-two"}
        with running_portal(tmp_path, values, store=shared_store) as running:
            deliver(running.portal.database, GIULIA, id=MAIN, guide=guide, store=running.portal.store)
            for person in ("low", "giulia"):
                tab = new_tab(PHONE)
                page = tab.page
                page.route("https://**", lambda route: route.abort())  # the provider's own page asks for a style
                page.goto(f"{running.url}/guide/{MAIN}")
                page.get_by_role("link", name="Entra con la tua identità digitale").click()
                page.get_by_role("button", name=person, exact=True).click()
                if person == "low":
                    page.get_by_role("heading", name="Serve un accesso più sicuro").wait_for()
                    tab.complaints.clear()  # the browser notes the 403
                    tab.is_sound("identity-too-low")
                    continue
                tab.wait_for_player()
                tab.complaints.clear()
                assert page.url == f"{running.url}/guide/{MAIN}", "where the person wanted to go"
                assert page.evaluate(FIRST_FRAME) < 10_000
                page.get_by_role("button", name="Esci").click()
                page.get_by_role("button", name="End session").click()
                page.get_by_role("heading", name="Sei fuori dall’area riservata").wait_for()
                page.wait_for_load_state("networkidle")
                tab.complaints.clear()  # of the provider's page


def test_the_first_picture_comes_at_once(
    new_tab: Callable[..., Tab], portal: Portal, record_property: Callable[[str, object], None]
) -> None:
    tab = new_tab(PHONE)
    waits = []
    for _ in range(3):
        tab.open()
        waits.append(tab.page.evaluate(FIRST_FRAME))
    record_property("first_frame_ms", min(waits))
    print(f"first frame after play: {', '.join(f'{wait:.0f} ms' for wait in waits)}")
    assert min(waits) < 10_000, "generous: a busy machine must not decide"
