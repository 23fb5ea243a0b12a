"""The objects of a payment in their initial shape. `payment_attempts` has the rules of paying."""

from __future__ import annotations

from ..state.ledger import JSON, Ledger
from ..state.world import World
from .cards import Method
from .money import MAX_OTHER

_CARD_OPTIONS = {
    "installments": None, "mandate_options": None, "network": None, "request_three_d_secure": "automatic",
}  # fmt: skip


def intent(world: World, ledger: Ledger, invoice: JSON, amount: int) -> JSON:
    """Stores and returns a payment intent that requires a payment method."""
    types = invoice["payment_settings"]["payment_method_types"] or ["card", "us_bank_account"]
    if invoice["currency"] != "usd" or amount > MAX_OTHER:  # bank debits are in dollars and have at most eight digits
        types = [t for t in types if t != "us_bank_account"] or ["card"]
    now = world.now()
    intent_id = f"pi_3{world.ids.token(23)}"
    payment_intent: JSON = {
        "id": intent_id,
        "object": "payment_intent",
        "allowed_payment_method_types": None,
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": invoice["application"],
        "application_fee_amount": invoice["_application_fee"],
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{intent_id}_secret_{world.ids.token(25)}",
        "confirmation_method": "automatic",
        "created": now,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "description": "Payment for Invoice",
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": ledger.livemode,
        "managed_payments": {"enabled": False},
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": dict(_CARD_OPTIONS)} if "card" in types else {},
        "payment_method_types": types,
        "payment_record": None,
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }
    return ledger.add(payment_intent)


def invoice_payment(world: World, ledger: Ledger, invoice: JSON, intent_object: JSON, *, default: bool) -> JSON:
    """Stores and returns the InvoicePayment that links a payment intent to an invoice."""
    intent_object["_payment"] = payment_id = f"inpay_1{world.ids.token(23)}"
    payment: JSON = {
        "id": payment_id,
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": intent_object["amount"],
        "created": world.now(),
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": default,
        "livemode": ledger.livemode,
        "payment": {
            "charge": None,
            "payment_intent": intent_object["id"],
            "payment_record": None,
            "type": "payment_intent",
        },
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
    return ledger.add(payment)


_CHECKS = {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}


def payment_method(world: World, ledger: Ledger, invoice: JSON, method: Method) -> JSON:
    """Stores and returns a payment method with the details of the payer."""
    details: JSON
    if method.kind == "card":
        details = {
            "brand": method.brand, "checks": dict(_CHECKS), "country": "US", "display_brand": method.brand,
            "exp_month": method.exp_month, "exp_year": method.exp_year, "fingerprint": world.ids.token(16),
            "funding": method.funding, "generated_from": None, "last4": method.last4,
            "networks": {"available": [method.brand], "preferred": None}, "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True}, "wallet": None,
        }  # fmt: skip
    else:
        details = {
            "account_holder_type": "individual", "account_type": "checking", "bank_name": method.brand,
            "financial_connections_account": None, "fingerprint": world.ids.token(16), "last4": method.last4,
            "networks": {"preferred": "ach", "supported": ["ach"]}, "routing_number": "110000000",
            "status_details": {},
        }  # fmt: skip
    return ledger.add(
        {
            "id": f"pm_1{world.ids.token(23)}",
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": _billing(invoice),
            "created": world.now(),
            "customer": None,
            "customer_account": None,
            "livemode": ledger.livemode,
            "metadata": {},
            "type": method.kind,
            method.kind: details,
            "_method": method,
        }
    )


_PAYER = ("address", "email", "name", "phone")


def payer_details(ledger: Ledger, customer_id: str | None) -> JSON:
    """Returns the `customer_…` fields of an invoice for a payment without one. They are null without a customer."""
    customer = ledger.find("customer", customer_id) or {}
    return {f"customer_{name}": customer.get(name) for name in _PAYER}


def _billing(invoice: JSON) -> JSON:
    address = invoice["customer_address"]
    return {
        "address": address or dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
        "email": invoice["customer_email"],
        "name": invoice["customer_name"],
        "phone": invoice["customer_phone"],
        "tax_id": None,
    }


def advice(decline_code: str) -> str | None:
    """Returns Stripe's advice after an issuer's decline
    (https://docs.stripe.com/declines/codes#retrying-issuer-declines).

    Returns None for a decline that is not the issuer's, such as a block by Radar, and for one that only the customer
    can resolve.
    """
    if decline_code in ("", "fraudulent", "authentication_required"):
        return None
    return "do_not_try_again" if decline_code in ("lost_card", "stolen_card") else "try_again_later"


def _seller_message(method: Method, code: str, decline_code: str, message: str) -> str:
    if method.kind != "card":
        return message
    if decline_code == "fraudulent":
        return "Stripe blocked this payment as too risky."
    if decline_code == "generic_decline":
        return "The bank did not return any further details with this decline."
    return f"The bank returned the decline code `{decline_code or code}`."


def outcome(method: Method, code: str, decline_code: str, message: str) -> JSON:
    """Returns the `outcome` of a charge that failed. A blocked charge never reached the card network."""
    is_blocked = decline_code == "fraudulent"
    return {
        "advice_code": advice(decline_code),
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "not_sent_to_network" if is_blocked else "declined_by_network",
        "reason": "highest_risk_level" if is_blocked else decline_code or code,
        "risk_level": "highest" if is_blocked else "normal",
        "seller_message": _seller_message(method, code, decline_code, message),
        "type": "blocked" if is_blocked else "issuer_declined",
    }


_SHARED_FIELDS = {
    "card": (
        "brand",
        "checks",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "last4",
        "regulated_status",
    ),
    "us_bank_account": ("account_holder_type", "account_type", "bank_name", "fingerprint", "last4", "routing_number"),
}
"""The fields that a payment method and its charges have in common."""


def _method_details(method_details: JSON, kind: str, amount: int) -> JSON:
    """Returns the details of a payment method as a charge contains them, as recorded for a card."""
    shared_fields = {name: method_details[name] for name in _SHARED_FIELDS[kind]}
    if kind != "card":
        return {**shared_fields, "mandate": None, "payment_reference": None}
    return {
        **shared_fields, "amount_authorized": amount, "authorization_code": None,
        "extended_authorization": {"status": "disabled"}, "incremental_authorization": {"status": "unavailable"},
        "installments": None, "mandate": None, "multicapture": {"status": "unavailable"},
        "network": method_details["brand"], "network_token": {"used": False}, "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"}, "three_d_secure": None,
        "transaction_link_id": None, "wallet": None,
    }  # fmt: skip


