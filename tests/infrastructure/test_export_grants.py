"""The export of a customer does no more in AWS than the API's policy allows."""

from __future__ import annotations

from chalicelib.adapters import tables
from chalicelib.domain.acts import Subject
from chalicelib.domain.movements import MovementFilter
from chalicelib.domain.payout import PayoutFilter
from chalicelib.ports.storage import InvoiceFilter
from infra.local import enforced_policies
from tests.contracts.examples import ACCOUNT, ORG, customer, marker, payout
from tests.infrastructure.test_enforced import queue_urls

__all__ = ["queue_urls"]


def test_the_api_can_read_every_table_of_an_export(queue_urls: dict[str, str]) -> None:
    tables.TableEvents().mark(marker())
    deposit = tables.TablePayouts().save(payout())
    subject = customer()
    with enforced_policies.acting("api_handler"):
        assert len(list(tables.TableEvents().recorded(ACCOUNT, None))) == 1
        assert list(tables.TableBatches().every_item(ORG)) == []
        assert [each.id for each in tables.TablePayouts().page(ORG, PayoutFilter(), 5, None).items] == [deposit.id]
        assert list(tables.TablePayouts().all_lines(ORG, deposit.id)) == []
        assert tables.TablePayments().page(ORG, MovementFilter(), 5, None).items == ()
        assert tables.TableInvoices().page(ORG, InvoiceFilter(customer_id=subject.id), 5, None).items == ()
        assert tables.TableInvoices().holders(ORG, []) == {}
        assert tables.TableActs().page(Subject.customer_of(ORG, subject.id), 5, None).items == ()
