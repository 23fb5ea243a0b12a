"""The receipt of a charge, which shows its latest state, refunds included (https://docs.stripe.com/receipts)."""

from __future__ import annotations

import re
from html import escape

from ..clock import DAY
from ..http.messages import Request, Response, as_html
from ..objects.accounts import day, name_of
from ..objects.money import format_amount
from ..state.ledger import JSON, Ledger
from ..state.world import World
from . import frame

VALID_SECONDS = 30 * DAY
"""The number of seconds for which the link to a receipt is valid."""

_PATH = re.compile(r"^/receipts/([^/]+)/([^/]+)$")


class ReceiptPage:
    """Serves the receipts to which `receipt_url` of a charge leads."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(self, request: Request) -> Response:
        """Returns the response to a request under /receipts/."""
        match = _PATH.match(request.path)
        with self._world.lock:
            ledger = self._world.ledgers.get(match.group(1)) if match else None
            charge = ledger.find("charge", match.group(2)) if match and ledger else None
            if ledger is None or charge is None or charge["receipt_url"] is None:
                return as_html(404, frame.message("Receipt not found", "This link is not valid."))
            if self._world.clock.now() > charge["created"] + VALID_SECONDS:
                text = f"Ask {name_of(ledger.account)} for a new receipt."
                return as_html(410, frame.message("Link expired", text))
            return as_html(200, _receipt(ledger, charge))


def _receipt(ledger: Ledger, charge: JSON) -> str:
    details = charge["payment_method_details"]
    paid_with = details[details["type"]]
    brand = str(paid_with.get("brand") or paid_with.get("bank_name"))
    rows = [
        ("Amount paid", format_amount(charge["amount"], charge["currency"])),
        ("Date paid", day(ledger.account, charge["created"])),
        ("Payment method", f"{brand} - {paid_with['last4']}"),
    ]
    if charge["amount_refunded"]:
        rows.append(("Refunded", format_amount(charge["amount_refunded"], charge["currency"])))
    table = "".join(f"<tr><td>{name}</td><td>{escape(value)}</td></tr>" for name, value in rows)
    title = f"Receipt from {name_of(ledger.account)}"
    return frame.page(title, f"<h1>{escape(title)}</h1><table>{table}</table>")
