"""What our gateway sends is what the SDK's own types of API 2026-10-28.endive allow, field by field.

The types are Stripe's OpenAPI description in Python. Requests are taken off the wire and decoded again, so that
the form encoding is judged too.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe
from stripe._stripe_service import StripeService

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.stripe.gateway import StripeGateway
from chalicelib.domain.events import API_VERSION
from chalicelib.metrics import OTHER, STRIPE_RESOURCES
from infra.stripe_double.api import forms, validation
from infra.stripe_double.errors import InvalidParams
from tests.integration.gateway_calls import API, METHODS, NO_REQUEST, OAUTH, cases

ANSWER = {
    "id": "in_1",
    "object": "invoice",
    "created": 1,
    "amount": 7500,
    "currency": "usd",
    "status": "open",
    "total": 11250,
    "type": "invoice.sent",
    "stripe_user_id": "acct_1",
    "livemode": False,
    "scope": "read_write",
    "has_more": False,
    "data": [],
    "payments": {
        "object": "list",
        "data": [
            {
                "id": "inpay_1", "object": "invoice_payment", "invoice": "in_1", "currency": "usd", "status": "paid",
                "payment": {"type": "payment_intent", "payment_intent": "pi_1"},
            }
        ],
        "has_more": False,
    },
    "invoice": "in_1",
    "arrival_date": 1,
    "available": [],
    "pending": [],
}  # fmt: skip
"""Enough of every object for our decoding to go on."""


class Recorder(stripe.HTTPClient):
    """Answers everything and remembers what was asked."""

    name = "recorder"

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, str, str]] = []

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        parts = urlsplit(url)
        self.sent.append((method.upper(), parts.path, post_data or parts.query))
        return json.dumps(ANSWER), 200, {"date": "Mon, 23 Nov 2026 15:00:00 GMT"}


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The name of the SDK's type for the parameters of each call, read from the signature of the method called."""
    named: list[str | None] = []
    passed_on = StripeService._request

    def noting(self: StripeService, *args: Any, **kwargs: Any) -> Any:
        called = getattr(type(self), sys._getframe(1).f_code.co_name)
        annotation = inspect.signature(called).parameters.get("params")
        found = re.search(r"\w+Params", str(annotation.annotation)) if annotation else None
        named.append(found[0] if found else None)
        return passed_on(self, *args, **kwargs)

    monkeypatch.setattr(StripeService, "_request", noting)
    return named


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def gateway(recorder: Recorder) -> StripeGateway:
    client = stripe.StripeClient(
        "sk_test_x", client_id="ca_x", stripe_version=API_VERSION, http_client=recorder, max_network_retries=0
    )
    return StripeGateway(client, SystemClock())


@pytest.mark.parametrize(("method", "position"), cases(API))
def test_every_parameter_is_one_that_the_sdk_types_allow(
    gateway: StripeGateway, recorder: Recorder, types: list[str | None], method: str, position: int
) -> None:
    API[method][position](gateway)

    assert len(recorder.sent) == len(types) > 0
    for (_, _, encoded), name in zip(recorder.sent, types, strict=True):
        parameters = forms.decode(encoded)
        if parameters:
            assert name, "parameters are sent where the SDK takes none"
            validation.check(name, parameters)


@pytest.mark.parametrize(("method", "position"), cases(API))
def test_the_metrics_name_what_each_request_is_about(
    gateway: StripeGateway, recorder: Recorder, method: str, position: int
) -> None:
    API[method][position](gateway)

    assert {path.split("/")[2] for _, path, _ in recorder.sent} <= STRIPE_RESOURCES - {OTHER}


def test_the_check_refuses_what_stripe_would() -> None:
    for name, encoded in (
        ("InvoiceCreateParams", "no_such_parameter=1"),
        ("InvoiceCreateParams", "collection_method=send_pigeon"),
        ("InvoiceCreateParams", "days_until_due=soon"),
        ("InvoiceAddLinesParams", "description=lines+are+required"),
        ("InvoiceAddLinesParams", "lines[0][amount]=1.5"),
        ("CustomerCreateParams", "address[street]=Palm+Way"),
    ):
        with pytest.raises(InvalidParams):
            validation.check(name, forms.decode(encoded))


@pytest.mark.parametrize(("method", "position"), cases(OAUTH))
def test_oauth_goes_to_the_paths_of_connect(
    gateway: StripeGateway, recorder: Recorder, method: str, position: int
) -> None:
    OAUTH[method][position](gateway)

    [(verb, path, encoded)] = recorder.sent
    given = forms.decode(encoded)
    assert verb == "POST"
    if method == "exchange_code":
        assert path == "/oauth/token"
        assert given == {"grant_type": "authorization_code", "code": "ac_1"}, "the key goes in a header"
    else:
        assert path == "/oauth/deauthorize"
        assert given == {"client_id": "ca_x", "stripe_user_id": "acct_1"}


def test_what_needs_no_request_makes_none(gateway: StripeGateway, recorder: Recorder) -> None:
    for calls in NO_REQUEST.values():
        for call in calls:
            call(gateway)

    assert recorder.sent == []


def test_every_method_of_the_gateway_is_tried() -> None:
    assert {*API, *OAUTH, *NO_REQUEST} == METHODS


def values(of: Any) -> Iterator[Any]:
    """Every value within nested parameters."""
    if isinstance(of, dict):
        for each in of.values():
            yield from values(each)
    elif isinstance(of, list):
        for each in of:
            yield from values(each)
    else:
        yield of


@pytest.mark.parametrize(("method", "position"), cases(API))
def test_nothing_empty_or_pythonic_is_sent(
    gateway: StripeGateway, recorder: Recorder, method: str, position: int
) -> None:
    API[method][position](gateway)

    for verb, path, encoded in recorder.sent:
        sent = list(values(forms.decode(encoded)))
        assert not {"None", "True", "False", "Decimal"} & set(sent)
        assert all(len(value) <= 5000 for value in sent)
        # Fields of customers and of drafts are cleared by an empty text.
        emptied = verb == "POST" and path in ("/v1/customers/cus_1", "/v1/invoices/in_1")
        assert emptied or "" not in sent
