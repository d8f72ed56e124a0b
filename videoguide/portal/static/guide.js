// The guide's page comes alive. Without this file it is a native video with its words, windows and links.

import { prepareButtons } from "./buttons.js"
import { tellProgress } from "./events.js"
import { openPlayer } from "./player.js"
import { prepareTranscript } from "./transcript.js"
import { prepareWindows } from "./windows.js"

const video = document.querySelector("[data-vjs-player] video")
tellProgress(video)
const player = openPlayer(video)
prepareButtons(player, prepareWindows(player))
prepareTranscript(player)
