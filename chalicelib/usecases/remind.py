"""Remind payers by Stripe's own e-mail, but only after asking Stripe where the invoice stands.

Asking Stripe to send an open invoice again is its only reminder by API
(https://docs.stripe.com/invoicing/send-email). The idempotency key is that of the invoice and the day: repeated
after a crash, Stripe sends nothing a second time.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.connection import require_invoicing, require_ready_to_send, usable_account
from chalicelib.domain.errors import Conflict, FormerAddress, Refused, StripeRefused
from chalicelib.domain.history import HistoryEntry, Source
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, UserId, digest
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.reminders import require_remindable
from chalicelib.usecases.connect import noticing_revocation
from chalicelib.usecases.ports import Ports
from chalicelib.usecases.present_address import require_present_address
from chalicelib.usecases.pull_invoice import pulled_to_act_on, sent_unless_revised
from chalicelib.usecases.same_account import require_same_account
from chalicelib.usecases.store_invoice import knowing_also, load, store

REFUSED = "reminder_refused"
"""The kind of the entry that tells why a planned reminder was not sent."""


def remind_if_due(organization_id: OrganizationId, invoice_id: InvoiceId, ports: Ports) -> bool:
    """Returns True if the planned reminder was sent. What has changed since it was planned is looked at anew.

    That it would go to a former address is told on the invoice's timeline, because nobody else learns of it.

    Raises:
        StripeUnavailable, StaleWrite: to be tried again.
    """
    try:
        remind(organization_id, invoice_id, None, ports)
    except FormerAddress as refusal:
        _tell_refusal(organization_id, invoice_id, refusal, ports)
        return False
    except StripeRefused:
        raise
    except (Conflict, Refused):
        return False
    return True


def _tell_refusal(organization_id: OrganizationId, invoice_id: InvoiceId, refusal: Conflict, ports: Ports) -> None:
    """Tells it once a day, although the reminder is planned anew every hour."""
    invoice, now = load(organization_id, invoice_id, ports), ports.clock.now()
    told = HistoryEntry(now, REFUSED, Source.POM, reason=refusal.code, stripe_id=invoice.stripe_invoice_id)

    def refused(current: Invoice) -> Invoice:
        earlier = (entry.at for entry in current.history if entry.kind == REFUSED)
        if any(current.day_of(at) == current.day_of(now) for at in earlier):
            return current
        return current.telling(told).changed(now)

    store(invoice, refused, ports)


def remind(organization_id: OrganizationId, invoice_id: InvoiceId, user_id: UserId | None, ports: Ports) -> Invoice:
    """Have Stripe send its e-mail again, at most once a day.

    Raises:
        NotFound; Conflict: not connected, invoicing is paused, nothing to remind of (see `require_remindable`), or
            the customer has another address by now.
        Refused: Stripe does not let the account take payments.
        StripeUnavailable, StripeRefused: as Stripe answers.
    """
    invoice = load(organization_id, invoice_id, ports)
    connection = ports.connections.get(organization_id)
    account_id = require_same_account(invoice, usable_account(connection))
    require_invoicing(connection)
    require_ready_to_send(connection)
    today = invoice.day_of(ports.clock.now())
    require_remindable(invoice, today)
    with noticing_revocation(organization_id, account_id, ports):
        invoice = pulled_to_act_on(invoice, account_id, ports)
        require_remindable(invoice, today)
        customer = ports.customers.get(organization_id, invoice.order.customer_id)
        if customer is not None:
            require_present_address(invoice, customer, account_id)
        stripe_id = invoice.stripe_invoice_id or ""
        key = digest("remind", account_id, stripe_id, today.isoformat())
        facts = sent_unless_revised(account_id, stripe_id, f"pom-{key}", ports)
    now = ports.clock.now()
    told = HistoryEntry(now, "reminder_sent", Source.POM, actor=user_id, stripe_id=invoice.stripe_invoice_id)

    def reminded(current: Invoice) -> Invoice:
        if current.reminded_on == today:
            return current
        known = knowing_also(current, facts, invoice, ports)
        # If somebody finalized it in Stripe and did not mail it, the reminder is its first e-mail.
        return replace(known.telling(told).changed(now), reminded_on=today, sent_at=known.sent_at or now)

    return store(invoice, reminded, ports)
