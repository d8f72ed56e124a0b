// SPDX-FileCopyrightText: 2026 The Videoguide engineers
// SPDX-License-Identifier: EUPL-1.2

// Buttons that appear while the guide plays, from its metadata track, and the card at its end.

import { report } from "./events.js"
import { trackOf } from "./player.js"

// Only a mouse can rest on a button: a finger leaves no pointer behind.
const IN_USE = matchMedia("(hover: hover)").matches ? ":hover, :focus-within" : ":focus-within"

export function prepareButtons(player, openWindow) {
  const panel = document.querySelector("[data-panel]")
  const list = panel.querySelector("[data-buttons]")
  const hint = panel.querySelector("[data-hint]")
  const spoken = panel.querySelector("[data-announce]")
  const shown = new Map()

  // after the controls, on the page as on the screen; inside the player, so that it is there in full screen, too
  player.el().append(panel)
  // keys that are pressed here are not for the player
  for (const key of ["keydown", "keyup"]) panel.addEventListener(key, (event) => event.stopPropagation())

  const spots = document.createElement("div")
  spots.className = "picture-spots"
  player.el().append(spots)

  const announce = (words) => {
    spoken.textContent = words
  }

  const track = trackOf(player, "metadata")
  if (track) {
    track.mode = "hidden"
    track.addEventListener("cuechange", settle)
  }

  function settle() {
    if (!player.ended()) show(Array.from(track.activeCues ?? [], (cue) => JSON.parse(cue.text)))
  }

  function show(buttons) {
    const fresh = buttons.filter(({ id }) => !shown.has(id))
    const ids = new Set(buttons.map(({ id }) => id))
    for (const [id, place] of shown) if (!ids.has(id)) leave(id, place)
    for (const button of fresh) enter(button)
    if (fresh.length) {
      const words = fresh.map(({ label }) => label).join("; ")
      announce(fresh.length === 1 ? `È comparso un pulsante: ${words}` : `Sono comparsi dei pulsanti: ${words}`)
    }
    update()
  }

  function enter(button) {
    const element = control(button)
    if (!element) return
    const item = document.createElement("li")
    item.append(element)
    list.append(item)
    const spot = button.area && hotspot(button)
    shown.set(button.id, { item, spot })
    report("shown", button.id)
  }

  // A button under the pointer or with the focus does not vanish: it waits until it is left.
  function leave(id, { item, spot }) {
    spot?.remove()
    if (item.matches(IN_USE) && !player.ended()) {
      // only the next frame knows where pointer and focus have gone
      for (const leaving of ["pointerleave", "focusout"])
        item.addEventListener(leaving, () => requestAnimationFrame(settle), { once: true })
      return
    }
    item.remove()
    shown.delete(id)
  }

  function control(button) {
    const element = document.createElement(button.link ? "a" : "button")
    if (button.link) {
      const link = document.querySelector(`[data-links] [data-link="${CSS.escape(button.link)}"]`)
      if (!link) return null
      Object.assign(element, { href: link.href, target: "_blank", rel: "noopener noreferrer" })
    } else {
      element.type = "button"
    }
    element.className = "panel-button"
    element.dataset.button = button.id
    const words = document.createElement("span")
    words.textContent = button.label
    element.append(words)
    if (button.link) {
      const where = document.createElement("span")
      where.className = "visually-hidden"
      where.textContent = " (si apre in una nuova scheda)"
      words.append(where)
    }
    element.append(icon(button.link ? "external-link" : "info-circle"))
    element.addEventListener("click", () => press(button, element))
    return element
  }

  // A button that is drawn in the picture can be pressed there, too. This is for pointers; the real button is below.
  function hotspot(button) {
    const spot = control(button)
    if (!spot) return null
    spot.replaceChildren()
    spot.className = "hotspot"
    spot.tabIndex = -1
    spot.setAttribute("aria-hidden", "true")
    const [x, y, width, height] = button.area.map((thousandth) => thousandth / 1000)
    spot.style.setProperty("--x", x)
    spot.style.setProperty("--y", y)
    spot.style.setProperty("--w", width)
    spot.style.setProperty("--h", height)
    spots.append(spot)
    return spot
  }

  function press(button, element) {
    report("pressed", button.id)
    if (button.link) player.pause()
    else openWindow(button.window, element)
  }

  function icon(name) {
    const drawing = hint.querySelector("svg").cloneNode(true)
    const use = drawing.querySelector("use")
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#it-${name}`))
    return drawing
  }

  function update() {
    hint.hidden = shown.size > 0
  }

  const end = panel.querySelector("[data-end-card]")
  const ended = (over) => {
    if (panel.classList.contains("panel-ended") === over) return
    const focused = panel.contains(document.activeElement)
    panel.classList.toggle("panel-ended", over)
    if (!over) return settle()
    show([])
    announce("La guida è finita. Qui trovi i pulsanti per andare avanti.")
    if (focused) end.querySelector("h2").focus()
  }
  player.on("ended", () => ended(true))
  player.on(["seeking", "playing"], () => player.ended() || ended(false))

  end.addEventListener("click", (event) => {
    const link = event.target.closest("[data-link]")
    const opens = event.target.closest("[data-window]")
    if (link) report("followed", link.dataset.link)
    if (!opens || !openWindow(opens.dataset.window, opens)) return
    report("pressed", opens.dataset.window)
    event.preventDefault()
  })
  end.querySelector("[data-replay]").addEventListener("click", () => {
    player.currentTime(0)
    player.play()?.catch(() => {})
    player.controlBar.playToggle.el().focus()
  })
}
