# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Check in the browser, without a browser: who may, what is told while it goes on, and what the page says after."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.portals import hidden, listen
from tests.support.proving import CAMPAIGN, CHECK, HOSTILE, VERSIONS, Desk, post, proving_portal
from videoguide.guide.script import FilledScene
from videoguide.packs.campaigns import Campaign
from videoguide.portal.staff.check import _words as in_italian
from videoguide.portal.staff.check import entries_of
from videoguide.proof.check import Finding
from videoguide.records import audit

pytestmark = pytest.mark.slow


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with proving_portal(tmp_path) as opened:
        yield opened


@pytest.fixture
def editor(desk: Desk) -> Iterator[httpx2.Client]:
    with desk.running.as_staff("editor") as browser:
        yield browser


@pytest.mark.parametrize(
    ("path", "role"), [("", "viewer"), ("/progress", "editor"), (f"/{'0' * 64}.jpg", "viewer")], ids=str
)
def test_nobody_gets_in_without_the_role(desk: Desk, path: str, role: str) -> None:
    with desk.running.browser() as nobody, desk.running.as_citizen() as citizen:
        answer = nobody.get(CHECK + path)
        assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/staff/login")
        assert citizen.get(CHECK + path).status_code == 403
    if role == "editor":
        with desk.running.as_staff("viewer") as viewer:
            assert viewer.get(CHECK + path).status_code == 403


def test_to_have_everything_checked_takes_an_editor_and_a_fresh_page(desk: Desk, editor: httpx2.Client) -> None:
    with desk.running.as_citizen() as citizen, desk.running.as_staff("viewer") as viewer:
        assert post(desk, citizen, CHECK).status_code == 403
        assert post(desk, viewer, CHECK).status_code == 403
    assert editor.post(CHECK, data={"csrf": "another"}).status_code == 403
    assert audit.entries(desk.running.portal.database)[0] == []
    answer = post(desk, editor, CHECK)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{CHECK}?run=1")
    (noted,) = audit.entries(desk.running.portal.database)[0]
    assert (noted.what, noted.who, noted.campaign, noted.about) == ("check", "anna", CAMPAIGN, desk.keep().version)


@pytest.mark.parametrize("path", ["/staff/nothing/check", "/staff/nothing/check/progress", "/staff/..%2f/check"])
def test_an_unknown_campaign_is_not_found(editor: httpx2.Client, path: str) -> None:
    assert editor.get(path).status_code == 404


@pytest.mark.parametrize("key", ["0" * 64, "0" * 63, "G" * 64, "..%2f..%2fportal", "%00"])
def test_a_picture_that_is_not_there_is_not_found(editor: httpx2.Client, key: str) -> None:
    assert editor.get(f"{CHECK}/{key}.jpg").status_code == 404


def test_at_first_there_is_what_can_be_known_at_once(desk: Desk, editor: httpx2.Client) -> None:
    page = editor.get(CHECK).text
    assert "Variabili, collegamenti e cataloghi sono in ordine" in page and "Controlla tutto" in page
    assert hidden(editor.get(CHECK), "csrf")
    assert "data-progress" not in page
    desk.copy.change("campaign.toml", 'short = "www.example.org"', 'short = "example.com/x"')
    page = editor.get(CHECK).text
    assert "campaign.toml (links.service)" in page and "di un altro sito" in page


def test_scenes_come_one_by_one_and_then_everything_is_on_the_page(desk: Desk, editor: httpx2.Client) -> None:
    assert f'data-progress="{CHECK}/progress"' in editor.get(f"{CHECK}?run=1").text
    events = listen(editor, CHECK)
    kinds = [kind for kind, _ in events]
    assert kinds == ["overview", *["proof"] * 14, "done"]
    assert events[0][1] == {"new": True, "total": 14}
    assert [proof["done"] for kind, proof in events if kind == "proof"] == list(range(1, 15))
    assert all(proof["drawn"] and not proof["problems"] for kind, proof in events if kind == "proof")

    page = editor.get(f"{CHECK}?run=1").text
    assert "183 guide, 14 scene diverse, da 12 a 20 s; problemi: 0" in page
    assert "Nessun problema." in page and "7 immagini" in page
    assert 'alt="Ciao Mariamaddalena Francesca, benvenuta. Parliamo del tuo bonus libri, con calma."' in page
    assert "data-progress" not in page and "Controlla tutto" not in page, "nothing is left to be done"
    address = page.split('<img src="')[1].split('"')[0]
    picture = editor.get(address)
    assert picture.headers["content-type"] == "image/jpeg" and picture.content.startswith(b"\xff\xd8")
    assert "private" in picture.headers["cache-control"]
    assert listen(editor, CHECK) == [("overview", {"new": False, "total": 0}), ("done", {})]

    desk.copy.change("scenes/school.svg", "Quale scuola?", "Che scuola è?")
    page = editor.get(CHECK).text
    assert "Controlla tutto" in page
    events = listen(editor, CHECK)
    assert events[0] == ("overview", {"new": True, "total": 4}), "only what has changed"


