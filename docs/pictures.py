# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Makes the README's pictures: ``python docs/pictures.py`` writes docs/contact-sheet.png and docs/guide.gif."""

from pathlib import Path

from videoguide import settings
from videoguide.guide.script import write_script
from videoguide.guide.segments import open_studio
from videoguide.packs import campaigns
from videoguide.picture import pictures
from videoguide.proof.previews import invented_application
from videoguide.proof.sheets import sheet

DOCS = Path(__file__).parent
SHOWN = ("hello", "missing-documents", "log-in", "find", "end-card")
COLUMNS = 8


def main() -> None:
    """Draw with the silent voice: its times are near those of the default one."""
    wanted = settings.load(voice="silent", size="960x540")
    pack = campaigns.load(wanted.scenes, "assegno-unico")
    studio = open_studio(pack, wanted)
    png, _ = sheet(studio, COLUMNS, width_px=300)
    (DOCS / "contact-sheet.png").write_bytes(png)
    person = invented_application(
        pack, first_name="Giulia", sex="F", cases=["missing-documents"], facts={"documents": ("custody-ruling",)}
    )
    frames = []
    for scene in write_script(person, ["missing-documents"], pack).scenes:
        if scene.scene in SHOWN:
            narration = studio.narrate(scene)
            drawn = studio.draw(scene, narration)
            # a hold of half a second at most: the loop shows what moves
            still = 0
            for n in range(drawn.frames):
                still = 0 if drawn.changes(n) else still + 1
                if still < 14:
                    frames.append(drawn.picture(n))
    (DOCS / "guide.gif").write_bytes(pictures.looping(frames, "gif", width_px=480, every=3))


if __name__ == "__main__":
    main()
