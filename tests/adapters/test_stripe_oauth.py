"""Errors of Connect OAuth, which have another form than errors of Stripe's API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import stripe

from chalicelib.adapters.stripe.client import build_client
from chalicelib.adapters.stripe.gateway import StripeGateway
from chalicelib.domain.errors import StripeRefused
from chalicelib.domain.identifiers import StripeAccountId
from tests.fakes.ports import FakeClock


class Refusing(stripe.HTTPClient):
    """A Stripe client that refuses each request in the form of OAuth."""

    name = "refusing"

    def __init__(self, status: int, error: str) -> None:
        super().__init__()
        self.status = status
        self.body = json.dumps({"error": error, "error_description": "Not like this."})

    def request(self, *_: Any, **__: Any) -> tuple[str, int, Mapping[str, str]]:
        return self.body, self.status, {}

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, "invalid_request"), (400, "unsupported_grant_type"), (401, "invalid_client"), (403, "invalid_scope")],
)
def test_an_oauth_error_is_raised_as_a_refusal_with_stripes_message(status: int, error: str) -> None:
    client = build_client(
        "sk_test_1", "ca_1", api_base="https://a.test", connect_base="https://c.test",
        http_client=Refusing(status, error),
    )  # fmt: skip
    gateway = StripeGateway(client, FakeClock(1))
    with pytest.raises(StripeRefused, match="Not like this"):
        gateway.exchange_code("ac_1")
    with pytest.raises(StripeRefused, match="Not like this"):
        gateway.deauthorize(StripeAccountId("acct_1"))
