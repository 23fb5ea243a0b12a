"""Reads what events show beside the stored objects themselves, in few requests for a batch."""

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
from chalicelib.usecases.customers.customers import as_it_stands
from chalicelib.usecases.customers.names import names_of
from chalicelib.usecases.payouts.related import beside

CAN_WAIT = (Retryable, DeploymentFault)
"""Errors that say nothing against a change: it can be told when their cause is gone."""


@dataclass(frozen=True, slots=True)
class ShownInvoice:
    """An invoice, and the name of its customer as POM has it now."""

    invoice: Invoice
    customer_name: str | None


@dataclass(frozen=True, slots=True)
class ShownPayout:
    """A payout, and what must be known beside it."""

    payout: Payout
    known: RelatedPayouts


Shown: TypeAlias = ShownInvoice | Customer | ConnectionReport | ShownPayout


def shows(changes: Sequence[StoredChange], ports: Ports) -> Callable[[StoredChange], Shown | None]:
    """Returns what reads what is shown with one of these changes. The names of their customers are read at once.

    Nothing is shown with a change whose object nobody has any more.

    What cannot be read raises when its own change is shown, so one damaged record concerns only those that show it.

    Raises:
        Retryable: the database does not answer.
        DeploymentFault: the database refuses any such request.
    """
    names = _names(changes, ports)
    return lambda change: _shown(change, names, ports)


def _names(changes: Sequence[StoredChange], ports: Ports) -> Mapping[OrganizationId, Mapping[CustomerId, str] | None]:
    """Returns the names by organization.

    An organization has None if the record of one of these customers cannot be read.
    """
    wanted: dict[OrganizationId, list[CustomerId]] = {}
    for change in changes:
        if isinstance(change.shown, Invoice):
            wanted.setdefault(change.shown.organization_id, []).append(change.shown.order.customer_id)
    names: dict[OrganizationId, Mapping[CustomerId, str] | None] = {}
    for organization_id, ids in wanted.items():
        try:
            names[organization_id] = names_of(organization_id, ids, ports)
        except CAN_WAIT:
            raise
        except Exception:  # noqa: BLE001 it raises again for the invoices of that customer: see `_shown`
            names[organization_id] = None
    return names


def _shown(
    change: StoredChange, names: Mapping[OrganizationId, Mapping[CustomerId, str] | None], ports: Ports
) -> Shown | None:
    match change.shown:
        case None:
            return None
        case Invoice() as invoice:
            customer_id = invoice.order.customer_id
            known = names.get(invoice.organization_id)
            if known is None:
                known = names_of(invoice.organization_id, [customer_id], ports)
            return ShownInvoice(invoice, known.get(customer_id))
        case Customer() as customer:
            # Such a status tells of the account of that version, and another account may be connected by now.
            return customer if customer.sync_status in STATUSES_OF_ONE_ACCOUNT else as_it_stands(customer, ports)
        case Connection() as connection:
            # An attempt to connect may have run out since then.
            return replace(report_of(connection, ports), status=connection.status(change.change.at))
        case Payout() as payout:
            return ShownPayout(payout, beside([payout], payout.organization_id, ports))
