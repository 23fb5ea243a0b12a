"""Nobody outside can page: a stranger, and then one company, play against every alarm of the template.

They do all that we could think of to the real handlers, for hours, on a stage where nobody else does anything. Judged
are the metrics as the handlers print them. No page may fire, and of the tickets exactly those that are named. Then the
real disasters happen, and each must page. Each guard is also taken away, to see that the play notices.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from stripe import WebhookSignature

from chalicelib import bootstrap
from chalicelib.api.http.table import ROUTES, Role
from chalicelib.domain.events import API_VERSION, SUBSCRIPTION
from chalicelib.domain.identifiers import CustomerId
from chalicelib.functions import Queue
from chalicelib.ports.messages import Reconciliation
from chalicelib.usecases.healing import plan_reconciliation
from infra.local.cloudwatch.alarms import MetricAlarm
from tests.api.tokens import Issuer, private_key
from tests.infrastructure.played import DEPLOYED, PlayedWorld, Stage, stage
from tests.world import ADMIN, ORGANIZATION, WEBHOOK_SECRET

__all__ = ["stage"]

CALM = 40
"""Minutes before anything happens: longer than any alarm of silence looks back."""
PAGES = {name for name, alarm in DEPLOYED.items() if alarm.grade == "page"}


def connected(stage: Stage, *services: str) -> str:
    """A company with a customer and invoices, left alone until nothing more happens; returns its Stripe account."""
    account = stage.world.connect()
    stage.world.customer()
    for service in services:
        stage.world.invoice(service)
    stage.pass_minutes(CALM)
    assert stage.told(since=CALM - 5) == {}, "nothing is wrong before it begins"
    return account


def pages(told: dict[str, int]) -> set[str]:
    return told.keys() & PAGES


def without(alarm: str, expression: str, **changes: Any) -> dict[str, MetricAlarm]:
    """An alarm whose guard is taken away."""
    judged = DEPLOYED[alarm]
    assert isinstance(judged, MetricAlarm)
    return {alarm: dataclasses.replace(judged, expression=expression, **changes)}


def pays(stage: Stage, account: str, number: int) -> None:
    """A customer pays one of the company's invoices."""
    invoice = stage.world.in_stripe(account)[number]
    stage.world.double.pay(account, invoice["id"])


# A stranger


class Stranger:
    """Has no token, no secret, and one real event that it has caught."""

    def __init__(self, stage: Stage, caught: tuple[bytes, dict[str, str]]) -> None:
        self._stage = stage
        self._caught = caught

    def knocks(self, minute: int) -> None:
        """Does everything once."""
        for body, headers in self._forgeries():
            self._stage.webhook(body, headers, by_stranger=True)
        for method, path, body in self._nonsense():
            self._stage.answered(self._stage.api.call(method, path, body, token=None))
        for token in self._tokens():
            for route in ROUTES:
                if route.role is not Role.PUBLIC and minute % 10 == 0:
                    path = route.path.removeprefix("/v1").replace("{", "").replace("}", "")
                    self._stage.answered(self._stage.api.call(route.method, path, {}, token=token))

    def _forgeries(self) -> list[tuple[bytes, dict[str, str]]]:
        body, headers = self._caught
        now = self._stage.now
        signed = {"Stripe-Signature": WebhookSignature.generate_signature_header(body.decode(), "whsec_guess", now)}
        return [
            (body, {}),
            (body, {"Stripe-Signature": ""}),
            (body, {"Stripe-Signature": "t=1,v1=00"}),
            (body, {"Stripe-Signature": "\u00e9" * 300}),
            (body, signed),
            (body, headers),
            (body.replace(b"acct_", b"acct_x"), headers),
            (b"", signed),
            (b"\xff\xfe\x00", signed),
            (b"{" * 100_000, signed),
            (b"x" * 7_000_000, {}),
        ]

    def _nonsense(self) -> list[tuple[str, str, object]]:
        callback = "/stripe/oauth/callback"
        return [
            ("GET", "/health?x=1", None),
            ("POST", "/health", {}),
            ("GET", "/openapi.json?a=b&a=c", None),
            ("GET", "/asyncapi.json", b"\xff"),
            ("GET", "/nothing/here", None),
            ("GET", callback, None),
            ("GET", f"{callback}?state=x&code=y", None),
            ("GET", f"{callback}?state={'s' * 5000}&code=ac_1", None),
            ("GET", f"{callback}?state=x&state=y&code=ac_1", None),
            ("GET", f"{callback}?error=access_denied&state=x", None),
            ("GET", f"{callback}?state=%00%ff&code=%0d%0aX:y", None),
        ]

    def _tokens(self) -> list[str | None]:
        issuer = Issuer()
        return [
            None,
            "x",
            "a.b.c",
            issuer.sign(exp=1),
            issuer.sign(aud="other"),
            issuer.sign(key="made-up"),
            issuer.sign(organization_id="../../x"),
            issuer.sign({"kid": "k" * 5000}),
        ]


