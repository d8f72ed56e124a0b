# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Who has seen what of a real person's guide: every file once a visit, looks that found nothing, and for good."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from sqlmodel import col, select

from tests.support.portals import RunningPortal, listen
from tests.support.previewing import FORM, csrf_of, deliver_application, make, preview_portal
from videoguide.portal.media import FILES
from videoguide.records import audit
from videoguide.records.database import Audit, Preview, now
from videoguide.runs.purging import purge_person

pytestmark = pytest.mark.slow

NUMBER = "AUU-77-1234"


@pytest.fixture
def portal(tmp_path: Path, shared_store: Path) -> Iterator[RunningPortal]:
    with preview_portal(tmp_path, shared_store) as running:
        yield running


def rows(portal: RunningPortal, *actions: str) -> list[Audit]:
    query = select(Audit).where(col(Audit.what).in_(actions)).order_by(col(Audit.id))
    with portal.portal.database.session() as session:
        return list(session.exec(query))


def look_up(browser: httpx2.Client, number: str) -> httpx2.Response:
    return browser.post(f"{FORM}/application", data={"csrf": csrf_of(browser), "number": number})


@pytest.fixture
def seen(portal: RunningPortal) -> Iterator[tuple[int, str, httpx2.Client]]:
    """A real application, the address of its preview, which is made, and the editor's browser."""
    record = deliver_application(portal, NUMBER)
    with portal.as_staff("editor") as editor:
        preview = str(look_up(editor, NUMBER).headers["location"])
        assert listen(editor, preview)[-1] == ("ready", {})
        yield record, preview, editor


def test_every_file_of_a_real_persons_preview_is_noted_with_its_application(
    portal: RunningPortal, seen: tuple[int, str, httpx2.Client]
) -> None:
    record, preview, editor = seen
    assert editor.get(preview).status_code == 200
    for file in FILES:
        assert editor.get(f"{preview}/{file}").status_code == 200, file
    id = preview.rpartition("/")[2]
    noted = rows(portal, "preview-file")
    assert [row.about for row in noted] == [f"{id}/{file}" for file in FILES]
    (opened,), (made,) = rows(portal, "preview-open"), rows(portal, "preview-application")
    assert {row.application_id for row in (*noted, opened, made)} == {record}
    assert {(row.who, row.role, row.campaign_id) for row in noted} == {("anna", "editor", "bonus-libri")}
    with portal.as_staff("approver") as approver:
        page = approver.get("/staff/audit").text
    assert f"{id}/captions.vtt domanda:{record}" in page and NUMBER not in page


def test_a_film_in_pieces_is_one_row_and_the_next_visit_another(
    portal: RunningPortal, seen: tuple[int, str, httpx2.Client]
) -> None:
    _, preview, editor = seen
    film = f"{preview}/video.mp4"
    with ThreadPoolExecutor(4) as executor:
        parts = [{"Range": f"bytes={at * 1000}-{at * 1000 + 999}"} for at in range(30)]
        answers = list(executor.map(lambda part: editor.get(film, headers=part).status_code, parts))
    assert answers == [206] * 30
    (row,) = rows(portal, "preview-file")
    with portal.portal.database.session() as session:
        session.get_one(Audit, row.id).at = now() - audit.VISIT_LASTS - timedelta(seconds=1)
    editor.get(film, headers=parts[0])
    with portal.as_staff("viewer") as viewer:
        viewer.headers["Cookie"] = f"{portal.sessions.cookie.name}={portal.sessions.begin('viewer', subject='bruno')}"
        viewer.get(film)
    assert Counter(row.who for row in rows(portal, "preview-file")) == {"anna": 2, "bruno": 1}
    for _ in range(3):
        editor.get(f"{preview}/download.mp4", headers={"Range": "bytes=0-9"})
    assert len(rows(portal, "preview-download")) == 1


def test_what_says_nothing_is_not_noted(portal: RunningPortal, seen: tuple[int, str, httpx2.Client]) -> None:
    _, preview, editor = seen
    assert editor.head(f"{preview}/video.mp4").status_code == 200
    assert editor.get(f"{preview}/nothing").status_code == 404
    invented = make(editor)
    assert editor.get(f"{invented}/video.mp4").status_code == 200
    assert rows(portal, "preview-file") == []


def test_a_look_that_finds_nothing_is_noted_without_the_number(portal: RunningPortal) -> None:
    solved = deliver_application(portal, "78", left_out="not-blocked")
    gone = deliver_application(portal, "79", recipient_id=None, first_name="")
    with portal.as_staff("editor") as editor:
        for number in ("nowhere-4711", "78", "79", ""):
            assert look_up(editor, number).status_code == 422
    noted = rows(portal, "lookup-failed")
    assert [(row.who, row.about, row.application_id) for row in noted] == [
        ("anna", "", None),
        ("anna", "", solved),
        ("anna", "", gone),
    ]
    with portal.portal.database.engine.connect() as connection:
        assert "4711" not in "\n".join(connection.connection.iterdump())


def test_the_record_outlives_the_preview_and_the_person(
    portal: RunningPortal, seen: tuple[int, str, httpx2.Client]
) -> None:
    record, preview, editor = seen
    editor.get(f"{preview}/video.mp4")
    before = rows(portal, "preview-application", "preview-file")
    purge_person(portal.portal.store, portal.portal.database, "RSSLDV85T50A562X")
    with portal.portal.database.session() as session:
        assert session.exec(select(Preview)).all() == []
    assert rows(portal, "preview-application", "preview-file") == before
    assert {row.application_id for row in before} == {record} and len(before) == 2
