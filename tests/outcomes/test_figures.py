# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Figures equal what is counted independently from the raw events, and never tell of a few people."""

import csv
import io
import itertools
import json
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from sqlmodel import col, delete, select, update

from tests.support.databases import address, postgresql  # noqa: F401
from tests.support.invented_traffic import CALM, Traffic, by_hand, enter, invent, rome, traffic
from tests.support.places import ROOT
from videoguide.errors import InputError, UnknownChoice
from videoguide.outcomes import tallies
from videoguide.outcomes.bulletin import FORMATS
from videoguide.outcomes.charts import NARROW, WIDE, Size, charts
from videoguide.outcomes.comments import PAGE, PAGES, comments
from videoguide.outcomes.figures import TITLES, Figures, Selection, figures
from videoguide.outcomes.privacy import FEWEST, Hidden
from videoguide.packs.campaigns import Campaign
from videoguide.records.database import (
    CampaignRecord,
    Counted,
    Database,
    GuideRecord,
    Member,
    Press,
    Rating,
    Tally,
    View,
    now,
)
from videoguide.records.monitoring import rate


@pytest.fixture(scope="module")
def invented(pack: Campaign) -> Traffic:
    return traffic(pack, 600)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Database]:
    with Database(f"sqlite:///{tmp_path / 'guides.db'}") as database:
        yield database


@pytest.fixture
def busy(opened: Database, pack: Campaign, invented: Traffic) -> Database:
    enter(opened, pack, invented)
    return opened


def matches(shown: Mapping[str, int | Hidden], counted: Counter[str]) -> None:
    """A figure shown is what was counted, unless it is hidden; small numbers are."""
    for name in TITLES:
        if isinstance(shown[name], Hidden):
            assert shown[name] is not Hidden.FEW or counted[name] < FEWEST, name
        else:
            assert shown[name] == counted[name], name


def plain(figure: int | Hidden) -> int:
    """A figure that is not hidden."""
    assert isinstance(figure, int)
    return figure


