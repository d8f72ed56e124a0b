# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

import pytest

from tests.support.tiny_scenes import FRAMES, TIMES, layer, scene
from videoguide.errors import PackError
from videoguide.picture.drawing import Box
from videoguide.picture.legibility import Fault, contrasts, faults, texts


def text(words: str, x: int = 240, y: int = 300, size: int = 60, fill: str = "#17324D", more: str = "") -> str:
    return (
        f'<text x="{x}" y="{y}" font-family="Titillium Web" font-weight="600" font-size="{size}" fill="{fill}" {more}>'
        f"{words}</text>"
    )


def faults_of(*layers: str) -> tuple[Fault, ...]:
    return faults(scene(*layers), "hello.svg", TIMES, FRAMES)


def ratio(*layers: str) -> float:
    ((_, worst),) = contrasts(scene(*layers), "hello.svg", TIMES, FRAMES)
    return worst


def test_a_text_is_known_by_its_words_size_colour_and_place() -> None:
    svg = scene(
        layer("title", inside=f"<g transform='translate(100 50) scale(1.5)'>{text('Ciao <tspan>Anna</tspan>')}</g>")
    )
    (use,) = texts(svg, "hello.svg", TIMES, FRAMES)
    assert (use.layer, use.words, use.size_px, use.bold, use.fill) == ("title", "Ciao Anna", 90, True, "#17324D")
    # the left edge of the C at 100 + 1.5 * 240, its top one capital's height over the baseline at 50 + 1.5 * 300
    assert use.box.within(Box(455, 430, 880, 505)) == use.box
    assert use.box.right - use.box.left > 300


def test_words_that_can_be_read_have_no_fault() -> None:
    assert (
        faults_of(layer("title", inside=text("Ciao Anna", size=104)), layer("lead", inside=text("Benvenuta", y=500)))
        == ()
    )


@pytest.mark.parametrize(
    ("size", "transform", "fails"),
    [
        (56, "", False),
        (55, "", True),
        (60, "scale(0.9)", True),
        (40, "scale(1.4) rotate(0)", False),
        (60, "matrix(.5 0 0 .5 100 0)", True),
    ],
)
def test_type_under_56_px_as_it_is_seen_is_a_fault(size: int, transform: str, fails: bool) -> None:
    wrong = faults_of(layer("a", inside=f'<g transform="translate(100 100) {transform}">{text("Ciao", size=size)}</g>'))
    assert [fault.rule for fault in wrong] == (["misura"] if fails else [])


def test_the_smallest_of_a_texts_sizes_counts() -> None:
    (wrong,) = faults_of(layer("a", inside=text('Ciao <tspan font-size="20">Anna</tspan>')))
    assert (wrong.rule, wrong.measured, wrong.allowed) == ("misura", "20 px", "almeno 56 px")


def test_a_size_may_be_inherited() -> None:
    inside = '<g font-size="40" fill="#17324D"><text x="240" y="300" font-family="Titillium Web">Ciao</text></g>'
    assert [fault.measured for fault in faults_of(layer("a", inside=inside))] == ["40 px"]


@pytest.mark.parametrize(
    ("fill", "wanted"), [("#17324D", 12.2), ("#0066CC", 5.2), ("#7C93A9", 2.9), ("#F3F7FB", 1.0), ("black", 19.5)]
)
def test_contrast_is_with_what_is_behind(fill: str, wanted: float) -> None:
    assert ratio(layer("a", inside=text("Ciao Anna", fill=fill))) == pytest.approx(wanted, abs=0.1)


def test_contrast_is_with_the_shapes_of_the_same_layer() -> None:
    pill = '<rect x="200" y="200" width="900" height="200" fill="#0066CC"/>'
    assert ratio(layer("a", inside=pill + text("Ciao", fill="#FFFFFF"))) == pytest.approx(5.6, abs=0.1)


def test_a_dark_patch_behind_a_few_letters_is_found() -> None:
    patch = '<rect x="300" y="200" width="60" height="200" fill="#17324D"/>'
    assert ratio(layer("patch", inside=patch), layer("a", inside=text("Ciao Anna"))) < 1.5


def test_a_picture_that_comes_in_later_behind_the_words_is_found() -> None:
    late = layer("late", 'vg:enter="topic"', '<rect x="200" y="200" width="900" height="200" fill="#17324D"/>')
    assert ratio(layer("a", 'vg:enter="start" vg:leave="topic-120ms"', text("Ciao")), late) > 12
    assert ratio(layer("a", inside=text("Ciao")), late) == pytest.approx(1.0, abs=0.05)


def test_see_through_words_have_less_contrast() -> None:
    assert ratio(layer("a", inside=text("Ciao", more='opacity="0.5"'))) < 4
    assert ratio(layer("a", inside=f'<g opacity="0.5">{text("Ciao")}</g>')) < 4


@pytest.mark.parametrize(("x", "y", "fails"), [(100, 300, False), (60, 300, True), (1750, 300, True), (240, 60, True)])
def test_words_outside_the_inner_nine_tenths_are_a_fault(x: int, y: int, fails: bool) -> None:
    assert [fault.rule for fault in faults_of(layer("a", inside=text("Ciao", x, y)))] == (["posto"] if fails else [])


def test_words_that_glide_out_are_a_fault() -> None:
    wrong = faults_of(layer("a", 'vg:enter="start" vg:move="hello -300 0"', text("Ciao")))
    assert [fault.rule for fault in wrong] == ["posto"]


def test_words_over_words_are_a_fault_while_both_are_seen() -> None:
    beneath = layer("one", inside=text("Ciao Anna"))
    (wrong,) = faults_of(beneath, layer("two", inside=text("Benvenuta", y=310)))
    assert (wrong.rule, wrong.layer) == ("sovrapposizione", "two")
    assert "livello one" in wrong.measured
    swapped = layer("one", 'vg:enter="start" vg:leave="topic"', text("Ciao Anna"))
    assert faults_of(swapped, layer("two", 'vg:enter="topic+400ms"', text("Benvenuta", y=310))) == ()


def test_words_need_time_to_be_read() -> None:
    long = "Mancano ancora due documenti per andare avanti"
    (wrong,) = faults_of(layer("a", 'vg:enter="topic"', text(long, x=100)), layer("b", inside=text("Ciao", y=600)))
    assert (wrong.rule, wrong.allowed) == ("tempo", "almeno 2450 ms per le sue parole")


def test_a_fault_reads_as_one_line() -> None:
    (wrong,) = faults_of(layer("title", inside=text("Ciao", size=40)))
    assert str(wrong) == "livello title: “Ciao”: misura 40 px; ammesso: almeno 56 px"


def test_words_shared_in_defs_are_refused_since_nobody_can_tell_where_they_are() -> None:
    with pytest.raises(PackError, match="le parole in <defs>"):
        faults(scene(layer("a"), defs=text("Ciao")), "hello.svg", TIMES, FRAMES)
