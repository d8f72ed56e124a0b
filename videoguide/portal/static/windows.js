// SPDX-FileCopyrightText: 2026 The Videoguide engineers
// SPDX-License-Identifier: EUPL-1.2

// In-depth windows: the texts of the list below the video, in an accessible dialog.

import { report } from "./events.js"
import { hold } from "./player.js"

export function prepareWindows(player) {
  const dialog = document.querySelector("[data-dialog]")
  const title = dialog.querySelector("h2")
  const body = dialog.querySelector("[data-dialog-body]")
  const closeWords = dialog.querySelector("[data-close-words]")
  let goOn = () => {}
  let opener = null

  dialog.addEventListener("click", ({ target }) => {
    if (target === dialog || target.closest("[data-close]")) dialog.close()
  })
  dialog.addEventListener("close", () => {
    body.replaceChildren()
    const back = opener?.isConnected && opener.offsetParent ? opener : player.controlBar.playToggle.el()
    back.focus()
    goOn()
  })

  // reading below the video stops it, too, until all texts are closed again
  let afterReading = null
  for (const text of document.querySelectorAll("[data-window-text]")) {
    text.addEventListener("toggle", () => {
      if (text.open) report("pressed", text.dataset.windowText)
      const reading = document.querySelector("[data-window-text][open]") !== null
      if (reading) afterReading ??= hold(player)
      else afterReading?.()
      if (!reading) afterReading = null
    })
  }

  // Opens the window with this id; false if the guide has none.
  return function openWindow(id, from) {
    const text = document.querySelector(`[data-window-text="${CSS.escape(id)}"]`)
    if (!text || dialog.open) return false
    opener = from
    closeWords.textContent = player.paused() ? "Chiudi" : "Chiudi e vai avanti"
    goOn = hold(player)
    title.textContent = text.querySelector("h3").textContent
    body.replaceChildren(...text.querySelector(".window-body").cloneNode(true).childNodes)
    dialog.showModal()
    return true
  }
}
