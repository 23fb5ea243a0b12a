"""Lists invoices, finds one by Stripe's id, and returns the totals of a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_totals import InvoiceTotal, totals_disputed, totals_of_statuses, totals_overdue
from chalicelib.domain.status import STATUSES_OF, InvoiceStatus
from chalicelib.ports import Ports
from chalicelib.ports.paging import in_hundreds
from chalicelib.ports.storage import InvoiceFilter, Page


def list_invoices(
    organization_id: OrganizationId, invoice_filter: InvoiceFilter, first: int, after: str | None, ports: Ports
) -> Page[Invoice]:
    """Returns a page of the invoices that fit the filter, which decides their order, too.

    Raises:
        Refused: the cursor is not one of this list.
    """
    return ports.invoices.page(organization_id, invoice_filter, first, after)


def several(
    organization_id: OrganizationId, invoice_ids: Iterable[InvoiceId], ports: Ports
) -> Mapping[InvoiceId, Invoice]:
    """Returns the organization's invoices with these ids, by id, without ids that it does not have. One batch read is
    made for each 100 ids.
    """
    invoices: dict[InvoiceId, Invoice] = {}
    for portion in in_hundreds(dict.fromkeys(invoice_ids)):
        invoices.update(ports.invoices.several(organization_id, portion))
    return invoices


def find_by_stripe_id(organization_id: OrganizationId, stripe_invoice_id: str, ports: Ports) -> Invoice | None:
    """Returns the invoice that is, or has replaced, this invoice of the connected account. None if there is none.

    A disconnected organization finds the invoices of the account that it had last. The search takes a read of the
    connection, one of the reference, and one of the invoice.
    """
    account_id = ports.connections.get(organization_id).account_id
    if account_id is None:
        return None
    owners = ports.invoices.find_by_reference(account_id, [stripe_invoice_id])
    owner, invoice_id = owners.get(stripe_invoice_id, (None, None))
    # An account may have been another organization's before, and references are by account.
    if owner != organization_id or invoice_id is None:
        return None
    return ports.invoices.get(organization_id, invoice_id)


def totals(
    organization_id: OrganizationId, invoice_filter: InvoiceFilter, ports: Ports
) -> Sequence[InvoiceTotal] | None:
    """Returns the total of the invoices of all pages in each currency. None if the list has no tallies.

    POM stores tallies of each status, of overdue and of disputed invoices, but not of a range or of a customer.
    Reading them takes one query.
    """
    tallied_filter = InvoiceFilter(
        invoice_filter.status, invoice_filter.group, overdue=invoice_filter.overdue, disputed=invoice_filter.disputed
    )
    if invoice_filter != tallied_filter:
        return None
    tallies = ports.summaries.tallies(organization_id, None)
    if invoice_filter.overdue:
        return totals_overdue(tallies)
    if invoice_filter.disputed:
        return totals_disputed(tallies)
    if invoice_filter.status is not None:
        return totals_of_statuses(tallies, [invoice_filter.status])
    statuses = STATUSES_OF[invoice_filter.group] if invoice_filter.group is not None else tuple(InvoiceStatus)
    return totals_of_statuses(tallies, statuses)
