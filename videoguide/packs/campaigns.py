# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Loads a campaign pack, ``scenes/<campaign>/``: everything particular to one campaign, as data.

A pack holds ``campaign.toml`` (rules, cases, order of scenes, links), ``extract.toml`` (the
extract's columns and spellings), ``catalogue.toml`` (documents, anomalies), ``windows.toml``
(in-depth windows) and, in ``scenes/``, one TOML (words) and one SVG (drawing) per scene. Reading is
strict: an unknown key, a wrong type or a reference to something missing is a PackError that names
the place.
"""

import re
import shutil
import tomllib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from videoguide.assets import assets_folder
from videoguide.errors import PackError, UnknownChoice, system_reason
from videoguide.packs import templates

CatalogueEntry = Mapping[str, str]

ART, FONTS, LEXICON, PAGES = SHARED = ("art", "fonts", "lexicon.toml", "pages")
"""The assets that all campaigns share: drawings, fonts, lexicon and page templates.

A kept version of a pack has its own copy of them, see :func:`kept_name`. Voices are not among them: a voice's
version names their files by hash.
"""

COLUMNS = (
    *("id", "fiscal_code", "first_name", "sex", "applicant", "filed_on", "channel", "patronato", "status"),
    *("status_since", "consent", "email", "mobile", "on_app_io", "extracted_on"),
)
"""The fields that every extract has a column for; a campaign's facts come on top of them."""

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "sex": ("F", "M"),
    "applicant": ("parent", "guardian", "child"),
    "channel": (),
    "status": (),
    "consent": ("yes", "no"),
    "on_app_io": ("yes", "no"),
}
"""The fields whose values each extract spells in its own way, and the values that the program knows.

A channel is one of those in ``campaign.toml``, a status any word.
"""


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of all pack data: immutable; unknown keys are errors."""


class Variable(Data, frozen=True):
    """A variable that a scene is filled with; ``of`` lists the allowed values of a ``choice``."""

    type: Literal["text", "choice", "count", "flag", "words", "entry", "entries"]
    meaning: str
    of: tuple[str, ...] = ()


class SentenceTemplate(Data, frozen=True):
    """One sentence, and the silence after it in milliseconds (``pause`` in the TOML).

    ``each`` names a list variable: there is then one sentence for each of its items, called ``item`` in the words.
    """

    id: str
    text: str
    pause_ms: int = msgspec.field(name="pause", default=300)
    when: str = ""
    each: str = ""


class ButtonTemplate(Data, frozen=True):
    """A button, offered from the start of ``sentence`` to the end of the scene; it opens a window or a link.

    ``area`` is its place in the picture if it is drawn there, too: x, y, width and height in pixels at 1920x1080.
    """

    id: str
    label: str
    sentence: str
    window: str = ""
    link: str = ""
    when: str = ""
    area: tuple[int, int, int, int] | None = None


class SceneTemplate(Data, frozen=True):
    """The words of one scene, ``scenes/<scene>.toml``: its chapter, declared variables, sentences and buttons."""

    chapter: str
    variables: Mapping[str, Variable]
    sentences: tuple[SentenceTemplate, ...]
    buttons: tuple[ButtonTemplate, ...] = ()


class ScenePlace(Data, frozen=True):
    """A scene's place in the order of a guide, and the rule by which it is there; ``step`` scenes are numbered."""

    scene: str
    when: str = ""
    step: bool = False


class Case(Data, frozen=True):
    """A reason for a guide; ``needs`` names the fact without which the guide cannot explain it."""

    id: str
    title: str
    when: str
    status: str
    needs: str = ""


class LeftOut(Data, frozen=True):
    """A reason to make no guide for an application, and its title for the staff; the first one that holds counts."""

    reason: str
    title: str
    when: str


class Ending(Data, frozen=True):
    """Why an application needs no guide any more, other than that nothing is left to do; the first that holds counts.

    ``title`` is for the staff, ``text`` what the person reads in place of the guide. ``forget``: everything about the
    person is deleted as well, and nobody reads anything.
    """

    reason: str
    title: str
    when: str
    text: tuple[str, ...] = ()
    forget: bool = False


