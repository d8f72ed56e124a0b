# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A guide as the keys of its pieces in the store, and how a database row stores them."""

from dataclasses import dataclass

KEY_BYTES = 32
"""A key is a SHA-256: 64 hexadecimal digits, or this many bytes in a database row."""


@dataclass(frozen=True)
class GuideKeys:
    """Keys (hex) of a guide's outline and of its segments, in playing order; empty where there is no guide."""

    outline: str = ""
    segments: tuple[str, ...] = ()

    @classmethod
    def unpacked(cls, outline: bytes, segments: bytes) -> "GuideKeys":
        """The keys in a database row.

        >>> GuideKeys.unpacked(bytes(32), bytes(64)).segments == ("0" * 64, "0" * 64)
        True
        """
        starts = range(0, len(segments), KEY_BYTES)
        return cls(outline.hex(), tuple(segments[at : at + KEY_BYTES].hex() for at in starts))

    def packed(self) -> dict[str, bytes]:
        """The columns ``outline`` and ``segments`` of a row: the keys as bytes, those of the segments joined."""
        return {"outline": bytes.fromhex(self.outline), "segments": bytes.fromhex("".join(self.segments))}
