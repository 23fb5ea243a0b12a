"""Customers: how Stripe finds them, what they keep."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from infra.sandbox.findings import Verdict
from infra.sandbox.promises.invoices import billed
from infra.sandbox.promises.promise import Outcome, judged, not_tried, promised
from infra.sandbox.promises.responses import JSON, body
from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import payer, payer_address

FIELD = "docs/field.md"
SEARCHES, BETWEEN_SEARCHES = 4, 30
"""How often a search looks for a new customer, and how many seconds lie between two looks."""
MOST_KEYS, LONGEST_VALUE = 50, 500


@promised(
    "the list compares capitals",
    "The list by e-mail address finds a customer a moment after it was made, with the same capitals only.",
    FIELD,
    "Stripe's list by e-mail compares capital letters",
)
def the_list_compares_capitals(session: Session) -> Outcome:
    """POM asks for both spellings, so a list that ignores capitals costs a call and does no harm."""
    made, typed = session.once(payer), payer_address(session)
    as_typed, in_small_letters = (
        [each.id for each in session.gateway.find_customers(session.account, address)]
        for address in (typed, typed.lower())
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
def the_search_ignores_capitals(session: Session) -> Outcome:
    """It is a minute behind, so it is asked again after a while."""
    made, address = session.once(payer), payer_address(session).lower()
    since = len(session.recorder.exchanges)
    for look in range(SEARCHES):
        if look:
            session.wait(BETWEEN_SEARCHES, "the search finds a new customer a minute later")
        if made in _searched(session, address):
            session.recorder.keep_last_poll(since, {"data.*.id": made})
            return judged(
                True, f"Found in small letters at look {look + 1}, {look * BETWEEN_SEARCHES} s after the first."
            )
    session.recorder.keep_last_poll(since, {})
    if made in _searched(session, payer_address(session)):
        return judged(False, "The search finds it as it was typed, and not in small letters.")
    return not_tried(f"The search did not find the new customer within {(SEARCHES - 1) * BETWEEN_SEARCHES} s.")


def _searched(session: Session, address: str) -> Collection[str]:
    return [each.id for each in session.gateway.search_customers(session.account, address)]


@promised(
    "metadata are kept whole",
    "Fifty keys of metadata with 500 characters each come back as they were given.",
    FIELD,
    "Anybody with access to a company's dashboard writes anything into metadata, 500 characters of any alphabet.",
)
def metadata_are_kept_whole(session: Session) -> Outcome:
    """POM's ids are two of the fifty keys. Letters of several bytes count as one character."""
    given, kept = _filler(), session.once(_changed).customer["metadata"]
    same = sum(kept.get(key) == value for key, value in given.items())
    seen = f"{len(kept)} keys are there, {same} of {len(given)} new ones as they were given."
    return judged(len(kept) == MOST_KEYS and same == len(given), seen)


@promised(
    "an issued invoice keeps its address",
    "A finalized invoice keeps the e-mail address of its customer when the customer gets another one.",
    FIELD,
    "A finalized invoice keeps the e-mail address that it was sent to.",
)
def an_issued_invoice_keeps_its_address(session: Session) -> Outcome:
    """POM refuses a reminder that would go to the former address."""
    first, changed = session.once(billed), session.once(_changed)
    now, other = changed.invoice["customer_email"], changed.customer["email"]
    kept = now == first.sent["customer_email"]
    seen = "the former" if kept else "the new" if now == other else "neither"
    return judged(kept, f"The invoice shows {seen} address.", Verdict.HARMLESS if now == other else Verdict.HARMFUL)


@promised(
    "the payment link stays",
    "The hosted page's link is in the answer to send, and is the same when the invoice is read again.",
    "infra/stripe_double/README.md",
    "an expired link of the hosted page",
)
def the_payment_link_stays(session: Session) -> Outcome:
    """Another link would be no harm while the former one stays good, which nobody can tell in minutes."""
    link, again = (
        session.once(billed).sent["hosted_invoice_url"],
        session.once(_changed).invoice["hosted_invoice_url"],
    )
    if not link or not again:
        seen = f"There is {'a' if link else 'no'} link after send, and {'a' if again else 'no'} link later."
        return judged(False, seen)
    seen = f"The link is {'the same' if link == again else 'another one'} when the invoice is read again."
    return judged(link == again, seen, Verdict.HARMLESS)


@dataclass(frozen=True)
class Changed:
    """A customer that got another address and many metadata, and what its open invoice says then."""

    customer: JSON
    invoice: JSON


def _filler() -> dict[str, str]:
    letters = {0: "é", 1: "水"}
    return {f"filler_{number}": letters.get(number, "x") * LONGEST_VALUE for number in range(MOST_KEYS - 2)}


def _changed(session: Session) -> Changed:
    first, change = session.once(billed), {"email": f"{session.run}-moved@example.com", "metadata": _filler()}
    customer = body(session.v1.customers.update(first.customer, change, session.on_account()))
    return Changed(customer, body(session.v1.invoices.retrieve(first.invoice, None, session.on_account())))


CUSTOMERS = (
    the_list_compares_capitals,
    the_search_ignores_capitals,
    metadata_are_kept_whole,
    an_issued_invoice_keeps_its_address,
    the_payment_link_stays,
)
