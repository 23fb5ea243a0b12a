"""A customer: found, searched, changed, deleted, and what is left of it and of its invoice."""

from __future__ import annotations

from dataclasses import replace

from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.invoices import open_invoice
from infra.sandbox.stories.story import Story

PATIENCE = 150
"""Seconds. A search lags less than a minute in ordinary times (https://docs.stripe.com/search#data-freshness)."""


def _play(lab: Laboratory) -> None:
    account, gateway, customer = lab.account, lab.gateway, lab.orders.customer()
    email = customer.profile.email or ""
    with lab.step("made"):
        made = gateway.create_customer(account, customer, f"{lab.run}-{customer.id}").id
    with lab.step("found by its e-mail address"):
        gateway.find_customers(account, email)
    with lab.step("changed"):
        address = replace(customer.profile.address, street="7 Lagoon Road", street2=None, zip_code="78702")
        profile = replace(customer.profile, phone=None, address=address)
        gateway.update_customer(account, made, replace(customer, profile=profile), profile.values)
    with lab.where_allowed("searched"):
        lab.until(lambda: gateway.search_customers(account, email), {"data.*.object": "customer"}, PATIENCE)
    with lab.step("an invoice"):
        sent = open_invoice(lab, 3000, customer=made)
    with lab.step("deleted"):
        gateway.delete_customer(account, made)
    with lab.step("read after it was deleted"):
        gateway.customer(account, made)
    with lab.step("changed after it was deleted"):
        gateway.update_customer(account, made, customer, customer.profile.values)
    with lab.step("its invoice"):
        gateway.fetch(account, "invoice", sent.invoice)
    with lab.step("its invoice voided"):
        gateway.void(account, sent.invoice, f"{lab.run}-{sent.invoice}-void")


CUSTOMERS = Story("customers", "A customer is found, searched, changed and deleted; its invoice stays open.", _play)
