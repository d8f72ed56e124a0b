# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The pages about how a campaign goes say what is counted independently, to staff alone, whatever is asked."""

import asyncio
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from sqlmodel import delete, select

from tests.support.invented_traffic import CALM, Traffic, by_hand, enter, enter_before, invent, rome, traffic
from tests.support.portals import RunningPortal, running_portal
from videoguide.errors import StoreError
from videoguide.outcomes import tallies
from videoguide.outcomes.bulletin import HEADS
from videoguide.outcomes.comments import PAGE
from videoguide.outcomes.figures import RATE_TITLES, TITLES, Selection
from videoguide.outcomes.privacy import FEWEST, Hidden
from videoguide.packs import campaigns
from videoguide.packs.campaigns import Campaign
from videoguide.portal.staff import figures as staff_figures
from videoguide.records import audit
from videoguide.records.database import CampaignRecord, GuideRecord, Press, Rating, Tally, now

FIGURES, COMMENTS = "/staff/assegno-unico/figures", "/staff/assegno-unico/comments"
HIDDEN = {mark.value for mark in Hidden}
HOSTILE = "\"'><script>alert(1)</script>{{ 7*7 }}' OR 1=1 --"


@pytest.fixture(scope="module")
def events(pack: Campaign) -> Traffic:
    return traffic(pack, 600)


