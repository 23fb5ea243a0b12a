"""The gateway with the real SDK over real HTTP: the errors for Stripe's failures, paged lists, and Stripe's clock."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import stripe

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.stripe.client import build_client
from chalicelib.adapters.stripe.gateway import StripeGateway
from chalicelib.domain.draft_edit import lines_of
from chalicelib.domain.errors import AccountUnreachable, Refused, StripeRefused, StripeUnavailable
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId, invoice_id_for
from chalicelib.domain.invoice import Invoice
from infra.stripe_double import Config, Server, StripeDouble
from infra.stripe_double.clock import Clock
from tests.contracts.examples import NOW, customer, invoice
from tests.integration.gateway_calls import FULL, invoice_with_draft, lines


@pytest.fixture(autouse=True)
def impatient_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shortens the pauses between the SDK's retries. Their number stays that of production."""
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.02)


@pytest.fixture(scope="module")
def double() -> Iterator[StripeDouble]:
    """Returns a Stripe double that serves on a port and whose clock is stopped."""
    double = StripeDouble(Config(seed=3, date_lag=False), clock=Clock.frozen(float(NOW)))
    with Server(double, deliver=False):
        yield double


@pytest.fixture
def account(double: StripeDouble) -> Iterator[StripeAccountId]:
    """Returns a new account for each test, and clears all injected faults after the test."""
    yield StripeAccountId(str(double.create_account(connected=True)["id"]))
    double.clear_faults()


def gateway_at(url: str, key: str, client_id: str = "ca_test_double") -> StripeGateway:
    return StripeGateway(build_client(key, client_id, api_base=url, connect_base=url), SystemClock())


@pytest.fixture
def gateway(double: StripeDouble) -> StripeGateway:
    return gateway_at(double.config.public_url, double.config.platform_key_test, double.config.client_id_test)


def in_stripe(double: StripeDouble, account: StripeAccountId, kind: str) -> list[Any]:
    return list(double.ledger(account)["objects"].get(kind, []))


FAILURES: dict[str, tuple[dict[str, Any], str, bool]] = {
    "closed before": ({"kind": "close_before"}, "stripe_unreachable", False),
    "throttled": ({"kind": "rate_limit"}, "stripe_busy", False),
    "object in use": ({"kind": "lock_timeout"}, "stripe_busy", False),
    "same key in flight": ({"kind": "conflict"}, "stripe_busy", False),
    "failed": ({"kind": "error_before"}, "stripe_failed", True),
    "failed, and will again": ({"kind": "error_before", "stored": True}, "stripe_failed", True),
    "failed after doing it": ({"kind": "error_after"}, "stripe_failed", True),
    "overloaded": ({"kind": "error_before", "status": 503}, "stripe_failed", True),
}


@pytest.mark.parametrize("how", FAILURES)
def test_transient_failures_raise_stripe_unavailable(
    gateway: StripeGateway, double: StripeDouble, account: StripeAccountId, how: str
) -> None:
    fault, code, was_answered = FAILURES[how]
    double.order_fault(count=9, method="POST", path="/v1/customers", account=account, **fault)

    with pytest.raises(StripeUnavailable) as exc_info:
        gateway.create_customer(account, customer(profile=FULL), "key")

    assert (exc_info.value.code, exc_info.value.answered) == (code, was_answered)
    assert isinstance(exc_info.value.__cause__, stripe.StripeError)
    assert len(in_stripe(double, account, "customer")) <= 1


@pytest.mark.parametrize("kind", ["close_before", "close_after", "conflict", "error_before"])
def test_the_sdk_repeats_a_failed_request_with_the_same_key(
    gateway: StripeGateway, double: StripeDouble, account: StripeAccountId, kind: str
) -> None:
    double.order_fault(kind, method="POST", path="/v1/customers", account=account)

    stripe_customer = gateway.create_customer(account, customer(profile=FULL), "key")

    assert [each["id"] for each in in_stripe(double, account, "customer")] == [stripe_customer.id]


