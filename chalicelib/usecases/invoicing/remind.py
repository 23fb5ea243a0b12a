"""Reminds payers by Stripe's own e-mail, after asking Stripe for the invoice's present state.

Sending an open invoice again is Stripe's only reminder by API (https://docs.stripe.com/invoicing/send-email). The
time of the request is stored first and is part of the idempotency key. If no response comes, Stripe's events say
whether Stripe mailed. So nothing is mailed twice, and no reminder is lost.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

from chalicelib.domain.actions import REMINDER_REFUSED, REMINDER_SENT, Action
from chalicelib.domain.connection import require_invoicing, require_ready_to_send, usable_account
from chalicelib.domain.customer import require_not_erased
from chalicelib.domain.errors import AccountUnreachable, Conflict, FormerAddress, Refused, StripeRefused
from chalicelib.domain.identifiers import OWN_KEY, InvoiceId, OrganizationId, StripeAccountId, UserId, digest
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.reminders import reminder_is_due, require_remindable
from chalicelib.domain.settings import time_zone_of
from chalicelib.domain.terms import day_of
from chalicelib.ports import Ports
from chalicelib.usecases.connecting.revocation import marking_revocation
from chalicelib.usecases.customers.present_address import require_present_address
from chalicelib.usecases.invoicing.pull_invoice import pulled_to_act_on, sent_unless_revised
from chalicelib.usecases.invoicing.saga_progress import SENT
from chalicelib.usecases.invoicing.store_invoice import knowing_also, load, require_same_account, store

IN_FLIGHT = 60
"""Seconds for which a request without an answer may still be on its way."""

REPEATED_WITHIN = 3600
"""Seconds within which a request repeats one that got no answer. Later it asks for another reminder."""

CLOCKS_DIFFER_BY = 60
"""Seconds by which our clock and Stripe's may differ."""


def remind_if_due(organization_id: OrganizationId, invoice_id: InvoiceId, ports: Ports) -> bool:
    """Returns True if the planned reminder was sent. Everything that may have changed since planning is checked
    again.

    If the reminder would go to a former address, the timeline says so, because no caller waits for the result.

    Raises:
        StripeUnavailable, StaleWrite: call again.
    """
    try:
        if not _still_due(organization_id, invoice_id, ports):
            return False
        remind(organization_id, invoice_id, None, ports)
    except FormerAddress as refusal:
        _store_refusal(organization_id, invoice_id, refusal, ports)
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


def _store_refusal(organization_id: OrganizationId, invoice_id: InvoiceId, refusal: Conflict, ports: Ports) -> None:
    """Stores the refusal on the timeline once a day, although the reminder is planned again every hour."""
    invoice, now = load(organization_id, invoice_id, ports), ports.clock.now()
    entry = Action(now, REMINDER_REFUSED, reason=refusal.code, stripe_id=invoice.stripe_invoice_id)

    def refused(current: Invoice) -> Invoice:
        earlier = (action.at for action in current.actions if action.kind == REMINDER_REFUSED)
        if any(day_of(at, current.order.time_zone) == day_of(now, current.order.time_zone) for at in earlier):
            return current
        return current.changed(now, entry)

    store(invoice, refused, ports)


