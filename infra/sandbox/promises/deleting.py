"""What is left of a customer that was deleted in Stripe."""

from __future__ import annotations

import stripe

from infra.sandbox.laboratory import Laboratory
from infra.sandbox.promises.asking import refusal, told
from infra.sandbox.promises.billed import billed, payer
from infra.sandbox.promises.promise import CannotTry, Outcome, judged, promised
from infra.sandbox.promises.revisions import revised

ERASURE = "docs/decisions/0051-erased-customers-in-the-api.md"


@promised(
    "a deleted customer can be read",
    "A customer that was deleted can be read, and says that it is deleted.",
    "chalicelib/adapters/stripe/objects/customers.py",
    "deleted: bool = False",
)
def a_deleted_customer_can_be_read(lab: Laboratory) -> Outcome:
    """Refused, it would be missing, which POM takes for deleted as well."""
    customer, _ = lab.once(_deleted)
    try:
        deleted = lab.gateway.customer(lab.account, customer).deleted
    except stripe.InvalidRequestError as error:
        return judged(False, f"Stripe refused: {error.user_message}")
    return judged(deleted, f"The customer says deleted: {deleted}.")


@promised(
    "open invoices survive their customer",
    "An invoice of a deleted customer stays open, and can be voided.",
    ERASURE,
    "they are how something open is settled",
)
def open_invoices_survive_their_customer(lab: Laboratory) -> Outcome:
    """Voiding what is not open any more would be refused."""
    _, invoice = lab.once(_deleted)
    error = refusal(lambda: lab.v1.invoices.void_invoice(invoice, None, lab.on_account()))
    return judged(error is None, f"Voiding an invoice of a deleted customer was {told(error)}.")


def _deleted(lab: Laboratory) -> tuple[str, str]:
    """Deletes the customer that promises share, so this comes last. Returns its id, and that of an open invoice."""
    customer = lab.once(payer)
    try:
        invoice = str(lab.once(revised)[0]["id"])
    except CannotTry:
        invoice = lab.once(billed).invoice
    lab.gateway.delete_customer(lab.account, customer)
    return customer, invoice


DELETED = (a_deleted_customer_can_be_read, open_invoices_survive_their_customer)
