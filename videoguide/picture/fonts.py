# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The metrics of a font file, read with HarfBuzz: lengths with kerning, and coverage.

Not with Pillow: this family has its kerning only in GPOS, which Pillow's basic layout does not apply
(lines measure up to 5 % too wide), and Pillow's other layout needs a system library. The rasteriser
shapes text by the same rules, so both agree to within a pixel or two.
"""

from pathlib import Path

import uharfbuzz


class Font:
    """One font file; lengths are in font units, of which there are ``units_per_em`` to the em."""

    def __init__(self, file: Path) -> None:
        self.file = file
        face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(file)))
        self._font = uharfbuzz.Font(face)
        self.units_per_em: int = face.upem

    def covers(self, character: str) -> bool:
        """Whether the font has a glyph for this character."""
        return self._font.get_nominal_glyph(ord(character)) is not None

    def length(self, text: str) -> int:
        """The length of a line in font units, with kerning; a missing character counts as the box shown instead."""
        line = uharfbuzz.Buffer()
        line.add_str(text)
        line.guess_segment_properties()
        uharfbuzz.shape(self._font, line)
        return sum(position.x_advance for position in line.glyph_positions)
