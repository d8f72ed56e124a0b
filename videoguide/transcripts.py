"""The guide to read and to hear: its words as plain text and as a simple page with the sound."""

from collections.abc import Iterator
from typing import Any

import msgspec

from videoguide import templates
from videoguide.assets import assets_folder
from videoguide.manifest import Manifest, Span


def plain(about: Manifest) -> str:
    """Chapters, sentences, windows and links as text in UTF-8, one sentence a line."""
    lines = [about.title, ""]
    for chapter, sentences in _by_chapter(about):
        lines += [chapter.text, *(f"  {sentence.text}" for sentence in sentences), ""]
    for window in about.windows:
        lines += [
            window.title,
            *(f"  {text}" for text in window.text),
            *(f"  - {point}" for point in window.points),
            "",
        ]
    lines += [f"{link.title}: {link.url}" for link in about.links.values()]
    return "\n".join([*lines, "", about.voice.note, ""])


def page(about: Manifest) -> str:
    """The same as a page that needs nothing else but the sound file: for who listens rather than looks."""
    chapters: list[dict[str, Any]] = [
        {"title": chapter.text, "sentences": [sentence.text for sentence in sentences]}
        for chapter, sentences in _by_chapter(about)
    ]
    values = {"guide": msgspec.to_builtins(about), "chapters": chapters}
    return templates.fill_drawing("transcript.html", [assets_folder() / "pages"], values)


def _by_chapter(about: Manifest) -> Iterator[tuple[Span, list[Span]]]:
    for chapter in about.chapters:
        yield chapter, [text for text in about.transcript if chapter.start_ms <= text.start_ms < chapter.end_ms]
