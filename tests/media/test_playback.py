# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A guide in a real browser: it plays, seeks, shows what was drawn, and its tracks and its page say the same."""

import base64
import hashlib
import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.decoding import decode_pictures
from tests.support.drawn_scenes import BARCODE_BITS, BARCODE_CELL, BLUE, DrawnScene
from tests.support.real_guides import Film
from videoguide.media import mp4, payload
from videoguide.media.captions import TimedText
from videoguide.media.encoding import Profile, encode_pictures, encode_sound
from videoguide.media.payload import SegmentFile
from videoguide.timing import GRID_FRAMES

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CHAPTERS = [TimedText(0, 3200, "Ciao"), TimedText(3200, 5120, "Perché è ferma"), TimedText(5120, 7680, "Che cosa fare")]
SUBTITLES = [TimedText(400, 1900, "Ciao Chiara."), TimedText(4000, 7680, "Bastano tre passi.")]


class RangeServer(ThreadingHTTPServer):
    """Serves bytes from memory over loopback, ranges included, and notes which were asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RangeHandler)
        self.files: dict[str, tuple[str, bytes]] = {}
        self.ranges: list[str] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Browsers break connections off at every seek."""

    def put(self, name: str, kind: str, data: bytes) -> str:
        self.files[f"/{name}"] = (kind, data)
        return f"http://127.0.0.1:{self.server_port}/{name}"


class RangeHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RangeServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path not in self.server.files:
            self.send_error(404)
            return
        kind, data = self.server.files[self.path]
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start, end = 0, len(data)
        if asked:
            self.server.ranges.append(asked[0])
            start, end = int(asked[1]), min(len(data), int(asked[2] or len(data) - 1) + 1)
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        self.wfile.write(data[start:end])


@pytest.fixture(scope="module")
def server() -> Iterator[RangeServer]:
    with RangeServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def play(chromium: Any, server: RangeServer) -> Iterator[Callable[..., Any]]:
    """``play(film)`` -> a page on which the film has loaded as ``video``, with its picture at the top left."""
    page = chromium.new_page(viewport={"width": 700, "height": 400})

    def opened(film: bytes, tag: str = "video", kind: str = "video/mp4") -> Any:
        server.put("film", kind, film)
        html = f"<!doctype html><body style='margin:0'><{tag} id=film src=/film muted preload=auto></{tag}>"
        page.goto(server.put("page", "text/html", html.encode()))
        page.evaluate(
            """() => new Promise((loaded, failed) => {
                window.film = document.getElementById('film')
                film.onerror = () => failed(film.error.message)
                film.oncanplaythrough = loaded
                if (film.readyState == 4) loaded()
            })"""
        )
        return page

    yield opened
    page.close()


@pytest.fixture(scope="module")
def guide(three_segments: list[SegmentFile], join_guide: Any) -> bytes:
    film: bytes = join_guide(three_segments, subtitles=SUBTITLES, chapters=CHAPTERS)
    return film


PLAY_TO_END = """rate => new Promise((ended, failed) => {
    film.playbackRate = rate
    film.onerror = () => failed(film.error.message)
    film.onended = () => {
        const quality = film.getVideoPlaybackQuality ? film.getVideoPlaybackQuality() : {}
        ended({time: film.currentTime, pictures: quality.totalVideoFrames, dropped: quality.droppedVideoFrames,
               sound: film.webkitAudioDecodedByteCount})
    }
    film.play()
})"""

# A page knows that it has sought before the picture is there: it waits for the picture of that time, too.
GO = """
const go = seconds => Promise.all([
    new Promise(sought => { film.onseeked = sought }),
    new Promise(shown => {
        const look = (now, picture) => Math.abs(picture.mediaTime + 0.02 - seconds) < 0.03
            ? shown() : film.requestVideoFrameCallback(look)
        film.requestVideoFrameCallback(look)
        film.currentTime = seconds
    }),
])
"""

SEEK = f"""async ([seconds, bits, cell]) => {{
    {GO}
    await go(seconds)
    const canvas = new OffscreenCanvas(film.videoWidth, film.videoHeight)
    const context = canvas.getContext('2d', {{willReadFrequently: true}})
    context.drawImage(film, 0, 0)
    const row = context.getImageData(0, cell / 2, bits * cell, 1).data
    let number = 0
    for (let bit = 0; bit < bits; bit++) if (row[4 * (bit * cell + cell / 2)] > 128) number += 1 << bit
    return number
}}"""


