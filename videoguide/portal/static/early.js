// SPDX-FileCopyrightText: 2026 The Videoguide engineers
// SPDX-License-Identifier: EUPL-1.2

// Runs before anything is drawn: marks that scripts run, and keeps video.js from writing style elements,
// which the content security policy forbids. A browser too old for modules keeps the page without scripts.
if ("noModule" in HTMLScriptElement.prototype) document.documentElement.classList.add("js")
window.VIDEOJS_NO_DYNAMIC_STYLE = true
