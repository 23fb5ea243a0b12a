"""Invoice items that wait for the customer's next invoice."""

from __future__ import annotations

from typing import Any

import pytest
import stripe


def wait(company: Any, customer: Any, amount: int = 900, **params: Any) -> Any:
    item_params = {"customer": customer.id, "amount": amount, "currency": "usd", **params}
    return company.v1.invoice_items.create(item_params, company.opts)


def test_a_waiting_item_stays_out_of_a_draft_by_default(company: Any) -> None:
    customer = company.customer()
    item = wait(company, customer, metadata={"a": "b"}, description="Chlorine")
    assert (item.invoice, item.amount, item.metadata.to_dict()) == (None, 900, {"a": "b"})

    assert company.draft(customer=customer.id).total == 0
    assert company.draft(customer=customer.id, pending_invoice_items_behavior="exclude").total == 0


def test_a_draft_that_includes_waiting_items_has_them_as_lines(company: Any) -> None:
    customer = company.customer()
    item = wait(company, customer, description="Chlorine")
    wait(company, customer, currency="eur")

    draft = company.draft(customer=customer.id, pending_invoice_items_behavior="include")

    [line] = draft.lines.data
    assert (draft.total, line.amount, line.description, line.invoice) == (900, 900, "Chlorine", draft.id)
    assert line.parent.invoice_item_details.invoice_item == item.id
    assert company.v1.invoice_items.retrieve(item.id, None, company.opts).invoice == draft.id
    assert {"invoiceitem.created", "invoiceitem.updated"} <= set(company.types())
    assert company.draft(customer=customer.id, pending_invoice_items_behavior="include").total == 0


def test_waiting_items_are_listed_and_deleted(company: Any) -> None:
    customer = company.customer()
    item = wait(company, customer)
    company.open(5_000, customer=customer.id)

    pending = company.v1.invoice_items.list({"customer": customer.id, "pending": True}, company.opts).data
    assert [each.id for each in pending] == [item.id]
    assert company.v1.invoice_items.delete(item.id, None, company.opts).deleted

    assert company.types()[-1] == "invoiceitem.deleted"
    with pytest.raises(stripe.InvalidRequestError, match="No such invoice item"):
        company.v1.invoice_items.retrieve(item.id, None, company.opts)
