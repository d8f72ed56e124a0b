// SPDX-FileCopyrightText: 2026 The Videoguide engineers
// SPDX-License-Identifier: EUPL-1.2

// The rating is sent without leaving the page. Without this file it is a plain form.

const NEARLY_FULL = [100, 50, 20, 10, 0]
const PROBLEMS = {
  0: "La sessione è finita: ricarica la pagina ed entra di nuovo.",
  401: "La sessione è finita: ricarica la pagina ed entra di nuovo.",
  403: "La pagina è rimasta aperta a lungo: ricaricala e prova di nuovo.",
  413: "Il commento è troppo lungo: accorcialo e prova di nuovo.",
  422: "Non è stato possibile salvare: controlla la risposta e il commento.",
  429: "Hai inviato molte risposte in poco tempo: aspetta un minuto e prova di nuovo.",
  503: "Non è stato possibile salvare: è un problema nostro. Quello che hai scritto resta qui: prova di nuovo tra qualche minuto.",
  other: "Non è stato possibile salvare. Prova di nuovo tra poco.",
}

const form = document.querySelector("[data-rating]")
const status = form.querySelector("[data-rating-status]")
const send = form.querySelector("[type=submit]")
const comment = form.querySelector("textarea")
const counter = form.querySelector("[data-counter]")
const spoken = form.querySelector("[data-counter-announce]")

form.addEventListener("submit", async (event) => {
  event.preventDefault()
  if (send.getAttribute("aria-disabled") === "true") return
  send.setAttribute("aria-disabled", "true")
  status.replaceChildren()
  try {
    const body = new URLSearchParams(new FormData(form))
    // a redirect leads to the login: nothing has been saved
    const options = { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" }
    const answer = await fetch(form.action, options)
    if (answer.ok) showThanks()
    else showProblem(PROBLEMS[answer.status] ?? PROBLEMS.other)
  } catch {
    showProblem(PROBLEMS.other)
  } finally {
    send.removeAttribute("aria-disabled")
  }
})

function showThanks() {
  send.textContent = send.dataset.again
  status.replaceChildren(form.querySelector("[data-thanks]").content.cloneNode(true))
}

function showProblem(words) {
  const notice = form.querySelector("[data-problem]").content.cloneNode(true)
  notice.querySelector("p > span").textContent = words
  status.replaceChildren(notice)
}

// Shown at every letter, but said aloud only when little room is left.
function count() {
  const left = comment.maxLength - comment.value.length
  counter.textContent = `Ne restano ${left}.`
  const words = NEARLY_FULL.includes(left) ? `Restano ${left} caratteri.` : ""
  if (words) spoken.textContent = words
}
comment.addEventListener("input", count)
count()
