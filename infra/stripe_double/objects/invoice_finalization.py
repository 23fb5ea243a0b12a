"""Finalizes invoices: a draft becomes open, or paid if nothing is due.

https://docs.stripe.com/invoicing/integration/workflow-transitions
"""

from __future__ import annotations

from ..errors import InvalidState, StripeFault
from ..state.ledger import JSON, Ledger
from ..state.world import World
from . import customer_balance, invoice_lines, invoice_payments, invoice_revisions, money
from .invoice_links import set_links
from .invoice_status import become_paid, become_void, stamp

_LETTER = ("US", "CA")
"""Countries whose accounts print invoices on letter paper, as recorded for one in Canada. All others use A4."""


def finalize(world: World, ledger: Ledger, invoice: JSON, before: JSON) -> None:
    """Makes a draft open, or paid if nothing is due.

    Raises StripeFault, and leaves the draft unchanged, if it cannot be finalized.
    """
    if invoice["status"] != "draft":
        raise InvalidState("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    original = invoice_revisions.original_of(ledger, invoice)
    if original is not None:
        invoice_payments.require_idle(ledger, original)
        invoice_payments.require_unattached(ledger, original)
    try:
        _check_finalizable(ledger, invoice)
    except StripeFault as refusal:
        invoice["last_finalization_error"] = dict(refusal.error)
        world.emit(ledger, "invoice.finalization_failed", invoice)
        raise
    world.scheduler.cancel(invoice["id"])
    customer = ledger.find("customer", invoice["customer"]) or {"_deleted": True}
    invoice_lines.total(ledger, invoice)
    _freeze(world, ledger, invoice, customer)
    original_first = original is not None and not world.order.is_usual()
    if original is not None:
        customer_balance.unapply_balance(world, ledger, original)
    if original is not None and original_first:
        _replace(world, ledger, original, invoice)
    due = customer_balance.apply_balance(world, ledger, invoice, customer)
    invoice["amount_due"] = invoice["amount_remaining"] = due
    invoice["status"] = "open"
    if due:
        invoice_payments.open_payment(world, ledger, invoice, due, default=True)
    updated_first = bool(due) and world.order.is_usual()  # Stripe emits the two events in either order
    if updated_first:
        world.emit_updated(ledger, invoice, before)
    world.emit(ledger, "invoice.finalized", invoice)
    if not due:
        become_paid(world, ledger, invoice, before, collected=True)
    elif not updated_first:
        world.emit_updated(ledger, invoice, before)
    if original is not None and not original_first:
        _replace(world, ledger, original, invoice)


def _replace(world: World, ledger: Ledger, original: JSON, revision: JSON) -> None:
    """Voids the original and sets its `latest_revision`, either before or after the events of voiding."""
    before = world.snapshot(ledger, original)
    at_once = world.order.is_usual()
    if at_once:
        invoice_revisions.point_to(ledger, original, revision)
    become_void(world, ledger, original, before)
    if not at_once:
        invoice_revisions.point_to(ledger, original, revision)


def _check_finalizable(ledger: Ledger, invoice: JSON) -> None:
    if not ledger.account["charges_enabled"]:
        raise cannot_charge()
    customer = ledger.find("customer", invoice["customer"])
    if customer is None or customer.get("_deleted"):
        raise InvalidState(f"No such customer: '{invoice['customer']}'", code="resource_missing", param="customer")
    if invoice["total"] > 0:
        money.require_chargeable(invoice["total"], invoice["currency"])


def cannot_charge() -> InvalidState:
    """Returns the error for finalizing and sending while `charges_enabled` is false."""
    return InvalidState(
        "Your account cannot currently make charges. Complete the requirements in your Dashboard to enable charges."
    )


def _freeze(world: World, ledger: Ledger, invoice: JSON, customer: JSON) -> None:
    """Copies the facts that a finalized invoice retains: the customer's details, the number, the links."""
    now = world.now()
    for name in ("address", "email", "name", "phone", "shipping", "tax_exempt"):
        invoice[f"customer_{name}"] = customer[name]
    if invoice["number"] is None:
        customer_before = world.snapshot(ledger, customer)
        invoice["number"] = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
        customer["next_invoice_sequence"] += 1
        world.emit_updated(ledger, customer, customer_before)
    if invoice["rendering"]["pdf"]["page_size"] == "auto":
        size = "letter" if ledger.account["country"] in _LETTER else "a4"
        invoice["rendering"] = {**invoice["rendering"], "pdf": {"page_size": size}}
    invoice["effective_at"] = invoice["effective_at"] or now
    invoice["automatically_finalizes_at"] = None
    invoice["last_finalization_error"] = None
    stamp(world, invoice, "finalized_at")
    set_links(world, ledger, invoice)
