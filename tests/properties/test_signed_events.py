"""Every signed body is acknowledged and counted once, is not parked forever, and harms no later event.

Each example puts odd values into one or several places of an event, and posts it to the webhook's route over one of
two backends: stores in memory that refuse what DynamoDB refuses, or DynamoDB's tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from stripe import WebhookSignature

from chalicelib import observability
from chalicelib.domain.events import API_VERSION, SUBSCRIPTION
from chalicelib.domain.parking import TRIED_FOR
from chalicelib.usecases.events.apply_event import APPLIERS
from tests.api.client import ApiClient
from tests.api.conftest import _quiet_metrics, api, app, world
from tests.backends import STORES, Backend, aws, stores_on_tables
from tests.world import ORGANIZATION, World

__all__ = ["_quiet_metrics", "api", "app", "aws", "stores_on_tables", "world"]

ODD_TEXTS = st.sampled_from(
    ["", " ", "\x00", "\ud800", "a\ud83d", "池" * 342, "é", "a" * 256, "a" * 1025, "a" * 2049, "#" * 255, "%" * 255,
     "a\nb", "platform", "canary", "acct_", "evt_", "inv_", "true"]
) | st.text(max_size=40)  # fmt: skip
ODD_NUMBERS = st.sampled_from(
    [True, False, -1, 0, 1, 1.5, 10**11, 10**12, 10**18, 2**63, 2**64, 10**38, 10**40, -(10**40), 1e300, -1e300]
)
ODD = st.one_of(
    ODD_TEXTS, ODD_NUMBERS, st.none(), st.just([]), st.just({}), st.just([[[[]]]]), st.just({"id": 5}),
    ODD_TEXTS.map(lambda text: {"id": text}), ODD_TEXTS.map(lambda text: [text]),
)  # fmt: skip
PLACES = (
    "id", "account", "created", "livemode", "api_version", "object", "request", "data", "data.object",
    "data.object.id", "data.object.object", "data.object.metadata", "data.object.metadata.pom_organization_id",
    "data.object.metadata.pom_invoice_id", "data.object.metadata.pom_customer_id", "data.object.payment_intent",
    "data.object.invoice", "data.object.charge", "data.object.latest_charge", "data.object.customer",
    "data.object.from_invoice", "data.object.from_invoice.invoice", "data.object.latest_revision",
    "data.object.payment.payment_intent", "data.object.status", "data.object.currency", "data.object.amount",
    "data.object.total", "data.object.amount_paid", "data.object.amount_remaining", "data.object.created",
    "data.object.due_date", "data.object.status_transitions.paid_at", "data.object.email", "data.object.name",
    "data.object.address.line1", "data.object.description", "data.object.reason", "data.object.number",
    "data.object.capabilities.card_payments", "data.object.requirements.currently_due",
    "data.object.requirements.disabled_reason", "data.object.last_payment_error.code",
    "data.object.hosted_invoice_url", "data.object.receipt_url", "data.object.payment_method_details",
    "data.object.payment_method_details.type", "data.object.payment_method_details.card",
    "data.object.payment_method_details.card.last4", "data.object.payment_method_details.card.exp_year",
    "data.object.metadata.pom_refund_id", "data.object.last_payment_error.charge", "data.object.voided_at",
    "data.object.last_payment_error.payment_method.type", "data.object.amount_refunded",
)  # fmt: skip
"""Places in an event whose value becomes a part of a key, of a record, or of a response."""

RAW = st.sampled_from(["1e400", "-1e400", "NaN", "Infinity", '"\\ud800"', "-0", "1" + "0" * 5000, "[" * 3000])
"""JSON values that Python's encoder does not write."""


INCOMPRESSIBLE = "".join(chr(0x4E00 + n * n % 20000) for n in range(200_000))


class Endpoint:
    """The webhook endpoint of a world with one company, and the counted outcomes of its events."""

    def __init__(self, world: World, api: ApiClient) -> None:
        self.world, self.api = world, api
        self.account = world.connect(account=world.account(api_version=API_VERSION))
        world.customer()
        self.invoice = world.invoice()
        world.deliver()
        world.double.pay(self.account, self.invoice.stripe_invoice_id or "")
        world.deliver()
        self.outcomes: list[str] = []
        self.numbers = count()

    def count_event(self, event_type: str, outcome: str, lag_seconds: int) -> None:
        """Replaces the metric of a received event."""
        assert lag_seconds >= 0
        self.outcomes.append(outcome)

    def event(self, kind: str, event_type: str) -> dict[str, Any]:
        """Returns a valid event about the latest object of this kind."""
        objects = self.world.in_stripe(self.account, kind)
        latest = dict(objects[-1]) if objects else {"id": f"x_{kind}", "object": kind}
        return {
            "id": f"evt_{next(self.numbers)}", "object": "event", "type": event_type, "account": self.account,
            "livemode": False, "api_version": API_VERSION, "created": self.world.ports.clock.now(),
            "data": {"object": latest},
        }  # fmt: skip

    def post(self, body: str) -> int:
        raw = body.encode()
        header = WebhookSignature.generate_signature_header(body, self.world.secrets[0], self.world.ports.clock.now())
        return self.api.post("/stripe/webhooks", raw, token=None, headers={"Stripe-Signature": header}).status


