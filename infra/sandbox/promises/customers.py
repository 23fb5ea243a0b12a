"""Customers: how Stripe finds them, what they keep, and what is left of a deleted one."""

from __future__ import annotations

from collections.abc import Collection

import stripe

from infra.sandbox.findings import Verdict
from infra.sandbox.laboratory import Laboratory
from infra.sandbox.promises.asking import body
from infra.sandbox.promises.billed import billed
from infra.sandbox.promises.promise import Outcome, judged, not_tried, promised
from infra.sandbox.stories.billing import sent_invoice

FIELD = "docs/field.md"
ERASURE = "docs/decisions/0050-a-person-is-erased.md"
SEARCHES, BETWEEN_SEARCHES = 4, 30
"""How often a search looks for a new customer, and how many seconds lie between two looks."""
MOST_KEYS, LONGEST_VALUE = 50, 500


def _address(lab: Laboratory) -> str:
    return f"Ann.Sandbox-{lab.run}@Example.com"


def _with_capitals(lab: Laboratory) -> str:
    order = lab.orders.customer(_address(lab))
    return lab.gateway.create_customer(lab.account, order, f"{lab.run}-capitals").id


@promised(
    "the list compares capitals",
    "The list by e-mail address finds a customer a moment after it was made, with the same capitals only.",
    FIELD,
    "Stripe's list by e-mail compares capital letters",
)
def the_list_compares_capitals(lab: Laboratory) -> Outcome:
    """POM asks for both spellings, so a list that ignores capitals costs a call and does no harm."""
    made, typed = lab.once(_with_capitals), _address(lab)
    as_typed, in_small_letters = (
        [each.id for each in lab.gateway.find_customers(lab.account, address)] for address in (typed, typed.lower())
    )
    seen = f"Found {len(as_typed)} as it was typed, {len(in_small_letters)} in small letters."
    if made not in as_typed:
        return judged(False, seen)
    return judged(not in_small_letters, seen, Verdict.HARMLESS)


@promised(
    "the search ignores capitals",
    "The search by e-mail address finds a customer within minutes, whatever the capitals.",
    FIELD,
    "The daily comparison searches for other spellings and asks the office.",
)
def the_search_ignores_capitals(lab: Laboratory) -> Outcome:
    """It is a minute behind, so it is asked again after a while."""
    made, address = lab.once(_with_capitals), _address(lab).lower()
    since = len(lab.recorder.exchanges)
    for look in range(SEARCHES):
        if look:
            lab.side.pass_time(BETWEEN_SEARCHES)
        if made in _searched(lab, address):
            lab.recorder.awaited(since, {"data.*.id": made})
            return judged(True, f"Found in small letters at look {look + 1}, {look * BETWEEN_SEARCHES} s after the first.")
    lab.recorder.awaited(since, {})
    if made in _searched(lab, _address(lab)):
        return judged(False, "The search finds it as it was typed, and not in small letters.")
    return not_tried(f"The search did not find the new customer within {(SEARCHES - 1) * BETWEEN_SEARCHES} s.")


def _searched(lab: Laboratory, address: str) -> Collection[str]:
    return [each.id for each in lab.gateway.search_customers(lab.account, address)]


@promised(
    "metadata are kept whole",
    "Fifty keys of metadata with 500 characters each come back as they were given.",
    FIELD,
    "Anybody with access to a company's dashboard writes anything into metadata, 500 characters of any alphabet.",
)
def metadata_are_kept_whole(lab: Laboratory) -> Outcome:
    """POM's ids are two of the fifty keys. Letters of several bytes count as one character."""
    given = {f"filler_{number}": "é" * LONGEST_VALUE for number in range(MOST_KEYS - 2)}
    customer = lab.once(billed).customer
    kept = body(lab.v1.customers.update(customer, {"metadata": given}, lab.on_account()))["metadata"]
    same = sum(kept.get(key) == value for key, value in given.items())
    seen = f"{len(kept)} keys are there, {same} of {len(given)} new ones as they were given."
    return judged(len(kept) == MOST_KEYS and same == len(given), seen)


@promised(
    "an issued invoice keeps its address",
    "A finalized invoice keeps the e-mail address of its customer when the customer gets another one.",
    FIELD,
    "A finalized invoice keeps the e-mail address that it was sent to.",
)
def an_issued_invoice_keeps_its_address(lab: Laboratory) -> Outcome:
    """POM refuses a reminder that would go to the former address."""
    first = lab.once(billed)
    other = f"{lab.run}-moved@example.com"
    lab.v1.customers.update(first.customer, {"email": other}, lab.on_account())
    now = body(lab.v1.invoices.retrieve(first.invoice, None, lab.on_account()))["customer_email"]
    kept = now == first.sent["customer_email"]
    seen = "the former" if kept else "the new" if now == other else "neither"
    return judged(kept, f"The invoice shows {seen} address.", Verdict.HARMLESS if now == other else Verdict.HARMFUL)


@promised(
    "a deleted customer can be read",
    "A customer that was deleted can be read, and says that it is deleted.",
    "infra/sandbox/promises/customers.py",
    "says that it is deleted",
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
    """If Stripe voided it, POM would hear so by an event."""
    _, invoice = lab.once(_deleted)
    status = body(lab.v1.invoices.retrieve(invoice, None, lab.on_account()))["status"]
    if status != "open":
        return judged(False, f"The invoice is {status} after its customer was deleted.")
    voided = lab.gateway.void(lab.account, invoice, f"{lab.run}-void-of-deleted").status
    return judged(voided == "void", f"The invoice was open after its customer was deleted, and is {voided} now.")


def _deleted(lab: Laboratory) -> tuple[str, str]:
    made = sent_invoice(lab, 3300)
    lab.gateway.delete_customer(lab.account, made.customer)
    return made.customer, made.invoice


CUSTOMERS = (
    the_list_compares_capitals,
    metadata_are_kept_whole,
    an_issued_invoice_keeps_its_address,
    a_deleted_customer_can_be_read,
    open_invoices_survive_their_customer,
    the_search_ignores_capitals,
)
