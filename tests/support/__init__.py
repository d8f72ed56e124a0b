# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What several test modules share: invented people, guides, portals, and the judges of what is made."""
