# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Segments -> guide: an MP4 (a file, or byte ranges over the store) and the files beside it.

A guide is nothing but store keys: those of its segments, and that of its outline, which holds what is in no segment.
Everything else follows from those.
"""

import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import msgspec

from videoguide.errors import StoreError, system_reason
from videoguide.guide.keys import GuideKeys
from videoguide.guide.script import Script
from videoguide.media import captions, manifest, mp4, payload, transcripts
from videoguide.media.captions import TimedText
from videoguide.media.payload import SEGMENTS, Button, SegmentFile
from videoguide.modes import private
from videoguide.packs.campaigns import Campaign
from videoguide.picture.layers import HEIGHT, WIDTH
from videoguide.store import TEMPORARY_PREFIX, Store, key_of, sweep
from videoguide.timing import FPS, frames_to_ms, samples_to_ms

OUTLINES = "outlines"
"""The store's kind of an outline."""

GUIDE_FILE, LAST_FILE = "guide.mp4", "guide.json"
"""A guide's MP4, and the file that is renamed into place last: where it exists, all the others do."""

COPY_BYTES = 1 << 30


class Outline(msgspec.Struct, frozen=True):
    """What a guide says beyond its segments; shared by all guides for the same cases and facts."""

    campaign: str
    title: str
    language: str
    cases: tuple[str, ...]
    channel: str
    voice: manifest.VoiceNote
    windows: tuple[manifest.Window, ...]
    links: dict[str, manifest.Link]

    @property
    def key(self) -> str:
        """Its key (hex) in the store."""
        return key_of(msgspec.to_builtins(self))


def outline(script: Script, campaign: Campaign, voice: str, *, draft: bool = False) -> Outline:
    """The outline of the guide made of ``script`` and spoken by ``voice`` (an id); a draft's title says it is one."""
    about = campaign.description
    return Outline(
        campaign=campaign.id,
        title=f"Bozza: {about.title}" if draft else about.title,
        language=about.language,
        cases=script.cases,
        channel=script.channel,
        voice=manifest.VoiceNote(voice, True, about.synthetic_voice),
        windows=script.windows,
        links={link_id: manifest.Link(link.title, link.url) for link_id, link in about.links.items()},
    )


def guide_folder(output: Path, guide: str) -> Path:
    """A guide's folder, below one named after the first two letters of its id: no folder gets 200,000 entries."""
    return output / guide[:2] / guide


