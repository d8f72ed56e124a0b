# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Fixtures of the portal's tests in a browser; a module whose portal is another one has a ``portal`` of its own."""

from tests.support.portal_tabs import album, new_tab, portal, served, tab  # noqa: F401  pytest finds them here
