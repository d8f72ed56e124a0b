# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Whose guide is whose, and which may still be watched."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.delivered_guides import ANNA, BRUNO, deliver
from videoguide.errors import StoreError
from videoguide.guide.guides import Guide
from videoguide.packs.campaigns import CHANGED, SOLVED
from videoguide.records.database import Database, View, now
from videoguide.records.delivery import guide_of, guides_of
from videoguide.records.monitoring import rate
from videoguide.store import Store


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(f"sqlite:///{tmp_path / 'guides.db'}") as opened:
        yield opened


def test_a_person_sees_their_own_guides_newest_first(database: Database) -> None:
    old = deliver(database, id="a" * 32, number="1", made_at=now() - timedelta(days=3))
    new = deliver(database, id="b" * 32, number="2")
    deliver(database, BRUNO, id="c" * 32, number="3")
    assert [delivered.id for delivered in guides_of(database, ANNA)] == [new, old]


def test_nobody_elses_guide_is_found_nor_one_that_never_was(database: Database) -> None:
    theirs = deliver(database, BRUNO)
    for asked in (theirs, "f" * 32, "", "%", theirs.upper(), f"{theirs}' OR '1'='1"):
        assert guide_of(database, ANNA, asked) is None
    assert guide_of(database, "", theirs) is None


@pytest.mark.parametrize(
    "gone",
    [{"because": CHANGED}, {"expires_in": timedelta(seconds=-1)}, {"because": SOLVED, "expires_in": timedelta()}],
)
def test_a_guide_that_expired_or_was_replaced_is_as_if_it_had_never_been(
    database: Database, gone: dict[str, object]
) -> None:
    mine = deliver(database, **gone)  # type: ignore[arg-type]
    assert guide_of(database, ANNA, mine) is None and guides_of(database, ANNA) == []


def test_a_solved_guide_can_still_be_explained_to_its_person(database: Database) -> None:
    mine = deliver(database, because=SOLVED)
    delivered = guide_of(database, ANNA, mine)
    assert delivered is not None and delivered.ended == SOLVED
    assert guides_of(database, ANNA) == [] and guide_of(database, BRUNO, mine) is None


def test_whether_it_was_seen_and_rated_is_known(database: Database) -> None:
    mine = deliver(database)
    delivered = guide_of(database, ANNA, mine)
    assert delivered is not None and not delivered.is_seen and delivered.rating is None
    with database.session() as session:
        session.add(View(id="1" * 32, guide_id=mine))
        session.add(View(id="2" * 32, guide_id=mine, played_at=now()))
    rate(database, mine, 4, "Chiara.")
    delivered = guide_of(database, ANNA, mine)
    assert delivered is not None and delivered.is_seen and delivered.rating is not None
    assert (delivered.rating.rating, delivered.rating.comment) == (4, "Chiara.")


def test_it_becomes_a_guide_again_from_its_keys_alone(
    database: Database, tiny_guide: Guide, shared_store: Path
) -> None:
    store = Store(shared_store)
    mine = deliver(database, guide=tiny_guide, store=store)
    delivered = guide_of(database, ANNA, mine)
    assert delivered is not None
    again = delivered.guide(store)
    assert again.header == tiny_guide.header
    assert again.manifest() == tiny_guide.manifest()


def test_a_guide_that_misses_a_piece_is_an_error_of_the_store(database: Database, tmp_path: Path) -> None:
    delivered = guide_of(database, ANNA, deliver(database))
    assert delivered is not None
    with pytest.raises(StoreError, match="manca"):
        delivered.guide(Store(tmp_path))
