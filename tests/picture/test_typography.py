# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

import shutil
from io import BytesIO
from pathlib import Path

import pytest
import resvg_py
from PIL import Image

from videoguide.assets import assets_folder
from videoguide.errors import TextOverflow, UnknownChoice
from videoguide.packs import templates
from videoguide.picture import typography
from videoguide.picture.fonts import Font
from videoguide.picture.typography import style, typesetter

ART, FONTS = assets_folder() / "art", assets_folder() / "fonts"
SETTER = typesetter(FONTS)
WEIGHTS = {"title": 700, "lead": 600, "body": 400}


def ink_edges(text: str, style_name: str, family: str) -> tuple[int, int]:
    """First and last inked column (px from the start of the line) as the rasteriser sets it."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1920 200" width="1920" height="200"><text x="100" y="150"'
        f' font-family="{family}" font-weight="{WEIGHTS[style_name]}" font-size="{style(style_name).size}">'
        f"{text}</text></svg>"
    )
    fonts = [str(file) for file in (assets_folder() / "fonts").glob("*.ttf")]
    png = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, font_files=fonts)
    with Image.open(BytesIO(bytes(png))) as image:
        left, _, right, _ = image.getchannel("A").getbbox() or (0, 0, 0, 0)
    return left - 100, right - 100


@pytest.mark.parametrize("style_name", WEIGHTS)
@pytest.mark.parametrize(
    "text",
    [
        "AVATAR To Ta Ve. LT",
        "Ciao, Veronica Tarantino",
        "L’età, l’Alto «Ya» “Tö”, Ty.",
        "Đorđe Şükrü Łukasz",
        "Ngọc Hương, Thị Ánh",
    ],
)
def test_widths_agree_with_the_rasteriser(text: str, style_name: str) -> None:
    # "H" before and after has upright edges, so that ink and advance differ by the same at both ends
    family = SETTER.family(text)
    edges = "HH" if family == typography.FAMILY else "HơH"
    alone = ink_edges(edges, style_name, family)
    left, right = ink_edges(f"H{text}H", style_name, family)
    measured = SETTER.width(f"H{text}H", style_name) - SETTER.width(edges, style_name)
    assert abs((right - left) - (alone[1] - alone[0]) - measured) <= 1.5


def test_kerning_counts() -> None:
    assert SETTER.width("AV", "title") < SETTER.width("A", "title") + SETTER.width("V", "title") - 2


def test_a_line_grows_with_its_size() -> None:
    assert SETTER.width("Anna", "name", 80) == pytest.approx(SETTER.width("Anna", "name") / 2)


def test_the_scale_is_the_art_directions() -> None:
    sizes = {name: (step.size, step.line, step.weight) for name, step in typography.STYLES.items()}
    assert sizes["title"] == (104, 112, 700)
    assert sizes["lead"] == (72, 84, 600)
    assert sizes["body"] == (60, 76, 400)
    assert sizes["small"] == (56, 68, 400)
    assert min(step.size for step in typography.STYLES.values()) >= 56


def test_an_unknown_style_lists_the_known_ones() -> None:
    with pytest.raises(UnknownChoice, match="title, "):
        style("headline")


# Lines


@pytest.mark.parametrize("width_px", [620, 800, 980, 1400])
@pytest.mark.parametrize(
    "text",
    [
        "La tua domanda è ferma perché manca un documento",
        "Nessuna domanda va persa: la tua domanda del 2022 vale ancora.",
        "Accedi a MyINPS con SPID, CIE o CNS. Poi apri il servizio Assegno unico.",
    ],
)
def test_lines_fit_keep_all_words_and_are_as_few_as_can_be(text: str, width_px: int) -> None:
    lines = SETTER.wrap(text, "body", width_px)
    assert " ".join(lines) == text
    assert all(SETTER.width(line, "body") <= width_px for line in lines)
    assert len(lines) == len(greedy(text, width_px))


def greedy(text: str, width_px: int) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if SETTER.width(longer, "body") <= width_px:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def test_no_short_word_is_left_alone_on_the_last_line() -> None:
    text = "Per sbloccare la domanda bastano due passi qui"
    assert greedy(text, 1150)[-1] == "qui"
    lines = SETTER.wrap(text, "body", 1150)
    assert len(lines) == 2
    assert lines[-1] != "qui"


def test_no_article_hangs_at_the_end_of_a_line_where_there_is_room() -> None:
    text = "Torna dal patronato che ha inviato la domanda e porta i documenti"
    assert greedy(text, 840) == ["Torna dal patronato che ha", "inviato la domanda e porta i", "documenti"]
    assert SETTER.wrap(text, "body", 840) == ("Torna dal patronato", "che ha inviato la domanda", "e porta i documenti")


def test_non_breaking_spaces_do_not_break() -> None:
    assert SETTER.wrap("Assegno\u00a0unico universale", "title", 750) == ("Assegno\u00a0unico", "universale")


def test_spaces_and_line_ends_in_the_source_do_not_matter() -> None:
    assert SETTER.wrap("  Manca \n un   documento ", "title", 1800) == ("Manca un documento",)
    assert SETTER.wrap("", "title", 900) == ()


def test_too_many_lines_are_refused_without_repeating_the_words() -> None:
    with pytest.raises(TextOverflow, match=r"title, larghezza 800 px\): servono 2 righe; ammesso: 1") as caught:
        SETTER.wrap("Anna ti manca un solo documento", "title", 800, 1)
    assert "Anna" not in str(caught.value)


def test_a_word_wider_than_its_box_is_refused() -> None:
    with pytest.raises(TextOverflow, match=r"una parola è larga \d+ px; ammesso: 300 px"):
        SETTER.wrap("Precipitevolissimevolmente", "body", 300)


# Names


def test_a_short_name_is_set_as_large_as_can_be() -> None:
    assert SETTER.fit_name("Anna", 880) == (160, ("Anna",))


def test_a_long_name_shrinks_on_one_line() -> None:
    size, lines = SETTER.fit_name("Massimiliano", 700)
    assert lines == ("Massimiliano",)
    assert 96 <= size < 160
    assert SETTER.width("Massimiliano", "name", size) <= 700 < SETTER.width("Massimiliano", "name", size + 1)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("Maria Immacolata Concetta", ("Maria Immacolata", "Concetta")),
        ("Massimiliano-Alessandro", ("Massimiliano-", "Alessandro")),
    ],
)
def test_a_name_too_long_for_a_line_takes_two(name: str, lines: tuple[str, ...]) -> None:
    size, fitted = SETTER.fit_name(name, 860)
    assert fitted == lines
    assert 96 <= size <= 128
    assert all(SETTER.width(line, "name", size) <= 860 for line in fitted)


def test_a_name_that_fits_nowhere_is_refused_without_repeating_it() -> None:
    with pytest.raises(TextOverflow, match="non ci sta") as caught:
        SETTER.fit_name("Wolfeschlegelsteinhausenbergerdorff", 880)
    assert "Wolfe" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["Đorđe", "Şükrü", "Ionuț", "Łukasz", "Żaneta", "Strauß", "Søren", "Åsa", "Íñigo", "Zoë"]
)
def test_the_letters_of_europe_are_covered(name: str) -> None:
    assert SETTER.missing_glyphs(name) == frozenset()


def test_a_letter_written_in_two_signs_counts_as_one() -> None:
    assert SETTER.missing_glyphs("Jose\u0301") == frozenset()
    assert SETTER.width("Jose\u0301", "name") == SETTER.width("José", "name")


@pytest.mark.parametrize("name", ["Hương", "Ngọc Ánh", "Thị Mỹ Duyên", "Ɖela", "Ọláyínká", "Ḥasan", "Əli Həsən"])
def test_names_that_the_first_family_cannot_draw_are_drawn_by_the_second_whole(name: str) -> None:
    assert SETTER.missing_glyphs(name) == frozenset()
    assert SETTER.family(f"Anna {name}") == typography.SECOND_FAMILY
    assert {SETTER.family(word) for word in ("Anna", "Łukasz", "Şükrü")} == {typography.FAMILY}


def test_a_name_is_measured_in_the_family_that_draws_it() -> None:
    size, lines = SETTER.fit_name("Nguyệt Thị Mỹ Duyên Hương Giang", 980)
    assert len(lines) == 2
    widths = [SETTER.width(f"{line}ơ", "name", size) - SETTER.width("ơ", "name", size) for line in lines]
    assert max(widths) <= 980 + 1


def test_fonts_kept_without_the_second_family_still_set_words(tmp_path: Path) -> None:
    for file in FONTS.glob("TitilliumWeb-*.ttf"):
        shutil.copy(file, tmp_path)
    setter = typesetter(tmp_path)
    assert setter.missing_glyphs("Hương") == frozenset("ươ") and setter.family("Hương") == typography.FAMILY
    assert setter.width("Anna", "name") == SETTER.width("Anna", "name")


@pytest.mark.parametrize(("name", "missing"), [("Ольга", "Ольга"), ("Ελένη", "Ελένη"), ("محمد", "محمد")])
def test_letters_without_a_picture_are_found(name: str, missing: str) -> None:
    assert SETTER.missing_glyphs(name) == frozenset(missing)


def test_a_font_without_kerning_or_with_few_glyphs_is_no_reason_to_fail() -> None:
    font = Font(assets_folder() / "fonts" / "TitilliumWeb-Bold.ttf")
    assert not font.covers("\U0001f600")
    assert font.length("\U0001f600") > 0


# Macros


def filled(tmp_path: Path, body: str, **values: object) -> str:
    (tmp_path / "scene.svg").write_text('{%- import "type.svg" as type -%}' + body)
    return templates.fill_drawing("scene.svg", (tmp_path, ART), values, **SETTER.functions)


def test_a_block_says_its_size_weight_and_colour_plainly(tmp_path: Path) -> None:
    svg = filled(tmp_path, '{{ type.title(112, 200, 900, "Ti manca un solo documento") }}')
    assert svg.startswith('<text font-family="Titillium Web" font-weight="700" font-size="104" fill="#17324D"')
    assert svg.count("<tspan") == 2


def test_a_name_that_needs_the_second_family_is_set_in_it_alone(tmp_path: Path) -> None:
    svg = filled(tmp_path, '{{ type.name(0, 0, 980, "Ngọc Ánh") }}{{ type.title(0, 0, 980, "Ciao") }}')
    assert [part.split('"')[0] for part in svg.split('font-family="')[1:]] == ["Noto Sans", "Titillium Web"]


def test_a_blocks_height_is_a_number_to_count_with(tmp_path: Path) -> None:
    assert filled(tmp_path, '{{ 100 + type.height("body", 620, "Apri il servizio e premi il pulsante") }}') == "252"
    assert filled(tmp_path, "{{ name_height(name, 880) }}", name="Anna") == "172"


def test_words_in_a_block_are_escaped_once(tmp_path: Path) -> None:
    assert ">a &lt; b &amp; c<" in filled(tmp_path, "{{ type.body(0, 0, 900, words) }}", words="a < b & c")
    block = "{% set block %}{{ words }}{% endset %}{{ type.body(0, 0, 900, block) }}"
    assert ">a &lt; b &amp; c<" in filled(tmp_path, block, words="a < b & c")


def test_a_pill_is_as_wide_as_its_words(tmp_path: Path) -> None:
    svg = filled(tmp_path, '{{ type.pill(0, 0, "Due documenti") }}|{{ pill_width("Due documenti") }}')
    wide = int(svg.rpartition("|")[2])
    assert f'width="{wide}"' in svg
    assert wide > SETTER.width("Due documenti", "label") + 40
