"""Events as a list and as signed webhooks, delivered step by step."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stripe

from infra.stripe_double import API_VERSION, DAY


def endpoint(company: Any, **settings: Any) -> Any:
    endpoint_settings = {"api_version": API_VERSION, **settings}
    return company.double.add_webhook_endpoint("http://pom.test/v1/stripe/webhooks", **endpoint_settings)


def bodies(inbox: Any) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body, _ in inbox.received]


def test_an_event_carries_the_object_as_it_was_and_the_request_that_caused_it(company: Any) -> None:
    opts = {**company.opts, "idempotency_key": f"key-{company.account}"}
    customer = company.v1.customers.create({"name": "Before"}, opts)
    company.v1.customers.update(customer.id, {"name": "After"}, company.opts)

    created, _ = company.events("customer.*")

    assert created.data.object.name == "Before"
    assert (created.request.idempotency_key, created.account, created.livemode) == (
        f"key-{company.account}", company.account, False,
    )  # fmt: skip
    assert created.request.id.startswith("req_")
    assert (created.api_version, created.created) == ("2020-08-27", company.double.clock.seconds())


def test_an_event_of_the_payers_action_names_no_request(company: Any) -> None:
    company.pay(company.open())

    (event,) = company.events("invoice.paid")

    assert (event.request.id, event.request.idempotency_key) == (None, None)


def test_events_are_listed_newest_first_by_type_time_and_page(company: Any) -> None:
    company.open()
    company.double.advance(100)
    later = company.double.clock.seconds()
    company.pay(company.open())
    api = company.v1.events

    def types(**params: Any) -> list[str]:
        return [e.type for e in api.list({"limit": 100, **params}, company.opts).data]

    assert set(types(type="invoice.*")) >= {"invoice.paid", "invoice.created"}
    assert all(t.startswith("invoice.") for t in types(type="invoice.*"))
    assert types(types=["charge.succeeded", "invoice.paid"]) == ["invoice.paid", "charge.succeeded"]
    assert len(types(type="invoice.finalized", created={"gte": later})) == 1
    everything = types()
    assert [e.type for e in api.list({"limit": 7}, company.opts).auto_paging_iter()] == everything
    oldest = api.list({"limit": 100}, company.opts).data[-1].id
    backwards = api.list({"limit": 5, "ending_before": oldest}, company.opts).auto_paging_iter()
    assert [e.type for e in backwards] == everything[:-1][::-1]


@pytest.mark.parametrize(
    "params",
    [{"types": ["a"] * 21}, {"type": "a", "types": ["b"]}, {"starting_after": "evt_x"}],
)
def test_bad_event_lists_are_refused(company: Any, params: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        company.v1.events.list(params, company.opts)

    assert error.value.http_status == 400


def test_events_are_no_longer_listed_after_thirty_days(alone: Any) -> None:
    alone.customer()
    old = alone.events()[0].id

    alone.double.advance(30 * DAY + 1)

    assert alone.events() == []
    with pytest.raises(stripe.InvalidRequestError):
        alone.v1.events.retrieve(old, None, alone.opts)


def test_an_altered_body_or_another_secret_does_not_verify(alone: Any, inbox: Any) -> None:
    secret = endpoint(alone)["secret"]
    alone.customer()
    alone.double.drain()
    _, body, headers = inbox.received[0]

    for payload, key in ((body + b" ", secret), (body, "whsec_other")):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(payload, headers["Stripe-Signature"], key, tolerance=10**10)


def test_while_a_secret_is_rolled_either_one_verifies(alone: Any, inbox: Any) -> None:
    created_endpoint = endpoint(alone)
    new = alone.double.roll_secret(created_endpoint["id"])
    alone.customer()
    alone.double.drain()
    _, body, headers = inbox.received[0]

    for secret in (created_endpoint["secret"], new):
        assert stripe.Webhook.construct_event(body, headers["Stripe-Signature"], secret, tolerance=10**10)


def test_only_enabled_types_of_connected_accounts_are_delivered(alone: Any, inbox: Any) -> None:
    endpoint(alone, enabled_events=["invoice.paid", "account.application.deauthorized"])
    alone.pay(alone.open())
    alone.double.revoke(alone.account)
    stranger = stripe.StripeClient(f"sk_test_{alone.account}", http_client=alone.client._requestor._client)
    stranger.v1.customers.create({"name": "after"})
    alone.double.drain()

    received = bodies(inbox)
    assert [b["type"] for b in received] == ["invoice.paid", "account.application.deauthorized"]
    assert received[1]["data"]["object"]["object"] == "application"


def test_a_live_connect_endpoint_receives_test_events_and_a_test_endpoint_no_live_ones(
    alone: Any, inbox: Any
) -> None:
    endpoint(alone, livemode=True)
    alone.customer()
    alone.double.drain()
    assert [b["livemode"] for b in bodies(inbox)] == [False]
    inbox.received.clear()

    endpoint(alone, livemode=False)
    live = alone.double.create_account(livemode=True)["id"]
    client = stripe.StripeClient("sk_live_double_platform", http_client=alone.client._requestor._client)
    client.v1.customers.create({"name": "Live"}, {"stripe_account": live})
    alone.double.drain()
    assert [b["livemode"] for b in bodies(inbox)] == [True]


def test_a_refused_webhook_is_retried_on_the_doubles_clock_and_signed_again(alone: Any, inbox: Any) -> None:
    secret = endpoint(alone)["secret"]
    inbox.answers = [500, OSError("timed out"), 200]
    alone.customer()
    alone.double.drain()
    assert (len(inbox.received), alone.events()[0].pending_webhooks) == (1, 1)
    undelivered = alone.v1.events.list({"delivery_success": False}, alone.opts).data

    alone.double.advance(600)
    alone.double.drain()
    alone.double.advance(7_200)
    alone.double.drain()

    assert len(undelivered) == 1
    assert [e["outcome"] for e in alone.double.deliveries()] == ["failed", "failed", "delivered"]
    signatures = [h["Stripe-Signature"] for _, _, h in inbox.received]
    assert len(set(signatures)) == 3
    stripe.Webhook.construct_event(inbox.received[2][1], signatures[2], secret, tolerance=10**10)
    assert alone.events()[0].pending_webhooks == 0
    assert alone.v1.events.list({"delivery_success": False}, alone.opts).data == []


def test_after_the_last_try_the_event_is_given_up_and_can_be_resent(alone: Any, inbox: Any) -> None:
    endpoint(alone)
    inbox.answers = [500, 500, 500]
    alone.customer()
    for _ in range(10):
        alone.double.drain()
        alone.double.advance(DAY)

    assert len(inbox.received) == 3
    event = alone.events()[0]
    assert alone.double.resend(alone.account, event.id) == 1
    alone.double.drain()
    assert [b["id"] for b in bodies(inbox)] == [event.id] * 4


def test_deliveries_can_be_lost_though_the_events_are_listed(alone: Any, inbox: Any) -> None:
    endpoint(alone)
    alone.double.set_delivery(lose=["invoice.*"])
    alone.pay(alone.open())
    alone.double.drain()

    assert not any(b["type"].startswith("invoice.") for b in bodies(inbox))
    assert "invoice.paid" in alone.types()


def test_events_can_be_suppressed_while_the_state_changes(alone: Any, inbox: Any) -> None:
    endpoint(alone)
    alone.double.set_delivery(never_generate=["*"])
    invoice = alone.open()
    alone.pay(invoice)
    alone.double.drain()

    assert (alone.get(invoice).status, alone.types(), inbox.received) == ("paid", [], [])
    assert "invoice.paid" in [s["type"] for s in alone.double.suppressed()]


def test_duplicates_disorder_and_delay_lose_nothing_and_repeat_with_the_seed(inbox: Any) -> None:
    from infra.stripe_double import Clock, Config, StripeDouble

    def run() -> tuple[list[str], list[str]]:
        order: list[str] = []
        double = StripeDouble(
            Config(seed=42),
            clock=Clock.frozen(),
            transport=lambda url, body, headers: order.append(json.loads(body)["id"]) or 200,
        )
        account = double.create_account(account_id="acct_1")["id"]
        double.add_webhook_endpoint("http://pom.test/")
        double.set_delivery(duplicate=0.3, reorder=0.8, delay=0.3, delay_seconds=600, drop=0.2)
        for n in range(60):
            double.update_account(account, business_name=f"Name {n}")
        for _ in range(50):
            double.drain()
            double.advance(1_000)
        assert set(order) == {e["id"] for e in double.events(account)}
        assert len(order) > 60
        return order, [e["id"] for e in double.events(account)]

    (first, created), (second, _) = run(), run()
    assert first == second
    assert list(dict.fromkeys(first)) != created


def test_squeezed_events_share_one_second(alone: Any) -> None:
    alone.double.set_delivery(squeeze=True)
    invoice = alone.open()
    alone.double.advance(500)
    alone.pay(invoice)
    alone.double.set_delivery(squeeze=False)
    alone.customer()

    seconds = [e.created for e in alone.events()]
    assert len(set(seconds[:-1])) == 1
    assert seconds[-1] == seconds[0] + 500


def test_a_paused_deliverer_waits(alone: Any, inbox: Any) -> None:
    endpoint(alone)
    alone.double.set_delivery(paused=True)
    alone.customer()

    assert alone.double.drain() == 0
    alone.double.set_delivery(paused=False)
    assert alone.double.drain() == 1


def test_a_connect_endpoint_is_recognized_by_its_application(alone: Any) -> None:
    api = alone.v1.webhook_endpoints
    endpoint_params = {"url": "https://pom.test/x", "enabled_events": ["*"]}
    assert api.create(endpoint_params).application is None
    assert api.create({**endpoint_params, "connect": True}).application == alone.double.config.client_id_test


def test_an_endpoint_made_through_the_api_shows_its_secret_once(alone: Any, inbox: Any) -> None:
    api = alone.v1.webhook_endpoints
    created_endpoint = api.create(
        {
            "url": "https://pom.test/x",
            "enabled_events": ["customer.created"],
            "connect": True,
            "api_version": API_VERSION,
        }
    )
    alone.customer()
    alone.double.drain()

    stripe.Webhook.construct_event(
        inbox.received[0][1], inbox.received[0][2]["Stripe-Signature"], created_endpoint.secret, tolerance=10**10
    )
    assert "secret" not in api.retrieve(created_endpoint.id)
    api.update(created_endpoint.id, {"disabled": True})
    alone.customer()
    assert alone.double.drain() == 0
    assert api.delete(created_endpoint.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.create({"url": "https://pom.test/x", "enabled_events": ["invoice.payed"]})
    assert error.value.param == "enabled_events[0]"
