"""Links to what an invoice has in Stripe's Dashboard."""

from __future__ import annotations

from chalicelib.domain.invoice import Invoice

PAGES = {"in": "invoices", "pi": "payments", "ch": "payments", "py": "payments", "du": "disputes", "dp": "disputes"}
"""Prefix of a Stripe id to the Dashboard's pages of its kind."""


def object_url(base: str, invoice: Invoice, stripe_id: str | None) -> str | None:
    """Where Stripe's Dashboard shows an object that belongs to the invoice; not every kind has a page of its own."""
    page = PAGES.get((stripe_id or "").partition("_")[0])
    mode = "" if invoice.livemode else "test/"
    return f"{base}/{invoice.stripe_account_id}/{mode}{page}/{stripe_id}" if page else None
