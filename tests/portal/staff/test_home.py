# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The staff's first pages: the campaigns, who did what, and who is let in."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from tests.support.places import PACKS
from tests.support.portals import RunningPortal, running_portal
from tests.support.previewing import asking, csrf_of
from videoguide.errors import Busy
from videoguide.packs.campaigns import Campaign
from videoguide.records import audit, versions
from videoguide.records.database import Audit, Run
from videoguide.records.versions import enter_campaign

pytestmark = pytest.mark.slow


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """A folder of packs that may be broken."""
    return Path(shutil.copytree(PACKS, tmp_path / "packs"))


@pytest.fixture
def desk(tmp_path: Path, scenes: Path) -> Iterator[RunningPortal]:
    with running_portal(tmp_path, {}, scenes=scenes) as running:
        yield running


def ask(browser: httpx2.Client, path: str) -> httpx2.Response:
    with browser:
        return browser.get(path)


class TestHome:
    def test_it_lists_the_campaigns_with_version_state_and_pages(self, desk: RunningPortal) -> None:
        page = ask(desk.as_staff("viewer"), "/staff")
        assert page.status_code == 200 and "Nessuna guida fatta finora." in page.text
        assert "<strong>bozza</strong>" in page.text and "Chi guarda".lower() in page.text
        for name in ("preview", "check", "versions", "figures"):
            assert f'href="/staff/bonus-libri/{name}"' in page.text

    def test_it_says_when_guides_were_made_last(self, desk: RunningPortal, tiny: Campaign) -> None:

        enter_campaign(desk.portal.database, tiny)
        with desk.portal.database.session() as session:
            ended = datetime(2024, 6, 1, 12, 5, tzinfo=UTC)
            session.add(Run(campaign_id=tiny.id, output="out", format="ranges", ended_at=ended))
            session.add(Run(campaign_id=tiny.id, output="out", format="ranges"))
        assert "Ultime guide fatte il 1º giugno 2024, 14:05." in ask(desk.as_staff(), "/staff").text

    @pytest.mark.parametrize("broken", ["id = ", "\0", ""])
    def test_a_broken_pack_is_told_of_and_hides_no_other(self, desk: RunningPortal, scenes: Path, broken: str) -> None:
        shutil.copytree(scenes / "bonus-libri", scenes / "other")
        (scenes / "other" / "campaign.toml").write_text(broken, encoding="utf-8")
        page = ask(desk.as_staff(), "/staff")
        assert page.status_code == 200 and "Il pacchetto non si può usare." in page.text
        assert "campaign.toml" in page.text and "<strong>bozza</strong>" in page.text

    def test_a_page_of_a_broken_pack_says_where_it_is_broken_to_staff_alone(
        self, desk: RunningPortal, scenes: Path
    ) -> None:
        (scenes / "bonus-libri" / "campaign.toml").write_text("id = <b>", encoding="utf-8")
        page = ask(desk.as_staff(), "/staff/bonus-libri/figures")
        assert page.status_code == 503 and "campaign.toml" in page.text and "<b>" not in page.text
        assert "campaign.toml" not in ask(desk.as_citizen(), "/staff/bonus-libri/figures").text

    def test_odd_files_in_a_pack_are_no_reason_to_fail_and_a_pack_that_goes_takes_its_pages_along(
        self, desk: RunningPortal, scenes: Path
    ) -> None:
        pack = scenes / "bonus-libri"
        (pack / "scenes" / "loop.svg").symlink_to(pack / "scenes" / "loop.svg")
        (pack / "a\nname.txt").write_text("x", encoding="utf-8")
        (pack / "big.bin").write_bytes(bytes(5_000_000))
        os.mkfifo(pack / "pipe")
        pages = [f"/staff/bonus-libri/{name}" for name in ("preview", "check", "versions", "figures")]
        with desk.as_staff("approver") as staff:
            assert [staff.get(page).status_code for page in ("/staff", *pages)] == [200] * 5
            shutil.rmtree(pack)
            assert [staff.get(page).status_code for page in ("/staff", *pages)] == [200, 404, 404, 404, 404]

    def test_a_campaign_that_is_not_there_is_not_found(self, desk: RunningPortal) -> None:
        for name in ("nothing", "..", "%2e%2e%2fbonus-libri", "bonus-libri%00"):
            assert ask(desk.as_staff(), f"/staff/{name}/figures").status_code == 404


