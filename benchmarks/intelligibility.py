# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Is the voice understood? Speak, let Whisper (base) write down what it hears, compare.

    python benchmarks/intelligibility.py --pack scenes/assegno-unico

speaks scenes that together hold every sentence a guide of the campaign can have, and 100 first
names in its greeting, and writes docs/intelligibility.md. Nothing leaves the machine. The test
of the same name uses the functions below.
"""

import argparse
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from recognition import by_ear, error_rates, joined_whisper, plain, recognised, same_name

from videoguide.assets import assets_folder
from videoguide.guide.script import FilledScene, write_script
from videoguide.packs.campaigns import Campaign
from videoguide.proof.check import survey
from videoguide.proof.previews import invented_application
from videoguide.speech.narration import narrate
from videoguide.speech.pronunciation import Lexicon, Spoken, load_lexicon, spoken
from videoguide.speech.sentences import Sentence
from videoguide.speech.voices import DEFAULT_VOICE, Voice, voice
from videoguide.store import Store

ROOT = Path(__file__).parent.parent
NAMES = ROOT / "tests" / "data" / "names-100.txt"
REPORT = ROOT / "docs" / "intelligibility.md"
MODELS = ROOT / "output" / "models"

Pair = tuple[str, str]
"""What was said and what was heard, in plain words."""


@dataclass(frozen=True)
class Passage:
    """Sentences spoken in one go, as in a guide, and the lexicon they are spoken with."""

    sentences: tuple[Sentence, ...]
    lexicon: Lexicon

    @property
    def said(self) -> tuple[str, ...]:
        """Plain words of the passage: as written, and as the voice was asked to say them."""
        written = " ".join(sentence.text for sentence in self.sentences)
        return plain(written), plain(" ".join(spoken(sentence.text, self.lexicon).text for sentence in self.sentences))


@dataclass(frozen=True)
class FirstName:
    """A name of the list, the sex its greeting agrees with, other spellings of the same sound."""

    name: str
    sex: str
    spellings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Name:
    """A first name of the list, what was heard of it, and whether that was right."""

    name: str
    entry: bool
    before: str
    after: str
    right_before: bool
    right: bool


def scenes_to_hear(campaign: Campaign) -> list[FilledScene]:
    """Few scenes that together hold every sentence of every possible guide, the greeting left out."""
    greeting = campaign.description.scenes[0].scene
    scenes = [scene for scene in survey(campaign).scenes if scene.scene != greeting]
    unheard = {sentence.text for scene in scenes for sentence in scene.sentences}
    chosen = []
    while unheard:
        best = max(scenes, key=lambda scene: len(unheard & {sentence.text for sentence in scene.sentences}))
        chosen.append(best)
        unheard -= {sentence.text for sentence in best.sentences}
    return chosen


def greeting(campaign: Campaign, name: str, sex: str) -> Sentence:
    """The first sentence of a guide for somebody of this name."""
    case = campaign.description.cases[0]
    facts = {case.needs: tuple(campaign.catalogue[campaign.description.facts[case.needs].catalogue])[:1]}
    someone = invented_application(campaign, first_name=name, sex=sex, cases=[case.id], facts=dict(facts))
    return write_script(someone, [case.id], campaign).scenes[0].sentences[0]


def first_names(file: Path = NAMES) -> list[FirstName]:
    """Lines such as ``F Giulia`` and ``M Łukasz = Wukash``."""
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    return [FirstName(line[2:].split(" = ")[0], line[0], tuple(line.split(" = ")[1:])) for line in lines]


def hear(passages: Sequence[Passage], voice_id: str, models: Path, workers: int) -> list[str]:
    """What is recognised of each passage; every worker process speaks and listens with one thread."""
    joined_whisper(models)
    with TemporaryDirectory() as folder:
        # the first joins the speech model, before several workers would
        narrate([Sentence("a", "Ciao.", 0)], _voice(voice_id, models), Lexicon(), Store(Path(folder)))
        with ProcessPoolExecutor(workers) as pool:
            tasks = [(passage, voice_id, models, Path(folder)) for passage in passages]
            return list(pool.map(_hear, tasks, chunksize=2))


def _hear(task: tuple[Passage, str, Path, Path]) -> str:
    passage, voice_id, models, store = task
    narration = narrate(passage.sentences, _voice(voice_id, models), passage.lexicon, Store(store))
    return recognised(narration.samples, models)


@cache
def _voice(voice_id: str, models: Path) -> Voice:
    return voice(voice_id, assets=assets_folder(), models=models, threads=1)


def nearest(passage: Passage, heard: str) -> Pair:
    """(said, heard) as plain words; of the written and the spoken form the one that fits better ("CIE", "ci i e")."""
    heard = plain(heard)
    return min(((said, heard) for said in passage.said), key=lambda pair: error_rates([pair]))


def hear_names(
    campaign: Campaign, names: Sequence[FirstName], lexicon: Lexicon, voice_id: str, models: Path, workers: int
) -> list[Name]:
    """Each name in its greeting, with the lexicon, and without it where that makes a difference."""
    sentences = [greeting(campaign, first.name, first.sex) for first in names]
    has_entry = [spoken(first.name, lexicon) != Spoken(first.name) for first in names]
    passages = [Passage((sentence,), lexicon) for sentence in sentences]
    bare = [Passage((sentence,), Lexicon()) for sentence, entry in zip(sentences, has_entry, strict=True) if entry]
    heard = hear([*passages, *bare], voice_id, models, workers)
    bare_heard = iter(heard[len(passages) :])
    recognised_names = []
    for first, entry, sentence, after in zip(names, has_entry, sentences, heard, strict=False):
        name = first.name
        after_name = _name_in(after, sentence.text, name)
        before_name = _name_in(next(bare_heard), sentence.text, name) if entry else after_name
        ways = {name, spoken(name, lexicon).text, *first.spellings}
        right_before, right = (any(same_name(way, got) for way in ways) for got in (before_name, after_name))
        recognised_names.append(Name(name, entry, before_name, after_name, right_before, right))
    return recognised_names


def _name_in(heard: str, sentence: str, name: str) -> str:
    """The words heard in the name's place: all but as many as the sentence has around it."""
    before, after = (len(plain(part).split()) for part in sentence.split(name, 1))
    words = heard.split()
    return " ".join(words[before : len(words) - after]).strip(" .,!?;:") or "—"


