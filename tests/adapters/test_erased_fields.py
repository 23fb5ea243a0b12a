"""An erasure takes out of each record what the classification says, and nothing else.

It is tried with a text in every place. The texts are planted by the types of what is stored (`tests.planted`), so a
new field is tried as well.
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
KEPT = {place.name for place, each in classified_fields() if each.effect is ErasureEffect.KEPT}

BY_HAND: Mapping[str, Any] = {
    "Action.kind": MARKED_PAID,
    "IntendedAct.kind": MARKED_PAID,
    "Movement.method": "check",
}
"""What makes a reason a text that somebody typed. The reasons of everything else are codes and Stripe's words."""

ERASING: Mapping[type, Callable[[Any], Any]] = {
    Customer: lambda customer: customer_without_person(customer, NOW),
    Invoice: lambda invoice: invoice_without_person(invoice, NOW),
    Movement: movement_without_person,
    Settlement: settlement_without_person,
    PayoutLine: payout_line_without_person,
    BatchItem: batch_item_without_person,
}
"""What takes the person out of each type of document that is about a customer."""


@pytest.mark.parametrize("kind", ERASING, ids=lambda kind: kind.__name__)
def test_a_text_is_planted_in_every_place_and_found_as_it_is_stored(kind: type) -> None:
    planted = PlantedValues(BY_HAND)
    record = planted.of(kind)
    stored = json_of(record)
    assert decode_text(kind, stored) == record
    assert planted.found_in(stored) == set(planted.texts.values())


@pytest.mark.parametrize("kind", ERASING, ids=lambda kind: kind.__name__)
def test_an_erasure_leaves_exactly_the_texts_that_are_classified_as_kept(kind: type) -> None:
    planted = PlantedValues(BY_HAND)
    erased = ERASING[kind](planted.of(kind))
    assert planted.found_in(json_of(erased)) == KEPT & set(planted.texts.values())


@pytest.mark.parametrize("kind", ERASING, ids=lambda kind: kind.__name__)
def test_erasing_a_record_twice_changes_nothing_more(kind: type) -> None:
    once = ERASING[kind](PlantedValues(BY_HAND).of(kind))
    assert ERASING[kind](once) == once


def test_the_keys_of_the_indexes_of_customers_hold_nothing_of_an_erased_one() -> None:
    planted = PlantedValues(BY_HAND)
    item = attributes(customer_values(customer_without_person(planted.of(Customer), NOW)))
    whole = f"{ {name: each for name, each in item.items() if name != 'packed'} }{text_of(item)!r}"
    assert planted.found_in(whole) == KEPT & set(planted.texts.values())
