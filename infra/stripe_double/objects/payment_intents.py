"""Payment intents, with and without an invoice (https://docs.stripe.com/api/payment_intents).

These facts are from the documentation. Dynamic payment methods are the default, and with them a confirmation needs a
`return_url` unless it is off session (docs.stripe.com/changelog/2023-08-16/automatic-payment-methods).
`allowed_payment_method_types` leaves out types that do not fit
(docs.stripe.com/changelog/dahlia/2026-07-29/allowed-payment-method-types-parameter). A bank debit needs a mandate
(docs.stripe.com/payments/ach-direct-debit).

Two facts are guesses: the texts of the errors, and that the API can confirm the intent of an invoice as the hosted
page does.
"""

from __future__ import annotations

from ..errors import InvalidParams, InvalidState, NotModelled
from ..state.ledger import JSON, Ledger, public
from ..state.world import World
from . import customers, invoice_payments, lists, money, payment_methods, payment_shapes, rules
from .call import Call, Route
from .payment_attempts import as_card_error, attempt

_CONFIRM = {"payment_method", "return_url", "mandate_data", "off_session", "expand"}
_CREATE = {
    "amount", "currency", "customer", "description", "metadata", "allowed_payment_method_types",
    "automatic_payment_methods", "payment_method", "confirm", "expand",
}  # fmt: skip
_CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


def create(call: Call) -> JSON:
    """Handles POST /v1/payment_intents, optionally with `confirm`."""
    params, world, ledger = call.params, call.world, call.ledger
    confirms = params.get("confirm", False)
    _require_modelled(call, _CREATE | _CONFIRM if confirms else _CREATE)
    currency = money.currency(params["currency"])
    _check_amount(params["amount"], currency)
    customer = params.get("customer")
    if customer is not None:
        customers.existing(ledger, customer, "customer", 400)
    intent = make(
        world,
        ledger,
        params["amount"],
        currency,
        customer=customer,
        types=params.get("allowed_payment_method_types"),
        application=world.config.client_id(ledger.livemode) if call.through_platform else None,
    )
    intent["description"] = params.get("description")
    intent["metadata"] = rules.metadata({}, params.get("metadata"))
    _choose_types(call, intent)
    if "payment_method" in params and not confirms:
        method, saved_method = payment_methods.find_method(ledger, params["payment_method"], customer)
        payment_method = saved_method or payment_shapes.payment_method(
            world, ledger, payment_shapes.payer_details(ledger, customer), method
        )
        intent.update(payment_method=payment_method["id"], status="requires_confirmation")
    world.emit(ledger, "payment_intent.created", intent)
    return _confirm(call, intent) if confirms else intent


def make(
    world: World,
    ledger: Ledger,
    amount: int,
    currency: str,
    *,
    customer: str | None = None,
    types: list[str] | None = None,
    application: str | None = None,
) -> JSON:
    """Stores and returns an intent without an invoice, and emits no event. With `types` None, all types are
    allowed.
    """
    payer_fields: JSON = {
        **payment_shapes.payer_details(ledger, customer), "application": application, "_application_fee": None,
        "currency": currency, "customer": customer, "payment_settings": {"payment_method_types": types},
    }  # fmt: skip
    intent = payment_shapes.intent(world, ledger, payer_fields, amount)
    intent.update(description=None, capture_method="automatic_async")  # as recorded
    return intent


def confirm(call: Call) -> JSON:
    """Handles POST /v1/payment_intents/{id}/confirm: pays as the payer would, even the intent of an invoice."""
    _require_modelled(call, _CONFIRM)
    return _confirm(call, _requested_intent(call))


