"""Proves a campaign pack before anything is rendered: every guide that it can make is filled, and
every distinct scene of those is spoken, drawn and looked at.

In three steps, so that scenes can be looked at anywhere, and again only where something has changed: ``survey`` what
there is, ``look_at`` each scene, ``conclude``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from videoguide import captions, templates
from videoguide.applications import Application, FactValue
from videoguide.campaigns import Campaign, Fact
from videoguide.captions import TimedText
from videoguide.errors import PackError
from videoguide.previews import APPLICANTS, SEXES, invented_application
from videoguide.progress import Tell, silently
from videoguide.readability import gulpease
from videoguide.script import FilledScene, FilledWindow, Pattern, Script, pattern, shape_of
from videoguide.segments import Studio, plain
from videoguide.store import key_of
from videoguide.timing import FPS, frame_at, frames_to_ms, samples_to_ms

if TYPE_CHECKING:
    from videoguide.drawing import Drawing
    from videoguide.narration import Timing

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
class FilledGuide:
    """A guide that the pack can make: whose it is (``about`` tells it from the others of its cases and channel), and
    its scenes as numbers in the survey. ``few`` guides, with one entry of each list or all, show every look."""

    cases: str
    channel: str
    about: str
    few: bool
    scenes: tuple[int, ...]


@dataclass(frozen=True)
class Survey:
    """All that a pack can say and show: its guides, and each scene with each of its fillings once, in the order of
    the first guide that has it; and what is wrong before a scene is looked at."""

    guides: tuple[FilledGuide, ...]
    scenes: tuple[FilledScene, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class Look:
    """A scene that was looked at: how long it lasts in seconds and its drawing (0 and None where it cannot be drawn),
    and what is wrong with it."""

    seconds: float
    findings: tuple[Finding, ...]
    drawn: "Drawing | None" = None


@dataclass(frozen=True)
class Checked:
    """What a check looked at, and what it found wrong; ``seconds`` are the shortest and the longest guide's."""

    guides: int
    scenes: tuple[FilledScene, ...]
    seconds: tuple[float, float]
    findings: tuple[Finding, ...]


def check(studio: Studio, tell: Tell = silently) -> Checked:
    """Everything that can be known about a pack without rendering it, with the studio's voice."""
    surveyed = survey(studio.campaign)
    looks = []
    for number, scene in enumerate(surveyed.scenes, 1):
        look = look_at(scene, studio)
        looks.append((look.seconds, look.findings))  # not its drawing: there are hundreds
        tell(scene.chapter, number, len(surveyed.scenes))
    return conclude(surveyed, looks, studio.campaign)


def general(pack: Campaign) -> tuple[Finding, ...]:
    """What is wrong with a pack's variables, links and catalogues: found at once, without filling a scene.

    Raises PackError for words that are no template.
    """
    return (*_variables(pack), *_links(pack), *_words(pack))


def survey(pack: Campaign, most: int = 3) -> Survey:
    """Fill every guide that ``every_guide`` tells apart. Raises PackError like :func:`general`."""
    findings = list(general(pack))
    unfilled: list[Finding] = []
    numbers: dict[str, int] = {}
    scenes: list[FilledScene] = []
    guides: list[FilledGuide] = []
    windows: dict[FilledWindow, None] = {}
    for application, script in _filled(pack, most, unfilled):
        for scene in script.scenes:
            if numbers.setdefault(_identity(scene), len(scenes)) == len(scenes):
                scenes.append(scene)
        windows.update(dict.fromkeys(script.windows))
        guides.append(
            FilledGuide(
                "+".join(script.cases),
                script.channel,
                _about(application),
                _is_few(pack, application.facts),
                tuple(numbers[_identity(scene)] for scene in script.scenes),
            )
        )
    findings += _windows(windows, pack.description.limits.gulpease)
    return Survey(tuple(guides), tuple(scenes), tuple(dict.fromkeys([*unfilled, *findings])))


def conclude(surveyed: Survey, looks: Sequence[tuple[float, Sequence[Finding]]], pack: Campaign) -> Checked:
    """All that was found; ``looks`` are each scene's seconds and findings, in the survey's order."""
    findings = [*surveyed.findings, *(finding for _, found in looks for finding in found)]
    shortest, longest = pack.description.limits.guide_seconds
    lengths = []
    for guide in surveyed.guides:
        seconds = [looks[scene][0] for scene in guide.scenes]
        lengths.append(sum(seconds))
        if not shortest <= lengths[-1] <= longest and 0 not in seconds:
            problem = f"dura {lengths[-1]:.1f} s; ammesso: da {shortest} a {longest}"
            findings.append(Finding("campaign.toml", f"{guide.cases}, {guide.channel}", problem))
    seconds_range = min(lengths, default=0.0), max(lengths, default=0.0)
    return Checked(len(surveyed.guides), surveyed.scenes, seconds_range, tuple(dict.fromkeys(findings)))


def finding(error: PackError) -> Finding:
    """An error of a pack as a finding, its file named from the pack's folder on."""
    file = Path(error.file)
    folder = next((folder for folder in file.parents if (folder / "campaign.toml").is_file()), None)
    return Finding(file.relative_to(folder).as_posix() if folder else error.file, error.where, error.reason)


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


