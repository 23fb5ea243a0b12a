"""`explain NAME` finds an object by any id or number, or reports the places that it searched."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chalicelib.domain.acts import Subject
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId
from chalicelib.domain.payments import payments_of
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.usecases.customers.customers import sync_again
from chalicelib.usecases.invoicing import invoicing_settings
from infra.ops.act_lines import show_acts
from infra.ops.explain import explain_search
from infra.ops.screen import Screen
from infra.ops.search import Search
from infra.ops.stage import Stage
from tests.usecases.invoicing.refunding import Company
from tests.world import ADMIN, OFFICE, ORGANIZATION


@pytest.fixture
def company() -> Company:
    return Company()


def explained(
    company: Company, name: str, organization: str | None = None, kind: str | None = None, *, as_json: bool = True
) -> Screen:
    """Returns the output of `explain` for a name."""
    stage = cast(Stage, SimpleNamespace(ports=company.world.ports))
    connection = company.world.ports.connections.get(OrganizationId(organization or ORGANIZATION))
    screen = Screen(as_json=as_json)
    explain_search(stage, screen, Search(stage, name, [connection]), organization, kind)
    return screen


def title_and_status(company: Company, name: str) -> tuple[str, str]:
    screen = explained(company, name)
    assert not screen.failed, screen.document
    return screen.document["found"]["kind"], screen.document["found"]["id"]


def number_of(company: Company) -> str:
    fact = company.now.facts.invoice
    assert fact is not None
    assert fact.number is not None
    return fact.number


def test_an_invoice_is_found_by_its_number_by_stripes_id_and_by_poms(company: Company) -> None:
    names = (number_of(company), number_of(company).lower(), str(company.now.stripe_invoice_id), company.invoice.id)
    assert [title_and_status(company, name) for name in names] == [("invoice", company.invoice.id)] * 4


def test_an_invoice_is_found_by_the_stripe_id_of_a_former_revision() -> None:
    company = Company(paid=False)
    former = str(company.now.stripe_invoice_id)
    client, options = company.world.client.v1, cast(Any, {"stripe_account": company.account})
    revision: Any = {"from_invoice": {"action": "revision", "invoice": former}}
    draft = client.invoices.create(revision, options)
    client.invoices.send_invoice(draft.id, None, options)
    company.world.deliver()
    assert company.now.stripe_invoice_id == draft.id
    assert title_and_status(company, former) == title_and_status(company, draft.id) == ("invoice", company.invoice.id)


def test_a_customer_is_found_by_poms_id_and_by_stripes(company: Company) -> None:
    customer_id = company.now.order.customer_id
    customer = company.world.ports.customers.get(ORGANIZATION, CustomerId(customer_id))
    assert customer is not None
    assert customer.link is not None
    for name in (customer_id, customer.link.stripe_customer_id):
        assert title_and_status(company, name) == ("customer", customer_id)
    failure = explained(company, customer_id).document
    assert failure["explanation"] == "Stripe has the same data of the customer as POM."
    assert [each["id"] for each in failure["invoices"]] == [company.invoice.id]
    assert "ann@example.test" not in str(failure)


def test_a_payment_is_found_by_its_intent_its_charge_and_its_refund(company: Company) -> None:
    company.refunds(amount="20")
    company.world.deliver()
    [payment] = payments_of(company.now)
    [refund] = payment.refunds
    assert payment.charge_id is not None
    for name in (payment.id, payment.charge_id, refund.id):
        assert title_and_status(company, name) == ("payment", name)
        related_commands = explained(company, name).document["related"]
        assert ("invoice", company.invoice.id) in [(each["what"], each["id"]) for each in related_commands]
    failure = explained(company, refund.id).document["payment"]
    assert (failure["kind"], failure["amount"], failure["currency"], failure["status"]) == (
        "refund",
        "20.00",
        "usd",
        "succeeded",
    )
    assert failure["payment"] == payment.id


def test_a_refund_shows_who_ordered_it_in_pom_or_that_it_was_created_in_stripe(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    company.refunds(amount="20")
    company.refunds_in_dashboard(1000)
    company.world.deliver()
    [payment] = payments_of(company.now)
    origin_by_amount = {
        each.amount: explained(company, each.id).document["payment"]["made"] for each in payment.refunds
    }
    assert origin_by_amount == {2000: f"ordered in POM by {ADMIN}", 1000: "made in Stripe"}
    explained(company, payment.refunds[0].id, as_json=False)
    assert f"Ordered in POM by {ADMIN}." in capsys.readouterr().out


def test_operators_see_who_did_what_to_a_customer_and_to_the_connection_and_the_settings(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    ports = company.world.ports
    sync_again(ORGANIZATION, CustomerId("cust_1"), ports, by=OFFICE)
    invoicing_settings.change(ORGANIZATION, InvoicingSettings(ORGANIZATION, memo="Thank you."), ports, by=ADMIN)
    failure = explained(company, "cust_1").document["acts"]
    assert [(each["kind"], each["who"]) for each in failure] == [("sync_requested", OFFICE), ("saved", None)]
    stage, screen = cast(Stage, SimpleNamespace(ports=ports)), Screen()
    show_acts(stage, screen, "acts", "it", Subject.connection_of(ORGANIZATION), Subject.settings_of(ORGANIZATION))
    failure = screen.document["acts"]
    assert [each["kind"] for each in failure] == ["settings_changed", "connected", "access_granted", "connect_begun"]
    assert (failure[0]["fields"], failure[0]["by"], failure[0]["who"]) == (["memo"], "user", ADMIN)
    out = capsys.readouterr().out
    assert f"Settings changed: memo ({ADMIN})" in out
    assert "Access granted (stripe)" in out
    assert "Thank you" not in out


def test_a_declined_payment_is_found_although_no_money_moved() -> None:
    company = Company(paid=False)
    stripe_id = str(company.now.stripe_invoice_id)
    company.world.double.pay(company.account, stripe_id, decline=("card_declined", "insufficient_funds"))
    company.world.deliver()
    [payment] = payments_of(company.now)
    failure = explained(company, payment.id).document["payment"]
    assert (failure["status"], failure["reason"]) == ("failed", "insufficient_funds")


def test_a_payment_outside_stripe_is_found_by_poms_own_id(company: Company) -> None:
    other_invoice = company.world.invoice("svc_cash")
    options: Any = {"stripe_account": company.account}
    company.world.client.v1.invoices.pay(str(other_invoice.stripe_invoice_id), {"paid_out_of_band": True}, options)
    company.world.deliver()
    assert title_and_status(company, f"outside_{other_invoice.id}") == ("payment", f"outside_{other_invoice.id}")


def test_a_result_shows_its_kind_its_status_and_the_next_commands(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    explained(company, company.payment_id, as_json=False)
    out = capsys.readouterr().out
    of = f"of invoice {number_of(company)} ({company.invoice.id})"
    assert f"{company.payment_id} is a payment of 75.00 USD by Visa 4242 {of}. Its status is succeeded." in out
    assert f"explain {company.invoice.id} --organization {ORGANIZATION}" in out


@pytest.mark.parametrize(
    ("what", "looked", "advice"),
    [
        ("in_nothing", "an invoice of Stripe's", f"`./ops reconcile {ORGANIZATION} --objects`"),
        ("ch_nothing", "a payment, a refund or a dispute", f"`./ops reconcile {ORGANIZATION} --objects`"),
        ("po_nothing", "a payout", f"`./ops payouts {ORGANIZATION}`"),
        ("inv_nothing", "an invoice of POM's", "pom_invoice_id"),
        ("A-9999", "an invoice with this number", "exactly as it is printed"),
        ("chg_nothing", "an organization", "the id of an event on the bus"),
        ("inpay_nothing", "an organization", "look for the payment (pi_)"),
        ("txn_nothing", "an organization", "the payout that it belongs to"),
    ],
)
def test_an_unknown_name_is_reported_with_the_searched_places_and_suggestions(
    company: Company, what: str, looked: str, advice: str
) -> None:
    screen = explained(company, what, ORGANIZATION)
    assert screen.failed
    [failure] = screen.document["failures"]
    assert f"Nothing called {what} was found in {ORGANIZATION}." in failure
    assert looked in failure
    assert advice in failure


def test_an_object_of_another_kind_than_requested_is_reported_with_its_kind(company: Company) -> None:
    [failure] = explained(company, number_of(company), kind="payout").document["failures"]
    assert f"Nothing called {number_of(company)} is of the kind payout." in failure
    assert "found as invoice" in failure


@pytest.mark.parametrize(("kind", "said"), [("refund", "is a refund of"), ("charge", "is a charge of")])
def test_a_refund_and_a_charge_have_their_own_titles(
    company: Company, capsys: pytest.CaptureFixture[str], kind: str, said: str
) -> None:
    company.refunds(amount="20")
    company.world.deliver()
    [payment] = payments_of(company.now)
    name = payment.refunds[0].id if kind == "refund" else payment.charge_id
    assert name is not None
    explained(company, name, as_json=False)
    assert capsys.readouterr().out.startswith(f"{name} {said} {ORGANIZATION}.")


def test_an_invoice_is_shown_with_its_number_and_its_customer(company: Company) -> None:
    [failure] = explained(company, company.invoice.id).document["invoice"]
    assert (failure["number"], failure["customer"]) == (number_of(company), company.now.order.customer_id)


def test_the_suggested_command_names_the_only_organization(company: Company) -> None:
    [failure] = explained(company, "in_nothing").document["failures"]
    assert f"`./ops reconcile {ORGANIZATION} --objects`" in failure


def test_stripes_ids_of_a_former_account_are_found_if_the_account_is_named(company: Company) -> None:
    [payment] = payments_of(company.now)
    former, stripe_id, charge_id = company.account, company.now.stripe_invoice_id, payment.charge_id
    assert stripe_id is not None
    assert charge_id is not None
    stage = cast(Stage, SimpleNamespace(ports=company.world.ports))
    connection = company.world.ports.connections.get(OrganizationId(ORGANIZATION))
    elsewhere = replace(connection, account_id=StripeAccountId("acct_another"))
    for name, kind in ((stripe_id, "invoice"), (payment.id, "payment"), (charge_id, "payment")):
        screen_without_account, screen_with_account = Screen(as_json=True), Screen(as_json=True)
        explain_search(stage, screen_without_account, Search(stage, name, [elsewhere]), None)
        if name != payment.id:
            assert (
                "If it belongs to a former account, add --account" in screen_without_account.document["failures"][0]
            )
        explain_search(stage, screen_with_account, Search(stage, name, [elsewhere], former), None)
        assert screen_with_account.document["found"]["kind"] == kind


def test_an_organization_that_was_never_connected_is_reported_as_such(company: Company) -> None:
    [failure] = explained(company, "in_nothing", "org_typo").document["failures"]
    assert "org_typo was never connected to Stripe" in failure


def test_an_unreachable_stripe_is_reported_and_not_taken_for_an_empty_result(company: Company) -> None:
    company.world.double.order_fault("error_before", path="/v1/charges/ch_nothing", count=10)
    [failure] = explained(company, "ch_nothing", ORGANIZATION).document["failures"]
    assert f"Stripe could not be searched on {company.account}" in failure


def test_several_objects_with_one_name_are_listed_with_their_commands(company: Company) -> None:
    number = number_of(company)
    company.world.customer(number)
    screen = explained(company, number)
    assert screen.failed
    assert {each["kind"] for each in screen.document["several"]} == {"customer", "invoice"}
    assert all("--kind" in each["command"] for each in screen.document["several"])
    assert explained(company, number, kind="invoice").document["found"]["id"] == company.invoice.id
