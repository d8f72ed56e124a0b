# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A whole extract through every stage, and looking after the store that fills up meanwhile."""
