"""Money of another business on the same account: card payments that no invoice asked for."""

from __future__ import annotations

from ..errors import InvalidState
from ..state.ledger import JSON, Ledger
from ..state.world import World
from . import captures, payment_shapes
from .cards import Method


def make(world: World, ledger: Ledger, amount: int, currency: str, method: Method, description: str) -> JSON:
    """Returns a charge that succeeded, with a payment intent of its own. Raises InvalidState for another method."""
    if method.code or method.authenticate or method.kind != "card":
        raise InvalidState("An outside charge needs a card that is accepted at once.")
    payer = dict.fromkeys(("customer", "customer_address", "customer_email", "customer_name", "customer_phone"))
    order: JSON = {
        **payer, "application": None, "_application_fee": None, "currency": currency,
        "payment_settings": {"payment_method_types": ["card"]},
    }  # fmt: skip
    intent = payment_shapes.intent(world, ledger, order, amount)
    intent.update(description=description, _method=method)
    intent["payment_method"] = payment_shapes.payment_method(world, ledger, order, method)["id"]
    world.emit(ledger, "payment_intent.created", intent)
    charge = payment_shapes.charge(world, ledger, order, intent, method, "succeeded")
    charge.update(captured=True, amount_captured=amount)
    intent.update(status="succeeded", amount_received=amount, latest_charge=charge["id"])
    captures.begin(world, ledger, charge)
    world.emit(ledger, "charge.succeeded", charge)
    world.emit(ledger, "payment_intent.succeeded", intent)
    return charge
