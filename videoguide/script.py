"""Application + cases + campaign -> Script: the filled scenes in their order, as plain data."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from videoguide import templates
from videoguide.applications import Application
from videoguide.campaigns import (
    FIRST_NAME,
    ButtonTemplate,
    Campaign,
    ScenePlace,
    SceneTemplate,
    SentenceTemplate,
    Variable,
)
from videoguide.errors import FirstNameError, InputError, PackError
from videoguide.typography import missing_glyphs

PATRONATO = "patronato"
OWN_WORDS = (FIRST_NAME, PATRONATO)
"""Variables whose words come from the extract, not from the pack: any of them may be too long, or unspeakable."""

Value = str | int | bool | tuple["Value", ...] | Mapping[str, "Value"]


@dataclass(frozen=True)
class Sentence:
    """One spoken sentence.

    ``id`` is unique in its scene and the anchor of its timeline; ``text`` is Italian as written
    (captions, transcript); ``pause_ms`` is the silence after it.
    """

    id: str
    text: str
    pause_ms: int


@dataclass(frozen=True)
class Button:
    """A button offered from the start of ``sentence`` to its scene's end; opens a window or a link."""

    id: str
    label: str
    sentence: str
    window: str
    link: str
    area: tuple[int, int, int, int] | None


@dataclass(frozen=True)
class FilledScene:
    """A scene with its values. ``values`` holds just the declared variables, so that what a scene
    does not use cannot make a second segment of it."""

    scene: str
    chapter: str
    values: Mapping[str, Value]
    sentences: tuple[Sentence, ...]
    buttons: tuple[Button, ...] = ()

    @property
    def own_words(self) -> tuple[str, ...]:
        """The variables in it whose words are somebody's own, those first that fail first; none where nobody's are."""
        return tuple(name for name in OWN_WORDS if self.values.get(name))


@dataclass(frozen=True)
class FilledWindow:
    """An in-depth window: paragraphs, points, and where its button leads (a link's id or "")."""

    id: str
    title: str
    text: tuple[str, ...]
    points: tuple[str, ...]
    link: str


@dataclass(frozen=True)
class Script:
    """All that one guide says and shows, before a sound is made or a line is drawn."""

    campaign: str
    cases: tuple[str, ...]
    channel: str
    scenes: tuple[FilledScene, ...]
    windows: tuple[FilledWindow, ...] = field(default=())


@dataclass(frozen=True)
class Pattern:
    """The script that applications of one shape share: theirs but for the scenes that say a name.

    ``personal`` are those scenes' places in the script, each with what fills it.
    """

    script: Script
    campaign: Campaign
    personal: Mapping[int, tuple[ScenePlace, Mapping[str, Any]]]

    def scenes_for(self, first_name: str) -> dict[int, FilledScene]:
        """The scenes that say this name, by their place; the empty name gives the neutral ones.

        Raises FirstNameError for a name that the font cannot draw.
        """
        _require_drawable(first_name)
        return {
            at: _fill_scene(place, {**values, FIRST_NAME: first_name}, self.campaign)
            for at, (place, values) in self.personal.items()
        }


def shape_of(application: Application) -> Hashable:
    """All of an application that scripts and rules may depend on, but for the first name."""
    return (
        application.sex,
        application.applicant,
        application.channel,
        application.patronato,
        application.status,
        application.filed_on.year,
        application.consent,
        tuple(sorted(application.facts.items())),
    )


def write_script(application: Application, cases: Sequence[str], campaign: Campaign) -> Script:
    """The guide of ``application`` for ``cases`` (ids, in any order).

    Raises UnknownChoice for an unknown case, InputError for a case without the fact that it tells
    of, FirstNameError for a name that the font cannot draw, PackError where the pack's own templates fail.
    """
    _require_drawable(application.spoken_name)
    return pattern(application, cases, campaign).script


def pattern(application: Application, cases: Sequence[str], campaign: Campaign) -> Pattern:
    """The script of ``application``, ready to be that of others of its shape. Raises like :func:`write_script`."""
    if codes := _undrawable(application.patronato):
        raise InputError(f"patronato: contiene caratteri che il font non può disegnare ({codes})")
    wanted = [campaign.case(case).id for case in cases]
    ordered = tuple(case for case in campaign.cases if case in wanted)
    if not ordered:
        raise InputError(f"manca il caso della guida; ammessi: {', '.join(campaign.cases)}")
    values = guide_values(application, ordered, campaign)
    for case_id in ordered:
        fact = campaign.cases[case_id].needs
        if fact and not values[fact]:
            option = campaign.description.facts[fact].option
            allowed = ", ".join(campaign.catalogue.get(campaign.description.facts[fact].catalogue, {})) or "1 o più"
            raise InputError(f"caso {case_id}: manca {option}; ammessi: {allowed}")
    places = [
        place
        for place in campaign.description.scenes
        if _holds(place.when, values, "campaign.toml", f"scenes.{place.scene}")
    ]
    steps = sum(place.step for place in places)
    fillings = [(place, {**values, **numbers}) for place, numbers in _numbered(places, steps)]
    scenes = tuple(_fill_scene(place, filling, campaign) for place, filling in fillings)
    used = {button.window for scene in scenes for button in scene.buttons if button.window}
    windows = tuple(_fill_window(window, values, campaign) for window in campaign.windows if window in used)
    personal = {at: filling for at, filling in enumerate(fillings) if FIRST_NAME in scenes[at].values}
    return Pattern(Script(campaign.id, ordered, application.channel, scenes, windows), campaign, personal)


def _require_drawable(first_name: str) -> None:
    if codes := _undrawable(first_name):
        raise FirstNameError(f"contiene caratteri che il font non può disegnare ({codes})")