def test_what_is_wrong_is_told_with_its_scene_and_in_the_list(desk: Desk, editor: httpx2.Client) -> None:
    desk.copy.change("scenes/receipt.svg", '"marks.svg"', '"lost.svg"')
    desk.copy.change("scenes/school.toml", 'text = "Scrivi', f'text = "Scrivi {"www.example.org/lungo" * 3}')
    proofs = [proof for kind, proof in listen(editor, CHECK) if kind == "proof" and proof["problems"]]
    assert any(not proof["drawn"] and "'lost.svg'" in " ".join(proof["problems"]) for proof in proofs)
    page = editor.get(CHECK).text
    assert "Non si può disegnare" in page and "scenes/receipt.svg (riga 2)" in page
    assert "una riga di più di 40 caratteri" in page
    assert str(desk.copy.folder) not in page and str(desk.running.portal.store.root) not in page


def test_who_leaves_gives_up_what_is_not_begun(desk: Desk, editor: httpx2.Client) -> None:
    listen(editor, CHECK, most=2)
    events = listen(editor, CHECK)
    assert events[0][0] == "overview" and not events[0][1]["new"] and 0 < events[0][1]["total"] < 14
    assert events[-1] == ("done", {})


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("windows.toml", "[receipts]", "[receipts", "windows.toml"),
        ("scenes/hello.toml", "[variables]", "[variable]", "scenes/hello.toml"),
        ("scenes/hello.toml", "{% endif %}", "", "scenes/hello.toml"),
        ("campaign.toml", "years = [2024]", 'years = "2024"', "campaign.toml"),
    ],
)
def test_a_broken_pack_is_a_page_that_says_where(
    desk: Desk, editor: httpx2.Client, file: str, old: str, new: str, says: str
) -> None:
    desk.copy.change(file, old, new)
    for address in (CHECK, VERSIONS):
        answer = editor.get(address)
        assert answer.status_code == 200
        if address == CHECK or "endif" not in old:  # words are looked at by the check alone
            assert says in answer.text
            assert str(desk.copy.folder) not in answer.text
    assert post(desk, editor, CHECK).status_code == 303
    events = listen(editor, CHECK)
    assert [kind for kind, _ in events] == ["problem"]
    assert says in events[0][1]["words"]


def test_words_of_a_pack_are_words_and_no_markup(desk: Desk, editor: httpx2.Client) -> None:
    desk.copy.change("scenes/school.toml", 'chapter = "La scuola"', f'chapter = "{HOSTILE}"')
    desk.copy.change("scenes/hello.toml", "con calma", f"con {HOSTILE}")
    desk.copy.change("catalogue.toml", "Scontrino dei libri", f"Scontrino {HOSTILE}")
    desk.copy.change("campaign.toml", "La tua guida per", HOSTILE)
    listen(editor, CHECK)
    page = editor.get(CHECK).text
    assert "<script>alert" not in page and page.count("&lt;script&gt;alert") > 5


def test_what_fills_a_scene_is_named_as_far_as_can_be_read(tiny: Campaign) -> None:
    def filled(*titles: str) -> FilledScene:
        return FilledScene("x", "X", {"papers": tuple({"id": title, "title": title} for title in titles)}, ())

    assert entries_of(filled()) == ""
    assert entries_of(filled("A", "B", "A")) == "A; B"
    assert entries_of(filled("A", "B", "C", "D")) == "A; B; C; e un altro"
    assert entries_of(filled(*"ABCDEF")) == "A; B; C; e altri 3"
    link = FilledScene("x", "X", {"service": {"title": "Apri", "url": "https://www.example.org"}}, ())
    assert entries_of(link) == "", "a link is no entry of a catalogue"


def test_numbers_are_written_as_in_italian() -> None:
    said = in_italian(Finding("a.svg", "b", "misura 4.5:1 in 8.0 s; www.example.org 1.2.3"))
    assert said.startswith("misura 4,5:1 in 8,0 s; www.example.org")
