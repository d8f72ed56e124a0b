# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Ratings and events under the real server, without a browser: plain forms, wrong words, floods."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlmodel import select

from tests.support.delivered_guides import deliver
from tests.support.portals import ELISA, GIULIA, RunningPortal, hidden, running_portal
from videoguide.guide.guides import Guide
from videoguide.records.database import Press, Rating, View

MINE, THEIRS = "a" * 32, "b" * 32
HOSTILE = '</textarea><script>alert(1)</script> {{ 7*7 }} "O\'Hara" &amp; \u202eevil \x00 \U0001f600'
FLOOD = 10_000


@pytest.fixture
def portal(tiny_guide: Guide, shared_store: Path, tmp_path: Path) -> Iterator[RunningPortal]:
    with running_portal(tmp_path, {}, store=shared_store) as running:
        database, store = running.portal.database, running.portal.store
        deliver(database, GIULIA, id=MINE, guide=tiny_guide, store=store)
        deliver(database, ELISA, id=THEIRS, number="2", guide=tiny_guide, store=store)
        yield running


@pytest.fixture
def citizen(portal: RunningPortal) -> Iterator[httpx2.Client]:
    with portal.as_citizen() as browser:
        yield browser


def rows(portal: RunningPortal, table: type[Any]) -> list[Any]:
    with portal.portal.database.session() as session:
        return list(session.exec(select(table)))


def shown(page: httpx2.Response) -> str:
    """A page without what a script may show later."""
    return re.sub("<template.*?</template>", "", page.text, flags=re.DOTALL)


def send(citizen: httpx2.Client, guide: str = MINE, **fields: str) -> httpx2.Response:
    """The page's own form, sent without scripts."""
    page = citizen.get(f"/guide/{MINE}")
    return citizen.post(f"/guide/{guide}/rating", data={"csrf": hidden(page, "csrf"), **fields})


def test_a_plain_form_is_kept_and_leads_back_to_what_it_says(citizen: httpx2.Client, portal: RunningPortal) -> None:
    answer = send(citizen, rating="4", comment="  Chiara,\r\ngrazie. ")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/guide/{MINE}?saved=1#valuta")
    assert [(kept.stars, kept.comment) for kept in rows(portal, Rating)] == [(4, "Chiara,\ngrazie.")]
    page = citizen.get(answer.headers["location"])
    assert "La tua valutazione è salvata" in shown(page) and "Cambia la valutazione" in page.text
    assert re.search(r'value="4" required checked', page.text)
    assert len(rows(portal, View)) == 1, "the page before and after the form is one opening"


def test_a_message_is_not_shown_to_who_has_sent_nothing(citizen: httpx2.Client) -> None:
    assert "è salvata" not in shown(citizen.get(f"/guide/{MINE}?saved=1"))


@pytest.mark.parametrize("rating", ["", "0", "6", "-1", "4.0", "٣", "4 stelle", "1e0", "9" * 5000])
def test_another_answer_is_refused_and_the_words_are_not_lost(
    rating: str, citizen: httpx2.Client, portal: RunningPortal
) -> None:
    answer = send(citizen, rating=rating, comment="Parole mie & belle")
    assert answer.status_code == 422
    assert "Non è stato possibile salvare" in answer.text and "Parole mie &amp; belle</textarea>" in answer.text
    assert rows(portal, Rating) == []


def test_a_comment_that_is_too_long_is_refused_in_both_ways_and_not_lost(
    citizen: httpx2.Client, portal: RunningPortal
) -> None:
    answer = send(citizen, rating="3", comment="è" * 501)
    assert answer.status_code == 422 and "al massimo 500 caratteri" in answer.text
    assert "è" * 500 + "</textarea>" in answer.text and 'value="3" required checked' in answer.text
    citizen.headers["Accept"] = "application/json"
    csrf = portal.sessions.find(citizen.headers["Cookie"].partition("=")[2]).csrf  # type: ignore[union-attr]
    refusal = citizen.post(f"/guide/{MINE}/rating", data={"csrf": csrf, "rating": "3", "comment": "è" * 501})
    assert refusal.status_code == 422 and refusal.json()["error"]["code"] == "invalid"
    assert citizen.post(f"/guide/{MINE}/rating", data={"csrf": csrf, "rating": "3", "comment": "è" * 500}).json() == {
        "saved": True
    }
    assert len(rows(portal, Rating)[0].comment) == 500


def test_a_hostile_comment_is_kept_and_shown_as_text(citizen: httpx2.Client, portal: RunningPortal) -> None:
    assert send(citizen, rating="1", comment=HOSTILE).status_code == 303
    (kept,) = rows(portal, Rating)
    assert kept.comment == HOSTILE.replace("\x00", "").replace("\u202e", ""), "what cannot be seen is left out"
    page = citizen.get(f"/guide/{MINE}").text
    assert "<script>alert" not in page and "&lt;/textarea&gt;&lt;script&gt;alert(1)" in page
    assert "{{ 7*7 }}" in page and "49" not in page.partition("<textarea")[2].partition("</textarea>")[0]


def test_a_hostile_name_is_text_everywhere(citizen: httpx2.Client) -> None:
    for below in ("", "/text"):
        page = citizen.get(f"/guide/{MINE}{below}").text
        assert "O&#39;Hara &amp; &lt;script&gt;" in page and "<script>" not in page, below
    assert "<script>" not in citizen.get(f"/guide/{MINE}/captions.vtt", headers={"Accept": "*/*"}).text


def test_nobody_rates_another_persons_guide(citizen: httpx2.Client, portal: RunningPortal) -> None:
    assert send(citizen, THEIRS, rating="5").status_code == 404
    assert citizen.post(f"/guide/{MINE}/rating", data={"rating": "5"}).status_code == 403
    with portal.browser() as nobody:
        assert nobody.post(f"/guide/{MINE}/rating", data={"rating": "5"}).status_code == 303, "to the login"
    assert rows(portal, Rating) == []


@pytest.mark.slow
def test_of_ten_thousand_events_at_once_each_counts_once_and_the_flood_is_stopped(
    citizen: httpx2.Client, portal: RunningPortal, tiny_guide: Guide
) -> None:
    page = citizen.get(f"/guide/{MINE}")
    view = re.search(r'data-view="(\w+)"', page.text)
    assert view is not None
    button = tiny_guide.buttons[0].id
    events = [("played", ""), ("reached", "25"), ("reached", "50"), ("shown", button), ("pressed", button)]
    fields = {"csrf": hidden(page, "csrf"), "view": view[1]}
    citizen.headers["Accept"] = "*/*"
    answers = Counter(
        citizen.post(
            f"/guide/{MINE}/events",
            json={**fields, "kind": events[number % 5][0], "value": events[number % 5][1]},
        ).status_code
        for number in range(FLOOD)
    )
    assert set(answers) == {204, 429}
    assert answers[429] > answers[204] >= 90
    (seen,) = rows(portal, View)
    assert seen.played_at and seen.reached == 50
    (press,) = rows(portal, Press)
    assert press.button == button and press.shown_at and press.pressed_at
    with portal.as_citizen(ELISA) as other:
        assert other.get(f"/guide/{THEIRS}").status_code == 200, "others notice nothing"
