"""The details of a Stripe account that POM returns: its name, and why it cannot take payments."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import stripe

from chalicelib.adapters.stripe.objects import Account
from chalicelib.adapters.stripe.objects.requirements import DISABLED, PAUSED, REJECTED, is_rejected
from chalicelib.domain.facts import COMPLETE_VERIFICATION, AccountFact, Requirement
from tests.literals import literals

FORBIDDEN_WORDS = ("fraud", "risk", "suspic", "terms_of_service", "rejected.", "requirements.")


def account(**changes: Any) -> AccountFact:
    """Returns the account that is read from Stripe's JSON with these fields."""
    stripe_json = {"id": "acct_1", "object": "account", "charges_enabled": False, "type": "standard", **changes}
    return msgspec.json.decode(msgspec.json.encode(stripe_json), type=Account).fact(as_of=1)


def requirements(**changes: Any) -> tuple[Requirement, ...]:
    return account(requirements={"currently_due": [], "past_due": [], "errors": [], **changes}).requirements


DISABLED_REASONS = sorted(literals(stripe.Account.Requirements.__annotations__["disabled_reason"]))
"""The reasons that Stripe's own library lists for a disabled account."""

REJECTIONS = [reason for reason in DISABLED_REASONS if is_rejected(reason)]


@pytest.mark.parametrize("profile", [None, {}, {"name": None}, {"name": ""}, {"name": "  "}])
def test_an_account_without_a_business_profile_name_has_the_dashboards_name(profile: dict[str, Any] | None) -> None:
    settings = {"dashboard": {"display_name": "Clear Water Pools", "timezone": "America/Phoenix"}}
    assert account(business_profile=profile, settings=settings).business_name == "Clear Water Pools"


def test_the_business_profile_name_comes_first() -> None:
    settings = {"dashboard": {"display_name": "clearwater.example"}}
    assert account(business_profile={"name": "Clear Water"}, settings=settings).business_name == "Clear Water"


@pytest.mark.parametrize("settings", [None, {}, {"dashboard": None}, {"dashboard": {"display_name": ""}}])
def test_an_account_may_have_no_name(settings: dict[str, Any] | None) -> None:
    assert account(business_profile={"name": ""}, settings=settings).business_name is None


@pytest.mark.parametrize("reason", [*REJECTIONS, "rejected.of_tomorrow"])
def test_a_rejected_account_is_not_asked_for_documents(reason: str) -> None:
    due = ["individual.id_number", "individual.dob.day", "external_account"]
    error = {"requirement": "individual.id_number", "code": "verification_failed_other", "reason": "Not readable."}
    items = requirements(disabled_reason=reason, currently_due=due, past_due=due, errors=[error])
    assert items == (REJECTED,)
    assert items[0].field == "account"
    assert "Stripe support" in items[0].next_step


def test_the_due_documents_are_listed() -> None:
    error = {"requirement": "individual.id_number", "code": "verification_failed_other", "reason": "Not readable."}
    items = requirements(
        disabled_reason="requirements.past_due",
        past_due=["external_account"],
        currently_due=["external_account", "individual.id_number"],
        errors=[error],
    )
    assert [(each.field, each.message) for each in items] == [
        ("external_account", "Add the bank account that payouts go to."),
        ("individual.id_number", "Not readable."),
    ]
    assert [each.next_step for each in items] == [
        "Add the bank account in the Stripe dashboard, under Settings, Payouts.",
        COMPLETE_VERIFICATION,
    ]


@pytest.mark.parametrize("reason", [reason for reason in DISABLED_REASONS if not is_rejected(reason)])
def test_every_disabled_reason_of_stripes_library_has_a_sentence(reason: str) -> None:
    assert requirements(disabled_reason=reason) == (DISABLED[reason],)
    assert DISABLED[reason].field == "account"


def test_stripes_library_lists_rejections_and_other_reasons() -> None:
    assert {"rejected.fraud", "rejected.platform_fraud", "rejected.incomplete_verification"} <= set(REJECTIONS)
    assert len(DISABLED_REASONS) > len(REJECTIONS) + 5


def test_while_stripe_verifies_the_only_next_step_is_to_wait() -> None:
    [item] = requirements(disabled_reason="requirements.pending_verification")
    assert "nothing to do" in item.message
    assert item.next_step.startswith("Wait")


def test_an_unknown_reason_has_a_general_sentence_without_stripes_code() -> None:
    assert requirements(disabled_reason="suspected_fraud") == (PAUSED,)


@pytest.mark.parametrize("requirement", [REJECTED, *DISABLED.values()], ids=lambda each: each.message)
def test_no_sentence_mentions_fraud_or_a_code(requirement: Requirement) -> None:
    sentence = f"{requirement.message} {requirement.next_step}".lower()
    assert [word for word in FORBIDDEN_WORDS if word in sentence] == []


def test_an_account_without_due_items_has_no_requirements() -> None:
    assert requirements(disabled_reason=None) == ()
    assert account(requirements=None).requirements == ()


@pytest.mark.parametrize(
    ("fields", "payouts_enabled"), [({"payouts_enabled": False}, False), ({"payouts_enabled": True}, True)]
)
def test_an_account_has_whether_stripe_pays_out_to_the_bank(fields: dict[str, Any], payouts_enabled: bool) -> None:
    assert account(**fields).payouts_enabled is payouts_enabled


def test_an_account_stored_before_payouts_were_read_is_not_restricted() -> None:
    stored_fields = msgspec.to_builtins(account(charges_enabled=True, payouts_enabled=False))
    del stored_fields["payouts_enabled"]
    assert msgspec.convert(stored_fields, AccountFact).payouts_enabled
