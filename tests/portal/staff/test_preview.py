# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Staff have previews made: under the real server and with real processes, without a browser."""

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlmodel import select

from tests.support.invented_guides import HOSTILE_NAMES, command, environment
from tests.support.portals import RunningPortal, listen
from tests.support.previewing import (
    CAMPAIGN,
    FORM,
    SCENES,
    WIDE,
    ask,
    asking,
    csrf_of,
    deliver_application,
    make,
    preview_portal,
    states,
)
from tests.support.tiny_runs import Office, approve, extract
from videoguide.media.payload import SEGMENTS
from videoguide.packs.campaigns import Campaign
from videoguide.portal import streams
from videoguide.portal.staff import kept_previews
from videoguide.records.database import ApplicationRecord, Audit, Preview, View, now

pytestmark = pytest.mark.slow

PAGE_OF_A_PREVIEW = re.compile(r"/staff/previews/[0-9a-f]{32}")


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with preview_portal(tmp_path_factory.mktemp("preview")) as running:
        yield running


@pytest.fixture
def editor(portal: RunningPortal) -> Iterator[httpx2.Client]:
    with portal.as_staff("editor") as browser:
        yield browser


@pytest.fixture
def viewer(portal: RunningPortal) -> Iterator[httpx2.Client]:
    with portal.as_staff("viewer") as browser:
        yield browser


def send(browser: httpx2.Client, path: str = FORM, **fields: Any) -> httpx2.Response:
    return browser.post(path, data={"csrf": csrf_of(browser), **fields})


def row(portal: RunningPortal, preview: str) -> Preview:
    with portal.portal.database.session() as session:
        return session.get_one(Preview, preview.rpartition("/")[2])


def change(portal: RunningPortal, table: type[Any], id: object, **values: Any) -> None:
    with portal.portal.database.session() as session:
        session.get_one(table, id).sqlmodel_update(values)


def audited(portal: RunningPortal, preview: str) -> list[tuple[str, str]]:
    """What was noted of a preview, and of whom."""
    with portal.portal.database.session() as session:
        rows = session.exec(select(Audit).where(Audit.about == preview.rpartition("/")[2]).order_by(Audit.id))  # type: ignore[arg-type]
        return [(row.what, row.who) for row in rows]


def segments(portal: RunningPortal) -> set[str]:
    return set(portal.portal.store.keys(SEGMENTS))


def problem_of(answer: httpx2.Response) -> str:
    """The one line that a form is refused with."""
    assert answer.status_code == 422, answer.status_code
    (line,) = re.findall(r"data-problem>.*?<span>(.*?)</span>", answer.text, re.S)
    return unescape(line)


