"""Steps about drafts and resumed orders that somebody changes in Stripe before POM mails them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.api.client import ApiClient
from tests.world import World

if TYPE_CHECKING:
    from chalicelib.domain.invoice import Invoice


class DraftSteps:
    """A part of `Play`."""

    world: World
    api: ApiClient
    account: str
    invoice: Invoice | None
    batch_id: str | None
    _invoice: Invoice
    _stripe_id: str
    _dashboard: Any
    _options: Any
    _known_customer: Any
    _replied: Any
    _day: Any

    def edit_draft(self, **changes: Any) -> None:
        """Somebody changes these fields of the draft in Stripe's dashboard."""
        self._dashboard.invoices.update(self._stripe_id, changes, self._options)

    def save_draft(self, **changes: Any) -> None:
        """The office saves the draft of its one service again, with these fields of the request."""
        item = {"serviceId": "svc_0", "description": "Cleaning svc_0", "quantity": 1, "unitPrice": "75.00"}
        self._replied(self.api.put(f"/invoices/{self._invoice.id}", {"lineItems": [item], **changes}))

    def customer_footer(self, text: str) -> None:
        """Stripe puts this footer on a draft without one, because it is the default of the customer."""
        made = self.world.ports.stripe.create_draft

        def with_default(*args: Any) -> Any:
            draft = made(*args)
            self._dashboard.invoices.update(draft.id, {"footer": text}, self._options)
            return self.world.ports.stripe.fetch(args[0], "invoice", draft.id)

        self.world.ports.stripe.create_draft = with_default  # type: ignore[method-assign]

    def stripe_finalizes_without_mailing(self) -> None:
        """Stripe finalizes the draft for POM's request and fails before it mails it."""
        known_by = {**self._options, "idempotency_key": self._invoice.saga.key}
        self._dashboard.invoices.finalize_invoice(self._stripe_id, {"auto_advance": False}, known_by)

    def lose_next_request(self, path: str) -> None:
        """Stripe does not get the next POST of this path."""
        self.world.double.order_fault("close_before", method="POST", path=path, count=1)

    def lose_responses_of(self, path: str) -> None:
        """Makes Stripe perform requests of this path from now on, and loses the responses."""
        self.world.double.order_fault("close_after", path=path, count=10)

    def bill_one_in_bulk(self, due_in: int) -> None:
        """The office bills one service in a batch, due in this many days; the workers have not started yet."""
        self._known_customer()
        self.world.work()
        service = {"serviceId": "svc_0", "customerId": "cust_1", "description": "Cleaning", "quantity": 1}
        body = {"services": [{**service, "unitPrice": "75.00"}], "dueDate": self._day(due_in).isoformat()}
        answer = self.api.post("/invoice-batches", body, headers={"Idempotency-Key": "bulk"})
        assert answer.status == 202, answer.text
        self.batch_id = str(answer.json["id"])
