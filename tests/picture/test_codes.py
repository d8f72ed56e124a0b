# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""QR codes for the end card."""

import io
import re

import pytest
import resvg_py
import zxingcpp
from PIL import Image

from videoguide.picture.codes import INK, qr_code

ADDRESS = "https://www.example.org/percorso/molto-lungo/fino-alla-domanda?x=1&y=<2>"


def picture_of(text: str, size: int) -> Image.Image:
    quiet = size // 6
    whole = size + 2 * quiet
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{whole}"><rect width="100%" height="100%" '
        f'fill="#FFFFFF"/><g transform="translate({quiet} {quiet})">{qr_code(text, size)}</g></svg>'
    )
    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg)))).convert("RGB")


@pytest.mark.parametrize("text", ["https://www.inps.it", ADDRESS, "perché è così"])
def test_a_reader_reads_exactly_what_was_written(text: str) -> None:
    assert [code.text for code in zxingcpp.read_barcodes(picture_of(text, 504))] == [text]


def test_a_fifth_of_the_size_it_is_drawn_in_is_still_read() -> None:
    small = picture_of(ADDRESS, 504).resize((168, 168), Image.Resampling.LANCZOS)
    assert [code.text for code in zxingcpp.read_barcodes(small)] == [ADDRESS]


def test_it_is_one_path_of_dark_modules_as_wide_as_asked() -> None:
    code = str(qr_code(ADDRESS, 504))
    assert code.count("<") == 1 and f'fill="{INK}"' in code
    scale = float(re.findall(r"scale\(([\d.]+)\)", code)[0])
    right = max(int(x) + int(length) for x, length in re.findall(r"M(\d+) \d+h(\d+)v1", code))
    assert right * scale == pytest.approx(504, abs=0.1)


def test_the_same_text_always_gives_the_same_code() -> None:
    assert qr_code(ADDRESS, 504) == qr_code(ADDRESS, 504)