class TestTheForm:
    def test_it_is_made_from_the_pack(self, editor: httpx2.Client) -> None:
        page = editor.get(FORM).text
        for words in ("Manca uno scontrino", "Manca la scuola: quanti", "Scontrino dei quaderni", "Genitore"):
            assert words in page
        assert 'name="fact-receipts" value="notebooks"' in page and 'name="fact-pupils" type="number"' in page
        assert 'max="5"' in page and 'value="2024" selected' in page and 'value="silent" selected' in page
        assert "gtts" not in page, "the campaign lets no word leave the house"

    def test_sent_as_it_is_it_gives_a_guide(self, editor: httpx2.Client) -> None:
        page = editor.get(FORM).text
        own = page[: page.index("ask-others")]
        fields: dict[str, Any] = {}
        for name, value in re.findall(r'name="([^"]*)" value="([^"]*)"(?: checked)', own):
            fields.setdefault(name, []).append(value)
        for name, options in re.findall(r'<select[^>]*name="([^"]*)">(.*?)</select>', own, re.S):
            fields[name] = (
                re.findall(r'value="([^"]*)" selected', options) or re.findall(r'value="([^"]*)"', options)[0]
            )
        fields["first_name"] = re.findall(r'name="first_name" value="([^"]*)"', own)[0]
        answer = send(editor, **fields)
        assert answer.status_code == 303 and PAGE_OF_A_PREVIEW.fullmatch(answer.headers["location"])

    def test_the_samples_people_are_offered_but_not_those_without_a_guide(self, editor: httpx2.Client) -> None:
        page = editor.get(FORM).text
        offered = re.findall(r"<option[^>]*>((?:Anna|Bruno|Carla|Zeno)[^<]*)", page)
        assert offered == ["Anna: manca uno scontrino", "Bruno: manca uno scontrino", "Carla: manca la scuola"]

    def test_a_samples_person_gets_their_guide_and_the_form_can_go_on_from_it(self, editor: httpx2.Client) -> None:
        answer = send(editor, f"{FORM}/sample", profile="2")
        preview = answer.headers["location"]
        assert "Ciao Carla, benvenuta." in editor.get(preview).text
        page = editor.get(f"{FORM}?from={preview.rpartition('/')[2]}").text
        assert 'name="first_name" value="Carla"' in page and 'value="missing-school" checked' in page
        assert 'value="missing-receipt" checked' not in page and re.search(r'name="fact-pupils"[^>]* value="2"', page)

    @pytest.mark.parametrize("profile", ["", "3", "-1", "x", "0; DROP"])
    def test_nobody_else_is_in_the_sample(self, editor: httpx2.Client, profile: str) -> None:
        assert problem_of(send(editor, f"{FORM}/sample", profile=profile)) == "Scegli un profilo dall’elenco."

    def test_a_pack_without_a_sample_has_a_form_without_profiles(self, tmp_path: Path) -> None:
        with preview_portal(tmp_path) as running, running.as_staff("editor") as editor:
            (running.portal.settings.scenes / CAMPAIGN / "sample.csv").unlink()
            page = editor.get(FORM)
            assert page.status_code == 200 and "Un profilo d’esempio" not in page.text
            (running.portal.settings.scenes / CAMPAIGN / "sample.csv").write_text("not,an,extract\n1,2,3\n")
            assert editor.get(FORM).status_code == 200, "nor does one that cannot be read break it"

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"case": []}, "Scegli almeno un caso."),
            ({"case": ["lost"]}, "Valore sconosciuto per caso: 'lost'; ammessi: missing-receipt, missing-school."),
            ({"fact-receipts": []}, "Manca uno scontrino: scegli almeno una voce."),
            ({"fact-receipts": ["car"]}, "Valore sconosciuto per receipt: 'car'; ammessi: books, notebooks."),
            ({"fact-pupils": "0"}, "Manca la scuola: scrivi un numero da 1 in su."),
            ({"fact-pupils": "6"}, "Manca la scuola: ammesso un numero da 0 a 5."),
            ({"fact-pupils": "-1"}, "Manca la scuola: ammesso un numero da 0 a 5."),
            ({"fact-pupils": "²"}, "Manca la scuola: ammesso un numero da 0 a 5."),
            ({"first_name": ""}, "Nome: è vuoto."),
            ({"first_name": "x" * 20_000}, "Nome: non è un nome."),
            ({"first_name": "安娜"}, "Nome: contiene caratteri che il font non può disegnare (U+5A1C, U+5B89)."),
            ({"sex": "X"}, "Valore sconosciuto per sesso: 'X'; ammessi: F, M, unknown."),
            ({"applicant": ""}, "Valore sconosciuto per richiedente: ''; ammessi: parent, guardian, child."),
            ({"channel": "fax"}, "Valore sconosciuto per canale: 'fax'; ammessi: citizen."),
            ({"year": "1999"}, "Valore sconosciuto per anno: '1999'; ammessi: 2024."),
            ({"year": "soon"}, "Valore sconosciuto per anno: '-1'; ammessi: 2024."),
            ({"voice": "gtts"}, "Valore sconosciuto per voce: 'gtts'; ammessi: "),
        ],
    )
    def test_what_cannot_be_made_is_one_line_and_the_fields_stay(
        self, editor: httpx2.Client, changes: dict[str, Any], problem: str
    ) -> None:
        answer = send(editor, **asking(**{"first_name": "Benedetta", **changes}))
        assert problem_of(answer).startswith(problem)
        assert "Benedetta" in answer.text or "first_name" in changes

    @pytest.mark.parametrize("name", [*HOSTILE_NAMES, '"><script>alert(1)</script>'])
    def test_hostile_words_stay_words(self, editor: httpx2.Client, name: str) -> None:
        answer = send(editor, **asking(first_name=name))
        if answer.status_code == 303:
            answer = editor.get(answer.headers["location"])
            assert "Ciao" in answer.text
        assert "<script>alert" not in answer.text and "<b>Anna" not in answer.text and "Ciao 49" not in answer.text
        refused = send(editor, **asking(first_name=name, case=[name], voice=name))
        assert refused.status_code == 422
        assert "<script>alert" not in refused.text and "<b>Anna" not in refused.text

    def test_a_broken_pack_is_told_in_its_own_words(self, tmp_path: Path) -> None:
        with preview_portal(tmp_path) as running, running.as_staff("editor") as editor:
            csrf = csrf_of(editor)
            scene = running.portal.settings.scenes / CAMPAIGN / "scenes" / "school.toml"
            scene.write_text(scene.read_text().replace("Scrivi qual è", "{{ nothing }} Scrivi qual è"))
            answer = editor.post(FORM, data={"csrf": csrf, **asking()})
            assert "scenes/school.toml" in problem_of(answer)


