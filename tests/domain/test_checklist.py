"""The checklist before going live, line by line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.checklist import ChecklistInput, Item, checklist
from chalicelib.domain.connection import Connection, Freeze
from chalicelib.domain.facts import AccountFact, Requirement
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId, UserId
from chalicelib.domain.money import MINIMUM_CHARGE, minimum_charge
from chalicelib.domain.settings import InvoicingSettings, Reminders
from chalicelib.domain.stripe_pages import address, reminders_note
from chalicelib.domain.terms import NAMED_TERMS

ORG = OrganizationId("org")
NOW = 1_800_000_000
READY = AccountFact("acct_1", NOW, "Blue Pools", True, True, "usd")
CONNECTED = Connection(ORG).activated(READY, StripeAccountId("acct_1"), livemode=True, by=UserId("a"), now=NOW)
SET = InvoicingSettings(ORG, memo="Pay by the link. Questions: 602 555 0143", version=1)
DONE = ChecklistInput(replace(CONNECTED, tested_at=NOW), SET, True, None, [], has_customers=True)
NEVER = ChecklistInput(Connection(ORG), InvoicingSettings(ORG), False, None, [], has_customers=False)
PAUSED = replace(CONNECTED, frozen=Freeze(NOW, "kim", "We look into a double bill."))


def line(checklist_input: ChecklistInput, item_id: str) -> Item:
    return next(item for item in checklist(checklist_input) if item.id == item_id)


def customers(count: int) -> list[CustomerId]:
    return [CustomerId(f"cust_{number}") for number in range(count)]


def test_a_finished_set_up_has_every_verifiable_line_done() -> None:
    assert {item.done for item in checklist(DONE)} == {True, None}


def test_before_connecting_nothing_is_done() -> None:
    items = checklist(NEVER)
    assert [item.id for item in items if item.done] == []
    assert len({item.id for item in items}) == len(items)


@pytest.mark.parametrize("checklist_input", [DONE, NEVER])
def test_every_line_that_is_not_done_has_a_next_step(checklist_input: ChecklistInput) -> None:
    for item in checklist(checklist_input):
        assert item.title
        assert item.detail.endswith((".", "…"))
        assert item.done or item.next_step, item.id


@pytest.mark.parametrize(
    ("item_id", "changes", "done", "expected_text"),
    [
        ("connected", {"connection": replace(CONNECTED, livemode=False)}, True, "test account"),
        ("connected", {"connection": CONNECTED.disconnected("revoked", NOW)}, False, "not connected"),
        (
            "business_verified",
            {
                "connection": replace(
                    CONNECTED,
                    account=replace(READY, charges_enabled=False, requirements=(Requirement("x", "Add a bank."),)),
                )
            },
            False,
            "Add a bank.",
        ),
        ("webhook_healthy", {"webhook_healthy": False, "webhook_problem": "It is disabled."}, False, "disabled"),
        ("webhook_healthy", {"webhook_healthy": None, "webhook_problem": "Not checked."}, None, "Not checked"),
        ("test_invoice", {}, True, "2027-01-15"),
        ("test_invoice", {"connection": CONNECTED}, False, "not been tested"),
        (
            "payment_terms",
            {"settings": replace(SET, payment_terms="net_15")},
            True,
            "due 15 days after they are sent",
        ),
        ("payment_terms", {"settings": replace(SET, payment_terms="days_1")}, True, "due 1 day after they are sent"),
        ("payment_terms", {"settings": replace(SET, payment_terms="due_on_receipt")}, True, "due on the day"),
        ("payment_terms", {"settings": replace(SET, version=0)}, False, "Nobody has chosen"),
        ("payment_instructions", {"settings": replace(SET, memo=None)}, False, "neither memo nor footer"),
        ("payment_instructions", {"settings": replace(SET, memo="Thank you.")}, False, "no phone number"),
        ("payment_instructions", {"settings": replace(SET, memo=None, footer="help@blue.example")}, True, "contact"),
        ("payment_instructions", {"settings": replace(SET, memo="See www.blue.example")}, True, "contact"),
        ("customer_emails", {"has_customers": False}, False, "There are no customers yet"),
        ("invoicing_paused", {"connection": PAUSED}, False, "We look into a double bill."),
        ("customer_emails", {"without_email": customers(1)}, False, "1 customer has no valid"),
        ("customer_emails", {"without_email": customers(7)}, False, "cust_3, cust_4, …"),
        ("customer_emails", {"without_email": customers(101)}, False, "More than 100 customers"),
    ],
)
def test_each_line_states_its_current_value(
    item_id: str, changes: dict[str, Any], done: bool | None, expected_text: str
) -> None:
    item = line(replace(DONE, **changes), item_id)
    assert item.done is done
    assert expected_text in item.detail


def test_an_account_that_cannot_be_verified_any_more_has_another_next_step() -> None:
    given_up = Requirement("account", "Stripe has rejected this account.", "Ask Stripe support about the account.")
    account = replace(READY, charges_enabled=False, requirements=(given_up,))
    item = line(replace(DONE, connection=replace(CONNECTED, account=account)), "business_verified")
    assert (item.detail, item.next_step) == (given_up.message, given_up.next_step)


def test_reminders_lead_to_stripes_pages() -> None:
    pages = {item.id: item.page for item in checklist(DONE) if item.done is None}
    assert set(pages) == {"fees_reviewed", "two_step_login", "connected_apps", "customers_informed"}
    base = "https://dashboard.stripe.com"
    assert address(base, pages["two_step_login"] or "") == f"{base}/settings/user"
    assert address(base, pages["fees_reviewed"] or "") == "https://stripe.com/pricing"


def test_stripes_own_reminders_are_mentioned_only_if_poms_reminders_are_on() -> None:
    assert reminders_note(SET) is None
    note = reminders_note(replace(SET, reminders=Reminders(enabled=True)))
    assert note is not None
    assert "twice" in note.message


def test_the_smallest_charge_of_each_currency() -> None:
    assert (minimum_charge("usd"), minimum_charge("gbp"), minimum_charge("jpy")) == (50, 30, 50)
    assert (minimum_charge("cop"), minimum_charge("clp"), minimum_charge("kwd")) == (10_000, 100, 100_000)
    assert all(minimum_charge(currency) == amount for currency, amount in MINIMUM_CHARGE.items())


def test_a_pause_is_shown_without_the_operators_name() -> None:
    item = line(replace(DONE, connection=PAUSED), "invoicing_paused")
    assert "kim" not in f"{item.detail} {item.next_step}"
    assert item.next_step
    assert "invoicing_paused" not in [each.id for each in checklist(DONE)]


def test_no_line_shows_a_code_for_the_payment_terms() -> None:
    for terms in (*NAMED_TERMS, "days_45"):
        assert terms not in line(replace(DONE, settings=replace(SET, payment_terms=terms)), "payment_terms").detail
