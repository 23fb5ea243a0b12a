"""Nobody outside can page: a stranger, and then one company, play against every alarm of the template.

They do all that we could think of to the real handlers, for hours, on a stage where nobody else does anything. Judged
are the metrics as the handlers print them. No page may fire, and of the tickets exactly those that are named. Each
guard is also taken away, to see that the play notices. `test_disasters_page` is the counterpart.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from stripe import WebhookSignature

from chalicelib.api.http.route_table import ROUTES, Role
from chalicelib.domain import tie_out
from chalicelib.domain.events import API_VERSION, SUBSCRIPTION, StripeEvent
from chalicelib.functions import Queue
from chalicelib.usecases.reconciling.sweep_events import EventSweep
from tests.api.tokens import Issuer
from tests.infrastructure.played import Stage, stage
from tests.infrastructure.played_company import (
    CALM,
    asks_stripe,
    compare,
    connect_account,
    pages,
    pays,
    sent_invoice,
    without,
)
from tests.world import ADMIN, ORGANIZATION, WEBHOOK_SECRET

__all__ = ["stage"]

# A stranger


class Stranger:
    """Has no token, no secret, and one real event that it has caught."""

    def __init__(self, stage: Stage, caught: tuple[bytes, dict[str, str]]) -> None:
        self._stage = stage
        self._caught = caught

    def knocks(self, minute: int) -> None:
        """Does everything once."""
        for body, headers in self._forgeries():
            self._stage.webhook(body, headers, by_outsider=True)
        for method, path, body in self._nonsense():
            self._stage.counted_response(self._stage.api.call(method, path, body, token=None))
        for token in self._tokens():
            for route in ROUTES:
                if route.role is not Role.PUBLIC and minute % 10 == 0:
                    path = route.path.removeprefix("/v1").replace("{", "").replace("}", "")
                    self._stage.counted_response(self._stage.api.call(route.method, path, {}, token=token))

    def _forgeries(self) -> list[tuple[bytes, dict[str, str]]]:
        body, headers = self._caught
        now = self._stage.now
        signature_header = {
            "Stripe-Signature": WebhookSignature.generate_signature_header(body.decode(), "whsec_guess", now)
        }
        return [
            (body, {}),
            (body, {"Stripe-Signature": ""}),
            (body, {"Stripe-Signature": "t=1,v1=00"}),
            (body, {"Stripe-Signature": "\u00e9" * 300}),
            (body, signature_header),
            (body, headers),
            (body.replace(b"acct_", b"acct_x"), headers),
            (b"", signature_header),
            (b"\xff\xfe\x00", signature_header),
            (b"{" * 100_000, signature_header),
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
    """An outsider probes the API for an hour and a half, and uses up the rate of the webhooks' route twice. The
    second time a customer pays, and the sweep reads the events that Stripe could not deliver.
    """
    account = connect_account(stage, "svc_1", "svc_2", "svc_3")
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


def test_requests_without_credentials_page_no_operator(attacked: Stage) -> None:
    minutes_in_alarm = attacked.minutes_in_alarm(since=CALM)
    assert pages(minutes_in_alarm) == set()
    assert minutes_in_alarm.keys() == {"CanaryThrottled", "Corrections", "SignatureFailures"}
    unguarded = (
        without("SignaturesAllRefused", "IF(FILL(invalid, 0) > 2 AND FILL(received, 0) < 1, 1, 0)"),
        without("SignaturesAllRefused", "IF(FILL(invalid, 0) > 2 AND FILL(unheard, 0) > 0, 1, 0)"),
        without("CanaryFailing", "IF(FILL(sent, 0) - FILL(passed, 0) > 0, 1, 0)"),
    )
    for alarm in unguarded:
        assert pages(attacked.minutes_in_alarm(since=CALM, **alarm)) == alarm.keys(), (
            "without its guard it would page"
        )


# One company


def throttles_itself(stage: Stage, account: str) -> None:
    """The company's own programs use up Stripe's limit for its account for three hours, while its office works on."""
    stage.world.double.order_fault("rate_limit", count=10**9, account=account)

    def act(minute: int) -> None:
        api = stage.api
        if minute < 60:
            body = {"firstName": "Ann", "lastName": "Lee", "email": f"ann{minute}@example.test"}
            stage.counted_response(api.put(f"/customers/cust_{minute}", body))
            line = {"serviceId": f"svc_{minute}", "description": "x", "quantity": 1, "unitPrice": "75.00"}
            stage.counted_response(api.post("/invoices", {"customerId": "cust_1", "lineItems": [line]}))
        asks_stripe(stage)

    stage.pass_minutes(190, act)


def sends_nonsense(stage: Stage, account: str) -> None:
    """Sends invalid requests to every route, and signed events of unusual kinds from the company's own account."""

    def act(minute: int) -> None:
        for role in ("billing", "admin"):
            for route in ROUTES:
                if route.role is not Role.PUBLIC:
                    path = route.path.removeprefix("/v1").replace("{", "").replace("}", "")
                    api = stage.api.acting(role, user=ADMIN)
                    for body in (None, {}, b"\xff", {"customerId": "\ud800"}, [[]]):
                        stage.counted_response(api.call(route.method, path, body))
        for body in odd_events(account, stage.now, minute):
            header = WebhookSignature.generate_signature_header(body.decode(), WEBHOOK_SECRET, stage.now)
            assert stage.webhook(body, {"Stripe-Signature": header}) == 200

    stage.pass_minutes(15, act)


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
    """A person duplicates an invoice in Stripe's dashboard with POM's ids, and sends it. A customer pays it."""
    [original, *_] = stage.world.in_stripe(account)
    copy = sent_invoice(stage, account, original, by_platform=False)
    stage.world.double.pay(account, copy)
    stage.pass_minutes(90)
    compare(stage)
    stage.pass_minutes(30)
    assert stage.world.ports.connections.get(ORGANIZATION).frozen is not None, "its invoicing is paused"


