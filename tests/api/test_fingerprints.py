"""The fingerprint of a create request outlives releases: a repeat may come days after a deployment."""

from __future__ import annotations

import hashlib

from chalicelib.api.models.exact import decoder, fingerprint
from chalicelib.api.models.new_invoices import NewInvoice

BODY = b'{"customerId":"c","lineItems":[{"serviceId":"s","description":"d","quantity":1.50,"unitPrice":"75.10"}]}'
CANONICAL = (
    b'{"customerId":"c","lineItems":[{"description":"d","quantity":"1.5","serviceId":"s","unitPrice":"75.1"}]}'
)


def test_it_is_the_hash_of_what_was_asked_for_without_what_was_left_out() -> None:
    """So a field that is added later, with a default, does not turn a repeat into another request."""
    model: NewInvoice = decoder(NewInvoice).decode(BODY)
    assert fingerprint(model) == hashlib.sha256(CANONICAL).hexdigest()
