"""The benchmark's computation of request units, checked against DynamoDB's documented rules and the real stores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.balance_transactions import BalanceTransaction, Settlement
from chalicelib.domain.summary import invoice_write
from chalicelib.ports.storage import InvoiceExists
from chalicelib.usecases.events.event_outcome import EventOutcome
from tests.backends import Backend
from tests.bench.units import Index, Meter, Request, read_units, size_of, write_units
from tests.contracts.examples import NOW, ORG, balance_transaction, invoice, payment, payout, payout_line
from tests.world import World

INDEX = Index("by_status", ("status_key", "created_key"), None)
KEYS_ONLY = Index("due_work", ("work", "resume_at"), frozenset({"work", "resume_at", "id"}))


def item(size: int = 1500, **attributes: str) -> dict[str, Any]:
    attributes_of_item = {
        "id": "inv_1",
        "status_key": "org#pending",
        "created_key": "1",
        "document": "x" * size,
        **attributes,
    }
    return {name: {"S": value} for name, value in attributes_of_item.items() if value}


@pytest.mark.parametrize(
    ("value", "size"),
    [({"S": "Poolgröße"}, 11), ({"N": "7500"}, 2), ({"N": "-12345"}, 5), ({"N": "0"}, 1), ({"B": b"1234"}, 4)],
)
def test_an_attributes_size_is_that_of_its_name_and_its_value(value: dict[str, Any], size: int) -> None:
    assert size_of({"name": value}) == len("name") + size


def test_reads_cost_by_4_kb_and_writes_by_1_kb_of_the_larger_version() -> None:
    assert [read_units(size, consistent=True) for size in (0, 4096, 4097)] == [1, 1, 2]
    assert read_units(0, consistent=False) == 0.5
    assert write_units(None, None) == 1
    assert write_units(item(5000), item(10)) == write_units(None, item(5000)) == 5


def test_an_index_is_written_when_its_entry_is_added_removed_changed_or_moved() -> None:
    paid_item = item(status_key="org#paid")
    assert INDEX.units(None, item()) == INDEX.units(item(), None) == 2
    assert INDEX.units(item(), item(memo="new")) == 2
    assert INDEX.units(item(), paid_item) == 4
    assert INDEX.units(item(status_key=""), item(status_key="", memo="new")) == 0


def test_a_keys_only_index_costs_nothing_when_no_key_changes() -> None:
    due = {"work": "saga", "resume_at": "5"}
    assert KEYS_ONLY.units(item(**due), item(**due, memo="new")) == 0
    assert KEYS_ONLY.units(item(), item(**due)) == KEYS_ONLY.units(item(**due), item()) == 1
    assert KEYS_ONLY.units(item(**due), item(**{**due, "resume_at": "9"})) == 2


def test_a_transaction_costs_double_for_its_items_and_once_for_their_indexes(world: World) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    requests: list[Request] = []
    with Meter(requests.append).listening():
        world.double.pay(world.account_id, invoice.stripe_invoice_id, "pm_card_visa")  # type: ignore[attr-defined]
        world.deliver()
    transactions = [each for each in requests if each.operation == "TransactWriteItems"]
    assert len(transactions) == 4, "one of the five events changes nothing"
    for each in transactions:
        [invoices] = [size for table, size in each.sizes.items() if table.endswith("invoices")]
        assert each.writes == 2 * (-(-invoices // 1024) + each.items - 1), "all others are smaller than 1 KB"
    assert sum(each.index_writes for each in transactions) > 0


def test_a_refused_write_costs_its_existing_item_and_nothing_in_the_indexes(world: World) -> None:
    stored_invoice = world.now(world.invoice("svc_1"))
    requests: list[Request] = []
    with Meter(requests.append).listening(), pytest.raises(InvoiceExists):
        world.ports.invoices.insert(invoice_write(stored_invoice), {})
    [refused_request] = requests
    assert (refused_request.writes, refused_request.index_writes, refused_request.written) == (
        2 * refused_request.items,
        0,
        0,
    )


def test_an_event_without_news_writes_only_its_marker(world: World) -> None:
    invoice = world.invoice("svc_1")
    account = world.account_id  # type: ignore[attr-defined]
    world.double.pay(account, invoice.stripe_invoice_id, "pm_card_visa")
    world.deliver()
    requests: list[Request] = []
    with Meter(requests.append).listening():
        world.client.v1.invoices.update(
            str(invoice.stripe_invoice_id), {"metadata": {"note": "1"}}, {"stripe_account": account}
        )
        [receipt] = world.deliver()
    assert receipt.outcome is EventOutcome.NO_CHANGE
    assert [each.operation for each in requests] == ["GetItem", "PutItem"]
    assert [table.rpartition("-")[2] for each in requests for table in each.sizes] == ["events"]
    assert sum(each.all_writes for each in requests) == 2, "the marker, and its entry in the invoice's log"


def long_ids(transaction_id: str = f"txn_{1:024}") -> BalanceTransaction:
    """Returns random ids as long as Stripe's, which do not compress."""
    return balance_transaction(
        transaction_id,
        description="Payment for Invoice A1B2C3D4-0001",
        source_id="ch_nAbnBEoonCrbZINl91huSS6A",
        payment_id="pi_ZPsK20FKcpXzkIRPxBFWGyEb",
    )


def test_settling_a_payment_costs_one_unit_for_its_row_and_one_for_its_list_entry(
    stores_on_tables: Backend,
) -> None:
    stored_invoice = stores_on_tables.invoices.insert(invoice_write(invoice()), {})
    stores_on_tables.invoices.save(invoice_write(stored_invoice)._replace(movements=(payment(f"pi_{1:024}"),)))
    requests: list[Request] = []
    with Meter(requests.append).listening():
        for settlement in (Settlement(long_ids()), Settlement(long_ids(), f"po_{1:024}")):
            stores_on_tables.payments.settle(ORG, [(f"pi_{1:024}", settlement)])
        stores_on_tables.payments.settle(ORG, [("pi_unknown", Settlement(balance_transaction()))])
    first, second, unknown = requests
    assert (first.writes, first.index_writes) == (second.writes, second.index_writes) == (1, 1)
    assert (unknown.writes, unknown.index_writes) == (1, 0)


def test_a_hundred_payout_lines_cost_one_unit_each_and_are_in_no_index(stores_on_tables: Backend) -> None:
    lines = [replace(payout_line(), transaction=long_ids(f"txn_{n:024}")) for n in range(100)]
    requests: list[Request] = []
    with Meter(requests.append).listening():
        stores_on_tables.payouts.put_lines(ORG, "po_1", lines)
        stores_on_tables.payouts.put_lines(ORG, "po_1", lines)
        stores_on_tables.payouts.remove_lines(ORG, "po_1", lines)
    assert [each.operation for each in requests] == ["BatchWriteItem"] * 12
    assert sum(each.writes for each in requests) == 300
    assert sum(each.index_writes for each in requests) == 0


def test_a_payout_costs_one_unit_for_its_row_and_one_for_its_list_entry(stores_on_tables: Backend) -> None:
    requests: list[Request] = []
    with Meter(requests.append).listening():
        stored_payout = stores_on_tables.payouts.save(
            payout(f"po_{1:024}", destination="STRIPE TEST BANK", trace_id="9" * 15)
        )
        stores_on_tables.payouts.save(replace(stored_payout, paid_seen_at=NOW))
    assert [(each.operation, each.writes, each.index_writes) for each in requests] == [("PutItem", 1, 1)] * 2