class TestNumbers:
    def test_the_whole_campaign_is_what_is_counted_by_hand(
        self,
        address: str,  # noqa: F811
        pack: Campaign,
        invented: Traffic,
    ) -> None:
        with Database(address) as database:
            enter(database, pack, invented)
            outcomes = figures(database, pack)
        counted = by_hand(invented, Selection())
        assert dict(outcomes.total.counts) == {name: counted[name] for name in TITLES}
        assert outcomes.by_rating == tuple(counted[f"stars_{number}"] for number in range(1, 6))
        assert all(plain(count) > FEWEST for count in outcomes.total.counts.values()), "traffic that leaves nothing out"
        assert outcomes.total.rates == {
            "opened": counted["viewers"] / counted["delivered"],
            "finished": counted["reached_100"] / counted["viewers"],
            "answered_rate": counted["answered"] / counted["shown"],
            "mean": sum(number * counted[f"stars_{number}"] for number in range(1, 6)) / counted["ratings"],
            "rated": counted["ratings"] / counted["viewers"],
            "helped": counted["solved_viewed"] / counted["viewers"],
            "unhelped": counted["solved_unviewed"] / (counted["made"] - counted["viewers"]),
        }

    def test_withdrawn_guides_are_counted_by_their_reason(
        self, busy: Database, pack: Campaign, invented: Traffic
    ) -> None:
        counted = Counter(guide["withdrawn_because"] for guide in invented.guides if guide["withdrawn_because"])
        assert {ending.id: ending.withdrawn for ending in figures(busy, pack).endings} == counted
        patronato = Selection(channel="patronato")
        few = Counter(
            guide["withdrawn_because"]
            for guide in invented.guides
            if guide["withdrawn_because"] and guide["channel"] == "patronato"
        )
        for ending in figures(busy, pack, patronato).endings:
            assert ending.withdrawn in (few[ending.id], Hidden.FEW, Hidden.KEPT_BACK)

    def test_every_row_of_every_breakdown_is_what_is_counted_by_hand(
        self, busy: Database, pack: Campaign, invented: Traffic
    ) -> None:
        outcomes = figures(busy, pack)
        for rows, field in ((outcomes.cases, "case"), (outcomes.channels, "channel"), (outcomes.documents, "document")):
            assert rows
            for row in rows:
                matches(row.counts, by_hand(invented, Selection.of(**{field: row.id})))
        assert {row.id for row in outcomes.cases} == set(pack.cases)
        assert len(outcomes.days) in (9, 10)
        for row in outcomes.days:
            day = date.fromisoformat(row.id)
            matches(row.counts, by_hand(invented, Selection(first=day, last=day)))

    def test_every_selection_is_what_is_counted_by_hand(
        self, busy: Database, pack: Campaign, invented: Traffic
    ) -> None:
        today = rome(now())
        cases, documents = list(pack.cases), list(pack.catalogue["documents"])
        shown = 0
        for asked in (
            Selection(case=cases[0]),
            Selection(channel="patronato", first=today - timedelta(days=8)),
            Selection(case=cases[1], channel="citizen", document=documents[0]),
            Selection(document=documents[1], last=today - timedelta(days=3)),
            Selection(first=today - timedelta(days=6), last=today - timedelta(days=4)),
        ):
            outcomes, counted = figures(busy, pack, asked), by_hand(invented, asked)
            matches(outcomes.total.counts, counted)
            shown += sum(isinstance(value, int) and value > 0 for value in outcomes.total.counts.values())
            for row in outcomes.channels:
                if not asked.channel:
                    matches(row.counts, by_hand(invented, replace(asked, channel=row.id)))
        assert shown > 40

    def test_a_period_has_no_shares_of_people(self, busy: Database, pack: Campaign) -> None:
        outcomes = figures(busy, pack, Selection(first=rome(now()) - timedelta(days=5)))
        for row in (outcomes.total, *outcomes.channels, *figures(busy, pack).days):
            assert {row.rates[name] for name in ("opened", "finished", "rated", "helped", "unhelped")} == {None}
        assert isinstance(outcomes.total.rates["answered_rate"], float)

    def test_each_button_is_counted(self, busy: Database, pack: Campaign, invented: Traffic) -> None:
        shown: Counter[str] = Counter()
        pressed: Counter[str] = Counter()
        for row in invented[Press]:
            shown[row["button"]] += row["shown_at"] is not None
            pressed[row["button"]] += row["pressed_at"] is not None
        buttons = figures(busy, pack).buttons
        assert {button.id: (button.shown, button.pressed) for button in buttons} == {
            button: (shown[button], pressed[button]) for button in pressed
        }
        assert [button.rate for button in buttons if not button.shown] == [None], (
            "a window that has no button in these guides"
        )

    def test_nobody_has_a_guide_yet(self, opened: Database, pack: Campaign) -> None:
        outcomes = figures(opened, pack)
        assert set(outcomes.total.counts.values()) == {0}
        assert set(outcomes.total.rates.values()) == {None}
        assert (outcomes.cases, outcomes.days, outcomes.buttons, comments(opened, pack)) == ((), (), (), ([], False))
        with opened.session() as session:
            session.add(CampaignRecord(id=pack.id, title="t"))
        assert set(figures(opened, pack).total.counts.values()) == {0}
        for write in FORMATS.values():
            assert write(outcomes, pack)

    def test_another_campaign_is_not_counted(
        self, busy: Database, pack: Campaign, tiny: Campaign, invented: Traffic
    ) -> None:
        before = figures(busy, pack).total
        for part in invent(tiny, 50, 1, now(), CALM, first=10_000):
            enter(busy, tiny, part)
        assert figures(busy, tiny).total.counts["made"] == 50
        assert figures(busy, tiny).documents == (), "it has no documents"
        assert figures(busy, pack).total == before
        with pytest.raises(UnknownChoice, match="documento"):
            figures(busy, tiny, Selection(document="receipt"))

    @pytest.mark.parametrize(
        "asked", [Selection(case="x"), Selection(channel="fax"), Selection(document="'; DROP TABLE views --")]
    )
    def test_what_the_campaign_does_not_know_is_an_error(
        self, opened: Database, pack: Campaign, asked: Selection
    ) -> None:
        with pytest.raises(UnknownChoice, match="ammessi"):
            figures(opened, pack, asked)

    def test_a_period_begins_before_it_ends(self, opened: Database, pack: Campaign) -> None:
        with pytest.raises(InputError, match="periodo"):
            figures(opened, pack, Selection(first=date(2024, 5, 2), last=date(2024, 5, 1)))

    def test_a_selection_is_typed(self) -> None:
        day = date(2024, 5, 1)
        assert Selection.of(case="x", first="2024-05-01") == Selection(case="x", first=day)
        assert Selection.of().is_all
        for wrong in ("1/5/2024", "2024-02-30", "domani" * 9):
            with pytest.raises(InputError, match=r"giorno .{3,22}; ammesso"):
                Selection.of(last=wrong)
        for beyond in ("0001-01-01", "1999-12-31", "2100-01-01", "9999-12-31"):
            with pytest.raises(InputError, match="dal 2000 al 2099"):
                Selection.of(first=beyond)

    def test_the_longest_period_is_all_of_it(self, busy: Database, pack: Campaign) -> None:
        longest = Selection.of(first="2000-01-01", last="2099-12-31")
        assert figures(busy, pack, longest).total.counts == figures(busy, pack).total.counts
        assert comments(busy, pack, longest) == comments(busy, pack)


