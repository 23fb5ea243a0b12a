"""Plays a case: one pool company on a Stripe account of a given version, the steps of the case, and POM's data
afterwards.

A case is a JSON file in `cases/`. Its `steps` are methods of `Play`: `{"refund": {"amount": 2500}}` calls
`refund(amount=2500)`. Its `expected` is compared with the API's responses, and names only the fields that matter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Any

import pytest
from stripe import WebhookSignature

from chalicelib.domain.errors import StripeUnavailable
from chalicelib.domain.events import API_VERSION
from chalicelib.domain.invoice import Invoice
from infra.stripe_double import VERSIONS
from tests.api.client import ApiClient
from tests.field.customer_steps import CustomerSteps
from tests.field.day_steps import DaySteps
from tests.field.door_steps import DoorSteps
from tests.field.draft_steps import DraftSteps
from tests.field.error_steps import ErrorSteps
from tests.field.hand_steps import HandSteps
from tests.field.money_steps import MoneySteps
from tests.field.payout_steps import PayoutSteps
from tests.field.refund_steps import RefundSteps
from tests.field.revision_steps import RevisionSteps
from tests.world import ORGANIZATION, WEBHOOK_SECRET, World

CASES = Path(__file__).parent / "cases"
SOURCES = (
    "recorded accounts",
    "bug report",
    "Stripe's documentation",
    "Stripe's SDK",
    "tried by hand",
)
"""Kinds of sources: who outside this project says that Stripe is like this, or that it went wrong."""

Step = dict[str, dict[str, Any]]


class Case:
    """One case as its file has it."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        document = json.loads(path.read_text())
        self.report: str = document.pop("report")
        self.source: str = document.pop("source")
        self.account: dict[str, Any] = document.pop("account", {})
        self.versions: list[str] = _version_list(document.pop("versions", "ours"))
        self.steps: list[Step] = document.pop("steps")
        self.expected: dict[str, Any] = document.pop("expected")
        unknown = [*document, *({name for step in self.steps for name in step} - STEPS)]
        if unknown or self.source not in SOURCES:
            raise ValueError(f"{path.name}: {', '.join(unknown) or self.source} is not known")


def _version_list(named: str | list[str]) -> list[str]:
    if named == "all":
        return list(VERSIONS)
    if named == "older":
        return [version for version in VERSIONS if version != API_VERSION]
    return [API_VERSION] if named == "ours" else list(named)


