# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Proves a campaign pack before anything is rendered.

Every kind of guide that it can make is filled, and each of their distinct scenes is spoken, drawn and looked at.

There are three steps, so that scenes can be looked at in any process, and again only where something has changed:
``survey`` the pack, ``look_at`` each scene, ``conclude``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from videoguide.errors import PackError
from videoguide.guide.script import FilledScene, Pattern, Script, pattern, shape_of
from videoguide.guide.segments import Studio, plain
from videoguide.intake.applications import Application, FactValue
from videoguide.media import captions
from videoguide.media.captions import TimedText
from videoguide.media.manifest import Window
from videoguide.packs import templates
from videoguide.packs.campaigns import Campaign, Fact, joined_ids
from videoguide.progress import Tell, silently
from videoguide.proof.previews import APPLICANTS, SEXES, invented_application
from videoguide.proof.readability import gulpease
from videoguide.store import key_of
from videoguide.timing import FPS, frame_at, frames_to_ms, samples_to_ms

if TYPE_CHECKING:
    from videoguide.picture.drawing import Drawing
    from videoguide.speech.narration import Timing

STILL_SECONDS = 4
"""While somebody speaks, something must move at least this often."""


@dataclass(frozen=True)
class Finding:
    """Something wrong with a pack: in which file, where in it, and what is allowed."""

    file: str
    where: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}{f' ({self.where})' if self.where else ''}: {self.problem}"


@dataclass(frozen=True)
class FilledGuide:
    """A guide that the pack can make, with its scenes as numbers in the survey.

    ``details`` is a hash of all that tells it from other guides for the same cases and channel. The guides that are
    ``representative`` have one entry of each list, none or all; together they show every look.
    """

    cases: str
    channel: str
    details: str
    representative: bool
    scenes: tuple[int, ...]


@dataclass(frozen=True)
class Survey:
    """All that a pack can say and show, and what is wrong with it before any scene is looked at.

    ``scenes`` has each scene with each of its fillings once, in the order of the first guide that has it.
    """

    guides: tuple[FilledGuide, ...]
    scenes: tuple[FilledScene, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class Inspection:
    """A scene that was looked at: how long it lasts, what is wrong with it, and its drawing.

    ``seconds`` is 0 and ``drawing`` is None where it cannot be drawn.
    """

    seconds: float
    findings: tuple[Finding, ...]
    drawing: "Drawing | None" = None


@dataclass(frozen=True)
class Checked:
    """What a check looked at and what is wrong; ``seconds`` is how long the shortest and the longest guide last."""

    guides: int
    scenes: tuple[FilledScene, ...]
    seconds: tuple[float, float]
    findings: tuple[Finding, ...]


def check(studio: Studio, tell: Tell = silently) -> Checked:
    """Check all that can be known about a pack without rendering it, with the studio's voice."""
    surveyed = survey(studio.campaign)
    looks = []
    for number, scene in enumerate(surveyed.scenes, 1):
        look = look_at(scene, studio)
        looks.append((look.seconds, look.findings))  # without the drawing: there are hundreds
        tell(scene.chapter, number, len(surveyed.scenes))
    return conclude(surveyed, looks, studio.campaign)


def general(pack: Campaign) -> tuple[Finding, ...]:
    """What is wrong with a pack's variables, links and catalogues: found at once, without filling a scene.

    Raises PackError for text that is not a valid template.
    """
    return (*_variables(pack), *_links(pack), *_words(pack))


def survey(pack: Campaign, most: int = 3) -> Survey:
    """Fill every guide that :func:`every_guide` gives. Raises PackError like :func:`general`."""
    findings = list(general(pack))
    unfilled: list[Finding] = []
    numbers: dict[str, int] = {}
    scenes: list[FilledScene] = []
    guides: list[FilledGuide] = []
    windows: dict[Window, None] = {}
    for application, script in _filled(pack, most, unfilled):
        for scene in script.scenes:
            identity = _identity(scene)
            if identity not in numbers:
                numbers[identity] = len(scenes)
                scenes.append(scene)
        windows.update(dict.fromkeys(script.windows))
        guides.append(
            FilledGuide(
                joined_ids(script.cases),
                script.channel,
                _details(application),
                _is_representative(pack, application.facts),
                tuple(numbers[_identity(scene)] for scene in script.scenes),
            )
        )
    findings += _windows(windows, pack.description.limits.gulpease)
    return Survey(tuple(guides), tuple(scenes), tuple(dict.fromkeys([*unfilled, *findings])))


def conclude(surveyed: Survey, looks: Sequence[tuple[float, Sequence[Finding]]], pack: Campaign) -> Checked:
    """The result of a check; ``looks`` are the seconds and findings of each scene, in the survey's order."""
    findings = [*surveyed.findings, *(finding for _, scene_findings in looks for finding in scene_findings)]
    shortest, longest = pack.description.limits.guide_seconds
    guide_seconds = []
    for guide in surveyed.guides:
        scene_seconds = [looks[scene][0] for scene in guide.scenes]
        guide_seconds.append(sum(scene_seconds))
        if not shortest <= guide_seconds[-1] <= longest and 0 not in scene_seconds:
            problem = f"dura {guide_seconds[-1]:.1f} s; ammesso: da {shortest} a {longest}"
            findings.append(Finding("campaign.toml", f"{guide.cases}, {guide.channel}", problem))
    seconds_range = min(guide_seconds, default=0.0), max(guide_seconds, default=0.0)
    return Checked(len(surveyed.guides), surveyed.scenes, seconds_range, tuple(dict.fromkeys(findings)))


def finding(error: PackError) -> Finding:
    """An error in a pack as a finding, its file relative to the pack's folder."""
    file = Path(error.file)
    folder = next((folder for folder in file.parents if (folder / "campaign.toml").is_file()), None)
    return Finding(file.relative_to(folder).as_posix() if folder else error.file, error.where, error.reason)


def every_guide(pack: Campaign, most: int = 3) -> Iterator[tuple[Application, tuple[str, ...]]]:
    """An application for each combination that the pack tells apart, with its cases.

    All sets of cases x channels x years x values of the facts, in lists up to ``most`` entries or all. Where no list
    has more than one entry, also every sex and applicant, with a name and without. Names are as long as is allowed.
    """
    about = pack.description
    cases = [case.id for case in about.cases]
    people = [(sex, applicant) for sex in SEXES for applicant in APPLICANTS]
    for size in range(1, len(cases) + 1):
        for chosen in combinations(cases, size):
            needed = {pack.cases[case].needs for case in chosen}
            choices = [_choices(pack, fact, fact_id in needed, most) for fact_id, fact in about.facts.items()]
            for (channel, year), facts in product(product(about.channels, about.years), product(*choices)):
                fact_values = dict(zip(about.facts, facts, strict=True))
                has_all_people = _has_short_lists(fact_values)
                for sex, applicant in people if has_all_people else people[:1]:
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
                            facts=fact_values,
                        )
                        yield application, chosen
                        if has_all_people:  # the greeting for a name that cannot be spoken or drawn
                            yield replace(application, spoken_name=""), chosen


