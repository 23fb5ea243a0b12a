"""What is kept beside an invoice, made to agree with it: claims, rows of its money, references and tallies.

Copies of tables are not of one moment. AWS Backup copies each table at a time of its own, and also a restore to the
same second may part a transaction. An invoice whose claims are missing could be billed again.
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
class Rejoined:
    """What was done. `refused` says of each invoice that could not be rejoined why."""

    invoices: int = 0
    claims: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)


def rejoin(ports: Ports) -> Rejoined:
    """Goes over all invoices. The table of tallies must be empty, and nobody else may write meanwhile."""
    done = Rejoined()
    for organization_id, invoice_id in _all_invoices():
        try:
            done.claims += _rejoined(load(organization_id, invoice_id, ports), ports)
            done.invoices += 1
        except IntegrationError as error:
            done.refused.append(
                {"organization": organization_id, "invoice": invoice_id, "why": f"{type(error).__name__}: {error}"}
            )
    return done


def _all_invoices() -> Iterator[tuple[OrganizationId, InvoiceId]]:
    for item in InvoiceItem.scan(attributes_to_get=["organization_id", "invoice_id"], consistent_read=True):
        yield OrganizationId(item.organization_id), InvoiceId(item.invoice_id)


def _rejoined(invoice: Invoice, ports: Ports) -> int:
    """Returns how many claims were missing.

    The invoice is stored first, so that a claim that cannot be made does not keep its money out of the lists.
    """
    counted_nowhere = replace(invoice, counted=())
    stored = ports.invoices.save(invoice_write(counted_nowhere), _references(invoice))
    missing = _unclaimed(stored, ports) if stored.live else []
    claim_in_portions(stored, missing, ports)
    return len(missing)


def _references(invoice: Invoice) -> list[Reference]:
    known = sorted(invoice.stripe_invoice_ids | invoice.facts.intent_ids)
    return [Reference(invoice.stripe_account_id, each, invoice.organization_id, invoice.id) for each in known]


def _unclaimed(invoice: Invoice, ports: Ports) -> list[ServiceId]:
    held = invoice.edit.held if invoice.edit is not None else ()
    services = list(dict.fromkeys((*invoice.order.services, *held)))
    holders: dict[ServiceId, InvoiceId] = {}
    for some in in_hundreds(services):
        holders |= ports.invoices.holders(invoice.organization_id, some)
    return [each for each in services if holders.get(each) != invoice.id]