def change(before: Figures, after: Figures) -> dict[str, int]:
    return {
        name: plain(value) - plain(before.total.counts[name])
        for name, value in after.total.counts.items()
        if value != before.total.counts[name]
    }


class TestOneEventMore:
    @pytest.fixture
    def before(self, busy: Database, pack: Campaign) -> Figures:
        return figures(busy, pack)

    @pytest.fixture
    def unseen(self, busy: Database, before: Figures) -> str:
        """A guide that nobody has opened."""
        with busy.session() as session:
            seen = select(View.guide_id)
            return session.exec(select(GuideRecord.id).where(GuideRecord.id.not_in(seen))).first() or ""  # type: ignore[attr-defined]

    def test_a_first_view_is_one_view_and_one_viewer(
        self, busy: Database, pack: Campaign, before: Figures, unseen: str
    ) -> None:
        for view in ("one", "two"):
            with busy.session() as session:
                session.add(View(id=view, guide_id=unseen))
            expected = {"views": 1, "viewers": 1} if view == "one" else {"views": 2, "viewers": 1}
            assert change(before, figures(busy, pack)) == expected

    def test_what_a_view_reaches_counts_once(
        self, busy: Database, pack: Campaign, before: Figures, unseen: str
    ) -> None:
        with busy.session() as session:
            session.add(View(id="one", guide_id=unseen, reached=50))
            session.add(View(id="two", guide_id=unseen, reached=100, followed="app"))
        assert change(before, figures(busy, pack)) == {
            "views": 2,
            "viewers": 1,
            "reached_25": 1,
            "reached_50": 1,
            "reached_75": 1,
            "reached_100": 1,
            "followed": 1,
        }

    def test_events_of_a_view_that_began_yesterday_are_counted(
        self, busy: Database, pack: Campaign, unseen: str
    ) -> None:
        with busy.session() as session:
            session.add(View(id="one", guide_id=unseen, opened_at=now() - timedelta(days=1)))
        before = figures(busy, pack)
        with busy.session() as session:
            session.add(Press(view_id="one", button="app", shown_at=now(), pressed_at=now()))
        assert change(before, figures(busy, pack)) == {"shown": 1, "pressed": 1, "answered": 1}

    def test_a_rating_of_long_ago_that_is_changed_moves_and_nothing_else(
        self, busy: Database, pack: Campaign, before: Figures
    ) -> None:
        with busy.session() as session:
            old = session.exec(
                select(Rating).where(Rating.stars == 1, Rating.rated_at < now() - timedelta(days=3))
            ).first()
            assert old is not None
        rate(busy, old.guide_id, 5, "Adesso sì")
        after = figures(busy, pack)
        assert change(before, after) == {}
        ratings = zip(map(plain, after.by_rating), map(plain, before.by_rating), strict=True)
        assert [new - old for new, old in ratings] == [-1, 0, 0, 0, 1]
        assert [row.counts for row in after.days] == [row.counts for row in before.days]

    def test_what_is_deleted_for_good_stays_in_the_days_that_were_counted(
        self, busy: Database, pack: Campaign, before: Figures
    ) -> None:
        with busy.session() as session:
            old = now() - timedelta(days=5)
            seen = select(View.guide_id).where(View.opened_at > now() - timedelta(days=3))
            session.execute(delete(GuideRecord).where(GuideRecord.made_at < old, GuideRecord.id.not_in(seen)))  # type: ignore[arg-type, attr-defined]
            left = len(session.exec(select(Member)).all())
        assert left < 590
        assert figures(busy, pack).total.counts["made"] == before.total.counts["made"]

    def test_figures_that_are_young_enough_are_not_counted_again(
        self, busy: Database, pack: Campaign, before: Figures, unseen: str
    ) -> None:
        with busy.session() as session:
            session.add(View(id="one", guide_id=unseen))
        same = figures(busy, pack, max_age=timedelta(hours=1))
        assert (change(before, same), same.until) == ({}, before.until)
        assert change(before, figures(busy, pack)) == {"views": 1, "viewers": 1}


