"""What the story reads in the API's answers."""

from __future__ import annotations

from typing import Any

COLUMNS = ["When", "What happened"]
"""Above the entries of an invoice's history, see `row`."""

EVENT_COLUMNS = ["Arrived", "Event", "Outcome", "Lag"]
"""Above the events about an invoice, see `event_row`."""

MONEY_COLUMNS = ["When", "What", "Amount", "Card"]
"""Above payments and refunds, see `money_row`."""


def status(answer: Any) -> str:
    """The status of an invoice or a connection."""
    return str(answer["status"])


def reason(invoice: Any) -> str:
    """Why the latest attempt to pay failed."""
    failure = invoice["failure"]
    return str(failure["reason"]) if failure else "none"


def told(history: Any) -> str:
    """Returns the kinds of the entries of a history, in their order."""
    return ", ".join(entry["kind"] for entry in history["data"])


def recovered(events: Any) -> bool:
    """Returns True if the event log has an event that POM fetched because no webhook brought it."""
    return any(event["outcome"] == "recovered" for event in events["data"])


def sent(batch: Any) -> int:
    """How many invoices of a batch were sent."""
    return int(batch["counts"]["sent"])


def row(entry: Any) -> list[str]:
    """Returns one entry of an invoice's history, below `COLUMNS`."""
    return [_when(entry["at"]), sentence(entry)]


def event_row(event: Any) -> list[str]:
    """Returns one event about an invoice, below `EVENT_COLUMNS`."""
    return [
        _when(event["arrivedAt"]),
        event["type"],
        event["outcome"].replace("_", " "),
        f"{event['lagSeconds']} s",
    ]


def money_row(movement: Any) -> list[str]:
    """Returns one payment, refund or dispute, below `MONEY_COLUMNS`."""
    amount = f"{movement['receivedAmount']} {movement['currency'].upper()}"
    return [_when(movement["at"]), movement["kind"], amount, method(movement["method"])]


def sentence(entry: Any) -> str:
    """Returns what happened, such as `Payment failed: 80.00 USD by Visa 9995, insufficient funds`."""
    happened = entry["kind"].replace("_", " ").capitalize()
    if "to" in entry:
        happened += f" to {entry['to']}"
    details = []
    if "amount" in entry:
        details.append(f"{entry['amount']} {entry['currency'].upper()}")
    if "method" in entry:
        way = "to" if "refund" in entry["kind"] else "by"
        details = [" ".join([*details, way, method(entry["method"])])]
    if "reason" in entry:
        details.append(entry["reason"].replace("_", " "))
    return f"{happened}: {', '.join(details)}" if details else happened


def method(paid_with: Any) -> str:
    """Returns how somebody paid, such as `Visa 4242`."""
    named = (paid_with["brand"] or paid_with["type"] or "").replace("_", " ").capitalize()
    return f"{named} {paid_with['last4']}" if paid_with["last4"] else named


def _when(instant: str) -> str:
    return instant.replace("T", " ").removesuffix("Z")
