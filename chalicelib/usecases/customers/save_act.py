"""Creates the act of a save, for the customer's history."""

from __future__ import annotations

from chalicelib.domain.acts import Act, CustomerAct, saved_fields
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_save import Save
from chalicelib.domain.identifiers import BatchId, UserId
from chalicelib.ports import Ports
from chalicelib.usecases.acts.acting import customer_act


def save_act(
    before: Customer | None,
    after: Customer,
    save: Save,
    ports: Ports,
    by: UserId | None,
    batch_id: BatchId | None = None,
) -> Act:
    """Returns the act by which the user `by` changed `before` to `after`. With a `batch_id`, the act is an import."""
    fields, choice = saved_fields(before, after), save.choice(before)
    kind = CustomerAct.CHOICE_MADE if choice is not None and not fields else CustomerAct.SAVED
    if batch_id is not None:
        kind = CustomerAct.IMPORTED
    facts = {"actor": by, "fields": fields, "stripe_id": choice, "batch_id": batch_id}
    return customer_act(after.organization_id, after.id, kind, ports, **facts)
