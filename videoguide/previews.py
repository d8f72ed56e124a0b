"""One guide for one invented application, from the words that a member of staff chooses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from videoguide.applications import Application, FactValue, Sex, tidy_name, tidy_patronato
from videoguide.campaigns import Campaign
from videoguide.errors import InputError, UnknownChoice
from videoguide.guides import Guide, outline
from videoguide.payload import SegmentFile
from videoguide.progress import Report, silently
from videoguide.script import Script
from videoguide.segments import Studio

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


def make_guide(script: Script, studio: Studio, report: Report = silently) -> Made:
    """The guide of a script: each segment found or made, in order."""
    segments: list[SegmentFile] = []
    reused: list[bool] = []
    for number, scene in enumerate(script.scenes, 1):
        found = studio.find(scene)
        segments.append(found or studio.make(scene))
        reused.append(found is not None)
        report(scene.chapter, number, len(script.scenes))
    return Made(Guide(outline(script, studio.campaign, studio.voice.id), tuple(segments)), tuple(reused))
