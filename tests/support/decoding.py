# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""What is encoded, back as pictures and samples: PyAV as an independent reader of our files."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import av
import mutagen.mp4
import numpy as np
from av.packet import Packet
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.container import InputContainer


def decode_pictures(
    source: Path | bytes, *, pixels: Literal["yuv420p", "rgb24"] = "yuv420p"
) -> Iterator[NDArray[np.uint8]]:
    """Decode the pictures of an MP4, in order.

    Args:
        source: a file, or the bytes of one.
        pixels: ``yuv420p`` gives the decoder's own planes, shape (height * 3 / 2, width); ``rgb24`` gives
            RGB by BT.709, shape (height, width, 3).
    """
    with _opened(source) as container:
        for frame in container.decode(video=0):
            if pixels == "rgb24":
                frame = frame.reformat(
                    format="rgb24", src_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.JPEG
                )
            yield cast("NDArray[np.uint8]", frame.to_ndarray())


def decode_sound(source: Path | bytes) -> NDArray[np.float32]:
    """Decode the sound of an MP4 as a player hears it (priming cut): float32 mono at 48 kHz, shape (n,)."""
    with _opened(source) as container:
        return np.concatenate([frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)])


def sound_of_packets(packets: Sequence[bytes], asc: bytes) -> NDArray[np.float32]:
    """Decode raw AAC packets, priming included: float32, 1,024 samples a packet."""
    context = av.CodecContext.create("aac", "r")
    context.extradata = asc
    frames = [frame for packet in [*map(Packet, packets), None] for frame in context.decode(packet)]
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])


def tagged(file: Path) -> Any:
    """Codec, tags and chapters of an MP4 as mutagen, which has no types, reads them from its header."""
    reader: Any = mutagen.mp4.MP4
    return reader(file)


def _opened(source: Path | bytes) -> "InputContainer":
    return av.open(str(source) if isinstance(source, Path) else io.BytesIO(source), "r")
