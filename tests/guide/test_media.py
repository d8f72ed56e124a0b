# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A finished guide, decoded: what a citizen sees, hears and reads is what was drawn, spoken and noted."""

import html
import json
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyloudnorm
import pytest
import zxingcpp
from PIL import Image
from scipy.signal import resample_poly

from tests.support.decoding import decode_sound, tagged
from tests.support.drawn_scenes import BLUE
from tests.support.real_guides import Film, a_studio, decoded_still, picture, script_for, sound_alone, swings
from videoguide.guide.eligibility import decide
from videoguide.guide.script import write_script
from videoguide.guide.segments import Studio
from videoguide.intake.applications import Rejection, read_applications
from videoguide.media import captions
from videoguide.picture import drawing
from videoguide.timing import AAC_FRAME_SAMPLES, FPS, SAMPLE_RATE_HZ, frames_to_ms, ms_to_samples, samples_to_ms

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real guides")]

FILMS = ["one-case", "every-case", pytest.param("full-size", marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
EVERYTHING_SHOWN_MS = 480  # before its end a scene has everything in its place
COVER_REMARK = "stream 0, timescale not set"  # ffprobe's, of any MP4 with a cover picture and chapters


@pytest.fixture(scope="session", params=FILMS)
def film(request: pytest.FixtureRequest) -> Film:
    """The guide of one case, of all cases at once (drafts), and one with the real voice at full size."""
    fixture = {"one-case": "giulia", "every-case": "every_case", "full-size": "full_size"}[request.param]
    wanted: Film = request.getfixturevalue(fixture)
    return wanted


@pytest.fixture(scope="session")
def end_card(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The end card's segment at full size, without a voice; and the link that its code holds."""
    studio = a_studio(tmp_path_factory.mktemp("end-card"), voice="silent", size="1920x1080")
    script = script_for(studio, cases=["missing-documents"], facts={"documents": ("custody-ruling",)}, first_name="Ada")
    scene = script.scenes[-1]
    assert scene.scene == "end-card"
    return studio.make(scene), studio.campaign.description.links["service"].url


# --- pictures ---------------------------------------------------------------------------------------


def test_the_pictures_of_a_guide_are_those_of_its_segments(film: Film) -> None:
    apart = [picture_hash for pictures in film.segment_pictures for picture_hash in pictures.hashes]
    assert len(apart) * 40 == film.about.duration_ms
    assert list(film.pictures.hashes) == apart


def test_every_segment_begins_and_ends_on_the_bare_stage(film: Film) -> None:
    width, height = film.about.picture.width, film.about.picture.height
    bare = decoded_still(np.asarray(drawing.stage((width, height)))).astype(int)
    for scene, pictures in zip(film.scenes, film.segment_pictures, strict=True):
        for edge, planes in (("first", pictures.first), ("last", pictures.last)):
            difference = np.abs(planes - bare)
            # what coding leaves of what was there a moment ago: nothing that an eye could see at a cut
            assert difference.mean() < 0.1, f"{edge} picture of {scene}"
            assert np.percentile(difference, 99.9) <= 4, f"{edge} picture of {scene}"


def test_nothing_flashes_more_than_three_times_a_second(film: Film) -> None:
    for cell, turns in swings(film.pictures.coarse).items():
        for n, turn in enumerate(turns):
            within = sum(turn <= later < turn + FPS for later in turns[n:])
            assert within <= 6, f"cell {cell} from {turn * 40} ms on"


def test_a_strobe_is_seen_as_flashes() -> None:
    strobe = np.full((50, 9, 16), 235, np.float32)
    strobe[::4, 4, 7] = 16
    assert list(swings(strobe)) == [(4, 7)]
    assert len(swings(strobe)[4, 7]) == 25


# --- sound ------------------------------------------------------------------------------------------


def test_the_sound_of_a_guide_is_that_of_its_segments_to_the_sample(film: Film) -> None:
    apart = np.concatenate([sound_alone(segment) for segment in film.guide.segments])
    assert np.array_equal(film.sound, apart)
    assert len(film.sound) == ms_to_samples(film.about.duration_ms)


def test_no_joint_clicks(film: Film) -> None:
    steps = np.abs(np.diff(film.sound))
    for joint in film.joints:
        # the encoder's silence on both sides, and no step in it
        assert np.abs(film.sound[joint - AAC_FRAME_SAMPLES : joint + AAC_FRAME_SAMPLES]).max() < 0.001
        assert steps[joint - AAC_FRAME_SAMPLES : joint + AAC_FRAME_SAMPLES].max() < 0.0005


def test_sentences_are_heard_when_the_guide_says(film: Film) -> None:
    step = ms_to_samples(5)
    power = np.square(film.sound, dtype=np.float64)[: len(film.sound) // step * step].reshape(-1, step).mean(axis=1)
    transcript = film.about.transcript
    between = ((sentence.end_ms + following.start_ms) // 2 for sentence, following in pairwise(transcript))
    gaps = [0, *between, film.about.duration_ms]
    for sentence, start, end in zip(transcript, gaps, gaps[1:], strict=False):
        around = power[start // 5 : end // 5]
        (loud,) = np.nonzero(around > around.max() * 10**-4.5)
        assert abs(start + 5 * int(loud[0]) - sentence.start_ms) <= 40, sentence.text
        assert abs(start + 5 * int(loud[-1] + 1) - sentence.end_ms) <= 40, sentence.text


def test_a_guide_is_as_loud_as_promised(film: Film) -> None:
    meter = pyloudnorm.Meter(SAMPLE_RATE_HZ)
    assert meter.integrated_loudness(film.sound.astype(np.float64)) == pytest.approx(-16, abs=1)
    between = resample_poly(film.sound.astype(np.float64), 4, 1)
    assert 20 * np.log10(np.abs(between).max()) <= -1


def test_the_sound_file_holds_the_same_sound(film: Film) -> None:
    assert np.array_equal(decode_sound(film.files["sound"]), film.sound)


# --- words and times --------------------------------------------------------------------------------


def test_every_sentence_is_in_captions_and_transcript(film: Film) -> None:
    spoken = [sentence.text for segment in film.guide.segments for sentence in segment.info.sentences]
    assert [sentence.text for sentence in film.about.transcript] == spoken
    read = " ".join(" ".join(cue.text.split()) for cue in film.about.captions)
    assert read == " ".join(spoken)
    track = cues_of(film.text("captions"))
    assert [html.unescape(text) for _, text in track] == [cue.text for cue in film.about.captions]
    page = html.unescape(film.text("page"))
    for text in spoken:
        assert f"  {text}\n" in film.text("text")
        assert f"<p>{text}</p>" in page


def test_captions_keep_their_limits(film: Film) -> None:
    problems = captions.problems(film.guide.cues)
    if film.about.voice.id != "kokoro":
        problems = [problem for problem in problems if "caratteri al secondo" not in problem]  # the draft voice hurries
    assert problems == []
    for cue, following in pairwise(film.about.captions):
        assert cue.end_ms <= following.start_ms


def test_chapters_cover_the_whole_guide(film: Film, ffprobe: Path) -> None:
    chapters = film.about.chapters
    assert chapters[0].start_ms == 0
    assert chapters[-1].end_ms == film.about.duration_ms
    assert all(chapter.end_ms == following.start_ms for chapter, following in pairwise(chapters))
    marked = probed(ffprobe, film.files["video"], "-show_chapters")["chapters"]
    assert [(round(float(mark["start_time"]) * 1000), mark["tags"]["title"]) for mark in marked] == [
        (chapter.start_ms, chapter.text) for chapter in chapters
    ]


def cues_of(track: str) -> list[tuple[str, str]]:
    """(times, text) of each cue of a WebVTT file."""
    blocks = [block.split("\n") for block in track.strip().split("\n\n")[1:]]
    return [(lines[1], "\n".join(lines[2:])) for lines in blocks]


# --- what the file says of itself -------------------------------------------------------------------


def probed(ffprobe: Path, file: Path, *what: str) -> dict[str, Any]:
    """What ffprobe says of a file; it must not warn."""
    command: list[str | Path] = [ffprobe, "-v", "warning", "-of", "json", *what, file]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [line for line in done.stderr.splitlines() if not line.endswith(COVER_REMARK)] == []
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_other_readers_find_tracks_times_and_language(film: Film, ffprobe: Path) -> None:
    answer = probed(ffprobe, film.files["video"], "-show_streams", "-show_format", "-count_packets")
    streams = answer["streams"]
    assert [stream["codec_name"] for stream in streams][:3] == ["h264", "aac", "mov_text"]
    assert {stream["tags"]["language"] for stream in streams[:3]} == {"ita"}
    pictures = streams[0]
    assert (pictures["width"], pictures["height"]) == (film.about.picture.width, film.about.picture.height)
    assert (pictures["profile"], pictures["pix_fmt"], pictures["color_space"]) == ("High", "yuv420p", "bt709")
    assert int(pictures["nb_read_packets"]) * 40 == film.about.duration_ms
    assert float(answer["format"]["duration"]) * 1000 == film.about.duration_ms
    assert int(answer["format"]["size"]) == film.about.bytes


def test_sound_and_picture_of_every_segment_start_together(film: Film, ffprobe: Path) -> None:
    packets = probed(ffprobe, film.files["video"], "-show_entries", "packet=stream_index,pts_time")["packets"]
    times = {n: [float(packet["pts_time"]) for packet in packets if packet["stream_index"] == n] for n in (0, 1)}
    for start_ms in film.guide.starts_ms[:-1]:
        shown = times[0][start_ms // 40]
        heard = times[1][1 + ms_to_samples(start_ms) // AAC_FRAME_SAMPLES]  # one is the priming packet
        assert abs(shown - start_ms / 1000) < 0.0005
        assert abs(heard - shown) < 0.001


def test_the_file_says_title_and_that_the_voice_is_synthetic(film: Film) -> None:
    for what in ("video", "sound"):
        tags = tagged(film.files[what]).tags
        assert tags["\xa9nam"] == ["La tua guida per l’Assegno unico"]
        assert "sintetica" in tags["\xa9cmt"][0]
    assert film.about.voice.synthetic
    assert film.about.voice.note in film.text("page")
    assert film.about.voice.note in film.text("text")


# --- the end card -----------------------------------------------------------------------------------


def test_the_button_is_drawn_where_the_guide_says_in_brand_blue(film: Film) -> None:
    (button,) = [button for button in film.about.buttons if button.area]
    assert button.link == "service"
    assert button.end_ms == film.about.duration_ms
    shown = film.picture(button.end_ms - EVERYTHING_SHOWN_MS).astype(int)
    height, width, _ = shown.shape
    x, y, wide, high = button.area or (0, 0, 0, 0)
    left, right, top, bottom = (
        thousandths * side // 1000
        for thousandths, side in ((x, width), (x + wide, width), (y, height), (y + high, height))
    )
    blue = shown[:, :, 2] - shown[:, :, 0] > 120
    assert blue[top:bottom, left:right].mean() > 0.6
    spread = width // 100  # chroma is coarser than the picture, thousandths are rounded down
    around = blue[top - 3 * spread : bottom + 3 * spread, left - 3 * spread : right + 3 * spread].copy()
    around[2 * spread : -2 * spread, 2 * spread : -2 * spread] = False
    assert not around.any()
    inside = shown[top:bottom, left:right][blue[top:bottom, left:right]]
    assert np.abs(np.median(inside, axis=0) - np.array(BLUE)).max() <= 2


def test_the_code_on_the_finished_end_card_leads_to_the_service(end_card: Any) -> None:
    segment, url = end_card
    first = next(heard.start_sample for heard in segment.info.sentences if heard.id == "go")
    shown = picture(segment, first // 1920 + FPS)
    assert [code.text for code in zxingcpp.read_barcodes(shown)] == [url]


def test_the_code_is_read_from_the_small_poster_too(end_card: Any, tmp_path: Path) -> None:
    segment, url = end_card
    (tmp_path / "poster.jpg").write_bytes(segment.poster)
    with Image.open(tmp_path / "poster.jpg") as poster:
        assert poster.size == (640, 360)
        assert [code.text for code in zxingcpp.read_barcodes(poster)] == [url]


# --- all guides -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.timeout(3600)
def test_the_sample_guides_as_they_are_spoken_last_one_to_two_minutes_and_can_be_read(spoken_studio: Studio) -> None:
    studio = spoken_studio
    outside: dict[str, object] = {}
    applications = list(read_applications(studio.campaign.folder / "sample.csv", studio.campaign))
    assert len(applications) >= 12
    for application in applications:
        assert not isinstance(application, Rejection)
        start_ms, transcript = 0, []
        for scene in write_script(application, decide(application, studio.campaign).cases, studio.campaign).scenes:
            narration = studio.narrate(scene)
            for sentence, time in zip(scene.sentences, narration.sentences, strict=True):
                times = (start_ms + samples_to_ms(time.start_sample), start_ms + samples_to_ms(time.end_sample))
                transcript.append(captions.TimedText(*times, sentence.text))
            start_ms += frames_to_ms(narration.frames)
        problems = captions.problems(captions.caption(transcript, start_ms))
        if not 60_000 <= start_ms <= 120_000 or problems:
            outside[application.id] = (start_ms, problems)
    assert outside == {}
