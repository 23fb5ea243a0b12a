"""Functions that read values and table rows from the API's responses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from infra import timeline_words
from infra.timeline_words import clock_time

COLUMNS = ["When (UTC)", "What happened"]
"""The columns of an invoice's history, see `row`."""

EVENT_COLUMNS = ["Arrived (UTC)", "Event", "Outcome", "Lag"]
"""The columns of the events about an invoice, see `event_row`."""

DEPOSIT_COLUMNS = [
    "Arrives", "Bank", "Status", "Payments", "Refunds", "Fees", "Other", "Outside POM", "Net", "Invoices", "Tied out",
]  # fmt: skip
"""The columns of deposits, see `deposit_row`."""

LINE_COLUMNS = ["Booked", "Invoice", "Customer", "What", "Gross", "Fee", "Net"]
"""The columns of the lines of a deposit, see `line_row`."""

INVOICE_COLUMNS = ["Number", "Customer", "Total", "Balance", "Status"]
"""The columns of invoices, see `invoice_row`."""

CHANGE_COLUMNS = ["When (UTC)", "What happened", "Before", "After", "Version"]
"""The columns of changes, see `change_row`."""

MONEY_COLUMNS = ["When (UTC)", "What", "Amount", "Card"]
"""The columns of payments and refunds, see `money_row`."""


def status(answer: Any) -> str:
    """Returns the status of an invoice or a connection."""
    return str(answer["status"])


def reason(invoice: Any) -> str:
    """Returns why the latest attempt to pay failed."""
    failure = invoice["failure"]
    return str(failure["reason"]) if failure else "none"


def entry_kinds(history: Any) -> str:
    """Returns the kinds of the entries of a history, in their order."""
    return ", ".join(entry["kind"] for entry in history["data"])


def latest_sentence(history: Any) -> str:
    """Returns the latest entry as a sentence, see `sentence`."""
    entries = history["data"]
    return sentence(entries[-1]) if entries else "nothing"


def logged_types(events: Any, types: Sequence[str]) -> str:
    """Returns those of `types` that occur in the event log."""
    types_in_log = {event["type"] for event in events["data"]}
    return ", ".join(event_type for event_type in types if event_type in types_in_log)


def has_recovered_event(events: Any) -> bool:
    """Returns True if the event log has an event that POM fetched because no webhook brought it."""
    return any(event["outcome"] == "recovered" for event in events["data"])


def sent_count(batch: Any) -> int:
    """Returns how many invoices of a batch were sent."""
    return int(batch["counts"]["sent"])


def draft_count(batch: Any) -> int:
    """Returns how many drafts of a batch were created."""
    return int(batch["counts"]["created"])


def sent_or_held_back(batch: Any) -> str:
    """Returns how many drafts of a batch were sent, and how many were held back."""
    return f"{batch['counts']['sent']} sent, {batch['counts']['heldBack']} held back"


def totals(invoices: Any) -> str:
    """Returns how many invoices a list has on all pages, and their total."""
    texts = [
        f"{each['invoices']} over {timeline_words.money(each['total'], each['currency'])}"
        for each in invoices["totals"]
    ]
    return ", ".join(texts) or "nothing"


def stripe_id(invoice: Any) -> str:
    """Returns the id of an invoice in Stripe, which is the end of its link to the dashboard."""
    return str(invoice["dashboardUrl"]).rpartition("/")[2]


def invoice_row(invoice: Any) -> list[str]:
    """Returns the row of an invoice, for `INVOICE_COLUMNS`."""
    return [
        invoice["number"] or "",
        invoice["customerName"],
        invoice["total"],
        invoice["balance"],
        invoice["status"],
    ]


def row(entry: Any) -> list[str]:
    """Returns the row of an entry of an invoice's history, for `COLUMNS`."""
    return [clock_time(entry["at"]), sentence(entry)]


def event_row(event: Any) -> list[str]:
    """Returns the row of an event about an invoice, for `EVENT_COLUMNS`."""
    return [
        clock_time(event["arrivedAt"]),
        event["type"],
        event["outcome"].replace("_", " "),
        f"{event['lagSeconds']} s",
    ]


def change_row(change: Any) -> list[str]:
    """Returns the row of a change of the feed, for `CHANGE_COLUMNS`."""
    states = [change[name] or "" for name in ("previousStatus", "status")]
    return [clock_time(change["at"]), change["type"], *states, str(change["version"])]


