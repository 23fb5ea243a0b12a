"""Finds what has to be settled before a customer can be erased."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

from chalicelib.domain.batch import Batch, BatchKind, BatchStatus
from chalicelib.domain.erasure import ErasureBlocker
from chalicelib.domain.erasure_blockers import BATCH_UNDER_WAY, blockers_in
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId
from chalicelib.ports import Ports
from chalicelib.ports.paging import AT_ONCE, all_items
from chalicelib.ports.storage import InvoiceFilter
from chalicelib.usecases.erasing.holdings import invoices_of

REPORTED_AT_MOST = 20
"""The most unsettled things that are reported at once."""

STORED_WITHIN = 3600
"""Seconds after which a batch that is not completely stored counts as abandoned, because no request takes that
long.
"""


def unsettled_of(
    organization_id: OrganizationId, customer_id: CustomerId, ports: Ports
) -> tuple[ErasureBlocker, ...]:
    """Returns what keeps the customer from being erased now, at most `REPORTED_AT_MOST` things.

    The lists may lag by a few seconds.
    """
    return tuple(islice(_open_things(organization_id, customer_id, ports), REPORTED_AT_MOST))


def _open_things(organization_id: OrganizationId, customer_id: CustomerId, ports: Ports) -> Iterator[ErasureBlocker]:
    account_id = account_to_settle_on(organization_id, ports)
    for invoice in invoices_of(organization_id, customer_id, ports):
        yield from blockers_in(invoice, account_id)
    for batch in _batches_under_way(organization_id, ports):
        if _takes(batch, customer_id, ports):
            yield ErasureBlocker(BATCH_UNDER_WAY, batch.id)


def account_to_settle_on(organization_id: OrganizationId, ports: Ports) -> StripeAccountId | None:
    """Returns the account on which the company can settle things: the present account, or the latest one.

    Returns None for an organization that was erased, because it can never be connected again.
    """
    connection = ports.connections.get(organization_id)
    return connection.account_id if connection.erased_at is None else None


def unsettled_of_organization(organization_id: OrganizationId, ports: Ports) -> Iterator[ErasureBlocker]:
    """Yields what keeps any customer of the organization from being erased now, including every unfinished batch.

    The lists may lag by a few seconds.
    """
    account_id = account_to_settle_on(organization_id, ports)
    for invoice in all_items(partial(ports.invoices.page, organization_id, InvoiceFilter(), AT_ONCE)):
        yield from blockers_in(invoice, account_id)
    for batch in _batches_under_way(organization_id, ports):
        yield ErasureBlocker(BATCH_UNDER_WAY, batch.id)


def _batches_under_way(organization_id: OrganizationId, ports: Ports) -> Iterator[Batch]:
    for kind in BatchKind:
        for batch in all_items(partial(ports.batches.page, organization_id, kind, AT_ONCE)):
            if _is_under_way(batch, ports):
                yield batch


def _is_under_way(batch: Batch, ports: Ports) -> bool:
    if batch.status is BatchStatus.STORING:
        return ports.clock.now() - batch.created_at < STORED_WITHIN
    return batch.status is BatchStatus.RUNNING


def _takes(batch: Batch, customer_id: CustomerId, ports: Ports) -> bool:
    items = all_items(partial(ports.batches.items, batch, AT_ONCE))
    return any(item.customer_id == customer_id and batch.is_undecided(item) for item in items)
