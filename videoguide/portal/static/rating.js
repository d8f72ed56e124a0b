// The rating is sent without leaving the page. Without this file it is a plain form.

const NEARLY_FULL = [100, 50, 20, 10, 0]
const WORDS = {
  done: "Grazie! La tua valutazione è salvata. Puoi cambiarla quando vuoi.",
  0: "La sessione è finita: ricarica la pagina ed entra di nuovo.",
  401: "La sessione è finita: ricarica la pagina ed entra di nuovo.",
  403: "La pagina è rimasta aperta a lungo: ricaricala e prova di nuovo.",
  413: "Il commento è troppo lungo: accorcialo e prova di nuovo.",
  422: "Non è stato possibile salvare: controlla la risposta e il commento.",
  429: "Hai inviato molte risposte in poco tempo: aspetta un minuto e prova di nuovo.",
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
    // who is sent elsewhere, to sign in again, has not saved anything
    const how = { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" }
    const answer = await fetch(form.action, how)
    if (answer.ok) send.textContent = send.dataset.again
    say(answer.ok ? "done" : "problem", answer.ok ? WORDS.done : (WORDS[answer.status] ?? WORDS.other))
  } catch {
    say("problem", WORDS.other)
  } finally {
    send.removeAttribute("aria-disabled")
  }
})

function say(kind, words) {
  const notice = form.querySelector(`[data-${kind}]`).content.cloneNode(true)
  notice.querySelector("p > span").textContent = words
  status.replaceChildren(notice)
}

// Seen at every letter, said aloud only when little is left.
function count() {
  const left = comment.maxLength - comment.value.length
  counter.textContent = `Ne restano ${left}.`
  const words = NEARLY_FULL.includes(left) ? `Restano ${left} caratteri.` : ""
  if (words) spoken.textContent = words
}
comment.addEventListener("input", count)
count()