class TestAPackThatIsJustChanging:
    @pytest.fixture
    def changing(self, desk: RunningPortal, monkeypatch: pytest.MonkeyPatch) -> RunningPortal:
        """The portal while somebody writes the pack's files."""

        def keep(*_: object) -> None:
            raise Busy("campagna bonus-libri: il pacchetto è cambiato in questo momento; prova di nuovo")

        monkeypatch.setattr(versions, "keep", keep)
        return desk

    def test_the_list_of_campaigns_says_so_and_shows_the_rest(self, changing: RunningPortal) -> None:
        page = ask(changing.as_staff(), "/staff")
        assert page.status_code == 200 and "è cambiato proprio adesso" in page.text
        assert "non si può usare" not in page.text and 'href="/staff/bonus-libri/check"' in page.text

    @pytest.mark.parametrize("name", ["check", "versions"])
    def test_its_pages_say_so_and_when_to_come_back(self, changing: RunningPortal, name: str) -> None:
        page = ask(changing.as_staff(), f"/staff/bonus-libri/{name}")
        assert (page.status_code, page.headers["retry-after"]) == (503, "60")
        assert "è cambiato proprio adesso" in page.text and "Correggi" not in page.text

    def test_the_check_is_not_begun(self, changing: RunningPortal) -> None:
        with changing.as_staff("editor") as editor:
            answer = editor.post("/staff/bonus-libri/check", data={"csrf": csrf_of(editor)})
        assert (answer.status_code, answer.headers["location"]) == (303, "/staff/bonus-libri/check")

    def test_the_form_for_a_preview_comes_back_as_it_was_sent(self, changing: RunningPortal) -> None:
        with changing.as_staff("editor") as editor:
            fields = asking(csrf=csrf_of(editor), first_name="Ludovica")
            answer = editor.post("/staff/bonus-libri/preview", data=fields)
        assert answer.status_code == 422 and "prova di nuovo" in answer.text and 'value="Ludovica"' in answer.text


class TestDoors:
    @pytest.mark.parametrize("path", ["/staff", "/staff/audit", "/staff/bonus-libri/preview"])
    def test_who_is_not_logged_in_is_sent_to_the_staffs_way_in(self, desk: RunningPortal, path: str) -> None:
        answer = ask(desk.browser(), path)
        assert answer.status_code == 303 and answer.headers["location"] == f"/staff/login?next={path}"

    @pytest.mark.parametrize("path", ["/staff", "/staff/audit", "/staff/bonus-libri/figures"])
    def test_a_citizen_is_refused(self, desk: RunningPortal, path: str) -> None:
        answer = ask(desk.as_citizen(), path)
        assert answer.status_code == 403 and "Questa pagina è del personale" in answer.text

    @pytest.mark.parametrize("role", ["viewer", "editor", "approver"])
    def test_staff_are_refused_where_citizens_are_at_home(self, desk: RunningPortal, role: str) -> None:
        assert ask(desk.as_staff(role), "/guide").status_code == 403

    def test_the_staffs_way_in_speaks_to_staff(self, desk: RunningPortal) -> None:
        page = ask(desk.browser(), "/staff/login").text
        assert "account di lavoro" in page and "SPID" not in page


class TestAudit:
    def test_what_was_done_is_told_newest_first_page_by_page(self, desk: RunningPortal) -> None:
        for number in range(audit.PAGE + 1):
            audit.note(desk.portal.database, f"<i>{number}</i>", "approve", role="approver", about=f"v{number}")
        with desk.as_staff("approver") as approver:
            first, second = approver.get("/staff/audit").text, approver.get("/staff/audit?page=2").text
        assert (
            f"&lt;i&gt;{audit.PAGE}&lt;/i&gt;" in first and "&lt;i&gt;0&lt;/i&gt;" not in first and "<i>" not in first
        )
        assert first.index("v100<") < first.index("v99<") and first.count("Ha approvato una versione") == audit.PAGE
        assert "v0<" in second and "Più recenti" in second and "Meno recenti" not in second

    @pytest.mark.parametrize("page", ["0", "-1", "x", "999999999999999999999"])
    def test_a_page_that_is_none_is_refused(self, desk: RunningPortal, page: str) -> None:
        assert ask(desk.as_staff("approver"), f"/staff/audit?page={page}").status_code == 422

    @pytest.mark.parametrize("role", ["viewer", "editor"])
    def test_it_is_for_those_who_answer_for_it(self, desk: RunningPortal, role: str) -> None:
        with desk.as_staff(role) as staff:
            assert staff.get("/staff/audit").status_code == 403 and "/staff/audit" not in staff.get("/staff").text

    def test_what_is_no_action_is_a_mistake_of_ours(self, desk: RunningPortal) -> None:
        with pytest.raises(AssertionError):
            audit.note(desk.portal.database, "anna", "juggle")

    def test_a_long_name_is_cut(self, desk: RunningPortal) -> None:
        audit.note(desk.portal.database, "a" * 999, "render", about="b" * 999)
        with desk.portal.database.session() as session:
            row = session.get(Audit, 1)
        assert row is not None and (len(row.who), len(row.about)) == (255, 64)