def test_a_stored_failure_is_returned_again_until_the_key_changes(
    gateway: StripeGateway, double: StripeDouble, account: StripeAccountId
) -> None:
    double.order_fault("error_before", method="POST", path="/v1/customers", account=account, stored=True)

    for _ in range(2):
        with pytest.raises(StripeUnavailable, match="stripe_failed"):
            gateway.create_customer(account, customer(profile=FULL), "old key")

    assert gateway.create_customer(account, customer(profile=FULL), "new key").id


def test_failed_reads_raise_stripe_unavailable(
    gateway: StripeGateway, double: StripeDouble, account: StripeAccountId
) -> None:
    double.order_fault("close_before", count=9, method="GET", account=account)

    for read_call in (
        lambda: gateway.find_customers(account, "ann@example.com"),
        lambda: list(gateway.events(account, NOW - 60, NOW)),
        lambda: list(gateway.refunds(account, NOW)),
        lambda: gateway.everything(account, "in_1"),
        lambda: gateway.balance_transaction_of(account, "pi_1"),
        lambda: gateway.payout(account, "po_1"),
        lambda: list(gateway.payouts(account, NOW)),
        lambda: list(gateway.balance_transactions(account, "po_1")),
        lambda: gateway.balance(account),
    ):
        with pytest.raises(StripeUnavailable, match="stripe_unreachable"):
            read_call()
        double.order_fault("close_before", count=9, method="GET", account=account)


def test_an_unreachable_stripe_raises_stripe_unavailable() -> None:
    with pytest.raises(StripeUnavailable, match="stripe_unreachable"):
        gateway_at("http://127.0.0.1:9", "sk_test_x").account(StripeAccountId("acct_1"))


def test_an_unknown_api_key_raises_stripe_unavailable(double: StripeDouble, account: StripeAccountId) -> None:
    with pytest.raises(StripeUnavailable) as exc_info:
        gateway_at(double.config.public_url, "sk_test_of_somebody_else").find_customers(account, "a@example.com")

    assert (exc_info.value.code, exc_info.value.answered) == ("stripe_key_rejected", False)
    assert "sk_test" not in str(exc_info.value)


def test_a_revoked_account_raises_account_unreachable(
    gateway: StripeGateway, double: StripeDouble, account: StripeAccountId
) -> None:
    double.revoke(account)

    for call in (
        lambda: gateway.account(account),
        lambda: gateway.create_customer(account, customer(profile=FULL), "key"),
        lambda: list(gateway.events(account, NOW - 60, NOW)),
        lambda: gateway.void(account, "in_1", "key"),
        lambda: gateway.balance_transaction_of(account, "pi_1"),
        lambda: gateway.payout(account, "po_1"),
        lambda: list(gateway.payouts(account, NOW)),
        lambda: list(gateway.balance_transactions(account, "po_1")),
        lambda: gateway.balance(account),
    ):
        with pytest.raises(AccountUnreachable) as exc_info:
            call()
        assert exc_info.value.next_step
    gateway.deauthorize(account)


def test_a_missing_object_is_no_failure_where_none_is_a_valid_result(
    gateway: StripeGateway, double: StripeDouble, account: StripeAccountId
) -> None:
    assert gateway.fetch(account, "charge", "ch_gone") is None
    assert gateway.fetch(account, "invoice", "in_gone").deleted  # type: ignore[union-attr]
    assert gateway.update_customer(account, "cus_gone", customer(profile=FULL), FULL.values).deleted
    assert [fact.deleted for fact in gateway.everything(account, "in_gone")] == [True]  # type: ignore[union-attr]
    gateway.delete_draft(account, "in_gone")
    for call in (
        lambda: gateway.customer(account, "cus_gone"),
        lambda: gateway.send(account, "in_gone", "send"),
        lambda: gateway.create_draft(account, invoice_with_draft(), "cus_gone", "draft"),
    ):
        with pytest.raises(StripeRefused, match="stripe_resource_missing"):
            call()


