# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""``guide.json`` read back, as strictly as its shape is written."""

import msgspec

from videoguide.media.manifest import Manifest


def read_manifest(data: bytes) -> Manifest:
    """The manifest; msgspec's ValidationError for an unknown field, a missing one or a wrong type."""
    return msgspec.json.decode(data, type=Manifest)
