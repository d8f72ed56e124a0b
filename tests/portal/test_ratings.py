# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What people say of a guide in a real browser: ratings and events; pages without scripts, light and unharmed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.support.delivered_guides import deliver
from tests.support.portal_tabs import HOSTILE, PHONE, SIZES, VIDEO, Portal, Tab, comes_true
from tests.support.portals import GIULIA
from videoguide.guide.guides import Guide
from videoguide.records.database import Press, View

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WEIGHT = 350 * 1024
"""What a page may weigh without the video, as it comes over the network."""

# Ratings and events --------------------------------------------------------------


class TestRating:
    def test_it_is_saved_without_leaving_the_page_and_can_be_changed(self, tab: Tab, portal: Portal) -> None:
        page = tab.open()
        page.evaluate("window.sameLoad = true")
        page.get_by_role("radio", name="4 Molto", exact=True).check()
        page.get_by_role("button", name="Invia la valutazione").click()
        page.get_by_role("status").filter(has_text="salvata").wait_for()
        assert portal.ratings() == [(4, "")]
        page.get_by_role("radio", name="5 Moltissimo").check()
        page.get_by_role("button", name="Cambia la valutazione").click()
        tab.until("document.querySelector('.notice-done')")
        comes_true(lambda: portal.ratings() == [(5, "")])
        assert page.evaluate("window.sameLoad")

    def test_it_works_as_a_plain_form_without_scripts(self, new_tab: Callable[..., Tab], portal: Portal) -> None:
        tab = new_tab(PHONE, java_script_enabled=False)
        page = tab.open()
        page.get_by_role("radio", name="2 Poco").check()
        page.locator("textarea").fill("Troppo veloce.")
        page.get_by_role("button", name="Invia la valutazione").click()
        page.get_by_role("status").filter(has_text="salvata").wait_for()
        assert portal.ratings() == [(2, "Troppo veloce.")]
        assert page.get_by_role("radio", name="2 Poco").is_checked()
        assert page.locator("textarea").input_value() == "Troppo veloce."

    @pytest.mark.parametrize(
        ("status", "words"),
        [(401, "entra di nuovo"), (403, "ricaricala"), (429, "aspetta un minuto"), (500, "Prova di nuovo")],
    )
    def test_a_refusal_is_told_kindly(self, status: int, words: str, new_tab: Callable[..., Tab]) -> None:
        tab = new_tab()
        page = tab.open()
        page.route("**/rating", lambda route: route.fulfill(status=status))
        page.get_by_role("radio", name="1 Per niente").check()
        page.get_by_role("button", name="Invia la valutazione").click()
        page.get_by_role("status").filter(has_text=words).wait_for()
        tab.shot(f"guide-refused-{status}")
        assert len(tab.complaints) == 1, "the browser itself notes the answer"
        tab.complaints.clear()

    def test_the_counter_shows_what_is_left_and_the_field_takes_no_more(self, new_tab: Callable[..., Tab]) -> None:
        page = new_tab().open()
        comment = page.locator("textarea")
        comment.fill("a" * 499)
        assert page.locator("[data-counter]").inner_text() == "Ne restano 1."
        assert page.locator("[data-counter-announce]").inner_text() == ""
        comment.press("b")
        comment.press("b")
        assert len(comment.input_value()) == 500
        assert "Restano 0" in page.locator("[data-counter-announce]").inner_text()

    def test_markup_in_a_comment_is_shown_as_text(self, new_tab: Callable[..., Tab], portal: Portal) -> None:
        tab = new_tab()
        page = tab.open()
        page.get_by_role("radio", name="3 Abbastanza").check()
        page.locator("textarea").fill(HOSTILE)
        page.get_by_role("button", name="Invia la valutazione").click()
        page.locator(".notice-done").wait_for()
        assert portal.ratings() == [(3, HOSTILE)]
        tab.open()
        assert page.locator("textarea").input_value() == HOSTILE
        assert page.locator("img[src=x]").count() == 0


