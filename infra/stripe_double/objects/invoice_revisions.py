"""Revisions: a finalized invoice is edited by another invoice, which replaces it when it is finalized.

https://docs.stripe.com/invoicing/invoice-edits. The page does not say whether metadata are copied, nor in which order
the events are emitted, and no recording shows it. So the double copies metadata or does not
(`revisions_copy_metadata`), and finalizes the revision before or after it voids the original (`order`).
"""

from __future__ import annotations

from ..clock import DAY
from ..errors import InvalidState
from ..state.ledger import JSON, Ledger
from ..state.world import World
from . import invoice_lines
from .call import Call
from .invoice_shape import application

REVISABLE = ("open", "uncollectible")


def draft(call: Call) -> JSON:
    """Handles POST /v1/invoices with `from_invoice`: a draft with the original's lines, without its credit notes."""
    world, ledger = call.world, call.ledger
    original = ledger.get("invoice", call.params["from_invoice"]["invoice"], "from_invoice[invoice]", 400)
    _require_revisable(original)
    now = world.now()
    revision: JSON = {
        **original,
        "id": f"in_1{world.ids.token(23)}",
        "application": application(call),
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "created": now,
        "due_date": max(original["due_date"] or 0, now + DAY) if original["due_date"] else None,
        "effective_at": None,
        "ending_balance": None,
        "from_invoice": {"action": "revision", "invoice": original["id"]},
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "latest_revision": None,
        "metadata": dict(original["metadata"]) if _copies_metadata(world) else {},
        "number": None,
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "status": "draft",
        "status_details": None,
        "status_transitions": dict.fromkeys(original["status_transitions"]),
        "_token": world.ids.token(48),
    }
    for name in ("_link_good_until", "_old_tokens"):
        revision.pop(name, None)
    ledger.add(revision)
    ledger.lines[revision["id"]] = [
        {
            **line,
            "id": f"il_1{world.ids.token(23)}",
            "invoice": revision["id"],
            "metadata": dict(line["metadata"]) if revision["metadata"] else {},
        }
        for line in ledger.lines.get(original["id"], [])
    ]
    invoice_lines.total(ledger, revision)
    world.emit(ledger, "invoice.created", revision)
    return revision


def original_of(ledger: Ledger, invoice: JSON) -> JSON | None:
    """Returns the invoice that this one will replace; None if it is no revision. Raises InvalidState if it cannot."""
    if invoice["from_invoice"] is None:
        return None
    original = ledger.get("invoice", invoice["from_invoice"]["invoice"])
    _require_revisable(original)
    return original


def point_to(ledger: Ledger, original: JSON, revision: JSON) -> None:
    """Sets `latest_revision` of the original, and of the invoices that the original replaced."""
    earlier: JSON | None = original
    while earlier is not None:
        earlier["latest_revision"] = revision["id"]
        origin = earlier["from_invoice"]
        earlier = ledger.find("invoice", origin["invoice"]) if origin else None


def _copies_metadata(world: World) -> bool:
    setting = world.config.revisions_copy_metadata
    return world.order.is_usual() if setting is None else setting


def _require_revisable(original: JSON) -> None:
    if original["status"] not in REVISABLE:
        raise InvalidState(
            f"You can only revise an open or uncollectible invoice. This invoice is {original['status']}.",
            param="from_invoice[invoice]",
        )
    if original["amount_paid"]:
        raise InvalidState("You cannot revise an invoice that has payments.", param="from_invoice[invoice]")
