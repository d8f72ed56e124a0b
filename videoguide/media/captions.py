# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Sentence times -> captions, chapters and buttons as WebVTT.

The limits that are usual for Italian captions: 2 lines of 40 characters, 17 characters a second,
1 to 7 seconds each.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

LINE_CHARACTERS = 40
LINES = 2
CHARACTERS_PER_SECOND = 17
SHORTEST_MS, LONGEST_MS = 1000, 7000


class TimedText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence, a subtitle or a chapter's title, and its time in milliseconds from the start of the guide."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True)
class Cue:
    """One caption: at most two lines."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines, joined by line breaks."""
        return "\n".join(self.lines)


def caption(sentences: Sequence[TimedText], end_ms: int) -> tuple[Cue, ...]:
    """The captions of a guide's sentences, in order; the last one may stay until ``end_ms``.

    A long sentence becomes several cues, cut at punctuation where possible, each with its share of
    the time. A cue may stay on during the pause after it, for as long as reading it takes.
    """
    cues: list[Cue] = []
    for number, sentence in enumerate(sentences):
        next_start_ms = sentences[number + 1].start_ms if number + 1 < len(sentences) else end_ms
        cues.extend(_cues(sentence, next_start_ms))
    return tuple(cues)


def _cues(sentence: TimedText, latest_end_ms: int) -> Iterator[Cue]:
    parts = _split(sentence.text)
    characters = sum(len(part) for part in parts)
    reading_ms = max(SHORTEST_MS, -(-characters * 1000 // CHARACTERS_PER_SECOND))
    # where the voice is quicker than the eye, reading continues into the pause
    end_ms = max(sentence.end_ms, min(sentence.start_ms + reading_ms, latest_end_ms))
    start_ms = sentence.start_ms
    spoken_characters = 0
    for part in parts:
        spoken_characters += len(part)
        until_ms = sentence.start_ms + (end_ms - sentence.start_ms) * spoken_characters // characters
        yield Cue(start_ms, min(until_ms, start_ms + LONGEST_MS), _lines(part))
        start_ms = until_ms


def _split(text: str) -> list[str]:
    """The fewest parts of ``text`` that fit one cue each, as equal in length as the words allow."""
    if _fits(text):
        return [text]
    words = text.split(" ")
    best: tuple[float, list[str]] | None = None
    for cut in range(1, len(words)):
        left, right = " ".join(words[:cut]), " ".join(words[cut:])
        if not _fits(left):
            break
        after_punctuation = left[-1] in ",;:.?!»"
        cost = abs(len(left) - len(right)) - (20 if after_punctuation else 0)
        rest = [right] if _fits(right) else None
        cost += 0 if rest else 1000
        if best is None or cost < best[0]:
            best = (cost, [left, *(rest or [right])])
    if best is None:  # one word longer than a caption: it cannot be cut
        return [text]
    left, right = best[1]
    return [left, *_split(right)]


def _fits(text: str) -> bool:
    return len(_lines(text)) <= LINES and all(len(line) <= LINE_CHARACTERS for line in _lines(text))


def _lines(text: str) -> tuple[str, ...]:
    """One line if it fits, else two as equal as possible, preferably cut after punctuation."""
    if len(text) <= LINE_CHARACTERS:
        return (text,)
    words = text.split(" ")
    pairs = [(" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words))]
    fitting = [pair for pair in pairs if max(map(len, pair)) <= LINE_CHARACTERS]
    if not fitting:
        return tuple(_fill(words))
    return min(fitting, key=lambda pair: abs(len(pair[0]) - len(pair[1])) - (6 if pair[0][-1] in ",;:" else 0))


def _fill(words: Iterable[str]) -> Iterator[str]:
    line = ""
    for word in words:
        if line and len(line) + 1 + len(word) > LINE_CHARACTERS:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    yield line


def problems(cues: Sequence[Cue]) -> list[str]:
    """What exceeds the captions' limits, one line for each fault."""
    faults = []
    for number, cue in enumerate(cues, 1):
        duration_ms = cue.end_ms - cue.start_ms
        seconds = duration_ms / 1000
        allowed_characters = (duration_ms + 1) * CHARACTERS_PER_SECOND / 1000  # both ends are whole milliseconds
        characters = len(cue.text)
        if len(cue.lines) > LINES:
            faults.append(f"sottotitolo {number}: {len(cue.lines)} righe; ammesso: {LINES}")
        if any(len(line) > LINE_CHARACTERS for line in cue.lines):
            faults.append(f"sottotitolo {number}: una riga di più di {LINE_CHARACTERS} caratteri")
        if not SHORTEST_MS <= duration_ms <= LONGEST_MS:
            faults.append(f"sottotitolo {number}: {seconds:.2f} s; ammesso: da 1 a 7")
        elif characters > allowed_characters:
            faults.append(f"sottotitolo {number}: {characters / seconds:.1f} caratteri al secondo; ammesso: 17")
    return faults


def webvtt(cues: Iterable[Cue]) -> str:
    """The captions as a WebVTT file."""
    return _file((cue.start_ms, cue.end_ms, "\n".join(map(_escape, cue.lines))) for cue in cues)


def chapters_webvtt(chapters: Sequence[TimedText]) -> str:
    """The chapters as a WebVTT file for a track of kind ``chapters``."""
    return _file((chapter.start_ms, chapter.end_ms, _escape(chapter.text)) for chapter in chapters)


def buttons_webvtt(buttons: Iterable[tuple[int, int, Mapping[str, Any]]]) -> str:
    """The buttons (start and end in ms, plain data) as a WebVTT file of JSON cues, for a track of kind ``metadata``."""
    return _file((start_ms, end_ms, _json(data)) for start_ms, end_ms, data in buttons)


def _json(data: Mapping[str, Any]) -> str:
    # ">" is written as an escape: a cue's text must not hold an arrow
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace(">", "\\u003e")


def _file(cues: Iterable[tuple[int, int, str]]) -> str:
    blocks = (
        f"{number}\n{_clock(start_ms)} --> {_clock(end_ms)}\n{text}\n"
        for number, (start_ms, end_ms, text) in enumerate(cues, 1)
    )
    return "\n".join(["WEBVTT\n", *blocks])


def _clock(ms: int) -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
