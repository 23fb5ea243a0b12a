"""An invoice's event log over HTTP: which of Stripe's events came, when, and what became of each."""

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


@pytest.fixture
def account(world: World) -> str:
    account = world.connect()
    world.customer()
    return account


def log(api: ApiClient, invoice_id: str, query: str = "first=100") -> Any:
    answer = api.get(f"/invoices/{invoice_id}/events?{query}")
    assert answer.status == 200, answer.text
    return answer.json


def of_type(api: ApiClient, invoice_id: str, type_: str) -> Any:
    [event] = [each for each in log(api, invoice_id)["data"] if each["type"] == type_]
    return event


def comes_again(world: World, account: str, type_: str) -> None:
    """Stripe sends the latest event of this type again."""
    event = next(each for each in world.double.events(account, version=API_VERSION)[::-1] if each["type"] == type_)
    receive_event(read_event(json.dumps(event).encode(), StripeAccountId(account)), Source.WEBHOOK, world.ports)


def test_each_event_is_told_with_what_became_of_it(api: ApiClient, world: World, account: str) -> None:
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


def test_an_event_that_the_sweep_fetched_is_recovered_and_tells_how_late_it_was(
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


def test_an_event_that_comes_again_is_one_row_that_counts(api: ApiClient, world: World, account: str) -> None:
    invoice = world.invoice()
    world.deliver()
    before = [event["id"] for event in log(api, invoice.id)["data"]]
    comes_again(world, account, "invoice.finalized")
    comes_again(world, account, "invoice.finalized")
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
def test_a_parked_event_says_why_by_a_code_and_nothing_of_the_cause(
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
        comes_again(world, account, "invoice.paid")
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
    whole = log(api, invoice.id)
    arrivals = [event["arrivedAt"] for event in whole["data"]]
    assert arrivals == sorted(arrivals, reverse=True)
    assert len(arrivals) > 4
    assert whole["pageInfo"]["hasNextPage"] is False

    paged, after = [], ""
    while True:
        page = log(api, invoice.id, f"first=2{after}")
        paged += page["data"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = f"&after={page['pageInfo']['endCursor']}"
    assert paged == whole["data"]


def test_the_log_of_one_invoice_has_no_events_of_another(api: ApiClient, world: World, account: str) -> None:
    one, other = world.invoice("svc_1"), world.invoice("svc_2")
    world.deliver()
    ids = {invoice.id: {event["id"] for event in log(api, invoice.id)["data"]} for invoice in (one, other)}
    assert all(ids.values())
    assert not ids[one.id] & ids[other.id]
    cursor = log(api, one.id, "first=1")["pageInfo"]["endCursor"]
    foreign = api.get(f"/invoices/{other.id}/events?after={cursor}")
    assert (foreign.status, foreign.code) == (422, "cursor_invalid")


def test_a_page_of_the_log_takes_two_reads(api: ApiClient, world: World, account: str) -> None:
    invoice = world.invoice()
    world.deliver()
    boundaries = count_calls(world)
    log(api, invoice.id)
    assert boundaries.calls == ["invoices.get", "events.of_invoice"]


def test_the_answer_says_how_long_the_log_is_kept(api: ApiClient, world: World, account: str) -> None:
    assert log(api, world.invoice().id)["keptDays"] == MARKERS.days
