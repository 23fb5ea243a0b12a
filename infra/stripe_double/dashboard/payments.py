"""Payments: the list of attempted payments, and the page of one payment with everything that can happen to it."""

from __future__ import annotations

from ..objects.money import format_amount
from ..state.ledger import JSON, Ledger
from . import disputes, refunds
from .amounts import decimal_text, minor_units
from .pieces import (
    NOTHING,
    Html,
    badge,
    buttons,
    choice,
    chosen_option,
    code,
    columns,
    description_list,
    entry,
    form,
    join,
    link,
    local_time,
    money,
    muted_text,
    paginate,
    section,
    table,
)
from .visit import FormAction, InvalidInput, Page, Show, Visit

_FAILURES = {
    "insufficient_funds": "Insufficient funds",
    "account_closed": "The bank account is closed",
    "no_account": "There is no such bank account",
    "debit_not_authorized": "The customer did not authorize the debit",
    "bank_ownership_changed": "The bank account has another owner",
}
_STATES = {
    "succeeded": ("Succeeded", "paid"),
    "processing": ("Pending", "wait"),
    "requires_action": ("Waiting for 3-D Secure", "wait"),
    "canceled": ("Canceled", ""),
}


def list_page(visit: Visit, _: str) -> Page:
    """Returns the page that lists the payments, newest first."""
    ledger = visit.ledger
    attempted = [each for each in ledger.all("payment_intent") if _was_attempted(each)][::-1]
    page_items, page_links = paginate(visit, attempted, "payments")
    rows = [
        (
            link(visit.url(f"payments/{each['id']}"), money(each["amount"], each["currency"])),
            state(ledger, each),
            customer_link(visit, each["customer"]),
            _invoice_link(visit, each),
            local_time(ledger, _paid_at(ledger, each)),
        )
        for each in page_items
    ]
    names = ("Amount", "Status", "Customer", "Invoice", "Time")
    empty = "There are no payments yet. Open the link in a mail, and pay with the test card 4242 4242 4242 4242."
    return Page("Payments", join(section("All payments", table("Payments", names, rows, empty=empty), page_links)))


def page(visit: Visit, payment_id: str) -> Page:
    """Returns the page of a payment, by the id of its payment intent or of a charge."""
    ledger = visit.ledger
    intent = intent_of(ledger, payment_id)
    charge = ledger.find("charge", intent["latest_charge"])
    amount = format_amount(intent["amount"], intent["currency"])
    return Page(
        f"Payment of {amount}",
        join(
            columns(_facts(visit, intent, charge), _money(visit, charge)),
            _action_forms(visit, intent, charge),
            refunds.of_charge(visit, intent, charge) if charge else NOTHING,
            disputes.dispute_section(visit, charge) if charge else NOTHING,
            _attempts(ledger, intent),
        ),
    )


def intent_of(ledger: Ledger, payment_id: str) -> JSON:
    """Returns the payment intent by its own id or the id of its charge. Raises NoSuchObject if there is none."""
    charge = ledger.find("charge", payment_id)
    return ledger.get("payment_intent", charge["payment_intent"] if charge else payment_id)


def state(ledger: Ledger, intent: JSON) -> Html:
    """Returns the status of a payment in words."""
    charge = ledger.find("charge", intent["latest_charge"])
    if charge is not None and charge["disputed"]:
        latest = list(ledger.all("dispute", charge=charge["id"]))[-1]
        return badge(
            "Disputed: " + disputes.STATES[latest["status"]][0].lower(), disputes.STATES[latest["status"]][1]
        )
    if charge is not None and charge["amount_refunded"]:
        return badge("Refunded" if charge["refunded"] else "Refunded in part")
    if intent["status"] == "requires_payment_method":
        return badge("Failed", "bad") if intent["last_payment_error"] else badge("Not paid yet")
    return badge(*_STATES[intent["status"]])


def customer_link(visit: Visit, customer_id: str | None) -> Html:
    """Returns a customer's name as a link to their page."""
    if visit.ledger.find("customer", customer_id) is None:
        return Html("—")
    return link(visit.url(f"customers/{customer_id}"), customer_name(visit, customer_id))


def customer_name(visit: Visit, customer_id: str | None) -> str:
    """Returns a customer's name, e-mail or id. A payment without an invoice may have no customer."""
    customer_object = visit.ledger.find("customer", customer_id)
    if customer_object is None:
        return "A payment without an invoice"
    return str(customer_object.get("name") or customer_object.get("email") or customer_object["id"])


def _was_attempted(intent: JSON) -> bool:
    return bool(intent["latest_charge"] or intent["last_payment_error"] or intent["status"] == "requires_action")


def _invoice_of(ledger: Ledger, intent: JSON) -> JSON | None:
    payment = ledger.find("invoice_payment", intent.get("_payment"))
    return ledger.find("invoice", payment["invoice"]) if payment else None


def _invoice_link(visit: Visit, intent: JSON) -> Html:
    invoice = _invoice_of(visit.ledger, intent)
    if invoice is None:
        return Html("No invoice")
    return link(visit.url(f"invoices/{invoice['id']}"), invoice["number"] or invoice["id"])


def _paid_at(ledger: Ledger, intent: JSON) -> int:
    charge = ledger.find("charge", intent["latest_charge"])
    return int(charge["created"] if charge else intent["created"])


