"""Documents: every value of the domain is decoded unchanged, also by other releases."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import random
import types
import zlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.tables.codec import MAX_STORED, decode, encode, inflate
from chalicelib.adapters.tables.writes import attributes
from chalicelib.domain.connection import Authorization, Connection
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import Refused
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.order import Order
from chalicelib.domain.settings import InvoicingSettings
from tests.contracts.examples import NOW, customer, invoice

STORED_KINDS = (Invoice, Customer, Connection, Authorization, InvoicingSettings)

TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
WHOLE_NUMBERS = st.integers(-(2**63), 2**64 - 1)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=6) | st.decimals(0, 10**6)
PRIMITIVES: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: WHOLE_NUMBERS,
    bool: st.booleans(),
    Decimal: DECIMALS,
    dt.date: st.dates(),
    type(None): st.none(),
}


def kinds_in(kind: Any) -> set[type[Any]]:
    """Returns the dataclasses that a value of this type may contain, including the type itself."""
    parts = {nested_kind for part in get_args(kind) for nested_kind in kinds_in(part)}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        fields = (hints[field.name] for field in dataclasses.fields(kind))
        return parts | {kind} | {nested_kind for hint in fields for nested_kind in kinds_in(hint)}
    return parts


KINDS = sorted({kind for root in STORED_KINDS for kind in kinds_in(root)}, key=lambda kind: kind.__name__)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Returns a strategy for the values of a type that domain dataclasses use."""
    kind = getattr(kind, "__supertype__", kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in PRIMITIVES:
        return PRIMITIVES[kind]
    if origin in (Union, types.UnionType):
        return st.one_of([values(argument) for argument in arguments])
    if origin is tuple:
        if arguments[1] is not ...:
            return st.tuples(*map(values, arguments))
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is Mapping or origin is dict:
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=3)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return st.sampled_from(kind)
    if isinstance(kind, type) and issubclass(kind, tuple):
        return st.builds(kind, **{name: values(hint) for name, hint in get_type_hints(kind).items()})
    assert dataclasses.is_dataclass(kind), f"{kind} is new to this test"
    hints = get_type_hints(kind)
    parts = {field.name: values(hints[field.name]) for field in dataclasses.fields(kind)}
    if kind is Order:  # An invoice computes its days at creation, so its time zone must exist.
        parts["time_zone"] = st.sampled_from(["UTC", "America/New_York"])
    return st.builds(kind, **parts)


def decoded_again(kind: type[Any], value: Any) -> Any:
    encoded = encode(value)
    return decode(kind, encoded.get("document"), encoded.get("packed"))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_domain_value_is_decoded_unchanged(kind: type[Any], data: st.DataObject) -> None:
    value = data.draw(values(kind))
    again = decoded_again(kind, value)
    assert again == value
    assert type(again) is kind
    assert getattr(again, "counted", None) == getattr(value, "counted", None)  # not compared by ==


def text_of(value: object) -> str:
    """Returns the document as JSON, inflated if it was deflated."""
    encoded = encode(value)
    return inflate(encoded["packed"]).decode() if "packed" in encoded else encoded["document"]


def test_quantities_keep_their_digits() -> None:
    line = dataclasses.replace(invoice().order.line_items[0], quantity=Decimal("1.50"))
    assert str(decoded_again(type(line), line).quantity) == "1.50"
    assert '"1.50"' in text_of(line)


def test_a_field_that_a_later_release_adds_is_skipped() -> None:
    document = msgspec.json.decode(text_of(customer()))
    document["profile"]["nickname"] = {"from": "the future"}
    document["loyalty"] = [1, 2, 3]
    assert decode(Customer, msgspec.json.encode(document).decode(), None) == customer()


def test_a_field_that_an_earlier_release_did_not_have_takes_its_default() -> None:
    document = msgspec.json.decode(text_of(invoice()))
    for name in ("facts", "sent_at", "stripe_customer_id", "version"):
        del document[name]
    assert decode(Invoice, msgspec.json.encode(document).decode(), None) == invoice()


def test_a_document_is_deflated_if_that_is_shorter() -> None:
    assert encode("a") == {"document": '"a"'}
    encoded = encode(customer())
    assert set(encoded) == {"packed"}
    assert len(encoded["packed"]) < len(text_of(customer())) / 2
    order = dataclasses.replace(invoice().order, memo="long " * 1000)
    assert decoded_again(Invoice, invoice(order=order)) == invoice(order=order)


def test_documents_stored_without_a_dictionary_are_read() -> None:
    text = text_of(customer())
    assert decode(Customer, text, None) == customer()
    assert decode(Customer, None, zlib.compress(text.encode(), 3)) == customer()


def test_a_truncated_document_is_not_read_as_a_shorter_one() -> None:
    with pytest.raises(zlib.error):
        inflate(encode(customer())["packed"][:-5])


def test_a_document_too_large_for_an_item_is_refused_with_its_name() -> None:
    noise = random.Random(1).randbytes(MAX_STORED).hex()
    assert len(encode(noise[: MAX_STORED // 2])["packed"]) < MAX_STORED
    with pytest.raises(Refused) as exc_info:
        encode(dataclasses.replace(customer(), sync_error=noise * 2))
    assert exc_info.value.code == "record_too_large"
    assert noise not in str(exc_info.value)


def test_an_item_without_a_document_raises_an_error() -> None:
    with pytest.raises(ValueError, match="Customer"):
        decode(Customer, None, None)


def test_no_document_holds_a_float() -> None:
    text = text_of(invoice(created_at=NOW))
    assert not any(isinstance(leaf, float) for leaf in leaves(msgspec.json.decode(text)))


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list) else [value]


@pytest.mark.parametrize("value", [True, 1.5, ["a"], {"a"}])
def test_a_value_that_no_table_can_store_is_refused_before_the_request(value: object) -> None:
    with pytest.raises(TypeError, match="amount"):
        attributes({"amount": value})
