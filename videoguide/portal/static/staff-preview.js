// SPDX-FileCopyrightText: 2026 The Videoguide engineers
// SPDX-License-Identifier: EUPL-1.2

// The pages of previews: a form that is sent only once, a guide that is made while the page listens, an address to copy.

const MADE = "Nuova"
const LOST = "La connessione si è interrotta. Controlla di essere ancora dentro, e riprova."

for (const form of document.querySelectorAll("[data-once]")) {
  let sent = false
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault()
    sent = true
  })
  // after coming back with the browser's arrow it can be sent again
  addEventListener("pageshow", () => (sent = false))
}
document.querySelector("[data-problem]")?.focus()

const making = document.querySelector("[data-making]")
if (making) listen(making)

const copyBox = document.querySelector("[data-copy-box]")
if (copyBox && navigator.clipboard) offerAddress(copyBox)

function listen(section) {
  const find = (name) => section.querySelector(`[data-making-${name}]`)
  const bar = section.querySelector("progress")
  const events = new EventSource(section.dataset.making)
  let announced = 0

  events.addEventListener("scenes", ({ data }) => {
    const { there } = JSON.parse(data)
    for (const number of there) {
      const state = document.querySelector(`[data-scene="${number}"] [data-state=missing]`)
      if (!state) continue
      state.className = "scene-state scene-made"
      state.dataset.state = "made"
      state.textContent = MADE
    }
    bar.value = there.length
    find("words").textContent = `Scene pronte: ${there.length} su ${bar.max}. Intanto leggi il copione.`
    // said aloud only every few scenes, because somebody may be reading
    if (there.length - announced >= 3 || announced === 0) {
      announced = there.length
      find("said").textContent = `Scene pronte: ${announced} su ${bar.max}.`
    }
  })
  events.addEventListener("ready", () => {
    events.close()
    find("said").textContent = "La guida è pronta."
    location.reload()
  })
  events.addEventListener("problem", ({ data }) => fail(JSON.parse(data).words))
  events.addEventListener("error", () => {
    if (events.readyState === EventSource.CLOSED) fail(LOST)
  })
  addEventListener("pagehide", () => events.close())
  section.querySelector("[data-again]").addEventListener("click", () => location.reload())

  function fail(words) {
    events.close()
    find("title").textContent = "La guida non è pronta"
    find("now").hidden = true
    find("problem").hidden = false
    find("reason").textContent = words
  }
}

function offerAddress(box) {
  box.hidden = false
  const said = box.querySelector("[data-copied]")
  box.querySelector("[data-copy]").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(location.href.replace(/[?#].*/, ""))
      said.textContent = "Copiato."
    } catch {
      said.textContent = "Non riesco a copiarlo: prendilo dalla barra del programma."
    }
  })
}
