"""A customer: found, searched, changed, deleted, and what is left of it and of its invoice."""

from __future__ import annotations

from dataclasses import replace

import stripe

from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.invoices import another_of, open_invoice, payer_address, payer_of
from infra.sandbox.stories.revisions import revised
from infra.sandbox.stories.story import Story

PATIENCE = 150
"""Seconds. A search lags less than a minute in ordinary times (https://docs.stripe.com/search#data-freshness)."""


def says_deleted(lab: Laboratory) -> bool:
    """Deletes a customer, reads it, and voids the invoice that it left open. Returns whether the customer says so.

    Use it by `lab.once(says_deleted)`.
    """
    account, gateway, made, invoice = lab.account, lab.gateway, another_of(lab), _open_invoice(lab)
    with lab.step("deleted"):
        gateway.delete_customer(account, made.id)
    with lab.step("read after it was deleted"):
        said = gateway.customer(account, made.id).deleted
    with lab.step("changed after it was deleted"):
        gateway.update_customer(account, made.id, made.customer, made.customer.profile.values)
    with lab.step("its invoice"):
        gateway.fetch(account, "invoice", invoice)
    with lab.step("its invoice voided"):
        gateway.void(account, invoice, f"{lab.run}-{invoice}-void")
    return said


def _open_invoice(lab: Laboratory) -> str:
    """Returns the revision of that story, which is open; another invoice if Stripe makes no revisions."""
    try:
        return str(lab.once(revised).draft["id"])
    except stripe.StripeError:
        with lab.step("an invoice"):
            return open_invoice(lab, 3000, customer=another_of(lab).id).invoice


def _play(lab: Laboratory) -> None:
    account, gateway, made = lab.account, lab.gateway, another_of(lab)
    customer = made.customer
    with lab.step("found by its e-mail address"):
        gateway.find_customers(account, customer.profile.email or "")
    with lab.step("changed"):
        address = replace(customer.profile.address, street="7 Lagoon Road", street2=None, zip_code="78702")
        profile = replace(customer.profile, phone=None, address=address)
        gateway.update_customer(account, made.id, replace(customer, profile=profile), profile.values)
    payer_of(lab)  # in a whole run it is old enough to be found
    with lab.where_allowed("searched"):
        lab.until(
            lambda: gateway.search_customers(account, payer_address(lab)), {"data.*.object": "customer"}, PATIENCE
        )
    lab.once(says_deleted)


CUSTOMERS = Story("customers", "A customer is found, searched, changed and deleted; its invoice stays open.", _play)
