"""Credit notes (https://docs.stripe.com/invoicing/integration/programmatic-credit-notes).

On an open invoice, a credit note lowers the amount due, and pays the invoice when nothing remains. On a paid invoice,
the amount is returned by a refund, to the customer's balance, or outside Stripe; the three amounts must add up to the
note's. Tax is not split out.
"""

from __future__ import annotations

from ..errors import InvalidParams, InvalidState, NotModelled
from ..state.ledger import JSON, Ledger
from ..state.render import as_list
from . import customer_balance, lists, money, refunds, rules
from .call import Call, Route
from .invoice_payments import intent_of, require_idle, update_default_amount
from .invoice_status import become_paid

_MODELLED = {
    "amount", "credit_amount", "effective_at", "email_type", "expand", "invoice", "lines", "memo", "metadata",
    "out_of_band_amount", "reason", "refund_amount",
}  # fmt: skip


def create(call: Call) -> JSON:
    """Handles POST /v1/credit_notes."""
    params, world, ledger = call.params, call.world, call.ledger
    rules.metadata({}, params.get("metadata"))
    for name in params:
        if name not in _MODELLED:
            raise NotModelled(f"the parameter {name} of credit notes", name)
    invoice = ledger.get("invoice", params["invoice"], "invoice", 400)
    lines = _lines(call, invoice)
    amount = _amount(params, lines)
    if invoice["status"] in ("open", "uncollectible"):
        note = _before_payment(call, invoice, amount, lines)
    elif invoice["status"] == "paid":
        note = _after_payment(call, invoice, amount, lines)
    else:
        raise InvalidState(
            f"You cannot create a credit note for an invoice that is {invoice['status']}.", param="invoice"
        )
    world.emit(ledger, "credit_note.created", note)
    return note


def void(call: Call) -> JSON:
    """Handles POST /v1/credit_notes/{id}/void, which is allowed only for a note of an open invoice."""
    world, ledger = call.world, call.ledger
    note = ledger.get("credit_note", call.id)
    invoice = ledger.get("invoice", note["invoice"])
    if note["status"] == "void":
        raise InvalidState("This credit note is already void.")
    if invoice["status"] != "open" or note["type"] != "pre_payment":
        raise InvalidState("You can only void a credit note whose invoice is open.")
    before = world.snapshot(ledger, invoice)
    note.update(status="void", voided_at=world.now())
    invoice["pre_payment_credit_notes_amount"] -= note["amount"]
    invoice["amount_due"] += note["amount"]
    invoice["amount_remaining"] += note["amount"]
    update_default_amount(ledger, invoice)
    world.emit_updated(ledger, invoice, before)
    world.emit(ledger, "credit_note.voided", note)
    return note


def retrieve(call: Call) -> JSON:
    """Handles GET /v1/credit_notes/{id}."""
    return call.ledger.get("credit_note", call.id)


def list_(call: Call) -> JSON:
    """Handles GET /v1/credit_notes."""
    notes = lists.filter_by_created(
        call, lists.filter_by_fields(call, call.ledger.all("credit_note"), "invoice", "customer")
    )
    return lists.page(call, notes, "/v1/credit_notes", kind="credit note")


