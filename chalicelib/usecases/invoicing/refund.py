"""Refunds a payment through Stripe, once for each idempotency key, and never more than the payment.

The order is stored in the invoice before Stripe is asked for the refund. If no answer comes, the order stays, and
`resume_refunds` resumes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.domain.connection import usable_account
from chalicelib.domain.error_collector import errors_raised_by, raise_all
from chalicelib.domain.errors import Conflict, IntegrationError, NotFound, StaleWrite, StripeUnavailable
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId, UserId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import RefundFact
from chalicelib.domain.payments import OUTSIDE_ID
from chalicelib.domain.refund_order import RefundOrder, refund_order_id
from chalicelib.domain.refund_rules import payment_of, refundable_amount, requested_minor_units, require_known_reason
from chalicelib.domain.saga import LEASE
from chalicelib.ports import Ports
from chalicelib.usecases.connecting.revocation import marking_revocation
from chalicelib.usecases.invoicing.pull_invoice import pulled_to_act_on
from chalicelib.usecases.invoicing.resume_refunds import ask_stripe_first, resume_order
from chalicelib.usecases.invoicing.store_invoice import require_same_account, store


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """A request to refund a payment. `amount` is in units of the currency; None means all that is left."""

    organization_id: OrganizationId
    user_id: UserId
    payment_id: str
    idempotency_key: str
    amount: Decimal | None = None
    reason: str | None = None

    @property
    def order_id(self) -> str:
        return refund_order_id(self.organization_id, self.payment_id, self.idempotency_key)


@dataclass(frozen=True, slots=True)
class OrderedRefund:
    """A refund that was ordered. `amount` is minor units of `currency`.

    `fact` is Stripe's refund, or None while POM does not know whether Stripe has made it.
    """

    invoice_id: InvoiceId
    payment_id: str
    amount: int
    currency: str
    reason: str | None
    fact: RefundFact | None


def refund(request: RefundRequest, ports: Ports) -> OrderedRefund:
    """Refunds a payment, or a part of it, and returns the refund. A repeated request returns the same refund.

    If Stripe does not answer, `fact` is None, and `resume_stuck` sends the request again later.

    Raises:
        NotFound: this organization has no such payment.
        Conflict: the organization is not connected, the invoice was made on another account, the key was used for
            another refund of this payment, or the refund with this key was refused after the first response.
        Refused: this payment, or this amount of it, cannot be refunded; nothing was ordered.
        StripeRefused, AccountUnreachable: Stripe refused the refund, or access to the account; nothing was refunded,
            and the order was dropped.
        StripeUnavailable: the invoice could not be read; nothing was ordered.
    """
    invoice = _invoice_of(request, ports)
    raise_all(_errors_of(request, invoice))
    earlier = _ordered(invoice, request)
    if earlier is not None:
        return earlier if earlier.fact is not None else _resumed(invoice, request, ports)
    connection = ports.connections.get(request.organization_id)
    account_id = require_same_account(invoice, usable_account(connection))
    with marking_revocation(request.organization_id, account_id, ports):
        present = _read_first(invoice, account_id, ports)
        nonce = ports.clock.nonce()
        stored = _stored(present, request, nonce, ports)
        order = stored.refund_order(request.order_id)
        if order is None or order.nonce != nonce:
            # A concurrent request with the same key has stored the order first.
            return _required(_ordered(stored, request))
        return _required(_ordered(ask_stripe_first(stored, order, ports), request))


def _errors_of(request: RefundRequest, invoice: Invoice) -> Iterator[IntegrationError]:
    yield from errors_raised_by(_requested_amount, request, invoice)
    yield from errors_raised_by(require_known_reason, request.reason)


def _read_first(invoice: Invoice, account_id: StripeAccountId, ports: Ports) -> Invoice:
    """Returns the invoice as Stripe has it, because somebody may have refunded in the dashboard."""
    try:
        return pulled_to_act_on(invoice, account_id, ports)
    except StripeUnavailable as unavailable:
        unavailable.next_step = (
            "Nothing was ordered. Wait a moment, and repeat the request with the same Idempotency-Key."
        )
        raise


def _resumed(invoice: Invoice, request: RefundRequest, ports: Ports) -> OrderedRefund:
    """Returns the refund after resuming its order, if the order is due."""
    order = invoice.refund_order(request.order_id)
    present = resume_order(invoice, order, ports) if order is not None else invoice
    return _required(_ordered(present, request))


def _stored(invoice: Invoice, request: RefundRequest, nonce: str, ports: Ports) -> Invoice:
    """Stores the order in the invoice, and returns the invoice."""
    now = ports.clock.now()
    return store(invoice, lambda current: _ordering(current, request, nonce, now), ports)


def _ordering(current: Invoice, request: RefundRequest, nonce: str, now: int) -> Invoice:
    """Returns `current` with the order, or unchanged if it already has an order with this key.

    The amount is checked on the version of the invoice that the order is stored in. So of two concurrent requests,
    the second one can refund only the remaining amount.
    """
    if _ordered(current, request) is not None:
        return current
    payment = payment_of(current, request.payment_id)
    if payment is None:
        raise _no_payment()
    order = RefundOrder(
        id=request.order_id,
        payment_id=payment.id,
        amount=refundable_amount(current, payment, _requested_amount(request, current)),
        reason=request.reason,
        actor=request.user_id,
        at=now,
        nonce=nonce,
        resume_at=now + LEASE,
        all_that_is_left=request.amount is None,
    )
    return current.with_refund_order(order)


def _invoice_of(request: RefundRequest, ports: Ports) -> Invoice:
    """Returns the invoice that the payment belongs to.

    Raises:
        NotFound: the organization has no such payment on the account that it is connected to, or was connected to.
    """
    organization_id, payment_id = request.organization_id, request.payment_id
    invoice = None
    if payment_id.startswith(OUTSIDE_ID):
        invoice = ports.invoices.get(organization_id, InvoiceId(payment_id.removeprefix(OUTSIDE_ID)))
    else:
        account_id = ports.connections.get(organization_id).account_id
        owners = ports.invoices.find_by_reference(account_id, [payment_id]) if account_id is not None else {}
        owner, invoice_id = owners.get(payment_id, (None, None))
        if owner == organization_id and invoice_id is not None:
            invoice = ports.invoices.get(organization_id, invoice_id)
    if invoice is None:
        raise _no_payment()
    return invoice


def _no_payment() -> NotFound:
    return NotFound(
        "payment_not_found",
        "There is no payment with this id.",
        field="paymentId",
        next_step="Use the id of a payment as the invoice shows it. If the payment was made on a Stripe account that "
        "is no longer connected, refund it in that account's Stripe dashboard.",
    )


def _ordered(invoice: Invoice, request: RefundRequest) -> OrderedRefund | None:
    """Returns the refund of this payment that a request with this key ordered, or None.

    The refund's metadata names the order, so POM finds the refund even if it has lost the order.

    Raises:
        Conflict: the key was used with another body, or its refund was refused after the first request was answered.
    """
    order = invoice.refund_order(request.order_id)
    fact = next((each for each in invoice.facts.refunds.values() if each.order_id == request.order_id), None)
    earlier = order or fact
    if earlier is None:
        return None
    requested_amount = _requested_amount(request, invoice)
    same_amount = requested_amount == (None if order is not None and order.all_that_is_left else earlier.amount)
    if earlier.reason != request.reason or not (same_amount or (order is None and requested_amount is None)):
        raise Conflict(
            "idempotency_key_reused",
            "This Idempotency-Key was used for another refund of this payment.",
            field="Idempotency-Key",
            next_step="Use a new key for a new refund; repeat the same body to repeat the request.",
        )
    if fact is None and order is not None and order.refused is not None:
        raise _refused()
    currency = fact.currency if fact is not None else invoice.order.currency
    return OrderedRefund(invoice.id, request.payment_id, earlier.amount, currency, earlier.reason, fact)


def _refused() -> Conflict:
    return Conflict(
        "refund_refused",
        "This refund was refused after the request for it had been answered. Nothing was refunded.",
        field="Idempotency-Key",
        next_step="Load the invoice: its timeline says why. To order the refund again, use a new Idempotency-Key.",
    )


def _required(ordered: OrderedRefund | None) -> OrderedRefund:
    """Returns the refund.

    Raises:
        StaleWrite: the order was dropped a moment ago, because Stripe refused it.
    """
    if ordered is None:
        raise StaleWrite("The refund")
    return ordered


def _requested_amount(request: RefundRequest, invoice: Invoice) -> int | None:
    """Returns the requested amount in minor units, or None if the request has no amount.

    Raises:
        Refused: the amount is not above zero, is too large, or has more decimals than the currency.
    """
    return requested_minor_units(request.amount, invoice.order.currency)