def _confirm(call: Call, intent: JSON) -> JSON:
    params, world, ledger = call.params, call.world, call.ledger
    name = params.get("payment_method") or intent["payment_method"]
    if name is None:
        raise InvalidState(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the"
            " PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a"
            " payment method or ConfirmationToken.",
            code="payment_intent_unexpected_state",
            payment_intent=public(intent),
        )
    method, saved_method = payment_methods.find_method(
        ledger, name, intent["customer"], intent_method=intent["payment_method"]
    )
    off_session, return_url = bool(params.get("off_session")), params.get("return_url")
    automatic = intent["automatic_payment_methods"] or {}
    if automatic.get("allow_redirects") == "always" and not return_url and not off_session:
        raise InvalidState(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of"
            " these payment methods might redirect your customer off of your page, you must provide a `return_url`.",
            param="return_url",
        )
    if method.kind == "us_bank_account" and "mandate_data" not in params:
        raise InvalidState("A bank debit needs `mandate_data` or a mandate.", param="mandate_data")
    outcome = attempt(
        world, ledger, intent, method, saved_method=saved_method, off_session=off_session, return_url=return_url
    )
    if outcome.error is not None:
        raise as_card_error(intent, outcome.error)
    return intent


def cancel(call: Call) -> JSON:
    """Handles POST /v1/payment_intents/{id}/cancel. An invoice's default intent can only be canceled with the
    invoice.
    """
    intent = _requested_intent(call)
    payment = call.ledger.find("invoice_payment", intent.get("_payment"))
    if payment is not None and payment["is_default"]:
        raise InvalidState("You cannot cancel the PaymentIntent of an invoice. Void the invoice instead.")
    if intent["status"] not in _CANCELABLE:
        raise InvalidState(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
            payment_intent=public(intent),
        )
    invoice_payments.cancel(call.world, call.ledger, intent, payment, call.params.get("cancellation_reason"))
    return intent


def retrieve(call: Call) -> JSON:
    """Handles GET /v1/payment_intents/{id}."""
    return _requested_intent(call)


def list_(call: Call) -> JSON:
    """Handles GET /v1/payment_intents."""
    intents = lists.filter_by_created(
        call, lists.filter_by_fields(call, call.ledger.all("payment_intent"), "customer")
    )
    return lists.page(call, intents, "/v1/payment_intents", kind="payment_intent")


def _require_modelled(call: Call, names: set[str]) -> None:
    for name in call.params:
        if name not in names:
            raise NotModelled(f"the parameter {name} here", name)


def _requested_intent(call: Call) -> JSON:
    return call.ledger.get("payment_intent", call.id, "intent")


def _check_amount(amount: int, currency: str) -> None:
    if amount < 1:
        message = "This value must be greater than or equal to 1."
        raise InvalidParams(message, param="amount", code="parameter_invalid_integer")
    if amount < money.minimum(currency):
        least = money.format_amount(money.minimum(currency), currency)
        raise InvalidParams(f"Amount must be at least {least}", param="amount", code="amount_too_small")
    money.require_chargeable(amount, currency)


def _choose_types(call: Call, intent: JSON) -> None:
    """Records how the intent's types were chosen: by a list in the request, or dynamically, which is the default."""
    allowed_types = call.params.get("allowed_payment_method_types")
    automatic = call.params.get("automatic_payment_methods")
    if allowed_types is not None and automatic is not None:
        raise InvalidParams(
            "You may only specify one of these parameters: allowed_payment_method_types, automatic_payment_methods.",
            param="allowed_payment_method_types",
        )
    intent["allowed_payment_method_types"] = allowed_types
    if allowed_types is None and (automatic is None or automatic["enabled"]):
        redirects = (automatic or {}).get("allow_redirects", "always")
        intent["automatic_payment_methods"] = {"allow_redirects": redirects, "enabled": True}
        intent["payment_method_configuration_details"] = {"id": f"pmc_1{call.world.ids.token(23)}", "parent": None}


ROUTES = [
    Route("POST", "/v1/payment_intents", "PaymentIntentCreateParams", create),
    Route("GET", "/v1/payment_intents", "PaymentIntentListParams", list_),
    Route("GET", "/v1/payment_intents/{id}", "PaymentIntentRetrieveParams", retrieve),
    Route("POST", "/v1/payment_intents/{id}/confirm", "PaymentIntentConfirmParams", confirm),
    Route("POST", "/v1/payment_intents/{id}/cancel", "PaymentIntentCancelParams", cancel),
]
