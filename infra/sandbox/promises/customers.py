"""Promises of customers: how they are found, and which data they retain."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from infra.sandbox.findings import Verdict
from infra.sandbox.promises.invoices import billed_invoice
from infra.sandbox.promises.promise import Outcome, as_promise, not_tried, outcome_of
from infra.sandbox.promises.responses import JSON, response_json
from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import payer, payer_address

FIELD = "docs/field.md"
SEARCHES, SECONDS_BETWEEN_SEARCHES = 4, 30
"""The number of searches for a new customer, and the seconds between two searches."""
MAX_KEYS, MAX_VALUE_LENGTH = 50, 500


@as_promise(
    "the list of customers is case-sensitive",
    "The list by e-mail address contains a new customer at once, and compares upper and lower case.",
    FIELD,
    "Stripe's list by e-mail compares capital letters",
)
def the_list_of_customers_is_case_sensitive(session: Session) -> Outcome:
    """POM requests both spellings, so a list that ignores capitals costs one request and does no harm."""
    customer, address = session.once(payer), payer_address(session)
    with_capitals, in_small_letters = (
        [each.id for each in session.gateway.find_customers(session.account, address)]
        for address in (address, address.lower())
    )
    observation = f"Found {len(with_capitals)} as it was typed, {len(in_small_letters)} in small letters."
    if customer not in with_capitals:
        return outcome_of(False, observation)
    return outcome_of(not in_small_letters, observation, Verdict.HARMLESS)


@as_promise(
    "the search of customers ignores case",
    "The search by e-mail address finds a new customer within minutes, and ignores upper and lower case.",
    FIELD,
    "The daily comparison searches for other spellings and asks the office.",
)
def the_search_of_customers_ignores_case(session: Session) -> Outcome:
    """The search lags by a minute, so it is repeated."""
    customer, address = session.once(payer), payer_address(session).lower()
    since = len(session.recorder.exchanges)
    for attempt in range(SEARCHES):
        if attempt:
            session.wait(SECONDS_BETWEEN_SEARCHES, "the search finds a new customer a minute later")
        if customer in _search(session, address):
            session.recorder.keep_last_poll(since, {"data.*.id": customer})
            seconds = attempt * SECONDS_BETWEEN_SEARCHES
            return outcome_of(True, f"Found in small letters by search {attempt + 1}, {seconds} s after the first.")
    session.recorder.keep_last_poll(since, {})
    if customer in _search(session, payer_address(session)):
        return outcome_of(False, "The search finds it as it was typed, and not in small letters.")
    return not_tried(
        f"The search did not find the new customer within {(SEARCHES - 1) * SECONDS_BETWEEN_SEARCHES} s."
    )


def _search(session: Session, address: str) -> Collection[str]:
    return [each.id for each in session.gateway.search_customers(session.account, address)]


@as_promise(
    "metadata are stored in full",
    "Stripe returns 50 metadata keys with 500 characters each without changes.",
    FIELD,
    "A person with access to a company's dashboard can write any 500 characters into metadata.",
)
def metadata_are_stored_in_full(session: Session) -> Outcome:
    """POM's ids are two of the fifty keys. A letter of several bytes counts as one character."""
    sent, returned = _filler(), session.once(_change_customer).customer["metadata"]
    equal = sum(returned.get(key) == value for key, value in sent.items())
    observation = f"{len(returned)} keys are there, {equal} of {len(sent)} new ones as they were given."
    return outcome_of(len(returned) == MAX_KEYS and equal == len(sent), observation)


@as_promise(
    "an issued invoice keeps its address",
    "A finalized invoice keeps its e-mail address when the customer's address changes.",
    FIELD,
    "A finalized invoice keeps the e-mail address that it was sent to.",
)
def an_issued_invoice_keeps_its_address(session: Session) -> Outcome:
    """POM refuses a reminder that would go to the former address."""
    first, changed_customer = session.once(billed_invoice), session.once(_change_customer)
    address, new_address = changed_customer.invoice["customer_email"], changed_customer.customer["email"]
    is_unchanged = address == first.sent["customer_email"]
    shown_address = "the former" if is_unchanged else "the new" if address == new_address else "neither"
    return outcome_of(
        is_unchanged,
        f"The invoice shows {shown_address} address.",
        Verdict.HARMLESS if address == new_address else Verdict.HARMFUL,
    )


@as_promise(
    "the payment link stays the same",
    "The response to send contains the link of the hosted page. Reading the invoice later returns the same link.",
    "infra/stripe_double/README.md",
    "an expired link of the hosted page",
)
def the_payment_link_stays_the_same(session: Session) -> Outcome:
    """Another link does no harm while the former link works, and no run of minutes can tell how long it works."""
    link, later_link = (
        session.once(billed_invoice).sent["hosted_invoice_url"],
        session.once(_change_customer).invoice["hosted_invoice_url"],
    )
    if not link or not later_link:
        observation = (
            f"There is {'a' if link else 'no'} link after send, and {'a' if later_link else 'no'} link later."
        )
        return outcome_of(False, observation)
    observation = f"The link is {'the same' if link == later_link else 'another one'} when the invoice is read again."
    return outcome_of(link == later_link, observation, Verdict.HARMLESS)


@dataclass(frozen=True)
class ChangedCustomer:
    """A customer with a new address and many metadata, and its open invoice after the change."""

    customer: JSON
    invoice: JSON


def _filler() -> dict[str, str]:
    letters = {0: "é", 1: "水"}
    return {f"filler_{number}": letters.get(number, "x") * MAX_VALUE_LENGTH for number in range(MAX_KEYS - 2)}


def _change_customer(session: Session) -> ChangedCustomer:
    first, change = session.once(billed_invoice), {"email": f"{session.run}-moved@example.com", "metadata": _filler()}
    customer = response_json(session.v1.customers.update(first.customer, change, session.on_account()))
    return ChangedCustomer(
        customer, response_json(session.v1.invoices.retrieve(first.invoice, None, session.on_account()))
    )


CUSTOMERS = (
    the_list_of_customers_is_case_sensitive,
    the_search_of_customers_ignores_case,
    metadata_are_stored_in_full,
    an_issued_invoice_keeps_its_address,
    the_payment_link_stays_the_same,
)
