# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Figures as they are handed out: a table for the terminal, CSV for a spreadsheet, JSON, or one HTML file.

The HTML file needs nothing else and runs no script; each of its charts has its table.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any, NamedTuple

from videoguide.outcomes.figures import MEAN, RATE_TITLES, RATING_NAMES, TITLES, Figures, FiguresRow, Selection
from videoguide.outcomes.privacy import FEWEST, Count, Hidden, Rate
from videoguide.outcomes.tallies import documents_fact
from videoguide.packs.campaigns import Campaign
from videoguide.wording import CHANNELS, INSTITUTE_TIME, number, spreadsheet_cell

HEADS = {
    "made": "fatte",
    "delivered": "consegnate",
    "viewers": "aperte da",
    "views": "aperture",
    "reached_50": "al 50\u00a0%",
    "reached_100": "alla fine",
    "followed": "collegamento",
    "answered_rate": "pulsanti",
    "ratings": "valutazioni",
    MEAN: "media",
    "solved_viewed": "risolte viste",
    "solved_unviewed": "risolte non viste",
}
"""The columns of a breakdown, and what stands above them; CSV and JSON have all figures."""

GROUPS = {"cases": "caso", "channels": "canale", "documents": "documento", "days": "giorno"}
"""The breakdowns, and what each is by."""

SMALL_NUMBERS = (
    f"Per proteggere le persone, i gruppi con meno di {FEWEST} guide sono uniti in «Altri», e i numeri più piccoli di "
    f"{FEWEST} non si scompongono: al loro posto si legge «{Hidden.FEW.value}», o «{Hidden.KEPT_BACK.value}» dove si "
    "potrebbero ricavare per differenza."
)
CAUTION = (
    "Una guida è di una persona sola. Le domande risolte dopo la visione e senza si confrontano, ma non dimostrano da "
    "sole che la guida è servita."
)


def shown(name: str, value: Count | Rate) -> str:
    """A figure as it is written in Italian: ``1.234``, ``67,5 %``, ``4,2``, ``meno di 5``, ``–``."""
    if isinstance(value, Hidden):
        return value.value
    if value is None:
        return "–"
    if name in RATE_TITLES:
        return number(value, 1) if name == MEAN else f"{number(100 * value, 1)} %"
    return number(value)


def selection_words(selection: Selection, campaign: Campaign) -> str:
    """The selection in words."""
    filters = []
    if selection.case:
        filters.append(f"caso: {campaign.case(selection.case).title}")
    if selection.channel:
        filters.append(f"canale: {CHANNELS.get(selection.channel, selection.channel)}")
    if selection.document:
        filters.append(f"documento: {document_title(campaign, selection.document)}")
    if selection.first:
        filters.append(f"dal {selection.first:%d/%m/%Y}")
    if selection.last:
        filters.append(f"al {selection.last:%d/%m/%Y}")
    return "; ".join(filters) or "tutta la campagna"


def document_title(campaign: Campaign, document: str) -> str:
    """A document's title in the catalogue."""
    return campaign.entry(documents_fact(campaign), document)["title"]


def _value(row: FiguresRow, name: str) -> Count | Rate:
    return row.rates[name] if name in RATE_TITLES else row.counts[name]


def _breakdowns(figures: Figures) -> Iterator[tuple[str, Sequence[FiguresRow]]]:
    """The breakdowns that have rows."""
    for name in GROUPS:
        rows: Sequence[FiguresRow] = getattr(figures, name)
        if rows:
            yield name, rows


class Table(NamedTuple):
    """A table of figures in words: in each row the first cell is a title, the others are numbers.

    ``id`` is one of ``total``, ``ratings``, ``solved``, ``endings``, ``buttons`` and the GROUPS.
    """

    id: str
    title: str
    heads: list[str]
    rows: list[list[str]]


