"""Reads the names of customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib.domain.identifiers import CustomerId, OrganizationId
from chalicelib.ports import Ports
from chalicelib.ports.paging import in_hundreds


def names_of(
    organization_id: OrganizationId, customer_ids: Iterable[CustomerId], ports: Ports
) -> Mapping[CustomerId, str]:
    """Returns the present names of customers, by customer id.

    Customers without a name or a record, and erased ones, are left out. There is one batch read for each 100
    customers.
    """
    names: dict[CustomerId, str] = {}
    for some in in_hundreds(dict.fromkeys(customer_ids)):
        customers = ports.customers.several(organization_id, some).values()
        open_ones = (each for each in customers if not each.erased)
        names.update({each.id: name for each in open_ones if (name := each.profile.display_name) is not None})
    return names
