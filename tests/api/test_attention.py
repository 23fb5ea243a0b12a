"""The list of items that need a person, over HTTP."""

from __future__ import annotations

import re

import pytest

from chalicelib.domain.attention import AttentionKind
from tests.api.client import OTHER_ORGANIZATION, ApiClient
from tests.world import World

DAY = 86400


def open_dispute(world: World) -> str:
    """Opens a dispute of a customer's payment, and returns the dispute's id."""
    invoice = world.invoice()
    world.double.pay(invoice.stripe_account_id, invoice.stripe_invoice_id or "", "pm_card_visa")
    charge = world.in_stripe(invoice.stripe_account_id, "charge")[-1]["id"]
    dispute = world.double.open_dispute(invoice.stripe_account_id, charge)["id"]
    world.deliver()
    return str(dispute)


def test_an_attention_item_has_every_field_that_a_page_displays(office: ApiClient, world: World) -> None:
    dispute = open_dispute(world)
    response = office.acting("member").get("/attention")
    assert response.status == 200
    assert list(response.json) == ["data", "counts"]
    [item] = response.json["data"]
    [invoice] = world.ports.database.invoices.values()
    due_by = invoice.facts.disputes[dispute].due_by
    assert due_by is not None
    assert invoice.facts.invoice is not None
    number = invoice.facts.invoice.number
    assert re.fullmatch(
        f"The customer's bank disputes 75.00 USD of invoice {number}. "
        r"The evidence is due in \d+ days, by \d+ January 2027\.",
        item.pop("message"),
    )
    assert item.pop("nextStep").startswith("Answer the dispute in the Stripe dashboard")
    assert item == {
        "id": f"dispute_needs_response:{dispute}",
        "kind": "dispute_needs_response",
        "at": "2027-01-15T08:00:00Z",
        "invoiceId": invoice.id,
        "number": number,
        "customerId": "cust_1",
        "customerName": "Ann Lee",
        "stripeInvoiceId": invoice.stripe_invoice_id,
        "payoutId": None,
        "amount": "75.00",
        "currency": "usd",
        "dueBy": item["dueBy"],
        "dashboardUrl": f"https://dashboard.stripe.com/{invoice.stripe_account_id}/test/disputes/{dispute}",
    }
    assert item["dueBy"].startswith("2027-")


def test_every_kind_is_counted_even_with_no_items(office: ApiClient, world: World) -> None:
    open_dispute(world)
    counts = {each["kind"]: (each["count"], each["atLeast"]) for each in office.get("/attention").json["counts"]}
    assert counts == {kind.value: (0, False) for kind in AttentionKind} | {"dispute_needs_response": (1, False)}


def test_one_kind_can_be_requested_alone(office: ApiClient, world: World) -> None:
    open_dispute(world)
    world.customer("cust_2", None)
    response = office.get("/attention?kind=customer_without_email").json
    assert [(each["kind"], each["customerId"]) for each in response["data"]] == [("customer_without_email", "cust_2")]
    assert response["counts"] == [{"kind": "customer_without_email", "count": 1, "atLeast": False}]


def test_an_account_restricted_by_stripe_links_to_the_page_of_missing_details(
    office: ApiClient, world: World
) -> None:
    [account] = {each.account_id for each in world.ports.database.connections.values()}
    world.double.update_account(str(account), charges_enabled=False)
    world.deliver()
    [item] = office.get("/attention?kind=account_restricted").json["data"]
    assert item["dashboardUrl"] == "https://dashboard.stripe.com/account/status"
    assert (item["amount"], item["currency"], item["invoiceId"]) == (None, None, None)


def test_the_days_after_which_an_invoice_is_listed_as_overdue_can_be_chosen(office: ApiClient, world: World) -> None:
    world.invoice(payment_terms="due_on_receipt")
    world.advance(5 * DAY)
    world.plan_day()
    assert office.get("/attention").json["data"] == []
    [item] = office.get("/attention?overdueDays=5").json["data"]
    assert (item["kind"], item["dueBy"][:10]) == ("invoice_overdue", "2027-01-15")


def test_another_organization_cannot_read_any_of_the_data(office: ApiClient, world: World) -> None:
    open_dispute(world)
    theirs = office.acting("admin", organization=OTHER_ORGANIZATION).get("/attention")
    assert (theirs.status, theirs.json["data"]) == (200, [])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("kind=everything", "kind"),
        ("overdueDays=0", "overdueDays"),
        ("overdueDays=366", "overdueDays"),
        ("overdueDays=soon", "overdueDays"),
        ("first=0", "first"),
        ("first=101", "first"),
        ("after=cursor", "after"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(office: ApiClient, query: str, field: str) -> None:
    response = office.get(f"/attention?{query}")
    assert (response.status, response.code, response.error["field"]) == (400, "invalid_query", field)
