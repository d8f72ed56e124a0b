"""Loads a campaign pack, ``scenes/<campaign>/``: all that is particular to one campaign, as data.

A pack holds ``campaign.toml`` (rules, cases, order of scenes, links), ``extract.toml`` (the
extract's columns and spellings), ``catalogue.toml`` (documents, anomalies), ``windows.toml``
(in-depth windows) and, in ``scenes/``, one TOML (words) and one SVG (drawing) a scene. Reading is
strict: an unknown key, a wrong type or a reference to nothing is a PackError that names the place.
"""

import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from videoguide import templates
from videoguide.assets import assets_folder
from videoguide.errors import PackError, UnknownChoice, system_reason

Entry = Mapping[str, str]

ART, KEPT_ART = "art", ".art"
"""The folders of shared drawings: in the assets, and in a kept version of a pack."""

COLUMNS = (
    *("id", "fiscal_code", "first_name", "sex", "applicant", "filed_on", "channel", "patronato", "status"),
    *("status_since", "consent", "email", "mobile", "on_app_io", "extracted_on"),
)
"""The columns that every extract has; a campaign's facts are further ones."""

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "sex": ("F", "M"),
    "applicant": ("parent", "guardian", "child"),
    "channel": (),
    "status": (),
    "consent": ("yes", "no"),
    "on_app_io": ("yes", "no"),
}
"""The columns whose values an extract spells in its own way, and what they come to (any value if none is named)."""


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all pack data: immutable, and closed against misspelt keys."""


class Variable(Data, frozen=True):
    """What a scene may be filled with. ``of`` lists the allowed values of a ``choice``."""

    type: Literal["text", "choice", "count", "flag", "words", "entry", "entries"]
    meaning: str
    of: tuple[str, ...] = ()


class SentenceTemplate(Data, frozen=True):
    """One sentence. ``each`` names a list variable: one sentence an item, ``item`` in the words."""

    id: str
    text: str
    pause: int = 300
    when: str = ""
    each: str = ""


class ButtonTemplate(Data, frozen=True):
    """A button offered from the start of ``sentence`` to the scene's end: a window or a link.

    ``area`` is its place in the picture (x, y, width, height at 1920x1080) where it is drawn, too.
    """

    id: str
    label: str
    sentence: str
    window: str = ""
    link: str = ""
    when: str = ""
    area: tuple[int, int, int, int] | None = None


class SceneTemplate(Data, frozen=True):
    """One scene on disk: declared variables, words and the name of its drawing."""

    chapter: str
    variables: Mapping[str, Variable]
    sentences: tuple[SentenceTemplate, ...]
    buttons: tuple[ButtonTemplate, ...] = ()


class ScenePlace(Data, frozen=True):
    """Where a scene stands in the guide, and when. ``step`` scenes are numbered (1 of 4 …)."""

    scene: str
    when: str = ""
    step: bool = False


class Case(Data, frozen=True):
    """A reason for a guide. ``needs`` names the fact without which it cannot be told."""

    id: str
    title: str
    when: str
    status: str
    needs: str = ""


class LeftOut(Data, frozen=True):
    """A reason to leave somebody out, and how the staff read it; the first that holds counts."""

    reason: str
    title: str
    when: str


class Fact(Data, frozen=True):
    """A campaign's own field of an application, beyond the common ones. ``option`` names one of it."""

    type: Literal["entries", "entry", "count"]
    option: str
    meaning: str
    catalogue: str = ""
    at_most: int = 0


class Link(Data, frozen=True):
    """Where a button leads. ``short`` is the address as a person reads and types it."""

    title: str
    url: str
    short: str = ""


class Window(Data, frozen=True):
    """An in-depth window: plain paragraphs, then points, then an optional link."""

    title: str
    text: tuple[str, ...]
    points: tuple[str, ...] = ()
    each: str = ""
    point: str = ""
    link: str = ""


class Voices(Data, frozen=True):
    """Which voices may speak this campaign, and which does by default."""

    default: str
    online_allowed: bool = False


class Limits(Data, frozen=True):
    """Bounds that the pack's check holds every guide to."""

    guide_seconds: tuple[int, int]
    gulpease: int
    name_letters: int
    longest_name: str
    longest_patronato: str


class Rules(Data, frozen=True):
    left_out: tuple[LeftOut, ...]
    no_case: str
    no_case_title: str


class Description(Data, frozen=True):
    """``campaign.toml``."""

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
    links: Mapping[str, Link]


class Extract(Data, frozen=True):
    """``extract.toml``: the extract's columns, how it writes dates, and its spellings of values."""

    date: str
    joined_by: str
    columns: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]


