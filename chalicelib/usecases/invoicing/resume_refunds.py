"""Asks Stripe for refunds that were ordered, and goes on with orders whose outcome is not known.

Before Stripe is asked again, POM looks whether the refund was made, because Stripe forgets an idempotency key after a
day. Then it asks with the same key, so that two requests that overtake each other are one for Stripe. Only if Stripe
failed and would repeat that failure for the same key, a new key is stored first.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.actions import REFUND_REFUSED, Action
from chalicelib.domain.errors import AccountUnreachable, Refused, StaleWrite, StripeRefused, StripeUnavailable
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import RefundFact
from chalicelib.domain.refund_order import RefundOrder
from chalicelib.domain.refund_rules import payment_of, refundable_amount
from chalicelib.domain.summary import recounted
from chalicelib.ports import Ports
from chalicelib.usecases.connecting.revocation import mark_revoked
from chalicelib.usecases.invoicing.store_invoice import knowing_also, load, store


def resume_refunds(invoice: Invoice, ports: Ports) -> Invoice:
    """Returns the invoice after going on with each refund whose outcome is not known, if nobody is at work on it.

    If a refund is refused, the timeline tells it, because nobody waits for the answer any more.

    Raises:
        StaleWrite: to be tried again.
    """
    for order_id in [order.id for order in invoice.refund_orders if order.open]:
        order = invoice.refund_order(order_id)
        if order is None:
            continue
        try:
            invoice = go_on(invoice, order, ports)
        except Refused:
            invoice = load(invoice.organization_id, invoice.id, ports)
    return invoice


def go_on(invoice: Invoice, order: RefundOrder, ports: Ports) -> Invoice:
    """Returns the invoice after going on with one order, unless its outcome is known or somebody is at work on it.

    Raises:
        Refused: it cannot be made any more. The order stays as refused, and the timeline tells it.
        StaleWrite: somebody else has taken the order up meanwhile.
    """
    now = ports.clock.now()
    if not order.is_due(now):
        return invoice
    connection = ports.connections.get(invoice.organization_id)
    if not connection.active or connection.account_id != invoice.stripe_account_id:
        return _postponed(invoice, order, ports, stored_by_stripe=False)
    order = order.leased(now)
    try:
        leased = ports.invoices.save(recounted(invoice.ordering(order), invoice))
    except StaleWrite:
        return load(invoice.organization_id, invoice.id, ports)
    try:
        refunds = ports.stripe.refunds_of(leased.stripe_account_id, order.payment_id)
    except StripeUnavailable:
        return _postponed(leased, order, ports, stored_by_stripe=False)
    except AccountUnreachable:
        return _postponed_until_reconnected(leased, order, ports)
    known = store(leased, lambda current: _with_refunds(current, refunds, leased, ports), ports)
    if known.refund_order(order.id) != order:
        return known  # The refund was made, or somebody else has taken the order up.
    return _asked_again(known, order, ports)


def _asked_again(invoice: Invoice, order: RefundOrder, ports: Ports) -> Invoice:
    """Returns the invoice after asking Stripe again for a refund that it has not made."""
    payment = payment_of(invoice, order.payment_id)
    if payment is not None:
        try:
            refundable_amount(invoice, payment, order.amount, besides=order.id)
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
    """Returns the invoice with the refund that Stripe has made, or with the order if Stripe gave no usable answer.

    Raises:
        StripeRefused, AccountUnreachable: Stripe did not make it with this request. The order is still stored.
    """
    try:
        refund = ports.stripe.refund(
            invoice.stripe_account_id, order.payment_id, order.amount, order.reason, order.id, order.key
        )
    except StripeUnavailable as failure:
        return _postponed(invoice, order, ports, stored_by_stripe=failure.answered)
    return store(invoice, lambda current: _with_refunds(current, [refund], invoice, ports), ports)


def ask_stripe_first(invoice: Invoice, order: RefundOrder, ports: Ports) -> Invoice:
    """Returns the invoice after Stripe was asked for the first time, while the caller waits for the answer.

    Raises:
        StripeRefused, AccountUnreachable: Stripe did not make it. The order is dropped, and the timeline tells it,
            because somebody who repeated the request meanwhile has heard that the refund was ordered.
    """
    try:
        return ask_stripe(invoice, order, ports)
    except (StripeRefused, AccountUnreachable) as refusal:
        told = _refusal_told(order, refusal.code, ports)
        store(
            invoice,
            lambda current: _unless_taken_up(current, order).without_order(order).changed(told.at, told),
            ports,
        )
        raise


def _with_refunds(current: Invoice, refunds: Sequence[RefundFact], read_after: Invoice, ports: Ports) -> Invoice:
    """Returns `current` with those refunds that say something new."""
    new = [refund for refund in refunds if not current.facts.says(refund)]
    return knowing_also(current, new, read_after, ports).changed(ports.clock.now()) if new else current


def _postponed(invoice: Invoice, order: RefundOrder, ports: Ports, *, stored_by_stripe: bool) -> Invoice:
    later = order.postponed(ports.clock.now(), stored_by_stripe=stored_by_stripe)

    def change(current: Invoice) -> Invoice:
        # An event may have told of the refund meanwhile.
        return current.ordering(later) if current.refund_order(order.id) == order else current

    return store(invoice, change, ports)


def _postponed_until_reconnected(invoice: Invoice, order: RefundOrder, ports: Ports) -> Invoice:
    """Returns the invoice with an order of which only a reconnected account can tell whether its refund was made."""
    mark_revoked(invoice.organization_id, invoice.stripe_account_id, ports)
    return _postponed(invoice, order, ports, stored_by_stripe=False)


def _with_new_key(invoice: Invoice, order: RefundOrder, ports: Ports) -> tuple[Invoice, RefundOrder]:
    """Returns the invoice, stored with a new key for the order, and the order.

    Raises:
        StaleWrite: somebody else has taken the order up. With two new keys Stripe would make two refunds.
    """
    renewed = order.with_new_key(ports.clock.nonce())

    def change(current: Invoice) -> Invoice:
        return _unless_taken_up(current, order).ordering(renewed)

    return store(invoice, change, ports), renewed


def _refuse(invoice: Invoice, order: RefundOrder, refusal: Refused, ports: Ports) -> None:
    """Stores the invoice with the order as refused, after the request for it had been answered.

    Raises:
        StaleWrite: somebody else has taken the order up, so its outcome is not known.
    """
    refused, told = order.refused_with(refusal.code), _refusal_told(order, refusal.code, ports)
    store(invoice, lambda current: _unless_taken_up(current, order).ordering(refused).changed(told.at, told), ports)


def _unless_taken_up(current: Invoice, order: RefundOrder) -> Invoice:
    if current.refund_order(order.id) != order:
        raise StaleWrite("The refund")
    return current


def _refusal_told(order: RefundOrder, code: str, ports: Ports) -> Action:
    """Returns what the timeline tells of a refund that was ordered and not made."""
    return Action(
        ports.clock.now(),
        REFUND_REFUSED,
        actor=order.actor,
        reason=code,
        stripe_id=order.payment_id,
        amount=order.amount,
    )