def _facts(visit: Visit, intent: JSON, charge: JSON | None) -> Html:
    error = intent["last_payment_error"]
    pairs = [
        ("Status", state(visit.ledger, intent)),
        ("Why it failed", error["message"] if error else ""),
        ("Customer", customer_link(visit, intent["customer"])),
        ("Invoice", _invoice_link(visit, intent)),
        ("Paid with", _method_text(charge) if charge else ""),
        ("Time", local_time(visit.ledger, _paid_at(visit.ledger, intent))),
        ("Description", intent["description"] or ""),
        ("Receipt", link(charge["receipt_url"], "Open the receipt") if charge and charge["receipt_url"] else ""),
        ("Payment", code(intent["id"])),
        ("Charge", code(charge["id"]) if charge else ""),
    ]
    return section("Details", description_list(pairs))


def _method_text(charge: JSON) -> str:
    details = charge["payment_method_details"]
    method_details = details[details["type"]]
    issuer = str(method_details.get("brand") or method_details["bank_name"])
    return f"{issuer[:1].upper()}{issuer[1:]} ending in {method_details['last4']}"


def _money(visit: Visit, charge: JSON | None) -> Html:
    transaction = visit.ledger.find("balance_transaction", charge["balance_transaction"]) if charge else None
    if charge is None or transaction is None:
        explanation = "Stripe records its fee seconds after a card payment, or as soon as a bank debit has arrived."
        return section("Fee and net", muted_text(explanation))
    currency = transaction["currency"]
    pairs = [
        ("Amount", money(transaction["amount"], currency)),
        ("Stripe's fee", money(-transaction["fee"], currency)),
        ("Net", money(transaction["net"], currency)),
        ("Refunded", money(-charge["amount_refunded"], charge["currency"]) if charge["amount_refunded"] else ""),
        ("Available", local_time(visit.ledger, transaction["available_on"])),
    ]
    return section("Fee and net", description_list(pairs))


def _action_forms(visit: Visit, intent: JSON, charge: JSON | None) -> Html:
    """Returns the forms for everything that can happen to the payment now."""
    path = f"payments/{intent['id']}"
    if intent["status"] == "processing":
        return section(
            "The bank debit is pending",
            muted_text("It arrives after four days of Stripe's clock."),
            buttons(form(visit, path, "settle", "Let it arrive now")),
            form(
                visit, path, "fail", "Let it fail", choice(visit, "fail", "reason", "Reason", _FAILURES), plain=True
            ),
        )
    if charge is None or charge["status"] != "succeeded":
        return NOTHING
    refundable = charge["amount"] - charge["amount_refunded"]
    parts = []
    if refundable:
        refundable_text = decimal_text(refundable, charge["currency"])
        hint = f"In {charge['currency'].upper()}, up to {refundable_text}. You can refund a part."
        amount = entry(visit, "refund", "amount", "Amount", refundable_text, hint)
        parts.append(section("Refund", form(visit, path, "refund", "Refund", amount)))
    if not charge["disputed"]:
        reason = choice(visit, "dispute", "reason", "What the customer says", disputes.REASONS)
        explanation = muted_text(
            "The customer complains to the bank. The bank withdraws the amount, and Stripe charges a fee."
        )
        parts.append(
            section("Dispute", explanation, form(visit, path, "dispute", "Open a dispute", reason, plain=True))
        )
    return columns(*parts) if parts else NOTHING


def _attempts(ledger: Ledger, intent: JSON) -> Html:
    rows = [
        (
            local_time(ledger, each["created"]),
            badge({"succeeded": "Succeeded", "pending": "Pending"}.get(each["status"], "Failed"),
                  {"succeeded": "paid", "pending": "wait"}.get(each["status"], "bad")),
            _method_text(each),
            each["failure_message"] or "",
            code(each["id"]),
        )
        for each in reversed(list(ledger.all("charge", payment_intent=intent["id"])))
    ]  # fmt: skip
    names = ("Time", "Status", "Paid with", "Why it failed", "Charge")
    return section("Attempts", table("Attempts", names, rows, empty="There are no attempts yet."))


def _settle(visit: Visit, payment: str) -> None:
    visit.controls.settle_debit(visit.account, intent_of(visit.ledger, payment)["id"])


def _fail(visit: Visit, payment: str) -> None:
    reason = chosen_option(visit, "reason", _FAILURES)
    visit.controls.settle_debit(visit.account, intent_of(visit.ledger, payment)["id"], fail=reason)


def _refund(visit: Visit, payment: str) -> None:
    charge = _charge(visit, payment)
    amount = minor_units(visit.form.get("amount", ""), charge["currency"])
    visit.controls.refund_charge(visit.account, charge["id"], amount=amount)


def _dispute(visit: Visit, payment: str) -> None:
    charge = _charge(visit, payment)
    if charge["disputed"]:
        raise InvalidInput("This payment has a dispute already.")
    visit.controls.open_dispute(visit.account, charge["id"], reason=chosen_option(visit, "reason", disputes.REASONS))


def _charge(visit: Visit, payment: str) -> JSON:
    intent = intent_of(visit.ledger, payment)
    charge = visit.ledger.find("charge", intent["latest_charge"])
    if charge is None:
        raise InvalidInput("This payment has no charge yet.")
    return charge


PAGES: dict[str, Show] = {"payments": list_page, "payments/*": page}
ACTIONS = {
    "payments/*/settle": FormAction(_settle, "The bank debit has arrived."),
    "payments/*/fail": FormAction(_fail, "The bank debit has failed."),
    "payments/*/refund": FormAction(_refund, "The refund was made."),
    "payments/*/dispute": FormAction(_dispute, "The dispute was opened."),
    "payments/*/refund-succeed": FormAction(refunds.succeed, "The refund has succeeded."),
    "payments/*/refund-fail": FormAction(refunds.fail, "The refund has failed. Its money is back in the balance."),
}
