# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""guide.json: whole, readable, of a known schema, and with nothing personal in it."""

import json
from typing import Any

import msgspec
import pytest

from tests.support.golden_texts import CompareText
from tests.support.invented_guides import HOSTILE_NAMES, GuideOf
from tests.support.manifests import read_manifest
from videoguide.guide.guides import Guide
from videoguide.media import manifest
from videoguide.media.captions import TimedText


@pytest.fixture(scope="module")
def about(tiny_guide: Guide) -> manifest.Manifest:
    return tiny_guide.manifest({"video": "guide.mp4", "captions": "guide.vtt"})


def plain(about: manifest.Manifest) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(manifest.write(about))
    return written


def test_what_is_written_is_read_back_the_same(about: manifest.Manifest) -> None:
    written = manifest.write(about)
    assert read_manifest(written) == about
    assert manifest.write(read_manifest(written)) == written


def test_it_is_readable_json_with_its_schema_number(about: manifest.Manifest) -> None:
    written = manifest.write(about)
    assert written.startswith(b"{\n") and written.endswith(b"}\n")
    assert plain(about)["schema"] == manifest.SCHEMA == 1


def test_it_is_as_somebody_last_read_it(about: manifest.Manifest, text_as_golden: CompareText) -> None:
    stable = plain(about)
    stable["bytes"] = 0
    for segment in stable["segments"]:  # what encoders and hashes decide is not for reading
        segment["key"], segment["payload_bytes"] = "", 0
    text_as_golden("guide.json", stable)


def test_it_cannot_be_changed(about: manifest.Manifest) -> None:
    with pytest.raises(AttributeError):
        about.title = "x"  # type: ignore[misc]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_stays_text_in_it(about: manifest.Manifest, name: str) -> None:
    span = TimedText(0, 1000, f"Ciao {name}.")
    changed = msgspec.structs.replace(about, transcript=(span,))
    assert read_manifest(manifest.write(changed)).transcript[0].text == f"Ciao {name}."


def test_it_tells_that_the_voice_is_synthetic(guide_of: GuideOf) -> None:
    voice = guide_of("missing-documents").manifest().voice
    assert voice.synthetic and "sintetica" in voice.note and voice.id == "silent"


def test_it_holds_nothing_personal_but_what_is_said(guide_of: GuideOf) -> None:
    written = manifest.write(guide_of("missing-documents").manifest()).decode()
    assert "fiscal" not in written and "@" not in written
    assert written.count("Giulia") == 2, "once in the captions, once in the transcript"
