"""Applications -> plans: who gets a guide, and of which segments, before anything is made.

Applications of one shape share everything but the name, so the rules are asked and the script is
written once a shape; a person costs the scenes that say the name, and their keys.
"""

import pickle
import sqlite3
from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from videoguide.applications import Application
from videoguide.campaigns import FIRST_NAME
from videoguide.eligibility import decide
from videoguide.errors import FirstNameError, InputError
from videoguide.guides import Outline, outline
from videoguide.scratch import scratch, scratch_errors
from videoguide.script import PATRONATO, FilledScene, Pattern, pattern, shape_of
from videoguide.segments import Studio, plain
from videoguide.store import key_of

_T = TypeVar("_T")

_TABLES = """
CREATE TABLE plans (number TEXT PRIMARY KEY, plan BLOB) WITHOUT ROWID;
CREATE TABLE scenes (key BLOB PRIMARY KEY, scene BLOB, place INTEGER) WITHOUT ROWID;
CREATE TABLE outlines (key BLOB PRIMARY KEY, outline BLOB) WITHOUT ROWID;
"""


SHAPES = 4096
"""So many shapes are remembered; some 10 kB each."""


@dataclass(frozen=True)
class Plan:
    """What is to be done for one application: nothing and why, or a guide of these pieces of the store.

    ``state`` is the hash of what the person is asked to do. ``without`` names what is left out of the words because
    it can be neither spoken nor drawn, with the reason; the guide is then the neutral one.
    """

    number: str
    left_out: str = ""
    cases: tuple[str, ...] = ()
    channel: str = ""
    state: bytes = b""
    outline: bytes = b""
    segments: tuple[bytes, ...] = ()
    without: str = ""


@dataclass(frozen=True)
class Wanted:
    """What plans ask of the store: scenes and outlines, by key."""

    scenes: dict[bytes, FilledScene] = field(default_factory=dict)
    outlines: dict[bytes, Outline] = field(default_factory=dict)


@dataclass(frozen=True)
class _Shape:
    """What all applications of a shape share. ``segments`` are empty where a name is said; ``sayings`` tell such
    scenes apart by all that fills them but the name."""

    left_out: str
    pattern: Pattern | None = None
    state: bytes = b""
    outline: bytes = b""
    segments: tuple[bytes, ...] = ()
    sayings: tuple[tuple[int, str], ...] = ()
    without: str = ""


class Planner:
    """Plans one application after the other; cheap for a shape that it has seen."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self._shapes: OrderedDict[Hashable, _Shape] = OrderedDict()
        self._names: OrderedDict[Hashable, bytes] = OrderedDict()

    def plan(self, application: Application, wanted: Wanted) -> Plan:
        """The plan; those of its pieces that were not wanted a moment ago are added to ``wanted``.

        A name that the font cannot draw gives the neutral greeting. Raises PackError.
        """
        key = shape_of(application)
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shape(application, wanted)
            _remember(self._shapes, key, shape)
        if shape.pattern is None:
            return Plan(application.id, left_out=shape.left_out, channel=application.channel)
        without = shape.without
        try:
            segments = self._segments(shape, application.spoken_name, wanted)
        except FirstNameError as error:
            without = error.message
            segments = self._segments(shape, "", wanted)
        script = shape.pattern.script
        return Plan(application.id, "", script.cases, script.channel, shape.state, shape.outline, segments, without)

    def softened(self, application: Application, unsaid: Collection[str], reason: str, wanted: Wanted) -> Plan:
        """The plan without these of a scene's ``own_words``, which made a scene fail for ``reason``."""
        soft = replace(
            application,
            spoken_name="" if FIRST_NAME in unsaid else application.spoken_name,
            patronato="" if PATRONATO in unsaid else application.patronato,
        )
        return replace(self.plan(soft, wanted), without=reason)

    def _shape(self, application: Application, wanted: Wanted) -> _Shape:
        campaign = self.studio.campaign
        decision = decide(application, campaign)
        if decision.left_out:
            return _Shape(decision.left_out)
        without = ""
        try:
            shared = pattern(application, decision.cases, campaign)
        except InputError as error:
            if not application.patronato:
                raise
            without = error.message
            shared = pattern(replace(application, patronato=""), decision.cases, campaign)
        scenes = {at: scene for at, scene in enumerate(shared.script.scenes) if at not in shared.personal}
        keys = {at: bytes.fromhex(self.studio.key(scene)) for at, scene in scenes.items()}
        about = outline(shared.script, campaign, self.studio.voice.id, draft=self.studio.draft)
        outline_key = bytes.fromhex(about.key)
        wanted.scenes.update({keys[at]: scene for at, scene in scenes.items()})
        wanted.outlines[outline_key] = about
        return _Shape(
            left_out="",
            pattern=shared,
            state=bytes.fromhex(
                key_of([shared.script.cases, sorted(application.facts.items()), shared.script.channel])
            ),
            outline=outline_key,
            segments=tuple(keys.get(at, b"") for at in range(len(shared.script.scenes))),
            sayings=tuple((at, _saying(shared.script.scenes[at])) for at in shared.personal),
            without=without,
        )

    def _segments(self, shape: _Shape, name: str, wanted: Wanted) -> tuple[bytes, ...]:
        """Keys of a guide's segments; scenes that say the name and are not remembered are wanted."""
        named = {at: self._names.get((saying, name)) for at, saying in shape.sayings}
        if None in named.values() and shape.pattern is not None:
            scenes = shape.pattern.scenes_for(name)
            for at, saying in shape.sayings:
                key = bytes.fromhex(self.studio.key(scenes[at]))
                _remember(self._names, (saying, name), key)
                named[at] = key
                wanted.scenes[key] = scenes[at]
        return tuple(named.get(at) or key for at, key in enumerate(shape.segments))


