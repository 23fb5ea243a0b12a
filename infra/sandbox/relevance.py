"""Decides whether a difference is harmful: it is harmful if the product reads the field, and otherwise harmless.

The product's own code says which data it reads:

- the fields of the msgspec models in `chalicelib/adapters/stripe/objects`, and of the models for pages, endpoints
  and events;
- for events in another API version, the fields that lead to the event's owner;
- the error codes that the product distinguishes;
- the event types in the subscription.

A field that is added to a model counts as read from then on. Fields that are read are not graded: a missing field, a
null, another type or another value gives the product data that no test covers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from chalicelib.adapters.stripe.event_subjects import OWNER_FIELDS
from chalicelib.adapters.stripe.events import Event, EventData
from chalicelib.adapters.stripe.lists import ListPage
from chalicelib.adapters.stripe.objects import OBJECTS
from chalicelib.adapters.stripe.objects.balance import Balance
from chalicelib.adapters.stripe.objects.balance_transactions import BalanceTransaction, BookedCharge, BookedIntent
from chalicelib.adapters.stripe.objects.invoices import LineOfDraft
from chalicelib.adapters.stripe.objects.payment_methods import BRAND_FIELDS, LAST4_FIELDS
from chalicelib.adapters.stripe.objects.payments import OpenInvoicePayment
from chalicelib.adapters.stripe.objects.payouts import Payout
from chalicelib.adapters.stripe.records import Line, Order
from chalicelib.adapters.stripe.refund_refusals import BY_CODE
from chalicelib.adapters.stripe.webhook_endpoints import Endpoint, Endpoints
from chalicelib.domain.events import API_VERSION, SUBSCRIPTION
from chalicelib.domain.failures import REASON_BY_CODE
from infra.sandbox.findings import Verdict
from infra.stripe_double.recordings.differences import Difference, Kind

MODELS: Mapping[str, tuple[type[msgspec.Struct], ...]] = {
    **{name: (model,) for name, model in OBJECTS.items()},
    "invoice": (OBJECTS["invoice"], Order),
    "line_item": (LineOfDraft, Line),
    "charge": (OBJECTS["charge"], BookedCharge),
    "payment_intent": (OBJECTS["payment_intent"], BookedIntent),
    "invoice_payment": (OBJECTS["invoice_payment"], OpenInvoicePayment),
    "payout": (Payout,),
    "balance": (Balance,),
    "balance_transaction": (BalanceTransaction,),
    "webhook_endpoint": (Endpoint,),
    "event": (Event, EventData),
    "list": (ListPage, Endpoints),
    "search_result": (ListPage,),
}
"""The models by which the product reads each `object` of Stripe."""

_INSTRUMENT = frozenset({*BRAND_FIELDS, *LAST4_FIELDS, "exp_month", "exp_year"})
READ_PARTS: Mapping[tuple[str, str], frozenset[str]] = {
    ("charge", "payment_method_details"): _INSTRUMENT | {"type", "funding"},
    ("payment_intent", "last_payment_error.payment_method"): frozenset({"id", "type"}),
    ("payout", "destination"): frozenset({"id", "bank_name", "brand", "last4"}),
    ("payout", "trace_id"): frozenset({"value"}),
    ("balance_transaction", "fee_details"): frozenset({"amount", "description", "type"}),
    ("balance_transaction", "source"): frozenset({"id", "object", "amount", "currency", "payment_intent", "charge"}),
    ("event", "request"): frozenset({"idempotency_key"}),
    ("event", "data"): frozenset({"object"}),
    ("line_item", "taxes"): frozenset(),
}
"""The last path segments that the product reads of a field that its model accepts in any form. If a field has no
entry here, the product reads all of it.
"""

WITHOUT_MODEL: Mapping[str, frozenset[str]] = {
    "payment_method": frozenset({"id", "type"}),
    "bank_account": frozenset({"id", "bank_name", "last4"}),
    "card": frozenset({"id", "brand", "last4"}),
    "answer": frozenset({"stripe_user_id", "livemode", "scope", "error"}),
}
"""Objects that the product reads without a model, and the response of Connect OAuth (`answer`), which has no
`object`.
"""

HEADERS = frozenset({"date", "idempotent-replayed", "stripe-should-retry"})
"""The product reads the first two headers. The SDK's retries, on which the product relies, read the last."""

ERROR_CODES = frozenset({*BY_CODE, *REASON_BY_CODE, "account_invalid", "resource_missing"})
"""Error codes that the product distinguishes."""

