# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Who gets a guide, and for what: one test a rule of the sample campaign, and the order of the rules."""

from datetime import date
from typing import Any

import pytest

from tests.support.invented_guides import an_extract_row
from videoguide.guide.eligibility import Decision, decide
from videoguide.packs.campaigns import Campaign

DOCUMENTS = {"documents": ("custody-ruling",)}
CHILDREN = {"adult_children": 1}
ANOMALY = {"iban_anomaly": "unverifiable"}


def decision(pack: Campaign, **changes: Any) -> Decision:
    return decide(an_extract_row(pack, **changes), pack)


def test_missing_documents_are_a_case_while_the_application_waits_for_the_citizen(pack: Campaign) -> None:
    assert decision(pack, status="citizen-action", facts=DOCUMENTS) == Decision(("missing-documents",))


def test_an_adult_child_is_a_case_while_the_application_waits_for_the_citizen(pack: Campaign) -> None:
    assert decision(pack, status="citizen-action", facts=CHILDREN) == Decision(("adult-child",))


def test_an_anomaly_of_the_iban_is_a_case_once_the_application_is_accepted(pack: Campaign) -> None:
    assert decision(pack, status="accepted", facts=ANOMALY) == Decision(("unverified-iban",))


def test_several_cases_come_in_the_campaigns_order(pack: Campaign) -> None:
    both = decision(pack, status="citizen-action", facts={**CHILDREN, **DOCUMENTS})
    assert both.cases == ("missing-documents", "adult-child")


def test_a_document_asked_along_with_an_anomaly_is_no_case_of_its_own(pack: Campaign) -> None:
    assert decision(pack, status="accepted", facts={**ANOMALY, **DOCUMENTS}).cases == ("unverified-iban",)


@pytest.mark.parametrize("facts", [DOCUMENTS, CHILDREN], ids=["documents", "adult child"])
def test_what_waits_for_the_citizen_is_no_case_of_an_accepted_application(
    pack: Campaign, facts: dict[str, Any]
) -> None:
    assert decision(pack, status="accepted", facts=facts).left_out == "not-blocked"


def test_an_anomaly_is_no_case_before_the_application_is_accepted(pack: Campaign) -> None:
    assert decision(pack, status="citizen-action", facts=ANOMALY).left_out == "not-blocked"


@pytest.mark.parametrize("status", ["under-review", "office-action", "rejected", "revoked", "lapsed", "waived"])
def test_no_other_status_makes_a_case(pack: Campaign, status: str) -> None:
    assert decision(pack, status=status, facts={**DOCUMENTS, **CHILDREN, **ANOMALY}) == Decision((), "not-blocked")


@pytest.mark.parametrize("status", ["citizen-action", "accepted"])
def test_without_a_fact_nothing_is_blocked(pack: Campaign, status: str) -> None:
    assert decision(pack, status=status) == Decision((), "not-blocked")


def test_without_consent_there_is_no_guide(pack: Campaign) -> None:
    assert decision(pack, consent=False, facts=DOCUMENTS) == Decision((), "no-consent")


@pytest.mark.parametrize(
    ("filed_on", "in_time"),
    [
        (date(2021, 12, 31), False),
        (date(2022, 1, 1), True),
        (date(2023, 12, 31), True),
        (date(2024, 1, 1), False),
    ],
)
def test_only_applications_filed_in_the_campaigns_years_count(pack: Campaign, filed_on: date, in_time: bool) -> None:
    decided = decision(pack, filed_on=filed_on, facts=DOCUMENTS)
    assert decided == (Decision(("missing-documents",)) if in_time else Decision((), "year"))


def test_of_several_reasons_to_be_left_out_the_first_counts(pack: Campaign) -> None:
    old = date(2021, 1, 1)
    assert decision(pack, consent=False, filed_on=old, status="under-review").left_out == "no-consent"
    assert decision(pack, filed_on=old, status="under-review").left_out == "year"


@pytest.mark.parametrize("channel", ["citizen", "patronato"])
@pytest.mark.parametrize("applicant", ["parent", "guardian", "child"])
@pytest.mark.parametrize("sex", ["F", "M", ""])
def test_channel_applicant_and_sex_decide_nothing(pack: Campaign, channel: str, applicant: str, sex: str) -> None:
    decided = decision(pack, channel=channel, applicant=applicant, sex=sex, facts=DOCUMENTS)
    assert decided.cases == ("missing-documents",)


def test_deciding_changes_nothing(pack: Campaign) -> None:
    application = an_extract_row(pack, facts=DOCUMENTS)
    assert decide(application, pack) == decide(application, pack)
    assert application.facts == DOCUMENTS
