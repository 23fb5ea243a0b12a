"""A client that loads a draft, changes part of its order and saves it loses nothing else."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from chalicelib.domain.identifiers import InvoiceId
from chalicelib.domain.order import MAX_LINES, Order
from tests.api.client import ApiClient, line
from tests.world import ORGANIZATION, World

DAY = 86_400


def body(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"customerId": "cust_1", "send": False, "lineItems": list(lines or (line(),)), **more}


@pytest.fixture
def office(api: ApiClient, world: World) -> ApiClient:
    """Returns a client of a connected organization with a customer. The settings have a value for each optional
    field.
    """
    world.connect()
    world.customer()
    settings = {
        "paymentTerms": "net_60",
        "memo": "From the settings",
        "footer": "Also from the settings",
        "paymentMethods": ["card", "link"],
    }
    assert api.admin.put("/settings/invoicing", settings).status == 200
    return api


def create_invoice(office: ApiClient, order: dict[str, Any]) -> dict[str, Any]:
    response = office.post("/invoices", order)
    assert response.status == 201, response.text
    return dict(response.json)


def invoice_json(office: ApiClient, invoice_id: str) -> dict[str, Any]:
    return dict(office.get(f"/invoices/{invoice_id}").json)


def stored_order(world: World, invoice_id: str) -> Order:
    invoice = world.ports.invoices.get(ORGANIZATION, InvoiceId(invoice_id))
    assert invoice is not None
    return invoice.order


def account(world: World) -> str:
    return str(world.ports.connections.get(ORGANIZATION).account_id)


def without_dates(detail: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in detail.items() if name not in ("updatedAt", "history")}


def require_saved_without_loss(office: ApiClient, world: World, invoice_id: str) -> None:
    """Fails unless the order is accepted as it was loaded and leaves the invoice and its ETag unchanged."""
    world.deliver()
    before, order = invoice_json(office, invoice_id), stored_order(world, invoice_id)
    in_stripe = [dict(each) for each in world.in_stripe(account(world))]
    response = office.put(f"/invoices/{invoice_id}", before["order"])
    assert response.status == 200, response.text
    world.deliver()
    assert stored_order(world, invoice_id) == order
    assert stored_order(world, invoice_id).edit_tag == order.edit_tag
    assert without_dates(invoice_json(office, invoice_id)) == without_dates(before)
    assert [dict(each) for each in world.in_stripe(account(world))] == in_stripe


ORDERS = {
    "all from the settings": body(),
    "nothing from the settings": body(paymentTerms="net_7", memo="", footer="", paymentMethods=[]),
    "its own terms and texts": body(
        paymentTerms="days_45", memo="Thank you,\nDana", footer="Pay by card", paymentMethods=["card"]
    ),
    "due on receipt": body(paymentTerms="due_on_receipt"),
    "due on a day": body(dueDate="2027-03-01"),
    "days of service, prices and quantities": body(
        line("svc_1", serviceDate="2027-01-10", quantity="1.5000", unitPrice="33.33", taxable=True),
        line("svc_2", serviceDate="2026-02-28", quantity=0.0001, unitPrice=100000),
        line("svc_3", quantity=1e2, unitPrice="0.10"),
        line("svc_4", unitPrice=0),
        tax="7.01",
    ),
    "discounts and credits": body(
        deductions=[
            {"kind": "credit", "description": "Visit that was missed", "amount": "20.00"},
            {"kind": "discount", "description": "Summer rebate", "amount": 5.5},
        ]
    ),
    "a currency without decimals": body(line(unitPrice="7500"), line("svc_2", unitPrice=1), currency="JPY", tax=750),
    "a currency with three decimals": body(line(unitPrice="7.500", quantity="0.5"), currency="kwd", tax="0.110"),
    "250 lines": body(*(line(f"svc_{n}", serviceDate="2027-01-10") for n in range(MAX_LINES))),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_a_drafts_order_saved_as_it_was_loaded_changes_nothing(
    office: ApiClient, world: World, order: dict[str, Any]
) -> None:
    require_saved_without_loss(office, world, create_invoice(office, order)["id"])


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_changed_settings_do_not_enter_a_draft_that_is_saved(
    office: ApiClient, world: World, order: dict[str, Any]
) -> None:
    draft = create_invoice(office, order)
    other_settings = {
        "paymentTerms": "net_15",
        "memo": "Another",
        "footer": "Another",
        "timeZone": "Pacific/Auckland",
    }
    assert office.admin.put("/settings/invoicing", {**other_settings, "paymentMethods": ["link"]}).status == 200
    require_saved_without_loss(office, world, draft["id"])


def test_the_order_of_an_edited_draft_and_of_a_copy_saved_as_loaded_changes_nothing(
    office: ApiClient, world: World
) -> None:
    draft = create_invoice(office, ORDERS["its own terms and texts"])
    edit = office.put(f"/invoices/{draft['id']}", {"lineItems": [line("svc_9", quantity="2")], "footer": ""})
    assert edit.status == 200
    require_saved_without_loss(office, world, draft["id"])
    sent_invoice = create_invoice(
        office, {**ORDERS["days of service, prices and quantities"], "send": True, "memo": ""}
    )
    copy = office.post(f"/invoices/{sent_invoice['id']}/correct", {"confirmed": True})
    assert (copy.status, copy.json["status"]) == (201, "draft")
    require_saved_without_loss(office, world, copy.json["id"])


def test_changing_one_price_changes_nothing_else(office: ApiClient, world: World) -> None:
    draft = create_invoice(office, ORDERS["its own terms and texts"])
    order = invoice_json(office, draft["id"])["order"]
    order["lineItems"][0]["unitPrice"] = "80.00"
    tag = office.get(f"/invoices/{draft['id']}").headers["etag"]
    response = office.put(f"/invoices/{draft['id']}", order, headers={"If-Match": tag})
    assert (response.status, response.json["total"]) == (200, "80.00")
    now = invoice_json(office, draft["id"])["order"]
    assert now == order
    assert (now["paymentTerms"], now["footer"], now["paymentMethods"]) == ("days_45", "Pay by card", ["card"])


def test_the_order_has_every_field_that_settings_would_fill_in(office: ApiClient) -> None:
    plain = invoice_json(office, create_invoice(office, ORDERS["nothing from the settings"])["id"])["order"]
    assert (plain["memo"], plain["footer"], plain["paymentMethods"]) == ("", "", [])
    stored_order = invoice_json(office, create_invoice(office, body(line("svc_2")))["id"])["order"]
    assert stored_order == {
        "lineItems": [
            {
                "serviceId": "svc_2",
                "description": "Weekly cleaning",
                "quantity": "1",
                "unitPrice": "75.00",
                "taxable": False,
                "serviceDate": None,
            }
        ],
        "deductions": [],
        "paymentTerms": "net_60",
        "dueDate": None,
        "tax": "0.00",
        "memo": "From the settings",
        "footer": "Also from the settings",
        "paymentMethods": ["card", "link"],
    }


def test_only_a_draft_has_an_order(office: ApiClient, world: World) -> None:
    draft = create_invoice(office, body())
    office.post(f"/invoices/{draft['id']}/send")
    assert invoice_json(office, draft["id"])["order"] is None
    world.double.order_fault("error_before", method="POST", path="/v1/invoices")
    making = office.post("/invoices", body(line("svc_2"))).json
    assert (making["status"], invoice_json(office, making["id"])["order"]) == ("creating", None)


# The day of a service

TODAY = dt.date(2027, 1, 15)
IN_A_YEAR = "2028-01-16"


@pytest.mark.parametrize("day", ["2000-01-01", "2019-06-30", TODAY.isoformat(), IN_A_YEAR])
def test_work_of_past_years_and_of_the_next_season_can_be_billed(office: ApiClient, world: World, day: str) -> None:
    draft = create_invoice(office, body(line(serviceDate=day)))
    assert office.put(f"/invoices/{draft['id']}", {"lineItems": [line(serviceDate=day, quantity=2)]}).status == 200
    require_saved_without_loss(office, world, draft["id"])


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("0001-01-01", "service_date_too_early"),
        ("0026-11-21", "service_date_too_early"),
        ("1969-12-31", "service_date_too_early"),
        ("1999-12-31", "service_date_too_early"),
        ("2028-01-17", "service_date_too_far"),
        ("2206-11-21", "service_date_too_far"),
        ("9999-12-31", "service_date_too_far"),
    ],
)
def test_a_mistyped_service_date_is_refused_with_its_field_everywhere(
    office: ApiClient, world: World, day: str, code: str
) -> None:
    slip = line("svc_2", serviceDate=day)
    draft = create_invoice(office, body())
    for response, field in (
        (office.post("/invoices", body(line("svc_3"), slip)), "lineItems[1].serviceDate"),
        (office.put(f"/invoices/{draft['id']}", {"lineItems": [slip]}), "lineItems[0].serviceDate"),
        (
            office.post(
                "/invoice-batches",
                {"services": [{"customerId": "cust_1", **each} for each in (line("svc_3"), slip)], "send": False},
            ),
            "services[1].serviceDate",
        ),
    ):
        assert (response.status, response.code, response.error["field"]) == (422, code, field)
        assert "year" in response.error["nextStep"]
    assert "svc_2" not in {service for _, service in world.ports.database.claims}
