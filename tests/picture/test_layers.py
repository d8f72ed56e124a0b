# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

from itertools import pairwise

import pytest

from tests.support.tiny_scenes import CARD, FRAMES, HELLO, HELLO_END, LEAVING, TIMES, TOPIC, layer, scene
from videoguide.errors import PackError
from videoguide.picture.layers import ENTRANCES, Layer, read_layers
from videoguide.speech.sentences import SentenceTime


def read(*layers: str, frames: int = FRAMES, defs: str = "") -> tuple[Layer, ...]:
    return read_layers(scene(*layers, defs=defs), "hello.svg", TIMES, frames)


def enters(*marks: str) -> list[int]:
    return [marked.enter_frame for marked in read(*(layer(f"l{n}", mark) for n, mark in enumerate(marks)))]


@pytest.mark.parametrize(
    ("anchor", "frame"),
    [
        ("start", 1),
        ("hello", HELLO),
        ("hello.end", HELLO_END),
        ("hello.40%", HELLO + 10),
        ("hello+400ms", HELLO + 10),
        ("topic-200ms", TOPIC - 5),
        ("topic.50%+120ms", TOPIC + 12 + 3),
        ("hello.end-40ms", HELLO_END - 1),
        ("start-800ms", 1),
    ],
)
def test_an_anchor_is_a_picture(anchor: str, frame: int) -> None:
    assert enters(f'vg:enter="{anchor}"') == [frame]


def test_sentence_ids_may_hold_hyphens_and_numbers() -> None:
    times = {"document-1": (96_000, 144_000), "document-12": (144_000, 192_000)}
    svg = scene(layer("a", 'vg:enter="document-1"'), layer("b", 'vg:enter="document-12-400ms"'))
    assert [timed.enter_frame for timed in read_layers(svg, "x.svg", times, 200)] == [50, 65]


def test_sentence_times_may_be_the_narrations_own() -> None:
    svg = scene(layer("a", 'vg:enter="hello.end"'))
    assert read_layers(svg, "x.svg", [SentenceTime("hello", 0, 96_000)], 200)[0].enter_frame == 50


def test_layers_of_one_moment_follow_each_other_three_pictures_apart() -> None:
    hello = 'vg:enter="hello"'
    assert enters(hello, hello, 'vg:enter="topic"', hello) == [HELLO, HELLO + 3, TOPIC, HELLO + 6]


def test_layers_that_belong_together_come_in_together() -> None:
    together = 'vg:with="previous"'
    hello = 'vg:enter="hello"'
    assert enters(hello, hello, together, f"{hello} {together}", hello) == [10, 13, 13, 13, 16]


def test_a_layer_comes_in_whole_before_all_leave() -> None:
    assert enters('vg:enter="topic.end+2000ms"') == [LEAVING - 12]


def test_a_layer_rises_and_fades_in_over_twelve_pictures() -> None:
    (rising,) = read(layer("a", 'vg:enter="hello"'))
    looks = [rising.look(n) for n in range(HELLO - 1, HELLO + 14)]
    assert looks[0] is None
    seen = [look for look in looks if look]
    assert len(seen) == 14
    assert all(earlier.dy > later.dy for earlier, later in pairwise(seen[:12]))
    assert all(earlier.opacity < later.opacity for earlier, later in pairwise(seen[:12]))
    assert (seen[0].dy < 32, seen[11].dy, seen[11].opacity) == (True, 0, 1)
    assert seen[11] == seen[12] == seen[13]
    assert rising.settled_frame == HELLO + 11


@pytest.mark.parametrize("by", ENTRANCES)
def test_every_entrance_ends_at_rest(by: str) -> None:
    (entering,) = read(layer("a", f'vg:enter="hello" vg:by="{by}"'))
    look = entering.look(entering.settled_frame)
    assert look is not None
    assert (look.dx, look.dy, look.scale, look.opacity, look.revealed) == (0, 0, 1, 1, 1)
    assert entering.look(entering.settled_frame - 1) != look


def test_all_stay_whole_until_they_leave_together_before_the_last_two_pictures() -> None:
    for staying in read(layer("a"), layer("b", 'vg:enter="topic"')):
        assert (staying.leave_frame, staying.alone) == (LEAVING, False)
        last = staying.look(FRAMES - 3)
        assert last is not None and last.opacity == 1
        assert staying.look(0) is staying.look(FRAMES - 2) is None


def test_a_layer_may_leave_earlier_by_itself() -> None:
    (leaving,) = read(layer("a", 'vg:enter="start" vg:leave="topic"'))
    assert (leaving.leave_frame, leaving.alone) == (TOPIC, True)
    opacities = [look.opacity if (look := leaving.look(n)) else 0 for n in range(TOPIC - 1, TOPIC + 8)]
    assert opacities == [1, *(pytest.approx(1 - n / 8) for n in range(1, 8)), 0]


