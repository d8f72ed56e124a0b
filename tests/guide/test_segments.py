# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Filled scenes -> segments: found under the hash of all that went into them, made once, made again when damaged."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.support.invented_guides import HOSTILE_NAMES, PackCopy, a_script, environment, small
from tests.support.places import PACKS
from videoguide.errors import InputError, StoreError, UnknownChoice
from videoguide.guide import segments
from videoguide.guide.script import FilledScene
from videoguide.guide.segments import Studio, open_studio
from videoguide.media import payload
from videoguide.media.encoding import Profile
from videoguide.media.payload import SEGMENTS, SegmentFile
from videoguide.packs.campaigns import Campaign
from videoguide.picture import layers
from videoguide.picture.layers import raster_data
from videoguide.speech.pronunciation import Lexicon, LexiconEntry
from videoguide.speech.voices.silent import SilentVoice
from videoguide.store import Store
from videoguide.timing import GRID_FRAMES, frames_to_ms, samples_to_ms

RECEIPTS = {"facts": {"receipts": ("books",)}}


def scene_of(pack: Campaign, name: str = "receipt", **given: Any) -> FilledScene:
    """One scene of the small campaign, filled for Giulia but for what is given."""
    script = a_script(pack, "missing-receipt", **{**RECEIPTS, **given})
    return next(scene for scene in script.scenes if scene.scene == name)


def knowing(studio: Studio, **entries: LexiconEntry) -> Studio:
    """The studio with another lexicon."""
    other = replace(studio)
    other.__dict__["lexicon"] = Lexicon(entries)
    return other


def made_segment(studio: Studio, scene: FilledScene) -> SegmentFile:
    """The scene's segment, made if the store does not have it."""
    return studio.find(scene) or studio.make(scene)


class LaterVoice(SilentVoice):
    @property
    def version(self) -> str:
        return "2"


