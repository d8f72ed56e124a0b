# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""An application's number that becomes another person's, as both live it: nothing of the first reaches the second."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.extracts import fiscal_code
from tests.support.places import PACKS
from tests.support.portals import RunningPortal, hidden, running_portal
from tests.support.tiny_runs import approve, extract, inline
from videoguide.packs import campaigns
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
