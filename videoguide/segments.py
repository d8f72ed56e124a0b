"""A filled scene -> segment: found in the store, or narrated, drawn, encoded and put there once.

A segment's key is the hash of everything that went into it: the drawing and all files it imports,
the fonts, the filled values, the words as they are written and spoken, the buttons, the voice with
its version, the render profile, and a version raised by hand. Computing it loads no codec, no voice
and no drawing library.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videoguide import payload, templates
from videoguide.assets import DRAFT, STAGE, assets_folder
from videoguide.campaigns import FIRST_NAME, Campaign
from videoguide.encoding import Profile
from videoguide.errors import FirstNameError, InputError, PackError, StoreError, TextOverflow
from videoguide.payload import SEGMENTS, HeardSentence, Info, OfferedButton, SegmentFile
from videoguide.progress import timed
from videoguide.pronunciation import Lexicon, load_lexicon, spoken
from videoguide.script import PATRONATO, FilledScene
from videoguide.settings import Settings
from videoguide.store import Store, digest_of, key_of
from videoguide.timing import FPS
from videoguide.voices import Voice, voice

if TYPE_CHECKING:
    from videoguide.drawing import Drawing
    from videoguide.narration import Narration, Timing

RENDER_VERSION = 2
"""Raise it when the same input gives another segment: motion, narration, layout of the file."""

LEAD_IN_MS, TAIL_MS = 280, 640
"""Silence before a scene's first sentence, and after its last: the time to enter and to leave."""
POSTER_BEFORE_END = 12
"""Pictures from a segment's end back to the one with everything in its place."""