@dataclass(frozen=True)
class Guide:
    """One guide: its outline, and its segments in order."""

    outline: Outline
    segments: tuple[SegmentFile, ...]

    @cached_property
    def starts_ms(self) -> tuple[int, ...]:
        """Start of each segment, and as one more entry the guide's duration."""
        starts = [0]
        for segment in self.segments:
            starts.append(starts[-1] + frames_to_ms(segment.tables.frames))
        return tuple(starts)

    @property
    def duration_ms(self) -> int:
        """How long it lasts, in milliseconds."""
        return self.starts_ms[-1]

    @cached_property
    def transcript(self) -> tuple[TimedText, ...]:
        """Every sentence with the time it is heard."""
        return tuple(
            TimedText(
                start_ms + samples_to_ms(sentence.start_sample),
                start_ms + samples_to_ms(sentence.end_sample),
                sentence.text,
            )
            for segment, start_ms in zip(self.segments, self.starts_ms, strict=False)
            for sentence in segment.info.sentences
        )

    @cached_property
    def cues(self) -> tuple[captions.Cue, ...]:
        """The captions, in order."""
        return captions.caption(self.transcript, self.duration_ms)

    @property
    def subtitles(self) -> tuple[TimedText, ...]:
        """The captions with their times, each as one text with line breaks."""
        return tuple(TimedText(cue.start_ms, cue.end_ms, cue.text) for cue in self.cues)

    @cached_property
    def chapters(self) -> tuple[TimedText, ...]:
        """Each segment's chapter, from its start to the next one's."""
        places = zip(self.segments, self.starts_ms, self.starts_ms[1:], strict=False)
        return tuple(TimedText(start, end, segment.info.chapter) for segment, start, end in places)

    @cached_property
    def buttons(self) -> tuple[manifest.TimedButton, ...]:
        """Buttons, each from the start of its sentence to the end of its segment."""
        return tuple(
            self._button(button, number)
            for number, segment in enumerate(self.segments)
            for button in segment.info.buttons
        )

    def _button(self, button: Button, number: int) -> manifest.TimedButton:
        (start_sample,) = (
            sentence.start_sample for sentence in self.segments[number].info.sentences if sentence.id == button.sentence
        )
        return manifest.TimedButton(
            id=button.id,
            label=button.label,
            start_ms=self.starts_ms[number] + samples_to_ms(start_sample),
            end_ms=self.starts_ms[number + 1],
            window=button.window,
            link=button.link,
            area=button.area and _thousandths(button.area),
        )

    @cached_property
    def poster(self) -> bytes:
        """The first scene with everything in its place, as a JPEG."""
        return self.segments[0].poster

    @property
    def metadata(self) -> mp4.Metadata:
        """What the media files say about themselves: the title, and that the voice is synthetic."""
        return mp4.Metadata(title=self.outline.title, comment=self.outline.voice.note, cover=self.poster)

    @cached_property
    def header(self) -> bytes:
        """The MP4's own bytes; the segments' payloads follow it."""
        return mp4.guide_header(
            [segment.tables for segment in self.segments],
            subtitles=self.subtitles,
            chapters=self.chapters,
            metadata=self.metadata,
        )

    @property
    def size_bytes(self) -> int:
        """Size of the MP4."""
        return len(self.header) + sum(segment.tables.payload_bytes for segment in self.segments)

    def manifest(self, files: dict[str, str] | None = None) -> manifest.Manifest:
        """The guide as ``guide.json`` describes it; ``files`` are the names of the files beside it, by kind."""
        about = self.outline
        tables = self.segments[0].tables
        return manifest.Manifest(
            campaign=about.campaign,
            title=about.title,
            language=about.language,
            cases=about.cases,
            channel=about.channel,
            duration_ms=self.duration_ms,
            bytes=self.size_bytes,
            picture=manifest.PictureFormat(tables.width, tables.height, FPS),
            voice=about.voice,
            segments=tuple(
                manifest.Segment(
                    segment.key,
                    segment.info.scene,
                    start,
                    frames_to_ms(segment.tables.frames),
                    segment.tables.payload_bytes,
                )
                for segment, start in zip(self.segments, self.starts_ms, strict=False)
            ),
            chapters=self.chapters,
            captions=self.subtitles,
            transcript=self.transcript,
            buttons=self.buttons,
            windows=about.windows,
            links=about.links,
            files=files or {},
        )


def read_guide(store: Store, keys: GuideKeys) -> Guide:
    """The guide with these keys; pieces read recently come from a cache.

    Raises StoreError when a piece is missing or damaged.
    """
    segments = tuple(
        payload.read(path) if (changed_ns := _changed_ns(path)) is None else _segment(path, changed_ns)
        for path in (store.path(SEGMENTS, key) for key in keys.segments)
    )
    return Guide(_outline(store.path(OUTLINES, keys.outline)), segments)