class Play(
    CustomerSteps,
    DaySteps,
    DoorSteps,
    DraftSteps,
    ErrorSteps,
    HandSteps,
    MoneySteps,
    PayoutSteps,
    RefundSteps,
    RevisionSteps,
):
    """One pool company and its account. Stripe's webhooks wait until a step delivers them."""

    def __init__(self, world: World, api: ApiClient, version: str, settings: dict[str, Any]) -> None:
        super().__init__()
        self.world, self.api, self.version = world, api, version
        self.invoice: Invoice | None = None
        self.account = world.account(api_version=version, **settings)
        self._events = 0

    def play(self, steps: list[Step]) -> None:
        """Plays the steps, one after the other."""
        for step in steps:
            [(name, options)] = step.items()
            step_method: Callable[..., None] = getattr(self, name)
            try:
                step_method(**options)
            except Exception as failure:
                failure.add_note(f"in the step {step}")
                raise

    # The office

    def connect(self) -> None:
        """Install Stripe, or reconnect."""
        self.world.connect(account=self.account)

    def connect_another_account(self) -> None:
        """The admin connects another Stripe account of the company."""
        self.account = self.world.connect(account=self.world.account(api_version=self.version))

    def disconnect(self) -> None:
        self.api.admin.delete("/stripe/connection")

    def send_invoice(self, lines: int = 1, send: bool = True) -> None:
        """Connect, save a customer, and bill 75.00 a line; Stripe's webhooks about it arrive."""
        if not self.world.ports.connections.get(ORGANIZATION).active:
            self.connect()
        self.world.customer()
        self.invoice = self.world.invoice(*(f"svc_{number}" for number in range(lines)), send=send)
        self.deliver()

    def mark_paid(self) -> None:
        self.api.post(f"/invoices/{self._invoice.id}/mark-paid", {"method": "cash"})

    def refresh(self) -> None:
        self.api.post(f"/invoices/{self._invoice.id}/refresh")

    def save_customer(self, **profile: Any) -> None:
        self.world.customer(**profile)

    def work(self) -> None:
        """The workers do the queued work."""
        self.world.work()

    # Stripe, the payer and the payer's bank

    def pay(self, method: str = "pm_card_visa", amount: int | None = None) -> None:
        self.world.double.pay(self.account, self._stripe_id, method, amount=amount)

    def pay_with_confirmation(self, confirmed: bool) -> None:
        """The payer's bank asks to confirm the payment, and the payer does or does not."""
        method = "pm_card_threeDSecure2Required"
        self.world.double.pay(self.account, self._stripe_id, method, authenticate=confirmed)

    def decline(self, code: str, decline_code: str = "", bank: bool = False) -> None:
        """The payer tries, and is declined with these codes."""
        method = "pm_usBankAccount" if bank else "pm_card_visa"
        self.world.double.pay(self.account, self._stripe_id, method, decline=(code, decline_code))

    def debit_fails(self, code: str) -> None:
        self.world.double.settle_debit(self.account, self._last("payment_intent"), fail=code)

    def debit_arrives(self) -> None:
        self.world.double.settle_debit(self.account, self._last("payment_intent"))

    def refund(self, amount: int | None = None) -> None:
        """The company refunds the payment in Stripe's dashboard."""
        params: Any = {"payment_intent": self._last("payment_intent")}
        self._dashboard.refunds.create({**params, **({"amount": amount} if amount else {})}, self._options)

    def refund_fails(self) -> None:
        self.world.double.settle_refund(self.account, self._last("refund"), outcome="failed")

    def dispute(self) -> None:
        self.world.double.open_dispute(self.account, self._last("charge"))

    def dispute_ends(self, status: str) -> None:
        self.world.double.move_dispute(self.account, self._last("dispute"), status)

    def credit(self, amount: int) -> None:
        self._dashboard.credit_notes.create({"invoice": self._stripe_id, "amount": amount}, self._options)

    def void(self) -> None:
        self._dashboard.invoices.void_invoice(self._stripe_id, None, self._options)

    def write_off(self) -> None:
        self._dashboard.invoices.mark_uncollectible(self._stripe_id, None, self._options)

    def paid_in_cash_in_stripe(self) -> None:
        self._dashboard.invoices.pay(self._stripe_id, {"paid_out_of_band": True}, self._options)

    def forget_metadata(self) -> None:
        """Somebody removes POM's ids from the invoice in Stripe."""
        gone: Any = {"metadata": ""}
        self._dashboard.invoices.update(self._stripe_id, gone, self._options)

    def overwrite_metadata(self, **metadata: str) -> None:
        """Somebody changes metadata of the invoice in Stripe."""
        changed: Any = {"metadata": metadata}
        self._dashboard.invoices.update(self._stripe_id, changed, self._options)

    def finalize_in_stripe(self, latest: bool = False) -> None:
        """Somebody finalizes the draft, or the latest draft of a revision, in Stripe's dashboard."""
        stripe_id = self._last("invoice") if latest else self._stripe_id
        self._dashboard.invoices.finalize_invoice(stripe_id, {"auto_advance": False}, self._options)

    def edit_customer(self, **changes: Any) -> None:
        """The customer is edited in Stripe's dashboard."""
        self._dashboard.customers.update(self._last("customer"), changes, self._options)

    def change_account(self, **changes: Any) -> None:
        """Stripe or the owner changes the account."""
        self.world.double.update_account(self.account, **changes)

    def revoke(self) -> None:
        """The owner disconnects POM in Stripe."""
        self.world.double.revoke(self.account)

    # The way of events

    def webhook(self, **fields: Any) -> None:
        """Stripe sends an event of this `type` about this `object`, with ids filled in, and signs it."""
        self._post_signed(self._event(**fields))

    def _event(self, **fields: Any) -> str:
        self._events += 1
        envelope = {
            "id": f"evt_field_{self._events}", "object": "event", "account": self.account,
            "api_version": self.version, "created": "$now", "livemode": False, "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
        }  # fmt: skip
        return self._filled({**envelope, "data": {"object": fields.pop("object")}, **fields})

    def _post_signed(self, body: str) -> None:
        signed = WebhookSignature.generate_signature_header(body, self.world.secrets[0], self.world.ports.clock.now())
        headers = {"Stripe-Signature": signed}
        answer = self.api.post("/stripe/webhooks", body.encode(), token=None, headers=headers)
        assert answer.status == 200, answer.text

    def deliver(self) -> None:
        """All webhooks that are due arrive."""
        self.world.deliver()

    def lose_webhooks(self, kinds: Sequence[str] = ("*",)) -> None:
        """Loses webhooks of these kinds from now on."""
        self.world.double.set_delivery(lose=list(kinds))

    def stop_losing_webhooks(self) -> None:
        self.world.double.set_delivery(lose=[])

    def no_events(self, kinds: Sequence[str] = ("*",)) -> None:
        """Makes Stripe generate no events of these types from now on."""
        self.world.double.set_delivery(never_generate=list(kinds))

    def no_refund_events(self) -> None:
        """Makes Stripe generate no `refund.*` events from now on for accounts on versions before 2024-10-28."""
        self.world.double.set_delivery(refunds_before_acacia=False)

    def endpoint(self, **settings: Any) -> None:
        """Replaces Stripe's webhook endpoint for POM by one with these settings, or adds one with `besides`."""
        [present] = self.world.client.v1.webhook_endpoints.list().data
        if not settings.pop("besides", False):
            self.world.client.v1.webhook_endpoints.delete(present.id)
        params = {
            "secret": WEBHOOK_SECRET,
            "enabled_events": list(present.enabled_events),
            "api_version": API_VERSION,
        }
        self.world.double.add_webhook_endpoint(present.url, **{**params, **settings})

    def sweep(self, objects: bool = False) -> None:
        """The ten-minute comparison; with `objects`, the daily one."""
        self.world.sweep(objects=objects)

    def sweep_fails(self, path: str) -> None:
        """The daily comparison meets an outage of Stripe's at a request of this path."""
        self.world.double.order_fault("error_before", path=path)
        with pytest.raises(StripeUnavailable):
            self.world.sweep(objects=True)

    def check_endpoint(self) -> None:
        """The five-minute check of Stripe's list of endpoints, and the canary."""
        self.world.look()

    def store_secrets(self, *, newest_first: list[str]) -> None:
        """An operator stores these signing secrets."""
        self.world.secrets = tuple(newest_first)

    def post_unsigned(self, times: int) -> None:
        """Somebody posts unsigned bodies."""
        for _ in range(times):
            answer = self.api.post("/stripe/webhooks", b"{}", token=None, headers={"Stripe-Signature": "t=1,v1=00"})
            assert answer.status == 400, answer.text

    def resend(self, kind: str) -> None:
        """Somebody presses Resend in Stripe on the latest event of this type."""
        events = [event for event in self.world.double.events(self.account) if event["type"] == kind]
        self.world.double.resend(self.account, events[-1]["id"])

    def wait(self, seconds: int) -> None:
        self.world.advance(seconds)

    def response_arrives_late(self, path: str, meanwhile: list[Step], then: Step, seconds: int = 3) -> None:
        """Other steps happen while the response to a request of this path is under way; `then` makes the request."""
        self.world.double.order_fault("late", path=path, seconds=seconds)
        with self._while_waiting(meanwhile, seconds):
            self.play([then])

    def response_dated_late(self, path: str, then: Step, seconds: int = 3) -> None:
        """The response to a request of this path arrives immediately with a late `Date`, as nearly all of Stripe's
        do.
        """
        self.world.double.order_fault("late", path=path, seconds=seconds)
        self.play([then])
        assert not self.world.double.api.faults.orders, "no such request was made"

    @contextmanager
    def _while_waiting(self, meanwhile: list[Step], seconds: int) -> Iterator[None]:
        happened: list[bool] = []

        def waits(_: float) -> None:
            if not happened:
                happened.append(True)
                self.world.advance(seconds)
                self.play(meanwhile)

        self.world.while_waiting = waits
        try:
            yield
        finally:
            self.world.while_waiting = lambda _: None
        assert happened, "no request was answered late"

    # What POM shows

    def shown(self) -> dict[str, Any]:
        """Returns the API's responses that a case can compare."""
        result: dict[str, Any] = {"connection": self.api.get("/stripe/connection").json}
        if self.invoice is not None:
            answer = self.api.get(f"/invoices/{self.invoice.id}")
            assert answer.status == 200, answer.text
            result["invoice"] = answer.json
            result["customer"] = self.api.get(f"/customers/{self.invoice.order.customer_id}").json
            result |= self._shown_of_what_happened(result["invoice"])
        result |= self._shown_of_customers() | self._shown_of_days() | self._shown_by_hand()
        result["payouts"] = self._shown_of_payouts()
        result["mails"] = len(self.world.double.mails(self.account))
        result["parked"] = len(list(self.world.ports.events.parked(self.account, 100)))  # type: ignore[arg-type]
        result["calls"] = sum(self.world.stripe_calls().values())
        result["summary"] = {each["currency"]: each for each in self.api.get("/summary").json["data"]}
        result["list"] = self.api.get("/invoices").json["data"]
        result |= {
            name: fields for name, fields in (("answer", self.answer), ("books", self.books)) if fields is not None
        }
        return result

    def _shown_of_what_happened(self, invoice: dict[str, Any]) -> dict[str, Any]:
        """The timeline as a list of kinds, and by kind; the money in and out; the log of events, by type.

        `rows` has the latest row of the money of each kind: a payment, a refund, a dispute.
        """
        reasons: dict[str, Any] = {}
        for each in invoice["history"]:
            reasons[each["kind"]] = each.get("reason") or reasons.get(each["kind"])
        log = self.api.get(f"/invoices/{invoice['id']}/events?first=100").json["data"]
        money = self.api.get("/payments?first=100").json["data"]
        return {
            "timeline": reasons,
            "kinds": [each["kind"] for each in invoice["history"]],
            "entries": {each["kind"]: each for each in invoice["history"]},
            "money": money,
            "rows": {each["kind"]: each for each in reversed(money)},
            "events": {each["type"]: each for each in log},
            "outcomes": sorted({each["outcome"] for each in log}),
        }

    def count_calls(self) -> None:
        """Count Stripe's calls from now on."""
        self.world.double.api.log.reset()

    # Parts

    @property
    def _invoice(self) -> Invoice:
        assert self.invoice is not None, "send an invoice first"
        return self.world.now(self.invoice)

    @property
    def _stripe_id(self) -> str:
        """The current invoice in Stripe: the latest revision, even if POM has not stored it yet."""
        in_stripe = {each["id"]: each for each in self.world.in_stripe(self.account, "invoice")}
        result = in_stripe[str(self._invoice.stripe_invoice_id)]
        while result["latest_revision"]:
            result = in_stripe[result["latest_revision"]]
        return str(result["id"])

    @property
    def _dashboard(self) -> Any:
        return self.world.client.v1

    @property
    def _options(self) -> Any:
        return {"stripe_account": self.account}

    def _last(self, kind: str) -> str:
        return str(self.world.in_stripe(self.account, kind)[-1]["id"])

    def _filled(self, event: dict[str, Any]) -> str:
        ids = {
            name: result[-1]["id"] if (result := self.world.in_stripe(self.account, kind)) else f"{prefix}_made_up"
            for name, (kind, prefix) in PLACEHOLDERS.items()
        }
        ids["original"] = next(iter(self.world.in_stripe(self.account, "invoice")), {"id": "in_made_up"})["id"]
        ids |= {"account": self.account, "version": self.version, "organization": ORGANIZATION}
        ids["pom_invoice"] = self.invoice.id if self.invoice else "inv_none"
        text = json.dumps(event).replace('"$now"', str(self.world.ports.clock.now()))
        return Template(text).substitute(ids)