class Fact(Data, frozen=True):
    """A field that a campaign adds to the common ones of an application.

    ``option`` is its name on the command line and in messages; ``at_most`` is the largest ``count``.
    """

    type: Literal["entries", "entry", "count"]
    option: str
    meaning: str
    catalogue: str = ""
    at_most: int = 0


class PackLink(Data, frozen=True):
    """An address that a button leads to; ``short`` is the form that a person reads and types."""

    title: str
    url: str
    short: str = ""


class WindowTemplate(Data, frozen=True):
    """An in-depth window: plain paragraphs, then points, then an optional link."""

    title: str
    text: tuple[str, ...]
    points: tuple[str, ...] = ()
    each: str = ""
    point: str = ""
    link: str = ""


class Voices(Data, frozen=True):
    """The campaign's default voice, and whether voices that send the words to a third party are allowed."""

    default: str
    online_allowed: bool = False


class Limits(Data, frozen=True):
    """The limits that ``videoguide check`` holds every guide to.

    Shortest and longest guide in seconds, lowest Gulpease index, longest first name in characters, and the names used
    to check that the longest ones fit.
    """

    guide_seconds: tuple[int, int]
    gulpease: int
    name_letters: int
    longest_name: str
    longest_patronato: str


class Rules(Data, frozen=True):
    """Which applications get no guide, ``no_case`` those that have no case; and why guides are withdrawn."""

    left_out: tuple[LeftOut, ...]
    no_case: str
    no_case_title: str
    endings: tuple[Ending, ...] = ()


class Description(Data, frozen=True):
    """The contents of ``campaign.toml``."""

    id: str
    title: str
    institute: str
    language: Literal["it"]
    years: tuple[int, ...]
    valid_months: int
    synthetic_voice: str
    hosts: tuple[str, ...]
    voices: Voices
    limits: Limits
    rules: Rules
    channels: tuple[str, ...]
    facts: Mapping[str, Fact]
    cases: tuple[Case, ...]
    values: Mapping[str, str]
    scenes: tuple[ScenePlace, ...]
    links: Mapping[str, PackLink]


class Extract(Data, frozen=True):
    """The contents of ``extract.toml``: the extract's columns, date format and spellings of values."""

    date: str
    joined_by: str
    columns: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]


class Campaign:
    """A loaded pack; everything is read at once, so that a broken pack fails before any work."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.description = read_data(folder / "campaign.toml", Description)
        self.extract = read_data(folder / "extract.toml", Extract)
        self.catalogue = read_data(folder / "catalogue.toml", dict[str, dict[str, dict[str, str]]])
        self.windows = read_data(folder / "windows.toml", dict[str, WindowTemplate])
        self.scenes = {
            place.scene: read_data(folder / "scenes" / f"{place.scene}.toml", SceneTemplate)
            for place in self.description.scenes
        }
        _check_references(self)

    @property
    def id(self) -> str:
        """The campaign's id, as ``campaign.toml`` states it."""
        return self.description.id

    def shared(self, name: str) -> Path:
        """The path of a file or folder of ``SHARED``: a kept version's own copy, else the program's assets."""
        return shared_by(self.folder, name)

    @property
    def art(self) -> Path:
        """The folder of the shared drawings."""
        return self.shared(ART)

    @property
    def fonts(self) -> Path:
        """The folder of the shared fonts."""
        return self.shared(FONTS)

    def copy_shared(self, folder: Path) -> None:
        """Copy the shared files into the folder of a kept version; raises OSError."""
        for name in SHARED:
            source, copy = self.shared(name), folder / kept_name(name)
            if source.is_dir():
                shutil.copytree(source, copy)
            else:
                shutil.copyfile(source, copy)

    @cached_property
    def cases(self) -> Mapping[str, Case]:
        """The cases by id, in the pack's order."""
        return {case.id: case for case in self.description.cases}

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """The titles of cases and of reasons to make no guide, by id."""
        rules = self.description.rules
        cases = {case.id: case.title for case in self.description.cases}
        return {**cases, **{rule.reason: rule.title for rule in rules.left_out}, rules.no_case: rules.no_case_title}

    def case(self, case_id: str) -> Case:
        """The case with this id; raises UnknownChoice, which lists the known ones."""
        if case_id not in self.cases:
            raise UnknownChoice("caso", case_id, self.cases)
        return self.cases[case_id]

    def entry(self, fact_id: str, entry_id: str) -> CatalogueEntry:
        """A catalogue entry that a fact may hold, with its id; raises UnknownChoice, which lists the known ones."""
        fact = self.description.facts[fact_id]
        entries = self.catalogue[fact.catalogue]
        if entry_id not in entries:
            raise UnknownChoice(fact.option, entry_id, entries)
        return {"id": entry_id, **entries[entry_id]}

    def drawing(self, scene: str) -> str:
        """The path of the scene's drawing template, relative to the pack."""
        return f"scenes/{scene}.svg"


