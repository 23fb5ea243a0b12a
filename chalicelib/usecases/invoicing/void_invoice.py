"""Voids an invoice, or deletes it while it is a draft."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from chalicelib.domain.connection import usable_account
from chalicelib.domain.errors import Conflict, Gone, StripeRefused
from chalicelib.domain.facts import StripeFact
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId, UserId
from chalicelib.domain.intended_act import VOIDED, IntendedAct
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_conflicts import STAYS_BILLED, how_to_give_back, status_conflict
from chalicelib.domain.reminders import require_no_payment_under_way
from chalicelib.domain.saga import Step
from chalicelib.domain.status import OPEN_STATUSES, InvoiceStatus
from chalicelib.domain.wording import money
from chalicelib.ports import Ports
from chalicelib.usecases.connecting.revocation import marking_revocation
from chalicelib.usecases.invoicing.pull_invoice import pulled_to_act_on
from chalicelib.usecases.invoicing.store_invoice import Ask, done_in_stripe, load, require_same_account, store

VOIDABLE = (*OPEN_STATUSES, InvoiceStatus.UNCOLLECTIBLE)
"""The statuses of an invoice that was issued and is not paid."""


def void_invoice(organization_id: OrganizationId, invoice_id: InvoiceId, user_id: UserId, ports: Ports) -> Invoice:
    """Voids an invoice, or deletes it while it is a draft. Its services can be billed again.

    Raises:
        NotFound: this organization has no such invoice.
        Conflict: the invoice is being created, is paid, or a payment of it is under way.
    """
    invoice = load(organization_id, invoice_id, ports)
    if invoice.status is InvoiceStatus.VOID:
        return invoice
    stripe_id = invoice.stripe_invoice_id
    if stripe_id is None:
        raise status_conflict(invoice, "voided")
    _require_voidable(invoice)
    account_id = require_same_account(invoice, usable_account(ports.connections.get(organization_id)))
    with marking_revocation(organization_id, account_id, ports):
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
            _require_refusal_known(present)
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
        raise status_conflict(invoice, "voided")


def _require_refusal_known(invoice: Invoice) -> None:
    """Returns if the reason why Stripe did not void the invoice is unknown.

    Stripe's documentation allows an uncollectible invoice to be voided, but not every account allows it
    (https://docs.stripe.com/invoicing/integration/workflow-transitions).

    Raises:
        Conflict: it is paid by now, in part or in full, a payment is under way, or it is uncollectible. The error
            says which.
    """
    _require_voidable(invoice)
    require_no_payment_under_way(invoice)
    if invoice.amounts.paid:
        paid, rest = money(invoice, invoice.amounts.paid), money(invoice, invoice.balance)
        raise Conflict(
            "invoice_not_voidable",
            f"{paid} of this invoice has been paid, so Stripe does not void it.",
            next_step=f"Issue a credit note over the {rest} that remains, in the Stripe dashboard. "
            f"Then: {how_to_give_back(invoice)}",
        )
    if invoice.status is InvoiceStatus.UNCOLLECTIBLE:
        raise Conflict(
            "invoice_not_voidable",
            "This invoice was given up, and Stripe does not void it.",
            next_step="Leave it as it is: the customer is no longer asked to pay it. Or let nothing be owed: "
            f"issue a credit note over {money(invoice, invoice.balance)} in the Stripe dashboard. {STAYS_BILLED}",
        )


def _voids(ports: Ports) -> Ask:
    return lambda *request: [ports.stripe.void(*request)]


def _deletes_or_voids(ports: Ports) -> Ask:
    """Returns the request that ends a draft: Stripe deletes it, or voids it if somebody has just finalized it."""

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
    """Continues after the block if the draft could not be deleted, because it has just been finalized in Stripe."""
    try:
        yield
    except Gone:
        raise
    except StripeRefused:
        return
