# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Applications -> plans: who gets a guide, and of which segments, before anything is made.

Applications of one shape differ only in the name. So the rules are applied and the script is written once for each
shape; each further person costs only the scenes that say the name, and their keys.
"""

import pickle
import sqlite3
from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from videoguide.errors import FirstNameError, InputError
from videoguide.guide.eligibility import decide, ending
from videoguide.guide.guides import Outline, outline
from videoguide.guide.keys import GuideKeys
from videoguide.guide.script import PATRONATO, FilledScene, Pattern, pattern, shape_of
from videoguide.guide.segments import Studio, plain
from videoguide.intake.applications import Application
from videoguide.packs.campaigns import FIRST_NAME, Ending
from videoguide.scratch import scratch, scratch_errors
from videoguide.store import key_of

_T = TypeVar("_T")

_TABLES = """
CREATE TABLE plans (number TEXT PRIMARY KEY, plan BLOB) WITHOUT ROWID;
CREATE TABLE scenes (key TEXT PRIMARY KEY, scene BLOB, place INTEGER) WITHOUT ROWID;
CREATE TABLE outlines (key TEXT PRIMARY KEY, outline BLOB) WITHOUT ROWID;
"""

NO_NAME = "nome: nell’estratto non ce n’è uno che si possa dire"
"""Why a guide says no name, where the register held none that could be said."""
CACHE_SIZE = 4096
"""How many shapes a planner keeps in memory, about 10 kB each, and how many keys of scenes with a name."""


@dataclass(frozen=True)
class Plan:
    """What is to be done for one application: no guide and why not, or a guide made of these pieces of the store.

    ``ending`` says why a guide that there may be is withdrawn, if not because its reason has vanished. ``state`` is the
    hash of what the person is asked to do. ``without`` says which of the person's own words are left out because they
    cannot be spoken or drawn, and why; the guide is then the neutral one.
    """

    number: str
    left_out: str = ""
    cases: tuple[str, ...] = ()
    channel: str = ""
    state: bytes = b""
    keys: GuideKeys = field(default_factory=GuideKeys)
    without: str = ""
    ending: Ending | None = None


@dataclass(frozen=True)
class Wanted:
    """What plans need from the store: scenes and outlines, by key."""

    scenes: dict[str, FilledScene] = field(default_factory=dict)
    outlines: dict[str, Outline] = field(default_factory=dict)


@dataclass(frozen=True)
class _Shape:
    """What all applications of a shape share.

    In ``keys`` the segments of scenes that say a name are empty; ``personal`` has the place of each such scene, and a
    hash of everything in it but the name.
    """

    left_out: str
    ending: Ending | None = None
    pattern: Pattern | None = None
    state: bytes = b""
    keys: GuideKeys = field(default_factory=GuideKeys)
    personal: tuple[tuple[int, str], ...] = ()
    without: str = ""


class Planner:
    """Plans applications one after the other; cheap for a shape that it has planned before."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self._shapes: OrderedDict[Hashable, _Shape] = OrderedDict()
        self._personal_keys: OrderedDict[Hashable, str] = OrderedDict()

    def plan(self, application: Application, wanted: Wanted) -> Plan:
        """The application's plan; its pieces are added to ``wanted``, except those wanted by recent plans.

        For a name that the font cannot draw, the guide has the neutral greeting. Raises PackError.
        """
        key = shape_of(application)
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shape(application, wanted)
            _cache(self._shapes, key, shape)
        if shape.pattern is None:
            return Plan(application.id, left_out=shape.left_out, ending=shape.ending, channel=application.channel)
        without = shape.without or ("" if application.spoken_name else NO_NAME)
        try:
            keys = self._keys(shape, application.spoken_name, wanted)
        except FirstNameError as error:
            without = error.message
            keys = self._keys(shape, "", wanted)
        script = shape.pattern.script
        return Plan(
            application.id,
            cases=script.cases,
            channel=script.channel,
            state=shape.state,
            keys=keys,
            without=without,
        )

    def softened(self, application: Application, unsaid: Collection[str], reason: str, wanted: Wanted) -> Plan:
        """The plan without these of the person's own words, which made a scene fail for ``reason``."""
        neutral = replace(
            application,
            spoken_name="" if FIRST_NAME in unsaid else application.spoken_name,
            patronato="" if PATRONATO in unsaid else application.patronato,
        )
        return replace(self.plan(neutral, wanted), without=reason)

    def _shape(self, application: Application, wanted: Wanted) -> _Shape:
        campaign = self.studio.campaign
        decision = decide(application, campaign)
        if decision.left_out:
            return _Shape(decision.left_out, ending(application, campaign))
        without = ""
        try:
            shared = pattern(application, decision.cases, campaign)
        except InputError as error:
            if not application.patronato:
                raise
            without = error.message
            shared = pattern(replace(application, patronato=""), decision.cases, campaign)
        scenes = {at: scene for at, scene in enumerate(shared.script.scenes) if at not in shared.personal}
        keys = {at: self.studio.key(scene) for at, scene in scenes.items()}
        shared_outline = outline(shared.script, campaign, self.studio.voice.id, draft=self.studio.draft)
        wanted.scenes.update({keys[at]: scene for at, scene in scenes.items()})
        wanted.outlines[shared_outline.key] = shared_outline
        return _Shape(
            left_out="",
            pattern=shared,
            state=bytes.fromhex(
                key_of([shared.script.cases, sorted(application.facts.items()), shared.script.channel])
            ),
            keys=GuideKeys(shared_outline.key, tuple(keys.get(at, "") for at in range(len(shared.script.scenes)))),
            personal=tuple((at, _hash_without_name(shared.script.scenes[at])) for at in shared.personal),
            without=without,
        )

    def _keys(self, shape: _Shape, name: str, wanted: Wanted) -> GuideKeys:
        """Keys of a guide; scenes that say the name and have no cached key are added to ``wanted``."""
        personal = {at: self._personal_keys.get((scene_hash, name)) for at, scene_hash in shape.personal}
        if None in personal.values() and shape.pattern is not None:
            scenes = shape.pattern.scenes_for(name)
            for at, scene_hash in shape.personal:
                key = self.studio.key(scenes[at])
                _cache(self._personal_keys, (scene_hash, name), key)
                personal[at] = key
                wanted.scenes[key] = scenes[at]
        segments = tuple(personal.get(at) or key for at, key in enumerate(shape.keys.segments))
        return GuideKeys(shape.keys.outline, segments)


