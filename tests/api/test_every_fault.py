"""A response lists every error of a body, the decoder's first error first, and a hostile body takes few resources."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api.examples import EXAMPLES
from chalicelib.api.http.decoding import body_as
from chalicelib.api.http.faults import faults_of_body
from chalicelib.api.http.route_table import MAX_BODY
from chalicelib.api.models.exact import decoder
from chalicelib.api.models.invoicing_settings import SaveInvoicingSettings
from chalicelib.api.models.new_invoices import NewInvoice
from chalicelib.api.models.saved_customers import SaveCustomer
from chalicelib.domain.error_collector import MAX_ERRORS
from chalicelib.domain.errors import Malformed

MODELS = (NewInvoice, SaveCustomer, SaveInvoicingSettings)
WRONG = st.sampled_from([None, True, -1, 1.5, "", "x" * 2000, "a\x00", [], [1, None], {}, {"surprise": 1}])


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Returns the path of each part of a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for step, each in inner for place in places(each, (*path, step)))]


def with_value(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """Returns a copy of a JSON value in which the value at this path is replaced."""
    if not path:
        return new
    step, *remaining_steps = path
    if isinstance(value, list):
        return [with_value(each, tuple(remaining_steps), new) if n == step else each for n, each in enumerate(value)]
    return {**value, str(step): with_value(value[str(step)], tuple(remaining_steps), new)}


@given(st.data())
def test_the_first_error_is_the_one_that_the_decoder_of_the_whole_body_raises(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(MODELS))
    body = EXAMPLES[kind]
    for _ in range(data.draw(st.integers(1, 4))):
        body = with_value(body, data.draw(st.sampled_from(places(body))), data.draw(WRONG))
    if isinstance(body, dict) and data.draw(st.booleans()):
        body = {
            name: each for name, each in body.items() if name != data.draw(st.sampled_from(sorted(body) or ["x"]))
        }
    raw = json.dumps(body).encode()
    errors = list(faults_of_body(kind, raw))
    try:
        decoder(kind).decode(raw)
    except msgspec.ValidationError as refusal:
        place = str(refusal).rpartition(" - at `$.")[2].rstrip("`") if " - at `$." in str(refusal) else None
        first = errors[0].field
        assert first == place or (first or "").rpartition(".")[0] == (place or "")
    else:
        assert errors == []


@given(st.lists(st.sampled_from(["quantity", "unitPrice", "description", "serviceId"]), unique=True, min_size=1))
def test_each_wrong_field_of_a_line_is_named(wrong: list[str]) -> None:
    line = {"serviceId": "svc_1", "description": "Cleaning", "quantity": 1, "unitPrice": 75}
    body = {"customerId": "cust_1", "lineItems": [line, {**line, **dict.fromkeys(wrong)}]}
    error_fields = {each.field for each in faults_of_body(NewInvoice, json.dumps(body).encode())}
    assert error_fields == {f"lineItems[1].{name}" for name in wrong}


def largest_body(opening: str, part: str, closing: str) -> bytes:
    """Returns a body of the largest allowed size, filled with repetitions of one part."""
    room = MAX_BODY - len(opening) - len(closing)
    return (opening + part * (room // len(part))).rstrip(",").encode() + closing.encode()


LINE = '{"serviceId":"s","description":"d","quantity":1,"unitPrice":1}'
HOSTILE = {
    "numbers for lines": largest_body('{"customerId":"c","lineItems":[', "1,", "]}"),
    "empty lines": largest_body('{"customerId":"c","lineItems":[', "{},", "]}"),
    "right lines and one wrong at the end": largest_body(
        '{"customerId":"c","lineItems":[', LINE + ",", LINE + ",1]}"
    ),
    "one unknown name again and again": largest_body('{"customerId":"c","lineItems":[', '{"a":1},', "]}"),
    "one name repeated": largest_body('{"customerId":"c",', '"memo":1,', '"lineItems":[]}'),
    "names repeated in right lines": largest_body(
        '{"customerId":"c","lineItems":[', '{"quantity":1,' + LINE.removeprefix("{") + ",", LINE + "]}"
    ),
    "one very long name": largest_body('{"', "n", '":1}'),
    "one very long text": largest_body('{"customerId":"', "c", '"}'),
    "brackets": b"[" * MAX_BODY,
    "objects in objects": largest_body("", '{"lineItems":', ""),
    "a list in lists": largest_body('{"customerId":"c","lineItems":', "[", ""),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_body_takes_little_time_and_memory_and_gets_a_short_response(body: bytes) -> None:
    with pytest.raises(Malformed):
        body_as(NewInvoice, body)  # The first call builds the decoders.
    began = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(Malformed) as exc_info:
            body_as(NewInvoice, body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    seconds = time.process_time() - began
    errors = [exc_info.value, *exc_info.value.others]
    assert len(errors) <= MAX_ERRORS
    assert sum(len(each.message) + len(each.field or "") for each in errors) < 16 * 1024
    assert peak < 64 * 1024 * 1024
    assert seconds < 3, "the limit is far above the usual time, because memory is traced and the machine may be busy"
