"""The reasons why customers, payouts, unknown invoices and the account need a person, and when each ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.attention import UnknownInvoice
from chalicelib.domain.company_attention import (
    account_item,
    customer_item,
    payout_item,
    unknown_item,
    unresolved_failures,
)
from chalicelib.domain.connection import Connection
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.facts import AccountFact, Requirement
from chalicelib.domain.identifiers import InvoiceId
from chalicelib.domain.payout import Payout, PayoutFact, new_payout
from tests.contracts.examples import ACCOUNT, NOW, ORG, OTHER_ACCOUNT, customer

DAY = 86400
ARRIVAL = NOW - NOW % DAY


def payout(name: str = "1", status: str = "failed", day: int = 0, **changes: Any) -> Payout:
    """Returns a payout of 120.00 USD, created on that day and arriving two days later."""
    fact = PayoutFact(
        f"po_{name}", NOW + (day + 3) * DAY, status, 12000, "usd", NOW + day * DAY, ARRIVAL + (day + 2) * DAY,
        failure_code="account_closed" if status == "failed" else None,
    )  # fmt: skip
    account = changes.pop("account_id", ACCOUNT)
    returned_in = changes.pop("returned_in", None)
    return replace(new_payout(replace(fact, **changes), ORG, account), returned_in=returned_in)


def listed_payouts(*payouts: Payout) -> list[str]:
    return [each.id for each in unresolved_failures(payouts)]


def test_a_failed_payout_states_the_reason_and_where_to_enter_the_bank_account() -> None:
    item = payout_item(payout(), livemode=True)
    assert (item.id, item.payout_id, item.at) == ("payout_failed:po_1", "po_1", NOW + 3 * DAY)
    assert (item.amount, item.currency) == (12000, "usd")
    assert item.message == (
        "A payout of 120.00 USD was expected at the bank on 17 January 2027. The bank did not accept it. "
        "The bank account has been closed. Its money came back to the Stripe balance."
    )
    assert item.next_step.startswith("Enter another bank account in the Stripe dashboard")
    assert item.page == "/acct_1/payouts/po_1"
    assert payout_item(payout(), livemode=False).page == "/acct_1/test/payouts/po_1"


def test_a_failed_debit_states_the_amount_that_stripe_tried_to_take() -> None:
    item = payout_item(payout(amount=-4000, failure_code="insufficient_funds"), livemode=False)
    assert item.amount == -4000
    assert item.message.startswith("Stripe was to take 40.00 USD from the bank account on 17 January 2027.")


def test_a_failed_payout_needs_a_person() -> None:
    assert listed_payouts(payout()) == ["po_1"]


def test_a_canceled_payout_needs_nobody() -> None:
    assert listed_payouts(payout(status="canceled", automatic=False)) == []


@pytest.mark.parametrize("status", ["pending", "in_transit", "paid"])
def test_a_payout_in_transit_or_paid_needs_nobody(status: str) -> None:
    assert listed_payouts(payout(status=status)) == []


def test_a_failed_payout_is_no_longer_listed_once_another_payout_contains_its_money() -> None:
    failed = payout(returned_in="po_2")
    assert listed_payouts(payout("2", "in_transit", 1), failed) == []
    assert listed_payouts(payout("2", "failed", 1), failed) == ["po_2", "po_1"]
    failed_too = payout("2", "failed", 1, returned_in="po_3")
    assert listed_payouts(payout("3", "in_transit", 2), failed_too, failed) == []


def test_a_failed_payout_stays_listed_if_the_payout_with_its_money_was_reversed() -> None:
    failed, again = payout(returned_in="po_2"), payout("2", "paid", 1, reversed_by_id="po_3")
    reversal = payout("3", "paid", 4, amount=-12000, original_payout_id="po_2")
    assert listed_payouts(reversal, again, failed) == ["po_1"]
    assert listed_payouts(again, failed) == ["po_1"]
    reversal_failed = payout("3", "failed", 4, amount=-12000, original_payout_id="po_2")
    assert "po_1" not in listed_payouts(reversal_failed, again, failed)
    arrived, again = payout("4", "paid", 5), payout("2", "paid", 1, reversed_by_id="po_3", returned_in="po_4")
    assert listed_payouts(arrived, reversal, again, failed) == []


@pytest.mark.parametrize(
    "later",
    [
        payout("2", "paid", 4),
        payout("2", "paid", 7),
    ],
)
def test_a_failed_payout_is_no_longer_listed_once_a_later_automatic_payout_arrived(later: Payout) -> None:
    assert listed_payouts(later, payout()) == []


@pytest.mark.parametrize(
    "later_payout",
    [
        payout("2", "in_transit", 4),
        payout("2", "paid", -1),
        payout("2", "paid", 2),
        payout("2", "paid", 4, currency="cad"),
        payout("2", "paid", 4, account_id=OTHER_ACCOUNT),
        payout("2", "paid", 4, automatic=False),
        payout("2", "paid", 4, amount=-500),
        payout("2", "paid", 4, reversed_by_id="po_3"),
    ],
    ids=[
        "not arrived yet", "earlier", "made before it came back", "another currency", "another account",
        "made by hand", "a debit", "reversed",
    ],
)  # fmt: skip
def test_a_failed_payout_stays_listed_until_its_money_is_in_another_payout(later_payout: Payout) -> None:
    assert listed_payouts(later_payout, payout()) == ["po_1"]


def test_a_failed_manual_payout_is_no_longer_listed_once_it_was_repeated() -> None:
    assert listed_payouts(payout("2", "paid", 4, automatic=False), payout(automatic=False)) == []


@pytest.mark.parametrize("amount", [-4000, 9000])
def test_a_failed_debit_is_no_longer_listed_once_a_later_one_succeeded_or_the_balance_is_positive(
    amount: int,
) -> None:
    assert listed_payouts(payout("2", "paid", 4, amount=amount), payout(amount=-4000)) == []


def test_a_customer_without_an_address_is_listed_until_one_is_entered() -> None:
    ann = customer(updated_at=NOW + 60)
    item = customer_item(ann)
    assert item is not None
    assert (item.id, item.at, item.customer_id) == ("customer_without_email:cust_1", NOW + 60, "cust_1")
    assert item.message == "Ann has no e-mail address, so no invoice can be sent to this customer."
    assert item.next_step == "Enter the customer's e-mail address in POM."
    assert customer_item(replace(ann, profile=Profile(email="ann@example.test"))) is None


def test_a_customer_without_a_name_can_be_listed_too() -> None:
    item = customer_item(customer(profile=Profile()))
    assert item is not None
    assert item.message.startswith("A customer without a name has no e-mail address")


def active_connection(**account: Any) -> Connection:
    fact = AccountFact("acct_1", NOW, "Blue Pools", True, True, "usd")
    return Connection(ORG, ACCOUNT, connected_at=NOW, account=replace(fact, **account))


def test_an_invoice_unknown_to_pom_is_listed_with_where_to_find_it() -> None:
    unknown = UnknownInvoice("in_9", InvoiceId("inv_9"), "POM has no record of it.", NOW)
    item = unknown_item(unknown, active_connection())
    assert (item.id, item.stripe_invoice_id, item.invoice_id) == ("invoice_unknown:in_9", "in_9", "inv_9")
    assert (item.message, item.page) == ("POM has no record of it.", "/acct_1/test/invoices/in_9")
    assert "do not bill its services again" in item.next_step


REQUIREMENT = Requirement(
    "external_account", "The bank account is missing.", "Enter a bank account in the dashboard."
)


@pytest.mark.parametrize(
    ("account", "message"),
    [
        ({"charges_enabled": False}, "Stripe does not let this account take payments."),
        ({"payouts_enabled": False}, "Stripe pays nothing out of this account to the bank."),
        (
            {"charges_enabled": False, "payouts_enabled": False, "requirements": (REQUIREMENT,)},
            "Stripe does not let this account take payments and pays nothing out of this account to the bank: "
            "The bank account is missing.",
        ),
    ],
)
def test_a_restricted_account_states_the_restriction_and_the_next_step(account: dict[str, Any], message: str) -> None:
    item = account_item(active_connection(**account))
    assert item is not None
    assert (item.id, item.at, item.message) == ("account_restricted:acct_1", NOW, message)
    assert item.next_step == active_connection(**account).account.next_step  # type: ignore[union-attr]
    assert item.page == "/account/status"


def test_the_next_step_for_a_restricted_account_fits_every_reason_listed() -> None:
    verify = Requirement("person_1.dob.day", "Complete the details of a person named on the account.")
    item = account_item(active_connection(payouts_enabled=False, requirements=(REQUIREMENT, verify, verify)))
    assert item is not None
    assert item.next_step == (
        "Enter a bank account in the dashboard. Complete the business verification in the Stripe dashboard."
    )


def test_an_account_without_payouts_and_without_a_reason_from_stripe_needs_a_person() -> None:
    item = account_item(active_connection(payouts_enabled=False))
    assert item is not None
    assert item.next_step.startswith("Look at the account's status in the Stripe dashboard")


def test_an_account_without_restrictions_or_whose_connection_has_ended_needs_nobody() -> None:
    assert account_item(active_connection()) is None
    assert account_item(active_connection(charges_enabled=False).disconnected("by_admin", NOW)) is None
    assert account_item(Connection(ORG)) is None
