"""Events as Stripe writes them: an id and a type are enough to keep one, however odd the rest is."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from chalicelib.adapters.stripe.events import listed_event, read_event
from chalicelib.domain.identifiers import StripeAccountId

ACCOUNT = StripeAccountId("acct_1")
EVENT: dict[str, Any] = {
    "id": "evt_1", "type": "refund.created", "created": 1_800_000_000, "livemode": False, "api_version": "2020-08-27",
    "data": {"object": {"id": "re_1", "object": "refund", "payment_intent": "pi_1"}},
}  # fmt: skip


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
def test_an_event_with_an_odd_envelope_is_read_as_far_as_it_goes(
    odd: dict[str, Any], read_as: dict[str, Any]
) -> None:
    event = listed_event(json.dumps({**EVENT, **odd}).encode(), ACCOUNT)
    assert event is not None
    assert (event.id, event.type, event.account_id) == ("evt_1", "refund.created", ACCOUNT)
    assert {name: getattr(event, name) for name in read_as} == read_as


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b'{"id": "evt_1"}', b'{"id": 1, "type": "refund.created"}']
)
def test_an_entry_without_id_or_type_is_passed_over_in_a_list_and_refused_elsewhere(body: bytes) -> None:
    assert listed_event(body, ACCOUNT) is None
    with pytest.raises(msgspec.DecodeError):
        read_event(body, ACCOUNT)


def test_the_account_of_a_webhook_is_the_one_that_stripe_names() -> None:
    assert read_event(json.dumps({**EVENT, "account": "acct_2"}).encode()).account_id == "acct_2"
    assert read_event(json.dumps({**EVENT, "account": 7}).encode()).account_id is None
