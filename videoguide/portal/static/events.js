// SPDX-FileCopyrightText: 2026 The Videoguide engineers
// SPDX-License-Identifier: EUPL-1.2

// Reports to the server what happens while a guide is watched: each event once per page load, and none of previews.

const page = document.getElementById("guida")
const reported = new Set()

export function report(kind, value = "") {
  const event = `${kind} ${value}`
  if (!page.dataset.events || reported.has(event)) return
  reported.add(event)
  const body = JSON.stringify({ csrf: page.dataset.csrf, view: page.dataset.view, kind, value: String(value) })
  const data = new Blob([body], { type: "application/json" })
  if (navigator.sendBeacon?.(page.dataset.events, data)) return
  fetch(page.dataset.events, { method: "POST", body: data, keepalive: true }).catch(() => {})
}

// Reports how much is really played: what is skipped, or played twice, does not count.
export function reportProgress(video) {
  const check = () => {
    if (!Number.isFinite(video.duration)) return
    let seconds = 0
    for (let part = 0; part < video.played.length; part++) seconds += video.played.end(part) - video.played.start(part)
    // the last moment of a guide is silence: all but a second of it is all of it
    const share = (100 * seconds) / Math.max(video.duration - 1, video.duration * 0.9)
    for (const percent of [25, 50, 75, 100]) if (share >= percent) report("reached", percent)
  }
  for (const moment of ["timeupdate", "pause", "ended"]) video.addEventListener(moment, check)
  video.addEventListener("play", () => report("played"))
}