def _hash_without_name(scene: FilledScene) -> str:
    values = {name: value for name, value in scene.values.items() if name != FIRST_NAME}
    return key_of([scene.scene, plain(values)])


@contextmanager
def plan_book(folder: Path) -> Iterator["PlanBook"]:
    """An empty book of plans, in an unnamed temporary file in ``folder``. Raises StoreError."""
    with scratch(folder, _TABLES) as connection:
        yield PlanBook(connection, folder)


class PlanBook:
    """The plans of a run and the pieces that they want, on disk."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection, self._folder = connection, folder
        self._places = 0

    def add(self, plans: Iterable[Plan], wanted: Wanted) -> None:
        """Keep plans, and the scenes and outlines that they want."""
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
        """The plans of these applications, by number; applications without a plan are left out."""
        marks = ",".join("?" * len(numbers))
        with scratch_errors(self._folder):
            rows = self._connection.execute(f"SELECT number, plan FROM plans WHERE number IN ({marks})", numbers)
            return {number: pickle.loads(plan) for number, plan in rows}

    def scenes(self) -> Iterator[tuple[str, FilledScene]]:
        """Every distinct scene with its key, in the order in which they were first wanted."""
        with scratch_errors(self._folder):
            for key, scene in self._connection.execute("SELECT key, scene FROM scenes ORDER BY place"):
                yield key, pickle.loads(scene)

    def has_scene(self, key: str) -> bool:
        """Whether a plan wants the segment with this key."""
        with scratch_errors(self._folder):
            return self._connection.execute("SELECT 1 FROM scenes WHERE key = ?", (key,)).fetchone() is not None

    def outlines(self) -> Iterator[Outline]:
        """Every distinct outline that is wanted."""
        with scratch_errors(self._folder):
            for (outline,) in self._connection.execute("SELECT outline FROM outlines"):
                yield pickle.loads(outline)

    def count_scenes(self) -> int:
        """How many distinct scenes are wanted."""
        with scratch_errors(self._folder):
            ((count,),) = self._connection.execute("SELECT count(*) FROM scenes")
            return int(count)


def _cache(cache: OrderedDict[Hashable, _T], key: Hashable, value: _T) -> None:
    cache[key] = value
    if len(cache) > CACHE_SIZE:
        cache.popitem(last=False)
