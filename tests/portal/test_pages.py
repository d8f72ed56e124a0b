# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The portal's pages in a real browser: they can be seen, heard, pressed and typed through by everybody."""

from collections.abc import Callable

import pytest

from tests.support.portal_tabs import DESK, MAIN, PHONE, VIDEO, Portal, Tab, comes_true
from tests.support.portals import GIULIA

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# Every page and state ----------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["", "none", "login", "demo-login", "text", "gone", "signed-out", "404", "500", "503", "staff-only"],
)
class TestPlainPages:
    def test_the_page_is_sound(self, name: str, tab: Tab) -> None:
        page = tab.open(name)
        assert page.locator("h1").count() == 1
        assert page.locator("html").get_attribute("lang") == "it"
        tab.is_sound(name or "guides", full=True)
        page.set_viewport_size({"width": 320, "height": 256})  # as zoomed to four times
        tab.does_not_scroll_sideways()


class TestTheGuidesPage:
    def test_it_is_sound_as_it_opens_and_as_it_plays(self, tab: Tab, portal: Portal) -> None:
        page = tab.open()
        tab.is_sound("guide", full=True)
        tab.at(portal.button("which-documents").start_ms + 300, play=True)
        page.wait_for_selector(".panel-button")
        tab.is_sound("guide-playing")
        page.set_viewport_size({"width": 320, "height": 568})
        tab.does_not_scroll_sideways()
        bar = page.locator(".vjs-control-bar").bounding_box()
        for control in page.locator(".vjs-control-bar > .vjs-control:visible").all():
            box = control.bounding_box()
            assert bar["x"] <= box["x"] and box["x"] + box["width"] <= 320, "no control leaves the screen"
            assert box["y"] + box["height"] <= bar["y"] + bar["height"], "no control falls off the bar"

    def test_it_is_sound_with_menus_details_and_answers_open(self, tab: Tab) -> None:
        page = tab.open()
        for closed in page.locator("details").all():
            if closed.get_attribute("open") is None:
                closed.locator("summary").click()
        page.locator("button.vjs-chapters-button").click()
        tab.is_sound("guide-open")
        page.locator("[name=rating]").nth(3).check()
        page.locator("textarea").fill("Molto chiara, grazie.")
        page.get_by_role("button", name="Invia la valutazione").click()
        page.locator(".notice-done").wait_for()
        tab.is_sound("guide-rated", full=True)

    def test_captions_are_on_from_the_start_and_one_press_switches_them(self, tab: Tab) -> None:
        page = tab.open()
        mode = f"Array.from({VIDEO}.textTracks).find(track => track.kind == 'captions').mode"
        switch = page.get_by_role("button", name="Sottotitoli")
        assert page.evaluate(mode) == "showing"
        assert switch.get_attribute("aria-pressed") == "true"
        play = page.locator(".vjs-play-control").bounding_box()
        box = switch.bounding_box()
        assert box["y"] == play["y"], "captions are beside play"
        switch.click()
        tab.until(f"{mode} != 'showing'")
        page.get_by_role("button", name="Sottotitoli", pressed=False).wait_for()
        switch.focus()
        page.keyboard.press("Enter")
        tab.until(f"{mode} == 'showing'")

    def test_every_control_does_its_work_by_pointer(self, tab: Tab) -> None:
        page = tab.open()
        page.get_by_role("button", name="Togli l’audio").click()
        tab.until(f"{VIDEO}.muted")  # the player hands it on when the video is ready
        page.get_by_role("button", name="Rimetti l’audio").click()
        tab.until(f"!{VIDEO}.muted")
        page.locator("button.vjs-playback-rate").click()
        page.get_by_role("menuitemradio", name="1.5x").click()
        tab.until(f"{VIDEO}.playbackRate == 1.5")
        page.get_by_role("button", name="Guarda la guida").click()
        tab.until(f"!{VIDEO}.paused")
        page.locator(".vjs-play-control").click()
        tab.until(f"{VIDEO}.paused")

    def test_a_video_that_does_not_come_says_what_to_do(self, tab: Tab) -> None:
        page = tab.page
        page.route("**/video.mp4", lambda route: route.fulfill(status=404))
        tab.come_in(GIULIA)
        page.goto(f"{tab.portal.url}/guide/{MAIN}")
        page.get_by_text("Il video non si apre in questo momento").wait_for()
        tab.complaints.clear()  # the browser's and the player's own notes of it
        tab.is_sound("guide-without-video")
        assert page.get_by_role("link", name="Versione testo e audio").is_visible()

    def test_a_chapter_and_a_sentence_lead_to_their_moment(self, tab: Tab, portal: Portal) -> None:
        page = tab.open()
        about = portal.manifest
        page.locator("button.vjs-chapters-button").click()
        page.get_by_role("menuitemradio", name=about.chapters[3].text).click()
        tab.until(f"!{VIDEO}.seeking")
        assert abs(tab.now() - about.chapters[3].start_ms) < 50
        transcript = page.locator("details.transcript")
        if transcript.get_attribute("open") is None:
            transcript.locator("summary").click()
        sentence = about.transcript[5]
        pressed = page.get_by_role("button", name=sentence.text)
        pressed.click()
        tab.until(f"!{VIDEO}.seeking")
        assert abs(tab.now() - sentence.start_ms) < 50
        tab.until("document.querySelector('.sentence[aria-current]')")
        assert page.locator("[aria-current=true]").inner_text() == sentence.text
        assert pressed.evaluate("element => element == document.activeElement"), "focus stays where it was"

    def test_the_transcript_follows_only_inside_its_box(self, new_tab: Callable[..., Tab], portal: Portal) -> None:
        tab = new_tab(DESK)
        page = tab.open()
        tab.at(portal.manifest.transcript[-2].start_ms + 100)
        tab.until("document.querySelector('[data-transcript-box]').scrollTop > 0")
        assert page.evaluate("scrollY") == 0
        still = new_tab(DESK, reduced_motion="reduce")
        page = still.open()
        still.at(portal.manifest.transcript[-2].start_ms + 100)
        page.wait_for_selector(".sentence[aria-current]")
        page.wait_for_timeout(300)
        assert page.evaluate("document.querySelector('[data-transcript-box]').scrollTop") == 0

    def test_a_button_appears_in_time_opens_its_window_and_the_guide_goes_on(self, tab: Tab, portal: Portal) -> None:
        page = tab.open()
        which = portal.button("which-documents")
        assert page.locator(".panel-button").count() == 0
        tab.at(which.start_ms - 700, play=True)
        assert page.locator(".panel-button").count() == 0
        offered = page.locator(".panel-button")
        offered.wait_for()
        assert abs(tab.now() - which.start_ms) < 1000
        assert offered.inner_text() == which.label
        assert which.label in page.locator("[data-announce]").inner_text()
        page.wait_for_timeout(400)  # it has arrived
        offered.click()
        dialog = page.get_by_role("dialog", name="Quali documenti servono")
        dialog.wait_for()
        assert not tab.playing()
        assert dialog.evaluate("element => element.contains(document.activeElement)")
        tab.is_sound("guide-window")
        page.keyboard.press("Escape")
        dialog.wait_for(state="hidden")
        tab.until(f"!{VIDEO}.paused")
        assert offered.evaluate("element => element == document.activeElement")
        comes_true(lambda: portal.pressed() == {"which-documents"})
        assert portal.shown() == {"which-documents"}

    def test_a_button_with_the_focus_does_not_vanish(self, new_tab: Callable[..., Tab], portal: Portal) -> None:
        tab = new_tab()
        page = tab.open()
        which = portal.button("which-documents")
        tab.at(which.end_ms - 400)
        offered = page.locator(f".panel-button[data-button={which.id}]")
        offered.focus()
        tab.at(which.end_ms + 400)
        page.wait_for_timeout(400)
        assert offered.count() == 1
        page.keyboard.press("Shift+Tab")
        offered.wait_for(state="detached")

    def test_a_touched_button_opens_its_window_on_a_phone(self, new_tab: Callable[..., Tab], portal: Portal) -> None:
        tab = new_tab(PHONE, has_touch=True, is_mobile=True)
        page = tab.open()
        tab.at(portal.button("which-documents").start_ms + 300, play=True)
        page.locator(".panel-button").tap()
        page.get_by_role("dialog").wait_for()
        page.get_by_role("button", name="Chiudi e vai avanti").tap()
        tab.until(f"!{VIDEO}.paused")
        for target in page.locator("button:visible, summary:visible, .btn:visible, .answer:visible").all():
            box = target.bounding_box()
            assert min(box["width"], box["height"]) >= 43.5, target.inner_text()

    def test_a_button_drawn_in_the_picture_can_be_pressed_there(self, tab: Tab, portal: Portal) -> None:
        page = tab.open()
        service = portal.button("service")
        tab.at(service.start_ms + 500)
        spot = page.locator(".hotspot")
        spot.wait_for()
        picture, place = page.locator("video").bounding_box(), spot.bounding_box()
        assert service.area is not None
        x, y, width, height = (part / 1000 for part in service.area)
        assert place["x"] - picture["x"] == pytest.approx(x * picture["width"], abs=2)
        assert place["y"] - picture["y"] == pytest.approx(y * picture["height"], abs=2)
        assert place["width"] == pytest.approx(width * picture["width"], abs=2)
        assert place["height"] == pytest.approx(height * picture["height"], abs=2)
        assert spot.get_attribute("href") == portal.manifest.links["service"].url
        assert spot.get_attribute("tabindex") == "-1", "the keyboard has the button below the picture"

    def test_the_guide_ends_with_real_buttons(self, tab: Tab, portal: Portal) -> None:
        page = tab.open()
        links = portal.manifest.links
        end = page.locator("[data-end-card]")
        assert not end.is_visible()
        tab.at(portal.manifest.duration_ms - 500, play=True)
        end.wait_for()
        for link in links.values():
            offered = end.get_by_role("link", name=link.title)
            assert offered.get_attribute("href") == link.url
            assert "nuova scheda" in offered.inner_text()
        assert end.locator("a.btn").first.get_attribute("href") == links["service"].url
        assert "finita" in page.locator("[data-announce]").inner_text()
        tab.is_sound("guide-end")
        end.locator("a.btn").first.evaluate("link => link.addEventListener('click', event => event.preventDefault())")
        end.locator("a.btn").first.click()
        end.get_by_role("button", name="Rivedi la guida").click()
        tab.until(f"{VIDEO}.currentTime < 5 && !{VIDEO}.paused")
        end.wait_for(state="hidden")
        comes_true(lambda: portal.view.followed == "service")

    def test_the_way_back_to_the_patronato_comes_first(self, tab: Tab) -> None:
        page = tab.open("patronato")
        tab.at(round(1000 * page.evaluate(f"{VIDEO}.duration")) - 500, play=True)
        end = page.locator("[data-end-card]")
        end.wait_for()
        first = end.locator("a.btn").first
        assert first.inner_text().strip() == "Perché andare al patronato"
        tab.is_sound("guide-end-patronato")
        first.click()
        page.get_by_role("dialog", name="Perché andare al patronato").wait_for()
        page.keyboard.press("Escape")
        assert first.evaluate("element => element == document.activeElement")

    def test_full_screen_keeps_controls_buttons_and_windows(self, new_tab: Callable[..., Tab], portal: Portal) -> None:
        tab = new_tab()
        page = tab.open()
        tab.at(portal.button("which-documents").start_ms + 300)
        page.locator(".vjs-fullscreen-control").click()
        tab.until("document.fullscreenElement")
        page.wait_for_timeout(500)
        tab.is_sound("guide-full-screen")
        for part in (".vjs-control-bar", ".panel-button"):
            box = page.locator(part).bounding_box()
            assert box["y"] + box["height"] <= DESK["height"], f"{part} is on the screen"
        page.locator(".panel-button").click()
        page.get_by_role("dialog").wait_for()
        page.get_by_role("dialog").get_by_role("button", name="Chiudi").last.click()
        page.get_by_role("dialog").wait_for(state="hidden")

    def test_reading_below_stops_the_guide_for_as_long_as_it_takes(self, tab: Tab, portal: Portal) -> None:
        page = tab.open()
        tab.at(5000, play=True)
        tab.until(f"!{VIDEO}.paused")
        summary = page.locator("#window-which-documents > summary")
        summary.click()
        tab.until(f"{VIDEO}.paused")
        summary.click()
        tab.until(f"!{VIDEO}.paused")

    def test_everything_can_be_done_by_keyboard_alone_and_nothing_traps_it(
        self, new_tab: Callable[..., Tab], portal: Portal
    ) -> None:
        tab = new_tab()
        page = tab.open()
        press = page.keyboard.press
        focused = "document.activeElement"
        tab.at(portal.button("which-documents").start_ms + 300)
        page.locator(".panel-button").wait_for()
        seen: list[str] = []
        for _ in range(200):
            press("Tab")
            here = page.evaluate(
                f"""(({{id, className, tagName, name, textContent}}) =>
                [tagName, id, className, name ?? '', textContent.trim().slice(0, 30)].join(' '))({focused})"""
            )
            if here.startswith("BODY"):
                break
            ring = page.evaluate(
                f"""() => [{focused}, {focused}.parentElement].map(element => getComputedStyle(element))
                .some(style => style.outlineStyle != 'none' && style.outlineWidth != '0px')"""
            )
            assert ring, f"the focus cannot be seen on {here}"
            seen.append(here)
        else:
            pytest.fail(f"the focus never leaves the page: {seen[-5:]}")
        wanted = (
            "Vai al contenuto", "slim-button", "brand", "Le tue guide", "vjs-play-control", "vjs-captions-button",
            "vjs-chapters-button", "vjs-playback-rate", "vjs-mute-control", "vjs-fullscreen-control", "panel-button",
            "sentence", "SUMMARY", "rating", "comment", "Invia la valutazione",
        )  # fmt: skip
        places = [next((n for n, label in enumerate(seen) if name in label), -1) for name in wanted]
        assert -1 not in places, f"not reached: {[name for name, n in zip(wanted, places, strict=True) if n < 0]}"
        # play, open the window, close it, rate
        page.locator(".vjs-play-control").focus()
        press("Enter")
        tab.until(f"!{VIDEO}.paused")
        page.locator(".panel-button").focus()
        press("Enter")
        page.get_by_role("dialog").wait_for()
        inside = set()
        for _ in range(6):
            press("Tab")
            inside.add(page.evaluate(f"!!{focused}.closest('dialog') || {focused} == document.body"))
        assert inside == {True}
        press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden")
        assert page.evaluate(f"{focused}.className") == "panel-button"
        tab.until(f"!{VIDEO}.paused")
        page.locator("[name=rating]").first.focus()
        press("ArrowRight")
        press("ArrowRight")
        press("Tab")
        page.keyboard.type("Chiara.")
        press("Tab")
        press("Enter")
        page.locator(".notice-done").wait_for()
        assert portal.ratings() == [(3, "Chiara.")]

    def test_the_players_keys_do_not_reach_through_other_buttons(
        self, new_tab: Callable[..., Tab], portal: Portal
    ) -> None:
        tab = new_tab()
        page = tab.open()
        tab.at(portal.button("which-documents").start_ms + 300)
        page.locator(".panel-button").focus()
        page.keyboard.press("Space")
        page.get_by_role("dialog").wait_for()
        assert not tab.playing()
