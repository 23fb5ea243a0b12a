"""An erasure removes exactly the fields that the classification names.

Each record is filled with a text in every field. The texts follow the types of the stored records (`tests.planted`),
so new fields are tested automatically.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chalicelib.adapters.tables.codec import decode_text, json_of, text_of
from chalicelib.adapters.tables.customers import customer_values
from chalicelib.adapters.tables.writes import attributes
from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.batch import BatchItem
from chalicelib.domain.customer import Customer
from chalicelib.domain.erased_records import (
    batch_item_without_person,
    customer_without_person,
    invoice_without_person,
    movement_without_person,
    payout_line_without_person,
    settlement_without_person,
)
from chalicelib.domain.intended_act import MARKED_PAID
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import Movement
from chalicelib.domain.payout_lines import PayoutLine
from infra.privacy.classes import ErasureEffect
from infra.privacy.page import classified_fields
from tests.planted import PlantedValues

NOW = 1_800_000_000
RETAINED_FIELDS = {place.name for place, each in classified_fields() if each.effect is ErasureEffect.KEPT}

TYPED_REASONS: Mapping[str, Any] = {
    "Action.kind": MARKED_PAID,
    "IntendedAct.kind": MARKED_PAID,
    "Movement.method": "check",
}
"""The field values with which a reason is a text typed by a person. All other reasons are codes or Stripe's words."""

ERASERS: Mapping[type, Callable[[Any], Any]] = {
    Customer: lambda customer: customer_without_person(customer, NOW),
    Invoice: lambda invoice: invoice_without_person(invoice, NOW),
    Movement: movement_without_person,
    Settlement: settlement_without_person,
    PayoutLine: payout_line_without_person,
    BatchItem: batch_item_without_person,
}
"""The function that erases the personal data of each type of document about a customer."""


@pytest.mark.parametrize("kind", ERASERS, ids=lambda kind: kind.__name__)
def test_a_text_is_planted_in_every_field_and_found_as_it_is_stored(kind: type) -> None:
    planted_texts = PlantedValues(TYPED_REASONS)
    record = planted_texts.of(kind)
    stored_json = json_of(record)
    assert decode_text(kind, stored_json) == record
    assert planted_texts.found_in(stored_json) == set(planted_texts.texts.values())


@pytest.mark.parametrize("kind", ERASERS, ids=lambda kind: kind.__name__)
def test_an_erasure_leaves_exactly_the_fields_classified_as_retained(kind: type) -> None:
    planted_texts = PlantedValues(TYPED_REASONS)
    erased_record = ERASERS[kind](planted_texts.of(kind))
    assert planted_texts.found_in(json_of(erased_record)) == RETAINED_FIELDS & set(planted_texts.texts.values())


@pytest.mark.parametrize("kind", ERASERS, ids=lambda kind: kind.__name__)
def test_erasing_a_record_twice_changes_nothing_more(kind: type) -> None:
    once = ERASERS[kind](PlantedValues(TYPED_REASONS).of(kind))
    assert ERASERS[kind](once) == once


def test_an_erased_customers_index_keys_hold_no_personal_data() -> None:
    planted_texts = PlantedValues(TYPED_REASONS)
    item = attributes(customer_values(customer_without_person(planted_texts.of(Customer), NOW)))
    item_text = f"{ {name: each for name, each in item.items() if name != 'packed'} }{text_of(item)!r}"
    assert planted_texts.found_in(item_text) == RETAINED_FIELDS & set(planted_texts.texts.values())
