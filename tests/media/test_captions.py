# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Sentence times -> captions within their limits, and WebVTT that other programs read."""

import html
import json
import re
from itertools import pairwise

import pytest
import webvtt

from tests.support.golden_texts import CompareText
from tests.support.invented_guides import HOSTILE_NAMES, GuideOf
from videoguide.guide.guides import Guide, button_track
from videoguide.media import captions
from videoguide.media.captions import Cue, TimedText, buttons_webvtt, caption, chapters_webvtt, problems

SHORT = "Manca un documento."
LONG = (
    "Puoi indicare un conto, una carta o un libretto con IBAN nell’area SEPA, intestato a te o anche a te; in "
    "alternativa puoi scegliere il bonifico domiciliato, e allora ritiri i soldi in contanti alla posta."
)
CUE = re.compile(
    r"(?P<number>\d+)\n"
    r"(?P<start>\d\d:[0-5]\d:[0-5]\d\.\d{3}) --> (?P<end>\d\d:[0-5]\d:[0-5]\d\.\d{3})\n"
    r"(?P<text>(?:.+\n)+)"
)


def ms(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + int(seconds.replace(".", ""))


def read_strictly(track: str) -> list[tuple[int, int, str]]:
    """Cues of a WebVTT file that keeps to the strictest reading of the format: nothing else in it."""
    head, *blocks = track.split("\n\n")
    assert head == "WEBVTT"
    cues = []
    for number, block in enumerate(blocks, 1):
        match = CUE.fullmatch(block if block.endswith("\n") else f"{block}\n")
        assert match, block
        assert int(match["number"]) == number
        assert "-->" not in match["text"]
        assert ms(match["start"]) < ms(match["end"])
        cues.append((ms(match["start"]), ms(match["end"]), match["text"].rstrip("\n")))
    return cues


def read_elsewhere(track: str) -> list[tuple[int, int, str]]:
    """Cues as an independent reader finds them."""
    return [(ms(cue.start), ms(cue.end), cue.raw_text) for cue in webvtt.from_string(track).captions]


def spoken(text: str, start_ms: int = 400, per_second: float = 15) -> TimedText:
    """A sentence at the pace of a calm voice."""
    return TimedText(start_ms, start_ms + max(200, int(len(text) / per_second * 1000)), text)


def captions_of(*texts: str, pause_ms: int = 300, per_second: float = 15) -> tuple[Cue, ...]:
    sentences: list[TimedText] = []
    for text in texts:
        start_ms = sentences[-1].end_ms + pause_ms if sentences else 400
        sentences.append(spoken(text, start_ms, per_second))
    return caption(sentences, sentences[-1].end_ms + 2000)


class TestCues:
    def test_a_short_sentence_is_one_line_while_it_is_heard(self) -> None:
        (cue,) = captions_of(SHORT)
        assert cue.lines == (SHORT,) and cue.start_ms == 400 and cue.end_ms >= spoken(SHORT).end_ms

    def test_a_sentence_of_over_forty_characters_is_two_lines_much_alike(self) -> None:
        (cue,) = captions_of("Apri il servizio e poi premi il pulsante per andare avanti.")
        assert len(cue.lines) == 2
        assert abs(len(cue.lines[0]) - len(cue.lines[1])) <= 10

    def test_a_line_breaks_after_a_comma_where_one_is_near_the_middle(self) -> None:
        (cue,) = captions_of("Quando arriva quello che manca, riprendiamo noi da dove eravamo.")
        assert cue.lines[0].endswith("manca,")

    def test_a_long_sentence_becomes_several_cues_without_losing_a_word(self) -> None:
        cues = captions_of(LONG)
        assert len(cues) >= 3
        assert " ".join(" ".join(cue.lines) for cue in cues) == LONG
        assert problems(cues) == []

    def test_long_sentences_are_cut_at_punctuation_where_possible(self) -> None:
        ends = [cue.lines[-1][-1] for cue in captions_of(LONG)]
        assert sum(end in ",;." for end in ends) >= len(ends) - 1

    def test_cues_of_one_sentence_follow_each_other_and_cover_it(self) -> None:
        cues = captions_of(LONG)
        assert cues[0].start_ms == 400 and cues[-1].end_ms >= spoken(LONG).end_ms
        assert all(cue.end_ms == other.start_ms for cue, other in pairwise(cues))

    @pytest.mark.parametrize("pause_ms", [0, 40, 300, 500])
    def test_no_two_cues_are_seen_at_once(self, pause_ms: int) -> None:
        cues = captions_of("Sì.", SHORT, LONG, "No.", SHORT, pause_ms=pause_ms)
        assert all(cue.end_ms <= other.start_ms for cue, other in pairwise(cues))
        assert all(cue.start_ms < cue.end_ms for cue in cues)

    def test_a_short_word_stays_for_a_second_where_there_is_room(self) -> None:
        first, _ = captions_of("Sì.", SHORT, pause_ms=900)
        assert first.end_ms - first.start_ms >= 1000

    def test_a_quick_sentence_stays_into_the_pause_as_long_as_reading_needs(self) -> None:
        (cue,) = captions_of(SHORT * 2, per_second=40)
        assert len(cue.text) / (cue.end_ms - cue.start_ms) * 1000 <= 17

    def test_the_last_cue_ends_with_the_guide(self) -> None:
        (cue,) = caption([TimedText(0, 200, "Grazie.")], 700)
        assert cue.end_ms == 700

    def test_no_cue_stays_over_seven_seconds(self) -> None:
        (cue,) = caption([TimedText(0, 20_000, SHORT)], 30_000)
        assert cue.end_ms == 7000

    def test_a_word_longer_than_a_line_is_kept_whole_and_found_fault_with(self) -> None:
        word = "a" * 50
        cues = captions_of(f"Ciao {word} ciao.")
        assert word in " ".join(line for cue in cues for line in cue.lines)
        assert any("una riga di più di 40 caratteri" in problem for problem in problems(cues))

    def test_the_longest_name_fits_the_limits(self) -> None:
        name = "Mariamaddalena Alessandra Giuseppina"
        assert problems(captions_of(f"Ciao {name}, benvenuta nella tua guida.")) == []
        assert problems(captions_of(f"Ciao {'A' * 36}, benvenuta nella tua guida.")) == []

    def test_nothing_said_needs_no_caption(self) -> None:
        assert caption([], 5000) == ()


class TestProblems:
    @pytest.mark.parametrize(
        ("cue", "problem"),
        [
            (Cue(0, 3000, ("a", "b", "c")), "3 righe; ammesso: 2"),
            (Cue(0, 3000, ("a" * 41,)), "una riga di più di 40 caratteri"),
            (Cue(0, 999, ("a",)), "1.00 s; ammesso: da 1 a 7"),
            (Cue(0, 7001, ("a",)), "7.00 s; ammesso: da 1 a 7"),
            (Cue(0, 2000, ("a" * 35,)), "17.5 caratteri al secondo; ammesso: 17"),
        ],
    )
    def test_each_limit_that_is_broken_is_named(self, cue: Cue, problem: str) -> None:
        assert problems([Cue(0, 2000, ("buona",)), cue]) == [f"sottotitolo 2: {problem}"]

    def test_at_the_limits_all_is_well(self) -> None:
        assert problems([Cue(0, 1000, ("a" * 17,)), Cue(0, 7000, ("a" * 40, "b" * 40))]) == []


class TestWebVtt:
    def test_captions_are_read_by_a_strict_and_by_an_independent_reader(self) -> None:
        cues = captions_of(SHORT, LONG, "Sì.")
        track = captions.webvtt(cues)
        wanted = [(cue.start_ms, cue.end_ms, cue.text) for cue in cues]
        assert read_strictly(track) == wanted
        assert read_elsewhere(track) == wanted

    @pytest.mark.parametrize("name", [*HOSTILE_NAMES, "a --> b", "<c.red>rosso</c>", "&lt;b&gt;", "WEBVTT"])
    def test_markup_and_arrows_are_text(self, name: str) -> None:
        track = captions.webvtt(captions_of(f"Ciao {name}."))
        for ((_, _, text),) in (read_strictly(track), read_elsewhere(track)):
            assert html.unescape(text.replace("\n", " ")) == f"Ciao {name}."
            assert not re.search(r"[<>]", text)

    def test_times_over_an_hour_are_written_with_hours(self) -> None:
        track = captions.webvtt([Cue(3_723_004, 3_725_000, ("Ciao",))])
        assert "01:02:03.004 --> 01:02:05.000" in track
        assert read_elsewhere(track) == [(3_723_004, 3_725_000, "Ciao")]

    def test_no_cues_are_an_empty_but_whole_file(self) -> None:
        assert captions.webvtt([]) == "WEBVTT\n"

    def test_chapters_are_cues_of_their_own(self) -> None:
        track = chapters_webvtt([TimedText(0, 4000, "Ciao"), TimedText(4000, 9000, "Che cosa manca & perché")])
        assert read_strictly(track) == [(0, 4000, "Ciao"), (4000, 9000, "Che cosa manca &amp; perché")]

    def test_buttons_are_one_line_of_json_a_cue(self) -> None:
        label = "Vai --> «qui» & <là>\nsubito"
        track = buttons_webvtt([(1000, 5000, {"id": "go", "label": label, "area": [1, 2, 3, 4], "window": None})])
        for ((start, end, text),) in (read_strictly(track), read_elsewhere(track)):
            assert (start, end) == (1000, 5000) and "\n" not in text
            assert json.loads(text) == {"id": "go", "label": label, "area": [1, 2, 3, 4], "window": None}

    def test_two_buttons_may_be_offered_at_once(self) -> None:
        track = buttons_webvtt([(1000, 5000, {"id": "a"}), (1000, 4000, {"id": "b"})])
        assert [json.loads(text)["id"] for _, _, text in read_strictly(track)] == ["a", "b"]


class TestCaptionsOfAGuide:
    def test_they_keep_all_limits_and_say_every_word(self, guide_of: GuideOf) -> None:
        for cases in (("missing-documents",), ("adult-child",), ("unverified-iban",)):
            guide = guide_of(*cases)
            assert problems(guide.cues) == []
            words = " ".join(" ".join(cue.lines) for cue in guide.cues)
            assert words == " ".join(sentence.text for sentence in guide.transcript)
            assert all(cue.end_ms <= other.start_ms for cue, other in pairwise(guide.cues))
            assert guide.cues[-1].end_ms <= guide.duration_ms

    def test_all_three_tracks_are_read_by_both_readers(self, guide_of: GuideOf) -> None:
        guide = guide_of("missing-documents")
        for track in (captions.webvtt(guide.cues), chapters_webvtt(guide.chapters), button_track(guide)):
            assert read_strictly(track) == read_elsewhere(track) != []

    def test_they_are_as_somebody_last_read_them(self, tiny_guide: Guide, text_as_golden: CompareText) -> None:
        text_as_golden("captions.vtt", captions.webvtt(tiny_guide.cues))
        text_as_golden("chapters.vtt", chapters_webvtt(tiny_guide.chapters))
        text_as_golden("buttons.vtt", button_track(tiny_guide))
