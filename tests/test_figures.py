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
from databases import address, postgresql  # noqa: F401
from invented_traffic import CALM, Traffic, by_hand, enter, invent, rome, traffic
from sqlmodel import delete, select, update

from videoguide import tallies
from videoguide.bulletin import FORMATS
from videoguide.campaigns import Campaign
from videoguide.charts import NARROW, WIDE, Size, charts
from videoguide.database import (
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
from videoguide.errors import InputError, UnknownChoice
from videoguide.figures import FEWEST, PAGE, PAGES, TITLES, Figures, Hidden, Selection, comments, figures, hide
from videoguide.monitoring import rate


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


def matches(told: Mapping[str, Any], counted: Counter[str]) -> None:
    """What is told is what was counted, unless it is hidden; small numbers are."""
    for name in TITLES:
        if isinstance(told[name], Hidden):
            assert told[name] is not Hidden.FEW or counted[name] < FEWEST, name
        else:
            assert told[name] == counted[name], name


class TestNumbers:
    def test_the_whole_campaign_is_what_is_counted_by_hand(
        self,
        address: str,  # noqa: F811
        pack: Campaign,
        invented: Traffic,
    ) -> None:
        with Database(address) as database:
            enter(database, pack, invented)
            found = figures(database, pack)
        counted = by_hand(invented, Selection())
        assert dict(found.total.counts) == {name: counted[name] for name in TITLES}
        assert found.stars == tuple(counted[f"stars_{number}"] for number in range(1, 6))
        assert min(found.total.counts.values()) > FEWEST, "traffic that leaves nothing out"
        assert found.total.rates == {
            "opened": counted["viewers"] / counted["delivered"],
            "finished": counted["reached_100"] / counted["viewers"],
            "answered_rate": counted["answered"] / counted["shown"],
            "mean": sum(number * counted[f"stars_{number}"] for number in range(1, 6)) / counted["ratings"],
            "rated": counted["ratings"] / counted["viewers"],
            "helped": counted["solved_viewed"] / counted["viewers"],
            "unhelped": counted["solved_unviewed"] / (counted["made"] - counted["viewers"]),
        }

    def test_so_is_every_row_of_every_breakdown(self, busy: Database, pack: Campaign, invented: Traffic) -> None:
        found = figures(busy, pack)
        for rows, field in ((found.cases, "case"), (found.channels, "channel"), (found.documents, "document")):
            assert rows
            for row in rows:
                matches(row.counts, by_hand(invented, Selection(**{field: row.id})))
        assert {row.id for row in found.cases} == set(pack.cases)
        assert len(found.days) in (9, 10)
        for row in found.days:
            day = date.fromisoformat(row.id)
            matches(row.counts, by_hand(invented, Selection(first=day, last=day)))

    def test_so_is_every_selection(self, busy: Database, pack: Campaign, invented: Traffic) -> None:
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
            found, counted = figures(busy, pack, asked), by_hand(invented, asked)
            matches(found.total.counts, counted)
            shown += sum(isinstance(value, int) and value > 0 for value in found.total.counts.values())
            for row in found.channels:
                if not asked.channel:
                    matches(row.counts, by_hand(invented, replace(asked, channel=row.id)))
        assert shown > 40

    def test_a_period_has_no_shares_of_people(self, busy: Database, pack: Campaign) -> None:
        found = figures(busy, pack, Selection(first=rome(now()) - timedelta(days=5)))
        for row in (found.total, *found.channels, *figures(busy, pack).days):
            assert {row.rates[name] for name in ("opened", "finished", "rated", "helped", "unhelped")} == {None}
        assert isinstance(found.total.rates["answered_rate"], float)

    def test_buttons_are_counted_each(self, busy: Database, pack: Campaign, invented: Traffic) -> None:
        shown: Counter[str] = Counter()
        pressed: Counter[str] = Counter()
        for row in invented[Press]:
            shown[row["button"]] += row["shown_at"] is not None
            pressed[row["button"]] += row["pressed_at"] is not None
        found = figures(busy, pack).buttons
        assert {one.id: (one.shown, one.pressed) for one in found} == {
            one: (shown[one], pressed[one]) for one in pressed
        }
        assert [one.rate for one in found if not one.shown] == [None], "a window that has no button in these guides"

    def test_nobody_has_a_guide_yet(self, opened: Database, pack: Campaign) -> None:
        found = figures(opened, pack)
        assert set(found.total.counts.values()) == {0}
        assert set(found.total.rates.values()) == {None}
        assert (found.cases, found.days, found.buttons, comments(opened, pack)) == ((), (), (), ([], False))
        with opened.session() as session:
            session.add(CampaignRecord(id=pack.id, title="t"))
        assert set(figures(opened, pack).total.counts.values()) == {0}
        for write in FORMATS.values():
            assert write(found, pack)

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
        name: value - before.total.counts[name]
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

    def test_a_page_of_yesterday_goes_on_telling(self, busy: Database, pack: Campaign, unseen: str) -> None:
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
        assert [new - old for new, old in zip(after.stars, before.stars, strict=True)] == [-1, 0, 0, 0, 1]
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
        same = figures(busy, pack, at_most=timedelta(hours=1))
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

        def one() -> None:
            try:
                with Database(address) as database:
                    tallies.count(database, pack)
            except BaseException as error:
                errors.append(error)

        with Database(address) as database:
            enter(database, pack, invented)
            threads = [threading.Thread(target=one) for _ in range(3)]
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

    def test_a_day_is_the_institutes_also_when_the_clock_is_moved(self) -> None:
        lengths = [
            (span.end - span.start) / timedelta(hours=1)
            for span in map(tallies.Span, (date(2024, 3, 31), date(2024, 10, 27), date(2024, 6, 1)))
        ]
        assert lengths == [23, 25, 24]
        assert tallies.day_of(datetime.fromisoformat("2024-06-01T22:00:00+00:00")) == date(2024, 6, 2)


def possible(shown: list[Any], total: int) -> list[set[int]]:
    """Every value that each cell may have, by all that is shown."""
    ranges = [
        range(1, FEWEST) if cell is Hidden.FEW else range(total + 1) if cell is Hidden.KEPT_BACK else (cell,)
        for cell in shown
    ]
    found = [cells for cells in itertools.product(*ranges) if sum(cells) == total]
    return [set(column) for column in zip(*found, strict=True)]


class TestSmallNumbers:
    def test_no_hidden_number_can_be_worked_out_from_the_total(self) -> None:
        for values in itertools.product((0, 1, 3, 4, 5, 9, 12), repeat=3):
            total = sum(values)
            shown = hide(values, total)
            assert not [one for one in shown if isinstance(one, int) and 0 < one < FEWEST]
            if 0 < total < FEWEST:
                assert set(shown) == {Hidden.FEW}
                continue
            for cell, could_be in zip(shown, possible(shown, total), strict=True):
                assert isinstance(cell, int) or len(could_be) > 1, (values, shown)

    def test_large_numbers_are_all_shown(self) -> None:
        assert hide([5, 0, 700], 705) == [5, 0, 700]

    def test_few_people_are_not_told_apart_and_their_total_is(self, opened: Database, pack: Campaign) -> None:
        few = traffic(pack, 4)
        enter(opened, pack, few)
        found = figures(opened, pack)
        assert found.total.counts["made"] == 4
        for rows in (found.cases, found.channels, found.documents):
            assert [row.id for row in rows] == ["others"]
            assert rows[0].counts["made"] is Hidden.FEW
        assert {row.counts["made"] for row in found.days} == {Hidden.FEW}
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
        found = figures(opened, pack)
        assert (found.total.counts["ratings"], found.total.rates["mean"]) == (3, Hidden.KEPT_BACK)
        assert set(found.stars) == {Hidden.FEW}


class TestComments:
    def test_they_come_newest_first_page_after_page(self, busy: Database, pack: Campaign, invented: Traffic) -> None:
        written = [row for row in invented[Rating] if row["comment"]]
        pages = []
        for page in itertools.count(1):
            found, more = comments(busy_counted(busy, pack), pack, page=page)
            pages.append(found)
            if not more:
                break
        assert [len(page) for page in pages[:-1]] == [PAGE] * ((len(written) - 1) // PAGE)
        flat = [one for page in pages for one in page]
        assert Counter((one.text, one.stars) for one in flat) == Counter(
            (row["comment"], row["stars"]) for row in written
        )
        assert [one.day for one in flat] == sorted((one.day for one in flat), reverse=True)
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
        found, _ = comments(busy_counted(opened, pack), pack)
        assert Counter(one.cases for one in found) == {(): 4, (cases[2],): len(written) - 4}

    @pytest.mark.parametrize("words", ["x" * 101, "\0"])
    def test_what_nobody_could_have_written_is_not_searched_for(
        self, opened: Database, pack: Campaign, words: str
    ) -> None:
        with pytest.raises(InputError, match="parole"):
            comments(opened, pack, words=words)

    @pytest.mark.parametrize("words", ["<script>alert(", "=HYPERLINK(", "%_", "UTILE. grazie"])
    def test_hostile_words_are_words(self, busy: Database, pack: Campaign, invented: Traffic, words: str) -> None:
        expected = [row for row in invented[Rating] if words.lower() in row["comment"].lower()]
        found, _ = comments(busy_counted(busy, pack), pack, words=words)
        assert expected
        assert len(found) == min(len(expected), PAGE)
        assert all(words.lower() in one.text.lower() for one in found)

    def test_they_are_of_the_selection(self, busy: Database, pack: Campaign, invented: Traffic) -> None:
        day = rome(now()) - timedelta(days=4)
        channels = {row["id"]: row["channel"] for row in invented[GuideRecord]}
        expected = sorted(
            row["comment"]
            for row in invented[Rating]
            if row["comment"] and channels[row["guide_id"]] == "citizen" and rome(row["rated_at"]) == day
        )
        found, _ = comments(busy_counted(busy, pack), pack, Selection(channel="citizen", first=day, last=day))
        assert expected
        assert sorted(one.text for one in found) == expected


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
    def found(self, busy: Database, pack: Campaign) -> Figures:
        return figures(busy, pack)

    def test_the_table_is_aligned_and_says_the_numbers_the_italian_way(self, found: Figures, pack: Campaign) -> None:
        text = FORMATS["table"](found, pack)
        lines = text.splitlines()
        start = lines.index("Per canale")
        assert lines[start + 1].startswith("Canale")
        assert len({line.rstrip()[-1:] != "" and len(line) for line in lines[start + 1 : start + 5]}) == 1
        assert "dal patronato" in text
        assert re.search(r"Guide aperte su consegnate +\d\d,\d %", text)
        assert "meno di 5" in text

    def test_the_spreadsheet_has_a_line_for_each_figure_and_no_formula(self, found: Figures, pack: Campaign) -> None:
        row = replace(found.cases[0], title=HOSTILE)
        text = FORMATS["csv"](replace(found, cases=(row,)), pack)
        assert text.startswith("\ufeffripartizione;gruppo;figura;valore\r\n")
        cells = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
        assert {len(line) for line in cells} == {4}
        assert not [cell for line in cells for cell in line if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert ["caso", f"'{HOSTILE}", "Guide fatte", str(row.counts["made"])] in cells
        assert ["in tutto", "In tutto", "Aperture", str(found.total.counts["views"])] in cells

    def test_json_has_every_figure_by_its_id(self, found: Figures, pack: Campaign) -> None:
        told = json.loads(FORMATS["json"](found, pack))
        assert told["total"]["views"] == found.total.counts["views"]
        assert told["stars"] == list(found.stars)
        assert [row["id"] for row in told["days"]] == [row.id for row in found.days]
        assert Hidden.FEW.value in json.dumps(told)

    def test_the_page_needs_nothing_runs_nothing_and_has_a_table_for_each_chart(
        self, found: Figures, pack: Campaign
    ) -> None:
        row = replace(found.cases[0], title=HOSTILE)
        text = FORMATS["html"](replace(found, title=HOSTILE, cases=(row,)), pack)
        page = Page(text)
        tags = Counter(tag for tag, _ in page.tags)
        assert "script" not in tags
        assert tags["table"] == tags["caption"] == 8
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
    def test_charts_are_pictures_without_a_script_that_show_the_numbers(self, found: Figures, size: Size) -> None:
        drawn = {chart.id: chart for chart in charts(found, size)}
        assert list(drawn) == ["total", "stars", "days"]
        for chart in drawn.values():
            root = ElementTree.fromstring(chart.svg)
            assert not [one for one in root.iter() if one.tag.endswith(("script", "foreignObject", "}a"))]
        words = "".join(ElementTree.fromstring(drawn["total"].svg).itertext())
        assert str(found.total.counts["viewers"]) in words
        assert f"Persone che l’hanno aperta: {found.total.counts['viewers']}" in drawn["total"].words

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
    script = Path(__file__).parent.parent / "benchmarks" / "figures.py"
    tiny = ["--guides", "200", "--rounds", "1", "--only-sqlite", "--report", str(file), "--folder", str(tmp_path)]
    done = subprocess.run([sys.executable, script, *tiny], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = file.read_text(encoding="utf-8")
    assert "| SQLite: the whole campaign | 1 |" in text
    assert "200 guides and" in text
