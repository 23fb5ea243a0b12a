"""The claims about a restore. `test_restoring` checks them on the embedded DynamoDB, tests/real on Amazon's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from chalicelib.adapters.tables.codec import decode_item
from chalicelib.adapters.tables.database import NAMES
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.customer_save import Save
from chalicelib.domain.errors import Conflict
from chalicelib.domain.identifiers import CustomerId, OrganizationId
from chalicelib.usecases.customers.customers import put_customer
from tests.backends import Aws
from tests.ops.rehearsed_town import BLUE, CUSTOMERS, GREEN, HOUR, LEAVER, NEWCOMER, RehearsedTown
from tests.ops.rehearsing import Rehearsal
from tests.releases.stored_types import text_of

COPIED_EARLIER = ("claims", "payments", "payment-refs", "events")
"""AWS Backup copies each table at a time of its own. These are the worst to be early: they guard the others."""
DAY = 24 * HOUR


def rehearse(
    aws: Aws,
    seed: int,
    patch: pytest.MonkeyPatch,
    screen: Any,
    *,
    deeds: tuple[int, int],
    apart: bool,
    lost_tables: bool,
) -> Rehearsal:
    """Copies a town's tables, plays on, loses or damages the tables, and follows the run book.

    `deeds` are the numbers of actions before and after the copying. With `apart`, tables are copied hours from each
    other. Without `lost_tables`, the tables still hold the records written after the copying.
    """
    town = RehearsedTown(seed)
    rehearsal = Rehearsal(town, aws.prefix, patch, screen)
    town.goes_on(deeds[0])
    if apart:
        rehearsal.copies_tables(COPIED_EARLIER)
        town.goes_on(deeds[0] // 2)
    rehearsal.copies_tables([name for name in NAMES.values() if name not in rehearsal.copies])
    request_count, delivered_count = len(town.requests), len(town.delivered)

    town.goes_on(deeds[1])
    town.joins(NEWCOMER)
    town.bills(NEWCOMER, ("svc_new",), send=True)
    town.leaves(LEAVER)
    town.deliver()
    town.work()
    assert town.billed_twice() == []
    billed_before, refunded_before = town.billed_services(), town.refund_counts()

    rehearsal.restores_copies()
    if lost_tables:
        rehearsal.loses_tables()
    results = rehearsal.follows_the_run_book()
    _assert_every_command_succeeded(results)
    _assert_nobody_is_billed_twice(town, request_count, delivered_count)
    _the_newcomer_is_not_billed_twice(rehearsal)

    town.advance(DAY)
    town.deliver()
    for organization in (BLUE, GREEN, NEWCOMER):
        town.sweep(organization)
    town.work()
    assert town.billed_twice() == []
    assert town.billed_services().keys() >= billed_before.keys()
    # An order that was refused before may succeed when it is repeated, but no order is performed twice.
    refunded_since = town.refund_counts() - refunded_before
    assert town.refund_counts() >= refunded_before
    assert [order for order, times in refunded_since.items() if times > 1 or order in refunded_before] == []
    assert town.differences() == []
    assert town.wrong_tallies() == []
    return rehearsal


def rehearse_erasures(aws: Aws, seed: int, patch: pytest.MonkeyPatch, screen: Any, *, lost_tables: bool) -> Rehearsal:
    """Two people, and in the end a whole organization, are erased after the copying. The run book is followed.

    If the tables are lost, only the log knows whom to erase again.
    """
    town = RehearsedTown(seed, (BLUE, GREEN))
    rehearsal = Rehearsal(town, aws.prefix, patch, screen)
    _save_people(town)
    for organization in (BLUE, GREEN):
        for number in range(6):
            town.bills(organization, (f"svc_{number}",), send=True)
    town.work()
    _everybody_pays(town)
    rehearsal.copies_tables()
    assert PERSON in _stored_text(rehearsal)
    assert LATER not in _stored_text(rehearsal)

    put_customer(BLUE, CustomerId("cust_later"), _save(LATER), town.ports)
    town.work()
    numbers = sorted(each.facts.invoice.number or "" for each in town.invoices(BLUE) if each.facts.invoice)
    _erase(rehearsal, BLUE, "--customer", "cust_1")
    _erase(rehearsal, BLUE, "--customer", "cust_later")
    town.leaves(GREEN)
    _erase(rehearsal, GREEN)
    for _ in range(2):
        town.advance(DAY)
        town.resume()
        town.work()
    assert PERSON not in _stored_text(rehearsal)
    rehearsal.log = [_erasure_log_line(each) for each in _customers(rehearsal) if each.erasure is not None]

    rehearsal.restores_copies()
    if lost_tables:
        rehearsal.loses_tables()
    _assert_every_command_succeeded(rehearsal.follows_the_run_book(), deleted_rows=GREEN)
    if lost_tables:
        # The tombstone is lost, so the operator has to erase again.
        connection = town.ports.connections.get(GREEN)
        town.ports.connections.save(connection.disconnected("left", town.ports.clock.now()))
        _erase(rehearsal, GREEN)
    for _ in range(3):
        town.advance(DAY)
        town.deliver()
        town.resume()
        town.work()
        town.sweep(BLUE)
    for text in (PERSON, LATER):
        assert text not in _stored_text(rehearsal)
    assert town.ports.connections.get(GREEN).erased_at is not None
    assert sorted(each.facts.invoice.number or "" for each in town.invoices(BLUE) if each.facts.invoice) == numbers
    assert town.billed_twice() == []
    assert town.wrong_tallies() == []
    tombstones = {each.id for each in _customers(rehearsal) if each.organization_id == BLUE and each.erased}
    assert tombstones == {"cust_1", "cust_later"}
    return rehearsal


PERSON, LATER = "Zyxwvut", "Qponmlk"
"""Stand in every text about the people who are erased. One of them was saved after the copying."""


def _save(name: str) -> Save:
    return Save(Profile(first_name=name, last_name=name, email=f"{name}@pool.test", phone=name))


def _save_people(town: RehearsedTown) -> None:
    put_customer(BLUE, CustomerId("cust_1"), _save(PERSON), town.ports)
    for number in range(CUSTOMERS):
        put_customer(GREEN, CustomerId(f"cust_{number}"), _save(PERSON), town.ports)
    town.work()


def _everybody_pays(town: RehearsedTown) -> None:
    for organization in (BLUE, GREEN):
        for bill in town.table(organization, "invoice"):
            town.double.pay(town.accounts[organization], bill["id"], "pm_card_visa")
    town.deliver()
    town.work()


def _erase(rehearsal: Rehearsal, organization: OrganizationId, *which: str) -> None:
    assert rehearsal.does("erase", organization, *which, "--in-stripe", "keep", "--yes")[0] == 0


def _customers(rehearsal: Rehearsal) -> Iterator[Customer]:
    for item in boto3.client("dynamodb").scan(TableName=f"{rehearsal.prefix}customers")["Items"]:
        yield decode_item(Customer, item)


def _erasure_log_line(customer: Customer) -> str:
    """Returns the line that the function `erasures` has logged about a customer."""
    assert customer.erasure is not None
    ids = {"organization_id": customer.organization_id, "customer_id": customer.id}
    return json.dumps({"message": "erasure", **ids, "in_stripe": customer.erasure.in_stripe})


def _stored_text(rehearsal: Rehearsal) -> str:
    """Returns all that the tables hold, with deflated documents as text."""
    pages = boto3.client("dynamodb").get_paginator("scan")
    texts = []
    for name in NAMES.values():
        for page in pages.paginate(TableName=rehearsal.prefix + name):
            for item in page["Items"]:
                texts.append(repr(item) + (str(text_of(item)) if "packed" in item or "document" in item else ""))
    return "\n".join(texts)


def _assert_every_command_succeeded(
    results: list[tuple[list[str], int, Any]], deleted_rows: OrganizationId = LEAVER
) -> None:
    """Requires that all commands succeeded, except for the organization whose account is no longer reachable."""
    failures = [(words, each) for words, _, document in results for each in document.get("failures", ())]
    assert [(words, each) for words, each in failures if deleted_rows not in each] == []
    documents = {words[0]: document for words, _, document in results}
    assert documents["backfill"]["invoices"] == [], "the last backfill of the run book finds nothing left to do"
    assert documents["tie-out"]["differences"] == []
    assert {each["parked"] for each in documents["reconcile"]["reconciled"]} == {0}


def _assert_nobody_is_billed_twice(town: RehearsedTown, request_count: int, delivered_count: int) -> None:
    assert town.frozen() == dict.fromkeys((BLUE, GREEN, LEAVER), False)
    assert town.bills_everything_again(BLUE) + town.bills_everything_again(GREEN) == []
    refusals = list(town.asks_all_again(request_count))
    assert "idempotency_key_reused" in refusals
    town.delivers_old_messages_again(delivered_count)
    town.resume()
    town.advance(DAY + HOUR)  # Stripe has forgotten all idempotency keys
    town.resume()
    assert town.billed_twice() == []


def _the_newcomer_is_not_billed_twice(rehearsal: Rehearsal) -> None:
    """Requires that a new organization without records in the copies is not billed twice.

    It connects again, and is frozen until its records are restored.
    """
    town = rehearsal.town
    town.connect(NEWCOMER, town.accounts[NEWCOMER])
    town.saves_customers(NEWCOMER)
    with pytest.raises(Conflict, match=r"We restore data"):
        town.bills(NEWCOMER, ("svc_new",), send=True)
    status, document = rehearsal.does("backfill", NEWCOMER, "--since", "35d")
    assert (status, document["organizations"][0]["recreated"]) == (0, 1)
    assert rehearsal.does("unfreeze", NEWCOMER)[0] == 0
    assert town.bills_everything_again(NEWCOMER) == []
