"""Steps about drafts that are changed in Stripe, payments that are recorded by hand, and paused invoicing."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.batch import ItemStatus
from chalicelib.domain.errors import AccountUnreachable, Conflict, Refused
from chalicelib.domain.timeline import timeline
from chalicelib.usecases.connecting.freeze import freeze, unfreeze
from chalicelib.usecases.invoicing.invoices import get_invoice
from chalicelib.usecases.invoicing.invoicing_settings import change
from tests.api.client import ApiClient
from tests.world import OFFICE, ORGANIZATION, World

if TYPE_CHECKING:
    from chalicelib.domain.invoice import Invoice

DAY = 86400
HAND_KINDS = (
    "marked_paid",
    "voided",
    "draft_deleted",
    "given_up",
    "send_refused",
    "sent",
    "edited",
    "edit_refused",
    "corrected",
    "correction_refused",
)


class HandSteps:
    """A part of `Play`."""

    world: World
    api: ApiClient
    account: str
    invoice: Invoice | None
    _invoice: Invoice
    _stripe_id: str
    _dashboard: Any
    _options: Any
    _replied: Any
    _known_customer: Any
    reply: dict[str, Any]
    first_account: str | None = None
    batch_id: str | None = None

    # The office

    def draft(self, due_in: int | None = None, terms: str | None = None) -> None:
        """The office creates a draft over 75.00, due in this many days or on terms, and Stripe's webhooks arrive."""
        self._known_customer()
        due = None if due_in is None else self._day(due_in)
        self.invoice = self.world.invoice("svc_0", send=False, due_date=due, payment_terms=terms)
        self.world.deliver()

    def bill_service_again(self) -> None:
        """The office bills the service of the case once more; from now on the case is about that invoice."""
        item = {"serviceId": "svc_0", "description": "Cleaning", "quantity": 1, "unitPrice": "75.00"}
        self._replied(self.api.post("/invoices", {"customerId": "cust_1", "lineItems": [item]}))
        if "id" in self.reply:
            self.invoice = get_invoice(ORGANIZATION, self.reply["id"], self.world.ports)

    def correct(self, confirmed: bool = True) -> None:
        """The office corrects the invoice; the step `reply` checks the response."""
        self._replied(self.api.post(f"/invoices/{self._invoice.id}/correct", {"confirmed": confirmed}))

    def preview(self) -> None:
        """The office reads the preview."""
        self._replied(self.api.get(f"/invoices/{self._invoice.id}/preview"))

    def void_by_hand(self, by: str = OFFICE) -> None:
        """The office voids the invoice, or deletes the draft; the step `reply` checks the response."""
        self._replied(self.api.acting("billing", user=by).post(f"/invoices/{self._invoice.id}/void"))

    def record_payment(
        self,
        method: str = "check",
        reference: str | None = None,
        paid_on: int | str | None = None,
        amount: str | None = None,
        by: str = OFFICE,
    ) -> None:
        """The office records a payment; `paid_on` is a day, or a number of days from today. `reply` is the
        response.
        """
        day = self._day(paid_on).isoformat() if isinstance(paid_on, int) else paid_on
        given = {"method": method, "reference": reference, "paidOn": day, "amount": amount}
        body = {name: value for name, value in given.items() if value is not None}
        user = self.api.acting("billing", user=by)
        self._replied(user.post(f"/invoices/{self._invoice.id}/mark-paid", body))

    def crash_after_stripe(self, then: dict[str, Any], status: str = "paid") -> None:
        """Stripe performs the step, which gives the invoice this status, and POM crashes before it stores the
        result.
        """
        [(name, options)] = then.items()
        invoices = self.world.ports.invoices
        kept, died = invoices.save, []

        def dies(*args: Any) -> Any:
            if self._status_in_stripe() != status:
                return kept(*args)
            died.append(status)
            raise RuntimeError("the process is gone")

        invoices.save = dies  # type: ignore[method-assign]
        try:
            with suppress(RuntimeError):
                getattr(self, name)(**options)
        finally:
            invoices.save = kept  # type: ignore[method-assign]
        assert died, f"the invoice never was {status}"

    def time_zone(self, name: str) -> None:
        self._set(time_zone=name)

    def payment_window(self, days: int) -> None:
        self._set(payment_window=days)

    def close_unpaid(self) -> None:
        """The hourly schedule sends reminders, and closes invoices that were not paid within their payment window."""
        self.world.plan_day()

    def bill_in_bulk(
        self, customers: int = 1, paused_after: int | None = None, down: bool = False, send: bool = True
    ) -> None:
        """The office bills one service to each customer in a batch, on which the workers have not begun yet.

        With `paused_after`, an operator pauses invoicing as soon as so many invoices are sent. With `down`, Stripe is
        down when the first one is to be sent.
        """
        self._known_customer()
        for number in range(customers):
            self.world.customer(f"cust_bulk_{number}", f"bulk{number}@example.test")
        self.world.work()
        services = [
            {"serviceId": f"svc_bulk_{number}", "customerId": f"cust_bulk_{number}", "description": "Cleaning",
             "quantity": 1, "unitPrice": "75.00"}
            for number in range(customers)
        ]  # fmt: skip
        body = {"services": services, "send": send}
        answer = self.api.post("/invoice-batches", body, headers={"Idempotency-Key": "bulk"})
        assert answer.status == 202, answer.text
        self.batch_id = str(answer.json["id"])
        if paused_after is not None:
            self._freeze_after(paused_after)
        if down:
            self.world.double.order_fault("close_before", path="/v1/invoices/*/send")

    def check_batch(self, **counts: int) -> None:
        """Checks the counts of the batch at this point."""
        shown = self.api.get(f"/invoice-batches/{self.batch_id}").json["counts"]
        assert {name: shown[name] for name in counts} == counts, shown

    def retry_batch(self) -> None:
        """The office tries the failed invoices of the batch again."""
        assert self.api.post(f"/invoice-batches/{self.batch_id}/retry").status == 202

    def send_batch(self) -> None:
        """The office has reviewed the drafts of the batch, and has them sent."""
        assert self.api.post(f"/invoice-batches/{self.batch_id}/send").status == 202

    def cancel_batch(self) -> None:
        assert self.api.post(f"/invoice-batches/{self.batch_id}/cancel").status == 200

    def lose_address(self) -> None:
        """Somebody removes the e-mail address of the first customer of the batch."""
        self.world.customer("cust_bulk_0", None)
        self.world.work()

    def find_address(self) -> None:
        self.world.customer("cust_bulk_0", "found@example.test")
        self.world.work()

    def continue_with_first_invoice(self) -> None:
        """Makes the following steps act on the first invoice."""
        [*_, oldest] = self.api.get("/invoices").json["data"]
        self.invoice = get_invoice(ORGANIZATION, oldest["id"], self.world.ports)

    def continue_with_batch_item(self, number: int) -> None:
        """Makes the following steps act on this invoice of the batch. The first one is 0."""
        item = self.api.get(f"/invoice-batches/{self.batch_id}").json["items"][number]
        self.invoice = get_invoice(ORGANIZATION, item["invoiceId"], self.world.ports)

    def currency(self, name: str) -> None:
        """An admin changes the currency in the settings."""
        self._set(currency=name)

    def test_connection(self) -> None:
        """An admin verifies the connection with a test invoice; the step `reply` checks the response."""
        self._replied(self.api.admin.post("/stripe/connection/test"))

    # Operations

    def freeze(self, reason: str) -> None:
        """An operator pauses the company's invoicing."""
        assert freeze(ORGANIZATION, "kim@operations", reason, self.world.ports)

    def unfreeze(self) -> None:
        assert unfreeze(ORGANIZATION, "ops", self.world.ports)

    def resume(self) -> None:
        """The five-minute schedule resumes waiting work. A refusal ends the work, as in the worker."""
        with suppress(AccountUnreachable, Conflict, Refused):
            self.world.resume()

    def stuck_before_sending(self, hours: int = 1, due_in: int | None = None, path: str = "send") -> None:
        """An invoice over 75.00 is ordered, Stripe is down when it is to be sent, and hours pass."""
        self.first_account = self.account
        self._known_customer()
        self.world.double.order_fault("close_before", path=f"/v1/invoices/*/{path}", count=10)
        due = None if due_in is None else self._day(due_in)
        self.invoice = self.world.invoice("svc_0", due_date=due)
        assert self.invoice.saga.running, "Stripe was not down"
        self.world.double.clear_faults()
        self.world.deliver()
        self.world.advance(hours * 3600)

    # The company in Stripe's dashboard

    def add_to_draft(self, amount: int, description: str = "Filter") -> None:
        """Somebody adds a line to the draft; a negative amount takes something off."""
        added: Any = {"lines": [{"amount": amount, "description": description}]}
        self._dashboard.invoices.add_lines(self._stripe_id, added, self._options)

    def empty_draft_in_stripe(self) -> None:
        """Somebody removes all lines of the draft."""
        lines = self._dashboard.invoices.line_items.list(self._stripe_id, None, self._options).data
        removed: Any = {"lines": [{"id": line.id, "behavior": "delete"} for line in lines]}
        self._dashboard.invoices.remove_lines(self._stripe_id, removed, self._options)

    def due_date_in_stripe(self, days: int) -> None:
        """Somebody changes the due date of the draft to this many days from today."""
        due: Any = {"due_date": self.world.ports.clock.now() + days * DAY}
        self._dashboard.invoices.update(self._stripe_id, due, self._options)

    def charge_automatically(self) -> None:
        """Somebody changes the draft so that Stripe charges a saved method instead of mailing the invoice."""
        method: Any = {"collection_method": "charge_automatically"}
        self._dashboard.invoices.update(self._stripe_id, method, self._options)

    def no_discount(self) -> None:
        """Somebody takes the discount off the draft again."""
        none: Any = {"discounts": ""}
        self._dashboard.invoices.update(self._stripe_id, none, self._options)

    def delete_in_stripe(self) -> None:
        """Somebody deletes the draft in Stripe's dashboard."""
        self._dashboard.invoices.delete(self._stripe_id, None, self._options)

    def send_in_stripe(self) -> None:
        """Somebody sends the draft in Stripe's dashboard."""
        self._dashboard.invoices.send_invoice(self._stripe_id, None, self._options)

    # What POM shows

    def summary_of(self, first: int, last: int) -> None:
        """`answer` is the summary of these days, as numbers of days from today."""
        days = f"from={self._day(first)}&to={self._day(last)}"
        [found] = self.api.get(f"/summary?{days}").json["data"]
        self.answer = found

    def _shown_by_hand(self) -> dict[str, Any]:
        found: dict[str, Any] = {"apps": self.api.get("/apps").json["data"][0]}
        if self.invoice is not None:
            entries = timeline(self._invoice)
            for name, by_pom in (("by_pom", True), ("by_others", False)):
                kinds = [entry.kind.value for entry in entries if entry.by_pom is by_pom]
                found[name] = {kind: kinds.count(kind) for kind in (*kinds, *HAND_KINDS)}
            found["actors"] = {entry.kind.value: entry.actor for entry in entries}
        if self.first_account is not None:
            found["mails_of_former"] = len(self.world.double.mails(self.first_account))
        if self.batch_id is not None:
            batch = self.api.get(f"/invoice-batches/{self.batch_id}").json
            found["batch"] = {**batch, "items": batch["items"]}
            assert {each["status"] for each in batch["items"]} <= {status.value for status in ItemStatus}
        return found

    # Parts

    def _status_in_stripe(self) -> str:
        present = [each["status"] for each in self.world.in_stripe(self.account)]
        return str(present[-1]) if present else "deleted"

    def _freeze_after(self, sent: int) -> None:
        decide, batches = self.world.ports.batches.decide, self.world.ports.batches
        decided: list[str] = []

        def decides(*args: Any) -> Any:
            answer = decide(*args)
            decided.append("one")
            if len(decided) == sent:
                self.freeze("Two invoices were made for one service.")
            return answer

        batches.decide = decides  # type: ignore[method-assign]

    def _day(self, days: int) -> dt.date:
        today = dt.datetime.fromtimestamp(self.world.ports.clock.now(), dt.UTC).date()
        return today + dt.timedelta(days=days)

    def _set(self, **changes: Any) -> None:
        settings = self.world.ports.settings.get(ORGANIZATION)
        change(ORGANIZATION, replace(settings, **changes), self.world.ports)
