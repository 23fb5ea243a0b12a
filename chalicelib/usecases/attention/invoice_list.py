"""A list of invoices that several kinds of things are looked for in."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.ports.storage import InvoiceFilter, Page
from chalicelib.ports.stores import InvoiceStore

AT_ONCE = 50
PAGES = 10
"""How many pages of a list are read at most. Of what is behind them, the answer says that there may be more."""


class InvoiceList:
    """The invoices that fit a filter. Each page is read once, when somebody comes to it first."""

    def __init__(self, organization_id: OrganizationId, fits: InvoiceFilter, invoices: InvoiceStore) -> None:
        self._organization_id = organization_id
        self._filter = fits
        self._invoices = invoices
        self._read: list[Page[Invoice]] = []

    def pages(self) -> Iterator[Page[Invoice]]:
        """Yields the pages of the list, at least one and at most `PAGES`."""
        for number in range(PAGES):
            if number == len(self._read):
                after = self._read[-1].end_cursor if self._read else None
                self._read.append(self._invoices.page(self._organization_id, self._filter, AT_ONCE, after))
            yield self._read[number]
            if not self._read[number].has_next:
                return
