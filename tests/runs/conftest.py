# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Fixtures of the runs' tests."""

from tests.support.rendered_worlds import either_world, rendered, world  # noqa: F401  pytest finds them here
