# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The public Python API: what it lists is there and described, and the page's example runs as it stands."""

import re
from pathlib import Path

import pytest

from tests.support.places import PACKS, ROOT
from videoguide import api, errors
from videoguide.records import audit
from videoguide.records.database import Database
from videoguide.settings import Settings

PAGE = ROOT / "docs" / "python-api.md"


@pytest.fixture
def settings(tmp_path: Path, own_store: Path) -> Settings:
    return api.load_settings(
        voice="silent",
        size="320x180",
        scenes=str(PACKS),
        store=str(own_store),
        database=f"sqlite:///{tmp_path / 'guides.db'}",
    )


def test_it_lists_in_order_only_what_is_there() -> None:
    assert sorted(api.__all__) == list(api.__all__) and set(api.__all__) <= vars(api).keys()


def test_every_error_of_ours_can_be_caught_by_it() -> None:
    kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert kinds <= set(api.__all__)


@pytest.mark.parametrize("name", api.__all__)
def test_every_name_is_on_its_page(name: str) -> None:
    assert re.search(rf"`{name}\b", PAGE.read_text(encoding="utf-8")), f"docs/python-api.md does not describe {name}"


@pytest.mark.slow
def test_the_example_of_its_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("VIDEOGUIDE_STORE", "VIDEOGUIDE_DATABASE", "VIDEOGUIDE_SCENES", "VIDEOGUIDE_VOICE", "VIDEOGUIDE_SIZE"):
        monkeypatch.delenv(name, raising=False)
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(example, str(PAGE), "exec"), {"__name__": "__main__"})
    assert (tmp_path / "giulia.mp4").stat().st_size > 100_000
    assert (tmp_path / "guides" / "report.json").exists()


def test_one_guide_is_made_and_made_again_of_the_same_scenes(settings: Settings) -> None:
    campaign = api.load_campaign("bonus-libri", settings)
    request = api.PreviewRequest("Anna", cases=("missing-receipt",), facts={"receipts": ("books",)})
    first, again = (api.make_guide(campaign, request, settings) for _ in range(2))
    assert first.header == again.header and first.duration_ms > 1000


def test_its_scenes_are_moviepy_clips_with_their_sound(settings: Settings) -> None:
    campaign = api.load_campaign("bonus-libri", settings)
    request = api.PreviewRequest("Anna", cases=("missing-receipt",), facts={"receipts": ("books",)})
    clips = api.scene_clips(campaign, request, settings)
    guide = api.make_guide(campaign, request, settings)
    assert round(sum(clip.duration for clip in clips) * 1000) == guide.duration_ms
    for clip in clips:
        assert clip.size == (320, 180) and clip.audio is not None
        clip.close()


def test_a_campaign_is_approved_once_by_name_and_that_is_noted(settings: Settings) -> None:
    campaign = api.load_campaign(api.list_campaigns(settings)[0], settings)
    version = api.approve(campaign, settings, "anna")
    assert api.approve(campaign, settings, "bruno") == version
    with Database(settings.database) as database:
        (noted,) = audit.entries(database)[0]
        assert audit.approved_versions(database, campaign.id) == {version}
    assert (noted.who, noted.what, noted.campaign, noted.about) == ("anna", "approve", campaign.id, version)


def test_what_is_wrong_is_one_of_its_errors(settings: Settings) -> None:
    with pytest.raises(api.UnknownChoice):
        api.load_campaign("nessuna", settings)
    with pytest.raises(api.InputError):
        api.load_settings(size="12x12")
