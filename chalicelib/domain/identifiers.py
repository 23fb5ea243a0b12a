"""The names of things, typed so that one kind cannot be passed for another."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from typing import NewType

OrganizationId = NewType("OrganizationId", str)
UserId = NewType("UserId", str)
CustomerId = NewType("CustomerId", str)
InvoiceId = NewType("InvoiceId", str)
ServiceId = NewType("ServiceId", str)
StripeAccountId = NewType("StripeAccountId", str)
BatchId = NewType("BatchId", str)

INVOICE_PREFIX = "inv_"
BATCH_PREFIX = "bat_"


def digest(*parts: str) -> str:
    """A stable 26-letter name for `parts`; unlike joining them, no two lists of parts share one."""
    hashed = hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode())
    return b32encode(hashed.digest()).decode().lower()[:26]


def invoice_id_for(organization_id: OrganizationId, idempotency_key: str) -> InvoiceId:
    """The id of the invoice that a create request with this key makes: one key, one invoice, one read."""
    return InvoiceId(INVOICE_PREFIX + digest("invoice", organization_id, idempotency_key))


def batch_id_for(organization_id: OrganizationId, kind: str, idempotency_key: str) -> BatchId:
    """The id of the batch that a request with this key makes."""
    return BatchId(BATCH_PREFIX + digest("batch", organization_id, kind, idempotency_key))
