# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Versions, approval and comparison, without a browser: who may, what is noted, what is said to be different."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.portals import listen
from tests.support.proving import CAMPAIGN, CHECK, HOSTILE, VERSIONS, Desk, post, proving_portal
from videoguide.portal.staff.comparison import marked
from videoguide.records import audit, versions

pytestmark = pytest.mark.slow

HELLO = "scenes/hello.toml"
LOOKED = {"looked": "1"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with proving_portal(tmp_path) as opened:
        yield opened


@pytest.fixture
def approver(desk: Desk) -> Iterator[httpx2.Client]:
    with desk.running.as_staff("approver") as browser:
        yield browser


def noted(desk: Desk) -> list[tuple[str, str, str]]:
    return [(entry.what, entry.who, entry.about) for entry in audit.entries(desk.running.portal.database)[0]]


def state(desk: Desk, version: str) -> str:
    return versions.find(desk.running.portal.database, CAMPAIGN, version).state


def plain(page: str) -> str:
    """A page's words without markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


class TestApproving:
    def test_the_version_in_the_folder_is_kept_when_somebody_looks(self, desk: Desk, approver: httpx2.Client) -> None:
        page = approver.get(VERSIONS).text
        (kept,) = versions.versions_of(desk.running.portal.database, CAMPAIGN)
        assert kept.short in page and "bozza" in page and "È quella che c’è ora nella cartella" in page
        assert f"videoguide render {CAMPAIGN} estratto.csv -o guide --draft" in page

    def test_who_has_looked_approves_and_it_is_noted(self, desk: Desk, approver: httpx2.Client) -> None:
        version = desk.keep().version
        answer = post(desk, approver, f"{VERSIONS}/{version}/approve", **LOOKED)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{VERSIONS}?done=approved")
        assert state(desk, version) == "approved" and noted(desk) == [("approve", "anna", version)]
        page = approver.get(answer.headers["location"]).text
        assert "La versione è approvata." in page and "da anna, " in page
        assert "--draft" not in page and "Ritira l’approvazione" in page

    def test_without_having_looked_nothing_is_approved(self, desk: Desk, approver: httpx2.Client) -> None:
        version = desk.keep().version
        answer = post(desk, approver, f"{VERSIONS}/{version}/approve")
        assert answer.status_code == 422 and "devi confermare" in answer.text
        assert state(desk, version) == "draft" and noted(desk) == []

    def test_what_has_changed_meanwhile_is_not_approved(self, desk: Desk, approver: httpx2.Client) -> None:
        seen = desk.keep().version
        desk.copy.change(HELLO, "con calma", "con cura")
        answer = post(desk, approver, f"{VERSIONS}/{seen}/approve", **LOOKED)
        assert answer.status_code == 422 and "non è più alla versione" in answer.text
        assert state(desk, seen) == "draft" and noted(desk) == []
        card = answer.text.split(f"<code>{seen[:12]}</code>")[-1]
        assert "/approve" not in card

    def test_what_was_approved_once_may_be_again(self, desk: Desk, approver: httpx2.Client) -> None:
        seen = desk.keep().version
        post(desk, approver, f"{VERSIONS}/{seen}/approve", **LOOKED)
        desk.copy.change(HELLO, "con calma", "con cura")
        answer = post(desk, approver, f"{VERSIONS}/{seen}/revoke")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{VERSIONS}?done=revoked")
        assert state(desk, seen) == "draft"
        assert "L’approvazione è ritirata." in approver.get(answer.headers["location"]).text
        assert post(desk, approver, f"{VERSIONS}/{seen}/approve", **LOOKED).status_code == 303
        assert [what for what, _, _ in noted(desk)] == ["approve", "revoke", "approve"]

    def test_what_is_not_approved_cannot_be_taken_back(self, desk: Desk, approver: httpx2.Client) -> None:
        version = desk.keep().version
        answer = post(desk, approver, f"{VERSIONS}/{version}/revoke")
        assert answer.status_code == 422 and "non è approvata" in answer.text and noted(desk) == []

    @pytest.mark.parametrize("what", ["approve", "revoke"])
    def test_nobody_else_decides(self, desk: Desk, approver: httpx2.Client, what: str) -> None:
        version = desk.keep().version
        address = f"{VERSIONS}/{version}/{what}"
        with desk.running.as_citizen() as citizen:
            assert post(desk, citizen, address, **LOOKED).status_code == 403
        for role in ("viewer", "editor"):
            with desk.running.as_staff(role) as browser:
                assert post(desk, browser, address, **LOOKED).status_code == 403
                page = browser.get(VERSIONS).text
                assert "/approve" not in page and "Solo chi ha il ruolo «Chi approva»" in page
        assert approver.post(address, data={"csrf": "another", **LOOKED}).status_code == 403
        for unknown in ("0" * 64, "zz", "%25"):
            assert post(desk, approver, f"{VERSIONS}/{unknown}/{what}", **LOOKED).status_code == 404
        assert post(desk, approver, f"/staff/nothing/versions/{version}/{what}", **LOOKED).status_code == 404
        assert state(desk, version) == "draft" and noted(desk) == []

    def test_who_is_not_staff_sees_nothing(self, desk: Desk) -> None:
        for address in (VERSIONS, f"{VERSIONS}/a/b", f"{VERSIONS}/a/b/progress"):
            with desk.running.browser() as nobody, desk.running.as_citizen() as citizen:
                assert nobody.get(address).headers["location"].startswith("/staff/login")
                assert citizen.get(address).status_code == 403

    def test_who_approves_reads_how_the_check_ended(self, desk: Desk, approver: httpx2.Client) -> None:
        assert "Controllo non ancora finito" in plain(approver.get(VERSIONS).text)
        listen(approver, CHECK)
        assert "Controllo nessun problema" in plain(approver.get(VERSIONS).text)
        desk.copy.change("campaign.toml", 'short = "www.example.org"', 'short = "example.com/x"')
        listen(approver, CHECK)
        assert "Controllo problemi: 1" in plain(approver.get(VERSIONS).text)

    def test_a_message_is_only_one_of_ours(self, desk: Desk, approver: httpx2.Client) -> None:
        assert "alert" not in approver.get(VERSIONS, params={"done": HOSTILE}).text

    def test_with_a_broken_pack_the_versions_are_still_there(self, desk: Desk, approver: httpx2.Client) -> None:
        version = desk.keep()
        post(desk, approver, f"{VERSIONS}/{version.version}/approve", **LOOKED)
        desk.copy.change("windows.toml", "[receipts]", "[receipts")
        page = approver.get(VERSIONS)
        assert page.status_code == 200 and "windows.toml" in page.text and version.short in page.text
        assert post(desk, approver, f"{VERSIONS}/{version.version}/approve", **LOOKED).status_code == 303

    def test_another_version_is_held_against_the_one_in_use(self, desk: Desk, approver: httpx2.Client) -> None:
        first = desk.kept_before(20)
        versions.go_live(desk.running.portal.database, CAMPAIGN, first.version)
        desk.copy.change(HELLO, "con calma", "con cura")
        second = desk.kept_before(10)
        desk.copy.change(HELLO, "con cura", "con gioia")
        page = approver.get(VERSIONS).text
        third = desk.keep()
        assert f"{VERSIONS}/{first.short}/{third.short}" in page and "con la versione in uso" in page
        assert f"{VERSIONS}/{second.short}/{third.short}" in page and "con la versione precedente" in page
        assert "in uso" in page and "dal " in page


class TestComparing:
    def compared(self, desk: Desk, browser: httpx2.Client, *changes: tuple[str, str, str]) -> str:
        """The page of the pack as it was and as it is after these changes, all of it drawn."""
        old = desk.keep()
        for change in changes:
            desk.copy.change(*change)
        address = f"{VERSIONS}/{old.short}/{desk.keep().short}"
        events = listen(browser, address)
        assert [kind for kind, _ in events if kind != "proof"] == ["overview", "done"]
        page = browser.get(address)
        assert page.status_code == 200 and "data-progress" not in page.text
        return page.text

    def test_words_are_side_by_side_and_marked(self, desk: Desk, approver: httpx2.Client) -> None:
        page = self.compared(desk, approver, (HELLO, "con calma", "un passo alla volta"))
        assert '<del><span class="visually-hidden">tolto: </span>con calma.</del>' in page
        assert '<ins><span class="visually-hidden">aggiunto: </span>un passo alla volta.</ins>' in page
        assert page.count('<article class="change"') == 1, "the same change of words is shown once"
        assert "Parole cambiate: 1; scene uguali: 3" in page
        assert "in 5 altre varianti" in plain(page)
        assert page.count("<img") == 2
        assert "Scene uguali: 3" in page
        assert "scenes/hello.toml" in page and "sentences.topic.text" in page

    def test_a_changed_drawing_is_shown_with_both_pictures(self, desk: Desk, approver: httpx2.Client) -> None:
        page = self.compared(desk, approver, ("scenes/school.svg", "Quale scuola?", "Che scuola è?"))
        assert "Immagine cambiata: 1; scene uguali: 3" in page
        pictures = re.findall(r'<img src="([^"]*)"', page)
        shots = [approver.get(address).content for address in pictures]
        assert len(set(shots)) == 2
        assert "disegno cambiato" in page

    def test_a_change_that_nobody_sees_is_none(self, desk: Desk, approver: httpx2.Client) -> None:
        page = self.compared(
            desk,
            approver,
            ("scenes/school.svg", "<svg ", "{# a remark #}<svg "),
            ("campaign.toml", "# A small", "# A very small"),
            (HELLO, "pause = 400", "pause = 500"),
        )
        assert "Le guide dicono e mostrano le stesse cose." in page and "<article" not in page
        assert "cambiati solo commenti o spazi" in page
        assert "sentences.hello.pause" in page

    def test_scenes_that_come_and_go_are_told(self, desk: Desk, approver: httpx2.Client) -> None:
        school = '\n[[scenes]]\nscene = "school"\nwhen = "\'missing-school\' in cases"\nstep = true\n'
        page = self.compared(desk, approver, ("campaign.toml", school, ""))
        assert "Scena tolta" in page and "Ora non c’è più." in page
        old, new = re.findall(r"<code>([0-9a-f]{12})</code>", page)[:2]
        back = approver.get(f"{VERSIONS}/{new}/{old}").text
        assert "Scena nuova" in back and "Prima non c’era." in back

    def test_windows_links_rules_and_catalogue_are_compared_entry_by_entry(
        self, desk: Desk, approver: httpx2.Client
    ) -> None:
        page = plain(
            self.compared(
                desk,
                approver,
                ("windows.toml", "servono questi", "bastano questi"),
                ("campaign.toml", 'url = "https://www.example.org/bonus-libri"', 'url = "https://www.example.org/x"'),
                ("campaign.toml", "when = \"status == 'waiting' and pupils\"", 'when = "pupils"'),
                ("catalogue.toml", "lo scontrino dei quaderni", "la ricevuta dei quaderni"),
            )
        )
        for entry in ("receipts.text", "links.service.url", "cases.missing-school.when", "receipts.notebooks.said"):
            assert entry in page
        assert "tolto: https://www.example.org/bonus-libri" in page
        assert "aggiunto: https://www.example.org/x" in page

    def test_a_new_button_is_a_change_of_the_scene(self, desk: Desk, approver: httpx2.Client) -> None:
        page = self.compared(desk, approver, ("scenes/receipt.toml", 'label = "Quali', 'label = "Tutti quali'))
        assert "Pulsante: " in plain(page) and "aggiunto: Tutti quali" in plain(page)

    def test_before_it_is_drawn_the_page_says_what_it_waits_for(self, desk: Desk, approver: httpx2.Client) -> None:
        old = desk.keep()
        desk.copy.change(HELLO, "con calma", "con cura")
        address = f"{VERSIONS}/{old.short}/{desk.keep().short}"
        page = approver.get(address).text
        assert f'data-progress="{address}/progress"' in page and "si stanno preparando" in page
        assert "sentences.topic.text" in page, "files are compared at once"
        listen(approver, address, most=1)
        page = approver.get(address).text
        assert "Ancora da disegnare" in page and "Parole cambiate: 1" in page

    def test_the_same_version_twice_has_no_differences(self, desk: Desk, approver: httpx2.Client) -> None:
        version = desk.keep()
        listen(approver, f"{VERSIONS}/{version.short}/{version.short}")
        page = approver.get(f"{VERSIONS}/{version.short}/{version.short}").text
        assert "Le guide dicono e mostrano le stesse cose." in page and "Nessun file del pacchetto è diverso." in page

    @pytest.mark.parametrize("below", ["", "/progress"])
    def test_an_unknown_version_is_not_found(self, desk: Desk, approver: httpx2.Client, below: str) -> None:
        kept = desk.keep().short
        for old, new in (("0" * 64, kept), (kept, "0" * 12), ("%25", "x")):
            assert approver.get(f"{VERSIONS}/{old}/{new}{below}").status_code == 404
        assert approver.get(f"/staff/nothing/versions/{kept}/{kept}{below}").status_code == 404

    def test_a_version_that_is_broken_or_lost_is_a_page_that_says_so(self, desk: Desk, approver: httpx2.Client) -> None:
        old = desk.keep()
        desk.copy.change(HELLO, "{% endif %}", "")
        address = f"{VERSIONS}/{old.short}/{desk.keep().short}"
        assert approver.get(address).status_code == 200
        events = listen(approver, address)
        assert events[0][0] == "problem" and "scenes/hello.toml" in events[0][1]["words"]
        file = desk.running.portal.store.path(versions.VERSIONS, old.version) / "windows.toml"
        file.write_text("[", encoding="utf-8")
        page = approver.get(address)
        assert page.status_code == 200 and "non si possono confrontare" in page.text and "windows.toml" in page.text

    def test_words_of_a_pack_are_words_and_no_markup(self, desk: Desk, approver: httpx2.Client) -> None:
        page = self.compared(
            desk,
            approver,
            (HELLO, "con calma", f"con {HOSTILE}"),
            ("scenes/school.toml", 'chapter = "La scuola"', f'chapter = "{HOSTILE}"'),
            ("catalogue.toml", "Scontrino dei libri", f"Scontrino {HOSTILE}"),
        )
        assert "<script>alert" not in page and page.count("&lt;script&gt;alert") > 3


def test_words_are_marked_one_by_one_and_lines_stay_lines() -> None:
    left, right = marked(["Ciao Anna.", "Resta uguale."], ["Ciao cara Anna.", "Resta uguale.", "Nuova riga."])
    assert left == ((("same", "Ciao Anna."),), (("same", "Resta uguale."),))
    assert right == (
        (("same", "Ciao "), ("ins", "cara "), ("same", "Anna.")),
        (("same", "Resta uguale."),),
        (("ins", "Nuova riga."),),
    )
    assert marked([], ["Tutto nuovo."]) == ((), ((("ins", "Tutto nuovo."),),))
