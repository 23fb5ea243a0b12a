"""Over HTTP: why an invoice stands where it stands, and payment links that have expired."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.identifiers import InvoiceId
from chalicelib.usecases.connecting import connect
from tests.api.client import ApiClient
from tests.world import ADMIN, ORGANIZATION, World

DAY = 86400


@pytest.fixture
def account(world: World) -> str:
    account = world.connect()
    world.customer()
    return account


def shown(api: ApiClient, invoice_id: str) -> Any:
    return api.get(f"/invoices/{invoice_id}").json


def test_an_invoice_says_why_it_is_pending_failed_and_paid(api: ApiClient, world: World, account: str) -> None:
    invoice = world.invoice()
    stripe_id = str(invoice.stripe_invoice_id)
    assert shown(api, invoice.id)["explanation"] == (
        "Sent on 15 January 2027. Nobody has tried to pay yet. It is due on 14 February 2027."
    )
    world.advance(DAY)
    world.double.pay(account, stripe_id, "pm_card_visa_chargeDeclinedInsufficientFunds")
    world.deliver()
    failed = shown(api, invoice.id)
    assert failed["status"] == "failed"
    assert failed["explanation"].startswith("The latest attempt to pay, on 16 January 2027, failed. ")
    assert "insufficient funds" in failed["explanation"]
    world.advance(DAY)
    world.double.pay(account, stripe_id)
    world.deliver()
    assert shown(api, invoice.id)["explanation"].startswith("Paid on 17 January 2027")
    api.post(f"/invoices/{invoice.id}/refresh")
    assert shown(api, invoice.id)["explanation"].startswith("Paid on 17 January 2027")


def test_a_check_is_told_with_its_number(api: ApiClient, world: World, account: str) -> None:
    invoice = world.invoice()
    api.post(f"/invoices/{invoice.id}/mark-paid", {"method": "check", "reference": "No. 1042"})
    assert shown(api, invoice.id)["explanation"] == "Paid on 15 January 2027 by check No. 1042, as recorded in POM."


def test_an_expired_link_is_not_shown_and_a_refresh_brings_a_fresh_one(
    api: ApiClient, world: World, account: str
) -> None:
    invoice = world.invoice()
    first = shown(api, invoice.id)
    assert (first["paymentUrl"] is None, first["paymentUrlExpired"]) == (False, False)
    world.advance(61 * DAY)
    dead = shown(api, invoice.id)
    assert (dead["paymentUrl"], dead["pdfUrl"], dead["paymentUrlExpired"]) == (None, None, True)
    assert dead["explanation"].endswith("refresh the invoice to get a new one.")
    listed = api.get("/invoices").json["data"][0]
    assert (listed["paymentUrl"], listed["paymentUrlExpired"]) == (None, True)

    fresh = api.post(f"/invoices/{invoice.id}/refresh").json

    assert fresh["paymentUrlExpired"] is False
    assert fresh["paymentUrl"] not in (None, first["paymentUrl"])
    assert shown(api, invoice.id)["paymentUrl"] == fresh["paymentUrl"]
    [stored] = world.in_stripe(account)
    assert fresh["paymentUrl"] == stored["hosted_invoice_url"]
    version = world.now(invoice).version
    api.post(f"/invoices/{invoice.id}/refresh")
    assert world.now(invoice).version == version, "a link that works is not renewed"
    world.advance(11 * DAY)
    assert shown(api, invoice.id)["paymentUrlExpired"] is True


def test_a_sweep_takes_no_expired_link_for_a_loss(world: World, account: str) -> None:
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
    former = shown(api, InvoiceId(invoice.id))
    assert former["status"] == "pending"
    assert former["explanation"].startswith("Sent on ")
    assert api.get(f"/invoices/{invoice.id}/history").json["data"]
    refused = api.post(f"/invoices/{invoice.id}/refresh")
    assert (refused.status, refused.code) == (409, "invoice_of_other_account")
    assert "reconnect" in refused.error["nextStep"]