@pytest.fixture(scope="module")
def busy(pack: Campaign, events: Traffic, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """A portal of a campaign that people use."""
    with running_portal(enter_before(tmp_path_factory.mktemp("busy"), pack, events), {}) as running:
        yield running


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """A portal of campaigns without any guide."""
    with running_portal(tmp_path_factory.mktemp("empty"), {}) as running:
        yield running


@pytest.fixture
def anna(busy: RunningPortal) -> Iterator[httpx2.Client]:
    """A member of staff who may look."""
    with busy.as_staff("viewer") as browser:
        yield browser


class Read(HTMLParser):
    """A page's tables, by their id: each row's title and its cells by the column's head; fields; links; words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, dict[str, dict[str, str]]] = {}
        self.fields: dict[str, str] = {}
        self.tags: Counter[str] = Counter()
        self.links: list[str] = []
        self.words = ""
        self._heads: list[str] = []
        self._row: list[str] = []
        self._table = ""
        self._select = ""
        self._in_cell = self._in_head = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags[tag] += 1
        if tag == "table":
            self._table, self._heads = given["data-table"], []
            self.tables[self._table] = {}
        elif tag == "thead":
            self._in_head = True
        elif tag == "tr":
            self._row = []
        elif tag in ("th", "td"):
            self._in_cell = True
            self._row.append("")
        elif tag == "input" and given.get("type") != "hidden":
            self.fields[given["name"]] = given["value"]
        elif tag == "select":
            self._select = given["name"]
            self.fields[self._select] = ""
        elif tag == "option" and "selected" in given:
            self.fields[self._select] = given["value"]
        elif tag == "a":
            self.links.append(given["href"])

    def handle_data(self, data: str) -> None:
        self.words += data
        if self._in_cell:
            self._row[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td"):
            self._in_cell = False
        elif tag == "thead":
            self._in_head = False
        elif tag == "tr" and self._in_head:
            self._heads = self._row
        elif tag == "tr":
            self.tables[self._table][self._row[0]] = dict(zip(self._heads[1:], self._row[1:], strict=True))


def read(browser: httpx2.Client, address: str, status: int = 200) -> Read:
    answer = browser.get(address)
    assert answer.status_code == status, answer.text
    return Read(answer.text)


def typed(asked: Selection) -> str:
    """The selection as the form sends it: empty fields, too."""
    values = {"case": asked.case, "channel": asked.channel, "document": asked.document}
    values |= {"from": asked.first or "", "to": asked.last or ""}  # type: ignore[dict-item]
    return f"{FIGURES}?{urlencode(values)}"


def says(cell: str, counted: int) -> bool:
    """The cell is that count the Italian way; or says that it is hidden, small ones alone as such. True if shown."""
    if cell in HIDDEN:
        assert cell != Hidden.FEW.value or counted < FEWEST
        return False
    assert cell == f"{counted:,}".replace(",", ".")
    return True


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %".replace(".", ",")


class TestNumbers:
    def test_the_whole_campaigns_are_those_counted_by_hand(self, anna: httpx2.Client, events: Traffic) -> None:
        page, counted = read(anna, FIGURES), by_hand(events, Selection())
        total = page.tables["total"]
        assert all(says(total[title]["Quanto"], counted[name]) for name, title in TITLES.items())
        mean = sum(number * counted[f"stars_{number}"] for number in range(1, 6)) / counted["ratings"]
        assert {name: total[title]["Quanto"] for name, title in RATE_TITLES.items()} == {
            "opened": share(counted["viewers"], counted["delivered"]),
            "finished": share(counted["reached_100"], counted["viewers"]),
            "answered_rate": share(counted["answered"], counted["shown"]),
            "mean": f"{mean:.1f}".replace(".", ","),
            "rated": share(counted["ratings"], counted["viewers"]),
            "helped": share(counted["solved_viewed"], counted["viewers"]),
            "unhelped": share(counted["solved_unviewed"], counted["made"] - counted["viewers"]),
        }
        stars = [row["Persone"] for row in page.tables["ratings"].values()]
        assert stars == [str(counted[f"stars_{number}"]) for number in range(1, 6)]
        seen, unseen = page.tables["solved"].values()
        assert (seen["domande risolte"], unseen["domande risolte"]) == (
            str(counted["solved_viewed"]),
            str(counted["solved_unviewed"]),
        )
        assert f"{share(counted['viewers'], counted['delivered'])} delle consegnate" in page.words

    def test_so_is_every_row_of_every_table(self, anna: httpx2.Client, pack: Campaign, events: Traffic) -> None:
        page = read(anna, FIGURES)
        documents = {document: entry["title"] for document, entry in pack.catalogue["documents"].items()}
        days = [rome(now()) - timedelta(days=number) for number in range(10)]
        groups = {
            "cases": {case.title: Selection(case=case.id) for case in pack.cases.values()},
            "channels": {
                "dal cittadino": Selection(channel="citizen"),
                "dal patronato": Selection(channel="patronato"),
            },
            "documents": {title: Selection(document=document) for document, title in documents.items()},
            "days": {f"{day:%d/%m/%Y}": Selection(first=day, last=day) for day in days},
        }
        for table, rows in groups.items():
            shown_rows = page.tables[table]
            assert shown_rows.keys() <= rows.keys()
            assert len(shown_rows) >= len(rows) - 1, "a day more or less"
            for title, cells in shown_rows.items():
                counted = by_hand(events, rows[title])
                shown = [says(cells[head], counted[name]) for name, head in HEADS.items() if name in TITLES]
                assert len(shown) == 10
                assert table == "days" or sum(shown) > 5

    def test_so_are_the_buttons(self, anna: httpx2.Client, events: Traffic) -> None:
        shown = Counter(row["button"] for row in events[Press] if row["shown_at"])
        pressed = Counter(row["button"] for row in events[Press] if row["pressed_at"])
        rows = read(anna, FIGURES).tables["buttons"].values()
        assert Counter((row["mostrato"], row["premuto"]) for row in rows) == Counter(
            (str(shown[button]), str(pressed[button])) for button in pressed
        )

    def test_so_is_every_selection(self, anna: httpx2.Client, pack: Campaign, events: Traffic) -> None:
        today = rome(now())
        cases, documents = list(pack.cases), list(pack.catalogue["documents"])
        shown = 0
        for asked in (
            Selection(case=cases[0]),
            Selection(channel="patronato", first=today - timedelta(days=8)),
            Selection(case=cases[1], channel="citizen", document=documents[0]),
            Selection(first=today - timedelta(days=6), last=today - timedelta(days=4)),
        ):
            page, counted = read(anna, typed(asked)), by_hand(events, asked)
            shown += sum(says(page.tables["total"][title]["Quanto"], counted[name]) for name, title in TITLES.items())
            for channel, title in (("citizen", "dal cittadino"), ("patronato", "dal patronato")):
                if not asked.channel:
                    counted = by_hand(events, replace(asked, channel=channel))
                    cells = page.tables["channels"][title]
                    shown += sum(says(cells[head], counted[name]) for name, head in HEADS.items() if name in TITLES)
        assert shown > 60

    def test_files_say_the_same(self, anna: httpx2.Client, pack: Campaign, events: Traffic) -> None:
        case = next(iter(pack.cases))
        page, counted = read(anna, f"{FIGURES}?case={case}"), by_hand(events, Selection(case=case))
        answer = anna.get(f"{FIGURES}.csv?case={case}")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert re.fullmatch(
            r'attachment; filename="assegno-unico-\d{4}-\d\d-\d\d\.csv"', answer.headers["content-disposition"]
        )
        lines = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))
        totals = {figure: value for table, _, figure, value in lines if table == "in tutto"}
        numbers = json.loads(anna.get(f"{FIGURES}.json?case={case}").text)
        for name, title in TITLES.items():
            cell = page.tables["total"][title]["Quanto"].replace(".", "")
            assert totals[title] == str(numbers["total"][name]) == cell
        assert totals["Aperture"] == str(counted["views"])

    def test_a_page_counts_nothing_that_was_counted_within_the_hour(
        self, pack: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = enter_before(tmp_path, pack, traffic(pack, 40))
        with running_portal(folder, {}) as running, running.as_staff() as browser:
            first = read(browser, FIGURES).tables
            with running.portal.database.session() as session:
                session.execute(delete(GuideRecord))
            monkeypatch.setattr(tallies, "_count_day", None)
            assert read(browser, FIGURES).tables == first


class TestPages:
    def test_every_chart_has_words_and_a_table_and_nothing_runs(self, anna: httpx2.Client) -> None:
        answer = anna.get(FIGURES)
        page = Read(answer.text)
        assert list(page.tables) == [
            *("total", "ratings", "days"),
            *("solved", "endings", "buttons", "cases", "channels", "documents"),
        ]
        assert page.tags["script"] == 0
        assert page.tags["picture"] == page.tags["img"] == page.tags["details"] == 3
        for chart in re.findall(
            r'<img class="chart" src="data:image/svg\+xml;base64,[^"]+" alt="([^"]+)"', answer.text
        ):
            assert len(chart) > 40
        assert "style=" not in answer.text, "the policy allows none"
        assert "si confrontano, ma non dimostrano" in page.words
        assert "non si scompongono" in page.words

    def test_the_form_offers_what_the_campaign_has_and_keeps_what_was_chosen(
        self, anna: httpx2.Client, pack: Campaign
    ) -> None:
        page = read(anna, FIGURES)
        for title in [*(case.title for case in pack.cases.values()), "dal cittadino", "dal patronato"]:
            assert title in page.words
        chosen = {
            "case": list(pack.cases)[1],
            "channel": "patronato",
            "document": next(iter(pack.catalogue["documents"])),
            "from": "2024-01-01",
            "to": "2026-12-31",
        }
        page = read(anna, f"{FIGURES}?{urlencode(chosen)}")
        assert page.fields == chosen
        assert f"{COMMENTS}?{urlencode(chosen)}" in page.links
        assert f"{FIGURES}.csv?{urlencode(chosen)}" in page.links
        assert read(anna, f"{COMMENTS}?words=utile&{urlencode(chosen)}").fields == {"words": "utile", **chosen}

    @pytest.mark.parametrize(
        ("wrong", "line"),
        [
            ({"case": "zz"}, "valore sconosciuto per caso"),
            ({"channel": "fax"}, "valore sconosciuto per canale"),
            ({"document": HOSTILE}, "valore sconosciuto per documento"),
            ({"from": "ieri"}, "anno-mese-giorno"),
            ({"to": "9999-12-31"}, "dal 2000 al 2099"),
            ({"from": "0001-01-01", "to": "9999-12-31"}, "dal 2000 al 2099"),
            (
                {"from": "2024-05-02", "to": "2024-05-01"},
                "il periodo finisce (01/05/2024) prima di cominciare (02/05/2024)",
            ),
            ({"case": "x" * 5000}, "valore sconosciuto per caso"),
        ],
    )
    def test_a_wrong_filter_is_said_in_one_line_and_fields_are_kept(
        self, anna: httpx2.Client, wrong: dict[str, str], line: str
    ) -> None:
        for address in (FIGURES, COMMENTS):
            answer = anna.get(f"{address}?{urlencode({'channel': 'citizen', **wrong})}")
            assert answer.status_code == 422
            page = Read(answer.text)
            assert page.words.count("Questi filtri non vanno bene") == 1
            assert line in page.words
            assert page.fields["channel"] == wrong.get("channel", "citizen")
            assert page.tables == {}
            assert "<script" not in answer.text
        for kind in ("csv", "json"):
            assert anna.get(f"{FIGURES}.{kind}?{urlencode(wrong)}").status_code == 422

    def test_a_campaign_without_a_guide_says_so(self, empty: RunningPortal, tiny: Campaign) -> None:
        with empty.as_staff() as browser:
            for _ in ("unknown to the database", "known"):
                page = read(browser, FIGURES)
                assert "nessuna guida" in page.words
                assert page.tables == {}
                assert page.tags["img"] == 0
                assert "Nessun commento." in read(browser, COMMENTS).words
                assert read(browser, f"{FIGURES}?channel=citizen&from=2024-01-01").tables["total"]
                assert browser.get(f"{FIGURES}.csv").status_code == 200
                with empty.portal.database.session() as session:
                    session.merge(CampaignRecord(id="assegno-unico", title="t"))

    def test_few_people_are_not_told_apart(self, tmp_path: Path, pack: Campaign) -> None:
        events = traffic(pack, 4)
        with running_portal(enter_before(tmp_path, pack, events), {}) as running, running.as_staff() as browser:
            page = read(browser, FIGURES)
            for table in ("cases", "channels", "documents"):
                assert {row["fatte"] for row in page.tables[table].values()} == {"meno di 5"}
            channel = events[GuideRecord][0]["channel"]
            assert read(browser, f"{FIGURES}?channel={channel}").tables["total"]["Guide fatte"]["Quanto"] in HIDDEN
            assert "troppo pochi" in read(browser, f"{COMMENTS}?channel={channel}").words


class TestComments:
    def test_they_are_read_page_after_page(self, anna: httpx2.Client, events: Traffic) -> None:
        written = Counter(row["comment"] for row in events[Rating] if row["comment"])
        address, quoted, pages = COMMENTS, Counter[str](), 0
        while address:
            answer = anna.get(address)
            assert answer.status_code == 200
            assert "<script" not in answer.text
            quoted.update(re.findall(r'<blockquote class="said">(.*?)</blockquote>', answer.text, re.DOTALL))
            pages += 1
            older = re.search(r'<a href="([^"]+)">Meno recenti', answer.text)
            address = older[1].replace("&amp;", "&") if older else ""
        assert pages == -(-written.total() // PAGE) > 1
        assert (
            quoted["&lt;script&gt;alert(&#39;ciao&#39;)&lt;/script&gt; &amp; &#34;così&#34;"]
            == written["<script>alert('ciao')</script> & \"così\""]
        )
        assert quoted.total() == written.total()

    @pytest.mark.parametrize("words", ["<script>alert(", "=HYPERLINK(", "%_", "  UTILE. \u00a0grazie ", HOSTILE])
    def test_they_are_searched_for_any_words(self, anna: httpx2.Client, events: Traffic, words: str) -> None:
        sought = " ".join(words.split()).lower()
        expected = sum(sought in row["comment"].lower() for row in events[Rating])
        page = read(anna, f"{COMMENTS}?{urlencode({'words': words})}")
        assert page.tags["blockquote"] == min(expected, PAGE)
        assert page.fields["words"].lower() == sought
        assert expected or "Nessun commento con questi filtri" in page.words

    @pytest.mark.parametrize(
        "query", ["page=0", "page=-1", "page=100001", "page=1000000000", "page=x", f"page={'9' * 5000}"]
    )
    def test_there_is_no_such_page(self, anna: httpx2.Client, query: str) -> None:
        assert "pagina" in read(anna, f"{COMMENTS}?{query}", 422).words

    @pytest.mark.parametrize("words", ["x" * 101, "\0"])
    def test_nor_such_words(self, anna: httpx2.Client, words: str) -> None:
        page = read(anna, f"{COMMENTS}?{urlencode({'words': words})}", 422)
        assert "parole" in page.words

    def test_behind_the_last_page_is_a_way_back(self, anna: httpx2.Client) -> None:
        page = read(anna, f"{COMMENTS}?page=100000")
        assert "Non ci sono altri commenti" in page.words
        assert COMMENTS in page.links

    def test_they_say_stars_day_and_cases_and_nobody(self, anna: httpx2.Client, pack: Campaign) -> None:
        answer = anna.get(f"{COMMENTS}?case={next(iter(pack.cases))}")
        assert re.search(r"[1-5] su 5: (per niente|poco|abbastanza|molto|moltissimo)", answer.text)
        assert next(iter(pack.cases.values())).title in answer.text
        assert not re.search(r"\b[0-9a-f]{32}\b", answer.text)


class TestDoors:
    PATHS = (FIGURES, f"{FIGURES}.csv", f"{FIGURES}.json", COMMENTS)

    @pytest.mark.parametrize("path", PATHS)
    def test_citizens_are_refused_and_strangers_sent_to_the_way_in(self, busy: RunningPortal, path: str) -> None:
        with busy.as_citizen() as citizen:
            assert citizen.get(path).status_code == 403
        with busy.browser() as stranger:
            answer = stranger.get(path)
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/staff/login")
            assert stranger.get(path, headers={"Accept": "text/csv"}).status_code == 401

    def test_what_is_not_there_is_not_found(self, anna: httpx2.Client) -> None:
        for path in (f"{FIGURES}.xml", f"{FIGURES}.html", "/staff/nothing/figures", "/staff/nothing/comments"):
            assert anna.get(path).status_code == 404
        assert anna.post(FIGURES).status_code in (403, 405)

    def test_who_takes_numbers_away_or_reads_comments_is_noted_once_a_visit(self, busy: RunningPortal) -> None:
        def noted() -> Counter[Any]:
            entries, _ = audit.entries(busy.portal.database)
            return Counter(
                (entry.who, entry.role, entry.what, entry.campaign, entry.about)
                for entry in entries
                if entry.who == "bruno"
            )

        token = busy.sessions.begin("editor", subject="bruno")
        with busy.as_browser_of(token) as bruno:
            bruno.get(FIGURES)
            assert noted() == {}
            bruno.get(f"{FIGURES}.csv")
            bruno.get(f"{FIGURES}.json")
            for query in ("?page=2", "", "?words=utile", "?page=0"):
                bruno.get(COMMENTS + query)
        assert noted() == {
            ("bruno", "editor", "figures-export", "assegno-unico", "csv"): 1,
            ("bruno", "editor", "figures-export", "assegno-unico", "json"): 1,
            ("bruno", "editor", "comments", "assegno-unico", ""): 1,
        }

    def test_nothing_that_is_asked_comes_into_the_log(self, busy: RunningPortal, anna: httpx2.Client) -> None:
        anna.get(f"{COMMENTS}?words=qualcuno-di-preciso")
        assert "qualcuno-di-preciso" not in busy.log.getvalue()


class TestCounting:
    def test_every_campaign_is_counted_again_and_again(
        self, tmp_path: Path, pack: Campaign, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with running_portal(tmp_path, {}) as running:
            portal = running.portal
            monkeypatch.setattr(staff_figures, "PAUSE", timedelta(seconds=0.01))

            def made() -> int:
                with portal.database.session() as session:
                    return sum(session.exec(select(Tally.made)))

            async def grows_to(number: int) -> None:
                while await asyncio.to_thread(made) < number:
                    await asyncio.sleep(0.01)

            async def run() -> None:
                counting = asyncio.create_task(staff_figures.count_regularly(portal))
                for first in (0, 30):
                    for part in invent(pack, 30, 1, now(), CALM, first=first):
                        for row in part[GuideRecord]:
                            row["made_at"] = now()
                        await asyncio.to_thread(enter, portal.database, pack, part)
                    await asyncio.wait_for(grows_to(first + 30), 20)
                counting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await counting

            with ThreadPoolExecutor(1) as own:  # where the browser of other tests has no loop that is running
                own.submit(lambda: asyncio.run(run())).result()

    def test_what_goes_wrong_is_logged_and_the_next_campaign_is_counted(
        self, busy: RunningPortal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        counted = []

        def count(_database: Any, campaign: Campaign, _max_age: timedelta) -> None:
            counted.append(campaign.id)
            raise StoreError("registro", "è occupato")

        monkeypatch.setattr(campaigns, "campaigns", lambda _folder: ("gone", "assegno-unico"))
        monkeypatch.setattr(tallies, "count", count)
        staff_figures.count(busy.portal)
        assert counted == ["assegno-unico"]
        lines = [line for line in busy.lines() if line["event"] == "unexpected"]
        assert [(line["type"], line["route"]) for line in lines] == [
            ("PackError", "videoguide.portal.staff.figures.count"),
            ("StoreError", "videoguide.portal.staff.figures.count"),
        ]