def _choices(pack: Campaign, fact: Fact, needed: bool, most: int) -> list[FactValue]:
    """Values of a fact worth telling apart: each entry, each few of them, all; one and more."""
    if fact.type == "count":
        return [1, 2] if needed else [0]
    entries = tuple(pack.catalogue[fact.catalogue])
    if fact.type == "entry":
        return list(entries) if needed else [""]
    if not needed:
        return [(), entries[-1:]]
    few = (some for size in range(1, most + 1) for some in combinations(entries, size))
    return list(dict.fromkeys([*few, entries]))


def _is_plain(facts: Mapping[str, FactValue]) -> bool:
    return all(len(value) <= 1 for value in facts.values() if isinstance(value, tuple))


def _is_few(pack: Campaign, facts: Mapping[str, FactValue]) -> bool:
    """Whether of each list there is one entry, none or all."""
    every = {fact_id: len(pack.catalogue.get(fact.catalogue, ())) for fact_id, fact in pack.description.facts.items()}
    return all(len(value) in (0, 1, every[name]) for name, value in facts.items() if isinstance(value, tuple))


def _filled(pack: Campaign, most: int, unfilled: list[Finding]) -> Iterator[tuple[Application, Script]]:
    """Every guide's script; why one cannot be written goes to ``unfilled``."""
    shape: object = None
    shared: Pattern | None = None
    for application, cases in every_guide(pack, most):
        try:
            if shape != (shape := (shape_of(application), cases)):
                shared = None
                shared = pattern(application, cases, pack)
                yield application, shared.script
            elif shared is not None:  # the same person again, with another name
                said = shared.scenes_for(application.spoken_name)
                scenes = (said.get(at, scene) for at, scene in enumerate(shared.script.scenes))
                yield application, replace(shared.script, scenes=tuple(scenes))
        except PackError as error:
            unfilled.append(finding(error))


def _about(application: Application) -> str:
    """All that a guide depends on but its cases and channel; facts that say nothing are left out."""
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


def look_at(scene: FilledScene, studio: Studio) -> Look:
    """Look at one scene: its words, its captions, its drawing and how it moves."""
    from videoguide import legibility

    words = f"scenes/{scene.scene}.toml"
    if not scene.sentences:
        return Look(0.0, (Finding(words, "sentences", "non ha niente da dire"),))
    findings = []
    score = gulpease(" ".join(sentence.text for sentence in scene.sentences))
    lowest = studio.campaign.description.limits.gulpease
    if score < lowest:
        findings.append(Finding(words, "sentences", f"Gulpease {score:.0f}; ammesso: almeno {lowest}"))
    told = studio.timing(scene)
    texts = [
        TimedText(samples_to_ms(time.start), samples_to_ms(time.end), sentence.text)
        for sentence, time in zip(scene.sentences, told.sentences, strict=True)
    ]
    for problem in captions.problems(captions.caption(texts, frames_to_ms(told.frames))):
        findings.append(Finding(words, "captions", problem))
    drawing = studio.campaign.drawing(scene.scene)
    try:
        faults = legibility.faults(studio.svg(scene), drawing, told.sentences, told.frames)
        findings += [Finding(drawing, fault.layer, str(fault)) for fault in faults]
        drawn = studio.draw(scene, told)
    except PackError as error:
        return Look(0.0, (*findings, Finding(drawing, error.where, error.reason)))
    findings += _still(drawn, told, drawing)
    return Look(told.frames / FPS, tuple(findings), drawn)


def _still(drawn: "Drawing", told: "Timing", drawing: str) -> Iterator[Finding]:
    first, last = frame_at(told.sentences[0].start), frame_at(told.sentences[-1].end)
    for before, after in _pauses(drawn, first, last, STILL_SECONDS * FPS):
        sentence = [time.id for time in told.sentences if frame_at(time.start) <= before][-1]
        length = (after - before) / FPS
        yield Finding(
            drawing, sentence, f"niente si muove per {length:.1f} s; ammesso: {STILL_SECONDS} mentre si parla"
        )


def _pauses(drawn: "Drawing", first: int, last: int, allowed: int) -> Iterator[tuple[int, int]]:
    """Stretches of more pictures than ``allowed`` in which none changes.

    Looks as far ahead as is allowed first, and back from there: most pictures need never be asked.
    """
    before = first
    while last - before > allowed:
        moving = next((n for n in range(before + allowed, before, -1) if drawn.changes(n)), None)
        if moving is None:
            moving = next((n for n in range(before + allowed + 1, last) if drawn.changes(n)), last)
            yield before, moving
        before = moving


def _variables(pack: Campaign) -> Iterator[Finding]:
    """Variables that a scene uses and does not declare, or declares and does not use."""
    from videoguide.typography import FUNCTIONS

    folders = (pack.folder, pack.art)
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
            used |= templates.drawing_variables(pack.drawing(scene_id), folders, functions) - {"chapter"}
        except PackError as error:
            yield finding(error)
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


def _windows(windows: Iterable[FilledWindow], lowest: int) -> Iterator[Finding]:
    for window in windows:
        score = gulpease(" ".join((*window.text, *window.points)))
        if score < lowest:
            yield Finding("windows.toml", window.id, f"Gulpease {score:.0f}; ammesso: almeno {lowest}")
