"""Contact sheet of a pack: a frame of every scene in every variant that looks different."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO

from videoguide.assets import STAGE
from videoguide.campaigns import Campaign
from videoguide.check import Survey, survey
from videoguide.errors import PackError
from videoguide.progress import Tell, silently
from videoguide.segments import POSTER_BEFORE_END, Studio, scene_files
from videoguide.store import digest_of, key_of


def sheet(studio: Studio, columns: int, tell: Tell = silently, width: int = 480) -> tuple[bytes, int]:
    """The contact sheet as a PNG, its pictures ``width`` px wide, and how many they are."""
    from videoguide import pictures

    shown = []
    surveyed = survey(studio.campaign, most=1)
    scenes = [surveyed.scenes[number] for number in variants(surveyed, looks(surveyed, studio), studio.campaign)]
    for number, scene in enumerate(scenes, 1):
        told = studio.timing(scene)
        drawn = studio.draw(scene, told)
        shown.append((scene.scene, drawn.picture(drawn.frames - POSTER_BEFORE_END)))
        tell(scene.chapter, number, len(scenes))
    written = BytesIO()
    pictures.sheet(shown, columns, width).save(written, "PNG", optimize=True)
    return written.getvalue(), len(shown)


def looks(surveyed: Survey, studio: Studio) -> tuple[str, ...]:
    """For each scene a hash of how it looks; the number of a step makes no look, nor do drawings that fail."""
    pack = studio.campaign
    stage = sorted(map(digest_of, scene_files(STAGE, studio.folders)))
    found = []
    for scene in surveyed.scenes:
        steps = {name: 1 for name, kind in pack.scenes[scene.scene].variables.items() if kind.type == "count"}
        try:
            drawn = studio.svg(replace(scene, values={**scene.values, **steps}))
        except PackError:
            drawn = ""
        found.append(key_of([scene.scene, drawn, stage]))
    return tuple(found)


def variants(surveyed: Survey, looks: Sequence[str], pack: Campaign) -> tuple[int, ...]:
    """Numbers of the scenes that look different, in the guide's order; of lists only those with one entry and all."""
    found: dict[str, int] = {}
    for number in sorted({scene for guide in surveyed.guides if guide.few for scene in guide.scenes}):
        found.setdefault(looks[number], number)
    order = list(pack.scenes)
    return tuple(sorted(found.values(), key=lambda number: order.index(surveyed.scenes[number].scene)))
