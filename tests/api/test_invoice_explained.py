"""The explanation of an invoice's status over HTTP, and payment links that have expired."""

from __future__ import annotations

from chalicelib.domain.identifiers import InvoiceId
from chalicelib.usecases.connecting import connect
from tests.api.client import ApiClient, invoice_json
from tests.world import ADMIN, ORGANIZATION, World

DAY = 86400


def test_an_invoice_says_why_it_is_pending_failed_and_paid(api: ApiClient, world: World, account: str) -> None:
    invoice = world.invoice()
    stripe_id = str(invoice.stripe_invoice_id)
    assert invoice_json(api, invoice.id)["explanation"] == (
        "Sent on 15 January 2027. Nobody has tried to pay yet. It is due on 14 February 2027."
    )
    world.advance(DAY)
    world.double.pay(account, stripe_id, "pm_card_visa_chargeDeclinedInsufficientFunds")
    world.deliver()
    failed_invoice = invoice_json(api, invoice.id)
    assert failed_invoice["status"] == "failed"
    assert failed_invoice["explanation"].startswith("The latest attempt to pay, on 16 January 2027, failed. ")
    assert "insufficient funds" in failed_invoice["explanation"]
    world.advance(DAY)
    world.double.pay(account, stripe_id)
    world.deliver()
    assert invoice_json(api, invoice.id)["explanation"].startswith("Paid on 17 January 2027")
    api.post(f"/invoices/{invoice.id}/refresh")
    assert invoice_json(api, invoice.id)["explanation"].startswith("Paid on 17 January 2027")


def test_a_payment_by_check_has_its_number(api: ApiClient, world: World, account: str) -> None:
    invoice = world.invoice()
    api.post(f"/invoices/{invoice.id}/mark-paid", {"method": "check", "reference": "No. 1042"})
    assert (
        invoice_json(api, invoice.id)["explanation"]
        == "Paid on 15 January 2027 by check No. 1042, as recorded in POM."
    )


def test_an_expired_link_is_left_out_and_a_refresh_fetches_a_new_one(
    api: ApiClient, world: World, account: str
) -> None:
    invoice = world.invoice()
    first = invoice_json(api, invoice.id)
    assert (first["paymentUrl"] is None, first["paymentUrlExpired"]) == (False, False)
    world.advance(61 * DAY)
    dead = invoice_json(api, invoice.id)
    assert (dead["paymentUrl"], dead["pdfUrl"], dead["paymentUrlExpired"]) == (None, None, True)
    assert dead["explanation"].endswith("refresh the invoice to get a new one.")
    listed_invoice = api.get("/invoices").json["data"][0]
    assert (listed_invoice["paymentUrl"], listed_invoice["paymentUrlExpired"]) == (None, True)

    fresh = api.post(f"/invoices/{invoice.id}/refresh").json

    assert fresh["paymentUrlExpired"] is False
    assert fresh["paymentUrl"] not in (None, first["paymentUrl"])
    assert invoice_json(api, invoice.id)["paymentUrl"] == fresh["paymentUrl"]
    [stripe_invoice] = world.in_stripe(account)
    assert fresh["paymentUrl"] == stripe_invoice["hosted_invoice_url"]
    version = world.now(invoice).version
    api.post(f"/invoices/{invoice.id}/refresh")
    assert world.now(invoice).version == version, "a link that works is not renewed"
    world.advance(11 * DAY)
    assert invoice_json(api, invoice.id)["paymentUrlExpired"] is True


def test_a_sweep_does_not_treat_an_expired_link_as_a_difference(world: World, account: str) -> None:
    invoice = world.invoice()
    world.deliver()
    world.advance(61 * DAY)
    world.deliver()
    world.sweep()
    before = world.now(invoice).version
    assert world.sweep().corrected == 0
    assert world.now(invoice).version == before


def test_invoices_of_a_former_account_stay_readable(api: ApiClient, world: World, account: str) -> None:
    invoice = world.invoice()
    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    world.advance(60)
    world.connect()
    former = invoice_json(api, InvoiceId(invoice.id))
    assert former["status"] == "pending"
    assert former["explanation"].startswith("Sent on ")
    assert api.get(f"/invoices/{invoice.id}/history").json["data"]
    refusal = api.post(f"/invoices/{invoice.id}/refresh")
    assert (refusal.status, refusal.code) == (409, "invoice_of_other_account")
    assert "reconnect" in refusal.error["nextStep"]