class TestMaking:
    def test_the_script_is_there_at_once_then_the_guide(self, portal: RunningPortal, editor: httpx2.Client) -> None:
        preview = ask(editor, first_name="Serafina")
        page = editor.get(preview).text
        assert "<video" not in page and "Ciao Serafina, benvenuta." in page and "Serve lo scontrino dei libri." in page
        assert "Quali scontrini servono" in page, "its buttons"
        assert states(page).count("missing") >= 1 and "Serafina" not in page[: page.index("</title>")]
        events = listen(editor, preview)
        assert events[0][0] == "scenes" and events[-1] == ("ready", {})
        assert events[-2] == ("scenes", {"there": list(range(SCENES))})
        page = editor.get(preview).text
        assert "<video" in page and "missing" not in states(page) and states(page)[0] == "made"
        assert "data-events" not in page and 'id="valuta"' not in page, "nothing is counted, nothing is rated"
        assert audited(portal, preview) == [("preview", "anna")]

    def test_a_changed_field_makes_again_what_changes_alone(self, editor: httpx2.Client) -> None:
        make(editor, first_name="Diletta")
        other_name = make(editor, first_name="Eleonora")
        assert states(editor.get(other_name).text) == ["made", "reused", "reused", "reused"]
        other_fact = make(editor, first_name="Eleonora", **{"fact-receipts": ["books", "notebooks"]})
        assert states(editor.get(other_fact).text) == ["reused", "made", "reused", "reused"]

    def test_a_guide_that_is_all_there_plays_at_once(self, editor: httpx2.Client) -> None:
        make(editor, first_name="Fabiola")
        again = ask(editor, first_name="Fabiola")
        page = editor.get(again).text
        assert "<video" in page and set(states(page)) == {"reused"}
        assert [kind for kind, _ in listen(editor, again)] == ["scenes", "ready"]

    def test_every_file_of_the_guide_is_served_with_ranges(self, portal: RunningPortal, editor: httpx2.Client) -> None:
        preview = make(editor)
        part = editor.get(f"{preview}/video.mp4", headers={"Range": "bytes=4-7"})
        assert (part.status_code, part.content) == (206, b"ftyp")
        kept = editor.get(f"{preview}/download.mp4")
        assert kept.headers["content-disposition"].startswith("attachment")
        assert kept.content == editor.get(f"{preview}/video.mp4").content
        assert audited(portal, preview) == [("preview", "anna"), ("preview-download", "anna")]
        kinds = {
            name: editor.get(f"{preview}/{name}").headers["content-type"].partition(";")[0]
            for name in ("sound.m4a", "captions.vtt", "chapters.vtt", "buttons.vtt", "poster.jpg", "guide.json")
        }
        assert set(kinds.values()) == {"audio/mp4", "text/vtt", "image/jpeg", "application/json"}
        assert editor.head(f"{preview}/video.mp4").headers["accept-ranges"] == "bytes"
        assert editor.get(f"{preview}/video.avi").status_code == 404

    def test_no_view_is_counted(self, portal: RunningPortal, editor: httpx2.Client) -> None:
        editor.get(make(editor))
        with portal.portal.database.session() as session:
            assert session.exec(select(View)).all() == []

    def test_a_piece_that_was_pruned_is_made_again(self, portal: RunningPortal, editor: httpx2.Client) -> None:
        preview = make(editor, first_name="Gelsomina")
        first = row(portal, preview).segments[:32].hex()
        portal.portal.store.remove(SEGMENTS, first)
        page = editor.get(preview).text
        assert "<video" not in page and states(page)[0] == "missing"
        assert listen(editor, preview)[-1] == ("ready", {})
        assert "<video" in editor.get(preview).text and first in segments(portal)

    def test_a_name_too_long_for_the_picture_is_told_without_the_name(self, editor: httpx2.Client) -> None:
        name = WIDE
        preview = ask(editor, first_name=name)
        kind, data = listen(editor, preview)[-1]
        assert (kind, data) == ("problem", {"words": "Nome: è troppo lungo per l’immagine."})
        assert "<video" not in editor.get(preview).text

    def test_work_that_fails_is_told_in_a_line(self, tmp_path: Path) -> None:
        with preview_portal(tmp_path) as running, running.as_staff("editor") as editor:
            (tmp_path / "models").write_text("no folder")
            settings = replace(running.portal.settings, models=tmp_path / "models")
            running.app.state.portal = replace(running.portal, settings=settings)
            preview = ask(editor, voice="kokoro")
            kind, data = listen(editor, preview)[-1]
            assert kind == "problem" and "non si può scrivere" in data["words"] and "/" not in data["words"]
            assert "<video" not in editor.get(preview).text
            assert listen(editor, ask(editor))[-1] == ("ready", {}), "another voice works"

    def test_a_stream_says_that_it_is_there_while_nothing_happens(
        self, editor: httpx2.Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.01)
        preview = ask(editor, first_name="Liduina")
        lines = editor.get(f"{preview}/progress", timeout=60).text.split("\n\n")
        assert ": " in lines and lines[-2].startswith("event: ready")

    def test_a_version_that_is_not_kept_any_more_leaves_no_preview(self, tmp_path: Path) -> None:
        with preview_portal(tmp_path) as running, running.as_staff("editor") as editor:
            preview = ask(editor)
            shutil.rmtree(running.portal.settings.store / "versions")
            assert editor.get(preview).status_code == editor.get(f"{preview}/progress").status_code == 404

    def test_without_scripts_a_form_waits_for_the_guide(self, editor: httpx2.Client) -> None:
        csrf = csrf_of(editor)
        preview = ask(editor, first_name="Iolanda")
        answer = editor.post(f"{preview}/make", data={"csrf": csrf}, timeout=60)
        assert (answer.status_code, answer.headers["location"]) == (303, preview)
        assert "<video" in editor.get(preview).text
        refused = editor.post(f"{ask(editor, first_name=WIDE)}/make", data={"csrf": csrf}, timeout=60)
        assert refused.status_code == 422 and "Nome: è troppo lungo per l’immagine." in refused.text

    def test_a_pack_that_changes_meanwhile_does_not_change_the_preview(self, tmp_path: Path) -> None:
        with preview_portal(tmp_path) as running, running.as_staff("editor") as editor:
            preview = ask(editor)
            scene = running.portal.settings.scenes / CAMPAIGN / "scenes" / "school.toml"
            scene.write_text(scene.read_text().replace("Scrivi qual è", "Dicci qual è"))
            assert "Scrivi qual è" in editor.get(preview).text
            assert listen(editor, preview)[-1] == ("ready", {})
            assert "Dicci qual è" in editor.get(ask(editor)).text