_OBJECT_BY_RESOURCE = {"charge.dispute": "dispute", "charge.refund": "refund", "account.application": "application"}


def verdict_of(difference: Difference, version: str | None = None) -> Verdict:
    """Returns HARMFUL or HARMLESS. `version` is the API version of the account's events."""
    return Verdict.HARMFUL if _matters(difference, version) else Verdict.HARMLESS


def _matters(difference: Difference, version: str | None) -> bool:
    match difference.kind:
        case Kind.NOT_PLAYED | Kind.EVENT_ORDER:
            return False  # the double lacks the request; Stripe promises no order, so no code relies on one
        case Kind.STATUS | Kind.IN_TIME:
            return True  # no test covers a step that ends this way
        case Kind.EVENT_MISSING | Kind.EVENT_EXTRA:
            return difference.object in SUBSCRIPTION
        case Kind.ERROR:
            return _error_matters(difference)
        case Kind.HEADER:
            return difference.path in HEADERS
        case Kind.EXTRA if difference.recorded is None:
            return False  # the product reads null like a missing field
    names = tuple(name for name in difference.path.split(".") if not _is_position(name))
    return is_read(difference.object, names, version)


def _error_matters(difference: Difference) -> bool:
    if difference.path.endswith("code"):
        return bool({difference.recorded, difference.played} & ERROR_CODES)
    if difference.path.endswith("param"):
        return "amount" in (difference.recorded, difference.played)
    return difference.path.endswith("type")


def is_read(kind: str, path: tuple[str, ...], version: str | None = None) -> bool:
    """Returns True if the product reads this field, or a part of it, in this kind of object.

    `kind` is Stripe's `object` name, or an event type, which stands for the event's object. `path` has no list
    positions.
    """
    if not path:
        return kind in MODELS or kind in WITHOUT_MODEL
    if "." in kind:
        return _is_read_in_event(_object_of(kind), path, version)
    if kind in WITHOUT_MODEL:
        return path[0] in WITHOUT_MODEL[kind]
    if path[0] in ("id", "object"):
        return kind in MODELS
    return any(_reads(kind, each, path) for model in MODELS.get(kind, ()) for each in _fields(model))


def _reads(kind: str, field: tuple[tuple[str, ...], bool], path: tuple[str, ...]) -> bool:
    """Returns True if a field of a model covers `path`.

    `field` holds the field's path, and whether the model accepts any form there.
    """
    names, any_form = field
    if path == names[: len(path)]:
        return True
    if not any_form or path[: len(names)] != names:
        return False
    parts = READ_PARTS.get((kind, ".".join(names)))
    return parts is None or path[-1] in parts


def _is_read_in_event(kind: str, path: tuple[str, ...], version: str | None) -> bool:
    if version == API_VERSION and kind in MODELS:
        return is_read(kind, path)
    owners: set[tuple[str, ...]] = {
        (field.within, field.name) if field.within else (field.name,) for field in OWNER_FIELDS.get(kind, ())
    }
    other_fields: set[tuple[str, ...]] = {("id",), ("object",), ("metadata",)}
    if kind == "charge":
        other_fields |= {("amount_refunded",), ("balance_transaction",)}
    if kind == "invoice":
        other_fields.add(("from_invoice", "action"))
    return any(path == each[: len(path)] or path[: len(each)] == each for each in owners | other_fields)


def _object_of(event_type: str) -> str:
    """Returns the kind of object in an event of this type (https://docs.stripe.com/api/events/types)."""
    resource = event_type.rpartition(".")[0]
    return _OBJECT_BY_RESOURCE.get(resource, resource)


@cache
def _fields(model: type[msgspec.Struct]) -> tuple[tuple[tuple[str, ...], bool], ...]:
    return tuple(_walk(msgspec.inspect.type_info(model), ()))


def _walk(kind: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yields the path of each field within a type, and whether the model accepts any form there."""
    if isinstance(kind, msgspec.inspect.StructType):
        for field in kind.fields:
            yield from _walk(field.type, (*path, field.encode_name))
    elif isinstance(kind, msgspec.inspect.UnionType):
        for each in kind.types:
            yield from _walk(each, path)
    elif isinstance(kind, msgspec.inspect.ListType):
        yield from _walk(kind.item_type, path)
    else:
        any_form = (msgspec.inspect.AnyType, msgspec.inspect.RawType, msgspec.inspect.DictType)
        yield path, isinstance(kind, any_form)


def _is_position(name: str) -> bool:
    return name == "*" or name.isdigit() or name.startswith("[")