def saves_thousands(stage: Stage, account: str) -> None:
    """Saves customers one by one, faster than they get to Stripe, until the oldest has waited for two hours."""
    stage.capacity[Queue.CUSTOMER_SYNC] = 4

    def act(minute: int) -> None:
        for number in range(15):
            body = {"firstName": "Ann", "lastName": "Lee", "email": f"ann{minute}.{number}@example.test"}
            stage.counted_response(stage.api.put(f"/customers/cust_{minute}_{number}", body))

    stage.pass_minutes(180, act)


def comes_and_goes(stage: Stage, account: str) -> None:
    """A company disconnects in Stripe, is paid in that time, and connects again, while unsigned events arrive all the
    time.
    """
    stage.world.double.revoke(account)
    stage.pass_minutes(15)
    pays(stage, account, 0)
    stage.pass_minutes(15)
    stage.world.connect(account=account)
    stage.pass_minutes(60, lambda _: [stage.webhook(b"{}", {}, by_outsider=True) for _ in range(3)] and None)


BURNS = ("FastBurnHour", "FastBurnNow", "SlowBurnHours", "SlowBurnNow")
COMPANIES: dict[Callable[[Stage, str], None], tuple[set[str], list[tuple[set[str], dict[str, Any]]]]] = {
    throttles_itself: (
        {
            "BacklogCustomerSync",
            "BacklogReconcile",
            "DeadLetterCustomerSync",
            "DeadLetterReconcile",
            "StripeThrottling",
            "StuckInvoices",
        },
        [
            (
                {"ErrorsFast", "ErrorsSlow"},
                {
                    name: alarm
                    for burn in BURNS
                    for name, alarm in without(
                        burn, "IF(FILL(errors, 0) >= 5, FILL(errors, 0) / requests, 0)"
                    ).items()
                },
            ),
            (
                {"ReconciliationStuck"},
                without("ReconciliationStuck", "IF(FILL(planned, 0) > 0 AND FILL(done, 0) < 1, 1, 0)"),
            ),
            ({"StalledReconcile"}, without("StalledReconcile", "FILL(age, 0)")),
            ({"WorkFailedReconcile"}, without("WorkFailedReconcile", "FILL(waiting, 0)")),
            ({"WorkFailedCustomerSync"}, without("WorkFailedCustomerSync", "FILL(waiting, 0)")),
        ],
    ),
    sends_nonsense: (set(), []),
    copies_an_invoice: ({"InvoicesCopied", "TieOutDrift"}, []),
    saves_thousands: (
        {"BacklogCustomerSync"},
        [({"StalledCustomerSync"}, without("StalledCustomerSync", "FILL(age, 0)"))],
    ),
    comes_and_goes: ({"Corrections", "SignatureFailures"}, []),
}
"""Each action of one company, its permitted tickets, and the pages that it would cause without a guard."""


@pytest.mark.parametrize("acts", COMPANIES, ids=lambda acts: acts.__name__)
def test_one_company_pages_no_operator_and_causes_only_these_tickets(
    stage: Stage, acts: Callable[[Stage, str], None]
) -> None:
    account = connect_account(stage, "svc_1", "svc_2")
    acts(stage, account)
    tickets, unguarded = COMPANIES[acts]
    minutes_in_alarm = stage.minutes_in_alarm(since=CALM)
    assert pages(minutes_in_alarm) == set()
    assert minutes_in_alarm.keys() == tickets
    for would_page, alarms in unguarded:
        assert pages(stage.minutes_in_alarm(since=CALM, **alarms)) == would_page, "without its guard it would page"


def test_without_the_application_of_an_invoice_a_copied_invoice_would_page(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tie_out, "_not_by_pom", lambda *_: frozenset())
    account = connect_account(stage, "svc_1", "svc_2")
    copies_an_invoice(stage, account)
    assert pages(stage.minutes_in_alarm(since=CALM)) == {"BilledTwice"}


def test_without_the_time_of_connection_a_reconnected_account_would_page(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def counted(sweep: EventSweep, event: StripeEvent, *, recovered: bool) -> None:
        sweep.unheard += recovered

    monkeypatch.setattr(EventSweep, "_count", counted)
    account = connect_account(stage, "svc_1", "svc_2")
    comes_and_goes(stage, account)
    assert pages(stage.minutes_in_alarm(since=CALM)) == {"SignaturesAllRefused"}
