"""A list of invoices that several sources of items share."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.ports.storage import InvoiceFilter, Page
from chalicelib.ports.stores import InvoiceStore

AT_ONCE = 50
PAGES = 10
"""The most pages of a list that are read. If there are more, the response says that the count is a minimum."""


class InvoiceList:
    """The invoices that fit a filter. Each page is read once, when it is first needed."""

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
