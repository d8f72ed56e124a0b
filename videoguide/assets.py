"""Where the shared assets are: beside the package in a checkout, inside it when installed."""

from functools import lru_cache
from pathlib import Path

STAGE = "bare.svg"
"""The drawing, in ``art/``, that every scene begins and ends on; part of every segment's key."""
DRAFT = "draft.svg"
"""The drawing, in ``art/``, that lies over every picture of a draft."""


@lru_cache(maxsize=1)
def assets_folder() -> Path:
    """The folder that holds ``art/``, ``fonts/``, ``voices/`` …"""
    package = Path(__file__).parent
    installed = package / "_data" / "assets"
    return installed if installed.is_dir() else package.parent / "assets"
