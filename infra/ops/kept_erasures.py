"""What a restore does not bring back: customers, invoices and organizations that were erased since the copies.

The present tables know of these erasures, and the copies do not. Nor does it take away who did what since then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pynamodb.models import Model

from chalicelib.adapters.tables.acts import KIND as ACT
from chalicelib.adapters.tables.codec import decode_item
from chalicelib.adapters.tables.connections import KIND
from chalicelib.adapters.tables.customers import customer_values
from chalicelib.adapters.tables.invoice_items import stored_invoice
from chalicelib.adapters.tables.models import ConnectionItem, CustomerItem, InvoiceItem
from chalicelib.adapters.tables.writes import attributes
from chalicelib.domain.connection import Connection
from chalicelib.domain.customer import Customer
from chalicelib.domain.identifiers import OrganizationId
from infra.ops.copied_tables import Item


@dataclass
class KeptErasures:
    """Decides which present items stay at `now`, and counts those that cannot be read, by their tables."""

    now: int
    organizations: set[OrganizationId] = field(default_factory=set)
    """Erased organizations, whose own items the copies bring back."""
    unreadable: dict[str, int] = field(default_factory=dict)

    def of(self, model: type[Model]) -> Callable[[Item], Item | None]:
        """Returns what says of a present item of this model's table what it becomes, or None if the copy decides."""
        decide = self._deciders.get(model)
        if decide is None:
            return lambda _: None

        def keeps(item: Item) -> Item | None:
            try:
                return decide(item)
            except Exception:  # noqa: BLE001 whatever is damaged, the copy has it as it was
                table = str(model.Meta.table_name)
                self.unreadable[table] = self.unreadable.get(table, 0) + 1
                return None

        return keeps

    @property
    def _deciders(self) -> Mapping[type[Model], Callable[[Item], Item | None]]:
        return {CustomerItem: self._customer, InvoiceItem: self._invoice, ConnectionItem: self._connection}

    def _customer(self, item: Item) -> Item | None:
        """Returns a customer that is erased or about to be, with every record to be looked at again."""
        customer = decode_item(Customer, item)
        if customer.erasure is None:
            return None
        again = replace(customer, erasure=customer.erasure.again(self.now))
        values: dict[str, Any] = attributes(customer_values(again))
        return values

    def _invoice(self, item: Item) -> Item | None:
        return item if stored_invoice(item).erased_at is not None else None

    def _connection(self, item: Item) -> Item | None:
        """Returns an erased connection, and every act: what somebody did has happened, whatever is restored."""
        if item["kind"]["S"].startswith(f"{ACT}#"):
            return item
        if item["kind"]["S"] != KIND:
            return None
        connection = decode_item(Connection, item)
        if connection.erased_at is None:
            return None
        self.organizations.add(connection.organization_id)
        return item
