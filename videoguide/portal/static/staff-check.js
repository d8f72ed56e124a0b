// SPDX-FileCopyrightText: 2026 The Videoguide engineers
// SPDX-License-Identifier: EUPL-1.2

// Shows pictures and problems while scenes are checked; without this file they are there when the page is reloaded.

const place = document.querySelector("[data-progress]")

function listen() {
  const words = place.querySelector(".proving-words")
  const bar = place.querySelector("progress")
  const source = new EventSource(place.dataset.progress)
  let refreshed = Promise.resolve()
  let tries = 0

  source.addEventListener("overview", (event) => {
    tries = 0
    const { total } = JSON.parse(event.data)
    bar.max = Math.max(total, 1)
    bar.value = 0
    words.textContent = `Guardo le scene che mancano: ${total}.`
    refreshed = refresh()
  })
  source.addEventListener("proof", (event) => {
    const proof = JSON.parse(event.data)
    bar.value = proof.done
    bar.setAttribute("aria-label", `Scene guardate: ${proof.done} di ${proof.total}`)
    refreshed = refreshed.then(() => show(proof))
  })
  source.addEventListener("problem", async (event) => {
    source.close()
    await refreshed
    stop(JSON.parse(event.data).words)
  })
  source.addEventListener("done", async () => {
    source.close()
    await refreshed
    await refresh()
    bar.remove()
    words.textContent = "Fatto: tutte le scene sono state guardate."
  })
  source.addEventListener("error", () => {
    tries += 1
    if (source.readyState === EventSource.CLOSED || tries > 3) {
      source.close()
      stop("Il collegamento si è interrotto: ricarica la pagina per continuare.")
    }
  })

  function stop(said) {
    bar.remove()
    words.textContent = said
    words.classList.add("notice", "notice-problem")
  }
}

// Shows the picture of a scene in every place that waits for it, and its problems.
function show(proof) {
  for (const shot of document.querySelectorAll(`[data-key="${proof.key}"]`)) {
    if (proof.drawn) {
      const picture = new Image(640, 360)
      picture.src = shot.dataset.url
      picture.alt = shot.dataset.words
      shot.replaceChildren(picture)
    } else {
      shot.querySelector("p").textContent = "Non si può disegnare"
    }
  }
  for (const list of document.querySelectorAll(`[data-problems="${proof.key}"]`)) {
    list.replaceChildren(
      ...proof.problems.map((problem) => {
        const item = document.createElement("li")
        item.textContent = problem
        return item
      }),
    )
  }
}

// Replaces parts of the page by what the server has now; without an answer they stay as they are.
async function refresh() {
  const answer = await fetch(place.dataset.page, { headers: { Accept: "text/html" } }).catch(() => null)
  if (!answer?.ok) return
  const page = new DOMParser().parseFromString(await answer.text(), "text/html")
  for (const part of document.querySelectorAll("[data-part]")) {
    const now = page.querySelector(`[data-part="${part.dataset.part}"]`)
    if (now) part.replaceWith(now)
  }
}

if (place) listen()
