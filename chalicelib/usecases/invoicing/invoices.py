"""Read invoices, and act on one: send it after a review, void it, pull the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from chalicelib.domain.actions import SEND_REQUESTED, Action
from chalicelib.domain.connection import require_invoicing, require_ready_to_send, usable_account
from chalicelib.domain.errors import Conflict, Gone, StripeRefused
from chalicelib.domain.facts import StripeFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId, UserId
from chalicelib.domain.intended_act import VOIDED, IntendedAct
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.reminders import require_no_payment_under_way
from chalicelib.domain.saga import Step
from chalicelib.domain.status import OPEN_STATUSES, InvoiceStatus
from chalicelib.domain.way_out import way_out
from chalicelib.domain.wording import money
from chalicelib.ports import Ports
from chalicelib.ports.storage import InvoiceFilter, Page
from chalicelib.usecases.connecting.revocation import noticing_revocation
from chalicelib.usecases.connecting.sweep_sooner import wake
from chalicelib.usecases.invoicing.invoice_saga import run
from chalicelib.usecases.invoicing.pull_invoice import pulled, pulled_to_act_on
from chalicelib.usecases.invoicing.store_invoice import Ask, done_in_stripe, load, require_same_account, store

VOIDABLE = (*OPEN_STATUSES, InvoiceStatus.UNCOLLECTIBLE)


def get_invoice(organization_id: OrganizationId, invoice_id: InvoiceId, ports: Ports) -> Invoice:
    """One invoice with its history.

    Raises:
        NotFound: this organization has no such invoice.
    """
    return load(organization_id, invoice_id, ports)


def list_invoices(
    organization_id: OrganizationId, wanted: InvoiceFilter, first: int, after: str | None, ports: Ports
) -> Page[Invoice]:
    """A page of invoices, newest first.

    Raises:
        Refused: the cursor is not one of ours.
    """
    return ports.invoices.page(organization_id, wanted, first, after)


def send_invoice(
    organization_id: OrganizationId,
    invoice_id: InvoiceId,
    user_id: UserId,
    ports: Ports,
    *,
    asked_at: int | None = None,
) -> Invoice:
    """Send a draft that has been reviewed, or what was finalized in Stripe and never sent.

    Sending a sent invoice again answers it as it is. `asked_at` is when the user asked for it (epoch seconds UTC), if
    nobody waits for the answer any more. Then what was changed in Stripe since is something that nobody has seen, and
    the timeline tells of a refusal.

    Raises:
        NotFound; Conflict: it is being made, can no longer be sent, or would go to a former address; Refused: not
            ready, or Stripe says no.
    """
    invoice = load(organization_id, invoice_id, ports)
    if _sent(invoice):
        return invoice
    _require_sendable(invoice)
    connection = ports.connections.get(organization_id)
    account_id = require_same_account(invoice, usable_account(connection))
    require_invoicing(connection)
    require_ready_to_send(connection)
    if invoice.status in OPEN_STATUSES:
        with noticing_revocation(organization_id, account_id, ports):
            invoice = pulled_to_act_on(invoice, account_id, ports)
        _require_sendable(invoice)
        require_no_payment_under_way(invoice)
    wake(connection, ports)
    now, nonce = ports.clock.now(), ports.clock.nonce()
    asked = Action(now if asked_at is None else asked_at, SEND_REQUESTED, user_id)

    def sending(current: Invoice) -> Invoice:
        if current.saga.running or _sent(current):
            return current
        finalized = current.status in OPEN_STATUSES and not _finalized_since(asked_at, current)
        saga = current.saga.ordered_to_send(nonce, now, finalized_before=finalized, awaited=asked_at is None)
        return replace(current, saga=saga).changed(now, asked)

    return run(store(invoice, sending, ports), ports)


def _finalized_since(asked_at: int | None, invoice: Invoice) -> bool:
    """Whether it was a draft at this time, which was the last at which anybody can have looked at it."""
    fact = invoice.facts.invoice
    finalized_at = fact.finalized_at if fact is not None else None
    return asked_at is not None and finalized_at is not None and finalized_at > asked_at


def _require_sendable(invoice: Invoice) -> None:
    if invoice.saga.running or invoice.status not in (*OPEN_STATUSES, InvoiceStatus.DRAFT):
        raise _not_now(invoice, "sent")


def _sent(invoice: Invoice) -> bool:
    return invoice.sent_at is not None and invoice.live and not invoice.saga.running


def void_invoice(organization_id: OrganizationId, invoice_id: InvoiceId, user_id: UserId, ports: Ports) -> Invoice:
    """Void an invoice, or delete it while it is a draft; its services can be billed again.

    Raises:
        NotFound; Conflict: it is being made, is paid, or a payment of it is under way.
    """
    invoice = load(organization_id, invoice_id, ports)
    if invoice.status is InvoiceStatus.VOID:
        return invoice
    stripe_id = invoice.stripe_invoice_id
    if stripe_id is None:
        raise _not_now(invoice, "voided")
    _require_voidable(invoice)
    account_id = require_same_account(invoice, usable_account(ports.connections.get(organization_id)))
    with noticing_revocation(organization_id, account_id, ports):
        invoice = _with_outcomes_known(invoice, account_id, ports)
        if invoice.status is InvoiceStatus.VOID:
            return invoice
        _require_voidable(invoice)
        require_no_payment_under_way(invoice)
        act = IntendedAct(VOIDED, ports.clock.now(), stripe_id, actor=user_id)
        voids = _deletes_or_voids(ports) if invoice.status is InvoiceStatus.DRAFT else _voids(ports)
        try:
            return _with_making_ended(done_in_stripe(invoice, act, voids, ports), ports)
        except StripeRefused:
            present = pulled_to_act_on(invoice, account_id, ports)
            if present.status is InvoiceStatus.VOID:
                return present
            _require_unpaid(present)
            raise


def _with_outcomes_known(invoice: Invoice, account_id: StripeAccountId, ports: Ports) -> Invoice:
    """Returns the invoice as Stripe has it if a payment may have failed, or an act of POM's been done, since."""
    if invoice.facts.payment_under_way or invoice.intended:
        return pulled_to_act_on(invoice, account_id, ports)
    return invoice


