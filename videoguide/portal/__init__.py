# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The reserved area: the citizens' pages, the staff's, and the API."""
