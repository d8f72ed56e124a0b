# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Bytes -> lines of text, in the encoding that each line is written in.

UTF-8, with or without its mark, and UTF-16 are read as they are. A line that is not UTF-8 is read as Windows-1252 where
the file is written in it, or in both, as when two files were joined. What only looks like Windows-1252 but is the code
page of MS-DOS or of old Macs is refused by name: read wrongly, it would give people other names.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from videoguide.errors import InputError

LINE_BYTES = 1 << 20
"""Longer lines are cut: a file without line ends must not fill the memory."""
PROBE_BYTES = 64
"""Shorter than any header; text in a single-byte encoding has no zero byte by then."""

_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_PADDING = b"\0\x1a"
"""What old programs put after a file's end: zeros up to a whole block, the end mark of CP/M and MS-DOS."""

_LEGACY = {"cp1252": "Windows-1252", "cp850": "MS-DOS (cp850)", "mac_roman": "Macintosh (MacRoman)"}
_SAMPLE_LINES = 2000
_MARGIN = 3
"""How much better another code page must fit than Windows-1252: less than one clearly wrong letter proves nothing."""

_WORD = re.compile(rb"[A-Za-z'\x80-\xff]*[\x80-\xff][A-Za-z'\x80-\xff]*")
_LEAD_OF_UTF_8 = re.compile(rb"[\xc2-\xc5\xe1\xe2]")
_ITALIAN_ENDINGS = frozenset("àèéìòùÀÈÉÌÒÙ")
_SEEN_IN_CAPITALS = frozenset("àèéìòùëïöü")
"""Small letters that registers leave among capitals ("NICOLò"): their keyboards have no capital for them."""
_MARKS_OF_TEXT = frozenset("’‘“”–«»°ªº€´…")


@dataclass
class Encoding:
    """The encoding of a file's text: its ``unicode`` form, and how its other lines are read.

    ``legacy`` is the code page of lines that are not UTF-8, or nothing where such a line is only a damaged one.
    """

    unicode: str = "utf-8"
    has_mark: bool = False
    unicode_lines: int = 0
    legacy: str = ""
    legacy_lines: int = 0

    def __str__(self) -> str:
        """Its name, as staff read it."""
        if self.unicode != "utf-8":
            return self.unicode.upper()
        utf_8 = "UTF-8 con BOM" if self.has_mark else "UTF-8"
        if not self.legacy:
            return utf_8
        legacy = _LEGACY[self.legacy]
        return f"{utf_8} e {legacy}, secondo la riga" if self.unicode_lines or self.has_mark else legacy

    def text(self, line: bytes) -> str:
        """A line as text; what cannot be read becomes U+FFFD, for which its row is rejected."""
        try:
            return line.decode()
        except UnicodeDecodeError:
            if not self.legacy or (self.unicode_lines and not _is_whole(line)):
                return line.decode(errors="replace")
            return line.decode(self.legacy, "replace")


def examine(blocks: Iterable[bytes], name: str) -> Encoding:
    """The encoding of a file that is given block by block; reads all of it.

    Raises InputError, which names the file by ``name``, for what is no text and for a code page that is not read.
    """
    blocks = iter(blocks)
    start = next(blocks, b"")
    encoding = Encoding(_unicode_form(start[:PROBE_BYTES], name), start.startswith(codecs.BOM_UTF8))
    sample: list[bytes] = []
    for line in byte_lines(chain([start], blocks), encoding):
        if line.isascii():
            continue
        try:
            line.decode()
        except UnicodeDecodeError:
            encoding.legacy_lines += 1
            if len(sample) < _SAMPLE_LINES:
                sample.append(line)
        else:
            encoding.unicode_lines += 1
    if not sample:
        return encoding
    legacy = _code_page(sample)
    if not encoding.unicode_lines and not encoding.has_mark:
        if legacy != "cp1252":
            raise InputError(
                f"{name}: sembra scritto in {_LEGACY[legacy]}; ammessi: UTF-8, UTF-16, Windows-1252. "
                "Si salva di nuovo come «CSV UTF-8»"
            )
        encoding.legacy = legacy
    elif legacy == "cp1252" and encoding.legacy_lines > 1 and encoding.legacy_lines * 10 >= encoding.unicode_lines:
        # two files that were joined, not a byte that was damaged
        encoding.legacy = legacy
    return encoding