def _amount(params: JSON, lines: list[JSON]) -> int:
    requested = params.get("amount")
    total = sum(line["amount"] for line in lines)
    if requested is None and not lines:
        raise InvalidParams("You must pass one of amount, lines or shipping_cost.", param="amount")
    if requested is not None and lines and requested != total:
        raise InvalidParams(f"The amount ({requested}) must equal the sum of the lines ({total}).", param="amount")
    amount = total if requested is None else int(requested)
    if amount < 1:
        raise InvalidParams("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    return amount


def _before_payment(call: Call, invoice: JSON, amount: int, lines: list[JSON]) -> JSON:
    world, ledger = call.world, call.ledger
    for name in ("refund_amount", "credit_amount", "out_of_band_amount"):
        if call.params.get(name):
            raise InvalidParams(f"You cannot specify {name} for an invoice that is not paid.", param=name)
    if amount > invoice["amount_remaining"]:
        raise InvalidState("The credit note is greater than what remains on the invoice.", param="amount")
    require_idle(ledger, invoice)
    remaining = invoice["amount_remaining"] - amount
    if 0 < remaining < money.minimum(invoice["currency"]):
        raise InvalidState("What remains on the invoice would be too small to charge.", param="amount")
    before = world.snapshot(ledger, invoice)
    invoice["pre_payment_credit_notes_amount"] += amount
    invoice["amount_due"] -= amount
    invoice["amount_remaining"] = remaining
    note = _note(call, invoice, amount, lines, "pre_payment")
    if remaining == 0:
        become_paid(world, ledger, invoice, before, collected=True)
    else:
        update_default_amount(ledger, invoice)
        world.emit_updated(ledger, invoice, before)
    return note


def _after_payment(call: Call, invoice: JSON, amount: int, lines: list[JSON]) -> JSON:
    world, ledger, params = call.world, call.ledger, call.params
    refund_amount = params.get("refund_amount", 0)
    credit_amount = params.get("credit_amount", 0)
    out_of_band_amount = params.get("out_of_band_amount", 0)
    if refund_amount + credit_amount + out_of_band_amount != amount:
        raise InvalidState(
            "The sum of refund_amount, credit_amount and out_of_band_amount"
            f" ({refund_amount + credit_amount + out_of_band_amount}) must equal the credit note's post payment"
            f" amount ({amount}).",
            param="refund_amount",
        )
    if invoice["post_payment_credit_notes_amount"] + amount > invoice["amount_paid"]:
        raise InvalidState("The credit note is greater than what was paid.", param="amount")
    note_refunds = []
    if refund_amount:
        charge = _charge(ledger, invoice, refund_amount)
        refund = refunds.make(world, ledger, charge, refund_amount)
        note_refunds = [
            {
                "amount_refunded": refund_amount,
                "payment_record_refund": None,
                "refund": refund["id"],
                "type": "refund",
            }
        ]
    before = world.snapshot(ledger, invoice)
    invoice["post_payment_credit_notes_amount"] += amount
    note = _note(call, invoice, amount, lines, "post_payment")
    note.update(refunds=note_refunds, out_of_band_amount=out_of_band_amount or None)
    if credit_amount:
        note["customer_balance_transaction"] = customer_balance.move(
            world, ledger, invoice, -credit_amount, "credit_note", credit_note=note["id"]
        )
    world.emit_updated(ledger, invoice, before)
    return note


def _charge(ledger: Ledger, invoice: JSON, amount: int) -> JSON:
    for payment in ledger.all("invoice_payment", invoice=invoice["id"], status="paid"):
        charge = ledger.get("charge", intent_of(ledger, payment)["latest_charge"])
        if charge["amount"] - charge["amount_refunded"] >= amount:
            return charge
    raise InvalidState("No payment of this invoice can carry the refund.", param="refund_amount")


def _note(call: Call, invoice: JSON, amount: int, lines: list[JSON], kind: str) -> JSON:
    world, ledger, params = call.world, call.ledger, call.params
    count = sum(1 for _ in ledger.all("credit_note", invoice=invoice["id"])) + 1
    note_id = f"cn_1{world.ids.token(23)}"
    note: JSON = {
        "id": note_id,
        "object": "credit_note",
        "amount": amount,
        "amount_shipping": 0,
        "created": world.now(),
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "customer_balance_transaction": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": params.get("effective_at", world.now()),
        "invoice": invoice["id"],
        "lines": as_list(f"/v1/credit_notes/{note_id}/lines", lines),
        "livemode": ledger.livemode,
        "memo": params.get("memo"),
        "metadata": rules.metadata({}, params.get("metadata")),
        "number": f"{invoice['number']}-CN-{count:02d}",
        "out_of_band_amount": None,
        "pdf": f"{invoice['invoice_pdf']}?credit_note={note_id}",
        "post_payment_amount": amount if kind == "post_payment" else 0,
        "pre_payment_amount": amount if kind == "pre_payment" else 0,
        "pretax_credit_amounts": [],
        "reason": params.get("reason"),
        "refunds": [],
        "shipping_cost": None,
        "status": "issued",
        "subtotal": amount,
        "subtotal_excluding_tax": amount,
        "total": amount,
        "total_excluding_tax": amount,
        "total_taxes": [],
        "type": kind,
        "voided_at": None,
    }
    return ledger.add(note)


def _lines(call: Call, invoice: JSON) -> list[JSON]:
    invoice_lines = {line["id"]: line for line in call.ledger.lines.get(invoice["id"], [])}
    note_lines = []
    for index, line_params in enumerate(call.params.get("lines", ())):
        name = f"lines[{index}]"
        if line_params.get("tax_rates") or line_params.get("tax_amounts"):
            raise NotModelled("tax on credit note lines", name)
        source = invoice_lines.get(line_params.get("invoice_line_item", ""))
        if line_params["type"] == "invoice_line_item" and source is None:
            raise InvalidParams("No such invoice line item on this invoice", param=f"{name}[invoice_line_item]")
        amount = line_params.get("amount")
        if amount is None and "unit_amount" in line_params:
            amount = line_params["unit_amount"] * line_params.get("quantity", 1)
        if amount is None and source is not None:
            amount = source["amount"]
        if amount is None or (source is not None and amount > source["amount"]):
            raise InvalidParams("Invalid amount of a credit note line", param=f"{name}[amount]")
        note_lines.append(_line(call, line_params, source, amount))
    return note_lines


def _line(call: Call, line_params: JSON, invoice_line: JSON | None, amount: int) -> JSON:
    return {
        "id": f"cnli_1{call.world.ids.token(23)}",
        "object": "credit_note_line_item",
        "amount": amount,
        "description": line_params.get("description") or (invoice_line or {}).get("description"),
        "discount_amount": 0,
        "discount_amounts": [],
        "invoice_line_item": invoice_line["id"] if invoice_line else None,
        "livemode": call.ledger.livemode,
        "metadata": rules.metadata({}, line_params.get("metadata")),
        "pretax_credit_amounts": [],
        "quantity": line_params.get("quantity"),
        "tax_rates": [],
        "taxes": [],
        "type": line_params["type"],
        "unit_amount": line_params.get("unit_amount"),
        "unit_amount_decimal": None,
    }


ROUTES = [
    Route("POST", "/v1/credit_notes", "CreditNoteCreateParams", create),
    Route("GET", "/v1/credit_notes", "CreditNoteListParams", list_),
    Route("GET", "/v1/credit_notes/{id}", "CreditNoteRetrieveParams", retrieve),
    Route("POST", "/v1/credit_notes/{id}/void", "CreditNoteVoidCreditNoteParams", void),
]