def _with_making_ended(invoice: Invoice, ports: Ports) -> Invoice:
    """Returns the invoice with nothing left to do: a draft is no longer sent."""
    now = ports.clock.now()

    def ended(current: Invoice) -> Invoice:
        if current.saga.step is Step.DONE:
            return current
        return replace(current, saga=current.saga.advanced(Step.DONE, now))

    return store(invoice, ended, ports)


def _require_voidable(invoice: Invoice) -> None:
    if invoice.status not in (*VOIDABLE, InvoiceStatus.DRAFT):
        raise _not_now(invoice, "voided")


def _require_unpaid(invoice: Invoice) -> None:
    """Says why Stripe did not void an invoice: it is paid by now, in part or in full, or a payment is under way.

    Raises:
        Conflict: says which of these it is.
    """
    _require_voidable(invoice)
    require_no_payment_under_way(invoice)
    if invoice.amounts.paid:
        paid, rest = money(invoice, invoice.amounts.paid), money(invoice, invoice.balance)
        raise Conflict(
            "invoice_not_voidable",
            f"{paid} of this invoice has been paid, so Stripe does not void it.",
            next_step=f"Issue a credit note over the {rest} that remains, in the Stripe dashboard. "
            f"Then: {way_out(invoice)}",
        )


def _voids(ports: Ports) -> Ask:
    return lambda *request: [ports.stripe.void(*request)]


def _deletes_or_voids(ports: Ports) -> Ask:
    """Returns what ends a draft: Stripe deletes it, or voids what somebody has finalized a moment ago."""

    def ends(account_id: StripeAccountId, stripe_id: str, key: str) -> Sequence[StripeFact]:
        with _unless_finalized():
            if not ports.stripe.delete_draft(account_id, stripe_id):
                raise Gone(
                    "draft_deleted",
                    "The draft was deleted in Stripe.",
                    next_step="Bill its services in a new invoice.",
                )
            return ports.stripe.everything(account_id, stripe_id)
        return [ports.stripe.void(account_id, stripe_id, key)]

    return ends


@contextmanager
def _unless_finalized() -> Iterator[None]:
    """A draft that cannot be deleted was finalized in Stripe a moment ago."""
    try:
        yield
    except Gone:
        raise
    except StripeRefused:
        return


def refresh_invoice(organization_id: OrganizationId, invoice_id: InvoiceId, user_id: UserId, ports: Ports) -> Invoice:
    """Read the invoice from Stripe now.

    Raises:
        NotFound; Conflict: not connected, or connected to another account than the invoice was made on.
    """
    invoice = load(organization_id, invoice_id, ports)
    account_id = require_same_account(invoice, usable_account(ports.connections.get(organization_id)))
    if invoice.stripe_invoice_id is None:
        return invoice
    with noticing_revocation(organization_id, account_id, ports):
        return pulled(invoice, account_id, Source.POM, ports)


def _instead(invoice: Invoice) -> str:
    if invoice.status in (InvoiceStatus.PAID, InvoiceStatus.REFUNDED):
        return way_out(invoice)
    if invoice.status is InvoiceStatus.UNCOLLECTIBLE:
        return "Its payment link still works. Record a payment, or void it and bill its services again."
    return "Bill its services again."


def _not_now(invoice: Invoice, verb: str) -> Conflict:
    if invoice.status is InvoiceStatus.CREATING:
        return Conflict(
            "invoice_creating",
            "This invoice is still being made in Stripe.",
            next_step="Wait a moment and load it again.",
        )
    return Conflict(
        f"invoice_not_{'sendable' if verb == 'sent' else 'voidable'}",
        f"An invoice that is {invoice.status} cannot be {verb}.",
        next_step=_instead(invoice),
    )
