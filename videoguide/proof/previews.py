# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""One guide for one invented application, from the values that a member of staff chooses."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from videoguide.assets import assets_folder
from videoguide.errors import FirstNameError, InputError, UnknownChoice
from videoguide.guide.eligibility import decide
from videoguide.guide.guides import Guide, Outline, outline
from videoguide.guide.keys import GuideKeys
from videoguide.guide.script import Script, write_script
from videoguide.guide.segments import Studio, open_studio
from videoguide.intake.applications import Application, FactValue, Sex, read_applications, tidy_patronato
from videoguide.intake.names import tidy_name
from videoguide.media.payload import SegmentFile
from videoguide.packs.campaigns import LEXICON, Campaign
from videoguide.progress import Tell, silently
from videoguide.settings import Settings
from videoguide.speech.pronunciation import load_lexicon
from videoguide.speech.voices import SAYABLE, VOICES, voice

EXAMPLE_NAME = "Giulia"
SEXES = {"F": "F", "M": "M", "unknown": ""}
APPLICANTS = ("parent", "guardian", "child")


@dataclass(frozen=True)
class Made:
    """A guide, and for each of its scenes whether it was found in the store."""

    guide: Guide
    reused: tuple[bool, ...]


def invented_application(
    campaign: Campaign,
    *,
    first_name: str,
    sex: str = "unknown",
    applicant: str = "parent",
    channel: str = "citizen",
    patronato: str = "",
    filed_year: int | None = None,
    cases: Sequence[str] = (),
    facts: dict[str, FactValue] | None = None,
) -> Application:
    """An application made up for a preview; every value is checked.

    Raises UnknownChoice, FirstNameError or InputError.
    """
    about = campaign.description
    if sex not in SEXES:
        raise UnknownChoice("sesso", sex, SEXES)
    if applicant not in APPLICANTS:
        raise UnknownChoice("richiedente", applicant, APPLICANTS)
    if channel not in about.channels:
        raise UnknownChoice("canale", channel, about.channels)
    if patronato and channel != "patronato":
        raise InputError("patronato: il nome si dice solo con il canale patronato")
    year = about.years[0] if filed_year is None else filed_year
    if year not in about.years:
        raise UnknownChoice("anno", str(year), map(str, about.years))
    fact_values = facts or {}
    for fact_id, value in fact_values.items():
        fact = about.facts[fact_id]
        if fact.type == "count" and not 0 <= int(value) <= fact.at_most:  # type: ignore[arg-type]
            raise InputError(f"{fact.option} {value}; ammesso: da 0 a {fact.at_most}")
        for entry in value if isinstance(value, tuple) else (value,) if fact.type == "entry" and value else ():
            campaign.entry(fact_id, str(entry))
    status = campaign.case(cases[0]).status if cases else ""
    application_sex: Sex = SEXES[sex]  # type: ignore[assignment]
    return Application(
        id="preview",
        fiscal_code="",
        first_name=first_name,
        spoken_name=tidy_name(first_name, about.limits.name_letters, load_lexicon(campaign.shared(LEXICON))),
        sex=application_sex,
        applicant=applicant,
        filed_on=date(year, 3, 1),
        channel=channel,
        patronato=tidy_patronato(patronato),
        status=status,
        status_since=None,
        consent=True,
        facts=fact_values,
        email="",
        mobile="",
        on_app_io=False,
        extracted_on=date(max(about.years), 12, 31),
    )


@dataclass(frozen=True)
class PreviewRequest:
    """What a preview is made from; the fields are those of :func:`invented_application`.

    Without a ``voice`` it is that of the settings, or else the campaign's.
    """

    first_name: str
    sex: str = "unknown"
    applicant: str = "parent"
    cases: tuple[str, ...] = ()
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    channel: str = "citizen"
    patronato: str = ""
    filed_year: int | None = None
    voice: str = ""

    @classmethod
    def of(cls, application: Application, cases: Sequence[str]) -> "PreviewRequest":
        """The request for the guide that this application gets."""
        return cls(
            first_name=application.first_name,
            sex=application.sex or "unknown",
            applicant=application.applicant,
            cases=tuple(cases),
            facts={fact: value for fact, value in application.facts.items() if value},
            channel=application.channel,
            patronato=application.patronato,
            filed_year=application.filed_on.year,
        )

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> "PreviewRequest":
        """The request that :meth:`plain` turned into plain data, after a round trip through JSON."""
        facts = {fact: tuple(value) if isinstance(value, list) else value for fact, value in data["facts"].items()}
        return cls(**{**data, "cases": tuple(data["cases"]), "facts": facts})

    def plain(self) -> dict[str, Any]:
        """The request as plain data, ready for JSON."""
        return asdict(self)

    def plan(self, campaign: Campaign, settings: Settings) -> "Planned":
        """The requested guide, planned. Raises as :func:`invented_application` and :func:`plan`."""
        chosen = replace(settings, voice=self.voice or settings.voice)
        return plan(self.application(campaign), self.cases, campaign, chosen)

    def application(self, campaign: Campaign) -> Application:
        """The requested application. Raises as :func:`invented_application`."""
        values = {name: value for name, value in vars(self).items() if name != "voice"}
        return invented_application(campaign, **values)


