"""Transitions of an invoice: finalize, send, pay, void, uncollectible.

https://docs.stripe.com/invoicing/integration/workflow-transitions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import mails, money
from .. import payment_engine as engine
from ..cards import TOKENS
from ..clock import DAY
from ..errors import CardDeclined, InvalidParams, InvalidState, NoSuchObject, NotModelled, StripeFault
from ..ledger import JSON, Ledger
from ..router import Call, Route
from . import customer_balance, lines, revisions

if TYPE_CHECKING:
    from ..world import World


def finalize(call: Call) -> JSON:
    """POST /v1/invoices/{id}/finalize."""
    invoice = call.ledger.get("invoice", call.id)
    before = call.world.snapshot(call.ledger, invoice)
    if "auto_advance" in call.params:
        invoice["auto_advance"] = call.params["auto_advance"]
    do_finalize(call.world, call.ledger, invoice, before)
    return invoice


def send(call: Call) -> JSON:
    """POST /v1/invoices/{id}/send: mails the link, finalizing a draft first; again is a reminder."""
    invoice = call.ledger.get("invoice", call.id)
    if invoice["collection_method"] != "send_invoice":
        raise InvalidState("You can only manually send an invoice if its collection method is 'send_invoice'.")
    if invoice["status"] not in ("draft", "open"):
        raise InvalidState(f"You can only send an open invoice. This invoice is {invoice['status']}.")
    do_send(call.world, call.ledger, invoice)
    return invoice


def pay(call: Call) -> JSON:
    """POST /v1/invoices/{id}/pay: with a test payment method, or out of band."""
    params, world, ledger = call.params, call.world, call.ledger
    for name in ("source", "mandate", "forgive"):
        if params.get(name):
            raise NotModelled(f"paying with {name}", name)
    if params.get("paid_out_of_band") and "payment_method" in params:
        raise InvalidParams("You cannot pass payment_method with paid_out_of_band.", param="payment_method")
    invoice = ledger.get("invoice", call.id)
    if invoice["status"] == "draft":
        do_finalize(world, ledger, invoice, world.snapshot(ledger, invoice))
        if invoice["status"] == "paid":
            return invoice
    if invoice["status"] == "paid":
        raise InvalidState("Invoice is already paid")
    if invoice["status"] == "void":
        raise InvalidState("You cannot pay a voided invoice.")
    engine.require_idle(ledger, invoice)
    if params.get("paid_out_of_band"):
        pay_out_of_band(world, ledger, invoice)
        return invoice
    token = params.get("payment_method")
    if token is None:
        raise InvalidState(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set one or pass"
            " `payment_method`.",
            code="resource_missing",
        )
    if token not in TOKENS:
        raise NoSuchObject("PaymentMethod", token, "payment_method", status=400)
    payment = engine.default_payment(ledger, invoice)
    outcome = engine.attempt(world, ledger, payment, TOKENS[token], off_session=params.get("off_session", True))
    intent = engine.intent_of(ledger, payment)
    if outcome.error is not None:
        raise engine.as_card_error(ledger, intent, outcome.error)
    if outcome.status == "requires_action":
        raise CardDeclined(
            "This payment requires additional user action before it can be completed successfully.",
            code="invoice_payment_intent_requires_action",
        )
    return invoice


def void(call: Call) -> JSON:
    """POST /v1/invoices/{id}/void: open or uncollectible only; final."""
    invoice = call.ledger.get("invoice", call.id)
    if invoice["status"] not in ("open", "uncollectible"):
        raise InvalidState(f"You can only void open or uncollectible invoices. This invoice is {invoice['status']}.")
    if invoice["amount_paid"]:
        raise InvalidState("You cannot void an invoice that has payments; issue a credit note instead.")
    engine.require_idle(call.ledger, invoice)
    _do_void(call.world, call.ledger, invoice, call.world.snapshot(call.ledger, invoice))
    customer_balance.give_back(call.world, call.ledger, invoice)
    return invoice


def _do_void(world: World, ledger: Ledger, invoice: JSON, before: JSON) -> None:
    invoice["status"] = "void"
    _stamp(world, invoice, "voided_at")
    engine.cancel_open(world, ledger, invoice, "void_invoice")
    world.updated(ledger, invoice, before)
    world.emit(ledger, "invoice.voided", invoice)


def mark_uncollectible(call: Call) -> JSON:
    """POST /v1/invoices/{id}/mark_uncollectible: the link stays payable."""
    invoice = call.ledger.get("invoice", call.id)
    if invoice["status"] != "open":
        raise InvalidState(f"You can only mark open invoices as uncollectible. This invoice is {invoice['status']}.")
    before = call.world.snapshot(call.ledger, invoice)
    invoice.update(status="uncollectible", auto_advance=False)
    invoice["status_details"] = {"uncollectible": {"reason": "user_forgiven"}}
    _stamp(call.world, invoice, "marked_uncollectible_at")
    call.world.updated(call.ledger, invoice, before)
    call.world.emit(call.ledger, "invoice.marked_uncollectible", invoice)
    return invoice


def do_finalize(world: World, ledger: Ledger, invoice: JSON, before: JSON) -> None:
    """Draft to open, or to paid when nothing is due; raises StripeFault and leaves the draft when refused."""
    if invoice["status"] != "draft":
        raise InvalidState(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
            code="invoice_not_editable",
        )
    original = revisions.original_of(ledger, invoice)
    if original is not None:
        engine.require_idle(ledger, original)
    try:
        _check_finalizable(ledger, invoice)
    except StripeFault as refusal:
        invoice["last_finalization_error"] = dict(refusal.error)
        world.emit(ledger, "invoice.finalization_failed", invoice)
        raise
    world.scheduler.cancel(invoice["id"])
    customer = ledger.find("customer", invoice["customer"]) or {"_deleted": True}
    lines.total(ledger, invoice)
    _freeze(world, ledger, invoice, customer)
    original_first = original is not None and not world.order.usual()
    if original is not None:
        customer_balance.give_back(world, ledger, original)
    if original is not None and original_first:
        _replace(world, ledger, original, invoice)
    due = customer_balance.settle(world, ledger, invoice, customer)
    invoice["amount_due"] = invoice["amount_remaining"] = due
    invoice["status"] = "open"
    if due:
        engine.open_payment(world, ledger, invoice, due, default=True)
    first = bool(due) and world.order.usual()  # a receiver may meet either first
    if first:
        world.updated(ledger, invoice, before)
    world.emit(ledger, "invoice.finalized", invoice)
    if not due:
        become_paid(world, ledger, invoice, before, collected=True)
    elif not first:
        world.updated(ledger, invoice, before)
    if original is not None and not original_first:
        _replace(world, ledger, original, invoice)


def _replace(world: World, ledger: Ledger, original: JSON, revision: JSON) -> None:
    """Voids the original, and names the revision on it: in the events about that, or only afterwards."""
    before = world.snapshot(ledger, original)
    at_once = world.order.usual()
    if at_once:
        revisions.point_to(ledger, original, revision)
    _do_void(world, ledger, original, before)
    if not at_once:
        revisions.point_to(ledger, original, revision)


def do_send(world: World, ledger: Ledger, invoice: JSON) -> None:
    """Mail the hosted link. Raises InvalidState for a customer without e-mail."""
    customer = ledger.find("customer", invoice["customer"]) or {}
    to = invoice["customer_email"] if invoice["status"] != "draft" else customer.get("email")
    if not to:
        raise InvalidState(
            "Missing email. In order to create invoices that are sent to the customer, the customer must have a valid"
            " email.",
            param="customer",
        )
    if not ledger.account["charges_enabled"]:
        raise _cannot_charge()
    if invoice["status"] == "draft":
        do_finalize(world, ledger, invoice, world.snapshot(ledger, invoice))
    renew_link(world, ledger, invoice)
    ledger.mails.append(mails.about_invoice(ledger, invoice, to, world.now()))
    world.emit(ledger, "invoice.sent", invoice)


def advance(world: World, ledger: Ledger, invoice: JSON) -> None:
    """What `auto_advance` does an hour after creation: finalize and mail; a refusal leaves the draft."""
    if invoice["status"] != "draft":
        return
    try:
        do_send(world, ledger, invoice)
    except StripeFault:
        return


def pay_out_of_band(world: World, ledger: Ledger, invoice: JSON) -> None:
    """Cash or check: no charge; the amount counts as paid off Stripe."""
    before = world.snapshot(ledger, invoice)
    invoice["amount_paid_off_stripe"] += invoice["amount_remaining"]
    invoice["amount_paid"] += invoice["amount_remaining"]
    invoice["amount_remaining"] = 0
    become_paid(world, ledger, invoice, before, collected=False)


def become_paid(world: World, ledger: Ledger, invoice: JSON, before: JSON, *, collected: bool) -> None:
    """Status paid and its events; `payment_succeeded` is not sent for payments out of band."""
    invoice.update(status="paid", attempted=True, next_payment_attempt=None)
    _stamp(world, invoice, "paid_at")
    cancel_last = world.order.usual()
    if not cancel_last:
        engine.cancel_open(world, ledger, invoice, "automatic")
    world.updated(ledger, invoice, before)
    world.emit(ledger, "invoice.paid", invoice)
    if collected:
        world.emit(ledger, "invoice.payment_succeeded", invoice)
    if cancel_last:
        engine.cancel_open(world, ledger, invoice, "automatic")


def _check_finalizable(ledger: Ledger, invoice: JSON) -> None:
    if not ledger.account["charges_enabled"]:
        raise _cannot_charge()
    if not ledger.lines.get(invoice["id"]):
        raise InvalidState("Nothing to invoice for customer", code="invoice_no_customer_line_items")
    customer = ledger.find("customer", invoice["customer"])
    if customer is None or customer.get("_deleted"):
        raise InvalidState(f"No such customer: '{invoice['customer']}'", code="resource_missing", param="customer")
    if invoice["total"] > 0:
        money.require_chargeable(invoice["total"], invoice["currency"])


def _cannot_charge() -> InvalidState:
    return InvalidState(
        "Your account cannot currently make charges. Complete the requirements in your Dashboard to enable charges."
    )


def _freeze(world: World, ledger: Ledger, invoice: JSON, customer: JSON) -> None:
    """Copy what the invoice keeps for ever: customer details, number, links."""
    now = world.now()
    for name in ("address", "email", "name", "phone", "shipping", "tax_exempt"):
        invoice[f"customer_{name}"] = customer[name]
    if invoice["number"] is None:
        was = world.snapshot(ledger, customer)
        invoice["number"] = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
        customer["next_invoice_sequence"] += 1
        world.updated(ledger, customer, was)
    invoice["effective_at"] = invoice["effective_at"] or now
    invoice["automatically_finalizes_at"] = None
    invoice["last_finalization_error"] = None
    _stamp(world, invoice, "finalized_at")
    _link(world, ledger, invoice)


def link_ends_at(invoice: JSON) -> int:
    """A link lasts 30 days after the due date, at most 120 after finalization, at least 10 once it was renewed."""
    finalized = invoice["status_transitions"]["finalized_at"] or invoice["created"]
    planned = min((invoice["due_date"] or finalized) + 30 * DAY, finalized + 120 * DAY)
    return int(max(planned, invoice.get("_link_good_until", 0)))


def renew_link(world: World, ledger: Ledger, invoice: JSON) -> None:
    """Whoever reads an invoice gets links that work (docs.stripe.com/invoicing/hosted-invoice-page)."""
    if invoice["hosted_invoice_url"] is None or invoice["status"] == "paid" or world.now() <= link_ends_at(invoice):
        return
    invoice.setdefault("_old_tokens", []).append(invoice["_token"])
    invoice["_token"] = world.ids.token(48)
    invoice["_link_good_until"] = world.now() + 10 * DAY
    _link(world, ledger, invoice)


def _link(world: World, ledger: Ledger, invoice: JSON) -> None:
    link = f"{world.config.public_url}/i/{ledger.id}/{invoice['_token']}"
    invoice["hosted_invoice_url"], invoice["invoice_pdf"] = link, f"{link}/pdf"


def _stamp(world: World, invoice: JSON, name: str) -> None:
    invoice["status_transitions"] = {**invoice["status_transitions"], name: world.now()}


ROUTES = [
    Route("POST", "/v1/invoices/{id}/finalize", "InvoiceFinalizeInvoiceParams", finalize),
    Route("POST", "/v1/invoices/{id}/send", "InvoiceSendInvoiceParams", send),
    Route("POST", "/v1/invoices/{id}/pay", "InvoicePayParams", pay),
    Route("POST", "/v1/invoices/{id}/void", "InvoiceVoidInvoiceParams", void),
    Route("POST", "/v1/invoices/{id}/mark_uncollectible", "InvoiceMarkUncollectibleParams", mark_uncollectible),
]
