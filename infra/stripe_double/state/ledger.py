"""The objects of one Stripe account. A ledger never refers to another ledger, so accounts stay isolated."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import NoSuchObject
from .funds import Funds
from .settlement import Settlement

JSON = dict[str, Any]

KINDS = {
    "cus": "customer",
    "in": "invoice",
    "inpay": "invoice_payment",
    "pi": "payment_intent",
    "ch": "charge",
    "py": "charge",
    "re": "refund",
    "pyr": "refund",
    "du": "dispute",
    "cn": "credit_note",
    "txn": "balance_transaction",
    "po": "payout",
    "ba": "bank_account",
    "pm": "payment_method",
    "txr": "tax_rate",
    "we": "webhook_endpoint",
    "ii": "invoiceitem",
    "cbtxn": "customer_balance_transaction",
    "di": "discount",
}
"""The kind of an object by the prefix of its id."""

_NAMES = {
    "payment_intent": "payment_intent",
    "invoice_payment": "invoice payment",
    "credit_note": "credit note",
    "invoiceitem": "invoice item",
    "tax_rate": "tax rate",
    "webhook_endpoint": "webhook endpoint",
    "payment_method": "PaymentMethod",
    "balance_transaction": "balance transaction",
}


_INDEXED = {
    "invoice_payment": "invoice",
    "refund": "charge",
    "credit_note": "invoice",
    "charge": "payment_intent",
    "balance_transaction": "source",
}
"""Kinds that have an index by the object to which they belong, because that reference never changes."""


class Ledger:
    """The objects of one account by kind and id, in order of creation, and its events, oldest first."""

    def __init__(self, account: JSON, *, livemode: bool, api_version: str, connected: bool) -> None:
        self.account = account
        self.livemode = livemode
        self.api_version = api_version
        self.connected = connected
        self.settlement = Settlement()
        self.funds = Funds()
        self.covers_refunds = True
        """False if Stripe refuses refunds because the account's balance does not cover them."""
        self.voids_uncollectible = True
        """False if Stripe refuses to void an uncollectible invoice, as it did for the account recorded in 2026."""
        self.returns_dispute_fees = True
        """False if Stripe keeps the fee of a won dispute, as it did for the account recorded in 2026."""
        self.tells_paid_outside = False
        """True if invoices have `amount_paid_off_stripe`, unlike those of the account recorded in 2026."""
        self.tables: dict[str, dict[str, JSON]] = {}
        self.lines: dict[str, list[JSON]] = {}
        self.events: dict[str, JSON] = {}
        self.mails: list[JSON] = []
        self._index: dict[tuple[str, str], list[JSON]] = {}

    @property
    def id(self) -> str:
        """The account's id; `platform` for the platform itself."""
        return str(self.account["id"])

    def add(self, obj: JSON) -> JSON:
        """Stores a new object under its own `object` and `id`, and returns it."""
        kind = obj["object"]
        self.tables.setdefault(kind, {})[obj["id"]] = obj
        if field := _INDEXED.get(kind):
            self._index.setdefault((kind, obj[field]), []).append(obj)
        return obj

    def get(self, kind: str, object_id: str, param: str = "id", status: int = 404) -> JSON:
        """Returns the object. Raises NoSuchObject if this account does not have it, even if another account does."""
        try:
            return self.tables[kind][object_id]
        except KeyError:
            raise NoSuchObject(_NAMES.get(kind, kind), object_id, param, status) from None

    def find(self, kind: str, object_id: str | None) -> JSON | None:
        """Returns the object, or None if this account does not have it."""
        return self.tables.get(kind, {}).get(object_id or "")

    def all(self, kind: str, **fields: Any) -> Iterator[JSON]:
        """Yields the objects of a kind that have the given values in their fields, oldest first."""
        field = _INDEXED.get(kind, "")
        if field in fields:
            members: Iterable[JSON] = self._index.get((kind, fields[field]), ())
        else:
            members = self.tables.get(kind, {}).values()
        for obj in members:
            if all(obj.get(k) == v for k, v in fields.items()):
                yield obj

    def remove(self, kind: str, object_id: str) -> None:
        """Removes an object that was deleted."""
        self.tables[kind].pop(object_id)


def public(obj: JSON) -> JSON:
    """Returns the object without the double's internal fields, whose names begin with an underscore."""
    return {k: v for k, v in obj.items() if not k.startswith("_")}


def frozen(obj: JSON) -> JSON:
    """Returns a deep copy."""
    copy: JSON = json.loads(json.dumps(obj))
    return copy
