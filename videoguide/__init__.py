# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Videoguide: personalised, narrated, accessible video guides made of shared segments."""

__version__ = "0.1.0"