def _changed_ns(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


@lru_cache(maxsize=512)  # about 100 kB each
def _segment(path: Path, _changed_at_ns: int) -> SegmentFile:
    return payload.read(path)


@lru_cache(maxsize=1024)
def _outline(path: Path) -> Outline:
    try:
        stored = msgspec.json.decode(path.read_bytes(), type=Outline)
    except FileNotFoundError as error:
        raise StoreError(path, "manca") from error
    except OSError as error:
        raise StoreError(path, f"non si può leggere: {system_reason(error)}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreError(path, "danneggiato: non è lo schema di una guida") from error
    if stored.key != path.name:
        raise StoreError(path, "danneggiato: lo schema non corrisponde alla sua impronta")
    return stored


def keep_outline(store: Store, outline: Outline) -> str:
    """Put an outline into the store, unless it is already there and whole; returns its key. Raises StoreError."""
    key, data = outline.key, msgspec.json.encode(outline)
    path = store.find(OUTLINES, key)
    with suppress(OSError):
        if path is not None and path.read_bytes() == data:
            return key
    store.put(OUTLINES, key, [data])
    return key


def write_guide(guide: Guide, file: Path, *, pages: Path | None = None) -> dict[str, Path]:
    """Write ``file`` (the MP4) and the files that go with it; returns their paths by kind.

    Captions, chapters, buttons, transcript, sound, poster and ``.json`` have the MP4's name and their own suffixes.
    ``pages`` is the folder of the transcript's template (by default the assets').

    All are written under temporary names and then renamed: a full disk or a kill leaves no half-written file.
    Raises StoreError.
    """
    files = {
        "video": file,
        "captions": file.with_suffix(".vtt"),
        "chapters": file.with_suffix(".chapters.vtt"),
        "buttons": file.with_suffix(".buttons.vtt"),
        "text": file.with_suffix(".txt"),
        "page": file.with_suffix(".html"),
        "sound": file.with_suffix(".m4a"),
        "poster": file.with_suffix(".jpg"),
        "manifest": file.with_suffix(".json"),
    }
    about = guide.manifest({kind: path.name for kind, path in files.items()})
    content: dict[str, Callable[[], Sequence[bytes]]] = {
        "captions": lambda: [captions.webvtt(guide.cues).encode()],
        "chapters": lambda: [captions.chapters_webvtt(guide.chapters).encode()],
        "buttons": lambda: [button_track(guide).encode()],
        "text": lambda: [transcripts.plain(about).encode()],
        "page": lambda: [transcripts.page(about, pages).encode()],
        "sound": lambda: mp4.sound_file(guide.segments, metadata=guide.metadata, chapters=guide.chapters),
        "poster": lambda: [guide.poster],
        "manifest": lambda: [manifest.write(about)],
    }
    token = secrets.token_hex(8)  # names, not a folder: making and removing one takes longer than writing a guide
    temporary = {kind: path.with_name(f"{TEMPORARY_PREFIX}{token}-{path.name}") for kind, path in files.items()}
    try:
        with private():
            file.parent.mkdir(parents=True, exist_ok=True)
        sweep(file.parent)
        try:
            with private():
                _write_mp4(guide, temporary["video"])
                for kind, parts in content.items():
                    with temporary[kind].open("wb") as out:
                        out.writelines(parts())
            for kind, path in files.items():
                temporary[kind].replace(path)
        except BaseException:
            for path in temporary.values():
                path.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreError(file, f"non si può scrivere: {system_reason(error)}") from error
    return files


def button_track(guide: Guide) -> str:
    """The buttons as a WebVTT metadata track; each cue has the fields that a button has in ``guide.json``."""
    return captions.buttons_webvtt(
        (
            button.start_ms,
            button.end_ms,
            {name: getattr(button, name) for name in ("id", "label", "window", "link", "area")},
        )
        for button in guide.buttons
    )


def _write_mp4(guide: Guide, file: Path) -> None:
    """Write the header, then each segment's payload, copied inside the kernel."""
    with file.open("wb") as out:
        out.write(guide.header)
        out.flush()
        for segment in guide.segments:
            with segment.path.open("rb") as source:
                copy_bytes(source.fileno(), out.fileno(), segment.tables.payload_bytes)


def copy_bytes(source: int, target: int, size_bytes: int) -> None:
    """Copy the first ``size_bytes`` bytes of one open file to the end of another; raises OSError."""
    copied_bytes = 0
    while copied_bytes < size_bytes:
        sent_bytes = os.sendfile(target, source, copied_bytes, min(size_bytes - copied_bytes, COPY_BYTES))
        if not sent_bytes:
            raise OSError(5, "un segmento è più corto di quanto dicono le sue tabelle")
        copied_bytes += sent_bytes


def _thousandths(area_px: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """An area of the picture, in thousandths of its width and height."""
    x, y, width, height = area_px
    return (
        x * 1000 // WIDTH,
        y * 1000 // HEIGHT,
        width * 1000 // WIDTH,
        height * 1000 // HEIGHT,
    )
