# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The public Python API: load a campaign pack, make one guide, render an extract.

What is named in ``__all__`` keeps its name and its arguments between minor versions; every other module may change at
any time. Errors are those of :mod:`videoguide.errors`. A working example is in ``docs/python-api.md``.
"""

from typing import TYPE_CHECKING

from videoguide.errors import (
    Busy,
    EncodingError,
    FirstNameError,
    InputError,
    KeyMismatch,
    PackError,
    SegmentMismatch,
    StoreError,
    TextOverflow,
    UnknownChoice,
    VideoGuideError,
    VoiceError,
)
from videoguide.guide.guides import Guide, write_guide
from videoguide.packs import campaigns
from videoguide.packs.campaigns import Campaign
from videoguide.progress import Tell, silently
from videoguide.proof.previews import PreviewRequest
from videoguide.proof.previews import make_guide as _make_guide
from videoguide.records import versions
from videoguide.records.database import Database
from videoguide.runs import pairing
from videoguide.runs.pipeline import RunOrder, render
from videoguide.runs.reports import Report
from videoguide.settings import Settings
from videoguide.settings import load as _load_settings
from videoguide.store import Store

if TYPE_CHECKING:
    from moviepy import VideoClip

__all__ = [
    "Busy",
    "Campaign",
    "EncodingError",
    "FirstNameError",
    "Guide",
    "InputError",
    "KeyMismatch",
    "PackError",
    "PreviewRequest",
    "Report",
    "RunOrder",
    "SegmentMismatch",
    "Settings",
    "StoreError",
    "TextOverflow",
    "UnknownChoice",
    "VideoGuideError",
    "VoiceError",
    "approve",
    "list_campaigns",
    "load_campaign",
    "load_settings",
    "make_guide",
    "render",
    "scene_clips",
    "write_guide",
]


def load_settings(**values: str | None) -> Settings:
    """The settings: these ``values`` by name, else the environment's ``VIDEOGUIDE_…``, else the defaults.

    Raises InputError for a value that is not allowed.
    """
    return _load_settings(None, **values)


def list_campaigns(settings: Settings) -> tuple[str, ...]:
    """Ids of the campaign packs in the folder that the settings name."""
    return campaigns.campaigns(settings.scenes)


def load_campaign(campaign_id: str, settings: Settings) -> Campaign:
    """The pack of a campaign. Raises UnknownChoice, PackError."""
    return campaigns.load(settings.scenes, campaign_id)


def make_guide(campaign: Campaign, request: PreviewRequest, settings: Settings, tell: Tell = silently) -> Guide:
    """Make one guide for an invented person; scenes in the store are reused, the others are made and kept there.

    ``tell`` is called after each scene. Write the guide's files with :func:`write_guide`. Raises UnknownChoice,
    FirstNameError or InputError for a request that cannot be met, PackError, VoiceError, StoreError.
    """
    planned = request.plan(campaign, settings)
    return _make_guide(planned.script, planned.studio, tell).guide


def approve(campaign: Campaign, settings: Settings, who: str) -> str:
    """Approve the pack as it is now, so that :func:`render` may make citizens' guides with it; returns its version.

    Raises InputError for a store that is another database's, StoreError, and Busy while the pack is being changed.
    """
    store = Store(settings.store)
    with Database(settings.database) as database:
        pairing.join(store, database)
        version = versions.keep(database, store, campaign)
        versions.approve(database, version, who)
    return version.version


def scene_clips(campaign: Campaign, request: PreviewRequest, settings: Settings) -> "list[VideoClip]":
    """The scenes of a guide as MoviePy clips with their sound, to be shown, cut or extended with MoviePy.

    Nothing is encoded, and no segment is read or stored. Raises like :func:`make_guide`.
    """
    from videoguide.picture.clips import scene_clip

    planned = request.plan(campaign, settings)
    clips = []
    for scene in planned.script.scenes:
        narration = planned.studio.narrate(scene)
        clips.append(scene_clip(planned.studio.draw(scene, narration), narration.samples))
    return clips
