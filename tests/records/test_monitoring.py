# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What people do with a guide counts once, however often the page reports it."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from tests.support.delivered_guides import deliver
from videoguide.errors import InputError, UnknownChoice
from videoguide.guide.guides import Guide
from videoguide.records.database import Database, Press, Rating, View, now
from videoguide.records.monitoring import FOLLOWED, PLAYED, PRESSED, REACHED, SHOWN, ViewEvent, note, open_view, rate


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(f"sqlite:///{tmp_path / 'guides.db'}") as opened:
        deliver(opened)
        yield opened


GUIDE = "a" * 32


def views(database: Database) -> list[View]:
    with database.session() as session:
        return list(session.exec(select(View)))


def presses(database: Database) -> list[Press]:
    with database.session() as session:
        return list(session.exec(select(Press)))


class TestViews:
    def test_a_page_that_is_loaded_again_goes_on_with_its_view_and_much_later_begins_another(
        self, database: Database
    ) -> None:
        first = open_view(database, GUIDE)
        assert open_view(database, GUIDE) == first
        with database.session() as session:
            view = session.get(View, first)
            assert view is not None
            view.opened_at = now() - timedelta(minutes=31)
            session.add(view)
        assert open_view(database, GUIDE) != first
        assert len(views(database)) == 2

    def test_the_farthest_quarter_counts_whatever_the_order(self, database: Database, tiny_guide: Guide) -> None:
        view = open_view(database, GUIDE)
        for quarter in ("50", "25", "50"):
            note(database, GUIDE, tiny_guide, ViewEvent(view, REACHED, quarter))
        assert views(database)[0].reached == 50

    def test_playing_again_leaves_the_first_time(self, database: Database, tiny_guide: Guide) -> None:
        view = open_view(database, GUIDE)
        note(database, GUIDE, tiny_guide, ViewEvent(view, PLAYED, ""))
        first = views(database)[0].played_at
        note(database, GUIDE, tiny_guide, ViewEvent(view, PLAYED, ""))
        assert first is not None and views(database)[0].played_at == first

    def test_the_first_link_that_was_followed_counts(self, database: Database, tiny_guide: Guide) -> None:
        view = open_view(database, GUIDE)
        link = next(iter(tiny_guide.outline.links))
        note(database, GUIDE, tiny_guide, ViewEvent(view, FOLLOWED, link))
        assert views(database)[0].followed == link


class TestPresses:
    def test_a_button_is_shown_and_pressed_once_a_view(self, database: Database, tiny_guide: Guide) -> None:
        view, button = open_view(database, GUIDE), tiny_guide.buttons[0].id
        for kind in (SHOWN, PRESSED, SHOWN, PRESSED):
            note(database, GUIDE, tiny_guide, ViewEvent(view, kind, button))
        (press,) = presses(database)
        assert press.button == button and press.shown_at is not None and press.pressed_at is not None

    def test_a_window_can_be_opened_from_the_list_without_its_button(
        self, database: Database, tiny_guide: Guide
    ) -> None:
        view, window = open_view(database, GUIDE), tiny_guide.outline.windows[0].id
        note(database, GUIDE, tiny_guide, ViewEvent(view, PRESSED, window))
        assert presses(database)[0].shown_at is None

    def test_many_at_once_are_one(self, database: Database, tiny_guide: Guide) -> None:
        view, button = open_view(database, GUIDE), tiny_guide.buttons[0].id
        failed: list[Exception] = []

        def tell() -> None:
            try:
                note(database, GUIDE, tiny_guide, ViewEvent(view, SHOWN, button))
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=tell) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed and len(presses(database)) == 1


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("opened", ""),
        ("played", "x"),
        ("reached", "30"),
        ("reached", ""),
        ("shown", "nothing"),
        ("pressed", "<script>"),
        ("followed", "https://example.org"),
        ("", ""),
    ],
)
def test_an_event_that_no_page_sends_is_refused(database: Database, tiny_guide: Guide, kind: str, value: str) -> None:
    view = open_view(database, GUIDE)
    with pytest.raises(UnknownChoice):
        note(database, GUIDE, tiny_guide, ViewEvent(view, kind, value))


@pytest.mark.parametrize("view", ["", "x", "f" * 32, "A" * 32, "0" * 33])
def test_an_unknown_view_or_one_of_another_guide_is_refused(database: Database, tiny_guide: Guide, view: str) -> None:
    with pytest.raises(InputError, match="visione sconosciuta"):
        note(database, GUIDE, tiny_guide, ViewEvent(view, PLAYED, ""))
    other = deliver(database, id="b" * 32, number="2")
    with pytest.raises(InputError, match="visione sconosciuta"):
        note(database, GUIDE, tiny_guide, ViewEvent(open_view(database, other), PLAYED, ""))


class TestRatings:
    def test_a_guide_has_one_rating_which_can_be_changed(self, database: Database) -> None:
        rate(database, GUIDE, 2, "")
        rate(database, GUIDE, 5, "  Ora ho capito.\r\nGrazie\x00 ")
        with database.session() as session:
            (rating,) = session.exec(select(Rating))
        assert (rating.stars, rating.comment) == (5, "Ora ho capito.\nGrazie")
        assert rating.changed_at is not None

    def test_the_same_again_changes_nothing(self, database: Database) -> None:
        rate(database, GUIDE, 3, "Bene")
        rate(database, GUIDE, 3, "Bene")
        with database.session() as session:
            (rating,) = session.exec(select(Rating))
        assert rating.changed_at is None

    @pytest.mark.parametrize("stars", [0, 6, -1, 100])
    def test_only_one_to_five(self, database: Database, stars: int) -> None:
        with pytest.raises(UnknownChoice, match="ammessi: 1, 2, 3, 4, 5"):
            rate(database, GUIDE, stars, "")

    def test_a_comment_has_at_most_500_characters(self, database: Database) -> None:
        rate(database, GUIDE, 3, "è" * 500)
        with pytest.raises(InputError, match="501 caratteri; ammessi: 500"):
            rate(database, GUIDE, 3, "è" * 501)