def milestones(changes: Sequence[Any]) -> str:
    """Returns the changes of an invoice, without those that depend on the order in which Stripe's events arrive.

    These are `invoice.pending`, which is published only if the start of an attempt is stored before its end, and a
    reason that POM received later.
    """
    counted_changes = [
        each for each in changes if each["type"] != "invoice.pending" and not reason_became_known(each)
    ]
    return ", ".join(change["type"].partition(".")[2] for change in counted_changes)


def reason_became_known(change: Any) -> bool:
    """Returns True for a failed attempt of an invoice that had already failed.

    Stripe reports in one event that an attempt failed and in another one why, in any order. If the reason comes last,
    the same failed attempt is published again.
    """
    return bool(change["type"] == "invoice.payment_failed" and change["previousStatus"] == "failed")


def money_row(movement: Any) -> list[str]:
    """Returns the row of a payment, refund or dispute, for `MONEY_COLUMNS`."""
    amount = timeline_words.money(movement["receivedAmount"], movement["currency"])
    return [clock_time(movement["at"]), movement["kind"], amount, method(movement["method"])]


def deposit_row(deposit: Any) -> list[str]:
    """Returns the row of a deposit, for `DEPOSIT_COLUMNS`."""
    totals, bank = deposit["totals"], deposit["bank"]
    names = ("payments", "refunds", "fees", "other", "outsidePom")
    parts = [totals[name] if totals else "" for name in names]
    tied_out = {True: "yes", False: "no", None: "not yet"}[deposit["tiedOut"]]
    return [
        deposit["arrivesOn"],
        f"…{bank['last4']}",
        deposit["status"].replace("_", " "),
        *parts,
        deposit["amount"],
        str(deposit["invoiceCount"] or 0),
        tied_out,
    ]


def line_row(line: Any, names: Mapping[str, str]) -> list[str]:
    """Returns the row of a line of a deposit, for `LINE_COLUMNS`. `names` has the customers' names by their ids."""
    kind = "outside POM" if line["outsidePom"] else _WHAT.get(line["kind"], line["category"].replace("_", " "))
    customer = names.get(line["customerId"] or "", "")
    return [line["at"][:10], line["number"] or "", customer, kind, line["gross"], line["fee"], line["net"]]


_WHAT = {"payment": "payment", "refund": "refund", "dispute": "dispute", "fee": "Stripe's fee"}


def day_in_words(day: str) -> str:
    """Returns an ISO 8601 date in the form of POM's messages, such as 3 December 2026."""
    date = dt.date.fromisoformat(day)
    return f"{date.day} {date:%B} {date.year}"


def newest_status(deposits: Any) -> str:
    """Returns the status of the deposit that arrives last."""
    return ", ".join(each["status"] for each in deposits["data"][:1])


def statuses(deposits: Any) -> str:
    """Returns the status of each deposit, the latest arrival first."""
    return ", ".join(each["status"] for each in deposits["data"])


def tied_out(deposit: Any) -> bool:
    """Returns True once the lines of a deposit add up to its amount."""
    return bool(deposit["tiedOut"])


def kinds(attention: Any) -> str:
    """Returns the kinds of the items that need a person's attention."""
    return ", ".join(item["kind"] for item in attention["data"]) or "nothing"


def is_expected(invoice: Any) -> bool:
    """Returns True once Stripe has reported when an invoice's money can be in a deposit."""
    deposits = [deposit for payment in invoice["payments"] for deposit in payment["deposits"]]
    return [deposit["status"] for deposit in deposits] == ["expected"]


def where_money_is(invoice: Any) -> str:
    """Returns in words where the money of an invoice's payment is."""
    deposits = [deposit["message"] for payment in invoice["payments"] for deposit in payment["deposits"]]
    return deposits[-1] if deposits else "nowhere yet"


def sentence(entry: Any) -> str:
    """Returns what happened, such as `Payment failed: 80.00 USD by Visa 9995, insufficient funds`."""
    amount = timeline_words.money(entry["amount"], entry["currency"]) if entry["amount"] else None
    return timeline_words.sentence(entry["kind"], amount, method(entry["method"]), entry["reason"], entry["to"])


def method(paid_with: Any) -> str:
    """Returns how somebody paid, such as `Visa 4242`."""
    if paid_with is None:
        return ""
    return timeline_words.paid_with(paid_with["type"], paid_with["brand"], paid_with["last4"])
