# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Scenes as MoviePy clips: composed by this program, and composed by MoviePy as the reference.

The only user of MoviePy. :func:`scene_clip` wraps a drawing, which composes only what moves;
:func:`reference_clip` stacks image clips with the effects below, slowly, and must look the same.
The effects work on any MoviePy clip with a mask.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from moviepy import AudioArrayClip, CompositeVideoClip, Effect, ImageClip, VideoClip
from numpy.typing import NDArray

from videoguide.picture.drawing import Drawing
from videoguide.picture.layers import LEAVE_FRAMES, WIDTH, Entrance, Glide, ease_out, faded, scene_leave_frame
from videoguide.timing import FPS, SAMPLE_RATE_HZ

_Offset = Callable[[float], Any]


def frame_of(t: float) -> int:
    """The number of the picture that is shown at ``t`` seconds."""
    return int(t * FPS + 1e-6)


@dataclass
class Enter(Effect):  # type: ignore[misc]
    """Come in from picture ``at_frame`` on, as ``entrance`` says; ``unit_px`` is the length of a user unit."""

    entrance: Entrance
    at_frame: int
    unit_px: float = 1.0

    def progress(self, t: float) -> float:
        """How far the clip has come in, 0..1."""
        return ease_out(min(max((frame_of(t) - self.at_frame + 1) / self.entrance.frames, 0.0), 1.0))

    def apply(self, clip: VideoClip) -> VideoClip:
        """The clip with this effect."""
        entrance, progress = self.entrance, self.progress
        width, height = clip.size
        if entrance.wipes:
            clip = _masked(clip, lambda mask, t: mask * (np.arange(width) < round(width * progress(t))))
        else:
            clip = _masked(clip, lambda mask, t: mask * (progress(t) if entrance.fades else progress(t) > 0))
        if entrance.dx or entrance.dy:
            offset_px = (entrance.dx * self.unit_px, entrance.dy * self.unit_px)
            clip = _shifted(clip, lambda t: tuple(side_px * (1 - progress(t)) for side_px in offset_px))
        if entrance.scale != 1.0:

            def size(t: float) -> tuple[int, int]:
                scale = entrance.scale + (1 - entrance.scale) * progress(t)
                return max(round(width * scale), 1), max(round(height * scale), 1)

            clip = _shifted(clip.resized(size), lambda t: ((width - size(t)[0]) // 2, (height - size(t)[1]) // 2))
        return clip


@dataclass
class Leave(Effect):  # type: ignore[misc]
    """Fade out over ``frames`` pictures from picture ``at_frame`` on."""

    at_frame: int
    frames: int = LEAVE_FRAMES

    def apply(self, clip: VideoClip) -> VideoClip:
        """The clip with this effect."""
        return _masked(clip, lambda mask, t: mask * self.opacity(t))

    def opacity(self, t: float) -> float:
        """How opaque the clip still is, 1..0."""
        return 1 - faded(frame_of(t) - self.at_frame, self.frames)


@dataclass
class Move(Effect):  # type: ignore[misc]
    """Glide to another place; ``unit_px`` is the length of a user unit."""

    glide: Glide
    unit_px: float = 1.0

    def apply(self, clip: VideoClip) -> VideoClip:
        """The clip with this effect."""

        def offset(t: float) -> tuple[float, float]:
            scale_px = self.glide.progress(frame_of(t)) * self.unit_px
            return self.glide.dx * scale_px, self.glide.dy * scale_px

        return _shifted(clip, offset)


def scene_clip(drawing: Drawing, samples: NDArray[np.float32] | None = None) -> VideoClip:
    """A drawing, with its sound (float32 mono 48 kHz) if given, as a clip to preview, save or build on."""
    last = drawing.frames - 1
    clip = VideoClip(lambda t: drawing.frame(min(frame_of(t), last)), duration=drawing.frames / FPS).with_fps(FPS)
    if samples is None:
        return clip
    return clip.with_audio(AudioArrayClip(np.repeat(samples[:, None], 2, axis=1), SAMPLE_RATE_HZ))


def reference_clip(drawing: Drawing) -> VideoClip:
    """The same scene, composed by MoviePy from full image clips."""
    unit_px, seconds = drawing.size[0] / WIDTH, drawing.frames / FPS
    bare = ImageClip(drawing.frame(0), duration=seconds)
    clips = [bare]
    for layer, sprite in zip(drawing.layers, drawing.sprites, strict=True):
        if sprite.image is not None:
            clip = ImageClip(np.asarray(sprite.image), duration=seconds).with_position((sprite.left, sprite.top))
            effects: list[Effect] = [Enter(layer.entrance, layer.enter_frame, unit_px)]
            effects += [Move(glide, unit_px) for glide in layer.glides]
            effects += [Leave(layer.leave_frame, layer.fade_frames)] if layer.alone else []
            clips.append(clip.with_effects(effects))
    leave = Leave(scene_leave_frame(drawing.frames))
    whole = CompositeVideoClip(clips, size=drawing.size).with_mask().with_effects([leave])
    return CompositeVideoClip([bare, whole], size=drawing.size).with_fps(FPS)


def _masked(clip: VideoClip, change: Callable[[NDArray[Any], float], NDArray[Any]]) -> VideoClip:
    return clip.with_mask(clip.mask.transform(lambda picture, t: change(picture(t), t)))


def _shifted(clip: VideoClip, offset: _Offset) -> VideoClip:
    place = clip.pos

    def moved(t: float) -> tuple[int, int]:
        (left, top), (right, down) = place(t), offset(t)
        return left + round(right), top + round(down)

    return clip.with_position(moved)
