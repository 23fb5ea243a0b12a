"""Payment methods: Stripe's test tokens, and what customers keep of them (https://docs.stripe.com/api/payment_methods)."""

from __future__ import annotations

from ..errors import CardDeclined, InvalidParams, InvalidState, NoSuchObject
from ..state.ledger import JSON, Ledger
from . import customers, payment_shapes
from .call import Call, Route
from .cards import TOKENS, Method


def find_method(
    ledger: Ledger, name: str, customer: str | None, *, intent_method: str | None = None
) -> tuple[Method, JSON | None]:
    """Returns the method for a name, and the payment method object if `name` is the id of a stored one instead of a
    token.

    Raises NoSuchObject for an unknown name. Raises InvalidState for a payment method that is neither attached to the
    customer nor `intent_method`, the intent's own.
    """
    if name in TOKENS:
        return TOKENS[name], None
    saved_method = ledger.find("payment_method", name)
    if saved_method is None:
        raise NoSuchObject("PaymentMethod", name, "payment_method", status=400)
    if name != intent_method and (saved_method["customer"] is None or saved_method["customer"] != customer):
        raise InvalidState(
            f"The customer does not have a payment method with the ID {name}. The payment method must be attached to"
            " the customer.",
            param="payment_method",
        )
    return saved_method["_method"], saved_method


def attach_to_customer(call: Call) -> JSON:
    """Handles POST /v1/payment_methods/{id}/attach: a token gives the customer a new payment method.

    Attaching the same method again changes nothing. A card that its issuer declines cannot be attached
    (https://docs.stripe.com/testing#declined-payments).
    """
    world, ledger = call.world, call.ledger
    if "customer" not in call.params:
        raise InvalidParams("Must provide customer or customer_account.", code="parameter_missing")
    customer = customers.existing(ledger, call.params["customer"], "customer", 400)
    method = TOKENS.get(call.id)
    if method is None:
        stored_method = ledger.get("payment_method", call.id)
        if stored_method["customer"] == customer["id"]:
            return stored_method
        raise InvalidState(
            "The payment method you provided has already been attached to a customer."
            if stored_method["customer"]
            else "This PaymentMethod was previously used without being attached to a Customer or was detached from a"
            " Customer, and may not be used again."
        )
    if not method.attachable:
        decline_fields = {"decline_code": method.decline_code} if method.decline_code else {}
        raise CardDeclined(method.message, code=method.code, **decline_fields)
    new_method = payment_shapes.payment_method(world, ledger, payment_shapes.payer_details(ledger, None), method)
    new_method["customer"] = customer["id"]
    world.emit(ledger, "payment_method.attached", new_method)
    return new_method


def retrieve(call: Call) -> JSON:
    """Handles GET /v1/payment_methods/{id}."""
    return call.ledger.get("payment_method", call.id)


ROUTES = [
    Route("GET", "/v1/payment_methods/{id}", "PaymentMethodRetrieveParams", retrieve),
    Route("POST", "/v1/payment_methods/{id}/attach", "PaymentMethodAttachParams", attach_to_customer),
]
