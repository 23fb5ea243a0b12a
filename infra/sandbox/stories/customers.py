"""A customer: found, searched, changed, deleted, and what is left of it and of its invoice."""

from __future__ import annotations

from dataclasses import replace

import stripe

from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import another_of, open_invoice, payer_address, payer_of
from infra.sandbox.stories.revisions import revised
from infra.sandbox.stories.story import Story

PATIENCE = 150
"""Seconds. A search lags less than a minute in ordinary times (https://docs.stripe.com/search#data-freshness)."""


def says_deleted(session: Session) -> bool:
    """Deletes a customer, reads it, and voids the invoice that it left open. Returns whether the customer says so.

    Use it by `session.once(says_deleted)`.
    """
    account, gateway, made, invoice = session.account, session.gateway, another_of(session), _open_invoice(session)
    with session.step("deleted"):
        gateway.delete_customer(account, made.id)
    with session.step("read after it was deleted"):
        said = gateway.customer(account, made.id).deleted
    with session.step("changed after it was deleted"):
        gateway.update_customer(account, made.id, made.customer, made.customer.profile.values)
    with session.step("its invoice"):
        gateway.fetch(account, "invoice", invoice)
    with session.step("its invoice voided"):
        gateway.void(account, invoice, f"{session.run}-{invoice}-void")
    return said


def _open_invoice(session: Session) -> str:
    """Returns the revision of that story, which is open; another invoice if Stripe makes no revisions."""
    try:
        return str(session.once(revised).draft["id"])
    except stripe.StripeError:
        with session.step("an invoice"):
            return open_invoice(session, 3000, customer=another_of(session).id).invoice


def _play(session: Session) -> None:
    account, gateway, made = session.account, session.gateway, another_of(session)
    customer = made.customer
    with session.step("found by its e-mail address"):
        gateway.find_customers(account, customer.profile.email or "")
    with session.step("changed"):
        address = replace(customer.profile.address, street="7 Lagoon Road", street2=None, zip_code="78702")
        profile = replace(customer.profile, phone=None, address=address)
        gateway.update_customer(account, made.id, replace(customer, profile=profile), profile.values)
    payer_of(session)  # in a whole run it is old enough to be found
    with session.where_allowed("searched"):
        session.until(
            lambda: gateway.search_customers(account, payer_address(session)), {"data.*.object": "customer"}, PATIENCE
        )
    session.once(says_deleted)


CUSTOMERS = Story("customers", "A customer is found, searched, changed and deleted; its invoice stays open.", _play)