def kept_name(name: str) -> str:
    """The name of a shared file or folder inside a kept version of a pack: hidden, as it is not part of the pack."""
    return f".{name}"


def shared_by(pack: Path, name: str) -> Path:
    """The path of a file or folder of ``SHARED`` for the pack in a folder: its own copy, else the program's assets."""
    own_copy = pack / kept_name(name)
    return own_copy if own_copy.exists() else assets_folder() / name


def campaigns(folder: Path) -> tuple[str, ...]:
    """The ids of the packs in ``folder``."""
    return tuple(sorted(path.parent.name for path in folder.glob("*/campaign.toml")))


def load(folder: Path, campaign_id: str) -> Campaign:
    """The campaign with this id in ``folder``; raises UnknownChoice or PackError."""
    campaign_ids = campaigns(folder)
    if campaign_id not in campaign_ids:
        raise UnknownChoice("campagna", campaign_id, campaign_ids)
    return Campaign(folder / campaign_id)


def joined_ids(ids: Iterable[str]) -> str:
    """The ids of cases or catalogue entries as one word, as rows of tables and reports hold them.

    >>> split_ids(joined_ids(["adult-child", "unverified-iban"]))
    ('adult-child', 'unverified-iban')
    """
    return "+".join(ids)


def split_ids(joined: str) -> tuple[str, ...]:
    """The ids that :func:`joined_ids` joined; none for the empty word."""
    return tuple(joined.split("+")) if joined else ()


FIRST_NAME = "first_name"
"""The one personal variable. Only the words and drawings of scenes may depend on it; who gets a guide, which scenes
it has and what its windows say may not, so that guides share all of that."""

SOLVED, CHANGED, HANDED_OVER = OWN_REASONS = ("solved", "changed", "handed-over")
"""Why a guide was withdrawn, besides a pack's endings: its reason has vanished or has changed, or its number is
another person's now."""

_REASON = re.compile(r"[a-z][a-z-]{0,39}")
_ADDRESS = re.compile(r"https://(?P<host>[a-z0-9.-]+)(?:/[!-\[\]-~]*)?")
"""No user, no port and no backslash, which browsers read differently (https://url.spec.whatwg.org/#url-parsing)."""

_T = TypeVar("_T")


