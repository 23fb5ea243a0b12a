"""Ends an open invoice without a payment through Stripe: paid by cash or check, or given up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.domain.connection import usable_account
from chalicelib.domain.error_collector import errors_raised_by, raise_all
from chalicelib.domain.errors import Conflict, CustomerErased, IntegrationError, Refused, StripeRefused
from chalicelib.domain.explanation_of_payments import how_paid
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, UserId
from chalicelib.domain.intended_act import GIVEN_UP, MARKED_PAID, IntendedAct
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_conflicts import STAYS_BILLED, how_to_give_back
from chalicelib.domain.money import minor_units
from chalicelib.domain.outside_payment import OutsidePayment, require_known_method, require_plausible_day
from chalicelib.domain.reminders import require_no_payment_under_way, window_has_passed
from chalicelib.domain.status import OPEN_STATUSES, InvoiceStatus
from chalicelib.domain.terms import day_of
from chalicelib.domain.wording import day, days, money
from chalicelib.ports import Ports
from chalicelib.usecases.connecting.revocation import marking_revocation
from chalicelib.usecases.invoicing.invoicing_settings import time_zone_in_force
from chalicelib.usecases.invoicing.pull_invoice import pulled_to_act_on
from chalicelib.usecases.invoicing.store_invoice import Ask, done_in_stripe, load, require_same_account

PAYABLE = (*OPEN_STATUSES, InvoiceStatus.UNCOLLECTIBLE)


@dataclass(frozen=True, slots=True)
class Settlement:
    """A payment outside Stripe as the office entered it.

    `paid_on` is a day in the organization's time zone, by default today. `amount` is the counted amount, if given.
    Stripe can only record a payment over everything that remains of an invoice.
    """

    method: str
    reference: str | None = None
    paid_on: dt.date | None = None
    amount: Decimal | None = None


def mark_paid(
    organization_id: OrganizationId, invoice_id: InvoiceId, user_id: UserId, settlement: Settlement, ports: Ports
) -> Invoice:
    """Records that the customer has paid the remaining amount by other means, and returns the invoice.

    The payment counts once Stripe has recorded it. If no response comes, it counts as soon as POM reads from Stripe
    that a payment outside Stripe paid all that remained within minutes of this request.

    Raises:
        Refused: the method, the day or the amount is invalid. The error names the field.
        NotFound: this organization has no such invoice.
        Conflict: the invoice is paid already or not open, a payment is under way, the organization is not connected,
            or the request has a reference and the customer is erased.
    """
    invoice = load(organization_id, invoice_id, ports)
    today = day_of(ports.clock.now(), time_zone_in_force(organization_id, ports))
    raise_all(_errors_of(settlement, invoice, today))
    _require_payable(invoice, user_id)
    _require_no_reference_to_person(invoice, settlement)
    counted = _counted_amount(settlement, invoice)
    account_id = require_same_account(invoice, usable_account(ports.connections.get(organization_id)))
    with marking_revocation(organization_id, account_id, ports):
        present = pulled_to_act_on(invoice, account_id, ports)
        _require_awaiting_payment(present, user_id)
        _require_all_that_remains(counted, present)
        act = _payment(present, settlement, settlement.paid_on or today, user_id, ports.clock.now())

        def is_done(after_refusal: Invoice) -> bool:
            """Returns False, because a payment that arrived first is not the payment that the office records."""
            _require_awaiting_payment(after_refusal, user_id)
            return False

        return _done_or_overtaken(present, act, ports.stripe.pay_outside, is_done, ports)


def _done_or_overtaken(
    invoice: Invoice, act: IntendedAct, ask: Ask, is_done: Callable[[Invoice], bool], ports: Ports
) -> Invoice:
    """Returns the invoice after Stripe has done the act, or as Stripe has it if somebody else did the act first.

    If Stripe refuses, the invoice is read again. `is_done` returns True if nothing is left to do, and raises a
    Conflict if the reason for Stripe's refusal is known.
    """
    try:
        return done_in_stripe(invoice, act, ask, ports)
    except StripeRefused:
        present = pulled_to_act_on(invoice, invoice.stripe_account_id, ports)
        if is_done(present):
            return present
        raise


def _errors_of(settlement: Settlement, invoice: Invoice, today: dt.date) -> Iterator[IntegrationError]:
    yield from errors_raised_by(require_known_method, settlement.method)
    if settlement.paid_on is not None:
        invoiced_on = day_of(invoice.created_at, invoice.order.time_zone)
        yield from errors_raised_by(require_plausible_day, settlement.paid_on, invoiced_on=invoiced_on, today=today)
    yield from errors_raised_by(_counted_amount, settlement, invoice)


def _require_no_reference_to_person(invoice: Invoice, settlement: Settlement) -> None:
    """Refuses a reference, such as the number of a check, on an invoice from which the person was taken out.

    Raises:
        CustomerErased: there is one. The payment can be recorded without it.
    """
    if invoice.erased_at is not None and settlement.reference:
        raise CustomerErased(
            "customer_erased",
            "The customer of this invoice has been erased, so POM keeps no reference that leads to the person.",
            field="reference",
            next_step="Leave the reference out.",
        )


def _counted_amount(settlement: Settlement, invoice: Invoice) -> int | None:
    """Returns the amount that the office counted, in minor units, or None if it did not say.

    Raises:
        Refused: it cannot be paid.
    """
    if settlement.amount is None:
        return None
    counted = minor_units(settlement.amount, invoice.order.currency, field="amount")
    if counted == 0:
        raise Refused(
            "amount_zero",
            "A payment of nothing cannot be recorded.",
            field="amount",
            next_step="Give the amount that the customer paid, or leave it out. "
            "If the customer owes nothing, void the invoice.",
        )
    return counted


def _payment(invoice: Invoice, settlement: Settlement, paid_on: dt.date, user_id: UserId, now: int) -> IntendedAct:
    """Returns the act of recording the payment as one over all that remains."""
    fact, stripe_id = invoice.facts.invoice, invoice.stripe_invoice_id or ""
    payment = OutsidePayment(paid_on, settlement.method, settlement.reference, now, user_id, stripe_id)
    return IntendedAct(
        MARKED_PAID,
        now,
        stripe_id,
        actor=user_id,
        reason=payment.way,
        payment=payment,
        paid_outside=invoice.balance + (fact.amount_paid_off_stripe if fact else 0),
    )


def _require_payable(invoice: Invoice, user_id: UserId) -> None:
    if invoice.status in PAYABLE:
        return
    if invoice.status is InvoiceStatus.PAID:
        raise _paid_already(invoice, user_id)
    next_steps = {
        InvoiceStatus.CREATING: "Wait a moment and load it again.",
        InvoiceStatus.DRAFT: "Send it first.",
        InvoiceStatus.VOID: "Bill its services again.",
        InvoiceStatus.REFUNDED: f"Nothing is to be paid. {STAYS_BILLED}",
    }
    raise Conflict(
        "invoice_not_open",
        f"An invoice that is {invoice.status} cannot be marked as paid.",
        next_step=next_steps[invoice.status],
    )


def _require_awaiting_payment(invoice: Invoice, user_id: UserId) -> None:
    """Refuses an invoice that cannot be paid, or that is being paid.

    Raises:
        Conflict: the invoice cannot be paid, or is being paid. The error says which.
    """
    _require_payable(invoice, user_id)
    require_no_payment_under_way(invoice)


def _paid_already(invoice: Invoice, user_id: UserId) -> Conflict:
    """Returns a conflict that says how the invoice was paid. So users whose response was lost see that POM carried
    out their request.
    """
    record = invoice.recorded_payment
    if record is None:
        return Conflict(
            "invoice_already_paid",
            f"This invoice is paid already, and nothing was recorded now. {how_paid(invoice)}",
            next_step=f"Nothing is to be done, unless the customer has paid twice. Then: {how_to_give_back(invoice)}",
        )
    who = "You" if record.recorded_by == user_id else f"The user {record.recorded_by}"
    when = day(invoice, record.recorded_at)
    return Conflict(
        "invoice_already_paid",
        f"This invoice is paid already. {who} recorded it on {when}: {record.way}. Nothing was recorded twice.",
        next_step=f"Nothing is to be done, unless that record is wrong. Then: {how_to_give_back(invoice)}",
    )


def _require_all_that_remains(counted: int | None, invoice: Invoice) -> None:
    """Refuses an amount that is not what remains, because Stripe records the whole rest as paid.

    Raises:
        Refused: it is more or less.
    """
    if counted is None or counted == invoice.balance:
        return
    remains = money(invoice, invoice.balance)
    if counted > invoice.balance:
        surplus = money(invoice, counted - invoice.balance)
        next_step = f"Record {remains}, and return the {surplus} that the customer paid too much."
    else:
        next_step = (
            f"Record {remains} when the customer has paid that much. Or issue a credit note over "
            f"{money(invoice, counted)} in the Stripe dashboard, so that the customer is asked for "
            f"{money(invoice, invoice.balance - counted)} only; POM then shows {money(invoice, counted)} as credited."
        )
    raise Refused(
        "amount_not_what_remains",
        f"The payment is over {money(invoice, counted)}, and {remains} of this invoice remains to be paid. "
        "Stripe can only record a payment over all that remains.",
        field="amount",
        next_step=next_step,
    )


def give_up_if_due(organization_id: OrganizationId, invoice_id: InvoiceId, ports: Ports) -> bool:
    """Marks an invoice uncollectible whose payment window has passed. Returns True if that was done.

    Raises:
        StripeUnavailable, StaleWrite: the call must be repeated.
    """
    invoice = load(organization_id, invoice_id, ports)
    window = ports.settings.get(organization_id).payment_window
    if window is None or not window_has_passed(invoice, window, ports.clock.now()):
        return False
    try:
        ended = _given_up(invoice, window, ports)
    except Conflict:
        return False
    return ended.status is InvoiceStatus.UNCOLLECTIBLE


def _given_up(invoice: Invoice, window: int, ports: Ports) -> Invoice:
    """Returns the invoice, marked uncollectible in Stripe if Stripe still shows it as open."""
    connection = ports.connections.get(invoice.organization_id)
    account_id = require_same_account(invoice, usable_account(connection))
    with marking_revocation(invoice.organization_id, account_id, ports):
        invoice = pulled_to_act_on(invoice, account_id, ports)
        if invoice.status not in OPEN_STATUSES:
            return invoice
        require_no_payment_under_way(invoice)
        now, stripe_id = ports.clock.now(), invoice.stripe_invoice_id or ""
        act = IntendedAct(GIVEN_UP, now, stripe_id, reason=days(window))
        return _done_or_overtaken(
            invoice, act, ports.stripe.mark_uncollectible, lambda present: present.status not in OPEN_STATUSES, ports
        )