def test_an_idempotency_key_of_another_request_raises_an_error(
    gateway: StripeGateway, account: StripeAccountId
) -> None:
    gateway.create_customer(account, customer(profile=FULL), "key")

    with pytest.raises(StripeUnavailable) as exc_info:
        gateway.create_customer(account, customer(profile=replace(FULL, phone=None)), "key")

    assert (exc_info.value.code, exc_info.value.answered) == ("stripe_key_reused", True)


def test_a_refusal_of_stripe_has_stripes_message(gateway: StripeGateway, account: StripeAccountId) -> None:
    stripe_customer = gateway.create_customer(account, customer(profile=FULL), "key")
    draft = gateway.create_draft(account, invoice_with_draft(), stripe_customer.id, "draft")

    with pytest.raises(StripeRefused) as exc_info:
        gateway.void(account, draft.id, "void")

    assert type(exc_info.value) is StripeRefused
    assert exc_info.value.code == "stripe_refused"
    assert exc_info.value.message.startswith("Stripe refused: ")
    assert "open invoices" in exc_info.value.message


def test_an_oauth_code_works_once(gateway: StripeGateway, double: StripeDouble) -> None:
    account = str(double.create_account(connected=False)["id"])
    code = double.authorization_code(account)

    authorization = gateway.exchange_code(code)

    assert (authorization.account_id, authorization.livemode, authorization.scope) == (account, False, "read_write")
    for bad in (code, "ac_unknown"):
        with pytest.raises(Refused, match="oauth_code_invalid"):
            gateway.exchange_code(bad)


# Lists and Stripe's clock


def our_id(name: str) -> InvoiceId:
    """Returns an id of the form that POM generates."""
    return invoice_id_for(OrganizationId("org_1"), name)


def metadata_of(invoice_id: InvoiceId) -> Invoice:
    return replace(invoice_with_draft(), id=invoice_id, stripe_invoice_id=None)


def test_an_invoice_is_found_after_several_pages(
    gateway: StripeGateway, double: StripeDouble, account: StripeAccountId
) -> None:
    customer_id = gateway.create_customer(account, customer(profile=FULL), "key").id
    first = gateway.create_draft(account, metadata_of(our_id("first")), customer_id, "first")
    for n in range(210):
        gateway.create_draft(account, metadata_of(our_id(str(n))), customer_id, f"key {n}")
    double.api.log.reset()

    stripe_invoice = gateway.find_invoice(account, replace(invoice(), id=our_id("first")))

    assert stripe_invoice is not None
    assert stripe_invoice.id == first.id
    assert double.api.log.counts() == {"GET /v1/invoices": 3}
    assert gateway.find_invoice(account, replace(invoice(), id=our_id("never"))) is None


def test_two_hundred_fifty_lines_are_sent_in_one_request_and_counted(
    gateway: StripeGateway, double: StripeDouble, account: StripeAccountId
) -> None:
    customer_id = gateway.create_customer(account, customer(profile=FULL), "key").id
    draft = gateway.create_draft(account, invoice_with_draft(), customer_id, "draft")
    full = invoice_with_draft(line_items=lines(250)).order
    double.api.log.reset()

    line_ids = gateway.add_lines(account, draft.id, lines_of(full), "lines")

    assert double.api.log.total() == 1
    assert line_ids.total == full.total
    assert len(gateway.billed_lines(account, draft.id)) == 250
    assert double.api.log.total() == 4


