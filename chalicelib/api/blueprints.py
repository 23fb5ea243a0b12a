"""All blueprints of the API; importing this module completes the route table."""

from __future__ import annotations

from chalicelib.api import (
    apps,
    authorizer,
    connection,
    customers,
    health,
    invoices,
    invoicing_settings,
    openapi,
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
    invoices.router.blueprint,
    summary.router.blueprint,
    webhooks.router.blueprint,
    health.router.blueprint,
    openapi.router.blueprint,
)
