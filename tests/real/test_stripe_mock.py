"""stripe-mock accepts every kind of request that our gateway makes, sent by the real SDK.

stripe-mock checks requests against Stripe's OpenAPI file and responds with Stripe's example objects, which POM must
be able to decode. The file lacks Connect's OAuth: see `tests/integration/test_stripe_parameters.py`.
"""

from __future__ import annotations

import pytest
import stripe

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.stripe.client import build_client
from chalicelib.adapters.stripe.gateway import StripeGateway
from tests.integration.gateway_calls import API, METHODS, NO_REQUEST, OAUTH, cases

pytestmark = pytest.mark.real


@pytest.fixture
def client(stripe_mock_url: str) -> stripe.StripeClient:
    return build_client("sk_test_123", "ca_123", api_base=stripe_mock_url, connect_base=stripe_mock_url)


@pytest.mark.parametrize(("method", "position"), cases(API))
def test_stripe_mock_accepts_each_request_of_the_gateway(
    client: stripe.StripeClient, method: str, position: int
) -> None:
    API[method][position](StripeGateway(client, SystemClock()))


def test_stripe_mock_refuses_invalid_parameters(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.create({"collection_method": "send_pigeon"})  # type: ignore[typeddict-item]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.create({"no_such_parameter": 1})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.add_lines("in_1", {})  # type: ignore[typeddict-item]


def test_every_method_of_the_gateway_is_tried() -> None:
    assert {*API, *OAUTH, *NO_REQUEST} == METHODS
