# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Pictures and sound to packets that join without re-encoding; the only module that uses PyAV.

All segments of one profile have the same codec headers, one instantaneous refresh picture at their
start and no picture that refers across their borders, so their bytes can follow each other in one MP4.
PyAV is imported inside the functions, so that a Profile and its key load no codec.

Pictures that do not change ("holds", most of every scene) are not encoded: a few real still pictures
bring the held picture to full sharpness; the rest are P pictures that skip every macroblock, about ten
bytes each. They refer to a second picture parameter set, which is in every segment's ``avcC``.
``frame_num`` counts modulo 16 in these streams. So a hold that is followed by more pictures skips a
multiple of 16 pictures, which leaves the later ones valid; the rest of the hold is real still pictures.
"""

import importlib.metadata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from videoguide.errors import EncodingError, UnknownChoice
from videoguide.timing import AAC_FRAME_SAMPLES, FPS, GRID_FRAMES, GRID_SAMPLES, SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame

ENCODING_VERSION = 1  # raise it when the same input gives different bytes

SETTLING_STILLS = 8  # real still pictures at the start of a hold: the held picture is sharp by then
FRAME_NUM_CYCLE = 16  # frame_num counts modulo this in every stream that we accept

_X264 = (
    # one closed group of pictures per segment, in display order, each referring only to the one before
    ("force-cfr", "1"),
    ("keyint", "infinite"),
    ("scenecut", "0"),
    ("open-gop", "0"),
    ("bframes", "0"),
    ("ref", "1"),
    # parameter sets that depend on nothing but the profile
    ("stitchable", "1"),
    ("weightp", "1"),
    ("annexb", "0"),
    # mbtree would give too few bits to a picture that is held longer than x264 looks ahead
    ("mbtree", "0"),
    # one slice per picture, and the same bytes on every machine
    ("sliced-threads", "0"),
    ("cpu-independent", "1"),
)
_AAC = (
    # noise substitution makes two decodes of one packet differ
    ("aac_pns", "0"),
    # the default coder is 10 dB less exact at this bit rate, and lets a sharp voice's peaks exceed the ceiling by 2 dB
    ("aac_coder", "fast"),
)

_SLICE, _IDR, _SUPPLEMENTAL = 1, 5, 6  # NAL unit types


@dataclass(frozen=True)
class Profile:
    """How pictures and sound are encoded; only segments with the same codec headers can be joined.

    Args:
        width: picture width in pixels, even, 16 to 4096.
        height: picture height in pixels, even, 16 to 4096.
        crf: x264's constant quality, 0 (lossless) to 51; lower is better and larger.
        preset: x264's preset name.
        sound_bit_rate: bits per second of the mono AAC-LC sound, 16,000 to 256,000.
        stills: ``skip`` holds unchanged pictures with all-skip pictures; ``real`` encodes every picture,
            for players whose decoder cannot handle the former. Segments of both kinds can be joined.
        threads: x264 threads, 1 to 16; fixed so that the bytes do not depend on the machine.

    Raises EncodingError for sizes or numbers out of range, UnknownChoice for an unknown ``stills``.
    """

    width: int
    height: int
    crf: int = 20
    preset: str = "veryfast"
    sound_bit_rate: int = 96_000
    stills: Literal["skip", "real"] = "skip"
    threads: int = 1

    def __post_init__(self) -> None:
        for name, size in (("width", self.width), ("height", self.height)):
            if not 16 <= size <= 4096 or size % 2:
                raise EncodingError(f"profilo: {name} è {size}; ammessi: numeri pari da 16 a 4096")
        if not 0 <= self.crf <= 51:
            raise EncodingError(f"profilo: crf è {self.crf}; ammesso: da 0 a 51")
        if not 1 <= self.threads <= 16:
            raise EncodingError(f"profilo: threads è {self.threads}; ammesso: da 1 a 16")
        if not 16_000 <= self.sound_bit_rate <= 256_000:
            raise EncodingError(f"profilo: sound_bit_rate è {self.sound_bit_rate}; ammesso: da 16000 a 256000")
        if self.stills not in ("skip", "real"):
            raise UnknownChoice("stills", self.stills, ("skip", "real"))

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.width, self.height

    def key_data(self) -> dict[str, Any]:
        """Plain JSON data that changes whenever the bytes made with this profile may change; loads no codec."""
        return {
            **asdict(self),
            "encoding": ENCODING_VERSION,
            "av": _av_version(),
            "x264": [list(option) for option in _X264],
            "aac": [list(option) for option in _AAC],
            "settling": SETTLING_STILLS,
        }


@cache
def _av_version() -> str:
    return importlib.metadata.version("av")


# --- pictures ---------------------------------------------------------------------------------------


def encode_pictures(
    frames: int,
    frame: Callable[[int], NDArray[np.uint8]],
    changes: Callable[[int], bool],
    profile: Profile,
) -> tuple[list[bytes], list[int], bytes]:
    """Encode a segment's pictures; ``frame`` is called only for those that change.

    Args:
        frames: the number of pictures; a multiple of 8, at least 8.
        frame: gives picture n as RGB, uint8, shape (height, width, 3); called in rising order.
        changes: whether picture n differs from picture n-1; picture 0 always counts as changed.
        profile: size and quality.

    Returns:
        samples: one length-prefixed (AVCC) access unit per picture, in order.
        sync: 0-based indices of the pictures that a player can start at.
        avcc: the ``avcC`` record, equal for all segments of one profile.

    Raises EncodingError when the number of pictures or a picture's shape is wrong, or the codec fails.
    """
    if frames < GRID_FRAMES or frames % GRID_FRAMES:
        raise EncodingError(f"un segmento ha {frames} immagini; ammessi: multipli di {GRID_FRAMES}, almeno uno")
    holds = _holds(frames, changes, profile.stills)
    encoder = _PictureEncoder(profile)
    for hold in holds:
        encoder.put(frame(hold.picture), hold.real)
    real = iter(encoder.finish())
    macroblocks = -(-profile.width // 16) * -(-profile.height // 16)
    samples: list[bytes] = []
    for hold in holds:
        samples.extend(next(real) for _ in range(hold.real))
        samples.extend(
            _sized(_skip_slice(n % FRAME_NUM_CYCLE, macroblocks))
            for n in range(len(samples), len(samples) + hold.skipped)
        )
    return samples, [0], encoder.avcc


@dataclass(frozen=True)
class _Hold:
    """A run of equal pictures: the number of the first one, how many are encoded, how many are skipped."""

    picture: int
    real: int
    skipped: int


def _holds(frames: int, changes: Callable[[int], bool], stills: str) -> list[_Hold]:
    starts = [0, *(n for n in range(1, frames) if changes(n)), frames]
    holds = []
    for start, end in pairwise(starts):
        skipped = max(0, end - start - 1 - SETTLING_STILLS) if stills == "skip" else 0
        if end != frames:
            skipped -= skipped % FRAME_NUM_CYCLE
        holds.append(_Hold(start, end - start - skipped, skipped))
    return holds


class _PictureEncoder:
    """x264 with our parameters: takes RGB pictures and gives one checked sample for each."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._samples: list[bytes] = []
        self._count = 0
        with _codec_errors("x264"):
            import av
            from av.codec.context import Flags
            from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter

            context: VideoCodecContext = av.CodecContext.create("libx264", "w")
            context.width, context.height, context.pix_fmt = profile.width, profile.height, "yuv420p"
            context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS)
            context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
            context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
            context.flags |= Flags.global_header
            context.thread_count = profile.threads
            context.options = {
                "profile": "high",
                "preset": profile.preset,
                "crf": str(profile.crf),
                "x264-params": ":".join(f"{name}={value}" for name, value in _X264),
            }
            context.open()
            self._context = context
            self._reformatter = VideoReformatter()
            self.avcc = _with_skip_parameters(context.extradata or b"")

    def put(self, picture: NDArray[np.uint8], times: int) -> None:
        """Encode a picture ``times`` times in a row."""
        shape = (self._profile.height, self._profile.width, 3)
        if picture.shape != shape or picture.dtype != np.uint8:
            raise EncodingError(f"un’immagine è {picture.dtype} {picture.shape}; ammesso: uint8 {shape}")
        with _codec_errors("x264"):
            converted = self._converted(picture)
            for _ in range(times):
                converted.pts = self._count
                self._count += 1
                self._take(self._context.encode(converted))

    def finish(self) -> list[bytes]:
        """The samples of all pictures, in order."""
        with _codec_errors("x264"):
            self._take(self._context.encode(None))
        kinds = [sample[4] & 31 for sample in self._samples]
        if kinds != [_IDR] + [_SLICE] * (self._count - 1):
            raise EncodingError(f"x264: {self._count} immagini non sono tornate come una completa e le sue seguenti")
        return self._samples

    def _converted(self, picture: NDArray[np.uint8]) -> "VideoFrame":
        from av.video.frame import VideoFrame
        from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation

        return self._reformatter.reformat(
            VideoFrame.from_numpy_buffer(np.ascontiguousarray(picture), "rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            dst_color_primaries=ColorPrimaries.BT709,
            dst_color_trc=ColorTrc.BT709,
            # the exact code paths: the same planes on every processor, chroma from all pixels
            interpolation=Interpolation.BILINEAR
            | Interpolation.ACCURATE_RND
            | Interpolation.BITEXACT
            | Interpolation.FULL_CHR_H_INP,
            threads=1,
        )

    def _take(self, packets: Sequence[Any]) -> None:
        for packet in packets:
            # x264's own remark (version, options) is of no use to a decoder
            slices = [unit for unit in _units(bytes(packet)) if unit[0] & 31 != _SUPPLEMENTAL]
            if len(slices) != 1:
                raise EncodingError(f"x264: un’immagine di {len(slices)} parti; ammesso: una")
            self._samples.append(_sized(slices[0]))


# --- H.264 bit by bit -------------------------------------------------------------------------------


class _Bits:
    """A bit string being written, with the descriptors of H.264's syntax tables: u(n) and ue(v)."""

    def __init__(self) -> None:
        self._text = ""

    def u(self, bits: int, value: int) -> "_Bits":
        self._text += f"{value:0{bits}b}"
        return self

    def ue(self, value: int) -> "_Bits":
        digits = f"{value + 1:b}"
        self._text += "0" * (len(digits) - 1) + digits
        return self

    def unit(self, header: int) -> bytes:
        """The bits written, as a NAL unit: with stop bit, padding and emulation prevention."""
        text = self._text + "1"
        text += "0" * (-len(text) % 8)
        unit = bytearray([header])
        for byte in int(text, 2).to_bytes(len(text) // 8, "big"):
            if byte <= 3 and unit[-2:] == b"\0\0":
                unit.append(3)
            unit.append(byte)
        return bytes(unit)


class _BitReader:
    """Reads what :class:`_Bits` writes."""

    def __init__(self, unit: bytes) -> None:
        payload = unit[1:].replace(b"\0\0\3", b"\0\0")
        self._text = f"{int.from_bytes(payload, 'big'):0{8 * len(payload)}b}"
        self._at = 0

    def u(self, bits: int) -> int:
        self._at += bits
        return int(self._text[self._at - bits : self._at], 2)

    def ue(self) -> int:
        zeros = self._text.index("1", self._at) - self._at
        self._at += zeros
        return self.u(zeros + 1) - 1


def _skip_slice(frame_num: int, macroblocks: int) -> bytes:
    """A P picture that repeats the previous one: one run of skipped macroblocks."""
    bits = _Bits()
    bits.ue(0).ue(5).ue(1)  # first_mb_in_slice, slice_type P, pic_parameter_set_id
    bits.u(4, frame_num)
    bits.u(1, 0).u(1, 0)  # num_ref_idx_active_override_flag, ref_pic_list_modification_flag_l0
    bits.u(1, 0)  # adaptive_ref_pic_marking_mode_flag: the window slides
    bits.ue(0).ue(1)  # slice_qp_delta, disable_deblocking_filter_idc
    bits.ue(macroblocks)  # mb_skip_run
    return bits.unit(0x41)  # a reference picture: poc type 2 allows no two non-reference pictures in a row


def _skip_parameters() -> bytes:
    """The picture parameter set (id 1) that skip pictures use: CAVLC, no weights, deblocking control."""
    bits = _Bits()
    bits.ue(1).ue(0)  # pic_parameter_set_id, seq_parameter_set_id
    bits.u(1, 0).u(1, 0).ue(0)  # entropy_coding_mode_flag, pic_order_present_flag, num_slice_groups_minus1
    bits.ue(0).ue(0).u(1, 0).u(2, 0)  # num_ref_idx defaults, weighted_pred_flag, weighted_bipred_idc
    bits.ue(0).ue(0).ue(0)  # pic_init_qp, pic_init_qs, chroma_qp_index_offset
    bits.u(1, 1).u(1, 0).u(1, 0)  # deblocking_filter_control_present_flag, constrained intra, redundant pictures
    return bits.unit(0x68)


def _with_skip_parameters(avcc: bytes) -> bytes:
    """x264's ``avcC`` with the second parameter set; refuses a stream that skip pictures do not fit."""
    sps_bytes = int.from_bytes(avcc[6:8], "big")
    sps, rest = avcc[8 : 8 + sps_bytes], avcc[8 + sps_bytes :]
    if avcc[4:6] != b"\xff\xe1" or len(sps) != sps_bytes or rest[:1] != b"\1":
        raise EncodingError("x264: intestazione del codec inattesa")
    bits = _BitReader(sps)
    profile = bits.u(24) >> 16
    bits.ue()  # seq_parameter_set_id
    chroma_and_depths = [bits.ue(), bits.ue(), bits.ue()] if profile == 100 else []
    bits.u(2)  # qpprime_y_zero_transform_bypass_flag, seq_scaling_matrix_present_flag
    frame_num_bits, poc_type, references = bits.ue() + 4, bits.ue(), bits.ue()
    if chroma_and_depths != [1, 0, 0] or (1 << frame_num_bits, poc_type, references) != (FRAME_NUM_CYCLE, 2, 1):
        raise EncodingError("x264: intestazione di un flusso in cui non si possono inserire immagini ferme")
    pps_end = 3 + int.from_bytes(rest[1:3], "big")
    skip = _skip_parameters()
    head, length = avcc[: 8 + sps_bytes], len(skip).to_bytes(2, "big")
    return b"".join([head, b"\2", rest[1:pps_end], length, skip, b"\xfd\xf8\xf8\0"])


def _units(sample: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(sample):
        end = at + 4 + int.from_bytes(sample[at : at + 4], "big")
        yield sample[at + 4 : end]
        at = end


def _sized(unit: bytes) -> bytes:
    return len(unit).to_bytes(4, "big") + unit


# --- sound ------------------------------------------------------------------------------------------


def encode_sound(samples: NDArray[np.float32], profile: Profile) -> tuple[list[bytes], bytes]:
    """Encode a segment's sound as mono AAC-LC.

    Args:
        samples: float32 mono at 48 kHz, shape (n,), n a multiple of 15,360; the first and last 1,024 must be
            zero, as the sound could not be joined to another segment's otherwise.
        profile: gives the bit rate.

    Returns:
        packets: n / 1,024 + 1 raw AAC packets; the first is the encoder's priming, dropped at joints.
        asc: the AudioSpecificConfig, equal for all segments.

    Raises EncodingError when the samples have another shape, are not finite or not silent at the ends.
    """
    if samples.dtype != np.float32 or samples.ndim != 1:
        raise EncodingError(f"il suono è {samples.dtype} di forma {samples.shape}; ammesso: float32 di forma (n,)")
    if not samples.size or samples.size % GRID_SAMPLES:
        raise EncodingError(f"suono di {samples.size} campioni; ammessi: multipli di {GRID_SAMPLES}, almeno uno")
    if not np.isfinite(samples).all():
        raise EncodingError("il suono contiene valori non finiti")
    if samples[:AAC_FRAME_SAMPLES].any() or samples[-AAC_FRAME_SAMPLES:].any():
        raise EncodingError(f"il suono deve cominciare e finire con {AAC_FRAME_SAMPLES} campioni di silenzio")
    packets: list[bytes] = []
    with _codec_errors("aac"):
        import av
        from av.audio.frame import AudioFrame
        from av.codec.context import Flags

        context = av.CodecContext.create("aac", "w")
        context.sample_rate, context.layout, context.format = SAMPLE_RATE_HZ, "mono", "fltp"
        context.time_base = Fraction(1, SAMPLE_RATE_HZ)
        context.bit_rate = profile.sound_bit_rate
        context.flags |= Flags.global_header | Flags.bitexact
        context.options = dict(_AAC)
        for at in range(0, samples.size, AAC_FRAME_SAMPLES):
            frame = AudioFrame.from_ndarray(samples[None, at : at + AAC_FRAME_SAMPLES], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, at
            packets.extend(bytes(packet) for packet in context.encode(frame))
        packets.extend(bytes(packet) for packet in context.encode(None))
        asc = context.extradata or b""
    if len(packets) != samples.size // AAC_FRAME_SAMPLES + 1 or not asc:
        raise EncodingError(f"aac: {samples.size} campioni sono tornati come {len(packets)} pacchetti")
    return packets, asc


@contextmanager
def _codec_errors(codec: str) -> Iterator[None]:
    """Turn PyAV's errors into EncodingError; they contain no personal values."""
    import av

    try:
        yield
    except (av.error.FFmpegError, av.codec.codec.UnknownCodecError) as error:
        raise EncodingError(f"{codec}: {error}") from error
