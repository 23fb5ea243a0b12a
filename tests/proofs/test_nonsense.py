"""Proof `nonsense`: any bytes, headers, paths and parameters get a response of the error contract.

Requests go through the API server of the local stack, and as Lambda events of API Gateway. No response is a 500, has
a header that the request injected, or lets a page of another origin read it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from chalice.app import Chalice
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.api.http.route_table import ROUTES, Role, Route
from chalicelib.domain.events import API_VERSION
from infra.local.api_server import ApiServer
from tests.api.conftest import SETTINGS_URL
from tests.api.tokens import Issuer
from tests.proofs.forgeries import signed
from tests.proofs.test_isolation import serve
from tests.world import BEGAN, ORGANIZATION, World

pytestmark = pytest.mark.proof

ORIGIN = "https://pom.example.test"
EVIL = "https://evil.test"
SHORT = settings(max_examples=120, deadline=None, derandomize=True)
METHODS = ("GET", "POST", "PUT", "DELETE")
PATHS = sorted({route.path for route in ROUTES})

IDS = ("customerId", "invoiceId", "batchId", "importId", "paymentId", "payoutId")
"""Names of ids in paths."""


@pytest.fixture(scope="module")
def api_server(app: Chalice) -> Iterator[ApiServer]:
    """Our application behind the local API server, in a world with a connection, a customer and an invoice."""
    world, kind, state = World(), app.__class__, dict(vars(app))
    world.connect()
    world.customer()
    world.invoice()
    with pytest.MonkeyPatch.context() as patch:
        serve(patch, world)
        yield ApiServer(app, cors_origins=(ORIGIN,))
    app.__class__ = kind
    vars(app).update(state)


def token() -> str:
    return Issuer().token(ORGANIZATION, "user_1", ["admin"])


def send(
    api_server: ApiServer, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Sends one WSGI request (header names in WSGI's spelling) and returns its status, headers and body."""
    response: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]]) -> None:
        response["status"], response["headers"] = int(status.split()[0]), headers

    environ = {
        "REQUEST_METHOD": method,
        "REQUEST_URI": path,
        "PATH_INFO": path.partition("?")[0],
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/json",
        "HTTP_AUTHORIZATION": f"Bearer {token()}",
        "wsgi.input": io.BytesIO(body),
        **headers,
    }
    told = b"".join(api_server(environ, start))
    for name, value in response["headers"]:
        assert "\r" not in name + value, "no header is injected"
        assert "\n" not in name + value
    return response["status"], {name.lower(): value for name, value in response["headers"]}, told


def require_error_contract(answer: tuple[int, dict[str, str], bytes]) -> None:
    """Requires a success or an error of the contract, and never a 500."""
    status, headers, body = answer
    assert status < 500, body
    assert EVIL not in json.dumps(headers)
    if status >= 400 and headers.get("content-type") == "application/json":
        error = json.loads(body)["error"]
        assert error["code"]
        assert error["requestId"]


DEEP = st.sampled_from(["[", '{"a":', '{"lineItems":[', '[{"customers":', '"']).flatmap(
    lambda opening: st.integers(1, 60_000).map(lambda depth: (opening * depth).encode()[:250_000])
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
).map(lambda value: json.dumps(value).encode())
FIELDS = st.dictionaries(
    st.sampled_from(
        "customerId lineItems memo send dueDate currency tax state email firstName address services customers method "
        "reference stripeCustomerId reminders paymentTerms".split()
    ),
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.lists(st.text(max_size=5), max_size=3)
    | st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
).map(lambda value: json.dumps(value).encode())  # fmt: skip
BODY = st.one_of(DEEP, JSON, FIELDS, st.binary(max_size=400))


def path_with_ids(path: str, ids: str) -> str:
    for name in IDS:
        path = path.replace(f"{{{name}}}", ids)
    return path


@SHORT
@given(path=st.sampled_from(PATHS), method=st.sampled_from(METHODS), body=BODY)
@example(path="/v1/invoices", method="POST", body=b"[" * 200_000)
@example(path="/v1/stripe/webhooks", method="POST", body=b'{"a":' * 100_000)
@example(path="/v1/customer-imports", method="POST", body=b'{"customers":[' + b"[" * 100_000)
@example(path="/v1/invoices", method="POST", body=b"")
@example(path="/v1/invoices", method="POST", body=b" " * (1024 * 1024 * 3))
@example(path="/v1/stripe/connection/complete", method="POST", body=b'{"state":"\\ud800"}')
@example(path="/v1/stripe/connection/complete", method="POST", body=b'{"state":"."}')
@example(path="/v1/stripe/connection/complete", method="POST", body=b'{"state":"\\u0000.\\u0000"}')
def test_any_body_gets_a_response_of_the_error_contract(
    api_server: ApiServer, path: str, method: str, body: bytes
) -> None:
    require_error_contract(send(api_server, method, path_with_ids(path, "cust_1"), body))


