"""One guide for one invented application, from the words that a member of staff chooses."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from videoguide.applications import Application, FactValue, Sex, read_applications, tidy_name, tidy_patronato
from videoguide.assets import assets_folder
from videoguide.campaigns import Campaign
from videoguide.eligibility import decide
from videoguide.errors import FirstNameError, InputError, UnknownChoice
from videoguide.guides import Guide, Outline, outline
from videoguide.payload import SegmentFile
from videoguide.progress import Tell, silently
from videoguide.script import Script, write_script
from videoguide.segments import Studio, open_studio
from videoguide.settings import Settings
from videoguide.voices import SAYABLE, VOICES, voice

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
    """An application as a preview asks for it; every word is looked at.

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
    given = facts or {}
    for fact_id, value in given.items():
        fact = about.facts[fact_id]
        if fact.type == "count" and not 0 <= int(value) <= fact.at_most:  # type: ignore[arg-type]
            raise InputError(f"{fact.option} {value}; ammesso: da 0 a {fact.at_most}")
        for entry in value if isinstance(value, tuple) else (value,) if fact.type == "entry" and value else ():
            campaign.entry(fact_id, str(entry))
    status = campaign.case(cases[0]).status if cases else ""
    told: Sex = SEXES[sex]  # type: ignore[assignment]
    return Application(
        id="preview",
        fiscal_code="",
        first_name=first_name,
        spoken_name=tidy_name(first_name, about.limits.name_letters),
        sex=told,
        applicant=applicant,
        filed_on=date(year, 3, 1),
        channel=channel,
        patronato=tidy_patronato(patronato),
        status=status,
        status_since=None,
        consent=True,
        facts=given,
        email="",
        mobile="",
        on_app_io=False,
        extracted_on=date(max(about.years), 12, 31),
    )


@dataclass(frozen=True)
class Asked:
    """What a preview is asked for with, in the words of :func:`invented_application`; ``voice`` may be empty: the
    campaign's."""

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
    def of(cls, application: Application, cases: Sequence[str]) -> "Asked":
        """Asking for the guide that this application gets."""
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
    def from_plain(cls, data: Mapping[str, Any]) -> "Asked":
        """What :meth:`plain` gave, after it was JSON."""
        facts = {fact: tuple(value) if isinstance(value, list) else value for fact, value in data["facts"].items()}
        return cls(**{**data, "cases": tuple(data["cases"]), "facts": facts})

    def plain(self) -> dict[str, Any]:
        """As JSON knows it."""
        return asdict(self)

    def application(self, campaign: Campaign) -> Application:
        """The application that is asked for. Raises as :func:`invented_application`."""
        given = {name: value for name, value in vars(self).items() if name != "voice"}
        return invented_application(campaign, **given)


def example(campaign: Campaign, settings: Settings) -> Asked:
    """What asks for a guide of the campaign when nothing else is chosen: its first case, and the least it needs."""
    about = campaign.description
    case = about.cases[0]
    facts: dict[str, FactValue] = {}
    if case.needs:
        fact = about.facts[case.needs]
        first = next(iter(campaign.catalogue.get(fact.catalogue, {})), "")
        facts[case.needs] = 1 if fact.type == "count" else (first,) if fact.type == "entries" else first
    return Asked(
        EXAMPLE_NAME,
        "F",
        cases=(case.id,),
        facts=facts,
        channel=about.channels[0],
        filed_year=about.years[0],
        voice=settings.voice or about.voices.default,
    )


def sample_profiles(campaign: Campaign) -> tuple[Asked, ...]:
    """The invented people of the campaign's sample who get a guide. Raises PackError, InputError."""
    sample = campaign.folder / "sample.csv"
    rows = read_applications(sample, campaign) if sample.exists() else ()
    decided = ((row, decide(row, campaign).cases) for row in rows if isinstance(row, Application))
    return tuple(Asked.of(row, cases) for row, cases in decided if cases)


def voices_here(campaign: Campaign, settings: Settings) -> dict[str, str]:
    """The voices that this machine has and the campaign allows: what staff read of each, by its id."""
    online = campaign.description.voices.online_allowed
    return {
        id: kind.description
        for id, kind in VOICES.items()
        if (online or not kind.online)
        # so a voice says that a library is missing, without loading any
        and "absent" not in voice(id, assets=assets_folder(), models=settings.models).version
    }


@dataclass(frozen=True)
class Planned:
    """A guide before anything of it is made: ``keys`` (hex) are its segments', in the order of the script's scenes."""

    script: Script
    outline: Outline
    keys: tuple[str, ...]
    studio: Studio


def plan(application: Application, cases: Sequence[str], campaign: Campaign, settings: Settings) -> Planned:
    """The guide of ``application`` for ``cases``, planned: no codec, voice or drawing library is loaded.

    Raises as ``write_script`` and ``open_studio``.
    """
    script = write_script(application, cases, campaign)
    studio = open_studio(campaign, settings)
    kept = outline(script, campaign, studio.voice.id)
    return Planned(script, kept, tuple(map(studio.key, script.scenes)), studio)


def plan_as_delivered(application: Application, campaign: Campaign, settings: Settings) -> Planned:
    """The guide that a real application gets: one whose name cannot be drawn does not say it.

    Raises InputError when it gets none; else as :func:`plan`.
    """
    decision = decide(application, campaign)
    if decision.left_out:
        raise InputError(f"questa domanda non ha una guida: {campaign.titles[decision.left_out]}")
    try:
        return plan(application, decision.cases, campaign, settings)
    except FirstNameError:
        return plan(nameless(application), decision.cases, campaign, settings)


def nameless(application: Application) -> Application:
    """The same, of somebody whose name can be neither drawn nor said."""
    return replace(application, spoken_name="")


def warm_up(pack: Path, settings: Settings) -> None:
    """Load in this process all that makes a segment: the voice speaks, the libraries of pictures are there.

    Raises PackError, InputError, VoiceError.
    """
    from videoguide import clips, drawing, encoding, narration, pictures  # noqa: F401  loaded, not used

    open_studio(Campaign(pack), settings).voice.speak(SAYABLE, {})


def make_guide(script: Script, studio: Studio, tell: Tell = silently) -> Made:
    """The guide of a script: each segment found or made, in order."""
    segments: list[SegmentFile] = []
    reused: list[bool] = []
    for number, scene in enumerate(script.scenes, 1):
        found = studio.find(scene)
        segments.append(found or studio.make(scene))
        reused.append(found is not None)
        tell(scene.chapter, number, len(script.scenes))
    return Made(Guide(outline(script, studio.campaign, studio.voice.id), tuple(segments)), tuple(reused))
