"""Contact sheet of a pack: a frame of every scene in every variant that looks different."""

from dataclasses import replace
from io import BytesIO

from videoguide import pictures
from videoguide.check import distinct_scenes, every_guide
from videoguide.progress import Report, silently
from videoguide.script import FilledScene, write_script
from videoguide.segments import POSTER_BEFORE_END, Studio


def sheet(studio: Studio, columns: int, report: Report = silently, width: int = 480) -> tuple[bytes, int]:
    """The contact sheet as a PNG, its pictures ``width`` px wide, and how many they are."""
    shown = []
    scenes = variants(studio)
    for number, scene in enumerate(scenes, 1):
        told = studio.tell(scene)
        drawn = studio.draw(scene, told)
        shown.append((scene.scene, drawn.picture(drawn.frames - POSTER_BEFORE_END)))
        report(scene.chapter, number, len(scenes))
    written = BytesIO()
    pictures.sheet(shown, columns, width).save(written, "PNG", optimize=True)
    return written.getvalue(), len(shown)


def variants(studio: Studio) -> tuple[FilledScene, ...]:
    """Scenes that look different, in the guide's order; step numbers make no variant."""
    pack = studio.campaign
    scripts = (write_script(application, cases, pack) for application, cases in every_guide(pack, most=1))
    found: dict[tuple[str, str], FilledScene] = {}
    for scene in distinct_scenes(scripts):
        numbers = {name: 1 for name, kind in pack.scenes[scene.scene].variables.items() if kind.type == "count"}
        found.setdefault((scene.scene, studio.svg(replace(scene, values={**scene.values, **numbers}))), scene)
    order = list(pack.scenes)
    return tuple(sorted(found.values(), key=lambda scene: order.index(scene.scene)))
