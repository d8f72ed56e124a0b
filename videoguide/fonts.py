"""A font file's own metrics, by HarfBuzz: lengths with kerning, and coverage.

Not by Pillow: this family keeps its kerning in GPOS alone, which Pillow's basic layout does not
apply (a line comes out up to 5 % too wide), and its other layout needs a library of the system.
The rasteriser shapes by the same rules, so both agree to a pixel or two.
"""

from pathlib import Path

import uharfbuzz


class Font:
    """One font file. Lengths are in font units, ``units`` to the em."""

    def __init__(self, file: Path) -> None:
        self.file = file
        face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(file)))
        self._font = uharfbuzz.Font(face)
        self.units: int = face.upem

    def covers(self, character: str) -> bool:
        """Whether the font has a picture for this character."""
        return self._font.get_nominal_glyph(ord(character)) is not None

    def length(self, text: str) -> int:
        """Length of a line in this font, with kerning; a character it lacks counts as the box shown instead."""
        line = uharfbuzz.Buffer()
        line.add_str(text)
        line.guess_segment_properties()
        uharfbuzz.shape(self._font, line)
        return sum(position.x_advance for position in line.glyph_positions)
