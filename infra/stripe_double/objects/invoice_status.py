"""The transitions of an invoice to paid, void and uncollectible, and their events.

https://docs.stripe.com/invoicing/integration/workflow-transitions
"""

from __future__ import annotations

from ..state.ledger import JSON, Ledger
from ..state.world import World
from .invoice_payments import cancel_open


def become_paid(world: World, ledger: Ledger, invoice: JSON, before: JSON, *, collected: bool) -> None:
    """Makes an invoice paid. Emits `invoice.payment_succeeded` only if Stripe collected the money."""
    invoice.update(status="paid", auto_advance=False, next_payment_attempt=None)
    invoice["attempted"] = invoice["attempted"] or collected
    stamp(world, invoice, "paid_at")
    cancel_last = world.order.is_usual()
    if not cancel_last:
        cancel_open(world, ledger, invoice, "automatic")
    world.emit_updated(ledger, invoice, before)
    world.emit(ledger, "invoice.paid", invoice)
    if collected:
        world.emit(ledger, "invoice.payment_succeeded", invoice)
    if cancel_last:
        cancel_open(world, ledger, invoice, "automatic")


def pay_out_of_band(world: World, ledger: Ledger, invoice: JSON) -> None:
    """Records a payment by cash or check: there is no charge, and the amount counts as paid off Stripe."""
    before = world.snapshot(ledger, invoice)
    invoice["amount_paid_off_stripe"] += invoice["amount_remaining"]
    invoice["amount_paid"] += invoice["amount_remaining"]
    invoice["amount_remaining"] = 0
    become_paid(world, ledger, invoice, before, collected=False)


def become_void(world: World, ledger: Ledger, invoice: JSON, before: JSON) -> None:
    """Makes an invoice void and cancels its open payments."""
    invoice["status"] = "void"
    stamp(world, invoice, "voided_at")
    cancel_open(world, ledger, invoice, "void_invoice")
    world.emit_updated(ledger, invoice, before)
    world.emit(ledger, "invoice.voided", invoice)


def become_uncollectible(world: World, ledger: Ledger, invoice: JSON) -> None:
    """Makes an invoice uncollectible. Its link can still be paid."""
    before = world.snapshot(ledger, invoice)
    invoice.update(status="uncollectible", auto_advance=False)
    invoice["status_details"] = {"uncollectible": {"reason": "user_forgiven"}}
    stamp(world, invoice, "marked_uncollectible_at")
    world.emit_updated(ledger, invoice, before)
    world.emit(ledger, "invoice.marked_uncollectible", invoice)


def stamp(world: World, invoice: JSON, name: str) -> None:
    """Sets one of the `status_transitions` to now."""
    invoice["status_transitions"] = {**invoice["status_transitions"], name: world.now()}
