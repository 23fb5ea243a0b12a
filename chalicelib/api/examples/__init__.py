"""Examples for the OpenAPI document, one for each model of a request or a response. A test decodes each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.acts import ACT_EXAMPLES
from chalicelib.api.examples.attention import ATTENTION_EXAMPLES
from chalicelib.api.examples.changes import CHANGE_EXAMPLES
from chalicelib.api.examples.common import ResponseExamples
from chalicelib.api.examples.connection import CONNECTION_EXAMPLES, CONNECTION_RESPONSES
from chalicelib.api.examples.customer_erasure import ERASURE_EXAMPLES, ERASURE_RESPONSES
from chalicelib.api.examples.customers import CUSTOMER_EXAMPLES, CUSTOMER_RESPONSES
from chalicelib.api.examples.deposits import PAYOUT_CSV_EXAMPLES, PAYOUT_EXAMPLES
from chalicelib.api.examples.drafts import DRAFT_EXAMPLES, DRAFT_RESPONSES
from chalicelib.api.examples.invoice_batches import BATCH_EXAMPLES, BATCH_RESPONSES
from chalicelib.api.examples.invoices import INVOICE_EXAMPLES, INVOICE_RESPONSES
from chalicelib.api.examples.invoicing_settings import SETTINGS_EXAMPLES
from chalicelib.api.examples.payments import PAYMENT_CSV_EXAMPLES, PAYMENT_EXAMPLES
from chalicelib.api.examples.refunds import REFUND_EXAMPLES, REFUND_RESPONSES
from chalicelib.api.models.system import Health, Received

__all__ = ["CSV_EXAMPLES", "EXAMPLES", "RESPONSES"]

EXAMPLES: Mapping[type, Any] = {
    **CONNECTION_EXAMPLES,
    **CUSTOMER_EXAMPLES,
    **ERASURE_EXAMPLES,
    **INVOICE_EXAMPLES,
    **DRAFT_EXAMPLES,
    **SETTINGS_EXAMPLES,
    **BATCH_EXAMPLES,
    **PAYMENT_EXAMPLES,
    **PAYOUT_EXAMPLES,
    **REFUND_EXAMPLES,
    **ATTENTION_EXAMPLES,
    **CHANGE_EXAMPLES,
    **ACT_EXAMPLES,
    Health: {"status": "ok", "version": "0.1.0"},
    Received: {"received": True},
}

CSV_EXAMPLES: Mapping[type, str] = {**PAYMENT_CSV_EXAMPLES, **PAYOUT_CSV_EXAMPLES}
"""By model: the example of a route that also responds with CSV, as CSV."""

RESPONSES: ResponseExamples = {
    **CONNECTION_RESPONSES,
    **CUSTOMER_RESPONSES,
    **ERASURE_RESPONSES,
    **INVOICE_RESPONSES,
    **DRAFT_RESPONSES,
    **BATCH_RESPONSES,
    **REFUND_RESPONSES,
}
"""Examples of single routes, by route and status. All other responses have the example of their model."""
