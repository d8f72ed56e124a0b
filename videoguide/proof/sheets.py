# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Contact sheet of a pack: a frame of every scene in every variant that looks different."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO

from videoguide.assets import STAGE
from videoguide.errors import PackError
from videoguide.guide.segments import POSTER_BEFORE_END_FRAMES, Studio, scene_files
from videoguide.packs.campaigns import Campaign
from videoguide.progress import Tell, silently
from videoguide.proof.check import Survey, survey
from videoguide.store import digest_of, key_of


def sheet(studio: Studio, columns: int, tell: Tell = silently, width_px: int = 480) -> tuple[bytes, int]:
    """The contact sheet as a PNG, its pictures ``width_px`` wide, and the number of pictures."""
    from videoguide.picture import pictures

    shown = []
    surveyed = survey(studio.campaign, most=1)
    scenes = [surveyed.scenes[number] for number in variants(surveyed, looks(surveyed, studio), studio.campaign)]
    for number, scene in enumerate(scenes, 1):
        drawing = studio.draw(scene, studio.timing(scene))
        shown.append((scene.scene, drawing.picture(drawing.frames - POSTER_BEFORE_END_FRAMES)))
        tell(scene.chapter, number, len(scenes))
    written = BytesIO()
    pictures.sheet(shown, columns, width_px).save(written, "PNG", optimize=True)
    return written.getvalue(), len(shown)


def looks(surveyed: Survey, studio: Studio) -> tuple[str, ...]:
    """A hash of each scene's look; counts, such as a step's number, do not matter, and broken drawings look alike."""
    pack = studio.campaign
    stage = sorted(map(digest_of, scene_files(STAGE, studio.folders, studio.campaign.fonts)))
    hashes = []
    for scene in surveyed.scenes:
        steps = {name: 1 for name, kind in pack.scenes[scene.scene].variables.items() if kind.type == "count"}
        try:
            drawn = studio.svg(replace(scene, values={**scene.values, **steps}))
        except PackError:
            drawn = ""
        hashes.append(key_of([scene.scene, drawn, stage]))
    return tuple(hashes)


def variants(surveyed: Survey, looks: Sequence[str], pack: Campaign) -> tuple[int, ...]:
    """Numbers of the scenes in representative guides that look different, in the order of the pack's scenes."""
    first_numbers: dict[str, int] = {}
    for number in sorted({scene for guide in surveyed.guides if guide.representative for scene in guide.scenes}):
        first_numbers.setdefault(looks[number], number)
    order = list(pack.scenes)
    return tuple(sorted(first_numbers.values(), key=lambda number: order.index(surveyed.scenes[number].scene)))
