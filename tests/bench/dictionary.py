"""Creates a preset dictionary for documents: `python -m tests.bench.dictionary` prints it.

It plays the life of invoices against the Stripe double, encodes the invoices and their records, and leaves out all
that differs between two of them: ids, names, links, amounts and times. Field names and usual values remain. A passage
that a later document has too is stored once, in the later one. The documents that are written most come last, because
zlib refers most cheaply to the nearest bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from chalicelib.adapters.tables.codec import json_of
from chalicelib.domain.invoice import Invoice
from tests.world import ORGANIZATION, World

SHORTEST = 12
"""The minimum number of letters for which a passage that a later document also has is left out. A shorter passage is
not worth a reference.
"""

USUAL = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "due_on_receipt", "net_15",
    "us_bank_account", '"mastercard"', '"amex"', '"discover"', '"expires":"2028-', '"expires":"2027-',
    "yahoo.com", "outlook.com", "hotmail.com", "icloud.com", "cleaning", "Weekly pool ", '@gmail.com"',
)  # fmt: skip
"""Common values that the simulated company does not have."""

LINE = 104
"""The letters in a line of the generated module."""

_LEFT_OUT = (
    (r"http://127\.0\.0\.1:0/i/\w+/\w+/pdf", "https://pay.stripe.com/invoice/acct_1/live_YWNjdF8x/pdf?s=ap"),
    (r"http://127\.0\.0\.1:0/i/\w+/\w+", "https://invoice.stripe.com/i/acct_1/live_YWNjdF8x?s=ap"),
    (r"http://127\.0\.0\.1:0/receipts/\w+/\w+", "https://pay.stripe.com/receipts/invoices/CAcaFwoVYWNjdF8x?s=ap"),
    (r"\bacct_\w+", "acct_1"),
    (r"\b(in|pi|ch|py|re|du|dp|cn|pyr)_\w+", r"\1_"),
    (r"\b(inpay|cus|inv|evt)_\w+", r"\1_"),
    (r'"(Ann|Lee|Blue Pools|ann@example\.test|Cleaning svc_\d+|body)"', '""'),
    (r'"(org_blue|cust_1|svc_\d+|user_office|user_admin|nonce-\d+)"', '""'),
    (r'"number":"\w+-0*(\d)"', r'"number":"-000\1"'),
    (r"\b18\d{8}\b", "17"),
    (r"\b\d{4,5}\b(?![-\"])", ""),
    (r'"livemode":false', '"livemode":true'),
)
"""Patterns of the parts that differ between documents, each with the constant text that replaces it. Stripe's own
links replace the double's.
"""


def made() -> bytes:
    """Returns the dictionary."""
    kept = ""
    for document in reversed([_without_what_differs(json_of(record)) for record in records()]):
        kept = _passages_not_in(kept, document) + kept
    return ("".join(USUAL) + kept).encode()


def records() -> Iterator[Any]:
    """Yields the stored records of a small company. The records that are written most often come last."""
    world = World()
    account = world.connect()
    world.customer()
    world.deliver()
    yield world.ports.connections.get(ORGANIZATION)
    yield from world.ports.database.customers.values()

    services = (f"svc_{number}" for number in count(1))

    def sent() -> Invoice:
        service = next(services)
        invoice = world.invoice(service, idempotency_key=service)
        world.deliver()
        return world.now(invoice)

    def charge_of(invoice: Invoice) -> str:
        return next(each.id for each in world.now(invoice).facts.charges.values() if each.status == "succeeded")

    def paid(method: str = "pm_card_visa") -> Invoice:
        invoice = sent()
        world.advance(90_000)
        world.double.pay(account, str(invoice.stripe_invoice_id), method)
        world.deliver()
        return world.now(invoice)

    options: Any = {"stripe_account": account}
    disputed = paid()
    world.double.open_dispute(account, charge_of(disputed))
    world.deliver()
    yield world.now(disputed)
    refunded = paid()
    refund: Any = {"charge": charge_of(refunded), "amount": 2500}
    world.client.v1.refunds.create(refund, options)
    world.deliver()
    yield world.now(refunded)
    debited = sent()
    world.double.pay(account, str(debited.stripe_invoice_id), "000123456789")
    world.deliver()
    yield world.now(debited)
    declined = paid("pm_card_chargeDeclinedInsufficientFunds")
    yield declined
    yield from world.ports.database.movements.values()
    yield world.invoice(next(services), idempotency_key="made")
    yield sent()
    yield paid()


def _without_what_differs(text: bytes) -> str:
    masked = text.decode()
    for differing, same in _LEFT_OUT:
        masked = re.sub(differing, same, masked)
    return masked


def _passages_not_in(kept: str, document: str) -> str:
    """Returns the passages of `document` that `kept` does not have, without those that are too short for a
    reference.
    """
    passages, at = [""], 0
    while at < len(document):
        length = SHORTEST
        while at + length <= len(document) and document[at : at + length] in kept:
            length += 1
        if length > SHORTEST:
            passages.append("")
            at += length - 1
        else:
            passages[-1] += document[at]
            at += 1
    return "".join(passage for passage in passages if len(passage) >= SHORTEST)


if __name__ == "__main__":
    dictionary = made()
    for start in range(0, len(dictionary), LINE):
        print(f"    {dictionary[start : start + LINE]!r}")
