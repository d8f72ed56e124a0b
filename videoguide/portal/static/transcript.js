// SPDX-FileCopyrightText: 2026 The Videoguide engineers
// SPDX-License-Identifier: EUPL-1.2

// The words beside the video: pressing a sentence moves the video there, and the sentence that is heard is marked.

const WIDE = "(min-width: 992px)"
const STILL = "(prefers-reduced-motion: reduce)"
const HANDS_OFF_MS = 5000

export function prepareTranscript(player) {
  const transcript = document.querySelector("[data-transcript]")
  const box = transcript.querySelector("[data-transcript-box]")
  const sentences = Array.from(transcript.querySelectorAll(".sentence"), pressable)
  let current = null
  let touched = -HANDS_OFF_MS

  transcript.open = matchMedia(WIDE).matches
  transcript.querySelector("[data-transcript-help]").hidden = false
  for (const hand of ["wheel", "touchmove", "pointerdown", "keydown"])
    box.addEventListener(hand, () => (touched = performance.now()), { passive: true })
  for (const moment of ["timeupdate", "seeked"]) player.on(moment, mark)

  function pressable(words) {
    const button = document.createElement("button")
    button.type = "button"
    button.className = words.className
    button.textContent = words.textContent
    const [start, end] = [Number(words.dataset.start), Number(words.dataset.end)]
    button.addEventListener("click", () => {
      player.currentTime(start / 1000)
      player.el().scrollIntoView({ block: "nearest", behavior: matchMedia(STILL).matches ? "instant" : "smooth" })
    })
    words.replaceWith(button)
    return { button, start, end }
  }

  function mark() {
    const ms = player.currentTime() * 1000
    // a few milliseconds early, because browsers seek to just before the moment that is asked for
    const heard = player.hasStarted() && sentences.findLast(({ start }) => start <= ms + 50)
    if ((heard || null) === current) return
    current?.button.removeAttribute("aria-current")
    current = heard || null
    current?.button.setAttribute("aria-current", "true")
    if (current) follow(current.button)
  }

  // Scrolls inside the box, unless somebody is scrolling it or has the focus in it.
  function follow(button) {
    const busy = performance.now() - touched < HANDS_OFF_MS || box.contains(document.activeElement)
    if (busy || matchMedia(STILL).matches || box.scrollHeight <= box.clientHeight) return
    const top = button.offsetTop - box.offsetTop
    box.scrollTo({ top: top - box.clientHeight / 3, behavior: "smooth" })
  }
}
