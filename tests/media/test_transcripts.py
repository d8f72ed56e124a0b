# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The guide to read and to hear."""

from html.parser import HTMLParser

import pytest

from tests.support.invented_guides import HOSTILE_NAMES, GuideOf
from videoguide.media import transcripts
from videoguide.media.manifest import Manifest

VOID = {"meta", "link", "br", "img"}


class Page(HTMLParser):
    """Reads a page as a browser would, and holds it to closed and nested elements."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open[-1] != "style":
            self.texts.append((self.open[-1], data.strip()))

    def texts_in(self, tag: str) -> list[str]:
        return [text for where, text in self.texts if where == tag]


@pytest.fixture
def about(guide_of: GuideOf) -> Manifest:
    return guide_of("missing-documents").manifest({"sound": "guide.m4a"})


def test_the_text_holds_every_chapter_sentence_window_link_and_the_note_in_order(about: Manifest) -> None:
    lines = transcripts.plain(about).splitlines()
    assert lines[0] == about.title and lines[-1] == about.voice.note
    assert [line[2:] for line in lines if line.startswith("  ") and not line.startswith("  -")] == [
        *(sentence.text for sentence in about.transcript),
        *(text for window in about.windows for text in window.text),
    ]
    points = [line[4:] for line in lines if line.startswith("  - ")]
    assert points == [point for window in about.windows for point in window.points]
    headings = [line for line in lines if line and not line.startswith(" ")]
    assert [chapter.text for chapter in about.chapters] == headings[1 : 1 + len(about.chapters)]
    assert all(f"{link.title}: {link.url}" in lines for link in about.links.values())


def test_the_page_says_the_same_and_plays_the_sound(about: Manifest) -> None:
    page = Page(transcripts.page(about))
    assert page.texts_in("h1") == [about.title]
    titles = [chapter.text for chapter in about.chapters] + [window.title for window in about.windows]
    assert page.texts_in("h2")[: len(titles)] == titles
    paragraphs = page.texts_in("p")
    assert [text for text in paragraphs if text in {sentence.text for sentence in about.transcript}] == [
        sentence.text for sentence in about.transcript
    ]
    assert about.voice.note in paragraphs
    assert [tag["src"] for name, tag in page.elements if name == "audio"] == ["guide.m4a"]
    assert [tag["href"] for name, tag in page.elements if name == "a"] == [link.url for link in about.links.values()]


def test_the_page_names_its_language_runs_nothing_and_fetches_nothing(about: Manifest) -> None:
    page = Page(transcripts.page(about))
    assert dict(page.elements)["html"] == {"lang": "it"}
    assert not {name for name, _ in page.elements} & {"script", "iframe", "link", "img", "object", "form"}
    sources = [value for _, tag in page.elements for name, value in tag.items() if name in ("src", "srcset", "data")]
    assert sources == ["guide.m4a"]
    assert not [name for _, tag in page.elements for name in tag if name.startswith("on")]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_markup_in_a_name_is_text_in_both(guide_of: GuideOf, about: Manifest, name: str) -> None:
    import msgspec

    spoken = [msgspec.structs.replace(span, text=span.text.replace("Giulia", name)) for span in about.transcript]
    changed = msgspec.structs.replace(about, transcript=tuple(spoken))
    assert f"  {spoken[0].text}" in transcripts.plain(changed).splitlines()
    page = Page(transcripts.page(changed))
    assert spoken[0].text in page.texts_in("p")
    assert page.elements == Page(transcripts.page(about)).elements
