"""Tests exports against the tables: an export holds all data of its customer and no data of any other customer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from chalicelib.adapters.tables.models import EventItem
from chalicelib.api.models.customer_export import content_of
from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.customer_save import Save
from chalicelib.domain.export_records import INTERNAL, Record, RecordKind
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId
from chalicelib.usecases.bulk.import_customers import ImportCustomers, Row, import_customers
from chalicelib.usecases.exporting.export_customer import export_customer
from tests.backends import Aws, aws
from tests.named_town import NamedTown, StoredItem, name_of, profile, stored_items
from tests.ops.rehearsed_town import BLUE, CUSTOMERS, GREEN
from tests.world import ADMIN, OFFICE

__all__ = ["aws"]

Exports = dict[tuple[OrganizationId, int], list[Record]]
CUSTOMERS_OF_ALL = [(organization, number) for organization in (BLUE, GREEN) for number in range(CUSTOMERS)]


@pytest.fixture(scope="module")
def town(aws: Aws) -> NamedTown:
    """Returns two companies with payments, refunds, payouts, an import, parked events and published changes."""
    new_town = NamedTown(11, (BLUE, GREEN))
    new_town.goes_on(60)
    for organization in (BLUE, GREEN):
        new_town.do_batch(organization)
        order_import(new_town, organization)
    new_town.advance(5 * 86400)
    new_town.deliver()
    new_town.work()
    for organization in (BLUE, GREEN):
        park_events(new_town, organization)
        append_changes(new_town, organization)
    return new_town


@pytest.fixture(scope="module")
def exports(town: NamedTown) -> Exports:
    """Returns the export of each customer."""
    records = {}
    for organization, number in CUSTOMERS_OF_ALL:
        portions = export_customer(organization, CustomerId(f"cust_{number}"), None, town.ports, actor=ADMIN)
        records[organization, number] = [record for portion in portions for record in portion.records]
    return records


@pytest.fixture(scope="module")
def items(exports: Exports, aws: Aws) -> list[StoredItem]:
    """Returns every item of every table. Exporting is an act on a customer, so all exports run first."""
    return list(stored_items(aws.prefix))


def order_import(town: NamedTown, organization: OrganizationId) -> None:
    """Orders an import and leaves its rows without work."""
    rows = tuple(
        Row(CustomerId(f"cust_{number}"), Save(profile(organization, number, again="import")))
        for number in range(CUSTOMERS)
    )
    import_customers(ImportCustomers(organization, OFFICE, "import", "import", rows), town.ports)
    assert town.ports.queues.take()


def park_events(town: NamedTown, organization: OrganizationId) -> None:
    """Parks the latest events of some objects with their bodies, as if POM could not apply them."""
    account, now = StripeAccountId(town.accounts[organization]), town.ports.clock.now()
    events = [each for page in town.ports.stripe.events(account, now - 30 * 86400, now) for each in page]
    by_type = {each.type: each for each in events}
    assert {"customer.updated", "invoice.finalized", "charge.succeeded"} <= set(by_type)
    for event in by_type.values():
        for item in EventItem.query(account, EventItem.event_id == event.id):
            item.delete()
        town.ports.events.park(event, now, "It could not be applied.")


def append_changes(town: NamedTown, organization: OrganizationId) -> None:
    """Appends a published change for each customer and each invoice."""
    difference = Difference((ChangeType.INVOICE_PAID,), "pending", "paid")
    changes = [
        Change(organization, ObjectKind.INVOICE, each.id, each.version, town.ports.clock.now(), difference)
        for each in town.invoices(organization)
    ]
    difference = Difference((ChangeType.CUSTOMER_SYNCED,), "pending", "synced")
    for number in range(CUSTOMERS):
        customer_id = f"cust_{number}"
        changes.append(Change(organization, ObjectKind.CUSTOMER, customer_id, 1, town.ports.clock.now(), difference))
    town.ports.changes.append(changes)


def ids_of(town: NamedTown, organization: OrganizationId, number: int) -> set[str]:
    """Returns the ids of a customer, of the customer's invoices, and of Stripe's objects of both."""
    stripe = town.double.world.ledgers[town.accounts[organization]]
    own_ids = {f"cust_{number}"}
    own_ids |= {each.id for each in town.invoices(organization) if each.order.customer_id == f"cust_{number}"}
    customers = {
        each["id"] for each in stripe.tables["customer"].values() if name_of(organization, number) in json.dumps(each)
    }
    for kind in ("invoice", "payment_intent", "charge", "refund", "dispute"):
        for each in stripe.tables.get(kind, {}).values():
            if {each.get("customer"), each.get("charge"), each.get("payment_intent")} & (customers | own_ids):
                own_ids.add(each["id"])
    return own_ids | customers


def names_any(text: str, ids: set[str]) -> bool:
    return any(re.search(rf"(?<![A-Za-z0-9_]){re.escape(each)}(?![A-Za-z0-9_])", text) for each in ids)


def of_organization(town: NamedTown, item: StoredItem, organization: OrganizationId) -> bool:
    return item.partition.split("#")[0] in (organization, town.accounts[organization])


def identity(item: StoredItem) -> tuple[str, str]:
    """Returns the table of an item and the id that an export gives it."""
    match item.table, item.keys[-1].split("#"):
        case "changes", [_, *_] if "object_id" in item.raw:
            return item.table, f"{item.raw['object_id']['S']} {item.raw['version']['N']}"
        case "batches", ["item", batch, position]:
            return item.table, f"{batch}/{int(position)}"
        case table, [*_, last]:
            return table, last
    raise AssertionError(item.keys)


def identity_of_record(record: Record) -> tuple[str, str]:
    if record.kind is RecordKind.CHANGE:
        change = content_of(record)["change"]
        return record.kind.table, f"{change['object_id']} {change['version']}"
    return record.kind.table, record.id


@pytest.mark.parametrize(("organization", "number"), CUSTOMERS_OF_ALL)
def test_an_export_holds_every_stored_item_that_names_its_customer(
    town: NamedTown, exports: Exports, items: Sequence[StoredItem], organization: OrganizationId, number: int
) -> None:
    ids = ids_of(town, organization, number)
    own_ids = {
        identity(each) for each in items if of_organization(town, each, organization) and names_any(each.text, ids)
    }
    assert own_ids == {identity_of_record(each) for each in exports[organization, number]}


def test_the_exports_hold_records_of_every_kind(exports: Exports) -> None:
    kinds = {each.kind for organization, number in CUSTOMERS_OF_ALL for each in exports[organization, number]}
    assert kinds == set(RecordKind)


@pytest.mark.parametrize(("organization", "number"), CUSTOMERS_OF_ALL)
def test_an_export_holds_no_name_and_no_id_of_another_customer(
    town: NamedTown, exports: Exports, organization: OrganizationId, number: int
) -> None:
    text = json.dumps([content_of(each) for each in exports[organization, number]])
    assert name_of(organization, number) in text
    for other_customer in CUSTOMERS_OF_ALL:
        if other_customer != (organization, number):
            ids = ids_of(town, *other_customer)
            if other_customer[0] != organization:
                ids = {
                    *(each for each in ids if not each.startswith("cust_")),
                    other_customer[0],
                    town.accounts[other_customer[0]],
                }
            assert name_of(*other_customer) not in text
            assert not names_any(text, ids)


@pytest.mark.parametrize(("organization", "number"), CUSTOMERS_OF_ALL)
def test_a_record_holds_every_stored_value_except_internal_fields(
    town: NamedTown, exports: Exports, items: Sequence[StoredItem], organization: OrganizationId, number: int
) -> None:
    content_by_identity = {identity_of_record(each): content_of(each) for each in exports[organization, number]}
    compared_documents = 0
    for item in items:
        if identity(item) in content_by_identity and of_organization(town, item, organization):
            content = set(leaves(content_by_identity[identity(item)]))
            for document in item.documents:
                missing = set(leaves(document)) - content
                assert missing == set(), item.keys
                compared_documents += 1
    assert compared_documents >= 5


def leaves(value: Any) -> Iterator[Any]:
    """Yields every text and number in a document except those of internal fields."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name not in INTERNAL:
                yield from leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each)
    elif value is not None:
        yield value


def test_only_request_key_parts_and_operators_names_are_internal() -> None:
    assert {"nonce", "key_generation", "operator"} == INTERNAL
