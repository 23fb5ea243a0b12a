"""The bench's arithmetic of request units: DynamoDB's documented rules, by example, and over the real stores."""

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
    named = {"id": "inv_1", "status_key": "org#pending", "created_key": "1", "document": "x" * size, **attributes}
    return {name: {"S": value} for name, value in named.items() if value}


@pytest.mark.parametrize(
    ("value", "size"),
    [({"S": "Poolgröße"}, 11), ({"N": "7500"}, 2), ({"N": "-12345"}, 5), ({"N": "0"}, 1), ({"B": b"1234"}, 4)],
)
def test_an_attribute_is_as_large_as_its_name_and_its_value(value: dict[str, Any], size: int) -> None:
    assert size_of({"name": value}) == len("name") + size


def test_reads_are_counted_by_4_kb_and_writes_by_1_kb_of_the_larger_of_before_and_after() -> None:
    assert [read_units(size, consistent=True) for size in (0, 4096, 4097)] == [1, 1, 2]
    assert read_units(0, consistent=False) == 0.5
    assert write_units(None, None) == 1
    assert write_units(item(5000), item(10)) == write_units(None, item(5000)) == 5


def test_an_index_is_written_where_its_entry_comes_goes_changes_or_moves() -> None:
    paid = item(status_key="org#paid")
    assert INDEX.units(None, item()) == INDEX.units(item(), None) == 2
    assert INDEX.units(item(), item(memo="new")) == 2
    assert INDEX.units(item(), paid) == 4
    assert INDEX.units(item(status_key=""), item(status_key="", memo="new")) == 0


def test_an_index_of_keys_costs_nothing_where_no_key_changes() -> None:
    due = {"work": "saga", "resume_at": "5"}
    assert KEYS_ONLY.units(item(**due), item(**due, memo="new")) == 0
    assert KEYS_ONLY.units(item(), item(**due)) == KEYS_ONLY.units(item(**due), item()) == 1
    assert KEYS_ONLY.units(item(**due), item(**{**due, "resume_at": "9"})) == 2


def test_a_transaction_costs_twice_for_its_items_and_once_for_their_indexes(world: World) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    told: list[Request] = []
    with Meter(told.append).listening():
        world.double.pay(world.account_id, invoice.stripe_invoice_id, "pm_card_visa")  # type: ignore[attr-defined]
        world.deliver()
    transactions = [each for each in told if each.operation == "TransactWriteItems"]
    assert len(transactions) == 4, "one of the five events tells nothing new"
    for each in transactions:
        [invoices] = [size for table, size in each.sizes.items() if table.endswith("invoices")]
        assert each.writes == 2 * (-(-invoices // 1024) + each.items - 1), "all others are smaller than 1 KB"
    assert sum(each.index_writes for each in transactions) > 0


def test_a_refused_write_costs_as_much_as_what_it_met_and_nothing_in_the_indexes(world: World) -> None:
    stored = world.now(world.invoice("svc_1"))
    told: list[Request] = []
    with Meter(told.append).listening(), pytest.raises(InvoiceExists):
        world.ports.invoices.insert(invoice_write(stored), {})
    [refused] = told
    assert (refused.writes, refused.index_writes, refused.written) == (2 * refused.items, 0, 0)


def test_an_event_that_tells_nothing_new_writes_its_own_marker_alone(world: World) -> None:
    invoice = world.invoice("svc_1")
    account = world.account_id  # type: ignore[attr-defined]
    world.double.pay(account, invoice.stripe_invoice_id, "pm_card_visa")
    world.deliver()
    told: list[Request] = []
    with Meter(told.append).listening():
        world.client.v1.invoices.update(
            str(invoice.stripe_invoice_id), {"metadata": {"note": "1"}}, {"stripe_account": account}
        )
        [receipt] = world.deliver()
    assert receipt.outcome is EventOutcome.NO_CHANGE
    assert [each.operation for each in told] == ["GetItem", "PutItem"]
    assert [table.rpartition("-")[2] for each in told for table in each.sizes] == ["events"]
    assert sum(each.all_writes for each in told) == 2, "the marker, and its entry in the invoice's log"


def long_ids(transaction_id: str = f"txn_{1:024}") -> BalanceTransaction:
    """Ids of random letters, as long as Stripe's, which nothing makes shorter."""
    return balance_transaction(
        transaction_id,
        description="Payment for Invoice A1B2C3D4-0001",
        source_id="ch_nAbnBEoonCrbZINl91huSS6A",
        payment_id="pi_ZPsK20FKcpXzkIRPxBFWGyEb",
    )


def test_a_payment_is_settled_by_a_unit_of_its_row_and_one_of_its_place_in_the_list(
    stores_on_tables: Backend,
) -> None:
    made = stores_on_tables.invoices.insert(invoice_write(invoice()), {})
    stores_on_tables.invoices.save(invoice_write(made)._replace(movements=(payment(f"pi_{1:024}"),)))
    told: list[Request] = []
    with Meter(told.append).listening():
        for settlement in (Settlement(long_ids()), Settlement(long_ids(), f"po_{1:024}")):
            stores_on_tables.payments.settle(ORG, [(f"pi_{1:024}", settlement)])
        stores_on_tables.payments.settle(ORG, [("pi_unknown", Settlement(balance_transaction()))])
    first, second, unknown = told
    assert (first.writes, first.index_writes) == (second.writes, second.index_writes) == (1, 1)
    assert (unknown.writes, unknown.index_writes) == (1, 0)


def test_a_hundred_lines_of_a_payout_cost_a_unit_each_and_are_in_no_index(stores_on_tables: Backend) -> None:
    lines = [replace(payout_line(), transaction=long_ids(f"txn_{n:024}")) for n in range(100)]
    told: list[Request] = []
    with Meter(told.append).listening():
        stores_on_tables.payouts.put_lines(ORG, "po_1", lines)
        stores_on_tables.payouts.put_lines(ORG, "po_1", lines)
        stores_on_tables.payouts.remove_lines(ORG, "po_1", lines)
    assert [each.operation for each in told] == ["BatchWriteItem"] * 12
    assert sum(each.writes for each in told) == 300
    assert sum(each.index_writes for each in told) == 0


def test_a_payout_costs_a_unit_and_one_of_its_place_in_the_list(stores_on_tables: Backend) -> None:
    told: list[Request] = []
    with Meter(told.append).listening():
        stored = stores_on_tables.payouts.save(
            payout(f"po_{1:024}", destination="STRIPE TEST BANK", trace_id="9" * 15)
        )
        stores_on_tables.payouts.save(replace(stored, paid_seen_at=NOW))
    assert [(each.operation, each.writes, each.index_writes) for each in told] == [("PutItem", 1, 1)] * 2
