"""Proves a campaign pack before anything is rendered: every guide that it can make is filled, and
every distinct scene of those is spoken, drawn and looked at.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any
from urllib.parse import urlsplit

from videoguide import captions, legibility, templates
from videoguide.applications import Application, FactValue
from videoguide.campaigns import Campaign, Fact
from videoguide.captions import TimedText
from videoguide.errors import PackError
from videoguide.narration import Narration
from videoguide.previews import APPLICANTS, SEXES, invented_application
from videoguide.progress import Report, silently
from videoguide.readability import gulpease
from videoguide.script import FilledScene, FilledWindow, Script, write_script
from videoguide.segments import Studio
from videoguide.store import key_of
from videoguide.timing import FPS, frame_at, frames_to_ms, samples_to_ms

STILL_SECONDS = 4
"""While somebody speaks, something moves at least this often."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with a pack: in which file, where in it, and what is allowed."""

    file: str
    where: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}{f' ({self.where})' if self.where else ''}: {self.problem}"


@dataclass(frozen=True)
class Checked:
    """What a check looked at, and what it found wrong."""

    guides: int
    scenes: tuple[FilledScene, ...]
    seconds: tuple[float, float]
    findings: tuple[Finding, ...]


def check(studio: Studio, report: Report = silently) -> Checked:
    """Everything that can be known about a pack without rendering it, with the studio's voice."""
    pack = studio.campaign
    findings = [*_variables(studio), *_links(pack), *_words(pack)]
    scripts, unfilled = _filled(pack)
    findings += _windows(scripts, pack.description.limits.gulpease)
    scenes = distinct_scenes(scripts)
    durations: dict[str, float] = {}
    for number, scene in enumerate(scenes, 1):
        seconds, found = _scene(scene, studio)
        durations[_identity(scene)] = seconds
        findings += found
        report(scene.chapter, number, len(scenes))
    lengths = [sum(durations[_identity(scene)] for scene in script.scenes) for script in scripts]
    shortest, longest = pack.description.limits.guide_seconds
    for script, length in zip(scripts, lengths, strict=True):
        if not shortest <= length <= longest and 0 not in (durations[_identity(scene)] for scene in script.scenes):
            guide = f"{'+'.join(script.cases)}, {script.channel}"
            findings.append(Finding("campaign.toml", guide, f"dura {length:.1f} s; ammesso: da {shortest} a {longest}"))
    unique = tuple(dict.fromkeys([*unfilled, *findings]))
    return Checked(len(scripts), scenes, (min(lengths, default=0.0), max(lengths, default=0.0)), unique)


def every_guide(pack: Campaign, most: int = 3) -> Iterator[tuple[Application, tuple[str, ...]]]:
    """An application for each combination that the pack tells apart, with its cases.

    All sets of cases x channels x years x facts; lists of up to ``most`` entries and of all; each sex
    and applicant once a set of facts; the longest allowed name throughout, and none at all.
    """
    about = pack.description
    cases = [case.id for case in about.cases]
    people = [(sex, applicant) for sex in SEXES for applicant in APPLICANTS]
    for size in range(1, len(cases) + 1):
        for chosen in combinations(cases, size):
            needed = {pack.cases[case].needs for case in chosen}
            choices = [_choices(pack, fact, fact_id in needed, most) for fact_id, fact in about.facts.items()]
            for (channel, year), facts in product(product(about.channels, about.years), product(*choices)):
                given = dict(zip(about.facts, facts, strict=True))
                some = people if _is_plain(given) else people[:1]
                for sex, applicant in some:
                    for patronato in ("", about.limits.longest_patronato) if channel == "patronato" else ("",):
                        application = invented_application(
                            pack,
                            first_name=about.limits.longest_name,
                            sex=sex,
                            applicant=applicant,
                            channel=channel,
                            patronato=patronato,
                            filed_year=year,
                            cases=chosen,
                            facts=given,
                        )
                        yield application, chosen
                        if some is people:  # the greeting of who has a name that cannot be said or shown
                            yield replace(application, spoken_name=""), chosen


def distinct_scenes(scripts: Iterable[Script]) -> tuple[FilledScene, ...]:
    """Each scene with each of its fillings once, in the order of the first guide that has it."""
    found: dict[str, FilledScene] = {}
    for script in scripts:
        for scene in script.scenes:
            found.setdefault(_identity(scene), scene)
    return tuple(found.values())


def _choices(pack: Campaign, fact: Fact, needed: bool, most: int) -> list[FactValue]:
    """Values of a fact worth telling apart: each entry, each few of them, all; one and more."""
    if fact.type == "count":
        return [1, 2] if needed else [0]
    entries = tuple(pack.catalogue[fact.catalogue])
    if fact.type == "entry":
        return list(entries) if needed else [""]
    if not needed:
        return [(), entries[-1:]]
    return [*(some for size in range(1, most + 1) for some in combinations(entries, size)), entries]


def _is_plain(facts: Mapping[str, FactValue]) -> bool:
    return all(len(value) <= 1 for value in facts.values() if isinstance(value, tuple))


def _filled(pack: Campaign) -> tuple[list[Script], list[Finding]]:
    scripts, findings = [], []
    for application, cases in every_guide(pack):
        try:
            scripts.append(write_script(application, cases, pack))
        except PackError as error:
            findings.append(Finding(error.file, error.where, error.reason))
    return scripts, findings


def _identity(scene: FilledScene) -> str:
    values = {name: _plain(value) for name, value in scene.values.items()}
    return key_of([scene.scene, values, [sentence.text for sentence in scene.sentences]])


def _plain(value: Any) -> Any:
    return list(map(dict, value)) if isinstance(value, tuple) and value and isinstance(value[0], Mapping) else value


