"""A customer that is found, searched, changed and deleted, and the invoice of a deleted customer."""

from __future__ import annotations

from dataclasses import replace

import stripe

from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import issue_invoice, payer_address, second_customer, shared_payer
from infra.sandbox.stories.revisions import revise_invoice
from infra.sandbox.stories.story import Story

PATIENCE = 150
"""Seconds. A search usually lags by less than a minute (https://docs.stripe.com/search#data-freshness)."""


def delete_customer(session: Session) -> bool:
    """Deletes a customer with an open invoice, reads both, and voids the invoice. Call it as
    `session.once(delete_customer)`.

    Returns True if Stripe's customer has `deleted: true`.
    """
    account, gateway, created, invoice = (
        session.account,
        session.gateway,
        second_customer(session),
        _open_invoice(session),
    )
    with session.step("deleted"):
        gateway.delete_customer(account, created.id)
    with session.step("read after it was deleted"):
        is_deleted = gateway.customer(account, created.id).deleted
    with session.step("changed after it was deleted"):
        gateway.update_customer(account, created.id, created.customer, created.customer.profile.values)
    with session.step("its invoice"):
        gateway.fetch(account, "invoice", invoice)
    with session.step("its invoice voided"):
        gateway.void(account, invoice, f"{session.run}-{invoice}-void")
    return is_deleted


def _open_invoice(session: Session) -> str:
    """Returns the open revision of the story `revision`, or another open invoice if Stripe makes no revisions."""
    try:
        return str(session.once(revise_invoice).draft["id"])
    except stripe.StripeError:
        with session.step("an invoice"):
            return issue_invoice(session, 3000, customer=second_customer(session).id).invoice


def _play(session: Session) -> None:
    account, gateway, created = session.account, session.gateway, second_customer(session)
    customer = created.customer
    with session.step("found by its e-mail address"):
        gateway.find_customers(account, customer.profile.email or "")
    with session.step("changed"):
        address = replace(customer.profile.address, street="7 Lagoon Road", street2=None, zip_code="78702")
        profile = replace(customer.profile, phone=None, address=address)
        gateway.update_customer(account, created.id, replace(customer, profile=profile), profile.values)
    shared_payer(session)  # in a complete run this customer is old enough to be found by a search
    with session.where_allowed("searched"):
        session.until(
            lambda: gateway.search_customers(account, payer_address(session)), {"data.*.object": "customer"}, PATIENCE
        )
    session.once(delete_customer)


CUSTOMERS = Story("customers", "A customer is found, searched, changed and deleted; its invoice stays open.", _play)
