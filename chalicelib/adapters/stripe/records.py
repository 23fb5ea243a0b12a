"""What Stripe remembers of an order of ours: enough to make a record again that we have lost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from chalicelib.adapters.stripe.client import Missing, on_account
from chalicelib.adapters.stripe.errors import translates_errors
from chalicelib.adapters.stripe.event_subjects import corrected_id, our_ids
from chalicelib.adapters.stripe.lists import Lists
from chalicelib.adapters.stripe.objects.fields import Metadata, Reference, id_of
from chalicelib.adapters.stripe.objects.invoices import DEDUCTION_KEY, SERVICE_KEY, TAX_KEY, PaymentSettings
from chalicelib.domain.identifiers import ServiceId, StripeAccountId, is_id
from chalicelib.domain.order import Deduction, DeductionKind, LineItem
from chalicelib.ports.recoverable_invoice import RecoverableInvoice


class Line(msgspec.Struct):
    """https://docs.stripe.com/api/invoice-line-item/object"""

    amount: int
    description: str | None = None
    metadata: Metadata = None

    @property
    def service_id(self) -> ServiceId | None:
        value = (self.metadata or {}).get(SERVICE_KEY)
        return ServiceId(value) if is_id(value) else None

    @property
    def deduction(self) -> Deduction | None:
        """Returns the deduction that the line is, or None if it is none of POM's."""
        kind = (self.metadata or {}).get(DEDUCTION_KEY)
        if self.service_id is not None or self.amount >= 0 or kind not in list(DeductionKind):
            return None
        return Deduction(DeductionKind(kind), self.description or "", -self.amount)

    @property
    def ours(self) -> bool:
        """Returns True if POM made the line, False if somebody in Stripe did."""
        return self.tax or self.service_id is not None or self.deduction is not None

    @property
    def tax(self) -> bool:
        """Returns True if it is POM's own tax. Its text does not tell, because people call other lines Tax, too."""
        return self.service_id is None and TAX_KEY in (self.metadata or {})


class Order(msgspec.Struct):
    """What an invoice says of how it was ordered (https://docs.stripe.com/api/invoices/object)."""

    id: str
    created: int
    currency: str
    customer: Reference = None
    status: str | None = "draft"
    livemode: bool = False
    due_date: int | None = None
    description: str | None = None
    footer: str | None = None
    payment_settings: PaymentSettings | None = None
    latest_revision: Reference = None
    metadata: Metadata = None

    def recorded(self, lines: list[Line]) -> RecoverableInvoice | None:
        """None if it does not carry an id of ours."""
        organization_id, invoice_id, _ = our_ids(self.metadata)
        if invoice_id is None:
            return None
        settings = self.payment_settings or PaymentSettings()
        return RecoverableInvoice(
            stripe_id=self.id,
            organization_id=organization_id,
            invoice_id=invoice_id,
            livemode=self.livemode,
            created=self.created,
            status=self.status or "draft",
            stripe_customer_id=id_of(self.customer) or "",
            currency=self.currency,
            lines=tuple(_item(line, line.service_id) for line in lines if line.service_id is not None),
            tax=sum(line.amount for line in lines if line.tax),
            deductions=tuple(deduction for line in lines if (deduction := line.deduction) is not None),
            foreign_lines=sum(not line.ours for line in lines),
            due_at=self.due_date,
            memo=self.description,
            footer=self.footer,
            payment_methods=tuple(settings.payment_method_types or ()),
            corrects=corrected_id(self.metadata),
        )


def _item(line: Line, service_id: ServiceId) -> LineItem:
    """As one unit: Stripe was given the amount, and how many there were, and on which day, in the description."""
    return LineItem(service_id, line.description or "", Decimal(1), line.amount, line.amount)


class Records(Lists):
    """The part of the gateway that reads an order back."""

    @translates_errors
    def recorded(self, account_id: StripeAccountId, stripe_invoice_id: str) -> RecoverableInvoice | None:
        """None if it is gone, or carries no id of ours."""
        options = on_account(account_id)
        answer = self._call_unless_missing(self._v1.invoices.retrieve, stripe_invoice_id, None, options)
        if isinstance(answer, Missing):
            return None
        lines = list(self._lines(Line, account_id, stripe_invoice_id))
        order = answer.parse(Order)
        order.status = self._status_of_revision(order, options)
        return order.recorded(lines)

    def _status_of_revision(self, order: Order, options: Any) -> str | None:
        """Returns the status of the latest finalized Stripe invoice: the first one, or its revision."""
        met = {order.id}
        while (revision := id_of(order.latest_revision)) is not None and revision not in met:
            met.add(revision)
            order = self._call(self._v1.invoices.retrieve, revision, None, options).parse(Order)
        return order.status
