"""A create request's fingerprint stays the same across releases, because a repeat may arrive days after a
deployment.
"""

from __future__ import annotations

import hashlib

from chalicelib.api.models.exact import decoder, fingerprint
from chalicelib.api.models.new_invoices import NewInvoice

BODY = b'{"customerId":"c","lineItems":[{"serviceId":"s","description":"d","quantity":1.50,"unitPrice":"75.10"}]}'
CANONICAL = (
    b'{"customerId":"c","lineItems":[{"description":"d","quantity":"1.5","serviceId":"s","unitPrice":"75.1"}]}'
)


def test_a_fingerprint_is_the_hash_of_the_fields_that_the_request_contains() -> None:
    """A field that a later release adds with a default must not make a repeat a different request."""
    model: NewInvoice = decoder(NewInvoice).decode(BODY)
    assert fingerprint(model) == hashlib.sha256(CANONICAL).hexdigest()
