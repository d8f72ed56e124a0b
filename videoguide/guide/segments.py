# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""A filled scene -> segment: found in the store, or narrated, drawn, encoded and put there once.

A segment's key is the hash of everything that goes into it: the drawing and all files it imports, the fonts, the
filled values, the words as written and as spoken, the buttons, the voice and its version, the versions of the
libraries that draw, the render profile, and a version raised by hand. Computing it loads no codec, no voice and no
drawing library.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videoguide.assets import DRAFT, STAGE, assets_folder
from videoguide.errors import Busy, FirstNameError, InputError, KeyMismatch, StoreError, TextOverflow
from videoguide.guide.script import PATRONATO, FilledScene
from videoguide.media import payload
from videoguide.media.encoding import Profile
from videoguide.media.payload import SEGMENTS, HeardSentence, Info, SegmentFile
from videoguide.packs import templates
from videoguide.packs.campaigns import FIRST_NAME, LEXICON, Campaign
from videoguide.picture.layers import raster_data
from videoguide.progress import timed
from videoguide.settings import Settings
from videoguide.speech.narration import LEAD_IN_MS, TAIL_MS
from videoguide.speech.pronunciation import Lexicon, load_lexicon, spoken
from videoguide.speech.voices import Voice, voice
from videoguide.store import Store, digest_of, key_of

if TYPE_CHECKING:
    from videoguide.picture.drawing import Drawing, SharedArt
    from videoguide.speech.narration import Narration, Timing

RENDER_VERSION = 2
"""To be raised when the same input gives another segment: motion, narration, layout of the file."""

POSTER_BEFORE_END_FRAMES = 12
"""How long before a segment's end everything is in its place, for its poster."""


