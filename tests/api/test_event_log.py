"""An invoice's event log over HTTP: which Stripe events arrived, when, and with which outcome."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.adapters.stripe.events import read_event
from chalicelib.domain.errors import StripeUnavailable
from chalicelib.domain.events import API_VERSION
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.parked_reasons import FAULT, REASONS
from chalicelib.domain.retention import MARKERS
from chalicelib.usecases.events.receive_event import receive_event
from tests.api.client import ApiClient
from tests.boundaries import count_calls
from tests.world import World


def log(api: ApiClient, invoice_id: str, query: str = "first=100") -> Any:
    response = api.get(f"/invoices/{invoice_id}/events?{query}")
    assert response.status == 200, response.text
    return response.json


def of_type(api: ApiClient, invoice_id: str, type_: str) -> Any:
    [event] = [each for each in log(api, invoice_id)["data"] if each["type"] == type_]
    return event


def resend_latest(world: World, account: str, type_: str) -> None:
    """Sends the latest event of this type again."""
    event = next(each for each in world.double.events(account, version=API_VERSION)[::-1] if each["type"] == type_)
    receive_event(read_event(json.dumps(event).encode(), StripeAccountId(account)), Source.WEBHOOK, world.ports)


def test_each_event_is_listed_with_its_outcome(api: ApiClient, world: World, account: str) -> None:
    invoice = world.invoice()
    world.deliver()
    stripe_id = invoice.stripe_invoice_id
    assert of_type(api, invoice.id, "invoice.finalized") == {
        "id": of_type(api, invoice.id, "invoice.finalized")["id"],
        "type": "invoice.finalized",
        "outcome": "nothing_new",
        "source": "webhook",
        "createdAt": "2027-01-15T08:00:00Z",
        "arrivedAt": "2027-01-15T08:00:00Z",
        "lagSeconds": 0,
        "objectId": stripe_id,
        "dashboardUrl": f"https://dashboard.stripe.com/{account}/test/invoices/{stripe_id}",
        "repeated": 0,
        "error": None,
        "reason": None,
    }
    world.double.pay(account, str(stripe_id))
    world.deliver()
    assert of_type(api, invoice.id, "charge.succeeded")["outcome"] == "applied"


def test_an_event_that_the_sweep_fetched_is_marked_recovered_with_its_delay(
    api: ApiClient, world: World, account: str
) -> None:
    invoice = world.invoice()
    world.deliver()
    world.double.set_delivery(lose=["*"])
    world.double.pay(account, str(invoice.stripe_invoice_id))
    world.advance(900)
    world.sweep(objects=False)
    event = of_type(api, invoice.id, "charge.succeeded")
    assert (event["outcome"], event["source"], event["lagSeconds"]) == ("recovered", "sweep", 900)
    assert (event["createdAt"], event["arrivedAt"]) == ("2027-01-15T08:00:00Z", "2027-01-15T08:15:00Z")


def test_a_repeated_event_is_one_row_with_a_count(api: ApiClient, world: World, account: str) -> None:
    invoice = world.invoice()
    world.deliver()
    before = [event["id"] for event in log(api, invoice.id)["data"]]
    resend_latest(world, account, "invoice.finalized")
    resend_latest(world, account, "invoice.finalized")
    assert of_type(api, invoice.id, "invoice.finalized")["repeated"] == 2
    assert [event["id"] for event in log(api, invoice.id)["data"]] == before


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (
            StripeUnavailable("stripe_unreachable", "Stripe did not respond in time.", answered=False),
            "stripe_unreachable",
        ),
        (KeyError("something nobody foresaw"), "internal_error"),
    ],
)
def test_a_parked_event_has_the_code_of_its_error_and_no_details(
    api: ApiClient, world: World, account: str, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    invoice = world.invoice()
    world.deliver()
    world.double.set_delivery(lose=["*"])
    world.double.pay(account, str(invoice.stripe_invoice_id))

    def fails(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(world.ports.invoices, "apply", fails)
        resend_latest(world, account, "invoice.paid")
    event = of_type(api, invoice.id, "invoice.paid")
    assert (event["outcome"], event["source"], event["error"]) == ("parked", None, code)
    assert event["reason"] == (FAULT if code == "internal_error" else REASONS[code])
    assert "foresaw" not in json.dumps(event)
    assert "KeyError" not in json.dumps(event)


def test_the_log_is_paged_with_the_latest_arrival_first(api: ApiClient, world: World, account: str) -> None:
    invoice = world.invoice()
    world.deliver()
    world.advance(60)
    world.double.pay(account, str(invoice.stripe_invoice_id))
    world.deliver()
    whole_log = log(api, invoice.id)
    arrivals = [event["arrivedAt"] for event in whole_log["data"]]
    assert arrivals == sorted(arrivals, reverse=True)
    assert len(arrivals) > 4
    assert whole_log["pageInfo"]["hasNextPage"] is False

    paged_rows, after = [], ""
    while True:
        page = log(api, invoice.id, f"first=2{after}")
        paged_rows += page["data"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = f"&after={page['pageInfo']['endCursor']}"
    assert paged_rows == whole_log["data"]


def test_the_log_of_one_invoice_has_no_events_of_another(api: ApiClient, world: World, account: str) -> None:
    first_invoice, second_invoice = world.invoice("svc_1"), world.invoice("svc_2")
    world.deliver()
    ids = {
        invoice.id: {event["id"] for event in log(api, invoice.id)["data"]}
        for invoice in (first_invoice, second_invoice)
    }
    assert all(ids.values())
    assert not ids[first_invoice.id] & ids[second_invoice.id]
    cursor = log(api, first_invoice.id, "first=1")["pageInfo"]["endCursor"]
    foreign = api.get(f"/invoices/{second_invoice.id}/events?after={cursor}")
    assert (foreign.status, foreign.code) == (422, "cursor_invalid")


def test_a_page_of_the_log_takes_two_reads(api: ApiClient, world: World, account: str) -> None:
    invoice = world.invoice()
    world.deliver()
    boundaries = count_calls(world)
    log(api, invoice.id)
    assert boundaries.calls == ["invoices.get", "events.of_invoice"]


def test_the_response_says_how_long_the_log_is_retained(api: ApiClient, world: World, account: str) -> None:
    assert log(api, world.invoice().id)["keptDays"] == MARKERS.days
