# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""An application as the columns of its row, and back; and columns that say nothing about a person."""

from typing import Any

from videoguide.intake.applications import Application
from videoguide.packs.campaigns import Campaign
from videoguide.records.database import ApplicationRecord

_WORDS = ("first_name", "sex", "applicant", "channel", "patronato", "status")
"""Text columns about a person."""


def columns_of(application: Application) -> dict[str, Any]:
    """Everything in an application that its guide depends on, by column."""
    return {
        "first_name": application.spoken_name,
        "sex": application.sex,
        "applicant": application.applicant,
        "filed_on": application.filed_on,
        "channel": application.channel,
        "patronato": application.patronato,
        "status": application.status,
        "facts": {name: value for name, value in application.facts.items() if value},
    }


def unnamed_columns() -> dict[str, Any]:
    """The text columns of an application that is left out: empty, so that they say nothing about anybody."""
    return dict.fromkeys(_WORDS, "")


def forgotten_columns() -> dict[str, Any]:
    """What an application's row is set to when nothing about its person may stay."""
    return {"recipient_id": None, "filed_on": None, "facts": None, **unnamed_columns()}


def application_of(record: ApplicationRecord, campaign: Campaign) -> Application:
    """The application in a row: the inverse of :func:`columns_of`.

    A guide does not depend on what a row lacks: fiscal code, contacts, the date of the status.
    """
    facts = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in (record.facts or {}).items()
        if name in campaign.description.facts
    }
    return Application(
        id=record.number,
        fiscal_code="",
        first_name=record.first_name,
        spoken_name=record.first_name,
        sex=record.sex,  # type: ignore[arg-type]
        applicant=record.applicant,
        filed_on=record.filed_on or record.extracted_on,
        channel=record.channel,
        patronato=record.patronato,
        status=record.status,
        status_since=None,
        consent=True,  # without it there would be no guide
        facts=facts,
        email="",
        mobile="",
        on_app_io=False,
        extracted_on=record.extracted_on,
    )