def remind(organization_id: OrganizationId, invoice_id: InvoiceId, user_id: UserId | None, ports: Ports) -> Invoice:
    """Has Stripe send its e-mail again, at most once a day.

    Raises:
        NotFound: the organization has no invoice with this id.
        Conflict: Stripe is not connected, invoicing is paused, the invoice allows no reminder (see
            `require_remindable`), or the customer has another address by now, or is erased.
        Refused: Stripe does not let the account take payments.
        StripeUnavailable: Stripe did not respond.
        StripeRefused: Stripe refused the request.
    """
    invoice = load(organization_id, invoice_id, ports)
    connection = ports.connections.get(organization_id)
    account_id = require_same_account(invoice, usable_account(connection))
    require_invoicing(connection)
    require_ready_to_send(connection)
    zone = time_zone_of(ports.settings.get(organization_id), connection.account)
    require_remindable(invoice, ports.clock.now(), zone)
    with marking_revocation(organization_id, account_id, ports):
        invoice = pulled_to_act_on(invoice, account_id, ports)
        asked_before = invoice.reminder_asked_at
        invoice = _with_reminder_outcome(invoice, account_id, user_id, ports)
        if asked_before is not None and _is_repetition(invoice, asked_before, ports.clock.now()):
            return invoice
        require_remindable(invoice, ports.clock.now(), zone)
        customer = ports.customers.get(organization_id, invoice.order.customer_id)
        if customer is not None:
            require_not_erased(customer)
            require_present_address(invoice, customer, account_id)
        invoice = _with_request_time(invoice, ports)
        asked_at, stripe_id = invoice.reminder_asked_at, invoice.stripe_invoice_id or ""
        try:
            facts = sent_unless_revised(account_id, stripe_id, _key(invoice), ports)
        except (Conflict, StripeRefused, AccountUnreachable):
            # Stripe has responded, and would repeat this response to the same key even after the cause is gone.
            store(invoice, lambda current: replace(current, reminder_asked_at=None), ports)
            raise
    now = ports.clock.now()

    def reminded(current: Invoice) -> Invoice:
        if current.reminder_asked_at != asked_at:
            return current
        return _with_reminder(knowing_also(current, facts, invoice, ports), now, user_id).changed(now)

    return store(invoice, reminded, ports)


def _key(invoice: Invoice) -> str:
    """Returns the idempotency key of the latest request for a reminder."""
    stripe_id = invoice.stripe_invoice_id or ""
    return f"{OWN_KEY}{digest('remind', invoice.stripe_account_id, stripe_id, str(invoice.reminder_asked_at))}"


def _with_request_time(invoice: Invoice, ports: Ports) -> Invoice:
    """Returns the invoice, stored with the time of this request, unless an earlier request has no response yet."""
    now = ports.clock.now()
    return store(
        invoice,
        lambda current: current if current.reminder_asked_at is not None else replace(current, reminder_asked_at=now),
        ports,
    )


def _with_reminder(invoice: Invoice, mailed_at: int, user_id: UserId | None) -> Invoice:
    """Returns the invoice with a reminder that Stripe mailed at this time. It may be the first e-mail of the
    invoice.
    """
    entry = Action(mailed_at, REMINDER_SENT, user_id, stripe_id=invoice.stripe_invoice_id)
    mailed = invoice.telling(entry)
    return replace(mailed, reminder_asked_at=None, reminded_at=mailed_at, sent_at=mailed.sent_at or mailed_at)


def _with_reminder_outcome(
    invoice: Invoice, account_id: StripeAccountId, user_id: UserId | None, ports: Ports
) -> Invoice:
    """Returns the invoice after Stripe's events have shown the outcome of a reminder without a response.

    An event names the key of the request that caused it. If there is no such event, the request was lost, or Stripe
    failed. Then the next request uses another key. Within `IN_FLIGHT` seconds the request may still be under way, and
    keeps its key.
    """
    asked_at, now = invoice.reminder_asked_at, ports.clock.now()
    if asked_at is None or now - asked_at < IN_FLIGHT:
        return invoice
    key, stripe_id = _key(invoice), invoice.stripe_invoice_id or ""
    sent = ports.stripe.events_about(account_id, stripe_id, SENT, asked_at)
    mailed_at = next((event.created for event in sent if event.idempotency_key == key), None)

    def settled(current: Invoice) -> Invoice:
        if current.reminder_asked_at != asked_at:
            return current
        if mailed_at is None:
            return replace(current, reminder_asked_at=None)
        return _with_reminder(current, mailed_at, user_id).changed(now)

    return store(invoice, settled, ports)


def _is_repetition(invoice: Invoice, asked_at: int, now: int) -> bool:
    """Returns True if a request repeats one that was made at `asked_at`, got no answer, and was done by Stripe."""
    done = invoice.reminder_asked_at is None and invoice.reminded_at is not None
    return done and (invoice.reminded_at or 0) >= asked_at - CLOCKS_DIFFER_BY and now - asked_at < REPEATED_WITHIN