def _saying(scene: FilledScene) -> str:
    values = {name: value for name, value in scene.values.items() if name != FIRST_NAME}
    return key_of([scene.scene, plain(values)])


@contextmanager
def plan_book(folder: Path) -> Iterator["PlanBook"]:
    """An empty book of plans, in a file without a name in ``folder``. Raises StoreError."""
    with scratch(folder, _TABLES) as connection:
        yield PlanBook(connection, folder)


class PlanBook:
    """The plans of a run and what they want, on disk."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection, self._folder = connection, folder
        self._places = 0

    def add(self, plans: Iterable[Plan], wanted: Wanted) -> None:
        scenes = wanted.scenes
        with scratch_errors(self._folder):
            self._connection.executemany(
                "INSERT OR REPLACE INTO plans VALUES (?, ?)", [(plan.number, pickle.dumps(plan)) for plan in plans]
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO scenes VALUES (?, ?, ?)",
                [(key, pickle.dumps(scene), self._places + place) for place, (key, scene) in enumerate(scenes.items())],
            )
            self._places += len(scenes)
            self._connection.executemany(
                "INSERT OR IGNORE INTO outlines VALUES (?, ?)",
                [(key, pickle.dumps(outline)) for key, outline in wanted.outlines.items()],
            )

    def find(self, numbers: Sequence[str]) -> dict[str, Plan]:
        marks = ",".join("?" * len(numbers))
        with scratch_errors(self._folder):
            rows = self._connection.execute(f"SELECT number, plan FROM plans WHERE number IN ({marks})", numbers)
            return {number: pickle.loads(plan) for number, plan in rows}

    def scenes(self) -> Iterator[tuple[bytes, FilledScene]]:
        """Every distinct scene with its key, in the order in which they were first wanted."""
        with scratch_errors(self._folder):
            for key, scene in self._connection.execute("SELECT key, scene FROM scenes ORDER BY place"):
                yield key, pickle.loads(scene)

    def has_scene(self, key: bytes) -> bool:
        with scratch_errors(self._folder):
            return self._connection.execute("SELECT 1 FROM scenes WHERE key = ?", (key,)).fetchone() is not None

    def outlines(self) -> Iterator[Outline]:
        with scratch_errors(self._folder):
            for (outline,) in self._connection.execute("SELECT outline FROM outlines"):
                yield pickle.loads(outline)

    def count_scenes(self) -> int:
        with scratch_errors(self._folder):
            ((count,),) = self._connection.execute("SELECT count(*) FROM scenes")
            return int(count)


def _remember(memory: OrderedDict[Hashable, _T], key: Hashable, value: _T) -> None:
    memory[key] = value
    if len(memory) > SHAPES:
        memory.popitem(last=False)