NO_STEPS = {"play", "shown", "answer", "books", "batch_id", "first_account"}
STEPS = {name for name in dir(Play) if not name.startswith("_")} - NO_STEPS
"""The names of the steps that a case can use."""

PLACEHOLDERS = {
    "invoice": ("invoice", "in"),
    "intent": ("payment_intent", "pi"),
    "charge": ("charge", "ch"),
    "refund": ("refund", "re"),
    "dispute": ("dispute", "du"),
    "credit_note": ("credit_note", "cn"),
    "payment": ("invoice_payment", "inpay"),
    "customer": ("customer", "cus"),
    "payout": ("payout", "po"),
}
"""The placeholders for the id of the latest object of a kind. If there is none, a placeholder becomes an id that
Stripe does not know.
"""


def differences(right: Any, shown: Any, path: str = "") -> list[str]:
    """Yields each field of `right` that differs from the returned data. Fields that `right` lacks do not
    matter.
    """
    if isinstance(right, dict) and isinstance(shown, dict):
        return [
            line
            for name, value in right.items()
            for line in (
                differences(value, shown[name], f"{path}.{name}".lstrip("."))
                if name in shown
                else [f"{path}.{name}".lstrip(".") + " is not shown"]
            )
        ]
    if isinstance(right, list) and isinstance(shown, list) and len(right) == len(shown):
        pairs = enumerate(zip(right, shown, strict=True))
        return [line for number, (one, other) in pairs for line in differences(one, other, f"{path}[{number}]")]
    if isinstance(right, str) and right.startswith("≠…") and isinstance(shown, str):
        return [f"{path}: {right[2:]!r} is in {shown!r}"] if right[2:] in shown else []
    if isinstance(right, str) and right.startswith("…") and isinstance(shown, str):
        return [] if right[1:] in shown else [f"{path}: {right[1:]!r} is not in {shown!r}"]
    return [] if right == shown else [f"{path}: {shown!r}, and not {right!r}"]
