"""The gateway sends only parameters that the SDK's types of API 2026-10-28.endive allow, field by field.

The types are Stripe's OpenAPI description in Python. Requests are recorded on the wire and decoded again, so that the
form encoding is tested too.
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
"""The fields that our decoders require of each kind of object."""


class Recorder(stripe.HTTPClient):
    """An HTTP client that responds to every request and records it."""

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
    """Returns a list that receives the name of the SDK's parameter type of each call, or None if the call has
    none.
    """
    type_names: list[str | None] = []
    passed_on = StripeService._request

    def noting(self: StripeService, *args: Any, **kwargs: Any) -> Any:
        method = getattr(type(self), sys._getframe(1).f_code.co_name)
        annotation = inspect.signature(method).parameters.get("params")
        params_type = re.search(r"\w+Params", str(annotation.annotation)) if annotation else None
        type_names.append(params_type[0] if params_type else None)
        return passed_on(self, *args, **kwargs)

    monkeypatch.setattr(StripeService, "_request", noting)
    return type_names


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
def test_every_parameter_is_allowed_by_the_sdks_types(
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
def test_every_request_has_its_resource_in_the_metrics(
    gateway: StripeGateway, recorder: Recorder, method: str, position: int
) -> None:
    API[method][position](gateway)

    assert {path.split("/")[2] for _, path, _ in recorder.sent} <= STRIPE_RESOURCES - {OTHER}


def test_the_check_refuses_parameters_that_stripe_refuses() -> None:
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
def test_oauth_requests_use_the_paths_of_connect(
    gateway: StripeGateway, recorder: Recorder, method: str, position: int
) -> None:
    OAUTH[method][position](gateway)

    [(verb, path, encoded)] = recorder.sent
    parameters = forms.decode(encoded)
    assert verb == "POST"
    if method == "exchange_code":
        assert path == "/oauth/token"
        assert parameters == {"grant_type": "authorization_code", "code": "ac_1"}, "the key goes in a header"
    else:
        assert path == "/oauth/deauthorize"
        assert parameters == {"client_id": "ca_x", "stripe_user_id": "acct_1"}


def test_methods_without_a_request_send_none(gateway: StripeGateway, recorder: Recorder) -> None:
    for calls in NO_REQUEST.values():
        for call in calls:
            call(gateway)

    assert recorder.sent == []


def test_every_method_of_the_gateway_is_tried() -> None:
    assert {*API, *OAUTH, *NO_REQUEST} == METHODS


def values(of: Any) -> Iterator[Any]:
    """Returns every value within nested parameters."""
    if isinstance(of, dict):
        for each in of.values():
            yield from values(each)
    elif isinstance(of, list):
        for each in of:
            yield from values(each)
    else:
        yield of


@pytest.mark.parametrize(("method", "position"), cases(API))
def test_no_empty_or_python_specific_value_is_sent(
    gateway: StripeGateway, recorder: Recorder, method: str, position: int
) -> None:
    API[method][position](gateway)

    for verb, path, encoded in recorder.sent:
        parameter_values = list(values(forms.decode(encoded)))
        assert not {"None", "True", "False", "Decimal"} & set(parameter_values)
        assert all(len(value) <= 5000 for value in parameter_values)
        # An empty text clears a field of a customer or of a draft.
        clears_fields = verb == "POST" and path in ("/v1/customers/cus_1", "/v1/invoices/in_1")
        assert clears_fields or "" not in parameter_values
