"""A person is written into everything, erased, and looked for in everything, byte by byte.

The person is known by words that nobody else has (`person`). The office types them into every text of the contract
(`contract`, `client`), Stripe has them in every field of its objects (`in_stripe`), and the story of a release is
told about her (`life`). Before she is erased, each place where POM knows her must show her: a look that finds nothing
there would prove nothing afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.adapters.tables import TableChanges
from chalicelib.domain.tie_out import Kind
from tests.backends import aws_with_resources, table_backend
from tests.bench.stories_stage import running
from tests.privacy import places
from tests.privacy.books import Books, books_of
from tests.privacy.contract import NOT_ABOUT_ANYBODY, OF_THE_COMPANY, THE_PERSONS, texts_taken
from tests.privacy.erasing import Afterwards, Erasing
from tests.privacy.in_stripe import StripeObjectsOfPerson, person_in_stripe
from tests.privacy.life import Life
from tests.privacy.person import found_in
from tests.privacy.scrubs import Scrub, records_of, scrubs, texts_left, words_left

PROFILE = {"firstname", "lastname", "companyname", "phone", "street", "second", "city", "state", "zip", "country"}
BY_STRIPE = {"stripephone", "stripestreet", "stripesecond", "stripecity", "stripestate", "stripezip"}
KNOWN_IN = {
    "customers": PROFILE | BY_STRIPE | {"mailbox", "maildomain", "stripemail"},
    "invoices": {
        "LAST4", "EXPIRES", "bank", "brand", "deduction", "fieldname", "fieldvalue", "footer", "line", "mailbox",
        "maildomain", "memo", "page", "receipt", "reference", "dashboard",
    },
    "payments": {"LAST4", "bank", "brand", "reference"},
    "batches": PROFILE | {"memo", "footer", "line"},
    "events": {
        "LAST4", "billing", "booking", "brand", "description", "descriptor", "evidence", "failure", "fieldname",
        "fieldvalue", "footer", "line", "mailbox", "memo", "metadata", "note", "page", "receipt",
        "receiptmail", "refund", "shipping", "stripename", *(BY_STRIPE - {"stripephone"}),
    },
}  # fmt: skip
"""The texts about the person in POM's records before the erasure, by table."""


@dataclass
class Observations:
    """Data about the person, collected before the erasure and after all later events."""

    known_before: dict[str, set[str]] = field(default_factory=dict)
    in_stream_before: set[str] = field(default_factory=set)
    others: list[list[str]] = field(default_factory=list)
    books: list[Books] = field(default_factory=list)
    refused: list[set[str]] = field(default_factory=list)
    after_erasure: dict[str, list[str]] = field(default_factory=dict)
    after_all: dict[str, list[str]] = field(default_factory=dict)
    queued: dict[str, list[str]] = field(default_factory=dict)
    streamed: dict[str, list[str]] = field(default_factory=dict)
    published: dict[str, list[str]] = field(default_factory=dict)
    logged: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    records: list[Any] = field(default_factory=list)
    typed: set[tuple[str, str]] = field(default_factory=set)
    outcomes: set[Any] = field(default_factory=set)


@pytest.fixture(scope="module")
def observations() -> Iterator[Observations]:
    """Plays one life, from the first customer to the last sweep after the erasure."""
    with aws_with_resources(), running(table_backend()) as stage:
        stage.ports.changes = TableChanges(stage.ports.clock)  # type: ignore[assignment]
        life, seen = Life(stage), Observations()
        with person_in_stripe(StripeObjectsOfPerson(lambda: stage.double.world.ledger(stage.account_id))):
            _observe_messages(life, seen)
        yield seen


def _observe_messages(life: Life, observations: Observations) -> None:
    life.others()
    life.tell()
    for place in places.items():
        observations.known_before.setdefault(place.name.partition(" ")[0], set()).update(place.words)
    observations.in_stream_before = set().union(*(place.words for place in places.records(life.records())))
    erasing = Erasing(life)
    erasing.begin()
    erasing.settle()
    observations.books.append(books_of(life.stage, life.plain))
    observations.others.append(_of_others())
    observations.records = records_of(life.customers(), life.stage.ports)
    erasing.erase()
    observations.refused = erasing.refused
    observations.after_erasure = places.names_by_place(places.items())
    observations.books.append(books_of(life.stage, life.plain))
    observations.others.append(_of_others())
    life.records()
    published_count = len(life.stage.ports.bus.events)
    Afterwards(life).all()
    observations.after_all = places.names_by_place(places.items())
    observations.queued = places.names_by_place(places.messages(life.sent)) | places.names_by_place(
        life.unpublished()
    )
    observations.streamed = places.names_by_place(places.records(life.records()))
    observations.published = places.names_by_place(
        places.Place(each.id, places.text_of(each.detail)) for each in life.stage.ports.bus.events[published_count:]
    )
    observations.logged = found_in(life.logged())
    observations.answered = set().union(*(found_in(answer.error["message"]) for answer in life.typed.refusals))
    observations.books.append(books_of(life.stage, life.plain))
    observations.typed = life.typed.texts