class Campaign:
    """A loaded pack. Everything is read at once, so that a broken pack fails before any work."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.description = read_data(folder / "campaign.toml", Description)
        self.extract = read_data(folder / "extract.toml", Extract)
        self.catalogue = read_data(folder / "catalogue.toml", dict[str, dict[str, dict[str, str]]])
        self.windows = read_data(folder / "windows.toml", dict[str, Window])
        self.scenes = {
            place.scene: read_data(folder / "scenes" / f"{place.scene}.toml", SceneTemplate)
            for place in self.description.scenes
        }
        _check_references(self)

    @property
    def id(self) -> str:
        return self.description.id

    @property
    def art(self) -> Path:
        """Where the drawings that all campaigns share are: the assets', or those that a kept version has with it."""
        own = self.folder / KEPT_ART
        return own if own.is_dir() else assets_folder() / ART

    @cached_property
    def cases(self) -> Mapping[str, Case]:
        return {case.id: case for case in self.description.cases}

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """Words for the ids of cases and of reasons to leave somebody out."""
        rules = self.description.rules
        cases = {case.id: case.title for case in self.description.cases}
        return {**cases, **{rule.reason: rule.title for rule in rules.left_out}, rules.no_case: rules.no_case_title}

    def case(self, case_id: str) -> Case:
        """The case, or UnknownChoice with the list of known ones."""
        if case_id not in self.cases:
            raise UnknownChoice("caso", case_id, self.cases)
        return self.cases[case_id]

    def entry(self, fact_id: str, entry_id: str) -> Entry:
        """A catalogue entry, with its id, that a fact may hold; else UnknownChoice with the known ones."""
        fact = self.description.facts[fact_id]
        entries = self.catalogue[fact.catalogue]
        if entry_id not in entries:
            raise UnknownChoice(fact.option, entry_id, entries)
        return {"id": entry_id, **entries[entry_id]}

    def drawing(self, scene: str) -> str:
        """Name of the scene's drawing template, relative to the pack."""
        return f"scenes/{scene}.svg"


def campaigns(folder: Path) -> tuple[str, ...]:
    """Ids of the packs below ``folder``."""
    return tuple(sorted(path.parent.name for path in folder.glob("*/campaign.toml")))


def load(folder: Path, campaign_id: str) -> Campaign:
    """The campaign of that id below ``folder``; raises UnknownChoice or PackError."""
    known = campaigns(folder)
    if campaign_id not in known:
        raise UnknownChoice("campagna", campaign_id, known)
    return Campaign(folder / campaign_id)


FIRST_NAME = "first_name"
"""The one variable that is a person's own. Only what scenes say and show may depend on it: who gets a guide, which
scenes it has and what its windows say do not, so that guides share all of that."""

_T = TypeVar("_T")


def read_data(file: Path, kind: type[_T]) -> _T:
    """A TOML file of a pack as data of that kind; PackError says what is wrong and where."""
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

    def known(name: str, names: Any, file: str, where: str, what: str) -> None:
        if name and name not in names:
            reason = f"valore sconosciuto per {what}: {name!r}; ammessi: {', '.join(names)}"
            raise PackError(pack.folder / file, reason, where=where)

    about = pack.description
    for fact_id, fact in about.facts.items():
        if fact.type != "count":
            known(fact.catalogue or "(nessuno)", pack.catalogue, "campaign.toml", f"facts.{fact_id}", "catalogo")
    for case in about.cases:
        known(case.needs, about.facts, "campaign.toml", f"cases.{case.id}", "dato")
    for window_id, window in pack.windows.items():
        known(window.link, about.links, "windows.toml", window_id, "collegamento")
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
            known(button.window, pack.windows, file, where, "finestra")
            known(button.link, about.links, file, where, "collegamento")
            known(button.sentence, sentences, file, where, "frase")
        for sentence in scene.sentences:
            known(sentence.each, scene.variables, file, f"sentences.{sentence.id}", "variabile")
    _check_impersonal(pack)
    extract = pack.extract
    facts = {fact_id for fact_id, fact in about.facts.items() if fact.type != "count"}
    for part, names, there in (
        ("columns", (*COLUMNS, *about.facts), extract.columns),
        ("values", (*SPELLINGS, *sorted(facts)), extract.values),
    ):
        if missing := [name for name in names if name not in there]:
            raise PackError(pack.folder / "extract.toml", f"manca: {', '.join(missing)}", where=part)
    for column, spelt in extract.values.items():
        known(column, extract.columns, "extract.toml", "values", "colonna")
        meant = about.channels if column == "channel" else SPELLINGS.get(column)
        for value in spelt.values() if meant else ():
            known(value, meant, "extract.toml", f"values.{column}", column)


def _check_impersonal(pack: Campaign) -> None:
    """Nothing but scenes may ask for the first name; raises PackError."""
    about = pack.description
    sources = [("campaign.toml", f"values.{name}", f"{{{{ {source} }}}}") for name, source in about.values.items()]
    for where, rule in (
        *((f"rules.{rule.reason}", rule.when) for rule in about.rules.left_out),
        *((f"cases.{case.id}", case.when) for case in about.cases),
        *((f"scenes.{place.scene}", place.when) for place in about.scenes if place.when),
    ):
        sources.append(("campaign.toml", where, f"{{{{ {rule} }}}}"))
    for window_id, window in pack.windows.items():
        words = (*window.text, *window.points, window.point)
        sources += [("windows.toml", window_id, source) for source in words]
    for file, where, source in sources:
        if FIRST_NAME not in source:
            continue  # most: parsing them all would cost every command its time
        if FIRST_NAME in templates.variables_used(source, file=pack.folder / file, where=where):
            raise PackError(pack.folder / file, "chiede il nome della persona; ammesso solo nelle scene", where=where)