def picture_at(page: Any, n: int) -> int:
    """The number of the picture on the screen after seeking to the middle of picture ``n``."""
    number: int = page.evaluate(SEEK, [n / 25 + 0.02, BARCODE_BITS, BARCODE_CELL])
    return number


def test_a_joined_guide_plays_to_its_end(guide: bytes, play: Any, server: RangeServer) -> None:
    server.ranges.clear()
    page = play(guide)
    assert page.evaluate("film.duration") == 7.68
    assert page.evaluate("[film.videoWidth, film.videoHeight]") == [320, 180]
    result = page.evaluate(PLAY_TO_END, 4)
    assert result["time"] == 7.68
    assert result["sound"] > 0
    assert server.ranges, "read by ranges"


def test_seeking_to_a_chapter_shows_its_first_picture(guide: bytes, play: Any) -> None:
    page = play(guide)
    for chapter, number in reversed(list(zip(CHAPTERS, (0, 100, 200), strict=True))):
        assert picture_at(page, chapter.start_ms // 40) == number


def test_seeking_anywhere_shows_the_picture_drawn_for_that_time(guide: bytes, play: Any) -> None:
    first = [*range(10), *[9] * 40, *range(50, 58), *[57] * 22]
    second = [100 + n for n in [*range(8), *[7] * 22, *range(30, 34), *[33] * 14]]
    third = [200 + n for n in [*range(6), *[5] * 58]]
    drawn = [*first, *second, *third]
    page = play(guide)
    # motion, holds, the picture after a hold, both sides of each joint, the last picture
    for n in (191, 0, 5, 9, 17, 18, 49, 50, 57, 79, 80, 87, 110, 127, 128, 133, 160, 51, 190, 1):
        assert picture_at(page, n) == drawn[n], f"picture {n}"


def test_no_picture_is_lost_at_a_hold_or_in_the_motion_after_it(make_segment: Any, join_guide: Any, play: Any) -> None:
    scene = DrawnScene(frames=64, moving=((0, 4), (40, 64)), seed=1)
    result = play(join_guide([make_segment(scene)] * 2)).evaluate(PLAY_TO_END, 1)
    assert result["pictures"] == 128
    # a busy machine may miss one; stretched sample durations lost half of each motion
    assert result["dropped"] <= 4


DECODE = """async ([config, header, samples]) => {
    const film = await (await fetch('/film')).arrayBuffer()
    const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
    const hashes = []
    let failure = null
    let hashing = Promise.resolve()
    const decoder = new VideoDecoder({
        output: picture => {
            hashing = hashing.then(async () => {
                const planes = new Uint8Array(picture.allocationSize())
                await picture.copyTo(planes)
                const format = picture.format
                picture.close()
                const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', planes))
                hashes.push(format + ' ' + Array.from(hash, byte => byte.toString(16).padStart(2, '0')).join(''))
            })
        },
        error: error => { failure = error },
    })
    decoder.configure({...config, description: bytes(header)})
    for (const [at, size, key, n] of samples) {
        const data = new Uint8Array(film, at, size)
        decoder.decode(new EncodedVideoChunk({type: key ? 'key' : 'delta', timestamp: n * 40000, data}))
    }
    await decoder.flush()
    await hashing
    if (failure) throw failure
    return hashes
}"""


def test_the_browser_decodes_every_picture_to_the_last_bit(
    guide: bytes, three_segments: list[SegmentFile], play: Any
) -> None:
    avcc = three_segments[0].tables.avcc
    config = {"codec": f"avc1.{avcc[1:4].hex()}", "hardwareAcceleration": "prefer-software"}
    at = len(guide) - sum(segment.tables.payload_bytes for segment in three_segments)
    samples: list[list[int]] = []
    for tables in (segment.tables for segment in three_segments):
        for n, size in enumerate(tables.picture_sizes.tolist()):
            samples.append([at, size, n in tables.sync, len(samples)])
            at += size
            if n % GRID_FRAMES == GRID_FRAMES - 1:
                at += int(tables.sound_sizes.reshape(-1, 15)[n // GRID_FRAMES].sum())
    shown = play(guide).evaluate(DECODE, [config, base64.b64encode(avcc).decode(), samples])
    wanted = [f"I420 {hashlib.sha256(picture.tobytes()).hexdigest()}" for picture in decode_pictures(guide)]
    assert shown == wanted


def test_brand_blue_is_shown_as_brand_blue(join_guide: Any, play: Any, tmp_path: Any) -> None:
    flat = np.full((180, 320, 3), BLUE, np.uint8)
    profile = Profile(320, 180)
    pictures, sync, avcc = encode_pictures(16, lambda n: flat, lambda n: False, profile)
    sound, asc = encode_sound(np.zeros(2 * 15_360, np.float32), profile)
    file = tmp_path / "blue"
    file.write_bytes(b"".join(payload.pack(pictures, sync, sound, avcc, asc, 320, 180, payload.Info("blue", "Blu"))))
    page = play(join_guide([payload.read(file)]))
    page.evaluate(SEEK, [0.3, 1, 16])
    shot = page.screenshot(clip={"x": 20, "y": 20, "width": 280, "height": 140})
    pixels = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)
    assert abs(pixels - np.array(BLUE)).max() <= 2


def test_the_sound_alone_plays_to_its_end(three_segments: list[SegmentFile], play: Any) -> None:
    film = b"".join(mp4.sound_file(three_segments, metadata=mp4.Metadata("La tua guida"), chapters=CHAPTERS))
    page = play(film, tag="audio", kind="audio/mp4")
    assert page.evaluate("film.duration") == pytest.approx(7.68, abs=0.03)
    assert page.evaluate(PLAY_TO_END, 4)["sound"] > 0


def test_a_guide_with_a_cover_plays_too(three_segments: list[SegmentFile], join_guide: Any, play: Any) -> None:
    cover = io.BytesIO()
    Image.new("RGB", (64, 36), BLUE).save(cover, "JPEG")
    page = play(join_guide(three_segments, metadata=mp4.Metadata("La tua guida", cover=cover.getvalue())))
    assert page.evaluate("[film.duration, film.videoWidth]") == [7.68, 320]
    assert picture_at(page, 80) == 100


@pytest.mark.slow
def test_full_size_plays_and_seeks(make_segment: Any, join_guide: Any, play: Any) -> None:
    scenes = [
        DrawnScene(frames=96, moving=((0, 13), (60, 66)), seed=seed, width=1920, height=1080, first_number=200 * seed)
        for seed in (1, 2, 3)
    ]
    page = play(join_guide([make_segment(scene) for scene in scenes]))
    assert page.evaluate("[film.duration, film.videoWidth, film.videoHeight]") == [11.52, 1920, 1080]
    for n, number in ((287, 665), (96, 400), (96 + 59, 412), (96 + 60, 460), (95, 265), (12, 212)):
        assert picture_at(page, n) == number
    assert page.evaluate(PLAY_TO_END, 2)["time"] == 11.52


# --- a real guide with all that stands beside it ----------------------------------------------------

KINDS = {".mp4": "video/mp4", ".m4a": "audio/mp4", ".vtt": "text/vtt", ".jpg": "image/jpeg", ".html": "text/html"}

PLAYER = """<!doctype html><html lang=it><title>guida</title><body style='margin:0'>
<video id=film src={video} poster={poster} muted preload=auto>
<track kind=captions srclang=it label=Sottotitoli src={captions}>
<track kind=chapters srclang=it label=Capitoli src={chapters}>
<track kind=metadata label=Pulsanti src={buttons}>
</video>"""

LOAD = """async () => {
    window.film = document.querySelector('video, audio')
    await new Promise((loaded, failed) => {
        film.onerror = () => failed(film.error.message)
        film.onloadeddata = loaded
        film.preload = 'auto'
        if (film.readyState >= 2) loaded()
    })
    return Math.round(film.duration * 1000)
}"""

TRACKS = """() => Promise.all([...document.querySelectorAll('track')].map(async element => {
    await new Promise((loaded, failed) => {
        element.onload = loaded
        element.onerror = () => failed(element.src)
        element.track.mode = 'hidden'
        if (element.readyState == 2) loaded()
    })
    const ms = seconds => Math.round(seconds * 1000)
    const text = cue => element.kind == 'metadata' ? cue.text : cue.getCueAsHTML().textContent
    return [...element.track.cues].map(cue => [ms(cue.startTime), ms(cue.endTime), text(cue)])
}))"""

SHOW = f"""async seconds => {{
    {GO}
    await go(seconds)
    const canvas = new OffscreenCanvas(film.videoWidth, film.videoHeight)
    const context = canvas.getContext('2d', {{willReadFrequently: true}})
    context.drawImage(film, 0, 0)
    const rgba = context.getImageData(0, 0, canvas.width, canvas.height).data
    let text = ''
    for (let at = 0; at < rgba.length; at += 4) text += String.fromCharCode(rgba[at], rgba[at + 1], rgba[at + 2])
    return [btoa(text), [...film.textTracks[0].activeCues].map(cue => cue.getCueAsHTML().textContent)]
}}"""


def served(film: Film, server: RangeServer) -> str:
    """The address of a player page with a guide's film and tracks."""
    for file in film.files.values():
        if file.suffix in KINDS:
            server.put(file.name, KINDS[file.suffix], file.read_bytes())
    names = {what: file.name for what, file in film.files.items()}
    return server.put("player", "text/html", PLAYER.format(**names).encode())


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    page = chromium.new_page(viewport={"width": 700, "height": 400})
    yield page
    page.close()


def test_a_real_guide_loads_with_its_captions_chapters_and_buttons(
    giulia: Film, page: Any, server: RangeServer
) -> None:
    page.goto(served(giulia, server))
    about = giulia.about
    assert page.evaluate(LOAD) == about.duration_ms
    read, chapters, buttons = page.evaluate(TRACKS)
    assert read == [[cue.start_ms, cue.end_ms, cue.text] for cue in about.captions]
    assert chapters == [[chapter.start_ms, chapter.end_ms, chapter.text] for chapter in about.chapters]
    plain = {button["id"]: button for button in json.loads(giulia.text("manifest"))["buttons"]}
    assert len(buttons) == len(plain)
    for start_ms, end_ms, text in buttons:
        assert json.loads(text) | {"start_ms": start_ms, "end_ms": end_ms} == plain[json.loads(text)["id"]]


def test_a_real_guide_shows_picture_and_caption_of_every_chapter_and_ends(
    giulia: Film, page: Any, server: RangeServer
) -> None:
    page.goto(served(giulia, server))
    page.evaluate(LOAD)
    page.evaluate(TRACKS)
    for chapter in reversed(giulia.about.chapters):
        at_ms = (chapter.start_ms + chapter.end_ms) // 2 // 40 * 40 + 20
        pixels, shown = page.evaluate(SHOW, at_ms / 1000)
        seen = np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(180, 320, 3).astype(int)
        assert np.abs(seen - giulia.picture(at_ms)).mean() < 2, chapter.text
        assert shown == [cue.text for cue in giulia.about.captions if cue.start_ms <= at_ms < cue.end_ms]
    page.evaluate("seconds => { film.currentTime = seconds }", giulia.about.chapters[-1].start_ms / 1000)
    assert page.evaluate(PLAY_TO_END, 4)["time"] * 1000 == giulia.about.duration_ms


def test_the_page_to_read_and_hear_holds_every_word_and_plays_the_sound(
    giulia: Film, page: Any, server: RangeServer
) -> None:
    served(giulia, server)
    asked_for: list[str] = []
    page.on("request", lambda request: asked_for.append(request.url))
    page.goto(f"http://127.0.0.1:{server.server_port}/{giulia.files['page'].name}")
    assert page.evaluate("document.documentElement.lang") == "it"
    paragraphs = page.eval_on_selector_all("p, li", "all => all.map(one => one.textContent)")
    assert {sentence.text for sentence in giulia.about.transcript} <= set(paragraphs)
    assert giulia.about.voice.note in paragraphs
    headings = page.eval_on_selector_all("h1, h2", "all => all.map(one => one.textContent)")
    assert headings[0] == giulia.about.title
    assert headings[1 : 1 + len(giulia.about.chapters)] == [chapter.text for chapter in giulia.about.chapters]
    links = page.eval_on_selector_all("a", "all => all.map(one => one.href)")
    assert set(links) == {link.url for link in giulia.about.links.values()}
    assert page.evaluate(LOAD) == pytest.approx(giulia.about.duration_ms, abs=30)
    page.evaluate("film.currentTime = film.duration - 4")
    result = page.evaluate(PLAY_TO_END, 4)
    assert result["time"] * 1000 == pytest.approx(giulia.about.duration_ms, abs=30)
    assert result["sound"] > 0
    assert {address.split("/")[2] for address in asked_for} == {f"127.0.0.1:{server.server_port}"}


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.timeout(1800)
def test_a_guide_as_delivered_plays_from_start_to_end(full_size: Film, page: Any, server: RangeServer) -> None:
    page.goto(served(full_size, server))
    assert page.evaluate(LOAD) == full_size.about.duration_ms
    read, chapters, buttons = page.evaluate(TRACKS)
    about = full_size.about
    assert (len(read), len(chapters), len(buttons)) == (len(about.captions), len(about.chapters), len(about.buttons))
    result = page.evaluate(PLAY_TO_END, 4)
    assert result["time"] * 1000 == about.duration_ms
    assert result["sound"] > 0
