"""What POM shows of a Stripe account: its name, and why it cannot take payments."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import stripe

from chalicelib.adapters.stripe.objects import Account
from chalicelib.adapters.stripe.objects.requirements import DISABLED, PAUSED, REJECTED, is_rejected
from chalicelib.domain.facts import COMPLETE_VERIFICATION, AccountFact, Requirement
from tests.literals import literals

TELLING = ("fraud", "risk", "suspic", "terms_of_service", "rejected.", "requirements.")


def account(**changes: Any) -> AccountFact:
    """Returns what is read of an account that Stripe sends like this."""
    sent = {"id": "acct_1", "object": "account", "charges_enabled": False, "type": "standard", **changes}
    return msgspec.json.decode(msgspec.json.encode(sent), type=Account).fact(as_of=1)


def requirements(**changes: Any) -> tuple[Requirement, ...]:
    return account(requirements={"currently_due": [], "past_due": [], "errors": [], **changes}).requirements


LISTED = sorted(literals(stripe.Account.Requirements.__annotations__["disabled_reason"]))
"""What Stripe's own library lists as reasons why an account is disabled."""

REJECTIONS = [reason for reason in LISTED if is_rejected(reason)]


@pytest.mark.parametrize("profile", [None, {}, {"name": None}, {"name": ""}, {"name": "  "}])
def test_an_account_without_a_name_in_its_profile_has_the_dashboards(profile: dict[str, Any] | None) -> None:
    settings = {"dashboard": {"display_name": "Clear Water Pools", "timezone": "America/Phoenix"}}
    assert account(business_profile=profile, settings=settings).business_name == "Clear Water Pools"


def test_the_name_in_the_profile_comes_first() -> None:
    settings = {"dashboard": {"display_name": "clearwater.example"}}
    assert account(business_profile={"name": "Clear Water"}, settings=settings).business_name == "Clear Water"


@pytest.mark.parametrize("settings", [None, {}, {"dashboard": None}, {"dashboard": {"display_name": ""}}])
def test_an_account_may_have_no_name_at_all(settings: dict[str, Any] | None) -> None:
    assert account(business_profile={"name": ""}, settings=settings).business_name is None


@pytest.mark.parametrize("reason", [*REJECTIONS, "rejected.of_tomorrow"])
def test_a_rejected_account_is_asked_for_no_document(reason: str) -> None:
    due = ["individual.id_number", "individual.dob.day", "external_account"]
    error = {"requirement": "individual.id_number", "code": "verification_failed_other", "reason": "Not readable."}
    told = requirements(disabled_reason=reason, currently_due=due, past_due=due, errors=[error])
    assert told == (REJECTED,)
    assert told[0].field == "account"
    assert "Stripe support" in told[0].next_step


def test_the_documents_that_are_due_are_listed_as_before() -> None:
    error = {"requirement": "individual.id_number", "code": "verification_failed_other", "reason": "Not readable."}
    told = requirements(
        disabled_reason="requirements.past_due",
        past_due=["external_account"],
        currently_due=["external_account", "individual.id_number"],
        errors=[error],
    )
    assert [(each.field, each.message) for each in told] == [
        ("external_account", "Add the bank account that payouts go to."),
        ("individual.id_number", "Not readable."),
    ]
    assert [each.next_step for each in told] == [
        "Add the bank account in the Stripe dashboard, under Settings, Payouts.",
        COMPLETE_VERIFICATION,
    ]


@pytest.mark.parametrize("reason", [reason for reason in LISTED if not is_rejected(reason)])
def test_every_reason_that_stripes_library_lists_has_its_sentence(reason: str) -> None:
    assert requirements(disabled_reason=reason) == (DISABLED[reason],)
    assert DISABLED[reason].field == "account"


def test_stripes_library_lists_rejections_and_other_reasons() -> None:
    assert {"rejected.fraud", "rejected.platform_fraud", "rejected.incomplete_verification"} <= set(REJECTIONS)
    assert len(LISTED) > len(REJECTIONS) + 5


def test_while_stripe_checks_there_is_nothing_to_do_but_wait() -> None:
    [told] = requirements(disabled_reason="requirements.pending_verification")
    assert "nothing to do" in told.message
    assert told.next_step.startswith("Wait")


def test_a_reason_of_tomorrow_is_told_without_stripes_word_for_it() -> None:
    assert requirements(disabled_reason="suspected_fraud") == (PAUSED,)


@pytest.mark.parametrize("told", [REJECTED, *DISABLED.values()], ids=lambda each: each.message)
def test_no_sentence_tells_of_fraud_or_repeats_a_code(told: Requirement) -> None:
    said = f"{told.message} {told.next_step}".lower()
    assert [word for word in TELLING if word in said] == []


def test_an_account_that_nothing_is_asked_of_has_no_requirements() -> None:
    assert requirements(disabled_reason=None) == ()
    assert account(requirements=None).requirements == ()


@pytest.mark.parametrize(("sent", "read"), [({"payouts_enabled": False}, False), ({"payouts_enabled": True}, True)])
def test_an_account_says_whether_stripe_pays_out_to_the_bank(sent: dict[str, Any], read: bool) -> None:
    assert account(**sent).payouts_enabled is read


def test_an_account_that_was_stored_before_pom_read_its_payouts_is_not_said_to_be_restricted() -> None:
    stored = msgspec.to_builtins(account(charges_enabled=True, payouts_enabled=False))
    del stored["payouts_enabled"]
    assert msgspec.convert(stored, AccountFact).payouts_enabled
