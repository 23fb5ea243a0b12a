"""Finds the invoices of the lines of a payout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.domain.balance_transactions import BalanceTransaction
from chalicelib.domain.deposits import SettledMovement
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payout_lines import Owner
from chalicelib.ports import Ports


def owners_of(
    transactions: Sequence[BalanceTransaction],
    known: Mapping[str, SettledMovement],
    organization_id: OrganizationId,
    account_id: StripeAccountId,
    ports: Ports,
) -> Mapping[str, Owner]:
    """Returns the invoice of each balance transaction that belongs to one, by the transaction's id.

    `known` has the rows of these transactions' payments, refunds and disputes, by their ids. If a row is missing, the
    invoice is found by the payment: POM may have a payment whose refund no event has reported yet.
    """
    owners: dict[str, Owner] = {}
    others: dict[str, str] = {}
    for transaction in transactions:
        settled = known.get(transaction.movement_id or "")
        if settled is not None:
            movement = settled.movement
            owners[transaction.id] = Owner(movement.invoice_id, movement.customer_id, movement.number)
        elif transaction.payment_id is not None:
            others[transaction.id] = transaction.payment_id
    invoices = _invoices(others.values(), organization_id, account_id, ports)
    found = {id_: invoices[payment_id] for id_, payment_id in others.items() if payment_id in invoices}
    return {**owners, **{id_: _owner(invoice) for id_, invoice in found.items()}}


def _invoices(
    payment_ids: Iterable[str], organization_id: OrganizationId, account_id: StripeAccountId, ports: Ports
) -> Mapping[str, Invoice]:
    """Returns the invoices of these payments, by the payment's id."""
    ids = sorted(set(payment_ids))
    references = ports.invoices.find_by_reference(account_id, ids) if ids else {}
    invoices: dict[InvoiceId, Invoice | None] = {}
    for owner, invoice_id in references.values():
        if owner == organization_id and invoice_id not in invoices:
            invoices[invoice_id] = ports.invoices.get(organization_id, invoice_id)
    invoices_by_payment = {payment_id: invoices.get(invoice_id) for payment_id, (_, invoice_id) in references.items()}
    return {payment_id: invoice for payment_id, invoice in invoices_by_payment.items() if invoice is not None}


def _owner(invoice: Invoice) -> Owner:
    fact = invoice.facts.invoice
    return Owner(invoice.id, invoice.order.customer_id, fact.number if fact else None)