def _of_others() -> list[str]:
    """Returns everything that is stored of Bo and of Cleo."""
    return sorted(place.text for place in places.items() if "ystand" in place.text or "cust_bo" in place.text)


# Before


def test_every_text_field_of_the_api_is_classified_as_personal_or_not() -> None:
    """A new text is to be entered in one of the three tables."""
    unknown = [
        (label, place)
        for label, place in texts_taken()
        if place not in THE_PERSONS.get(label, ())
        and label not in OF_THE_COMPANY
        and place.rpartition(".")[2].rstrip("[]") not in NOT_ABOUT_ANYBODY
    ]
    assert unknown == []


def test_every_personal_text_field_of_the_api_was_filled_and_accepted(observations: Observations) -> None:
    required_fields = {(label, place) for label, texts in THE_PERSONS.items() for place in texts}
    assert required_fields <= set(texts_taken()), "the contract has no such text any more"
    assert required_fields - observations.typed == set()


@pytest.mark.parametrize("table", KNOWN_IN)
def test_the_person_is_found_in_each_table_before_the_erasure(observations: Observations, table: str) -> None:
    assert KNOWN_IN[table] - observations.known_before[table] == set()


def test_the_person_is_found_in_no_other_table_before_the_erasure(observations: Observations) -> None:
    assert {table for table, words in observations.known_before.items() if words} == set(KNOWN_IN)


def test_the_person_is_found_in_the_streams_before_the_erasure(observations: Observations) -> None:
    assert KNOWN_IN["customers"] | KNOWN_IN["invoices"] <= observations.in_stream_before


def test_an_erasure_is_refused_while_a_reason_against_it_remains(observations: Observations) -> None:
    batch, refund, dispute, debit, invoice = (
        "customer_in_batch",
        "customer_has_refund_under_way",
        "customer_has_open_dispute",
        "customer_has_payment_under_way",
        "customer_has_open_invoice",
    )
    assert observations.refused == [
        {batch, refund, dispute, debit, invoice},
        {refund, dispute, debit, invoice},
        {dispute, debit, invoice},
        {debit, invoice},
        {invoice},
    ]


# After


def test_no_table_contains_data_of_the_person(observations: Observations) -> None:
    """Each attribute of each item, keys of indexes and deflated documents among them."""
    assert observations.after_erasure == {}


def test_no_later_event_or_request_restores_data_of_the_person(observations: Observations) -> None:
    assert observations.after_all == {}


def test_no_message_contains_data_of_the_person(observations: Observations) -> None:
    """Of every queue, since the first day. Dead letters are the same messages."""
    assert observations.queued == {}


def test_no_stream_record_or_published_event_after_the_erasure_contains_data_of_the_person(
    observations: Observations,
) -> None:
    """DynamoDB deletes the records before it after 24 hours."""
    assert (observations.streamed, observations.published) == ({}, {})


def test_no_log_line_metric_or_refusal_ever_contains_data_of_the_person(observations: Observations) -> None:
    assert (observations.logged, observations.answered) == (set(), set())


def test_records_of_other_customers_are_unchanged_to_the_byte(observations: Observations) -> None:
    before, after = observations.others
    assert len(before) > 10
    assert before == after


def test_the_books_are_unchanged_and_tie_out(observations: Observations) -> None:
    """Stripe has one invoice of POM's that POM does not know, because its metadata was overwritten in the story."""
    before, after, later = observations.books
    assert before == after
    assert [each.kind for each in before.differences] == [Kind.UNKNOWN_TO_US]
    assert later.differences == before.differences
    assert [differences for _, differences in later.payouts if differences] == []


# Each scrub

NO_TEXTS = {
    "customer_without_person.updated_at": "a time",
    "customer_without_person.choice_refused": "a truth value",
    "customer_without_person.from_stripe": "names of fields",
    "customer_without_person.search_spellings": "a truth value",
    "customer_without_person.erasure": "what is known of the erasure itself",
    "customer_without_person.erased_at": "a time",
    "invoice_without_person.erased_at": "a time",
    "invoice_without_person.reason": "the same text as in the payment of the act, which nobody asks for any more",
    "batch_item_without_person.left_out": "names of fields",
    "batch_item_without_person.loaded_before": "a number",
    "_error_without_texts.others": "errors of the same kind",
}
"""The arguments that empty no text by themselves, and what they are."""


@pytest.mark.parametrize("scrub", scrubs(), ids=str)
def test_removing_any_scrub_leaves_data_of_the_person(observations: Observations, scrub: Scrub) -> None:
    """By the person's records, or by records with a text in every field."""
    remaining_data = words_left(observations.records, scrub) or texts_left(scrub) - texts_left()
    assert bool(remaining_data) == (str(scrub) not in NO_TEXTS), remaining_data


def test_with_every_scrub_the_records_contain_no_data_of_the_person(observations: Observations) -> None:
    assert words_left(observations.records) == set()