def tables(figures: Figures) -> Iterator[Table]:
    """All tables, in the order in which they are shown; a table without rows is left out."""
    total = figures.total
    rows = [[title, shown(name, total.counts[name])] for name, title in TITLES.items()]
    rows += [[title, shown(name, total.rates[name])] for name, title in RATE_TITLES.items()]
    yield Table("total", "In tutto", ["Che cosa", "Quanto"], rows)
    ratings = [[name, shown("", count)] for name, count in zip(RATING_NAMES, figures.by_rating, strict=True)]
    yield Table("ratings", "Valutazioni", ["Stelle", "Persone"], ratings)
    solved = [
        ["Chi l’ha vista", shown("", total.counts["solved_viewed"]), shown("helped", total.rates["helped"])],
        ["Chi non l’ha vista", shown("", total.counts["solved_unviewed"]), shown("unhelped", total.rates["unhelped"])],
    ]
    yield Table("solved", "La guida ha aiutato?", ["Persone", "domande risolte", "in percentuale"], solved)
    if figures.endings:
        ended = [[ending.title, shown("", ending.withdrawn)] for ending in figures.endings]
        yield Table("endings", "Guide ritirate", ["Perché", "quante"], ended)
    if figures.buttons:
        cells = [
            [button.title, shown("", button.shown), shown("", button.pressed), shown("answered_rate", button.rate)]
            for button in figures.buttons
        ]
        yield Table("buttons", "Pulsanti", ["Pulsante", "mostrato", "premuto", "premuto su mostrato"], cells)
    for name, groups in _breakdowns(figures):
        cells = [[row.title, *(shown(figure, _value(row, figure)) for figure in HEADS)] for row in groups]
        yield Table(name, f"Per {GROUPS[name]}", [GROUPS[name].capitalize(), *HEADS.values()], cells)


# --- the four formats ------------------------------------------------------------------------------------