def _choices(pack: Campaign, fact: Fact, needed: bool, most: int) -> list[FactValue]:
    """The values of a fact that make a difference: one and more; each entry; up to ``most`` entries, and all."""
    if fact.type == "count":
        return [1, 2] if needed else [0]
    entries = tuple(pack.catalogue[fact.catalogue])
    if fact.type == "entry":
        return list(entries) if needed else [""]
    if not needed:
        return [(), entries[-1:]]
    short_lists = (chosen for size in range(1, most + 1) for chosen in combinations(entries, size))
    return list(dict.fromkeys([*short_lists, entries]))


def _has_short_lists(facts: Mapping[str, FactValue]) -> bool:
    """Whether no list has more than one entry."""
    return all(len(value) <= 1 for value in facts.values() if isinstance(value, tuple))


def _is_representative(pack: Campaign, facts: Mapping[str, FactValue]) -> bool:
    """Whether each list has one entry, none or all."""
    sizes = {fact_id: len(pack.catalogue.get(fact.catalogue, ())) for fact_id, fact in pack.description.facts.items()}
    return all(len(value) in (0, 1, sizes[name]) for name, value in facts.items() if isinstance(value, tuple))


def _filled(pack: Campaign, most: int, unfilled: list[Finding]) -> Iterator[tuple[Application, Script]]:
    """Every guide's script; where one cannot be written, the reason is added to ``unfilled``."""
    latest_shape: object = None
    shared: Pattern | None = None
    for application, cases in every_guide(pack, most):
        shape = (shape_of(application), cases)
        is_new, latest_shape = shape != latest_shape, shape
        try:
            if is_new:
                shared = None  # also where the next line fails
                shared = pattern(application, cases, pack)
                yield application, shared.script
            elif shared is not None:  # the same person again, with another name
                personal = shared.scenes_for(application.spoken_name)
                scenes = (personal.get(at, scene) for at, scene in enumerate(shared.script.scenes))
                yield application, replace(shared.script, scenes=tuple(scenes))
        except PackError as error:
            unfilled.append(finding(error))


def _details(application: Application) -> str:
    """A hash of all that a guide depends on besides its cases and channel; empty facts do not count."""
    facts = {name: value for name, value in application.facts.items() if value}
    return key_of(
        [
            application.filed_on.year,
            application.sex,
            application.applicant,
            bool(application.spoken_name),
            bool(application.patronato),
            plain(facts),
        ]
    )


def _identity(scene: FilledScene) -> str:
    return key_of([scene.scene, plain(scene.values), [sentence.text for sentence in scene.sentences]])


