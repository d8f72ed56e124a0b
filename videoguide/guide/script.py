# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Application + cases + campaign -> Script: the filled scenes in order, as plain data."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from videoguide.errors import FirstNameError, InputError, PackError
from videoguide.intake.applications import Application
from videoguide.media.manifest import Window
from videoguide.media.payload import Button
from videoguide.packs import templates
from videoguide.packs.campaigns import (
    FIRST_NAME,
    ButtonTemplate,
    Campaign,
    ScenePlace,
    SceneTemplate,
    SentenceTemplate,
    Variable,
)
from videoguide.picture.typography import typesetter
from videoguide.speech.sentences import Sentence

PATRONATO = "patronato"
OWN_WORDS = (FIRST_NAME, PATRONATO)
"""Variables whose words come from the extract, not from the pack, and so may be too long or impossible to speak."""

Value = str | int | bool | tuple["Value", ...] | Mapping[str, "Value"]


@dataclass(frozen=True)
class FilledScene:
    """A scene with its values.

    ``values`` holds only the declared variables, so that values which a scene does not use never lead to a second
    segment of it.
    """

    scene: str
    chapter: str
    values: Mapping[str, Value]
    sentences: tuple[Sentence, ...]
    buttons: tuple[Button, ...] = ()

    @property
    def own_words(self) -> tuple[str, ...]:
        """The scene's variables with the person's own words; when the scene fails, the first is left out first."""
        return tuple(name for name in OWN_WORDS if self.values.get(name))


@dataclass(frozen=True)
class Script:
    """All that one guide says and shows, before any sound or picture is made."""

    campaign: str
    cases: tuple[str, ...]
    channel: str
    scenes: tuple[FilledScene, ...]
    windows: tuple[Window, ...] = field(default=())


@dataclass(frozen=True)
class Pattern:
    """The script that applications of one shape share, except for the scenes that say a name.

    ``personal`` maps the positions of those scenes in the script to what fills them.
    """

    script: Script
    campaign: Campaign
    personal: Mapping[int, tuple[ScenePlace, Mapping[str, Any]]]

    def scenes_for(self, first_name: str) -> dict[int, FilledScene]:
        """The scenes that say this name, by position; an empty name gives the neutral ones.

        Raises FirstNameError for a name that the font cannot draw.
        """
        _require_drawable(first_name, self.campaign.fonts)
        return {
            at: _fill_scene(place, {**values, FIRST_NAME: first_name}, self.campaign)
            for at, (place, values) in self.personal.items()
        }


def shape_of(application: Application) -> Hashable:
    """Everything in an application that scripts and rules may depend on, except the first name."""
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
    """The script of the guide of ``application`` for ``cases`` (ids, in any order).

    Raises UnknownChoice for an unknown case, InputError for a case whose fact is missing, FirstNameError for a name
    that the font cannot draw, PackError where the pack's own templates fail.
    """
    _require_drawable(application.spoken_name, campaign.fonts)
    return pattern(application, cases, campaign).script


def pattern(application: Application, cases: Sequence[str], campaign: Campaign) -> Pattern:
    """The script of ``application``, reusable for others of its shape. Raises like :func:`write_script`."""
    if codes := _undrawable(application.patronato, campaign.fonts):
        raise InputError(f"patronato: contiene caratteri che il font non può disegnare ({codes})")
    chosen = [campaign.case(case).id for case in cases]
    ordered = tuple(case for case in campaign.cases if case in chosen)
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


def _require_drawable(first_name: str, fonts: Path) -> None:
    if codes := _undrawable(first_name, fonts):
        raise FirstNameError(f"contiene caratteri che il font non può disegnare ({codes})")


@lru_cache(maxsize=65_536)
def _undrawable(text: str, fonts: Path) -> str:
    """The code points of the characters that the fonts in a folder lack, or nothing."""
    return ", ".join(f"U+{ord(character):04X}" for character in sorted(typesetter(fonts).missing_glyphs(text)))


def guide_values(application: Application, cases: Sequence[str], campaign: Campaign) -> dict[str, Any]:
    """Everything that scenes may be filled with.

    That is the application's fields and facts, the cases, the links, and the pack's own expressions over them.
    """
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
        value = application.facts.get(fact_id)
        if fact.type == "count":
            values[fact_id] = value or 0
        elif fact.type == "entry":
            values[fact_id] = campaign.entry(fact_id, str(value)) if value else {}
        else:
            entries = {item: campaign.entry(fact_id, item) for item in value} if isinstance(value, tuple) else {}
            values[fact_id] = tuple(entries[item] for item in campaign.catalogue[fact.catalogue] if item in entries)
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
    return Sentence(sentence_id, text, template.pause_ms)


def _offered_from(button: ButtonTemplate, spoken: Sequence[str], file: str) -> str:
    """The sentence with which a button appears: its own, or the first where there is one for each item."""
    for sentence in (button.sentence, f"{button.sentence}-1"):
        if sentence in spoken:
            return sentence
    raise PackError(file, f"la frase {button.sentence!r} non si dice quando c’è il pulsante", where=button.id)


def _fill_window(window_id: str, values: Mapping[str, Any], campaign: Campaign) -> Window:
    window = campaign.windows[window_id]

    def filled(source: str, **more: Any) -> str:
        return templates.words(source, {**values, **more}, file="windows.toml", where=window_id)

    points = [filled(point) for point in window.points]
    points += [filled(window.point, item=item) for item in values[window.each]] if window.each else []
    return Window(window_id, window.title, tuple(map(filled, window.text)), tuple(points), window.link)


def _typed(name: str, variable: Variable, values: Mapping[str, Any], file: str) -> Value:
    """The value of a declared variable, checked against its declared type."""
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
