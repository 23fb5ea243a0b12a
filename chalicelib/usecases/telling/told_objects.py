"""Reads what events show beside the stored objects themselves, in few requests for a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from chalicelib.domain.connection import Connection
from chalicelib.domain.customer import Customer
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


def shown_objects(changes: Sequence[StoredChange], ports: Ports) -> list[Shown]:
    """Returns what is shown with each change.

    Raises:
        Retryable: the database does not answer.
    """
    names = _names(changes, ports)
    return [_shown(each, names, ports) for each in changes]


def _names(changes: Sequence[StoredChange], ports: Ports) -> Mapping[OrganizationId, Mapping[CustomerId, str]]:
    wanted: dict[OrganizationId, list[CustomerId]] = {}
    for change in changes:
        if isinstance(change.shown, Invoice):
            wanted.setdefault(change.shown.organization_id, []).append(change.shown.order.customer_id)
    return {organization_id: names_of(organization_id, ids, ports) for organization_id, ids in wanted.items()}


def _shown(change: StoredChange, names: Mapping[OrganizationId, Mapping[CustomerId, str]], ports: Ports) -> Shown:
    match change.shown:
        case Invoice() as invoice:
            return ShownInvoice(invoice, names[invoice.organization_id].get(invoice.order.customer_id))
        case Customer() as customer:
            return as_it_stands(customer, ports)
        case Connection() as connection:
            return report_of(connection, ports)
        case Payout() as payout:
            return ShownPayout(payout, beside([payout], payout.organization_id, ports))
