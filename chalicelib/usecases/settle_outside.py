"""End an open invoice otherwise than by a payment through Stripe: paid by cash or check, or given up."""

from __future__ import annotations

from chalicelib.domain.connection import usable_account
from chalicelib.domain.errors import Conflict, Refused
from chalicelib.domain.history import HistoryEntry, Source
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, UserId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.reminders import require_no_payment_under_way, window_has_passed
from chalicelib.domain.status import OPEN_STATUSES, InvoiceStatus
from chalicelib.usecases.connect import noticing_revocation
from chalicelib.usecases.invoices import Act, ended_in_stripe, require_same_account
from chalicelib.usecases.ports import Ports
from chalicelib.usecases.pull_invoice import pulled_to_act_on
from chalicelib.usecases.store_invoice import knowing_also, load, store

OUTSIDE_METHODS = ("cash", "check", "bank_transfer", "card_terminal", "other")


def mark_paid(
    organization_id: OrganizationId,
    invoice_id: InvoiceId,
    user_id: UserId,
    method: str,
    reference: str | None,
    ports: Ports,
) -> Invoice:
    """Record that the customer has paid by other means. Marking a paid invoice again answers it as it is.

    Raises:
        Refused: the method is not known.
        NotFound; Conflict: not open, a payment is on its way, or not connected.
    """
    if method not in OUTSIDE_METHODS:
        raise Refused(
            "payment_method_unknown",
            "This method is not known.",
            field="method",
            next_step=f"Use one of {', '.join(OUTSIDE_METHODS)}.",
        )
    invoice = load(organization_id, invoice_id, ports)
    if invoice.status is InvoiceStatus.PAID:
        return invoice
    if invoice.status not in (*OPEN_STATUSES, InvoiceStatus.UNCOLLECTIBLE):
        raise Conflict(
            "invoice_not_open",
            f"An invoice that is {invoice.status} cannot be marked as paid.",
            next_step="Send it first." if invoice.status is InvoiceStatus.DRAFT else "Make a new invoice.",
        )
    told = " ".join(part for part in (method.replace("_", " "), reference) if part)
    entry = HistoryEntry(
        ports.clock.now(), "marked_paid", Source.POM, actor=user_id, reason=told, stripe_id=invoice.stripe_invoice_id
    )
    return _ended(invoice, "paid", ports.stripe.pay_outside, entry, ports)


def give_up_if_due(organization_id: OrganizationId, invoice_id: InvoiceId, ports: Ports) -> bool:
    """Mark an invoice uncollectible whose payment window has passed; answers whether that was done.

    Raises:
        StripeUnavailable, StaleWrite: to be tried again.
    """
    invoice = load(organization_id, invoice_id, ports)
    window = ports.settings.get(organization_id).payment_window
    if window is None or not window_has_passed(invoice, window, ports.clock.now()):
        return False
    now, stripe_id = ports.clock.now(), invoice.stripe_invoice_id
    entry = HistoryEntry(now, "payment_window_passed", Source.POM, reason=f"{window} days", stripe_id=stripe_id)
    try:
        ended = _ended(invoice, "uncollectible", ports.stripe.mark_uncollectible, entry, ports)
    except Conflict:
        return False
    return ended.status is InvoiceStatus.UNCOLLECTIBLE


def _ended(invoice: Invoice, wanted: str, act: Act, entry: HistoryEntry, ports: Ports) -> Invoice:
    """The invoice after `act`, which is only done to what Stripe still shows as open."""
    connection = ports.connections.get(invoice.organization_id)
    account_id = require_same_account(invoice, usable_account(connection))
    with noticing_revocation(invoice.organization_id, account_id, ports):
        invoice = pulled_to_act_on(invoice, account_id, ports)
        if invoice.status not in (*OPEN_STATUSES, InvoiceStatus.UNCOLLECTIBLE):
            return invoice
        require_no_payment_under_way(invoice)
        facts = ended_in_stripe(account_id, invoice.stripe_invoice_id or "", wanted, act, ports)

    def ended(current: Invoice) -> Invoice:
        return knowing_also(current, facts, invoice, ports).telling(entry).changed(entry.at)

    return store(invoice, ended, ports)
