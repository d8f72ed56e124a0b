// Before anything is drawn: the page knows that scripts run, and video.js must not write style
// elements of its own, which the content security policy forbids.
// A browser too old for modules keeps the page that needs no scripts.
if ("noModule" in HTMLScriptElement.prototype) document.documentElement.classList.add("js")
window.VIDEOJS_NO_DYNAMIC_STYLE = true
