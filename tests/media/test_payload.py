# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A segment file gives back what was packed, and never passes a damaged one for whole."""

import json
import os
import pickle
import random
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from videoguide.errors import EncodingError, StoreError
from videoguide.media import payload
from videoguide.media.payload import Button, HeardSentence, Info, SegmentFile
from videoguide.store import Store, key_of

PICTURES = [bytes([n]) * (5 + 3 * n) for n in range(16)]
SOUND = [b"priming", *(bytes([100 + n]) * (10 + n % 4) for n in range(30))]
INFO = Info(
    "perché",
    "Perché la vedi",
    (HeardSentence("hello", "Ciao «Anna», è qui.", 2400, 30_000),),
    (Button("more", "Di più", "hello", window="which", area=(1, 2, 3, 4)),),
    ("a" * 64,),
)
POSTER = b"\xff\xd8\xff\xe0poster"


def packed(**changes: Any) -> list[bytes]:
    arguments: dict[str, Any] = {
        "pictures": PICTURES,
        "sync": [0, 8],
        "sound": SOUND,
        "avcc": b"avcc header",
        "asc": b"\x11\x88",
        "width": 320,
        "height": 180,
        "info": INFO,
        "poster": POSTER,
    }
    return payload.pack(**{**arguments, **changes})


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return Store(tmp_path).put("segments", key_of("test"), packed())


def test_the_names_in_the_file_stay_those_of_its_format() -> None:
    (sentence,) = json.loads(msgspec.json.encode(INFO))["sentences"]
    assert sentence == {"id": "hello", "text": "Ciao «Anna», è qui.", "start": 2400, "end": 30_000}


def test_reading_gives_back_what_was_packed(whole: Path) -> None:
    segment = payload.read(whole)
    tables = segment.tables
    assert tables.frames == 16
    assert tables.picture_sizes.tolist() == [len(picture) for picture in PICTURES]
    assert tables.sound_sizes.tolist() == [len(packet) for packet in SOUND[1:]]
    assert tables.sync.tolist() == [0, 8]
    assert {array.dtype for array in (tables.picture_sizes, tables.sound_sizes, tables.sync)} == {np.dtype("uint32")}
    assert (tables.priming, tables.avcc, tables.asc) == (b"priming", b"avcc header", b"\x11\x88")
    assert (tables.width, tables.height) == (320, 180)
    assert (segment.path, segment.info, segment.poster) == (whole, INFO, POSTER)
    payload.verify(whole)


def test_the_payload_comes_first_eight_pictures_then_fifteen_sound_packets(whole: Path) -> None:
    wanted = b"".join([*PICTURES[:8], *SOUND[1:16], *PICTURES[8:], *SOUND[16:]])
    assert payload.read(whole).tables.payload_bytes == len(wanted)
    assert whole.read_bytes().startswith(wanted)


def test_sound_can_be_read_alone(whole: Path) -> None:
    assert payload.read_sound(payload.read(whole)) == b"".join(SOUND[1:])


def test_the_same_segment_packs_to_the_same_bytes() -> None:
    assert packed() == packed()


@pytest.mark.parametrize("size", [0, 1, 64 * 1024, 300_000])
def test_posters_of_any_size_come_back(size: int, tmp_path: Path) -> None:
    poster = random.Random(size).randbytes(size)
    path = Store(tmp_path).put("segments", key_of(size), packed(poster=poster))
    assert payload.read(path).poster == poster
    payload.verify(path)


def test_a_segment_can_be_sent_to_another_process(whole: Path) -> None:
    segment = pickle.loads(pickle.dumps(payload.read(whole)))
    assert isinstance(segment, SegmentFile)
    assert segment.tables.picture_sizes.tolist() == [len(picture) for picture in PICTURES]
    assert segment.info == INFO


def test_every_flipped_byte_is_found(whole: Path) -> None:
    data = whole.read_bytes()
    end_of_payload = payload.read(whole).tables.payload_bytes
    for at in range(len(data)):
        with whole.open("r+b") as file:
            file.seek(at)
            file.write(bytes([data[at] ^ 0x10]))
            if at:
                file.seek(at - 1)
                file.write(data[at - 1 : at])
        with pytest.raises(StoreError, match=r"danneggiato|formato di segmento"):
            payload.verify(whole)
        if at >= end_of_payload:
            with pytest.raises(StoreError):
                payload.read(whole)


def test_every_cut_is_found(whole: Path) -> None:
    for length in reversed(range(whole.stat().st_size)):
        os.truncate(whole, length)
        with pytest.raises(StoreError, match="danneggiato: troncato"):
            payload.read(whole)


@pytest.mark.parametrize("change", [lambda data: data + b"\0", lambda data: data[1:], lambda data: data * 2])
def test_bytes_too_many_or_missing_in_front_are_found(change: Any, whole: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(change(whole.read_bytes()))
    with pytest.raises(StoreError):
        payload.read(other)


def test_sound_of_a_file_cut_after_it_was_read_is_not_passed_on(whole: Path) -> None:
    segment = payload.read(whole)
    os.truncate(whole, segment.tables.payload_bytes - 1)
    with pytest.raises(StoreError, match="troncato"):
        payload.read_sound(segment)


@pytest.mark.parametrize("call", [payload.read, payload.verify])
def test_a_missing_file_or_a_folder_is_a_store_error(call: Any, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="missing"):
        call(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="non si può leggere"):
        call(tmp_path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pictures": []}, "0 immagini"),
        ({"pictures": PICTURES[:-1]}, "15 immagini"),
        ({"sound": SOUND[:-1]}, "30 pacchetti di suono; ammessi con le immagini: 31"),
        ({"sound": []}, "0 pacchetti di suono"),
        ({"sync": []}, "immagini d’inizio"),
        ({"sync": [1]}, "immagini d’inizio"),
        ({"sync": [0, 8, 8]}, "immagini d’inizio"),
        ({"sync": [0, 16]}, "immagini d’inizio"),
    ],
)
def test_counts_that_do_not_fit_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(EncodingError, match=words):
        packed(**changes)


def test_reading_loads_no_codec_and_no_drawing_library(whole: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from videoguide.media import payload; payload.read(Path(sys.argv[1]));"
        "sys.exit(any(name in sys.modules for name in ('av', 'PIL', 'moviepy')))"
    )
    subprocess.run([sys.executable, "-c", code, str(whole)], check=True)


def test_tables_hold_all_that_a_header_needs_and_nothing_of_a_person() -> None:
    assert {field.name for field in fields(payload.Tables)} == {
        "frames",
        "picture_sizes",
        "sync",
        "sound_sizes",
        "priming",
        "avcc",
        "asc",
        "width",
        "height",
    }
