"""The list of all routes of Stripe's API that the double implements."""

from __future__ import annotations

from ..objects import (
    accounts,
    balance,
    credit_notes,
    customer_balance,
    customers,
    discounts,
    disputes,
    events,
    invoice_actions,
    invoice_items,
    invoice_lines,
    invoices,
    managed_accounts,
    payment_intents,
    payment_methods,
    payments,
    payouts,
    refunds,
    tax_rates,
    webhook_endpoints,
)

_RESOURCES = (
    accounts, managed_accounts, customers, customer_balance, invoices, invoice_actions, invoice_items, invoice_lines,
    payment_intents, payment_methods, payments, refunds, disputes, credit_notes, events, webhook_endpoints, tax_rates,
    discounts, balance, payouts,
)  # fmt: skip

ROUTES = [route for resource in _RESOURCES for route in resource.ROUTES]
