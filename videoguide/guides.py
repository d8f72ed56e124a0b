"""Segments -> guide: an MP4 (as a file, or as byte ranges over the store) and what stands beside it.

A guide is nothing but keys of the store: its segments', and its outline's, which holds what it does not share with
them. Everything else follows from those.
"""

import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import msgspec

from videoguide import captions, manifest, mp4, payload, transcripts
from videoguide.campaigns import Campaign
from videoguide.captions import TimedText
from videoguide.errors import StoreError, system_reason
from videoguide.payload import SEGMENTS, OfferedButton, SegmentFile
from videoguide.script import Script
from videoguide.store import TEMPORARY_PREFIX, Store, key_of, sweep
from videoguide.timing import FPS, frames_to_ms, samples_to_ms

OUTLINES = "outlines"
"""The store's kind of an outline."""

COPY_BYTES = 1 << 30
STAGE_WIDTH, STAGE_HEIGHT = 1920, 1080


class Outline(msgspec.Struct, frozen=True):
    """What a guide says that no segment of it says: shared by all guides for the same cases and facts."""

    campaign: str
    title: str
    language: str
    cases: tuple[str, ...]
    channel: str
    voice: manifest.Voice
    windows: tuple[manifest.Window, ...]
    links: dict[str, manifest.Link]

    @property
    def key(self) -> str:
        """Its key (hex) in the store."""
        return key_of(msgspec.to_builtins(self))


def outline(script: Script, campaign: Campaign, voice: str, *, draft: bool = False) -> Outline:
    """The outline of the guide that ``script`` becomes when ``voice`` (an id) speaks it; a draft's title says so."""
    about = campaign.description
    return Outline(
        campaign=campaign.id,
        title=f"Bozza: {about.title}" if draft else about.title,
        language=about.language,
        cases=script.cases,
        channel=script.channel,
        voice=manifest.Voice(voice, True, about.synthetic_voice),
        windows=tuple(
            manifest.Window(window.id, window.title, window.text, window.points, window.link)
            for window in script.windows
        ),
        links={link_id: manifest.Link(link.title, link.url) for link_id, link in about.links.items()},
    )


@dataclass(frozen=True)
class Guide:
    """One guide: its outline, and its segments in order."""

    outline: Outline
    segments: tuple[SegmentFile, ...]

    @cached_property
    def starts_ms(self) -> tuple[int, ...]:
        """Where each segment starts; one more than segments, the last is the guide's duration."""
        starts = [0]
        for segment in self.segments:
            starts.append(starts[-1] + frames_to_ms(segment.tables.frames))
        return tuple(starts)

    @property
    def duration_ms(self) -> int:
        return self.starts_ms[-1]

    @cached_property
    def transcript(self) -> tuple[TimedText, ...]:
        """Every sentence with the time it is heard."""
        return tuple(
            TimedText(start_ms + samples_to_ms(heard.start), start_ms + samples_to_ms(heard.end), heard.text)
            for segment, start_ms in zip(self.segments, self.starts_ms, strict=False)
            for heard in segment.info.sentences
        )

    @cached_property
    def cues(self) -> tuple[captions.Cue, ...]:
        return captions.caption(self.transcript, self.duration_ms)

    @cached_property
    def chapters(self) -> tuple[TimedText, ...]:
        places = zip(self.segments, self.starts_ms, self.starts_ms[1:], strict=False)
        return tuple(TimedText(start, end, segment.info.chapter) for segment, start, end in places)

    @property
    def marks(self) -> list[mp4.Chapter]:
        """The chapters as MP4 files mark them."""
        return [mp4.Chapter(chapter.start_ms, chapter.text) for chapter in self.chapters]

    @cached_property
    def buttons(self) -> tuple[manifest.Button, ...]:
        """Buttons, each from the start of its sentence to the end of its segment."""
        return tuple(
            self._button(button, number)
            for number, segment in enumerate(self.segments)
            for button in segment.info.buttons
        )

    def _button(self, button: OfferedButton, number: int) -> manifest.Button:
        (first,) = (heard.start for heard in self.segments[number].info.sentences if heard.id == button.sentence)
        return manifest.Button(
            id=button.id,
            label=button.label,
            start_ms=self.starts_ms[number] + samples_to_ms(first),
            end_ms=self.starts_ms[number + 1],
            window=button.window,
            link=button.link,
            area=button.area and _thousandths(button.area),
        )

    @cached_property
    def poster(self) -> bytes:
        """A JPEG of the first scene with everything in its place."""
        return self.segments[0].poster

    @property
    def metadata(self) -> mp4.Metadata:
        """What the files say of themselves: title, and that the voice is synthetic."""
        return mp4.Metadata(title=self.outline.title, comment=self.outline.voice.note, cover=self.poster)

    @cached_property
    def header(self) -> bytes:
        """The MP4's own bytes; the segments' payloads follow it."""
        return mp4.guide_header(
            [segment.tables for segment in self.segments],
            subtitles=[mp4.Subtitle(cue.start_ms, cue.end_ms, cue.text) for cue in self.cues],
            chapters=self.marks,
            metadata=self.metadata,
        )

    @property
    def bytes(self) -> int:
        """Size of the MP4."""
        return len(self.header) + sum(segment.tables.payload_bytes for segment in self.segments)

    def manifest(self, files: dict[str, str] | None = None) -> manifest.Manifest:
        """The guide as ``guide.json`` tells it; ``files`` names what stands beside it."""
        about = self.outline
        tables = self.segments[0].tables
        return manifest.Manifest(
            campaign=about.campaign,
            title=about.title,
            language=about.language,
            cases=about.cases,
            channel=about.channel,
            duration_ms=self.duration_ms,
            bytes=self.bytes,
            picture=manifest.Picture(tables.width, tables.height, FPS),
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
            chapters=_spans(self.chapters),
            captions=tuple(manifest.Span(cue.start_ms, cue.end_ms, cue.text) for cue in self.cues),
            transcript=_spans(self.transcript),
            buttons=self.buttons,
            windows=about.windows,
            links=about.links,
            files=files or {},
        )