@dataclass(frozen=True)
class Studio:
    """All that it takes to make the segments of one campaign. Cheap to make and to pickle.

    A ``draft`` has segments of its own, which say on every picture that they are a trial.
    """

    campaign: Campaign
    voice: Voice
    profile: Profile
    store: Store
    draft: bool = False

    @cached_property
    def lexicon(self) -> Lexicon:
        return load_lexicon(assets_folder() / "lexicon.toml")

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where drawings and what they import are looked for: the pack first, then shared art."""
        return (self.campaign.folder, self.campaign.art)

    def key(self, scene: FilledScene) -> str:
        """The segment's key (hex): everything that goes into it, and nothing else."""
        said = [(sentence, spoken(sentence.text, self.lexicon)) for sentence in scene.sentences]
        return key_of(
            {
                "render": RENDER_VERSION,
                "silence": [LEAD_IN_MS, TAIL_MS],
                "scene": scene.scene,
                "chapter": scene.chapter,
                "values": plain(scene.values),
                "sentences": [
                    [sentence.id, sentence.text, words.text, dict(words.pronunciations), sentence.pause_ms]
                    for sentence, words in said
                ],
                "buttons": [
                    [button.id, button.label, button.sentence, button.window, button.link, button.area]
                    for button in scene.buttons
                ],
                "files": _digests(scene_files(self.campaign.drawing(scene.scene), self.folders)),
                "voice": [self.voice.id, self.voice.version],
                "profile": self.profile.key_data(),
                **({"draft": _digests(scene_files(DRAFT, self.folders))} if self.draft else {}),
            }
        )

    def find(self, scene: FilledScene) -> SegmentFile | None:
        """The segment if the store has it, whole; a damaged one counts as not there."""
        path = self.store.find(SEGMENTS, self.key(scene))
        if path is None:
            return None
        try:
            return payload.read(path)
        except StoreError:
            return None

    def make(self, scene: FilledScene, spent: MutableMapping[str, float] | None = None) -> SegmentFile:
        """Narrate, draw, encode and put; replaces what the store may have under this key.

        ``spent``, if given, grows by the seconds of each kind of work: ``voice``, ``drawing``, ``encoding``.
        Raises FirstNameError or InputError for a person's own words that are too long for the picture, PackError for
        a pack that changes meanwhile.
        """
        from videoguide import clips, encoding
        from videoguide import pictures as stills

        spent = {} if spent is None else spent
        key = self.key(scene)
        with timed(spent, "voice"):
            told = self.tell(scene)
        try:
            with timed(spent, "drawing"):
                drawn = self.draw(scene, told)
        except TextOverflow as error:
            if self._too_long(scene, FIRST_NAME):
                raise FirstNameError("è troppo lungo per l’immagine") from error
            if self._too_long(scene, PATRONATO):
                raise InputError("patronato: è troppo lungo per l’immagine") from error
            raise
        before = spent["drawing"]
        with timed(spent, "encoding"):
            with clips.scene_clip(drawn, told.samples) as clip:

                def picture(n: int) -> Any:
                    with timed(spent, "drawing"):
                        return clip.get_frame(n / FPS)

                pictures, sync, avcc = encoding.encode_pictures(drawn.frames, picture, drawn.changes, self.profile)
            sound, asc = encoding.encode_sound(told.samples, self.profile)
        spent["encoding"] -= spent["drawing"] - before  # the encoder asks for its pictures one by one
        parts = payload.pack(
            pictures,
            sync,
            sound,
            avcc,
            asc,
            self.profile.width,
            self.profile.height,
            self._info(scene, told),
            stills.poster(drawn, drawn.frames - POSTER_BEFORE_END),
        )
        if self.key(scene) != key:
            raise PackError(self.campaign.drawing(scene.scene), "è cambiato mentre si faceva la scena; prova di nuovo")
        return payload.read(self.store.put(SEGMENTS, key, parts))

    def _info(self, scene: FilledScene, told: "Narration") -> Info:
        from videoguide.narration import speech_keys

        return Info(
            scene=scene.scene,
            chapter=scene.chapter,
            sentences=tuple(
                HeardSentence(sentence.id, sentence.text, time.start, time.end)
                for sentence, time in zip(scene.sentences, told.sentences, strict=True)
            ),
            buttons=tuple(
                OfferedButton(button.id, button.label, button.sentence, button.window, button.link, button.area)
                for button in scene.buttons
            ),
            speech=tuple(dict.fromkeys(speech_keys(scene.sentences, self.voice, self.lexicon))),
        )

    def _too_long(self, scene: FilledScene, name: str) -> bool:
        """Whether words overflow because of this value: with a short one in its place all fits."""
        try:
            return name in scene.values and bool(self.svg(replace(scene, values={**scene.values, name: "A"})))
        except TextOverflow:
            return False

    def segment(self, scene: FilledScene) -> SegmentFile:
        """The scene's segment, made if the store does not have it."""
        return self.find(scene) or self.make(scene)

    def tell(self, scene: FilledScene) -> "Narration":
        """The scene's sound, and when each sentence is heard."""
        from videoguide import narration

        return narration.narrate(
            scene.sentences, self.voice, self.lexicon, self.store, lead_in_ms=LEAD_IN_MS, tail_ms=TAIL_MS
        )

    def timing(self, scene: FilledScene) -> "Timing":
        """When each sentence of :meth:`tell` is heard, and how long it lasts, without mixing a sound."""
        from videoguide import narration

        return narration.timing(
            scene.sentences, self.voice, self.lexicon, self.store, lead_in_ms=LEAD_IN_MS, tail_ms=TAIL_MS
        )

    def draw(self, scene: FilledScene, told: "Timing") -> "Drawing":
        """The scene's pictures, moving as ``told`` is heard."""
        from videoguide import drawing

        source = self.campaign.folder / self.campaign.drawing(scene.scene)
        size = (self.profile.width, self.profile.height)
        return drawing.draw(
            self.svg(scene),
            source,
            told.sentences,
            told.frames,
            size,
            art=self.campaign.art,
            store=self.store,
            draft=self.draft,
        )

    def svg(self, scene: FilledScene) -> str:
        """The scene's drawing, filled with its values and its chapter's title."""
        from videoguide.codes import qr_code
        from videoguide.typography import FUNCTIONS

        values = {**scene.values, "chapter": scene.chapter}
        name = self.campaign.drawing(scene.scene)
        return templates.fill_drawing(name, self.folders, values, **FUNCTIONS, qr_code=qr_code)


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
def scene_files(drawing: str, folders: tuple[Path, ...]) -> tuple[Path, ...]:
    """Every file that the drawing is made of: templates, the stage and the fonts."""
    fonts = sorted((assets_folder() / "fonts").glob("*.ttf"))
    return (*templates.referenced_files(drawing, folders), *templates.referenced_files(STAGE, folders), *fonts)


def _digests(files: tuple[Path, ...]) -> list[str]:
    return sorted(map(digest_of, files))


def plain(value: Any) -> Any:
    """Values as canonical JSON knows them: tuples are lists, mappings are dicts."""
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if hasattr(value, "items"):
        return {name: plain(item) for name, item in value.items()}
    return value
