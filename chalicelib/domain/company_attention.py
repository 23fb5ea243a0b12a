"""The problems that need a person and do not follow from one invoice's facts: overdue invoices, customers without an
e-mail address, failed payouts, unknown invoices, and a restricted account.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from chalicelib.domain.attention import AttentionKind, UnknownInvoice, invoice_troubles
from chalicelib.domain.attention_wording import AttentionItem, invoice_phrase, item_about
from chalicelib.domain.connection import Connection
from chalicelib.domain.customer import Customer
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import decimal_string
from chalicelib.domain.payout import Payout
from chalicelib.domain.payout_wording import SUPPORT, story_of
from chalicelib.domain.stripe_pages import ACCOUNT_STATUS
from chalicelib.domain.terms import day_in_words, day_of, start_of_day
from chalicelib.domain.wording import days, money

LISTED_ALREADY = frozenset({AttentionKind.PAYMENT_FAILED, AttentionKind.INVOICE_NOT_SENT})
"""An invoice that is listed for one of these problems is not listed as overdue too, because its next step differs."""


def overdue_item(invoice: Invoice, overdue_days: int, now: int) -> AttentionItem | None:
    """Returns an item if an invoice has not been paid `overdue_days` days after its due day, or None.

    Whether it is overdue is a stored fact. Days are counted in the time zone that the invoice was created in. An
    invoice with a bank debit on its way is not listed, because that is normal.
    """
    if not invoice.overdue or invoice.due_day is None or invoice.facts.payment_under_way:
        return None
    zone = invoice.order.time_zone
    since, today = invoice.due_day + dt.timedelta(days=overdue_days), day_of(now, zone)
    if today < since or any(trouble.kind in LISTED_ALREADY for trouble in invoice_troubles(invoice)):
        return None
    message = (
        f"{money(invoice, invoice.balance)} of {invoice_phrase(invoice)} is still to be paid. It was due on "
        f"{day_in_words(invoice.due_day)}, {days((today - invoice.due_day).days)} ago."
    )
    at = start_of_day(since, zone)
    return replace(item_about(invoice, AttentionKind.INVOICE_OVERDUE, at, message, REMIND), due_by=invoice.due_at)


REMIND = "Remind the customer, by the invoice's page or by phone. If it was paid in another way, record that in POM."


def customer_item(customer: Customer) -> AttentionItem | None:
    """Returns an item if no invoice can be sent to a customer, or None if the customer has an e-mail address."""
    if customer.profile.email is not None:
        return None
    name = customer.profile.display_name or "A customer without a name"
    return AttentionItem(
        kind=AttentionKind.CUSTOMER_WITHOUT_EMAIL,
        subject=customer.id,
        at=customer.updated_at,
        message=f"{name} has no e-mail address, so no invoice can be sent to this customer.",
        next_step="Enter the customer's e-mail address in POM.",
        customer_id=customer.id,
    )


def unresolved_failures(payouts: Sequence[Payout]) -> Iterator[Payout]:
    """Yields the payouts that failed and whose money has not been paid out since.

    The money was paid out again if Stripe names another payout of it that did not come back too. Where Stripe cannot
    name one, a later paid payout of the account shows the same. `payouts` are all payouts of the last weeks.

    A canceled payout did not fail. Only the company itself cancels a payout, and only one that it created manually
    (https://docs.stripe.com/api/payouts/cancel).
    """
    by_id = {payout.id: payout for payout in payouts}
    for payout in payouts:
        if payout.fact.status != "failed":
            continue
        if not _went_out_again(payout, by_id) and not _paid_later(payout, by_id):
            yield payout


def _went_out_again(payout: Payout, by_id: Mapping[str, Payout]) -> bool:
    """Returns True if another payout paid the money out again, directly or after further payouts that came back."""
    visited_ids = {payout.id}
    again = by_id.get(payout.returned_in or "")
    while again is not None and again.id not in visited_ids:
        if not _gave_its_money_back(again, by_id):
            return True
        visited_ids.add(again.id)
        again = by_id.get(again.returned_in or "")
    return False


def _gave_its_money_back(payout: Payout, by_id: Mapping[str, Payout]) -> bool:
    """Returns True if the payout's money is back in the balance, or on its way there.

    If the reversing payout fails, the money stays at the bank.
    """
    if payout.fact.reversed_by_id is None:
        return payout.fact.returned
    reversal = by_id.get(payout.fact.reversed_by_id)
    return payout.fact.returned or reversal is None or not reversal.fact.returned


def _paid_later(failed: Payout, by_id: Mapping[str, Payout]) -> bool:
    """Returns True if a payout that was created after this one came back has taken its money along.

    Each automatic payout takes all available money. A manual payout counts only for another manual one, which the
    company then repeated. A payout to the bank does not count for a failed debit of the bank account, and vice versa,
    unless the balance has become positive.
    """
    return any(
        later.fact.status == "paid"
        and later.fact.created > failed.came_back_at
        and later.account_id == failed.account_id
        and later.fact.currency == failed.fact.currency
        and (later.fact.automatic or not failed.fact.automatic)
        and (later.fact.amount > 0 or failed.fact.amount < 0)
        and not _gave_its_money_back(later, by_id)
        for later in by_id.values()
    )


def payout_item(payout: Payout, *, livemode: bool) -> AttentionItem:
    """Returns the item of a failed payout."""
    fact, story = payout.fact, story_of(payout)
    amount, on = decimal_string(abs(fact.amount), fact.currency), day_in_words(fact.arrives_on)
    money_of_it = f"{amount} {fact.currency.upper()}"
    expectation = f"A payout of {money_of_it} was expected at the bank on {on}."
    if fact.amount < 0:
        expectation = f"Stripe was to take {money_of_it} from the bank account on {on}."
    mode = "" if livemode else "test/"
    return AttentionItem(
        kind=AttentionKind.PAYOUT_FAILED,
        subject=payout.id,
        at=payout.came_back_at,
        message=f"{expectation} {story.message}",
        next_step=story.next_step or SUPPORT,
        payout_id=payout.id,
        amount=fact.amount,
        currency=fact.currency,
        page=f"/{payout.account_id}/{mode}payouts/{payout.id}",
    )


def unknown_item(unknown: UnknownInvoice, connection: Connection) -> AttentionItem:
    """Returns the item of an invoice of POM in Stripe that POM has no record of."""
    mode = "" if connection.livemode else "test/"
    return AttentionItem(
        kind=AttentionKind.INVOICE_UNKNOWN,
        subject=unknown.stripe_id,
        at=unknown.at,
        message=unknown.said,
        next_step=UNKNOWN,
        invoice_id=unknown.invoice_id,
        stripe_invoice_id=unknown.stripe_id,
        page=f"/{connection.account_id}/{mode}invoices/{unknown.stripe_id}" if connection.account_id else None,
    )


UNKNOWN = (
    "Look at it in the Stripe dashboard. Support has been notified and is looking into it. Until that is clear, do "
    "not bill "
    "its services again."
)


def account_item(connection: Connection) -> AttentionItem | None:
    """Returns an item if Stripe restricts the connected account, or None.

    A connection that has ended has no item, because the list of apps shows it and it may have been ended on purpose.
    """
    account = connection.account
    if not connection.active or account is None or (account.charges_enabled and account.payouts_enabled):
        return None
    restrictions = [
        *(["does not let this account take payments"] if not account.charges_enabled else []),
        *(["pays nothing out of this account to the bank"] if not account.payouts_enabled else []),
    ]
    return AttentionItem(
        kind=AttentionKind.ACCOUNT_RESTRICTED,
        subject=account.id,
        at=account.as_of,
        message=f"Stripe {' and '.join(restrictions)}{f': {account.reasons}' if account.reasons else '.'}",
        next_step=account.next_step,
        page=ACCOUNT_STATUS,
    )
