# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""How a campaign goes, for staff: figures and comments, and the counting behind them.

Figures are sums of daily tallies, which ``count_regularly`` keeps up to date: a page hardly ever counts anything.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from videoguide.errors import InputError
from videoguide.outcomes import bulletin, tallies
from videoguide.outcomes.charts import NARROW, charts
from videoguide.outcomes.comments import Comment, comments
from videoguide.outcomes.figures import MEAN, Figures, Selection, figures
from videoguide.outcomes.privacy import Hidden
from videoguide.outcomes.tallies import documents_fact
from videoguide.packs import campaigns
from videoguide.packs.campaigns import Campaign
from videoguide.portal.answers import Refusal, show
from videoguide.portal.rendering import italian_date
from videoguide.portal.staff.figures_views import (
    ChartPicture,
    CommentLine,
    CommentsPage,
    FiguresPage,
    FilterList,
    Filters,
    Headline,
    Section,
)
from videoguide.portal.staff.home import Pack, Viewer, moment, note, page_links
from videoguide.portal.state import Portal, portal_of
from videoguide.portal.views import RATING_WORDS
from videoguide.records import audit
from videoguide.wording import CHANNELS

HERE = "figures"
PAUSE = timedelta(minutes=1)
"""The time between two counts."""
AT_MOST = timedelta(hours=1)
"""How old the figures of a page may be; older ones are counted by the page itself."""
FIELDS = ("case", "channel", "document", "from", "to", "words")
LONGEST_SHOWN = 200
"""How many characters of what was typed are shown again."""
NOTES = {
    "days": "Dove una linea si interrompe, i numeri sono troppo piccoli per essere mostrati.",
    "solved": bulletin.CAUTION,
}
"""What to bear in mind when reading a table, by the table's id."""
DOWNLOADS = {"csv": ("text/csv", "Scarica i numeri (CSV)"), "json": ("application/json", "Scarica i numeri (JSON)")}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class FiguresQuery:
    """What was typed, by FIELDS, and the selection that it means; with a ``problem`` it means none."""

    typed: Mapping[str, str]
    selection: Selection = field(default_factory=Selection)
    problem: str = ""

    @property
    def address(self) -> str:
        """The filters as the end of an address, without the words that are searched for."""
        filters = {name: value for name, value in self.typed.items() if value and name != "words"}
        return f"?{urlencode(filters)}" if filters else ""

    def page(self, number: int) -> str:
        """Another page of the same comments, as the end of an address."""
        return "?" + urlencode({**{name: value for name, value in self.typed.items() if value}, "page": number})


def query_of(request: Request, campaign: Campaign) -> FiguresQuery:
    """The query of a request; one that means nothing has a ``problem``."""
    typed = {name: " ".join(request.query_params.get(name, "").split())[:LONGEST_SHOWN] for name in FIELDS}
    try:
        selection = Selection.of(
            case=typed["case"],
            channel=typed["channel"],
            document=typed["document"],
            first=typed["from"],
            last=typed["to"],
        )
        selection.check(campaign)
    except InputError as error:
        return FiguresQuery(typed, problem=str(error))
    return FiguresQuery(typed, selection)


# --- pages -----------------------------------------------------------------------------------------------


@router.get("/staff/{campaign}/figures")
def campaign_figures(request: Request, visitor: Viewer, pack: Pack) -> Response:
    """The campaign's figures, or those of a selection. Raises StoreError."""
    query = query_of(request, pack)
    root = f"/staff/{pack.id}"
    page = FiguresPage(
        csrf=visitor.csrf,
        page_links=page_links(pack.id, HERE),
        campaign_title=pack.description.title,
        figures_url=f"{root}/figures{query.address}",
        comments_url=f"{root}/comments{query.address}",
        filters=filters(pack, query, f"{root}/figures"),
        problem=query.problem,
    )
    if query.problem:
        return show(page, status=422)
    numbers = figures(portal_of(request).database, pack, query.selection, max_age=AT_MOST)
    page = replace(
        page,
        asked=bulletin.selection_words(query.selection, pack),
        counted=moment(numbers.until),
        headlines=headlines(numbers),
        sections=sections(numbers),
        small_numbers=bulletin.SMALL_NUMBERS,
        downloads=tuple((f"{root}/figures.{kind}{query.address}", words) for kind, (_, words) in DOWNLOADS.items()),
    )
    return show(page)