def example(campaign: Campaign, settings: Settings) -> PreviewRequest:
    """The request when nothing is chosen: a guide for the campaign's first case, with the least that it needs."""
    about = campaign.description
    case = about.cases[0]
    facts: dict[str, FactValue] = {}
    if case.needs:
        fact = about.facts[case.needs]
        first = next(iter(campaign.catalogue.get(fact.catalogue, {})), "")
        facts[case.needs] = 1 if fact.type == "count" else (first,) if fact.type == "entries" else first
    return PreviewRequest(
        EXAMPLE_NAME,
        "F",
        cases=(case.id,),
        facts=facts,
        channel=about.channels[0],
        filed_year=about.years[0],
        voice=settings.voice or about.voices.default,
    )


def sample_profiles(campaign: Campaign) -> tuple[PreviewRequest, ...]:
    """The invented people of the campaign's sample who get a guide. Raises PackError, InputError."""
    sample = campaign.folder / "sample.csv"
    rows = read_applications(sample, campaign) if sample.exists() else ()
    decided = ((row, decide(row, campaign).cases) for row in rows if isinstance(row, Application))
    return tuple(PreviewRequest.of(row, cases) for row, cases in decided if cases and row.spoken_name)


def voices_here(campaign: Campaign, settings: Settings) -> dict[str, str]:
    """The voices that this machine has and the campaign allows: their descriptions, by id."""
    online = campaign.description.voices.online_allowed
    return {
        id: kind.description
        for id, kind in VOICES.items()
        if (online or not kind.online)
        # the version says whether a library is missing, without loading any
        and "absent" not in voice(id, assets=assets_folder(), models=settings.models).version
    }


@dataclass(frozen=True)
class Planned:
    """A guide before any of it is made; the segments of ``keys`` are in the order of the script's scenes."""

    script: Script
    outline: Outline
    keys: GuideKeys
    studio: Studio


def plan(application: Application, cases: Sequence[str], campaign: Campaign, settings: Settings) -> Planned:
    """The guide of ``application`` for ``cases``, planned: no codec, voice or drawing library is loaded.

    Raises as ``write_script`` and ``open_studio``.
    """
    script = write_script(application, cases, campaign)
    studio = open_studio(campaign, settings)
    about = outline(script, campaign, studio.voice.id)
    return Planned(script, about, GuideKeys(about.key, tuple(map(studio.key, script.scenes))), studio)


def plan_as_delivered(application: Application, campaign: Campaign, settings: Settings) -> Planned:
    """The guide that a real application gets, planned; it does not say a name that cannot be drawn.

    Raises InputError for an application that gets no guide; else as :func:`plan`.
    """
    decision = decide(application, campaign)
    if decision.left_out:
        raise InputError(f"questa domanda non ha una guida: {campaign.titles[decision.left_out]}")
    try:
        return plan(application, decision.cases, campaign, settings)
    except FirstNameError:
        return plan(nameless(application), decision.cases, campaign, settings)


def nameless(application: Application) -> Application:
    """The same application without a first name, which gets the neutral greeting."""
    return replace(application, spoken_name="")


def warm_up(pack: Path, settings: Settings) -> None:
    """Load everything that makes a segment into this process: the voice, and the libraries for pictures and sound.

    Raises PackError, InputError, VoiceError.
    """
    from videoguide.media import encoding  # noqa: F401  loaded, not used
    from videoguide.picture import clips, drawing, pictures  # noqa: F401  loaded, not used
    from videoguide.speech import narration  # noqa: F401  loaded, not used

    open_studio(Campaign(pack), settings).voice.speak(SAYABLE, {})


def make_guide(script: Script, studio: Studio, tell: Tell = silently) -> Made:
    """Make the guide of a script; each of its segments is found in the store or made."""
    segments: list[SegmentFile] = []
    reused: list[bool] = []
    for number, scene in enumerate(script.scenes, 1):
        stored = studio.find(scene)
        segments.append(stored or studio.make(scene))
        reused.append(stored is not None)
        tell(scene.chapter, number, len(script.scenes))
    return Made(Guide(outline(script, studio.campaign, studio.voice.id), tuple(segments)), tuple(reused))
