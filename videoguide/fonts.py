"""A font file's own metrics: advances, kerning, coverage, read from its tables.

Measured here and not with Pillow because this family keeps its kerning in GPOS alone, which
FreeType does not apply (a line comes out up to 5 % too wide), and Pillow's other layout engine
needs a system library that is not on every machine. The rasteriser reads the same tables, so
both agree to a fraction of a pixel everywhere.
"""

import struct
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

_X_ADVANCE = 0x0004


class _PairTable(NamedTuple):
    """Kerning of one GPOS subtable: by pair of glyphs, or by pair of classes where ``second`` is given."""

    covered: frozenset[int]
    pairs: dict[tuple[int, int], int]
    first: dict[int, int]
    second: dict[int, int] | None


class Font:
    """One TrueType file. Lengths are in font units, ``units`` to the em.

    >>> Font(folder / "TitilliumWeb-Bold.ttf").length("Ciao")   # doctest: +SKIP
    1924
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._data = file.read_bytes()
        count = self._u16(4)
        self._tables = {
            self._data[at : at + 4].decode("ascii"): struct.unpack_from(">I", self._data, at + 8)[0]
            for at in range(12, 12 + 16 * count, 16)
        }
        self.units = self._u16(self._tables["head"] + 18)
        self.ascent = self._i16(self._tables["hhea"] + 4)
        self.descent = -self._i16(self._tables["hhea"] + 6)
        self.cap_height = self._i16(self._tables["OS/2"] + 88)
        self.kern = lru_cache(maxsize=20_000)(self._kern)

    def covers(self, character: str) -> bool:
        """Whether the font has a picture for this character."""
        return ord(character) in self._glyphs

    def length(self, text: str) -> int:
        """Length of a line in this font, with kerning; a character it lacks counts as the box shown instead."""
        glyphs = [self._glyphs.get(ord(character), 0) for character in text]
        kerning = sum(self.kern(left, right) for left, right in pairwise(glyphs))
        return sum(self._advance(glyph) for glyph in glyphs) + kerning

    def _u16(self, at: int) -> int:
        return int(struct.unpack_from(">H", self._data, at)[0])

    def _i16(self, at: int) -> int:
        return int(struct.unpack_from(">h", self._data, at)[0])

    def _u16s(self, at: int, count: int) -> tuple[int, ...]:
        return struct.unpack_from(f">{count}H", self._data, at)

    def _advance(self, glyph: int) -> int:
        last = self._u16(self._tables["hhea"] + 34) - 1
        return self._u16(self._tables["hmtx"] + 4 * min(glyph, last))

    @cached_property
    def _glyphs(self) -> dict[int, int]:
        """Character code -> glyph, from the Unicode table of the basic plane (cmap format 4)."""
        start = self._tables["cmap"]
        for at in range(start + 4, start + 4 + 8 * self._u16(start + 2), 8):
            table = start + int(struct.unpack_from(">I", self._data, at + 4)[0])
            if self._u16(at) in (0, 3) and self._u16(table) == 4:
                return self._segments(table)
        raise ValueError(f"{self.file.name} has no Unicode character table")

    def _segments(self, table: int) -> dict[int, int]:
        count = self._u16(table + 6) // 2
        ends = self._u16s(table + 14, count)
        starts = self._u16s(table + 16 + 2 * count, count)
        deltas = self._u16s(table + 16 + 4 * count, count)
        offsets_at = table + 16 + 6 * count
        glyphs: dict[int, int] = {}
        for segment, (first, last, delta) in enumerate(zip(starts, ends, deltas, strict=True)):
            at = offsets_at + 2 * segment
            offset = self._u16(at)
            for code in range(first, last + 1):
                glyph = code if offset == 0 else self._u16(at + offset + 2 * (code - first))
                if glyph and code != 0xFFFF:
                    glyphs[code] = (glyph + delta) % 0x10000
        return glyphs

    def _kern(self, left: int, right: int) -> int:
        return sum(_adjustment(lookup, left, right) for lookup in self._kerning)

    @cached_property
    def _kerning(self) -> tuple[tuple[_PairTable, ...], ...]:
        """The pair lookups of the ``kern`` feature, each with its subtables in order."""
        gpos = self._tables.get("GPOS")
        if gpos is None:
            return ()
        features, lookups = gpos + self._u16(gpos + 6), gpos + self._u16(gpos + 8)
        wanted: set[int] = set()
        for at in range(features + 2, features + 2 + 6 * self._u16(features), 6):
            if self._data[at : at + 4] == b"kern":
                feature = features + self._u16(at + 4)
                wanted.update(self._u16s(feature + 4, self._u16(feature + 2)))
        return tuple(self._lookup(lookups + self._u16(lookups + 2 + 2 * index)) for index in sorted(wanted))

    def _lookup(self, at: int) -> tuple[_PairTable, ...]:
        kind = self._u16(at)
        tables = [at + offset for offset in self._u16s(at + 6, self._u16(at + 4))]
        if kind == 9:  # an extension: the real subtable lies further away
            kind = self._u16(tables[0] + 2)
            tables = [table + int(struct.unpack_from(">I", self._data, table + 4)[0]) for table in tables]
        return tuple(self._pair_table(table) for table in tables) if kind == 2 else ()

    def _pair_table(self, at: int) -> _PairTable:
        kind, coverage, left_values, right_values = self._u16s(at, 4)
        covered = self._coverage(at + coverage)
        step = 2 * (left_values.bit_count() + right_values.bit_count())
        advance = 2 * (left_values & (_X_ADVANCE - 1)).bit_count() if left_values & _X_ADVANCE else None
        pairs: dict[tuple[int, int], int] = {}
        if kind == 1:
            for left, offset in zip(covered, self._u16s(at + 10, self._u16(at + 8)), strict=True):
                pair_set = at + offset
                for record in range(self._u16(pair_set)):
                    place = pair_set + 2 + record * (2 + step)
                    pairs[left, self._u16(place)] = 0 if advance is None else self._i16(place + 2 + advance)
            return _PairTable(frozenset(covered), pairs, {}, None)
        first, second = self._classes(at + self._u16(at + 8)), self._classes(at + self._u16(at + 10))
        rows, columns = self._u16(at + 12), self._u16(at + 14)
        for row in range(rows):
            for column in range(columns):
                place = at + 16 + (row * columns + column) * step
                pairs[row, column] = 0 if advance is None else self._i16(place + advance)
        return _PairTable(frozenset(covered), pairs, first, second)

    def _coverage(self, at: int) -> list[int]:
        """Glyphs in coverage order."""
        kind, count = self._u16s(at, 2)
        if kind == 1:
            return list(self._u16s(at + 4, count))
        ranges = [self._u16s(at + 4 + 6 * index, 3) for index in range(count)]
        return [glyph for first, last, _ in ranges for glyph in range(first, last + 1)]

    def _classes(self, at: int) -> dict[int, int]:
        if self._u16(at) == 1:
            first, count = self._u16s(at + 2, 2)
            return {first + index: kind for index, kind in enumerate(self._u16s(at + 6, count))}
        ranges = [self._u16s(at + 4 + 6 * index, 3) for index in range(self._u16(at + 2))]
        return {glyph: kind for first, last, kind in ranges for glyph in range(first, last + 1)}


def _adjustment(lookup: tuple[_PairTable, ...], left: int, right: int) -> int:
    """The first subtable that knows the pair decides; one by classes knows every pair it covers."""
    for table in lookup:
        if left not in table.covered:
            continue
        if table.second is not None:
            return table.pairs[table.first.get(left, 0), table.second.get(right, 0)]
        if (left, right) in table.pairs:
            return table.pairs[left, right]
    return 0