class TestEvents:
    def test_each_is_told_once_a_page_load(self, new_tab: Callable[..., Tab], portal: Portal) -> None:
        tab = new_tab()
        page = tab.open()
        for _ in range(2):
            tab.at(portal.button("which-documents").start_ms + 200, play=True)
            page.locator(".panel-button").wait_for()
            tab.at(1000)
            page.evaluate(f"{VIDEO}.pause()")
            tab.until("!document.querySelector('.panel-button')")
        comes_true(lambda: len(portal.told()) == 2)
        page.wait_for_timeout(300)
        assert portal.told() == [204, 204], "played, and shown"
        assert portal.view.played_at and (portal.view.reached, portal.view.followed) == (0, "")
        assert (portal.shown(), portal.pressed()) == ({"which-documents"}, set())

    def test_a_page_that_is_loaded_again_goes_on_with_its_view(
        self, new_tab: Callable[..., Tab], portal: Portal
    ) -> None:
        tab = new_tab()
        for _ in range(2):
            tab.open()
            tab.at(portal.button("which-documents").start_ms + 200, play=True)
            tab.page.locator(".panel-button").click()
            comes_true(lambda: portal.pressed() == {"which-documents"})
        assert len(portal.rows(View)) == len(portal.rows(Press)) == 1

    def test_only_what_was_really_played_counts_as_reached(self, new_tab: Callable[..., Tab], portal: Portal) -> None:
        tab = new_tab()
        page = tab.open()
        duration = portal.manifest.duration_ms
        # to the end by leaps: nothing of it was played
        for tenth in range(10):
            tab.at(duration * tenth // 10)
        tab.at(duration - 600, play=True)
        page.locator("[data-end-card]").wait_for()
        page.wait_for_timeout(300)
        assert portal.view.reached == 0
        # a good quarter, quickly
        page.evaluate(f"{VIDEO}.playbackRate = 12")
        tab.at(0, play=True)
        tab.until(f"{VIDEO}.currentTime > {duration / 1000 * 0.3}")
        page.evaluate(f"{VIDEO}.pause()")
        comes_true(lambda: portal.view.reached == 25)


# Without scripts, weight, markup ---------------------------------------------------


class TestWithoutScripts:
    @pytest.mark.parametrize("size", SIZES)
    def test_video_words_windows_and_links_are_all_there(
        self, size: dict[str, int], new_tab: Callable[..., Tab], portal: Portal
    ) -> None:
        tab = new_tab(size, java_script_enabled=False)
        page = tab.open()
        about = portal.manifest
        video = page.locator("video")
        assert video.get_attribute("controls") is not None
        assert page.locator("video > track[kind=captions][default]").count() == 1
        for sentence in about.transcript:
            assert page.get_by_text(sentence.text, exact=True).is_visible()
        for window in about.windows:
            page.locator(f"#window-{window.id} > summary").click()
            assert page.locator(f"#window-{window.id}").get_by_text(window.text[0]).is_visible()
        for link in about.links.values():
            assert page.locator("[data-end-card]").get_by_role("link", name=link.title).is_visible()
        assert not page.get_by_role("button", name="Rivedi").is_visible()
        tab.shot("guide-without-scripts", full=True)


class TestWeight:
    @pytest.mark.parametrize("name", ["", "guide", "text", "demo-login"])
    def test_a_page_stays_light(self, name: str, new_tab: Callable[..., Tab], record_property: Any) -> None:
        tab = new_tab(PHONE)
        session = tab.page.context.new_cdp_session(tab.page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        addresses: dict[str, str] = {}
        kinds: dict[str, str] = {}
        weighed: dict[str, int] = {}
        session.on(
            "Network.requestWillBeSent", lambda sent: addresses.update({sent["requestId"]: sent["request"]["url"]})
        )
        session.on(
            "Network.responseReceived", lambda got: kinds.update({got["requestId"]: got["response"]["mimeType"]})
        )
        session.on(
            "Network.loadingFinished", lambda done: weighed.update({done["requestId"]: int(done["encodedDataLength"])})
        )
        tab.open(name)
        tab.page.wait_for_load_state("networkidle")
        films = {request for request, kind in kinds.items() if kind.startswith(("video/", "audio/"))}
        weights = {addresses[request]: size for request, size in weighed.items() if request not in films}
        total = sum(weights.values())
        record_property("bytes", total)
        print(f"{name or 'list'}: {total / 1024:.0f} KiB in {len(weights)} requests")
        assert 20_000 < total <= WEIGHT, weights
        assert len(weights) > 5 and all(address.startswith((tab.portal.url, "data:")) for address in weights)


class TestHostileWords:
    def test_a_hostile_name_does_nothing_on_the_page(
        self, tiny_guide: Guide, portal: Portal, new_tab: Callable[..., Tab]
    ) -> None:
        guide = replace(tiny_guide, outline=msgspec.structs.replace(tiny_guide.outline, title=HOSTILE))
        database, store = portal.running.portal.database, portal.running.portal.store
        deliver(database, GIULIA, id="9" * 32, number="9", guide=guide, store=store)
        portal.pages["hostile"] = (GIULIA, f"/guide/{'9' * 32}")
        tab = new_tab()
        page = tab.open("hostile")
        assert page.get_by_role("button", name="O'Hara & <script>").first.is_visible()
        assert page.locator("h1").inner_text() == HOSTILE and page.title().startswith(HOSTILE)
        assert page.locator("img[src=x]").count() == 0
        page.goto(f"{portal.url}/guide")
        assert page.get_by_role("link", name=HOSTILE).is_visible()
