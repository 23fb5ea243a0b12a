"""`python -m tests.proofs.load_ledger`: what the tables of a running stack hold, and how it differs from Stripe.

A JSON object on standard input names `organization`, `account`, its `invoices` and Stripe's `ledger`.
"""

from __future__ import annotations

import json
import os
import sys

from chalicelib.adapters import tables
from chalicelib.adapters.tables.models import EventItem
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from tests import oracle


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
        "histories": {entry.event_id: each.id for each in known for entry in each.history if entry.event_id},
        "versions": {each.id: each.version for each in known},
        "differences": oracle.differences(given["ledger"], known),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
