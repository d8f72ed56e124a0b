"""The form that asks for a preview, made from the campaign's pack: its page, and what comes back from it."""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.datastructures import FormData

from videoguide import previews
from videoguide.applications import FactValue
from videoguide.campaigns import Campaign
from videoguide.errors import InputError, PackError, UnknownChoice
from videoguide.portal.staff_preview_views import Choice, FactField, PreviewFormPage
from videoguide.previews import Asked

SEXES = {"F": "Donna", "M": "Uomo", "unknown": "Non lo dice"}
APPLICANTS = {"parent": "Genitore", "guardian": "Tutore", "child": "Figlio o figlia"}
CHANNELS = {"citizen": "Da sé, nell’area riservata", "patronato": "Con un patronato"}
"""The words for what every campaign has in common; a channel without words is called by its id."""

_WHICH = {"entries": "quali", "entry": "quale", "count": "quanti"}
_MISSING = {
    "entries": "scegli almeno una voce",
    "entry": "scegli una voce",
    "count": "scrivi un numero da 1 in su",
}


def text(fields: FormData, name: str) -> str:
    """A field's words; empty where it was not sent, or is a file."""
    value = fields.get(name)
    return value.strip() if isinstance(value, str) else ""


def _texts(fields: FormData, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in fields.getlist(name) if isinstance(value, str) and value))


def read(fields: FormData, campaign: Campaign) -> Asked:
    """What the form asks for, as it came; numbers that are none count as −1, which nothing allows."""
    facts: dict[str, FactValue] = {}
    for fact_id, fact in campaign.description.facts.items():
        name = _field_name(fact_id)
        if fact.type == "entries":
            facts[fact_id] = _texts(fields, name)
        elif fact.type == "entry":
            facts[fact_id] = text(fields, name)
        else:
            facts[fact_id] = _number(text(fields, name) or "0")
    channel = text(fields, "channel")
    return Asked(
        first_name=text(fields, "first_name"),
        sex=text(fields, "sex"),
        applicant=text(fields, "applicant"),
        cases=_texts(fields, "case"),
        facts={fact: value for fact, value in facts.items() if value},
        channel=channel,
        # the field is only seen with its channel, and may still hold what was written before
        patronato=text(fields, "patronato") if channel == "patronato" else "",
        filed_year=_number(text(fields, "year")),
        voice=text(fields, "voice"),
    )


def prove(asked: Asked, campaign: Campaign, voices: Mapping[str, str]) -> None:
    """Raises InputError, in the form's words, for what could not be made; a guide's own words are proven by writing
    them."""
    if not asked.cases:
        raise InputError("scegli almeno un caso")
    for case_id in asked.cases:
        case = campaign.case(case_id)
        if case.needs and not asked.facts.get(case.needs):
            raise InputError(f"{case.title}: {_MISSING[campaign.description.facts[case.needs].type]}")
    for fact_id, fact in campaign.description.facts.items():
        value = asked.facts.get(fact_id, 0)
        if fact.type == "count" and not (isinstance(value, int) and 0 <= value <= fact.at_most):
            raise InputError(f"{_case_title(campaign, fact_id)}: ammesso un numero da 0 a {fact.at_most}")
    if asked.voice not in voices:
        raise UnknownChoice("voce", asked.voice, voices)


def page(campaign: Campaign, asked: Asked, voices: Mapping[str, str], **more: Any) -> PreviewFormPage:
    """The form, filled in with ``asked``; ``more`` are the page's own fields."""
    about = campaign.description
    root = f"/staff/{campaign.id}/preview"
    return PreviewFormPage(
        campaign_title=about.title,
        form_url=root,
        sample_url=f"{root}/sample",
        application_url=f"{root}/application",
        first_name=asked.first_name,
        name_letters=about.limits.name_letters,
        sexes=_choices(SEXES, asked.sex),
        applicants=_choices(APPLICANTS, asked.applicant),
        cases=tuple(Choice(case.id, case.title, case.id in asked.cases) for case in about.cases),
        facts=tuple(_fact(campaign, fact_id, asked.facts.get(fact_id)) for fact_id in about.facts),
        channels=_choices({channel: CHANNELS.get(channel, channel) for channel in about.channels}, asked.channel),
        patronato=asked.patronato,
        years=_choices({str(year): str(year) for year in about.years}, str(asked.filed_year)),
        voices=_choices(voices, asked.voice or about.voices.default),
        profiles=_profiles(campaign),
        **more,
    )


def _choices(titles: Mapping[str, str], chosen: str) -> tuple[Choice, ...]:
    return tuple(Choice(value, title, value == chosen) for value, title in titles.items())


def _fact(campaign: Campaign, fact_id: str, value: FactValue | None) -> FactField:
    fact = campaign.description.facts[fact_id]
    chosen: Iterable[Any] = value if isinstance(value, tuple) else (value,)
    return FactField(
        name=_field_name(fact_id),
        type=fact.type,
        title=_title(campaign, fact_id),
        choices=tuple(
            Choice(entry_id, entry.get("title", entry_id), entry_id in chosen)
            for entry_id, entry in campaign.catalogue.get(fact.catalogue, {}).items()
        ),
        count=value if isinstance(value, int) else 0,
        at_most=fact.at_most,
    )


def _title(campaign: Campaign, fact_id: str) -> str:
    return f"{_case_title(campaign, fact_id)}: {_WHICH[campaign.description.facts[fact_id].type]}"


def _case_title(campaign: Campaign, fact_id: str) -> str:
    """A fact as staff know it: by the case that it is told for."""
    about = campaign.description
    return next((case.title for case in about.cases if case.needs == fact_id), about.facts[fact_id].option)


def _profiles(campaign: Campaign) -> tuple[Choice, ...]:
    """The sample's people; none where the sample cannot be read, which is no reason to have no form."""
    try:
        profiles = previews.sample_profiles(campaign)
    except (InputError, PackError):
        return ()
    return tuple(Choice(str(at), _about_profile(profile, campaign)) for at, profile in enumerate(profiles))


def _about_profile(profile: Asked, campaign: Campaign) -> str:
    cases = ", ".join(campaign.titles[case].lower() for case in profile.cases)
    return f"{profile.first_name.title()}: {cases}{', con un patronato' if profile.channel == 'patronato' else ''}"


def _field_name(fact_id: str) -> str:
    return f"fact-{fact_id}"


def _number(given: str) -> int:
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else -1