@pytest.fixture(params=["in memory", "on tables"])
def endpoint(
    request: pytest.FixtureRequest, world: World, api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> Endpoint:
    if request.param == "on tables":
        stores: Backend = request.getfixturevalue("stores_on_tables")
        for name in STORES:
            monkeypatch.setattr(world.ports, name, getattr(stores, name))
    new_endpoint = Endpoint(world, api)
    monkeypatch.setattr(observability, "event_received", new_endpoint.count_event)
    return new_endpoint


def with_values(event: dict[str, Any], odd_values: dict[str, Any]) -> dict[str, Any]:
    """Returns the event with these values in these places."""
    for place, value in odd_values.items():
        *way, last = place.split(".")
        holder: Any = event
        for name in way:
            if not isinstance(holder.get(name), dict):
                holder[name] = {}
            holder = holder[name]
        holder[last] = deepcopy(value)  # because a later place may lie within this value, which examples share
    return event


EXAMPLES = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
EVENTS = {
    "kind": st.sampled_from([*APPLIERS, "application", "invoice_of_tomorrow"]),
    "event_type": st.sampled_from(sorted(SUBSCRIPTION)),
}


def assert_acknowledged(endpoint: Endpoint, body: str) -> None:
    """Asserts that the event gets status 200 and is counted once, and that the next valid event is applied."""
    endpoint.outcomes.clear()
    assert endpoint.post(body) == 200
    assert len(endpoint.outcomes) == 1
    reasons = {each.error for each in endpoint.world.ports.events.parked(endpoint.account, 100)}  # type: ignore[arg-type]
    assert reasons <= {"stripe_answer_unreadable"}, "only an event without a readable object is parked"
    good = endpoint.event("account", "account.updated")
    good["data"]["object"] = {"id": endpoint.account, "object": "account", "charges_enabled": True}
    assert endpoint.post(json.dumps(good)) == 200
    assert endpoint.outcomes[-1] != "parked"
    assert endpoint.api.get(f"/invoices/{endpoint.invoice.id}").status == 200
    assert endpoint.api.get("/customers").status == 200
    assert endpoint.api.get("/stripe/connection").status == 200
    endpoint.world.advance(1)


def test_any_value_at_any_place_of_a_signed_event_is_handled(endpoint: Endpoint) -> None:
    @EXAMPLES
    @given(odd_values=st.dictionaries(st.sampled_from(PLACES), ODD, min_size=1, max_size=3), **EVENTS)
    @example(odd_values={"id": "e" * 1025}, kind="invoice", event_type="invoice.paid")
    @example(odd_values={"account": ""}, kind="invoice", event_type="invoice.paid")
    @example(
        odd_values={"data.object.metadata.pom_customer_id": "池" * 342},
        kind="customer",
        event_type="customer.updated",
    )
    @example(odd_values={"data.object.id": ""}, kind="payment_intent", event_type="payment_intent.succeeded")
    @example(odd_values={"data.object.payment_intent": {"id": ""}}, kind="charge", event_type="charge.succeeded")
    @example(odd_values={"created": 10**12}, kind="invoice", event_type="invoice.updated")
    @example(odd_values={"data.object.amount": 10**40}, kind="charge", event_type="charge.succeeded")
    @example(odd_values={"data.object.object": "invoice_of_tomorrow"}, kind="invoice", event_type="invoice.paid")
    def run(odd_values: dict[str, Any], kind: str, event_type: str) -> None:
        assert_acknowledged(endpoint, json.dumps(with_values(endpoint.event(kind, event_type), odd_values)))

    run()
    _assert_nothing_stays_parked(endpoint)


def test_signed_json_that_is_hardly_an_event_is_handled(endpoint: Endpoint) -> None:
    @EXAMPLES
    @given(place=st.sampled_from(PLACES), raw=RAW, **EVENTS)
    def run(place: str, raw: str, kind: str, event_type: str) -> None:
        body = json.dumps(with_values(endpoint.event(kind, event_type), {place: "$odd"})).replace('"$odd"', raw)
        assert_acknowledged(endpoint, body)

    run()
    _assert_nothing_stays_parked(endpoint)


@pytest.mark.parametrize(
    "body",
    [
        lambda event: event.replace('"id":', '"id": "evt_first", "id":'),
        lambda event: event.replace('"metadata":', '"metadata": {"pom_invoice_id": 5}, "metadata":'),
        lambda event: event[:-1] + ', "padding": "' + "x" * 1_100_000 + '"}',
        lambda event: event[:-1] + ', "padding": "' + INCOMPRESSIBLE + '"}',
        lambda event: event[:-1] + ', "padding": ' + "[" * 200_000 + "]" * 200_000 + "}",
        lambda event: event[:100],
        lambda _: "[]",
        lambda _: '"evt_1"',
        lambda _: "",
    ],
    ids=["the id twice", "metadata twice", "a megabyte", "what does not compress", "nested", "cut off", "list",
         "text", "nothing"],
)  # fmt: skip
def test_signed_bodies_of_other_shapes_are_handled(endpoint: Endpoint, body: Callable[[str], str]) -> None:
    assert_acknowledged(endpoint, body(json.dumps(endpoint.event("invoice", "invoice.updated"))))
    _assert_nothing_stays_parked(endpoint)


def _assert_nothing_stays_parked(endpoint: Endpoint) -> None:
    """Asserts that sweeps of the following days apply or give up every parked event, once the company is
    connected.
    """
    endpoint.world.connect(account=endpoint.account)
    for _ in range(3):
        endpoint.world.sweep(organization=ORGANIZATION, objects=False)
    endpoint.world.advance(TRIED_FOR)
    for _ in range(4):
        endpoint.world.sweep(organization=ORGANIZATION, objects=False)
    parked = endpoint.world.ports.events.parked(endpoint.account, 100)  # type: ignore[arg-type]
    assert [(each.error, each.body[:300]) for each in parked] == []