@pytest.fixture
def attacked(stage: Stage) -> Stage:
    """A stranger knocks for an hour and a half, and meanwhile uses up the rate of the webhooks' route twice.

    The second time a customer pays, and the sweep fetches what Stripe could not bring.
    """
    account = connected(stage, "svc_1", "svc_2", "svc_3")
    caught = _caught(stage, account)
    stranger = Stranger(stage, caught)
    stage.pass_minutes(30, stranger.knocks)
    stage.flooded = True
    stage.pass_minutes(20, stranger.knocks)
    pays(stage, account, 0)
    stage.pass_minutes(20, stranger.knocks)
    stage.flooded = False
    stage.pass_minutes(20, stranger.knocks)
    return stage


def _caught(stage: Stage, account: str) -> tuple[bytes, dict[str, str]]:
    event = stage.world.double.events(account, version=API_VERSION)[-1]
    body = json.dumps({"account": account, **event}).encode()
    header = WebhookSignature.generate_signature_header(body.decode(), WEBHOOK_SECRET, stage.now)
    return body, {"Stripe-Signature": header}


def test_a_stranger_pages_nobody_whatever_it_posts(attacked: Stage) -> None:
    told = attacked.told(since=CALM)
    assert pages(told) == set()
    assert told.keys() == {"CanaryThrottled", "Corrections", "SignatureFailures"}


def test_without_its_guard_a_stranger_pages_by_refused_signatures_or_by_the_canary(attacked: Stage) -> None:
    refused = "IF(FILL(invalid, 0) > 2 AND FILL(received, 0) < 1, 1, 0)"
    unguarded = "IF(FILL(invalid, 0) > 2 AND FILL(received, 0) < 1 AND FILL(unheard, 0) > 0, 1, 0)"
    canary = "IF(FILL(sent, 0) - FILL(passed, 0) > 0, 1, 0)"
    for changed in (
        without("SignaturesAllRefused", refused),
        without("SignaturesAllRefused", unguarded),
        without("CanaryFailing", canary),
    ):
        assert pages(attacked.told(since=CALM, **changed)) == changed.keys()


# One company


def throttles_itself(stage: Stage, account: str) -> None:
    """The company's own programs use up Stripe's limit for its account for four hours, and its office goes on."""
    stage.world.double.order_fault("rate_limit", count=10**9, account=account)

    def act(minute: int) -> None:
        api = stage.api
        if minute < 60:
            body = {"firstName": "Ann", "lastName": "Lee", "email": f"ann{minute}@example.test"}
            stage.answered(api.put(f"/customers/cust_{minute}", body))
        for number in range(5):
            line = {"serviceId": f"svc_{minute}_{number}", "description": "x", "quantity": 1, "unitPrice": "75.00"}
            stage.answered(api.post("/invoices", {"customerId": "cust_1", "lineItems": [line]}))

    stage.pass_minutes(240, act)


def sends_nonsense(stage: Stage, account: str) -> None:
    """Everything wrong on every route, and events of its own account of odd kinds, which Stripe signs."""

    def act(minute: int) -> None:
        for role in ("billing", "admin"):
            for route in ROUTES:
                if route.role is not Role.PUBLIC:
                    path = route.path.removeprefix("/v1").replace("{", "").replace("}", "")
                    api = stage.api.acting(role, user=ADMIN)
                    for body in (None, {}, b"\xff", {"customerId": "\ud800"}, [[]]):
                        stage.answered(api.call(route.method, path, body))
        for body in odd_events(account, stage.now, minute):
            header = WebhookSignature.generate_signature_header(body.decode(), WEBHOOK_SECRET, stage.now)
            assert stage.webhook(body, {"Stripe-Signature": header}) == 200

    stage.pass_minutes(30, act)


