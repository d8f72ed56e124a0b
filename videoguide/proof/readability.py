# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""How easy Italian text is to read: the Gulpease index."""

import re

_WORD = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")
_END = re.compile(r"[.!?:;]+")


def gulpease(text: str) -> float:
    """Gulpease index of a text, 0 (hard) to 100 (easy); text without words counts as 100.

    89 + (300 x sentences - 10 x letters) / words (P. Lucisano and M. E. Piemontese, 1988). Words joined by an
    apostrophe count as one, which is the stricter reading. From 60 on, a text is easy for people who finished middle
    school.

    >>> gulpease("Apri la tua domanda e allega il documento che manca.")
    77.0
    """
    words = _WORD.findall(text)
    if not words:
        return 100.0
    letters = sum(character.isalnum() for word in words for character in word)
    sentences = max(len(_END.findall(text)), 1)
    return float(min(89 + (300 * sentences - 10 * letters) / len(words), 100.0))
