# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""QR codes as SVG, for the end card."""

from collections.abc import Iterator
from itertools import groupby

from markupsafe import Markup

INK = "#17324D"


def qr_code(text: str, size_px: int) -> Markup:
    """``text`` as a QR code (error correction M) of ``size_px`` by ``size_px``, without its quiet zone.

    The caller leaves four modules of white around it, as the standard (ISO/IEC 18004) asks.
    """
    import segno

    rows = segno.make(text, error="m", micro=False).matrix
    scale = round(size_px / len(rows), 4)
    path = "".join(_runs(rows))
    return Markup('<path transform="scale({})" fill="{}" shape-rendering="crispEdges" d="{}"/>').format(
        scale, INK, path
    )


def _runs(rows: tuple[bytearray, ...]) -> Iterator[str]:
    """One rectangle for each run of dark modules: fewer edges, and no hairlines between neighbours."""
    for y, row in enumerate(rows):
        x = 0
        for dark, run in groupby(row):
            modules = len(list(run))
            if dark:
                yield f"M{x} {y}h{modules}v1h-{modules}z"
            x += modules
