"""Remind payers by Stripe's own e-mail, but only after asking Stripe where the invoice stands.

Asking Stripe to send an open invoice again is its only reminder by API
(https://docs.stripe.com/invoicing/send-email). The moment of asking is stored first and makes the idempotency key:
repeated after a crash, Stripe sends nothing a second time, on the next day either.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

from chalicelib.domain.connection import require_invoicing, require_ready_to_send, usable_account
from chalicelib.domain.errors import Conflict, FormerAddress, Refused, StripeRefused
from chalicelib.domain.history import HistoryEntry, Source
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, UserId, digest
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.reminders import reminder_is_due, require_remindable
from chalicelib.domain.settings import time_zone_of
from chalicelib.usecases.connect import noticing_revocation
from chalicelib.usecases.ports import Ports
from chalicelib.usecases.present_address import require_present_address
from chalicelib.usecases.pull_invoice import pulled_to_act_on, sent_unless_revised
from chalicelib.usecases.same_account import require_same_account
from chalicelib.usecases.store_invoice import knowing_also, load, store

KEYS_KEPT_FOR = 20 * 3600
"""Seconds for which a lost answer is asked for again with its idempotency key. Stripe keeps keys for 24 hours."""

REFUSED = "reminder_refused"
"""The kind of the entry that tells why a planned reminder was not sent."""


def remind_if_due(organization_id: OrganizationId, invoice_id: InvoiceId, ports: Ports) -> bool:
    """Returns True if the planned reminder was sent. What has changed since it was planned is looked at anew.

    That it would go to a former address is told on the invoice's timeline, because nobody else learns of it.

    Raises:
        StripeUnavailable, StaleWrite: to be tried again.
    """
    try:
        if not _still_due(organization_id, invoice_id, ports):
            return False
        remind(organization_id, invoice_id, None, ports)
    except FormerAddress as refusal:
        _tell_refusal(organization_id, invoice_id, refusal, ports)
        return False
    except StripeRefused:
        raise
    except (Conflict, Refused):
        return False
    return True


def _still_due(organization_id: OrganizationId, invoice_id: InvoiceId, ports: Ports) -> bool:
    """Returns True if the settings ask for the reminder now; hours may have passed since it was planned."""
    settings, connection = ports.settings.get(organization_id), ports.connections.get(organization_id)
    zone = ZoneInfo(time_zone_of(settings, connection.account))
    now = dt.datetime.fromtimestamp(ports.clock.now(), zone)
    return reminder_is_due(load(organization_id, invoice_id, ports), settings, now)


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
    zone = time_zone_of(ports.settings.get(organization_id), connection.account)
    require_remindable(invoice, ports.clock.now(), zone)
    with noticing_revocation(organization_id, account_id, ports):
        invoice = pulled_to_act_on(invoice, account_id, ports)
        require_remindable(invoice, ports.clock.now(), zone)
        customer = ports.customers.get(organization_id, invoice.order.customer_id)
        if customer is not None:
            require_present_address(invoice, customer, account_id)
        invoice, asked_at = _asking(invoice, ports)
        stripe_id = invoice.stripe_invoice_id or ""
        key = digest("remind", account_id, stripe_id, str(asked_at))
        try:
            facts = sent_unless_revised(account_id, stripe_id, f"pom-{key}", ports)
        except (Conflict, StripeRefused):
            # Stripe has answered, and would repeat this answer to the same key when the cause is gone.
            store(invoice, lambda current: replace(current, reminder_asked_at=None), ports)
            raise
    now = ports.clock.now()
    told = HistoryEntry(now, "reminder_sent", Source.POM, actor=user_id, stripe_id=invoice.stripe_invoice_id)

    def reminded(current: Invoice) -> Invoice:
        if current.reminded_at == asked_at:
            return current
        known = knowing_also(current, facts, invoice, ports)
        # If somebody finalized it in Stripe and did not mail it, the reminder is its first e-mail.
        return replace(known.telling(told).changed(now), reminded_at=asked_at, sent_at=known.sent_at or now)

    return store(invoice, reminded, ports)


def _asking(invoice: Invoice, ports: Ports) -> tuple[Invoice, int]:
    """Returns the invoice, stored with the moment at which Stripe is asked, and that moment.

    If the answer to an earlier request was lost, its moment stays, and with it the idempotency key: Stripe repeats
    its answer for a day (https://docs.stripe.com/api/idempotent_requests) and mails nothing again.
    """
    now = ports.clock.now()

    def asked(current: Invoice) -> Invoice:
        return current if _unanswered(current, now) else replace(current, reminder_asked_at=now)

    stored = store(invoice, asked, ports)
    return stored, stored.reminder_asked_at or now


def _unanswered(invoice: Invoice, now: int) -> bool:
    """Returns True if Stripe was asked within its memory of idempotency keys, and its answer did not arrive."""
    asked = invoice.reminder_asked_at
    return asked is not None and asked != invoice.reminded_at and now - asked < KEYS_KEPT_FOR
