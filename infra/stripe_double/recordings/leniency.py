"""The fields in which two correct responses may differ, each with the reason why it is not compared exactly."""

from __future__ import annotations

import re
from enum import Enum
from functools import cache
from types import MappingProxyType


class Care(Enum):
    """How exactly a field is compared."""

    FULL = "full"
    FILLED = "filled"
    """Compares like `FULL`, but a field that is null in the double may have a value in the recording."""
    IN_TIME = "in time"
    """Compares like `FULL`, but the field may still be null on one side."""
    KIND = "kind"
    """Compares presence, JSON type, null, and whether the value is zero or empty, but not the content of a hash or
    list.
    """
    PRESENCE = "presence"
    """Compares presence, and the type if neither value is null."""
    NONE = "none"
    """Compares nothing."""


_COUNTRY = "Stripe's prices and exchange rates depend on the country and the contract of the account."
_OWNER = "The owner of the account or Stripe filled it in, so it differs in each account."
_DEFAULTS = "The owner of the account can give invoices a default memo, footer, fields and template in the Dashboard."
_BOOKED = "Stripe books a charge some seconds after it succeeded, before or after its refunds and disputes."
_METHODS = "The payment methods of an account depend on its country and on its owner's settings."
_FUNDS = "The account may have had money before the recording began."
_DRAWN = "Stripe generates it at random or counts it up."
_CARD = "Stripe changes it on its test cards every year."
_PREFILLED = "Stripe fills it in from the customer and the charge, sometimes seconds later."
_ENDPOINTS = "It counts the webhook endpoints, which the recording's platform and the double do not share."

_ORDER = "The events of one change come in an unknown order, and each has the state of its own time."

FIELDS = MappingProxyType(
    {
        "balance_transaction.fee": (Care.KIND, _COUNTRY),
        "balance_transaction.net": (Care.KIND, _COUNTRY),
        "balance_transaction.fee_details": (Care.KIND, _COUNTRY),
        "balance_transaction.exchange_rate": (Care.KIND, _COUNTRY),
        "balance.available": (Care.KIND, _FUNDS),
        "balance.instant_available": (Care.KIND, _FUNDS),
        "balance.pending": (Care.KIND, _FUNDS),
        "balance.connect_reserved": (Care.KIND, _FUNDS),
        "balance.refund_and_dispute_prefunding": (Care.KIND, _FUNDS),
        "payout.amount": (Care.KIND, _FUNDS),
        "charge.balance_transaction": (Care.IN_TIME, _BOOKED),
        "account.business_profile": (Care.PRESENCE, _OWNER),
        "account.business_type": (Care.PRESENCE, _OWNER),
        "account.email": (Care.PRESENCE, _OWNER),
        "account.future_requirements": (Care.PRESENCE, _OWNER),
        "account.requirements": (Care.PRESENCE, _OWNER),
        "account.settings": (Care.PRESENCE, _OWNER),
        "account.capabilities": (Care.KIND, _OWNER),
        "account.controller": (Care.PRESENCE, _OWNER),
        "account.metadata": (Care.KIND, _OWNER),
        "invoice.custom_fields": (Care.FILLED, _DEFAULTS),
        "invoice.description": (Care.FILLED, _DEFAULTS),
        "invoice.footer": (Care.FILLED, _DEFAULTS),
        "invoice.rendering": (Care.FILLED, _DEFAULTS),
        "payment_intent.payment_method_types": (Care.KIND, _METHODS),
        "payment_intent.payment_method_options": (Care.KIND, _METHODS),
        "event.pending_webhooks": (Care.PRESENCE, _ENDPOINTS),
        "dispute.evidence.customer_email_address": (Care.PRESENCE, _PREFILLED),
        "dispute.evidence.customer_name": (Care.PRESENCE, _PREFILLED),
        "dispute.evidence.product_description": (Care.PRESENCE, _PREFILLED),
        "*.application": (Care.KIND, "It is the platform's own id."),
        "*.exp_month": (Care.KIND, _CARD),
        "*.exp_year": (Care.KIND, _CARD),
        "*.fingerprint": (Care.KIND, _DRAWN),
        "*.invoice_prefix": (Care.KIND, _DRAWN),
        "*.number": (Care.KIND, _DRAWN),
        "*.receipt_number": (Care.PRESENCE, _DRAWN),
        "*.client_secret": (Care.KIND, _DRAWN),
        "*.network_transaction_id": (Care.PRESENCE, _DRAWN),
        "*.authorization_code": (Care.PRESENCE, _DRAWN),
        "*.reference": (Care.PRESENCE, _DRAWN),
        "*.trace_id": (Care.PRESENCE, _DRAWN),
        "*.risk_score": (Care.KIND, _DRAWN),
    }
)
"""The fields by kind of object and path, or by `*` and a field's name for all objects."""

IN_EVENTS = MappingProxyType(
    {
        "charge.updated.amount_refunded": (Care.PRESENCE, _BOOKED),
        "charge.updated.invoice": (Care.PRESENCE, _BOOKED),
        "charge.updated.refunded": (Care.PRESENCE, _BOOKED),
        "charge.updated.refunds": (Care.PRESENCE, _BOOKED),
        "invoice.latest_revision": (Care.PRESENCE, _ORDER),
        "event.data.previous_attributes.latest_revision": (Care.NONE, _ORDER),
    }
)
"""The fields that differ only in events, by the event's type or by the kind of the object."""

_MOMENT = re.compile(r"^(created|date|start|end|.*_(at|on|by|date|start|end)|expires.*|period.*|timestamp|deadline)$")
_LATER = re.compile(r"(.*\.)?(available_on|arrival_date|due_by|expires[^.]*)|(payout|balance_transaction)\.created")
HOUR, MONTH = 3_600, 31 * 86_400
BILLION = 1_000_000_000
"""A larger number is a timestamp, because no recording has amounts with so many digits."""


@cache
def care(kind: str, path: str, event: str | None = None) -> Care:
    """Returns how exactly the field at a path within an object of a kind is compared. `event` is the event's type, if
    any.

    The fields within a field inherit its care.
    """
    parent_path, _, name = path.rpartition(".")
    parent_care = care(kind, parent_path, event) if parent_path else Care.FULL
    if parent_care is not Care.FULL:
        return parent_care
    tables = (IN_EVENTS, FIELDS) if event or kind == "event" else (FIELDS,)
    names = (f"{event}.{path}", f"{kind}.{path}", f"*.{name}")
    entries = (table[each] for table in tables for each in names if each in table)
    return next(entries, (Care.FULL, ""))[0]


def is_timestamp(path: str, *numbers: float) -> bool:
    """Returns True if the numbers at a path are epoch seconds."""
    return bool(_MOMENT.match(path.rpartition(".")[2])) or all(abs(value) > BILLION for value in numbers)


def allowed_seconds_apart(kind: str, path: str) -> int:
    """Returns the number of seconds by which two correct timestamps at a path within an object of a kind may differ.

    Dates that banks and Stripe choose depend on the country, the account, and the day of the week.
    """
    return MONTH if _LATER.fullmatch(f"{kind}.{path}") else HOUR
