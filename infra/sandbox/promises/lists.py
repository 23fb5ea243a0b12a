"""Promises of lists and events, on which the comparisons with Stripe rely."""

from __future__ import annotations

from chalicelib.adapters.stripe.lists import PAGE_SIZE
from infra.sandbox.findings import Verdict
from infra.sandbox.promises.invoices import billed_invoice, empty_draft, events_of_billed_invoice
from infra.sandbox.promises.promise import Outcome, as_promise, outcome_of
from infra.sandbox.promises.responses import CLOCK_MARGIN, JSON, event_types, refusal, refusal_text, response_json
from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import payer

SWEEPS = "docs/decisions/0015-how-often-accounts-are-swept.md"
OTHER_VERSION = "2022-11-15"
LISTED_WITHIN = 60
"""Seconds. An event that is listed later is found by the sweep's next run, ten minutes later."""


@as_promise(
    "open payments are listed with their intents",
    "One list contains the open payments of all invoices, each with its payment intent.",
    SWEEPS,
    "one list shows the open payments of all invoices, with their intents",
)
def open_payments_are_listed_with_their_intents(session: Session) -> Outcome:
    """If Stripe refused, the comparison of every account would fail."""
    invoice = session.once(billed_invoice)
    intents = session.gateway.open_intents(session.account, invoice.sent["created"] - CLOCK_MARGIN, None)
    intent = next((each for each in intents if each.id == invoice.intent), None)
    return outcome_of(intent is not None, f"The intent of an open invoice is {'listed' if intent else 'not listed'}.")


@as_promise(
    "an expansion has four levels",
    "Stripe expands at most four levels. POM's deepest expansion has three.",
    "infra/stripe_double/state/render.py",
    "at most four levels deep",
)
def an_expansion_has_four_levels(session: Session) -> Outcome:
    """A deeper expansion does no harm (https://docs.stripe.com/expand)."""
    deeper = {"customer": session.once(payer), "limit": 1, "expand": ["data.payments.data.payment.payment_intent"]}
    error = refusal(lambda: session.v1.invoices.list(deeper, session.on_account()))
    return outcome_of(error is not None, f"An expansion of five levels was {refusal_text(error)}.", Verdict.HARMLESS)


@as_promise(
    "a new invoice is found by its metadata",
    "The list of invoices contains a new invoice at once, with its metadata.",
    "docs/decisions/0003-sending-finalizes.md",
    "the draft by POM's id in its metadata",
)
def a_new_invoice_is_found_by_its_metadata(session: Session) -> Outcome:
    """POM searches for the object before it repeats a step whose response was lost."""
    invoice = session.once(billed_invoice)
    stripe_invoice = session.gateway.find_invoice(session.account, invoice.order)
    description = (
        "nothing" if stripe_invoice is None else "it" if stripe_invoice.id == invoice.invoice else "another one"
    )
    return outcome_of(description == "it", f"Looking for the invoice found {description}.")


@as_promise(
    "lists are newest first",
    "A list has the newest object first, and starting_after continues with older objects.",
    "chalicelib/adapters/stripe/lists.py",
    "Yields pages, newest first.",
)
def lists_are_newest_first(session: Session) -> Outcome:
    """An interrupted comparison resumes at the oldest time that it reached."""
    session.once(billed_invoice)
    session.target.pass_time(1)  # two invoices of the same second could be in any order
    session.once(empty_draft)
    query: JSON = {"customer": session.once(payer)}
    page = response_json(session.v1.invoices.list({**query, "limit": PAGE_SIZE}, session.on_account()))["data"]
    ids = [each["id"] for each in page]
    second_page = response_json(
        session.v1.invoices.list({**query, "limit": 1, "starting_after": ids[0]}, session.on_account())
    )
    sorted_by_age = sorted(page, key=lambda each: each["created"], reverse=True) == page
    continues = [each["id"] for each in second_page["data"]] == ids[1:2] and second_page["has_more"] == (len(ids) > 2)
    observation = (
        f"The {len(ids)} invoices of a customer are {'newest first' if sorted_by_age else 'in another order'};"
        f" the page after the first of them {'has the second' if continues else 'is another one'}."
    )
    return outcome_of(sorted_by_age and continues, observation)


@as_promise(
    "events are listed in their account's version",
    "Events are listed in the API version of their account, whichever version the request names.",
    SWEEPS,
    "Stripe lists events in the version of the account, whichever version POM",
)
def events_are_listed_in_their_accounts_version(session: Session) -> Outcome:
    """POM relies on an event's object only if the event has POM's own version."""
    listed_event = session.once(events_of_billed_invoice).events[-1]
    options = {**session.on_account(), "stripe_version": OTHER_VERSION}
    other_event = response_json(session.v1.events.retrieve(listed_event["id"], None, options))
    first, second = ({**each, "pending_webhooks": 0} for each in (listed_event, other_event))
    versions = sorted({str(first["api_version"]), str(second["api_version"])})
    is_equal = first == second
    comparison = "the same" if is_equal else "another"
    observation = f"It says version {' or '.join(versions)}; asked for in another, it is {comparison}."
    return outcome_of(is_equal, observation, Verdict.HARMLESS if len(versions) == 2 else Verdict.HARMFUL)


@as_promise(
    "an event is listed soon",
    "An event is listed within a minute of its change.",
    SWEEPS,
    "An event counts as missed only if it is at least two minutes old.",
)
def an_event_is_listed_soon(session: Session) -> Outcome:
    """The sweep would miss an event that is listed after the sweep's last look at its time."""
    listed_events = session.once(events_of_billed_invoice)
    if "invoice.sent" not in event_types(listed_events.events):
        return outcome_of(False, f"invoice.sent was not listed within {listed_events.seconds:.0f} s.")
    return outcome_of(
        listed_events.seconds <= LISTED_WITHIN,
        f"It was listed {listed_events.seconds:.0f} s after the change was asked for.",
    )


@as_promise(
    "an event names the key of its request",
    "An event names the idempotency key of the request that caused it.",
    "docs/field.md",
    "Stripe's event names the key of the request that caused it.",
)
def an_event_names_the_key_of_its_request(session: Session) -> Outcome:
    """POM uses this key to distinguish its own sending of a draft from a person's."""
    invoice = session.once(billed_invoice)
    finalized_events = [
        each for each in session.once(events_of_billed_invoice).events if each["type"] == "invoice.finalized"
    ]
    if not finalized_events:
        return outcome_of(False, "invoice.finalized did not come.")
    key = (finalized_events[0].get("request") or {}).get("idempotency_key")
    key_text = "our key" if key == invoice.key else "no key" if key is None else "another key"
    return outcome_of(key == invoice.key, f"invoice.finalized names {key_text}.")


@as_promise(
    "a listed event names no other account",
    "An event that is listed on a connected account names that account or none.",
    "chalicelib/adapters/stripe/events.py",
    "The caller passes the account of a listed event, which does not name it.",
)
def a_listed_event_names_no_other_account(session: Session) -> Outcome:
    """POM takes the account of its request for the event's account."""
    accounts = {each.get("account") for each in session.once(events_of_billed_invoice).events}
    observation = f"Of the events, {'none' if accounts == {None} else 'some'} name an account."
    return outcome_of(accounts <= {session.account, None}, observation)


LISTS = (
    open_payments_are_listed_with_their_intents,
    an_expansion_has_four_levels,
    a_new_invoice_is_found_by_its_metadata,
    an_event_names_the_key_of_its_request,
    a_listed_event_names_no_other_account,
    an_event_is_listed_soon,
    events_are_listed_in_their_accounts_version,
    lists_are_newest_first,
)
