# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""The form that asks for a preview, made from the campaign's pack: its page, and reading what comes back."""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.datastructures import FormData

from videoguide.errors import InputError, PackError, UnknownChoice
from videoguide.intake.applications import FactValue
from videoguide.packs.campaigns import Campaign
from videoguide.portal.staff.preview_views import Choice, FactField, PreviewFormPage
from videoguide.proof import previews
from videoguide.proof.previews import PreviewRequest

SEXES = {"F": "Donna", "M": "Uomo", "unknown": "Non lo dice"}
APPLICANTS = {"parent": "Genitore", "guardian": "Tutore", "child": "Figlio o figlia"}
CHANNELS = {"citizen": "Da sé, nell’area riservata", "patronato": "Con un patronato"}
"""The answers that every campaign has in common; a channel that is not here is shown by its id."""

_WHICH = {"entries": "quali", "entry": "quale", "count": "quanti"}
_MISSING = {
    "entries": "scegli almeno una voce",
    "entry": "scegli una voce",
    "count": "scrivi un numero da 1 in su",
}


def text(fields: FormData, name: str) -> str:
    """The text of a field; empty if it was not sent, or if it is a file."""
    value = fields.get(name)
    return value.strip() if isinstance(value, str) else ""


def _texts(fields: FormData, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in fields.getlist(name) if isinstance(value, str) and value))


def read(fields: FormData, campaign: Campaign) -> PreviewRequest:
    """What the form asks for, unchecked; a number that is not a number becomes −1, which is allowed nowhere."""
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
    return PreviewRequest(
        first_name=text(fields, "first_name"),
        sex=text(fields, "sex"),
        applicant=text(fields, "applicant"),
        cases=_texts(fields, "case"),
        facts={fact: value for fact, value in facts.items() if value},
        channel=channel,
        # the field is only visible with its channel, and may still hold what was written before
        patronato=text(fields, "patronato") if channel == "patronato" else "",
        filed_year=_number(text(fields, "year")),
        voice=text(fields, "voice"),
    )


def prove(asked: PreviewRequest, campaign: Campaign, voices: Mapping[str, str]) -> None:
    """Raises InputError, in the words of the form, for what cannot be made.

    The words of the guide are checked by writing the script.
    """
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


def page(campaign: Campaign, asked: PreviewRequest, voices: Mapping[str, str], **more: Any) -> PreviewFormPage:
    """The form, filled in with ``asked``; ``more`` are the fields that every page for staff has, and the problem."""
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
    """A fact as staff know it: by the title of the case that needs it."""
    about = campaign.description
    return next((case.title for case in about.cases if case.needs == fact_id), about.facts[fact_id].option)


def _profiles(campaign: Campaign) -> tuple[Choice, ...]:
    """The people of the sample; none if the sample cannot be read, because the form is useful without it."""
    try:
        profiles = previews.sample_profiles(campaign)
    except (InputError, PackError):
        return ()
    return tuple(Choice(str(at), _about_profile(profile, campaign)) for at, profile in enumerate(profiles))


def _about_profile(profile: PreviewRequest, campaign: Campaign) -> str:
    cases = ", ".join(campaign.titles[case].lower() for case in profile.cases)
    return f"{profile.first_name.title()}: {cases}{', con un patronato' if profile.channel == 'patronato' else ''}"


def _field_name(fact_id: str) -> str:
    return f"fact-{fact_id}"


def _number(given: str) -> int:
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else -1