def table(figures: Figures, campaign: Campaign) -> str:
    """Plain text, in columns."""
    lines = [f"{figures.title}: {selection_words(figures.selection, campaign)}", _updated(figures), ""]
    for _, title, heads, rows in tables(figures):
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        lines.append(title)
        for cells in (heads, ["─" * width for width in widths], *rows):
            first, *others = zip(cells, widths, strict=True)
            lines.append("  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]).rstrip())
        lines.append("")
    return "\n".join([*lines, SMALL_NUMBERS, CAUTION, ""])


def comma_separated(figures: Figures, campaign: Campaign) -> str:
    """One long table for an Italian spreadsheet: semicolons, decimal commas, a byte order mark."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    writer.writerow(("ripartizione", "gruppo", "figura", "valore"))

    def put(breakdown: str, group: str, figure: str, value: Count | Rate) -> None:
        cell = value.value if isinstance(value, Hidden) else "" if value is None else _plain(value)
        writer.writerow([spreadsheet_cell(word) for word in (breakdown, group, figure, cell)])

    for name, rows in (("", (figures.total,)), *_breakdowns(figures)):
        for row in rows:
            for figure, title in {**TITLES, **RATE_TITLES}.items():
                put(GROUPS.get(name, "in tutto"), row.title, title, _value(row, figure))
    for name, count in zip(RATING_NAMES, figures.by_rating, strict=True):
        put("stelle", name, TITLES["ratings"], count)
    for ending in figures.endings:
        put("ritirate", ending.title, "Guide ritirate", ending.withdrawn)
    for button in figures.buttons:
        put("pulsante", button.title, TITLES["shown"], button.shown)
        put("pulsante", button.title, TITLES["pressed"], button.pressed)
        put("pulsante", button.title, RATE_TITLES["answered_rate"], button.rate)
    return "\ufeff" + written.getvalue()


def _plain(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}".replace(".", ",")


def as_json(figures: Figures, campaign: Campaign) -> str:
    """All figures by their ids; a hidden one is the words shown for it, a rate that cannot be computed is null."""

    def plain(figure: Count | Rate) -> Any:
        return figure.value if isinstance(figure, Hidden) else figure

    def plain_row(row: FiguresRow) -> dict[str, Any]:
        values = {name: plain(figure) for name, figure in {**row.counts, **row.rates}.items()}
        return {"id": row.id, "title": row.title, **values}

    selection = figures.selection
    data = {
        "campaign": figures.campaign,
        "selection": {
            "case": selection.case,
            "channel": selection.channel,
            "document": selection.document,
            "from": selection.first and selection.first.isoformat(),
            "to": selection.last and selection.last.isoformat(),
        },
        "counted_until": figures.until.isoformat(),
        "total": plain_row(figures.total),
        "stars": [plain(count) for count in figures.by_rating],
        "endings": [
            {"id": ending.id, "title": ending.title, "withdrawn": plain(ending.withdrawn)} for ending in figures.endings
        ],
        "buttons": [
            {
                "id": button.id,
                "title": button.title,
                "shown": plain(button.shown),
                "pressed": plain(button.pressed),
                "answered_rate": plain(button.rate),
            }
            for button in figures.buttons
        ],
        **{name: [plain_row(row) for row in getattr(figures, name)] for name in GROUPS},
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


STYLE = """
body { margin: 0 auto; max-width: 84rem; padding: 1.5rem; color: #17324D; background: #fff;
  font: 1.0625rem/1.5 "Titillium Web", "Segoe UI", Arial, sans-serif; }
h1 { color: #0066CC; margin: 0 0 .25rem; } h2 { margin: 2.5rem 0 .5rem; }
img { display: block; max-width: 100%; height: auto; margin: .5rem 0 1rem; }
div { overflow-x: auto; } table { border-collapse: collapse; }
caption { text-align: left; font-weight: 600; padding: .5rem 0; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid #C5C7C9; text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
th[scope=row], th:first-child { text-align: left; white-space: normal; min-width: 11rem; }
thead th { white-space: normal; border-bottom: 2px solid #0066CC; vertical-align: bottom; }
.note { max-width: 46rem; border-left: .25rem solid #008055; padding-left: 1rem; }
"""


def html(figures: Figures, campaign: Campaign) -> str:
    """One page that loads nothing else."""
    from videoguide.outcomes.charts import charts

    drawn = {chart.id: chart for chart in charts(figures)}
    parts = []
    for at, (table_id, title, heads, rows) in enumerate(tables(figures)):
        parts.append(f"<h2>{escape(title)}</h2>")
        if chart := drawn.get(table_id):
            parts.append(f'<img src="{chart.source}" alt="{escape(chart.words)}">')
        head = "".join(f'<th scope="col">{escape(column)}</th>' for column in heads)
        lines = "\n".join(
            f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in others)}</tr>'
            for first, *others in rows
        )
        parts.append(
            f'<div role="region" aria-labelledby="t{at}" tabindex="0">'
            f'<table><caption id="t{at}">{escape(title)}: i numeri</caption>\n'
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody></table></div>"
        )
    body = "\n".join(parts)
    return f"""<!doctype html>
<html lang="it">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>Come va la campagna: {escape(figures.title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>Come va la campagna</h1>
<p><strong>{escape(figures.title)}</strong>: {escape(selection_words(figures.selection, campaign))}.<br>
{escape(_updated(figures))}.</p>
<p class="note">{escape(SMALL_NUMBERS)} {escape(CAUTION)}</p>
{body}
</main>
</body>
</html>
"""


def _updated(figures: Figures) -> str:
    return f"Numeri aggiornati al {figures.until.astimezone(INSTITUTE_TIME):%d/%m/%Y, %H:%M}"


Write = Callable[[Figures, Campaign], str]
FORMATS: dict[str, Write] = {"table": table, "csv": comma_separated, "json": as_json, "html": html}
"""How figures are written, by the format's name."""
