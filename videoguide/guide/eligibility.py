# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Application + campaign -> the cases of its guide, or the reason why it gets none.

All rules are the pack's (``campaign.toml``); applying them changes nothing.
"""

from dataclasses import dataclass

from videoguide.guide.script import application_values
from videoguide.intake.applications import Application
from videoguide.packs import templates
from videoguide.packs.campaigns import Campaign, Ending


@dataclass(frozen=True)
class Decision:
    """Either ``cases`` (ids, in the campaign's order), or in ``left_out`` the reason why there is no guide."""

    cases: tuple[str, ...]
    left_out: str = ""


def decide(application: Application, campaign: Campaign) -> Decision:
    """Apply the pack's rules: the first reason for leaving the application out that holds, or else its cases."""
    values = application_values(application, campaign)
    for rule in campaign.description.rules.left_out:
        if templates.value(rule.when, values, file="campaign.toml", where=f"rules.{rule.reason}"):
            return Decision((), rule.reason)
    cases = tuple(
        case.id
        for case in campaign.description.cases
        if templates.value(case.when, values, file="campaign.toml", where=f"cases.{case.id}")
    )
    return Decision(cases) if cases else Decision((), campaign.description.rules.no_case)


def ending(application: Application, campaign: Campaign) -> Ending | None:
    """Why an application needs no guide any more, as the pack says it; None where nothing is left to do."""
    values = application_values(application, campaign)
    for rule in campaign.description.rules.endings:
        if templates.value(rule.when, values, file="campaign.toml", where=f"rules.endings.{rule.reason}"):
            return rule
    return None
