"""The proxy and the listener, which stand between the stack and Stripe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

import pytest
import stripe

from chalicelib.adapters.stripe.client import build_client
from chalicelib.adapters.stripe.events import verify
from infra.local.wsgi import Environ, StartResponse, serve
from infra.sandbox.client import CLEANUP_REQUESTS
from infra.sandbox.product.listening import Listener
from infra.sandbox.product.proxy import Proxy
from infra.sandbox.session import Session
from infra.stripe_double import InProcessClient
from tests.sandbox.product_session import KEY, new_session

PLACEHOLDER = "sk_test_placeholder_1"
SECRET = "whsec_test"


@contextmanager
def through_a_proxy(session: Session, key: str = PLACEHOLDER) -> Iterator[stripe.StripeClient]:
    """A client as the stack has it, with the proxy as its Stripe."""
    with serve(Proxy(session, PLACEHOLDER)) as proxy:
        yield build_client(key, session.client_id, api_base=proxy.url, connect_base=proxy.url)


class RecordingInProcessClient(InProcessClient):
    """Keeps what was asked and answered, and sends headers that no proxy may pass on."""

    asked: ClassVar[list[tuple[str, dict[str, str], Any]]] = []

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> Any:
        self.asked.append((url, dict(headers), post_data))
        body, status, response_headers = super().request(method, url, headers, post_data, **more)
        return (
            body,
            status,
            {**response_headers, "connection": "close", "content-encoding": "gzip", "x-of-stripe": "kept"},
        )


class Lost(InProcessClient):
    """A client without a connection."""

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> Any:
        raise stripe.APIConnectionError("the network is down")


def test_the_proxy_inserts_the_key_and_counts_and_records_each_request() -> None:
    session = new_session(RecordingInProcessClient)
    with through_a_proxy(session) as client:
        options: Any = {"stripe_account": session.account, "idempotency_key": "once"}
        with session.step("made"):
            new_customer = client.v1.customers.create({"email": "ann+é@example.com"}, options)
    url, headers, body = RecordingInProcessClient.asked[-1]
    assert headers["authorization"] == f"Bearer {KEY}"
    assert (headers["stripe-account"], headers["idempotency-key"]) == (session.account, "once")
    assert not {"host", "connection", "accept-encoding", "content-length"} & headers.keys()
    assert (url, body) == (f"{session.target.api_base}/v1/customers", b"email=ann%2B%C3%A9%40example.com")
    assert new_customer.email == "ann+é@example.com"
    [exchange] = session.recorder.exchanges
    assert (session.budget.used, exchange.step, exchange.path, exchange.key) == (1, "made", "/v1/customers", "once")
    last_response: Any = new_customer.last_response
    assert last_response.headers["x-of-stripe"] == "kept"
    assert "content-encoding" not in last_response.headers


def test_the_query_reaches_stripe_as_it_was_sent() -> None:
    session = new_session(RecordingInProcessClient)
    with through_a_proxy(session) as client:
        client.v1.customers.list({"email": "a+b&c@example.com", "limit": 3}, {"stripe_account": session.account})
    assert RecordingInProcessClient.asked[-1][0].endswith("/v1/customers?email=a%2Bb%26c%40example.com&limit=3")


def test_an_authorization_code_is_exchanged_through_the_proxy() -> None:
    session = new_session(connected=False)
    code = session.target.double.authorization_code(session.account)  # type: ignore[attr-defined]
    with through_a_proxy(session) as client:
        token = client.oauth.token({"grant_type": "authorization_code", "code": code})
    assert token.stripe_user_id == session.account


def test_the_placeholder_in_a_body_is_replaced_too() -> None:
    session = new_session(RecordingInProcessClient)
    with through_a_proxy(session) as client:
        client.raw_request("post", "/v1/customers", description=f"of {PLACEHOLDER}", stripe_account=session.account)
    assert KEY in RecordingInProcessClient.asked[-1][2].decode()


def test_another_program_on_this_machine_cannot_use_the_key() -> None:
    session = new_session()
    with through_a_proxy(session, "sk_test_another") as client, pytest.raises(stripe.AuthenticationError):
        client.v1.balance.retrieve()
    assert session.budget.used == 0


def test_a_path_outside_the_api_is_not_forwarded() -> None:
    session = new_session()
    with through_a_proxy(session) as client, pytest.raises(stripe.InvalidRequestError, match="passes on"):
        client.raw_request("get", "/_double/health")
    assert session.budget.used == 0


def test_a_spent_budget_is_returned_as_a_rate_limit_and_not_retried() -> None:
    session = new_session(allowed=CLEANUP_REQUESTS + 1)
    with through_a_proxy(session) as client:
        client.v1.balance.retrieve()
        with pytest.raises(stripe.RateLimitError, match="used up"):
            client.v1.balance.retrieve()
    assert len(session.recorder.exchanges) == 1


def test_a_connection_that_stripe_closes_is_returned_as_an_error_of_stripe() -> None:
    with through_a_proxy(new_session(Lost)) as client, pytest.raises(stripe.APIError, match="APIConnectionError"):
        client.v1.balance.retrieve()


class Door:
    """Receives webhooks as POM's endpoint does."""

    def __init__(self, session: Session) -> None:
        self.events: list[Any] = []
        self.status = "200 OK"
        self._lab = session

    def __call__(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        body = environ["wsgi.input"].read()
        verify(body, environ["HTTP_STRIPE_SIGNATURE"], [SECRET], now=self._lab.now())
        self.events.append(json.loads(body))
        start_response(self.status, [("Content-Length", "2")])
        return [b"{}"]


@contextmanager
def listening(session: Session) -> Iterator[tuple[Listener, Door]]:
    door = Door(session)
    with serve(door) as server:
        yield Listener(session, server.url, SECRET, 2.0), door


def customer(session: Session, number: int) -> None:
    """Makes a customer, of which nobody is told, and changes it, of which the product is told."""
    new_customer = session.v1.customers.create({"email": f"{number}@example.org"}, session.on_account())
    session.v1.customers.update(new_customer.id, {"email": f"{number}@example.com"}, session.on_account())


def of(door: Door) -> list[str]:
    return [event["data"]["object"]["email"] for event in door.events]


def test_the_listener_posts_each_event_once_signed_in_order_and_with_its_account() -> None:
    session = new_session()
    with listening(session) as (listener, door):
        for number in range(3):
            customer(session, number)
            session.target.pass_time(1)
        assert listener.deliver() == 6
        customer(session, 3)
        assert (listener.deliver(), listener.deliver()) == (2, 0)
    assert of(door) == [f"{number}@example.com" for number in range(4)]
    assert {event["account"] for event in door.events} == {session.account}
    assert [each.status for each in listener.deliveries] == [200] * 4


def test_a_lost_webhook_is_never_posted() -> None:
    session = new_session()
    with listening(session) as (listener, door):
        listener.losing = True
        customer(session, 0)
        listener.deliver()
        listener.losing = False
        customer(session, 1)
        listener.deliver()
    assert (of(door), listener.lost) == (["1@example.com"], ["customer.updated"])


def test_a_webhook_that_the_endpoint_refuses_is_reported() -> None:
    session = new_session()
    with listening(session) as (listener, door):
        door.status = "400 Bad Request"
        customer(session, 0)
        listener.deliver()
    assert [(each.type, each.status) for each in listener.refused] == [("customer.updated", 400)]


def test_events_on_several_pages_are_all_posted() -> None:
    session = new_session()
    with listening(session) as (listener, door):
        for number in range(53):
            customer(session, number)
        listener.deliver()
    assert sorted(of(door)) == sorted(f"{number}@example.com" for number in range(53))


def test_an_event_outside_the_subscription_is_not_posted() -> None:
    session = new_session()
    with listening(session) as (listener, door):
        session.v1.tax_rates.create(
            {"display_name": "Tax", "percentage": 8, "inclusive": False}, session.on_account()
        )
        listener.deliver()
    assert door.events == []


def test_events_are_listed_less_often_while_none_arrive() -> None:
    session = new_session()
    with listening(session) as (listener, _):
        before = session.budget.used
        for now in range(100, 160):
            listener.poll(partial(float, now))
        quiet = session.budget.used - before
        customer(session, 0)
        for now in range(160, 180):
            listener.poll(partial(float, now))
    assert quiet <= 7
    assert [each.type for each in listener.deliveries] == ["customer.updated"]
