"""All blueprints of the API; importing this module completes the route table."""

from __future__ import annotations

from chalicelib.api import (
    apps,
    attention,
    authorizer,
    balance,
    connection,
    customer_imports,
    customers,
    health,
    invoice_acts,
    invoice_batches,
    invoice_preview,
    invoices,
    invoicing_settings,
    openapi,
    payments,
    payouts,
    refunds,
    summary,
    verification,
    webhooks,
)

blueprints = (
    authorizer.blueprint,
    apps.router.blueprint,
    connection.router.blueprint,
    verification.router.blueprint,
    invoicing_settings.router.blueprint,
    customers.router.blueprint,
    customer_imports.router.blueprint,
    invoices.router.blueprint,
    invoice_acts.router.blueprint,
    invoice_preview.router.blueprint,
    invoice_batches.router.blueprint,
    payments.router.blueprint,
    payouts.router.blueprint,
    balance.router.blueprint,
    refunds.router.blueprint,
    summary.router.blueprint,
    attention.router.blueprint,
    webhooks.router.blueprint,
    health.router.blueprint,
    openapi.router.blueprint,
)
