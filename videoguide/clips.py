"""Scenes as MoviePy clips: our way of composing them, and MoviePy's own as the reference.

The only user of MoviePy. :func:`scene_clip` wraps a drawing, whose pictures cost only what moves;
:func:`reference_clip` stacks image clips with the effects below, slowly, and must look the same.
The effects work on any MoviePy clip with a mask.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from moviepy import AudioArrayClip, CompositeVideoClip, Effect, ImageClip, VideoClip
from numpy.typing import NDArray

from videoguide.drawing import Drawing
from videoguide.layers import LEAVE_FRAMES, WIDTH, Entrance, Glide, ease_out, gone, leaving
from videoguide.timing import FPS, SAMPLE_RATE_HZ

_Moment = Callable[[float], Any]


def frame_of(t: float) -> int:
    """The picture shown at ``t`` seconds."""
    return int(t * FPS + 1e-6)


@dataclass
class Enter(Effect):  # type: ignore[misc]
    """Come in from picture ``at`` on, in the way of ``entrance``; ``unit`` is pixels a user unit."""

    entrance: Entrance
    at: int
    unit: float = 1.0

    def come(self, t: float) -> float:
        """How far in the clip is, 0..1."""
        return ease_out(min(max((frame_of(t) - self.at + 1) / self.entrance.frames, 0.0), 1.0))

    def apply(self, clip: VideoClip) -> VideoClip:
        how = self.entrance
        width, height = clip.size
        if how.wipes:
            clip = _masked(clip, lambda mask, t: mask * (np.arange(width) < round(width * self.come(t))))
        else:
            clip = _masked(clip, lambda mask, t: mask * (self.come(t) if how.fades else self.come(t) > 0))
        if how.dx or how.dy:
            clip = _shifted(clip, lambda t: tuple(side * self.unit * (1 - self.come(t)) for side in (how.dx, how.dy)))
        if how.scale != 1.0:

            def size(t: float) -> tuple[int, int]:
                scale = how.scale + (1 - how.scale) * self.come(t)
                return max(round(width * scale), 1), max(round(height * scale), 1)

            clip = _shifted(clip.resized(size), lambda t: ((width - size(t)[0]) // 2, (height - size(t)[1]) // 2))
        return clip


@dataclass
class Leave(Effect):  # type: ignore[misc]
    """Fade away over so many pictures from picture ``at`` on."""

    at: int
    frames: int = LEAVE_FRAMES

    def apply(self, clip: VideoClip) -> VideoClip:
        return _masked(clip, lambda mask, t: mask * self.left(t))

    def left(self, t: float) -> float:
        """How much of the clip is still there, 1..0."""
        return 1 - gone(frame_of(t) - self.at, self.frames)


@dataclass
class Move(Effect):  # type: ignore[misc]
    """Glide to another place; ``unit`` is pixels a user unit."""

    glide: Glide
    unit: float = 1.0

    def apply(self, clip: VideoClip) -> VideoClip:
        def offset(t: float) -> tuple[float, float]:
            done = self.glide.progress(frame_of(t)) * self.unit
            return self.glide.dx * done, self.glide.dy * done

        return _shifted(clip, offset)


def scene_clip(drawing: Drawing, samples: NDArray[np.float32] | None = None) -> VideoClip:
    """A drawing, with its sound (float32 mono 48 kHz), as a clip to preview, save or build on."""
    last = drawing.frames - 1
    clip = VideoClip(lambda t: drawing.frame(min(frame_of(t), last)), duration=drawing.frames / FPS).with_fps(FPS)
    if samples is None:
        return clip
    return clip.with_audio(AudioArrayClip(np.repeat(samples[:, None], 2, axis=1), SAMPLE_RATE_HZ))


def reference_clip(drawing: Drawing) -> VideoClip:
    """The same scene by MoviePy's compositing of full image clips."""
    unit, seconds = drawing.size[0] / WIDTH, drawing.frames / FPS
    bare = ImageClip(drawing.frame(0), duration=seconds)
    clips = [bare]
    for layer, sprite in zip(drawing.layers, drawing.sprites, strict=True):
        if sprite.image is not None:
            clip = ImageClip(np.asarray(sprite.image), duration=seconds).with_position((sprite.left, sprite.top))
            effects: list[Effect] = [Enter(layer.entrance, layer.enter, unit)]
            effects += [Move(glide, unit) for glide in layer.glides]
            effects += [Leave(layer.leave, layer.leave_frames)] if layer.alone else []
            clips.append(clip.with_effects(effects))
    whole = CompositeVideoClip(clips, size=drawing.size).with_mask().with_effects([Leave(leaving(drawing.frames))])
    return CompositeVideoClip([bare, whole], size=drawing.size).with_fps(FPS)


def _masked(clip: VideoClip, change: Callable[[NDArray[Any], float], NDArray[Any]]) -> VideoClip:
    return clip.with_mask(clip.mask.transform(lambda picture, t: change(picture(t), t)))


def _shifted(clip: VideoClip, offset: _Moment) -> VideoClip:
    place = clip.pos

    def moved(t: float) -> tuple[int, int]:
        (left, top), (right, down) = place(t), offset(t)
        return left + round(right), top + round(down)

    return clip.with_position(moved)