def read_data(file: Path, kind: type[_T]) -> _T:
    """A TOML file of a pack as data of this type; raises PackError, which says what is wrong and where."""
    try:
        return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), kind)
    except OSError as error:
        raise PackError(file, f"non si può leggere: {system_reason(error)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PackError(file, f"non è TOML in UTF-8: {error}") from error
    except msgspec.ValidationError as error:
        raise PackError(file, str(error)) from error


def _check_references(pack: Campaign) -> None:
    """Everything that is named must exist; raises PackError at the first name that does not."""

    def require(name: str, names: Any, file: str, where: str, what: str) -> None:
        if name and name not in names:
            reason = f"valore sconosciuto per {what}: {name!r}; ammessi: {', '.join(names)}"
            raise PackError(pack.folder / file, reason, where=where)

    description = pack.description
    for fact_id, fact in description.facts.items():
        if fact.type != "count":
            require(fact.catalogue or "(nessuno)", pack.catalogue, "campaign.toml", f"facts.{fact_id}", "catalogo")
    for case in description.cases:
        require(case.needs, description.facts, "campaign.toml", f"cases.{case.id}", "dato")
    for window_id, window in pack.windows.items():
        require(window.link, description.links, "windows.toml", window_id, "collegamento")
    for scene_id, scene in pack.scenes.items():
        file = f"scenes/{scene_id}.toml"
        sentences = [sentence.id for sentence in scene.sentences]
        if len(set(sentences)) != len(sentences):
            raise PackError(pack.folder / file, "due frasi hanno lo stesso id")
        for button in scene.buttons:
            where = f"buttons.{button.id}"
            if bool(button.window) == bool(button.link):
                reason = "un pulsante apre una finestra o segue un collegamento: uno dei due"
                raise PackError(pack.folder / file, reason, where=where)
            require(button.window, pack.windows, file, where, "finestra")
            require(button.link, description.links, file, where, "collegamento")
            require(button.sentence, sentences, file, where, "frase")
        for sentence in scene.sentences:
            require(sentence.each, scene.variables, file, f"sentences.{sentence.id}", "variabile")
    _check_endings(pack)
    _check_links(pack)
    _check_impersonal(pack)
    extract = pack.extract
    facts = {fact_id for fact_id, fact in description.facts.items() if fact.type != "count"}
    for table, required, present in (
        ("columns", (*COLUMNS, *description.facts), extract.columns),
        ("values", (*SPELLINGS, *sorted(facts)), extract.values),
    ):
        if missing := [name for name in required if name not in present]:
            raise PackError(pack.folder / "extract.toml", f"manca: {', '.join(missing)}", where=table)
    for column, spellings in extract.values.items():
        require(column, extract.columns, "extract.toml", "values", "colonna")
        meanings = description.channels if column == "channel" else SPELLINGS.get(column)
        for value in spellings.values() if meanings else ():
            require(value, meanings, "extract.toml", f"values.{column}", column)


def _check_endings(pack: Campaign) -> None:
    """The reasons of endings are words of their own, and each has a text for its person; raises PackError."""
    reasons = [ending.reason for ending in pack.description.rules.endings]
    for ending in pack.description.rules.endings:
        where, problem = f"rules.endings.{ending.reason}", ""
        if not _REASON.fullmatch(ending.reason) or ending.reason in OWN_REASONS or reasons.count(ending.reason) > 1:
            own = ", ".join(OWN_REASONS)
            problem = f"motivo non valido; ammessi: lettere piccole e trattini, ognuno una volta, non {own}"
        elif ending.forget is bool(ending.text):
            problem = "un motivo ha un testo per la persona, oppure «forget», e allora nessuno lo legge"
        if problem:
            raise PackError(pack.folder / "campaign.toml", problem, where=where)


def _check_links(pack: Campaign) -> None:
    """A link is an https address of an allowed site; raises PackError."""
    hosts = pack.description.hosts
    for link_id, link in pack.description.links.items():
        address = _ADDRESS.fullmatch(link.url)
        if not address or address["host"] not in hosts:
            reason = f"non è un indirizzo https di {', '.join(hosts)}"
            raise PackError(pack.folder / "campaign.toml", reason, where=f"links.{link_id}")


def _check_impersonal(pack: Campaign) -> None:
    """Only scenes may ask for the first name; raises PackError."""
    description = pack.description
    sources = [
        ("campaign.toml", f"values.{name}", f"{{{{ {source} }}}}") for name, source in description.values.items()
    ]
    for where, rule in (
        *((f"rules.{rule.reason}", rule.when) for rule in description.rules.left_out),
        *((f"rules.endings.{ending.reason}", ending.when) for ending in description.rules.endings),
        *((f"cases.{case.id}", case.when) for case in description.cases),
        *((f"scenes.{place.scene}", place.when) for place in description.scenes if place.when),
    ):
        sources.append(("campaign.toml", where, f"{{{{ {rule} }}}}"))
    for window_id, window in pack.windows.items():
        words = (*window.text, *window.points, window.point)
        sources += [("windows.toml", window_id, source) for source in words]
    for file, where, source in sources:
        if FIRST_NAME not in source:
            continue  # most sources: parsing them all would slow down every command
        if FIRST_NAME in templates.variables_used(source, file=pack.folder / file, where=where):
            raise PackError(pack.folder / file, "chiede il nome della persona; ammesso solo nelle scene", where=where)