@router.get("/staff/{campaign}/figures.{kind}")
def export(request: Request, kind: str, visitor: Viewer, pack: Pack) -> Response:
    """The same figures as a file. Raises Refusal for an unknown kind of file or a query with a problem, StoreError."""
    query = query_of(request, pack)
    if kind not in DOWNLOADS:
        raise Refusal("not_found")
    if query.problem:
        raise Refusal("invalid")
    portal = portal_of(request)
    numbers = figures(portal.database, pack, query.selection, max_age=AT_MOST)
    note(portal, visitor, "figures-export", campaign=pack.id, about=kind)
    name = f"{pack.id}-{tallies.day_of(numbers.until)}.{kind}"
    return Response(
        bulletin.FORMATS[kind](numbers, pack),
        media_type=DOWNLOADS[kind][0],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/staff/{campaign}/comments")
def campaign_comments(request: Request, visitor: Viewer, pack: Pack) -> Response:
    """The comments, newest first. Raises StoreError."""
    portal, query = portal_of(request), query_of(request, pack)
    number, words = _page_number(request.query_params.get("page", "")), query.typed["words"]
    listed: list[Comment] = []
    has_more, problem = False, query.problem
    if not problem:
        try:
            listed, has_more = comments(portal.database, pack, query.selection, words=words, page=number)
        except InputError as error:
            problem = str(error)
        else:
            audit.note_visit(portal.database, visitor.subject, "comments", role=visitor.role, campaign=pack.id)
    root = f"/staff/{pack.id}"
    return show(
        CommentsPage(
            csrf=visitor.csrf,
            page_links=page_links(pack.id, HERE),
            campaign_title=pack.description.title,
            figures_url=f"{root}/figures{query.address}",
            comments_url=f"{root}/comments{query.address}",
            filters=filters(pack, query, f"{root}/comments", words=words),
            problem=problem,
            asked="" if problem else bulletin.selection_words(query.selection, pack),
            comments=tuple(line(pack, comment) for comment in listed),
            page=number,
            newer_url=f"{root}/comments{query.page(number - 1)}" if number > 1 and listed else "",
            older_url=f"{root}/comments{query.page(number + 1)}" if has_more else "",
        ),
        status=422 if problem else 200,
    )


def _page_number(typed: str) -> int:
    """The number of the page that is asked for; 0, which no page has, for anything that is not a number."""
    if not typed:
        return 1
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 12 else 0


# --- what they show --------------------------------------------------------------------------------------


def filters(pack: Campaign, query: FiguresQuery, url: str, *, words: str | None = None) -> Filters:
    """The form with the filters, which offers what the campaign has; without ``words`` it has no search."""
    fact = documents_fact(pack)
    documents = pack.catalogue[pack.description.facts[fact].catalogue] if fact else {}
    offered = {
        "case": ("Caso", [(case.id, case.title) for case in pack.cases.values()]),
        "channel": ("Canale", [(channel, CHANNELS.get(channel, channel)) for channel in pack.description.channels]),
        "document": ("Documento", [(document, entry["title"]) for document, entry in documents.items()]),
    }
    return Filters(
        url=url,
        lists=tuple(
            FilterList(name, label, tuple(options), query.typed[name])
            for name, (label, options) in offered.items()
            if options
        ),
        first=_typed_day(query.typed["from"]),
        last=_typed_day(query.typed["to"]),
        words=words,
        is_used=any(query.typed.values()),
    )


def _typed_day(typed: str) -> str:
    """What was typed, if it has the form of a day: browsers complain about any other value of such a field."""
    return typed if re.fullmatch(r"\d{4}-\d\d-\d\d", typed, re.ASCII) else ""


def headlines(numbers: Figures) -> tuple[Headline, ...]:
    """What steers a campaign: whether people open the guide, stay to its end, do what it says, find it useful."""
    counts = {name: bulletin.shown(name, count) for name, count in numbers.total.counts.items()}
    rates = {name: bulletin.shown(name, rate) for name, rate in numbers.total.rates.items() if rate is not None}

    def of(rate: str, words: str, otherwise: str = "") -> str:
        return words.format(rates[rate]) if rate in rates else otherwise

    # "less than 5" would be misread here, where 5 is the best
    mean = "–" if isinstance(numbers.total.rates[MEAN], Hidden) else rates.get(MEAN, "–")
    return (
        Headline("Guide consegnate", counts["delivered"], f"fatte: {counts['made']}"),
        Headline("Persone che l’hanno aperta", counts["viewers"], of("opened", "{} delle consegnate")),
        Headline("Arrivate alla fine", counts["reached_100"], of("finished", "{} di chi l’ha aperta")),
        Headline("Passo compiuto", counts["followed"], "hanno seguito il collegamento finale"),
        Headline(
            "Pulsanti premuti",
            rates.get("answered_rate", "–"),
            f"premuti {counts['answered']} su {counts['shown']} mostrati",
        ),
        Headline("Utilità, da 1 a 5", mean, f"valutazioni: {counts['ratings']}"),
    )


def sections(numbers: Figures) -> tuple[Section, ...]:
    """The tables, those with a chart first; none where no guide has ever been made."""
    if not numbers.days and numbers.selection.is_all:
        return ()
    drawn = {
        wide.id: (wide.title, ChartPicture(wide.source, narrow.source, wide.words))
        for wide, narrow in zip(charts(numbers), charts(numbers, NARROW), strict=True)
    }
    unordered = []
    for table in bulletin.tables(numbers):
        title, picture = drawn.get(table.id, (table.title, None))
        note = NOTES.get(table.id, "")
        unordered.append(Section(table.id, title, tuple(table.heads), tuple(map(tuple, table.rows)), picture, note))
    return tuple(sorted(unordered, key=lambda section: section.picture is None))


def line(pack: Campaign, comment: Comment) -> CommentLine:
    """A comment as the page shows it; cases that the pack does not have any more are left out."""
    return CommentLine(
        rating=comment.rating,
        rating_words=RATING_WORDS[comment.rating],
        day=italian_date(comment.day),
        cases=tuple(pack.cases[case].title for case in comment.cases if case in pack.cases),
        text=comment.text,
    )


# --- counting --------------------------------------------------------------------------------------------


@asynccontextmanager
async def counting(portal: Portal) -> AsyncIterator[None]:
    """Count while the block runs; a count that is going on at its end is finished."""
    task = asyncio.create_task(count_regularly(portal))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def count_regularly(portal: Portal) -> None:
    """Count every campaign each minute, until the task is cancelled."""
    while True:
        await run_in_threadpool(count, portal)
        await asyncio.sleep(PAUSE.total_seconds())


def count(portal: Portal) -> None:
    """Count every campaign that no other portal has just counted. Errors are logged: the next time it may work."""
    for campaign in campaigns.campaigns(portal.settings.scenes):
        try:
            tallies.count(portal.database, campaigns.load(portal.settings.scenes, campaign), PAUSE / 2)
        except Exception as error:  # nothing may keep the other campaigns from being counted
            portal.log.unexpected(error, route=f"{__name__}.{count.__name__}")
