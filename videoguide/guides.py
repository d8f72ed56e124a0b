"""Segments -> guide: an MP4 (as a file, or as byte ranges over the store) and what stands beside it."""

import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from videoguide import captions, manifest, mp4, transcripts
from videoguide.campaigns import Campaign
from videoguide.captions import TimedText
from videoguide.errors import StoreError, system_reason
from videoguide.payload import SegmentFile
from videoguide.script import Button, FilledScene, Script
from videoguide.store import TEMPORARY_PREFIX, sweep
from videoguide.timing import FPS, frames_to_ms, samples_to_ms

COPY_BYTES = 1 << 30
STAGE_WIDTH, STAGE_HEIGHT = 1920, 1080


@dataclass(frozen=True)
class Guide:
    """One guide as data: its script and its segments, in the same order."""

    script: Script
    campaign: Campaign
    voice: str
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
        timed = []
        for scene, segment, start_ms in zip(self.script.scenes, self.segments, self.starts_ms, strict=False):
            for sentence in scene.sentences:
                first, end = segment.info["sentences"][sentence.id]
                timed.append(TimedText(start_ms + samples_to_ms(first), start_ms + samples_to_ms(end), sentence.text))
        return tuple(timed)

    @cached_property
    def cues(self) -> tuple[captions.Cue, ...]:
        return captions.caption(self.transcript, self.duration_ms)

    @cached_property
    def chapters(self) -> tuple[TimedText, ...]:
        scenes = zip(self.script.scenes, self.starts_ms, self.starts_ms[1:], strict=False)
        return tuple(TimedText(start, end, scene.chapter) for scene, start, end in scenes)

    @property
    def marks(self) -> list[mp4.Chapter]:
        """The chapters as MP4 files mark them."""
        return [mp4.Chapter(chapter.start_ms, chapter.text) for chapter in self.chapters]

    @cached_property
    def buttons(self) -> tuple[manifest.Button, ...]:
        """Buttons, each from the start of its sentence to the end of its scene."""
        return tuple(
            self._button(button, scene, number)
            for number, scene in enumerate(self.script.scenes)
            for button in scene.buttons
        )

    def _button(self, button: Button, scene: FilledScene, number: int) -> manifest.Button:
        first, _ = self.segments[number].info["sentences"][button.sentence]
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
        about = self.campaign.description
        return mp4.Metadata(title=about.title, comment=about.synthetic_voice, cover=self.poster)

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
        about = self.campaign.description
        tables = self.segments[0].tables
        places = zip(self.script.scenes, self.segments, self.starts_ms, strict=False)
        return manifest.Manifest(
            campaign=self.campaign.id,
            title=about.title,
            language=about.language,
            cases=self.script.cases,
            channel=self.script.channel,
            duration_ms=self.duration_ms,
            bytes=self.bytes,
            picture=manifest.Picture(tables.width, tables.height, FPS),
            voice=manifest.Voice(self.voice, True, about.synthetic_voice),
            segments=tuple(
                manifest.Segment(
                    segment.path.name,
                    scene.scene,
                    start,
                    frames_to_ms(segment.tables.frames),
                    segment.tables.payload_bytes,
                )
                for scene, segment, start in places
            ),
            chapters=_spans(self.chapters),
            captions=tuple(manifest.Span(cue.start_ms, cue.end_ms, cue.text) for cue in self.cues),
            transcript=_spans(self.transcript),
            buttons=self.buttons,
            windows=tuple(
                manifest.Window(window.id, window.title, window.text, window.points, window.link)
                for window in self.script.windows
            ),
            links={link_id: manifest.Link(link.title, link.url) for link_id, link in about.links.items()},
            files=files or {},
        )


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
