# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Where the data files of the program are: beside the package in a checkout, inside it when installed."""

from functools import lru_cache
from pathlib import Path

STAGE = "bare.svg"
"""The drawing, in ``art/``, that every scene begins and ends on; part of every segment's key."""
DRAFT = "draft.svg"
"""The drawing, in ``art/``, that lies over every picture of a draft."""


@lru_cache(maxsize=1)
def assets_folder() -> Path:
    """The folder that holds ``art/``, ``fonts/``, ``voices/`` and more."""
    return _shipped("assets")


def packs_folder() -> Path:
    """The folder of the campaign packs that come with the program."""
    return _shipped("scenes")


def _shipped(name: str) -> Path:
    package = Path(__file__).parent
    installed = package / "_data" / name
    return installed if installed.is_dir() else package.parent / name
