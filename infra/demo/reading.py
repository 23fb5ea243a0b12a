"""What the story reads in the API's answers."""

from __future__ import annotations

from typing import Any

COLUMNS = ["When", "What", "Source", "Amount", "Reason"]
"""Above the entries of an invoice's history, see `row`."""


def status(answer: Any) -> str:
    """The status of an invoice or a connection."""
    return str(answer["status"])


def reason(invoice: Any) -> str:
    """Why the latest attempt to pay failed."""
    failure = invoice["failure"]
    return str(failure["reason"]) if failure else "none"


def told(history: Any) -> str:
    """Which of an invoice's main events a history has, in their order."""
    kinds = {entry["kind"] for entry in history["data"]}
    return ", ".join(kind for kind in ("created", "send_requested", "payment_failed", "paid") if kind in kinds)


def refunded(history: Any) -> str:
    """The amounts of the refunds in a history."""
    return ", ".join(amount(entry) for entry in history["data"] if entry["kind"] == "refund_created")


def sent(batch: Any) -> int:
    """How many invoices of a batch were sent."""
    return int(batch["counts"]["sent"])


def row(entry: Any) -> list[str]:
    """One entry of an invoice's history, below `COLUMNS`."""
    when = entry["at"].replace("T", " ").removesuffix("Z")
    return [when, entry["kind"].replace("_", " "), entry["source"], amount(entry), entry.get("reason", "")]


def amount(entry: Any) -> str:
    """The amount of an entry with its currency, if it has one."""
    return f"{entry['amount']} {entry['currency'].upper()}" if "amount" in entry else ""
