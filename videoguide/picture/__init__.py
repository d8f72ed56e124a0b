# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A filled drawing to pictures: fonts, line breaks, layers, motion and legibility."""
