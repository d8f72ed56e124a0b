"""Makes the README's pictures: ``python docs/pictures.py`` writes docs/contact-sheet.png and docs/guide.gif."""

from pathlib import Path

from videoguide import campaigns, pictures, settings
from videoguide.previews import invented_application
from videoguide.script import write_script
from videoguide.segments import open_studio
from videoguide.sheets import sheet

DOCS = Path(__file__).parent
SHOWN = ("hello", "missing-documents", "log-in", "find", "end-card")
COLUMNS = 8


def main() -> None:
    """Draw with the silent voice: its times are near those of the default one."""
    wanted = settings.load(voice="silent", size="960x540")
    pack = campaigns.load(wanted.scenes, "assegno-unico")
    studio = open_studio(pack, wanted)
    png, _ = sheet(studio, COLUMNS, width=300)
    (DOCS / "contact-sheet.png").write_bytes(png)
    person = invented_application(
        pack, first_name="Giulia", sex="F", cases=["missing-documents"], facts={"documents": ("custody-ruling",)}
    )
    frames = []
    for scene in write_script(person, ["missing-documents"], pack).scenes:
        if scene.scene in SHOWN:
            told = studio.tell(scene)
            drawn = studio.draw(scene, told)
            # a hold of half a second at most: the loop shows what moves
            still = 0
            for n in range(drawn.frames):
                still = 0 if drawn.changes(n) else still + 1
                if still < 14:
                    frames.append(drawn.picture(n))
    (DOCS / "guide.gif").write_bytes(pictures.looping(frames, "gif", width=480, every=3))


if __name__ == "__main__":
    main()
