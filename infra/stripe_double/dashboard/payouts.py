"""Payouts: the list with the balance, and the page of one payout with its lines and the actions of the bank."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..objects.money import format_amount
from ..objects.payout_steps import MESSAGES
from ..state.ledger import JSON, KINDS
from . import payments
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
    utc_day,
)
from .visit import FormAction, InvalidInput, Page, Show, Visit

_STATES = {"pending": "wait", "in_transit": "wait", "paid": "paid", "failed": "bad", "canceled": ""}


def list_page(visit: Visit, _: str) -> Page:
    """Returns the page that lists the payouts, newest first, with the available balance and the bank account."""
    page_items, page_links = paginate(visit, list(visit.ledger.all("payout"))[::-1], "payouts")
    rows = [
        (
            link(visit.url(f"payouts/{each['id']}"), format_amount(each["amount"], each["currency"])),
            state(each),
            utc_day(each["arrival_date"]),
            "Automatic" if each["automatic"] else "Manual",
            local_time(visit.ledger, each["created"]),
        )
        for each in page_items
    ]
    names = ("Amount", "Status", "Arrives", "Type", "Created")
    payout_section = section(
        "All payouts", table("Payouts", names, rows, empty="There are no payouts yet."), page_links
    )
    return Page("Payouts", join(columns(_balance(visit), _bank(visit)), payout_section))


def page(visit: Visit, payout_id: str) -> Page:
    """Returns the page of a payout with its lines."""
    payout = visit.ledger.get("payout", payout_id)
    bank = visit.ledger.get("bank_account", payout["destination"])
    reversal_pairs = [
        (name, link(visit.url(f"payouts/{payout[key]}"), words) if payout[key] else "")
        for name, key, words in (("Reverses", "original_payout", "An earlier payout"),
                                 ("Reversed by", "reversed_by", "A later payout"))
    ]  # fmt: skip
    pairs = [
        ("Status", state(payout)),
        ("Why it failed", payout["failure_message"] or ""),
        ("Arrives", utc_day(payout["arrival_date"])),
        ("Bank account", _bank_account_text(bank)),
        ("Type", "Automatic, on the account's schedule" if payout["automatic"] else "Manual"),
        ("Created", local_time(visit.ledger, payout["created"])),
        *reversal_pairs,
        ("Payout", code(payout["id"])),
    ]
    title = f"Payout of {format_amount(payout['amount'], payout['currency'])}"
    return Page(
        title,
        join(
            columns(section("Details", description_list(pairs)), _action_forms(visit, payout)), _lines(visit, payout)
        ),
    )


def state(payout: JSON) -> Html:
    """Returns the status of a payout in words."""
    return badge(payout["status"].replace("_", " ").capitalize(), _STATES.get(payout["status"], ""))


def _bank_account_text(bank: JSON) -> str:
    suffix = ", which the bank has refused" if bank["status"] == "errored" else ""
    return f"{bank['bank_name']}, ending in {bank['last4']}{suffix}"


def _balance(visit: Visit) -> Html:
    funds = visit.ledger.funds
    schedule = visit.ledger.settlement.payout_schedule
    explanation = (
        "The available balance is paid out every day at 00:00 UTC." if schedule == "daily" else "Payouts are manual."
    )
    parts = [muted_text(explanation)]
    for currency in funds.currencies():
        available = funds.available(currency)
        amounts = [("Available", money(available, currency)), ("Pending", money(funds.pending(currency), currency))]
        parts.append(description_list(amounts))
        if available:
            parts.append(form(visit, "payouts", "pay-out", _pay_out_label(available, currency), of=currency))
    if len(parts) == 1:
        parts.append(muted_text("The balance is empty."))
    return section("Balance", *parts)


def _pay_out_label(available: int, currency: str) -> str:
    amount = format_amount(abs(available), currency)
    return f"Pay out {amount} now" if available > 0 else f"Take {amount} from the bank account now"


def _bank(visit: Visit) -> Html:
    settlement = visit.ledger.settlement
    current_accounts = [
        _bank_account_text(each) for each in visit.ledger.all("bank_account", default_for_currency=True)
    ]
    shown_accounts = current_accounts or [f"{settlement.bank_name}, ending in {settlement.bank_last4}"]
    return section(
        "Bank account",
        Html(f"<p>{'<br>'.join(join(each) for each in shown_accounts)}</p>"),
        muted_text(
            "After a payout has failed, Stripe makes no automatic payouts until the account has another bank account."
        ),
        form(
            visit,
            "payouts",
            "bank",
            "Use this bank account",
            entry(visit, "bank", "bank_name", "Bank", settlement.bank_name),
            entry(visit, "bank", "last4", "Last four digits of the account number", "", "Four digits, such as 4321."),
            plain=True,
        ),
    )


def _action_forms(visit: Visit, payout: JSON) -> Html:
    path, status = f"payouts/{payout['id']}", payout["status"]
    small_forms, parts = [], []
    if status == "pending":
        small_forms.append(form(visit, path, "cancel", "Cancel it", plain=True))
    if status == "paid" and payout["amount"] > 0 and not payout["reversed_by"]:
        small_forms.append(form(visit, path, "reverse", "Reverse it", plain=True))
    if small_forms:
        parts.append(buttons(*small_forms))
    if status in ("pending", "in_transit", "paid") and not payout["reversed_by"]:
        reason = choice(visit, "fail", "reason", "What the bank says", MESSAGES)
        parts.append(form(visit, path, "fail", "Let it fail", reason, plain=True))
    if not parts:
        return NOTHING
    if status != "paid":
        parts.insert(0, muted_text("It arrives when Stripe's clock reaches its arrival date."))
    return section("What happens next", *parts)


def _lines(visit: Visit, payout: JSON) -> Html:
    if not payout["automatic"]:
        return section("Lines", muted_text("Stripe does not record which payments are in a manual payout."))
    lines = [each for each in visit.ledger.funds.lines(payout["id"]) if each["id"] != payout["balance_transaction"]]
    rows: list[Sequence[str]] = [
        (
            each["reporting_category"].replace("_", " ").capitalize(),
            _source(visit, each),
            each["description"] or "",
            money(each["amount"], each["currency"]),
            money(-each["fee"], each["currency"]),
            money(each["net"], each["currency"]),
        )
        for each in reversed(lines)
    ]
    total = money(sum(each["net"] for each in lines), payout["currency"])
    rows.append((Html("<b>Total</b>"), "", "", "", "", Html(f"<b>{total}</b>")))
    names = ("Type", "Source", "Description", "Amount", "Fee", "Net")
    return section(
        "Lines", table("Lines of the payout", names, rows, empty="", amount_columns=("Amount", "Fee", "Net"))
    )


def _source(visit: Visit, transaction: JSON) -> Html:
    """Returns a link to the source of a balance transaction: a payment, a dispute or a payout."""
    source = transaction["source"] or ""
    kind = KINDS.get(source.partition("_")[0], "")
    source_object = visit.ledger.find(kind, source)
    if source_object is None:
        return Html("—")
    if kind == "payout":
        return link(visit.url(f"payouts/{source}"), "Payout")
    if kind == "dispute":
        return link(visit.url(f"disputes/{source}"), "Dispute")
    intent = visit.ledger.get("payment_intent", source_object["payment_intent"])
    return link(visit.url(f"payments/{intent['id']}"), payments.customer_name(visit, intent["customer"]))


def _pay_out(visit: Visit, _: str) -> None:
    visit.controls.pay_out(visit.account, visit.form.get("of"))


def _set_bank_account(visit: Visit, _: str) -> None:
    name, last4 = visit.form.get("bank_name", "").strip(), visit.form.get("last4", "").strip()
    if not name:
        raise InvalidInput("Enter the name of the bank.", "bank_name")
    if not re.fullmatch("[0-9]{4}", last4):
        raise InvalidInput("Enter four digits.", "last4")
    visit.controls.update_account(visit.account, bank_name=name, bank_last4=last4)


def _fail(visit: Visit, payout: str) -> None:
    visit.controls.fail_payout(visit.account, payout, failure_code=chosen_option(visit, "reason", MESSAGES))


def _cancel(visit: Visit, payout: str) -> None:
    visit.controls.cancel_payout(visit.account, payout)


def _reverse(visit: Visit, payout: str) -> str:
    back = visit.controls.reverse_payout(visit.account, payout)
    return f"payouts/{back['id']}"


PAGES: dict[str, Show] = {"payouts": list_page, "payouts/*": page, "settings/payouts": list_page}
ACTIONS = {
    "payouts/pay-out": FormAction(_pay_out, "The payout was made."),
    "payouts/bank": FormAction(_set_bank_account, "The next payout goes to this bank account."),
    "payouts/*/fail": FormAction(_fail, "The payout has failed. Its money is in the balance again."),
    "payouts/*/cancel": FormAction(_cancel, "The payout was canceled. Its money is in the balance again."),
    "payouts/*/reverse": FormAction(_reverse, "This payout reverses the other one."),
}
