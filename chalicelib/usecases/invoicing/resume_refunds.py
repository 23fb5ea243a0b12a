"""Asks Stripe for the refunds that were ordered, and resumes orders whose outcome is not known.

Before POM asks Stripe again, it reads the payment's refunds, because Stripe forgets an idempotency key after a day.
If the refund is not there, POM asks with the same key, so that Stripe treats concurrent requests as one. POM stores
and uses a new key only if Stripe has answered with a failure, because Stripe repeats a failure for the same key.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.actions import REFUND_REFUSED, Action
from chalicelib.domain.errors import AccountUnreachable, Refused, StaleWrite, StripeRefused, StripeUnavailable
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import RefundFact
from chalicelib.domain.refund_order import RefundOrder
from chalicelib.domain.refund_rules import payment_of, refundable_amount
from chalicelib.domain.summary import invoice_write
from chalicelib.ports import Ports
from chalicelib.usecases.connecting.revocation import mark_revoked
from chalicelib.usecases.invoicing.store_invoice import knowing_also, load, store


def resume_refunds(invoice: Invoice, ports: Ports) -> Invoice:
    """Resumes each order of the invoice that is due, and returns the invoice.

    A refusal becomes an entry of the timeline, because no caller waits for the answer.

    Raises:
        StaleWrite: the invoice changed meanwhile; call again.
    """
    for order_id in [order.id for order in invoice.refund_orders if order.open]:
        order = invoice.refund_order(order_id)
        if order is None:
            continue
        try:
            invoice = resume_order(invoice, order, ports)
        except Refused:
            invoice = load(invoice.organization_id, invoice.id, ports)
    return invoice


def resume_order(invoice: Invoice, order: RefundOrder, ports: Ports) -> Invoice:
    """Resumes one order if it is due, and returns the invoice.

    Raises:
        Refused: the refund no longer fits, or Stripe refuses it. The order is stored as refused, and the timeline has
            `refund_refused`.
        StaleWrite: another worker has taken up the order.
    """
    now = ports.clock.now()
    if not order.is_due(now):
        return invoice
    connection = ports.connections.get(invoice.organization_id)
    if not connection.active or connection.account_id != invoice.stripe_account_id:
        return _postponed(invoice, order, ports, stored_by_stripe=False)
    order = order.leased(now)
    try:
        leased = ports.invoices.save(invoice_write(invoice.with_refund_order(order), invoice))
    except StaleWrite:
        return load(invoice.organization_id, invoice.id, ports)
    try:
        refunds = ports.stripe.refunds_of(leased.stripe_account_id, order.payment_id)
    except StripeUnavailable:
        return _postponed(leased, order, ports, stored_by_stripe=False)
    except AccountUnreachable:
        return _postponed_until_reconnected(leased, order, ports)
    refreshed = store(leased, lambda current: _with_refunds(current, refunds, leased, ports), ports)
    if refreshed.refund_order(order.id) != order:
        return refreshed  # The refund was made, or another worker has taken up the order.
    return _ask_again(refreshed, order, ports)


def _ask_again(invoice: Invoice, order: RefundOrder, ports: Ports) -> Invoice:
    """Asks Stripe again for a refund that it has not made, and returns the invoice."""
    payment = payment_of(invoice, order.payment_id)
    if payment is not None:
        try:
            refundable_amount(invoice, payment, order.amount, except_order_id=order.id)
        except Refused as refusal:
            _refuse(invoice, order, refusal, ports)
            raise
    if order.key_is_spent:
        invoice, order = _with_new_key(invoice, order, ports)
    try:
        return ask_stripe(invoice, order, ports)
    except AccountUnreachable:
        return _postponed_until_reconnected(invoice, order, ports)
    except StripeRefused as refusal:
        _refuse(invoice, order, refusal, ports)
        raise


def ask_stripe(invoice: Invoice, order: RefundOrder, ports: Ports) -> Invoice:
    """Asks Stripe for the refund.

    Returns the invoice with the refund, or with the postponed order if Stripe gave no usable answer.

    Raises:
        StripeRefused, AccountUnreachable: Stripe did not make the refund. The order is still stored.
    """
    try:
        refund = ports.stripe.refund(
            invoice.stripe_account_id, order.payment_id, order.amount, order.reason, order.id, order.key
        )
    except StripeUnavailable as failure:
        return _postponed(invoice, order, ports, stored_by_stripe=failure.answered)
    return store(invoice, lambda current: _with_refunds(current, [refund], invoice, ports), ports)


def ask_stripe_first(invoice: Invoice, order: RefundOrder, ports: Ports) -> Invoice:
    """Asks Stripe for the first time, while a caller waits, and returns the invoice.

    Raises:
        StripeRefused, AccountUnreachable: Stripe did not make the refund. The order is dropped. The timeline has
            `refund_refused`, because a repeated request may have been answered with 202 meanwhile.
    """
    try:
        return ask_stripe(invoice, order, ports)
    except (StripeRefused, AccountUnreachable) as refusal:
        act = _refusal_act(order, refusal.code, ports)
        store(
            invoice,
            lambda current: _unless_taken_up(current, order).without_order(order).changed(act.at, act),
            ports,
        )
        raise


def _with_refunds(current: Invoice, refunds: Sequence[RefundFact], read_after: Invoice, ports: Ports) -> Invoice:
    """Returns `current` with the refunds that POM does not know yet, or knows with other content."""
    new = [refund for refund in refunds if not current.facts.says(refund)]
    return knowing_also(current, new, read_after, ports).changed(ports.clock.now()) if new else current


def _postponed(invoice: Invoice, order: RefundOrder, ports: Ports, *, stored_by_stripe: bool) -> Invoice:
    later = order.postponed(ports.clock.now(), stored_by_stripe=stored_by_stripe)

    def change(current: Invoice) -> Invoice:
        # An event may have settled the order meanwhile.
        return current.with_refund_order(later) if current.refund_order(order.id) == order else current

    return store(invoice, change, ports)


def _postponed_until_reconnected(invoice: Invoice, order: RefundOrder, ports: Ports) -> Invoice:
    """Postpones an order after Stripe has refused access to the account, and returns the invoice.

    POM can learn the outcome only after a reconnect.
    """
    mark_revoked(invoice.organization_id, invoice.stripe_account_id, ports)
    return _postponed(invoice, order, ports, stored_by_stripe=False)


def _with_new_key(invoice: Invoice, order: RefundOrder, ports: Ports) -> tuple[Invoice, RefundOrder]:
    """Stores a new key for the order. Returns the invoice and the order.

    Raises:
        StaleWrite: another worker has taken up the order. If both asked with a new key, Stripe would make two
            refunds.
    """
    renewed = order.with_new_key(ports.clock.nonce())

    def change(current: Invoice) -> Invoice:
        return _unless_taken_up(current, order).with_refund_order(renewed)

    return store(invoice, change, ports), renewed


def _refuse(invoice: Invoice, order: RefundOrder, refusal: Refused, ports: Ports) -> None:
    """Stores the order as refused.

    Raises:
        StaleWrite: another worker has taken up the order, so the refund may be made after all.
    """
    refused, act = order.refused_with(refusal.code), _refusal_act(order, refusal.code, ports)
    store(
        invoice,
        lambda current: _unless_taken_up(current, order).with_refund_order(refused).changed(act.at, act),
        ports,
    )


def _unless_taken_up(current: Invoice, order: RefundOrder) -> Invoice:
    if current.refund_order(order.id) != order:
        raise StaleWrite("The refund")
    return current


def _refusal_act(order: RefundOrder, code: str, ports: Ports) -> Action:
    """Returns the act for the timeline about a refund that was ordered and not made."""
    return Action(
        ports.clock.now(),
        REFUND_REFUSED,
        actor=order.actor,
        reason=code,
        stripe_id=order.payment_id,
        amount=order.amount,
    )
