"""The code for erasures needs exactly the permissions that the policies of its functions grant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters import tables
from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.batch import BatchItem, BatchKind
from chalicelib.domain.connection import Connection
from chalicelib.domain.erasure import ErasureStatus, InStripe
from chalicelib.domain.errors import DeploymentFault
from chalicelib.domain.identifiers import CustomerId, UserId
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import invoice_write
from chalicelib.usecases.erasing.erase_customer import BEGINS_AFTER, SECOND_LOOK_AFTER, erase_customer
from chalicelib.usecases.erasing.request_erasure import request_erasure
from infra.local import enforced_policies
from tests.contracts.examples import (
    ACCOUNT,
    NOW,
    ORG,
    balance_transaction,
    customer,
    event,
    in_status,
    invoice,
    linked_customer,
    payment,
    payout_line,
)
from tests.contracts.test_batch_store import batch
from tests.fakes import FakePorts
from tests.fakes.ports import FakeClock
from tests.infrastructure.test_enforced import queue_urls

__all__ = ["queue_urls"]

ANN = CustomerId("cust_1")


class Stripe:
    """Reads events as the gateway does, and deletes every requested object."""

    deleted: tuple[str, ...] = ()

    def find_customers(self, *_: Any) -> list[Any]:
        return []

    def delete_customer(self, _: str, stripe_customer_id: str) -> None:
        self.deleted = (*self.deleted, stripe_customer_id)

    def read_event(self, body: str, _: str) -> Any:
        return event(body=body)

    def pointer_to(self, _: Any) -> str:
        return "ids"


def ports_on_tables() -> FakePorts:
    ports: Any = FakePorts(stripe=Stripe(), clock=FakeClock(NOW))  # type: ignore[arg-type]
    ports.invoices, ports.payments, ports.payouts = (
        tables.TableInvoices(),
        tables.TablePayments(),
        tables.TablePayouts(),
    )
    ports.customers, ports.connections = tables.TableCustomers(), tables.TableConnections()
    ports.events, ports.batches = tables.TableEvents(), tables.TableBatches()
    return ports


def test_each_function_has_the_grants_for_its_part_of_an_erasure(queue_urls: dict[str, str]) -> None:
    ports = ports_on_tables()
    connection = Connection(ORG, account_id=ACCOUNT, connected_at=NOW)
    ports.connections.save(connection)
    ports.customers.save(linked_customer(customer("1"), "cus_1"))
    paid_invoice = in_status(invoice(), InvoiceStatus.PAID)
    stored_invoice = ports.invoices.insert(invoice_write(paid_invoice), {})
    ports.invoices.save(invoice_write(stored_invoice)._replace(movements=(payment(),)))
    ports.payments.settle(ORG, [("ch_1", Settlement(balance_transaction(description="Ann"), "po_1"))])
    ports.payouts.put_lines(ORG, "po_1", [replace(payout_line(description="Ann"))])
    ports.events.park(event(body=f'{{"id": "{paid_invoice.id}"}}'), NOW, "timeout")
    saved_batch = ports.batches.save(batch(kind=BatchKind.CUSTOMERS, cancelled_at=NOW))
    ports.batches.add_items(saved_batch, [BatchItem(0, ANN, profile=customer().profile)])
    with enforced_policies.acting("api_handler"):
        request_erasure(ORG, ANN, InStripe.DELETE, UserId("user_1"), ports)
    ports.clock.set(NOW + BEGINS_AFTER)
    with enforced_policies.acting("resume_stuck"):
        assert list(ports.customers.erasures_due(ports.clock.now(), 10)) == [(ORG, ANN)]
    with enforced_policies.acting("erasures"):
        assert erase_customer(ORG, ANN, ports) is ErasureStatus.ERASING
        assert erase_customer(ORG, ANN, ports) is ErasureStatus.ERASING
    erased_invoice = ports.invoices.get(ORG, paid_invoice.id)
    assert erased_invoice is not None
    assert erased_invoice.erased_at == ports.clock.now()
    [settled_payment] = ports.payments.find(ORG, ["ch_1"]).values()
    assert (settled_payment.movement.last4, settled_payment.settlements[0].transaction.description) == (None, None)
    assert [each.body for each in ports.events.all_parked_events(ACCOUNT)] == ["ids"]
    assert [stored_item.item.profile for _, stored_item in ports.batches.every_item(ORG)] == [None]
    assert [line.transaction.description for line in ports.payouts.all_lines(ORG, "po_1")] == [None]
    ports.clock.set(NOW + BEGINS_AFTER + SECOND_LOOK_AFTER)
    with enforced_policies.acting("erasures"):
        assert erase_customer(ORG, ANN, ports) is ErasureStatus.ERASED


def test_the_worker_of_erasures_cannot_create_invoices_or_claims(queue_urls: dict[str, str]) -> None:
    with enforced_policies.acting("erasures"), pytest.raises(DeploymentFault, match="ClaimsTable"):
        tables.TableInvoices().insert(invoice_write(invoice()), {invoice().order.services[0]: None})
    with enforced_policies.acting("erasures"), pytest.raises(DeploymentFault, match="PaymentRefsTable"):
        tables.TableInvoices().find_by_reference(ACCOUNT, ["pi_1"])
