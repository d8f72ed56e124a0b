# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Settings: one table; command line before environment before defaults."""

from dataclasses import fields
from pathlib import Path

import pytest

from videoguide import settings
from videoguide.assets import packs_folder
from videoguide.errors import InputError, UnknownChoice
from videoguide.settings import SETTINGS, Settings, load, parse_size


def test_the_table_and_the_typed_settings_have_the_same_names_and_every_one_is_explained() -> None:
    assert [setting.name for setting in SETTINGS] == [field.name for field in fields(Settings)]
    assert all(setting.help.endswith(".") for setting in SETTINGS)


def test_without_anything_given_the_defaults_hold() -> None:
    loaded = load({})
    assert loaded.size == (1920, 1080) and loaded.stills == "skip" and loaded.voice == ""
    assert loaded.store == Path("output/store") and loaded.database == "sqlite:///output/videoguide.db"
    assert loaded.scenes == packs_folder()


def test_the_command_line_goes_before_the_environment_and_that_before_the_default() -> None:
    environ = {"VIDEOGUIDE_STORE": "from-environment", "VIDEOGUIDE_VOICE": "espeak"}
    loaded = load(environ, store="given", voice=None)
    assert loaded.store == Path("given") and loaded.voice == "espeak"


def test_an_empty_value_counts_as_not_given() -> None:
    assert load({"VIDEOGUIDE_STORE": ""}, size="").store == Path("output/store")


def test_every_setting_can_come_from_the_environment() -> None:
    environ = {
        "VIDEOGUIDE_SCENES": "s",
        "VIDEOGUIDE_STORE": "t",
        "VIDEOGUIDE_MODELS": "m",
        "VIDEOGUIDE_DATABASE": "sqlite:///x.db",
        "VIDEOGUIDE_VOICE": "silent",
        "VIDEOGUIDE_SIZE": "640x360",
        "VIDEOGUIDE_STILLS": "real",
    }
    assert set(environ) == {f"VIDEOGUIDE_{setting.name.upper()}" for setting in SETTINGS}
    assert load(environ) == Settings(Path("s"), Path("t"), Path("m"), "sqlite:///x.db", "silent", (640, 360), "real")


def test_the_environment_is_read_when_asked_and_not_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEOGUIDE_SIZE", "320x180")
    assert settings.load().size == (320, 180)


@pytest.mark.parametrize(
    ("text", "size"), [("1920x1080", (1920, 1080)), ("640X360", (640, 360)), ("320x180", (320, 180))]
)
def test_sizes_of_16_to_9_are_taken(text: str, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        *("", "640", "640x", "x360", "640x361", "16x9", "3840x2160", "0x0", "-640x-360", "640x360x1", "a" * 300),
        *("336x189", "640,360", "640x36\n0", "٦٤٠x٣٦٠x"),
    ],
)
def test_any_other_size_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(InputError, match="ammesso: 16:9 da 320x180 a 1920x1080") as caught:
        parse_size(text)
    assert len(str(caught.value)) < 120 and "\n" not in str(caught.value)


def test_an_unknown_way_of_holding_stills_is_refused() -> None:
    with pytest.raises(UnknownChoice, match="ammessi: skip, real"):
        load({"VIDEOGUIDE_STILLS": "maybe"})


def test_the_packs_that_come_with_the_program_are_there() -> None:
    assert (packs_folder() / "assegno-unico" / "campaign.toml").is_file()
