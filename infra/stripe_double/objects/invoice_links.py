"""The links of an invoice: how long they are valid, and how they are renewed.

https://docs.stripe.com/invoicing/hosted-invoice-page
"""

from __future__ import annotations

from ..clock import DAY
from ..state.ledger import JSON, Ledger
from ..state.world import World


def link_ends_at(invoice: JSON) -> int:
    """Returns the epoch second at which the link expires.

    A link is valid until 30 days after the due date, but at most 120 days after finalization. A renewed link is valid
    for at least 10 days.
    """
    finalized_at = invoice["status_transitions"]["finalized_at"] or invoice["created"]
    regular_end = min((invoice["due_date"] or finalized_at) + 30 * DAY, finalized_at + 120 * DAY)
    return int(max(regular_end, invoice.get("_link_good_until", 0)))


def renew_link(world: World, ledger: Ledger, invoice: JSON) -> None:
    """Replaces the links if they have expired, because reading or sending an invoice returns valid links."""
    if invoice["hosted_invoice_url"] is None or invoice["status"] == "paid" or world.now() <= link_ends_at(invoice):
        return
    invoice.setdefault("_old_tokens", []).append(invoice["_token"])
    invoice["_token"] = world.ids.token(48)
    invoice["_link_good_until"] = world.now() + 10 * DAY
    set_links(world, ledger, invoice)


def set_links(world: World, ledger: Ledger, invoice: JSON) -> None:
    """Sets the links to the hosted page and to its PDF."""
    link = f"{world.config.public_url}/i/{ledger.id}/{invoice['_token']}"
    invoice["hosted_invoice_url"], invoice["invoice_pdf"] = link, f"{link}/pdf"
