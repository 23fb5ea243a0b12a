"""Actions on an invoice: finalize, send, pay, attach a payment, void, mark uncollectible (https://docs.stripe.com/api/invoices)."""

from __future__ import annotations

from ..errors import CardDeclined, InvalidParams, InvalidState, NotModelled, missing
from ..state.ledger import JSON
from . import customer_balance, invoice_finalization, invoice_sending, payment_methods, payment_shapes
from .call import Call, Route
from .invoice_payments import default_payment, intent_of, require_idle, require_unattached
from .invoice_status import become_uncollectible, become_void, pay_out_of_band
from .payment_attempts import as_card_error, attempt, credit


def finalize(call: Call) -> JSON:
    """Handles POST /v1/invoices/{id}/finalize."""
    invoice = call.ledger.get("invoice", call.id)
    before = call.world.snapshot(call.ledger, invoice)
    if "auto_advance" in call.params:
        invoice["auto_advance"] = call.params["auto_advance"]
    invoice_finalization.finalize(call.world, call.ledger, invoice, before)
    return invoice


def send(call: Call) -> JSON:
    """Handles POST /v1/invoices/{id}/send: finalizes a draft and e-mails the link. Sending again e-mails a
    reminder.
    """
    invoice = call.ledger.get("invoice", call.id, "invoice")
    if invoice["collection_method"] != "send_invoice":
        raise InvalidState("You can only manually send an invoice if its collection method is 'send_invoice'.")
    if invoice["status"] not in ("draft", "open"):
        raise InvalidState(
            "This invoice cannot be sent right now. Please contact us via https://support.stripe.com/contact with"
            " details, so we can help."
        )
    invoice_sending.send(call.world, call.ledger, invoice)
    return invoice


def pay(call: Call) -> JSON:
    """Handles POST /v1/invoices/{id}/pay: with a test token, with the customer's payment method, or out of band."""
    params, world, ledger = call.params, call.world, call.ledger
    for name in ("source", "mandate", "forgive"):
        if params.get(name):
            raise NotModelled(f"paying with {name}", name)
    if params.get("paid_out_of_band") and "payment_method" in params:
        raise InvalidParams("You cannot pass payment_method with paid_out_of_band.", param="payment_method")
    invoice = ledger.get("invoice", call.id)
    if invoice["status"] == "draft":
        invoice_finalization.finalize(world, ledger, invoice, world.snapshot(ledger, invoice))
        if invoice["status"] == "paid":
            return invoice
    if invoice["status"] == "paid":
        raise InvalidState("Invoice is already paid")
    if invoice["status"] == "void":
        raise InvalidState("You cannot pay a voided invoice.")
    require_idle(ledger, invoice)
    if params.get("paid_out_of_band"):
        pay_out_of_band(world, ledger, invoice)
        return invoice
    method_id = params.get("payment_method")
    if method_id is None:
        raise InvalidState(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set one or pass"
            " `payment_method`.",
            code="resource_missing",
        )
    method, saved_method = payment_methods.find_method(ledger, method_id, invoice["customer"])
    payment = default_payment(ledger, invoice)
    intent = intent_of(ledger, payment)
    outcome = attempt(
        world, ledger, intent, method, saved_method=saved_method, off_session=params.get("off_session", True)
    )
    if outcome.error is not None:
        raise as_card_error(intent, outcome.error)
    if outcome.status == "requires_action":
        raise CardDeclined(
            "This payment requires additional user action before it can be completed successfully.",
            code="invoice_payment_intent_requires_action",
        )
    return invoice


def attach_payment(call: Call) -> JSON:
    """Handles POST /v1/invoices/{id}/attach_payment: an intent of the same customer pays a part of the invoice.

    An intent that has succeeded counts at once. Any other intent counts when it succeeds
    (https://docs.stripe.com/invoicing/partial-payments). The texts of the errors are guesses.
    """
    params, world, ledger = call.params, call.world, call.ledger
    if "payment_record" in params:
        raise NotModelled("payment records", "payment_record")
    if "payment_intent" not in params:
        raise missing("payment_intent")
    invoice = ledger.get("invoice", call.id)
    intent = ledger.get("payment_intent", params["payment_intent"], "payment_intent", 400)
    if invoice["status"] not in ("open", "uncollectible"):
        raise InvalidState(f"You can only attach payments to an open invoice. This invoice is {invoice['status']}.")
    if intent["status"] == "canceled":
        raise InvalidState("You cannot attach a canceled PaymentIntent.", param="payment_intent")
    for name in ("currency", "customer"):
        if intent[name] != invoice[name]:
            raise InvalidState(f"The PaymentIntent and the invoice have another {name}.", param="payment_intent")
    if "_payment" in intent:
        raise NotModelled("an intent that pays more than one invoice", "payment_intent")
    payment = payment_shapes.invoice_payment(world, ledger, invoice, intent, default=False)
    if intent["status"] == "succeeded":
        credit(world, ledger, payment)
    return invoice


def void(call: Call) -> JSON:
    """Handles POST /v1/invoices/{id}/void, for an open invoice, and in most accounts for an uncollectible one.

    https://docs.stripe.com/invoicing/integration/workflow-transitions says that an uncollectible invoice can be
    voided. The account that was recorded in September 2026 refused it.
    """
    invoice = call.ledger.get("invoice", call.id)
    for _ in call.ledger.all("invoice_payment", invoice=invoice["id"], status="paid"):
        raise InvalidState("Invoices with `paid` payments cannot be voided.")
    voidable = ("open", "uncollectible") if call.ledger.voids_uncollectible else ("open",)
    if invoice["status"] not in voidable or invoice["amount_paid"]:
        raise not_open()
    require_idle(call.ledger, invoice)
    require_unattached(call.ledger, invoice)
    become_void(call.world, call.ledger, invoice, call.world.snapshot(call.ledger, invoice))
    customer_balance.unapply_balance(call.world, call.ledger, invoice)
    return invoice


def mark_uncollectible(call: Call) -> JSON:
    """Handles POST /v1/invoices/{id}/mark_uncollectible. The invoice's link can still be paid."""
    invoice = call.ledger.get("invoice", call.id)
    if invoice["status"] == "uncollectible":
        raise InvalidState("This invoice has already been marked uncollectible.")
    if invoice["status"] != "open":
        raise not_open()
    require_unattached(call.ledger, invoice)
    become_uncollectible(call.world, call.ledger, invoice)
    return invoice


def not_open() -> InvalidState:
    """Returns the error for an action that only an open invoice allows. It has no code."""
    return InvalidState("You can only pass in open invoices. This invoice isn't open.")


ROUTES = [
    Route("POST", "/v1/invoices/{id}/finalize", "InvoiceFinalizeInvoiceParams", finalize),
    Route("POST", "/v1/invoices/{id}/send", "InvoiceSendInvoiceParams", send),
    Route("POST", "/v1/invoices/{id}/pay", "InvoicePayParams", pay),
    Route("POST", "/v1/invoices/{id}/attach_payment", "InvoiceAttachPaymentParams", attach_payment),
    Route("POST", "/v1/invoices/{id}/void", "InvoiceVoidInvoiceParams", void),
    Route("POST", "/v1/invoices/{id}/mark_uncollectible", "InvoiceMarkUncollectibleParams", mark_uncollectible),
]
