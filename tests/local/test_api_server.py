"""The front door: bytes unharmed, threads apart, and API Gateway's own refusals in the error contract."""

from __future__ import annotations

import gzip
import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from infra.local.api_server import LARGEST_BODY, serve_app
from infra.local.wsgi import RunningServer
from infra.template.api import COMPRESSED_FROM
from tests.local.sample_app import sample_app

ORIGIN = "http://pom.example"
FURTHER = "http://localhost:5173"
TOGETHER = 8


@pytest.fixture(scope="module")
def served() -> Iterator[RunningServer]:
    with serve_app(sample_app(TOGETHER), cors_origins=(ORIGIN, FURTHER)) as served:
        yield served


def call(
    served: RunningServer, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, Any, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body, headers=named)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("body", [b'{"caf\xc3\xa9":  1.50}\r\n', b"\xff\xfe\x00 not utf-8", b""])
def test_a_body_reaches_the_application_byte_for_byte(served: RunningServer, body: bytes) -> None:
    status, headers, answer = call(served, "POST", "/v1/echo", body, Content_Type="application/json; charset=utf-8")

    assert (status, answer) == (200, body)
    assert headers.get_all("X-Twice") == ["a", "b"]


def test_headers_reach_the_application_empty_and_repeated_as_they_were_sent(served: RunningServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
    connection.putrequest("GET", "/v1/headers")
    for value in ("first", "second"):
        connection.putheader("Idempotency-Key", value)
    connection.putheader("X-Empty", "")
    connection.endheaders()
    answer = json.loads(connection.getresponse().read())
    connection.close()

    assert answer["multiValueHeaders"]["idempotency-key"] == ["first", "second"]
    assert answer["headers"]["idempotency-key"] == "second"
    assert answer["headers"]["x-empty"] == ""
    assert "content-type" not in answer["headers"]


def test_concurrent_requests_each_see_their_own(served: RunningServer) -> None:
    def meet(number: int) -> tuple[int, str, str]:
        body = json.dumps({"number": number}).encode()
        _, headers, answer = call(served, "POST", "/v1/meet", body, Content_Type="application/json")
        seen = json.loads(answer)
        return seen["body"]["number"], seen["requestId"], headers["x-amzn-RequestId"]

    with ThreadPoolExecutor(TOGETHER) as pool:
        answers = list(pool.map(meet, range(TOGETHER)))

    assert [number for number, _, _ in answers] == list(range(TOGETHER))
    assert all(inside == outside for _, inside, outside in answers)
    assert len({inside for _, inside, _ in answers}) == TOGETHER


def test_a_good_token_reaches_the_view_with_its_context(served: RunningServer) -> None:
    status, _, body = call(served, "GET", "/v1/things/a%20b?x=1&y=%26", Authorization="Bearer a.good.z")

    assert status == 200
    assert json.loads(body)["organization"] == "org_1"
    assert json.loads(body)["query"] == {"x": "1", "y": "&"}


@pytest.mark.parametrize(
    ("method", "path", "token", "status", "code"),
    [
        ("GET", "/v1/things/1", None, 401, "unauthorized"),
        ("GET", "/v1/things/1", "Bearer a.bad.z", 401, "unauthorized"),
        ("GET", "/v1/things/1", "Bearer broken", 401, "unauthorized"),  # the authorizer is not asked
        ("GET", "/v1/things/1", "Bearer a.denied.z", 403, "forbidden"),
        ("GET", "/v1/things/1", "Bearer a.broken.z", 500, "internal_error"),
        ("GET", "/v1/nothing", None, 404, "not_found"),
        ("GET", "/v1/nothing", "Bearer a.good.z", 404, "not_found"),
        ("PUT", "/v1/things/1", None, 405, "method_not_allowed"),
        ("HEAD", "/v1/echo", None, 405, ""),
    ],
)
def test_refusals_come_in_the_error_contract(
    served: RunningServer, method: str, path: str, token: str | None, status: int, code: str
) -> None:
    headers = {"Authorization": token} if token else {}
    answered, answer_headers, body = call(served, method, path, **headers)

    assert answered == status
    if method != "HEAD":
        error = json.loads(body)["error"]
        assert set(error) == {"code", "message", "field", "nextStep", "requestId", "details", "moreDetails"}
        assert error["code"] == code
        assert error["requestId"] == answer_headers["x-amzn-RequestId"]
        assert answer_headers["Content-Type"] == "application/json"


def test_a_body_over_the_limit_is_refused_and_one_at_the_limit_is_not(served: RunningServer) -> None:
    headers = {"Content_Type": "application/json"}

    at_limit, _, _ = call(served, "POST", "/v1/echo", b"x" * LARGEST_BODY, **headers)
    over, _, body = call(served, "POST", "/v1/echo", b"x" * (LARGEST_BODY + 1), **headers)

    assert (at_limit, over) == (200, 413)
    assert json.loads(body)["error"]["code"] == "payload_too_large"


def test_no_cors_header_is_added_to_responses_of_the_application(served: RunningServer) -> None:
    """Behind API Gateway it is so, too: what the application forgot would be missing there."""
    _, headers, _ = call(served, "GET", "/v1/headers", Origin=ORIGIN)
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    ("accepted", "size", "encoding"),
    [
        ("gzip", COMPRESSED_FROM, "gzip"),
        ("br, gzip;q=0.8", COMPRESSED_FROM, "gzip"),
        ("gzip", COMPRESSED_FROM - 1, None),
        ("gzip;q=0", COMPRESSED_FROM, None),
        ("br", COMPRESSED_FROM, None),
        ("identity", COMPRESSED_FROM, None),
    ],
)
def test_a_large_response_is_compressed_for_a_client_that_accepts_it(
    served: RunningServer, accepted: str, size: int, encoding: str | None
) -> None:
    body = b"x" * size
    _, headers, answer = call(
        served, "POST", "/v1/echo", body, Content_Type="application/json", Accept_Encoding=accepted
    )
    assert headers["Content-Encoding"] == encoding
    assert (gzip.decompress(answer) if encoding else answer) == body
    assert int(headers["Content-Length"]) == len(answer)


def test_only_the_configured_origins_may_call(served: RunningServer) -> None:
    for origin in (ORIGIN, FURTHER):
        allowed, headers, _ = call(served, "OPTIONS", "/v1/things/1", Origin=origin)
        assert allowed == 204
        assert headers["Access-Control-Allow-Origin"] == origin
        assert headers["Access-Control-Allow-Methods"] == "DELETE,GET,OPTIONS"
        assert "Authorization" in headers["Access-Control-Allow-Headers"]

    for origin in ("http://evil.example", "null"):
        for method in ("OPTIONS", "GET"):
            _, headers, _ = call(served, method, "/v1/things/1", Origin=origin)
            assert "Access-Control-Allow-Origin" not in headers

    refused, headers, _ = call(served, "GET", "/v1/things/1", Origin=ORIGIN)
    assert (refused, headers["Access-Control-Allow-Origin"]) == (401, ORIGIN)