class TestKeys:
    def test_the_same_scene_has_the_same_key_in_every_process(self, tiny_studio: Studio, shared_store: Path) -> None:
        program = (
            "from pathlib import Path\n"
            "from tests.support.invented_guides import *\n"
            "from tests.guide.test_segments import scene_of\n"
            f"pack = campaigns.load(Path({str(PACKS)!r}), 'bonus-libri')\n"
            "print(open_studio(pack, small(Path('elsewhere'))).key(scene_of(pack)))"
        )
        keys = {tiny_studio.key(scene_of(tiny_studio.campaign))}
        for seed in ("1", "2"):
            env = environment(shared_store, PYTHONHASHSEED=seed)
            process = subprocess.run(
                [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True, timeout=60
            )
            keys.add(process.stdout.strip())
        assert len(keys) == 1

    @pytest.mark.parametrize(
        ("file", "old", "new"),
        [
            ("scenes/receipt.svg", "900, receipt.title", "901, receipt.title"),
            ("scenes/receipt.svg", "<g id", "<!-- seen by nobody --><g id"),
            ("marks.svg", 'r="90"', 'r="91"'),
            ("scenes/receipt.toml", "Manca ancora", "Manca ora"),
            ("scenes/receipt.toml", "pause = 500", "pause = 501"),
            ("scenes/receipt.toml", "Lo scontrino", "Gli scontrini"),
            ("scenes/receipt.toml", 'id = "missing"', 'id = "absent"'),
            ("catalogue.toml", "Scontrino dei libri", "Scontrino di libri"),
            ("scenes/receipt.toml", "Quali scontrini servono", "Quali"),
        ],
        ids=[
            "drawing",
            "comment in it",
            "imported drawing",
            "words",
            "pause",
            "chapter",
            "sentence id",
            "catalogue",
            "button",
        ],
    )
    def test_whatever_goes_into_a_scene_changes_its_key(
        self, tiny_copy: PackCopy, tmp_path: Path, file: str, old: str, new: str
    ) -> None:
        before = tiny_copy.studio(tmp_path).key(scene_of(tiny_copy.load()))
        if new.startswith('id = "absent"'):
            tiny_copy.change("scenes/receipt.svg", 'enter="missing"', 'enter="absent"')
        tiny_copy.change(file, old, new)
        assert tiny_copy.studio(tmp_path).key(scene_of(tiny_copy.load())) != before

    def test_a_file_that_an_imported_file_imports_changes_it_too(self, tiny_copy: PackCopy, tmp_path: Path) -> None:
        (tiny_copy.folder / "tones.svg").write_text('{%- set BLUE = "#0066CC" -%}', encoding="utf-8")
        tiny_copy.change("marks.svg", "{%- macro", '{%- import "tones.svg" as tones -%}{%- macro')
        before = tiny_copy.studio(tmp_path).key(scene_of(tiny_copy.load()))
        tiny_copy.change("tones.svg", "#0066CC", "#004C99")
        assert tiny_copy.studio(tmp_path).key(scene_of(tiny_copy.load())) != before

    @pytest.mark.parametrize(
        ("file", "old", "new"),
        [
            ("scenes/hello.svg", '"Ciao"', '"Salve"'),
            ("scenes/hello.toml", "con calma", "piano"),
            ("scenes/receipt.toml", 'meaning = "receipts asked for"', 'meaning = "receipts"'),
            ("windows.toml", "Quali scontrini servono", "Quali"),
            ("campaign.toml", "La tua guida per il bonus libri", "Guida"),
            ("campaign.toml", "valid_months = 3", "valid_months = 4"),
        ],
        ids=["another drawing", "other words", "meaning", "window", "title", "validity"],
    )
    def test_what_does_not_go_into_a_scene_leaves_its_key(
        self, tiny_copy: PackCopy, tmp_path: Path, file: str, old: str, new: str
    ) -> None:
        before = tiny_copy.studio(tmp_path).key(scene_of(tiny_copy.load()))
        tiny_copy.change(file, old, new)
        assert tiny_copy.studio(tmp_path).key(scene_of(tiny_copy.load())) == before

    def test_a_drawing_that_only_another_scene_imports_leaves_its_key(
        self, tiny_copy: PackCopy, tmp_path: Path
    ) -> None:
        before = tiny_copy.studio(tmp_path).key(scene_of(tiny_copy.load(), "hello"))
        tiny_copy.change("marks.svg", 'r="90"', 'r="91"')
        assert tiny_copy.studio(tmp_path).key(scene_of(tiny_copy.load(), "hello")) == before

    @pytest.mark.parametrize(
        "changed",
        [
            lambda studio: replace(studio, voice=LaterVoice()),
            lambda studio: replace(studio, profile=Profile(640, 360)),
            lambda studio: replace(studio, profile=replace(studio.profile, stills="real")),
            lambda studio: replace(studio, profile=replace(studio.profile, crf=30)),
            lambda studio: knowing(studio, scontrino=LexiconEntry(say="scontrìno")),
            lambda studio: knowing(studio, scontrino=LexiconEntry(ipa="skonˈtrino")),
        ],
        ids=["voice version", "size", "stills", "quality", "a word's spelling", "a word's sound"],
    )
    def test_voice_profile_and_how_a_word_is_said_change_it(
        self, tiny_studio: Studio, changed: Callable[[Studio], Studio]
    ) -> None:
        scene = scene_of(tiny_studio.campaign)
        assert changed(tiny_studio).key(scene) != tiny_studio.key(scene)

    @pytest.mark.parametrize(
        "changed",
        [
            lambda studio: replace(studio, store=Store(Path("elsewhere"))),
            lambda studio: knowing(studio, giulia=LexiconEntry(say="giùlia")),
        ],
        ids=["another store", "a word that is not said"],
    )
    def test_what_nobody_sees_or_hears_leaves_it(
        self, tiny_studio: Studio, changed: Callable[[Studio], Studio]
    ) -> None:
        scene = scene_of(tiny_studio.campaign)
        assert changed(tiny_studio).key(scene) == tiny_studio.key(scene)

    @pytest.mark.parametrize("library", ["resvg_py", "pillow", "uharfbuzz"])
    def test_the_libraries_that_draw_change_it(
        self, tiny_studio: Studio, monkeypatch: pytest.MonkeyPatch, library: str
    ) -> None:
        scene = scene_of(tiny_studio.campaign)
        before = tiny_studio.key(scene)
        monkeypatch.setattr(segments, "raster_data", lambda: {**raster_data(), library: "0.0"})
        assert library in raster_data() and tiny_studio.key(scene) != before

    def test_our_own_version_of_drawing_changes_it(self, tiny_studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
        scene = scene_of(tiny_studio.campaign)
        before = tiny_studio.key(scene)
        raster_data.cache_clear()
        monkeypatch.setattr(layers, "RASTER_VERSION", layers.RASTER_VERSION + 1)
        try:
            assert tiny_studio.key(scene) != before
        finally:
            raster_data.cache_clear()

    def test_how_the_name_is_said_changes_the_scene_that_says_it(self, tiny_studio: Studio) -> None:
        hello = scene_of(tiny_studio.campaign, "hello")
        other = knowing(tiny_studio, giulia=LexiconEntry(say="giùlia"))
        assert other.key(hello) != tiny_studio.key(hello)

    def test_of_two_people_only_the_scene_with_the_name_has_two_keys(self, studio: Studio) -> None:
        anna, berta = (a_script(studio.campaign, first_name=name) for name in ("Anna", "Berta"))
        pairs = zip(anna.scenes, berta.scenes, strict=True)
        assert [mine.scene for mine, theirs in pairs if studio.key(mine) != studio.key(theirs)] == ["hello"]

    def test_variables_that_a_scene_does_not_use_do_not_change_its_key(self, studio: Studio) -> None:
        def keys(**given: Any) -> dict[str, str]:
            return {scene.scene: studio.key(scene) for scene in a_script(studio.campaign, **given).scenes}

        before = keys()
        others = keys(first_name="Luca", sex="M", applicant="guardian", filed_year=2023)
        assert {name for name in before if before[name] != others[name]} == {"hello", "after"}


class TestFindingAndMaking:
    def test_a_segment_is_made_once_and_then_found(self, tiny_copy: PackCopy, tmp_path: Path) -> None:
        studio = tiny_copy.studio(tmp_path / "store")
        scene = scene_of(studio.campaign)
        assert studio.find(scene) is None
        made = made_segment(studio, scene)
        written = made.path.stat().st_mtime_ns
        again = made_segment(studio, scene)
        assert again.path == made.path == studio.store.path(SEGMENTS, studio.key(scene))
        assert again.path.stat().st_mtime_ns == written

    def test_it_lasts_as_long_as_its_sound_on_the_grid_and_knows_when_each_sentence_is_heard(
        self, tiny_studio: Studio
    ) -> None:
        scene = scene_of(tiny_studio.campaign)
        segment, narration = made_segment(tiny_studio, scene), tiny_studio.narrate(scene)
        assert segment.tables.frames == narration.frames and narration.frames % GRID_FRAMES == 0
        assert (segment.info.scene, segment.info.chapter) == (scene.scene, scene.chapter)
        assert samples_to_ms(narration.sentences[-1].end_sample) < frames_to_ms(segment.tables.frames)
        heard = [(sentence.id, sentence.start_sample, sentence.end_sample) for sentence in segment.info.sentences]
        assert heard == [(time.id, time.start_sample, time.end_sample) for time in narration.sentences]
        assert [sentence.text for sentence in segment.info.sentences] == [each.text for each in scene.sentences]
        assert [sentence.id for sentence in segment.info.sentences] == ["missing", "receipt-1"]

    def test_it_knows_which_speech_it_was_made_of(self, tiny_studio: Studio) -> None:
        segment = made_segment(tiny_studio, scene_of(tiny_studio.campaign))
        assert len(segment.info.speech) == 2
        assert all(tiny_studio.store.find("speech", key) for key in segment.info.speech)

    def test_it_knows_its_buttons(self, tiny_studio: Studio) -> None:
        scene = scene_of(tiny_studio.campaign)
        segment = made_segment(tiny_studio, scene)
        assert [(button.id, button.label) for button in segment.info.buttons] == [
            (button.id, button.label) for button in scene.buttons
        ]

    def test_it_has_a_poster_and_the_size_that_was_asked_for(self, tiny_studio: Studio) -> None:
        segment = made_segment(tiny_studio, scene_of(tiny_studio.campaign))
        assert segment.poster.startswith(b"\xff\xd8\xff")
        assert (segment.tables.width, segment.tables.height) == (320, 180)

    def test_the_same_scene_is_encoded_to_the_same_bytes(self, tiny_copy: PackCopy, tmp_path: Path) -> None:
        scene = scene_of(tiny_copy.load())
        first, second = (tiny_copy.studio(tmp_path / name).make(scene).path for name in ("one", "other"))
        assert first.read_bytes() == second.read_bytes()

    @pytest.mark.parametrize(
        "damage",
        [
            lambda data: b"",
            lambda data: data[: len(data) // 2],
            lambda data: data[:-1],
            lambda data: data + b"x",
            lambda data: data[:-200] + bytes([data[-200] ^ 1]) + data[-199:],
            lambda data: bytes(len(data)),
        ],
        ids=["empty", "half", "a byte short", "a byte more", "a bit of its tables", "zeros"],
    )
    def test_a_damaged_segment_counts_as_not_there_and_is_made_again(
        self, tiny_copy: PackCopy, tmp_path: Path, damage: Callable[[bytes], bytes]
    ) -> None:
        studio = tiny_copy.studio(tmp_path / "store")
        scene = scene_of(studio.campaign)
        path = made_segment(studio, scene).path
        whole = path.read_bytes()
        path.write_bytes(damage(whole))
        assert studio.find(scene) is None
        assert made_segment(studio, scene).path.read_bytes() == whole

    def test_damage_inside_the_pictures_is_found_by_verifying(self, tiny_copy: PackCopy, tmp_path: Path) -> None:
        studio = tiny_copy.studio(tmp_path / "store")
        path = made_segment(studio, scene_of(studio.campaign)).path
        payload.verify(path)
        data = bytearray(path.read_bytes())
        data[100] ^= 1
        path.write_bytes(data)
        with pytest.raises(StoreError, match="il contenuto non corrisponde alla sua impronta"):
            payload.verify(path)

    def test_a_store_that_cannot_be_written_is_an_error(self, tiny_copy: PackCopy, tmp_path: Path) -> None:
        (tmp_path / "store").write_bytes(b"")
        with pytest.raises(StoreError, match="non si può scrivere"):
            made_segment(tiny_copy.studio(tmp_path / "store"), scene_of(tiny_copy.load()))

    def test_a_studio_travels_to_another_process(self, tiny_studio: Studio) -> None:
        scene = scene_of(tiny_studio.campaign)
        copy, sent = pickle.loads(pickle.dumps((tiny_studio, scene)))
        assert copy.key(sent) == tiny_studio.key(scene)


class TestNamesInDrawings:
    @pytest.mark.parametrize("name", HOSTILE_NAMES)
    def test_markup_in_a_name_is_text_in_the_drawing(self, studio: Studio, name: str) -> None:
        plain, hostile = (
            ElementTree.fromstring(studio.svg(a_script(studio.campaign, said=said).scenes[0]))
            for said in ("Giulia", name)
        )
        texts = " ".join(hostile.itertext())
        assert name in " ".join(texts.split())
        assert {element.tag for element in hostile.iter()} == {element.tag for element in plain.iter()}
        attributes = [attribute for element in hostile.iter() for attribute in element.keys()]  # noqa: SIM118
        assert not [attribute for attribute in attributes if attribute.startswith("on")]


class TestOpening:
    def test_the_campaigns_own_voice_speaks_unless_another_is_asked_for(self, pack: Campaign, tmp_path: Path) -> None:
        assert open_studio(pack, replace(small(tmp_path), voice="")).voice.id == "kokoro"
        assert open_studio(pack, small(tmp_path)).voice.id == "silent"

    def test_an_unknown_voice_is_refused_with_the_known_ones(self, pack: Campaign, tmp_path: Path) -> None:
        with pytest.raises(UnknownChoice, match=r"valore sconosciuto per voce: 'loud'; ammessi: kokoro, .*silent"):
            open_studio(pack, small(tmp_path, voice="loud"))

    def test_a_voice_that_sends_words_away_needs_the_campaigns_leave(
        self, pack: Campaign, tiny_copy: PackCopy, tmp_path: Path
    ) -> None:
        with pytest.raises(InputError, match="la campagna assegno-unico non lo permette"):
            open_studio(pack, small(tmp_path, voice="gtts"))
        tiny_copy.change("campaign.toml", 'default = "silent"', 'default = "silent"\nonline_allowed = true')
        assert open_studio(tiny_copy.load(), small(tmp_path, voice="gtts")).voice.online