def read_guide(store: Store, outline_key: str, segment_keys: Sequence[str]) -> Guide:
    """The guide that these keys (hex) make. What was read lately is not read again.

    Raises StoreError when a piece is missing or damaged.
    """
    segments = tuple(
        payload.read(path) if (at := _changed(path)) is None else _segment(path, at)
        for path in (store.path(SEGMENTS, key) for key in segment_keys)
    )
    return Guide(_outline(store.path(OUTLINES, outline_key)), segments)


def _changed(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


@lru_cache(maxsize=512)  # some 100 kB each
def _segment(path: Path, _changed_at: int) -> SegmentFile:
    return payload.read(path)


@lru_cache(maxsize=1024)
def _outline(path: Path) -> Outline:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Outline)
    except FileNotFoundError as error:
        raise StoreError(path, "manca") from error
    except OSError as error:
        raise StoreError(path, f"non si può leggere: {system_reason(error)}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreError(path, "danneggiato: non è lo schema di una guida") from error
    if found.key != path.name:
        raise StoreError(path, "danneggiato: lo schema non corrisponde alla sua impronta")
    return found


def keep_outline(store: Store, kept: Outline) -> str:
    """Put an outline into the store, if it is not there whole; returns its key. Raises StoreError."""
    key, data = kept.key, msgspec.json.encode(kept)
    path = store.find(OUTLINES, key)
    with suppress(OSError):
        if path is not None and path.read_bytes() == data:
            return key
    store.put(OUTLINES, key, [data])
    return key


def write_guide(guide: Guide, file: Path) -> dict[str, Path]:
    """Write ``file`` (the MP4) and, beside it under the same name, captions, chapters, buttons,
    transcript, sound, poster and ``.json``; returns them by what they are.

    All are written aside and then renamed: a full disk or a kill leaves no half file. Raises StoreError.
    """
    beside = {
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
    about = guide.manifest({what: path.name for what, path in beside.items()})
    content: dict[str, Callable[[], Sequence[bytes]]] = {
        "captions": lambda: [captions.webvtt(guide.cues).encode()],
        "chapters": lambda: [captions.chapters_webvtt(guide.chapters).encode()],
        "buttons": lambda: [button_track(guide).encode()],
        "text": lambda: [transcripts.plain(about).encode()],
        "page": lambda: [transcripts.page(about).encode()],
        "sound": lambda: mp4.sound_file(guide.segments, metadata=guide.metadata, chapters=guide.marks),
        "poster": lambda: [guide.poster],
        "manifest": lambda: [manifest.write(about)],
    }
    token = secrets.token_hex(8)  # names, not a folder, set apart: a folder made and removed costs more than a guide
    aside = {what: path.with_name(f"{TEMPORARY_PREFIX}{token}-{path.name}") for what, path in beside.items()}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        sweep(file.parent)
        try:
            _write_mp4(guide, aside["video"])
            for what, parts in content.items():
                with aside[what].open("wb") as out:
                    out.writelines(parts())
            for what, path in beside.items():
                aside[what].replace(path)
        except BaseException:
            for path in aside.values():
                path.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreError(file, f"non si può scrivere: {system_reason(error)}") from error
    return beside


def button_track(guide: Guide) -> str:
    """The buttons as a WebVTT metadata track; the fields of each cue are those of ``guide.json``."""
    return captions.buttons_webvtt(
        (
            button.start_ms,
            button.end_ms,
            {name: getattr(button, name) for name in ("id", "label", "window", "link", "area")},
        )
        for button in guide.buttons
    )


def _write_mp4(guide: Guide, file: Path) -> None:
    """Header, then each segment's payload, copied inside the kernel."""
    with file.open("wb") as out:
        out.write(guide.header)
        out.flush()
        for segment in guide.segments:
            with segment.path.open("rb") as source:
                copy_bytes(source.fileno(), out.fileno(), segment.tables.payload_bytes)


def copy_bytes(source: int, target: int, count: int) -> None:
    """Copy the first ``count`` bytes of one open file to the end of another; raises OSError."""
    done = 0
    while done < count:
        copied = os.sendfile(target, source, done, min(count - done, COPY_BYTES))
        if not copied:
            raise OSError(5, "un segmento è più corto di quanto dicono le sue tabelle")
        done += copied


def _spans(texts: Sequence[TimedText]) -> tuple[manifest.Span, ...]:
    return tuple(manifest.Span(text.start_ms, text.end_ms, text.text) for text in texts)


def _thousandths(area: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    x, y, width, height = area
    return (
        x * 1000 // STAGE_WIDTH,
        y * 1000 // STAGE_HEIGHT,
        width * 1000 // STAGE_WIDTH,
        height * 1000 // STAGE_HEIGHT,
    )