EVENT = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text(max_size=5) | st.integers(),
        "type": st.sampled_from(["invoice.paid", "customer.updated", "account.updated", "capability.updated", "x"]),
        "created": st.integers() | st.floats() | st.none(),
        "account": st.sampled_from(["acct_1", "", None, 5]),
        "livemode": st.booleans() | st.none(),
        "api_version": st.sampled_from([API_VERSION, "2020-01-01", None]),
        "data": st.none()
        | st.fixed_dictionaries(
            {"object": st.dictionaries(st.sampled_from(["id", "object", "metadata", "status", "total"]), st.text())}
        ),
    },
).map(lambda event: json.dumps(event).encode())


@SHORT
@given(body=BODY | EVENT)
@example(body=b'{"id":"e","type":"invoice.paid","created":1,"data":{"object":' + b"[" * 200_000)
@example(body=b"[" * 1_000_000)
@example(body=b'{"id":"e","type":"invoice.paid","created":1,"account":"a","data":{"object":{}}}')
@example(body=b'{"id":"e","type":"invoice.paid","created":1,"account":"a","data":{"object":{"object":"customer"}}}')
def test_any_body_that_stripe_signed_is_acknowledged(api_server: ApiServer, body: bytes) -> None:
    header = signed(body, BEGAN).header
    status, _, told = send(api_server, "POST", "/v1/stripe/webhooks", body, HTTP_STRIPE_SIGNATURE=header)
    assert (status, told) == (200, b'{"received":true}')


ODD = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
TRICKS = st.sampled_from(
    [
        "%2e%2e", "..", "%2F", "%252F", "a%2Fb", "%00", "%0d%0aSet-Cookie:x=y", "%c0%af", "%ff", "%ed%a0%80", "%",
        "%zz", "a#b", "a?b", ";a=b", "*", "caf%C3%A9", "a" * 3000, "%E2%80%AE", "~", ".", "", " ",
    ]
)  # fmt: skip


@SHORT
@given(
    path=st.sampled_from(PATHS),
    method=st.sampled_from((*METHODS, "PATCH", "HEAD", "OPTIONS", "TRACE")),
    ids=TRICKS | ODD.map(lambda text: quote(text, safe="%;&=")),
    tail=st.sampled_from(["", "/", "//", "/..", "/%2e%2e/health", "?", "?&&", "#x"]),
)
def test_any_path_gets_a_response_of_the_error_contract(
    api_server: ApiServer, path: str, method: str, ids: str, tail: str
) -> None:
    require_error_contract(send(api_server, method, path_with_ids(path, ids) + tail))


PARAMETERS = st.lists(
    st.tuples(
        st.sampled_from(
            "first after status customerId createdFrom createdTo overdue state code error from to x".split()
        )
        | ODD,
        TRICKS | ODD.map(quote) | st.sampled_from(["1", "-1", "0", "1e9", "9" * 400, "NaN", "true", "9999-12-31"]),
    ),
    max_size=5,
).map(lambda pairs: "&".join(f"{quote(name)}={value}" for name, value in pairs))


@SHORT
@given(path=st.sampled_from([route.path for route in ROUTES if route.method == "GET"]), query=PARAMETERS)
@example(path="/v1/invoices", query="first=1&first=2")
@example(path="/v1/stripe/oauth/callback", query="state=%ed%a0%80&code=x")
@example(path="/v1/stripe/oauth/callback", query="state=a&state=b")
@example(path="/v1/invoices", query="after=%F0%9F%92%A9")
@example(path="/v1/summary", query="from=0001-01-01&to=9999-12-31")
def test_any_query_gets_a_response_of_the_error_contract(api_server: ApiServer, path: str, query: str) -> None:
    require_error_contract(send(api_server, "GET", f"{path_with_ids(path, 'cust_1')}?{query}"))


HEADER = st.sampled_from(
    """HTTP_AUTHORIZATION HTTP_ACCEPT HTTP_HOST HTTP_ORIGIN HTTP_IDEMPOTENCY_KEY HTTP_STRIPE_SIGNATURE CONTENT_TYPE
    HTTP_X_FORWARDED_HOST HTTP_X_AMZN_TRACE_ID HTTP_COOKIE HTTP_CONTENT_ENCODING HTTP_TRANSFER_ENCODING
    HTTP_X_HTTP_METHOD_OVERRIDE""".split()
)
VALUE = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=60),
    st.sampled_from(
        [
            "x\r\nSet-Cookie: a=b", "Bearer", "Bearer ..", f"Bearer {'x' * 9000}", "t=1,v1=", "t=\u00b2,v1=\u00e9",
            ",", "application/json;charset=", "application/json; charset=utf-16", "text/html" * 500, "\x00", EVIL,
        ]
    ),
)  # fmt: skip


