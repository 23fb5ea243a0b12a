"""Stripe's events are stored if they have an id and a type, however unusual their other fields are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.adapters.stripe.events import LARGEST_STORED_BODY, NotAnEvent, listed_event, pointer_to, read_event
from chalicelib.domain.events import API_VERSION
from chalicelib.domain.facts import CustomerFact
from chalicelib.domain.identifiers import StripeAccountId

ACCOUNT = StripeAccountId("acct_1")
EVENT: dict[str, Any] = {
    "id": "evt_1", "type": "refund.created", "created": 1_800_000_000, "livemode": False, "api_version": "2020-08-27",
    "data": {"object": {"id": "re_1", "object": "refund", "payment_intent": "pi_1"}},
}  # fmt: skip

HUGE = "".join(chr(0x10000 + number * 7919 % 0x90000) for number in range(400_000))
"""A text of 1.6 MB that hardly compresses."""


@pytest.mark.parametrize(
    ("odd", "read_as"),
    [
        ({"created": 1_800_000_000.9}, {"created": 1_800_000_000}),
        ({"created": "yesterday"}, {"created": 0}),
        ({"livemode": None}, {"livemode": False}),
        ({"api_version": None}, {"api_version": None}),
        ({"api_version": 5}, {"api_version": None}),
        ({"data": {}}, {"object_type": "", "object_id": ""}),
        ({"data": None}, {"object_type": "", "object_id": ""}),
        ({"data": "re_1"}, {"object_type": "", "object_id": ""}),
        ({"data": {"object": "re_1"}}, {"object_type": "", "object_id": ""}),
    ],
)
def test_an_event_with_an_unusual_envelope_is_read_as_far_as_possible(
    odd: dict[str, Any], read_as: dict[str, Any]
) -> None:
    event = listed_event(json.dumps({**EVENT, **odd}).encode(), ACCOUNT)
    assert event is not None
    assert (event.id, event.type, event.account_id) == ("evt_1", "refund.created", ACCOUNT)
    assert {name: getattr(event, name) for name in read_as} == read_as


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b'{"id": "evt_1"}', b'{"id": 1, "type": "refund.created"}']
)
def test_an_entry_without_id_or_type_is_skipped_in_a_list_and_refused_elsewhere(body: bytes) -> None:
    assert listed_event(body, ACCOUNT) is None
    with pytest.raises(NotAnEvent):
        read_event(body, ACCOUNT)


def test_the_account_of_a_webhook_is_the_one_that_stripe_names() -> None:
    assert read_event(json.dumps({**EVENT, "account": "acct_2"}).encode()).account_id == "acct_2"
    assert read_event(json.dumps({**EVENT, "account": None}).encode()).account_id is None


@pytest.mark.parametrize("account", [7, "", "platform", "canary", "acct_", "acct_é", "acct_" + "1" * 124])
def test_an_event_with_an_invalid_account_is_refused(account: Any) -> None:
    with pytest.raises(NotAnEvent):
        read_event(json.dumps({**EVENT, "account": account}).encode())


@pytest.mark.parametrize("event_id", ["", "e" * 256, "evt 1", "evt_é", "evt_\x00", "evt_\ud800"])
def test_an_event_with_an_invalid_id_is_refused(event_id: str) -> None:
    with pytest.raises(NotAnEvent):
        read_event(json.dumps({**EVENT, "id": event_id}).encode())


@pytest.mark.parametrize("created", ["true", "-1", "0", "1e300", "1e400", "NaN", '"1"', "null", "1" + "0" * 60, "[]"])
def test_an_invalid_time_is_read_as_none(created: str) -> None:
    body = json.dumps({**EVENT, "created": "$created"}).replace('"$created"', created)
    assert read_event(body.encode()).created == 0


def test_an_unpaired_surrogate_is_replaced() -> None:
    stripe_object = {"id": "cus_1", "object": "customer", "name": "Ann \ud83d", "email": "ann@example.test"}
    event = read_event(json.dumps({**EVENT, "data": {"object": stripe_object}}).encode())
    assert isinstance(event.fact, CustomerFact)
    assert event.fact.name == "Ann \ufffd"
    event.body.encode()


def test_a_long_number_next_to_an_unpaired_surrogate_does_not_lose_the_event() -> None:
    stripe_object = {**EVENT["data"]["object"], "description": "Pool \ud83d", "more": "LONG"}
    body = json.dumps({**EVENT, "data": {"object": stripe_object}}).replace('"LONG"', "9" * 5000).encode()
    event = read_event(body, ACCOUNT)
    assert (event.id, event.object_id, event.created) == ("evt_1", "re_1", EVENT["created"])


@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "1e400", "1E-400", "-0"])
@pytest.mark.parametrize("place", ["created", "livemode", "account_type", "api_version"])
def test_an_unreadable_number_in_the_envelope_does_not_lose_the_event(place: str, number: str) -> None:
    body = json.dumps({**EVENT, place: "NUMBER"}).replace('"NUMBER"', number).encode()
    event = read_event(body, ACCOUNT)
    assert (event.id, event.object_id) == ("evt_1", "re_1")


@pytest.mark.parametrize("place", ["account", "api_version", "created", "livemode"])
@pytest.mark.parametrize("value", [HUGE, [HUGE], {"a": HUGE}])
def test_no_envelope_makes_a_stored_event_too_large(place: str, value: Any) -> None:
    body = json.dumps({**EVENT, place: value, "data": {}}, ensure_ascii=False).encode()
    event = read_event(body, ACCOUNT)
    assert len(event.body.encode()) < 10_000
    assert event.api_version is None or len(event.api_version) < 100
    assert read_event(event.body.encode(), ACCOUNT).id == "evt_1"


def test_a_huge_object_type_does_not_make_a_stored_event_too_large() -> None:
    body = json.dumps({**EVENT, "data": {"object": {"id": "re_1", "object": HUGE}}}, ensure_ascii=False).encode()
    assert len(read_event(body, ACCOUNT).body.encode()) < 10_000


def test_an_event_with_a_huge_type_is_refused() -> None:
    with pytest.raises(NotAnEvent):
        read_event(json.dumps({**EVENT, "type": HUGE}, ensure_ascii=False).encode(), ACCOUNT)


def test_an_event_that_is_too_large_is_stored_with_only_the_ids_of_its_object() -> None:
    stripe_object = {
        "id": "re_1",
        "object": "refund",
        "payment_intent": "pi_1",
        "description": "x" * LARGEST_STORED_BODY,
    }
    event = read_event(json.dumps({**EVENT, "data": {"object": stripe_object}}).encode())
    again = read_event(event.body.encode(), ACCOUNT)
    assert len(event.body) < 1000
    assert (again.id, again.type, again.created, again.object_type, again.object_id, again.owner_ids) == (
        event.id, event.type, event.created, "refund", "re_1", None,
    )  # fmt: skip


def test_a_shortened_event_does_not_count_as_the_current_object() -> None:
    stripe_object = {
        "id": "in_1",
        "object": "invoice",
        "status": "open",
        "total": 7500,
        "customer_email": "ann@example.test",
    }
    event = read_event(
        json.dumps({**EVENT, "api_version": API_VERSION, "data": {"object": stripe_object}}).encode(), ACCOUNT
    )
    again = read_event(pointer_to(event).encode(), ACCOUNT)
    assert (event.current, again.current) == (True, False)
    assert (again.object_id, again.owner_ids) == ("in_1", ("in_1",))
    assert "ann" not in again.body
    assert pointer_to(again) == again.body


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"id":"evt_1","type":"a","data":' + b"[" * 100_000])
def test_a_body_with_endless_nesting_is_refused(body: bytes) -> None:
    with pytest.raises(NotAnEvent):
        read_event(body)
