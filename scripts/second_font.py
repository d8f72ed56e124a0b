# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Renew the second font, which draws the names that Titillium Web cannot: Noto Sans, cut to the Latin letters.

    pip install fontpkg-noto-sans==2.15 fonttools==4.68.0
    python scripts/second_font.py

The family is a variable font; of it are kept the three weights of the type scale, a little condensed, as Titillium Web
is narrower. No hints are kept: the rasteriser uses none.
"""

from importlib.resources import files
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

FONTS = Path(__file__).parent.parent / "assets" / "fonts"
WEIGHTS = {"Regular": 400, "SemiBold": 600, "Bold": 700}
WIDTH = 90
"""Percent of the normal width."""
LETTERS = (
    *range(0x20, 0x7F),  # Latin
    *range(0xA0, 0x250),
    0x259,  # ə, small letter of the Azerbaijani Ə
    *range(0x2B0, 0x370),  # letters that modify, accents that combine
    *range(0x1E00, 0x1F00),  # Vietnamese and more
    *range(0x2010, 0x2027),  # dashes, quotation marks
    0x202F,
    0x20AC,
)


def cut(weight: str) -> None:
    """One weight as a font of its own, named as part of the family."""
    package = files("fontpkg_noto_sans")
    font = TTFont(str(package / "files" / "NotoSans[wdth,wght].ttf"), recalcTimestamp=False)
    instancer.instantiateVariableFont(font, {"wght": WEIGHTS[weight], "wdth": WIDTH}, inplace=True)
    options = subset.Options(
        hinting=False, notdef_outline=True, layout_features=["ccmp", "kern", "locl", "mark", "mkmk"], name_IDs=["*"]
    )
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=LETTERS)
    cutter.subset(font)
    font["OS/2"].usWeightClass, font["OS/2"].usWidthClass = WEIGHTS[weight], 5  # the family's normal width, in here
    for name_id, text in ((1, "Noto Sans"), (2, weight), (4, f"Noto Sans {weight}"), (6, f"NotoSans-{weight}")):
        font["name"].setName(text, name_id, 3, 1, 0x409)
    for name_id in (16, 17, 21, 22, 25, 307, 309, 319, 320):
        font["name"].removeNames(nameID=name_id)
    font.save(FONTS / f"NotoSans-{weight}.ttf")


if __name__ == "__main__":
    for weight in WEIGHTS:
        cut(weight)
    (FONTS / "NotoSans-OFL.txt").write_bytes((files("fontpkg_noto_sans") / "LICENSE").read_bytes())
