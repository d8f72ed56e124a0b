# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""An application's number that becomes another person's, as both live it: nothing of the first reaches the second."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import update

from tests.support.extracts import fiscal_code
from tests.support.places import PACKS
from tests.support.portals import RunningPortal, hidden, running_portal
from tests.support.tiny_runs import approve, extract, inline
from videoguide.packs import campaigns
from videoguide.records.database import GuideRecord, now
from videoguide.runs.pipeline import RunOrder, render
from videoguide.runs.purging import purge_person

pytestmark = pytest.mark.slow

FIRST, SECOND = fiscal_code("RSSNNA85T50A562"), fiscal_code("VRDDRA80A01H501")
WORDS = "Parole della prima persona."


@pytest.fixture
def portal(tmp_path: Path, shared_store: Path) -> Iterator[RunningPortal]:
    with running_portal(tmp_path, {}, scenes=PACKS) as running:
        yield running


def run(portal: RunningPortal, tmp_path: Path, day: str, code: str, name: str) -> str:
    """The day's extract, with the number 7 of this person; returns the id of the guide that there is then."""
    settings = portal.portal.settings
    campaign = campaigns.load(PACKS, "bonus-libri")
    approve(settings, campaign)
    file = extract(tmp_path / "extract.csv", {"numero": "7", "cf": code, "nome": name, "estratto": day})
    render(RunOrder(file, campaign, settings, tmp_path / "out", format="ranges", workers=1), open_executor=inline)
    with portal.as_citizen(code) as person:
        (guide,) = set(re.findall(r"/guide/([0-9a-f]{32})", person.get("/guide").text))
    return str(guide)


def test_the_second_person_finds_a_clean_page_and_a_purge_leaves_no_byte_of_the_first(
    portal: RunningPortal, tmp_path: Path
) -> None:
    first = run(portal, tmp_path, "2024-04-01", FIRST, "Anna")
    with portal.as_citizen(FIRST) as anna:
        page = anna.get(f"/guide/{first}")
        assert page.status_code == 200 and anna.get(f"/guide/{first}/video.mp4").status_code == 200
        fields = {"csrf": hidden(page, "csrf"), "rating": "2", "comment": WORDS}
        assert anna.post(f"/guide/{first}/rating", data=fields).status_code == 303
        assert WORDS in anna.get(f"/guide/{first}").text

    second = run(portal, tmp_path, "2024-04-02", SECOND, "Dario")
    assert second != first
    with portal.as_citizen(SECOND) as dario:
        page = dario.get(f"/guide/{second}")
        assert page.status_code == 200 and WORDS not in page.text and "Anna" not in page.text
        assert "Dario" in page.text and "checked" not in page.text.split('name="rating"')[1][:200]
        assert dario.get(f"/guide/{first}").status_code == 404
        assert dario.get(f"/guide/{first}/video.mp4").status_code == 404
    with portal.as_citizen(FIRST) as anna:
        assert anna.get(f"/guide/{first}").status_code == anna.get(f"/guide/{second}").status_code == 404
        assert first not in anna.get("/guide").text

    assert purge_person(portal.portal.store, portal.portal.database, FIRST).guides == 1
    holding = [
        path.name
        for path in tmp_path.rglob("*")
        if path.is_file() and any(word.encode() in path.read_bytes() for word in (FIRST, first, WORDS))
    ]
    assert [name for name in holding if name != "extract.csv"] == []


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("refused", "La tua domanda è stata rifiutata."),
        ("of-a-lost-pack", "La tua domanda è cambiata"),
        ("solved", "Non c’è niente da fare"),
    ],
)
def test_how_an_application_ended_is_said_in_the_campaigns_words(
    portal: RunningPortal, tmp_path: Path, reason: str, words: str
) -> None:
    guide = run(portal, tmp_path, "2024-04-01", FIRST, "Anna")
    with portal.portal.database.session() as session:
        session.execute(update(GuideRecord).values(withdrawn_at=now(), withdrawn_because=reason))
    with portal.as_citizen(FIRST) as anna:
        page = anna.get(f"/guide/{guide}")
    assert page.status_code == 410 and "<video" not in page.text and words in page.text
    assert ("Non c’è niente da fare" in page.text) is (reason == "solved")


class Browser:
    """A browser of its own, with one person logged in."""

    def __init__(self, chromium: Any, portal: RunningPortal, person: str) -> None:
        self.context = chromium.new_context(viewport={"width": 360, "height": 740}, locale="it-IT")
        session = portal.sessions.begin("citizen", fiscal_code=person)
        self.context.add_cookies([{"name": portal.sessions.cookie.name, "value": session, "url": portal.url}])
        self.page = self.context.new_page()
        self.url = portal.url

    def open_only_guide(self) -> str:
        """From the list to the guide, by its link; returns the page's address."""
        self.page.goto(f"{self.url}/guide")
        self.page.locator(".guide-card a").click()
        self.page.get_by_role("button", name="Guarda la guida").wait_for()
        return str(self.page.url)


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_the_same_in_two_browsers(portal: RunningPortal, tmp_path: Path, chromium: Any) -> None:
    run(portal, tmp_path, "2024-04-01", FIRST, "Anna")
    anna = Browser(chromium, portal, FIRST)
    address = anna.open_only_guide()
    anna.page.get_by_role("button", name="Guarda la guida").click()
    anna.page.locator(".video-js.vjs-playing").wait_for()
    anna.page.get_by_role("radio", name="2 Poco").check()
    anna.page.locator("textarea").fill(WORDS)
    anna.page.get_by_role("button", name="Invia la valutazione").click()
    anna.page.get_by_role("status").filter(has_text="salvata").wait_for()

    run(portal, tmp_path, "2024-04-02", SECOND, "Dario")
    dario = Browser(chromium, portal, SECOND)
    assert dario.open_only_guide() != address
    content = dario.page.content()
    assert WORDS not in content and "Anna" not in content and "Dario" in content
    assert dario.page.locator("textarea").input_value() == ""
    assert dario.page.locator("input[name=rating]:checked").count() == 0
    assert dario.page.goto(address).status == 404

    assert anna.page.goto(address).status == 404
    anna.page.goto(f"{portal.url}/guide")
    anna.page.get_by_text("Adesso non ci sono guide per te").wait_for()
    purge_person(portal.portal.store, portal.portal.database, FIRST)
    anna.page.goto(address)
    assert "/login" in anna.page.url and WORDS not in anna.page.content(), (
        "and out: the session is the person's as well"
    )
