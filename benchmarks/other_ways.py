# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The same guide as others make it: a film by MoviePy, and MP4 segments joined by ffmpeg or by PyAV."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from videoguide.picture.clips import reference_clip
from videoguide.picture.drawing import Drawing
from videoguide.timing import AAC_FRAME_SAMPLES, FPS, SAMPLE_RATE_HZ


def moviepy_film(drawings: Sequence[Drawing], sounds: Sequence[NDArray[np.float32]], file: Path) -> None:
    """The guide as MoviePy's documentation makes a film.

    Image clips with effects, composed scene by scene, put one after the other and written. The layers are rasterised
    already.
    """
    from moviepy import AudioArrayClip, concatenate_videoclips

    scenes = [
        reference_clip(drawing).with_audio(AudioArrayClip(np.repeat(sound[:, None], 2, axis=1), SAMPLE_RATE_HZ))
        for drawing, sound in zip(drawings, sounds, strict=True)
    ]
    film = concatenate_videoclips(scenes)
    try:
        film.write_videofile(
            str(file),
            fps=FPS,
            audio_fps=SAMPLE_RATE_HZ,
            audio_codec="aac",
            temp_audiofile_path=str(file.parent),
            logger=None,
        )
    finally:
        film.close()
        for scene in scenes:
            scene.close()


def ffmpeg_concat(files: Sequence[Path], file: Path) -> None:
    """Join MP4 files with ffmpeg's concat demuxer, no re-encoding, header first as web players want it."""
    import imageio_ffmpeg

    listed = file.with_suffix(".ffconcat")
    listed.write_text(
        "ffconcat version 1.0\n" + "".join(f"file '{file.resolve()}'\n" for file in files), encoding="utf-8"
    )
    options = ["-v", "error", "-y", "-f", "concat", "-safe", "0", "-i", str(listed), "-c", "copy"]
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), *options, "-movflags", "+faststart", str(file)],
        check=True,
        stdin=subprocess.DEVNULL,
    )


def packet_copy(files: Sequence[Path], frames: Sequence[int], file: Path) -> None:
    """Join MP4 files packet by packet with PyAV, header first; ``frames`` are their lengths in pictures."""
    import av

    with av.open(str(file), "w", options={"movflags": "+faststart"}) as film:
        tracks: list[Any] = []
        at = 0
        for file, length in zip(files, frames, strict=True):
            with av.open(str(file)) as segment:
                streams = [segment.streams.video[0], segment.streams.audio[0]]
                if not tracks:
                    tracks = [film.add_stream_from_template(stream) for stream in streams]
                for packet in segment.demux(streams):
                    if packet.pts is None or packet.dts is None:
                        continue
                    if at and packet.stream.type == "audio" and packet.pts < 0:
                        continue  # the priming packet of all but the first: without this the sound slips
                    shift = round(at / FPS / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = tracks[packet.stream.type == "audio"]
                    film.mux(packet)
            at += length


def aac_slip_ms(file: Path, frames: int) -> float:
    """By how much a joined file's sound packets last longer than its pictures, priming aside."""
    import av

    with av.open(str(file)) as film:
        packets = sum(packet.dts is not None for packet in film.demux(film.streams.audio[0]))
    return (packets - 1) * AAC_FRAME_SAMPLES * 1000 / SAMPLE_RATE_HZ - frames * 1000 / FPS
