"""Application + campaign -> in or out with the reason, and the cases. Pure rules, all of them the
pack's (``campaign.toml``)."""

from dataclasses import dataclass

from videoguide import templates
from videoguide.applications import Application
from videoguide.campaigns import Campaign
from videoguide.script import application_values


@dataclass(frozen=True)
class Decision:
    """Either ``cases`` (ids, in the campaign's order) or the reason why the person is left out."""

    cases: tuple[str, ...]
    left_out: str = ""


def decide(application: Application, campaign: Campaign) -> Decision:
    """Apply the pack's rules: the first reason to leave out that holds, else the cases."""
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
