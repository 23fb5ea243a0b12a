"""ETags, compression and cross-origin access, over real HTTP and the whole local stack."""

from __future__ import annotations

import gzip
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.demo.http import request
from infra.local.stack import LocalStack
from infra.template.api import COMPRESSED_FROM
from tests.e2e.company import Company
from tests.e2e.one_of_each import one_of_each, path_with_ids

CUSTOMER = "/customers/cust_theirs"
Read = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def company(stack: LocalStack) -> Company:
    return Company(stack, settlement_days=0, async_capture=False).connect()


@pytest.fixture(scope="module")
def ids(company: Company, stack: LocalStack) -> dict[str, str]:
    made = one_of_each(company)
    for number in range(3):  # so that the table of payments is large enough to be compressed
        pay(company, company.bill(f"svc_{number}", customerId="cust_theirs").json["id"])
    stack.wait_until_idle()
    return made


def pay(company: Company, invoice: str) -> None:
    stripe_id = company.invoice(invoice)["dashboardUrl"].rsplit("/", 1)[1]
    company.double("POST", f"invoices/{company.account_id}/{stripe_id}/pay", method="pm_card_visa")
    company.becomes(invoice, status="paid")


def send(company: Company, method: str, path: str, body: Any = None, **headers: str) -> Read:
    """Returns the status, the headers by their names in lower case, and the bytes as they came."""
    request_headers = {"Authorization": f"Bearer {company.token('user_admin', 'admin')}"}
    request_headers |= {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        request_headers["Content-Type"] = "application/json"
    connection = http.client.HTTPConnection(urlsplit(company.stack.urls.api).netloc, timeout=30)
    try:
        connection.request(method, f"/v1{path}", None if body is None else json.dumps(body), request_headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_every_get_returns_the_same_etag_until_something_changes_and_304_for_that_etag(
    company: Company, ids: dict[str, str], stack: LocalStack
) -> None:
    """Each route of the contract, so that none that is added later can answer something new at each reading.

    An export says when it was made, and that it was made is one more thing that POM holds of the customer.
    """
    paths = request("GET", f"{stack.urls.api}/v1/openapi.json").json["paths"]
    checked_routes = 0
    for path, operations in paths.items():
        if "200" not in operations.get("get", {"responses": {}})["responses"] or path.endswith("/export"):
            continue
        checked_routes += 1
        target = path_with_ids(path, ids).removeprefix("/v1")
        status, headers, body = send(company, "GET", target)
        assert (status, headers["cache-control"]) == (200, "private, no-cache"), target
        again, headers_of_304, empty_body = send(company, "GET", target, If_None_Match=headers["etag"])
        assert (again, empty_body, headers_of_304["etag"]) == (304, b"", headers["etag"]), target
        assert len(body) > 0
    assert checked_routes > 20


def test_a_webhook_changes_the_etag_of_its_invoice(company: Company, ids: dict[str, str]) -> None:
    invoice = company.bill("svc_more", customerId="cust_theirs").json["id"]
    _, before, _ = send(company, "GET", f"/invoices/{invoice}")
    pay(company, invoice)
    status, after, body = send(company, "GET", f"/invoices/{invoice}", If_None_Match=before["etag"])
    assert (status, json.loads(body)["status"]) == (200, "paid")
    assert after["etag"] != before["etag"]


def test_the_second_of_two_saves_with_one_etag_gets_412_and_the_stored_customer(
    company: Company, ids: dict[str, str]
) -> None:
    _, loaded_headers, body = send(company, "GET", CUSTOMER)
    record = {name: json.loads(body)[name] for name in ("firstName", "lastName", "email")}
    first, saved_headers, _ = send(
        company, "PUT", CUSTOMER, {**record, "phone": "1"}, If_Match=loaded_headers["etag"]
    )
    second, refused_headers, refusal_body = send(
        company, "PUT", CUSTOMER, {**record, "phone": "2"}, If_Match=loaded_headers["etag"]
    )
    assert (first, second, json.loads(refusal_body)["stored"]["phone"]) == (200, 412, "1")
    assert saved_headers["etag"].rpartition(".")[2] == refused_headers["etag"].rpartition(".")[2]
    third, _, _ = send(company, "PUT", CUSTOMER, {**record, "phone": "2"}, If_Match=refused_headers["etag"])
    assert third == 200


@pytest.mark.parametrize(("path", "accept"), [("/invoices", "application/json"), ("/payments", "text/csv")])
def test_a_large_response_is_compressed_and_keeps_its_etag(
    path: str, accept: str, company: Company, ids: dict[str, str]
) -> None:
    _, plain_headers, plain = send(company, "GET", path, Accept=accept)
    _, headers, body = send(company, "GET", path, Accept=accept, Accept_Encoding="gzip")
    assert len(plain) >= COMPRESSED_FROM
    assert (headers["content-encoding"], headers["etag"]) == ("gzip", plain_headers["etag"])
    assert gzip.decompress(body) == plain
    again, _, empty_body = send(
        company, "GET", path, Accept=accept, Accept_Encoding="gzip", If_None_Match=headers["etag"]
    )
    assert (again, empty_body) == (304, b"")


def test_the_openapi_document_is_compressed(company: Company) -> None:
    _, _, plain = send(company, "GET", "/openapi.json")
    _, headers, body = send(company, "GET", "/openapi.json", Accept_Encoding="gzip, deflate, br")
    assert (headers["content-encoding"], gzip.decompress(body)) == ("gzip", plain)
    assert len(body) < len(plain) / 5


def test_a_page_of_pom_may_send_if_match_and_read_etags(company: Company, stack: LocalStack) -> None:
    status, headers, _ = send(company, "OPTIONS", CUSTOMER, Origin=stack.urls.pom)
    assert (status, headers["access-control-allow-origin"]) == (204, stack.urls.pom)
    assert {"If-Match", "If-None-Match"} <= set(headers["access-control-allow-headers"].split(","))
    _, headers, _ = send(company, "GET", "/apps", Origin=stack.urls.pom)
    assert "ETag" in headers["access-control-expose-headers"].split(", ")


FURTHER = "http://localhost:5173"


def test_a_stack_with_a_further_origin_lets_its_pages_call() -> None:
    with LocalStack(origins=(FURTHER,)) as stack:
        company = Company(stack)
        for origin in (FURTHER, stack.urls.pom):
            status, headers, _ = send(company, "OPTIONS", "/apps", Origin=origin)
            assert (status, headers["access-control-allow-origin"]) == (204, origin)
            status, headers, _ = send(company, "GET", "/apps", Origin=origin)
            assert (status, headers["access-control-allow-origin"], headers["vary"]) == (200, origin, "Origin")
        refused_headers = request("GET", f"{stack.urls.api}/v1/apps", headers={"Origin": FURTHER})
        assert (refused_headers.status, refused_headers.headers["Access-Control-Allow-Origin"]) == (401, FURTHER)
        _, headers, _ = send(company, "OPTIONS", "/apps", Origin="http://localhost:4000")
        assert "access-control-allow-origin" not in headers
