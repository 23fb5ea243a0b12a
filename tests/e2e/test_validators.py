"""Entity tags, compression and cross-origin access, over real HTTP and the whole local stack."""

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
from tests.e2e.one_of_each import filled, one_of_each

CUSTOMER = "/customers/cust_theirs"
Read = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def one(stack: LocalStack) -> Company:
    return Company(stack, settlement_days=0, async_capture=False).connect()


@pytest.fixture(scope="module")
def ids(one: Company, stack: LocalStack) -> dict[str, str]:
    made = one_of_each(one)
    for number in range(3):  # so that the table of payments is large enough to be compressed
        paid(one, one.bill(f"svc_{number}", customerId="cust_theirs").json["id"])
    stack.wait_until_idle()
    return made


def paid(company: Company, invoice: str) -> None:
    stripe_id = company.invoice(invoice)["dashboardUrl"].rsplit("/", 1)[1]
    company.double("POST", f"invoices/{company.account_id}/{stripe_id}/pay", method="pm_card_visa")
    company.becomes(invoice, status="paid")


def ask(company: Company, method: str, path: str, body: Any = None, **headers: str) -> Read:
    """Returns the status, the headers by their names in lower case, and the bytes as they came."""
    sent = {"Authorization": f"Bearer {company.token('user_admin', 'admin')}"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        sent["Content-Type"] = "application/json"
    connection = http.client.HTTPConnection(urlsplit(company.stack.urls.api).netloc, timeout=30)
    try:
        connection.request(method, f"/v1{path}", None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_every_get_answers_the_same_tag_while_nothing_changes_and_then_no_body(
    one: Company, ids: dict[str, str], stack: LocalStack
) -> None:
    """Each route of the contract, so that none that is added later can answer something new at each reading.

    An export says when it was made, and that it was made is one more thing that POM holds of the customer.
    """
    paths = request("GET", f"{stack.urls.api}/v1/openapi.json").json["paths"]
    asked = 0
    for path, operations in paths.items():
        if "200" not in operations.get("get", {"responses": {}})["responses"] or path.endswith("/export"):
            continue
        asked += 1
        target = filled(path, ids).removeprefix("/v1")
        status, headers, body = ask(one, "GET", target)
        assert (status, headers["cache-control"]) == (200, "private, no-cache"), target
        again, unchanged, nothing = ask(one, "GET", target, If_None_Match=headers["etag"])
        assert (again, nothing, unchanged["etag"]) == (304, b"", headers["etag"]), target
        assert len(body) > 0
    assert asked > 20


def test_what_a_webhook_changes_is_answered_anew(one: Company, ids: dict[str, str]) -> None:
    invoice = one.bill("svc_more", customerId="cust_theirs").json["id"]
    _, before, _ = ask(one, "GET", f"/invoices/{invoice}")
    paid(one, invoice)
    status, after, body = ask(one, "GET", f"/invoices/{invoice}", If_None_Match=before["etag"])
    assert (status, json.loads(body)["status"]) == (200, "paid")
    assert after["etag"] != before["etag"]


def test_of_two_saves_with_one_tag_the_second_is_refused_and_shown_what_is_stored(
    one: Company, ids: dict[str, str]
) -> None:
    _, loaded, body = ask(one, "GET", CUSTOMER)
    record = {name: json.loads(body)[name] for name in ("firstName", "lastName", "email")}
    first, saved, _ = ask(one, "PUT", CUSTOMER, {**record, "phone": "1"}, If_Match=loaded["etag"])
    second, refused, told = ask(one, "PUT", CUSTOMER, {**record, "phone": "2"}, If_Match=loaded["etag"])
    assert (first, second, json.loads(told)["stored"]["phone"]) == (200, 412, "1")
    assert saved["etag"].rpartition(".")[2] == refused["etag"].rpartition(".")[2]
    third, _, _ = ask(one, "PUT", CUSTOMER, {**record, "phone": "2"}, If_Match=refused["etag"])
    assert third == 200


@pytest.mark.parametrize(("path", "accept"), [("/invoices", "application/json"), ("/payments", "text/csv")])
def test_a_large_answer_is_compressed_and_keeps_its_tag(
    path: str, accept: str, one: Company, ids: dict[str, str]
) -> None:
    _, plain_headers, plain = ask(one, "GET", path, Accept=accept)
    _, headers, body = ask(one, "GET", path, Accept=accept, Accept_Encoding="gzip")
    assert len(plain) >= COMPRESSED_FROM
    assert (headers["content-encoding"], headers["etag"]) == ("gzip", plain_headers["etag"])
    assert gzip.decompress(body) == plain
    again, _, nothing = ask(one, "GET", path, Accept=accept, Accept_Encoding="gzip", If_None_Match=headers["etag"])
    assert (again, nothing) == (304, b"")


def test_the_contract_comes_compressed(one: Company) -> None:
    _, _, plain = ask(one, "GET", "/openapi.json")
    _, headers, body = ask(one, "GET", "/openapi.json", Accept_Encoding="gzip, deflate, br")
    assert (headers["content-encoding"], gzip.decompress(body)) == ("gzip", plain)
    assert len(body) < len(plain) / 5


def test_a_page_of_pom_may_send_conditions_and_read_tags(one: Company, stack: LocalStack) -> None:
    status, headers, _ = ask(one, "OPTIONS", CUSTOMER, Origin=stack.urls.pom)
    assert (status, headers["access-control-allow-origin"]) == (204, stack.urls.pom)
    assert {"If-Match", "If-None-Match"} <= set(headers["access-control-allow-headers"].split(","))
    _, headers, _ = ask(one, "GET", "/apps", Origin=stack.urls.pom)
    assert "ETag" in headers["access-control-expose-headers"].split(", ")


FURTHER = "http://localhost:5173"


def test_a_stack_that_is_told_of_a_further_origin_lets_its_pages_call() -> None:
    with LocalStack(origins=(FURTHER,)) as stack:
        company = Company(stack)
        for origin in (FURTHER, stack.urls.pom):
            status, headers, _ = ask(company, "OPTIONS", "/apps", Origin=origin)
            assert (status, headers["access-control-allow-origin"]) == (204, origin)
            status, headers, _ = ask(company, "GET", "/apps", Origin=origin)
            assert (status, headers["access-control-allow-origin"], headers["vary"]) == (200, origin, "Origin")
        refused = request("GET", f"{stack.urls.api}/v1/apps", headers={"Origin": FURTHER})
        assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (401, FURTHER)
        _, headers, _ = ask(company, "OPTIONS", "/apps", Origin="http://localhost:4000")
        assert "access-control-allow-origin" not in headers
