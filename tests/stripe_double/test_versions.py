"""The shapes of events for accounts and endpoints on older API versions."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stripe

from infra.stripe_double import API_VERSION, VERSIONS, Clock, Config, InProcessClient, StripeDouble
from tests.stripe_double.conftest import Company, Inbox

OLD = [v for v in VERSIONS if v < "2025-03-31"]
NEW = [v for v in VERSIONS if v >= "2025-03-31"]


def on(version: str, inbox: Inbox | None = None) -> Company:
    double = StripeDouble(
        Config(seed=5, account_version=version), clock=Clock.frozen(), transport=inbox or (lambda *_: 200)
    )
    client = stripe.StripeClient(double.config.platform_key_test, http_client=InProcessClient(double))
    return Company(double, client, double.create_account()["id"])


def last(company: Company, type_: str) -> dict[str, Any]:
    """Returns the newest event of a type as GET /v1/events lists it, but as a plain dict."""
    events = [e for e in company.double.events(company.account) if e["type"] == type_]
    (same,) = [e for e in company.events(type_) if e.id == events[-1]["id"]]
    assert same.to_dict(for_json=True)["data"]["object"] == events[-1]["data"]["object"]
    return events[-1]


def last_object(company: Company, type_: str) -> dict[str, Any]:
    snapshot: dict[str, Any] = last(company, type_)["data"]["object"]
    return snapshot


def endpoint(company: Company, **settings: Any) -> None:
    company.double.add_webhook_endpoint("http://pom.test/v1/stripe/webhooks", **settings)


def bodies(inbox: Inbox) -> dict[str, Any]:
    return {e["type"]: e for e in (json.loads(body) for _, body, _ in inbox.received)}


@pytest.mark.parametrize("version", VERSIONS)
def test_events_are_listed_in_the_accounts_version_whatever_version_the_caller_sends(version: str) -> None:
    company = on(version)
    company.pay(company.open())

    assert {e.api_version for e in company.events()} == {version}
    event = company.events("invoice.paid")[0]
    for sent in VERSIONS:
        opts = {**company.opts, "stripe_version": sent}
        assert company.v1.events.retrieve(event.id, None, opts).to_dict() == event.to_dict()
        assert {e.api_version for e in company.v1.events.list(None, opts).data} == {version}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_apis_own_responses_stay_in_the_callers_version(version: str) -> None:
    company = on(version)
    invoice = company.open()
    company.pay(invoice)

    assert {"paid", "payment_intent", "closed"}.isdisjoint(company.get(invoice).to_dict())
    assert company.intent(invoice).latest_charge == company.charge(invoice).id


def test_an_account_keeps_the_version_in_which_its_events_were_made() -> None:
    company = on("2018-02-06")
    company.pay(company.open())
    company.double.update_account(company.account, api_version=API_VERSION)
    company.pay(company.open())

    first, second = company.events("invoice.paid")
    assert (first.api_version, second.api_version) == ("2018-02-06", API_VERSION)
    assert ("closed" in first.data.object, "closed" in second.data.object) == (True, False)


@pytest.mark.parametrize("version", [None, "2018-02-06", *NEW])
def test_a_webhook_is_rendered_in_its_endpoints_version_or_else_in_the_accounts(version: str | None) -> None:
    inbox = Inbox()
    company = on("2020-08-27", inbox)
    endpoint(company, api_version=version)
    company.pay(company.open())
    company.double.drain()

    paid = bodies(inbox)["invoice.paid"]
    assert paid["api_version"] == (version or "2020-08-27")
    assert ("paid" in paid["data"]["object"]) is (version not in NEW)
    assert company.events("invoice.paid")[0].api_version == "2020-08-27"


def test_connect_events_carry_the_accounts_version_even_at_a_pinned_endpoint() -> None:
    inbox = Inbox()
    company = on("2018-02-06", inbox)
    endpoint(company, api_version=API_VERSION)
    company.double.revoke(company.account)
    code = company.double.authorization_code(company.account)
    company.client.oauth.token({"grant_type": "authorization_code", "code": code})  # type: ignore[attr-defined]
    company.customer()
    company.double.drain()

    found = {type_: e["api_version"] for type_, e in bodies(inbox).items()}
    assert found == {
        "account.application.deauthorized": "2018-02-06",
        "account.application.authorized": "2018-02-06",
        "customer.created": API_VERSION,
    }


@pytest.mark.parametrize("version", OLD)
def test_before_basil_an_invoice_names_its_payment_and_a_payment_its_invoice(version: str) -> None:
    company = on(version)
    invoice = company.open(10_000)
    company.pay(invoice)
    intent, charge = company.intent(invoice), company.charge(invoice)

    paid = last_object(company, "invoice.paid")
    assert (paid["payment_intent"], paid["charge"], paid["paid"]) == (intent.id, charge.id, True)
    assert (paid["paid_out_of_band"], paid["tax"]) == (False, None)
    assert {"total_taxes", "amount_overpaid", "amount_paid_off_stripe", "parent"}.isdisjoint(paid)
    assert last_object(company, "payment_intent.succeeded")["invoice"] == invoice.id
    charge_object = last_object(company, "charge.succeeded")
    assert (charge_object["invoice"], charge_object["payment_intent"]) == (invoice.id, intent.id)


@pytest.mark.parametrize("version", NEW)
def test_since_basil_neither_names_the_other(version: str) -> None:
    company = on(version)
    company.pay(company.open())

    assert {"payment_intent", "charge", "paid", "tax"}.isdisjoint(last_object(company, "invoice.paid"))
    assert "amount_overpaid" in last_object(company, "invoice.paid")
    for type_ in ("payment_intent.succeeded", "charge.succeeded"):
        assert "invoice" not in last_object(company, type_)


@pytest.mark.parametrize("version", VERSIONS)
def test_refunds_disputes_and_charges_name_their_intent_and_notes_their_invoice_in_every_version(
    version: str,
) -> None:
    company = on(version)
    invoice = company.open(10_000)
    company.pay(invoice)
    intent, charge = company.intent(invoice), company.charge(invoice)
    given = {"invoice": invoice.id, "amount": 100, "refund_amount": 100}
    company.v1.credit_notes.create(given, company.opts)
    company.double.open_dispute(company.account, charge.id)

    for type_ in ("refund.created", "charge.refunded", "charge.dispute.created", "charge.succeeded"):
        assert last_object(company, type_)["payment_intent"] == intent.id
    assert last_object(company, "credit_note.created")["invoice"] == invoice.id
    assert ("refund" in last_object(company, "credit_note.created")) is (version in OLD)


def test_taxes_of_an_old_invoice_are_one_sum_and_a_list_of_its_own() -> None:
    company = on("2022-11-15")
    rate = company.v1.tax_rates.create({"display_name": "Tax", "percentage": 10, "inclusive": False}, company.opts)
    draft = company.draft()
    company.v1.invoices.add_lines(draft.id, {"lines": [{"amount": 10_000, "tax_rates": [rate.id]}]}, company.opts)
    company.v1.invoices.finalize_invoice(draft.id, None, company.opts)

    invoice = last_object(company, "invoice.finalized")
    (line,) = invoice["lines"]["data"]
    assert invoice["tax"] == 1_000
    for amounts in (invoice["total_tax_amounts"], line["tax_amounts"]):
        assert [(t["amount"], t["tax_rate"], t["inclusive"]) for t in amounts] == [(1_000, rate.id, False)]
    assert (line["type"], line["price"]["object"]) == ("invoiceitem", "price")
    assert {"taxes", "pricing", "parent"}.isdisjoint(line)


@pytest.mark.parametrize("version", ["2018-02-06", "2020-08-27"])
def test_an_old_intent_embeds_its_charges_and_an_old_charge_its_refunds_as_of_the_event(version: str) -> None:
    company = on(version)
    invoice = company.open()
    company.pay(invoice, "4000000000000002")
    failed = last_object(company, "payment_intent.payment_failed")
    company.pay(invoice)
    charge = company.charge(invoice)
    company.v1.refunds.create({"charge": charge.id, "amount": 100}, company.opts)

    assert [c["status"] for c in failed["charges"]["data"]] == ["failed"]
    assert "latest_charge" not in failed
    succeeded = last_object(company, "payment_intent.succeeded")["charges"]["data"]
    assert [(c["status"], c["invoice"]) for c in succeeded] == [("succeeded", invoice.id), ("failed", invoice.id)]
    assert succeeded[0]["refunds"]["data"] == []
    assert [r["amount"] for r in last_object(company, "charge.refunded")["refunds"]["data"]] == [100]
    assert last_object(company, "payment_intent.payment_failed") == failed


def test_an_event_shows_the_object_as_it_was_in_every_version_after_later_changes() -> None:
    company = on("2020-08-27")
    invoice = company.open()
    company.pay(invoice, "4000000000000002")
    before = {v: company.double.events(company.account, version=v) for v in VERSIONS}

    company.pay(invoice)
    company.double.advance(1_000)

    for version, events in before.items():
        after = company.double.events(company.account, version=version)
        assert after[: len(events)] == events


@pytest.mark.parametrize("version", VERSIONS)
def test_events_of_a_deleted_draft_are_still_listed(version: str) -> None:
    company = on(version)
    draft = company.draft(500)
    company.v1.invoices.delete(draft.id, None, company.opts)

    assert last_object(company, "invoice.created")["id"] == last_object(company, "invoice.deleted")["id"] == draft.id
    assert last_object(company, "invoice.deleted")["lines"]["total_count"] == 1


def test_an_account_of_2018_has_the_field_names_of_2018() -> None:
    company = on("2018-02-06")
    invoice = company.open()
    company.pay(invoice, "4000002760003184")
    company.double.update_account(company.account, currently_due=["external_account"], past_due=["tos"])

    open_invoice = last_object(company, "invoice.finalized")
    assert (open_invoice["billing"], open_invoice["closed"], open_invoice["forgiven"]) == (
        "send_invoice", False, False,
    )  # fmt: skip
    assert (open_invoice["date"], open_invoice["finalized_at"]) == (invoice.created, invoice.created)
    assert {"status", "created", "status_transitions", "collection_method"}.isdisjoint(open_invoice)
    asked = last_object(company, "payment_intent.requires_action")
    assert asked["status"] == "requires_source_action"
    assert asked["next_source_action"]["type"] == "authorize_with_url"
    assert last_object(company, "payment_intent.created")["status"] == "requires_source"
    customer = last_object(company, "customer.created")
    assert (customer["account_balance"], customer["sources"]["data"]) == (0, [])
    account = last_object(company, "account.updated")
    assert (account["business_name"], account["display_name"]) == (None, "Blue Lagoon Pools")
    assert account["verification"]["fields_needed"] == ["tos", "external_account"]
    assert {"requirements", "business_profile", "capabilities", "settings"}.isdisjoint(account)


@pytest.mark.parametrize(
    ("do", "closed", "forgiven"), [("void_invoice", True, False), ("mark_uncollectible", True, True)]
)
def test_an_invoice_without_a_status_is_closed_or_forgiven(do: str, closed: bool, forgiven: bool) -> None:
    company = on("2018-02-06")
    getattr(company.v1.invoices, do)(company.open().id, None, company.opts)

    invoice = last_object(company, "invoice.updated")
    assert (invoice["paid"], invoice["closed"], invoice["forgiven"]) == (False, closed, forgiven)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_test_decides_whether_accounts_before_basil_get_payments_of_invoices(version: str) -> None:
    company = on(version)
    company.pay(company.open())
    company.double.set_delivery(invoice_payments_before_basil=False)
    company.pay(company.open())

    assert len(company.events("invoice_payment.paid")) == (1 if version in OLD else 2)
    assert len(company.events("invoice.paid")) == 2


@pytest.mark.parametrize("version", VERSIONS)
def test_a_test_decides_whether_accounts_before_acacia_get_events_of_refunds(version: str) -> None:
    company = on(version)
    company.double.set_delivery(refunds_before_acacia=False)
    invoice = company.open()
    company.pay(invoice)
    refund = company.v1.refunds.create({"payment_intent": company.intent(invoice).id}, company.opts)
    company.double.settle_refund(company.account, refund.id, outcome="failed")

    assert len(company.events("refund.*")) == (0 if version < "2024-10-28" else 3)
    assert len(company.events("charge.refunded", "charge.refund.updated")) == 2
