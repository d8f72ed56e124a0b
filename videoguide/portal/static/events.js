// What happens to a guide, told to the server: each thing once a page load. Of a preview nothing is told.

const page = document.getElementById("guida")
const told = new Set()

export function tell(kind, value = "") {
  const once = `${kind} ${value}`
  if (!page.dataset.events || told.has(once)) return
  told.add(once)
  const body = JSON.stringify({ csrf: page.dataset.csrf, view: page.dataset.view, kind, value: String(value) })
  const data = new Blob([body], { type: "application/json" })
  if (navigator.sendBeacon?.(page.dataset.events, data)) return
  fetch(page.dataset.events, { method: "POST", body: data, keepalive: true }).catch(() => {})
}

// How much was really played: what was skipped over, or played twice, does not count.
export function tellProgress(video) {
  const check = () => {
    if (!Number.isFinite(video.duration)) return
    let seconds = 0
    for (let part = 0; part < video.played.length; part++) seconds += video.played.end(part) - video.played.start(part)
    // the last moment of a guide is silence: who saw all but a second of it saw all of it
    const share = (100 * seconds) / Math.max(video.duration - 1, video.duration * 0.9)
    for (const percent of [25, 50, 75, 100]) if (share >= percent) tell("reached", percent)
  }
  for (const moment of ["timeupdate", "pause", "ended"]) video.addEventListener(moment, check)
  video.addEventListener("play", () => tell("played"))
}
