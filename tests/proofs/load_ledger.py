"""`python -m tests.proofs.load_ledger`: prints the content of a running stack's tables, and how it differs from
Stripe.

A JSON object on standard input names `organization`, `account`, its `invoices` and Stripe's `ledger`.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from chalicelib.adapters import tables
from chalicelib.adapters.tables.models import EventItem
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import MovementFilter
from tests import oracle

PAGE = 100


def main() -> None:
    given = json.load(sys.stdin)
    tables.configure(os.environ["POM_TABLE_PREFIX"])
    outcomes = {item.event_id: item.outcome for item in EventItem.query(str(given["account"]), consistent_read=True)}
    store, organization = tables.TableInvoices(), OrganizationId(given["organization"])
    invoices = [store.get(organization, InvoiceId(each)) for each in given["invoices"]]
    known = [each for each in invoices if each is not None]
    told = {
        "outcomes": outcomes,
        "missing": len(invoices) - len(known),
        "logs": {event_id: each.id for each in known for event_id in _logged(each)},
        "versions": {each.id: each.version for each in known},
        "differences": [*oracle.differences(given["ledger"], known), *_wrong_sums(organization, known)],
    }
    print(json.dumps(told))


def _logged(invoice: Invoice) -> Iterator[str]:
    """Yields the id of each event in an invoice's log."""
    events, after = tables.TableEvents(), None
    while True:
        page = events.of_invoice(invoice.organization_id, invoice.id, PAGE, after)
        yield from (event.id for event in page.items)
        if not page.has_next:
            return
        after = page.end_cursor


def _wrong_sums(organization: OrganizationId, invoices: Sequence[Invoice]) -> list[str]:
    """Returns the invoices whose rows of money do not add up to what they received, in words."""
    payments, after, sums = tables.TablePayments(), None, Counter[str]()
    while True:
        page = payments.page(organization, MovementFilter(), PAGE, after)
        for row in page.items:
            sums[row.movement.invoice_id] += row.movement.counted
        if not page.has_next:
            break
        after = page.end_cursor
    wrong = [each for each in invoices if sums[each.id] != each.amounts.received]
    return [f"{each.id} received {each.amounts.received}, its rows add up to {sums[each.id]}" for each in wrong]


if __name__ == "__main__":
    main()