def odd_events(account: str, now: int, minute: int) -> list[bytes]:
    objects: list[Any] = [
        None,
        {},
        {"id": None, "object": "invoice"},
        {"id": "in_odd", "object": "invoice", "metadata": {"pom_invoice_id": "x" * 500}},
        {"id": "in_odd", "object": "invoice", "total": 10**40, "status": 7},
        {"id": "cus_odd", "object": "customer", "email": "\u0000" * 50},
        {"id": "x" * 3000, "object": "charge"},
        {"id": "pi_odd", "object": "payment_intent", "amount": "many"},
        {"id": "po_odd", "object": "payout_of_tomorrow"},
        {"id": "re_odd", "object": "refund", "payment_intent": ["pi_1"]},
    ]
    kinds = sorted(SUBSCRIPTION)
    return [
        json.dumps(
            {
                "id": f"evt_{minute}_{number}",
                "object": "event",
                "account": account,
                "api_version": API_VERSION if number % 2 else "2015-01-01",
                "created": now,
                "livemode": False,
                "type": kinds[(minute * 7 + number) % len(kinds)],
                "data": {"object": each},
            }
        ).encode()
        for number, each in enumerate(objects)
        if kinds[(minute * 7 + number) % len(kinds)] != "account.application.deauthorized"
    ]


def copies_an_invoice(stage: Stage, account: str) -> None:
    """Somebody duplicates an invoice in Stripe's dashboard, our ids included, sends it, and a customer pays it."""
    [original, *_] = stage.world.in_stripe(account)
    copy = sent_invoice(stage, account, original, by_platform=False)
    stage.world.double.pay(account, copy)
    stage.pass_minutes(90)
    compare(stage)
    stage.pass_minutes(30)
    assert stage.world.ports.connections.get(ORGANIZATION).frozen is not None, "its invoicing is paused"


def sent_invoice(stage: Stage, account: str, original: dict[str, Any], *, by_platform: bool) -> str:
    """Another live invoice with the ids of this one; made by the platform, or by the company with its own key."""
    double = stage.world.double
    options: Any = {"stripe_account": account} if by_platform else {"api_key": f"sk_test_{account}"}
    invoices = stage.world.client.v1.invoices
    asked: Any = {
        "customer": original["customer"],
        "metadata": original["metadata"],
        "collection_method": "send_invoice",
        "days_until_due": 30,
    }
    made = invoices.create(asked, options)
    assert made.application == (double.config.client_id_test if by_platform else None)
    lines: Any = {"lines": [{"description": "Cleaning", "amount": 7500}]}
    invoices.add_lines(str(made.id), lines, options)
    invoices.finalize_invoice(str(made.id), None, options)
    return str(made.id)


def compare(stage: Stage) -> None:
    """The daily comparison of the company's objects, which ends with the books tied out."""
    stage.world.ports.queues.send(Reconciliation(ORGANIZATION, objects=True))


def saves_thousands(stage: Stage, account: str) -> None:
    """Saves customers one by one, faster than they get to Stripe, until the oldest has waited for two hours."""
    stage.capacity[Queue.CUSTOMER_SYNC] = 4

    def act(minute: int) -> None:
        for number in range(15):
            body = {"firstName": "Ann", "lastName": "Lee", "email": f"ann{minute}.{number}@example.test"}
            stage.answered(stage.api.put(f"/customers/cust_{minute}_{number}", body))

    stage.pass_minutes(180, act)


def comes_and_goes(stage: Stage, account: str) -> None:
    """Disconnects in Stripe, is paid meanwhile, connects again, and somebody posts unsigned events all the time."""
    stage.world.double.revoke(account)
    stage.pass_minutes(15)
    pays(stage, account, 0)
    stage.pass_minutes(15)
    stage.world.connect(account=account)
    stage.pass_minutes(60, lambda _: [stage.webhook(b"{}", {}, by_stranger=True) for _ in range(3)] and None)


COMPANIES: dict[Callable[[Stage, str], None], set[str]] = {
    throttles_itself: {"BacklogCustomerSync", "BacklogReconcile", "DeadLetterCustomerSync", "StripeThrottling"},
    sends_nonsense: set(),
    copies_an_invoice: {"InvoicesCopied"},
    saves_thousands: {"BacklogCustomerSync"},
    comes_and_goes: {"SignatureFailures", "Corrections"},
}
"""What one company may do, and the tickets that it may cause."""


@pytest.mark.parametrize("acts", COMPANIES, ids=lambda acts: acts.__name__)
def test_one_company_pages_nobody_and_causes_these_tickets(stage: Stage, acts: Callable[[Stage, str], None]) -> None:
    account = connected(stage, "svc_1", "svc_2")
    acts(stage, account)
    told = stage.told(since=CALM)
    assert pages(told) == set()
    assert told.keys() == COMPANIES[acts]
