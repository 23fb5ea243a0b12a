"""A customer: found, searched, changed, deleted, and what is left of it and of its invoice."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.domain.customer import Customer
from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.invoices import open_invoice, payer_address, payer_of
from infra.sandbox.stories.story import Story

PATIENCE = 150
"""Seconds. A search lags less than a minute in ordinary times (https://docs.stripe.com/search#data-freshness)."""


@dataclass(frozen=True)
class _Made:
    """A customer as POM has it, and Stripe's id of it."""

    customer: Customer
    id: str


def _made(lab: Laboratory) -> _Made:
    customer = lab.orders.customer()
    with lab.step("made"):
        return _Made(customer, lab.gateway.create_customer(lab.account, customer, f"{lab.run}-{customer.id}").id)


def says_deleted(lab: Laboratory) -> bool:
    """Deletes a customer, reads it, and voids its open invoice. Returns what the customer says of being deleted.

    Use it by `lab.once(says_deleted)`.
    """
    account, gateway, made = lab.account, lab.gateway, lab.once(_made)
    with lab.step("an invoice"):
        sent = open_invoice(lab, 3000, customer=made.id)
    with lab.step("deleted"):
        gateway.delete_customer(account, made.id)
    with lab.step("read after it was deleted"):
        said = gateway.customer(account, made.id).deleted
    with lab.step("changed after it was deleted"):
        gateway.update_customer(account, made.id, made.customer, made.customer.profile.values)
    with lab.step("its invoice"):
        gateway.fetch(account, "invoice", sent.invoice)
    with lab.step("its invoice voided"):
        gateway.void(account, sent.invoice, f"{lab.run}-{sent.invoice}-void")
    return said


def _play(lab: Laboratory) -> None:
    account, gateway, made = lab.account, lab.gateway, lab.once(_made)
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
