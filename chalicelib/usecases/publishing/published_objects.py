"""Reads the objects that a batch's events show, and their customers' names, in few requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from chalicelib.domain.connection import Connection
from chalicelib.domain.customer import STATUSES_OF_ONE_ACCOUNT, Customer
from chalicelib.domain.errors import DeploymentFault, Retryable
from chalicelib.domain.identifiers import CustomerId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payout import Payout
from chalicelib.domain.related_payouts import RelatedPayouts
from chalicelib.ports import Ports
from chalicelib.ports.changes import StoredChange
from chalicelib.usecases.connecting.connection_report import ConnectionReport, report_of
from chalicelib.usecases.customers.customers import on_connected_account
from chalicelib.usecases.customers.names import names_of
from chalicelib.usecases.payouts.related import related_payouts

CAN_WAIT = (Retryable, DeploymentFault)
"""Errors that do not concern the change itself. The change can be published when their cause is gone."""


@dataclass(frozen=True, slots=True)
class PublishedInvoice:
    """An invoice and the present name of its customer."""

    invoice: Invoice
    customer_name: str | None


@dataclass(frozen=True, slots=True)
class PublishedPayout:
    """A payout and its related payouts."""

    payout: Payout
    related: RelatedPayouts


PublishedObject: TypeAlias = PublishedInvoice | Customer | ConnectionReport | PublishedPayout


def published_objects(
    changes: Sequence[StoredChange], ports: Ports
) -> Callable[[StoredChange], PublishedObject | None]:
    """Returns a function that reads the object of one of these changes, or returns None if the object is deleted.

    The customers' names are read at once for all changes. A damaged record raises only when the function is called
    for a change that shows it, so it does not stop the other changes.

    Raises:
        Retryable: the database does not respond.
        DeploymentFault: the database refuses every request of this kind.
    """
    names = _names(changes, ports)
    return lambda change: _published_object(change, names, ports)


def _names(changes: Sequence[StoredChange], ports: Ports) -> Mapping[OrganizationId, Mapping[CustomerId, str] | None]:
    """Returns the names of the customers of the changed invoices, by organization.

    The value of an organization is None if the record of one of these customers cannot be read.
    """
    customer_ids: dict[OrganizationId, list[CustomerId]] = {}
    for change in changes:
        if isinstance(change.shown, Invoice):
            customer_ids.setdefault(change.shown.organization_id, []).append(change.shown.order.customer_id)
    names: dict[OrganizationId, Mapping[CustomerId, str] | None] = {}
    for organization_id, ids in customer_ids.items():
        try:
            names[organization_id] = names_of(organization_id, ids, ports)
        except CAN_WAIT:
            raise
        except Exception:  # noqa: BLE001 it raises again for the invoices of that customer, in `_published_object`
            names[organization_id] = None
    return names


def _published_object(
    change: StoredChange, names: Mapping[OrganizationId, Mapping[CustomerId, str] | None], ports: Ports
) -> PublishedObject | None:
    match change.shown:
        case None:
            return None
        case Invoice() as invoice:
            customer_id = invoice.order.customer_id
            names_here = names.get(invoice.organization_id)
            if names_here is None:
                names_here = names_of(invoice.organization_id, [customer_id], ports)
            return PublishedInvoice(invoice, names_here.get(customer_id))
        case Customer() as customer:
            # Such a status is about the account of that version, and another account may be connected by now.
            return (
                customer if customer.sync_status in STATUSES_OF_ONE_ACCOUNT else on_connected_account(customer, ports)
            )
        case Connection() as connection:
            # The attempt to connect may have expired between the change and now.
            return replace(report_of(connection, ports), status=connection.status(change.change.at))
        case Payout() as payout:
            return PublishedPayout(payout, related_payouts([payout], payout.organization_id, ports))
