# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A guide to read and to listen to: its words as plain text, and as a simple page with the sound."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from videoguide.assets import assets_folder
from videoguide.media.captions import TimedText
from videoguide.media.manifest import Manifest
from videoguide.packs import templates


def plain(manifest: Manifest) -> str:
    """Chapters, sentences, windows and links as plain text, one sentence per line."""
    lines = [manifest.title, ""]
    for chapter, sentences in _by_chapter(manifest):
        lines += [chapter.text, *(f"  {sentence.text}" for sentence in sentences), ""]
    for window in manifest.windows:
        lines += [
            window.title,
            *(f"  {text}" for text in window.text),
            *(f"  - {point}" for point in window.points),
            "",
        ]
    lines += [f"{link.title}: {link.url}" for link in manifest.links.values()]
    return "\n".join([*lines, "", manifest.voice.note, ""])


def page(manifest: Manifest, pages: Path | None = None) -> str:
    """The same as an HTML page that needs only the sound file beside it, for people who listen rather than look.

    ``pages`` is the folder of its template (default: the program's).
    """
    chapters: list[dict[str, Any]] = [
        {"title": chapter.text, "sentences": [sentence.text for sentence in sentences]}
        for chapter, sentences in _by_chapter(manifest)
    ]
    values = {"guide": msgspec.to_builtins(manifest), "chapters": chapters}
    return templates.fill_drawing("transcript.html", [pages or assets_folder() / "pages"], values)


def _by_chapter(manifest: Manifest) -> Iterator[tuple[TimedText, list[TimedText]]]:
    for chapter in manifest.chapters:
        sentences = [text for text in manifest.transcript if chapter.start_ms <= text.start_ms < chapter.end_ms]
        yield chapter, sentences
