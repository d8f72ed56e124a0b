"""guide.json: read back as written, closed, of a known schema."""

import json
from typing import Any

import msgspec
import pytest
from golden_texts import CompareText
from invented_guides import HOSTILE_NAMES, GuideOf

from videoguide import manifest
from videoguide.errors import InputError
from videoguide.guides import Guide


@pytest.fixture(scope="module")
def about(tiny_guide: Guide) -> manifest.Manifest:
    return tiny_guide.manifest({"video": "guide.mp4", "captions": "guide.vtt"})


def plain(about: manifest.Manifest) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(manifest.write(about))
    return found


def test_what_is_written_is_read_back_the_same(about: manifest.Manifest) -> None:
    written = manifest.write(about)
    assert manifest.read(written) == about
    assert manifest.write(manifest.read(written)) == written


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


@pytest.mark.parametrize("schema", [0, 2, "1", None, -1, [1]])
def test_an_unknown_schema_is_refused_with_the_known_one(about: manifest.Manifest, schema: object) -> None:
    with pytest.raises(InputError, match=r"schema sconosciuto .*; ammesso: 1"):
        manifest.read(json.dumps({**plain(about), "schema": schema}).encode())


def test_without_a_schema_it_is_refused(about: manifest.Manifest) -> None:
    data = plain(about)
    del data["schema"]
    with pytest.raises(InputError, match="schema sconosciuto None"):
        manifest.read(json.dumps(data).encode())


@pytest.mark.parametrize("part", ["", "picture", "voice", "segments", "chapters", "captions", "buttons", "windows"])
def test_an_unknown_field_is_refused_in_every_part(about: manifest.Manifest, part: str) -> None:
    data = plain(about)
    inside = data[part] if part else data
    inside = inside[0] if isinstance(inside, list) else inside
    inside["fiscal_code"] = "x"
    with pytest.raises(InputError, match="fiscal_code"):
        manifest.read(json.dumps(data).encode())


@pytest.mark.parametrize(
    ("field", "value"),
    [("duration_ms", "1"), ("duration_ms", 1.5), ("segments", None), ("cases", [1]), ("links", []), ("title", None)],
)
def test_a_wrong_type_is_refused(about: manifest.Manifest, field: str, value: object) -> None:
    with pytest.raises(InputError, match=field):
        manifest.read(json.dumps({**plain(about), field: value}).encode())


@pytest.mark.parametrize("field", ["campaign", "segments", "voice", "files"])
def test_a_missing_field_is_refused(about: manifest.Manifest, field: str) -> None:
    data = plain(about)
    del data[field]
    with pytest.raises(InputError, match=field):
        manifest.read(json.dumps(data).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"schema": 1, "title": "\xff"}'])
def test_what_is_no_json_object_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^guide.json: ") as caught:
        manifest.read(data)
    assert "\n" not in str(caught.value)


def test_it_cannot_be_changed(about: manifest.Manifest) -> None:
    with pytest.raises(AttributeError):
        about.title = "x"  # type: ignore[misc]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_stays_text_in_it(about: manifest.Manifest, name: str) -> None:
    span = manifest.Span(0, 1000, f"Ciao {name}.")
    changed = msgspec.structs.replace(about, transcript=(span,))
    assert manifest.read(manifest.write(changed)).transcript[0].text == f"Ciao {name}."


def test_it_tells_that_the_voice_is_synthetic(guide_of: GuideOf) -> None:
    voice = guide_of("missing-documents").manifest().voice
    assert voice.synthetic and "sintetica" in voice.note and voice.id == "silent"


def test_it_holds_nothing_personal_but_what_is_said(guide_of: GuideOf) -> None:
    written = manifest.write(guide_of("missing-documents").manifest()).decode()
    assert "fiscal" not in written and "@" not in written
    assert written.count("Giulia") == 2, "once in the captions, once in the transcript"
