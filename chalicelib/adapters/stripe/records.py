"""Reads an order of ours back from Stripe, with enough of it to restore a lost record."""

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
        """Returns the deduction of the line, or None if the line is no deduction of POM's."""
        kind = (self.metadata or {}).get(DEDUCTION_KEY)
        if self.service_id is not None or self.amount >= 0 or kind not in list(DeductionKind):
            return None
        return Deduction(DeductionKind(kind), self.description or "", -self.amount)

    @property
    def ours(self) -> bool:
        """Returns True if POM created the line, and False if somebody added it in Stripe."""
        return self.tax or self.service_id is not None or self.deduction is not None

    @property
    def tax(self) -> bool:
        """Returns True if the line is POM's own tax.

        The metadata decides, because people also name other lines Tax.
        """
        return self.service_id is None and TAX_KEY in (self.metadata or {})


class Order(msgspec.Struct):
    """The order in an invoice of Stripe (https://docs.stripe.com/api/invoices/object)."""

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

    def restored_invoice(self, lines: list[Line]) -> RecoverableInvoice | None:
        """Returns the invoice that can be restored, or None if the order has no id of ours."""
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
    """Returns the line as one unit, because Stripe has the quantity and the day only in the description."""
    return LineItem(service_id, line.description or "", Decimal(1), line.amount, line.amount)


class Records(Lists):
    """The part of the gateway that reads an order back from Stripe."""

    @translates_errors
    def recorded(self, account_id: StripeAccountId, stripe_invoice_id: str) -> RecoverableInvoice | None:
        """Returns the invoice that can be restored, or None if Stripe no longer has it or it has no id of ours."""
        options = on_account(account_id)
        response = self._call_unless_missing(self._v1.invoices.retrieve, stripe_invoice_id, None, options)
        if isinstance(response, Missing):
            return None
        lines = list(self._lines(Line, account_id, stripe_invoice_id))
        order = response.parse(Order)
        order.status = self._status_of_revision(order, options)
        return order.restored_invoice(lines)

    def _status_of_revision(self, order: Order, options: Any) -> str | None:
        """Returns the status of the latest finalized invoice: this invoice, or its latest revision."""
        read_ids = {order.id}
        while (revision := id_of(order.latest_revision)) is not None and revision not in read_ids:
            read_ids.add(revision)
            order = self._call(self._v1.invoices.retrieve, revision, None, options).parse(Order)
        return order.status
