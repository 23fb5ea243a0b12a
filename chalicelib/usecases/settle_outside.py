"""End an open invoice otherwise than by a payment through Stripe: paid by cash or check, or given up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from chalicelib.domain.connection import usable_account
from chalicelib.domain.errors import AccountUnreachable, Conflict, IntegrationError, Refused, StripeRefused
from chalicelib.domain.every_error import errors_of, raise_all
from chalicelib.domain.explanation import how_paid
from chalicelib.domain.facts import StripeFact
from chalicelib.domain.history import HistoryEntry, Source
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId, UserId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import minor_units
from chalicelib.domain.outside_payment import OutsidePayment, require_known_method, require_plausible_day
from chalicelib.domain.reminders import require_no_payment_under_way, window_has_passed
from chalicelib.domain.status import OPEN_STATUSES, InvoiceStatus
from chalicelib.domain.way_out import STAYS_BILLED, way_out
from chalicelib.domain.wording import day, days, money
from chalicelib.usecases.connect import noticing_revocation
from chalicelib.usecases.invoices import ended_in_stripe
from chalicelib.usecases.ports import Ports
from chalicelib.usecases.pull_invoice import pulled_to_act_on
from chalicelib.usecases.same_account import require_same_account
from chalicelib.usecases.store_invoice import knowing_also, load, store

PAYABLE = (*OPEN_STATUSES, InvoiceStatus.UNCOLLECTIBLE)


@dataclass(frozen=True, slots=True)
class Settlement:
    """A payment outside Stripe as the office gives it.

    `paid_on` is a day in the organization's time zone, by default today. `amount` is what the office counted, if it
    says so; Stripe can only record the whole rest of an invoice.
    """

    method: str
    reference: str | None = None
    paid_on: dt.date | None = None
    amount: Decimal | None = None


def mark_paid(
    organization_id: OrganizationId, invoice_id: InvoiceId, user_id: UserId, settlement: Settlement, ports: Ports
) -> Invoice:
    """Records that the customer has paid the rest of an invoice by other means, and returns the invoice.

    The record is stored before Stripe is told. If POM dies in between, Stripe's word that a payment outside Stripe
    paid the invoice makes the record count.

    Raises:
        Refused: the method, the day or the amount cannot be right; names the field.
        NotFound; Conflict: paid already, not open, a payment is under way, or not connected.
    """
    invoice = _with_its_record_told(load(organization_id, invoice_id, ports), ports)
    now = ports.clock.now()
    raise_all(_errors_of(settlement, invoice, now))
    _require_payable(invoice, user_id)
    record, given = _record(invoice, settlement, user_id, now), _given(settlement, invoice)
    account_id = require_same_account(invoice, usable_account(ports.connections.get(organization_id)))
    with noticing_revocation(organization_id, account_id, ports):
        present = _with_its_record_told(pulled_to_act_on(invoice, account_id, ports), ports)
        _require_payable(present, user_id)
        require_no_payment_under_way(present)
        _require_the_rest(given, present)
        intended = store(present, lambda current: replace(current, outside_payment=record), ports)
        facts = _paid_outside(intended, record, account_id, ports)

    def recorded(current: Invoice) -> Invoice:
        return _telling(replace(knowing_also(current, facts, intended, ports), outside_payment=record), record)

    return store(intended, recorded, ports)


def _with_its_record_told(invoice: Invoice, ports: Ports) -> Invoice:
    """Returns the invoice with its record on the timeline, also if POM died before it could tell of it."""
    record = invoice.recorded_payment
    return invoice if record is None else store(invoice, lambda current: _telling(current, record), ports)


def _telling(invoice: Invoice, record: OutsidePayment) -> Invoice:
    entry = HistoryEntry(
        record.recorded_at,
        "marked_paid",
        Source.POM,
        actor=record.recorded_by,
        reason=record.way,
        stripe_id=record.stripe_invoice_id,
    )
    return invoice if entry in invoice.history else invoice.telling(entry).changed(entry.at)


def _errors_of(settlement: Settlement, invoice: Invoice, now: int) -> Iterator[IntegrationError]:
    yield from errors_of(require_known_method, settlement.method)
    if settlement.paid_on is not None:
        invoiced_on, today = invoice.day_of(invoice.created_at), invoice.day_of(now)
        yield from errors_of(require_plausible_day, settlement.paid_on, invoiced_on=invoiced_on, today=today)
    yield from errors_of(_given, settlement, invoice)


def _given(settlement: Settlement, invoice: Invoice) -> int | None:
    """Returns the amount that the office counted, in minor units, or None if it did not say."""
    if settlement.amount is None:
        return None
    return minor_units(settlement.amount, invoice.order.currency, field="amount")


def _record(invoice: Invoice, settlement: Settlement, user_id: UserId, now: int) -> OutsidePayment:
    paid_on = settlement.paid_on or invoice.day_of(now)
    stripe_id = invoice.stripe_invoice_id or ""
    return OutsidePayment(paid_on, settlement.method, settlement.reference, now, user_id, stripe_id)


def _paid_outside(
    invoice: Invoice, record: OutsidePayment, account_id: StripeAccountId, ports: Ports
) -> Sequence[StripeFact]:
    """Returns what Stripe answers. If it refuses, the record is dropped, and the present state says why.

    Raises:
        Conflict: somebody paid, voided or revised the invoice a moment ago.
    """
    try:
        # A new key each time: Stripe would repeat an earlier refusal, and a paid invoice cannot be paid again.
        return ports.stripe.pay_outside(account_id, record.stripe_invoice_id, f"pom-{ports.clock.nonce()}")
    except AccountUnreachable:
        raise
    except StripeRefused:
        dropped = store(invoice, lambda current: _without(current, record), ports)
        present = pulled_to_act_on(dropped, account_id, ports)
        _require_payable(present, record.recorded_by)
        require_no_payment_under_way(present)
        raise


def _without(invoice: Invoice, record: OutsidePayment) -> Invoice:
    return replace(invoice, outside_payment=None) if invoice.outside_payment == record else invoice


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


def _paid_already(invoice: Invoice, user_id: UserId) -> Conflict:
    """Says how the invoice was paid, so that somebody whose answer was lost sees that the request was carried out."""
    record = invoice.recorded_payment
    if record is None:
        return Conflict(
            "invoice_already_paid",
            f"This invoice is paid already, and nothing was recorded now. {how_paid(invoice)}",
            next_step=f"Nothing is to be done, unless the customer has paid twice. Then: {way_out(invoice)}",
        )
    who = "You" if record.recorded_by == user_id else f"The user {record.recorded_by}"
    when = day(invoice, record.recorded_at)
    return Conflict(
        "invoice_already_paid",
        f"This invoice is paid already. {who} recorded it on {when}: {record.way}. Nothing was recorded twice.",
        next_step=f"Nothing is to be done, unless that record is wrong. Then: {way_out(invoice)}",
    )


def _require_the_rest(given: int | None, invoice: Invoice) -> None:
    """Refuses an amount that is not what remains, because Stripe records the whole rest as paid.

    Raises:
        Refused: it is more or less.
    """
    if given is None or given == invoice.balance:
        return
    rest = money(invoice, invoice.balance)
    less = given < invoice.balance
    raise Refused(
        "amount_not_what_remains",
        f"The payment is over {money(invoice, given)}, and {rest} of this invoice remains to be paid. "
        "Only the whole rest can be recorded.",
        field="amount",
        next_step=(
            "Record it when the customer has paid the rest. Or issue a credit note over what was paid in the Stripe "
            "dashboard, so that the customer is only asked for the rest; POM then shows that part as credited."
            if less
            else f"Give {rest}, and return the rest to the customer."
        ),
    )


def give_up_if_due(organization_id: OrganizationId, invoice_id: InvoiceId, ports: Ports) -> bool:
    """Marks an invoice uncollectible whose payment window has passed. Returns True if that was done.

    Raises:
        StripeUnavailable, StaleWrite: to be tried again.
    """
    invoice = load(organization_id, invoice_id, ports)
    window = ports.settings.get(organization_id).payment_window
    if window is None or not window_has_passed(invoice, window, ports.clock.now()):
        return False
    now, stripe_id = ports.clock.now(), invoice.stripe_invoice_id
    entry = HistoryEntry(now, "payment_window_passed", Source.POM, reason=days(window), stripe_id=stripe_id)
    try:
        ended = _given_up(invoice, entry, ports)
    except Conflict:
        return False
    return ended.status is InvoiceStatus.UNCOLLECTIBLE


def _given_up(invoice: Invoice, entry: HistoryEntry, ports: Ports) -> Invoice:
    """Returns the invoice, marked uncollectible in Stripe if Stripe still shows it as open."""
    connection = ports.connections.get(invoice.organization_id)
    account_id = require_same_account(invoice, usable_account(connection))
    with noticing_revocation(invoice.organization_id, account_id, ports):
        invoice = pulled_to_act_on(invoice, account_id, ports)
        if invoice.status not in OPEN_STATUSES:
            return invoice
        require_no_payment_under_way(invoice)
        stripe_id = invoice.stripe_invoice_id or ""
        facts = ended_in_stripe(account_id, stripe_id, "uncollectible", ports.stripe.mark_uncollectible, ports)

    def ended(current: Invoice) -> Invoice:
        return knowing_also(current, facts, invoice, ports).telling(entry).changed(entry.at)

    return store(invoice, ended, ports)
