"""How a campaign goes, for staff: figures and what people wrote; and the counting behind them.

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
from sqlmodel import col, select
from starlette.requests import Request
from starlette.responses import Response

from videoguide import bulletin, campaigns, tallies
from videoguide.campaigns import Campaign
from videoguide.charts import NARROW, charts
from videoguide.database import Audit, now
from videoguide.display import CHANNELS
from videoguide.errors import InputError
from videoguide.figures import MEAN, Figures, Hidden, Selection, comments, figures
from videoguide.portal.answers import Refusal, show
from videoguide.portal.rendering import italian_date
from videoguide.portal.sessions import Visitor
from videoguide.portal.staff import Pack, Viewer, moment, note, steps
from videoguide.portal.staff_figures_views import (
    Choice,
    CommentLine,
    CommentsPage,
    FiguresPage,
    Filters,
    Headline,
    Picture,
    Section,
)
from videoguide.portal.state import Portal, portal_of
from videoguide.portal.views import USEFULNESS
from videoguide.tallies import Comment, documents_fact

HERE = "figures"
PAUSE = timedelta(minutes=1)
"""Between two countings."""
AT_MOST = timedelta(hours=1)
"""How old figures may be that a page shows; older ones are counted by the page itself."""
ONE_VISIT = timedelta(minutes=30)
"""Whoever reads comments again within this time is still on the same visit."""
FIELDS = ("case", "channel", "document", "from", "to", "words")
LONGEST_SHOWN = 200
"""Characters of what was typed that are shown again."""
NOTES = {
    "days": "Dove una linea si interrompe, i numeri sono troppo piccoli per essere mostrati.",
    "solved": bulletin.CAUTION,
}
"""What to mind when reading a table, by its id."""
DOWNLOADS = {"csv": ("text/csv", "Scarica i numeri (CSV)"), "json": ("application/json", "Scarica i numeri (JSON)")}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Asked:
    """What was typed, by FIELDS, and the selection that it is; with a ``problem`` it is none."""

    typed: Mapping[str, str]
    selection: Selection = field(default_factory=Selection)
    problem: str = ""

    @property
    def query(self) -> str:
        """The same again, but for the words, as the end of an address."""
        kept = {name: value for name, value in self.typed.items() if value and name != "words"}
        return f"?{urlencode(kept)}" if kept else ""

    def page(self, number: int) -> str:
        """Another page of it."""
        return "?" + urlencode({**{name: value for name, value in self.typed.items() if value}, "page": number})


def asked_by(request: Request, campaign: Campaign) -> Asked:
    """What a request asks for."""
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
        return Asked(typed, problem=str(error))
    return Asked(typed, selection)


# --- pages -----------------------------------------------------------------------------------------------


@router.get("/staff/{campaign}/figures")
def campaign_figures(request: Request, visitor: Viewer, pack: Pack) -> Response:
    """The campaign's figures, or those of what is asked for."""
    asked = asked_by(request, pack)
    root = f"/staff/{pack.id}"
    page = FiguresPage(
        csrf=visitor.csrf,
        steps=steps(pack.id, HERE),
        campaign_title=pack.description.title,
        figures_url=f"{root}/figures{asked.query}",
        comments_url=f"{root}/comments{asked.query}",
        filters=filters(pack, asked, f"{root}/figures"),
        problem=asked.problem,
    )
    if asked.problem:
        return show(page, status=422)
    found = figures(portal_of(request).database, pack, asked.selection, at_most=AT_MOST)
    page = replace(
        page,
        asked=bulletin.asked(asked.selection, pack),
        counted=moment(found.until),
        headlines=headlines(found),
        sections=sections(found),
        small_numbers=bulletin.SMALL_NUMBERS,
        downloads=tuple((f"{root}/figures.{kind}{asked.query}", words) for kind, (_, words) in DOWNLOADS.items()),
    )
    return show(page)


