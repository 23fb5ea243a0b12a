"""Charges of another business on the same account: card payments without an invoice."""

from __future__ import annotations

from ..errors import InvalidState
from ..state.ledger import JSON, Ledger
from ..state.world import World
from . import payment_intents
from .cards import Method
from .payment_attempts import attempt


def make(world: World, ledger: Ledger, amount: int, currency: str, method: Method, description: str) -> JSON:
    """Returns a charge that succeeded, with its own payment intent. Raises InvalidState if the card is not accepted
    at once.
    """
    if method.code or method.authenticate or method.kind != "card":
        raise InvalidState("An outside charge needs a card that is accepted at once.")
    intent = payment_intents.make(world, ledger, amount, currency, types=["card"])
    intent["description"] = description
    world.emit(ledger, "payment_intent.created", intent)
    attempt(world, ledger, intent, method)
    return ledger.get("charge", intent["latest_charge"])
