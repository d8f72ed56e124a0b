# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What the database holds: guides, versions, deliveries, views, ratings, and what staff did."""