@dataclass(frozen=True)
class Studio:
    """Everything needed to make the segments of one campaign; cheap to make and to pickle.

    With ``draft``, segments have keys of their own and say on every picture that they are a trial.
    """

    campaign: Campaign
    voice: Voice
    profile: Profile
    store: Store
    draft: bool = False

    @cached_property
    def lexicon(self) -> Lexicon:
        """How words are pronounced: the pack's own lexicon, or the shared one."""
        return load_lexicon(self.campaign.shared(LEXICON))

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where drawings and their imports are looked for: the pack first, then the shared art."""
        return (self.campaign.folder, self.campaign.art)

    @property
    def shared_art(self) -> "SharedArt":
        """The drawings and fonts that the campaign shares with others: a kept version's own, or the assets'."""
        from videoguide.picture.drawing import SharedArt

        return SharedArt(self.campaign.art, self.campaign.fonts)

    def key(self, scene: FilledScene) -> str:
        """The segment's key (hex): everything that goes into it, and nothing else."""
        sentences = [(sentence, spoken(sentence.text, self.lexicon)) for sentence in scene.sentences]
        return key_of(
            {
                "render": RENDER_VERSION,
                "silence": [LEAD_IN_MS, TAIL_MS],
                "scene": scene.scene,
                "chapter": scene.chapter,
                "values": plain(scene.values),
                "sentences": [
                    [sentence.id, sentence.text, words.text, dict(words.pronunciations), sentence.pause_ms]
                    for sentence, words in sentences
                ],
                "buttons": [
                    [button.id, button.label, button.sentence, button.window, button.link, button.area]
                    for button in scene.buttons
                ],
                "files": _digests(scene_files(self.campaign.drawing(scene.scene), self.folders, self.campaign.fonts)),
                "voice": [self.voice.id, self.voice.version],
                "profile": self.profile.key_data(),
                "drawing": raster_data(),
                **({"draft": _digests(scene_files(DRAFT, self.folders, self.campaign.fonts))} if self.draft else {}),
            }
        )

    def find(self, scene: FilledScene) -> SegmentFile | None:
        """The segment, if the store has it whole; a damaged one counts as missing."""
        path = self.store.find(SEGMENTS, self.key(scene))
        if path is None:
            return None
        try:
            return payload.read(path)
        except StoreError:
            return None

    def make(
        self, scene: FilledScene, work_seconds: MutableMapping[str, float] | None = None, *, planned_key: str = ""
    ) -> SegmentFile:
        """Narrate, draw and encode the scene and put the segment into the store, in place of any that is there.

        The seconds of each kind of work, ``voice``, ``drawing`` and ``encoding``, are added to ``work_seconds``.
        ``planned_key`` is the key under which guides refer to the scene. Raises KeyMismatch if this studio's key is
        another, FirstNameError or InputError for a person's own words that are too long for the picture, Busy for a
        pack that changes meanwhile.
        """
        from videoguide.media import encoding
        from videoguide.picture import pictures as stills

        work_seconds = {} if work_seconds is None else work_seconds
        key = self.key(scene)
        if planned_key not in ("", key):
            raise KeyMismatch(
                f"scena {scene.scene}: la chiave prevista è {planned_key[:12]}, qui è {key[:12]}; "
                "versioni diverse del programma, delle librerie o del pacchetto"
            )
        with timed(work_seconds, "voice"):
            narration = self.narrate(scene)
        try:
            with timed(work_seconds, "drawing"):
                drawing = self.draw(scene, narration)
        except TextOverflow as error:
            if self._too_long(scene, FIRST_NAME):
                raise FirstNameError("è troppo lungo per l’immagine") from error
            if self._too_long(scene, PATRONATO):
                raise InputError("patronato: è troppo lungo per l’immagine") from error
            raise
        seconds_before = work_seconds["drawing"]
        with timed(work_seconds, "encoding"):

            def picture(n: int) -> Any:
                with timed(work_seconds, "drawing"):
                    return drawing.frame(n)

            pictures, sync, avcc = encoding.encode_pictures(drawing.frames, picture, drawing.changes, self.profile)
            sound, asc = encoding.encode_sound(narration.samples, self.profile)
        # the encoder asks for its pictures one by one: drawing them is no part of encoding
        work_seconds["encoding"] -= work_seconds["drawing"] - seconds_before
        parts = payload.pack(
            pictures,
            sync,
            sound,
            avcc,
            asc,
            self.profile.width,
            self.profile.height,
            self._info(scene, narration),
            stills.poster(drawing, drawing.frames - POSTER_BEFORE_END_FRAMES),
        )
        if self.key(scene) != key:
            raise Busy(f"{self.campaign.drawing(scene.scene)}: è cambiato mentre si faceva la scena; prova di nuovo")
        return payload.read(self.store.put(SEGMENTS, key, parts))

    def _info(self, scene: FilledScene, narration: "Narration") -> Info:
        from videoguide.speech.narration import speech_keys

        return Info(
            scene=scene.scene,
            chapter=scene.chapter,
            sentences=tuple(
                HeardSentence(sentence.id, sentence.text, time.start_sample, time.end_sample)
                for sentence, time in zip(scene.sentences, narration.sentences, strict=True)
            ),
            buttons=scene.buttons,
            speech=tuple(dict.fromkeys(speech_keys(scene.sentences, self.voice, self.lexicon))),
        )

    def _too_long(self, scene: FilledScene, name: str) -> bool:
        """Whether text overflows because of this value: with a short one in its place, everything fits."""
        try:
            return name in scene.values and bool(self.svg(replace(scene, values={**scene.values, name: "A"})))
        except TextOverflow:
            return False

    def narrate(self, scene: FilledScene) -> "Narration":
        """The scene's sound, and when each sentence is heard."""
        from videoguide.speech import narration

        return narration.narrate(scene.sentences, self.voice, self.lexicon, self.store)

    def timing(self, scene: FilledScene) -> "Timing":
        """The times that :meth:`narrate` would give, without mixing the sound."""
        from videoguide.speech import narration

        return narration.timing(scene.sentences, self.voice, self.lexicon, self.store)

    def draw(self, scene: FilledScene, timing: "Timing") -> "Drawing":
        """The scene's pictures, whose layers move as the sentences are heard."""
        from videoguide.picture import drawing

        source = self.campaign.folder / self.campaign.drawing(scene.scene)
        size = (self.profile.width, self.profile.height)
        return drawing.draw(
            self.svg(scene),
            source,
            timing.sentences,
            timing.frames,
            size,
            shared=self.shared_art,
            store=self.store,
            draft=self.draft,
        )

    def svg(self, scene: FilledScene) -> str:
        """The scene's drawing as SVG, filled with its values and its chapter's title."""
        from videoguide.picture.codes import qr_code
        from videoguide.picture.typography import typesetter

        values = {**scene.values, "chapter": scene.chapter}
        name = self.campaign.drawing(scene.scene)
        return templates.fill_drawing(
            name, self.folders, values, **typesetter(self.campaign.fonts).functions, qr_code=qr_code
        )


def open_studio(campaign: Campaign, settings: Settings, *, threads: int | None = None, draft: bool = False) -> Studio:
    """The studio that the settings ask for: voice, size, store.

    Raises UnknownChoice for an unknown voice, InputError for one that the campaign does not allow.
    """
    voices = campaign.description.voices
    voice_id = settings.voice or voices.default
    chosen = voice(voice_id, assets=assets_folder(), models=settings.models, threads=threads)
    if chosen.online and not voices.online_allowed:
        raise InputError(f"voce {voice_id}: manda le parole a terzi; la campagna {campaign.id} non lo permette")
    width, height = settings.size
    return Studio(campaign, chosen, Profile(width, height, stills=settings.stills), Store(settings.store), draft)


@lru_cache(maxsize=256)
def scene_files(drawing: str, folders: tuple[Path, ...], font_folder: Path) -> tuple[Path, ...]:
    """Every file that a drawing is made from: its templates, the stage and the fonts."""
    fonts = sorted(font_folder.glob("*.ttf"))
    return (*templates.referenced_files(drawing, folders), *templates.referenced_files(STAGE, folders), *fonts)


def _digests(files: tuple[Path, ...]) -> list[str]:
    return sorted(map(digest_of, files))


def plain(value: Any) -> Any:
    """A value as plain JSON data: tuples become lists, mappings become dicts."""
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if hasattr(value, "items"):
        return {name: plain(item) for name, item in value.items()}
    return value
