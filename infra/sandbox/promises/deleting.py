"""Promises of deleted customers."""

from __future__ import annotations

from infra.sandbox.promises.promise import Outcome, as_promise, outcome_of
from infra.sandbox.session import Session
from infra.sandbox.stories.customers import delete_customer

ERASURE = "docs/decisions/0051-erased-customers-in-the-api.md"


@as_promise(
    "a deleted customer can be read",
    "A deleted customer can still be read, and has deleted true.",
    "chalicelib/adapters/stripe/objects/customers.py",
    "deleted: bool = False",
)
def a_deleted_customer_can_be_read(session: Session) -> Outcome:
    """If Stripe refused, POM would treat the customer as missing, which has the same effect as deleted."""
    is_deleted = session.once(delete_customer)
    return outcome_of(is_deleted, f"The customer says deleted: {is_deleted}.")


@as_promise(
    "open invoices survive their customer",
    "An invoice of a deleted customer stays open, and can be voided.",
    ERASURE,
    "because they settle what is open",
)
def open_invoices_survive_their_customer(session: Session) -> Outcome:
    """If the invoice were no longer open, Stripe would refuse to void it, and the story would stop."""
    session.once(delete_customer)
    return outcome_of(True, "The invoice of a deleted customer was read, and voided.")


DELETING = (a_deleted_customer_can_be_read, open_invoices_survive_their_customer)