def _scene(scene: FilledScene, studio: Studio) -> tuple[float, list[Finding]]:
    """How long a scene lasts in seconds (0 if it cannot be drawn) and what is wrong with it."""
    words = f"scenes/{scene.scene}.toml"
    findings = []
    score = gulpease(" ".join(sentence.text for sentence in scene.sentences))
    lowest = studio.campaign.description.limits.gulpease
    if score < lowest:
        findings.append(Finding(words, "sentences", f"Gulpease {score:.0f}; ammesso: almeno {lowest}"))
    if not scene.sentences:
        return 0.0, [Finding(words, "sentences", "non ha niente da dire")]
    told = studio.tell(scene)
    texts = [
        TimedText(samples_to_ms(time.start), samples_to_ms(time.end), sentence.text)
        for sentence, time in zip(scene.sentences, told.sentences, strict=True)
    ]
    for problem in captions.problems(captions.caption(texts, frames_to_ms(told.frames))):
        findings.append(Finding(words, "captions", problem))
    drawing = studio.campaign.drawing(scene.scene)
    try:
        svg = studio.svg(scene)
        faults = legibility.faults(svg, drawing, told.sentences, told.frames)
        findings += [Finding(drawing, fault.layer, str(fault)) for fault in faults]
        findings += _still(scene, studio, told, drawing)
    except PackError as error:
        return 0.0, [*findings, Finding(drawing, error.where, error.reason)]
    return told.frames / FPS, findings


def _still(scene: FilledScene, studio: Studio, told: Narration, drawing: str) -> Iterator[Finding]:
    drawn = studio.draw(scene, told)
    first, last = frame_at(told.sentences[0].start), frame_at(told.sentences[-1].end)
    moving = [n for n in range(first, last) if drawn.changes(n)]
    for before, after in zip([first, *moving], [*moving, last], strict=True):
        if after - before > STILL_SECONDS * FPS:
            sentence = [time.id for time in told.sentences if frame_at(time.start) <= before][-1]
            length = (after - before) / FPS
            yield Finding(
                drawing, sentence, f"niente si muove per {length:.1f} s; ammesso: {STILL_SECONDS} mentre si parla"
            )


def _variables(studio: Studio) -> Iterator[Finding]:
    """Variables that a scene uses and does not declare, or declares and does not use."""
    from videoguide.typography import FUNCTIONS

    pack = studio.campaign
    for scene_id, scene in pack.scenes.items():
        file = f"scenes/{scene_id}.toml"
        used: set[str] = set()
        for sentence in scene.sentences:
            own = {"item", "loop"} if sentence.each else set()
            used |= templates.variables_used(sentence.text, file=file, where=sentence.id) - own
            used |= _asked(sentence.when, file, sentence.id) | ({sentence.each} if sentence.each else set())
        for button in scene.buttons:
            used |= _asked(button.when, file, button.id)
        try:
            functions = [*FUNCTIONS, "qr_code"]
            used |= templates.drawing_variables(pack.drawing(scene_id), studio.folders, functions) - {"chapter"}
        except PackError as error:
            yield Finding(error.file, error.where, error.reason)
        for name in sorted(used - scene.variables.keys()):
            yield Finding(file, "variables", f"{name!r} è usata ma non dichiarata")
        for name in sorted(scene.variables.keys() - used):
            yield Finding(file, "variables", f"{name!r} è dichiarata ma non usata")


def _asked(expression: str, file: str, where: str) -> frozenset[str]:
    return templates.condition(expression, file=file, where=where).variables if expression else frozenset()


def _links(pack: Campaign) -> Iterator[Finding]:
    """Links that lead nowhere we know, and windows and links that nothing opens."""
    about = pack.description
    buttons = [button for scene in pack.scenes.values() for button in scene.buttons]
    for link_id, link in about.links.items():
        url = urlsplit(link.url)
        if url.scheme != "https" or url.hostname not in about.hosts or " " in link.url:
            hosts = ", ".join(about.hosts)
            yield Finding("campaign.toml", f"links.{link_id}", f"non è un indirizzo https di {hosts}")
        if link.short and link.short.split("/")[0] != url.hostname:
            yield Finding("campaign.toml", f"links.{link_id}", "l’indirizzo breve è di un altro sito")
        if link_id not in {button.link for button in buttons} | {window.link for window in pack.windows.values()}:
            yield Finding("campaign.toml", f"links.{link_id}", "non è usato")
    for window_id in pack.windows:
        if window_id not in {button.window for button in buttons}:
            yield Finding("windows.toml", window_id, "nessun pulsante la apre")


def _words(pack: Campaign) -> Iterator[Finding]:
    """Catalogues whose entries differ in their fields, and spellings of what is not there."""
    about = pack.description
    for name, entries in pack.catalogue.items():
        fields: Sequence[str] = list(next(iter(entries.values()), {}))
        for entry_id, entry in entries.items():
            if list(entry) != fields:
                yield Finding("catalogue.toml", f"{name}.{entry_id}", f"ha campi diversi da {', '.join(fields)}")
    for fact_id, fact in about.facts.items():
        spelt = pack.extract.values.get(fact_id, {}).values()
        for entry_id in set(spelt) ^ set(pack.catalogue.get(fact.catalogue, {})):
            yield Finding("extract.toml", f"values.{fact_id}", f"{entry_id!r} non è sia nell’estratto sia nel catalogo")


def _windows(scripts: Iterable[Script], lowest: int) -> Iterator[Finding]:
    windows: dict[FilledWindow, None] = {window: None for script in scripts for window in script.windows}
    for window in windows:
        score = gulpease(" ".join((*window.text, *window.points)))
        if score < lowest:
            yield Finding("windows.toml", window.id, f"Gulpease {score:.0f}; ammesso: almeno {lowest}")
