"""Stripe's webhooks over HTTP: applied or parked, then 200; a bad signature changes and tells nothing."""

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
from tests.api.client import Answer, ApiClient
from tests.world import WEBHOOK_SECRET, World

PATH = "/stripe/webhooks"


def event(world: World, account: str, **changes: Any) -> bytes:
    """An `account.updated` event as Stripe makes it, not yet delivered."""
    world.double.update_account(account, business_name="Bluer Pools")
    made = world.double.events(account, version=API_VERSION)[-1]
    assert made["type"] == "account.updated"
    return json.dumps({"account": account, **made, **changes}).encode()


def signed(world: World, body: bytes, *, secret: str = WEBHOOK_SECRET, age: int = 0) -> dict[str, str]:
    at = world.ports.clock.now() - age
    header = WebhookSignature.generate_signature_header(body.decode(), secret, at)
    return {"Stripe-Signature": header, "Content-Type": "application/json; charset=utf-8"}


def deliver(api: ApiClient, body: bytes, headers: dict[str, str]) -> Answer:
    return api.post(PATH, body, token=None, headers=headers)


@pytest.fixture
def body(world: World) -> bytes:
    return event(world, world.connect())


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is logged."""
    written: list[str] = []
    for level in ("info", "error"):
        monkeypatch.setattr(observability.logger, level, lambda text, **more: written.append(f"{text} {more}"))
    return written


def test_a_signed_event_is_received(api: ApiClient, world: World, body: bytes) -> None:
    answer = deliver(api, body, signed(world, body))
    assert (answer.status, answer.text) == (200, '{"received":true}')
    assert world.ports.events.last_received_at(json.loads(body)["account"]) == world.ports.clock.now()


def test_it_is_received_twice_as_well(api: ApiClient, world: World, body: bytes) -> None:
    for _ in range(2):
        assert deliver(api, body, signed(world, body)).status == 200


@pytest.mark.parametrize("attack", ["none", "empty", "garbage", "other secret", "too old", "too new", "altered"])
def test_an_event_that_stripe_did_not_sign_leaves_no_trace(
    api: ApiClient, world: World, body: bytes, lines: list[str], attack: str
) -> None:
    account = json.loads(body)["account"]
    good = signed(world, body)
    headers = {
        "none": {},
        "empty": {**good, "Stripe-Signature": ""},
        "garbage": {**good, "Stripe-Signature": "t=now,v1=abc"},
        "other secret": signed(world, body, secret="whsec_other"),
        "too old": signed(world, body, age=301),
        "too new": signed(world, body, age=-301),
        "altered": good,
    }[attack]
    sent = body.replace(b"Bluer", b"Green") if attack == "altered" else body
    answer = deliver(api, sent, headers)
    assert (answer.status, answer.code) == (400, "invalid_signature")
    assert world.ports.events.last_received_at(account) is None
    assert lines == []


def test_bytes_that_are_no_text_are_no_500(api: ApiClient, world: World) -> None:
    headers = {"Stripe-Signature": f"t={world.ports.clock.now()},v1=00"}
    assert deliver(api, b"\xff\xfe\x00", headers).code == "invalid_signature"


def test_an_event_that_cannot_even_be_parked_is_asked_for_again(
    api: ApiClient, world: World, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise Retryable("database_unavailable", "The database does not respond at the moment.")

    monkeypatch.setattr(world.ports.events, "park", down)
    monkeypatch.setattr(receiving, "apply_event", down)
    answer = deliver(api, body, signed(world, body))
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "database_unavailable", "5")


def test_whatever_else_goes_wrong_makes_stripe_send_it_again(
    api: ApiClient, world: World, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("secret detail")

    monkeypatch.setattr(webhooks, "receive_event", broken)
    answer = deliver(api, body, signed(world, body))
    assert (answer.status, answer.code) == (500, "internal_error")
    assert "secret detail" not in answer.text


def test_an_event_that_cannot_be_applied_is_parked_and_acknowledged(
    api: ApiClient, world: World, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("nobody foresaw this")

    monkeypatch.setattr(receiving, "apply_event", broken)
    assert deliver(api, body, signed(world, body)).status == 200
    assert [each.body for each in world.ports.events.parked(json.loads(body)["account"], 10)] == [body.decode()]


def test_webhooks_may_be_larger_than_other_bodies_but_not_endless(api: ApiClient, world: World) -> None:
    account = world.connect()
    large = event(world, account, padding="x" * 300 * 1024)
    assert deliver(api, large, signed(world, large)).status == 200
    larger = event(world, account, padding="x" * 2 * 1024 * 1024)
    assert deliver(api, larger, signed(world, larger)).status == 200
    assert deliver(api, b"x" * (6 * 1024 * 1024 + 1), {}).status == 413


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/octet-stream-like"])
def test_the_media_type_does_not_matter(api: ApiClient, world: World, body: bytes, content_type: str) -> None:
    assert deliver(api, body, {**signed(world, body), "Content-Type": content_type}).status == 200


def test_a_body_that_api_gateway_encoded_is_decoded(api: ApiClient, world: World, body: bytes) -> None:
    headers = {**signed(world, body), "Content-Type": "application/octet-stream"}
    assert deliver(api, body, headers).status == 200


# Our own canary


def canary(world: World, **changes: Any) -> bytes:
    made = json.loads(Canary.create("nonce", world.ports.clock.now())[1])
    return json.dumps({**made, **changes}).encode()


@pytest.mark.parametrize("livemode", [True, False])
def test_a_canary_is_kept_and_counts_as_no_event(
    api: ApiClient, world: World, monkeypatch: pytest.MonkeyPatch, livemode: bool
) -> None:
    told: list[str] = []
    monkeypatch.setattr(observability, "event_received", lambda *_: told.append("an event"))
    sent = canary(world, livemode=livemode)
    answer = deliver(api, sent, signed(world, sent))
    assert (answer.status, answer.text) == (200, '{"received":true}')
    assert world.ports.events.canary("canary_nonce") is not None
    assert (world.ports.database.events, told) == ({}, [])


def test_a_canary_that_is_not_signed_leaves_nothing(api: ApiClient, world: World) -> None:
    sent = canary(world)
    for headers in ({}, signed(world, sent, secret="whsec_other"), signed(world, sent, age=301)):
        assert deliver(api, sent, headers).code == "invalid_signature"
    assert world.ports.database.canaries == {}


def test_a_canary_that_cannot_be_kept_is_not_acknowledged(
    api: ApiClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise Retryable("database_unavailable", "The database does not respond at the moment.")

    monkeypatch.setattr(world.ports.events, "save_canary", down)
    sent = canary(world)
    assert deliver(api, sent, signed(world, sent)).status == 503


def everything(world: World) -> dict[str, str]:
    return {name: repr(held) for name, held in vars(world.ports.database).items() if name not in {"lock", "canaries"}}


def test_a_canary_reads_and_changes_nothing_of_anybodys(api: ApiClient, world: World) -> None:
    world.connect()
    before = everything(world)
    world.double.api.log.reset()
    sent = canary(world)
    assert deliver(api, sent, signed(world, sent)).status == 200
    assert world.stripe_calls() == {}
    assert everything(world) == before
