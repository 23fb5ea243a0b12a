"""A pool company for one test: an organization in POM, an account in Stripe, and the data of both."""

from __future__ import annotations

import http.client
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

from infra.demo.http import Response, request
from infra.demo.people import Office, Owner, query_of
from infra.local.stack import LocalStack

T = TypeVar("T")

PATIENCE = 20.0
"""The seconds to wait for an automatic change."""


def eventually(look: Callable[[], T], good: Callable[[T], bool], expectation: str = "it") -> T:
    """Returns the first result of `look` that is good.

    Raises:
        AssertionError: there was none in time; the message has the last result.
    """
    deadline = time.monotonic() + PATIENCE
    while not good(value := look()):
        assert time.monotonic() < deadline, f"{expectation} did not come about; last seen: {value}"
        time.sleep(0.05)
    return value


def send_bytes(method: str, url: str, body: bytes, headers: dict[str, str]) -> Response:
    """Sends one request with exactly this body and these headers."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return Response(answer.status, dict(answer.getheaders()), answer.read().decode())
    finally:
        connection.close()


def refused(answer: Response, status: int, code: str, field: str | None = None) -> Any:
    """Requires a refusal of the error contract, and returns its error."""
    assert answer.status == status, answer.text
    error = answer.json["error"]
    assert (error["code"], error.get("field")) == (code, field)
    assert error["message"]
    assert error.get("nextStep"), f"{code} leaves its reader without a next step"
    assert error["requestId"] == header(answer, "x-amzn-RequestId")
    return error


def header(answer: Response, name: str) -> str | None:
    """Returns a header by its name in any spelling."""
    return {default.lower(): value for default, value in answer.headers.items()}.get(name.lower())


class Company:
    """One organization and its Stripe account; not connected until `connect` is called."""

    def __init__(self, stack: LocalStack, **account: Any) -> None:
        name = uuid.uuid4().hex[:10]
        self.stack = stack
        self.organization_id = f"org_{name}"
        self.account_id = str(self.double("POST", "accounts", connected=False, **account)["id"])
        self.owner = Owner(stack.urls.stripe, self.account_id)
        self.admin = self.user("user_admin", "admin")
        self.office = self.user("user_office", "billing")
        self.member = self.user("user_member")

    # POM

    def user(self, user_id: str, *roles: str) -> Office:
        """Returns a user of the company with these roles."""
        return Office(self.stack.urls.api, self.token(user_id, *roles))

    def token(self, user_id: str, *roles: str) -> str:
        return self.stack.mint_token(self.organization_id, user_id, list(roles))

    def begin(self) -> tuple[str, str]:
        """Clicks Install. Returns Stripe's URL, and the state in it."""
        response = self.admin.call("POST", "/stripe/connection")
        assert response.status == 200, response.text
        url = str(response.json["authorizeUrl"])
        return url, query_of(url)["state"]

    def returned(self, url: str) -> str:
        """Grants access in Stripe and comes back. Returns the state that POM's page gets, with the proof of the
        return.
        """
        back = request("GET", self.owner.decides(url, "grant").headers["Location"])
        return query_of(back.headers["Location"])["state"]

    def connect(self) -> Company:
        """Installs, grants, returns and completes."""
        url, _ = self.begin()
        state = self.returned(url)
        response = self.admin.call("POST", "/stripe/connection/complete", {"state": state})
        assert response.status == 200, response.text
        return self

    def customer(self, customer_id: str = "cust_1", email: str | None = "ann@example.com") -> str:
        """Saves a customer, and returns its id."""
        body = {"firstName": "Ann", "lastName": "Lee", **({"email": email} if email else {})}
        response = self.office.call("PUT", f"/customers/{customer_id}", body)
        assert response.status == 200, response.text
        return customer_id

    def bill(self, *services: str, key: str | None = None, **changes: Any) -> Response:
        """Creates an invoice of services at 75.00 each."""
        headers = {"idempotency_key": key} if key else {}
        return self.office.call("POST", "/invoices", order(*services, **changes), **headers)

    def invoice(self, invoice_id: str) -> Any:
        return self.member.get(f"/invoices/{invoice_id}")

    def becomes(self, invoice_id: str, **expected: Any) -> Any:
        """Returns the invoice once it has these values."""
        return eventually(
            lambda: self.invoice(invoice_id),
            lambda seen: all(seen[name] == value for name, value in expected.items()),
            f"{invoice_id} with {expected}",
        )

    # Stripe

    def double(self, method: str, path: str, /, **body: Any) -> Any:
        """Runs one of the double's controls."""
        params = None if method == "GET" else body
        answer = request(method, f"{self.stack.urls.stripe}/_double/{path}", json_body=params)
        assert answer.status == 200, answer.text
        return answer.json

    def in_stripe(self, kind: str = "invoice") -> list[Any]:
        """Returns all objects of a kind in the ledger of the company's account."""
        return list(self.double("GET", f"ledger/{self.account_id}")["objects"].get(kind, []))

    def calls(self) -> list[str]:
        """Returns the requests that Stripe got about this account, oldest first."""
        entries = self.double("GET", "requests")["entries"]
        return [f"{entry['method']} {entry['template']}" for entry in entries if entry["account"] == self.account_id]

    def all_delivered(self) -> None:
        """Waits until every webhook that is due has been delivered."""
        eventually(
            lambda: self.double("GET", "deliveries"),
            lambda seen: not seen["in_flight"] and not any(each["attempt"] == 1 for each in seen["queued"]),
            "delivery of every webhook",
        )

    def fault(self, kind: str, method: str, path: str, /, **more: Any) -> None:
        """Sets a fault for this company's requests."""
        ordered = {"kind": kind, "method": method, "path": path, "account": self.account_id, **more}
        request("POST", f"{self.stack.urls.stripe}/_double/faults", json_body=ordered)

    def clear_faults(self) -> None:
        """Removes the faults that have not happened."""
        request("DELETE", f"{self.stack.urls.stripe}/_double/faults")

    # Both

    def holdings(self) -> tuple[list[str], list[str], list[str]]:
        """Returns the ids of POM's invoices, and of the invoices and customers in Stripe."""
        known = self.member.get("/invoices?first=100")["data"]
        objects = self.double("GET", f"ledger/{self.account_id}")["objects"]
        invoices, customers = (objects.get(kind, []) for kind in ("invoice", "customer"))
        return [each["id"] for each in known], [each["id"] for each in invoices], [each["id"] for each in customers]

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Checks that the block changes nothing, in POM or in Stripe."""
        before = self.holdings()
        yield
        assert self.holdings() == before


def order(*services: str, **changes: Any) -> dict[str, Any]:
    """Returns the body of a new invoice of services at 75.00 each; `changes` replace its fields."""
    body = {"customerId": "cust_1", "invoiceType": "stripe", "lineItems": [line(each) for each in services]}
    return {**body, **changes}


def line(service_id: str, **changes: Any) -> dict[str, Any]:
    """Returns one line of an invoice."""
    return {"serviceId": service_id, "description": "Weekly cleaning", "quantity": 1, "unitPrice": "75.00", **changes}


def connected_in_stripe(company: Company) -> bool:
    accounts = company.double("GET", "accounts")
    return bool(next(each for each in accounts if each["id"] == company.account_id)["connected"])
