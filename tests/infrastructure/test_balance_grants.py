"""The code for fees and payouts needs no more permissions than the policies of its functions grant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.adapters import tables
from chalicelib.domain.attention import AttentionKind, UnknownInvoices
from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.errors import DeploymentFault
from chalicelib.domain.movements import MovementFilter
from chalicelib.domain.payout import PayoutFilter
from chalicelib.domain.summary import invoice_write
from chalicelib.ports.storage import InvoiceFilter
from infra.local import enforced_policies
from tests.contracts.examples import NOW, ORG, balance_transaction, invoice, payment, payout, payout_line
from tests.infrastructure.test_enforced import queue_urls

__all__ = ["queue_urls"]


def test_each_function_has_the_grants_for_its_part_of_fees_and_payouts(queue_urls: dict[str, str]) -> None:
    invoices, payments, payouts = tables.TableInvoices(), tables.TablePayments(), tables.TablePayouts()
    connections, line = tables.TableConnections(), payout_line()
    for function in ("api_handler", "invoice_jobs", "batch_jobs", "reconcile_account"):
        with enforced_policies.acting(function):
            stored_invoice = invoices.insert(invoice_write(invoice(function)), {})
            invoices.save(invoice_write(stored_invoice)._replace(movements=(payment(),)))
    with enforced_policies.acting("balance_jobs"):
        current_payout = payouts.get(ORG, "po_1") or payout()
        saved_payout = payouts.save(current_payout)
        payouts.put_lines(ORG, "po_1", [line, payout_line("txn_2")])
        payouts.remove_lines(ORG, "po_1", [payout_line("txn_2")])
        assert payments.find(ORG, ["ch_1"])
        payments.settle(ORG, [("ch_1", Settlement(line.transaction, "po_1"))])
        assert list(payouts.all_lines(ORG, "po_1")) == [line]
    with enforced_policies.acting("reconcile_account"):
        assert payouts.find(ORG, ["po_1"]) == {"po_1": saved_payout}
        saved_payout = payouts.save(replace(saved_payout, paid_seen_at=NOW))
        assert payments.page(ORG, MovementFilter(), 10, None).items
        payments.settle(ORG, [("ch_1", Settlement(balance_transaction("txn_2")))])
        connections.save_unknown_invoices(ORG, UnknownInvoices(NOW, 0, ()))
    with enforced_policies.acting("api_handler"):
        assert payouts.page(ORG, PayoutFilter(), 10, None).items == (saved_payout,)
        assert payouts.get(ORG, "po_1") == saved_payout
        assert payouts.find(ORG, ["po_1"]) == {"po_1": saved_payout}
        assert payouts.lines(ORG, "po_1", 10, None).items == (line,)
        assert payments.find(ORG, ["ch_1"])
        assert connections.unknown_invoices(ORG) == UnknownInvoices(NOW, 0, ())
        invoices.page(ORG, InvoiceFilter(attention=AttentionKind.REFUND_FAILED), 10, None)


def test_the_api_changes_no_payout_and_a_balance_job_stores_no_invoice(queue_urls: dict[str, str]) -> None:
    with enforced_policies.acting("api_handler"), pytest.raises(DeploymentFault, match="PutItem on PayoutsTable"):
        tables.TablePayouts().save(payout())
    with enforced_policies.acting("balance_jobs"), pytest.raises(DeploymentFault, match="InvoicesTable"):
        tables.TableInvoices().insert(invoice_write(invoice()), {})