@lru_cache(maxsize=65_536)
def _undrawable(text: str) -> str:
    return ", ".join(f"U+{ord(sign):04X}" for sign in sorted(missing_glyphs(text)))


def guide_values(application: Application, cases: Sequence[str], campaign: Campaign) -> dict[str, Any]:
    """Everything that scenes may be filled with: the application's fields and facts, the cases, the
    links, and the pack's own expressions over them."""
    values = application_values(application, campaign)
    values["cases"] = tuple(cases)
    values["links"] = {
        link_id: {"title": link.title, "url": link.url, "short": link.short}
        for link_id, link in campaign.description.links.items()
    }
    for name, source in campaign.description.values.items():
        values[name] = templates.value(source, values, file="campaign.toml", where=f"values.{name}")
    return values


def application_values(application: Application, campaign: Campaign) -> dict[str, Any]:
    """The application as rules and scenes see it: catalogue entries in place of their ids."""
    values: dict[str, Any] = {
        FIRST_NAME: application.spoken_name,
        "sex": application.sex,
        "applicant": application.applicant,
        "channel": application.channel,
        PATRONATO: application.patronato,
        "status": application.status,
        "filed_year": application.filed_on.year,
        "consent": application.consent,
        "years": campaign.description.years,
    }
    for fact_id, fact in campaign.description.facts.items():
        given = application.facts.get(fact_id)
        if fact.type == "count":
            values[fact_id] = given or 0
        elif fact.type == "entry":
            values[fact_id] = campaign.entry(fact_id, str(given)) if given else {}
        else:
            chosen = {item: campaign.entry(fact_id, item) for item in given} if isinstance(given, tuple) else {}
            values[fact_id] = tuple(chosen[item] for item in campaign.catalogue[fact.catalogue] if item in chosen)
    return values


def _holds(condition: str, values: Mapping[str, Any], file: str, where: str) -> bool:
    return not condition or bool(templates.value(condition, values, file=file, where=where))


def _numbered(places: Sequence[ScenePlace], steps: int) -> Iterator[tuple[ScenePlace, dict[str, int]]]:
    step = 0
    for place in places:
        step += place.step
        yield place, {"step": step, "steps": steps} if place.step else {}


def _fill_scene(place: ScenePlace, values: Mapping[str, Any], campaign: Campaign) -> FilledScene:
    template = campaign.scenes[place.scene]
    file = f"scenes/{place.scene}.toml"
    declared = {name: _typed(name, variable, values, file) for name, variable in template.variables.items()}
    sentences = tuple(_fill_sentences(template, declared, file))
    spoken = [sentence.id for sentence in sentences]
    buttons = tuple(
        Button(button.id, button.label, _offered_from(button, spoken, file), button.window, button.link, button.area)
        for button in template.buttons
        if _holds(button.when, declared, file, f"buttons.{button.id}")
    )
    return FilledScene(place.scene, template.chapter, declared, sentences, buttons)


def _fill_sentences(template: SceneTemplate, values: Mapping[str, Any], file: str) -> Iterator[Sentence]:
    for sentence in template.sentences:
        if not _holds(sentence.when, values, file, f"sentences.{sentence.id}"):
            continue
        if not sentence.each:
            yield _sentence(sentence, sentence.id, values, file)
            continue
        items = values[sentence.each]
        for number, item in enumerate(items, 1):
            place = {"first": number == 1, "last": number == len(items), "number": number}
            yield _sentence(sentence, f"{sentence.id}-{number}", {**values, "item": item, "loop": place}, file)


def _sentence(template: SentenceTemplate, sentence_id: str, values: Mapping[str, Any], file: str) -> Sentence:
    text = " ".join(templates.words(template.text, values, file=file, where=f"sentences.{template.id}").split())
    return Sentence(sentence_id, text, template.pause)


def _offered_from(button: ButtonTemplate, spoken: Sequence[str], file: str) -> str:
    """The sentence that a button comes with: its own, or the first where there is one for each item."""
    for sentence in (button.sentence, f"{button.sentence}-1"):
        if sentence in spoken:
            return sentence
    raise PackError(file, f"la frase {button.sentence!r} non si dice quando c’è il pulsante", where=button.id)


def _fill_window(window_id: str, values: Mapping[str, Any], campaign: Campaign) -> FilledWindow:
    window = campaign.windows[window_id]

    def filled(source: str, **more: Any) -> str:
        return templates.words(source, {**values, **more}, file="windows.toml", where=window_id)

    points = [filled(point) for point in window.points]
    points += [filled(window.point, item=item) for item in values[window.each]] if window.each else []
    return FilledWindow(window_id, window.title, tuple(map(filled, window.text)), tuple(points), window.link)


def _typed(name: str, variable: Variable, values: Mapping[str, Any], file: str) -> Value:
    """The value of a declared variable, held to its declared type."""
    if name not in values:
        raise PackError(file, f"dichiara {name!r}, che le domande non hanno e campaign.toml non definisce")
    value = values[name]
    if variable.type == "flag":
        return bool(value)
    if not _is_of(variable, value):
        allowed = f"; ammessi: {', '.join(variable.of)}" if variable.of else ""
        raise PackError(file, f"non è del tipo {variable.type}{allowed}", where=f"variables.{name}")
    return tuple(value) if variable.type in ("words", "entries") else value


def _is_of(variable: Variable, value: Any) -> bool:
    match variable.type:
        case "text":
            return isinstance(value, str)
        case "choice":
            return value in variable.of
        case "count":
            return isinstance(value, int)
        case "words":
            return all(isinstance(item, str) for item in value)
        case "entry":
            return isinstance(value, Mapping)
        case _:
            return all(isinstance(item, Mapping) for item in value)