class TestCounting:
    def test_counting_that_was_stopped_goes_on(
        self, busy: Database, pack: Campaign, invented: Traffic, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done = tallies._count_day
        days = itertools.count()

        def stop(*given: Any) -> None:
            if next(days) == 4:
                raise KeyboardInterrupt
            done(*given)

        monkeypatch.setattr(tallies, "_count_day", stop)
        with pytest.raises(KeyboardInterrupt):
            figures(busy, pack)
        monkeypatch.undo()
        matches(figures(busy, pack).total.counts, by_hand(invented, Selection()))

    def test_several_may_count_at_once(
        self,
        address: str,  # noqa: F811
        pack: Campaign,
        invented: Traffic,
    ) -> None:
        errors: list[BaseException] = []

        def count_once() -> None:
            try:
                with Database(address) as database:
                    tallies.count(database, pack)
            except BaseException as error:
                errors.append(error)

        with Database(address) as database:
            enter(database, pack, invented)
            threads = [threading.Thread(target=count_once) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert errors == []
            matches(figures(database, pack).total.counts, by_hand(invented, Selection()))

    def test_counting_from_nothing_gives_the_same(self, busy: Database, pack: Campaign) -> None:
        before = figures(busy, pack)
        with busy.session() as session:
            session.execute(update(Tally).values(views=999))
            session.execute(delete(Counted))
        after = figures(busy, pack)
        assert (after.total, after.days, after.cases) == (before.total, before.days, before.cases)

    def test_a_clock_that_was_once_ahead_does_not_stop_the_counting(
        self, busy: Database, pack: Campaign, invented: Traffic, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        right = figures(busy, pack)
        with monkeypatch.context() as ahead:
            ahead.setattr(tallies, "now", lambda: now() + timedelta(days=400))
            tallies.count(busy, pack)
        with busy.session() as session:
            latest = max(invented.guides, key=lambda guide: guide["made_at"])["id"]
            session.add(View(id="f" * 32, guide_id=latest))
            early = min(invented.guides, key=lambda guide: guide["made_at"])["id"]
            session.execute(delete(View).where(col(View.guide_id) == early))  # as when a guide has been purged
        again = figures(busy, pack)
        views = again.total.counts["views"]
        assert views == plain(right.total.counts["views"]) + 1 and again.until <= now(), "days before stay as counted"

    def test_a_day_is_the_institutes_also_when_the_clock_is_moved(self) -> None:
        lengths = [
            (span.end - span.start) / timedelta(hours=1)
            for span in map(tallies.InstituteDay, (date(2024, 3, 31), date(2024, 10, 27), date(2024, 6, 1)))
        ]
        assert lengths == [23, 25, 24]
        assert tallies.day_of(datetime.fromisoformat("2024-06-01T22:00:00+00:00")) == date(2024, 6, 2)


class TestSmallNumbers:
    def test_few_people_are_not_told_apart_and_their_total_is(self, opened: Database, pack: Campaign) -> None:
        few = traffic(pack, 4)
        enter(opened, pack, few)
        outcomes = figures(opened, pack)
        assert outcomes.total.counts["made"] == 4
        for rows in (outcomes.cases, outcomes.channels, outcomes.documents):
            assert [row.id for row in rows] == ["others"]
            assert rows[0].counts["made"] is Hidden.FEW
        assert {row.counts["made"] for row in outcomes.days} == {Hidden.FEW}
        asked = Selection(channel=few[GuideRecord][0]["channel"])
        assert not isinstance(figures(opened, pack, asked).total.counts["made"], int)
        assert comments(opened, pack, asked) == ([], False)

    def test_small_groups_are_put_together_with_enough_others(self, opened: Database, pack: Campaign) -> None:
        events = traffic(pack, 60)
        small, *_ = cases = list(pack.cases)
        for at, row in enumerate(events[GuideRecord]):
            row["cases"] = small if at < 2 else cases[1] if at < 20 else cases[2]
        enter(opened, pack, events)
        rows = figures(opened, pack).cases
        assert [(row.id, row.counts["made"]) for row in rows] == [(cases[2], 40), ("others", 20)]
        assert figures(opened, pack, Selection(case=small)).total.counts["made"] is Hidden.FEW

    def test_what_a_filter_leaves_out_is_not_small_either(self, opened: Database, pack: Campaign) -> None:
        events = traffic(pack, 60)
        for at, row in enumerate(events[GuideRecord]):
            row["channel"] = "patronato" if at < 3 else "citizen"
            row["cases"] = next(iter(pack.cases))
        enter(opened, pack, events)
        for asked in (Selection(channel="citizen"), Selection(channel="citizen", case=next(iter(pack.cases)))):
            assert figures(opened, pack, asked).total.counts["made"] is Hidden.KEPT_BACK

    def test_a_few_ratings_have_no_mean_and_no_distribution(self, opened: Database, pack: Campaign) -> None:
        events = traffic(pack, 40)
        events.rows[Rating] = events[Rating][:3]
        enter(opened, pack, events)
        outcomes = figures(opened, pack)
        assert (outcomes.total.counts["ratings"], outcomes.total.rates["mean"]) == (3, Hidden.KEPT_BACK)
        assert set(outcomes.by_rating) == {Hidden.FEW}


class TestComments:
    def test_they_come_newest_first_page_after_page(self, busy: Database, pack: Campaign, invented: Traffic) -> None:
        written = [row for row in invented[Rating] if row["comment"]]
        pages = []
        for page in itertools.count(1):
            on_page, more = comments(busy_counted(busy, pack), pack, page=page)
            pages.append(on_page)
            if not more:
                break
        assert [len(page) for page in pages[:-1]] == [PAGE] * ((len(written) - 1) // PAGE)
        flat = [comment for page in pages for comment in page]
        assert Counter((comment.text, comment.rating) for comment in flat) == Counter(
            (row["comment"], row["stars"]) for row in written
        )
        assert [comment.day for comment in flat] == sorted((comment.day for comment in flat), reverse=True)
        assert comments(busy, pack, page=PAGES) == ([], False)
        for wrong in (0, -1, PAGES + 1, 10**30):
            with pytest.raises(InputError, match="pagina"):
                comments(busy, pack, page=wrong)

    def test_they_say_the_guides_cases_unless_few_have_them(
        self, opened: Database, pack: Campaign, invented: Traffic
    ) -> None:
        rare, *_ = cases = list(pack.cases)
        events = traffic(pack, 60)
        written = {row["guide_id"] for row in events[Rating] if row["comment"]}
        few = set(sorted(written)[:4])
        for row in events[GuideRecord]:
            row["cases"] = f"{rare}+{cases[1]}" if row["id"] in few else cases[2]
        enter(opened, pack, events)
        shown, _ = comments(busy_counted(opened, pack), pack)
        assert Counter(comment.cases for comment in shown) == {(): 4, (cases[2],): len(written) - 4}

    @pytest.mark.parametrize("words", ["x" * 101, "\0"])
    def test_what_nobody_could_have_written_is_not_searched_for(
        self, opened: Database, pack: Campaign, words: str
    ) -> None:
        with pytest.raises(InputError, match="parole"):
            comments(opened, pack, words=words)

    @pytest.mark.parametrize("words", ["<script>alert(", "=HYPERLINK(", "%_", "UTILE. grazie"])
    def test_hostile_words_are_words(self, busy: Database, pack: Campaign, invented: Traffic, words: str) -> None:
        expected = [row for row in invented[Rating] if words.lower() in row["comment"].lower()]
        shown, _ = comments(busy_counted(busy, pack), pack, words=words)
        assert expected
        assert len(shown) == min(len(expected), PAGE)
        assert all(words.lower() in comment.text.lower() for comment in shown)

    def test_they_are_of_the_selection(self, busy: Database, pack: Campaign, invented: Traffic) -> None:
        day = rome(now()) - timedelta(days=4)
        channels = {row["id"]: row["channel"] for row in invented[GuideRecord]}
        expected = sorted(
            row["comment"]
            for row in invented[Rating]
            if row["comment"] and channels[row["guide_id"]] == "citizen" and rome(row["rated_at"]) == day
        )
        shown, _ = comments(busy_counted(busy, pack), pack, Selection(channel="citizen", first=day, last=day))
        assert expected
        assert sorted(comment.text for comment in shown) == expected


def busy_counted(database: Database, pack: Campaign) -> Database:
    tallies.count(database, pack, timedelta(hours=1))
    return database


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


HOSTILE = '=HYPERLINK("http://x")</td><script>alert(1)</script>'


class TestBulletins:
    @pytest.fixture
    def outcomes(self, busy: Database, pack: Campaign) -> Figures:
        return figures(busy, pack)

    def test_the_table_is_aligned_and_says_the_numbers_the_italian_way(self, outcomes: Figures, pack: Campaign) -> None:
        text = FORMATS["table"](outcomes, pack)
        lines = text.splitlines()
        start = lines.index("Per canale")
        assert lines[start + 1].startswith("Canale")
        assert len({line.rstrip()[-1:] != "" and len(line) for line in lines[start + 1 : start + 5]}) == 1
        assert "dal patronato" in text
        assert re.search(r"Guide aperte su consegnate +\d\d,\d %", text)
        assert "meno di 5" in text

    def test_the_spreadsheet_has_a_line_for_each_figure_and_no_formula(self, outcomes: Figures, pack: Campaign) -> None:
        row = replace(outcomes.cases[0], title=HOSTILE)
        text = FORMATS["csv"](replace(outcomes, cases=(row,)), pack)
        assert text.startswith("\ufeffripartizione;gruppo;figura;valore\r\n")
        cells = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
        assert {len(line) for line in cells} == {4}
        assert not [cell for line in cells for cell in line if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert ["caso", f"'{HOSTILE}", "Guide fatte", str(row.counts["made"])] in cells
        assert ["in tutto", "In tutto", "Aperture", str(outcomes.total.counts["views"])] in cells

    def test_json_has_every_figure_by_its_id(self, outcomes: Figures, pack: Campaign) -> None:
        data = json.loads(FORMATS["json"](outcomes, pack))
        assert data["total"]["views"] == outcomes.total.counts["views"]
        assert data["stars"] == list(outcomes.by_rating)
        assert [row["id"] for row in data["days"]] == [row.id for row in outcomes.days]
        assert Hidden.FEW.value in json.dumps(data)

    def test_the_page_needs_nothing_runs_nothing_and_has_a_table_for_each_chart(
        self, outcomes: Figures, pack: Campaign
    ) -> None:
        row = replace(outcomes.cases[0], title=HOSTILE)
        text = FORMATS["html"](replace(outcomes, title=HOSTILE, cases=(row,)), pack)
        page = Page(text)
        tags = Counter(tag for tag, _ in page.tags)
        assert "script" not in tags
        assert tags["table"] == tags["caption"] == 9
        images = [attributes for tag, attributes in page.tags if tag == "img"]
        assert len(images) == 3
        for image in images:
            assert (image["src"] or "").startswith("data:image/svg+xml;base64,")
            assert len(image["alt"] or "") > 40
        outside = [
            value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")
        ]
        assert [value for value in outside if not (value or "").startswith("data:")] == []

    @pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
    def test_charts_are_pictures_without_a_script_that_show_the_numbers(self, outcomes: Figures, size: Size) -> None:
        drawn = {chart.id: chart for chart in charts(outcomes, size)}
        assert list(drawn) == ["total", "ratings", "days"]
        for chart in drawn.values():
            root = ElementTree.fromstring(chart.svg)
            assert not [element for element in root.iter() if element.tag.endswith(("script", "foreignObject", "}a"))]
        words = "".join(ElementTree.fromstring(drawn["total"].svg).itertext())
        assert str(outcomes.total.counts["viewers"]) in words
        assert f"Persone che l’hanno aperta: {outcomes.total.counts['viewers']}" in drawn["total"].words

    def test_hidden_numbers_are_in_no_format(self, opened: Database, pack: Campaign) -> None:
        enter(opened, pack, traffic(pack, 4))
        few = figures(opened, pack, Selection(channel="citizen"))
        for write in FORMATS.values():
            text = write(few, pack)
            assert "meno di 5" in text or "non indicato" in text
        assert "meno di 5" in charts(few)[0].words or "non indicato" in charts(few)[0].words


@pytest.mark.slow
def test_the_benchmark_runs_and_says_how_long_a_page_takes(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.md"
    script = ROOT / "benchmarks" / "figures.py"
    tiny = ["--guides", "200", "--rounds", "1", "--only-sqlite", "--report", str(file), "--folder", str(tmp_path)]
    done = subprocess.run([sys.executable, script, *tiny], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = file.read_text(encoding="utf-8")
    assert "| SQLite: the whole campaign | 1 |" in text
    assert "200 guides and" in text
