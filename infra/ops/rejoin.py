"""Makes the records next to an invoice agree with it: claims, rows of its money, references and tallies.

Copies of tables can be from different times. AWS Backup copies each table at its own time, and even a restore of all
tables to the same second can separate the writes of one transaction. An invoice without its claims could be billed
again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from chalicelib.adapters.tables.models import InvoiceItem
from chalicelib.domain.errors import IntegrationError
from chalicelib.domain.events import Reference
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, ServiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.summary import invoice_write
from chalicelib.ports import Ports
from chalicelib.ports.paging import in_hundreds
from chalicelib.usecases.invoicing.claims import claim_in_portions
from chalicelib.usecases.invoicing.store_invoice import load


@dataclass
class RejoinResult:
    """The counts of the repaired records. `refused` has a row for each invoice that could not be repaired, with the
    reason.
    """

    invoices: int = 0
    claims: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)


def rejoin(ports: Ports) -> RejoinResult:
    """Repairs the records of all invoices. The table of tallies must be empty, and no function may write
    in the meantime.
    """
    result = RejoinResult()
    for organization_id, invoice_id in _all_invoices():
        try:
            result.claims += _rejoin_invoice(load(organization_id, invoice_id, ports), ports)
            result.invoices += 1
        except IntegrationError as error:
            result.refused.append(
                {"organization": organization_id, "invoice": invoice_id, "why": f"{type(error).__name__}: {error}"}
            )
    return result


def _all_invoices() -> Iterator[tuple[OrganizationId, InvoiceId]]:
    for item in InvoiceItem.scan(attributes_to_get=["organization_id", "invoice_id"], consistent_read=True):
        yield OrganizationId(item.organization_id), InvoiceId(item.invoice_id)


def _rejoin_invoice(invoice: Invoice, ports: Ports) -> int:
    """Repairs the records of one invoice and returns how many claims were missing.

    The invoice is stored first, so that its money appears in the lists even if a claim cannot be made.
    """
    uncounted = replace(invoice, counted=())
    stored_invoice = ports.invoices.save(invoice_write(uncounted), _references(invoice))
    unclaimed = _services_without_claim(stored_invoice, ports) if stored_invoice.live else []
    claim_in_portions(stored_invoice, unclaimed, ports)
    return len(unclaimed)


def _references(invoice: Invoice) -> list[Reference]:
    stripe_ids = sorted(invoice.stripe_invoice_ids | invoice.facts.intent_ids)
    return [Reference(invoice.stripe_account_id, each, invoice.organization_id, invoice.id) for each in stripe_ids]


def _services_without_claim(invoice: Invoice, ports: Ports) -> list[ServiceId]:
    held_services = invoice.edit.held if invoice.edit is not None else ()
    services = list(dict.fromkeys((*invoice.order.services, *held_services)))
    holders: dict[ServiceId, InvoiceId] = {}
    for portion in in_hundreds(services):
        holders |= ports.invoices.holders(invoice.organization_id, portion)
    return [each for each in services if holders.get(each) != invoice.id]
