// SPDX-FileCopyrightText: 2026 The Videoguide engineers
// SPDX-License-Identifier: EUPL-1.2

// The player: video.js around the page's own video element, with its controls below the picture.

const WORDS = {
  "Play": "Riproduci",
  "Pause": "Pausa",
  "Replay": "Rivedi",
  "Play Video": "Guarda la guida",
  "Video Player": "Lettore della guida",
  "Current Time": "Minuto",
  "Duration": "Durata",
  "Progress Bar": "Punto del video",
  "progress bar timing: currentTime={1} duration={2}": "{1} di {2}",
  "Fullscreen": "Schermo intero",
  "Exit Fullscreen": "Esci da schermo intero",
  "Mute": "Togli l’audio",
  "Unmute": "Rimetti l’audio",
  "Volume Level": "Volume",
  "Playback Rate": "Velocità",
  "Chapters": "Capitoli",
  ", selected": ", scelto",
  "{1} is loading.": "{1}: caricamento in corso.",
  "Loaded": "Caricato",
  "Progress": "Avanzamento",
  "Modal Window": "Messaggio",
  "This is a modal window.": "Questo è un messaggio.",
  "Close": "Chiudi",
  "Close Modal Dialog": "Chiudi il messaggio",
  "This modal can be closed by pressing the Escape key or activating the close button.": "Puoi chiuderlo con il tasto Esc.",
  "You aborted the media playback": "La riproduzione è stata interrotta.",
  "A network error caused the media download to fail part-way.": "La connessione si è interrotta. Ricarica la pagina.",
  "The media could not be loaded, either because the server or network failed or because the format is not supported.":
    "Il video non si apre in questo momento. Ricarica la pagina, o apri la versione testo e audio.",
  "The media playback was aborted due to a corruption problem or because the media used features your browser did not support.":
    "Il video non si apre su questo dispositivo. Apri la versione testo e audio.",
  "No compatible source was found for this media.": "Il video non si apre su questo dispositivo. Apri la versione testo e audio.",
}

export function openPlayer(video) {
  const videojs = window.videojs
  videojs.addLanguage("it", WORDS)
  const Button = videojs.getComponent("Button")

  // A single button for captions on or off, instead of a menu.
  class CaptionsSwitch extends Button {
    constructor(player, options) {
      super(player, options)
      this.controlText("Sottotitoli")
      this.show = () => this.el().setAttribute("aria-pressed", String(this.track?.mode === "showing"))
      player.textTracks().addEventListener("change", this.show)
      this.show()
    }

    get track() {
      return trackOf(this.player(), "captions")
    }

    buildCSSClass() {
      return `vjs-captions-button ${super.buildCSSClass()}`
    }

    handleClick() {
      if (this.track) this.track.mode = this.track.mode === "showing" ? "hidden" : "showing"
      this.show()
    }
  }
  videojs.registerComponent("CaptionsSwitch", CaptionsSwitch)

  const player = videojs(video, {
    language: "it",
    inactivityTimeout: 0,
    playbackRates: [0.75, 1, 1.25, 1.5],
    html5: { nativeTextTracks: true },
    textTrackSettings: false,
    userActions: { hotkeys: true },
    controlBar: {
      children: {
        progressControl: true,
        playToggle: { replay: false },
        currentTimeDisplay: true,
        timeDivider: true,
        durationDisplay: true,
        customControlSpacer: true,
        captionsSwitch: true,
        chaptersButton: true,
        playbackRateMenuButton: true,
        volumePanel: { inline: true },
        fullscreenToggle: true,
      },
    },
  })
  player.addClass("player") // video.js gives its element the video's classes, and no other
  // the browser may have read the chapters before video.js looks for them
  const listChapters = () => {
    const { chaptersButton } = player.controlBar
    chaptersButton.update()
    chaptersButton.menu.contentEl().tabIndex = 0 // a list that scrolls can be scrolled by keyboard
  }
  video.querySelector("track[kind=chapters]").addEventListener("load", listChapters)
  for (const moment of ["ready", "loadedmetadata"]) player.on(moment, listChapters)
  // whoever goes to a place before playing wants to see that place, not the poster
  player.on("seeking", () => player.currentTime() > 0 && player.hasStarted(true))
  return player
}

// The browser's own track, because video.js knows it only a moment later.
export function trackOf(player, kind) {
  return Array.from(player.el().querySelector("video").textTracks).find((track) => track.kind === kind)
}

// Stops the video while something is read; returns a function that lets it go on, if it was playing.
export function hold(player) {
  const playing = !player.paused()
  player.pause()
  return () => playing && player.play()?.catch(() => {})
}
