"""Finds what has to be settled before a customer can be erased."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

from chalicelib.domain.batch import Batch, BatchKind, BatchStatus
from chalicelib.domain.erasure import Unsettled
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId
from chalicelib.domain.unsettled import BATCH_UNDER_WAY, unsettled_in
from chalicelib.ports import Ports
from chalicelib.ports.portions import AT_ONCE, every
from chalicelib.ports.storage import InvoiceFilter
from chalicelib.usecases.erasing.holdings import invoices_of

REPORTED_AT_MOST = 20
"""The most unsettled things that are reported at once."""

STORED_WITHIN = 3600
"""Seconds after which a batch that is not completely stored counts as abandoned, because no request takes that
long.
"""


def unsettled_of(organization_id: OrganizationId, customer_id: CustomerId, ports: Ports) -> tuple[Unsettled, ...]:
    """Returns what keeps the customer from being erased now, at most `REPORTED_AT_MOST` things.

    The lists may lag by a few seconds.
    """
    return tuple(islice(_open_things(organization_id, customer_id, ports), REPORTED_AT_MOST))


def _open_things(organization_id: OrganizationId, customer_id: CustomerId, ports: Ports) -> Iterator[Unsettled]:
    account_id = account_to_settle_on(organization_id, ports)
    for invoice in invoices_of(organization_id, customer_id, ports):
        yield from unsettled_in(invoice, account_id)
    for batch in _batches_under_way(organization_id, ports):
        if _takes(batch, customer_id, ports):
            yield Unsettled(BATCH_UNDER_WAY, batch.id)


def account_to_settle_on(organization_id: OrganizationId, ports: Ports) -> StripeAccountId | None:
    """Returns the account on which the company can settle things: the present account, or the latest one.

    Returns None for an organization that was erased, because it can never be connected again.
    """
    connection = ports.connections.get(organization_id)
    return connection.account_id if connection.erased_at is None else None


def unsettled_of_organization(organization_id: OrganizationId, ports: Ports) -> Iterator[Unsettled]:
    """Yields what keeps any customer of the organization from being erased now, including every unfinished batch.

    The lists may lag by a few seconds.
    """
    account_id = account_to_settle_on(organization_id, ports)
    for invoice in every(partial(ports.invoices.page, organization_id, InvoiceFilter(), AT_ONCE)):
        yield from unsettled_in(invoice, account_id)
    for batch in _batches_under_way(organization_id, ports):
        yield Unsettled(BATCH_UNDER_WAY, batch.id)


def _batches_under_way(organization_id: OrganizationId, ports: Ports) -> Iterator[Batch]:
    for kind in BatchKind:
        for batch in every(partial(ports.batches.page, organization_id, kind, AT_ONCE)):
            if _is_under_way(batch, ports):
                yield batch


def _is_under_way(batch: Batch, ports: Ports) -> bool:
    if batch.status is BatchStatus.STORING:
        return ports.clock.now() - batch.created_at < STORED_WITHIN
    return batch.status is BatchStatus.RUNNING


def _takes(batch: Batch, customer_id: CustomerId, ports: Ports) -> bool:
    items = every(partial(ports.batches.items, batch, AT_ONCE))
    return any(item.customer_id == customer_id and batch.undecided(item) for item in items)
