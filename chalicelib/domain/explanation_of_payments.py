"""Explains in plain sentences how an invoice was paid, and which payment is on its way."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.explanation_of_money import only_credited
from chalicelib.domain.intended_act import MARKED_PAID
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import ChargeFact
from chalicelib.domain.payment_methods import BANK_DEBITS, METHOD_NAMES
from chalicelib.domain.terms import day_in_words, day_of
from chalicelib.domain.wording import day, latest_action, money


def under_way(invoice: Invoice) -> str:
    """Returns a sentence about the payment that is on its way."""
    since = day(invoice, _under_way_since(invoice))
    if _slow(invoice):
        return f"A bank debit has been on its way since {since}; it takes up to 5 business days."
    return f"A payment has been on its way since {since}; it has neither arrived nor failed yet."


def _under_way_since(invoice: Invoice) -> int:
    """Returns when the attempt that is on its way began (epoch seconds UTC). Its charge has the most reliable
    time.
    """
    charge_times = [charge.created for charge in _charges(invoice, "pending")]
    processing = [intent for intent in invoice.facts.intents if intent.status == "processing"]
    processing_times = [intent.seen.get("processing", intent.as_of) for intent in processing]
    return max(charge_times or processing_times, default=invoice.updated_at)


def _slow(invoice: Invoice) -> bool:
    """Returns True if the payment is a bank debit, or if its method is unknown, because only bank debits take
    days.
    """
    methods = {charge.method for charge in _charges(invoice, "pending")} - {None}
    return not methods or bool(methods & BANK_DEBITS)


def how_paid(invoice: Invoice) -> str:
    """Returns a sentence about when and in which ways a paid invoice was paid."""
    stripe_invoice, amounts = invoice.facts.invoice, invoice.amounts
    if stripe_invoice is None or (stripe_invoice.total == 0 and amounts.paid == amounts.balance_applied == 0):
        return "There was nothing to pay."
    if only_credited(invoice):
        return f"Settled by credit notes over {money(invoice, amounts.credited_before_payment)}; no money came in."
    when = f" on {day_in_words(invoice.paid_on)}" if invoice.paid_on else ""
    if amounts.paid == 0:
        return f"Settled{when}; no money came in."
    ways = list(_ways_paid(invoice, stripe_invoice.amount_paid_off_stripe))
    if len(ways) == 1:
        [(_, way)] = ways
        return f"Paid{when}{f' {way}' if way else ''}."
    return f"Paid{when}: {', '.join(f'{money(invoice, amount)} {way}' for amount, way in ways)}."


def _ways_paid(invoice: Invoice, outside: int) -> Iterator[tuple[int, str]]:
    """Yields each way in which an invoice was paid, with its amount. The text is empty if the way is unknown."""
    in_stripe = invoice.amounts.paid - outside
    amounts_by_way: dict[str, int] = {}
    for charge in _charges(invoice, "succeeded"):
        way = METHOD_NAMES.get(charge.method or "")
        name = f"by {way}" if way else ""
        amounts_by_way[name] = amounts_by_way.get(name, 0) + charge.amount
    if in_stripe > 0:
        charges_explain_all = sum(amounts_by_way.values()) == in_stripe and (
            len(amounts_by_way) == 1 or "" not in amounts_by_way
        )
        ways = amounts_by_way if charges_explain_all else {"by payments in Stripe" if outside > 0 else "": in_stripe}
        yield from ((amount, way) for way, amount in ways.items())
    if outside > 0:
        yield outside, _way_outside(invoice)


def _way_outside(invoice: Invoice) -> str:
    record = invoice.recorded_payment
    if record is not None:
        recorded_on = day_of(record.recorded_at, invoice.order.time_zone)
        later = f" on {day_in_words(recorded_on)}" if recorded_on != record.paid_on else ""
        return f"by {record.way}, as recorded in POM{later}"
    action = latest_action(invoice, MARKED_PAID)  # by a release that kept no record of the payment
    return f"by {action.reason}, as recorded in POM" if action else "outside Stripe, as recorded in Stripe"


def _charges(invoice: Invoice, status: str) -> list[ChargeFact]:
    """Returns the charges with this status, oldest first. Charges of a replaced Stripe invoice are left out."""
    elsewhere = invoice.facts.intents_elsewhere
    charges = (charge for charge in invoice.facts.charges.values() if charge.status == status)
    return sorted(
        (charge for charge in charges if charge.payment_intent_id not in elsewhere),
        key=lambda charge: (charge.created, charge.id),
    )
