"""Stripe's webhooks over HTTP: an event is applied or parked and then gets 200. A bad signature changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from stripe import WebhookSignature

from chalicelib import observability
from chalicelib.api import webhooks
from chalicelib.domain.canary import Canary
from chalicelib.domain.errors import Retryable
from chalicelib.domain.events import API_VERSION
from chalicelib.usecases.events import receive_event as receiving
from tests.api.client import ApiClient, Response
from tests.world import WEBHOOK_SECRET, World

PATH = "/stripe/webhooks"


def event(world: World, account: str, **changes: Any) -> bytes:
    """Returns an `account.updated` event of Stripe that was not delivered yet."""
    world.double.update_account(account, business_name="Bluer Pools")
    latest_event = world.double.events(account, version=API_VERSION)[-1]
    assert latest_event["type"] == "account.updated"
    return json.dumps({"account": account, **latest_event, **changes}).encode()


def signature_header(world: World, body: bytes, *, secret: str = WEBHOOK_SECRET, age: int = 0) -> dict[str, str]:
    at = world.ports.clock.now() - age
    header = WebhookSignature.generate_signature_header(body.decode(), secret, at)
    return {"Stripe-Signature": header, "Content-Type": "application/json; charset=utf-8"}


def deliver(api: ApiClient, body: bytes, headers: dict[str, str]) -> Response:
    return api.post(PATH, body, token=None, headers=headers)


@pytest.fixture
def body(world: World) -> bytes:
    return event(world, world.connect())


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Returns the log lines."""
    written: list[str] = []
    for level in ("info", "error"):
        monkeypatch.setattr(observability.logger, level, lambda text, **more: written.append(f"{text} {more}"))
    return written


def test_a_signed_event_is_received(api: ApiClient, world: World, body: bytes) -> None:
    response = deliver(api, body, signature_header(world, body))
    assert (response.status, response.text) == (200, '{"received":true}')
    assert world.ports.events.last_received_at(json.loads(body)["account"]) == world.ports.clock.now()


def test_a_signed_event_is_accepted_twice(api: ApiClient, world: World, body: bytes) -> None:
    for _ in range(2):
        assert deliver(api, body, signature_header(world, body)).status == 200


@pytest.mark.parametrize("attack", ["none", "empty", "garbage", "other secret", "too old", "too new", "altered"])
def test_an_event_without_a_valid_signature_of_stripe_changes_and_logs_nothing(
    api: ApiClient, world: World, body: bytes, lines: list[str], attack: str
) -> None:
    account = json.loads(body)["account"]
    good = signature_header(world, body)
    headers = {
        "none": {},
        "empty": {**good, "Stripe-Signature": ""},
        "garbage": {**good, "Stripe-Signature": "t=now,v1=abc"},
        "other secret": signature_header(world, body, secret="whsec_other"),
        "too old": signature_header(world, body, age=301),
        "too new": signature_header(world, body, age=-301),
        "altered": good,
    }[attack]
    sent_body = body.replace(b"Bluer", b"Green") if attack == "altered" else body
    response = deliver(api, sent_body, headers)
    assert (response.status, response.code) == (400, "invalid_signature")
    assert world.ports.events.last_received_at(account) is None
    assert lines == []


def test_a_body_that_is_not_utf_8_does_not_cause_a_500(api: ApiClient, world: World) -> None:
    headers = {"Stripe-Signature": f"t={world.ports.clock.now()},v1=00"}
    assert deliver(api, b"\xff\xfe\x00", headers).code == "invalid_signature"


