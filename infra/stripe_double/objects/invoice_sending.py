"""Sends invoices: Stripe finalizes a draft, and e-mails the link."""

from __future__ import annotations

from ..errors import InvalidState, StripeFault
from ..state.ledger import JSON, Ledger
from ..state.world import World
from .invoice_finalization import cannot_charge, finalize
from .invoice_links import renew_link
from .invoice_mails import about_invoice


def send(world: World, ledger: Ledger, invoice: JSON) -> None:
    """E-mails the link. Raises InvalidState if the customer has no e-mail address, or the account cannot charge."""
    customer = ledger.find("customer", invoice["customer"]) or {}
    to = invoice["customer_email"] if invoice["status"] != "draft" else customer.get("email")
    if not to:
        raise InvalidState(
            "Missing email. In order to create invoices that are sent to the customer, the customer must have a valid"
            " email.",
            param="customer",
        )
    if not ledger.account["charges_enabled"]:
        raise cannot_charge()
    if invoice["status"] == "draft":
        finalize(world, ledger, invoice, world.snapshot(ledger, invoice))
    renew_link(world, ledger, invoice)
    ledger.mails.append(about_invoice(ledger, invoice, to, world.now()))
    world.emit(ledger, "invoice.sent", invoice)


def auto_advance(world: World, ledger: Ledger, invoice: JSON) -> None:
    """Finalizes and e-mails a draft, as Stripe does an hour after its creation. If that is refused, the draft
    remains.
    """
    if invoice["status"] != "draft":
        return
    try:
        send(world, ledger, invoice)
    except StripeFault:
        return
