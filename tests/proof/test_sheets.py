# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The contact sheet: a picture of every scene in every variant that looks different."""

import io

import pytest
from PIL import Image

from tests.support.invented_guides import PackCopy
from videoguide.guide.script import FilledScene
from videoguide.guide.segments import Studio
from videoguide.packs.campaigns import Campaign
from videoguide.proof.check import survey
from videoguide.proof.sheets import looks, sheet, variants


def shown(studio: Studio) -> list[FilledScene]:
    """The scenes on the contact sheet of the whole survey, which also fills longer lists."""
    surveyed = survey(studio.campaign)
    return [surveyed.scenes[number] for number in variants(surveyed, looks(surveyed, studio), studio.campaign)]


def test_each_look_of_a_scene_is_on_it_once_in_the_guides_order(tiny_studio: Studio) -> None:
    looks = [(scene.scene, scene.values.get("sex"), len(scene.sentences)) for scene in shown(tiny_studio)]
    assert looks == [
        ("hello", "F", 2),
        ("hello", "F", 2),  # without a name
        ("receipt", None, 2),
        ("receipt", None, 2),
        ("receipt", None, 3),
        ("school", None, 1),
        ("end-card", None, 1),
    ]


@pytest.mark.slow
def test_every_look_of_the_sample_campaign_is_on_it(studio: Studio, pack: Campaign) -> None:
    scenes = shown(studio)
    assert list(dict.fromkeys(scene.scene for scene in scenes)) == list(pack.scenes)
    assert {scene.values["figure"] for scene in scenes if scene.scene == "hello"} == {"mother", "father", "neutral"}
    anomalies = [scene.values["iban_anomaly"] for scene in scenes if scene.scene == "unverified-iban"]
    assert {entry["id"] for entry in anomalies} == set(pack.catalogue["anomalies"])  # type: ignore[index,call-overload]
    assert len([scene for scene in scenes if scene.scene == "confirm"]) == 1, "the number of a step makes no look"


@pytest.mark.parametrize("columns", [1, 3])
def test_it_is_a_png_of_all_pictures_in_so_many_columns(tiny_studio: Studio, columns: int) -> None:
    progress: list[tuple[int, int]] = []
    written, pictures = sheet(tiny_studio, columns, lambda _, done, total: progress.append((done, total)))
    assert pictures == len(shown(tiny_studio)) == progress[-1][0] == progress[-1][1]
    with Image.open(io.BytesIO(written)) as image:
        assert image.format == "PNG"
        assert (image.width > image.height) == (columns == 3)


def test_a_scene_that_cannot_be_drawn_is_an_error_of_the_pack(tiny_copy: PackCopy, studio: Studio) -> None:
    from videoguide.errors import PackError

    tiny_copy.change("scenes/school.svg", 'vg:enter="school"', 'vg:enter="shool"')
    with pytest.raises(PackError, match="momento sconosciuto 'shool'"):
        sheet(tiny_copy.studio(studio.store.root), 3)


def test_scenes_that_cannot_be_filled_in_are_one_look(tiny_copy: PackCopy, studio: Studio) -> None:
    tiny_copy.change("scenes/receipt.svg", '"marks.svg"', '"lost.svg"')
    scenes = [scene.scene for scene in shown(tiny_copy.studio(studio.store.root))]
    assert scenes == ["hello", "hello", "receipt", "school", "end-card"]