def test_an_event_that_cannot_be_parked_gets_a_response_that_makes_stripe_retry(
    api: ApiClient, world: World, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise Retryable("database_unavailable", "The database does not respond at the moment.")

    monkeypatch.setattr(world.ports.events, "park", down)
    monkeypatch.setattr(receiving, "apply_event", down)
    response = deliver(api, body, signature_header(world, body))
    assert (response.status, response.code, response.headers["retry-after"]) == (503, "database_unavailable", "5")


def test_any_other_failure_makes_stripe_retry(
    api: ApiClient, world: World, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("secret detail")

    monkeypatch.setattr(webhooks, "receive_event", broken)
    response = deliver(api, body, signature_header(world, body))
    assert (response.status, response.code) == (500, "internal_error")
    assert "secret detail" not in response.text


def test_an_event_that_cannot_be_applied_is_parked_and_acknowledged(
    api: ApiClient, world: World, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("nobody foresaw this")

    monkeypatch.setattr(receiving, "apply_event", broken)
    assert deliver(api, body, signature_header(world, body)).status == 200
    assert [each.body for each in world.ports.events.parked(json.loads(body)["account"], 10)] == [body.decode()]


def test_a_webhooks_body_may_be_larger_than_other_bodies_up_to_a_limit(api: ApiClient, world: World) -> None:
    account = world.connect()
    large = event(world, account, padding="x" * 300 * 1024)
    assert deliver(api, large, signature_header(world, large)).status == 200
    larger = event(world, account, padding="x" * 2 * 1024 * 1024)
    assert deliver(api, larger, signature_header(world, larger)).status == 200
    assert deliver(api, b"x" * (6 * 1024 * 1024 + 1), {}).status == 413


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/octet-stream-like"])
def test_the_media_type_does_not_matter(api: ApiClient, world: World, body: bytes, content_type: str) -> None:
    assert deliver(api, body, {**signature_header(world, body), "Content-Type": content_type}).status == 200


def test_a_body_that_api_gateway_encoded_is_decoded(api: ApiClient, world: World, body: bytes) -> None:
    headers = {**signature_header(world, body), "Content-Type": "application/octet-stream"}
    assert deliver(api, body, headers).status == 200


# Our own canary


def canary(world: World, **changes: Any) -> bytes:
    canary_event = json.loads(Canary.create("nonce", world.ports.clock.now())[1])
    return json.dumps({**canary_event, **changes}).encode()


@pytest.mark.parametrize("livemode", [True, False])
def test_a_canary_is_stored_and_not_counted_as_an_event(
    api: ApiClient, world: World, monkeypatch: pytest.MonkeyPatch, livemode: bool
) -> None:
    outcomes: list[str] = []
    monkeypatch.setattr(observability, "event_received", lambda *_: outcomes.append("an event"))
    canary_event = canary(world, livemode=livemode)
    response = deliver(api, canary_event, signature_header(world, canary_event))
    assert (response.status, response.text) == (200, '{"received":true}')
    assert world.ports.events.canary("canary_nonce") is not None
    assert (world.ports.database.events, outcomes) == ({}, [])


def test_an_unsigned_canary_is_not_stored(api: ApiClient, world: World) -> None:
    canary_event = canary(world)
    for headers in (
        {},
        signature_header(world, canary_event, secret="whsec_other"),
        signature_header(world, canary_event, age=301),
    ):
        assert deliver(api, canary_event, headers).code == "invalid_signature"
    assert world.ports.database.canaries == {}


def test_a_canary_that_cannot_be_stored_is_not_acknowledged(
    api: ApiClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise Retryable("database_unavailable", "The database does not respond at the moment.")

    monkeypatch.setattr(world.ports.events, "save_canary", down)
    canary_event = canary(world)
    assert deliver(api, canary_event, signature_header(world, canary_event)).status == 503


def stored_state(world: World) -> dict[str, str]:
    return {
        name: repr(table) for name, table in vars(world.ports.database).items() if name not in {"lock", "canaries"}
    }


def test_a_canary_reads_and_changes_no_organizations_data(api: ApiClient, world: World) -> None:
    world.connect()
    before = stored_state(world)
    world.double.api.log.reset()
    canary_event = canary(world)
    assert deliver(api, canary_event, signature_header(world, canary_event)).status == 200
    assert world.stripe_calls() == {}
    assert stored_state(world) == before