def charge(world: World, ledger: Ledger, invoice: JSON, intent_object: JSON, method: Method, status: str) -> JSON:
    """Stores and returns a charge, which is one attempt to move money."""
    prefix = "ch_3" if method.kind == "card" else "py_3"
    payment_method = ledger.get("payment_method", intent_object["payment_method"])
    details = _method_details(payment_method[method.kind], method.kind, intent_object["amount"])
    approved_outcome = {
        "advice_code": None, "network_advice_code": None, "network_decline_code": None,
        "network_status": "approved_by_network", "reason": None, "risk_level": "normal",
        "seller_message": "Payment complete.", "type": "authorized",
    }  # fmt: skip
    return ledger.add(
        {
            "id": prefix + world.ids.token(23),
            "object": "charge",
            "amount": intent_object["amount"],
            "amount_captured": 0,
            "amount_refunded": 0,
            "application": intent_object["application"],
            "application_fee": None,
            "application_fee_amount": intent_object["application_fee_amount"],
            "balance_transaction": None,
            "billing_details": _billing(invoice),
            "calculated_statement_descriptor": None,
            "captured": False,
            "created": world.now(),
            "currency": intent_object["currency"],
            "customer": intent_object["customer"],
            "description": intent_object["description"],
            "disputed": False,
            "failure_balance_transaction": None,
            "failure_code": None,
            "failure_message": None,
            "fraud_details": {},
            "livemode": ledger.livemode,
            "metadata": dict(
                intent_object["metadata"]
            ),  # https://docs.stripe.com/metadata#copying-metadata-to-another-object
            "on_behalf_of": None,
            "outcome": approved_outcome,
            "paid": status == "succeeded",
            "payment_intent": intent_object["id"],
            "payment_method": payment_method["id"],
            "payment_method_details": {"type": method.kind, method.kind: details},
            "radar_options": {},
            "receipt_email": None,
            "receipt_number": None,
            "receipt_url": None,
            "refunded": False,
            "review": None,
            "shipping": None,
            "source": None,
            "source_transfer": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": status,
            "transfer_data": None,
            "transfer_group": None,
            "_skips_pending": method.skips_pending,
        }
    )