def look_at(scene: FilledScene, studio: Studio) -> Inspection:
    """Look at one scene: its words, its captions, its drawing and how it moves."""
    from videoguide.picture import legibility

    words_file, drawing_file = f"scenes/{scene.scene}.toml", studio.campaign.drawing(scene.scene)
    if not scene.sentences:
        return Inspection(0.0, (Finding(words_file, "sentences", "non ha niente da dire"),))
    findings = []
    score = gulpease(" ".join(sentence.text for sentence in scene.sentences))
    lowest = studio.campaign.description.limits.gulpease
    if score < lowest:
        findings.append(Finding(words_file, "sentences", f"Gulpease {score:.0f}; ammesso: almeno {lowest}"))
    timing = studio.timing(scene)
    texts = [
        TimedText(samples_to_ms(time.start_sample), samples_to_ms(time.end_sample), sentence.text)
        for sentence, time in zip(scene.sentences, timing.sentences, strict=True)
    ]
    for problem in captions.problems(captions.caption(texts, frames_to_ms(timing.frames))):
        findings.append(Finding(words_file, "captions", problem))
    try:
        faults = legibility.faults(
            studio.svg(scene), drawing_file, timing.sentences, timing.frames, shared=studio.shared_art
        )
        findings += [Finding(drawing_file, fault.layer, str(fault)) for fault in faults]
        drawing = studio.draw(scene, timing)
    except PackError as error:
        return Inspection(0.0, (*findings, Finding(drawing_file, error.where, error.reason)))
    findings += _still(drawing, timing, drawing_file)
    return Inspection(timing.frames / FPS, tuple(findings), drawing)


def _still(drawing: "Drawing", timing: "Timing", drawing_file: str) -> Iterator[Finding]:
    """Stretches in which nothing moves for too long while somebody speaks."""
    first_frame, last_frame = frame_at(timing.sentences[0].start_sample), frame_at(timing.sentences[-1].end_sample)
    for start_frame, end_frame in _pauses(drawing, first_frame, last_frame, STILL_SECONDS * FPS):
        sentence = [time.id for time in timing.sentences if frame_at(time.start_sample) <= start_frame][-1]
        seconds = (end_frame - start_frame) / FPS
        yield Finding(
            drawing_file, sentence, f"niente si muove per {seconds:.1f} s; ammesso: {STILL_SECONDS} mentre si parla"
        )


def _pauses(drawing: "Drawing", first_frame: int, last_frame: int, allowed_frames: int) -> Iterator[tuple[int, int]]:
    """Stretches of more than ``allowed_frames`` without a change, between the first and the last frame.

    Looks as far ahead as is allowed first, and back from there, so that most frames are never looked at.
    """
    start = first_frame
    while last_frame - start > allowed_frames:
        furthest = start + allowed_frames
        change = next((n for n in range(furthest, start, -1) if drawing.changes(n)), None)
        if change is None:
            change = next((n for n in range(furthest + 1, last_frame) if drawing.changes(n)), last_frame)
            yield start, change
        start = change


def _variables(pack: Campaign) -> Iterator[Finding]:
    """Variables that a scene uses and does not declare, or declares and does not use."""
    from videoguide.picture.typography import FUNCTION_NAMES

    folders = (pack.folder, pack.art)
    for scene_id, scene in pack.scenes.items():
        file = f"scenes/{scene_id}.toml"
        used: set[str] = set()
        for sentence in scene.sentences:
            own = {"item", "loop"} if sentence.each else set()
            used |= templates.variables_used(sentence.text, file=file, where=sentence.id) - own
            used |= _variables_in(sentence.when, file, sentence.id) | ({sentence.each} if sentence.each else set())
        for button in scene.buttons:
            used |= _variables_in(button.when, file, button.id)
        try:
            functions = [*FUNCTION_NAMES, "qr_code"]
            used |= templates.drawing_variables(pack.drawing(scene_id), folders, functions) - {"chapter"}
        except PackError as error:
            yield finding(error)
        for name in sorted(used - scene.variables.keys()):
            yield Finding(file, "variables", f"{name!r} è usata ma non dichiarata")
        for name in sorted(scene.variables.keys() - used):
            yield Finding(file, "variables", f"{name!r} è dichiarata ma non usata")


def _variables_in(expression: str, file: str, where: str) -> frozenset[str]:
    return templates.variables_used(f"{{{{ ({expression}) }}}}", file=file, where=where) if expression else frozenset()


def _links(pack: Campaign) -> Iterator[Finding]:
    """Short addresses of another site than their link's, and windows and links that nothing opens."""
    about = pack.description
    buttons = [button for scene in pack.scenes.values() for button in scene.buttons]
    for link_id, link in about.links.items():
        if link.short and link.short.split("/")[0] != urlsplit(link.url).hostname:
            yield Finding("campaign.toml", f"links.{link_id}", "l’indirizzo breve è di un altro sito")
        if link_id not in {button.link for button in buttons} | {window.link for window in pack.windows.values()}:
            yield Finding("campaign.toml", f"links.{link_id}", "non è usato")
    for window_id in pack.windows:
        if window_id not in {button.window for button in buttons}:
            yield Finding("windows.toml", window_id, "nessun pulsante la apre")


def _words(pack: Campaign) -> Iterator[Finding]:
    """Catalogues whose entries have different fields, and entries without a spelling in the extract or vice versa."""
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


def _windows(windows: Iterable[Window], lowest: int) -> Iterator[Finding]:
    for window in windows:
        score = gulpease(" ".join((*window.text, *window.points)))
        if score < lowest:
            yield Finding("windows.toml", window.id, f"Gulpease {score:.0f}; ammesso: almeno {lowest}")