def test_events_are_listed_newest_first_and_only_of_known_types(
    gateway: StripeGateway, double: StripeDouble, account: StripeAccountId
) -> None:
    stripe_customer = gateway.create_customer(account, customer(profile=FULL), "key")
    for n in range(120):
        phone = replace(FULL, phone=f"+1 512 555 {n:04}")
        gateway.update_customer(account, stripe_customer.id, customer(profile=phone), phone.values)
    double.api.log.reset()

    pages = list(gateway.events(account, NOW - 60, NOW + 60))

    events = [event for page in pages for event in page]
    assert double.api.log.counts() == {"GET /v1/events": 2}
    assert [event.type for event in events] == ["customer.updated"] * 120, (
        "customer.created is not a type that we request"
    )
    assert {event.account_id for event in events} == {account}
    assert {event.api_version for event in events} == {double.config.account_version}, (
        "whatever API version the request names"
    )
    assert list(gateway.events(account, NOW - 600, NOW - 60)) == [[]]


def test_facts_have_the_time_of_stripes_clock(
    gateway: StripeGateway, double: StripeDouble, account: StripeAccountId
) -> None:
    stripe_customer = gateway.create_customer(account, customer(profile=FULL), "key")
    before = double.clock.seconds()
    double.advance(1234)

    later = gateway.customer(account, stripe_customer.id)

    assert (stripe_customer.as_of, later.as_of) == (before, before + 1234)
    assert gateway.account(account).as_of == before + 1234


def test_a_long_payout_is_read_page_by_page(
    gateway: StripeGateway, double: StripeDouble, account: StripeAccountId
) -> None:
    for _ in range(149):
        double.outside_charge(account, 1_000)
    double.advance(3 * 86400)
    payout = str(double.pay_out(account)["id"])
    double.advance(86400)
    double.api.log.reset()

    pages = list(gateway.balance_transactions(account, payout))
    payout_fact = gateway.payout(account, payout)

    assert payout_fact is not None
    assert [len(page) for page in pages] == [100, 50]
    own = payout_fact.balance_transaction_id
    assert sum(line.net for page in pages for line in page if line.id != own) == payout_fact.amount
    assert sum(double.api.log.counts().values()) == 3


# Responses that are not Stripe's


@contextmanager
def server_responding(status: int, body: bytes, **headers: str) -> Iterator[str]:
    """Serves every request with this response, like a proxy between us and Stripe."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response_only(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


DATE = {"Date": "Mon, 23 Nov 2026 15:00:00 GMT"}
UNREADABLE: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "a page with 200": (200, b"<html>Welcome</html>", DATE),
    "a page with 403": (403, b"<html>Blocked by the firewall</html>", DATE),
    "another shape": (200, b'{"object": "customer", "id": 5}', DATE),
    "no date": (200, b'{"object": "customer", "id": "cus_1"}', {}),
    "no real date": (200, b'{"object": "customer", "id": "cus_1"}', {"Date": "tomorrow"}),
    "a status of nobody": (418, b'{"error": {"message": "teapot"}}', DATE),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_response_that_is_not_stripes_is_not_a_refusal(case: str) -> None:
    """It is unknown whether the request reached Stripe, so the response must not count as a refusal."""
    status, body, headers = UNREADABLE[case]

    with server_responding(status, body, **headers) as url, pytest.raises(StripeUnavailable) as exc_info:
        gateway_at(url, "sk_test_x").create_customer(StripeAccountId("acct_1"), customer(profile=FULL), "key")

    assert (exc_info.value.code, exc_info.value.answered) == ("stripe_answer_unreadable", True)


def test_a_list_with_an_item_of_another_shape_raises_an_error() -> None:
    body = b'{"object": "list", "has_more": false, "data": [{"id": 5}]}'

    with server_responding(200, body, **DATE) as url:
        gateway = gateway_at(url, "sk_test_x")
        for read_call in (
            lambda: gateway.find_customers(StripeAccountId("acct_1"), "a@example.com"),
            lambda: list(gateway.refunds(StripeAccountId("acct_1"), NOW)),
            lambda: list(gateway.payouts(StripeAccountId("acct_1"), NOW)),
            lambda: list(gateway.balance_transactions(StripeAccountId("acct_1"), "po_1")),
        ):
            with pytest.raises(StripeUnavailable, match="stripe_answer_unreadable"):
                read_call()