def byte_lines(blocks: Iterable[bytes], encoding: Encoding) -> Iterator[bytes]:
    """The lines with their ends, in UTF-8 or as they are, without byte-order marks and padding."""
    if encoding.unicode != "utf-8":
        blocks = _in_utf_8(blocks, encoding.unicode)
    for line in _split(blocks):
        if b"\x1a" in line or b"\0" in line or line.startswith(codecs.BOM_UTF8):
            text = line.rstrip(b"\r\n")
            yield _unpadded(text) + line[len(text) :]
        else:
            yield line


def _split(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        lines = (rest + block).splitlines(keepends=True)
        rest = lines.pop() if lines else b""  # it may go on in the next block, as "\r\n" may
        yield from lines
        while len(rest) > LINE_BYTES:
            yield rest[:LINE_BYTES]
            rest = rest[LINE_BYTES:]
    if rest:
        yield rest


def _unpadded(line: bytes) -> bytes:
    """A line without padding at its ends and the marks before it, of which joined and converted files have several."""
    line = line.strip(_PADDING)
    while line.startswith(codecs.BOM_UTF8):
        line = line.removeprefix(codecs.BOM_UTF8).lstrip(_PADDING)
    return line


def _in_utf_8(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for block in chain(blocks, [b""]):
        yield decoder.decode(block, final=not block).encode("utf-8", "replace")


def _unicode_form(start: bytes, name: str) -> str:
    for mark, form in _MARKS.items():
        if start.startswith(mark):
            return form
    if b"\0" not in start.rstrip(_PADDING):
        return "utf-8"
    pairs = len(start) // 2
    if start[1::2].count(0) > pairs * 0.9 and 0 not in start[::2]:
        return "utf-16-le"
    if start[::2].count(0) > pairs * 0.9 and 0 not in start[1::2]:
        return "utf-16-be"
    raise InputError(f"{name}: non è un file di testo; ammessi: CSV (anche in gzip o zip), Excel, Parquet")


def _is_whole(line: bytes) -> bool:
    """Whether a line in a file that has UTF-8 as well is written in Windows-1252, not in UTF-8 that was damaged."""
    words = _WORD.findall(line)
    return not _LEAD_OF_UTF_8.search(b" ".join(words)) and all(_fit(word, "cp1252") >= 0 for word in words)


def _code_page(lines: Iterable[bytes]) -> str:
    """The code page that fits the lines best.

    Libraries that guess encodings want prose. In lists of first names they mistake one code page for another: of ten
    names in cp850, charset-normalizer 3.5 preferred Windows-1252.
    """
    words = [word for line in lines for word in _WORD.findall(line)]
    fits = {code_page: sum(_fit(word, code_page) for word in words) for code_page in _LEGACY}
    best = max(fits, key=lambda code_page: fits[code_page])
    return best if fits[best] >= fits["cp1252"] + _MARGIN else "cp1252"


def _fit(word: bytes, code_page: str) -> int:
    """How well a word reads in a code page: letters where names in Italy have them count for it, signs against it."""
    text = word.decode(code_page, "replace")
    in_capitals = not any(letter.isascii() and letter.islower() for letter in text)
    fit = 0
    for place, letter in enumerate(text):
        before = text[place - 1 : place]
        if letter.isascii():
            continue
        if not letter.isalpha() or letter in "ªºƒˆ":
            fit += 0 if letter in _MARKS_OF_TEXT else -3
        elif letter.isupper() and before.isalpha() and not before.isupper():
            fit -= 3
        elif letter in _ITALIAN_ENDINGS and place == len(text) - 1:
            fit += 3 if letter.isupper() == in_capitals else 2
        elif letter.islower() and in_capitals and len(text) > 2:
            fit += letter in _SEEN_IN_CAPITALS
        else:
            fit += 1
    return fit
