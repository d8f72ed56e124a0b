# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Sessions: opaque tokens, two timeouts, one use of a way in; nothing but hashes in the database."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select
from starlette.responses import Response

from tests.support.portals import GIULIA
from videoguide.portal.sessions import Cookie, Sessions, hash_of
from videoguide.records.database import Database, LoginSession, now


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(f"sqlite:///{tmp_path}/sessions.db") as database:
        yield database


@pytest.fixture
def sessions(database: Database) -> Sessions:
    return Sessions(database, idle=timedelta(minutes=15), longest=timedelta(hours=8), secure=True)


def rows(database: Database) -> list[LoginSession]:
    with database.session() as session:
        return list(session.exec(select(LoginSession)))


def shift(database: Database, *, seen: timedelta = timedelta(), created: timedelta = timedelta()) -> None:
    """Make every session older."""
    with database.session() as session:
        for row in session.exec(select(LoginSession)):
            row.seen_at -= seen
            row.created_at -= created


def test_a_session_is_found_by_its_token_alone(sessions: Sessions) -> None:
    token = sessions.begin("citizen", fiscal_code=GIULIA)
    visitor = sessions.find(token)
    assert visitor is not None and visitor.is_citizen and visitor.fiscal_code == GIULIA and len(visitor.csrf) == 43
    swapped = token[:-1] + ("A" if token[-1] != "A" else "B")
    for wrong in (
        None,
        "",
        " ",
        swapped,
        token + "A",
        token.upper(),
        "a" * 43,
        "è" * 43,
        "A" * 100_000,
        hash_of(token),
    ):
        assert sessions.find(wrong) is None


def test_the_database_never_holds_the_token_and_a_visitor_never_shows_who_it_is(
    sessions: Sessions, database: Database
) -> None:
    token = sessions.begin("citizen", fiscal_code=GIULIA)
    assert token not in str([row.model_dump() for row in rows(database)])
    assert GIULIA not in repr(sessions.find(token))


def test_each_session_has_a_token_and_a_form_token_of_its_own(sessions: Sessions) -> None:
    tokens = [sessions.begin("citizen", fiscal_code=GIULIA) for _ in range(5)]
    people = [sessions.find(token) for token in tokens]
    assert len(set(tokens)) == 5 and len({visitor.csrf for visitor in people if visitor}) == 5


def test_a_session_that_is_not_used_ends(sessions: Sessions, database: Database) -> None:
    token = sessions.begin("citizen", fiscal_code=GIULIA)
    shift(database, seen=timedelta(minutes=14))
    assert sessions.find(token)
    shift(database, seen=timedelta(minutes=16))
    assert sessions.find(token) is None and rows(database) == []


def test_a_session_that_is_always_used_ends_too(sessions: Sessions, database: Database) -> None:
    token = sessions.begin("citizen", fiscal_code=GIULIA)
    shift(database, created=timedelta(hours=7, minutes=59))
    assert sessions.find(token)
    shift(database, created=timedelta(minutes=2))
    assert sessions.find(token) is None and rows(database) == []


def test_being_seen_is_written_once_a_minute(sessions: Sessions, database: Database) -> None:
    token = sessions.begin("citizen", fiscal_code=GIULIA)
    shift(database, seen=timedelta(seconds=50))
    before = rows(database)[0].seen_at
    assert sessions.find(token) and rows(database)[0].seen_at == before
    shift(database, seen=timedelta(seconds=20))
    assert sessions.find(token) and (now() - rows(database)[0].seen_at).total_seconds() < 5


def test_an_ended_session_is_gone_for_good(sessions: Sessions, database: Database) -> None:
    token = sessions.begin("citizen", fiscal_code=GIULIA)
    other = sessions.begin("viewer", subject="anna")
    sessions.end(token)
    sessions.end(token)
    sessions.end("nonsense")
    assert sessions.find(token) is None and sessions.find(other) and len(rows(database)) == 1


def test_a_way_in_is_no_session_and_is_used_once(sessions: Sessions) -> None:
    token, csrf = sessions.begin_way_in({"state": "s"})
    assert sessions.find(token) is None and sessions.way_in_csrf(token) == csrf
    kept = sessions.take_way_in(token)
    assert kept is not None and kept["state"] == "s"
    assert sessions.take_way_in(token) is None and sessions.way_in_csrf(token) == ""


def test_a_session_is_no_way_in(sessions: Sessions) -> None:
    token = sessions.begin("citizen", fiscal_code=GIULIA)
    assert sessions.take_way_in(token) is None and sessions.way_in_csrf(token) == "" and sessions.find(token)


def test_a_way_in_is_too_old_after_ten_minutes(sessions: Sessions, database: Database) -> None:
    token, _ = sessions.begin_way_in({"state": "s"})
    shift(database, created=timedelta(minutes=11))
    assert sessions.way_in_csrf(token) == "" and sessions.take_way_in(token) is None


def test_of_many_that_take_a_way_in_at_once_one_gets_it(sessions: Sessions) -> None:
    token, _ = sessions.begin_way_in({"state": "s"})
    taken: list[object] = []
    start = threading.Barrier(8)

    def take() -> None:
        start.wait()
        taken.append(sessions.take_way_in(token))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(kept is not None for kept in taken) == 1


def test_many_requests_at_once_find_their_session_while_another_ends_it(sessions: Sessions, database: Database) -> None:
    token = sessions.begin("citizen", fiscal_code=GIULIA)
    shift(database, seen=timedelta(minutes=2))
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(20):
                sessions.find(token)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    sessions.end(token)
    for thread in threads:
        thread.join()
    assert errors == [] and sessions.find(token) is None and rows(database) == []


def test_sweeping_deletes_what_has_ended_and_nothing_else(sessions: Sessions, database: Database) -> None:
    sessions.begin("citizen", fiscal_code=GIULIA)
    sessions.begin_way_in({})
    shift(database, created=timedelta(minutes=11))
    kept = sessions.begin("viewer", subject="anna")
    fresh, _ = sessions.begin_way_in({})
    assert sessions.sweep() == 1
    shift(database, seen=timedelta(minutes=10))
    assert sessions.sweep() == 0 and sessions.way_in_csrf(fresh)
    shift(database, seen=timedelta(minutes=10))
    assert sessions.sweep() == 3 and sessions.find(kept) is None


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie_is_for_this_host_and_http_alone(secure: bool) -> None:
    response = Response()
    cookie = Cookie("videoguide", secure)
    cookie.set(response, "t")
    parts = set(response.headers["set-cookie"].lower().split("; "))
    assert {"httponly", "samesite=lax", "path=/"} <= parts and not any(part.startswith("domain") for part in parts)
    assert ("secure" in parts) is secure and cookie.name.startswith("__Host-") is secure
    assert not any(part.startswith(("max-age", "expires")) for part in parts), "ends with the browser"
