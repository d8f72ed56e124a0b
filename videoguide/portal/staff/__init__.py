# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The staff's part of the portal: previews, check, versions, figures, audit."""