@router.get("/staff/{campaign}/figures.{kind}")
def export(request: Request, kind: str, visitor: Viewer, pack: Pack) -> Response:
    """The same figures as a file."""
    asked = asked_by(request, pack)
    if kind not in DOWNLOADS:
        raise Refusal("not_found")
    if asked.problem:
        raise Refusal("invalid")
    portal = portal_of(request)
    found = figures(portal.database, pack, asked.selection, at_most=AT_MOST)
    note(portal, visitor, "figures-export", campaign=pack.id, about=kind)
    name = f"{pack.id}-{tallies.day_of(found.until)}.{kind}"
    return Response(
        bulletin.FORMATS[kind](found, pack),
        media_type=DOWNLOADS[kind][0],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/staff/{campaign}/comments")
def campaign_comments(request: Request, visitor: Viewer, pack: Pack) -> Response:
    """What people wrote, newest first."""
    portal, asked = portal_of(request), asked_by(request, pack)
    number = _page_number(request.query_params.get("page", ""))
    found: list[Comment] = []
    more, problem = False, asked.problem
    if not problem:
        try:
            found, more = comments(portal.database, pack, asked.selection, words=asked.typed["words"], page=number)
        except InputError as error:
            problem = str(error)
        else:
            note_visit(portal, visitor, pack.id)
    root = f"/staff/{pack.id}"
    return show(
        CommentsPage(
            csrf=visitor.csrf,
            steps=steps(pack.id, HERE),
            campaign_title=pack.description.title,
            figures_url=f"{root}/figures{asked.query}",
            comments_url=f"{root}/comments{asked.query}",
            filters=filters(pack, asked, f"{root}/comments", words=asked.typed["words"]),
            problem=problem,
            asked="" if problem else bulletin.asked(asked.selection, pack),
            comments=tuple(line(pack, one) for one in found),
            page=number,
            newer_url=root + "/comments" + asked.page(number - 1) if number > 1 and found else "",
            older_url=root + "/comments" + asked.page(number + 1) if more else "",
        ),
        status=422 if problem else 200,
    )


def _page_number(typed: str) -> int:
    """Which page is meant; 0, which there is not, for what is no number."""
    if not typed:
        return 1
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 12 else 0


def note_visit(portal: Portal, visitor: Visitor, campaign: str) -> None:
    """Note that somebody reads comments: once a visit, however many pages are turned."""
    query = select(Audit.id).where(
        col(Audit.at) > now() - ONE_VISIT,
        col(Audit.who) == visitor.subject,
        col(Audit.what) == "comments",
        col(Audit.campaign_id) == campaign,
    )
    with portal.database.session() as session:
        is_noted = session.exec(query.limit(1)).first() is not None
    if not is_noted:
        note(portal, visitor, "comments", campaign=campaign)


# --- what they show --------------------------------------------------------------------------------------


def filters(pack: Campaign, asked: Asked, url: str, *, words: str | None = None) -> Filters:
    """The form: what may be chosen is the campaign's own."""
    fact = documents_fact(pack)
    documents = pack.catalogue[pack.description.facts[fact].catalogue] if fact else {}
    offered = {
        "case": ("Caso", [(one.id, one.title) for one in pack.cases.values()]),
        "channel": ("Canale", [(one, CHANNELS.get(one, one)) for one in pack.description.channels]),
        "document": ("Documento", [(one, entry["title"]) for one, entry in documents.items()]),
    }
    choices = (
        Choice(name, label, tuple(options), asked.typed[name]) for name, (label, options) in offered.items() if options
    )
    return Filters(
        url=url,
        choices=tuple(choices),
        first=_typed_day(asked.typed["from"]),
        last=_typed_day(asked.typed["to"]),
        words=words,
        is_used=any(asked.typed.values()),
    )


def _typed_day(typed: str) -> str:
    """What a field for a day can hold: browsers show nothing else, and complain of it."""
    return typed if re.fullmatch(r"\d{4}-\d\d-\d\d", typed, re.ASCII) else ""


def headlines(found: Figures) -> tuple[Headline, ...]:
    """What steers a campaign: do people open the guide, stay to its end, do what it says, find it useful?"""
    counts = {name: bulletin.shown(name, count) for name, count in found.total.counts.items()}
    rates = {name: bulletin.shown(name, rate) for name, rate in found.total.rates.items() if rate is not None}

    def of(rate: str, words: str, otherwise: str = "") -> str:
        return words.format(rates[rate]) if rate in rates else otherwise

    # "less than 5" would be misread here, where 5 is the best
    mean = "–" if isinstance(found.total.rates[MEAN], Hidden) else rates.get(MEAN, "–")
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


def sections(found: Figures) -> tuple[Section, ...]:
    """The tables, those with a chart first. None where no guide was ever made."""
    if not found.days and found.selection.is_all:
        return ()
    drawn = {
        wide.id: (wide.title, Picture(wide.source, narrow.source, wide.words))
        for wide, narrow in zip(charts(found), charts(found, NARROW), strict=True)
    }
    told = []
    for table in bulletin.tables(found):
        title, picture = drawn.get(table.id, (table.title, None))
        note = NOTES.get(table.id, "")
        told.append(Section(table.id, title, tuple(table.heads), tuple(map(tuple, table.rows)), picture, note))
    return tuple(sorted(told, key=lambda one: one.picture is None))


def line(pack: Campaign, comment: Comment) -> CommentLine:
    """A comment as the page shows it; cases that the pack does not know any more are left out."""
    return CommentLine(
        stars=comment.stars,
        usefulness=USEFULNESS[comment.stars],
        day=italian_date(comment.day),
        cases=tuple(pack.cases[one].title for one in comment.cases if one in pack.cases),
        text=comment.text,
    )


# --- counting --------------------------------------------------------------------------------------------


@asynccontextmanager
async def counting(portal: Portal) -> AsyncIterator[None]:
    """Count as long as the block lasts; a count that is going on at its end is waited for."""
    task = asyncio.create_task(count_regularly(portal))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def count_regularly(portal: Portal) -> None:
    """Count every campaign each minute, as long as the portal runs; it is ended by being cancelled."""
    while True:
        await run_in_threadpool(count, portal)
        await asyncio.sleep(PAUSE.total_seconds())


def count(portal: Portal) -> None:
    """Count every campaign, unless another portal has just done so. What goes wrong is logged: the next time may do."""
    for campaign in campaigns.campaigns(portal.settings.scenes):
        try:
            tallies.count(portal.database, campaigns.load(portal.settings.scenes, campaign), PAUSE / 2)
        except Exception as error:  # whatever it is: nothing may end the counting of the others
            portal.log.unexpected(error, route=f"{__name__}.{count.__name__}")
