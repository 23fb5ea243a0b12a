"""Steps about invoices that somebody edits in Stripe's dashboard after they were finalized."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.invoice import Invoice
from tests.api.client import ApiClient
from tests.world import World


class RevisionSteps:
    """A part of `Play`."""

    world: World
    api: ApiClient
    account: str
    _invoice: Invoice
    _stripe_id: str
    _dashboard: Any
    _options: Any
    _last: Any
    _replied: Any

    def bill_again(self, services: int = 1) -> None:
        """The office bills the same services again; the step `reply` checks the response."""
        lines = [
            {"serviceId": f"svc_{number}", "description": "Cleaning", "quantity": 1, "unitPrice": "75.00"}
            for number in range(services)
        ]
        body = {"customerId": self._invoice.order.customer_id, "lineItems": lines}
        self._replied(self.api.post("/invoices", body))

    def void_in_pom(self) -> None:
        """The office voids the invoice; the step `reply` checks the response."""
        self._replied(self.api.post(f"/invoices/{self._invoice.id}/void"))

    def revise(
        self, metadata: bool = True, more: int = 0, finalize: bool = True, due_in_days: int | None = None
    ) -> None:
        """Somebody edits the finalized invoice in Stripe's dashboard, with `more` on a line of its own."""
        self.world.double.config.revisions_copy_metadata = metadata
        wanted: Any = {"from_invoice": {"action": "revision", "invoice": self._stripe_id}}
        draft = self._dashboard.invoices.create(wanted, self._options)
        if more:
            self._dashboard.invoices.add_lines(
                draft.id, {"lines": [{"amount": more, "description": "Filter"}]}, self._options
            )
        if due_in_days is not None:
            self._dashboard.invoices.update(draft.id, {"days_until_due": due_in_days}, self._options)
        if finalize:
            self._finalize_revision()

    def _finalize_revision(self) -> None:
        """The person who revises it presses Update invoice, and Stripe e-mails the revision."""
        self._dashboard.invoices.send_invoice(self._last("invoice"), None, self._options)

    def drop_revision(self) -> None:
        """The person who revises it deletes the draft."""
        self._dashboard.invoices.delete(self._last("invoice"), None, self._options)

    def duplicate(self) -> None:
        """Somebody duplicates the invoice in Stripe, with the same metadata."""
        original = next(each for each in self.world.in_stripe(self.account) if each["id"] == self._stripe_id)
        wanted: Any = {
            "customer": original["customer"], "currency": original["currency"], "metadata": original["metadata"],
            "collection_method": "send_invoice", "days_until_due": 5, "pending_invoice_items_behavior": "exclude",
        }  # fmt: skip
        draft = self._dashboard.invoices.create(wanted, self._options)
        self._dashboard.invoices.add_lines(
            draft.id, {"lines": [{"amount": 7500, "description": "Cleaning"}]}, self._options
        )
        self._dashboard.invoices.send_invoice(draft.id, None, self._options)

    def record_cash(self) -> None:
        """The office records a payment in cash; the step `reply` checks the response."""
        self._replied(self.api.post(f"/invoices/{self._invoice.id}/mark-paid", {"method": "cash"}))

    def check_explanation(self, lacks: str) -> None:
        """Requires that the explanation does not have this text."""
        explanation = self.api.get(f"/invoices/{self._invoice.id}").json["explanation"]
        assert lacks not in explanation, explanation
