// SPDX-FileCopyrightText: 2026 The Videoguide engineers
// SPDX-License-Identifier: EUPL-1.2

// Starts the guide's page. Without this file it is a native video with its words, windows and links.

import { prepareButtons } from "./buttons.js"
import { reportProgress } from "./events.js"
import { openPlayer } from "./player.js"
import { prepareTranscript } from "./transcript.js"
import { prepareWindows } from "./windows.js"

const video = document.querySelector("[data-vjs-player] video")
reportProgress(video)
const player = openPlayer(video)
prepareButtons(player, prepareWindows(player))
prepareTranscript(player)