@SHORT
@given(
    path=st.sampled_from(PATHS), method=st.sampled_from(METHODS), headers=st.dictionaries(HEADER, VALUE, max_size=4)
)
def test_any_headers_get_a_response_of_the_error_contract(
    api_server: ApiServer, path: str, method: str, headers: dict[str, str]
) -> None:
    require_error_contract(send(api_server, method, path_with_ids(path, "cust_1"), b"{}", **headers))


def test_a_lone_surrogate_in_a_lambda_event_is_no_server_error(app: Chalice, api_server: ApiServer) -> None:
    """A Lambda event is JSON, which can carry half of a surrogate pair."""
    half = "\ud800"
    identity = {"organizationId": ORGANIZATION, "userId": "user_1", "roles": "admin"}
    for route in ROUTES:
        event = {
            "requestContext": {"httpMethod": route.method, "resourcePath": route.path, "authorizer": identity},
            "headers": {"stripe-signature": f"t=1,v1={half}", "idempotency-key": half, "accept": half},
            "pathParameters": dict.fromkeys(IDS, half),
            "multiValueQueryStringParameters": {"state": [half], "code": ["x"], "after": [half]},
            "stageVariables": None,
            "body": "{}",
        }
        assert app(event, None)["statusCode"] < 500, route.label


@pytest.mark.parametrize("body", ["\ud800", '{"customerId": "\ud83d"}', "\x00", "\udc00{}", ""])
def test_any_text_as_the_body_of_a_lambda_event_is_no_server_error(
    app: Chalice, api_server: ApiServer, body: Any
) -> None:
    identity = {"organizationId": ORGANIZATION, "userId": "user_1", "roles": "admin"}
    for route in ROUTES:
        answer = app(lambda_event(route, body=body, authorizer=identity), None)
        assert answer["statusCode"] < 500, route.label


@pytest.mark.parametrize(
    "authorizer", ["admin", 5, ["admin"], True, {"organizationId": 5}, {"organizationId": ORGANIZATION, "userId": []}]
)
def test_a_malformed_authorizer_context_is_unauthorized(app: Chalice, api_server: ApiServer, authorizer: Any) -> None:
    for route in ROUTES:
        if route.role is not Role.PUBLIC:
            assert app(lambda_event(route, authorizer=authorizer), None)["statusCode"] == 401, route.label


@pytest.mark.parametrize("header", ["Idempotency-Key", "Content-Type"])
def test_a_header_repeated_in_another_case_is_refused_as_repeated(
    app: Chalice, api_server: ApiServer, header: str
) -> None:
    identity = {"organizationId": ORGANIZATION, "userId": "user_1", "roles": "admin"}
    [route] = [each for each in ROUTES if each.label == "POST /v1/invoices"]
    for first, second in (("application/json", "text/plain"), ("application/json", "application/json"), ("a", "")):
        headers = {header: [first], header.lower(): [second]}
        event = lambda_event(route, body='{"customerId":"cust_1","lineItems":[]}', authorizer=identity)
        event |= {"multiValueHeaders": headers, "headers": {name: each[-1] for name, each in headers.items()}}
        answer = app(event, None)
        assert answer["statusCode"] in (400, 415)
        assert json.loads(answer["body"])["error"]["field"] == header


def lambda_event(route: Route, *, body: Any = "{}", authorizer: Any = None) -> dict[str, Any]:
    """Returns a request as the Lambda event of API Gateway."""
    return {
        "requestContext": {"httpMethod": route.method, "resourcePath": route.path, "authorizer": authorizer},
        "headers": {},
        "pathParameters": dict.fromkeys(IDS, "cust_1"),
        "multiValueQueryStringParameters": None,
        "stageVariables": None,
        "body": body,
    }


# Cross-origin access


@pytest.mark.parametrize(
    "origin", [EVIL, "null", ORIGIN + ".evil.test", "http://pom.example.test", ORIGIN + "/", "*"]
)
def test_no_response_lets_a_page_of_another_origin_read_it(api_server: ApiServer, origin: str) -> None:
    for route in ROUTES:
        path = path_with_ids(route.path, "cust_1")
        for method in (route.method, "OPTIONS"):
            _, headers, _ = send(api_server, method, path, b"{}", HTTP_ORIGIN=origin)
            assert headers.get("access-control-allow-origin") in {None, ORIGIN}
            assert "access-control-allow-credentials" not in headers
            assert "access-control-allow-methods" not in headers or method != "OPTIONS"


def test_a_page_of_pom_may_call_every_route_with_its_method(api_server: ApiServer) -> None:
    assert SETTINGS_URL.startswith(ORIGIN)
    for route in ROUTES:
        if route.role is Role.PUBLIC:
            continue
        _, headers, _ = send(api_server, "OPTIONS", path_with_ids(route.path, "cust_1"), HTTP_ORIGIN=ORIGIN)
        assert headers["access-control-allow-origin"] == ORIGIN
        assert route.method in headers["access-control-allow-methods"].split(",")
        assert "Origin" in headers["vary"]