def test_a_layer_glides_and_stays_where_it_went() -> None:
    (gliding,) = read(layer("a", 'vg:enter="start" vg:by="fade" vg:move="hello 120 -60; topic 30 0 4"'))
    places = [(look.dx, look.dy) for n in range(1, LEAVING) if (look := gliding.look(n))]
    assert places[HELLO - 2] == (0, 0)
    assert 0 < places[HELLO + 4][0] < 120
    assert places[HELLO + 10] == places[TOPIC - 2] == (120, -60)
    assert places[TOPIC + 2] == places[-1] == (150, -60)


def test_a_layer_is_a_drawing_of_its_own_with_what_is_shared() -> None:
    paint = '<linearGradient id="paint"><stop stop-color="#0066CC"/></linearGradient>'
    round_layer, card_layer = read(layer("a"), layer("b", 'vg:enter="topic" opacity="0.5"', CARD), defs=paint)
    assert "circle" in round_layer.svg and "rect" not in round_layer.svg
    assert "rect" in card_layer.svg and 'opacity="0.5"' in card_layer.svg
    assert all(
        "linearGradient" in drawing.svg and "urn:videoguide" not in drawing.svg for drawing in (round_layer, card_layer)
    )


def test_when_a_layer_comes_in_is_no_part_of_how_it_looks() -> None:
    (first,) = read(layer("a", 'vg:enter="hello"'))
    (second,) = read(layer("b", 'vg:enter="topic" vg:by="fade"'))
    assert first.svg == second.svg


# Drawings that are not right


def fails(*layers: str, frames: int = FRAMES) -> str:
    with pytest.raises(PackError) as caught:
        read(*layers, frames=frames)
    assert caught.value.file == "hello.svg"
    return str(caught.value)


def test_an_unknown_anchor_names_layer_and_sentences() -> None:
    message = fails(layer("card", 'vg:enter="helo"'))
    assert "livello card" in message
    assert "'helo'" in message
    assert "start, hello, topic" in message


@pytest.mark.parametrize("anchor", ["hello.start", "hello.40", "hello+3s", "hello + 300ms", ""])
def test_an_anchor_of_another_form_is_refused(anchor: str) -> None:
    assert "momento sconosciuto" in fails(layer("a", f'vg:enter="{anchor}"'))


def test_a_layer_without_a_moment_is_refused() -> None:
    assert "(livello a): non ha vg:enter" in fails(layer("a", ""))


def test_an_unknown_entrance_lists_the_known_ones() -> None:
    assert "'bounce' è sconosciuto; ammessi: rise, fade, wipe" in fails(layer("a", 'vg:enter="start" vg:by="bounce"'))


def test_a_misspelt_attribute_is_refused() -> None:
    assert "vg:entr qui è sconosciuto; ammessi: vg:enter" in fails(layer("a", 'vg:enter="start" vg:entr="topic"'))


def test_timing_inside_a_layer_is_refused() -> None:
    inside = '<g vg:enter="topic"><circle r="9"/></g>'
    assert "ammessi su un livello" in fails(layer("a", inside=inside))


@pytest.mark.parametrize("move", ["hello 12", "hello a b", "hello 1 2 0", "hello 1 2 3.5", "hello 1 2 3 4"])
def test_a_move_of_another_form_is_refused(move: str) -> None:
    assert "'MOMENTO dx dy [immagini]'" in fails(layer("a", f'vg:enter="start" vg:move="{move}"'))


def test_two_layers_of_one_name_are_refused() -> None:
    assert "(livello a): due livelli" in fails(layer("a"), layer("a"))


def test_what_is_no_layer_is_refused() -> None:
    assert "sono ammessi solo <defs> e livelli" in fails("<circle r='9'/>")


def test_a_layer_that_leaves_before_it_comes_is_refused() -> None:
    assert "esce all’immagine" in fails(layer("a", 'vg:enter="topic" vg:leave="hello"'))


def test_the_first_layer_cannot_come_with_the_previous() -> None:
    assert "il primo livello non ha un precedente" in fails(layer("a", 'vg:with="previous"'))


def test_a_layer_cannot_come_at_one_time_with_the_previous_and_at_another() -> None:
    assert "ma il livello precedente a 'hello'" in fails(
        layer("a", 'vg:enter="hello"'), layer("b", 'vg:enter="topic" vg:with="previous"')
    )


def test_a_scene_of_under_a_second_is_refused() -> None:
    assert "dura 16 immagini; ammesso: almeno 24" in fails(layer("a"), frames=16)


def test_a_drawing_that_is_not_well_formed_names_the_place() -> None:
    with pytest.raises(
        PackError, match=r"hello\.svg \(riempito, riga 1, colonna \d+\): una volta riempito non è XML corretto"
    ):
        read_layers("<svg><g></svg>", "hello.svg", TIMES, FRAMES)


@pytest.mark.parametrize("root", ["<html/>", '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"/>'])
def test_a_drawing_of_another_root_is_refused(root: str) -> None:
    with pytest.raises(PackError, match="la radice deve"):
        read_layers(root, "hello.svg", TIMES, FRAMES)