class TestSideBySide:
    def test_two_at_once_get_their_own_and_share_what_is_common(self, tmp_path: Path) -> None:
        with preview_portal(tmp_path) as running:
            browsers = {name: running.as_browser_of(running.sessions.begin("editor", subject=name)) for name in "ab"}
            wanted = {name: ask(browser, first_name=f"Nora{name}") for name, browser in browsers.items()}
            events: dict[str, list[Any]] = {}

            def watch(name: str) -> None:
                events[name] = listen(browsers[name], wanted[name])

            threads = [threading.Thread(target=watch, args=(name,)) for name in browsers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for name, browser in browsers.items():
                assert events[name][-1] == ("ready", {})
                page = browser.get(wanted[name]).text
                assert f"Ciao Nora{name}" in page and "<video" in page
                browser.close()
            assert len(segments(running)) == SCENES + 1, "all but the name's scene is made once for both"

    def test_a_campaign_that_is_rendered_meanwhile_goes_as_undisturbed(self, tmp_path: Path, tiny: Campaign) -> None:
        people = [{"numero": f"{at}", "nome": f"Anna {'ABCDEFGH'[at % 8]}", "alunni": f"{at % 2}"} for at in range(40)]
        alone = Office(tmp_path / "alone", tiny)
        alone.render(*people, format="ranges")
        with preview_portal(tmp_path / "busy") as running, running.as_staff("editor") as editor:
            settings = running.portal.settings
            approve(settings, tiny)
            env = environment(
                settings.store, VIDEOGUIDE_DATABASE=settings.database, VIDEOGUIDE_SCENES=str(settings.scenes)
            )
            file = extract(tmp_path / "x.csv", *people)
            words = ("render", CAMPAIGN, str(file), "-o", str(tmp_path / "out"), "--format", "ranges", "--workers", "2")
            rendering = subprocess.Popen(command(*words), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            previews = [make(editor, first_name=f"Anna {letter}") for letter in "ABXY"]
            _, said = rendering.communicate(timeout=120)
            assert (rendering.returncode, said) == (0, b"")
            assert all("<video" in editor.get(preview).text for preview in previews)
            busy = Office(tmp_path / "busy", tiny)
            busy.file = tmp_path / "busy" / "portal.db"
            assert busy.guides() == alone.guides()

    def test_who_closes_the_page_has_nothing_made_that_is_not_begun(self, tmp_path: Path) -> None:
        with preview_portal(tmp_path, portal_workers="1") as running, running.as_staff("editor") as editor:
            preview = ask(editor)
            time.sleep(1)
            assert segments(running) == set(), "nobody listens, nothing is made"
            listen(editor, preview, most=2)
            time.sleep(2)
            left = segments(running)
            assert 1 <= len(left) < SCENES
            time.sleep(1.5)
            assert segments(running) == left
            assert listen(editor, preview)[-1] == ("ready", {})


class TestRealApplications:
    def test_its_guide_is_made_and_whoever_opens_it_is_noted(
        self, portal: RunningPortal, editor: httpx2.Client, viewer: httpx2.Client
    ) -> None:
        deliver_application(portal, "DOM-1")
        before = len(portal.lines())
        answer = send(editor, f"{FORM}/application", number=" DOM-1 ")
        preview = answer.headers["location"]
        assert PAGE_OF_A_PREVIEW.fullmatch(preview)
        page = viewer.get(preview).text
        assert "Ciao Ludovica, benvenuta." in page and "Ludovica" not in page[: page.index("</title>")]
        assert "?from=" not in page and editor.get(f"{FORM}?from={preview.rpartition('/')[2]}").status_code == 404
        assert audited(portal, preview) == [("preview-application", "anna"), ("preview-open", "anna")]
        assert row(portal, preview).asked is None
        lines = str(portal.lines()[before:])
        assert "Ludovica" not in lines and "DOM-1" not in lines

    @pytest.mark.parametrize(
        ("number", "problem"),
        [
            ("DOM-404", "In questa campagna non c’è una domanda con questo numero."),
            ("", "In questa campagna non c’è una domanda con questo numero."),
            ("DOM-OUT", "Questa domanda non ha una guida: Niente da chiedere."),
            ("DOM-PAID", "Questa domanda non ha una guida: Niente da chiedere."),
            ("DOM-GONE", "Di questa domanda non ci sono più i dati."),
        ],
    )
    def test_one_without_a_guide_is_told_so(
        self, portal: RunningPortal, editor: httpx2.Client, number: str, problem: str
    ) -> None:
        kinds: dict[str, dict[str, Any]] = {
            "DOM-OUT": {"left_out": "nothing-missing"},
            "DOM-PAID": {"status": "paid"},
            "DOM-GONE": {"recipient_id": None, "filed_on": None, "first_name": "", "facts": None},
        }
        if number in kinds and not _known(portal, number):
            deliver_application(portal, number, **kinds[number])
        answer = send(editor, f"{FORM}/application", number=number)
        assert problem_of(answer) == problem and "DOM-" not in answer.text

    def test_a_name_that_cannot_be_drawn_is_left_out_as_in_the_guide(
        self, portal: RunningPortal, editor: httpx2.Client
    ) -> None:
        deliver_application(portal, "DOM-2", first_name="安娜")
        preview = send(editor, f"{FORM}/application", number="DOM-2").headers["location"]
        assert "Ciao, benvenuta." in editor.get(preview).text

    def test_a_name_that_turns_out_too_long_is_left_out_likewise(
        self, portal: RunningPortal, editor: httpx2.Client
    ) -> None:
        deliver_application(portal, "DOM-5", first_name=WIDE)
        preview = send(editor, f"{FORM}/application", number="DOM-5").headers["location"]
        assert listen(editor, preview)[-1] == ("ready", {})
        page = editor.get(preview).text
        assert "Ciao, benvenuta." in page and "<video" in page

    def test_with_the_person_the_preview_is_gone(self, portal: RunningPortal, editor: httpx2.Client) -> None:
        first, other = deliver_application(portal, "DOM-3"), deliver_application(portal, "DOM-4")
        previews = [send(editor, f"{FORM}/application", number=f"DOM-{n}").headers["location"] for n in (3, 4)]
        change(portal, ApplicationRecord, first, recipient_id=None, first_name="")
        with portal.portal.database.session() as session:
            session.delete(session.get_one(ApplicationRecord, other))
        assert [editor.get(preview).status_code for preview in previews] == [404, 404]
        assert [editor.get(f"{preview}/progress").status_code for preview in previews] == [404, 404]


def _known(portal: RunningPortal, number: str) -> bool:
    with portal.portal.database.session() as session:
        return session.exec(select(ApplicationRecord).where(ApplicationRecord.number == number)).first() is not None


@pytest.fixture(scope="module")
def preview(portal: RunningPortal) -> str:
    with portal.as_staff("editor") as editor:
        return make(editor)


@pytest.fixture(scope="module")
def ways(preview: str) -> dict[str, str]:
    return {
        FORM: "GET",
        f"{FORM}?from={preview.rpartition('/')[2]}": "GET",
        preview: "GET",
        f"{preview}/progress": "GET",
        f"{preview}/video.mp4": "GET",
        f"{preview}/download.mp4": "GET",
        f"{preview}/captions.vtt": "GET",
        f"{FORM}/sample": "POST",
        f"{FORM}/application": "POST",
        f"{preview}/make": "POST",
    }


class TestWhoMayWhat:
    """Each way in, tried by those who may not."""

    def test_citizens_are_refused_everywhere(self, portal: RunningPortal, ways: dict[str, str]) -> None:
        with portal.as_citizen() as citizen:
            for way, method in ways.items():
                token = portal.sessions.find(citizen.headers["Cookie"].partition("=")[2])
                data = {"csrf": token.csrf} if token and method == "POST" else None
                assert citizen.request(method, way, data=data).status_code == 403, way

    def test_nobody_is_sent_to_the_staffs_way_in(self, portal: RunningPortal, ways: dict[str, str]) -> None:
        with portal.browser() as nobody:
            for way, method in ways.items():
                answer = nobody.request(method, way)
                assert answer.status_code == 303 and answer.headers["location"].startswith("/staff/login"), way

    def test_who_looks_may_open_what_others_made_but_make_nothing(
        self, portal: RunningPortal, viewer: httpx2.Client, preview: str
    ) -> None:
        assert "<video" in viewer.get(preview).text
        page = viewer.get(FORM)
        assert page.status_code == 200 and "Fai l’anteprima" not in page.text
        csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
        for path in (FORM, f"{FORM}/sample", f"{FORM}/application"):
            answer = viewer.post(path, data={"csrf": csrf, **asking(), "profile": "0", "number": "1"})
            assert answer.status_code == 403, path

    def test_a_form_without_its_token_is_refused(self, editor: httpx2.Client, preview: str) -> None:
        for path in (FORM, f"{FORM}/sample", f"{FORM}/application", f"{preview}/make"):
            assert editor.post(path, data=asking()).status_code == 403, path

    @pytest.mark.parametrize("id", ["0" * 32, "x", "'", "a" * 500, "%00"])
    def test_an_unknown_preview_is_not_there(self, editor: httpx2.Client, id: str) -> None:
        for below in ("", "/progress", "/video.mp4"):
            assert editor.get(f"/staff/previews/{id}{below}").status_code == 404
        assert editor.get(FORM, params={"from": id}).status_code == 404

    def test_an_unknown_campaign_is_not_there(self, editor: httpx2.Client) -> None:
        csrf = csrf_of(editor)
        assert editor.get("/staff/nothing/preview").status_code == 404
        assert editor.post("/staff/nothing/preview", data={"csrf": csrf, **asking()}).status_code == 404

    def test_a_preview_expires_and_is_forgotten(self, portal: RunningPortal, editor: httpx2.Client) -> None:
        preview = make(editor)
        kept = row(portal, preview)
        assert kept.expires_at - kept.made_at == timedelta(days=30)
        change(portal, Preview, kept.id, expires_at=now() - timedelta(seconds=1))
        for below in ("", "/progress", "/video.mp4"):
            assert editor.get(f"{preview}{below}").status_code == 404
        assert kept_previews.forget_expired(portal.portal.database) == 1
        change(portal, Preview, row(portal, make(editor)).id, expires_at=now() - timedelta(seconds=1))
        ask(editor)  # whoever asks for one cleans up
        assert kept_previews.forget_expired(portal.portal.database) == 0
