# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The bytes of a guide: encoded pictures and sound, segment files, MP4 headers, captions and ``guide.json``."""
