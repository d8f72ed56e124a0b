# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The portal's pages as HTML: every variable explained, every word escaped, every file there."""

import re
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jinja2 import UndefinedError

from tests.support.invented_guides import GuideOf
from tests.support.portal_tabs import HOSTILE
from videoguide.media.manifest import Link, Manifest
from videoguide.portal import rendering, views
from videoguide.portal.answers import REFUSALS
from videoguide.portal.rendering import clock, italian_date, minutes, render
from videoguide.portal.static_files import static_content
from videoguide.portal.views import ErrorPage, GuideCard, GuidePage, LoginPage, Page, Person, SignedOutPage
from videoguide.wording import megabytes


@pytest.fixture
def about(guide_of: GuideOf) -> Manifest:
    return guide_of("missing-documents").manifest()


def guide_page(about: Manifest) -> GuidePage:
    """The page of a guide, with places that lead nowhere."""
    names = ("video", "captions", "chapters", "buttons", "poster", "download", "text", "rating", "events")
    places: dict[str, Any] = {f"{name}_url": f"/{name}" for name in names}
    return GuidePage(
        title=about.title, csrf="a-token", manifest=about, view_id="view-1", comment_characters=500, **places
    )


def test_no_template_holds_script_or_style() -> None:
    for template in (Path(rendering.__file__).parent / "templates").glob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text), template.name
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), template.name


def test_every_class_and_icon_of_the_templates_is_defined() -> None:
    styles = "".join(static_content(name).decode() for name in ("bootstrap-italia.css", "portal.css", "video-js.css"))
    defined = set(re.findall(r"\.([\w-]+)", styles))
    icons = set(re.findall(r'id="it-([\w-]+)"', static_content("icons.svg").decode()))
    for template in (Path(rendering.__file__).parent / "templates").glob("*.html"):
        text = template.read_text(encoding="utf-8")
        for names in re.findall(r'class="([^"{]*)"', text):
            missing = set(names.split()) - defined
            assert not missing, f"{template.name}: {missing}; Bootstrap Italia's come by scripts/portal_static.py"
        for name in re.findall(r'icon\("([\w-]+)"', text):
            assert name in icons, f"{template.name}: icon {name}; run scripts/portal_static.py"


def test_every_variable_of_a_page_is_explained() -> None:
    text = Path(views.__file__).read_text(encoding="utf-8")
    for page in views.PAGES:
        assert page.__doc__
        for field in fields(page):
            declared = re.search(rf"    {field.name}: .*\n    \"\"\"", text)
            assert declared, f"{page.__name__}.{field.name} has no line of explanation"


def test_a_template_that_asks_for_an_unknown_variable_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    page = SignedOutPage()
    monkeypatch.delattr(SignedOutPage, "login_url")
    object.__delattr__(page, "login_url")
    with pytest.raises(UndefinedError, match="login_url"):
        render(page)


def test_every_page_leads_to_the_source_code() -> None:
    for page in (LoginPage(login_url="/login"), SignedOutPage(), ErrorPage(title="No", words="No.", status=404)):
        footer = render(page).partition("<footer")[2]
        assert '<a href="https://github.com/videoguide/videoguide"' in footer and "Codice sorgente" in footer


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_is_a_page_that_says_what_to_do(code: str) -> None:
    status, title, words = REFUSALS[code]
    page = render(ErrorPage(title=title, words=words, status=status))
    assert f"<h1>{title}</h1>" in page and words in page and f"Codice: {status}" in page
    assert words.endswith(".") and not title.endswith(".")


def test_the_gone_page_does_not_play() -> None:
    assert "<video" not in render(views.GonePage())


def test_the_patronatos_window_is_offered_only_in_its_own_variant(about: Manifest, guide_of: GuideOf) -> None:
    page = guide_page(guide_of("missing-documents", channel="patronato").manifest())
    assert page.hint is not None
    assert replace(page, manifest=about).hint is None
    assert replace(page, patronato_window="").hint is None


def test_place_is_kept_for_the_buttons_that_stand_together(about: Manifest) -> None:
    page = guide_page(about)
    assert page.buttons_at_once == 3
    assert replace(page, manifest=msgspec.structs.replace(page.manifest, buttons=())).buttons_at_once == 0


def test_every_sentence_stands_in_its_chapter(about: Manifest) -> None:
    page = guide_page(about)
    assert tuple(text for chapter in page.chapters for text in chapter.sentences) == about.transcript


@pytest.mark.parametrize(
    ("ms", "words"),
    [(88_640, "1 minuto e 28 secondi"), (120_000, "2 minuti"), (1_000, "1 secondo"), (0, "0 secondi")],
)
def test_lengths_are_told_in_words(ms: int, words: str) -> None:
    assert minutes(ms) == words


def test_dates_moments_and_sizes_are_italian() -> None:
    assert italian_date(date(2023, 6, 1)) == "1º giugno 2023"
    assert italian_date(date(2023, 12, 31)) == "31 dicembre 2023"
    assert clock(88_320) == "1:28"
    assert megabytes(4_438_819) == "4,4 MB"


class TestHostileWords:
    """Whatever a name or a link holds, it is text."""

    @pytest.mark.parametrize("page", ["login", "guides", "guide", "text", "gone"])
    def test_markup_is_escaped(self, page: str, hostile_pages: dict[str, Page]) -> None:
        html = render(hostile_pages[page])
        assert "<img src=x" not in html
        assert "alert(2)</script>" not in html
        assert "&lt;img src=x onerror=alert(1)&gt;" in html

    @pytest.fixture
    def hostile_pages(self, about: Manifest) -> dict[str, Page]:
        about = msgspec.structs.replace(about, title=HOSTILE, links={"service": Link(HOSTILE, "https://www.inps.it/")})
        page = guide_page(about)
        card = GuideCard(
            url="/guide",
            title=HOSTILE,
            cases=(HOSTILE,),
            made_on=date(2023, 6, 8),
            state="new",
            poster_url="/poster",
            duration_ms=about.duration_ms,
        )
        return {
            "login": LoginPage(login_url="/login", people=(Person("1", HOSTILE, HOSTILE),)),
            "guides": views.GuidesPage(cards=(card,)),
            "guide": replace(page, title=HOSTILE, manifest=about, cases=(HOSTILE,), rating=2, comment=HOSTILE),
            "text": views.TextPage(
                title=HOSTILE, manifest=about, poster_url="/p", audio_url="/a", guide_url="/g", csrf=HOSTILE
            ),
            "gone": views.GonePage(service=about.links["service"]),
        }
