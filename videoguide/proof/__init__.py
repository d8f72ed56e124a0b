# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A pack tried before any citizen sees it: previews, check, contact sheet."""