def report(campaign: Campaign, pairs: Sequence[Pair], names: Sequence[Name], voice_id: str, seconds: float) -> str:
    """The page docs/intelligibility.md."""
    strict_words, strict_letters = error_rates(pairs)
    ear_words, ear_letters = error_rates([(by_ear(said), by_ear(heard)) for said, heard in pairs])
    words = sum(len(said.split()) for said, _ in pairs)
    right, right_before = sum(name.right for name in names), sum(name.right_before for name in names)
    entries = sum(name.entry for name in names)
    wrong = ", ".join(name.name for name in names if not name.right) or "none"
    places = "".join(
        f"- {said} → {heard}{f' ({count} times)' if count > 1 else ''}\n" for (said, heard), count in misheard(pairs)
    )
    rows = "".join(
        f"| {name.name} | {name.before if name.entry else ''} | {name.after} | {'yes' if name.right else 'no'} |\n"
        for name in names
    )
    return f"""# Is the voice understood?

Voice `{voice_id}` ({_voice(voice_id, MODELS).version}).
Listener: Whisper base, told the language and nothing else. Written by `make speech` in {seconds:.0f} s.

Whisper base is a weak listener that has never heard of SPID: a wrong word below is a place to listen to, not proof of
a fault. Most are borders between words ("l’assegno" → "la segno"), which nobody can hear.

## The campaign

{len(pairs)} scenes of `{campaign.id}`, as they sound in a guide, together hold every sentence of every possible guide
but the greeting: {words} words. Numbers are written out; capitals and punctuation do not count. *By ear* also leaves
out what cannot be heard: accents, the mute h, the spelling of names Whisper does not know ("speed" for SPID).

| | words wrong | letters wrong |
| --- | ---: | ---: |
| as written | {strict_words:.1%} | {strict_letters:.1%} |
| by ear | {ear_words:.1%} | {ear_letters:.1%} |

Misheard, by ear (said → heard):

{places}
## First names

{len(names)} names, each in its greeting. Right means: what was heard, read the Italian way, sounds like the name or
like its entry in the lexicon.

**{right} of {len(names)} are heard right; without the lexicon {right_before}.** {entries} have an entry.
Not heard right: {wrong}.
The entries were made by listening to these very names: of a name never listened to, expect the figure without the
lexicon. A name can be said well and yet be written wrongly by a listener who does not know it; the entries of
foreign names follow their bearers as near as an Italian voice can come.

| name | heard before its entry | heard | right |
| --- | --- | --- | --- |
{rows}"""


def misheard(pairs: Iterable[Pair]) -> list[tuple[Pair, int]]:
    """(words said, words heard) of each difference by ear and how often, the most frequent first."""
    counts: dict[Pair, int] = {}
    for pair in pairs:
        said, heard = (by_ear(words).split() for words in pair)
        for tag, i, j, first, last in SequenceMatcher(None, said, heard, autojunk=False).get_opcodes():
            if tag != "equal":
                start = 1 if i and tag == "insert" else 0
                place = (
                    " ".join(said[i - start : j]) or "(nothing)",
                    " ".join(heard[first - start : last]) or "(nothing)",
                )
                counts[place] = counts.get(place, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def main() -> None:
    """Speak every sentence and the names, have them recognised, and write docs/intelligibility.md."""
    parser = argparse.ArgumentParser(description="Measure how well the narration is understood.")
    parser.add_argument("--pack", type=Path, default=ROOT / "scenes" / "assegno-unico", help="folder of the campaign")
    parser.add_argument("--voice", default=DEFAULT_VOICE)
    parser.add_argument("--names", type=Path, default=NAMES, help="lines of sex and first name: F Giulia")
    parser.add_argument("--models", type=Path, default=MODELS, help="where the joined models are kept")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--report", type=Path, default=REPORT)
    given = parser.parse_args()
    started = time.perf_counter()
    campaign, lexicon = Campaign(given.pack), load_lexicon(assets_folder() / "lexicon.toml")
    passages = [Passage(scene.sentences, lexicon) for scene in scenes_to_hear(campaign)]
    heard = hear(passages, given.voice, given.models, given.workers)
    pairs = [nearest(passage, words) for passage, words in zip(passages, heard, strict=True)]
    names = hear_names(campaign, first_names(given.names), lexicon, given.voice, given.models, given.workers)
    given.report.write_text(
        report(campaign, pairs, names, given.voice, time.perf_counter() - started), encoding="utf-8"
    )
    print(given.report)


if __name__ == "__main__":
    main()
